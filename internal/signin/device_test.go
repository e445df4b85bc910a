package signin_test

import (
	"slices"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

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

func TestPeopleAreToldOfANewBrowser(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		told := func() (n int) {
			t.Helper()
			err := w.DB.Read(t.Context(), func(r *store.Reader) error {
				all, err := r.Messages(t.Context(), store.MessageWaiting, store.MessageCursor{}, 100)
				for _, m := range all {
					if m.Kind == "signin_new_device" && m.To == "paul@plain.example" {
						n++
					}
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		signIn := func(known secret.Token, want int) secret.Token {
			t.Helper()
			w.browser = newBrowser()
			w.browser.Known = known
			done := w.mustFinish(w.proven("paul", sso.StepFinish))
			if got := told(); got != want {
				t.Errorf("paul was told %d times, want %d", got, want)
			}
			return done.Known
		}
		own := signIn(secret.Token{}, 0) // his first one
		signIn(own, 0)
		stolen := signIn(secret.Token{}, 1)
		signIn(stolen, 1)
		signIn(own, 1)
		if _, err := w.signInBySSO("alice@acme.example", "acme-okta"); err != nil {
			t.Fatal(err)
		}
	})
}
