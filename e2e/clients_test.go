//go:build e2e

package e2e

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// clientPages are the pages of an application on a client that others wrote; node/clients.mjs says what they do.
type clientPages struct {
	id, base              string
	callback, backchannel string // paths
}

// entry returns the application's entry in an apply file.
func (c clientPages) entry(secretFile string) string {
	return fmt.Sprintf("  - {key: %[1]s, name: %[1]s, client_id: %[1]s, client_secret_file: %[2]s, grant_types: [authorization_code, refresh_token], redirect_uris: [%[3]q], post_logout_redirect_uris: [%[4]q], backchannel_logout_uri: %[5]q}\n",
		c.id, secretFile, c.base+c.callback, c.base+"/bye", c.base+c.backchannel)
}

// TestForeignClients has applications on clients that others wrote sign somebody in, renew what they were given, sign
// them out, and be told that they are: npm's openid-client, oauth4webapi and @auth/core, Go's coreos/go-oidc, Debian's
// python3-authlib and mod_auth_openidc, all at one server.
func TestForeignClients(t *testing.T) {
	t.Parallel()
	h := newHouse(t, `organizations:
  - key: acme
    name: Acme Ltd
    users: [{username: alice, email: alice@acme.test, first_name: Alice, last_name: Archer, role: owner, password_hash: "`+alicesHash+`"}]
`, "--app-networks", "127.0.0.0/8")
	node := start(t, "clients.mjs", "node", "node/clients.mjs", "--issuer", h.baseURL, "--client-secret", clientSecret, "--host", "127.0.24.31")
	python := start(t, "sp_authlib.py", "/usr/bin/python3", "idps/sp_authlib.py", "--issuer", h.baseURL, "--client-id", "authlib", "--client-secret", clientSecret, "--host", "127.0.24.32")
	golang := startGoClient(t, h.baseURL, "127.0.24.33")
	var all []clientPages
	for _, c := range []struct {
		id, callback string
		by           *process
	}{{"openid-client", "/callback", node}, {"oauth4webapi", "/callback", node}, {"auth-core", "/auth/callback/sallyport", node}, {"authlib", "/callback", python}} {
		all = append(all, clientPages{id: c.id, base: c.by.waitLine(t, c.id+" "), callback: c.callback, backchannel: "/backchannel"})
	}
	all = append(all, clientPages{id: "go-oidc", base: golang, callback: "/callback", backchannel: "/backchannel"})
	apache := startApache(t, h.baseURL)

	secret := filepath.Join(t.TempDir(), "app.secret")
	writeFile(t, secret, clientSecret)
	file := "apps:\n"
	for _, c := range append(all, apache.pages()) {
		file += c.entry(secret)
	}
	h.apply(t, file)
	for _, c := range all {
		t.Run(c.id, func(t *testing.T) {
			t.Parallel()
			h.testClient(t, c)
		})
	}
	t.Run("mod_auth_openidc", func(t *testing.T) {
		t.Parallel()
		h.testApache(t, apache)
	})
}

// byPassword is alice, who signs in at our own page.
var byPassword = person{"alice@acme.test", "alice@acme.test", alicesPassword}

// testClient goes the whole way with one application.
func (h *house) testClient(t *testing.T, c clientPages) {
	b := newPlain(t)
	in := b.signIn(t, byPassword, c.base+"/login", c.base+"/")
	claims := claimsElement.FindStringSubmatch(in.Body)
	if claims == nil {
		t.Fatalf("nobody is signed in: %s (%d)\n%s\n%s", in.URL, in.Status, in.Body, in.log)
	}
	var said struct {
		Email  string
		SID    string
		OrgKey string `json:"org_key"`
	}
	if err := json.Unmarshal([]byte(html.UnescapeString(claims[1])), &said); err != nil || said.Email != byPassword.email || said.OrgKey != "acme" || said.SID == "" {
		t.Errorf("the claims are %s (%v)", claims[1], err)
	}
	for range 2 { // the second one with what the first one gave
		if got := b.visit(t, c.base+"/refresh"); got.Body != "refreshed "+byPassword.email {
			t.Errorf("renewing: %s (%d)", got.Body, got.Status)
		}
	}
	out := b.visit(t, c.base+"/logout")
	if !strings.HasPrefix(out.URL, c.base+"/bye") || out.Body != "bye state of "+c.id {
		t.Errorf("signing out ends at %s: %s\n%s", out.URL, out.Body, out.log)
	}
	if at := b.visit(t, h.baseURL+"/account"); !strings.HasPrefix(at.URL, h.baseURL+"/login") {
		t.Errorf("after that, our account is at %s", at.URL)
	}
	b.signIn(t, byPassword, c.base+"/login", c.base+"/")
	b.signIn(t, byPassword, h.baseURL+"/account", h.baseURL+"/signed-out", "Sign out")
	wantTold(t, h.server, c.id, func() bool { return b.visit(t, c.base+"/").Body == "Not signed in" })
}

