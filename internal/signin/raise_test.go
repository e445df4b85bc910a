package signin_test

import (
	"slices"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// demands has an app demand more of who may be signed in.
func (w *world) demands(d sso.AppDemand) sso.Attempt {
	w.Helper()
	return w.begins(signin.Start{Demand: d, Raise: true})
}

func TestWhoIsSignedInGivesTheSecondFactorThatAnAppDemands(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.apply(`organizations: [{key: plain, policy: {mfa: off}}]`)
		app := w.has("paul")
		w.changes(func(tx *store.Writer) error {
			return tx.SaveApp(t.Context(), sso.App{ID: "app_1", Key: "pay", ClientID: "pay", Name: "Payments", Kind: sso.AppWeb, RedirectURIs: []string{"https://pay.example/"}, CreatedAt: w.now, UpdatedAt: w.now})
		})
		before := w.mustFinish(w.proven("paul", sso.StepFinish))
		w.browser.Session = before.Token
		w.now = w.now.Add(time.Hour)
		if a := w.demands(""); a.Proof.User != "" {
			t.Fatalf("nothing is demanded, and the attempt says %+v", a.Proof)
		}
		a := w.demands(sso.DemandFactor)
		if a.Next() != sso.StepFactor {
			t.Fatalf("the next step is %s, want %s", a.Next(), sso.StepFactor)
		}
		if _, err := w.Finish(t.Context(), w.browser, a.ID, signin.AskFirst); !fault.Is(err, "attempt_step") {
			t.Errorf("finished without one: %v, want attempt_step", err)
		}
		if asked, err := w.Asked(t.Context(), w.browser, a.ID); err != nil || asked.By != (signin.AskedBy{App: "Payments"}) {
			t.Errorf("it is asked for by %+v, %v", asked.By, err)
		}
		if err := w.answer2(a, signin.Answer{By: sso.SecondTOTP, Code: another(w.code(app))}); !fault.Is(err, "code_wrong") {
			t.Errorf("a wrong code: %v", err)
		}
		if err := w.answer2(a, signin.Answer{By: sso.SecondTOTP, Code: w.code(app)}); err != nil {
			t.Fatal(err)
		}
		done := w.mustFinish(a)
		if done.Session.ID != before.Session.ID || !slices.Equal(done.Session.AMR, []string{"pwd", "otp", "mfa"}) || done.Request == "" {
			t.Errorf("it goes on as %+v", done)
		}
		if !done.Session.AuthTime.Equal(before.Session.AuthTime) {
			t.Errorf("the password was given at %s, and not at %s", before.Session.AuthTime, done.Session.AuthTime)
		}
		if p, err := w.Person(t.Context(), done.Token); err != nil || !slices.Equal(p.Session.AMR, done.Session.AMR) {
			t.Errorf("the session: %+v, %v", p.Session, err)
		}
	})
}

func TestAFactorThatAnAppDemandsIsNeverTakenFromAnOldSignIn(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		done := w.mustFinish(w.proven("paul", sso.StepFinish))
		w.browser.Session = done.Token
		w.now = w.now.Add(time.Hour)
		// Whoever sits down at a browser that is signed in adds nothing.
		a := w.demands(sso.DemandFactor)
		if a.Next() != sso.StepPassword || a.Proof.User != "" || a.Typed.String() != "paul@plain.example" {
			t.Fatalf("without a factor it goes on with %s: %+v", a.Next(), a)
		}
		a, err := w.Password(t.Context(), w.browser, a.ID, "correct horse")
		if err != nil || a.Next() != sso.StepEnrol {
			t.Fatalf("after the password: %s, %v", a.Next(), err)
		}
		w.enrolApp(a)
		if done := w.mustFinish(a); !slices.Equal(done.Session.AMR, []string{"pwd", "otp", "mfa"}) {
			t.Errorf("the session says %v", done.Session.AMR)
		}
	})
}

