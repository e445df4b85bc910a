//go:build e2e

package e2e

import "testing"

// TestConsolePages goes an owner's way through the console of an organization, and looks in as an administrator and as a member.
func TestConsolePages(t *testing.T) {
	t.Parallel()
	h := newHouse(t, `organizations:
  - key: acme
    name: Acme Ltd
    users:
      - {username: alice, email: alice@acme.test, first_name: Alice, last_name: Archer, role: owner, password_hash: "`+alicesHash+`"}
      - {username: bob, email: bob@acme.test, first_name: Bob, last_name: Baker, password_hash: "`+alicesHash+`"}
      - {username: carol, email: carol@acme.test, first_name: Carol, last_name: Clark, password_hash: "`+alicesHash+`"}
`)
	h.journey(t, "console", map[string]string{
		"password": alicesPassword,
		"people":   "E-Mail;Vorname;Nachname;Gruppen\nzoe@acme.test;Zoë;Zimmer;Operations\nyan@acme.test;=SUM(A1);Young;\nx@acme.test;Xaver;;\nx@acme.test;;;\nno address;;;\nbob@acme.test;Bob;Baker;\n",
	})
}
