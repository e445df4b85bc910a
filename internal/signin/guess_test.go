package signin_test

import (
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

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

// What a wrong guess costs in time is bounded from below by package password.
// What comes before that asks the database the same.
func TestAWrongGuessAsksTheSameWhoeverItIsAt(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		const imported = "$2b$04$abcdefghijklmnopqrstuum174eFeoTj0DHmtuueFaS3Wde4P7wHG"
		w.apply(`organizations: [{key: plain, users: [{username: ida, email: ida@plain.example, password_hash: "` + imported + `"}, {username: iris, email: iris@plain.example}]}]`)
		w.has("paul")
		cost := func(name string) int64 {
			t.Helper()
			a, err := w.Identify(t.Context(), w.browser, "", name, sso.ByPassword)
			if err != nil {
				t.Fatal(err)
			}
			before := w.DB.Stats().Statements
			if _, err := w.Password(t.Context(), w.browser, a.ID, "wrong"); !fault.Is(err, "password_wrong") {
				t.Fatalf("%s: %v", name, err)
			}
			return w.DB.Stats().Statements - before
		}
		for nobody, names := range map[string][]string{
			"nobody@plain.example": {"paul@plain.example", "ida@plain.example", "iris@plain.example"}, // with a second factor, an imported hash, no password
			"nobody":               {"paul", "ida"},
		} {
			want := cost(nobody)
			for _, name := range names {
				if got := cost(name); got != want {
					t.Errorf("%s: %d statements, want %d as for %s", name, got, want, nobody)
				}
			}
		}
	})
}
