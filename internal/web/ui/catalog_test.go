package ui

import (
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/netip"
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

func TestTheLanguageIsThePersonsThenTheAppsThenTheBrowsers(t *testing.T) {
	t.Parallel()
	u := open(t)
	for _, tc := range []struct{ chosen, browser, want string }{
		{"app:de", "en", "de"},
		{"app:en", "de", "en"},
		{"app:fr", "de", "de"}, // a cookie can be anybody's work
		{"app:<b>", "de", "de"},
		{"app:" + strings.Repeat("d", 200), "de", "de"},
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
		asked, ofApp := strings.CutPrefix(tc.chosen, "app:") // that the app asks for
		if ofApp {
			tc.chosen = ""
		} else {
			asked = ""
		}
		r.Header.Set("Cookie", "__Host-sallyport-session=any; __Host-sallyport-language="+asked)
		var got string
		route := web.Route{Method: http.MethodGet, Path: "/account", Access: web.SignedIn, Handler: func(_ http.ResponseWriter, r *http.Request) error {
			got = languages()[u.languageOf(r)].String()
			return nil
		}}
		base, err := web.ParseBaseURL("https://id.example")
		if err != nil {
			t.Fatal(err)
		}
		rt, err := web.New(web.Config{BaseURL: base, Log: discard(), Failure: u.Failure, Person: func(context.Context, secret.Token, netip.Addr) (sso.Person, error) {
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
