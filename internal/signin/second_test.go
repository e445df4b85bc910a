package signin_test

import (
	"slices"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/otp"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// proven types a name and the right password, and demands where that leads.
func (w *world) proven(typed string, want sso.Step) sso.Attempt {
	w.Helper()
	a, err := w.Identify(w.Context(), w.browser, "", typed, sso.ByPassword)
	if err != nil {
		w.Fatal(err)
	}
	if a, err = w.Password(w.Context(), w.browser, a.ID, "correct horse"); err != nil {
		w.Fatalf("Password() of %s = %v", typed, err)
	}
	if a.Next() != want {
		w.Fatalf("the password of %s leads to %s, want %s", typed, a.Next(), want)
	}
	return a
}

// someone reads a user as they are stored.
func (w *world) someone(username string) sso.User {
	w.Helper()
	var u sso.User
	err := w.DB.Read(w.Context(), func(r *store.Reader) error {
		all, err := r.UsersByUsername(w.Context(), username)
		if err == nil && len(all) == 1 {
			u = all[0].User
		}
		return err
	})
	if err != nil || u.ID == "" {
		w.Fatalf("no user %s (%v)", username, err)
	}
	return u
}

// has gives somebody an authenticator app, added some time ago.
func (w *world) has(username string) otp.Secret {
	w.Helper()
	key := otp.NewSecret()
	f := sso.Factor{ID: sso.NewFactorID(w.now), User: w.someone(username).ID, Kind: sso.FactorTOTP, Name: "App", CreatedAt: w.now.Add(-time.Hour)}
	f.Secret = w.Sealer.Seal(sso.FactorPlace(f.ID), key)
	if err := w.DB.Write(w.Context(), func(tx *store.Writer) error { return tx.InsertFactor(w.Context(), f) }); err != nil {
		w.Fatal(err)
	}
	return key
}

func (w *world) code(key otp.Secret) string {
	w.Helper()
	code, err := key.Code(otp.Step(w.now))
	if err != nil {
		w.Fatal(err)
	}
	return code
}

// another returns a code that is not this one.
func another(code string) string { return string('0'+(code[0]-'0'+1)%10) + code[1:] }

func (w *world) answer2(a sso.Attempt, in signin.Answer) error {
	w.Helper()
	_, err := w.Factor(w.Context(), w.browser, a.ID, in)
	return err
}

func (w *world) mustFinish(a sso.Attempt) signin.Finished {
	w.Helper()
	done, err := w.Finish(w.Context(), w.browser, a.ID, signin.AskFirst)
	if err != nil {
		w.Fatalf("Finish() = %v", err)
	}
	return done
}

func TestASecondFactorIsAskedForAndGiven(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		app := w.has("paul")
		a := w.proven("paul", sso.StepFactor)
		if _, err := w.Finish(t.Context(), w.browser, a.ID, signin.AskFirst); !fault.Is(err, "attempt_step") {
			t.Fatalf("Finish() before the second factor = %v", err)
		}
		asked, err := w.Asked(t.Context(), w.browser, a.ID)
		if err != nil || len(asked.Factors) != 1 || asked.Recovery || asked.Passkey != nil || asked.Sent != nil {
			t.Errorf("Asked() = %+v, %v", asked, err)
		}
		for what, in := range map[string]signin.Answer{
			"a wrong code":       {By: sso.SecondTOTP, Code: another(w.code(app))},
			"no recovery code":   {By: sso.SecondRecovery, Code: "AAAA-AAAA-AAAA-AAAA"},
			"the code as an SMS": {By: sso.SecondSMS, Code: w.code(app)},
			"nothing":            {By: sso.SecondTOTP},
		} {
			if err := w.answer2(a, in); !fault.Is(err, "code_wrong") && !fault.Is(err, "code_over") {
				t.Errorf("%s: Factor() = %v", what, err)
			}
		}
		for _, by := range []sso.Second{"", sso.SecondDevice, sso.SecondIdP} {
			if err := w.answer2(a, signin.Answer{By: by, Code: w.code(app)}); !fault.Is(err, "choice_unknown") {
				t.Errorf("by %q: Factor() = %v", by, err)
			}
		}
		thief := w.browser
		w.browser = newBrowser()
		if err := w.answer2(a, signin.Answer{By: sso.SecondTOTP, Code: w.code(app)}); !fault.Is(err, "bind_cookie") {
			t.Errorf("from another browser: Factor() = %v", err)
		}
		w.browser = thief
		if err := w.answer2(a, signin.Answer{By: sso.SecondTOTP, Code: w.code(app)}); err != nil {
			t.Fatalf("Factor() = %v", err)
		}
		done := w.mustFinish(a)
		if !slices.Equal(done.Session.AMR, []string{"pwd", "otp", "mfa"}) || !done.Device.IsZero() {
			t.Errorf("the session says %v", done.Session.AMR)
		}
		// The same code does not open another sign-in.
		b := w.proven("paul", sso.StepFactor)
		if err := w.answer2(b, signin.Answer{By: sso.SecondTOTP, Code: w.code(app)}); !fault.Is(err, "code_used") {
			t.Errorf("the code once more: Factor() = %v", err)
		}
	})
}

