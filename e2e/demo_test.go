//go:build e2e

package e2e

import (
	"html"
	"regexp"
	"strings"
	"testing"
)

// TestDemo does what the demo's three lines say.
func TestDemo(t *testing.T) {
	t.Parallel()
	demo := start(t, "demo", sallyport(t), "demo", "--port", "0", "--log")
	app := demo.waitLine(t, "Click:")
	says := demo.waitLine(t, "Type:")
	demo.waitLine(t, "Stop:")

	email, _, _ := strings.Cut(says, " ")
	local := regexp.MustCompile(`"(.*)": (\S+@[^\s)]+)`).FindStringSubmatch(says)
	if len(local) != 3 {
		t.Fatalf("the demo says %q, want a password and whose it is", says)
	}
	for _, tc := range []struct {
		name  string
		who   person
		click []string
		want  seen
	}{
		{"through the identity provider", person{email: email}, []string{"Sign in", "Alice"}, seen{"Alice Archer", email, "acme", "member"}},
		{"with a password", person{local[2], local[2], local[1]}, []string{"Sign in"}, seen{"Robin Root", local[2], "vendor", "owner"}},
	} {
		for kind, b := range browsers(t) {
			t.Run(tc.name+"/"+kind, func(t *testing.T) {
				t.Parallel()
				p := b.signIn(t, tc.who, app, app, tc.click...)
				if got := shownByDemo(t, p); got != tc.want {
					t.Errorf("the demo's app shows %+v, want %+v", got, tc.want)
				}
			})
		}
	}
}

// shownByDemo reads the page of the demo's app.
func shownByDemo(t *testing.T, p page) seen {
	t.Helper()
	value := func(id string) string {
		m := regexp.MustCompile(`(?s)<dd id="` + id + `">(.*?)</dd>`).FindStringSubmatch(p.Body)
		if m == nil {
			t.Fatalf("the demo's app shows no %s: %s (%d)\n%s\n%s", id, p.URL, p.Status, p.Body, p.log)
		}
		return html.UnescapeString(m[1])
	}
	key := regexp.MustCompile(`\(([a-z0-9-]+)\)`).FindStringSubmatch(value("org"))
	if key == nil {
		t.Fatalf("the demo's app shows no organization's key:\n%s", p.Body)
	}
	return seen{value("name"), value("email"), key[1], value("role")}
}
