package signin_test

import (
	"encoding/base32"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/otp"
	"github.com/sallyport/sallyport/internal/passkeytest"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

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

// A sub-organization may demand a second factor of its own people. What is
// added there must not open what one of them administers above it, to whoever
// runs its identity provider.
func TestNoPasskeyIsAddedBeyondTheIdentityProvider(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.apply(apac + "    policy: {mfa: required, mfa_after_sso: ask}\n")
		enrols := func() sso.Attempt {
			a, err := w.Begin(ctx, w.browser, signin.Start{OrgKey: "acme-apac"})
			if err != nil {
				t.Fatal(err)
			}
			f := w.depart(a, "apac-idp")
			if err := w.respond(f, w.answer(f, about("mallory@acme.example"))); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Finish(ctx, w.browser, a.ID, signin.AskFirst); !fault.Is(err, "attempt_step") {
				t.Fatalf("Finish() = %v, want attempt_step", err)
			}
			return a
		}
		add := func(a sso.Attempt) error {
			key := passkeytest.New(t)
			offered, err := w.Offer(ctx, w.browser, a.ID, sso.FactorPasskey, "")
			if err != nil {
				return err
			}
			_, _, err = w.Enrol(ctx, w.browser, a.ID, signin.Addition{Kind: sso.FactorPasskey, Response: key.Create(offered.Passkey, baseURL)})
			return err
		}
		mallory := w.someone("mallory")
		begun := enrols()
		raised := sso.Membership{User: mallory.ID, Role: sso.RoleAdmin, CreatedAt: w.now, UpdatedAt: w.now}
		err := w.DB.Write(ctx, func(tx *store.Writer) error {
			acme, err := tx.OrganizationByKey(ctx, "acme")
			raised.Org = acme.ID
			return errors.Join(err, tx.Org(acme.ID).SaveMembership(ctx, raised))
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := add(begun); !fault.Is(err, "key_beyond") {
			t.Errorf("an administrator above: %v, want key_beyond", err)
		}
		w.enrolApp(begun) // asks for nothing but what is a second factor
		if err := w.DB.Write(ctx, func(tx *store.Writer) error { return tx.Org(raised.Org).RemoveMembership(ctx, mallory.ID, w.now) }); err != nil {
			t.Fatal(err)
		}
		w.apply("organizations: [{key: plain, policy: {mfa: required}}]")
		if err := add(w.proven("paul", sso.StepEnrol)); err != nil {
			t.Errorf("by a password: %v", err)
		}
	})
}
