package web_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// house is a router under test, with its log.
type house struct {
	*web.Router
	log *bytes.Buffer
}

// build returns a router for the given routes on an https base URL, unless
// set changes the configuration.
func build(t *testing.T, routes []web.Route, set ...func(*web.Config)) house {
	t.Helper()
	base, err := web.ParseBaseURL("https://id.example")
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cfg := web.Config{
		BaseURL: base,
		Log:     slog.New(slog.NewTextHandler(&log, nil)),
		Person: func(_ context.Context, token secret.Token, _ netip.Addr) (sso.Person, error) {
			p := sso.Person{User: sso.User{ID: "usr_1", FirstName: "Ada"}, Org: sso.Organization{ID: "org_1", Key: "acme"}}
			key, role, other := strings.Cut(token.Reveal(), "/") // such as operators/member
			switch {
			case other:
				p.Org.Key, p.Membership.Role = key, sso.Role(role)
			case token.Reveal() == "far":
				return sso.Person{}, &fault.Error{Kind: fault.Denied, Code: "policy_address"}
			case token.Reveal() != "good":
				return sso.Person{}, &fault.Error{Kind: fault.Unauthenticated, Code: "session_over"}
			}
			return p, nil
		},
		Failure: func(w http.ResponseWriter, _ *http.Request, f web.Failure) {
			w.WriteHeader(f.Status)
			_, _ = fmt.Fprintf(w, "page %s ref=%s retry=%s", f.Code, f.Reference, f.Retry)
		},
	}
	for _, change := range set {
		change(&cfg)
	}
	rt, err := web.New(cfg, routes)
	if err != nil {
		t.Fatal(err)
	}
	return house{rt, &log}
}

