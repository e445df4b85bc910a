package factor_test

import (
	"encoding/base32"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/factor"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/otp"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// app adds an authenticator app and returns the factor and its secret.
func (w *world) app(act factor.Act) (sso.Factor, otp.Secret) {
	w.Helper()
	offered, err := w.OfferApp(act, "")
	if err != nil {
		w.Fatal(err)
	}
	f, key := sso.Factor{}, w.secret(offered)
	w.write(func(tx *store.Writer) (err error) {
		f, err = w.AddApp(w.Context(), tx, act, offered.Offer, w.code(key), "")
		return err
	})
	return f, key
}

// secret reads the secret as a person types it.
func (w *world) secret(a factor.App) otp.Secret {
	w.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(a.Text, " ", ""))
	if err != nil {
		w.Fatal(err)
	}
	return key
}

// code returns the code that an app shows now.
func (w *world) code(key otp.Secret) string {
	w.Helper()
	code, err := key.Code(otp.Step(w.Now()))
	if err != nil {
		w.Fatal(err)
	}
	return code
}

// another returns a code that is not this one.
func another(code string) string {
	return string('0'+(code[0]-'0'+1)%10) + code[1:]
}

func TestAnAppIsAddedByItsCode(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		offered, err := w.OfferApp(w.alice, "")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(offered.URI, "alice@acme.example") || offered.Picture.Path == "" {
			t.Errorf("OfferApp() = %+v", offered)
		}
		again, err := w.OfferApp(w.alice, offered.Offer)
		if err != nil || again.Text != offered.Text || again.Offer != offered.Offer {
			t.Errorf("OfferApp() of the offer before = %+v, %v, want the same", again, err)
		}
		key := w.secret(offered)
		add := func(act factor.Act, offer, code string) func(*store.Writer) error {
			return func(tx *store.Writer) error {
				_, err := w.AddApp(t.Context(), tx, act, offer, code, "  My\ttelephone ")
				return err
			}
		}
		elsewhere := w.alice
		elsewhere.Owner = "att_another"
		w.refused("a wrong code", "code_wrong", add(w.alice, offered.Offer, another(w.code(key))))
		w.refused("by somebody else", "factor_over", add(w.bob, offered.Offer, w.code(key)))
		w.refused("in another sign-in", "factor_over", add(elsewhere, offered.Offer, w.code(key)))
		w.refused("without an offer", "factor_over", add(w.alice, "", w.code(key)))
		w.refused("with a made-up one", "factor_over", add(w.alice, base64.RawURLEncoding.EncodeToString(key), w.code(key)))
		w.many("adding one offer", add(w.alice, offered.Offer, w.code(key)), "factor_over")
		w.refused("for the second time", "factor_over", add(w.alice, offered.Offer, w.code(key)))

		have := w.factors(w.alice)
		if len(have) != 1 || have[0].Kind != sso.FactorTOTP || have[0].Name != "My telephone" || have[0].Step != otp.Step(w.Now()) || strings.Contains(string(have[0].Secret), string(key)) {
			t.Errorf("the factors are %+v", have)
		}
		if got, err := w.DBUser(w.alice); err != nil || !got.CredentialsAt.Equal(w.Now()) {
			t.Errorf("credentials since %v (%v), want now", got.CredentialsAt, err)
		}
		kinds, last := w.told(w.alice)
		if !slices.Equal(kinds, []string{"factor_added"}) || last["factor"] != "totp" || last["device"] != "Firefox, Linux" || last["place"] != "192.0.2.1" {
			t.Errorf("alice is told %v %v", kinds, last)
		}

		late, err := w.OfferApp(w.bob, "")
		if err != nil {
			t.Fatal(err)
		}
		w.advance(15 * time.Minute)
		w.refused("after its time", "factor_over", add(w.bob, late.Offer, w.code(w.secret(late))))
	})
}

// DBUser reads a user as they are stored.
func (w *world) DBUser(act factor.Act) (u sso.User, err error) {
	err = w.DB.Read(w.Context(), func(r *store.Reader) error {
		u, err = r.User(w.Context(), act.User.ID)
		return err
	})
	return u, err
}

func TestACodeOfAnAppWorksOnce(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		_, key := w.app(w.alice)
		_, second := w.app(w.alice)
		use := func(act factor.Act, code string) func(*store.Writer) error {
			return func(tx *store.Writer) error {
				_, err := w.UseApp(t.Context(), tx, act.User.ID, code)
				return err
			}
		}
		w.refused("the code that added it", "code_used", use(w.alice, w.code(key)))
		w.advance(30 * time.Second)
		w.refused("of somebody else", "code_wrong", use(w.bob, w.code(key)))
		w.many("using one code", use(w.alice, w.code(key)), "code_used")
		w.refused("once more", "code_used", use(w.alice, w.code(key)))
		w.write(use(w.alice, w.code(second))) // another app, another code
		w.advance(10 * time.Minute)
		w.refused("a wrong one", "code_wrong", use(w.alice, another(w.code(key))))
		w.write(use(w.alice, w.code(key)[:3]+" "+w.code(key)[3:]))
	})
}

