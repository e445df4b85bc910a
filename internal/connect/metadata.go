package connect

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"unicode"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/idp"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// MaxMetadata is how many octets metadata may have.
const MaxMetadata = xmltree.MaxMetadataBytes

// Metadata is what an administrator has of their identity provider's metadata:
// the XML or the address of it, in one field, or a file.
type Metadata struct {
	Text     string
	File     []byte
	EntityID string // of the one that was chosen among several; "": the only one
}

// IsZero reports whether there is nothing.
func (m Metadata) IsZero() bool { return strings.TrimSpace(m.Text) == "" && len(m.File) == 0 }

// address returns the address that the text is, if it is one.
func (m Metadata) address() (string, bool) {
	text := strings.TrimFunc(m.Text, func(r rune) bool { // as it is quoted in mails and scripts, with spaces that nobody sees
		return unicode.IsSpace(r) || strings.ContainsRune("\"'<>“”„\ufeff\u200b", r)
	})
	scheme, _, isURL := strings.Cut(text, "://")
	isURL = isURL && (strings.EqualFold(scheme, "https") || strings.EqualFold(scheme, "http")) && !strings.ContainsAny(text, " \t\r\n<")
	return text, isURL
}

// A reading is what was found in metadata, and where they were.
type reading struct {
	federation.Description
	url string // "": they did not come from an address
}

// read reads metadata that somebody of an organization brings, from elsewhere if
// need be.
func (s *Service) read(ctx context.Context, org sso.OrgID, m Metadata) (reading, error) {
	src, from := m.File, ""
	if len(src) == 0 {
		src = []byte(m.Text)
		if url, is := m.address(); is {
			err := s.Limits.Allow(ctx, backoff.Fetches(org))
			if err != nil {
				return reading{}, err
			}
			if src, err = s.fetch(ctx, url); err != nil {
				return reading{}, err
			}
			from = url
		}
	}
	d, err := s.judge(src, m.EntityID)
	return reading{d, from}, err
}

// fetch gets metadata from elsewhere. Every error is a fault.
func (s *Service) fetch(ctx context.Context, url string) ([]byte, error) {
	if url == s.BaseURL || strings.HasPrefix(url, s.BaseURL+"/") {
		return nil, &fault.Error{Kind: fault.Invalid, Code: "metadata_own", Want: "an address of the identity provider", Got: clip(url), Fix: fault.IdPSide}
	}
	return s.Fetch(ctx, url)
}

// judge reads metadata, whoever brought them: an administrator, or the clock.
func (s *Service) judge(src []byte, entityID string) (federation.Description, error) {
	d, err := federation.Read(src, entityID, s.BaseURL)
	if err != nil {
		return federation.Description{}, err
	}
	if err := d.Good(s.Now()); err != nil {
		return federation.Description{}, err
	}
	return d, nil
}

// Text returns a file with metadata as the text that can be pasted in its place.
func Text(file []byte) string {
	text, err := saml.Text(file)
	if err != nil {
		return ""
	}
	return strings.ToValidUTF8(string(text), "")
}

// Several returns the entity IDs of the identity providers in metadata among
// which one has to be chosen, by the error that says so; or none.
func Several(err error) []string { return federation.Several(err) }

// give has a connection speak to this identity provider.
func (d *reading) give(to *sso.SAML) {
	to.IdPEntityID, to.WantsSigned, to.Endpoints, to.LogoutTo, to.Certificates = d.EntityID, d.WantsSigned, d.Endpoints, d.LogoutTo, d.Certificates
	to.MetadataURL = d.url
	if d.Product.Strength != idp.None && (to.Vendor == "" || to.Vendor == string(idp.Generic)) {
		to.Vendor = string(d.Product.Vendor.ID)
	}
}

// SaveMetadata takes over what metadata say of the identity provider. Of one by
// which people sign in already nothing is taken away: keys come beside those
// that are there, and another identity provider, whose people would pass for
// theirs, is refused.
func (s *Service) SaveMetadata(ctx context.Context, e *Edit, m Metadata) (sso.Connection, error) {
	d, err := s.read(ctx, e.Org, m)
	if err != nil {
		return sso.Connection{}, err
	}
	return s.change(ctx, e, func(a *authority.Act, c *sso.Connection) error { return s.identify(ctx, a, e, c, &d) })
}

// Values are those of an identity provider without metadata, one by one.
type Values struct {
	EntityID, SignOn, Logout string
	Certificate              []byte // as [saml.ParseCertificate] reads it; nil: those that are there
}

