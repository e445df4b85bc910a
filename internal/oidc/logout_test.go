package oidc_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/oidc"
)

func TestReadLogoutRefuses(t *testing.T) {
	t.Parallel()
	for name, form := range map[string]url.Values{
		"two hints":             {"id_token_hint": {"a", "b"}},
		"two addresses":         {"post_logout_redirect_uri": {"https://a.example", "https://b.example"}},
		"a long client":         {"client_id": {strings.Repeat("x", oidc.MaxClientID+1)}},
		"a long address":        {"post_logout_redirect_uri": {"https://a.example/" + strings.Repeat("x", oidc.MaxRedirectURI)}},
		"a line break in state": {"state": {"a\r\nLocation: https://evil.example"}},
		"no UTF-8":              {"state": {"\xff"}},
	} {
		if r, err := oidc.ReadLogout(form); !fault.Is(err, "oidc_logout_request") {
			t.Errorf("%s: ReadLogout() = %+v, %v", name, r, err)
		}
	}
	r, err := oidc.ReadLogout(url.Values{"id_token_hint": {strings.Repeat("x", 20<<10)}, "ui_locales": {"de en"}, "logout_hint": {"alice"}, "unknown": {"a", "b"}})
	if err != nil || len(r.UILocales) != 2 || len(r.IDTokenHint) != 20<<10 {
		t.Errorf("twin: ReadLogout() = %v", err)
	}
}

// FuzzLogoutReturn: whoever is sent anywhere is sent to a registered address,
// with nothing but a state behind it.
func FuzzLogoutReturn(f *testing.F) {
	registered := []string{"https://app.example/bye", "https://app.example/bye?from=sso", "com.example.app:/bye"}
	for _, uri := range append(slices.Clone(registered), "https://app.example/bye/", "https://app.example/bye?", "https://app.example/bye#x", "//app.example/bye", "") {
		f.Add(uri, "s-1")
		f.Add(uri, "a&b=c\"><#")
	}
	f.Fuzz(func(t *testing.T, uri, state string) {
		r, err := oidc.ReadLogout(url.Values{"post_logout_redirect_uri": {uri}, "state": {state}})
		if err != nil {
			return
		}
		to, err := r.Return(registered)
		if err != nil || to == "" {
			if to != "" || uri != "" && err == nil {
				t.Fatalf("Return() = %q, %v for %q", to, err, uri)
			}
			return
		}
		rest, ok := strings.CutPrefix(to, uri)
		if !ok || !slices.Contains(registered, uri) {
			t.Fatalf("%q leads to %q", uri, to)
		}
		if state == "" && rest != "" || state != "" && rest[1:] != "state="+url.QueryEscape(state) {
			t.Fatalf("the state %q becomes %q", state, rest)
		}
	})
}
