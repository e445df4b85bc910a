package grant_test

import (
	"context"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

func TestAuthorizeAsksForASignIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	h.wait(time.Hour)
	for name, tc := range map[string]struct {
		person *sso.Person
		more   []string
		fresh  bool
	}{
		"nobody is there": {nil, nil, false},
		"login":           {h.person(), []string{"prompt", "login"}, true},
		"select_account":  {h.person(), []string{"prompt", "select_account"}, false},
		"nobody, login":   {nil, []string{"prompt", "login"}, true},
		"nobody, max_age": {nil, []string{"max_age", "300"}, true},
		"max_age":         {h.person(), []string{"max_age", "3599"}, true},
		"max_age=0":       {h.person(), []string{"max_age", "0"}, true},
	} {
		out, err := h.Authorize(t.Context(), request(&h.portal, append(tc.more, "login_hint", "bob@acme.example")...), tc.person)
		if err != nil || out.URL != "" || out.SignIn == nil {
			t.Errorf("%s: Authorize() = %+v, %v, want a sign-in", name, out, err)
			continue
		}
		if out.SignIn.App != h.portal.ID || out.SignIn.LoginHint != "bob@acme.example" || out.SignIn.Fresh != tc.fresh {
			t.Errorf("%s: Authorize() = %+v", name, *out.SignIn)
		}
		// What was asked for is met by the session that the sign-in gives.
		done, err := h.resume(out.SignIn.Request, h.person().Session)
		if err != nil || done.Refused != "" || done.SignIn != nil || query(t, done.URL).Get("code") == "" || query(t, done.URL).Get("state") != "s-1" {
			t.Errorf("%s: Resume() = %+v, %v, want a code", name, done, err)
		}
	}
	if out, err := h.Authorize(t.Context(), request(&h.portal, "max_age", "3600"), h.person()); err != nil || out.SignIn != nil {
		t.Errorf("twin: Authorize() = %+v, %v, want a code", out, err)
	}
}

func TestAuthorizeTellsTheAppWithoutAPage(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	for name, tc := range map[string]struct {
		more []string
		code oidc.Code
	}{
		"prompt=none and nobody there": {[]string{"prompt", "none"}, oidc.LoginRequired},
		"no openid":                    {[]string{"scope", "profile"}, oidc.InvalidScope},
		"implicit":                     {[]string{"response_type", "token"}, oidc.UnsupportedResponseType},
	} {
		out, err := h.Authorize(t.Context(), request(&h.portal, tc.more...), nil)
		if err != nil || out.Refused != tc.code || query(t, out.URL).Get("error") != string(tc.code) || query(t, out.URL).Get("iss") != issuer {
			t.Errorf("%s: Authorize() = %+v, %v", name, out, err)
		}
	}
	for name, tc := range map[string]struct {
		more []string
		code string
	}{
		"unknown client":    {[]string{"client_id", "nobody"}, "oidc_client_unknown"},
		"client like SQL":   {[]string{"client_id", "' or 1=1 --"}, "oidc_client_unknown"},
		"another app's URI": {[]string{"redirect_uri", h.native.RedirectURIs[0]}, "oidc_redirect_uri"},
	} {
		if out, err := h.Authorize(t.Context(), request(&h.portal, tc.more...), h.person()); !fault.Is(err, tc.code) || out.URL != "" {
			t.Errorf("%s: Authorize() = %+v, %v, want %s on a page", name, out, err, tc.code)
		}
	}
}

func TestResumeJudgesTheRequestAnew(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	out, err := h.Authorize(t.Context(), request(&h.portal), nil)
	if err != nil {
		t.Fatal(err)
	}
	h.portal.RedirectURIs = []string{"https://app.example/new"}
	h.write(func(ctx context.Context, tx *store.Writer) error { return tx.SaveApp(ctx, h.portal) })
	if done, err := h.resume(out.SignIn.Request, h.person().Session); !fault.Is(err, "oidc_redirect_uri") {
		t.Errorf("Resume() = %+v, %v, want oidc_redirect_uri: the app no longer has that URI", done, err)
	}
}

func TestHintHoldsTheAnswerToThePersonItNames(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	tokens, err := h.exchange(&h.portal, h.code(&h.portal))
	if err != nil {
		t.Fatal(err)
	}
	h.wait(2 * time.Hour) // an expired id token is a hint all the same
	other := h.person()
	other.Session.User = "usr_other"
	for name, tc := range map[string]struct {
		person  *sso.Person
		more    []string
		refused oidc.Code
		signIn  bool
	}{
		"that person":              {h.person(), []string{"id_token_hint", tokens.IDToken, "prompt", "none"}, "", false},
		"another person, none":     {other, []string{"id_token_hint", tokens.IDToken, "prompt", "none"}, oidc.LoginRequired, false},
		"another person":           {other, []string{"id_token_hint", tokens.IDToken}, "", true},
		"unreadable hint, none":    {h.person(), []string{"id_token_hint", tokens.IDToken + "x", "prompt", "none"}, oidc.LoginRequired, false},
		"unreadable hint":          {h.person(), []string{"id_token_hint", tokens.IDToken + "x"}, "", false},
		"another app's hint, none": {h.person(), []string{"client_id", "native", "redirect_uri", "https://spa.example/cb", "id_token_hint", tokens.IDToken, "prompt", "none"}, oidc.LoginRequired, false},
	} {
		out, err := h.Authorize(t.Context(), request(&h.portal, tc.more...), tc.person)
		if err != nil || out.Refused != tc.refused || (out.SignIn != nil) != tc.signIn {
			t.Errorf("%s: Authorize() = %+v, %v", name, out, err)
		}
	}
	out, err := h.resume(request(&h.portal, "id_token_hint", tokens.IDToken).Encode(), other.Session)
	if err != nil || out.Refused != oidc.LoginRequired {
		t.Errorf("Resume() as another person = %+v, %v, want login_required", out, err)
	}
}

func TestAllowsOrigin(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	for name, tc := range map[string]struct {
		client, origin string
		want           bool
	}{
		"its own page":     {"native", "https://spa.example", true},
		"another page":     {"native", "https://evil.example", false},
		"keeps a secret":   {"portal", "https://app.example", false},
		"unknown client":   {"nobody", "https://spa.example", false},
		"a page of nobody": {"native", "null", false},
	} {
		if got, err := h.AllowsOrigin(t.Context(), tc.client, tc.origin); err != nil || got != tc.want {
			t.Errorf("%s: AllowsOrigin() = %v, %v, want %v", name, got, err, tc.want)
		}
	}
}
