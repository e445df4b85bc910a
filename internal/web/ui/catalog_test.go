package ui

import (
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
)

// texts reads a file of the catalog.
func texts(t *testing.T, file string) map[string]string {
	t.Helper()
	b, err := files.ReadFile("locales/" + file)
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]string{}
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTheLanguageIsThePersonsAndThenTheBrowsers(t *testing.T) {
	t.Parallel()
	u := open(t)
	for _, tc := range []struct{ chosen, browser, want string }{
		{"", "de-AT,de;q=0.9,en;q=0.8", "de"},
		{"", "fr,de;q=0.5", "de"},
		{"", "ja", "en"},
		{"", strings.Repeat("de,", 100), "en"}, // nobody's preference is that long
		{"", "", "en"},
		{"en", "de", "en"},
		{"de", "en", "de"},
		{"de-CH", "en", "de"},
		{"ja", "de", "de"}, // was ours once
		{"no such tag", "de", "de"},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/account", nil)
		r.Header.Set("Accept-Language", tc.browser)
		r.Header.Set("Cookie", "__Host-sallyport-session=any")
		var got string
		route := web.Route{Method: http.MethodGet, Path: "/account", Access: web.SignedIn, Handler: func(_ http.ResponseWriter, r *http.Request) error {
			got = languages()[u.languageOf(r)].String()
			return nil
		}}
		base, err := web.ParseBaseURL("https://id.example")
		if err != nil {
			t.Fatal(err)
		}
		rt, err := web.New(web.Config{BaseURL: base, Log: discard(), Failure: u.Failure, Person: func(context.Context, secret.Token) (sso.Person, error) {
			return sso.Person{User: sso.User{ID: "usr_1", Language: tc.chosen}}, nil
		}}, []web.Route{route})
		if err != nil {
			t.Fatal(err)
		}
		rt.ServeHTTP(httptest.NewRecorder(), r)
		if got != tc.want {
			t.Errorf("chosen %q, browser %q: %s, want %s", tc.chosen, tc.browser, got, tc.want)
		}
	}
}

// TestTheWordsArePlain holds texts to the words that people brought with them.
func TestTheWordsArePlain(t *testing.T) {
	t.Parallel()
	jargon := regexp.MustCompile(`(?i)\b(saml|xml|assertion|idp|identity provider|signature|oidc|oauth|token|nameid|http|null)\b|'|  `)
	for _, file := range []string{"pages.en.json", "pages.de.json", "failures.en.json", "failures.de.json"} {
		for key, text := range texts(t, file) {
			if found := jargon.FindString(text); found != "" {
				t.Errorf("%s in %s says %q: %s", key, file, found, text)
			}
		}
	}
}

// TestEveryCodeHasASentence reads the codes of all faults from the source, and
// the rules by which responses are refused, and looks for what a person would
// be told: in both languages, and not what fits any failure.
func TestEveryCodeHasASentence(t *testing.T) {
	t.Parallel()
	codes := codesInSource(t, filepath.Join("..", ".."))
	if len(codes) < 60 {
		t.Fatalf("found only %d codes: %v", len(codes), codes)
	}
	for _, v := range voices(t) {
		have := sentences(t, v.tag.String())
		for _, code := range codes {
			if !slices.ContainsFunc(sentenceKeys(code)[:2], func(key string) bool { return have[key] != "" }) {
				t.Errorf("code %s has no sentence in %s", code, v.tag)
			}
		}
		for _, kind := range []string{"person", "admin", "idp", "app", "operator", "nobody"} {
			if have["do."+kind] == "" {
				t.Errorf("what to do where it is the %s side's is not said in %s", kind, v.tag)
			}
		}
	}
}

