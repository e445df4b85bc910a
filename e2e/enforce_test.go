//go:build e2e

package e2e

import (
	"fmt"
	"path/filepath"
	"testing"
)

// TestEnforcementPages has an owner make single sign-on the only way in: the gate holds until it was tried by two people and somebody
// came in past it. Then one is locked out and reads why, a break-glass code lets the owner in, and a pause everybody.
func TestEnforcementPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t, `organizations:
  - key: acme
    name: Acme Ltd
    entitlements: [sso]
    domains: [{name: acme.test, vouched: true}]
    users:
      - {username: olga, email: olga@acme.test, first_name: Olga, last_name: Owner, role: owner, password_hash: "`+alicesHash+`"}
      - {username: paul, email: paul@acme.test, first_name: Paul, last_name: Park, password_hash: "`+alicesHash+`"}
`)
	idp := startIdP(t, "simplesamlphp.py", "127.0.27.11", filepath.Join(publicDir(t), "simplesaml"))
	idp.serviceProviderArgs = []string{`NameIDFormat="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"`}
	h.apply(t, fmt.Sprintf(`organizations:
  - key: acme
    connections: [{key: acme-idp, name: Acme Sign-in, state: active, metadata_file: %s}]
`, idp.metadata))
	idp.trust(t, get(t, h.baseURL+"/saml/acme-idp/metadata"))
	h.journey(t, "enforce", map[string]string{"password": alicesPassword})
}
