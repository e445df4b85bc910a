package operator

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/sallyport/sallyport/internal/sso"
)

// An operator may register every client ID of printable ASCII without a colon. In
// each snippet it is one value, of that language, and the one that was registered.
func TestNoClientIDEndsTheTextThatItStandsIn(t *testing.T) {
	t.Parallel()
	for _, id := range []string{
		"portal", `po"r\t'al`, `"`, `\`, `\"`, `'`, `''`, `'\''`, `\'`, "${HOME}", "${", "${}", "$${a}", "${${a}}", `\${a}`, `\\${a}`, `a\b${c}\`, "$(id)", "`id`", "$HOME", "%41", "%", "a%zz", "%{HOME}",
		"#{1+1}", "?><?=1?>", "*/", "//", "#", "<!--", "{{issuer}}", "+secret", `\u0022`, `\x22+alert(1)+\x22`, "&amp;", "!", "~", "-x", "@file", "a;b", "a|b", "{0}", "<script>", `"""`, `';DROP`, `\n`, `a\`, "${SALLYPORT_DOLLAR}", "${sign.dollar:$}",
	} {
		for _, app := range []sso.App{portal().App, spa().App, machine().App} {
			app.ClientID = id
			all := guides()
			if !app.Grants(sso.GrantCode) {
				all = []guide{forMachines()}
			}
			for _, g := range all {
				text, err := g.fill("https://sso.example", &app)
				if err != nil {
					t.Fatalf("%q, %s: %v", id, g.key, err)
				}
				for _, got := range clientIDs(t, g.key, text) {
					if got != id {
						t.Errorf("%s: the snippet says %q of %q:\n%s", g.key, got, id, text)
					}
				}
				plain := app
				plain.ClientID = "plain"
				twin, err := g.fill("https://sso.example", &plain)
				if err != nil {
					t.Fatal(err)
				}
				told := strings.Contains(id, "${") && (g.key == "apache" || g.key == "java") || strings.Contains(id, "%") && g.key == "python" && !app.Public()
				if lines := strings.Count(text, "\n") - strings.Count(twin, "\n"); lines != 0 && !told || lines != 1 && told {
					t.Errorf("%s: with %q there are %d lines more:\n%s", g.key, id, lines, text)
				}
			}
		}
	}
}

// clientIDs reads what a snippet says the client ID is, as that language does.
func clientIDs(t *testing.T, key, text string) []string {
	t.Helper()
	after := func(mark string) string {
		_, rest, found := strings.Cut(text, mark)
		if !found {
			t.Fatalf("%s: there is no %s:\n%s", key, mark, text)
		}
		return rest
	}
	switch key {
	case "go":
		return []string{goClientID(t, text)}
	case "node":
		return []string{doubly(t, after(`new URL("https://sso.example"), `), ",")}
	case "python":
		return []string{doubly(t, after("    client_id="), ",\n")}
	case "php":
		return []string{single(t, after("new OpenIDConnectClient('https://sso.example', "))}
	case "dotnet":
		return []string{doubly(t, after("options.ClientId = "), ";\n")}
	case "nginx":
		return []string{doubly(t, after("#   client_id = "), "\n")}
	case "apache":
		return []string{apacheValue(t, text)}
	case "java":
		return springValues(t, text)
	case "machine":
		return []string{curlUser(t, after("--user "))}
	}
	t.Fatalf("nobody reads the snippet %s", key)
	return nil
}

func goClientID(t *testing.T, text string) string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "main.go", text, parser.AllErrors)
	if err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	value := ""
	ast.Inspect(file, func(n ast.Node) bool {
		if kv, ok := n.(*ast.KeyValueExpr); ok {
			if name, ok := kv.Key.(*ast.Ident); ok && name.Name == "ClientID" {
				if lit, ok := kv.Value.(*ast.BasicLit); ok {
					value, err = strconv.Unquote(lit.Value)
				}
			}
		}
		return err == nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// doubly reads a text between double quotes, with the two escapes that all the
// languages have in common, and demands what follows.
func doubly(t *testing.T, text, follows string) string {
	t.Helper()
	m := regexp.MustCompile(`^"((?:[^"\\]|\\["\\])*)"`).FindStringSubmatch(text)
	line, _, _ := strings.Cut(text, "\n")
	if m == nil {
		t.Fatalf("no text between double quotes: %s", line)
	}
	if rest := strings.TrimPrefix(text, m[0]); !strings.HasPrefix(rest, follows) {
		t.Fatalf("after the text there is no %q: %s", follows, line)
	}
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(m[1])
}

// single reads a text as PHP does between single quotes.
func single(t *testing.T, text string) string {
	t.Helper()
	m := regexp.MustCompile(`^'((?:[^'\\]|\\.)*)'[,)]`).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no text between single quotes: %s", text)
	}
	return strings.NewReplacer(`\'`, `'`, `\\`, `\`).Replace(m[1])
}

// apacheValue reads the client ID as Apache does: variables that are defined come
// first, and what has taken their place is not looked at again.
func apacheValue(t *testing.T, text string) string {
	t.Helper()
	_, line, _ := strings.Cut(text, "\nOIDCClientID ")
	line, _, _ = strings.Cut(line, "\n")
	dollar := strings.Contains(text, "\nDefine SALLYPORT_DOLLAR \"$\"\nOIDCProviderMetadataURL ")
	line = regexp.MustCompile(`\$\{([^}]*)(\}|$)`).ReplaceAllStringFunc(line, func(v string) string {
		if v != "${SALLYPORT_DOLLAR}" || !dollar {
			t.Fatalf("Apache would read %s as a variable: %s", v, line)
		}
		return "$"
	})
	return doubly(t, line+"\n", "\n")
}

// springValues reads the client ID as Spring does, before version 6.2 and since:
// a variable that is not there is what stands behind its colon, and a backslash
// before one counts since then.
func springValues(t *testing.T, text string) []string {
	t.Helper()
	var file struct {
		Spring struct {
			Security struct {
				OAuth2 struct {
					Client struct {
						Registration map[string]map[string]string
					}
				} `yaml:"oauth2"`
			}
		}
	}
	if err := yaml.Unmarshal([]byte(text), &file); err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	id := file.Spring.Security.OAuth2.Client.Registration["sallyport"]["client-id"]
	if strings.Contains(id, `\${`) {
		t.Fatalf("Spring 6.2 would take the backslash for an escape: %s", id)
	}
	return []string{regexp.MustCompile(`\$\{([^}]*)(\}|$)`).ReplaceAllStringFunc(id, func(v string) string {
		_, is, found := strings.Cut(v, ":")
		if !found || !strings.HasPrefix(v, "${sign.") {
			t.Fatalf("Spring would read %s as a variable: %s", v, id)
		}
		return strings.TrimSuffix(is, "}")
	})}
}

// curlUser reads the user of a request as a shell, curl and then our token
// endpoint do.
func curlUser(t *testing.T, text string) string {
	t.Helper()
	m := regexp.MustCompile(`^((?:'[^']*'|\\')*):"\$\(cat client\.secret\)" \\\n`).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no user of curl: %s", text)
	}
	id, err := url.PathUnescape(regexp.MustCompile(`'([^']*)'|\\(')`).ReplaceAllString(m[1], "$1$2"))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Where a path is a pattern, it stands for itself, or the snippet says that it
// cannot.
func TestNoPathIsReadAsAPattern(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]map[string]string{
		"/cb":                   {"go": `"/cb"`, "node": `"/cb"`, "python": `"/cb"`, "dotnet": `"/cb"`},
		"":                      {"go": `"/"`, "node": `"/"`, "python": `"/"`, "dotnet": `"/"`},
		"/a:b(c)!+?x=1":         {"go": `"/a:b(c)!+"`, "node": `"/a\\:b\\(c\\)\\!\\+"`, "python": `"/a:b(c)!+"`, "dotnet": `"/a:b(c)!+"`},
		"/%7Bid%7D":             {"go": `"/%7Bid%7D"`, "node": `"/%7Bid%7D"`, "python": `"/{id}"`, "dotnet": `"/{id}"`},
		"/%22%5C%01af%C3%A9%7F": {"go": `"/%22%5C%01af%C3%A9%7F"`, "node": `"/%22%5C%01af%C3%A9%7F"`, "python": `"/\"\\\x01afé\x7f"`, "dotnet": `"/\"\\\u0001afé\u007f"`},
		"/%3Cid%3E":             {"go": `"/%3Cid%3E"`, "node": `"/%3Cid%3E"`, "python": `"/<id>"`, "dotnet": `"/<id>"`},
	} {
		app := portal().App
		app.RedirectURIs = []string{"https://app.example" + path}
		before := map[string]string{"go": "http.HandleFunc(", "node": "app.get(", "python": "@app.get(", "dotnet": "options.CallbackPath = "}
		for _, g := range guides() {
			text, err := g.fill("https://sso.example", &app)
			if err != nil {
				t.Fatal(err)
			}
			if want[g.key] != "" && !strings.Contains(text, before[g.key]+want[g.key]) {
				t.Errorf("%s: %s%s is not in the snippet:\n%s", g.key, before[g.key], want[g.key], text)
			}
			if says := strings.Contains(text, "SkipUnrecognizedRequests"); says != (g.key == "dotnet" && (path == "" || path == "/")) {
				t.Errorf("%s: of %s it says that other requests come there: %v", g.key, path, says)
			}
			if says := strings.Contains(text, "Flask reads < and >"); says != (g.key == "python" && strings.Contains(path, "%3C")) {
				t.Errorf("%s: of %s it says that this is no path: %v", g.key, path, says)
			}
		}
	}
}
