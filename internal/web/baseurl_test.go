package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/web"
)

func TestBaseURLIsAnOrigin(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"https://id.example":         "https://id.example",
		"https://ID.example:8443/":   "https://id.example:8443",
		"http://127.0.0.1:8080":      "http://127.0.0.1:8080",
		"http://localhost:8080":      "http://localhost:8080",
		"http://id.localhost":        "http://id.localhost",
		"http://[::1]:8080":          "http://[::1]:8080",
		"http://id.example":          "",
		"http://192.168.1.1":         "",
		"http://127.0.0.1.evil.tld":  "",
		"https://id.example/login":   "",
		"https://id.example?x=y":     "",
		"https://id.example/?":       "",
		"https://id.example#":        "",
		"https://user@id.example":    "",
		"id.example":                 "",
		"ftp://id.example":           "",
		"https://":                   "",
		"https://:443":               "",
		"":                           "",
		"https:id.example":           "",
		"https://id.example:port":    "",
		"https://id.example/\nHost:": "",
		// As browsers write them.
		"https://id.example:443":                      "https://id.example",
		"https://id.example:0443/":                    "https://id.example",
		"https://id.example:65535":                    "https://id.example:65535",
		"http://localhost:80":                         "http://localhost",
		"http://LOCALHOST:8080":                       "http://localhost:8080",
		"https://id.example:80":                       "https://id.example:80",
		"https://192.0.2.1":                           "https://192.0.2.1",
		"https://[2001:DB8::0:1]":                     "https://[2001:db8::1]",
		"https://xn--bcher-kva.tld":                   "https://xn--bcher-kva.tld",
		"https://id.example:99999":                    "",
		"https://id.example:65536":                    "",
		"https://id.example:0":                        "",
		"https://id.example:":                         "",
		"https://id;example":                          "",
		"https://id\"example<x>":                      "",
		"https://id_1.example":                        "",
		"https://-id.example":                         "",
		"https://id-.example":                         "",
		"https://id..example":                         "",
		"https://id.example.":                         "",
		"https://127.1":                               "",
		"https://0x7f.0x1":                            "",
		"https://[fe80::1%25eth0]":                    "",
		"https://[::ffff:127.0.0.1]":                  "",
		"https://bücher.tld":                          "",
		"https://" + strings.Repeat("a", 64) + ".tld": "",
		"https://" + strings.Repeat("a.", 126) + "aa": "",
		"https://" + strings.Repeat("a", 63) + ".tld": "https://" + strings.Repeat("a", 63) + ".tld",
		"https://" + strings.Repeat("a.", 126) + "a":  "https://" + strings.Repeat("a.", 126) + "a",
	} {
		got, err := web.ParseBaseURL(given)
		if got.String() != want || (want == "") != fault.Is(err, "base_url") {
			t.Errorf("ParseBaseURL(%q) = %q, %v, want %q", given, got, err, want)
		}
	}
}

func TestANameInOtherLettersIsToldInASCII(t *testing.T) {
	t.Parallel()
	for _, given := range []string{"https://Bücher.example", "https://b%C3%BCcher.example"} {
		_, err := web.ParseBaseURL(given)
		if err == nil || !strings.Contains(err.Error(), "xn--bcher-kva.example") {
			t.Errorf("ParseBaseURL(%q) = %v, want the form to write", given, err)
		}
	}
}

func TestThePortOfTheSchemeDoesNotMatter(t *testing.T) {
	t.Parallel()
	base, err := web.ParseBaseURL("https://sso.example:443")
	if err != nil {
		t.Fatal(err)
	}
	h := build(t, []web.Route{{Method: "POST", Path: "/x", Access: web.Browser, Handler: ok}}, func(c *web.Config) { c.BaseURL = base })
	for origin, want := range map[string]int{"https://sso.example": 200, "https://sso.example.evil.tld": 403, "https://sso.example:8443": 403} {
		w := h.ask(t, "POST", "/x", header("Origin", origin), header("Cookie", "__Host-sallyport-browser=b"), func(r *http.Request) { r.Host = "10.0.0.5:8080" })
		if w.Code != want {
			t.Errorf("a post from %s: %d %s, want %d", origin, w.Code, w.Body, want)
		}
	}
}

func TestOnlySafeTargetsAreLeftFor(t *testing.T) {
	t.Parallel()
	for target, fine := range map[string]bool{
		"https://idp.example/sso?x=y":    true,
		"http://127.0.0.2:8081/sso":      true,
		"http://localhost/sso":           true,
		"http://idp.example/sso":         false,
		"javascript:alert(1)":            false,
		"JavaScript://idp.example/%0aa":  false,
		"data:text/html,x":               false,
		"//idp.example":                  false,
		"/login":                         false,
		"https:idp.example":              false,
		"https://":                       false,
		"https://a@idp.example":          false,
		"https://idp.example\r\nX: y":    false,
		"":                               false,
		"http://localhost.idp.example/x": false,
	} {
		if err := web.CheckTarget(target); (err == nil) != fine {
			t.Errorf("CheckTarget(%q) = %v, want accepted %t", target, err, fine)
		}
		if err := web.CheckReturn(target); (err == nil) != fine {
			t.Errorf("CheckReturn(%q) = %v, want accepted %t", target, err, fine)
		}
	}
	const native = "com.example.app:/callback?code=1"
	if web.CheckReturn(native) != nil || web.CheckTarget(native) == nil {
		t.Errorf("%s must be fit for an application and for nobody else", native)
	}
}
