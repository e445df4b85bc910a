package oidcapi_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	coreoidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/sallyport/sallyport/internal/oidc"
)

// An ordinary library renews its tokens when they are over.
func TestAnOrdinaryClientStaysSignedIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.signIn(s.session.Reveal())
	provider, err := coreoidc.NewProvider(t.Context(), s.base)
	if err != nil {
		t.Fatal(err)
	}
	for name, app := range map[string]oauth2.Config{
		"keeps a secret": {ClientID: "portal", ClientSecret: clientSecret, RedirectURL: "https://app.example/cb", Endpoint: provider.Endpoint()},
		"public":         {ClientID: "spa", RedirectURL: "https://spa.example/cb", Endpoint: style(provider, oauth2.AuthStyleInParams)},
	} {
		app.Scopes = []string{"openid", "email", "offline_access"}
		verifier := oauth2.GenerateVerifier()
		answer := s.ask(http.MethodGet, strings.TrimPrefix(app.AuthCodeURL("s-1", oauth2.S256ChallengeOption(verifier)), s.base), "")
		tokens, err := app.Exchange(t.Context(), answer.location(t).Get("code"), oauth2.VerifierOption(verifier))
		if err != nil || tokens.RefreshToken == "" {
			t.Fatalf("%s: %+v, %v", name, tokens, err)
		}
		stale := *tokens
		stale.Expiry = time.Now().Add(-time.Minute)
		source := app.TokenSource(t.Context(), &stale)
		next, err := source.Token()
		if err != nil || next.AccessToken == tokens.AccessToken || next.RefreshToken == tokens.RefreshToken {
			t.Fatalf("%s: renewed to %+v, %v", name, next, err)
		}
		if _, err := provider.UserInfo(t.Context(), source); err != nil {
			t.Errorf("%s: userinfo: %v", name, err)
		}
		form := url.Values{"token": {next.RefreshToken}, "client_id": {app.ClientID}}
		if app.ClientSecret != "" {
			form.Set("client_secret", app.ClientSecret)
		}
		header := "Origin: https://spa.example"
		if got := s.ask(http.MethodPost, oidc.RevokePath, form.Encode(), header); got.StatusCode != http.StatusOK || got.body != "" || (got.Header.Get("Access-Control-Allow-Origin") != "") != (name == "public") {
			t.Errorf("%s: revoke: %s %s %v", name, got.Status, got.body, got.Header)
		}
		if _, err := provider.UserInfo(t.Context(), source); err == nil {
			t.Errorf("%s: userinfo after all was revoked", name)
		}
	}
}

func TestIntrospectionIsForWhoKeepsASecret(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.signIn(s.session.Reveal())
	verifier := oauth2.GenerateVerifier()
	answer := s.ask(http.MethodGet, oidc.AuthorizePath+"?"+request("spa", "https://spa.example/cb", verifier).Encode(), "")
	form := url.Values{"grant_type": {"authorization_code"}, "code": {answer.location(t).Get("code")}, "redirect_uri": {"https://spa.example/cb"}, "code_verifier": {verifier}, "client_id": {"spa"}}
	var tokens struct {
		Access string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(s.ask(http.MethodPost, oidc.TokenPath, form.Encode()).body), &tokens); err != nil || tokens.Access == "" {
		t.Fatal("no tokens", err)
	}
	question := url.Values{"token": {tokens.Access}, "client_id": {"portal"}, "client_secret": {clientSecret}}
	got := s.ask(http.MethodPost, oidc.IntrospectPath, question.Encode(), "Origin: https://app.example")
	var said map[string]any
	if err := json.Unmarshal([]byte(got.body), &said); err != nil || said["active"] != true || said["client_id"] != "spa" || said["token_type"] != "Bearer" || said["scope"] != "openid email" {
		t.Errorf("introspection: %s %s", got.Status, got.body)
	}
	if got.Header.Get("Access-Control-Allow-Origin") != "" || got.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("introspection: headers %v", got.Header)
	}
	for name, tc := range map[string]struct {
		change url.Values
		status int
		body   string
	}{
		"a token that is none": {url.Values{"token": {"x"}}, 200, `{"active":false}`},
		"a wrong secret":       {url.Values{"client_secret": {"x"}}, 401, "invalid_client"},
		"a public client":      {url.Values{"client_id": {"spa"}, "client_secret": {""}}, 401, "invalid_client"},
		"no token":             {url.Values{"token": {""}}, 400, "invalid_request"},
	} {
		form := url.Values{}
		for _, from := range []url.Values{question, tc.change} {
			for name, values := range from {
				form[name] = values
			}
		}
		if got := s.ask(http.MethodPost, oidc.IntrospectPath, form.Encode()); got.StatusCode != tc.status || !strings.Contains(got.body, tc.body) {
			t.Errorf("%s: %s %s, want %d %s", name, got.Status, got.body, tc.status, tc.body)
		}
	}
}
