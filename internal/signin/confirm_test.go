package signin_test

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// confirming begins to confirm who is signed in, an hour later.
func (w *world) confirming(want sso.Step) sso.Attempt {
	w.Helper()
	w.now = w.now.Add(time.Hour)
	a, err := w.Confirm(w.Context(), w.browser, "/account/password")
	if err != nil {
		w.Fatalf("Confirm() = %v", err)
	}
	if a.Next() != want {
		w.Fatalf("Confirm() leads to %s, want %s", a.Next(), want)
	}
	return a
}

func TestWhoIsSignedInConfirmsThatItIsThem(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.browser.Session = w.passwordSession("paul")
		before, err := w.Person(ctx, w.browser.Session)
		if err != nil {
			t.Fatal(err)
		}
		a := w.confirming(sso.StepPassword)
		if _, err := w.Password(ctx, w.browser, a.ID, "wrong"); !fault.Is(err, "password_wrong") {
			t.Errorf("a wrong password: %v", err)
		}
		if _, err := w.Identify(ctx, w.browser, a.ID, "bob", ""); !fault.Is(err, "attempt_step") {
			t.Errorf("as somebody else: %v", err)
		}
		if _, err := w.Password(ctx, w.browser, a.ID, "correct horse"); err != nil {
			t.Fatal(err)
		}
		old := w.browser.Session
		done := w.mustFinish(a)
		if done.Back != "/account/password" || done.Session.ID != before.Session.ID || !done.Session.AuthTime.Equal(w.now) {
			t.Errorf("Finish() = %+v", done)
		}
		if _, err := w.Person(ctx, old); !fault.Is(err, "session_over") {
			t.Errorf("the old token: %v, want session_over", err)
		}
		after, err := w.Person(ctx, done.Token)
		if err != nil || after.Session.ID != before.Session.ID || !after.Session.AuthTime.Equal(w.now) || !after.Session.CreatedAt.Equal(before.Session.CreatedAt) {
			t.Errorf("the session is %+v, %v", after.Session, err)
		}
	})
}

func TestASecondFactorIsConfirmedToo(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.browser.Session = w.passwordSession("paul")
		app := w.has("paul")
		a := w.confirming(sso.StepPassword)
		a, err := w.Password(t.Context(), w.browser, a.ID, "correct horse")
		if err != nil || a.Next() != sso.StepFactor {
			t.Fatalf("the password leads to %s, %v", a.Next(), err)
		}
		if err := w.answer2(a, signin.Answer{By: sso.SecondTOTP, Code: w.code(app)}); err != nil {
			t.Fatal(err)
		}
		if done := w.mustFinish(a); !slices.Equal(done.Session.AMR, []string{"pwd", "otp", "mfa"}) {
			t.Errorf("the session says %v", done.Session.AMR)
		}
	})
}

func TestWhoHasOnlyAPasskeyConfirmsByIt(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		key, carols := w.key("paul"), w.key("bob")
		w.browser.Session = w.passwordSessionOf("paul")
		w.setPassword("paul", "")
		a := w.confirming(sso.StepPasskey)
		ask := func() []byte {
			t.Helper()
			options, err := w.AskPasskey(w.browser)
			if err != nil {
				t.Fatal(err)
			}
			return options
		}
		if _, err := w.Passkey(ctx, w.browser, a.ID, carols.Get(ask(), baseURL)); !fault.Is(err, "membership_missing") {
			t.Errorf("by a passkey of another organization's: %v", err)
		}
		if _, err := w.Passkey(ctx, w.browser, a.ID, key.Get(ask(), baseURL)); err != nil {
			t.Fatal(err)
		}
		w.browser.Session = w.mustFinish(a).Token
		paul := w.someone("paul").ID
		w.changes(func(tx *store.Writer) error {
			have, err := tx.Factors(ctx, paul)
			if err != nil {
				return err
			}
			return tx.DeleteFactor(ctx, paul, have[0].ID)
		})
		if _, err := w.Confirm(ctx, w.browser, "/"); !fault.Is(err, "confirm_impossible") {
			t.Errorf("with nothing left: %v", err)
		}
	})
}

// passwordSessionOf signs in somebody who may have a second factor, without it.
func (w *world) passwordSessionOf(username string) secret.Token {
	w.Helper()
	u, token := w.someone(username), secret.NewToken()
	w.changes(func(tx *store.Writer) error {
		return tx.InsertSession(w.Context(), sso.Session{
			ID: sso.NewSessionID(w.now), User: u.ID, Org: u.Home, AMR: []string{"pwd"}, AuthTime: w.now, CreatedAt: w.now, SeenAt: w.now,
			ExpiresAt: w.now.Add(sso.SessionLife),
		}, token.Hash())
	})
	return token
}