// Who goes on from their session because the app asks as whom, or in which
// organization, adds what the app demands as others do: after a sign-in that is
// done anew, and never by the session alone.
func TestWhoChoosesWhereToGoOnAddsTheFactorThatAnAppDemands(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.joins("paul", "acme")
		signedIn := func() {
			w.browser = newBrowser()
			w.browser.Session = w.mustFinish(w.chooses(w.proven("paul", sso.StepOrg), "plain")).Token
			w.now = w.now.Add(time.Minute)
		}
		demand := func(d sso.AppDemand, org string) sso.Attempt {
			t.Helper()
			signedIn()
			return w.chooses(w.begins(signin.Start{Offer: true, Demand: d}), org)
		}
		for _, org := range []string{"plain", "acme"} {
			for _, d := range []sso.AppDemand{"", sso.LikeFactor} {
				if a := demand(d, org); a.Next() != sso.StepFinish {
					t.Errorf("twin: %q in %s is asked for %s", d, org, a.Next())
				}
			}
			for _, d := range []sso.AppDemand{sso.DemandFactor, sso.DemandKey} {
				if a := demand(d, org); a.Proof.User != "" || a.Session != "" || a.Typed.String() != "paul@plain.example" || a.Org != w.orgOf(org) {
					t.Errorf("%q in %s goes on from the session: %+v", d, org, a)
				}
			}
			signedIn()
			if a := w.begins(signin.Start{Offer: true, Demand: sso.DemandFactor, Org: w.orgOf(org)}); a.Proof.User != "" || a.Typed.String() != "paul@plain.example" {
				t.Errorf("in %s, which the app asks for, it goes on from the session: %+v", org, a)
			}
		}
		// An organization that asks nobody for a factor begins with none for an app.
		w.apply(`organizations: [{key: plain, policy: {mfa: off}}]`)
		if a := demand(sso.DemandFactor, "plain"); a.Next() != sso.StepFinish {
			t.Errorf("where factors are off it goes on with %s", a.Next())
		}
		w.apply(`organizations: [{key: plain, policy: {mfa: optional}}]`)

		a := demand(sso.DemandFactor, "plain")
		a, err := w.Password(t.Context(), w.browser, a.ID, "correct horse")
		if err != nil || a.Next() != sso.StepEnrol {
			t.Fatalf("after the password: %s, %v", a.Next(), err)
		}
		app, _ := w.enrolApp(a)
		if done := w.mustFinish(a); !slices.Equal(done.Session.AMR, []string{"pwd", "otp", "mfa"}) || done.Session.Org != w.orgOf("plain") {
			t.Errorf("the session: %+v", done.Session)
		}
		// Who has one is asked for it; who has another than the app demands begins anew.
		w.now = w.now.Add(time.Minute)
		w.apply(`organizations: [{key: plain, policy: {mfa: off}}, {key: acme, policy: {mfa: off}}]`)
		for _, org := range []string{"plain", "acme"} {
			if a := demand(sso.DemandFactor, org); a.Next() != sso.StepFactor || a.Proof.Org != w.orgOf(org) {
				t.Errorf("who has one is asked for %s in %s", a.Next(), org)
			}
			if a := demand(sso.DemandKey, org); a.Next() != sso.StepFinish {
				t.Errorf("where factors are off, it goes on with %s in %s", a.Next(), org)
			}
		}
		w.apply(`organizations: [{key: plain, policy: {mfa: optional}}]`)
		w.browser = newBrowser()
		if a = w.chooses(w.proven("paul", sso.StepOrg), "plain"); a.Next() != sso.StepFactor {
			t.Fatalf("a sign-in asks for %s", a.Next())
		}
		if err := w.answer2(a, signin.Answer{By: sso.SecondTOTP, Code: w.code(app)}); err != nil {
			t.Fatal(err)
		}
		w.browser.Session = w.mustFinish(a).Token
		if a := w.chooses(w.begins(signin.Start{Offer: true, Demand: sso.DemandFactor}), "plain"); a.Next() != sso.StepFinish {
			t.Errorf("who has given one is asked for %s", a.Next())
		}
		if a := w.chooses(w.begins(signin.Start{Offer: true, Demand: sso.DemandKey}), "plain"); a.Next() != sso.StepPassword || a.Proof.User != "" {
			t.Errorf("who has no key adds one from the session: %s", a.Next())
		}
	})
}

