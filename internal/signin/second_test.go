package signin_test

import (
	"encoding/base32"
	"encoding/json"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/factor"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/otp"
	"github.com/sallyport/sallyport/internal/passkeytest"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/secret"
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

// key gives somebody a passkey.
func (w *world) key(username string) *passkeytest.Authenticator {
	w.Helper()
	a := passkeytest.New(w.TB)
	act := factor.Act{User: w.someone(username), Owner: "ses_1"}
	err := w.DB.Write(w.Context(), func(tx *store.Writer) error {
		options, err := w.Factors.OfferPasskey(w.Context(), tx.Reader, act)
		if err != nil {
			return err
		}
		_, err = w.Factors.AddPasskey(w.Context(), tx, act, a.Create(options, baseURL), "")
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return a
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

// enrolApp adds an authenticator app at the step of enrolment, and returns it
// with the recovery codes.
func (w *world) enrolApp(a sso.Attempt) (otp.Secret, []string) {
	w.Helper()
	offered, err := w.Offer(w.Context(), w.browser, a.ID, sso.FactorTOTP, "")
	if err != nil {
		w.Fatalf("Offer() = %v", err)
	}
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(offered.App.Text, " ", ""))
	if err != nil {
		w.Fatal(err)
	}
	in := signin.Addition{Kind: sso.FactorTOTP, Offer: offered.App.Offer, Code: another(w.code(key))}
	if _, _, err := w.Enrol(w.Context(), w.browser, a.ID, in); !fault.Is(err, "code_wrong") {
		w.Errorf("Enrol() by a wrong code = %v", err)
	}
	in.Code = w.code(key)
	_, codes, err := w.Enrol(w.Context(), w.browser, a.ID, in)
	if err != nil {
		w.Fatalf("Enrol() = %v", err)
	}
	return key, codes
}

func TestASecondFactorIsAddedAtTheFirstSignIn(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.apply(`organizations: [{key: plain, policy: {mfa: required}}]`)
		a := w.proven("paul", sso.StepEnrol)
		if _, err := w.Asked(t.Context(), w.browser, a.ID); !fault.Is(err, "attempt_step") {
			t.Errorf("Asked() = %v, want attempt_step", err)
		}
		offered, err := w.Offer(t.Context(), w.browser, a.ID, "", "")
		if err != nil || !slices.Equal(offered.Kinds, []sso.FactorKind{sso.FactorPasskey, sso.FactorTOTP, sso.FactorSMS}) {
			t.Errorf("Offer() = %+v, %v", offered, err)
		}
		app, codes := w.enrolApp(a)
		if len(codes) != 10 {
			t.Fatalf("%d recovery codes, want 10", len(codes))
		}
		w.mustFinish(a)

		// From then on it is asked for; the code that added it is used.
		b := w.proven("paul", sso.StepFactor)
		if err := w.answer2(b, signin.Answer{By: sso.SecondTOTP, Code: w.code(app)}); !fault.Is(err, "code_used") {
			t.Errorf("the code that added it: %v", err)
		}
		if asked, err := w.Asked(t.Context(), w.browser, b.ID); err != nil || !asked.Recovery {
			t.Errorf("Asked() = %+v, %v, want recovery codes", asked, err)
		}
		if err := w.answer2(b, signin.Answer{By: sso.SecondRecovery, Code: codes[3], Remember: true}); err != nil {
			t.Fatalf("a recovery code: %v", err)
		}
		if done := w.mustFinish(b); !done.Device.IsZero() {
			t.Error("a recovery code has the browser remembered")
		}
		c := w.proven("paul", sso.StepFactor)
		if err := w.answer2(c, signin.Answer{By: sso.SecondRecovery, Code: codes[3]}); !fault.Is(err, "code_wrong") {
			t.Errorf("the recovery code once more: %v", err)
		}
	})
}

func TestANumberIsAddedAndAskedFor(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.apply(`organizations: [{key: plain, policy: {mfa: required}}]`)
		a := w.proven("paul", sso.StepEnrol)
		if err := w.OfferNumber(ctx, w.browser, a.ID, "+49 151 23456789"); err != nil {
			t.Fatal(err)
		}
		if offered, err := w.Offer(ctx, w.browser, a.ID, sso.FactorSMS, ""); err != nil || offered.Sent == nil || offered.Sent.Hint != "89" {
			t.Errorf("Offer() = %+v, %v", offered.Sent, err)
		}
		if _, _, err := w.Enrol(ctx, w.browser, a.ID, signin.Addition{Kind: sso.FactorSMS, Code: another(w.texted())}); !fault.Is(err, "code_wrong") {
			t.Errorf("Enrol() by a wrong code = %v", err)
		}
		if _, codes, err := w.Enrol(ctx, w.browser, a.ID, signin.Addition{Kind: sso.FactorSMS, Code: w.texted()}); err != nil || len(codes) != 10 {
			t.Fatalf("Enrol() = %d codes, %v", len(codes), err)
		}
		w.mustFinish(a)
		w.now = w.now.Add(time.Minute)
		b := w.proven("paul", sso.StepFactor)
		asked, err := w.Asked(ctx, w.browser, b.ID)
		if err != nil || asked.Sent != nil {
			t.Fatalf("Asked() = %+v, %v, want nothing sent yet", asked, err)
		}
		if err := w.SendCode(ctx, w.browser, b.ID, asked.Factors[0].ID); err != nil {
			t.Fatal(err)
		}
		if err := w.SendCode(ctx, w.browser, b.ID, asked.Factors[0].ID); !fault.Is(err, "sms_limit") {
			t.Errorf("another code at once: %v", err)
		}
		if err := w.answer2(b, signin.Answer{By: sso.SecondSMS, Code: w.texted()}); err != nil {
			t.Fatal(err)
		}
		if done := w.mustFinish(b); !slices.Equal(done.Session.AMR, []string{"pwd", "sms", "mfa"}) {
			t.Errorf("the session says %v", done.Session.AMR)
		}
	})
}

