package setup_test

import (
	"context"
	"crypto/x509"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/setup"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// sealed gives the house a sealing key.
func (h *house) sealed() *secret.Sealer {
	h.Helper()
	sealer, err := secret.NewSealer(make([]byte, 32))
	if err != nil {
		h.Fatal(err)
	}
	h.Sealer = func(context.Context) (*secret.Sealer, error) { return sealer, nil }
	return sealer
}

func encrypted(how string) string {
	return `organizations: [{key: acme, connections: [{key: acme-okta, metadata_file: idp.xml, encryption: ` + how + `}]}]`
}

func TestAConnectionThatIsEncryptedForHasAKey(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		made := 0
		sealer := h.sealed()
		h.Sealer = func(context.Context) (*secret.Sealer, error) { made++; return sealer, nil }

		dry, err := h.apply(encrypted("required"), setup.DryRun)
		if err != nil {
			t.Fatal(err)
		}
		if made != 0 {
			t.Error("a dry run makes a key")
		}
		first := h.must(encrypted("required"))
		if strings.Join(dry, "\n") != strings.Join(first, "\n") || first[len(first)-1] != "decryption key acme-okta: made" {
			t.Errorf("the dry run says %q and the run does %q", dry, first)
		}
		if c := h.connection("acme-okta"); c.SAML.Encryption != sso.EncryptionRequired || !c.SAML.Decrypts() {
			t.Errorf("the connection says %+v", c.SAML)
		}
		for file, want := range map[string]string{encrypted("required"): "", encrypted("accepted"): "connection acme-okta: changed encryption", encrypted("off"): "connection acme-okta: changed encryption"} {
			h.must(encrypted("required"))
			if got := strings.Join(h.must(file), "\n"); got != want {
				t.Errorf("%s: %q, want %q", file, got, want)
			}
		}
		if made != 1 {
			t.Errorf("%d keys were made, want one that stays", made)
		}
		keys, err := h.Keys(t.Context(), "acme-okta")
		if err != nil || len(keys) != 1 || keys[0].State != store.KeyCurrent {
			t.Fatalf("Keys() = %+v, %v, want the current one", keys, err)
		}
		if cert, err := x509.ParseCertificate(keys[0].Certificate); err != nil || cert.KeyUsage&x509.KeyUsageKeyEncipherment == 0 {
			t.Errorf("the certificate is %+v, %v", cert, err)
		}
		if _, err := h.apply(encrypted("sometimes"), setup.Commit); !fault.Is(err, "apply_value") {
			t.Errorf("an unknown degree: %v, want apply_value", err)
		}

		// Without the file of the sealing key nothing is changed.
		lost := errors.New("the sealing key is missing")
		h.Sealer = func(context.Context) (*secret.Sealer, error) { return nil, lost }
		_, err = h.apply(`organizations: [{key: acme, connections: [{key: acme-two, encryption: accepted}]}]`, setup.Commit)
		if !errors.Is(err, lost) || !strings.HasPrefix(err.Error(), "connection acme-two: ") {
			t.Errorf("without a sealing key: %v, want that said at the connection", err)
		}
		h.must(`organizations: [{key: acme, connections: [{key: acme-two}]}]`)
	})
}

