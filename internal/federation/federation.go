// Package federation is where our settings meet what identity providers
// publish: metadata are read into settings, the product behind them is
// recognised, and keys of ours are made for them.
//
// # Trust
//
// Metadata are worth as much as the way they came: who may bring them is for
// the caller to ask. Names by which a product is recognised choose words, and
// nothing that is trusted.
package federation

import (
	"crypto/x509"
	"errors"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/idp"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/sso"
)

// Description is what metadata say of an identity provider.
type Description struct {
	EntityID      string
	Endpoints     []sso.Endpoint // to which a browser may be sent
	LogoutTo      []sso.Endpoint // likewise
	Certificates  [][]byte       // DER
	WantsSigned   bool
	NameIDFormats []string
	ValidUntil    time.Time // zero: it does not say
	Product       idp.Match
}

// Read reads the metadata of one identity provider; of several the one with
// this entity ID, "" for the only one. Own are entity IDs and addresses of
// ours, by which our own metadata are recognised. Every error is a fault whose
// code says what was given instead.
func Read(src []byte, entityID string, own ...string) (Description, error) {
	m, err := saml.ParseIdPMetadataOf(src, entityID, own...)
	if err != nil {
		return Description{}, refused(err)
	}
	if _, err := m.SignOn(); err != nil {
		return Description{}, refused(err)
	}
	d := Description{
		EntityID: m.EntityID, Endpoints: endpoints(m.SSO), LogoutTo: endpoints(m.SLO), WantsSigned: m.WantAuthnRequestsSigned,
		NameIDFormats: m.NameIDFormats, ValidUntil: m.ValidUntil,
	}
	for _, k := range m.Keys {
		d.Certificates = append(d.Certificates, k.Certificate)
	}
	d.Product = Recognize(d.EntityID, d.Endpoints, d.Certificates)
	return d, nil
}

// Good refuses metadata of which themselves say that they are good no more.
func (d *Description) Good(now time.Time) error {
	if end := d.ValidUntil; !end.IsZero() && !now.Before(end) {
		return &fault.Error{Kind: fault.Invalid, Code: "metadata_expired", Want: "metadata that are still good", Got: "validUntil " + end.UTC().Format(time.RFC3339), Fix: fault.IdPSide}
	}
	return nil
}

// Several returns the entity IDs of the identity providers among which [Read]
// could not choose, or none.
func Several(err error) []string {
	if m, ok := errors.AsType[*saml.MetadataError](err); ok {
		return m.IdPs
	}
	return nil
}

// ReadCertificate reads a signing certificate that stands alone. Every error
// is a fault.
func ReadCertificate(src []byte) ([]byte, error) {
	k, err := saml.ParseCertificate(src)
	return k.Certificate, refused(err)
}

// Recognize returns which product an identity provider seems to be.
func Recognize(entityID string, signOn []sso.Endpoint, certificates [][]byte) idp.Match {
	var urls, names []string
	for _, e := range signOn {
		urls = append(urls, e.Location)
	}
	for _, der := range certificates {
		if cert, err := x509.ParseCertificate(der); err == nil {
			names = append(names, cert.Subject.String(), cert.Issuer.String())
		}
	}
	return idp.Recognize(entityID, urls, names)
}

// endpoints returns those to which we may send a browser.
func endpoints(all []saml.Endpoint) []sso.Endpoint {
	bindings := map[string]sso.Binding{saml.BindingRedirect: sso.BindingRedirect, saml.BindingPost: sso.BindingPOST}
	var usable []sso.Endpoint
	for _, e := range all {
		b, known := bindings[e.Binding]
		if !known || saml.CheckLocation(e.Location) != nil || e.ResponseLocation != "" && saml.CheckLocation(e.ResponseLocation) != nil {
			continue
		}
		usable = append(usable, sso.Endpoint{Binding: b, Location: e.Location, Answers: e.ResponseLocation})
	}
	return usable
}

// CheckLocation refuses an address to which no browser may be sent.
func CheckLocation(address string) error {
	if err := saml.CheckLocation(address); err != nil {
		return &fault.Error{Kind: fault.Invalid, Code: "metadata_location", Want: "an https URL without user name and fragment", Got: address, Fix: fault.AdminSide, Err: err}
	}
	return nil
}

// refused makes a fault of what package saml says of metadata.
func refused(err error) error {
	m, ok := errors.AsType[*saml.MetadataError](err)
	if !ok {
		return err
	}
	got := m.Detail
	if got == "" {
		got = "nothing"
	}
	want := "SAML metadata of one identity provider"
	if m.Code == saml.MetadataNoCertificate {
		want = "a certificate: PEM, base64 or DER"
	}
	return &fault.Error{Kind: fault.Invalid, Code: strings.ReplaceAll(m.Code, ".", "_"), Want: want, Got: got, Fix: fault.IdPSide, Err: err}
}