// texted returns the code that was sent last.
func (w *world) texted() string {
	w.Helper()
	var code string
	err := w.DB.Read(w.Context(), func(r *store.Reader) error {
		all, err := r.Messages(w.Context(), store.MessageWaiting, store.MessageCursor{}, 100)
		if err != nil {
			return err
		}
		for _, m := range all {
			if m.Channel != "sms" {
				continue
			}
			plain, err := w.Sealer.Open(store.OutboxPlace(m.ID), m.Data)
			if err != nil {
				return err
			}
			var data map[string]string
			if err := json.Unmarshal(plain, &data); err != nil {
				return err
			}
			code = data["code"]
			return nil
		}
		return errors.New("nothing was sent")
	})
	if err != nil {
		w.Fatal(err)
	}
	return code
}

func TestASecurityKeyProvesBesideAPassword(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		key := w.key("paul")
		a := w.proven("paul", sso.StepFactor)
		asked, err := w.Asked(t.Context(), w.browser, a.ID)
		if err != nil || asked.Passkey == nil {
			t.Fatalf("Asked() = %+v, %v", asked, err)
		}
		other := w.proven("paul", sso.StepFactor)
		response := key.Get(asked.Passkey, baseURL)
		if err := w.answer2(other, signin.Answer{By: sso.SecondPasskey, Response: response}); !fault.Is(err, "factor_over") {
			t.Errorf("in another sign-in: %v", err)
		}
		if err := w.answer2(a, signin.Answer{By: sso.SecondPasskey, Response: key.Get(asked.Passkey, "https://evil.com")}); !fault.Is(err, "passkey_refused") {
			t.Errorf("from a phishing site: %v", err)
		}
		if err := w.answer2(a, signin.Answer{By: sso.SecondPasskey, Response: response}); err != nil {
			t.Fatal(err)
		}
		if done := w.mustFinish(a); !slices.Equal(done.Session.AMR, []string{"pwd", "pop", "mfa"}) {
			t.Errorf("the session says %v", done.Session.AMR)
		}
		if err := w.answer2(other, signin.Answer{By: sso.SecondPasskey, Response: response}); !fault.Is(err, "factor_over") {
			t.Errorf("once more: %v", err)
		}
	})
}