// sentences returns those of all sets, by their keys.
func sentences(t *testing.T, lang string) map[string]string {
	t.Helper()
	all := texts(t, "failures."+lang+".json")
	found, err := filepath.Glob(filepath.Join("..", "*", "locales", "failures."+lang+".json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range found {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &all); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
	}
	return all
}

// codesInSource returns the codes in literals of fault.Error, and the rules of
// package saml as codes.
func codesInSource(t *testing.T, root string) []string {
	t.Helper()
	var codes []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				if isFault(n.Type) {
					codes = append(codes, codeOf(n)...)
				}
			case *ast.ValueSpec:
				if name, ok := n.Type.(*ast.Ident); ok && name.Name == "Rule" && len(n.Values) == 1 {
					codes = append(codes, strings.ReplaceAll(literal(n.Values[0]), ".", "_"))
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

func isFault(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.SelectorExpr:
		pkg, ok := e.X.(*ast.Ident)
		return ok && pkg.Name == "fault" && e.Sel.Name == "Error"
	case *ast.Ident:
		return e.Name == "Error"
	}
	return false
}

func codeOf(lit *ast.CompositeLit) []string {
	for _, e := range lit.Elts {
		pair, ok := e.(*ast.KeyValueExpr)
		if !ok {
			continue
		}
		if key, ok := pair.Key.(*ast.Ident); ok && key.Name == "Code" {
			if code := literal(pair.Value); code != "" {
				return []string{code}
			}
		}
	}
	return nil
}

func literal(e ast.Expr) string {
	lit, ok := e.(*ast.BasicLit)
	if !ok {
		return ""
	}
	s, err := strconv.Unquote(lit.Value)
	if err != nil {
		return ""
	}
	return s
}

// TestContrast holds the colours of the tokens to WCAG 2.2 AA: 4.5 for text, 3
// for the outlines of fields and the ring of the focus.
func TestContrast(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("assets/tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, ok := strings.Cut(string(b), "@media (prefers-color-scheme: dark)")
	if !ok {
		t.Fatal("no dark values")
	}
	for scheme, css := range map[string]string{"light": light, "dark": dark} {
		c := map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z0-9-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(css, -1) {
			c[m[1]] = m[2]
		}
		for _, pair := range []struct {
			text, on string
			min      float64
		}{
			{"ink", "surface", 4.5}, {"ink", "ground", 4.5}, {"ink", "sunken", 4.5},
			{"ink-soft", "surface", 4.5}, {"ink-soft", "ground", 4.5}, {"ink-soft", "sunken", 4.5},
			{"accent", "surface", 4.5}, {"accent", "sunken", 4.5}, {"accent-strong", "accent-wash", 4.5}, {"accent-strong", "surface", 4.5},
			{"on-accent", "accent", 4.5}, {"on-accent", "accent-strong", 4.5},
			{"ok", "ok-wash", 4.5}, {"warn", "warn-wash", 4.5}, {"refused", "refused-wash", 4.5}, {"pending", "pending-wash", 4.5},
			{"refused", "surface", 4.5}, {"line-field", "surface", 3}, {"line-field", "ground", 3}, {"accent", "ground", 4.5},
			{"ink", "hover", 4.5}, {"ink-soft", "hover", 4.5}, {"on-refused", "refused", 4.5},
			{"ink", "ok-wash", 4.5}, {"ink", "warn-wash", 4.5}, {"ink", "refused-wash", 4.5}, {"ink", "pending-wash", 4.5},
			{"accent", "ok-wash", 4.5}, {"accent", "warn-wash", 4.5}, {"accent", "refused-wash", 4.5}, {"accent", "pending-wash", 4.5},
			{"accent", "track", 3}, {"series-1", "surface", 3}, {"series-2", "surface", 3}, {"series-3", "surface", 3}, {"series-4", "surface", 3},
		} {
			if c[pair.text] == "" || c[pair.on] == "" {
				t.Errorf("%s: no token %s or %s", scheme, pair.text, pair.on)
				continue
			}
			if got := contrast(t, c[pair.text], c[pair.on]); got < pair.min {
				t.Errorf("%s: %s on %s has contrast %.2f, want %.1f", scheme, pair.text, pair.on, got, pair.min)
			}
		}
	}
}

// contrast returns the ratio of WCAG 2.2.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	var sum float64
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		v := float64(n) / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum
}
