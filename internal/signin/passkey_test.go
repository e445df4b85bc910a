package signin_test

import (
	"slices"
	"testing"

	"github.com/sallyport/sallyport/internal/factor"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/passkeytest"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// key gives somebody a passkey.
func (w *world) key(username string) *passkeytest.Authenticator {
	w.Helper()
	a := passkeytest.New(w.TB)
	act := factor.Act{User: w.someone(username), Owner: "ses_1"}
	err := w.DB.Write(w.Context(), func(tx *store.Writer) error {
		options, err := w.Factors.OfferPasskey(w.Context(), tx.Reader, act)
		if err != nil {
			return err
		}
		_, err = w.Factors.AddPasskey(w.Context(), tx, act, a.Create(options, baseURL), "")
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return a
}

func TestASecurityKeyProvesBesideAPassword(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		key := w.key("paul")
		a := w.proven("paul", sso.StepFactor)
		asked, err := w.Asked(t.Context(), w.browser, a.ID)
		if err != nil || asked.Passkey == nil {
			t.Fatalf("Asked() = %+v, %v", asked, err)
		}
		other := w.proven("paul", sso.StepFactor)
		response := key.Get(asked.Passkey, baseURL)
		if err := w.answer2(other, signin.Answer{By: sso.SecondPasskey, Response: response}); !fault.Is(err, "factor_over") {
			t.Errorf("in another sign-in: %v", err)
		}
		if err := w.answer2(a, signin.Answer{By: sso.SecondPasskey, Response: key.Get(asked.Passkey, "https://evil.com")}); !fault.Is(err, "passkey_refused") {
			t.Errorf("from a phishing site: %v", err)
		}
		if err := w.answer2(a, signin.Answer{By: sso.SecondPasskey, Response: response}); err != nil {
			t.Fatal(err)
		}
		if done := w.mustFinish(a); !slices.Equal(done.Session.AMR, []string{"pwd", "pop", "mfa"}) {
			t.Errorf("the session says %v", done.Session.AMR)
		}
		if err := w.answer2(other, signin.Answer{By: sso.SecondPasskey, Response: response}); !fault.Is(err, "factor_over") {
			t.Errorf("once more: %v", err)
		}
	})
}

func TestAPasskeyAloneSignsIn(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.apply(`organizations: [{key: plain, policy: {mfa: required}}]`)
		key := w.key("paul")
		ask := func() []byte {
			t.Helper()
			options, err := w.AskPasskey(w.browser)
			if err != nil || options == nil {
				t.Fatalf("AskPasskey() = %s, %v", options, err)
			}
			return options
		}
		a, err := w.Passkey(ctx, w.browser, "", key.Get(ask(), baseURL))
		if err != nil || a.Next() != sso.StepFinish {
			t.Fatalf("Passkey() leads to %s, %v", a.Next(), err)
		}
		if done := w.mustFinish(a); !slices.Equal(done.Session.AMR, []string{"pop", "user", "mfa"}) {
			t.Errorf("the session says %v", done.Session.AMR)
		}
		// Within a sign-in that an app has begun, it goes on.
		begun, err := w.Begin(ctx, w.browser, signin.Start{App: "app_1", Request: "client_id=x"})
		if err != nil {
			t.Fatal(err)
		}
		a, err = w.Passkey(ctx, w.browser, begun.ID, key.Get(ask(), baseURL))
		if err != nil || a.ID != begun.ID || a.Request != "client_id=x" {
			t.Fatalf("Passkey() = %s for %q, %v", a.ID, a.Request, err)
		}
		if _, err := w.Passkey(ctx, w.browser, begun.ID, key.Get(ask(), baseURL)); !fault.Is(err, "attempt_step") {
			t.Errorf("once it is proved: %v", err)
		}
		// At another organization's sign-on URL there is nobody of that key.
		elsewhere, err := w.Begin(ctx, w.browser, signin.Start{OrgKey: "acme"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Passkey(ctx, w.browser, elsewhere.ID, key.Get(ask(), baseURL)); !fault.Is(err, "membership_missing") {
			t.Errorf("at another organization: %v", err)
		}
		response := key.Get(ask(), baseURL)
		thief := newBrowser()
		if _, err := w.Passkey(ctx, thief, "", response); !fault.Is(err, "factor_over") {
			t.Errorf("by another browser: %v", err)
		}
		if _, err := w.Passkey(ctx, w.browser, "", key.Get(ask(), baseURL, func(c *passkeytest.Ceremony) { c.Flags = passkeytest.UserPresent })); !fault.Is(err, "passkey_refused") {
			t.Errorf("by a touch alone: %v", err)
		}
		if options, err := w.AskPasskey(signin.Browser{}); options != nil || err != nil {
			t.Errorf("AskPasskey() of a browser without cookies = %s, %v", options, err)
		}
		// Where single sign-on is required, a passkey is no way around it.
		carol := w.key("carol")
		a, err = w.Passkey(ctx, w.browser, "", carol.Get(ask(), baseURL))
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Finish(ctx, w.browser, a.ID, signin.Switch)
		w.mustRefuse(err, "policy_sso_required")
	})
}
