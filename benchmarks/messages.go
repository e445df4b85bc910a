package main

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
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
	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// A message is a response as the browser posts it, and what verifies it.
type message struct {
	name    string
	reach   float64 // multiple of the floor to stay below
	base    samltest.Base
	idp     *samltest.IdP
	public  *rsa.PublicKey
	message []byte
	form    string // the message in base64
}

// messages returns the responses that are measured, signed by one fresh RSA
// key of 2048 bits.
func messages() ([]message, error) {
	key, err := samltest.NewKey()
	if err != nil {
		return nil, err
	}
	public, ok := key.Public().(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("the key is not RSA")
	}
	idp, err := samltest.NewIdP("https://idp.example/metadata", "https://idp.example/sso", key)
	if err != nil {
		return nil, err
	}
	idp.Now = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	idp.SPEntityID, idp.ACS, idp.RequestID = "https://sso.example/saml/acme", "https://sso.example/saml/acme/acs", "id4f1c8e2a"

	cases := []message{
		{name: "(a) assertion signed", reach: 2, base: samltest.AssertionSigned},
		{name: "(b) response and assertion signed", reach: 2, base: samltest.BothSigned},
		{name: "(d) 250 groups", reach: 3, base: samltest.AssertionSigned},
	}
	sizes := []int{8 << 10, 8 << 10, 56 << 10}
	groups := []int{4, 4, 250}
	for i := range cases {
		c := &cases[i]
		c.idp, c.public = idp, public
		c.message, err = respond(idp, c.base, groups[i], sizes[i])
		if err != nil {
			return nil, err
		}
		c.form = base64.StdEncoding.EncodeToString(c.message)
	}
	return cases, nil
}

// respond returns a response with some groups that has about a size: what is
// missing is made up by attributes of usual length, or by longer groups.
func respond(idp *samltest.IdP, base samltest.Base, groups, size int) ([]byte, error) {
	const attributes = 12
	for width := 0; ; width++ {
		r := idp.Response()
		r.Base = base
		r.Attributes = nil
		for i := range attributes {
			r.Attributes = append(r.Attributes, saml.Attribute{
				Name:   fmt.Sprintf("http://schemas.example/identity/claims/attribute%d", i),
				Values: []string{fmt.Sprintf("value %d of %s", i, pad(width))},
			})
		}
		var names []string
		for i := range groups {
			names = append(names, fmt.Sprintf("CN=group-%04d%s,OU=Groups,DC=acme,DC=example", i, pad(width)))
		}
		r.Attributes = append(r.Attributes, saml.Attribute{Name: "groups", Values: names})
		doc, err := r.XML()
		if err != nil {
			return nil, err
		}
		if len(doc) >= size {
			return doc, nil
		}
	}
}

func pad(n int) string { return string(bytes.Repeat([]byte("x"), n)) }

// contenders returns the ways to verify the message.
func (m *message) contenders() (c [contenderCount]contender, err error) {
	if c[floor], err = m.floor(); err != nil {
		return c, err
	}
	c[sallyport] = m.sallyport()
	if c[goxmldsig], err = m.goxmldsig(); err != nil {
		return c, err
	}
	c[crewjam], err = m.crewjam()
	return c, err
}

// floor does the cryptography that the message needs and nothing else: what is
// to be hashed and compared is known beforehand.
func (m *message) floor() (contender, error) {
	type signature struct{ element, info, value []byte }
	doc, err := xmltree.Parse(m.message, xmltree.Message)
	if err != nil {
		return nil, err
	}
	var signatures []signature
	for e := range doc.Root().Descendants() {
		if !e.Is(xmldsig.Namespace, "Signature") {
			continue
		}
		info := e.FirstChild()
		var element, octets bytes.Buffer
		if err := xmldsig.Canonicalize(&element, e.Parent(), xmldsig.C14N{Algorithm: xmldsig.ExclusiveC14N, Omit: e}); err != nil {
			return nil, err
		}
		if err := xmldsig.Canonicalize(&octets, info, xmldsig.C14N{Algorithm: xmldsig.ExclusiveC14N}); err != nil {
			return nil, err
		}
		text, _ := info.NextSibling().Leaf()
		value, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, err
		}
		signatures = append(signatures, signature{element.Bytes(), octets.Bytes(), value})
	}
	decoded := make([]byte, base64.StdEncoding.DecodedLen(len(m.form)))
	return func() error {
		if _, err := base64.StdEncoding.Decode(decoded, []byte(m.form)); err != nil {
			return err
		}
		for _, s := range signatures {
			sha256.Sum256(s.element)
			hash := sha256.Sum256(s.info)
			if err := rsa.VerifyPKCS1v15(m.public, crypto.SHA256, hash[:], s.value); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// sallyport does all that decides about a sign-in.
func (m *message) sallyport() contender {
	expect := m.idp.Expect()
	return func() error {
		src, err := saml.DecodePost(m.form)
		if err != nil {
			return err
		}
		_, err = saml.Verify(src, expect, m.idp.Now)
		return err
	}
}

// goxmldsig verifies the signatures.
func (m *message) goxmldsig() (contender, error) {
	cert, err := x509.ParseCertificate(m.idp.Certificate())
	if err != nil {
		return nil, err
	}
	context := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{cert}})
	context.Clock = dsig.NewFakeClockAt(m.idp.Now)
	validate := func(ns etreeutils.NSContext, e *etree.Element) error {
		detached, err := etreeutils.NSDetatch(ns, e)
		if err != nil {
			return err
		}
		_, err = context.Validate(detached)
		return err
	}
	return func() error {
		src, err := base64.StdEncoding.DecodeString(m.form)
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
	}, nil
}

// crewjam parses the response as its middleware does.
func (m *message) crewjam() (contender, error) {
	metadata, err := m.idp.Metadata()
	if err != nil {
		return nil, err
	}
	var idp crewjamsaml.EntityDescriptor
	if err := xml.Unmarshal(metadata, &idp); err != nil {
		return nil, fmt.Errorf("reading metadata: %w", err)
	}
	acs, err := url.Parse(m.idp.ACS)
	if err != nil {
		return nil, err
	}
	crewjamsaml.TimeNow = func() time.Time { return m.idp.Now }
	crewjamsaml.Clock = dsig.NewFakeClockAt(m.idp.Now)
	sp := crewjamsaml.ServiceProvider{EntityID: m.idp.SPEntityID, AcsURL: *acs, IDPMetadata: &idp}
	return func() error {
		src, err := base64.StdEncoding.DecodeString(m.form)
		if err != nil {
			return err
		}
		_, err = sp.ParseXMLResponse(src, []string{m.idp.RequestID}, *acs)
		if invalid, ok := errors.AsType[*crewjamsaml.InvalidResponseError](err); ok {
			return invalid.PrivateErr
		}
		return err
	}, nil
}