// What is stored opens only with the sealing key, and only in its own row.
func TestADecryptionKeyIsSealedInItsPlace(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		sealer := h.sealed()
		h.must(encrypted("accepted"))
		c := h.connection("acme-okta")
		err := h.DB.Read(t.Context(), func(r *store.Reader) error {
			keys, err := r.Org(c.Org).DecryptionKeys(t.Context(), c.ID)
			if err != nil {
				return err
			}
			der, err := sealer.Open(store.DecryptionKeyPlace(keys[0].ID), keys[0].Private)
			if err != nil {
				return err
			}
			if _, err := x509.ParsePKCS8PrivateKey(der); err != nil {
				return err
			}
			if _, err := sealer.Open(store.DecryptionKeyPlace("another"), keys[0].Private); !errors.Is(err, secret.ErrUnsealing) {
				t.Errorf("in another row it opens: %v", err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// agreed names the retired key of the connection, as somebody does who agrees that
// it is lost.
func (h *house) agreed() []string {
	h.Helper()
	keys, err := h.Keys(h.Context(), "acme-okta")
	if err != nil {
		h.Fatal(err)
	}
	if old := federation.In(keys, store.KeyRetired); old != nil {
		return []string{old.ID}
	}
	return nil
}

// A retired key that somebody may need still is deleted by no step, unless it is
// this very key that somebody has agreed to lose.
func TestARetiredKeyIsSparedWhileItIsNeeded(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		sealer := h.sealed()
		h.must(encrypted("accepted"))
		start := h.Now()
		at := func(d time.Duration) { h.Service.Now = func() time.Time { return start.Add(d) } }
		turn := func(turn federation.Turn, agreed ...string) error {
			_, err := h.TurnKeys(t.Context(), "acme-okta", turn, agreed...)
			return err
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		spared := func(what string, agreed ...string) {
			t.Helper()
			for _, step := range []federation.Turn{federation.ForgetOld, federation.PromoteNext} {
				if err := turn(step, agreed...); !fault.Is(err, "key_in_use") {
					t.Errorf("%s, %s: %v, want key_in_use", what, step, err)
				}
			}
		}
		must(turn(federation.MakeNext))
		must(turn(federation.PromoteNext)) // the one before is current, and nobody loses it
		must(turn(federation.MakeNext))
		const day = 24 * time.Hour
		old := h.agreed()
		for _, d := range []time.Duration{0, 29 * day} {
			at(d)
			spared("retired for "+d.String(), "")
			spared("of another key it is agreed", "key_other")
		}
		c := h.connection("acme-okta")
		note := func() {
			must(h.DB.Write(t.Context(), func(tx *store.Writer) error { return tx.Org(c.Org).NoteDecryptionKeyUse(t.Context(), old[0], h.Now()) }))
		}
		note()
		at(31 * day)
		spared("used two days ago")
		at(29*day + store.KeyInUse)
		must(turn(federation.ForgetOld)) // nobody has used it for long
		must(turn(federation.PromoteNext))
		if err := turn(federation.ForgetOld, old...); !fault.Is(err, "key_in_use") {
			t.Errorf("where the key is another one than was agreed: %v, want key_in_use", err)
		}
		must(turn(federation.ForgetOld, h.agreed()...))

		// A key that signs is needed by what is on its way.
		must(h.DB.Write(t.Context(), func(tx *store.Writer) error {
			for _, state := range []store.KeyState{store.KeyCurrent, store.KeyRetired} {
				k, err := federation.NewSigningKey(sealer, state, h.Now())
				if err != nil {
					return err
				}
				if err := tx.InsertSigningKey(t.Context(), k); err != nil {
					return err
				}
			}
			return nil
		}))
		if _, err := h.TurnKeys(t.Context(), "", federation.ForgetOld); !fault.Is(err, "key_in_use") {
			t.Errorf("what has signed a moment ago: %v, want key_in_use", err)
		}
		at(29*day + store.KeyInUse + time.Hour)
		if _, err := h.TurnKeys(t.Context(), "", federation.ForgetOld); err != nil {
			t.Errorf("an hour later: %v", err)
		}
	})
}

// Of operators who take one step at the same time, one does.
func TestOneOfManyTurnsTheKeys(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		h.sealed()
		h.must(encrypted("accepted"))
		before := h.connection("acme-okta").Version
		for _, turn := range []federation.Turn{federation.MakeNext, federation.PromoteNext, federation.ForgetOld} {
			var done atomic.Int64
			var all sync.WaitGroup
			lost := h.agreed()
			for range 4 {
				all.Go(func() {
					_, err := h.TurnKeys(t.Context(), "acme-okta", turn, lost...)
					switch {
					case err == nil:
						done.Add(1)
					case !fault.Is(err, "key_turn"):
						t.Errorf("%s: %v, want key_turn", turn, err)
					}
				})
			}
			all.Wait()
			if done.Load() != 1 {
				t.Errorf("%s was done %d times at once, want 1", turn, done.Load())
			}
		}
		if after := h.connection("acme-okta").Version; after != before+3 {
			t.Errorf("the connection has version %d after three turns from %d: whoever keeps its keys in memory would not know", after, before)
		}
	})
}

// What comes for the key before is opened until somebody says otherwise; a
// second turn of the wheel lets go of the one before that.
func TestKeysMoveUp(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, h *house) {
		h.sealed()
		h.must(encrypted("accepted"))
		states := func(keys []federation.Key, err error) string {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			var list []string
			for _, k := range keys {
				list = append(list, string(k.State)+" "+k.ID[len(k.ID)-4:])
			}
			return strings.Join(list, ", ")
		}
		id := func(state store.KeyState) string {
			t.Helper()
			keys, err := h.Keys(t.Context(), "acme-okta")
			if err != nil {
				t.Fatal(err)
			}
			for _, k := range keys {
				if k.State == state {
					return k.ID[len(k.ID)-4:]
				}
			}
			t.Fatalf("no %s key", state)
			return ""
		}
		turn := func(turn federation.Turn) ([]federation.Key, error) {
			return h.TurnKeys(t.Context(), "acme-okta", turn, h.agreed()...)
		}
		first := id(store.KeyCurrent)
		states(turn(federation.MakeNext))
		second := id(store.KeyNext)
		if got, want := states(turn(federation.PromoteNext)), "current "+second+", retired "+first; got != want {
			t.Errorf("promoted: %s, want %s", got, want)
		}
		states(turn(federation.MakeNext))
		third := id(store.KeyNext)
		if got, want := states(turn(federation.PromoteNext)), "current "+third+", retired "+second; got != want {
			t.Errorf("promoted again: %s, want %s", got, want)
		}
		if got, want := states(turn(federation.ForgetOld)), "current "+third; got != want {
			t.Errorf("forgotten: %s, want %s", got, want)
		}
		if _, err := h.TurnKeys(t.Context(), "nobody", federation.ForgetOld); !fault.Is(err, "connection_unknown") {
			t.Errorf("of no connection: %v", err)
		}
	})
}
