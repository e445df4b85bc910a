//go:build e2e

package e2e

import (
	"regexp"
	"testing"
)

// acme is a customer with an owner, who has a password.
const acme = `organizations:
  - key: acme
    name: Acme Ltd
    users: [{username: alice, email: alice@acme.test, first_name: Alice, last_name: Archer, role: owner, password_hash: "` + alicesHash + `"}]
`

// TestAccountPages goes the way from a forgotten password to the last session.
func TestAccountPages(t *testing.T) {
	t.Parallel()
	newHouse(t, acme).journey(t, "account", map[string]string{"email": "alice@acme.test"})
}

// TestInvitationPages goes the way of an invitation, by mail.
func TestInvitationPages(t *testing.T) {
	t.Parallel()
	newHouse(t, acme).journey(t, "invitation", map[string]string{"email": "alice@acme.test", "password": alicesPassword})
}

// TestOperatorPages goes the way of the first operator, from the command line to acting as a customer's owner.
func TestOperatorPages(t *testing.T) {
	t.Parallel()
	h := newHouse(t, acme)
	h.journey(t, "operator", map[string]string{"link": operatorLink(t, h)})
}

// operatorLink adds an operator, and returns the link by which she comes in.
func operatorLink(t *testing.T, h *house) string {
	t.Helper()
	out := mustRun(t, sallyport(t), "operator", "add", "--database", h.database, "--key-file", h.keyFile, "--base-url", h.baseURL, "olga@vendor.test")
	link := regexp.MustCompile(`https?://\S+/login/register/\S+`).FindString(out)
	if link == "" {
		t.Fatalf("operator add printed no link:\n%s", out)
	}
	return link
}
