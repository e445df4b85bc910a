package web_test

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
)

// TestABrowserGetsTheTokenForWhichItsSessionWaits asks with tokens that wait,
// that were replaced by another request, and that are as they are.
func TestABrowserGetsTheTokenForWhichItsSessionWaits(t *testing.T) {
	t.Parallel()
	next := secret.NewToken()
	routes := []web.Route{}
	says := func(w http.ResponseWriter, r *http.Request) error {
		_, err := w.Write([]byte(web.PersonFrom(r).Membership.Role))
		return err
	}
	for _, method := range []string{"GET", "POST"} {
		routes = append(routes, web.Route{Method: method, Path: "/account", Access: web.SignedIn, Handler: says})
	}
	routes = append(routes, web.Route{Method: "GET", Path: "/late", Access: web.SignedIn, Handler: func(http.ResponseWriter, *http.Request) error {
		return &fault.Error{Kind: fault.NotFound, Code: "page_not_found"}
	}})
	raced := 0
	h := build(t, routes, func(c *web.Config) {
		c.Person = func(_ context.Context, token secret.Token, _ netip.Addr) (sso.Person, error) {
			p := sso.Person{User: sso.User{ID: "usr_1"}, Membership: sso.Membership{Role: "restricted"}}
			switch token.Reveal() {
			case "waits", "fails":
				p.Former = "restricted"
			case "raced": // waits when it is looked at, and then another request was quicker
				raced++
				p.Former, p.Retired = "restricted", raced%2 == 0
			case next.Reveal():
				p.Membership.Role = "member"
			case "good":
			default:
				return sso.Person{}, &fault.Error{Kind: fault.Unauthenticated, Code: "session_over"}
			}
			return p, nil
		}
		c.Renew = func(_ context.Context, token secret.Token) (secret.Token, error) {
			switch token.Reveal() {
			case "waits":
				return next, nil
			case "raced":
				return secret.Token{}, nil
			default:
				return secret.Token{}, &fault.Error{Kind: fault.Unavailable, Code: "any"}
			}
		}
	})
	cookie := "__Host-sallyport-session=" + next.Reveal() + "; Path=/; HttpOnly; Secure; SameSite=Lax"
	for _, tc := range []struct {
		what, method, path, token string
		status                    int
		body, cookie              string
	}{
		{"waiting", "GET", "/account", "waits", 200, "member", cookie},
		{"waiting, a form", "POST", "/account", "waits", 200, "member", cookie},
		{"waiting, where the page fails", "GET", "/late", "waits", 404, "page page_not_found", cookie},
		{"another was quicker", "GET", "/account", "raced", 200, "restricted", ""},
		{"nothing to wait for", "GET", "/account", "good", 200, "restricted", ""},
		{"it cannot be replaced now", "GET", "/account", "fails", 503, "page any", ""},
	} {
		got := h.ask(t, tc.method, tc.path, header("Cookie", "__Host-sallyport-session="+tc.token), header("Sec-Fetch-Site", "same-origin"))
		if got.Code != tc.status || !strings.HasPrefix(got.Body.String(), tc.body) || got.Header().Get("Set-Cookie") != tc.cookie {
			t.Errorf("%s: %d %s, cookie %q; want %d %s, %q", tc.what, got.Code, got.Body, got.Header().Get("Set-Cookie"), tc.status, tc.body, tc.cookie)
		}
	}
	if got := h.ask(t, "POST", "/account", header("Cookie", "__Host-sallyport-session=waits"), header("Sec-Fetch-Site", "cross-site")); got.Code != 403 || got.Header().Get("Set-Cookie") != "" {
		t.Errorf("a form of another site: %d, cookie %q", got.Code, got.Header().Get("Set-Cookie"))
	}
}
