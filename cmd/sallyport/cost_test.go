package main

import (
	"bytes"
	"compress/flate"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/setup"
)

// costFile is a customer with an identity provider, and an app.
const costFile = `
organizations:
  - key: acme
    entitlements: [sso]
    domains: [{name: acme.example, vouched: true}]
    connections: [{key: acme-idp, protocol: saml, metadata_file: idp.xml, state: active, first_sign_in: create, attributes: {email: mail}}]
apps:
  - {key: portal, client_id: portal, client_secret_file: app.secret, redirect_uris: ["https://app.example/callback"]}
`

// costs is a server that whole sign-ins are made at, by one browser after the
// other.
type costs struct {
	*testing.T
	server *server
	idp    *samltest.IdP
	secret string
	asked  map[string]int64 // statements of each step, of the last sign-in
}

func newCosts(t *testing.T) *costs {
	t.Helper()
	key, err := samltest.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	c := &costs{T: t, server: serverBy(t, idleServer), secret: rand.Text() + rand.Text(), asked: map[string]int64{}}
	if c.idp, err = samltest.NewIdP("https://idp.example/metadata", "https://idp.example/sso", key); err != nil {
		t.Fatal(err)
	}
	c.idp.SPEntityID, c.idp.ACS = "https://sso.example/saml/acme-idp/metadata", "https://sso.example/saml/acme-idp/acs"
	metadata, err := c.idp.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, content := range map[string][]byte{"idp.xml": metadata, "app.secret": []byte(c.secret)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := setup.ParseFile([]byte(costFile))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (database{}).setup(c.server.db).Apply(t.Context(), f, setup.Files(dir), setup.Options{Mode: setup.Commit}); err != nil {
		t.Fatal(err)
	}
	return c
}

// step sends a request and returns the answer; what it asked the database is
// counted under a name.
func (c *costs) step(name string, jar http.CookieJar, r *http.Request) *httptest.ResponseRecorder {
	c.Helper()
	at := &url.URL{Scheme: "https", Host: "sso.example", Path: "/"}
	if jar != nil {
		for _, cookie := range jar.Cookies(at) {
			r.AddCookie(cookie)
		}
	}
	before := c.server.db.Stats().Statements
	w := httptest.NewRecorder()
	c.server.public.ServeHTTP(w, r)
	c.asked[name] = c.server.db.Stats().Statements - before
	if w.Code >= http.StatusBadRequest {
		c.Fatalf("%s: %d %.500s", name, w.Code, w.Body)
	}
	if jar != nil {
		for _, line := range w.Header()["Set-Cookie"] {
			cookie, err := http.ParseSetCookie(line)
			if err != nil {
				c.Fatal(err)
			}
			jar.SetCookies(at, []*http.Cookie{cookie})
		}
	}
	return w
}

// signIn is one whole sign-in of a person who is known by their address.
func (c *costs) signIn(address string) {
	c.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		c.Fatal(err)
	}
	verifier := rand.Text() + rand.Text()
	challenge := sha256.Sum256([]byte(verifier))
	to := c.leads(c.step("authorize", jar, httptest.NewRequest(http.MethodGet, "/oauth2/authorize?"+url.Values{
		"response_type": {"code"}, "client_id": {"portal"}, "redirect_uri": {"https://app.example/callback"}, "scope": {"openid email profile"}, "state": {"s"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"}, "login_hint": {address},
	}.Encode(), nil)))
	form := url.Values{"SAMLResponse": {c.answer(to.Query().Get("SAMLRequest"), address)}, "RelayState": {to.Query().Get("RelayState")}}
	to = c.leads(c.step("response", nil, post("/saml/acme-idp/acs", form)))
	to = c.leads(c.step("finish", jar, httptest.NewRequest(http.MethodGet, to.RequestURI(), nil)))
	exchange := post("/oauth2/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {to.Query().Get("code")}, "redirect_uri": {"https://app.example/callback"}, "code_verifier": {verifier},
	})
	exchange.SetBasicAuth("portal", c.secret)
	var tokens struct {
		Access string `json:"access_token"`
	}
	if err := json.NewDecoder(c.step("tokens", nil, exchange).Body).Decode(&tokens); err != nil {
		c.Fatal(err)
	}
	info := httptest.NewRequest(http.MethodGet, "/oauth2/userinfo", nil)
	info.Header.Set("Authorization", "Bearer "+tokens.Access)
	if body, err := io.ReadAll(c.step("userinfo", nil, info).Body); err != nil || !strings.Contains(string(body), address) {
		c.Fatalf("userinfo: %s, %v", body, err)
	}
}

func post(path string, form url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func (c *costs) leads(w *httptest.ResponseRecorder) *url.URL {
	c.Helper()
	to, err := url.Parse(w.Header().Get("Location"))
	if err != nil || to.Path == "" {
		c.Fatalf("%d leads nowhere: %v", w.Code, err)
	}
	return to
}

// answer has the identity provider answer a request.
func (c *costs) answer(packed, address string) string {
	c.Helper()
	b, err := base64.StdEncoding.DecodeString(packed)
	if err != nil {
		c.Fatal(err)
	}
	request, err := io.ReadAll(flate.NewReader(bytes.NewReader(b)))
	if err != nil {
		c.Fatal(err)
	}
	_, id, _ := strings.Cut(string(request), ` ID="`)
	id, _, _ = strings.Cut(id, `"`)
	c.idp.Now, c.idp.RequestID = time.Now(), id
	return base64.StdEncoding.EncodeToString(c.idp.Respond(func(r *samltest.Response) {
		r.NameID, r.Attributes[0].Values = address, []string{address}
	}))
}

// How often a whole sign-in of somebody who is known asks the database. Fewer
// is welcome; more is what everybody pays who signs in.
func TestAWholeSignInAsksTheDatabaseSoOften(t *testing.T) {
	t.Parallel()
	c := newCosts(t)
	c.signIn("alice@acme.example") // for the first time
	c.signIn("alice@acme.example")
	total := int64(0)
	for step, most := range map[string]int64{"authorize": 1, "response": 2, "finish": 2, "tokens": 2, "userinfo": 1} {
		if c.asked[step] > most {
			t.Errorf("%s: %d statements, want %d at most", step, c.asked[step], most)
		}
		total += c.asked[step]
	}
	t.Logf("%d statements: %v", total, c.asked)
}
