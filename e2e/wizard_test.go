//go:build e2e

package e2e

import (
	"path/filepath"
	"testing"

	"github.com/sallyport/sallyport/internal/samltest"
)

// TestWizardPages connects Microsoft Entra ID as its guide says, and counts what it takes; and goes to every page of a
// connection.
func TestWizardPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t, `organizations:
  - key: acme
    name: Acme Ltd
    entitlements: [sso]
    users: [{username: alice, email: alice@acme.test, first_name: Alice, last_name: Archer, role: owner, password_hash: "`+alicesHash+`"}]
`)
	data := map[string]string{"password": alicesPassword}
	for _, v := range samltest.Vendors() {
		if v.ID != "entra-id" && v.ID != "okta" {
			continue
		}
		doc, err := v.Metadata(v.New(t))
		if err != nil {
			t.Fatal(err)
		}
		data[v.ID], data[v.ID+" issuer"] = string(doc), v.EntityID
	}
	h.journey(t, "wizard", data)
}

// TestConnectByURLPages has an owner connect two identity providers by the URLs of their metadata, which lie in a network that the
// operator has named, and try them.
func TestConnectByURLPages(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ launcher, host, product string }{
		{"simplesamlphp.py", "127.0.27.11", "SimpleSAMLphp"}, {"lemonldap.py", "127.0.27.12", "LemonLDAP::NG"},
	} {
		t.Run(tc.product, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, `organizations:
  - key: acme
    name: Acme Ltd
    entitlements: [sso]
    domains: [{name: acme.test, vouched: true}]
    users: [{username: olga, email: olga@owner.test, first_name: Olga, last_name: Owner, role: owner, password_hash: "`+alicesHash+`"}]
`, "--metadata-networks", "127.0.27.0/24")
			i := startIdP(t, tc.launcher, tc.host, filepath.Join(publicDir(t), "idp"))
			i.serviceProviderArgs = []string{`NameIDFormat="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"`}
			if tc.launcher != "simplesamlphp.py" {
				i.serviceProviderArgs = nil
			}
			const connection = "acme-generic-saml"
			data := map[string]string{"password": alicesPassword, "url": i.metadataURL, "product": tc.product, "connection": connection, "step": "connect"}
			h.journey(t, "byurl", data)
			i.trust(t, get(t, h.baseURL+"/saml/"+connection+"/metadata"))
			data["step"] = "try"
			h.journey(t, "byurl", data)
		})
	}
}