func TestAPasskeyAloneSignsIn(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.apply(`organizations: [{key: plain, policy: {mfa: required}}]`)
		key := w.key("paul")
		ask := func() []byte {
			t.Helper()
			options, err := w.AskPasskey(w.browser)
			if err != nil || options == nil {
				t.Fatalf("AskPasskey() = %s, %v", options, err)
			}
			return options
		}
		a, err := w.Passkey(ctx, w.browser, "", key.Get(ask(), baseURL))
		if err != nil || a.Next() != sso.StepFinish {
			t.Fatalf("Passkey() leads to %s, %v", a.Next(), err)
		}
		if done := w.mustFinish(a); !slices.Equal(done.Session.AMR, []string{"pop", "user", "mfa"}) {
			t.Errorf("the session says %v", done.Session.AMR)
		}
		// Within a sign-in that an app has begun, it goes on.
		begun, err := w.Begin(ctx, w.browser, signin.Start{App: "app_1", Request: "client_id=x"})
		if err != nil {
			t.Fatal(err)
		}
		a, err = w.Passkey(ctx, w.browser, begun.ID, key.Get(ask(), baseURL))
		if err != nil || a.ID != begun.ID || a.Request != "client_id=x" {
			t.Fatalf("Passkey() = %s for %q, %v", a.ID, a.Request, err)
		}
		if _, err := w.Passkey(ctx, w.browser, begun.ID, key.Get(ask(), baseURL)); !fault.Is(err, "attempt_step") {
			t.Errorf("once it is proved: %v", err)
		}
		// At another organization's sign-on URL there is nobody of that key.
		elsewhere, err := w.Begin(ctx, w.browser, signin.Start{OrgKey: "acme"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Passkey(ctx, w.browser, elsewhere.ID, key.Get(ask(), baseURL)); !fault.Is(err, "membership_missing") {
			t.Errorf("at another organization: %v", err)
		}
		response := key.Get(ask(), baseURL)
		thief := newBrowser()
		if _, err := w.Passkey(ctx, thief, "", response); !fault.Is(err, "factor_over") {
			t.Errorf("by another browser: %v", err)
		}
		if _, err := w.Passkey(ctx, w.browser, "", key.Get(ask(), baseURL, func(c *passkeytest.Ceremony) { c.Flags = passkeytest.UserPresent })); !fault.Is(err, "passkey_refused") {
			t.Errorf("by a touch alone: %v", err)
		}
		if options, err := w.AskPasskey(signin.Browser{}); options != nil || err != nil {
			t.Errorf("AskPasskey() of a browser without cookies = %s, %v", options, err)
		}
		// Where single sign-on is required, a passkey is no way around it.
		carol := w.key("carol")
		a, err = w.Passkey(ctx, w.browser, "", carol.Get(ask(), baseURL))
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Finish(ctx, w.browser, a.ID, signin.Switch)
		w.mustRefuse(err, "policy_sso_required")
	})
}

func TestARememberedBrowserIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		app := w.has("paul")
		remembered := func() secret.Token {
			t.Helper()
			w.now = w.now.Add(time.Minute)
			w.browser.Device = secret.Token{}
			a := w.proven("paul", sso.StepFactor)
			if err := w.answer2(a, signin.Answer{By: sso.SecondTOTP, Code: w.code(app), Remember: true}); err != nil {
				t.Fatal(err)
			}
			return w.mustFinish(a).Device
		}
		device := remembered()
		if device.IsZero() {
			t.Fatal("the browser is not remembered")
		}
		w.browser.Device = device
		if done := w.mustFinish(w.proven("paul", sso.StepFinish)); !slices.Equal(done.Session.AMR, []string{"pwd"}) {
			t.Errorf("the session says %v", done.Session.AMR)
		}
		w.has("bob")
		w.proven("bob", sso.StepFactor) // it is paul who is remembered
		w.browser.Device = secret.NewToken()
		w.proven("paul", sso.StepFactor)

		// What is forgotten between the password and the end counts at the end.
		w.browser.Device = device
		a := w.proven("paul", sso.StepFinish)
		paul := w.someone("paul").ID
		w.changes(func(tx *store.Writer) error { return tx.DeleteDevices(t.Context(), paul) })
		if _, err := w.Finish(t.Context(), w.browser, a.ID, signin.AskFirst); !fault.Is(err, "attempt_step") {
			t.Errorf("Finish() after the browser was forgotten = %v", err)
		}
		w.browser.Device = remembered()
		w.now = w.now.Add(sso.DeviceLife - time.Second)
		w.proven("paul", sso.StepFinish)
		w.now = w.now.Add(time.Second)
		w.proven("paul", sso.StepFactor)
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

