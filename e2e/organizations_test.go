//go:build e2e

package e2e

import (
	"fmt"
	"path/filepath"
	"testing"
)

// TestOrganizationPages chooses among the organizations of one person on the way to an application, and signs out of it.
func TestOrganizationPages(t *testing.T) {
	t.Parallel()
	organizations, access := "organizations:\n", ""
	for i := range 9 {
		organizations += fmt.Sprintf("  - {key: site-%d, name: Site %d}\n", i, i)
		access += fmt.Sprintf(", {organization: site-%d}", i)
	}
	h := newHouse(t, organizations+`  - {key: globex, name: Globex Corporation}
  - key: acme
    name: Acme Ltd
    users: [{username: alice, email: alice@acme.test, first_name: Alice, last_name: Archer, role: owner, password_hash: "`+alicesHash+`", access: [{organization: globex}`+access+`]}]
`)
	node := nodeApp{addr: freeAddr(t, "127.0.25.31")}
	node.serve(t, h.baseURL)
	secret := filepath.Join(t.TempDir(), "app.secret")
	writeFile(t, secret, clientSecret)
	h.apply(t, "apps:\n"+applied(node, secret))
	h.journey(t, "organizations", map[string]string{"app": "http://" + node.addr, "email": "alice@acme.test", "password": alicesPassword})
}
