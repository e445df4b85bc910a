package oidcapi_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/webtest"
)

// A code is worth what the person is by now. A token that was given for less is
// replaced before there is one; by a token that was replaced there is none, and
// the browser asks again with the new one.
func TestNoCodeByATokenThatIsGoodForLess(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	query := "/oauth2/authorize?" + request("portal", "https://app.example/cb", oauth2.GenerateVerifier()).Encode()
	ask := func(token string) reply {
		s.signIn(token)
		return s.ask(http.MethodGet, query, "")
	}
	err := s.grants.DB.Write(t.Context(), func(tx *store.Writer) error {
		p, err := tx.Person(t.Context(), s.session.Hash())
		if err != nil {
			return err
		}
		return tx.Org(p.Org.ID).RoleChanged(t.Context(), &p.Org, p.User.ID, sso.RoleMember, "auditor", time.Now())
	})
	if err != nil {
		t.Fatal(err)
	}
	first := ask(s.session.Reveal())
	var next string
	for _, c := range first.Cookies() {
		if c.Name == "sallyport-session" {
			next = c.Value
		}
	}
	if next == "" || next == s.session.Reveal() || !strings.HasPrefix(first.Header.Get("Location"), "https://app.example/cb?code=") {
		t.Fatalf("a token that waits: %s to %s, cookie %q", first.Status, first.Header.Get("Location"), next)
	}
	late := ask(s.session.Reveal())
	if late.StatusCode != http.StatusSeeOther || late.Header.Get("Location") != s.base+query || len(late.Cookies()) != 0 {
		t.Errorf("a token that was replaced: %s to %s, cookies %v; want to be asked again", late.Status, late.Header.Get("Location"), late.Cookies())
	}
	if again := ask(next); !strings.HasPrefix(again.Header.Get("Location"), "https://app.example/cb?code=") || len(again.Cookies()) != 0 {
		t.Errorf("the new token: %s to %s, cookies %v", again.Status, again.Header.Get("Location"), again.Cookies())
	}
	if n := len(s.asked); n != 0 {
		t.Errorf("the person was asked to sign in %d times", n)
	}
	if gone := ask(secret.NewToken().Reveal()); gone.body != "sign in" {
		t.Errorf("twin: a token of nobody: %s %s", gone.Status, gone.body)
	}
}

// A device that is signed in has what the person has by now, as by a code: by a token
// that was replaced nobody agrees to one. Who has the new token is asked again.
func TestNoDeviceByATokenThatIsGoodForLess(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.addCLI()
	old := s.session
	err := s.grants.DB.Write(t.Context(), func(tx *store.Writer) error {
		p, err := tx.Person(t.Context(), old.Hash())
		if err != nil {
			return err
		}
		return tx.Org(p.Org.ID).RoleChanged(t.Context(), &p.Org, p.User.ID, sso.RoleMember, "auditor", time.Now())
	})
	if err != nil {
		t.Fatal(err)
	}
	s.session, err = s.renew(t.Context(), old)
	if err != nil {
		t.Fatal(err)
	}
	c := s.device()
	agree := url.Values{"code": {c.User}, "answer": {"approve"}}
	b := webtest.NewBrowser(t, s.base)
	b.Keep("sallyport-session", old.Reveal())
	if asked := b.Post("/device/confirm", agree); asked.Value("code") != c.User {
		t.Errorf("a token that was replaced: %d at %s, want to be asked again", asked.Status, asked.Heading())
	}
	if status, body := s.poll(c); status != http.StatusBadRequest || body["error"] != "authorization_pending" {
		t.Errorf("the device: %d %v, want authorization_pending", status, body)
	}
	if done := s.signedIn().Post("/device/confirm", agree); done.Heading() != "Signed in" {
		t.Errorf("twin: the new token: %d %s", done.Status, done.Body)
	}
	// A no is a no by either.
	c = s.device()
	if done := b.Post("/device/confirm", url.Values{"code": {c.User}}); done.Heading() != "Not signed in" {
		t.Errorf("a no by the token that was replaced: %d %s", done.Status, done.Body)
	}
}
