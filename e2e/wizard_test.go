//go:build e2e

package e2e

import (
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
