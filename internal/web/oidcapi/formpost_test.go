package oidcapi_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/sallyport/sallyport/internal/oidc"
)

// hidden finds the fields of a form that a page posts.
var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

// posted returns where the page has the browser post, and what.
func (r reply) posted(t *testing.T) (string, url.Values) {
	t.Helper()
	_, rest, found := strings.Cut(r.body, `<form method="post" action="`)
	if r.StatusCode != http.StatusOK || !found || strings.Count(r.body, "<form") != 1 {
		t.Fatalf("%s, want a page with one form: %s", r.Status, r.body)
	}
	action, _, _ := strings.Cut(rest, `"`)
	fields := url.Values{}
	for _, field := range hidden.FindAllStringSubmatch(rest, -1) {
		fields.Add(field[1], html.UnescapeString(field[2]))
	}
	return html.UnescapeString(action), fields
}

func TestTheAnswerIsPostedWhereTheAppAsksForThat(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	verifier := oauth2.GenerateVerifier()
	form := request("portal", "https://app.example/cb", verifier)
	form.Set("response_mode", "form_post")
	form.Set("state", `"><script>alert(1)</script>`)

	form.Set("prompt", "none")
	refused := s.ask(http.MethodGet, oidc.AuthorizePath+"?"+form.Encode(), "")
	if action, fields := refused.posted(t); action != "https://app.example/cb" || fields.Get("error") != "login_required" || fields.Get("state") != form.Get("state") || fields.Get("iss") != s.base {
		t.Errorf("a refusal is posted to %s with %v", action, fields)
	}

	s.signIn(s.session.Reveal())
	got := s.ask(http.MethodGet, oidc.AuthorizePath+"?"+form.Encode(), "")
	action, fields := got.posted(t)
	if action != "https://app.example/cb" || len(fields) != 3 || fields.Get("state") != form.Get("state") || fields.Get("iss") != s.base {
		t.Errorf("posted to %s with %v", action, fields)
	}
	policy := got.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("policy %q, want %s in it", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "form-action") || strings.Contains(got.body, "<script>") || strings.Contains(got.body, "onload") {
		t.Errorf("what runs in the page is ours alone: %q\n%s", policy, got.body)
	}
	if !strings.Contains(got.body, `<button class="button main" type="submit">Continue</button>`) || !strings.Contains(got.body, "/assets/post.") {
		t.Errorf("the page posts by itself, and by a button without scripts: %s", got.body)
	}
	if got.Header.Get("Cache-Control") != "no-store" || got.Header.Get("Location") != "" {
		t.Errorf("headers %v", got.Header)
	}
	tokens := s.ask(http.MethodPost, oidc.TokenPath, url.Values{
		"grant_type": {"authorization_code"}, "code": {fields.Get("code")}, "redirect_uri": {"https://app.example/cb"}, "code_verifier": {verifier},
		"client_id": {"portal"}, "client_secret": {clientSecret},
	}.Encode())
	if tokens.StatusCode != http.StatusOK {
		t.Errorf("the code that was posted: %s %s", tokens.Status, tokens.body)
	}
}

func TestThePagesSpeakTheLanguageThatTheAppAsksFor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, tc := range []struct {
		name, locales, want string
	}{
		{"ours", "fr-CA de-CH en", "de"},
		{"again, nothing to say", "de", ""},
		{"none of ours", "fr x-klingon", "gone"},
		{"nothing asked for", "", ""},
		{"no language at all", "de;q=1,%00", ""},
	} {
		form := request("portal", "https://app.example/cb", "v")
		form.Set("ui_locales", tc.locales)
		got := s.ask(http.MethodGet, oidc.AuthorizePath+"?"+form.Encode(), "")
		said := ""
		for _, c := range got.Cookies() {
			if c.Name == "sallyport-language" {
				if said = c.Value; c.MaxAge < 0 {
					said = "gone"
				}
			}
		}
		if got.body != "sign in" || said != tc.want {
			t.Errorf("%s: %s %s, the browser is told %q, want %q", tc.name, got.Status, got.body, said, tc.want)
		}
	}
}
