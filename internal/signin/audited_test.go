package signin_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// What a sign-in makes of somebody is told with from where they came, and with
// what was before; a sign-in that makes nothing of them is told by its trace alone.
func TestWhatASignInChangesIsTold(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.firstSignIn(sso.FirstCreate, mappingOn)
		var org sso.OrgID
		for range 2 { // the second changes nothing
			p, err := w.signInBySSO("alice@acme.example", "acme-okta", groupsAre("Staff"))
			if err != nil {
				t.Fatal(err)
			}
			org = p.Org.ID
		}
		if _, err := w.signInBySSO("alice@acme.example", "acme-okta", groupsAre("Admins"), func(r *samltest.Response) { r.Attributes[2].Values = []string{"Married"} }); err != nil {
			t.Fatal(err)
		}
		told := map[string]map[string]string{}
		err := w.DB.Read(t.Context(), func(r *store.Reader) error {
			all, err := r.Org(org).Events(t.Context(), 100)
			for _, e := range all {
				if e.Actor != "sign-in" {
					continue
				}
				if e.Address != w.browser.Address.String() || e.UserAgent != sso.ClipUserAgent(w.browser.UserAgent) {
					t.Errorf("%s: from %q by %q", e.Action, e.Address, e.UserAgent)
				}
				if told[e.Action] != nil {
					t.Errorf("%s is told twice", e.Action)
				}
				told[e.Action] = map[string]string{}
				for _, c := range e.Changes {
					told[e.Action][c.Field] = c.From + " → " + c.To
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]map[string]string{
			"user.created": {
				"email": " → alice@acme.example", "first_name": " → Alice", "last_name": " → Archer", "state": " → active", "username": " → alice",
			},
			"membership.created":      {"groups": " → new, staff", "role": " → member"},
			"user.changed":            {"last_name": "Archer → Married"},
			"membership.role_changed": {"groups": "new, staff → new, ops", "role": "member → admin"},
		}
		if diff := cmp.Diff(want, told); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
	})
}
