package signin_test

import (
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
)

// stale returns an attempt that waits for its connection, made before.
func (w *world) stale(a sso.Attempt) sso.AttemptID { return a.ID }

// A session may live longer than somebody may stay away. Who uses it every day
// comes every day, and comes in again once it is over.
func TestWhoUsesASessionIsNotInactive(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		const day = 24 * time.Hour
		w.apply(`organizations: [{key: plain, policy: {inactive_after: 30d, session_idle: 7d, session_life: 90d}}]`)
		token := w.passwordSession("paul@plain.example")
		for range 89 {
			w.now = w.now.Add(day)
			if _, err := w.Person(t.Context(), token); err != nil {
				t.Fatal(err)
			}
		}
		w.now = w.now.Add(day)
		if _, err := w.Person(t.Context(), token); !fault.Is(err, "session_over") {
			t.Fatalf("after 90 days: %v", err)
		}
		w.browser.Session = secret.Token{}
		w.passwordSession("paul@plain.example")
		w.now = w.now.Add(31 * day)
		a := w.identify("paul@plain.example", sso.StepPassword)
		if _, err := w.Password(t.Context(), w.browser, a.ID, "correct horse"); err != nil {
			t.Fatal(err)
		}
		_, err := w.Finish(t.Context(), w.browser, a.ID, signin.AskFirst)
		w.mustRefuse(err, "user_inactive")
	})
}

func TestSessionIsJudgedWhenItIsUsed(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		token := w.passwordSession("paul@plain.example")
		if _, err := w.Person(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(sso.SessionIdle - time.Second)
		if _, err := w.Person(t.Context(), token); err != nil {
			t.Fatalf("just before it is idle too long: %v", err)
		}
		w.now = w.now.Add(sso.SessionIdle - time.Second)
		if _, err := w.Person(t.Context(), token); err != nil {
			t.Fatalf("use does not keep it alive: %v", err)
		}
		w.apply(`organizations: [{key: plain, users: [{username: paul, email: paul@plain.example, state: suspended}]}]`)
		if _, err := w.Person(t.Context(), token); !fault.Is(err, "session_over") {
			t.Fatalf("a suspended user: %v", err)
		}
		w.apply(`organizations: [{key: plain, users: [{username: paul, state: active}]}]`)
		if _, err := w.Person(t.Context(), token); !fault.Is(err, "session_over") {
			t.Fatalf("what ended with the suspension goes on after it: %v", err)
		}
		token = w.passwordSession("paul@plain.example")
		w.now = w.now.Add(sso.SessionIdle)
		if _, err := w.Person(t.Context(), token); !fault.Is(err, "session_over") {
			t.Fatalf("idle too long: %v", err)
		}
		w.apply(`organizations: [{key: plain, policy: {session_idle: 30m, session_life: 2h}}]`)
		short := w.passwordSession("paul@plain.example")
		w.now = w.now.Add(30*time.Minute - time.Second)
		if p, err := w.Person(t.Context(), short); err != nil || p.Session.ExpiresAt.Sub(p.Session.CreatedAt) != 2*time.Hour {
			t.Fatalf("within the organization's limits: %v, life %v", err, p.Session.ExpiresAt.Sub(p.Session.CreatedAt))
		}
		w.now = w.now.Add(30 * time.Minute)
		if _, err := w.Person(t.Context(), short); !fault.Is(err, "session_over") {
			t.Fatalf("idle longer than the organization allows: %v", err)
		}
		fresh := w.passwordSession("paul@plain.example")
		if out, err := w.SignOut(t.Context(), fresh, ""); err != nil || out != (signin.SignedOut{}) {
			t.Fatalf("SignOut() of a password's session = %+v, %v", out, err)
		}
		if _, err := w.Person(t.Context(), fresh); !fault.Is(err, "session_over") {
			t.Fatalf("after signing out: %v", err)
		}
		if _, err := w.SignOut(t.Context(), secret.NewToken(), ""); err != nil {
			t.Fatalf("signing out an unknown token: %v", err)
		}
	})
}

func TestFinishEndsTheSessionBefore(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		before := w.passwordSession("paul@plain.example")
		w.browser.Session = before
		after := w.passwordSession("paul@plain.example")
		if _, err := w.Person(t.Context(), before); !fault.Is(err, "session_over") {
			t.Fatalf("the session before: %v, want session_over", err)
		}
		if _, err := w.Person(t.Context(), after); err != nil {
			t.Fatal(err)
		}
	})
}

// Somebody signs out while another tab asks for a page: that tab is signed out,
// and nothing has failed.
func TestASessionEndsWhileItIsUsed(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		for range 30 {
			w.browser.Session = secret.Token{}
			token := w.passwordSession("paul@plain.example")
			w.now = w.now.Add(sso.SessionTouchEvery)
			var errs [4]error
			var all sync.WaitGroup
			for i := range errs {
				all.Go(func() {
					if i == 0 {
						_, errs[i] = w.SignOut(t.Context(), token, "")
						return
					}
					_, errs[i] = w.Person(t.Context(), token)
				})
			}
			all.Wait()
			for _, err := range errs {
				if err != nil && !fault.Is(err, "session_over") {
					t.Fatalf("a session that was ended meanwhile: %v", err)
				}
			}
		}
	})
}
