//go:build e2e

package e2e

import "testing"

// TestAppPages makes an app, tries it and signs somebody in by the values of its page, has a program be told of what happens, and
// signs somebody in on a command line.
func TestAppPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t, `organizations:
  - key: acme
    name: Acme Ltd
    users: [{username: alice, email: alice@acme.test, first_name: Alice, last_name: Archer, role: owner, password_hash: "`+alicesHash+`"}]
apps: [{key: cli, name: Command line, kind: native, public: true, grant_types: [device_code]}]
`, "--event-networks", "127.0.0.0/8")
	h.journey(t, "apps", map[string]string{
		"link": operatorLink(t, h), "app": "http://" + freeAddr(t, "127.0.28.31"), "email": "alice@acme.test", "password": alicesPassword,
	})
}