// wantTold waits until an application has been told that its session is over.
func wantTold(t *testing.T, server *process, app string, told func() bool) {
	t.Helper()
	server.waitFor(t, "logout token at "+app, told)
}

// An apacheClient is mod_auth_openidc, set up to be told of logouts.
type apacheClient struct{ apacheApp }

func startApache(t *testing.T, issuer string) apacheClient {
	t.Helper()
	a := apacheClient{apacheApp{addr: freeAddr(t, "127.0.24.34"), state: filepath.Join(publicDir(t), "apache")}}
	host, port, err := net.SplitHostPort(a.addr)
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, "sp_openidc.py", "python3", "idps/sp_openidc.py", "start", "--hold", "--state", a.state, "--host", host, "--port", port,
		"--issuer", issuer, "--client-id", a.clientID(), "--client-secret", clientSecret, "--opt", `OIDCScope="openid email profile groups offline_access"`)
	p.waitLine(t, "ready")
	return a
}

func (a apacheClient) pages() clientPages {
	return clientPages{id: a.clientID(), base: "http://" + a.addr, callback: "/secret/redirect", backchannel: "/secret/redirect?logout=backchannel"}
}

// testApache goes the way of testClient by the addresses that the module has for it.
func (h *house) testApache(t *testing.T, a apacheClient) {
	b := newPlain(t)
	in := b.signIn(t, byPassword, a.start(), a.home())
	if got := a.shows(t, in); got != (seen{"Alice Archer", byPassword.email, "acme", "owner"}) {
		t.Errorf("the application shows %+v", got)
	}
	token := func(p page) string {
		_, rest, _ := strings.Cut(p.Body, "OIDC_access_token=")
		line, _, _ := strings.Cut(rest, "\n")
		return line
	}
	before := token(in)
	again := b.visit(t, a.redirectURI()+"?"+url.Values{"refresh": {a.home()}, "access_token": {before}}.Encode())
	if got := token(again); before == "" || got == "" || got == before || again.URL != a.home() {
		t.Errorf("renewing ends at %s with %q in place of %q\n%s", again.URL, got, before, again.log)
	}
	out := b.visit(t, a.redirectURI()+"?"+url.Values{"logout": {"http://" + a.addr + "/bye"}}.Encode())
	if !strings.HasPrefix(out.URL, "http://"+a.addr+"/bye") {
		t.Errorf("signing out ends at %s\n%s", out.URL, out.log)
	}
	if at := b.visit(t, h.baseURL+"/account"); !strings.HasPrefix(at.URL, h.baseURL+"/login") {
		t.Errorf("after that, our account is at %s", at.URL)
	}
	b.signIn(t, byPassword, a.start(), a.home())
	b.signIn(t, byPassword, h.baseURL+"/account", h.baseURL+"/signed-out", "Sign out")
	wantTold(t, h.server, "mod_auth_openidc", func() bool { return b.visit(t, a.start()).URL != a.home() })
}

// A goClient is an application on coreos/go-oidc.
type goClient struct {
	issuer, base string

	mu       sync.Mutex
	begun    map[string]goBegun
	sessions map[string]*goSession
}

type goBegun struct{ verifier, nonce string }

type goSession struct {
	claims json.RawMessage
	sid    string
	raw    string
	tokens *oauth2.Token
}

// startGoClient serves it in this process and returns where.
func startGoClient(t *testing.T, issuer, host string) string {
	t.Helper()
	c := &goClient{issuer: issuer, begun: map[string]goBegun{}, sessions: map[string]*goSession{}}
	mux := http.NewServeMux()
	for path, page := range map[string]func(context.Context, http.ResponseWriter, *http.Request) error{
		"GET /{$}": c.home, "GET /login": c.login, "GET /callback": c.callback, "GET /refresh": c.refresh, "GET /logout": c.logout, "GET /bye": c.bye, "POST /backchannel": c.backchannel,
	} {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			if err := page(r.Context(), w, r); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
			}
		})
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: l, Config: &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}}
	server.Start()
	t.Cleanup(server.Close)
	c.base = server.URL
	return server.URL
}

