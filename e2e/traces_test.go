//go:build e2e

package e2e

import (
	"fmt"
	"path/filepath"
	"testing"
)

// TestTracesPages has a sign-in fail at an identity provider that names people anew each time. By the reference that the person
// reads out, the owner finds what was wrong and whose it is to mend, opens the message, which is written down, and hands it on
// without anything personal in it.
func TestTracesPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t, `organizations:
  - key: acme
    name: Acme Ltd
    entitlements: [sso]
    domains: [{name: acme.test, vouched: true}]
    users: [{username: olga, email: olga@owner.test, first_name: Olga, last_name: Owner, role: owner, password_hash: "`+alicesHash+`"}]
`)
	simplesaml := startIdP(t, "simplesamlphp.py", "127.0.26.21", filepath.Join(publicDir(t), "simplesaml"))
	simplesaml.serviceProviderArgs = []string{`NameIDFormat="urn:oasis:names:tc:SAML:2.0:nameid-format:transient"`}
	h.apply(t, fmt.Sprintf(`organizations:
  - key: acme
    connections: [{key: acme-simple, name: Acme Simple, state: active, metadata_file: %s}]
`, simplesaml.metadata))
	simplesaml.trust(t, get(t, h.baseURL+"/saml/acme-simple/metadata"))
	h.journey(t, "traces", map[string]string{"password": alicesPassword})
}
