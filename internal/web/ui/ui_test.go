package ui

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/web"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func open(t *testing.T) *UI {
	t.Helper()
	u, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// specimens are the pages with something in every place, by name of the
// golden file.
func specimens() map[string]Page {
	const attempt = "?attempt=att_1"
	return map[string]Page{
		"identify":         Identify{Action: "/login"},
		"identify-problem": Identify{Action: "/login" + attempt, Typed: `ada"<b>@acme`, Problem: "ident_email"},
		"password":         Password{Action: "/login/password" + attempt, Who: "ada@acme.example", NotYou: "/login/email" + attempt},
		"password-problem": Password{Action: "/login/password" + attempt, Who: "ada@acme.example", NotYou: "/login/email" + attempt, Problem: "password_wrong"},
		"choose": Choose{Of: Connections, Action: "/login/choose" + attempt, Who: "ada@acme.example", NotYou: "/login/email" + attempt,
			Choices: []Choice{{"con_1", "Acme Okta"}, {"con_2", "Acme <Entra>"}}},
		"choose-organization": Choose{Of: Organizations, Action: "/login/choose" + attempt, Who: "ada@acme.example",
			Choices: []Choice{{"org_1", "Acme"}, {"org_2", "Acme EMEA"}}},
		"switch":     Switch{Action: "/login/switch" + attempt, Stay: "/account", Now: "Ada Lovelace", Next: "Mallory <b>Moe</b>"},
		"leave":      leave{URL: "https://idp.example/sso?SAMLRequest=a%2Bb&RelayState=c", Name: "Acme Okta"},
		"leave-ours": leave{URL: "/login/continue" + attempt},
		"leave-app":  leave{URL: "com.example.app:/cb?code=a&state=%22"},
		"post":       post{Form{Action: "https://idp.example/sso", Name: "Acme ADFS", Fields: []Field{{"SAMLRequest", "PHg+"}, {"RelayState", `"<r>`}}}},
		"account":    Account{Name: "Ada Lovelace", Email: "ada@acme.example", Username: "ada", Organization: "Acme", Role: "owner"},
		"signed-out": SignedOut{},
	}
}

// mishaps are the failures whose pages are kept, by name of the golden file.
func mishaps() map[string]web.Failure {
	const ref = "7F3K-22QD"
	return map[string]web.Failure{
		"failure":           {Status: 403, Code: "saml_audience", Reference: ref, Fix: fault.IdPSide, Want: "https://we.example", Got: "https://other.example", Retry: "/login/again?attempt=att_1"},
		"failure-mismatch":  {Status: 403, Code: "ident_email_mismatch", Reference: ref, Fix: fault.IdPSide, Want: "ada@acme.example", Got: "<b>bob@acme.example"},
		"failure-over":      {Status: 409, Code: "attempt_over", Reference: ref, Fix: fault.PersonSide, Retry: "/login/again?attempt=att_1", Onward: "/account"},
		"failure-internal":  {Status: 500, Code: "internal", Reference: ref},
		"failure-not-found": {Status: 404, Code: "page_not_found", Reference: ref, Fix: fault.PersonSide},
	}
}

// shown renders a page in a language.
func shown(t *testing.T, lang string, show func(http.ResponseWriter, *http.Request)) string {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.Header.Set("Accept-Language", lang)
	w := httptest.NewRecorder()
	show(w, r)
	if got := w.Header().Get("Content-Language"); got != lang {
		t.Errorf("Content-Language = %q, want %q", got, lang)
	}
	return w.Body.String()
}

// everyShown renders all specimens and mishaps, by name.
func everyShown(t *testing.T, lang string) map[string]string {
	t.Helper()
	u, pages := open(t), map[string]string{}
	for name, p := range specimens() {
		pages[name] = shown(t, lang, func(w http.ResponseWriter, r *http.Request) {
			if err := u.Render(w, r, 200, p); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		})
	}
	for name, f := range mishaps() {
		pages[name] = shown(t, lang, func(w http.ResponseWriter, r *http.Request) { u.Failure(w, r, f) })
	}
	return pages
}

