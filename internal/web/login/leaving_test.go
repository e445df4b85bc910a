package login_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/webtest"
)

const atBye = "https://app.example/bye?state=s"

// signedInBrowser returns a browser in which somebody is signed in.
func (h house) signedInBrowser(t *testing.T) *webtest.Browser {
	t.Helper()
	b := webtest.NewBrowser(t, h.base)
	b.Get("/login").Submit(map[string]string{"email": "ada@else.example"}, "", "").Submit(map[string]string{"password": "right"}, "", "").Refresh()
	if b.Get("/account").URL.Path != "/account" {
		t.Fatal("nobody is signed in")
	}
	return b
}

func TestAnAppSignsItsPersonOut(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		to   string
		then signin.SignedOut
		want string // where the browser goes, out of or within our house
	}{
		"to the app":                              {atBye, signin.SignedOut{}, atBye},
		"to our own page":                         {"", signin.SignedOut{}, "/signed-out"},
		"by way of the identity provider":         {atBye, signin.SignedOut{To: &signin.Departure{Name: "Acme Okta", URL: "https://idp.example/slo?SAMLRequest=x"}}, "https://idp.example/slo?SAMLRequest=x"},
		"where that cannot be told":               {atBye, signin.SignedOut{Untold: http.ErrServerClosed}, "/signed-out/here"},
		"to an address that leads nowhere public": {"javascript:alert(1)", signin.SignedOut{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for how, ask := range map[string]func(b *webtest.Browser) *webtest.Page{
				"at once": func(b *webtest.Browser) *webtest.Page { return b.Get("/leaves?to=" + url.QueryEscape(tc.to)) },
				"after a question": func(b *webtest.Browser) *webtest.Page {
					return b.Get("/asks?to="+url.QueryEscape(tc.to)).Submit(nil, "", "")
				},
			} {
				h := open(t)
				b := h.signedInBrowser(t)
				h.signedOut = tc.then
				page := ask(b)
				switch {
				case tc.want == "":
					if page.Status != http.StatusForbidden || page.Code() != "redirect_target" || page.Left != "" {
						t.Errorf("%s: %d %s, left for %q", how, page.Status, page.Code(), page.Left)
					}
				case strings.HasPrefix(tc.want, "/"):
					if page.URL.Path != tc.want {
						t.Errorf("%s: it ends at %s, want %s", how, page.URL, tc.want)
					}
				default:
					if page.Left == "" {
						page = page.Refresh()
					}
					if page.Left != tc.want {
						t.Errorf("%s: it leads to %q at %s, want %s", how, page.Left, page.URL, tc.want)
					}
				}
				if h.back != tc.to || tc.want != "" && b.Cookie("sallyport-session") != "" {
					t.Errorf("%s: the flow is told to come back to %q; the cookie is %q", how, h.back, b.Cookie("sallyport-session"))
				}
			}
		})
	}
}

func TestWhoIsAskedMayStay(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedInBrowser(t)
	page := b.Get("/asks?to=" + url.QueryEscape(atBye))
	if page.Heading() != "Sign out?" || !strings.Contains(page.Body, "Portal &lt;b&gt; asks to sign you out") {
		t.Fatalf("the question:\n%s", page.Body)
	}
	if got := page.Click("Stay signed in"); got.URL.Path != "/account" || b.Cookie("sallyport-session") == "" {
		t.Errorf("who stays is at %s", got.URL)
	}
}
