//go:build e2e

package e2e

import (
	"encoding/json"
	"html"
	"net/http"
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
	t.Run("out again", func(t *testing.T) {
		t.Parallel()
		encoded, err := json.Marshal(map[string]string{"app": app, "email": local[2], "password": local[1]})
		if err != nil {
			t.Fatal(err)
		}
		look(t, "node", "node/journey.mjs", "demo", "--base", issuerOf(t, app), "--data", string(encoded))
	})
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

// issuerOf returns where the demo's app sends people to sign in.
func issuerOf(t *testing.T, app string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, app+"/login", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	to, err := res.Location()
	if err != nil {
		t.Fatal(err)
	}
	return to.Scheme + "://" + to.Host
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