func TestANumberIsAddedAndUsedByTheCodesItGets(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		offer := func(act factor.Act, number string) error {
			return w.try(func(tx *store.Writer) error { return w.OfferNumber(ctx, tx, act, number) })
		}
		sent := func() string {
			t.Helper()
			kinds, last := w.told(w.alice)
			if len(kinds) == 0 || kinds[len(kinds)-1] != "sms_code" {
				t.Fatalf("alice is told %v, want a code last", kinds)
			}
			return last["code"]
		}
		if err := offer(w.alice, "0151 234"); !fault.Is(err, "phone_form") {
			t.Errorf("OfferNumber() of no number = %v", err)
		}
		if _, err := w.CheckCode(ctx, w.alice, "123456"); !fault.Is(err, "code_over") {
			t.Errorf("CheckCode() without one = %v", err)
		}
		if err := offer(w.alice, "+49 151 23456789"); err != nil {
			t.Fatal(err)
		}
		code := sent()
		mallory := w.bob
		mallory.Owner = w.alice.Owner
		if _, err := w.CheckCode(ctx, mallory, code); !fault.Is(err, "code_over") {
			t.Errorf("CheckCode() by another person = %v", err)
		}
		if _, err := w.CheckCode(ctx, w.alice, another(code)); !fault.Is(err, "code_wrong") {
			t.Errorf("CheckCode() of a wrong one = %v", err)
		}
		proof, err := w.CheckCode(ctx, w.alice, code)
		if err != nil {
			t.Fatalf("CheckCode() = %v", err)
		}
		w.many("adding one number", func(tx *store.Writer) error {
			_, err := w.AddNumber(ctx, tx, w.alice, proof, "")
			return err
		}, "code_used")
		have := w.factors(w.alice)
		if len(have) != 1 || have[0].Phone != "+4915123456789" || have[0].Name != "" || have[0].Hint() != "89" {
			t.Fatalf("the factors are %+v", have)
		}
		if err := offer(w.alice, "0049 151 23456789"); !fault.Is(err, "phone_taken") {
			t.Errorf("OfferNumber() of the same = %v", err)
		}

		// To prove herself she gets another code, in another sign-in.
		w.alice.Owner = "att_2"
		w.advance(time.Second)
		w.write(func(tx *store.Writer) error { return w.SendCode(ctx, tx, w.alice, have[0].ID) })
		w.refused("of somebody else's number", "factor_unknown", func(tx *store.Writer) error { return w.SendCode(ctx, tx, w.bob, have[0].ID) })
		w.refused("at once again", "sms_limit", func(tx *store.Writer) error { return w.SendCode(ctx, tx, w.alice, have[0].ID) })
		proof, err = w.CheckCode(ctx, w.alice, sent())
		if err != nil {
			t.Fatalf("CheckCode() = %v", err)
		}
		w.refused("to add it again", "factor_over", func(tx *store.Writer) error {
			_, err := w.AddNumber(ctx, tx, w.alice, proof, "")
			return err
		})
		w.many("using one code", func(tx *store.Writer) error {
			f, err := w.UseNumber(ctx, tx, w.alice, proof)
			if err == nil && f.ID != have[0].ID {
				t.Errorf("UseNumber() = %s, want %s", f.ID, have[0].ID)
			}
			return err
		}, "code_used")
	})
}

func TestGuessesAtASentCodeAreCounted(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.write(func(tx *store.Writer) error { return w.OfferNumber(ctx, tx, w.alice, "+49 151 23456789") })
		_, last := w.told(w.alice)
		for range 5 {
			if _, err := w.CheckCode(ctx, w.alice, another(last["code"])); !fault.Is(err, "code_wrong") {
				t.Fatalf("CheckCode() of a wrong one = %v", err)
			}
		}
		if _, err := w.CheckCode(ctx, w.alice, last["code"]); !fault.Is(err, "code_over") {
			t.Errorf("CheckCode() of the right one after five wrong ones = %v", err)
		}
		// Each new code has new tries, but there are only so many.
		for n := range 5 {
			w.advance(time.Minute)
			err := w.try(func(tx *store.Writer) error { return w.OfferNumber(ctx, tx, w.alice, "+49 151 23456789") })
			if n < 4 && err != nil || n == 4 && !fault.Is(err, "sms_limit") {
				t.Errorf("code %d: OfferNumber() = %v", n+2, err)
			}
		}
		_, last = w.told(w.alice)
		w.advance(11 * time.Minute)
		if _, err := w.CheckCode(ctx, w.alice, last["code"]); !fault.Is(err, "code_over") {
			t.Errorf("CheckCode() after its time = %v", err)
		}
	})
}