func TestThePolicyDecidesAboutTheSecondFactor(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.has("bob")
		for policy, want := range map[string]struct{ owner, bob sso.Step }{
			"{mfa: off}":      {sso.StepFinish, sso.StepFinish},
			"{mfa: optional}": {sso.StepFinish, sso.StepFactor},
			"{mfa: owners}":   {sso.StepEnrol, sso.StepFactor},
			"{mfa: required}": {sso.StepEnrol, sso.StepFactor},
		} {
			w.apply(`organizations: [{key: acme, policy: ` + policy + `}]`)
			w.proven("root@outside.example", want.owner)
			w.proven("bob", want.bob)
		}
		// What is changed meanwhile counts at the end.
		w.apply(`organizations: [{key: plain, policy: {mfa: optional}}]`)
		a := w.proven("paul", sso.StepFinish)
		w.apply(`organizations: [{key: plain, policy: {mfa: required}}]`)
		if _, err := w.Finish(t.Context(), w.browser, a.ID, signin.AskFirst); !fault.Is(err, "attempt_step") {
			t.Errorf("Finish() = %v, want attempt_step", err)
		}
		if a, err := w.Attempt(t.Context(), w.browser, a.ID); err != nil || a.Next() != sso.StepEnrol {
			t.Errorf("the attempt goes on with %s, %v, want enrol", a.Next(), err)
		}
		// The exempt pay with a second factor.
		w.proven("exempt", sso.StepEnrol)
	})
}

func TestAfterSSOASecondFactorIsAskedForWhereThePolicySaysSo(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		withMFA := func(r *samltest.Response) { r.Context = "https://refeds.org/profile/mfa" }
		w.apply(`organizations: [{key: acme, policy: {mfa: required}}]`)
		if _, err := w.signInBySSO("alice@acme.example", "acme-okta"); err != nil {
			t.Errorf("trusting the identity provider: %v", err)
		}
		w.apply(`organizations: [{key: acme, policy: {mfa: required, mfa_after_sso: ask}}]`)
		if _, err := w.signInBySSO("alice@acme.example", "acme-okta"); !fault.Is(err, "attempt_step") {
			t.Errorf("asking for ours: %v, want attempt_step", err)
		}
		p, err := w.signInBySSO("alice@acme.example", "acme-okta", withMFA)
		if err != nil || !slices.Equal(p.Session.AMR, []string{"fed", "mfa"}) {
			t.Errorf("asking for ours, and the identity provider did: %v, %v", p.Session.AMR, err)
		}
		// Ours, then.
		f := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
		if err := w.respond(f, w.answer(f, about("alice@acme.example"))); err != nil {
			t.Fatal(err)
		}
		if _, err := w.finish(f.attempt.ID); !fault.Is(err, "attempt_step") {
			t.Fatalf("Finish() = %v", err)
		}
		w.enrolApp(f.attempt)
		if p, err := w.finish(f.attempt.ID); err != nil || !slices.Equal(p.Session.AMR, []string{"fed", "otp", "mfa"}) {
			t.Errorf("after adding one: %v, %v", p.Session.AMR, err)
		}
	})
}

func TestAProofIsWorthNothingOnceWhatGaveItIsGone(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		app := w.has("paul")
		ready := func() sso.Attempt {
			t.Helper()
			w.now = w.now.Add(time.Minute)
			a := w.proven("paul", sso.StepFactor)
			if err := w.answer2(a, signin.Answer{By: sso.SecondTOTP, Code: w.code(app)}); err != nil {
				t.Fatal(err)
			}
			return a
		}
		w.mustFinish(ready()) // the twin
		paul := w.someone("paul").ID
		a := ready()
		w.setPassword("paul", w.hashOf("another horse"))
		_, err := w.Finish(t.Context(), w.browser, a.ID, signin.AskFirst)
		w.mustRefuse(err, "proof_stale")
		w.setPassword("paul", w.hash)
		a = ready()
		w.changes(func(tx *store.Writer) error {
			have, err := tx.Factors(t.Context(), paul)
			if err != nil {
				return err
			}
			return tx.DeleteFactor(t.Context(), paul, have[0].ID)
		})
		_, err = w.Finish(t.Context(), w.browser, a.ID, signin.AskFirst)
		w.mustRefuse(err, "proof_stale")
	})
}

// changes writes something into the database, beside the sign-in.
func (w *world) changes(fn func(tx *store.Writer) error) {
	w.Helper()
	if err := w.DB.Write(w.Context(), fn); err != nil {
		w.Fatal(err)
	}
}

// setPassword gives somebody another password hash, or none.
func (w *world) setPassword(username, hash string) {
	w.Helper()
	u := w.someone(username)
	u.SetPassword(hash, w.now)
	w.changes(func(tx *store.Writer) error { return tx.Org(u.Home).SaveUser(w.Context(), u) })
}

func (w *world) hashOf(password string) string {
	w.Helper()
	hash, err := w.Passwords.Hash(w.Context(), password)
	if err != nil {
		w.Fatal(err)
	}
	return hash
}
