//go:build e2e

package e2e

import (
	"strings"
	"testing"
)

// TestSignIn goes every way in: through both identity providers, with and without JavaScript, to both applications.
func TestSignIn(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, d)
			for _, who := range []struct {
				idp  string
				who  person
				want seen
			}{
				{"SimpleSAMLphp", alice, seen{"Alice Archer", "alice@acme.test", "acme", "member"}},
				{"LemonLDAP", carol, seen{"Zoë ‘Carol’ O'Brien & Søn <København>", "carol.zoe@globex.test", "globex", "admin"}},
			} {
				for name, a := range map[string]app{"openid-client": s.node, "mod_auth_openidc": s.apache} {
					for kind, b := range browsers(t) {
						t.Run(strings.Join([]string{who.idp, name, kind}, "/"), func(t *testing.T) {
							t.Parallel()
							got := a.shows(t, b.signIn(t, who.who, a.start(), a.home()))
							got.Email = strings.ToLower(got.Email)
							if got != who.want {
								t.Errorf("the application shows %+v, want %+v", got, who.want)
							}
						})
					}
				}
			}
		})
	}
}
