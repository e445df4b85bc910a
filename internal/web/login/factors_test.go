package login_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/webtest"
)

// second goes as far as the second factor.
func second(t *testing.T, h house, address string) (*webtest.Browser, *webtest.Page) {
	t.Helper()
	b := webtest.NewBrowser(t, h.base)
	page := b.Get("/login").Submit(map[string]string{"email": address}, "", "").Submit(map[string]string{"password": "right"}, "", "")
	return b, page
}

func TestASecondFactorIsAskedForOnAPageOfItsOwn(t *testing.T) {
	t.Parallel()
	h := open(t)
	b, page := second(t, h, "two@else.example")
	if page.URL.Path != "/login/factor" || page.Heading() != "One more step" || !strings.Contains(page.Body, "two@else.example") {
		t.Fatalf("%s: %q\n%s", page.URL, page.Heading(), page.Body)
	}
	// The safest way is asked for, and the others are offered; without scripts
	// it is said that they are needed.
	if !strings.Contains(page.Body, "data-passkey=\"get\"") || !strings.Contains(page.Body, "<noscript>") {
		t.Errorf("no passkey is asked for\n%s", page.Body)
	}
	page = page.Click("Authenticator app")
	if !page.Has("code") || page.Attr("autocomplete") != "one-time-code" {
		t.Fatalf("%s\n%s", page.URL, page.Body)
	}
	again := page.Submit(map[string]string{"code": "654321"}, "", "")
	if again.Status != 401 || again.Alert() != "That code is not right." || !again.Has("code") {
		t.Errorf("a wrong code: %d %q\n%s", again.Status, again.Alert(), again.Body)
	}
	if strings.Contains(h.log.String(), "654321") {
		t.Errorf("the log holds the code:\n%s", h.log)
	}
	done := again.Submit(map[string]string{"code": "123456", "remember": "on"}, "", "").Refresh()
	if done.URL.Path != "/account" || b.Cookie("sallyport-device") == "" {
		t.Errorf("the code leads to %s, with the browser remembered as %q", done.URL, b.Cookie("sallyport-device"))
	}
}

func TestACodeIsSentWhenItIsAskedFor(t *testing.T) {
	t.Parallel()
	h := open(t)
	b, page := second(t, h, "two@else.example")
	page = page.Click("Text message")
	if page.Has("code") || !strings.Contains(page.Body, "Send to the number ending with 89") || strings.Contains(page.Body, "23456789") {
		t.Fatalf("looking at the page must send nothing, and tell no number\n%s", page.Body)
	}
	page = page.Submit(nil, "", "")
	if !page.Has("code") || page.URL.Query().Get("by") != "sms" {
		t.Fatalf("%s\n%s", page.URL, page.Body)
	}
	if got := b.Get(page.URL.RequestURI()); !got.Has("code") {
		t.Errorf("loaded anew it does not ask for the code\n%s", got.Body)
	}
	if done := page.Submit(map[string]string{"code": "123456"}, "", "").Refresh(); done.URL.Path != "/account" {
		t.Errorf("the code leads to %s", done.URL)
	}
	if b.Cookie("sallyport-device") != "" {
		t.Error("the browser is remembered without having been asked to")
	}
}

func TestARecoveryCodeStandsIn(t *testing.T) {
	t.Parallel()
	h := open(t)
	_, page := second(t, h, "two@else.example")
	page = page.Click("Recovery code")
	if page.Has("remember") {
		t.Error("a recovery code offers to remember the browser")
	}
	if done := page.Submit(map[string]string{"code": "0123-4567-89AB-CDEF"}, "", "").Refresh(); done.URL.Path != "/account" {
		t.Errorf("the code leads to %s", done.URL)
	}
}

func TestNobodyPassesTheSecondFactorByAnotherPage(t *testing.T) {
	t.Parallel()
	h := open(t)
	b, _ := second(t, h, "two@else.example")
	id := h.only(t).ID
	for _, path := range []string{"/login/continue", "/login/enrol", "/login/password", "/login/choose", "/login/passkey", "/login"} {
		if got := b.Get(web.AttemptPath(path, id)); got.URL.Path != "/login/factor" {
			t.Errorf("GET %s leads to %s", path, got.URL)
		}
	}
	for path, form := range map[string]url.Values{
		"/login/enrol":        {"by": {"totp"}, "code": {"123456"}, "offer": {"sealed"}},
		"/login/enrol/number": {"number": {"+4915123456789"}},
		"/login/password":     {"password": {"right"}},
		"/login/switch":       {},
	} {
		if got := b.Post(web.AttemptPath(path, id), form); got.URL.Path != "/login/factor" {
			t.Errorf("POST %s leads to %s with %d", path, got.URL, got.Status)
		}
	}
	if b.Cookie("sallyport-session") != "" {
		t.Error("there is a session")
	}
}

