//go:build e2e

package e2e

import (
	"strings"
	"testing"
)

// TestSignIn goes every way in: through both identity providers, with and without JavaScript, to both applications. The
// first sign-ins come all at once, and each person is one user in the end.
func TestSignIn(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, d)
			t.Run("by", func(t *testing.T) { s.testEveryWayIn(t) })
			if users := s.count(t, "users"); users != 2 {
				t.Errorf("there are %d users, want alice and carol", users)
			}
			if said := s.apply(t); said != "applied: no changes\n" {
				t.Errorf("applied again, beside the running server, the file makes changes:\n%s", said)
			}
		})
	}
}

func (s *stage) testEveryWayIn(t *testing.T) {
	for _, tc := range []struct {
		idp  string
		who  person
		want seen
	}{
		{"SimpleSAMLphp", alice, seenAs[alice]},
		{"LemonLDAP", carol, seenAs[carol]},
	} {
		for name, a := range map[string]app{"openid-client": s.node, "mod_auth_openidc": s.apache} {
			for kind, b := range browsers(t) {
				t.Run(strings.Join([]string{tc.idp, name, kind}, "/"), func(t *testing.T) {
					t.Parallel()
					wantSeen(t, a, b.signIn(t, tc.who, a.start(), a.home()), tc.want)
				})
			}
		}
	}
	t.Run("login_hint", func(t *testing.T) {
		t.Parallel()
		// Nobody types an address: a page of ours on the way would end the journey.
		quiet := person{email: "not typed", user: alice.user, password: alice.password}
		got := newPlain(t).signIn(t, quiet, s.node.start()+"?login_hint="+alice.email, s.node.home())
		wantSeen(t, s.node, got, seenAs[alice])
	})
}

// seenAs is what an application shows of the people of the stage.
var seenAs = map[person]seen{
	alice: {"Alice Archer", "alice@acme.test", "acme", "member"},
	carol: {"Zoë ‘Carol’ O'Brien & Søn <København>", "carol.zoe@globex.test", "globex", "admin"},
}

// wantSeen fails the test when an application shows somebody else. Addresses are as the identity provider writes them.
func wantSeen(t *testing.T, a app, p page, want seen) {
	t.Helper()
	got := a.shows(t, p)
	got.Email = strings.ToLower(got.Email)
	if got != want {
		t.Errorf("the application shows %+v, want %+v", got, want)
	}
}
