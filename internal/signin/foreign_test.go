package signin_test

import (
	"fmt"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
)

// An identity provider is believed about the people of its customer's domains.
// Here that of globex says of somebody that they are acme's, in every mode for
// people whom it never named before and in every way to name them. The twin of
// each is somebody of globex, named alike.
func TestNoIdentityProviderSpeaksForAnothersPeople(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		// Bob is known to acme by a subject, and a guest at globex besides.
		bob, err := w.signInBySSO("bob@acme.example", "acme-okta")
		if err != nil {
			t.Fatal(err)
		}
		before := w.linksOf(bob.User.ID)
		for _, mode := range []sso.FirstSignIn{sso.FirstCreate, sso.FirstAsk, sso.FirstMatch, sso.FirstInvited} {
			w.apply(fmt.Sprintf(`organizations: [{key: globex, policy: {sso: optional}, connections: [{key: globex-idp, first_sign_in: %s}]}]`, mode))
			for who, forge := range map[string]func(*samltest.Response){
				"a person of acme":             about("bob@acme.example"),
				"in other letters":             about("BOB@ACME.example"),
				"one whom nobody knows":        about("nobody@acme.example"),
				"an owner outside the domains": about("root@outside.example"),
				"by acme's name for them":      func(r *samltest.Response) { subject(r, "id of bob@acme.example", "bob@acme.example") },
			} {
				if err := w.says(forge); !fault.Is(err, "ident_domain") {
					t.Errorf("%s, %s: %v, want ident_domain", mode, who, err)
				}
				if got := w.tested(w.trial("globex-idp"), forge); got.Passed() {
					t.Errorf("%s, %s: a test says that it works: %+v", mode, who, got.Result)
				}
			}
			if got := w.linksOf(bob.User.ID); got != before {
				t.Fatalf("%s: bob has %d links, had %d", mode, got, before)
			}
			for _, p := range w.people("nobody@acme.example") {
				t.Errorf("%s: %s was made", mode, p.ID)
			}
		}
		// The name that acme's identity provider has for bob is globex's for somebody else.
		w.apply(`organizations: [{key: globex, connections: [{key: globex-idp, first_sign_in: create}]}]`)
		if err := w.says(func(r *samltest.Response) { subject(r, "id of bob@acme.example", "bob@globex.example") }); err != nil {
			t.Errorf("twin by acme's name: %v", err)
		}
		if err := w.says(about("carol@globex.example")); err != nil {
			t.Errorf("twin: %v", err)
		}
		again, err := w.signInBySSO("bob@acme.example", "acme-okta")
		if err != nil || again.User.ID != bob.User.ID || again.Org.Key != "acme" {
			t.Errorf("bob by his own: %+v, %v", again.User, err)
		}
	})
}

// says has globex's identity provider answer for somebody at its sign-on URL,
// and goes as far as that leads.
func (w *world) says(forge func(*samltest.Response)) error {
	w.Helper()
	a, err := w.Begin(w.Context(), w.browser, signin.Start{OrgKey: "globex"})
	if err != nil {
		w.Fatal(err)
	}
	f := w.depart(a, "globex-idp")
	if err := w.respond(f, w.answer(f, forge)); err != nil {
		return err
	}
	a, err = w.Attempt(w.Context(), w.browser, f.attempt.ID)
	if err != nil || a.Next() != sso.StepFinish {
		return err
	}
	_, err = w.finish(f.attempt.ID)
	return err
}
