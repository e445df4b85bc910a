package operator

import (
	"cmp"
	"embed"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
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
	path      func(*url.URL) string // as requests are matched by it there; nil: it is not asked for
}

// guides lists the snippets.
func guides() []guide {
	return []guide{
		{"go", "Go", quoted, (*url.URL).EscapedPath}, {"node", "Node.js", quoted, expressPath}, {"python", "Python", quoted, decodedPath}, {"php", "PHP", singly, nil},
		{"java", "Java (Spring)", springQuoted, nil}, {"dotnet", ".NET", sharpQuoted, decodedPath}, {"nginx", "nginx", quoted, nil}, {"apache", "Apache", apacheQuoted, nil},
	}
}

// forMachines is the snippet of an app that nobody signs in to.
func forMachines() guide { return guide{"machine", "curl", shell, nil} }

// quoted is for Go, JavaScript, Python, YAML and TOML, which read it alike as
// long as it is ASCII that can be printed, as client IDs and redirect URIs are.
func quoted(s string) string { return strconv.Quote(s) }

// sharpQuoted is for C#, where the length of \x varies.
func sharpQuoted(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteString(`\` + string(r))
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return `"` + b.String() + `"`
}

// variable begins the name of a variable in the configuration of Apache and in
// that of Spring, which know no sign that would escape it.
const variable = "${"

// apacheQuoted has a variable stand for the sign by which one begins: what has
// taken its place is not read again. The snippet says what it is.
func apacheQuoted(s string) string {
	return quoted(strings.ReplaceAll(s, variable, "${SALLYPORT_DOLLAR}{"))
}

// springQuoted does so by variables that are not there, with what stands for them
// then. Since version 6.2 a backslash before one escapes it; before that none does.
func springQuoted(s string) string {
	if strings.Contains(s, variable) {
		s = strings.NewReplacer(variable, "${sign.dollar:$}{", `\`, `${sign.backslash:\}`).Replace(s)
	}
	return quoted(s)
}

func singly(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

func shell(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func decodedPath(u *url.URL) string { return u.Path }

// expressPath escapes what has a meaning in the patterns of Express 5.
func expressPath(u *url.URL) string {
	var b strings.Builder
	for _, r := range u.EscapedPath() {
		if strings.ContainsRune(`\:*?+!(){}[]`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// marks says which lines an app gets that not all have. A line ends in "+secret",
// say, if it is for apps that keep one. Others say how to get along with signs
// that cannot be written like the rest.
func marks(issuer string, a *sso.App, redirect *url.URL) map[string]bool {
	plain := strings.HasPrefix(issuer, "http://") // on this machine; libraries want to be told that it may be
	return map[string]bool{
		"secret": !a.Public(), "public": a.Public(), "http": plain, "https": !plain,
		"ecdsa":   a.SignedBy() == sso.AlgES256,                     // not every library knows it
		"percent": !a.Public() && strings.Contains(a.ClientID, "%"), // not every library encodes it
		"dollar":  strings.Contains(a.ClientID, variable),
		"angle":   strings.ContainsAny(redirect.Path, "<>"),
		"root":    redirect.Path == "" || redirect.Path == "/", // where the app's own first page is as well
	}
}

// fill returns the snippet with the values of an app.
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
	path := ""
	if g.path != nil {
		path = g.path(u)
	}
	fill := strings.NewReplacer(
		"{{issuer}}", g.quote(issuer), "{{client_id}}", g.quote(a.ClientID), "{{redirect_uri}}", g.quote(redirect), "{{redirect_uri_plain}}", redirect,
		"{{client_id_encoded}}", g.quote(strings.ReplaceAll(a.ClientID, "%", "%25")),
		"{{redirect_path}}", g.quote(cmp.Or(path, "/")), "{{discovery}}", g.quote(issuer+"/.well-known/openid-configuration"), "{{token}}", g.quote(issuer+"/oauth2/token"),
		"{{alg}}", g.quote(string(a.SignedBy())), "{{alg_plain}}", string(a.SignedBy()), "{{host}}", hostName(u.Hostname()), "{{secure}}", secure, "{{Secure}}", Secure,
	)
	has := marks(issuer, a, u)
	var out strings.Builder
	for line := range strings.Lines(string(text)) {
		body, mark, marked := cutMark(line)
		if marked && !has[mark] {
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

// marked finds the mark at the end of a line, with the sign of a comment before it.
var marked = regexp.MustCompile(`^(.*?) *(?://|#) \+([a-z]+)\n$`)

// cutMark cuts the mark off the end of a line.
func cutMark(line string) (body, mark string, has bool) {
	if m := marked.FindStringSubmatch(line); m != nil {
		return m[1] + "\n", m[2], true
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