func TestRecoveryCodesWorkOnceEach(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		var codes []string
		w.write(func(tx *store.Writer) (err error) {
			codes, err = w.NewRecoveryCodes(t.Context(), tx, w.alice)
			return err
		})
		if len(codes) != 10 {
			t.Fatalf("%d codes, want 10", len(codes))
		}
		use := func(act factor.Act, code string, want int) func(*store.Writer) error {
			return func(tx *store.Writer) error {
				left, err := w.UseRecoveryCode(t.Context(), tx, act, code)
				if err == nil && left != want {
					t.Errorf("%d are left, want %d", left, want)
				}
				return err
			}
		}
		w.refused("by somebody else", "code_wrong", use(w.bob, codes[0], 0))
		w.refused("one that is none", "code_wrong", use(w.alice, "123456", 0))
		w.advance(time.Second)
		w.many("using one recovery code", use(w.alice, strings.ToLower(codes[0]), 9), "code_wrong")
		w.write(use(w.alice, codes[1], 8))
		kinds, last := w.told(w.alice)
		if !slices.Equal(kinds, []string{"factor_added", "recovery_used", "recovery_used"}) || last["left"] == "" {
			t.Errorf("alice is told %v %v", kinds, last)
		}
		old := codes[2]
		w.write(func(tx *store.Writer) (err error) {
			codes, err = w.NewRecoveryCodes(t.Context(), tx, w.alice)
			return err
		})
		w.refused("of the set before", "code_wrong", use(w.alice, old, 0))
		w.write(use(w.alice, codes[2], 9))
	})
}

func TestFactorsAreRenamedAndRemoved(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		app, _ := w.app(w.alice)
		w.advance(time.Second)
		_, key := w.key(w.alice)
		w.app(w.bob)
		rename := func(act factor.Act, name string) func(*store.Writer) error {
			return func(tx *store.Writer) error { return w.Rename(ctx, tx, act, app.ID, name) }
		}
		w.refused("by somebody else", "factor_unknown", rename(w.bob, "Mine"))
		w.refused("to nothing", "factor_name", rename(w.alice, " \u202e "))
		w.refused("to a novel", "factor_name", rename(w.alice, strings.Repeat("x", 61)))
		w.write(rename(w.alice, "Work"))
		w.write(func(tx *store.Writer) error {
			return tx.InsertDevice(ctx, sso.Device{ID: "dev_1", User: w.alice.User.ID, CreatedAt: w.Now(), ExpiresAt: w.Now().Add(time.Hour)}, [32]byte{1})
		})
		remove := func(act factor.Act, id sso.FactorID) func(*store.Writer) error {
			return func(tx *store.Writer) error { return w.Remove(ctx, tx, act, id) }
		}
		w.demand(sso.MFARequired)
		w.refused("by somebody else", "factor_unknown", remove(w.bob, app.ID))
		w.advance(time.Second)
		// Two that remove one each must not leave the person without any.
		w.many("removing both at once", func(tx *store.Writer) error {
			have, err := tx.Factors(ctx, w.alice.User.ID)
			if err != nil {
				return err
			}
			return w.Remove(ctx, tx, w.alice, have[0].ID)
		}, "factor_last")
		have := w.factors(w.alice)
		if len(have) != 1 || have[0].ID != key.ID {
			t.Fatalf("the factors are %+v", have)
		}
		w.refused("the last one", "factor_last", remove(w.alice, key.ID))
		w.write(func(tx *store.Writer) error {
			if devices, err := tx.Devices(ctx, w.alice.User.ID); err != nil || len(devices) != 0 {
				t.Errorf("%d browsers are remembered after a removal (%v)", len(devices), err)
			}
			return nil
		})
		w.demand(sso.MFAOwners)
		w.write(remove(w.alice, key.ID)) // she is no owner
		kinds, last := w.told(w.alice)
		if n := len(kinds); n != 4 || kinds[3] != "factor_removed" || last["factor"] == "" {
			t.Errorf("alice is told %v %v", kinds, last)
		}
	})
}

func TestOffersAreNotReadFromAnything(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		for _, offer := range []string{"", "x", strings.Repeat("A", 5000), "====", base64.RawURLEncoding.EncodeToString(make([]byte, 100))} {
			got, err := w.OfferApp(w.alice, offer)
			if err != nil || got.Offer == offer {
				t.Errorf("OfferApp(%.20q) = %v, want a new one", offer, err)
			}
		}
		var f *fault.Error
		err := w.try(func(tx *store.Writer) error {
			_, err := w.UsePasskey(t.Context(), tx, w.alice, []byte("{}"))
			return err
		})
		if !errors.As(err, &f) || f.Code != "passkey_unreadable" {
			t.Errorf("UsePasskey() of nothing = %v", err)
		}
	})
}