// A factor that an organization demands is added on the way there by who has just
// proved who they are, and by nobody who sits down at a browser later.
func TestAFactorThatAnOrganizationDemandsIsNotTakenFromAnOldSignIn(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.apply(`organizations: [{key: strict, name: Strict, policy: {mfa: required}}]`)
		w.joins("paul", "strict")
		for age, want := range map[time.Duration]sso.Step{sso.FreshFor - time.Second: sso.StepEnrol, sso.FreshFor: sso.StepPassword} {
			w.browser = newBrowser()
			w.browser.Session = w.mustFinish(w.chooses(w.proven("paul", sso.StepOrg), "plain")).Token
			w.now = w.now.Add(age)
			a := w.chooses(w.begins(signin.Start{Offer: true}), "strict")
			if a.Next() != want {
				t.Errorf("%s after the sign-in it goes on with %s, want %s", age, a.Next(), want)
			}
			// As the switch of the account page does.
			if a, err := w.Begin(t.Context(), w.browser, signin.Start{OrgKey: "strict", Offer: true}); err != nil || (a.Proof.User == "") != (want == sso.StepPassword) {
				t.Errorf("%s after the sign-in the switch begins with %s, %v", age, a.Next(), err)
			}
		}
	})
}

func TestADemandIsMetAtTheSignInThatItBegins(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		prove := func(start signin.Start, want sso.Step) sso.Attempt {
			t.Helper()
			w.browser = newBrowser()
			a := w.begins(start)
			if _, err := w.Identify(t.Context(), w.browser, a.ID, "paul@plain.example", sso.ByPassword); err != nil {
				t.Fatal(err)
			}
			a, err := w.Password(t.Context(), w.browser, a.ID, "correct horse")
			if err != nil || a.Next() != want {
				t.Fatalf("%+v leads to %s, %v, want %s", start, a.Next(), err, want)
			}
			return a
		}
		// What is liked is asked of nobody who has nothing.
		prove(signin.Start{Demand: sso.LikeFactor}, sso.StepFinish)
		prove(signin.Start{Demand: sso.DemandFactor, Fresh: true}, sso.StepEnrol)
		// An organization that asks nobody begins with it for no app's sake.
		w.apply(`organizations: [{key: plain, policy: {mfa: off}}]`)
		done := w.mustFinish(prove(signin.Start{Demand: sso.DemandFactor}, sso.StepFinish))
		if !slices.Equal(done.Session.AMR, []string{"pwd"}) {
			t.Errorf("without a factor the session says %v", done.Session.AMR)
		}
		app := w.has("paul")
		prove(signin.Start{}, sso.StepFinish)
		prove(signin.Start{Demand: sso.LikeFactor}, sso.StepFactor)
		a := prove(signin.Start{Demand: sso.DemandFactor, Fresh: true}, sso.StepFactor)
		if err := w.answer2(a, signin.Answer{By: sso.SecondTOTP, Code: w.code(app)}); err != nil {
			t.Fatal(err)
		}
		if done := w.mustFinish(a); !slices.Equal(done.Session.AMR, []string{"pwd", "otp", "mfa"}) {
			t.Errorf("the session says %v", done.Session.AMR)
		}
	})
}

// A browser that is remembered shows no factor, and nobody may be told that it
// did.
func TestARememberedBrowserIsNotWhatAnAppDemands(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		app := w.has("paul")
		a := w.proven("paul", sso.StepFactor)
		if err := w.answer2(a, signin.Answer{By: sso.SecondTOTP, Code: w.code(app), Remember: true}); err != nil {
			t.Fatal(err)
		}
		w.browser.Device = w.mustFinish(a).Device
		w.now = w.now.Add(time.Minute)
		done := w.mustFinish(w.proven("paul", sso.StepFinish))
		w.browser.Session = done.Token
		if a := w.demands(sso.DemandFactor); a.Next() != sso.StepFactor {
			t.Errorf("the browser is remembered: %s, want %s", a.Next(), sso.StepFactor)
		}
	})
}

