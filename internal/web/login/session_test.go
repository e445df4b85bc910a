package login_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/webtest"
)

// signIn signs the browser in as Ada, by password.
func (h house) signIn(b *webtest.Browser) *webtest.Page {
	return b.Get("/login").Submit(map[string]string{"email": "ada@else.example"}, "", "").
		Submit(map[string]string{"password": "right"}, "", "").Refresh()
}

// begin begins a sign-in for an app that another person's identity provider
// has answered, and returns where the browser comes back.
func (h house) begin(t *testing.T, b *webtest.Browser, request string) string {
	t.Helper()
	before := map[sso.AttemptID]bool{}
	for id := range h.attempts {
		before[id] = true
	}
	b.Get("/oauth2/authorize?" + request)
	for id := range h.attempts {
		if !before[id] {
			h.proveAs(t, id, "usr_mallory")
			return web.ContinuePath(id)
		}
	}
	t.Fatal("no sign-in was begun")
	return ""
}

func TestNobodyBecomesAnotherPersonByALink(t *testing.T) {
	t.Parallel()
	for request, want := range map[string]string{appRequest: atApp, "client_id=native": atNative} {
		h := open(t)
		b := webtest.NewBrowser(t, h.base)
		h.signIn(b)
		session := b.Cookie("sallyport-session")
		path := h.begin(t, b, request)
		asked := b.Get(path)
		if asked.Status != 200 || asked.Heading() != "Continue as someone else?" || b.Cookie("sallyport-session") != session {
			t.Fatalf("%d %q, want a question and Ada's session\n%s", asked.Status, asked.Heading(), asked.Body)
		}
		if !strings.Contains(asked.Body, "Continue as Mallory &lt;b&gt;Moe&lt;/b&gt;") || !strings.Contains(asked.Body, "You are signed in as Ada Lovelace.") {
			t.Errorf("the page does not name both:\n%s", asked.Body)
		}
		if stay := asked.Click("Stay signed in as Ada Lovelace"); stay.Heading() != "Ada Lovelace" {
			t.Errorf("staying leads to %q", stay.Heading())
		}

		to := strings.Replace(path, "/login/continue", "/login/switch", 1)
		if got := b.Get(to); got.Status != http.StatusMethodNotAllowed || b.Cookie("sallyport-session") != session {
			t.Errorf("a link that switches: %d, want 405", got.Status)
		}
		if got := b.PostFromElsewhere(to, url.Values{}); got.Code() != "request_cross_origin" || b.Cookie("sallyport-session") != session {
			t.Errorf("a form of another site that switches: %d %s, want request_cross_origin", got.Status, got.Code())
		}

		left := asked.Submit(nil, "", "")
		if left.Refresh().Left != want || left.Click("Continue").Left != want {
			t.Errorf("consent leads to %q, want %s\n%s", left.Refresh().Left, want, left.Body)
		}
		if got := b.Cookie("sallyport-session"); got == session || got == "" || len(h.sessions) != 1 {
			t.Errorf("%d sessions, want Mallory's alone", len(h.sessions))
		}
	}
}

// An app that wants its answer posted gets it so, whether or not the person is
// asked before.
func TestASignInEndsWithAFormWhereTheAppAsksForOne(t *testing.T) {
	t.Parallel()
	const asked = "client_id=portal&response_mode=form_post"
	want := url.Values{"code": {"1"}, "state": {asked}}
	h := open(t)
	b := webtest.NewBrowser(t, h.base)
	first := b.Get(h.begin(t, b, asked))
	if got := first.Submit(nil, "", ""); got.Left != "https://app.example/cb" || got.Posted.Encode() != want.Encode() {
		t.Errorf("a sign-in: %d, posted to %q: %v", first.Status, got.Left, got.Posted)
	}
	h = open(t)
	b = webtest.NewBrowser(t, h.base)
	h.signIn(b)
	question := b.Get(h.begin(t, b, asked))
	if question.Heading() != "Continue as someone else?" {
		t.Fatalf("%d %q", question.Status, question.Heading())
	}
	if got := question.Submit(nil, "", "").Submit(nil, "", ""); got.Left != "https://app.example/cb" || got.Posted.Encode() != want.Encode() {
		t.Errorf("after consent: posted to %q: %v", got.Left, got.Posted)
	}
}

func TestConsentWithoutAnAppLeadsToTheAccount(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := webtest.NewBrowser(t, h.base)
	h.signIn(b)
	if got := b.Get(h.begin(t, b, "")).Submit(nil, "", ""); got.URL.Path != "/account" {
		t.Errorf("consent leads to %s, want the account", got.URL)
	}
}