func TestGuessesAtASecondFactorRunOut(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		app := w.has("paul")
		// Whoever knows the password begins anew all the time, from everywhere.
		wrong, later := 0, 0
		for n := range 40 {
			w.browser = newBrowser()
			w.browser.Address = netip.AddrFrom4([4]byte{198, 51, byte(n), 1})
			a := w.proven("paul", sso.StepFactor)
			switch err := w.answer2(a, signin.Answer{By: sso.SecondTOTP, Code: another(w.code(app))}); {
			case fault.Is(err, "code_wrong"):
				wrong++
			case fault.Is(err, "try_later"):
				later++
			default:
				t.Fatal(err)
			}
		}
		if wrong != 20 || later != 20 {
			t.Errorf("%d guesses were answered and %d were not, want 20 and 20", wrong, later)
		}
		// From one network it is ten in all: what is guessed at the password
		// counts at the code too, and recovery codes are no way around it.
		w.now = w.now.Add(24 * time.Hour)
		w.browser = newBrowser()
		a := w.proven("paul", sso.StepFactor) // counts as one
		for range 4 {
			if err := w.answer2(a, signin.Answer{By: sso.SecondTOTP, Code: another(w.code(app))}); !fault.Is(err, "code_wrong") {
				t.Fatal(err)
			}
			if err := w.answer2(a, signin.Answer{By: sso.SecondRecovery, Code: "x"}); !fault.Is(err, "code_wrong") {
				t.Fatal(err)
			}
		}
		w.proven("paul", sso.StepFactor) // the tenth
		if err := w.answer2(a, signin.Answer{By: sso.SecondTOTP, Code: w.code(app)}); !fault.Is(err, "try_later") {
			t.Errorf("the eleventh guess: %v, want try_later", err)
		}
		paul := w.someone("paul").ID
		w.changes(func(tx *store.Writer) error { return w.Limiter.Unlock(t.Context(), tx, paul) })
		if err := w.answer2(a, signin.Answer{By: sso.SecondTOTP, Code: w.code(app)}); err != nil {
			t.Errorf("after an administrator unlocked the account: %v", err)
		}
		w.mustFinish(a)
		// What was counted is forgotten once the person was proved.
		for range 10 {
			if err := w.Limiter.Allow(t.Context(), backoff.Account(w.someone("paul").ID, w.browser.Address)); err != nil {
				t.Fatalf("after the sign-in: %v", err)
			}
		}
	})
}

func TestParallelGuessesAreCounted(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		var all sync.WaitGroup
		var wrong, later atomic.Int64
		for range 24 {
			a, err := w.Identify(t.Context(), w.browser, "", "paul", "")
			if err != nil {
				t.Fatal(err)
			}
			all.Go(func() {
				switch _, err := w.Password(t.Context(), w.browser, a.ID, "wrong"); {
				case fault.Is(err, "password_wrong"):
					wrong.Add(1)
				case fault.Is(err, "try_later"):
					later.Add(1)
				default:
					t.Errorf("Password() = %v", err)
				}
			})
		}
		all.Wait()
		if wrong.Load() != 10 || later.Load() != 14 {
			t.Errorf("of 24 guesses at once %d were answered and %d were not, want 10 and 14", wrong.Load(), later.Load())
		}
	})
}

func TestOneCodeOpensOneOfManySignIns(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		app := w.has("paul")
		var all sync.WaitGroup
		var won atomic.Int64
		for range 4 {
			a := w.proven("paul", sso.StepFactor)
			all.Go(func() {
				_, err := w.Factor(t.Context(), w.browser, a.ID, signin.Answer{By: sso.SecondTOTP, Code: w.code(app)})
				switch {
				case err == nil:
					won.Add(1)
				case !fault.Is(err, "code_used"):
					t.Errorf("Factor() = %v", err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Errorf("one code opens %d sign-ins at once", won.Load())
		}
	})
}

func TestAnImportedHashIsUpgradedOnUse(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		// "pässword", as another system hashed it.
		const bcrypt = "$2b$04$abcdefghijklmnopqrstuum174eFeoTj0DHmtuueFaS3Wde4P7wHG"
		w.apply(`organizations: [{key: plain, users: [{username: ida, email: ida@plain.example, password_hash: "` + bcrypt + `"}]}]`)
		guess := func(typed string) (sso.Attempt, error) {
			a, err := w.Identify(t.Context(), w.browser, "", "ida", "")
			if err != nil {
				t.Fatal(err)
			}
			return w.Password(t.Context(), w.browser, a.ID, typed)
		}
		if _, err := guess("password"); !fault.Is(err, "password_wrong") {
			t.Errorf("a wrong one: %v", err)
		}
		if got := w.someone("ida").PasswordHash; got != bcrypt {
			t.Errorf("a wrong password changes the hash to %s", got)
		}
		a, err := guess("pässword")
		if err != nil {
			t.Fatal(err)
		}
		w.mustFinish(a)
		if got := w.someone("ida").PasswordHash; !strings.HasPrefix(got, "$argon2id$") {
			t.Errorf("the hash is still %s", got)
		}
		if a, err = guess("pässword"); err != nil {
			t.Fatal(err)
		}
		w.mustFinish(a)
	})
}
