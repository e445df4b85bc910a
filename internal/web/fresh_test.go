package web_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
)

func TestFreshRoutesWantAProofOfTheLastMinutes(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	routes := []web.Route{
		{Method: "GET", Path: "/account/password", Access: web.SignedIn, Fresh: true, Handler: ok},
		{Method: "POST", Path: "/account/password", Access: web.SignedIn, Fresh: true, Handler: ok},
		{Method: "POST", Path: "/account/delete", Access: web.SignedIn, Fresh: true, Handler: ok},
		{Method: "GET", Path: "/account", Access: web.SignedIn, Handler: ok},
		{Method: "POST", Path: "/account/rename", Access: web.SignedIn, Own: true, Handler: ok},
	}
	session := func(s sso.Session) house {
		return build(t, routes, func(c *web.Config) {
			c.Now = func() time.Time { return now }
			c.Person = func(context.Context, secret.Token, netip.Addr) (sso.Person, error) {
				return sso.Person{Session: s}, nil
			}
		})
	}
	cookie := header("Cookie", "__Host-sallyport-session=any")
	fresh, stale := session(sso.Session{AuthTime: now.Add(-sso.FreshFor + time.Second)}), session(sso.Session{AuthTime: now.Add(-sso.FreshFor)})
	for _, r := range routes {
		if got := fresh.ask(t, r.Method, r.Path, cookie); got.Code != 200 || got.Body.String() != "ok" {
			t.Errorf("%s %s: %d %s", r.Method, r.Path, got.Code, got.Body)
		}
	}
	if got := stale.ask(t, "POST", "/account/rename", cookie); got.Code != 200 {
		t.Errorf("a route of one's own that wants no proof: %d", got.Code)
	}
	// However lately they have proved themselves, they have not as this person.
	for name, at := range map[string]time.Time{"just now": now, "an hour ago": now.Add(-time.Hour)} {
		acting := session(sso.Session{AuthTime: at, Actor: "usr_operator"})
		for _, r := range routes {
			want, code := "page acting_lasting", 403
			if !r.Fresh && !r.Own {
				want, code = "ok", 200
			}
			got := acting.ask(t, r.Method, r.Path, cookie, header("Referer", "https://id.example/account?tab=2"))
			if got.Code != code || !strings.HasPrefix(got.Body.String(), want) {
				t.Errorf("acting, proved %s: %s %s: %d %s, want %d %s", name, r.Method, r.Path, got.Code, got.Body, code, want)
			}
			if code == 403 && !strings.HasSuffix(got.Body.String(), "retry=/account?tab=2") {
				t.Errorf("acting: %s %s leads not back to the page before: %s", r.Method, r.Path, got.Body)
			}
		}
	}
	if got := stale.ask(t, "GET", "/account", cookie); got.Code != 200 {
		t.Errorf("a route that wants none: %d", got.Code)
	}
	got := stale.ask(t, "GET", "/account/password?x=1&y=%2F", cookie)
	if want := "/login/confirm?back=%2Faccount%2Fpassword%3Fx%3D1%26y%3D%252F"; got.Code != 303 || !strings.HasSuffix(got.Header().Get("Location"), want) {
		t.Errorf("a page: %d to %s, want %s", got.Code, got.Header().Get("Location"), want)
	}
	for _, tc := range []struct{ path, referer, back string }{
		{"/account/password", "", "/account/password"},
		{"/account/delete", "https://id.example/account?tab=2", "/account?tab=2"},
		{"/account/delete", "https://evil.example/account", "/account"},
		{"/account/delete", "https://id.example//evil.example", "/account"},
		{"/account/delete", "https://id.example.evil.example/x", "/account"},
		{"/account/delete", "", "/account"},
	} {
		got := stale.ask(t, "POST", tc.path, cookie, header("Referer", tc.referer))
		if got.Code != 403 || !strings.Contains(got.Body.String(), "session_stale") {
			t.Errorf("POST %s: %d %s, want session_stale", tc.path, got.Code, got.Body)
		}
		if want := "retry=/login/confirm?back=" + url.QueryEscape(tc.back); !strings.Contains(got.Body.String(), want) {
			t.Errorf("POST %s from %q: %s, want %s", tc.path, tc.referer, got.Body, want)
		}
	}
	if _, err := web.New(web.Config{Log: slog.New(slog.DiscardHandler), Failure: func(http.ResponseWriter, *http.Request, web.Failure) {}},
		[]web.Route{{Method: "GET", Path: "/x", Access: web.Public, Fresh: true, Handler: ok}}); err == nil {
		t.Error("a route is fresh where nobody is signed in")
	}
	if table := web.Table(routes[:1]); !strings.Contains(table, "(fresh)") {
		t.Errorf("the table does not say so: %s", table)
	}
	if table := web.Table(routes[4:]); !strings.Contains(table, "(own)") {
		t.Errorf("the table does not say so: %s", table)
	}
}

func TestOnlyPathsOfOurOwnAreComeBackTo(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{
		"/": true, "/account?x=1#y": true, "/a/b%20c": true,
		"": false, "account": false, "//evil.com": false, `/\evil.com`: false, `\evil.com`: false, "https://evil.com": false, "/a b": false, "/a\nb": false,
		"/\t/evil.com": false, "/ä": false, "/" + strings.Repeat("a", 2000): false,
	} {
		if got := web.LocalPath(path); got != want {
			t.Errorf("LocalPath(%q) = %v, want %v", path, got, want)
		}
	}
}
