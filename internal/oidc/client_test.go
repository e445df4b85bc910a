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
	for name, tc := range map[string]struct{ hostile, twin string }{
		"empty":            {"", "https://app.example/"},
		"relative":         {"/cb", "https://app.example/cb"},
		"no host":          {"https:///cb", "https://a/cb"},
		"opaque":           {"https:app.example/cb", "https://app.example/cb"},
		"too long":         {"https://app.example/" + strings.Repeat("a", 2029), "https://app.example/" + strings.Repeat("a", 2028)},
		"fragment":         {"https://app.example/#x", "https://app.example/x"},
		"empty fragment":   {"https://app.example/#", "https://app.example/"},
		"user":             {"https://u@app.example/", "https://app.example/"},
		"wildcard":         {"https://*.app.example/", "https://x.app.example/"},
		"space":            {"https://app.example/a b", "https://app.example/a%20b"},
		"not ASCII":        {"https://app.example/ä", "https://app.example/%C3%A4"},
		"backslash":        {`https://app.example\cb`, "https://app.example/cb"},
		"quote":            {`https://app.example/"`, "https://app.example/%22"},
		"plain http":       {"http://app.example/cb", "http://127.0.0.15:18092/cb"},
		"http, localhosts": {"http://localhost.example/cb", "http://localhost/cb"},
		"script":           {"javascript://a/", "com.example.app://a/"},
		"data":             {"data:text/html,x", "com.example.app:/html,x"},
		"scheme, no dot":   {"myapp://cb", "my.app://cb"},
	} {
		if err := oidc.CheckRedirectURI(tc.twin); err != nil {
			t.Errorf("%s: twin %s: %v, want it accepted", name, tc.twin, err)
		}
		if err := oidc.CheckRedirectURI(tc.hostile); !fault.Is(err, "app_redirect_uri") {
			t.Errorf("%s: CheckRedirectURI(%q) = %v, want app_redirect_uri", name, tc.hostile, err)
		}
	}
}

func TestAllowsOriginOfItsOwnPagesOnly(t *testing.T) {
	t.Parallel()
	for origin, want := range map[string]bool{
		"https://app.example":              true,
		"http://localhost:7000":            true,
		"http://localhost":                 false,
		"http://app.example":               false,
		"https://app.example.evil.example": false,
		"https://x.app.example":            false,
		"com.example.app://":               false,
		"null":                             false,
		"":                                 false,
	} {
		if got := native().AllowsOrigin(origin); got != want {
			t.Errorf("AllowsOrigin(%q) = %v, want %v", origin, got, want)
		}
	}
	if confidential().AllowsOrigin("https://app.example") {
		t.Error("AllowsOrigin() is true for a client that keeps a secret")
	}
}

// An origin is written as browsers write it, whichever way the redirect URI is: its
// page is the app's own all the same.
func TestAllowsTheOriginToWhichARedirectURILeads(t *testing.T) {
	t.Parallel()
	for uri, tc := range map[string]struct{ own, foreign string }{
		"https://SPA.example/cb":      {"https://spa.example", "https://spa.example:443"},
		"https://spa.example:443/cb":  {"https://spa.example", "https://spa.example:444"},
		"https://spa.example:8443/cb": {"https://spa.example:8443", "https://spa.example"},
		"http://localhost:80/cb":      {"http://localhost", "http://localhost:443"},
		"https://spa.example:80/cb":   {"https://spa.example:80", "https://spa.example"},
		"http://127.0.0.1/cb":         {"http://127.0.0.1:5173", "http://127.0.0.2:5173"},
		"http://127.0.0.1:7000/cb":    {"http://127.0.0.1", "https://127.0.0.1"},
		"http://[::1]/cb":             {"http://[::1]:5173", "http://[::1]:5173.evil.example"},
		"http://127.0.0.1/cb/":        {"http://127.0.0.1:1", "http://127.0.0.1:1/cb/"},
		"https://127.0.0.1/cb":        {"https://127.0.0.1", "https://127.0.0.1:5173"},
	} {
		c := oidc.Client{ID: "spa", Public: true, RedirectURIs: []string{uri}}
		if err := oidc.CheckRedirectURI(uri); err != nil {
			t.Errorf("%s: %v, want it accepted", uri, err)
		}
		if !c.AllowsOrigin(tc.own) {
			t.Errorf("%s: AllowsOrigin(%q) = false", uri, tc.own)
		}
		if c.AllowsOrigin(tc.foreign) {
			t.Errorf("%s: AllowsOrigin(%q) = true", uri, tc.foreign)
		}
	}
	if (oidc.Client{ID: "app", Public: true, RedirectURIs: []string{"com.example.app:/cb"}}).AllowsOrigin("") {
		t.Error("a page of no origin is allowed")
	}
}

// What may be registered is an absolute URI that a browser reads as we do.
func FuzzCheckRedirectURI(f *testing.F) {
	f.Add("https://app.example/cb?x=y")
	f.Add("com.example.app:/cb")
	f.Add("http://[::1]:80/")
	f.Add("javascript://%0aalert(1)")
	f.Fuzz(func(t *testing.T, uri string) {
		if oidc.CheckRedirectURI(uri) != nil {
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
