package factor_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/factor"
	"github.com/sallyport/sallyport/internal/passkeytest"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// key adds a passkey.
func (w *world) key(act factor.Act) (*passkeytest.Authenticator, sso.Factor) {
	w.Helper()
	a := passkeytest.New(w)
	response := a.Create(w.creation(act), origin)
	var f sso.Factor
	w.write(func(tx *store.Writer) (err error) {
		f, err = w.AddPasskey(w.Context(), tx, act, response, "Blue key")
		return err
	})
	return a, f
}

func (w *world) creation(act factor.Act) (options []byte) {
	w.Helper()
	w.write(func(tx *store.Writer) (err error) {
		options, err = w.OfferPasskey(w.Context(), tx.Reader, act)
		return err
	})
	return options
}

func TestAPasskeyIsAddedOnce(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		a := passkeytest.New(t)
		add := func(act factor.Act, response []byte) func(*store.Writer) error {
			return func(tx *store.Writer) error {
				_, err := w.AddPasskey(t.Context(), tx, act, response, "")
				return err
			}
		}
		elsewhere := w.alice
		elsewhere.Owner = "att_another"
		options := w.creation(w.alice)
		w.refused("with a challenge of their own", "factor_over", add(w.alice, a.Create(options, origin, func(c *passkeytest.Ceremony) {
			c.Challenge = base64.RawURLEncoding.EncodeToString(make([]byte, 80))
		})))
		w.refused("in another sign-in", "factor_over", add(elsewhere, a.Create(options, origin)))
		w.refused("by somebody else", "factor_over", add(w.bob, a.Create(options, origin)))
		w.refused("on a phishing site", "passkey_refused", add(w.alice, a.Create(options, "https://evil.com")))
		response := a.Create(options, origin)
		w.many("adding one passkey", add(w.alice, response), "factor_over", "passkey_taken")
		w.refused("again", "factor_over", add(w.alice, response))
		w.refused("the same key by another person", "passkey_taken", add(w.bob, a.Create(w.creation(w.bob), origin)))
		if have := w.factors(w.alice); len(have) != 1 || have[0].Name != "" || !have[0].Passkey.Verifies {
			t.Errorf("the factors are %+v", have)
		}
		if options := string(w.creation(w.alice)); !strings.Contains(options, base64.RawURLEncoding.EncodeToString(a.ID)) {
			t.Errorf("the options do not exclude the key that is there: %s", options)
		}
	})
}

func TestAPasskeyProvesBesideAPassword(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		a, f := w.key(w.alice)
		bobs, _ := w.key(w.bob)
		a.Flags = passkeytest.UserPresent // a touch is enough
		ask := func(act factor.Act) []byte {
			t.Helper()
			options, err := w.AskPasskey(act, w.factors(act))
			if err != nil {
				t.Fatal(err)
			}
			return options
		}
		use := func(act factor.Act, response []byte) func(*store.Writer) error {
			return func(tx *store.Writer) error {
				got, err := w.UsePasskey(t.Context(), tx, act, response)
				if err == nil && got.ID != f.ID {
					t.Errorf("UsePasskey() = %s, want %s", got.ID, f.ID)
				}
				return err
			}
		}
		elsewhere := w.alice
		elsewhere.Owner = "att_another"
		w.refused("somebody else's key", "passkey_unknown", use(w.alice, bobs.Get(ask(w.alice), origin)))
		w.refused("a key that nobody has", "passkey_unknown", use(w.alice, passkeytest.New(t).Get(ask(w.alice), origin)))
		w.refused("an answer from another sign-in", "factor_over", use(elsewhere, a.Get(ask(w.alice), origin)))
		first, err := w.AskAnyPasskey("browser x")
		if err != nil {
			t.Fatal(err)
		}
		w.refused("an answer to another question", "factor_over", use(w.alice, a.Get(first, origin)))
		w.refused("on a phishing site", "passkey_refused", use(w.alice, a.Get(ask(w.alice), "https://evil.com")))
		w.many("using one answer", use(w.alice, a.Get(ask(w.alice), origin)), "factor_over")
		if have := w.factors(w.alice); have[0].Passkey.Counter != a.Counter || !have[0].UsedAt.Equal(w.Now()) {
			t.Errorf("the counter is %d after %d", have[0].Passkey.Counter, a.Counter)
		}

		// A counter that does not rise is written down, and lets the person in.
		seen := a.Counter
		w.write(use(w.alice, a.Get(ask(w.alice), origin, func(c *passkeytest.Ceremony) { c.Counter = 1 })))
		if have := w.factors(w.alice); have[0].Passkey.Counter != seen {
			t.Errorf("the counter fell to %d", have[0].Passkey.Counter)
		}
		if events := w.events(); !slices.Contains(events, "factor.counter_regressed") {
			t.Errorf("the audit list has %v", events)
		}
	})
}

// events returns the actions in the audit list of the organization.
func (w *world) events() (actions []string) {
	w.Helper()
	w.write(func(tx *store.Writer) error {
		events, err := tx.Org(w.alice.User.Home).Events(w.Context(), 100)
		for _, e := range events {
			actions = append(actions, e.Action)
		}
		return err
	})
	return actions
}

func TestAPasskeyAloneTellsWhoItIs(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		a, f := w.key(w.alice)
		const browser = "browser x"
		ask := func() []byte {
			t.Helper()
			options, err := w.AskAnyPasskey(browser)
			if err != nil {
				t.Fatal(err)
			}
			return options
		}
		use := func(owner string, response []byte) func(*store.Writer) error {
			return func(tx *store.Writer) error {
				u, got, err := w.UseAnyPasskey(t.Context(), tx, factor.Act{Owner: owner}, response)
				if err == nil && (u.ID != w.alice.User.ID || got.ID != f.ID) {
					t.Errorf("UseAnyPasskey() = %s by %s", u.ID, got.ID)
				}
				return err
			}
		}
		w.refused("a key that nobody has", "passkey_unknown", use(browser, passkeytest.New(t).Get(ask(), origin)))
		w.refused("in another browser", "factor_over", use("browser y", a.Get(ask(), origin)))
		w.refused("by a touch alone", "passkey_refused", use(browser, a.Get(ask(), origin, func(c *passkeytest.Ceremony) { c.Flags = passkeytest.UserPresent })))
		w.refused("for another user", "passkey_refused", use(browser, a.Get(ask(), origin, func(c *passkeytest.Ceremony) { c.Handle = []byte(w.bob.User.ID) })))
		second, err := w.AskPasskey(w.alice, w.factors(w.alice))
		if err != nil {
			t.Fatal(err)
		}
		w.refused("an answer to another question", "factor_over", use(browser, a.Get(second, origin)))
		late := a.Get(ask(), origin)
		w.advance(15 * time.Minute)
		w.refused("after its time", "factor_over", use(browser, late))
		w.many("using one answer", use(browser, a.Get(ask(), origin)), "factor_over")
	})
}