func (h house) ask(t *testing.T, method, target string, set ...func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, nil)
	for _, change := range set {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func header(name string, values ...string) func(*http.Request) {
	return func(r *http.Request) {
		for _, v := range values {
			r.Header.Add(name, v)
		}
	}
}

func ok(w http.ResponseWriter, _ *http.Request) error {
	_, err := w.Write([]byte("ok"))
	return err
}

func every() []web.Route {
	return []web.Route{
		{Method: "GET", Path: "/keys", Access: web.Public, Handler: ok},
		{Method: "GET", Path: "/login", Access: web.Browser, Handler: ok},
		{Method: "POST", Path: "/login", Access: web.Browser, Handler: ok},
		{Method: "GET", Path: "/account", Access: web.SignedIn, Handler: ok},
		{Method: "POST", Path: "/logout", Access: web.SignedIn, Handler: ok},
		{Method: "GET", Path: "/console", Access: web.Console, Handler: ok},
		{Method: "GET", Path: "/operator", Access: web.Support, Handler: ok},
		{Method: "GET", Path: "/operator/new", Access: web.Operator, Handler: ok},
		{Method: "POST", Path: "/saml/{connection}/acs", Access: web.CrossSitePost, MaxBody: web.MaxSAMLBody, Handler: ok},
		{Method: "POST", Path: "/token", Access: web.Client, Handler: ok},
	}
}

func TestRouteTable(t *testing.T) {
	t.Parallel()
	golden(t, "routes.txt", build(t, every()).Table())
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestNewRefusesARouteWithAHole(t *testing.T) {
	t.Parallel()
	base, err := web.ParseBaseURL("https://id.example")
	if err != nil {
		t.Fatal(err)
	}
	cfg := web.Config{BaseURL: base, Log: slog.New(slog.DiscardHandler), Failure: func(http.ResponseWriter, *http.Request, web.Failure) {}}
	for name, routes := range map[string][]web.Route{
		"no access":                {{Method: "GET", Path: "/x", Handler: ok}},
		"no handler":               {{Method: "GET", Path: "/x", Access: web.Public}},
		"no method":                {{Path: "/x", Access: web.Public, Handler: ok}},
		"public and changing":      {{Method: "POST", Path: "/x", Access: web.Public, Handler: ok}},
		"cross-site GET":           {{Method: "GET", Path: "/x", Access: web.CrossSitePost, Handler: ok}},
		"signed in, no sessions":   {{Method: "GET", Path: "/x", Access: web.SignedIn, Handler: ok}},
		"declared twice":           {{Method: "GET", Path: "/x", Access: web.Public, Handler: ok}, {Method: "GET", Path: "/x", Access: web.Browser, Handler: ok}},
		"operations beside public": {{Method: "GET", Path: "/x", Access: web.Public, Handler: ok}, {Method: "GET", Path: "/healthz", Access: web.Ops, Handler: ok}},
	} {
		if _, err := web.New(cfg, routes); err == nil {
			t.Errorf("%s: New() accepted %v", name, routes)
		}
	}
	if _, err := web.New(cfg, []web.Route{{Method: "GET", Path: "/x", Access: web.Public, Handler: ok}}); err != nil {
		t.Errorf("New() = %v for a route as it must be", err)
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	t.Parallel()
	h := build(t, every())
	for target, want := range map[string]int{
		"GET /login": 200, "HEAD /login": 200, "GET /nowhere": 404, "POST /nowhere": 404,
		"GET /token": 405, "DELETE /login": 405, "GET /": 404,
	} {
		method, path, _ := strings.Cut(target, " ")
		if got := h.ask(t, method, path); got.Code != want {
			t.Errorf("%s answered %d, want %d", target, got.Code, want)
		}
	}
	if got, want := h.ask(t, "DELETE", "/login").Header().Get("Allow"), "GET, HEAD, POST"; got != want {
		t.Errorf("Allow = %q, want %q", got, want)
	}
	for target, want := range map[string]bool{"/token": true, "/login": false} {
		if got := h.ask(t, "PUT", target).Header().Get("Content-Type"); (got == "application/json") != want {
			t.Errorf("PUT %s is answered by %q, want JSON: %t", target, got, want)
		}
	}
}

func TestCrossOriginPostsAreRefusedUnlessDeclared(t *testing.T) {
	t.Parallel()
	h := build(t, every())
	cookies := header("Cookie", "__Host-sallyport-browser=b; __Host-sallyport-session=good")
	for name, tc := range map[string]struct {
		path string
		from func(*http.Request)
		want int
	}{
		"ours":                        {"/login", header("Sec-Fetch-Site", "same-origin"), 200},
		"ours, by Origin":             {"/login", header("Origin", "https://id.example"), 200},
		"another site's":              {"/login", header("Sec-Fetch-Site", "cross-site"), 403},
		"a neighbouring sub-domain's": {"/login", header("Sec-Fetch-Site", "same-site"), 403},
		"another site's, by Origin":   {"/login", header("Origin", "https://evil.example"), 403},
		"origin hidden":               {"/login", header("Origin", "null"), 403},
		"sign-out by another site":    {"/logout", header("Sec-Fetch-Site", "cross-site"), 403},
		"sign-out":                    {"/logout", header("Sec-Fetch-Site", "same-origin"), 200},
		"a response":                  {"/saml/acme/acs", header("Sec-Fetch-Site", "cross-site"), 200},
		"a program in a browser":      {"/token", header("Sec-Fetch-Site", "cross-site"), 200},
	} {
		w := h.ask(t, "POST", tc.path, cookies, tc.from)
		if w.Code != tc.want {
			t.Errorf("%s: %d %s, want %d", name, w.Code, w.Body, tc.want)
		}
		if tc.want == 403 && !strings.Contains(w.Body.String(), "request_cross_origin") {
			t.Errorf("%s: %s, want request_cross_origin", name, w.Body)
		}
	}
}

func TestOnlyProtectedRoutesSeeCookies(t *testing.T) {
	t.Parallel()
	for access, want := range map[web.Access]string{
		web.Browser: "seen", web.SignedIn: "seen", web.Console: "seen", web.Support: "seen", web.Operator: "seen",
		web.Public: "none", web.CrossSitePost: "none", web.Client: "none",
	} {
		route := web.Route{Method: "POST", Path: "/x", Access: access, Handler: func(w http.ResponseWriter, r *http.Request) error {
			got := "none"
			if r.Header.Get("Cookie") != "" || !web.SessionToken(r).IsZero() {
				got = "seen"
			}
			_, err := w.Write([]byte(got))
			return err
		}}
		if access == web.Public {
			route.Method = "GET"
		}
		w := build(t, []web.Route{route}).ask(t, route.Method, "/x", header("Cookie", "__Host-sallyport-browser=b; __Host-sallyport-session=operators/owner"))
		if got := w.Body.String(); got != want {
			t.Errorf("%s: cookies %s, want %s", access, got, want)
		}
	}
}

func TestABrowserIsBoundByItsFirstPage(t *testing.T) {
	t.Parallel()
	var seen secret.Hash
	routes := []web.Route{
		{Method: "GET", Path: "/login", Access: web.Browser, Handler: func(_ http.ResponseWriter, r *http.Request) error { seen = web.Binding(r); return nil }},
		{Method: "POST", Path: "/login", Access: web.Browser, Handler: ok},
	}
	h := build(t, routes)
	w := h.ask(t, "GET", "/login")
	cookie := w.Header().Get("Set-Cookie")
	value, rest, _ := strings.Cut(strings.TrimPrefix(cookie, "__Host-sallyport-browser="), ";")
	if len(value) != 43 || rest != " Path=/; HttpOnly; Secure; SameSite=Lax" {
		t.Fatalf("Set-Cookie = %q, want a token in __Host-sallyport-browser, Secure, HttpOnly and Lax", cookie)
	}
	if !seen.Equal(secret.ParseToken(value).Hash()) {
		t.Error("the first page already has another binding than its cookie")
	}
	if again := h.ask(t, "GET", "/login", header("Cookie", "__Host-sallyport-browser="+value)); again.Header().Get("Set-Cookie") != "" {
		t.Error("a bound browser is bound anew")
	}
	if w := h.ask(t, "POST", "/login"); w.Code != 403 || !strings.Contains(w.Body.String(), "bind_cookie_missing") {
		t.Errorf("post without the cookie: %d %s, want bind_cookie_missing", w.Code, w.Body)
	}

	base, err := web.ParseBaseURL("http://127.0.0.1:8080")
	if err != nil {
		t.Fatal(err)
	}
	plain := build(t, routes, func(c *web.Config) { c.BaseURL = base }).ask(t, "GET", "/login").Header()
	if got := plain.Get("Set-Cookie"); !strings.HasPrefix(got, "sallyport-browser=") || strings.Contains(got, "Secure") {
		t.Errorf("Set-Cookie on plain http = %q, want sallyport-browser without Secure", got)
	}
	if plain.Get("Strict-Transport-Security") != "" {
		t.Error("plain http demands https")
	}
}

func TestSignedInRoutesNeedALiveSession(t *testing.T) {
	t.Parallel()
	h := build(t, every())
	if w := h.ask(t, "GET", "/account", header("Cookie", "__Host-sallyport-session=good")); w.Code != 200 {
		t.Errorf("with a session: %d, want 200", w.Code)
	}
	for name, cookie := range map[string]string{"none": "x=y", "over": "__Host-sallyport-session=old", "of plain http": "sallyport-session=good"} {
		w := h.ask(t, "GET", "/account", header("Cookie", cookie))
		if w.Code != 303 || w.Header().Get("Location") != "https://id.example/login" {
			t.Errorf("session %s: %d to %q, want 303 to the sign-in page", name, w.Code, w.Header().Get("Location"))
		}
		if w := h.ask(t, "POST", "/logout", header("Cookie", cookie)); w.Code != 401 {
			t.Errorf("post with session %s: %d, want 401", name, w.Code)
		}
	}
}

// A link into the middle of a console is followed after the sign-in, and leads
// to no other host.
func TestASignedOutPageIsComeBackTo(t *testing.T) {
	t.Parallel()
	h := build(t, every())
	for target, want := range map[string]string{
		"/account":                     "",
		"/account?tab=2":               "?back=%2Faccount%3Ftab%3D2",
		"/console?q=a%26b&after=%2F":   "?back=%2Fconsole%3Fq%3Da%2526b%26after%3D%252F",
		"/operator/new":                "?back=%2Foperator%2Fnew",
		"/console?q=" + long(2000):     "",
		"/console?q=" + long(1900):     "?back=%2Fconsole%3Fq%3D" + long(1900),
		"https://evil.example/account": "",
	} {
		got := h.ask(t, "GET", target)
		if got.Code != 303 || got.Header().Get("Location") != "https://id.example/login"+want {
			t.Errorf("%.60s: %d to %.80q, want the sign-in with %.60q", target, got.Code, got.Header().Get("Location"), want)
		}
	}
	for back, want := range map[string]string{"//evil.example/x": "/login", "https://evil.example/": "/login", `/\evil.example`: "/login", "": "/login", "/console": "/login?back=%2Fconsole"} {
		if got := web.SignInPath(back); got != want {
			t.Errorf("SignInPath(%q) = %q, want %q", back, got, want)
		}
	}
}

// long returns a text of n octets.
func long(n int) string { return strings.Repeat("x", n) }

// Who is signed in, and comes from where nobody may, is told so and keeps the
// session; from where they may come, they try the same page again.
func TestASessionFromElsewhereIsRefusedAndKept(t *testing.T) {
	t.Parallel()
	h := build(t, every())
	for target, want := range map[string]string{"GET /account?tab=2": "page policy_address ref= retry=/account?tab=2", "POST /logout": "page policy_address ref= retry="} {
		method, path, _ := strings.Cut(target, " ")
		got := h.ask(t, method, path, header("Cookie", "__Host-sallyport-session=far"))
		body := regexp.MustCompile(`ref=\S*`).ReplaceAllString(got.Body.String(), "ref=")
		if got.Code != 403 || body != want || got.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %q, cookie %q, want %q", target, got.Code, body, got.Header().Get("Set-Cookie"), want)
		}
	}
}

func TestConsolesAreForThoseWhoRunThem(t *testing.T) {
	t.Parallel()
	h := build(t, every())
	for who, want := range map[string]struct{ console, support, operator int }{
		"acme/owner":           {200, 404, 404},
		"acme/admin":           {200, 404, 404},
		"acme/member":          {403, 404, 404},
		"acme/restricted":      {403, 404, 404},
		"acme/":                {403, 404, 404},
		"operators/owner":      {200, 200, 200},
		"operators/admin":      {200, 200, 200},
		"operators/member":     {403, 200, 403},
		"operators/restricted": {403, 404, 404},
		"operators-2/owner":    {200, 404, 404},
	} {
		session := header("Cookie", "__Host-sallyport-session="+who)
		if got := h.ask(t, "GET", "/console", session); got.Code != want.console || got.Code == 403 && !strings.Contains(got.Body.String(), "console_role") {
			t.Errorf("%s at the console: %d %s, want %d", who, got.Code, got.Body, want.console)
		}
		for path, want := range map[string]int{"/operator": want.support, "/operator/new": want.operator} {
			got := h.ask(t, "GET", path, session)
			if why := map[int]string{200: "ok", 403: "operator_role", 404: "page_not_found"}[want]; got.Code != want || !strings.Contains(got.Body.String(), why) {
				t.Errorf("%s at %s: %d %s, want %d %s", who, path, got.Code, got.Body, want, why)
			}
		}
	}
	for _, path := range []string{"/console", "/operator", "/operator/new"} {
		if got := h.ask(t, "GET", path); got.Code != 303 {
			t.Errorf("nobody at %s: %d, want to be sent to the sign-in", path, got.Code)
		}
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	t.Parallel()
	h := build(t, every())
	for _, target := range []string{"/login", "/nowhere", "/keys", "//login"} {
		got := h.ask(t, "GET", target).Header()
		for name, want := range map[string]string{
			"Content-Security-Policy":      "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
			"X-Content-Type-Options":       "nosniff",
			"X-Frame-Options":              "DENY",
			"Referrer-Policy":              "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Cache-Control":                "no-store",
			"Strict-Transport-Security":    "max-age=31536000",
		} {
			if got.Get(name) != want {
				t.Errorf("%s: %s = %q, want %q", target, name, got.Get(name), want)
			}
		}
	}
}

func TestErrorsBecomeAnswers(t *testing.T) {
	t.Parallel()
	boom := errors.New("reading connection con_1: disk on fire")
	for name, tc := range map[string]struct {
		err    error
		access web.Access
		status int
		body   string
		logged []string
	}{
		"a fault, to a person": {
			&fault.Error{Kind: fault.Denied, Code: "saml_audience", Want: "https://a", Got: "https://b", Ref: "7F3K-22QD", Err: errors.New("verifying response")},
			web.Public, 403, "page saml_audience ref=7F3K-22QD retry=",
			[]string{"level=WARN", "msg=request", `route="GET /x"`, "status=403", "code=saml_audience", "want=https://a", "got=https://b", "ref=7F3K-22QD", `err="verifying response"`, "trace=00-"},
		},
		"a fault, to a program": {
			&fault.Error{Kind: fault.Conflict, Code: "attempt_over", Ref: "7F3K-22QD"},
			web.Client, 409, `{"error":"attempt_over","reference":"7F3K-22QD"}`, []string{"code=attempt_over"},
		},
		"an answer of a standard": {
			fmt.Errorf("exchanging code: %w", answer{}),
			web.Client, 401, `{"error":"invalid_client"}`, []string{"level=WARN", "status=401", `err="exchanging code: refused"`},
		},
		"ours": {boom, web.Client, 500, `{"error":"internal","reference":"`, []string{"level=ERROR", "code=internal", `err="reading connection con_1: disk on fire"`}},
	} {
		h := build(t, []web.Route{{Method: "GET", Path: "/x", Access: tc.access, Handler: func(http.ResponseWriter, *http.Request) error { return tc.err }}})
		w := h.ask(t, "GET", "/x")
		if w.Code != tc.status || !strings.HasPrefix(w.Body.String(), tc.body) {
			t.Errorf("%s: %d %s, want %d %s", name, w.Code, w.Body, tc.status, tc.body)
		}
		for _, part := range tc.logged {
			if !strings.Contains(h.log.String(), part) {
				t.Errorf("%s: log lacks %s:\n%s", name, part, h.log)
			}
		}
		if n := strings.Count(h.log.String(), "\n"); n != 1 {
			t.Errorf("%s: %d lines are logged, want one", name, n)
		}
	}
}

// answer is an error of a standard.
type answer struct{}

func (answer) Error() string     { return "refused" }
func (answer) Status() int       { return 401 }
func (answer) Challenge() string { return "Basic" }
func (answer) JSON() []byte      { return []byte(`{"error":"invalid_client"}`) }

func TestAPanicIsOurFailure(t *testing.T) {
	t.Parallel()
	h := build(t, []web.Route{{Method: "GET", Path: "/x", Access: web.Public, Handler: func(http.ResponseWriter, *http.Request) error { panic("no such thing") }}})
	if w := h.ask(t, "GET", "/x"); w.Code != 500 || !strings.HasPrefix(w.Body.String(), "page internal ref=") {
		t.Errorf("%d %s, want the failure page with 500", w.Code, w.Body)
	}
	for _, part := range []string{"level=ERROR", "panic: no such thing", "stack="} {
		if !strings.Contains(h.log.String(), part) {
			t.Errorf("log lacks %s:\n%s", part, h.log)
		}
	}
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	read := func(_ http.ResponseWriter, r *http.Request) error { _, err := web.Form(r); return err }
	h := build(t, []web.Route{
		{Method: "POST", Path: "/small", Access: web.Client, Handler: read},
		{Method: "POST", Path: "/large", Access: web.CrossSitePost, MaxBody: web.MaxSAMLBody, Handler: read},
	})
	form := func(n int, encoding string) func(*http.Request) {
		return func(r *http.Request) {
			*r = *httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.Path, strings.NewReader("a="+strings.Repeat("x", n-2)))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Header.Set("Content-Encoding", encoding)
		}
	}
	for name, tc := range map[string]struct {
		path string
		body func(*http.Request)
		want int
	}{
		"fits":               {"/small", form(web.MaxBody, ""), 200},
		"one octet more":     {"/small", form(web.MaxBody+1, ""), 413},
		"a response fits":    {"/large", form(web.MaxSAMLBody, ""), 200},
		"a response too big": {"/large", form(web.MaxSAMLBody+1, ""), 413},
		"compressed":         {"/small", form(100, "gzip"), 400},
		"not a form":         {"/small", header("Content-Type", "application/json"), 400},
	} {
		if w := h.ask(t, "POST", tc.path, tc.body); w.Code != tc.want {
			t.Errorf("%s: %d %s, want %d", name, w.Code, w.Body, tc.want)
		}
	}
}

func TestLinksFollowTheBaseURLAlone(t *testing.T) {
	t.Parallel()
	h := build(t, []web.Route{{Method: "GET", Path: "/x", Access: web.Browser, Handler: func(w http.ResponseWriter, r *http.Request) error {
		return web.SeeOther(w, r, "/login?attempt=att_1")
	}}})
	w := h.ask(t, "GET", "/x", func(r *http.Request) { r.Host = "evil.example" }, header("X-Forwarded-Host", "evil.example"), header("X-Forwarded-Proto", "http"))
	if got, want := w.Header().Get("Location"), "https://id.example/login?attempt=att_1"; got != want {
		t.Errorf("Location = %q, want %q", got, want)
	}
}
