package grant_test

import (
	"context"
	"encoding/json"
	"net/url"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// told returns what an access token tells.
func (h *house) told(tokens oidc.TokenResponse) map[string]any {
	h.Helper()
	info, err := h.Userinfo(h.Context(), tokens.AccessToken)
	if err != nil {
		h.Fatal(err)
	}
	var said map[string]any
	if err := json.Unmarshal(info.Claims.JSON(), &said); err != nil {
		h.Fatal(err)
	}
	return said
}

func TestWhatIsAskedForOneByOneIsToldAndNoMore(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		tokens, err := h.exchange(&h.portal, h.code(&h.portal, "scope", "openid groups offline_access",
			"claims", `{"userinfo":{"name":{"essential":true},"picture":null},"id_token":{"email":null,"email_verified":{"value":false}}}`))
		if err != nil {
			h.Fatal(err)
		}
		check := func(what string, tokens oidc.TokenResponse) {
			h.Helper()
			for where, said := range map[string]map[string]any{"userinfo": h.told(tokens), "the id token": payload(h.T, tokens.IDToken)} {
				if said["name"] != "Alice Sato" || said["email"] != "alice@acme.example" || said["email_verified"] != true || said["groups"] == nil {
					h.Errorf("%s: %s says %v", what, where, said)
				}
				for _, none := range []string{"given_name", "preferred_username", "updated_at", "picture"} {
					if said[none] != nil {
						h.Errorf("%s: %s says %s, which was not asked for", what, where, none)
					}
				}
			}
		}
		check("at first", tokens)
		renewed, err := h.renewBy(tokens, "")
		if err != nil {
			h.Fatal(err)
		}
		check("renewed", renewed)
		narrow, err := h.renewBy(renewed, "openid")
		if err != nil {
			h.Fatal(err)
		}
		if said := h.told(narrow); said["name"] != nil || said["groups"] != nil || payload(h.T, narrow.IDToken)["name"] != nil {
			h.Errorf("for a part of the scope: %v", said)
		}
	})
}

// renewBy presents the refresh token of the portal.
func (h *house) renewBy(tokens oidc.TokenResponse, scope string) (oidc.TokenResponse, error) {
	h.Helper()
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.RefreshToken.Reveal()}, "client_id": {"portal"}, "client_secret": {pass}, "scope": {scope}}
	r, err := oidc.ReadToken(nil, "", form.Encode())
	if err != nil {
		h.Fatal(err)
	}
	return h.Exchange(h.Context(), r)
}

func TestNobodyElseWillDo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	h.wait(time.Hour)
	alice := `{"id_token":{"sub":{"value":"` + string(h.user.ID) + `"}}}`
	tokens, err := h.exchange(&h.portal, h.code(&h.portal, "claims", alice, "prompt", "none"))
	if err != nil || payload(t, tokens.IDToken)["sub"] != string(h.user.ID) {
		t.Fatalf("twin: %v", err)
	}
	const bob = `{"id_token":{"sub":{"value":"usr_bob"}}}`
	out, err := h.Authorize(t.Context(), request(&h.portal, "claims", bob, "prompt", "none"), h.person())
	if err != nil || out.Refused != oidc.LoginRequired {
		t.Errorf("without a page: %+v, %v, want login_required", out, err)
	}
	out, err = h.Authorize(t.Context(), request(&h.portal, "claims", bob), h.person())
	if err != nil || out.SignIn == nil {
		t.Fatalf("with a page: %+v, %v, want a sign-in", out, err)
	}
	if done, err := h.resume(out.SignIn.Request, h.person().Session); err != nil || done.Refused != oidc.LoginRequired {
		t.Errorf("Alice has signed in again: %+v, %v, want login_required", done, err)
	}
	// A hint that says one and a claim that says the other want nobody.
	out, err = h.Authorize(t.Context(), request(&h.portal, "claims", bob, "id_token_hint", tokens.IDToken, "prompt", "none"), h.person())
	if err != nil || out.Refused != oidc.LoginRequired {
		t.Errorf("two people: %+v, %v, want login_required", out, err)
	}
}

