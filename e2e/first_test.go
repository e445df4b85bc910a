//go:build e2e

package e2e

import (
	"fmt"
	"path/filepath"
	"testing"
)

// TestFirstSignInPages has people come for the first time through a real identity provider, connect the accounts that they have,
// and an owner decide where the machine must not.
func TestFirstSignInPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t, `organizations:
  - key: acme
    name: Acme Ltd
    entitlements: [sso]
    domains: [{name: acme.test, vouched: true}]
    users:
      - {username: olga, email: olga@owner.test, first_name: Olga, last_name: Owner, role: owner, password_hash: "`+alicesHash+`"}
      - {username: bobby, email: bobby@old.test, first_name: Bobby, password_hash: "`+alicesHash+`"}
      - {username: alice, email: alice@acme.test, first_name: Alice, role: admin}
`)
	idp := startIdP(t, "simplesamlphp.py", "127.0.24.11", filepath.Join(publicDir(t), "simplesaml"))
	idp.serviceProviderArgs = []string{`NameIDFormat="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"`}
	h.apply(t, fmt.Sprintf(`organizations:
  - key: acme
    connections:
      - {key: acme-idp, name: Acme Sign-in, state: active, metadata_file: %s, first_sign_in: ask, attributes: {email: email, first_name: givenName, last_name: sn, username: uid, groups: groups}}
`, idp.metadata))
	idp.trust(t, get(t, h.baseURL+"/saml/acme-idp/metadata"))
	h.journey(t, "first", map[string]string{"password": alicesPassword})
}
