package ui

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestContrast holds the colours of the tokens to WCAG 2.2 AA: 4.5 for text, 3
// for the outlines of fields and the ring of the focus.
func TestContrast(t *testing.T) {
	t.Parallel()
	light, dark := tokens(t)
	for scheme, c := range map[string]map[string]colour{"light": light, "dark": dark} {
		checkContrast(t, scheme, c)
	}
}

// TestEveryAccentIsMadeReadable puts an accent that somebody chose in the
// place of ours.
func TestEveryAccentIsMadeReadable(t *testing.T) {
	t.Parallel()
	lightTokens, darkTokens := tokens(t)
	light, dark := schemes()
	if light.surface != lightTokens["surface"] || light.nearest != lightTokens["pending-wash"] || dark.surface != darkTokens["surface"] || dark.nearest != darkTokens["ok-wash"] {
		t.Fatal("the schemes have other colours than tokens.css")
	}
	rapid.Check(t, func(rt *rapid.T) {
		var accent colour
		for i := range accent {
			accent[i] = float64(rapid.IntRange(0, 255).Draw(rt, "part")) / 255
		}
		for _, in := range []struct {
			scheme
			tokens map[string]colour
		}{{light, lightTokens}, {dark, darkTokens}} {
			p, c := in.palette(accent), maps.Clone(in.tokens)
			c["accent"], c["accent-strong"], c["on-accent"], c["accent-wash"], c["series-1"] = p.accent, p.strong, p.on, p.wash, p.accent
			checkContrast(rt, accent.String(), c)
		}
	})
}

func TestABrandIsShown(t *testing.T) {
	t.Parallel()
	u, err := New(Options{Brand: Brand{Product: "Contoso ID", Accent: "#FFCC00"}, BrandOf: func(r *http.Request) Brand {
		return Brand{Logo: r.URL.Query().Get("logo"), Accent: r.URL.Query().Get("accent")}
	}})
	if err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]struct{ style, logo string }{
		"":                           {"/assets/accent-ffcc00.", ""},
		"?logo=/logos/acme.1.svg":    {"/assets/accent-ffcc00.", `src="/logos/acme.1.svg"`},
		"?accent=%23123456":          {"/assets/accent-123456.", ""},
		"?logo=//evil.example/x.svg": {"/assets/accent-ffcc00.", ""},
		"?accent=red%3B%7D":          {"/assets/accent-ffcc00.", ""},
	} {
		w := httptest.NewRecorder()
		if err := u.Render(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/login"+query, nil), 200, Switch{Action: "/login/switch", Stay: "/account", Now: "Ada", Next: "Moe"}); err != nil {
			t.Fatal(err)
		}
		page := w.Body.String()
		if !strings.Contains(page, "Contoso ID") || strings.Contains(page, "<img") != (want.logo != "") || !strings.Contains(page, want.logo) {
			t.Errorf("%s: the page has not the name or the logo:\n%s", query, page)
		}
		style := regexp.MustCompile(`/assets/accent[^"]*`).FindString(page)
		if !strings.HasPrefix(style, want.style) || (style == "") != (want.style == "") {
			t.Errorf("%s: style %q, want %q", query, style, want.style)
		}
		if a, ok := u.find(style); !ok || !strings.HasPrefix(string(a.body), ":root{--accent:#") {
			t.Errorf("%s: %s is not served: %s", query, style, a.body)
		}
	}
	for _, path := range []string{"/assets/accent-ffcc00.000000000000.css", "/assets/accent-gggggg" + u.accentSuffix(), "/assets/accent-" + u.accentSuffix()} {
		if _, ok := u.find(path); ok {
			t.Errorf("%s is served", path)
		}
	}
}

// tokens returns the colours of tokens.css.
func tokens(t *testing.T) (light, dark map[string]colour) {
	t.Helper()
	b, err := os.ReadFile("assets/tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	first, second, ok := strings.Cut(string(b), "@media (prefers-color-scheme: dark)")
	if !ok {
		t.Fatal("no dark values")
	}
	read := func(css string) map[string]colour {
		all := map[string]colour{}
		for _, m := range regexp.MustCompile(`--([a-z0-9-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(css, -1) {
			if all[m[1]], err = parseColour(m[2]); err != nil {
				t.Fatal(err)
			}
		}
		return all
	}
	return read(first), read(second)
}

// checkContrast holds colours to what is written and drawn with them.
func checkContrast(t interface {
	Helper()
	Errorf(string, ...any)
}, scheme string, c map[string]colour) {
	t.Helper()
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
		text, ok := c[pair.text]
		on, also := c[pair.on]
		if !ok || !also {
			t.Errorf("%s: no token %s or %s", scheme, pair.text, pair.on)
			continue
		}
		if got := text.contrast(on); got < pair.min {
			t.Errorf("%s: %s on %s has contrast %.2f, want %.1f", scheme, pair.text, pair.on, got, pair.min)
		}
	}
}
