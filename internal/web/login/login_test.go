package login_test

import (
	"errors"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/login"
	"github.com/sallyport/sallyport/internal/webtest"
)

// An app's request, and where its answer goes.
const (
	appRequest = "client_id=portal&state=s"
	atNative   = "com.example.app:/cb?code=1"
	atApp      = "https://app.example/cb?code=1&for=client_id%3Dportal%26state%3Ds"
)

func TestRouteTable(t *testing.T) {
	t.Parallel()
	const file = "testdata/routes.txt"
	got := web.Table((&login.Handler{}).Routes())
	if webtest.Update() {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
}

func TestTheFirstPageAsksAndStoresNothing(t *testing.T) {
	t.Parallel()
	h := open(t)
	page := webtest.NewBrowser(t, h.base).Get("/login")
	if page.Status != 200 || page.Heading() != "Sign in" || !page.Has("email") {
		t.Errorf("%d %q, want the form\n%s", page.Status, page.Heading(), page.Body)
	}
	if len(h.attempts) != 0 {
		t.Errorf("%d attempts are stored", len(h.attempts))
	}
}

func TestAnAddressLeadsToItsIdentityProviderAndBack(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := webtest.NewBrowser(t, h.base)
	page := b.Get("/oauth2/authorize?"+appRequest).Submit(map[string]string{"email": "ada@sso.example"}, "", "")
	// The answer to the post is a page: a redirect would break the form's policy.
	if page.Status != 200 || !strings.Contains(page.Body, "Continue to Acme Okta") {
		t.Fatalf("%d, want the page that moves on\n%s", page.Status, page.Body)
	}
	const idp = "https://idp.example/sso?SAMLRequest=x&RelayState=y"
	if got := page.Refresh().Left; got != idp {
		t.Errorf("it moves on to %s, want %s", got, idp)
	}
	if got := page.Click("Continue to Acme Okta").Left; got != idp {
		t.Errorf("its button goes to %s, want %s", got, idp)
	}
	h.prove(t, h.only(t).ID)
	done := b.Get(web.ContinuePath(h.only(t).ID))
	if done.Left != atApp || b.Cookie("sallyport-session") == "" {
		t.Errorf("coming back ends at %q with session %q, want the app and one", done.Left, b.Cookie("sallyport-session"))
	}
	if got := b.Get("/account"); got.Heading() != "Ada Lovelace" {
		t.Errorf("the account shows %q", got.Heading())
	}
}

func TestAHintNeedsNoPage(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := webtest.NewBrowser(t, h.base)
	b.Get("/login")
	a, err := h.Identify(t.Context(), signinBrowser(b), "", "ada@sso.example", "")
	if err != nil {
		t.Fatal(err)
	}
	if got := b.Get("/oauth2/authorize?login_hint=ada@sso.example").Left; !strings.HasPrefix(got, "https://idp.example/sso?") {
		t.Errorf("the app's request leads to %q, want the identity provider", got)
	}
	for _, path := range []string{web.LoginPath(a.ID), web.AttemptPath("/login/sso", a.ID)} {
		if got := b.Get(path).Left; !strings.HasPrefix(got, "https://idp.example/sso?") {
			t.Errorf("GET %s leads to %q, want the identity provider", path, got)
		}
	}
}

// Chromium holds the redirects that answer a form to the policy of its page,
// which lets forms lead to us alone.
func TestAFormThatBeginsASignInDoesNotRedirectOut(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := webtest.NewBrowser(t, h.base)
	b.Get("/login")
	page := b.Post("/invited", url.Values{"email": {"ada@sso.example"}})
	if page.Status != 200 || page.Left != "" {
		t.Fatalf("%d and left for %q, want the page that moves on\n%s", page.Status, page.Left, page.Body)
	}
	if got := page.Refresh().Left; !strings.HasPrefix(got, "https://idp.example/sso?") {
		t.Errorf("it moves on to %q, want the identity provider", got)
	}
	if got := b.Post("/invited", url.Values{"email": {"ada@elsewhere.example"}}); got.Heading() != "Enter your password" {
		t.Errorf("who has a password meets %q", got.Heading())
	}
}

func TestAMistypedAddressStaysInItsField(t *testing.T) {
	t.Parallel()
	h := open(t)
	page := webtest.NewBrowser(t, h.base).Get("/login").Submit(map[string]string{"email": `ada"><b>@example`}, "", "")
	if page.Status != 400 || page.Value("email") != `ada"><b>@example` || page.Attr("aria-invalid") != "true" {
		t.Errorf("%d with %q in the field, want 400 and what was typed\n%s", page.Status, page.Value("email"), page.Body)
	}
	if !strings.HasPrefix(page.Alert(), "Enter an e-mail address") {
		t.Errorf("alert %q", page.Alert())
	}
	if log := h.log.String(); !strings.Contains(log, "code=ident_email") || strings.Contains(log, "example") {
		t.Errorf("the log must tell that, and not what was typed:\n%s", h.log)
	}
}

func TestAPasswordSignsIn(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := webtest.NewBrowser(t, h.base)
	page := b.Get("/login").Submit(map[string]string{"email": "ada@sso.example"}, "by", "password")
	if page.URL.Path != "/login/password" || !strings.Contains(page.Body, "ada@sso.example") {
		t.Fatalf("%s, want the password page with the address", page.URL)
	}
	for typed, want := range map[string]string{"wrong": "That name and password do not match.", "": "Enter your password."} {
		again := page.Submit(map[string]string{"password": typed}, "", "")
		if again.Alert() != want || again.Value("password") != "" || again.Status < 400 {
			t.Errorf("password %q: %d %q, want %q beside an empty field", typed, again.Status, again.Alert(), want)
		}
	}
	done := page.Submit(map[string]string{"password": "right"}, "", "").Refresh()
	if done.URL.Path != "/account" || done.Heading() != "Ada Lovelace" {
		t.Errorf("signed in at %s as %q\n%s", done.URL, done.Heading(), done.Body)
	}
	if strings.Contains(h.log.String(), "right") || strings.Contains(h.log.String(), b.Cookie("sallyport-session")) {
		t.Errorf("the log holds a secret:\n%s", h.log)
	}
}

func TestAPasswordLeadsBackToTheApp(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := webtest.NewBrowser(t, h.base)
	signedIn := func() *webtest.Page {
		return b.Get("/oauth2/authorize?"+appRequest).Submit(map[string]string{"email": "ada@else.example"}, "", "").
			Submit(map[string]string{"password": "right"}, "", "")
	}
	if got := signedIn().Refresh().Left; got != atApp {
		t.Errorf("the page moves on to %q, want %s", got, atApp)
	}
	if got := signedIn().Click("Continue").Left; got != atApp {
		t.Errorf("its button goes to %q, want %s", got, atApp)
	}
}

func TestNotYouGoesBackToTheAddress(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := webtest.NewBrowser(t, h.base)
	page := b.Get("/oauth2/authorize?"+appRequest).Submit(map[string]string{"email": "ada@else.example"}, "", "").Click("Not you?")
	if page.Value("email") != "ada@else.example" {
		t.Fatalf("the field holds %q, want the address", page.Value("email"))
	}
	page = page.Submit(map[string]string{"email": "bob@else.example"}, "", "")
	if !strings.Contains(page.Body, "bob@else.example") || h.only(t).Request != appRequest {
		t.Errorf("the sign-in went on with another attempt or address\n%s", page.Body)
	}
}

func TestThePersonChoosesAmongConnectionsAndOrganizations(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := webtest.NewBrowser(t, h.base)
	page := b.Get("/login").Submit(map[string]string{"email": "ada@two.example"}, "", "")
	if page.Heading() != "Choose how to sign in" || !strings.Contains(page.Body, "Acme &lt;Entra&gt;") {
		t.Fatalf("%s: %q, want the choice\n%s", page.URL, page.Heading(), page.Body)
	}
	if got := page.Submit(nil, "choice", "con_2").Refresh().Left; !strings.HasPrefix(got, "https://idp.example/sso") {
		t.Errorf("the choice leads to %q, want the identity provider", got)
	}

	page = b.Get("/login").Submit(map[string]string{"email": "many@else.example"}, "", "").Submit(map[string]string{"password": "right"}, "", "")
	if page.Heading() != "Choose an organization" || strings.Contains(page.Body, "Not you?") {
		t.Fatalf("%s: %q, want the choice of organizations\n%s", page.URL, page.Heading(), page.Body)
	}
	if got := page.Submit(nil, "choice", "org_2").Refresh(); got.URL.Path != "/account" {
		t.Errorf("the choice leads to %s, want the account", got.URL)
	}
}

func TestWhoIsInManyOrganizationsSearches(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := webtest.NewBrowser(t, h.base)
	page := b.Get("/login").Submit(map[string]string{"email": "very@else.example"}, "", "").Submit(map[string]string{"password": "right"}, "", "")
	if strings.Count(page.Body, `name="choice"`) != fewShown || !strings.Contains(page.Body, "4 more are found by their names.") || strings.Contains(page.Body, "Site 9") {
		t.Fatalf("the first page of many organizations:\n%s", page.Body)
	}
	at := "/login/choose?attempt=" + string(h.only(t).ID) + "&q="
	if page = b.Get(at + "sIte+9"); strings.Count(page.Body, `name="choice"`) != 1 || !strings.Contains(page.Body, "Site 9") {
		t.Errorf("the search for one:\n%s", page.Body)
	}
	if page = b.Get(at + url.QueryEscape(`"><b>`)); strings.Count(page.Body, `name="choice"`) != 0 || !strings.Contains(page.Body, "None of your organizations") || strings.Contains(page.Body, "><b>") {
		t.Errorf("the search for none:\n%s", page.Body)
	}
	if page = b.Get(at + "acme"); strings.Count(page.Body, `name="choice"`) != 2 {
		t.Errorf("the search for two:\n%s", page.Body)
	}
	if got := page.Submit(nil, "choice", "org_2").Refresh(); got.URL.Path != "/account" {
		t.Errorf("the choice leads to %s, want the account", got.URL)
	}
}

// fewShown is how many organizations are shown before a search.
const fewShown = 8

func TestARequestIsPosted(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := webtest.NewBrowser(t, h.base)
	page := b.Get("/login").Submit(map[string]string{"email": "ada@post.example"}, "", "")
	if got := page.Header.Get("Content-Security-Policy"); strings.Contains(got, "form-action") || !strings.Contains(got, "default-src 'none'") {
		t.Errorf("content policy %q, want none of forms alone", got)
	}
	sent := page.Submit(nil, "", "")
	want := url.Values{"SAMLRequest": {"PHg+"}, "RelayState": {`"<r>`}}
	if diff := cmp.Diff(want, sent.Posted); diff != "" || sent.Left != "https://idp.example/post" {
		t.Errorf("posted to %s (-want +got):\n%s", sent.Left, diff)
	}
}

func TestNobodyIsSentToAnUnsafeAddress(t *testing.T) {
	t.Parallel()
	for name, to := range map[string]signin.Departure{
		"script":      {Name: "x", URL: "javascript:alert(1)"},
		"plain http":  {Name: "x", URL: "http://idp.example/sso"},
		"script form": {Name: "x", Form: &signin.Form{Action: "javascript:alert(1)"}},
		"our own":     {Name: "x", Form: &signin.Form{Action: "/logout"}},
	} {
		h := open(t)
		h.departed = to
		page := webtest.NewBrowser(t, h.base).Get("/login").Submit(map[string]string{"email": "ada@sso.example"}, "", "")
		if page.Status != 403 || page.Code() != "redirect_target" || strings.Contains(page.Body, "javascript:") {
			t.Errorf("%s: %d %s, want it refused\n%s", name, page.Status, page.Code(), page.Body)
		}
	}
}

func TestOnlyTheBrowserThatBeganGoesOn(t *testing.T) {
	t.Parallel()
	h := open(t)
	mine := webtest.NewBrowser(t, h.base)
	mine.Get("/oauth2/authorize?"+appRequest).Submit(map[string]string{"email": "ada@sso.example"}, "", "")
	h.prove(t, h.only(t).ID)
	path := web.ContinuePath(h.only(t).ID)

	bare := webtest.NewBrowser(t, h.base)
	if got := bare.Get(path); got.Status != 403 || got.Code() != "bind_cookie_missing" || bare.Cookie("sallyport-session") != "" {
		t.Errorf("a browser without the cookie: %d %s, want bind_cookie_missing and no session", got.Status, got.Code())
	}
	other := webtest.NewBrowser(t, h.base)
	other.Get("/login")
	if got := other.Get(path); got.Status != 403 || got.Code() != "bind_cookie" || other.Cookie("sallyport-session") != "" {
		t.Errorf("another browser: %d %s, want bind_cookie and no session", got.Status, got.Code())
	}
	if got := mine.Get(path); got.Left == "" {
		t.Errorf("the browser that began: %d %s, want the app", got.Status, got.Code())
	}
}

func TestTryAgainKeepsWhatTheAppAskedFor(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := webtest.NewBrowser(t, h.base)
	page := b.Get("/oauth2/authorize?"+appRequest).Submit(map[string]string{"email": "ada@two.example"}, "", "")
	page.Submit(nil, "choice", "con_1")
	h.departed = signin.Departure{Name: "x", URL: "javascript:alert(1)"}
	failed := b.Get(web.LoginPath(h.only(t).ID))
	if failed.Code() != "redirect_target" {
		t.Fatalf("%d %s, want a failure", failed.Status, failed.Code())
	}
	again := failed.Click("Try again")
	if !again.Has("email") || len(h.attempts) != 2 {
		t.Errorf("%s with %d attempts, want the form of a new one", again.URL, len(h.attempts))
	}
	for id := range h.attempts {
		if h.attempts[id].Request != appRequest {
			t.Errorf("attempt %s has request %q", id, h.attempts[id].Request)
		}
	}
	if got := b.Get("/login/again?attempt=att_none"); got.URL.String() != h.base+"/login" {
		t.Errorf("an unknown attempt begins anew at %s, want /login", got.URL)
	}
}

func TestTheSignOnURLOfAnOrganization(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := webtest.NewBrowser(t, h.base)
	if got := b.Get("/login/acme"); got.URL.RequestURI() != web.LoginPath(h.only(t).ID) || !got.Has("email") {
		t.Errorf("it leads to %s, want the form of a new attempt", got.URL)
	}
	for path, code := range map[string]string{"/login/nobody": "organization_unknown", "/login/No_Key": "page_not_found"} {
		if got := b.Get(path); got.Status != 404 || got.Code() != code {
			t.Errorf("%s: %d %s, want 404 %s", path, got.Status, got.Code(), code)
		}
	}
	h.spent = true
	for _, path := range []string{"/login/nobody", "/login/acme"} {
		if got := b.Get(path); got.URL.RequestURI() != "/login" || !got.Has("email") {
			t.Errorf("%s, of too many: %s, want the page for all", path, got.URL)
		}
	}
}

func TestATileLeadsToTheIdentityProvider(t *testing.T) {
	t.Parallel()
	b := webtest.NewBrowser(t, open(t).base)
	if got := b.Get("/login/tile?connection=acme-okta&app=portal").Left; !strings.HasPrefix(got, "https://idp.example/sso") {
		t.Errorf("a tile leads to %q, want the identity provider", got)
	}
	for _, path := range []string{"/login/tile", "/login/tile?connection=nobody", "/login/tile?connection=//evil.example"} {
		if page := b.Get(path); page.Status != 404 {
			t.Errorf("%s: %d, want 404", path, page.Status)
		}
	}
}

func TestAnOldPageGoesOnFromWhereTheSignInIs(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := webtest.NewBrowser(t, h.base)
	old := b.Get("/login").Submit(map[string]string{"email": "many@else.example"}, "", "")
	old.Submit(map[string]string{"password": "right"}, "", "")
	if got := old.Submit(map[string]string{"password": "right"}, "", ""); got.Heading() != "Choose an organization" {
		t.Errorf("%s: %q, want the next question\n%s", got.URL, got.Heading(), got.Body)
	}
}

func TestSigningOut(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := webtest.NewBrowser(t, h.base)
	account := b.Get("/login").Submit(map[string]string{"email": "ada@else.example"}, "", "").
		Submit(map[string]string{"password": "right"}, "", "").Refresh()
	if b.PostFromElsewhere("/logout", nil); len(h.sessions) != 1 {
		t.Fatal("another site signed the person out")
	}
	out := account.Submit(nil, "", "")
	if out.Heading() != "You are signed out" || b.Cookie("sallyport-session") != "" || len(h.sessions) != 0 {
		t.Errorf("%q, session %q, %d stored; want none", out.Heading(), b.Cookie("sallyport-session"), len(h.sessions))
	}
	if got := b.Get("/account"); got.URL.Path != "/login" {
		t.Errorf("the account leads to %s, want the sign-in", got.URL)
	}
	if got := account.Submit(nil, "", ""); got.Heading() != "You are signed out" {
		t.Errorf("signing out twice: %q", got.Heading())
	}
}

// Who came through an identity provider that is to be told is sent there; the
// session is over before.
func TestSigningOutLeadsToTheIdentityProvider(t *testing.T) {
	t.Parallel()
	const slo = "https://idp.example/slo?SAMLRequest=x"
	for name, tc := range map[string]struct {
		out  signin.SignedOut
		want func(*webtest.Page) bool
	}{
		"by URL": {signin.SignedOut{To: &signin.Departure{Name: "Acme Okta", URL: slo}}, func(p *webtest.Page) bool {
			return p.Refresh().Left == slo && p.Click("Continue to Acme Okta").Left == slo
		}},
		"by a form": {signin.SignedOut{To: &signin.Departure{Name: "Acme ADFS", Form: &signin.Form{
			Action: "https://idp.example/slo", Fields: []signin.Field{{Name: "SAMLRequest", Value: "PHg+"}},
		}}}, func(p *webtest.Page) bool {
			sent := p.Submit(nil, "", "")
			return sent.Left == "https://idp.example/slo" && sent.Posted.Get("SAMLRequest") == "PHg+"
		}},
		"which cannot be told": {signin.SignedOut{Untold: errors.New("no such key")}, func(p *webtest.Page) bool {
			return p.URL.Path == "/signed-out/here" && p.Heading() == "You are signed out here"
		}},
		"to an unsafe address": {signin.SignedOut{To: &signin.Departure{Name: "x", URL: "javascript:alert(1)"}}, func(p *webtest.Page) bool {
			return p.Code() == "redirect_target"
		}},
	} {
		h := open(t)
		b := webtest.NewBrowser(t, h.base)
		account := h.signIn(b)
		h.signedOut = tc.out
		out := account.Submit(nil, "", "")
		if !tc.want(out) {
			t.Errorf("%s: %s: %d %q\n%s", name, out.URL, out.Status, out.Heading(), out.Body)
		}
		if b.Cookie("sallyport-session") != "" || len(h.sessions) != 0 {
			t.Errorf("%s: the session lives", name)
		}
		if name == "which cannot be told" && !strings.Contains(h.log.String(), "no such key") {
			t.Errorf("%s: the log does not say why:\n%s", name, h.log)
		}
	}
}

func TestPagesSpeakTheBrowsersLanguage(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := webtest.NewBrowser(t, h.base)
	for accept, want := range map[string]string{"de-AT,en;q=0.5": "Anmelden", "fr": "Sign in", "": "Sign in", "*;;": "Sign in"} {
		b.Language = accept
		if got := b.Get("/login").Heading(); got != want {
			t.Errorf("Accept-Language %q: %q, want %q", accept, got, want)
		}
	}
}

// signinBrowser is what the flow sees of a browser.
func signinBrowser(b *webtest.Browser) signin.Browser {
	return signin.Browser{Binding: secret.ParseToken(b.Cookie("sallyport-browser")).Hash()}
}

// newcomer brings a browser to the question of who comes for the first time.
func newcomer(t *testing.T, h house) (*webtest.Browser, sso.AttemptID, *webtest.Page) {
	t.Helper()
	b := webtest.NewBrowser(t, h.base)
	b.Get("/oauth2/authorize?"+appRequest).Submit(map[string]string{"email": "ada@sso.example"}, "", "")
	a := h.only(t)
	a.Proof.First = &sso.First{}
	h.keep(a)
	page := b.Get(web.ContinuePath(a.ID))
	return b, a.ID, page
}

func TestANewcomerIsAsked(t *testing.T) {
	t.Parallel()
	h := open(t)
	_, _, page := newcomer(t, h)
	if page.Heading() != "Your first time here" || page.Value("name") != "ada@sso.example" || !page.Has("password") {
		t.Fatalf("%d %q, want the question\n%s", page.Status, page.Heading(), page.Body)
	}
	wrong := page.Press("Connect my account", map[string]string{"name": "lovelace", "password": "wrong"})
	if wrong.Status != 401 || wrong.Value("name") != "lovelace" || wrong.Alert() == "" || wrong.Value("password") != "" {
		t.Fatalf("a wrong password: %d %q with %q\n%s", wrong.Status, wrong.Value("name"), wrong.Alert(), wrong.Body)
	}
	if bad := wrong.Press("Connect my account", map[string]string{"name": "", "password": "right"}); bad.Status != 422 && bad.Status != 400 || bad.Alert() == "" {
		t.Errorf("no name: %d %q", bad.Status, bad.Alert())
	}
	if other := wrong.Press("Connect my account", map[string]string{"name": "other", "password": "right"}); other.Status != 409 || other.Code() != "ident_conflict" || !strings.Contains(other.Body, passwordRef) {
		t.Errorf("an account that cannot be theirs: %d %s", other.Status, other.Code())
	}
	if got := wrong.Press("Connect my account", map[string]string{"name": "lovelace", "password": "right"}).Refresh().Left; got != atApp {
		t.Errorf("the right one leads to %q, want the app", got)
	}
}

func TestANewcomerMayBeNew(t *testing.T) {
	t.Parallel()
	h := open(t)
	b, id, page := newcomer(t, h)
	if got := page.Press("I am new here", nil).Refresh().Left; got != atApp {
		t.Errorf("being new leads to %q, want the app", got)
	}
	if got := b.Post(web.AttemptPath("/login/first/new", id), nil); got.Status != 409 {
		t.Errorf("once more: %d %s", got.Status, got.Code())
	}
}

func TestANewcomerHasAPasskey(t *testing.T) {
	t.Parallel()
	h := open(t)
	b, id, _ := newcomer(t, h)
	path := web.AttemptPath("/login/first/passkey", id)
	if got := b.Post(path, url.Values{"credential": {"wrong"}}); got.Status != 401 || got.Heading() != "Your first time here" {
		t.Errorf("somebody else's: %d %q", got.Status, got.Heading())
	}
	if got := b.Post(path, url.Values{"credential": {"right"}}).Refresh().Left; got != atApp {
		t.Errorf("their own leads to %q, want the app", got)
	}
}
