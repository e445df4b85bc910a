package login_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/webtest"
)

// Each way in from the first page leads to the page that was asked for, also
// past a mistake.
func TestWhoSignsInGetsToThePageTheyAskedFor(t *testing.T) {
	t.Parallel()
	const deep = "/account/sessions?tab=2&q=%2F"
	for name, in := range map[string]func(*webtest.Browser, *webtest.Page) *webtest.Page{
		"by password": func(_ *webtest.Browser, page *webtest.Page) *webtest.Page {
			return page.Submit(map[string]string{"email": "ada@else.example"}, "", "").Submit(map[string]string{"password": "right"}, "", "").Refresh()
		},
		"by password after a mistyped address": func(_ *webtest.Browser, page *webtest.Page) *webtest.Page {
			return page.Submit(map[string]string{"email": "ada"}, "", "").Submit(map[string]string{"email": "ada@else.example"}, "", "").
				Submit(map[string]string{"password": "right"}, "", "").Refresh()
		},
		"by a passkey": func(b *webtest.Browser, page *webtest.Page) *webtest.Page {
			return b.Post("/login/passkey?"+page.URL.RawQuery, url.Values{"credential": {"good"}}).Refresh()
		},
		"by a passkey after a strange one": func(b *webtest.Browser, page *webtest.Page) *webtest.Page {
			page = b.Post("/login/passkey?"+page.URL.RawQuery, url.Values{"credential": {"bad"}})
			return page.Submit(map[string]string{"email": "ada@else.example"}, "", "").Submit(map[string]string{"password": "right"}, "", "").Refresh()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := open(t)
			b := webtest.NewBrowser(t, h.base)
			page := b.Get(deep)
			if page.URL.Path != "/login" || len(h.attempts) != 0 {
				t.Fatalf("a signed-out page leads to %s, with %d attempts stored", page.URL, len(h.attempts))
			}
			if !strings.Contains(page.Body, "/login/passkey?back=") {
				t.Errorf("the passkey's form does not know the way\n%s", page.Body)
			}
			if got := in(b, page); got.URL.RequestURI() != deep {
				t.Errorf("the sign-in leads to %s, want %s", got.URL.RequestURI(), deep)
			}
		})
	}
}

func TestASignInLeadsToNoOtherHost(t *testing.T) {
	t.Parallel()
	h := open(t)
	for back, want := range map[string]string{
		"/account/sessions":     "/account/sessions",
		"https://evil.example/": "/account",
		"//evil.example/":       "/account",
		`/\evil.example`:        "/account",
		"/\r\nLocation: x":      "/account",
		"javascript:alert(1)":   "/account",
		"":                      "/account",
	} {
		b := webtest.NewBrowser(t, h.base)
		first := "/login?back=" + url.QueryEscape(back)
		page := b.Get(first).Submit(map[string]string{"email": "ada@else.example"}, "", "").Submit(map[string]string{"password": "right"}, "", "")
		if got := page.Refresh(); got.URL.RequestURI() != want {
			t.Errorf("%q: the sign-in leads to %s, want %s", back, got.URL, want)
		}
		if got := b.Get(first); got.URL.RequestURI() != want || got.URL.Host != b.Get("/account").URL.Host {
			t.Errorf("%q: who is signed in gets to %s, want %s", back, got.URL, want)
		}
	}
}

// A sign-in that failed is begun again on the way to the same page.
func TestASignInBegunAgainLeadsToTheSamePage(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := webtest.NewBrowser(t, h.base)
	page := b.Get("/account/sessions").Submit(map[string]string{"email": "ada@else.example"}, "", "")
	again := b.Get("/login/again?attempt=" + page.URL.Query().Get("attempt"))
	if got := again.URL.RequestURI(); got != "/login?back=%2Faccount%2Fsessions" {
		t.Errorf("it begins again at %s", got)
	}
	if got := webtest.NewBrowser(t, h.base).Get("/login/again?attempt=" + page.URL.Query().Get("attempt")).URL.RequestURI(); got != "/login" {
		t.Errorf("another browser begins at %s, want to be told nothing", got)
	}
}
