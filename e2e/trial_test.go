//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var certificateElement = regexp.MustCompile(`(?s)<(?:\w+:)?X509Certificate>(.*?)</`)

// TestTrialPages has an owner try two identity providers before anybody signs in by them: of one the names of people do not last, of
// the other we have the wrong certificate. Both are told, mended here, and tried again; then somebody without an account tries.
func TestTrialPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t, `organizations:
  - key: acme
    name: Acme Ltd
    entitlements: [sso]
    domains: [{name: acme.test, vouched: true}]
    users: [{username: olga, email: olga@owner.test, first_name: Olga, last_name: Owner, role: owner, password_hash: "`+alicesHash+`"}]
`)
	dir := publicDir(t)
	simplesaml := startIdP(t, "simplesamlphp.py", "127.0.26.11", filepath.Join(dir, "simplesaml"))
	simplesaml.serviceProviderArgs = []string{`NameIDFormat="urn:oasis:names:tc:SAML:2.0:nameid-format:transient"`}
	lemonldap := startIdP(t, "lemonldap.py", "127.0.26.12", filepath.Join(dir, "lemonldap"))
	right, wrong := certificateOf(t, lemonldap), certificateOf(t, simplesaml)
	metadata, err := os.ReadFile(lemonldap.metadata)
	if err != nil {
		t.Fatal(err)
	}
	mistaken := filepath.Join(t.TempDir(), "mistaken.xml")
	writeFile(t, mistaken, strings.ReplaceAll(string(metadata), right, wrong))
	h.apply(t, fmt.Sprintf(`organizations:
  - key: acme
    connections:
      - {key: acme-simple, name: Acme Simple, state: draft, metadata_file: %s}
      - {key: acme-lemon, name: Acme Lemon, state: draft, metadata_file: %s}
`, simplesaml.metadata, mistaken))
	simplesaml.trust(t, get(t, h.baseURL+"/saml/acme-simple/metadata"))
	lemonldap.trust(t, get(t, h.baseURL+"/saml/acme-lemon/metadata"))
	h.journey(t, "trial", map[string]string{"password": alicesPassword, "certificate": right})
}

// certificateOf returns the first certificate of an identity provider's metadata, in base64.
func certificateOf(t *testing.T, i *idp) string {
	t.Helper()
	metadata, err := os.ReadFile(i.metadata)
	if err != nil {
		t.Fatal(err)
	}
	m := certificateElement.FindStringSubmatch(string(metadata))
	if m == nil {
		t.Fatalf("no certificate in %s", metadata)
	}
	return m[1]
}
