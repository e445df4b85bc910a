package signin_test

import (
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
)

// ends makes an assertion whose session the identity provider ends after a
// while.
func (w *world) ends(after time.Duration) func(*samltest.Response) {
	return func(r *samltest.Response) {
		r.Statements[0].SessionUntil = w.now.Add(after).UTC().Format(time.RFC3339)
	}
}

// An identity provider that says until when its session lasts is not outlived by
// taking one's time on the way back: for a second factor, or on a page that asks.
func TestASignInThatTakesLongerThanTheSessionThere(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		answered := func(until time.Duration) sso.AttemptID {
			w.browser = newBrowser()
			f := w.depart(w.identify("bob@acme.example", sso.StepSSO), "acme-okta")
			if err := w.respond(f, w.answer(f, about("bob@acme.example"), w.ends(until))); err != nil {
				t.Fatal(err)
			}
			return f.attempt.ID
		}
		id := answered(5 * time.Minute)
		w.now = w.now.Add(5*time.Minute - time.Second)
		p, err := w.finish(id)
		if err != nil || p.Session.ExpiresAt.Sub(w.now) != time.Second {
			t.Fatalf("a moment before: %v, for %v", err, p.Session.ExpiresAt.Sub(w.now))
		}
		for name, until := range map[string]time.Duration{
			"over on the way":         5 * time.Minute,
			"over before, by a clock": -30 * time.Second,
		} {
			id := answered(until)
			w.now = w.now.Add(5 * time.Minute)
			done, err := w.Finish(t.Context(), w.browser, id, signin.AskFirst)
			if !fault.Is(err, "signed_out_there") {
				t.Fatalf("%s: a session until %v, %v; want signed_out_there", name, done.Session.ExpiresAt, err)
			}
			w.mustRefuse(err, "signed_out_there")
		}
	})
}

// Who confirms that it is them stands on the proof that they have given now, and
// on the end that comes with it.
func TestAConfirmedSessionEndsWithTheProofOfIt(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.browser.Session = w.session("bob@acme.example", "acme-okta", "_first")
		confirm := func(forge ...func(*samltest.Response)) sso.Session {
			a := w.confirming(sso.StepSSO)
			f := w.depart(a, "acme-okta")
			if err := w.respond(f, w.answer(f, append(forge, about("bob@acme.example"))...)); err != nil {
				t.Fatal(err)
			}
			done := w.mustFinish(a)
			w.browser.Session = done.Token
			p, err := w.Person(t.Context(), done.Token)
			if err != nil {
				t.Fatal(err)
			}
			if !p.Session.ExpiresAt.Equal(done.Session.ExpiresAt) {
				t.Errorf("stored until %v, said until %v", p.Session.ExpiresAt, done.Session.ExpiresAt)
			}
			return p.Session
		}
		first := confirm()
		if again := confirm(w.ends(1000 * time.Hour)); !again.ExpiresAt.Equal(first.ExpiresAt) {
			t.Errorf("a later end moves the session's from %v to %v", first.ExpiresAt, again.ExpiresAt)
		}
		if short := confirm(w.ends(10 * time.Minute)); !short.ExpiresAt.Equal(w.now.Add(10 * time.Minute)) {
			t.Errorf("the session lasts %v, want 10m", short.ExpiresAt.Sub(w.now))
		}
		w.now = w.now.Add(10 * time.Minute)
		if w.lives(w.browser.Session) {
			t.Error("the session goes on after the end that the identity provider has named")
		}
	})
}

// Who goes on from a session that ends on the way is told that it is over, and of
// no identity provider: they may have none.
func TestGoingOnFromASessionThatEndsOnTheWay(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		w.apply(`organizations: [{key: plain, policy: {session_life: 1h}}]`)
		w.joins("paul", "acme")
		w.browser.Session = w.mustFinish(w.chooses(w.proven("paul", sso.StepOrg), "plain")).Token
		w.now = w.now.Add(50 * time.Minute)
		a := w.chooses(w.begins(signin.Start{Offer: true}), "acme")
		w.now = w.now.Add(10 * time.Minute)
		_, err := w.Finish(t.Context(), w.browser, a.ID, signin.AskFirst)
		w.mustRefuse(err, "session_over")
	})
}
