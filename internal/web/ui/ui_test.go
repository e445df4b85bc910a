package ui

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/web"
)

func open(t *testing.T) *UI {
	t.Helper()
	u, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// voices are those of our own pages, in the order of the languages.
func voices(t *testing.T) []voice {
	t.Helper()
	var all []voice
	for _, read := range open(t).editions[0] {
		e, err := read()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e.voice)
	}
	return all
}

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestLeavingIsRefusedToUnsafeTargets(t *testing.T) {
	t.Parallel()
	u := open(t)
	for target, fine := range map[string]bool{
		"https://idp.example/sso":         true,
		"http://127.0.0.2:8081/sso":       true,
		"/login/continue?attempt=att_1":   true,
		"//evil.example":                  false,
		`/\evil.example`:                  false,
		"javascript:alert(1)":             false,
		"http://idp.example":              false,
		"data:text/html,x":                false,
		"":                                false,
		"login":                           false,
		"https://idp.example/\"><script>": true, // escaped where it stands
		"com.example.app:/cb":             false,
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/login", nil)
		w := httptest.NewRecorder()
		if err := u.Leave(w, r, target, "x"); (err == nil) != fine {
			t.Errorf("Leave(%q) = %v, want accepted %t", target, err, fine)
		}
		if strings.Contains(w.Body.String(), `"><script>`) {
			t.Errorf("Leave(%q) lets markup in:\n%s", target, w.Body)
		}
		w = httptest.NewRecorder()
		native := strings.HasPrefix(target, "com.")
		if err := u.LeaveForApp(w, r, target); (err == nil) != (fine && target[0] != '/' || native) {
			t.Errorf("LeaveForApp(%q) = %v", target, err)
		}
		if strings.Contains(w.Body.String(), `"><script>`) || native && strings.Count(w.Body.String(), target) != 2 {
			t.Errorf("LeaveForApp(%q) lets markup in, or does not lead there:\n%s", target, w.Body)
		}
		if ours := strings.HasPrefix(target, "/"); ours || !fine {
			w := httptest.NewRecorder()
			if err := u.Post(w, r, Form{Action: target}); err == nil {
				t.Errorf("Post(%q) is accepted", target)
			}
		}
	}
}

func TestAssetsAreCachedForGoodUnderTheirHash(t *testing.T) {
	t.Parallel()
	u := open(t)
	base, err := web.ParseBaseURL("https://id.example")
	if err != nil {
		t.Fatal(err)
	}
	rt, err := web.New(web.Config{BaseURL: base, Log: discard(), Failure: u.Failure}, u.Routes())
	if err != nil {
		t.Fatal(err)
	}
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		rt.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return w
	}
	for name, a := range u.assets {
		w := get(a.url)
		if w.Code != 200 || w.Header().Get("Cache-Control") != "public, max-age=31536000, immutable" || w.Body.Len() == 0 {
			t.Errorf("%s: %d %q", a.url, w.Code, w.Header().Get("Cache-Control"))
		}
		if kind := w.Header().Get("Content-Type"); kind == "" || strings.Contains(kind, "html") {
			t.Errorf("%s has type %q", name, kind)
		}
		if strings.Contains(string(a.body), "url(") || strings.Contains(string(a.body), "@import") {
			t.Errorf("%s loads something else", name)
		}
	}
	for _, path := range []string{"/assets/page.css", "/assets/page.000000000000.css", "/assets/..%2fui.go"} {
		if w := get(path); w.Code != 404 || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %q, want 404 that is not kept", path, w.Code, w.Header().Get("Cache-Control"))
		}
	}
}
