package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// Somebody may do more, and their browser asks for several pages at once: all
// of them are answered, one brings the new token, and with that they are who
// they are by now.
func TestSeveralPagesAtOnceWhenARoleRises(t *testing.T) {
	t.Parallel()
	h := &tenancy{T: t, server: testServer(t)}
	acme := h.newTenant("acme")
	mia, old := h.signedIn(acme.by.Org, "mia", sso.RoleRestricted)
	if err := h.people.ChangeRole(t.Context(), &acme.by, acme.by.Org.ID, mia.User.ID, "member"); err != nil {
		t.Fatal(err)
	}
	answers := make(chan *httptest.ResponseRecorder, 6)
	var all sync.WaitGroup
	for i := range cap(answers) {
		path := []string{"/account", "/account/security", "/account/sessions"}[i%3]
		all.Go(func() { answers <- h.ask(old, http.MethodGet, path, nil) })
	}
	all.Wait()
	close(answers)
	var next []string
	for got := range answers {
		if got.Code != http.StatusOK {
			t.Errorf("a page is answered with %d to %s", got.Code, got.Header().Get("Location"))
		}
		for _, c := range got.Result().Cookies() {
			if c.Name == "__Host-sallyport-session" {
				next = append(next, c.Value)
			}
		}
	}
	if len(next) != 1 || next[0] == old.Reveal() {
		t.Fatalf("%d new tokens, want one", len(next))
	}
	got := h.ask(secret.ParseToken(next[0]), http.MethodGet, "/account", nil)
	if got.Code != http.StatusOK || got.Header().Get("Set-Cookie") != "" {
		t.Errorf("by the new token: %d, cookie %q", got.Code, got.Header().Get("Set-Cookie"))
	}
	// The twin: who becomes an administrator is asked who they are.
	them, token := h.signedIn(acme.by.Org, "max", sso.RoleMember)
	if err := h.people.ChangeRole(t.Context(), &acme.by, acme.by.Org.ID, them.User.ID, "admin"); err != nil {
		t.Fatal(err)
	}
	if got := h.ask(token, http.MethodGet, "/console", nil); got.Code != http.StatusSeeOther || !strings.HasSuffix(got.Header().Get("Location"), "/login?back=%2Fconsole") {
		t.Errorf("who has become an administrator: %d to %s, want the sign-in", got.Code, got.Header().Get("Location"))
	}
}
