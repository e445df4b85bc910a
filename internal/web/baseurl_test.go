package web_test

import (
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
	} {
		got, err := web.ParseBaseURL(given)
		if got.String() != want || (want == "") != fault.Is(err, "base_url") {
			t.Errorf("ParseBaseURL(%q) = %q, %v, want %q", given, got, err, want)
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