func TestAKeyIsDemanded(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		app := w.has("paul")
		a := w.proven("paul", sso.StepFactor)
		if err := w.answer2(a, signin.Answer{By: sso.SecondTOTP, Code: w.code(app)}); err != nil {
			t.Fatal(err)
		}
		w.browser.Session = w.mustFinish(a).Token
		if a := w.demands(sso.DemandFactor); a.Proof.User != "" {
			t.Errorf("what is met already leads to %s", a.Next())
		}
		w.now = w.now.Add(time.Minute)
		// Without a key: the password and the app come first.
		if a = w.demands(sso.DemandKey); a.Next() != sso.StepPassword {
			t.Fatalf("without a key it goes on with %s", a.Next())
		}
		a, err := w.Password(t.Context(), w.browser, a.ID, "correct horse")
		if err != nil || a.Next() != sso.StepFactor {
			t.Fatalf("after the password: %s, %v", a.Next(), err)
		}
		if err := w.answer2(a, signin.Answer{By: sso.SecondTOTP, Code: w.code(app)}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Finish(t.Context(), w.browser, a.ID, signin.AskFirst); !fault.Is(err, "attempt_step") {
			t.Errorf("by the app alone: %v, want attempt_step", err)
		}
		if offered, err := w.Offer(t.Context(), w.browser, a.ID, "", ""); err != nil || !slices.Equal(offered.Kinds, []sso.FactorKind{sso.FactorPasskey}) {
			t.Errorf("to be added: %v, %v", offered.Kinds, err)
		}
		// With one, nothing else is offered.
		key := w.key("paul")
		a = w.demands(sso.DemandKey)
		asked, err := w.Asked(t.Context(), w.browser, a.ID)
		if err != nil || asked.Passkey == nil || len(asked.Factors) != 1 || asked.Recovery {
			t.Fatalf("Asked() = %+v, %v", asked, err)
		}
		if err := w.answer2(a, signin.Answer{By: sso.SecondPasskey, Response: key.Get(asked.Passkey, baseURL)}); err != nil {
			t.Fatal(err)
		}
		if done := w.mustFinish(a); !slices.Contains(done.Session.AMR, "pop") || !slices.Contains(done.Session.AMR, "mfa") {
			t.Errorf("the session says %v", done.Session.AMR)
		}
	})
}

func TestWhatAnAppDemandsAfterSSO(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		comes := func(want sso.Step, forge ...func(*samltest.Response)) sso.Attempt {
			t.Helper()
			w.browser = newBrowser()
			a := w.begins(signin.Start{Demand: sso.DemandFactor, LoginHint: "alice@acme.example"})
			f := w.depart(a, "acme-okta")
			if err := w.respond(f, w.answer(f, append(forge, about("alice@acme.example"))...)); err != nil {
				t.Fatal(err)
			}
			_, err := w.Finish(t.Context(), w.browser, a.ID, signin.AskFirst)
			if (err == nil) != (want == sso.StepFinish) {
				t.Fatalf("Finish() = %v, want the step %s", err, want)
			}
			a, err = w.Attempt(t.Context(), w.browser, a.ID)
			if err == nil && a.Next() != want {
				t.Fatalf("it goes on with %s, want %s", a.Next(), want)
			}
			return a
		}
		// It is the identity provider's business: the app is told what it said.
		comes(sso.StepFinish)
		comes(sso.StepFinish, func(r *samltest.Response) { r.Context = "https://refeds.org/profile/mfa" })
		w.apply(`organizations: [{key: acme, policy: {mfa_after_sso: ask}}]`)
		comes(sso.StepFinish, func(r *samltest.Response) { r.Context = "https://refeds.org/profile/mfa" })
		w.enrolApp(comes(sso.StepEnrol))
		comes(sso.StepFactor)
		w.apply(`organizations: [{key: acme, policy: {mfa_after_sso: trust}}]`)
		comes(sso.StepFactor) // it is there
	})
}

func TestNobodyGoesOnForAnotherPersonOrFromAnotherOrganization(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.has("paul")
		w.apply(`organizations: [{key: plain, policy: {mfa: off}}]`)
		w.browser.Session = w.mustFinish(w.proven("paul", sso.StepFinish)).Token
		for name, start := range map[string]signin.Start{
			"somebody else is hinted at":          {LoginHint: "bob@acme.example"},
			"another organization is asked for":   {Org: w.orgOf("acme")},
			"the person must prove who they are":  {Fresh: true},
			"nothing was said of going on (twin)": {},
		} {
			start.Demand, start.Raise = sso.DemandFactor, name != "nothing was said of going on (twin)"
			if a := w.begins(start); a.Proof.User != "" || a.Session != "" {
				t.Errorf("%s: %+v", name, a)
			}
		}
		// The session ends meanwhile: nobody is in it any more.
		a := w.demands(sso.DemandFactor)
		w.changes(func(tx *store.Writer) error { return tx.EndSessionOf(t.Context(), w.browser.Session.Hash(), w.now) })
		if _, err := w.Finish(t.Context(), w.browser, a.ID, signin.AskFirst); err == nil {
			t.Error("a session that is over goes on")
		}
		w.browser.Session = secret.Token{}
		if a := w.demands(sso.DemandFactor); a.Proof.User != "" {
			t.Errorf("nobody is signed in, and it goes on as %s", a.Proof.User)
		}
	})
}
