package signin_test

import (
	"testing"

	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// ways chooses how the people of acme.example sign in.
func (w *world) ways(change func(*sso.Domain)) {
	w.Helper()
	err := w.DB.Write(w.Context(), func(tx *store.Writer) error {
		d, err := tx.VerifiedDomain(w.Context(), "acme.example")
		if err != nil {
			return err
		}
		change(&d)
		return tx.Org(d.Org).SaveDomain(w.Context(), d)
	})
	if err != nil {
		w.Fatal(err)
	}
}

func TestADomainWithSingleSignOnOffAsksForThePassword(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(_ *testing.T, w *world) {
		w.identify("bob@acme.example", sso.StepSSO)
		w.ways(func(d *sso.Domain) { d.SSOOff = true })
		w.identify("bob@acme.example", sso.StepPassword)
		w.identify("emma@acme.example", sso.StepPassword)
		w.identify("a@globex.example", sso.StepSSO)
		w.ways(func(d *sso.Domain) { d.SSOOff = false })
		w.identify("bob@acme.example", sso.StepSSO)
	})
}

// The same password signs in before it is closed and once it is opened again.
func TestADomainWithThePasswordOff(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		try := func(typed, password string) error {
			a, err := w.Identify(t.Context(), w.browser, "", typed, sso.ByPassword)
			if err != nil {
				return err
			}
			if a.Next() != sso.StepPassword {
				// Who asks for the password is sent to the identity provider; they
				// may still send a form.
				if a, err = w.Identify(t.Context(), w.browser, "", "bob", sso.ByPassword); err != nil {
					return err
				}
			}
			if _, err := w.Password(t.Context(), w.browser, a.ID, password); err != nil {
				return err
			}
			_, err = w.Finish(t.Context(), w.browser, a.ID, signin.AskFirst)
			return err
		}
		if err := try("bob@acme.example", "correct horse"); err != nil {
			t.Fatalf("before: %v", err)
		}
		// Begun while the password was open, and ended when it is not.
		a, err := w.Identify(t.Context(), w.browser, "", "bob", sso.ByPassword)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Password(t.Context(), w.browser, a.ID, "correct horse"); err != nil {
			t.Fatal(err)
		}
		w.ways(func(d *sso.Domain) { d.PasswordOff = true })
		_, err = w.Finish(t.Context(), w.browser, a.ID, signin.AskFirst)
		w.mustRefuse(err, "policy_sso_required")

		if b, err := w.Identify(t.Context(), w.browser, "", "bob@acme.example", sso.ByPassword); err != nil || b.Next() != sso.StepSSO {
			t.Errorf("who asks for the password is led to %s, %v", b.Next(), err)
		}
		w.mustRefuse(try("bob@acme.example", "correct horse"), "policy_sso_required")
		if err := try("root@outside.example", "correct horse"); err != nil {
			t.Errorf("an owner outside the domain: %v", err)
		}
		if _, err := w.signInBySSO("alice@acme.example", "acme-okta"); err != nil {
			t.Errorf("by single sign-on: %v", err)
		}
		w.ways(func(d *sso.Domain) { d.PasswordOff = false })
		if err := try("bob@acme.example", "correct horse"); err != nil {
			t.Errorf("opened again: %v", err)
		}
	})
}