func TestConsentForWhatIsNotProvenGoesOnWhereTheSignInIs(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := webtest.NewBrowser(t, h.base)
	h.signIn(b)
	asked := b.Get(h.begin(t, b, ""))
	for id, a := range h.attempts {
		if a.DoneAt.IsZero() {
			a.Proof = sso.Proof{}
			h.attempts[id] = a
		}
	}
	if got := asked.Submit(nil, "", ""); !got.Has("email") {
		t.Errorf("%s: %d %s, want the form of this sign-in", got.URL, got.Status, got.Code())
	}
}

func TestTheSamePersonIsNotAsked(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := webtest.NewBrowser(t, h.base)
	h.signIn(b)
	path := h.begin(t, b, appRequest)
	h.prove(t, sso.AttemptID(strings.TrimPrefix(path, web.ContinuePath(""))))
	if got := b.Get(path); got.Left != atApp {
		t.Errorf("%d %q, want the app", got.Status, got.Heading())
	}
}

func TestASignInThatIsOverLeadsWhoIsSignedInToTheAccount(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := webtest.NewBrowser(t, h.base)
	b.Get("/oauth2/authorize?" + appRequest)
	id := h.only(t).ID
	h.prove(t, id)
	b.Get(web.ContinuePath(id))

	for _, path := range []string{web.ContinuePath(id), web.LoginPath(id), web.AttemptPath("/login/email", id)} {
		over := b.Get(path)
		if over.Status != 409 || over.Code() != "attempt_over" || over.Heading() != "You are already signed in" || strings.Contains(over.Body, "/login/again") {
			t.Errorf("%s: %d %s %q\n%s", path, over.Status, over.Code(), over.Heading(), over.Body)
		}
		if got := over.Click("Go to your account"); got.URL.Path != "/account" || got.Status != 200 {
			t.Errorf("%s leads on to %s", path, got.URL)
		}
	}
	if got := b.Get(web.AgainPath(id)); got.URL.Path != "/account" || len(h.attempts) != 1 {
		t.Errorf("an old link to begin anew: %s with %d attempts, want the account", got.URL, len(h.attempts))
	}

	clear(h.sessions)
	over := b.Get(web.ContinuePath(id))
	if over.Code() != "attempt_over" || strings.Contains(over.Body, "/account") {
		t.Fatalf("without a session: %d %s\n%s", over.Status, over.Code(), over.Body)
	}
	if got := over.Click("Try again"); !got.Has("email") || len(h.attempts) != 2 {
		t.Errorf("without a session it leads to %s with %d attempts, want a new one", got.URL, len(h.attempts))
	}
}

func TestTheFirstPageLeadsWhoIsSignedInToTheAccount(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := webtest.NewBrowser(t, h.base)
	if got := b.Get("/"); got.URL.Path != "/login" || got.Status != 200 {
		t.Errorf("without a session / leads to %s, want the sign-in", got.URL)
	}
	h.signIn(b)
	for _, path := range []string{"/", "/login"} {
		if got := b.Get(path); got.URL.Path != "/account" || got.Status != 200 {
			t.Errorf("%s leads to %s, want the account", path, got.URL)
		}
	}
	if got := b.Get("/nowhere"); got.Status != 404 {
		t.Errorf("/nowhere: %d, want 404", got.Status)
	}
	for name, tc := range map[string]struct {
		err  error
		want int
	}{
		"a session that may not be used": {&fault.Error{Kind: fault.Denied, Code: "user_suspended"}, 200},
		"a failure of ours":              {errors.New("disk on fire"), 500},
	} {
		h.broken = tc.err
		if got := b.Get("/login"); got.URL.Path != "/login" || got.Status != tc.want {
			t.Errorf("%s: %s %d, want %d at the sign-in", name, got.URL, got.Status, tc.want)
		}
	}
}

func TestARefusedPasswordIsLoggedWithItsReference(t *testing.T) {
	t.Parallel()
	h := open(t)
	webtest.NewBrowser(t, h.base).Get("/login").Submit(map[string]string{"email": "ada@else.example"}, "", "").
		Submit(map[string]string{"password": "wrong"}, "", "")
	lines := strings.Split(strings.TrimSpace(h.log.String()), "\n")
	last := lines[len(lines)-1]
	for _, part := range []string{`route="POST /login/password"`, "status=401", "code=password_wrong", "ref=" + passwordRef, "addr=127.0.0.1", "att=att_"} {
		if strings.Count(last, part) != 1 {
			t.Errorf("the line has %s %d times, want it once:\n%s", part, strings.Count(last, part), last)
		}
	}
}