// SaveValues takes over what metadata would say.
func (s *Service) SaveValues(ctx context.Context, e *Edit, v Values) (sso.Connection, error) {
	d := reading{Description: federation.Description{EntityID: strings.TrimSpace(v.EntityID)}}
	if d.EntityID == "" || len(d.EntityID) > sso.MaxEntityID {
		return sso.Connection{}, &fault.Error{Kind: fault.Invalid, Code: "metadata_entity_id", Want: "an entity ID of at most 1024 octets", Got: clip(d.EntityID), Fix: fault.AdminSide}
	}
	both := func(address string) ([]sso.Endpoint, error) {
		address = strings.TrimSpace(address)
		return []sso.Endpoint{{Binding: sso.BindingRedirect, Location: address}, {Binding: sso.BindingPOST, Location: address}}, federation.CheckLocation(address)
	}
	var err error
	if d.Endpoints, err = both(v.SignOn); err != nil {
		return sso.Connection{}, err
	}
	if strings.TrimSpace(v.Logout) != "" {
		if d.LogoutTo, err = both(v.Logout); err != nil {
			return sso.Connection{}, &fault.Error{Kind: fault.Invalid, Code: "metadata_logout_location", Want: "an https URL without user name and fragment", Got: clip(v.Logout), Fix: fault.AdminSide, Err: err}
		}
	}
	for _, address := range []string{d.EntityID, d.Endpoints[0].Location} { // what of ours is copied there, is pasted here
		if strings.HasPrefix(address, s.BaseURL+"/") {
			return sso.Connection{}, &fault.Error{Kind: fault.Invalid, Code: "metadata_own_value", Want: "the entity ID and the sign-on URL of the identity provider", Got: clip(address), Fix: fault.AdminSide}
		}
	}
	if len(v.Certificate) > 0 {
		der, err := federation.ReadCertificate(v.Certificate)
		if err != nil {
			return sso.Connection{}, err
		}
		d.Certificates = [][]byte{der}
	}
	return s.change(ctx, e, func(a *authority.Act, c *sso.Connection) error {
		d := d // the transaction may run twice
		if len(d.Certificates) == 0 {
			d.Certificates = c.SAML.Certificates
		}
		if len(d.Certificates) == 0 {
			return &fault.Error{Kind: fault.Invalid, Code: "metadata_no_key", Want: "a signing certificate", Got: "none", Fix: fault.AdminSide}
		}
		d.WantsSigned = c.SAML.WantsSigned
		d.Product = federation.Recognize(d.EntityID, d.Endpoints, d.Certificates)
		return s.identify(ctx, a, e, c, &d)
	})
}

// identify gives the connection an identity provider. Nobody comes by settings
// that are prepared, which may be another one's.
func (s *Service) identify(ctx context.Context, a *authority.Act, e *Edit, c *sso.Connection, d *reading) error {
	used := c.State == sso.ConnectionActive
	if !used && e.Which == sso.Live {
		linked, err := a.In.LinkedUsers(ctx, c.ID)
		if err != nil {
			return err
		}
		used = linked > 0
	}
	before := c.SAML
	if used && d.EntityID != before.IdPEntityID {
		return &fault.Error{Kind: fault.Conflict, Code: "connection_other_idp", Want: before.IdPEntityID, Got: d.EntityID, Fix: fault.AdminSide}
	}
	if e.Which != sso.Live && d.EntityID != before.IdPEntityID && d.Product.Strength != idp.None {
		c.SAML.Vendor = "" // as it is recognised
	}
	d.give(&c.SAML)
	if used {
		c.SAML.Certificates = slices.Clone(before.Certificates)
		for _, der := range d.Certificates {
			if !has(c.SAML.Certificates, der) {
				c.SAML.Certificates = append(c.SAML.Certificates, der)
			}
		}
	}
	c.Settle()
	if err := fits(c); err != nil {
		return err
	}
	if e.Which != sso.Live { // is watched once it is live
		return nil
	}
	return watched(ctx, a, c, d.Certificates)
}

func has(certificates [][]byte, der []byte) bool {
	return slices.ContainsFunc(certificates, func(c []byte) bool { return bytes.Equal(c, der) })
}

// fits refuses more certificates than are looked through for each response.
func fits(c *sso.Connection) error {
	if n := len(c.SAML.Certificates); n > saml.MaxKeys {
		return &fault.Error{Kind: fault.Exhausted, Code: "certificate_many", Want: "8 certificates at most: remove one that is over", Got: "more", Fix: fault.AdminSide}
	}
	return nil
}

// AddCertificate adds a signing certificate beside those that are there.
func (s *Service) AddCertificate(ctx context.Context, e *Edit, src []byte) error {
	der, err := federation.ReadCertificate(src)
	if err != nil {
		return err
	}
	_, err = s.change(ctx, e, func(_ *authority.Act, c *sso.Connection) error {
		if has(c.SAML.Certificates, der) {
			return nil
		}
		c.SAML.Certificates = append(slices.Clone(c.SAML.Certificates), der)
		return fits(c)
	})
	return err
}

// RemoveCertificate removes the signing certificate with this fingerprint. The
// last one stays.
func (s *Service) RemoveCertificate(ctx context.Context, e *Edit, fingerprint string) error {
	_, err := s.change(ctx, e, func(_ *authority.Act, c *sso.Connection) error {
		left := slices.DeleteFunc(slices.Clone(c.SAML.Certificates), func(der []byte) bool { return Fingerprint(der) == fingerprint })
		switch {
		case len(left) == len(c.SAML.Certificates):
			return unknownCertificate(fingerprint)
		case len(left) == 0:
			return &fault.Error{Kind: fault.Conflict, Code: "certificate_last", Want: "another certificate first", Got: "the last one", Fix: fault.AdminSide}
		}
		c.SAML.Certificates = left
		return nil
	})
	return err
}

func unknownCertificate(got string) error {
	return &fault.Error{Kind: fault.NotFound, Code: "certificate_unknown", Got: clip(got), Fix: fault.AdminSide}
}
