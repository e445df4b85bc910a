package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// uploads have a form of their own, which is refused before anything is looked
// up.
func uploads() []string {
	all := []string{"POST /console/imports", "POST /console/settings"}
	for _, door := range []string{"/console", "/setup"} {
		for _, path := range []string{"/sso/new", "/sso/{connection}/metadata", "/sso/{connection}/values", "/sso/{connection}/certificates"} {
			all = append(all, "POST "+door+path)
		}
	}
	return all
}

// An upload finds no other organization either.
func TestNoUploadReachesAnotherTenant(t *testing.T) {
	t.Parallel()
	h := &tenancy{T: t, server: testServer(t)}
	acme := h.newTenant("acme")
	rival := h.newTenant("rival")
	targets := map[string]int{
		"/console/imports?org=rival": http.StatusNotFound, "/console/imports": http.StatusSeeOther, "/console/settings?org=rival": http.StatusNotFound, "/console/settings": http.StatusSeeOther,
	}
	for _, door := range []string{"/console", "/setup"} {
		targets[door+"/sso/new?org=rival"], targets[door+"/sso/new"] = http.StatusNotFound, http.StatusSeeOther
		for path, whose := range map[string]int{"/metadata": http.StatusBadRequest, "/values": http.StatusBadRequest, "/certificates": http.StatusBadRequest} { // the file is none of theirs
			targets[door+"/sso/"+rival.its["connection"]+path] = http.StatusNotFound
			targets[door+"/sso/"+acme.its["connection"]+path+"?org=rival"] = http.StatusNotFound
			targets[door+"/sso/"+acme.its["connection"]+path] = whose
		}
	}
	for target, want := range targets {
		body := "--b\r\nContent-Disposition: form-data; name=\"role\"\r\n\r\nmember\r\n--b\r\nContent-Disposition: form-data; name=\"vendor\"\r\n\r\nokta\r\n--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nAcme\r\n--b\r\nContent-Disposition: form-data; name=\"list\"; filename=\"x\"\r\n\r\nemail\na@b.example\r\n--b--\r\n"
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader(body))
		r.Header.Set("Cookie", sessionCookie(acme.token)+"; __Host-sallyport-setup="+acme.link.Reveal())
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		w := httptest.NewRecorder()
		h.public.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("uploading to %s: %d, want %d\n%s", target, w.Code, want, w.Body)
		}
	}
}
