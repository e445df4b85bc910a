package operator

import (
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/sso"
)

// Each snippet has the values of its app, says where a secret comes from where
// there is one, and never what it is.
func TestSnippetsAreFilledIn(t *testing.T) {
	t.Parallel()
	hostile := portal().App
	hostile.ClientID, hostile.RedirectURIs = `po"r\t'al`, []string{"https://app.example/it's"}
	for name, app := range map[string]sso.App{"web": portal().App, "public": spa().App, "machine": machine().App, "hostile": hostile} {
		all := guides()
		if !app.Grants(sso.GrantCode) {
			all = []guide{forMachines()}
		}
		for _, g := range all {
			text, err := g.fill("https://sso.example", &app)
			if err != nil {
				t.Fatalf("%s, %s: %v", name, g.key, err)
			}
			for _, left := range []string{"{{", "+secret", "+public"} {
				if strings.Contains(text, left) {
					t.Errorf("%s, %s: %q is left", name, g.key, left)
				}
			}
			if !strings.Contains(text, g.quote(app.ClientID)) || !strings.Contains(text, "https://sso.example") {
				t.Errorf("%s, %s: the values are not in it:\n%s", name, g.key, text)
			}
			lower := strings.ToLower(text)
			says := strings.Contains(lower, "client_secret") || strings.Contains(lower, "clientsecret") || strings.Contains(lower, "client-secret") || strings.Contains(lower, "client.secret")
			if says == app.Public() && g.key != "nginx" {
				t.Errorf("%s, %s: a secret in it: %v", name, g.key, says)
			}
			if g.key == "go" {
				if _, err := parser.ParseFile(token.NewFileSet(), "main.go", text, parser.AllErrors); err != nil || strings.Contains(text, `"os"`) == app.Public() {
					t.Errorf("%s: %v:\n%s", name, err, text)
				}
			}
		}
	}
}

// What stands in a configuration without quotes is the name of a host, whatever
// an operator has registered.
func TestNoHostEndsTheDirectiveThatItStandsIn(t *testing.T) {
	t.Parallel()
	nginx := guides()[slices.IndexFunc(guides(), func(g guide) bool { return g.key == "nginx" })]
	for uri, want := range map[string]string{
		"https://app.example/cb":                    "app.example",
		"https://App-2.example:8443/cb":             "App-2.example",
		"http://127.0.0.1/cb":                       "127.0.0.1",
		"https://portal.acme.co.uk/oauth2/callback": "portal.acme.co.uk",
		"https://x;include/cb":                      "app.example", // a directive of its own
		"https://$hostname/cb":                      "app.example", // a variable
		"https://~.+/cb":                            "app.example", // a pattern, of all hosts
		"https://.example/cb":                       "app.example", // all hosts below
		"https://_/cb":                              "app.example", // none of them
		"https://a'b/cb":                            "app.example",
		"https://a,b/cb":                            "app.example",
		"https://[::1]/cb":                          "app.example",
		"com.example.app:/cb":                       "app.example",
	} {
		app := portal().App
		app.RedirectURIs = []string{uri}
		text, err := nginx.fill("https://sso.example", &app)
		if err != nil {
			t.Fatalf("%s: %v", uri, err)
		}
		if got := regexp.MustCompile(`(?m)^    server_name .*$`).FindString(text); got != "    server_name "+want+";" {
			t.Errorf("%s: the directive is %q, want the name %q", uri, got, want)
		}
		if n := strings.Count(text, "\n    server_name "); n != 1 {
			t.Errorf("%s: there are %d names", uri, n)
		}
	}
}

// Spring and the PHP library take RS256 alone, Spring sends no PKCE where there is
// a secret, oauth2-proxy does not start without a file for one, and two libraries
// want to be told that an issuer is on plain http. The module of Apache that Debian
// 12 has runs no command for the secret. Where none of it holds, nothing is said.
func TestASnippetMakesUpForItsLibrary(t *testing.T) {
	t.Parallel()
	const https, http = "https://sso.example", "http://127.0.0.1:8080"
	web, public, old := portal().App, spa().App, portal().App
	old.IDTokenAlg = sso.AlgRS256
	type of struct {
		issuer string
		app    *sso.App
	}
	for _, tc := range []struct {
		key, says string
		want, not of
	}{
		{"php", "choose RS256", of{https, &web}, of{https, &old}},
		{"java", "-> SignatureAlgorithm.ES256)", of{https, &web}, of{https, &old}},
		{"java", "-> SignatureAlgorithm.RS256)", of{https, &old}, of{https, &web}},
		{"java", "withPkce()", of{https, &web}, of{https, &public}},
		{"nginx", "is empty: this app has none", of{https, &public}, of{https, &web}},
		{"apache", "\nInclude /etc/apache2/oidc.secret\n", of{https, &web}, of{https, &public}},
		{"node", "allowInsecureRequests", of{http, &web}, of{https, &web}},
		{"dotnet", "RequireHttpsMetadata = false", of{http, &web}, of{https, &web}},
	} {
		g := guides()[slices.IndexFunc(guides(), func(g guide) bool { return g.key == tc.key })]
		text, err := g.fill(tc.want.issuer, tc.want.app)
		twin, err2 := g.fill(tc.not.issuer, tc.not.app)
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		if !strings.Contains(text, tc.says) || strings.Contains(twin, tc.says) {
			t.Errorf("%s: %q is wanted in\n%s\nand not in\n%s", tc.key, tc.says, text, twin)
		}
	}
}
