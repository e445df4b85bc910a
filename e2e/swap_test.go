//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestSwapPages has an owner change from SimpleSAMLphp to LemonLDAP::NG while people sign in: prepared beside the live settings, tried,
// swapped and swapped back. In the end single sign-on is turned off, and whoever has no password is written to.
func TestSwapPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t, `organizations:
  - key: acme
    name: Acme Ltd
    entitlements: [sso]
    domains: [{name: acme.test, vouched: true}]
    users: [{username: olga, email: olga@owner.test, first_name: Olga, last_name: Owner, role: owner, password_hash: "`+alicesHash+`"}]
`)
	dir := publicDir(t)
	old := startIdP(t, "simplesamlphp.py", "127.0.28.11", filepath.Join(dir, "simplesaml"))
	fresh := startIdP(t, "lemonldap.py", "127.0.28.12", filepath.Join(dir, "lemonldap"))
	h.apply(t, fmt.Sprintf(`organizations:
  - key: acme
    connections: [{key: acme-idp, name: Acme Sign-in, state: active, metadata_file: %s, attributes: {subject: uid}}]
`, old.metadata))
	ours := get(t, h.baseURL+"/saml/acme-idp/metadata")
	old.trust(t, ours)
	fresh.trust(t, ours)
	metadata, err := os.ReadFile(fresh.metadata)
	if err != nil {
		t.Fatal(err)
	}
	h.journey(t, "swap", map[string]string{
		"password": alicesPassword, "metadata": string(metadata), "old": origin(old.base), "fresh": origin(fresh.base),
	})
}