func (c *goClient) provider(ctx context.Context) (*oidc.Provider, *oidc.IDTokenVerifier, oauth2.Config, error) {
	p, err := oidc.NewProvider(ctx, c.issuer)
	if err != nil {
		return nil, nil, oauth2.Config{}, err
	}
	verifier := p.Verifier(&oidc.Config{ClientID: "go-oidc"})
	return p, verifier, oauth2.Config{
		ClientID: "go-oidc", ClientSecret: clientSecret, Endpoint: p.Endpoint(), RedirectURL: c.base + "/callback",
		Scopes: []string{oidc.ScopeOpenID, "email", "profile", "groups", oidc.ScopeOfflineAccess},
	}, nil
}

// session returns the session of a request and its cookie.
func (c *goClient) session(r *http.Request) (*goSession, string) {
	cookie, err := r.Cookie("app")
	if err != nil {
		return nil, ""
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sessions[cookie.Value], cookie.Value
}

func (c *goClient) home(_ context.Context, w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	s, _ := c.session(r)
	if s == nil {
		_, err := io.WriteString(w, "Not signed in")
		return err
	}
	_, err := fmt.Fprintf(w, `<pre id="claims">%s</pre>`, html.EscapeString(string(s.claims)))
	return err
}

func (c *goClient) login(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
	_, _, config, err := c.provider(ctx)
	if err != nil {
		return err
	}
	state, b := rand.Text(), goBegun{oauth2.GenerateVerifier(), rand.Text()}
	c.mu.Lock()
	c.begun[state] = b
	c.mu.Unlock()
	http.Redirect(w, r, config.AuthCodeURL(state, oauth2.S256ChallengeOption(b.verifier), oidc.Nonce(b.nonce)), http.StatusSeeOther)
	return nil
}

func (c *goClient) callback(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
	_, verifier, config, err := c.provider(ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	begun, ok := c.begun[r.URL.Query().Get("state")]
	delete(c.begun, r.URL.Query().Get("state"))
	c.mu.Unlock()
	if !ok {
		return fmt.Errorf("nobody began this: %s", r.URL.Query())
	}
	tokens, err := config.Exchange(ctx, r.URL.Query().Get("code"), oauth2.VerifierOption(begun.verifier))
	if err != nil {
		return err
	}
	s := &goSession{tokens: tokens}
	s.raw, _ = tokens.Extra("id_token").(string)
	id, err := verifier.Verify(ctx, s.raw)
	if err != nil {
		return err
	}
	if id.Nonce != begun.nonce {
		return fmt.Errorf("the nonce is %q", id.Nonce)
	}
	var said struct{ SID string }
	if err := id.Claims(&said); err != nil {
		return err
	}
	if err := id.Claims(&s.claims); err != nil {
		return err
	}
	s.sid = said.SID
	cookie := rand.Text()
	c.mu.Lock()
	c.sessions[cookie] = s
	c.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: "app", Value: cookie, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

func (c *goClient) refresh(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
	p, _, config, err := c.provider(ctx)
	if err != nil {
		return err
	}
	s, _ := c.session(r)
	// As if the access token had expired.
	tokens, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: s.tokens.RefreshToken, Expiry: time.Unix(1, 0)}).Token()
	if err != nil {
		return err
	}
	s.tokens = tokens
	info, err := p.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, "refreshed "+info.Email)
	return err
}

func (c *goClient) logout(ctx context.Context, w http.ResponseWriter, r *http.Request) error {
	p, _, _, err := c.provider(ctx)
	if err != nil {
		return err
	}
	var more struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := p.Claims(&more); err != nil {
		return err
	}
	s, cookie := c.session(r)
	c.mu.Lock()
	delete(c.sessions, cookie)
	c.mu.Unlock()
	q := url.Values{"id_token_hint": {s.raw}, "post_logout_redirect_uri": {c.base + "/bye"}, "state": {"state of go-oidc"}}
	http.Redirect(w, r, more.EndSession+"?"+q.Encode(), http.StatusSeeOther)
	return nil
}

func (c *goClient) bye(_ context.Context, w http.ResponseWriter, r *http.Request) error {
	_, err := io.WriteString(w, "bye "+r.URL.Query().Get("state"))
	return err
}

func (c *goClient) backchannel(ctx context.Context, _ http.ResponseWriter, r *http.Request) error {
	_, verifier, _, err := c.provider(ctx)
	if err != nil {
		return err
	}
	told, err := verifier.VerifyLogout(ctx, r.PostFormValue("logout_token"))
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for cookie, s := range c.sessions {
		if s.sid == told.SessionID {
			delete(c.sessions, cookie)
		}
	}
	return nil
}
