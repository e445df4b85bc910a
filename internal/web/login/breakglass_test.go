package login_test

import (
	"testing"

	"github.com/sallyport/sallyport/internal/webtest"
)

func TestAnOwnerComesInByACodeWhereTheIdentityProviderFails(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := webtest.NewBrowser(t, h.base)
	wrong := b.Get("/login/break-glass").Submit(map[string]string{"email": "owner@acme.example", "code": "0123"}, "", "")
	if wrong.Status != 401 || !wrong.Has("code") || b.Cookie("sallyport-session") != "" {
		t.Fatalf("a wrong code: %d, want the form again\n%s", wrong.Status, wrong.Body)
	}
	page := wrong.Submit(map[string]string{"email": "owner@acme.example", "code": "0123-4567-89AB-CDEF"}, "", "")
	if page.Status != 200 || page.Refresh().Heading() == "" || b.Cookie("sallyport-session") == "" {
		t.Errorf("the right code: %d, session %q\n%s", page.Status, b.Cookie("sallyport-session"), page.Body)
	}
}
