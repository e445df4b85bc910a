package samltest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/xmldsig"
)

const (
	spEntityID = "https://sso.example/saml/acme"
	acs        = "https://sso.example/saml/acme/acs"
)

var alice = samltest.User{
	Name: "Alice Archer", Email: "alice@acme.example", GivenName: "Alice", Surname: "Archer", UID: "u-1001",
	Groups: []string{"engineering", "sso-admins"},
}

// a party is a service provider that talks to a server.
type party struct {
	url     string
	idp     *saml.IdPMetadata
	key     saml.SigningKey
	request saml.Request
}

// start runs a server that knows one service provider, whose requests must be
// signed.
func start(t *testing.T, change func(*samltest.Server)) party {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := xmldsig.NewKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	idpKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var server *samltest.Server
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { server.ServeHTTP(w, r) }))
	t.Cleanup(web.Close)
	idp, err := samltest.NewIdP(web.URL+"/metadata", web.URL+"/sso", idpKey)
	if err != nil {
		t.Fatal(err)
	}
	server = samltest.NewServer(idp, []samltest.User{{Name: "Bob", Email: "bob@acme.example"}, alice},
		samltest.SP{EntityID: spEntityID, ACS: acs, Keys: []xmldsig.Key{public}})
	if change != nil {
		change(server)
	}
	_, body := get(t, web.URL+"/metadata")
	metadata, err := saml.ParseIdPMetadata([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return party{
		url: web.URL, idp: metadata, key: saml.SigningKey{Signer: key},
		request: saml.Request{
			ID: saml.NewID(), Destination: web.URL + "/sso", Issuer: spEntityID, ACS: acs, IssueInstant: time.Now(),
		},
	}
}

func (p party) expect() saml.Expect {
	return saml.Expect{IdP: p.idp.Expect(), EntityID: spEntityID, ACS: acs, RequestID: p.request.ID, Skew: saml.DefaultSkew}
}

// A response is the head of one.
type response struct {
	status int
	header http.Header
}

func get(t *testing.T, address string) (response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return do(t, req)
}

func post(t *testing.T, address string, form url.Values) (response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return do(t, req)
}

func do(t *testing.T, req *http.Request) (response, string) {
	t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response{res.StatusCode, res.Header}, string(body)
}

var (
	formAction  = regexp.MustCompile(`<form[^>]* action="([^"]*)"`)
	hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// form returns the address and the fields of the form on a page.
func form(t *testing.T, page string) (action string, fields url.Values) {
	t.Helper()
	m := formAction.FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no form in %s", page)
	}
	fields = url.Values{}
	for _, f := range hiddenField.FindAllStringSubmatch(page, -1) {
		fields.Set(html.UnescapeString(f[1]), html.UnescapeString(f[2]))
	}
	return html.UnescapeString(m[1]), fields
}

// choose presses the button of a user and returns the form with the answer.
func (p party) choose(t *testing.T, page, email string) (action string, fields url.Values) {
	t.Helper()
	if !strings.Contains(page, `value="`+email+`"`) {
		t.Fatalf("no button for %s in %s", email, page)
	}
	action, fields = form(t, page)
	fields.Set("user", email)
	res, answer := post(t, p.url+action, fields)
	if res.status != http.StatusOK {
		t.Fatalf("status %d: %s", res.status, answer)
	}
	return form(t, answer)
}

func (p party) verify(t *testing.T, fields url.Values) (*saml.Assertion, error) {
	t.Helper()
	message, err := saml.DecodePost(fields.Get("SAMLResponse"))
	if err != nil {
		t.Fatal(err)
	}
	return saml.Verify(message, p.expect(), time.Now())
}

func TestServerSignsIn(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	redirect, err := p.request.SignedRedirectURL("handle-1", p.key)
	if err != nil {
		t.Fatal(err)
	}
	postForm, err := p.request.SignedPostForm("handle-1", p.key)
	if err != nil {
		t.Fatal(err)
	}
	for name, begin := range map[string]func(t *testing.T) (response, string){
		"by redirect": func(t *testing.T) (response, string) { t.Helper(); return get(t, redirect) },
		"by post": func(t *testing.T) (response, string) {
			t.Helper()
			return post(t, postForm.Action, url.Values{
				"SAMLRequest": {postForm.SAMLRequest}, "RelayState": {postForm.RelayState},
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, page := begin(t)
			if res.status != http.StatusOK {
				t.Fatalf("status %d: %s", res.status, page)
			}
			action, fields := p.choose(t, page, alice.Email)
			if action != acs || fields.Get("RelayState") != "handle-1" {
				t.Errorf("answer goes to %q with RelayState %q", action, fields.Get("RelayState"))
			}
			a, err := p.verify(t, fields)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string][]string{}
			for _, attribute := range a.Attributes {
				got[attribute.Name] = attribute.Values
			}
			want := map[string][]string{
				"mail": {alice.Email}, "givenName": {"Alice"}, "sn": {"Archer"}, "displayName": {"Alice Archer"},
				"uid": {"u-1001"}, "memberOf": {"engineering", "sso-admins"},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("attributes (-want +got):\n%s", diff)
			}
			if a.SubjectKey() != "persistent:u-1001" {
				t.Errorf("subject %q", a.SubjectKey())
			}
		})
	}
}

func TestServerLetsTheSignInFail(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	redirect, err := p.request.SignedRedirectURL("", p.key)
	if err != nil {
		t.Fatal(err)
	}
	_, page := get(t, redirect)
	_, fields := p.choose(t, page, samltest.Nobody)
	_, err = p.verify(t, fields)
	refusal, ok := errors.AsType[*saml.Refusal](err)
	if !ok || refusal.Rule != saml.Status || refusal.Got != "Responder / AuthnFailed: The user declined to sign in." {
		t.Errorf("got %v", err)
	}
}

func TestServerForges(t *testing.T) {
	t.Parallel()
	p := start(t, func(s *samltest.Server) { s.Forge = samltest.WrapSignature })
	redirect, err := p.request.SignedRedirectURL("", p.key)
	if err != nil {
		t.Fatal(err)
	}
	_, page := get(t, redirect)
	_, fields := p.choose(t, page, alice.Email)
	if a, err := p.verify(t, fields); err == nil {
		t.Errorf("accepted %+v", a)
	}
}

func TestServerRefusesRequests(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	good, err := p.request.SignedRedirectURL("handle", p.key)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(change func(*saml.Request)) string {
		r := p.request
		change(&r)
		address, err := r.SignedRedirectURL("handle", p.key)
		if err != nil {
			t.Fatal(err)
		}
		return address
	}
	unsigned, err := p.request.RedirectURL("handle")
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		address string
		says    string
	}{
		"another application":    {sign(func(r *saml.Request) { r.Issuer = "https://other.example" }), "no application"},
		"another address":        {sign(func(r *saml.Request) { r.ACS = "https://evil.example/acs" }), "registered is"},
		"no signature":           {unsigned, "verifying request"},
		"other relay state":      {strings.Replace(good, "RelayState=handle", "RelayState=other", 1), "verifying request"},
		"parameter in front":     {strings.Replace(good, "?", "?RelayState=other&", 1), "want one SAMLRequest"},
		"no request":             {p.url + "/sso", "want one SAMLRequest"},
		"request that is no XML": {p.url + "/sso?SAMLRequest=AAAA", "inflating request"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res, page := get(t, tc.address)
			if res.status != http.StatusBadRequest || !strings.Contains(html.UnescapeString(page), tc.says) {
				t.Errorf("status %d, want %d and %q in %s", res.status, http.StatusBadRequest, tc.says, page)
			}
		})
	}
	if res, page := get(t, good); res.status != http.StatusOK {
		t.Errorf("twin: status %d: %s", res.status, page)
	}
}

func TestServerPagesAreStrict(t *testing.T) {
	t.Parallel()
	p := start(t, nil)
	for path, contentType := range map[string]string{
		"/":                "text/html; charset=utf-8",
		"/pages/style.css": "text/css; charset=utf-8",
		"/pages/submit.js": "text/javascript; charset=utf-8",
		"/metadata":        "application/samlmetadata+xml",
	} {
		res, _ := get(t, p.url+path)
		if got := res.header.Get("Content-Type"); res.status != http.StatusOK || got != contentType {
			t.Errorf("%s: status %d, type %q", path, res.status, got)
		}
		if csp := res.header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", path, csp)
		}
	}
}