func TestAFactorIsAddedAtTheFirstSignIn(t *testing.T) {
	t.Parallel()
	h := open(t)
	b, page := second(t, h, "new@else.example")
	if page.URL.Path != "/login/enrol" || page.Heading() != "Make your account safer" {
		t.Fatalf("%s: %q\n%s", page.URL, page.Heading(), page.Body)
	}
	page = b.Get(page.URL.RequestURI() + "&by=totp")
	if !strings.Contains(page.Body, "GEZD GNBV") || !strings.Contains(page.Body, `<svg class="qr"`) || !strings.Contains(page.Body, `href="otpauth://totp/`) {
		t.Fatalf("the app's secret is not there\n%s", page.Body)
	}
	again := page.Submit(map[string]string{"code": "1"}, "", "")
	if again.Alert() != "That code is not right." || again.Value("offer") != "sealed" {
		t.Errorf("a wrong code: %q, and the offer is %q", again.Alert(), again.Value("offer"))
	}
	codes := again.Submit(map[string]string{"code": "123456"}, "", "")
	if codes.Status != 200 || codes.Heading() != "Keep your recovery codes" || !strings.Contains(codes.Body, "0123-4567-89AB-CDEF") {
		t.Fatalf("%d %q\n%s", codes.Status, codes.Heading(), codes.Body)
	}
	file := codes.Submit(nil, "", "")
	if got := file.Header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment") || file.Body != "0123-4567-89AB-CDEF\r\n1123-4567-89AB-CDEF\r\n" {
		t.Errorf("%q with %q, want a file with the codes", got, file.Body)
	}
	if done := codes.Click("I have kept them"); done.URL.Path != "/account" || b.Cookie("sallyport-session") == "" {
		t.Errorf("it goes on at %s", done.URL)
	}
	if strings.Contains(h.log.String(), "0123-4567") {
		t.Errorf("the log holds recovery codes:\n%s", h.log)
	}
}

func TestTheFileHoldsNothingButCodes(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := webtest.NewBrowser(t, h.base)
	b.Get("/login")
	for _, codes := range []string{"<script>alert(1)</script>", "0123-4567-89AB-CDEF x", strings.Repeat("0123-4567-89AB-CDEF ", 11)} {
		if got := b.Post("/login/enrol/codes", url.Values{"codes": {codes}}); got.Status != 400 || strings.Contains(got.Body, "alert(1)") {
			t.Errorf("%.30q: %d", codes, got.Status)
		}
	}
}

func TestANumberIsAddedAtTheFirstSignIn(t *testing.T) {
	t.Parallel()
	h := open(t)
	b, page := second(t, h, "new@else.example")
	page = b.Get(page.URL.RequestURI() + "&by=sms")
	again := page.Submit(map[string]string{"number": "0151 23"}, "", "")
	if again.Status != 400 || again.Value("number") != "0151 23" || again.Alert() == "" {
		t.Errorf("no number: %d %q with %q in the field", again.Status, again.Alert(), again.Value("number"))
	}
	page = again.Submit(map[string]string{"number": "+49 151 23456789"}, "", "")
	if !page.Has("code") || !strings.Contains(page.Body, "ends with 89") {
		t.Fatalf("%s\n%s", page.URL, page.Body)
	}
	if other := page.Click("Send again, or use another number"); !other.Has("number") {
		t.Errorf("there is no way to another number\n%s", other.Body)
	}
	if got := page.Submit(map[string]string{"code": "000000"}, "", ""); got.Alert() != "That code is not right." || !got.Has("code") {
		t.Errorf("a wrong code: %q\n%s", got.Alert(), got.Body)
	}
	if got := page.Submit(map[string]string{"code": "123456"}, "", ""); got.Heading() != "Keep your recovery codes" {
		t.Errorf("%s: %q", got.URL, got.Heading())
	}
}

func TestAPasskeySignsInFromTheFirstPage(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := webtest.NewBrowser(t, h.base)
	page := b.Get("/login")
	if !strings.Contains(page.Body, "data-silent") || page.Attr("autocomplete") != "username webauthn" {
		t.Fatalf("the field offers no passkey\n%s", page.Body)
	}
	if got := b.Post("/login/passkey", url.Values{"credential": {"bad"}}); got.Status != 401 || !strings.Contains(got.Alert(), "belongs to no account") || !got.Has("email") {
		t.Errorf("a strange key: %d %q\n%s", got.Status, got.Alert(), got.Body)
	}
	if len(h.attempts) != 0 {
		t.Errorf("%d attempts are stored", len(h.attempts))
	}
	if done := b.Post("/login/passkey", url.Values{"credential": {"good"}}).Refresh(); done.URL.Path != "/account" {
		t.Errorf("the passkey leads to %s", done.URL)
	}
}

func TestWhoIsSignedInConfirmsAndComesBack(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := webtest.NewBrowser(t, h.base)
	if got := b.Get("/login/confirm?back=/account"); got.URL.Path != "/login" {
		t.Errorf("without a session it leads to %s", got.URL)
	}
	b.Get("/login").Submit(map[string]string{"email": "ada@else.example"}, "", "").Submit(map[string]string{"password": "right"}, "", "").Refresh()
	for back, want := range map[string]string{
		"/account?x=1":          "/account?x=1",
		"https://evil.com/":     "/account",
		"//evil.com/":           "/account",
		`/\evil.com`:            "/account",
		"/%0d%0aLocation:x":     "/%0d%0aLocation:x",
		"/\r\nLocation: x":      "/account",
		"":                      "/account",
		strings.Repeat("/", 10): "/account",
	} {
		page := b.Get("/login/confirm?back=" + url.QueryEscape(back))
		if page.Heading() != "Confirm that it is you" || strings.Contains(page.Body, "Not you?") {
			t.Fatalf("%q: %s %q\n%s", back, page.URL, page.Heading(), page.Body)
		}
		if got := page.Submit(map[string]string{"password": "right"}, "", "").Refresh(); got.URL.RequestURI() != want {
			t.Errorf("%q leads back to %s, want %s", back, got.URL.RequestURI(), want)
		}
	}
}
