package oidc_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/oidc"
)

func TestCheckRedirectURI(t *testing.T) {
	t.Parallel()
	web, app := oidc.Client{ID: "a"}, oidc.Client{ID: "a", Public: true}
	for name, tc := range map[string]struct {
		client        oidc.Client
		hostile, twin string
	}{
		"empty":            {web, "", "https://app.example/"},
		"relative":         {web, "/cb", "https://app.example/cb"},
		"no host":          {web, "https:///cb", "https://a/cb"},
		"opaque":           {web, "https:app.example/cb", "https://app.example/cb"},
		"too long":         {web, "https://app.example/" + strings.Repeat("a", 2029), "https://app.example/" + strings.Repeat("a", 2028)},
		"fragment":         {web, "https://app.example/#x", "https://app.example/x"},
		"empty fragment":   {web, "https://app.example/#", "https://app.example/"},
		"user":             {web, "https://u@app.example/", "https://app.example/"},
		"wildcard":         {web, "https://*.app.example/", "https://x.app.example/"},
		"space":            {web, "https://app.example/a b", "https://app.example/a%20b"},
		"not ASCII":        {web, "https://app.example/ä", "https://app.example/%C3%A4"},
		"backslash":        {web, `https://app.example\cb`, "https://app.example/cb"},
		"quote":            {web, `https://app.example/"`, "https://app.example/%22"},
		"plain http":       {web, "http://app.example/cb", "http://127.0.0.15:18092/cb"},
		"http, localhosts": {web, "http://localhost.example/cb", "http://localhost/cb"},
		"own scheme":       {web, "com.example.app:/cb", "https://com.example.app/cb"},
		"script":           {app, "javascript://a/", "com.example.app://a/"},
		"data":             {app, "data:text/html,x", "com.example.app:/html,x"},
		"scheme, no dot":   {app, "myapp://cb", "my.app://cb"},
	} {
		if err := tc.client.CheckRedirectURI(tc.twin); err != nil {
			t.Errorf("%s: twin %s: %v, want it accepted", name, tc.twin, err)
		}
		if err := tc.client.CheckRedirectURI(tc.hostile); !fault.Is(err, "app_redirect_uri") {
			t.Errorf("%s: CheckRedirectURI(%q) = %v, want app_redirect_uri", name, tc.hostile, err)
		}
	}
}

func TestCheckClientSecretAndID(t *testing.T) {
	t.Parallel()
	good := strings.Repeat("s+/=%", 7)
	for name, tc := range map[string]struct{ hostile, twin string }{
		"short":     {good[:31], good[:32]},
		"long":      {strings.Repeat("s", 513), strings.Repeat("s", 512)},
		"space":     {good + " s", good + "_s"},
		"line end":  {good + "\n", good + "n"},
		"not ASCII": {good + "ß", good + "s"},
	} {
		if err := oidc.CheckClientSecret(tc.twin); err != nil {
			t.Errorf("%s: twin: %v, want it accepted", name, err)
		}
		err := oidc.CheckClientSecret(tc.hostile)
		if !fault.Is(err, "app_client_secret") || strings.Contains(err.Error(), tc.hostile) {
			t.Errorf("%s: CheckClientSecret() = %v, want app_client_secret without the secret", name, err)
		}
	}
	for name, tc := range map[string]struct{ hostile, twin string }{
		"empty":     {"", "p"},
		"long":      {strings.Repeat("p", 256), strings.Repeat("p", 255)},
		"colon":     {"a:b", "a.b"}, // ends the identifier in a Basic header
		"space":     {"a b", "a_b"},
		"not ASCII": {"ä", "a"},
	} {
		if err := oidc.CheckClientID(tc.twin); err != nil {
			t.Errorf("%s: twin: %v, want it accepted", name, err)
		}
		if err := oidc.CheckClientID(tc.hostile); !fault.Is(err, "app_client_id") {
			t.Errorf("%s: CheckClientID(%q) = %v, want app_client_id", name, tc.hostile, err)
		}
	}
}

// What may be registered is an absolute URI that a browser reads as we do.
func FuzzCheckRedirectURI(f *testing.F) {
	f.Add("https://app.example/cb?x=y")
	f.Add("com.example.app:/cb")
	f.Add("http://[::1]:80/")
	f.Add("javascript://%0aalert(1)")
	f.Fuzz(func(t *testing.T, uri string) {
		c := oidc.Client{ID: "portal", Public: true}
		if c.CheckRedirectURI(uri) != nil {
			return
		}
		u, err := url.Parse(uri)
		if err != nil || !u.IsAbs() || u.User != nil || u.Fragment != "" || strings.ContainsAny(uri, " \\\"<>#") {
			t.Fatalf("CheckRedirectURI(%q) accepts it", uri)
		}
		if s := u.Scheme; s != "https" && s != "http" && !strings.Contains(s, ".") {
			t.Fatalf("CheckRedirectURI(%q) accepts the scheme %s", uri, s)
		}
	})
}
