package operator

import (
	"cmp"
	"embed"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web/ui"
)

//go:embed snippets
var snippets embed.FS

// guide is a snippet for a language, or a server.
type guide struct {
	key, name string
	quote     func(string) string
}

// guides lists the snippets.
func guides() []guide {
	return []guide{
		{"go", "Go", quoted}, {"node", "Node.js", quoted}, {"python", "Python", quoted}, {"php", "PHP", singly}, {"java", "Java (Spring)", quoted},
		{"dotnet", ".NET", quoted}, {"nginx", "nginx", quoted}, {"apache", "Apache", quoted},
	}
}

// forMachines is the snippet of an app that nobody signs in to.
func forMachines() guide { return guide{"machine", "curl", shell} }

func quoted(s string) string { return strconv.Quote(s) } // of ASCII, so that every language reads it

func singly(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

func shell(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// fill returns the snippet with the values of an app. A line that ends in
// "+secret" is for apps that keep one, one in "+public" for the others.
func (g guide) fill(issuer string, a *sso.App) (string, error) {
	text, err := snippets.ReadFile("snippets/" + g.key + ".txt")
	if err != nil {
		return "", err
	}
	redirect := "https://app.example/callback"
	if len(a.RedirectURIs) > 0 {
		redirect = a.RedirectURIs[0]
	}
	u, err := url.Parse(redirect)
	if err != nil {
		return "", err
	}
	secure, Secure := "true", "True"
	if u.Scheme != "https" {
		secure, Secure = "false", "False"
	}
	fill := strings.NewReplacer(
		"{{issuer}}", g.quote(issuer), "{{client_id}}", g.quote(a.ClientID), "{{redirect_uri}}", g.quote(redirect), "{{redirect_uri_plain}}", redirect,
		"{{redirect_path}}", g.quote(cmp.Or(u.Path, "/")), "{{discovery}}", g.quote(issuer+"/.well-known/openid-configuration"), "{{token}}", g.quote(issuer+"/oauth2/token"),
		"{{alg}}", g.quote(string(a.SignedBy())), "{{host}}", hostName(u.Hostname()), "{{secure}}", secure, "{{Secure}}", Secure,
	)
	var out strings.Builder
	for line := range strings.Lines(string(text)) {
		body, mark, marked := cutMark(line)
		if marked && (mark == "public") != a.Public() {
			continue
		}
		out.WriteString(body)
	}
	return fill.Replace(out.String()), nil
}

// hostName returns a host as it can stand in a configuration without quotes: the
// name of one, without a port, and in place of anything else one that has to be
// replaced. A registered URI may hold signs that would end a directive, name a
// variable or begin a pattern there.
func hostName(host string) string {
	odd := func(r rune) bool {
		return r != '-' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}
	if host == "" || strings.ContainsFunc(host, odd) || strings.HasPrefix(host, "-") || strings.HasPrefix(host, ".") {
		return "app.example"
	}
	return host
}

// cutMark cuts the mark off the end of a line, with the sign of a comment before
// it.
func cutMark(line string) (body, mark string, marked bool) {
	for _, mark := range []string{"secret", "public"} {
		for _, sign := range []string{"//", "#"} {
			if body, ok := strings.CutSuffix(line, sign+" +"+mark+"\n"); ok {
				return strings.TrimRight(body, " ") + "\n", mark, true
			}
		}
	}
	return line, "", false
}

// guideOf returns the snippet that is asked for, and the links to all of them.
func guideOf(r *http.Request, issuer string, a *sso.App) (ui.Code, []ui.Tab, error) {
	all := guides()
	if !a.Grants(sso.GrantCode) {
		all = []guide{forMachines()}
	}
	asked := slices.IndexFunc(all, func(g guide) bool { return g.key == r.URL.Query().Get("for") })
	asked = max(asked, 0)
	text, err := all[asked].fill(issuer, a)
	var tabs []ui.Tab
	for i, g := range all {
		tabs = append(tabs, ui.Tab{Name: ui.As(g.name), Path: pathOfApp(a.Key) + "?for=" + g.key, Current: i == asked})
	}
	return ui.Code{ID: "snippet", Label: ui.As(all[asked].name), Text: text}, tabs, err
}