func TestPages(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"en", "de"} {
		for name, got := range everyShown(t, lang) {
			file := filepath.Join("testdata", name+"."+lang+".html")
			// The names of assets follow their content; the pages kept do not.
			got = regexp.MustCompile(`(/assets/\w+)\.[0-9a-f]+\.`).ReplaceAllString(got, "$1.HASH.")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		}
	}
}

func TestEveryPageHasASpecimen(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{"failure": true}
	for _, p := range specimens() {
		name, _ := p.page()
		seen[name] = true
	}
	for _, p := range everyPage() {
		if name, _ := p.page(); !seen[name] {
			t.Errorf("page %s is not looked at", name)
		}
	}
}

// TestPagesAreSound holds pages to what a content policy, a screen reader and
// a browser without scripts need of them.
func TestPagesAreSound(t *testing.T) {
	t.Parallel()
	for name, page := range everyShown(t, "en") {
		root, err := html.Parse(strings.NewReader(page))
		if err != nil {
			t.Fatal(err)
		}
		if problem := balanced(page); problem != "" {
			t.Errorf("%s: %s", name, problem)
		}
		ids, labelled := map[string]bool{}, map[string]bool{}
		var h1 int
		for n := range root.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			a := attrs(n)
			if id := a["id"]; id != "" {
				if ids[id] {
					t.Errorf("%s: two elements are called %s", name, id)
				}
				ids[id] = true
			}
			for key := range a {
				if key == "style" || strings.HasPrefix(key, "on") {
					t.Errorf("%s: <%s> has an inline %s", name, n.Data, key)
				}
			}
			switch n.Data {
			case "style", "iframe", "object", "base":
				t.Errorf("%s: has a <%s>", name, n.Data)
			case "script":
				if a["src"] == "" || n.FirstChild != nil {
					t.Errorf("%s: has an inline script", name)
				}
			case "label":
				labelled[a["for"]] = true
			case "h1":
				h1++
			case "html":
				if a["lang"] != "en" || a["dir"] != "ltr" {
					t.Errorf("%s: language %q, direction %q", name, a["lang"], a["dir"])
				}
			case "svg":
				if a["aria-hidden"] != "true" {
					t.Errorf("%s: a picture is read aloud", name)
				}
			}
		}
		for n := range root.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			a := attrs(n)
			if n.Data == "input" && a["type"] != "hidden" && a["aria-hidden"] == "" && (!labelled[a["id"]] || a["autocomplete"] == "") {
				t.Errorf("%s: field %s has no label or no autocomplete", name, a["name"])
			}
			for _, key := range []string{"aria-describedby", "aria-labelledby", "for", "data-copies", "data-reveals"} {
				if a[key] != "" && !ids[a[key]] {
					t.Errorf("%s: %s=%q names nothing", name, key, a[key])
				}
			}
		}
		if h1 != 1 {
			t.Errorf("%s: %d headings, want one", name, h1)
		}
	}
}

// balanced says where tags are not closed as they were opened.
func balanced(page string) string {
	void := map[string]bool{"meta": true, "link": true, "input": true, "br": true}
	var open []string
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		switch z.Next() {
		case html.ErrorToken:
			if len(open) != 0 {
				return "is not closed: " + strings.Join(open, " ")
			}
			return ""
		case html.StartTagToken:
			if name := z.Token().Data; !void[name] {
				open = append(open, name)
			}
		case html.EndTagToken:
			name := z.Token().Data
			if len(open) == 0 || open[len(open)-1] != name {
				return "</" + name + "> closes " + strings.Join(open, " ")
			}
			open = open[:len(open)-1]
		}
	}
}

func attrs(n *html.Node) map[string]string {
	m := map[string]string{}
	for _, a := range n.Attr {
		m[a.Key] = a.Val
	}
	return m
}

func TestValuesOfAFailureAreTheAdministratorsUnlessTheyAreThePersonsOwn(t *testing.T) {
	t.Parallel()
	pages := everyShown(t, "en")
	if strings.Contains(pages["failure"], "example") {
		t.Errorf("the page shows what was wanted or got:\n%s", pages["failure"])
	}
	for _, want := range []string{"ada@acme.example", "&lt;b&gt;bob@acme.example"} {
		if !strings.Contains(pages["failure-mismatch"], want) {
			t.Errorf("the page lacks %s:\n%s", want, pages["failure-mismatch"])
		}
	}
}

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