func TestAnAppThatDemandsTwoFactorsGetsNobodyWithOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	h.wait(time.Hour)
	const demand = `{"id_token":{"acr":{"essential":true,"values":["urn:sallyport:mfa"]}}}`
	out, err := h.Authorize(t.Context(), request(&h.portal, "claims", demand), h.person())
	if err != nil || out.SignIn == nil {
		t.Fatalf("%+v, %v, want a sign-in", out, err)
	}
	session := h.person().Session
	if done, err := h.resume(out.SignIn.Request, session); err != nil || done.Refused != oidc.UnmetAuthentication || query(t, done.URL).Get("code") != "" {
		t.Errorf("signed in with a password alone: %+v, %v, want unmet_authentication_requirements", done, err)
	}
	session.ID, session.AMR, session.AuthTime = sso.NewSessionID(h.Now()), []string{"pwd", "otp", "mfa"}, h.Now()
	h.write(func(ctx context.Context, tx *store.Writer) error {
		return tx.InsertSession(ctx, session, secret.NewToken().Hash())
	})
	done, err := h.resume(out.SignIn.Request, session)
	if err != nil || done.Refused != "" {
		t.Fatalf("signed in with two: %+v, %v, want a code", done, err)
	}
	tokens, err := h.exchange(&h.portal, query(t, done.URL).Get("code"))
	if err != nil || payload(t, tokens.IDToken)["acr"] != "urn:sallyport:mfa" {
		t.Errorf("the id token says %v, %v", payload(t, tokens.IDToken)["acr"], err)
	}
}

func TestWhatAnAppAsksOfASignIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	h.wait(time.Hour)
	essential := func(acr string) []string {
		return []string{"claims", `{"id_token":{"acr":{"essential":true,"value":"` + acr + `"}}}`}
	}
	asks := func(person *sso.Person, more ...string) grant.Outcome {
		t.Helper()
		out, err := h.Authorize(t.Context(), request(&h.portal, more...), person)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	type want struct {
		demand sso.AppDemand
		raise  bool
	}
	for name, tc := range map[string]struct {
		person *sso.Person
		more   []string
		want   want
	}{
		"two factors":              {h.person(), essential("urn:sallyport:mfa"), want{sso.DemandFactor, true}},
		"a key":                    {h.person(), essential("phr"), want{sso.DemandKey, true}},
		"of nobody yet":            {nil, essential("urn:sallyport:mfa"), want{sso.DemandFactor, false}},
		"anew":                     {h.person(), append(essential("urn:sallyport:mfa"), "prompt", "login"), want{sso.DemandFactor, false}},
		"by a proof of this hour":  {h.person(), append(essential("urn:sallyport:mfa"), "max_age", "60"), want{sso.DemandFactor, false}},
		"after a choice":           {h.person(), append(essential("urn:sallyport:mfa"), "prompt", "select_account"), want{sso.DemandFactor, false}},
		"liked, of nobody yet":     {nil, []string{"acr_values", "phr"}, want{sso.LikeKey, false}},
		"liked or less, of nobody": {nil, []string{"acr_values", "urn:sallyport:mfa urn:sallyport:1fa"}, want{"", false}},
	} {
		out := asks(tc.person, tc.more...)
		if out.SignIn == nil || (want{out.SignIn.Demand, out.SignIn.Raise}) != tc.want {
			t.Errorf("%s: %+v, want %+v", name, out.SignIn, tc.want)
		}
	}
	// What nobody can meet asks nobody anything.
	if out := asks(nil, essential("urn:mace:gold")...); out.Refused != oidc.UnmetAuthentication {
		t.Errorf("an unknown acr: %+v, want unmet_authentication_requirements", out)
	}
	// A wish is worth a page where it can be fulfilled.
	if out := asks(h.person(), "acr_values", "urn:sallyport:mfa"); out.SignIn != nil || out.Refused != "" {
		t.Errorf("a wish that cannot be fulfilled: %+v, want a code", out)
	}
	h.write(func(ctx context.Context, tx *store.Writer) error {
		return tx.InsertFactor(ctx, sso.Factor{ID: sso.NewFactorID(h.Now()), User: h.user.ID, Kind: sso.FactorTOTP, Secret: []byte{1}, CreatedAt: h.Now()})
	})
	if out := asks(h.person(), "acr_values", "urn:sallyport:mfa"); out.SignIn == nil || (want{out.SignIn.Demand, out.SignIn.Raise}) != (want{sso.LikeFactor, true}) {
		t.Errorf("a wish that can be fulfilled: %+v, want a sign-in", out)
	}
	if out := asks(h.person(), "acr_values", "phr"); out.SignIn != nil || out.Refused != "" {
		t.Errorf("the wish for a key, and there is an app: %+v, want a code", out)
	}
	if out := asks(h.person(), "acr_values", "urn:sallyport:mfa", "prompt", "none"); out.SignIn != nil || out.Refused != "" {
		t.Errorf("a wish where no page may be shown: %+v, want a code", out)
	}
	if out := asks(h.person(), append(essential("urn:sallyport:mfa"), "prompt", "none")...); out.Refused != oidc.LoginRequired {
		t.Errorf("a demand where no page may be shown: %+v, want login_required", out)
	}
}