func TestWhoCameBySSOConfirmsThere(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		f := w.depart(w.identify("alice@acme.example", sso.StepSSO), "acme-okta")
		if err := w.respond(f, w.answer(f, about("alice@acme.example"))); err != nil {
			t.Fatal(err)
		}
		done := w.mustFinish(f.attempt)
		w.browser.Session = done.Token
		again := func(address string) error {
			t.Helper()
			f := w.depart(w.confirming(sso.StepSSO), "acme-okta")
			if !containsForce(f.request) {
				t.Errorf("the request does not demand that the person is asked: %s", f.request)
			}
			if err := w.respond(f, w.answer(f, about(address))); err != nil {
				return err
			}
			got, err := w.Finish(t.Context(), w.browser, f.attempt.ID, signin.AskFirst)
			if err == nil {
				w.browser.Session = got.Token
			}
			return err
		}
		if err := again("mallory@acme.example"); !fault.Is(err, "ident_email_mismatch") {
			t.Errorf("as somebody else: %v", err)
		}
		if err := again("alice@acme.example"); err != nil {
			t.Errorf("as herself: %v", err)
		}
		if p, err := w.Person(t.Context(), w.browser.Session); err != nil || p.Session.ID != done.Session.ID {
			t.Errorf("the session is another one: %v", err)
		}
	})
}

func containsForce(request string) bool {
	return strings.Contains(request, `ForceAuthn="true"`) || strings.Contains(request, `ForceAuthn="1"`)
}

func TestNobodyElseConfirms(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		if _, err := w.Confirm(ctx, w.browser, "/"); !fault.Is(err, "session_over") {
			t.Errorf("without a session: %v", err)
		}
		paul := w.passwordSession("paul")
		bob := w.passwordSession("bob")
		w.browser.Session = paul
		a := w.confirming(sso.StepPassword)
		// Another person's session came into the browser meanwhile.
		w.browser.Session = bob
		if _, err := w.Password(ctx, w.browser, a.ID, "correct horse"); !fault.Is(err, "confirm_session") {
			t.Errorf("in another session: %v", err)
		}
		w.browser.Session = paul
		if _, err := w.Password(ctx, w.browser, a.ID, "correct horse"); err != nil {
			t.Fatal(err)
		}
		w.browser.Session = bob
		_, err := w.Finish(ctx, w.browser, a.ID, signin.AskFirst)
		w.mustRefuse(err, "confirm_session")
		// Signed out meanwhile.
		w.browser.Session = paul
		if _, err := w.SignOut(ctx, paul, ""); err != nil {
			t.Fatal(err)
		}
		_, err = w.Finish(ctx, w.browser, a.ID, signin.AskFirst)
		w.mustRefuse(err, "session_over")

		// Whoever acts as the person is not them.
		token, u := secret.NewToken(), w.someone("bob")
		w.changes(func(tx *store.Writer) error {
			return tx.InsertSession(ctx, sso.Session{
				ID: sso.NewSessionID(w.now), User: u.ID, Org: u.Home, Actor: "usr_operator", ActorSession: "ses_operator", AuthTime: w.now, CreatedAt: w.now,
				SeenAt: w.now, ExpiresAt: w.now.Add(time.Hour),
			}, token.Hash())
		})
		w.browser.Session = token
		if _, err := w.Confirm(ctx, w.browser, "/"); !fault.Is(err, "acting_credentials") {
			t.Errorf("acting as the person: %v", err)
		}
	})
}

func TestOneConfirmationOfManyCounts(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.browser.Session = w.passwordSession("paul")
		a := w.confirming(sso.StepPassword)
		if _, err := w.Password(t.Context(), w.browser, a.ID, "correct horse"); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		var won atomic.Int64
		for range 6 {
			all.Go(func() {
				_, err := w.Finish(t.Context(), w.browser, a.ID, signin.AskFirst)
				switch {
				case err == nil:
					won.Add(1)
				case !fault.Is(err, "attempt_over") && !fault.Is(err, "attempt_changed") && !fault.Is(err, "session_over"):
					t.Errorf("Finish() = %v", err)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Errorf("%d of 6 finish one attempt", won.Load())
		}
	})
}
