package registration_test

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/registration"
	"github.com/sallyport/sallyport/internal/sso"
)

func TestCheckHoldsAnAppToWhatItMayBe(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change  func(*sso.App)
		refused string // "": kept
	}{
		"as it should be": {func(*sso.App) {}, ""},
		"all addresses": {func(a *sso.App) {
			a.PostLogoutRedirectURIs, a.BackchannelLogoutURI, a.LoginURL = []string{"com.example.app:/bye"}, "https://app.example/out", "https://app.example/in"
		}, ""},
		"a brand":                          {func(a *sso.App) { a.Brand = sso.Brand{Name: "Portal", Accent: "#0a6b5e"} }, ""},
		"a key in capitals":                {func(a *sso.App) { a.Key = "Portal" }, "key_form"},
		"a client ID with a colon":         {func(a *sso.App) { a.ClientID = "a:b" }, "app_client_id"},
		"a client ID with a space":         {func(a *sso.App) { a.ClientID = "a b" }, "app_client_id"},
		"no client ID":                     {func(a *sso.App) { a.ClientID = "" }, "app_client_id"},
		"an endless client ID":             {func(a *sso.App) { a.ClientID = strings.Repeat("x", 201) }, "app_client_id"},
		"a scope that no request can name": {func(a *sso.App) { a.Scopes = []string{"users read"} }, "app_scope"},
		"settings that do not go together": {func(a *sso.App) { a.Kind = "" }, "app_settings"},
		"a wildcard":                       {func(a *sso.App) { a.RedirectURIs = []string{"https://*.app.example/cb"} }, "app_redirect_uri"},
		"after signing out to a script":    {func(a *sso.App) { a.PostLogoutRedirectURIs = []string{"javascript:alert(1)"} }, "app_redirect_uri"},
		"messages by plain http":           {func(a *sso.App) { a.BackchannelLogoutURI = "http://app.example/out" }, "app_redirect_uri"},
		"messages to a program":            {func(a *sso.App) { a.BackchannelLogoutURI = "com.example.app:/out" }, "app_redirect_uri"},
		"a beginning in a program":         {func(a *sso.App) { a.LoginURL = "com.example.app:/in" }, "app_redirect_uri"},
		"keys by plain http":               {func(a *sso.App) { a.AuthMethod, a.JWKSURI = sso.AuthPrivateKeyJWT, "http://app.example/jwks" }, "app_redirect_uri"},
		"keys that are none":               {func(a *sso.App) { a.AuthMethod, a.JWKS = sso.AuthPrivateKeyJWT, "{}" }, "app_keys"},
		"a colour that is none":            {func(a *sso.App) { a.Brand.Accent = "teal" }, "brand_accent"},
		"a colour in capitals":             {func(a *sso.App) { a.Brand.Accent = "#0A6B5E" }, "brand_accent"},
		"a name that turns the line":       {func(a *sso.App) { a.Brand.Name = "Portal\u202E" }, "app_settings"},
	} {
		a := sso.App{Key: "portal", Name: "Portal", ClientID: "portal", Kind: sso.AppWeb, RedirectURIs: []string{"https://app.example/cb"}}
		tc.change(&a)
		if err := registration.Check(&a); (err == nil) != (tc.refused == "") || err != nil && !fault.Is(err, tc.refused) {
			t.Errorf("%s: Check() = %v, want %q", name, err, tc.refused)
		}
	}
}

func TestSecretsThatCouldBeGuessedAreRefused(t *testing.T) {
	t.Parallel()
	good := strings.Repeat("s", 32)
	for _, text := range []string{good, good + "\n", "  " + good, strings.Repeat("x", 256)} {
		if token, err := registration.ParseSecret(text); err != nil || token.Reveal() != strings.TrimSpace(text) {
			t.Errorf("ParseSecret(%q) = %q, %v", text, token.Reveal(), err)
		}
	}
	for _, text := range []string{"", good[1:], strings.Repeat("x", 257), good + "\n" + good, good + " x", good + "é"} {
		if _, err := registration.ParseSecret(text); !fault.Is(err, "app_secret") {
			t.Errorf("ParseSecret(%q) = %v, want app_secret", text, err)
		}
	}
}
