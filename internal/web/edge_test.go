package web_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/web"
)

func TestEveryKindHasItsStatus(t *testing.T) {
	t.Parallel()
	for want, f := range map[int]*fault.Error{
		400: {Kind: fault.Invalid}, 401: {Kind: fault.Unauthenticated}, 403: {Kind: fault.Denied}, 404: {Kind: fault.NotFound},
		405: {Kind: fault.Invalid, Code: "method_not_allowed"}, 409: {Kind: fault.Conflict}, 413: {Kind: fault.Exhausted, Code: "request_too_large"},
		429: {Kind: fault.Exhausted}, 500: {}, 503: {Kind: fault.Unavailable},
	} {
		if got := web.Status(f); got != want {
			t.Errorf("%s %s has status %d, want %d", f.Kind, f.Code, got, want)
		}
	}
}

func TestTheSessionCookie(t *testing.T) {
	t.Parallel()
	h := build(t, []web.Route{
		{Method: "POST", Path: "/in", Access: web.Browser, Handler: func(w http.ResponseWriter, r *http.Request) error {
			web.SetSession(w, r, secret.ParseToken("t0ken"))
			return nil
		}},
		{Method: "POST", Path: "/out", Access: web.Browser, Handler: func(w http.ResponseWriter, r *http.Request) error { web.DropSession(w, r); return nil }},
	})
	for path, want := range map[string]string{
		"/in":  "__Host-sallyport-session=t0ken; Path=/; HttpOnly; Secure; SameSite=Lax",
		"/out": "__Host-sallyport-session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax",
	} {
		if got := h.ask(t, "POST", path, header("Cookie", "__Host-sallyport-browser=b")).Header().Get("Set-Cookie"); got != want {
			t.Errorf("%s: Set-Cookie = %q, want %q", path, got, want)
		}
	}
}

func TestPagesOfASignInKeepTheirOpener(t *testing.T) {
	t.Parallel()
	h := build(t, every())
	for path, want := range map[string]string{"/login": "", "/account": "same-origin", "/keys": "same-origin"} {
		if got := h.ask(t, "GET", path, header("Cookie", "__Host-sallyport-session=good")).Header().Get("Cross-Origin-Opener-Policy"); got != want {
			t.Errorf("%s: Cross-Origin-Opener-Policy = %q, want %q", path, got, want)
		}
	}
}

func TestGoingOnDemandsTheCookie(t *testing.T) {
	t.Parallel()
	h := build(t, []web.Route{{Method: "GET", Path: "/x", Access: web.Browser, Handler: func(_ http.ResponseWriter, r *http.Request) error { return web.MustBeBound(r) }}})
	if w := h.ask(t, "GET", "/x"); w.Code != 403 || !strings.Contains(w.Body.String(), "bind_cookie_missing") {
		t.Errorf("without the cookie: %d %s, want bind_cookie_missing", w.Code, w.Body)
	}
	if w := h.ask(t, "GET", "/x", header("Cookie", "__Host-sallyport-browser=b")); w.Code != 200 {
		t.Errorf("with it: %d, want 200", w.Code)
	}
	if w := h.ask(t, "GET", "/x", header("Cookie", "__Host-sallyport-browser="+strings.Repeat("b", 200))); w.Code != 403 {
		t.Errorf("with one that we never made: %d, want 403", w.Code)
	}
}

func TestABrowserThatIsGoneIsNoFailure(t *testing.T) {
	t.Parallel()
	h := build(t, []web.Route{{Method: "GET", Path: "/x", Access: web.Public, Handler: func(_ http.ResponseWriter, r *http.Request) error {
		return fmt.Errorf("reading connection: %w", r.Context().Err())
	}}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/x", nil))
	if !strings.Contains(h.log.String(), "level=INFO") || !strings.Contains(h.log.String(), "status=499") {
		t.Errorf("log = %s, want status 499 and no alarm", h.log)
	}
}

func TestAFailureAfterTheAnswerIsLoggedAlone(t *testing.T) {
	t.Parallel()
	for _, err := range []error{errors.New("disk on fire"), answer{}} {
		h := build(t, []web.Route{{Method: "GET", Path: "/x", Access: web.Client, Handler: func(w http.ResponseWriter, _ *http.Request) error {
			_, _ = w.Write([]byte("half"))
			return err
		}}})
		if w := h.ask(t, "GET", "/x"); w.Code != 200 || w.Body.String() != "half" {
			t.Errorf("%d %q, want the half that was sent", w.Code, w.Body)
		}
		if !strings.Contains(h.log.String(), err.Error()) {
			t.Errorf("log = %s, want %v", h.log, err)
		}
	}
}

func TestAConnectionThatIsDroppedOnPurposeIsDropped(t *testing.T) {
	t.Parallel()
	h := build(t, []web.Route{{Method: "GET", Path: "/x", Access: web.Public, Handler: func(http.ResponseWriter, *http.Request) error { panic(http.ErrAbortHandler) }}})
	defer func() {
		if p := recover(); p != any(http.ErrAbortHandler) {
			t.Errorf("recovered %v, want the server's own abort", p)
		}
	}()
	h.ask(t, "GET", "/x")
}

func TestAListenerOfProgramsNeedsNoPages(t *testing.T) {
	t.Parallel()
	rt, err := web.New(web.Config{Log: slog.New(slog.DiscardHandler)}, []web.Route{{Method: "GET", Path: "/healthz", Access: web.Ops, Handler: ok}})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	rt.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/nowhere", nil))
	if w.Code != 404 || !strings.HasPrefix(w.Body.String(), `{"error":"page_not_found"`) {
		t.Errorf("%d %s, want 404 in JSON", w.Code, w.Body)
	}
}

func TestSendingOn(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		send   func(http.ResponseWriter, *http.Request) error
		status int
		to     string
	}{
		"to a page of ours": {func(w http.ResponseWriter, r *http.Request) error {
			return web.SeeOther(w, r, web.LoginPath("att_1&x=y"))
		}, 303, "https://id.example/login?attempt=att_1%26x%3Dy"},
		"to what is no path": {func(w http.ResponseWriter, r *http.Request) error { return web.SeeOther(w, r, "@evil.example") }, 500, ""},
		"to an identity provider": {func(w http.ResponseWriter, _ *http.Request) error {
			return web.SeeOtherSite(w, "https://idp.example/sso")
		}, 303, "https://idp.example/sso"},
		"to a script": {func(w http.ResponseWriter, _ *http.Request) error { return web.SeeOtherSite(w, "javascript:x") }, 403, ""},
		"to a native application": {func(w http.ResponseWriter, _ *http.Request) error {
			return web.SeeOtherApp(w, "com.example.app:/cb?code=1")
		}, 303, "com.example.app:/cb?code=1"},
		"to a script, as to an app": {func(w http.ResponseWriter, _ *http.Request) error { return web.SeeOtherApp(w, "javascript:x.y") }, 403, ""},
	} {
		h := build(t, []web.Route{{Method: "GET", Path: "/x", Access: web.Browser, Handler: tc.send}})
		if w := h.ask(t, "GET", "/x"); w.Code != tc.status || w.Header().Get("Location") != tc.to {
			t.Errorf("%s: %d to %q, want %d to %q", name, w.Code, w.Header().Get("Location"), tc.status, tc.to)
		}
	}
}
