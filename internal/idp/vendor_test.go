package idp_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/sallyport/sallyport/internal/idp"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/sso"
)

// Of every vendor the metadata are read and recognised, the response that its
// guide leads to is accepted by what the metadata say, and address, names and
// groups are found without anything being configured.
func TestEveryVendorWorksWithoutTyping(t *testing.T) {
	t.Parallel()
	built := map[idp.ID]samltest.Vendor{}
	for _, v := range samltest.Vendors() {
		built[idp.ID(v.ID)] = v
	}
	for _, v := range idp.All() {
		t.Run(string(v.ID), func(t *testing.T) {
			t.Parallel()
			vendor, ok := built[v.ID]
			if !ok {
				t.Fatal("nobody has built its metadata and its response")
			}
			provider := vendor.New(t)
			doc, err := vendor.Metadata(provider)
			if err != nil {
				t.Fatal(err)
			}
			metadata, err := saml.ParseIdPMetadata(doc, "https://sso.example")
			if err != nil {
				t.Fatalf("reading its metadata: %v\n%s", err, doc)
			}
			if bytes.Contains(doc, []byte("{")) {
				t.Errorf("the metadata have an open placeholder: %s", doc)
			}
			recognised(t, v, metadata)

			expect := provider.Expect()
			expect.IdP = metadata.Expect()
			assertion, err := saml.Verify(provider.Respond(vendor.As), expect, provider.Now)
			if err != nil {
				t.Fatalf("its response is refused: %v", err)
			}
			mapped(t, v, vendor, assertion)
		})
	}
}

func recognised(t *testing.T, v *idp.Vendor, m *saml.IdPMetadata) {
	t.Helper()
	var addresses, certificates []string
	for _, e := range m.SSO {
		addresses = append(addresses, e.Location)
	}
	for _, k := range m.Keys {
		certificates = append(certificates, k.Subject)
	}
	if got := idp.Recognize(m.EntityID, addresses, certificates); got.Vendor.ID != v.ID {
		t.Errorf("it is recognised as %s (%s)", got.Vendor.ID, got.Strength)
	}
	if _, err := m.SignOn(); err != nil {
		t.Errorf("nobody can be sent there: %v", err)
	}
}

func mapped(t *testing.T, v *idp.Vendor, vendor samltest.Vendor, a *saml.Assertion) {
	t.Helper()
	var sent []sso.Attribute
	var names []string
	for _, attribute := range a.Attributes {
		sent = append(sent, sso.Attribute{Name: attribute.Name, Values: attribute.Values})
		names = append(names, attribute.Name)
	}
	got, err := sso.AttributeMap{}.Map(a.NameID.Value, a.NameID.Value, sent)
	if err != nil {
		t.Fatalf("reading its attributes: %v", err)
	}
	if got.Email.String() != samltest.DefaultNameID || got.FirstName != samltest.VendorFirstName || got.LastName != samltest.VendorLastName {
		t.Errorf("address %q, first name %q, last name %q", got.Email, got.FirstName, got.LastName)
	}
	if want := vendor.Groups(); !slices.Equal(got.Groups, want) {
		t.Errorf("groups %q, want %q", got.Groups, want)
	}
	// The table of attributes is about what really comes.
	for _, c := range v.Claims {
		if c.Default && !slices.Contains(names, c.Sent) {
			t.Errorf("%s is said to be sent by default, and of %q it is none", c.Sent, names)
		}
		if slices.Contains([]idp.Field{idp.ForEmail, idp.ForFirstName, idp.ForLastName}, c.Field) && !slices.Contains(names, c.Sent) {
			t.Errorf("the guide leads to %s, and of %q it is none", c.Sent, names)
		}
	}
}

// What a guide has sent under a name is found under it: each row of every table
// alone leads to its field.
func TestEveryClaimIsMappedWithoutTyping(t *testing.T) {
	t.Parallel()
	for _, v := range idp.All() {
		for _, c := range v.Claims {
			value := "alice"
			if c.Field == idp.ForEmail {
				value = "alice@acme.example"
			}
			a, err := sso.AttributeMap{}.Map("subject", "subject", []sso.Attribute{{Name: c.Sent, Values: []string{value}}})
			if err != nil {
				t.Errorf("%s: %s: %v", v.ID, c.Sent, err)
				continue
			}
			got := map[idp.Field]bool{
				idp.ForEmail: a.Email.String() == value, idp.ForFirstName: a.FirstName == value, idp.ForLastName: a.LastName == value,
				idp.ForUsername: a.Username == value, idp.ForGroups: slices.Equal(a.Groups, []string{value}),
				idp.ForSubject: true, // chosen by the administrator
			}
			if !got[c.Field] {
				t.Errorf("%s: what is sent as %s does not become the %s", v.ID, c.Sent, c.Field)
			}
		}
	}
}
