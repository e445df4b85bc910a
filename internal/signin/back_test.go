package signin_test

import (
	"bytes"
	"testing"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// beginAt begins a sign-in as paul that leads back to a path.
func (w *world) beginAt(back string) sso.Attempt {
	w.Helper()
	a, err := w.Begin(w.Context(), w.browser, signin.Start{LoginHint: "paul@plain.example", Back: back})
	if err != nil || a.Next() != sso.StepPassword {
		w.Fatalf("Begin() leads to %s, %v", a.Next(), err)
	}
	return a
}

// Whoever reads the database must not find the link of an invitation there.
func TestTheWayBackIsSealed(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		token := secret.NewToken().String()
		a := w.beginAt("/login/invitation/" + token)
		if _, err := w.Password(t.Context(), w.browser, a.ID, "correct horse"); err != nil {
			t.Fatal(err)
		}
		stored, err := w.Attempt(t.Context(), w.browser, a.ID)
		if err != nil || len(stored.Back) == 0 {
			t.Fatalf("the stored way back: %q, %v", stored.Back, err)
		}
		for _, plain := range []string{token, "invitation"} {
			if bytes.Contains(stored.Back, []byte(plain)) {
				t.Errorf("the stored way back holds %q", plain)
			}
		}
		if again, err := w.Begun(t.Context(), w.browser, a.ID); err != nil || again.Back != "/login/invitation/"+token {
			t.Errorf("Begun() = %+v, %v", again, err)
		}
		if got := w.mustFinish(a).Back; got != "/login/invitation/"+token {
			t.Errorf("Finish() leads to %q", got)
		}
	})
}

// Whoever can write to the database must not lead people to places by it.
func TestTheWayBackOfAnotherAttemptIsNone(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		other, a := w.beginAt("/account/password"), w.beginAt("/account/sessions")
		if _, err := w.Password(ctx, w.browser, a.ID, "correct horse"); err != nil {
			t.Fatal(err)
		}
		err := w.DB.Write(ctx, func(tx *store.Writer) error {
			stored, err := tx.Attempt(ctx, a.ID)
			if err != nil {
				return err
			}
			stored.Back = other.Back
			return tx.SaveAttempt(ctx, stored)
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := w.mustFinish(a).Back; got != "" {
			t.Errorf("Finish() leads to %q, want nowhere", got)
		}
	})
}
