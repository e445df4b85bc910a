package main

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/beevik/etree"
	crewjamsaml "github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
)

// sallyport returns what does all that decides about a sign-in.
func (w *world) sallyport() local {
	expect := w.idp.Expect()
	return func(_ *message, form string) error {
		src, err := saml.DecodePost(form)
		if err != nil {
			return err
		}
		_, err = saml.Verify(src, expect, w.idp.Now)
		return err
	}
}

// goxmldsig returns what verifies the signatures, and judges nothing that the
// message says.
func (w *world) goxmldsig() (contender, error) {
	cert, err := x509.ParseCertificate(w.idp.Certificate())
	if err != nil {
		return nil, err
	}
	context := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{cert}})
	context.Clock = dsig.NewFakeClockAt(w.idp.Now)
	validate := func(ns etreeutils.NSContext, e *etree.Element) error {
		detached, err := etreeutils.NSDetatch(ns, e)
		if err != nil {
			return err
		}
		_, err = context.Validate(detached)
		return err
	}
	return local(func(m *message, form string) error {
		src, err := base64.StdEncoding.DecodeString(form)
		if err != nil {
			return err
		}
		doc := etree.NewDocument()
		if err := doc.ReadFromBytes(src); err != nil {
			return err
		}
		if m.base == samltest.BothSigned {
			if _, err := context.Validate(doc.Root()); err != nil {
				return err
			}
		}
		return etreeutils.NSFindIterate(doc.Root(), "urn:oasis:names:tc:SAML:2.0:assertion", "Assertion", validate)
	}), nil
}

// crewjam returns what parses the response as the middleware of crewjam/saml does.
func (w *world) crewjam() (contender, error) {
	metadata, err := w.idp.Metadata()
	if err != nil {
		return nil, err
	}
	var idp crewjamsaml.EntityDescriptor
	if err := xml.Unmarshal(metadata, &idp); err != nil {
		return nil, fmt.Errorf("reading metadata: %w", err)
	}
	acs, err := url.Parse(w.idp.ACS)
	if err != nil {
		return nil, err
	}
	crewjamsaml.TimeNow = func() time.Time { return w.idp.Now }
	crewjamsaml.Clock = dsig.NewFakeClockAt(w.idp.Now)
	sp := crewjamsaml.ServiceProvider{EntityID: w.idp.SPEntityID, AcsURL: *acs, IDPMetadata: &idp, Key: w.private}
	return local(func(_ *message, form string) error {
		src, err := base64.StdEncoding.DecodeString(form)
		if err != nil {
			return err
		}
		_, err = sp.ParseXMLResponse(src, []string{w.idp.RequestID}, *acs)
		if invalid, ok := errors.AsType[*crewjamsaml.InvalidResponseError](err); ok {
			return invalid.PrivateErr
		}
		return err
	}), nil
}
