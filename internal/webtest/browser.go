// Package webtest walks pages as a browser without scripts does.
//
// The browser keeps cookies and their rules of sites, says where a request
// comes from, follows redirects and refreshes, fills forms, and holds pages to
// their content policy the way Chromium does: a form of a page that says
// form-action 'self' may not lead to another origin, not by a redirect either.
// It never leaves its home origin; where it would, it stops and tells where to.
//
// It serves tests only.
package webtest

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// maxHops bounds how many redirects are followed.
const maxHops = 20

// Serve runs a handler on a loopback address for the length of a test and
// returns its base URL. The handler is built when the address is known.
func Serve(tb testing.TB, build func(baseURL string) http.Handler) string {
	tb.Helper()
	server := httptest.NewUnstartedServer(nil)
	base := "http://" + server.Listener.Addr().String()
	server.Config.Handler = build(base)
	server.Start()
	tb.Cleanup(server.Close)
	return base
}

// Browser is one browser. It is for one goroutine.
type Browser struct {
	tb     testing.TB
	home   *url.URL
	client *http.Client
	jar    http.CookieJar

	// Language is sent as Accept-Language; "": none.
	Language string
	// Hops lists what was asked for, as "GET /path", since the test began.
	Hops []string
}

// NewBrowser returns a browser without cookies that stays on the origin of
// home.
func NewBrowser(tb testing.TB, home string) *Browser {
	tb.Helper()
	u, err := url.Parse(home)
	if err != nil {
		tb.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return &Browser{tb: tb, home: u, jar: jar, client: &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Get goes to a URL as if it was typed. It may be relative to home.
func (b *Browser) Get(target string) *Page {
	b.tb.Helper()
	return b.walk(step{method: http.MethodGet, url: b.resolve(b.home, target), site: "none"})
}

// PostFromElsewhere posts a form as a page of another site does.
func (b *Browser) PostFromElsewhere(target string, fields url.Values) *Page {
	b.tb.Helper()
	return b.walk(step{method: http.MethodPost, url: b.resolve(b.home, target), site: "cross-site", fields: fields})
}

// Post posts a form as a page of ours does, whatever the page.
func (b *Browser) Post(target string, fields url.Values) *Page {
	b.tb.Helper()
	return b.walk(step{method: http.MethodPost, url: b.resolve(b.home, target), site: "same-origin", fields: fields})
}

// Cookie returns the value of a cookie, or "".
func (b *Browser) Cookie(name string) string {
	for _, c := range b.jar.Cookies(b.home) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// Keep has the browser keep a cookie, as if it had been given it here.
func (b *Browser) Keep(name, value string) {
	given := http.Response{Header: http.Header{"Set-Cookie": {name + "=" + value + "; Path=/; HttpOnly; SameSite=Lax"}}}
	b.jar.SetCookies(b.home, given.Cookies())
}

// step is one navigation.
type step struct {
	method string
	url    *url.URL
	site   string // Sec-Fetch-Site
	fields url.Values
	policy string // content policy of the page whose form this is
}

// walk goes where a step leads: through redirects, to a page.
func (b *Browser) walk(s step) *Page {
	b.tb.Helper()
	for range maxHops {
		if !b.at(s.url) {
			if strings.Contains(s.policy, "form-action 'self'") {
				b.tb.Fatalf("a form leads to %s, which the page's content policy forbids", s.url)
			}
			return &Page{browser: b, URL: b.home, Left: s.url.String(), Posted: s.fields}
		}
		page, next := b.ask(s)
		if next == "" {
			return page
		}
		s.url = b.resolve(s.url, next)
		if page.Status == http.StatusSeeOther || page.Status == http.StatusFound {
			s.method, s.fields = http.MethodGet, nil
		}
	}
	b.tb.Fatalf("more than %d redirects: %v", maxHops, b.Hops)
	return nil
}

// ask makes one request. It returns the page, or where it redirects to.
func (b *Browser) ask(s step) (page *Page, location string) {
	b.tb.Helper()
	b.Hops = append(b.Hops, s.method+" "+s.url.RequestURI())
	var body io.Reader
	if s.method == http.MethodPost {
		body = strings.NewReader(s.fields.Encode())
	}
	r, err := http.NewRequestWithContext(b.tb.Context(), s.method, s.url.String(), body)
	if err != nil {
		b.tb.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", s.site)
	if b.Language != "" {
		r.Header.Set("Accept-Language", b.Language)
	}
	if s.method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", b.home.Scheme+"://"+b.home.Host)
		if s.site == "cross-site" {
			r.Header.Set("Origin", "null")
		}
	}
	if s.method != http.MethodPost || s.site != "cross-site" { // SameSite=Lax
		for _, c := range b.jar.Cookies(s.url) {
			r.AddCookie(c)
		}
	}
	response, err := b.client.Do(r)
	if err != nil {
		b.tb.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		b.tb.Fatal(err)
	}
	b.jar.SetCookies(s.url, response.Cookies())
	page = &Page{browser: b, URL: s.url, Status: response.StatusCode, Header: response.Header, Body: string(content)}
	if response.StatusCode/100 == 3 {
		return page, response.Header.Get("Location")
	}
	if page.root, err = html.Parse(strings.NewReader(page.Body)); err != nil {
		b.tb.Fatal(err)
	}
	return page, ""
}

func (b *Browser) at(u *url.URL) bool { return u.Scheme == b.home.Scheme && u.Host == b.home.Host }

func (b *Browser) resolve(from *url.URL, target string) *url.URL {
	b.tb.Helper()
	u, err := from.Parse(target)
	if err != nil {
		b.tb.Fatal(err)
	}
	if u.Host == "" && !strings.Contains(u.Scheme, ".") { // a native application's own scheme has no host
		b.tb.Fatalf("%q leads nowhere", target)
	}
	return u
}
