package samltest

import (
	"crypto/x509/pkix"
	"embed"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/xmldsig"
)

//go:embed vendors
var vendorMetadata embed.FS

// A Vendor is the identity provider of one vendor, set up by its guide: what
// it publishes about itself, and how its responses look.
type Vendor struct {
	ID       string // as package idp has it
	EntityID string
	SSO, SLO string
	Subject  pkix.Name // of its certificate

	base   Base
	how    func(*Response) // dialect, signatures and the like; once all else is there
	nameID string          // empty: the address
	format string
	people []saml.Attribute
	groups string // the attribute for groups; empty: it sends none
	signed bool   // its metadata are
}

// The person who signs in at every vendor has the address [DefaultNameID].
const (
	VendorFirstName = "Alice"
	VendorLastName  = "Archer"
)

// Groups returns the groups that the vendor sends of a person, if it sends any.
func (v Vendor) Groups() []string {
	if v.groups == "" {
		return nil
	}
	return []string{"red", "green"}
}

// New returns the identity provider for a test.
func (v Vendor) New(t TB) *IdP {
	t.Helper()
	idp := New(t)
	idp.EntityID, idp.SSO, idp.SLO = v.EntityID, v.SSO, v.SLO
	cert, err := issue(idp.key.Public(), v.Subject, nil, idp.key)
	if err != nil {
		t.Fatalf("making the certificate of %s: %v", v.ID, err)
	}
	idp.cert = cert
	return idp
}

// As makes a response of the vendor.
func (v Vendor) As(r *Response) {
	r.Base = v.base
	if v.nameID != "" {
		r.NameID = v.nameID
	}
	r.NameIDFormat = v.format
	r.Attributes = append([]saml.Attribute(nil), v.people...)
	if groups := v.Groups(); groups != nil {
		r.Attributes = append(r.Attributes, saml.Attribute{Name: v.groups, Values: groups})
	}
	v.how(r)
}

// Metadata returns what the vendor publishes about this identity provider,
// written as it writes it.
func (v Vendor) Metadata(idp *IdP) ([]byte, error) {
	template, err := vendorMetadata.ReadFile("vendors/" + v.ID + ".xml")
	if err != nil {
		return nil, fmt.Errorf("reading the metadata of %s: %w", v.ID, err)
	}
	sso, err := url.Parse(idp.SSO)
	if err != nil {
		return nil, fmt.Errorf("reading the address of %s: %w", v.ID, err)
	}
	second, err := strangerKey()
	if err != nil {
		return nil, err
	}
	cert := base64.StdEncoding.EncodeToString(idp.cert)
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;").Replace
	doc := strings.NewReplacer(
		"{entity}", escape(idp.EntityID), "{sso}", escape(idp.SSO), "{slo}", escape(idp.SLO), "{host}", escape(sso.Host),
		"{cert}", cert, "{wrapped}", "\n"+wrapped(cert, "\n")+"\n", "{second}", base64.StdEncoding.EncodeToString(second.cert),
	).Replace(string(template))
	if !v.signed {
		return []byte(doc), nil
	}
	root, err := first(doc, "")
	if err != nil {
		return nil, err
	}
	out, err := xmldsig.Sign(root, xmldsig.Signing{Key: idp.key, Certificate: idp.cert})
	if err != nil {
		return nil, fmt.Errorf("signing the metadata of %s: %w", v.ID, err)
	}
	return append([]byte("\xef\xbb\xbf"), out...), nil
}
