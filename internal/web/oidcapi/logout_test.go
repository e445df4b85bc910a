package oidcapi_test

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/oidc"
)

// SignOut stands in for the pages that end the session.
func (s *site) SignOut(w http.ResponseWriter, _ *http.Request, to string) error {
	s.left = append(s.left, to)
	_, err := io.WriteString(w, "signed out")
	return err
}

// AskToSignOut stands in for the page that asks first.
func (s *site) AskToSignOut(w http.ResponseWriter, _ *http.Request, action, request, app string) error {
	s.questions = append(s.questions, request)
	_, err := io.WriteString(w, "asks for "+app+" at "+action)
	return err
}

// idToken signs the person in to the portal and returns what it gets.
func (s *site) idToken() string {
	s.Helper()
	verifier := strings.Repeat("v", 43)
	s.signIn(s.session.Reveal())
	answer := s.ask(http.MethodGet, oidc.AuthorizePath+"?"+request("portal", "https://app.example/cb", verifier).Encode(), "")
	form := url.Values{"grant_type": {"authorization_code"}, "code": {answer.location(s.T).Get("code")}, "redirect_uri": {"https://app.example/cb"}, "code_verifier": {verifier}, "client_id": {"portal"}, "client_secret": {clientSecret}}
	got := s.ask(http.MethodPost, oidc.TokenPath, form.Encode())
	_, rest, _ := strings.Cut(got.body, `"id_token":"`)
	token, _, ok := strings.Cut(rest, `"`)
	if !ok {
		s.Fatalf("%s: %s", got.Status, got.body)
	}
	return token
}

func TestLogoutOnTheWire(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	hint := s.idToken()
	form := url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {"https://app.example/bye"}, "state": {"s-1"}}

	if got := s.ask(http.MethodGet, oidc.LogoutPath+"?"+form.Encode(), ""); got.body != "signed out" || len(s.left) != 1 || s.left[0] != "https://app.example/bye?state=s-1" {
		t.Errorf("with its id token: %s %s, to %q", got.Status, got.body, s.left)
	}
	// A form of the app's brings no cookie of ours, and is sent on to where it does.
	got := s.ask(http.MethodPost, oidc.LogoutPath, form.Encode(), "Origin: https://app.example")
	if to, err := got.Location(); err != nil || got.StatusCode != http.StatusSeeOther || to.Path != oidc.LogoutPath || to.Query().Get("id_token_hint") != hint {
		t.Errorf("posted: %s %v %v", got.Status, to, err)
	}

	form.Del("id_token_hint")
	form.Set("client_id", "portal")
	s.left = nil
	if got := s.ask(http.MethodGet, oidc.LogoutPath+"?"+form.Encode(), ""); got.body != "asks for Portal at /oauth2/logout/confirm" || len(s.left) != 0 {
		t.Fatalf("without it: %s %s, to %q", got.Status, got.body, s.left)
	}
	form.Set("ui_locales", "de en")
	again := s.ask(http.MethodGet, oidc.LogoutPath+"?"+form.Encode(), "")
	if to := again.location(t); again.StatusCode != http.StatusSeeOther || to.Has("ui_locales") || to.Get("client_id") != "portal" || !strings.Contains(again.Header.Get("Set-Cookie"), "sallyport-language=de") {
		t.Errorf("in German: %s to %v with %v", again.Status, to, again.Header["Set-Cookie"])
	}
	form.Del("ui_locales")
	confirm := url.Values{"request": {s.questions[0]}}.Encode()
	if got := s.ask(http.MethodPost, "/oauth2/logout/confirm", confirm, "Origin: https://app.example", "Sec-Fetch-Site: cross-site"); got.StatusCode != http.StatusForbidden || len(s.left) != 0 {
		t.Errorf("a yes that another site says: %s %s, to %q", got.Status, got.body, s.left)
	}
	if got := s.ask(http.MethodPost, "/oauth2/logout/confirm", confirm, "Origin: "+s.base, "Sec-Fetch-Site: same-origin"); got.body != "signed out" || len(s.left) != 1 || s.left[0] != "https://app.example/bye?state=s-1" {
		t.Errorf("a yes: %s %s, to %q", got.Status, got.body, s.left)
	}
	for name, request := range map[string]string{
		"another URI": "client_id=portal&post_logout_redirect_uri=" + url.QueryEscape("https://evil.example/"),
		"no client":   "client_id=nobody",
	} {
		s.left = nil
		forged := url.Values{"request": {request}}.Encode()
		if got := s.ask(http.MethodPost, "/oauth2/logout/confirm", forged, "Origin: "+s.base, "Sec-Fetch-Site: same-origin"); got.StatusCode != http.StatusBadRequest || len(s.left) != 0 {
			t.Errorf("%s: %s %s, to %q", name, got.Status, got.body, s.left)
		}
	}
	if got := s.ask(http.MethodGet, oidc.LogoutPath+"?post_logout_redirect_uri=https%3A%2F%2Fevil.example", ""); len(s.left) != 0 || !strings.HasPrefix(got.body, "asks for  at") {
		t.Errorf("of nobody: %s %s, to %q", got.Status, got.body, s.left)
	}
}
