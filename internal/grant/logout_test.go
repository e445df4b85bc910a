package grant_test

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

const atBye = "https://app.example/bye"

// withReturn registers where the portal has its people sent who have signed out.
func (h *house) withReturn() {
	h.Helper()
	h.portal.PostLogoutRedirectURIs = []string{atBye, atBye + "?from=sso"}
	h.write(func(ctx context.Context, tx *store.Writer) error { return tx.SaveApp(ctx, h.portal) })
	h.portal.Version++
}

// The names are those of the certification plan for RP-initiated logout.
func TestLogoutAsTheCertificationPlanAsks(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	h.withReturn()
	tokens, err := h.exchange(&h.portal, h.code(&h.portal))
	if err != nil {
		t.Fatal(err)
	}
	hint := tokens.IDToken
	modified := strings.Split(hint, ".")
	modified[1] = modified[1][:10] + "AAAA" + modified[1][14:]
	for name, tc := range map[string]struct {
		form []string
		want grant.Leave // without the app
		code string
	}{
		"oidcc-rp-initiated-logout": {[]string{"id_token_hint", hint, "post_logout_redirect_uri", atBye, "state", "s 1"}, grant.Leave{To: atBye + "?state=s+1", Sure: true}, ""},
		"oidcc-rp-initiated-logout-bad-post-logout-redirect-uri": {
			[]string{"id_token_hint", hint, "post_logout_redirect_uri", "https://evil.example/bye", "state", "s"}, grant.Leave{}, "oidc_post_logout_redirect_uri"},
		"oidcc-rp-initiated-logout-modified-id-token-hint": {
			[]string{"id_token_hint", strings.Join(modified, "."), "post_logout_redirect_uri", atBye, "state", "s"}, grant.Leave{}, ""},
		"oidcc-rp-initiated-logout-no-id-token-hint":            {[]string{"post_logout_redirect_uri", atBye, "state", "s"}, grant.Leave{}, ""},
		"oidcc-rp-initiated-logout-no-params":                   {nil, grant.Leave{}, ""},
		"oidcc-rp-initiated-logout-no-post-logout-redirect-uri": {[]string{"id_token_hint", hint, "state", "s"}, grant.Leave{Sure: true}, ""},
		"oidcc-rp-initiated-logout-no-state":                    {[]string{"id_token_hint", hint, "post_logout_redirect_uri", atBye}, grant.Leave{To: atBye, Sure: true}, ""},
		"oidcc-rp-initiated-logout-only-state":                  {[]string{"state", "s"}, grant.Leave{}, ""},
		"oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri": {
			[]string{"id_token_hint", hint, "post_logout_redirect_uri", atBye + "?foo=bar", "state", "s"}, grant.Leave{}, "oidc_post_logout_redirect_uri"},
		"registered with a query":                {[]string{"id_token_hint", hint, "post_logout_redirect_uri", atBye + "?from=sso", "state", "s"}, grant.Leave{To: atBye + "?from=sso&state=s", Sure: true}, ""},
		"a client without a hint is asked about": {[]string{"client_id", "portal", "post_logout_redirect_uri", atBye}, grant.Leave{To: atBye}, ""},
		"the client of the hint":                 {[]string{"client_id", "portal", "id_token_hint", hint}, grant.Leave{Sure: true}, ""},
		"another client than that of the hint":   {[]string{"client_id", "native", "id_token_hint", hint}, grant.Leave{}, "oidc_logout_request"},
		"an unknown client":                      {[]string{"client_id", "nobody", "post_logout_redirect_uri", atBye}, grant.Leave{}, "oidc_client_unknown"},
		"another app's URI":                      {[]string{"client_id", "native", "post_logout_redirect_uri", atBye}, grant.Leave{}, "oidc_post_logout_redirect_uri"},
		"a redirect URI of sign-ins":             {[]string{"id_token_hint", hint, "post_logout_redirect_uri", h.portal.RedirectURIs[0]}, grant.Leave{}, "oidc_post_logout_redirect_uri"},
		"an access token as a hint":              {[]string{"id_token_hint", tokens.AccessToken.Reveal(), "post_logout_redirect_uri", atBye}, grant.Leave{}, ""},
		"a state that is no text":                {[]string{"id_token_hint", hint, "state", "a\nb"}, grant.Leave{}, "oidc_logout_request"},
	} {
		form := url.Values{}
		for i := 0; i < len(tc.form); i += 2 {
			form.Set(tc.form[i], tc.form[i+1])
		}
		got, err := h.Logout(t.Context(), form, h.session)
		if tc.code != "" {
			if !fault.Is(err, tc.code) || got.To != "" || got.Sure {
				t.Errorf("%s: Logout() = %+v, %v, want %s", name, got, err, tc.code)
			}
			continue
		}
		got.App = sso.App{}
		if err != nil || got.To != tc.want.To || got.Sure != tc.want.Sure {
			t.Errorf("%s: Logout() = %+v, %v, want %+v", name, got, err, tc.want)
		}
	}
	if got, err := h.Logout(t.Context(), url.Values{"state": {"a", "b"}}, h.session); !fault.Is(err, "oidc_logout_request") {
		t.Errorf("a parameter that is repeated: %+v, %v", got, err)
	}
}

// Any page can lead a browser here. What it cannot show is an id token of the
// session that the browser is in.
func TestLogoutAsksWhoeverIsNotMeant(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	h.withReturn()
	tokens, err := h.exchange(&h.portal, h.code(&h.portal))
	if err != nil {
		t.Fatal(err)
	}
	form := url.Values{"id_token_hint": {tokens.IDToken}, "post_logout_redirect_uri": {atBye}}
	for name, tc := range map[string]struct {
		session sso.SessionID
		sure    bool
	}{
		"that session":              {h.session, true},
		"a later one of the person": {"ses_later", false},
		"nobody is signed in":       {"", true},
	} {
		if got, err := h.Logout(t.Context(), form, tc.session); err != nil || got.Sure != tc.sure || got.To != atBye || got.App.Name != h.portal.Name {
			t.Errorf("%s: Logout() = %+v, %v, want sure %v", name, got, err, tc.sure)
		}
	}
	h.wait(40 * 24 * time.Hour) // an expired id token names its session all the same
	if got, err := h.Logout(t.Context(), form, h.session); err != nil || !got.Sure {
		t.Errorf("with an old id token: %+v, %v", got, err)
	}
}
