package main

import (
	"compress/flate"
	"encoding/base64"
	"errors"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// A trial is one test of a connection of a tenant, by way of its pages.
type trial struct {
	*tenancy
	idp     *samltest.IdP
	key     string // of the connection
	cookies []string
}

// newTrial gives the tenant a connection to an identity provider that is there.
func newTrial(h *tenancy, t *tenant) *trial {
	h.Helper()
	x := &trial{tenancy: h, idp: samltest.New(h.T), key: t.its["connection"]}
	x.idp.Now = now()
	x.idp.SPEntityID, x.idp.ACS = "https://sso.example/saml/"+x.key+"/metadata", "https://sso.example/saml/"+x.key+"/acs"
	h.write(func(tx *store.Writer) error {
		c, err := tx.ConnectionByKey(h.Context(), x.key)
		c.SAML = sso.SAML{IdPEntityID: x.idp.EntityID, Endpoints: []sso.Endpoint{{Binding: sso.BindingRedirect, Location: x.idp.SSO}}, Certificates: [][]byte{x.idp.Certificate()}}
		d := sso.Domain{Org: c.Org, Name: "acme.example", State: sso.DomainVerified, CreatedAt: now(), VerifiedAt: now()}
		return errors.Join(err, tx.Org(c.Org).SaveConnection(h.Context(), c), tx.Org(c.Org).SaveDomain(h.Context(), d))
	})
	return x
}

// ask sends a request by a browser, and keeps the cookies that it gets.
func (x *trial) ask(method, target string, form url.Values) *httptest.ResponseRecorder {
	x.Helper()
	w := x.send(strings.Join(x.cookies, "; "), method, target, form)
	for _, c := range w.Result().Cookies() {
		if strings.HasSuffix(c.Name, "sallyport-session") {
			x.Errorf("%s %s gives a session", method, target)
		}
		x.cookies = append(x.cookies, c.Name+"="+c.Value)
	}
	return w
}

var leavesFor = regexp.MustCompile(`https://[^"]+\?SAMLRequest=[^"]+`)

// goes begins a test at a path, and returns where the browser ends up.
func (x *trial) goes(path string, forge ...func(*samltest.Response)) string {
	x.Helper()
	left := x.ask(http.MethodPost, path, nil)
	to, err := url.Parse(html.UnescapeString(leavesFor.FindString(left.Body.String())))
	if left.Code != http.StatusOK || err != nil || to.Host == "" {
		x.Fatalf("POST %s = %d, %v\n%s", path, left.Code, err, left.Body)
	}
	packed, err := base64.StdEncoding.DecodeString(to.Query().Get("SAMLRequest"))
	if err != nil {
		x.Fatal(err)
	}
	request, err := io.ReadAll(flate.NewReader(strings.NewReader(string(packed))))
	if err != nil {
		x.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(request), ` ID="`)
	x.idp.RequestID, _, _ = strings.Cut(rest, `"`)
	x.idp.Now = now()
	asked := func(r *samltest.Response) { r.AuthnInstant = r.IssueInstant } // just now: a test asks the person anew
	back := x.send("", http.MethodPost, "/saml/"+x.key+"/acs", url.Values{
		"SAMLResponse": {base64.StdEncoding.EncodeToString(x.idp.Respond(append([]func(*samltest.Response){asked}, forge...)...))}, "RelayState": {to.Query().Get("RelayState")},
	})
	if back.Code != http.StatusSeeOther {
		x.Fatalf("the answer to a test is answered with %d\n%s", back.Code, back.Body)
	}
	return x.path(back)
}

// path returns where an answer leads to.
func (x *trial) path(w *httptest.ResponseRecorder) string {
	return strings.TrimPrefix(w.Header().Get("Location"), "https://sso.example")
}

// Whoever sets up sees all that a test has found, by the door through which
// they came, and in the browser in which it was made.
func TestATestIsShownToWhoMadeIt(t *testing.T) {
	t.Parallel()
	h := &tenancy{T: t, server: testServer(t)}
	acme, rival := h.newTenant("acme"), h.newTenant("rival")
	x := newTrial(h, &acme)
	for door, cookie := range map[string]string{
		"/console": sessionCookie(acme.token), "/setup": "__Host-sallyport-setup=" + acme.link.Reveal(),
	} {
		x.cookies = []string{cookie}
		done := x.goes(door + "/sso/" + x.key + "/test")
		if stranger := h.send("", http.MethodGet, done, nil); stranger.Code != http.StatusForbidden {
			t.Errorf("%s: another browser is answered with %d", door, stranger.Code)
		}
		shown := x.ask(http.MethodGet, done, nil)
		if shown.Code != http.StatusSeeOther || !strings.HasPrefix(x.path(shown), door+"/sso/"+x.key+"/test?") {
			t.Fatalf("%s: %s is answered with %d, to %s", door, done, shown.Code, x.path(shown))
		}
		page := x.ask(http.MethodGet, x.path(shown), nil)
		if page.Code != http.StatusOK || !strings.Contains(page.Body.String(), "The sign-in works") || !strings.Contains(page.Body.String(), "alice@acme.example") {
			t.Errorf("%s: %d\n%s", door, page.Code, page.Body)
		}
		if foreign := h.askBy(&rival, http.MethodGet, x.path(shown), nil); foreign.Code != http.StatusNotFound {
			t.Errorf("%s: another tenant is answered with %d", door, foreign.Code)
		}
		if nobody := h.send("", http.MethodGet, x.path(shown), nil); strings.Contains(nobody.Body.String(), "alice") {
			t.Errorf("%s: nobody sees %s", door, nobody.Body)
		}
		failed := x.ask(http.MethodGet, x.goes(door+"/sso/"+x.key+"/test", samltest.SignByStranger), nil)
		if page := x.ask(http.MethodGet, x.path(failed), nil); !strings.Contains(page.Body.String(), "Signed with a key that we do not have") {
			t.Errorf("%s: a failed test shows\n%s", door, page.Body)
		}
	}
}

// Whoever has a test link learns whether it worked, and nothing else.
func TestATestByALinkShowsNothingThatWasSent(t *testing.T) {
	t.Parallel()
	h := &tenancy{T: t, server: testServer(t)}
	acme := h.newTenant("acme")
	x := newTrial(h, &acme)
	token := secret.NewToken()
	h.write(func(tx *store.Writer) error {
		c, err := tx.ConnectionByKey(t.Context(), x.key)
		l := sso.TestLink{ID: sso.NewTestLinkID(now()), Org: c.Org, Connection: c.ID, CreatedAt: now(), ExpiresAt: now().Add(sso.TestLinkLife)}
		return errors.Join(err, tx.Org(c.Org).InsertTestLink(t.Context(), l, token.Hash()))
	})
	path := "/test/" + token.Reveal()
	if without := h.send("", http.MethodPost, path, nil); without.Code != http.StatusForbidden {
		t.Errorf("a browser without cookies is answered with %d", without.Code)
	}
	if w := x.ask(http.MethodGet, path, nil); w.Code != http.StatusOK {
		t.Fatalf("GET %s = %d", path, w.Code)
	}
	for name, tc := range map[string]struct {
		forge []func(*samltest.Response)
		says  string
	}{
		"passed": {nil, "The sign-in works"},
		"failed": {[]func(*samltest.Response){samltest.SignByStranger}, "The sign-in would be refused"},
	} {
		page := x.ask(http.MethodGet, x.goes(path, tc.forge...), nil)
		body := page.Body.String()
		if page.Code != http.StatusOK || !strings.Contains(body, tc.says) || strings.Contains(body, "alice") || strings.Contains(body, x.idp.EntityID) || strings.Contains(body, "sig_value") {
			t.Errorf("%s: %d\n%s", name, page.Code, body)
		}
	}
	for _, over := range []string{"/test/none", "/test/" + secret.NewToken().Reveal()} {
		if w := x.ask(http.MethodPost, over, nil); w.Code != http.StatusForbidden {
			t.Errorf("POST %s = %d", over, w.Code)
		}
	}
}
