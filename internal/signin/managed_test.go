package signin_test

import "testing"

// Where the identity provider says who there is, it is it that adds them: whom
// it lets in comes in and is somebody new.
func TestTheIdPAddsWhomItSaysThereIs(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.apply(`organizations: [{key: acme, policy: {managed: true}}]`)
		p, err := w.signInBySSO("new@acme.example", "acme-okta")
		if err != nil || p.User.Email.String() != "new@acme.example" || !p.Org.Policy.ManagesPeople() {
			t.Errorf("signing in = %v, managed %v, %v", p.User.Email, p.Org.Policy.Managed, err)
		}
	})
}
