package oidcapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	coreoidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/oidcapi"
	"github.com/sallyport/sallyport/internal/web/ui"
)

const clientSecret = "portal+secret/0123456789=0123456789"

// site is the provider on a loopback port, with one person, an app that keeps a secret and a public one.
type site struct {
	*testing.T
	base    string
	grants  *grant.Service
	session secret.Token // of the person; not in the browser yet
	browser *http.Client // keeps cookies, follows nothing
	asked   []grant.SignIn
	// left is where the person was sent who was signed out, and questions what
	// they were asked about.
	left, questions []string
	actor           sso.UserID // who acts as the person; "": nobody
}

// Begin stands in for the pages of the sign-in.
func (s *site) Begin(w http.ResponseWriter, _ *http.Request, asked grant.SignIn) error {
	s.asked = append(s.asked, asked)
	_, err := io.WriteString(w, "sign in")
	return err
}

func newSite(t *testing.T) *site {
	t.Helper()
	sealer, err := secret.NewSealer(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &site{T: t, session: secret.NewToken(), browser: &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	var router http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { router.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	s.base = server.URL
	s.grants = &grant.Service{DB: storetest.SQLite(t), Issuer: s.base, Sealer: sealer, Now: time.Now, Locales: ui.Languages()}
	s.grants.Limits = backoff.Limiter{DB: s.grants.DB, Now: time.Now}
	s.fill()
	base, err := web.ParseBaseURL(s.base)
	if err != nil {
		t.Fatal(err)
	}
	pages, err := ui.New(ui.Options{}, oidcapi.Pages())
	if err != nil {
		t.Fatal(err)
	}
	handler := &oidcapi.Handler{Grants: s.grants, SignIn: s, SignOut: s, UI: pages, Person: s.person}
	router, err = web.New(web.Config{
		BaseURL: base, Log: slog.New(slog.DiscardHandler), Renew: s.renew, Person: s.person,
		Failure: func(w http.ResponseWriter, _ *http.Request, f web.Failure) { http.Error(w, f.Code, f.Status) },
	}, handler.Routes())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *site) fill() {
	s.Helper()
	now := time.Now()
	email, err := sso.ParseEmail("alice@acme.example")
	if err != nil {
		s.Fatal(err)
	}
	org := sso.Organization{ID: sso.NewOrgID(now), Key: "acme", Name: "Acme Ltd", State: sso.OrgActive, CreatedAt: now, UpdatedAt: now}
	if err := org.Place(nil); err != nil {
		s.Fatal(err)
	}
	user := sso.User{ID: sso.NewUserID(now), Home: org.ID, Username: "alice", Email: email, State: sso.UserActive, CreatedAt: now, UpdatedAt: now}
	err = s.grants.DB.Write(s.Context(), func(tx *store.Writer) error {
		ctx, own := s.Context(), tx.Org(org.ID)
		return errors.Join(
			tx.SaveOrganization(ctx, org), own.SaveUser(ctx, user),
			own.SaveMembership(ctx, sso.Membership{Org: org.ID, User: user.ID, Role: sso.RoleOwner, CreatedAt: now, UpdatedAt: now}),
			tx.SaveApp(ctx, sso.App{ID: sso.NewAppID(now), Key: "portal", Name: "Portal", ClientID: "portal", PostLogoutRedirectURIs: []string{"https://app.example/bye"}, Secrets: []sso.AppSecret{sso.NewAppSecret(secret.ParseToken(clientSecret), "operator", now)}, RedirectURIs: []string{"https://app.example/cb"}, CreatedAt: now, UpdatedAt: now}),
			tx.SaveApp(ctx, sso.App{ID: sso.NewAppID(now), Key: "spa", ClientID: "spa", AuthMethod: sso.AuthNone, RedirectURIs: []string{"https://spa.example/cb", "com.example.app:/cb"}, CreatedAt: now, UpdatedAt: now}),
			tx.InsertSession(ctx, sso.Session{
				ID: sso.NewSessionID(now), User: user.ID, Org: org.ID, AMR: []string{"pwd"}, AuthTime: now, CreatedAt: now,
				SeenAt: now, ExpiresAt: now.Add(sso.SessionLife),
			}, s.session.Hash()),
		)
	})
	if err != nil {
		s.Fatal(err)
	}
}

// person is what the sign-in knows of a session.
func (s *site) person(ctx context.Context, token secret.Token, _ netip.Addr) (sso.Person, error) {
	if token.Reveal() == "broken" {
		return sso.Person{}, errors.New("disk on fire")
	}
	var p sso.Person
	err := s.grants.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		if p, err = r.Person(ctx, token.Hash()); errors.Is(err, store.ErrNotFound) {
			p, err = r.RetiredPerson(ctx, token.Hash(), time.Now())
		}
		return err
	})
	p.Session.Actor = s.actor
	return p, err
}

// renew replaces a token, as the sign-in does.
func (s *site) renew(ctx context.Context, token secret.Token) (secret.Token, error) {
	next := secret.NewToken()
	return next, s.grants.DB.Write(ctx, func(tx *store.Writer) error {
		return tx.RenewSession(ctx, token.Hash(), next.Hash(), time.Now().Add(sso.RetiredFor))
	})
}

// signIn puts a session into the browser.
func (s *site) signIn(token string) {
	s.Helper()
	u, err := url.Parse(s.base)
	if err != nil {
		s.Fatal(err)
	}
	s.browser.Jar.SetCookies(u, []*http.Cookie{{Name: "sallyport-session", Value: token, Path: "/"}})
}

type reply struct {
	*http.Response
	body string
}

// ask sends a request. Header lines are "Name: value".
func (s *site) ask(method, path, body string, header ...string) reply {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), method, s.base+path, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	response, err := s.browser.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	b, err := io.ReadAll(response.Body)
	if err != nil {
		s.Fatal(err)
	}
	return reply{response, string(b)}
}

func request(clientID, redirectURI, verifier string) url.Values {
	return url.Values{
		"client_id": {clientID}, "redirect_uri": {redirectURI}, "response_type": {"code"}, "scope": {"openid email"}, "state": {"s-1"},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(verifier)}, "code_challenge_method": {"S256"},
	}
}

// location returns the query of where the reply sends the browser.
func (r reply) location(t *testing.T) url.Values {
	t.Helper()
	u, err := r.Location()
	if err != nil {
		t.Fatalf("%s: %v: %s", r.Status, err, r.body)
	}
	return u.Query()
}

func TestAnOrdinaryClientSignsSomebodyIn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.signIn(s.session.Reveal())
	provider, err := coreoidc.NewProvider(t.Context(), s.base)
	if err != nil {
		t.Fatal(err)
	}
	for name, app := range map[string]oauth2.Config{
		"client_secret_basic": {ClientID: "portal", ClientSecret: clientSecret, RedirectURL: "https://app.example/cb", Endpoint: style(provider, oauth2.AuthStyleInHeader)},
		"client_secret_post":  {ClientID: "portal", ClientSecret: clientSecret, RedirectURL: "https://app.example/cb", Endpoint: style(provider, oauth2.AuthStyleInParams)},
		"public":              {ClientID: "spa", RedirectURL: "https://spa.example/cb", Endpoint: style(provider, oauth2.AuthStyleInParams)},
		"native":              {ClientID: "spa", RedirectURL: "com.example.app:/cb", Endpoint: style(provider, oauth2.AuthStyleInParams)},
	} {
		app.Scopes = []string{"openid", "profile", "email", "groups"}
		verifier := oauth2.GenerateVerifier()
		start := app.AuthCodeURL("s-1", oauth2.S256ChallengeOption(verifier), coreoidc.Nonce("n-1"))
		answer := s.ask(http.MethodGet, strings.TrimPrefix(start, s.base), "")
		if answer.StatusCode != http.StatusSeeOther || !strings.HasPrefix(answer.Header.Get("Location"), app.RedirectURL+"?code=") {
			t.Fatalf("%s: %s to %s: %s", name, answer.Status, answer.Header.Get("Location"), answer.body)
		}
		if q := answer.location(t); q.Get("state") != "s-1" || q.Get("iss") != s.base {
			t.Errorf("%s: answer %v", name, q)
		}
		tokens, err := app.Exchange(t.Context(), answer.location(t).Get("code"), oauth2.VerifierOption(verifier))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		raw, _ := tokens.Extra("id_token").(string)
		idToken, err := provider.Verifier(&coreoidc.Config{ClientID: app.ClientID}).Verify(t.Context(), raw)
		if err != nil || idToken.Nonce != "n-1" {
			t.Fatalf("%s: id token %v: %v", name, idToken, err)
		}
		info, err := provider.UserInfo(t.Context(), oauth2.StaticTokenSource(tokens))
		if err != nil || info.Subject != idToken.Subject || info.Email != "alice@acme.example" {
			t.Errorf("%s: userinfo %+v: %v", name, info, err)
		}
	}
}

func style(p *coreoidc.Provider, s oauth2.AuthStyle) oauth2.Endpoint {
	e := p.Endpoint()
	e.AuthStyle = s
	return e
}

func TestAuthorizeBeginsASignIn(t *testing.T) {
	t.Parallel()
	for name, token := range map[string]string{
		"no session":        "",
		"a session of none": "made up",
	} {
		s := newSite(t)
		if token != "" {
			s.signIn(token)
		}
		got := s.ask(http.MethodGet, oidc.AuthorizePath+"?"+request("portal", "https://app.example/cb", "v").Encode(), "")
		if got.StatusCode != http.StatusOK || got.body != "sign in" || len(s.asked) != 1 || s.asked[0].App == "" {
			t.Errorf("%s: %s %s, asked %+v, want the sign-in", name, got.Status, got.body, s.asked)
		}
	}
}

func TestAuthorizeShowsItsOwnFailures(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	good := request("portal", "https://app.example/cb", "v").Encode()
	for name, tc := range map[string]struct {
		query, code string
		status      int
	}{
		"unknown client": {request("nobody", "https://app.example/cb", "v").Encode(), "oidc_client_unknown", 400},
		"foreign URI":    {request("portal", "https://evil.example/", "v").Encode(), "oidc_redirect_uri", 400},
		"semicolon":      {good + ";x", "oidc_request_malformed", 400},
		"endless":        {good + "&x=" + strings.Repeat("x", oidc.MaxAuthorize), "oidc_request_too_large", 400},
	} {
		got := s.ask(http.MethodGet, oidc.AuthorizePath+"?"+tc.query, "")
		if got.StatusCode != tc.status || strings.TrimSpace(got.body) != tc.code || got.Header.Get("Location") != "" {
			t.Errorf("%s: %s %s to %q, want a page with %s", name, got.Status, got.body, got.Header.Get("Location"), tc.code)
		}
	}
	s.signIn("broken")
	if got := s.ask(http.MethodGet, oidc.AuthorizePath+"?"+good, ""); got.StatusCode != http.StatusInternalServerError {
		t.Errorf("a failure of ours: %s %s, want 500 and no sign-in", got.Status, got.body)
	}
}

func TestAPostedRequestIsJudgedWithTheBrowsersCookies(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	form := request("portal", "https://app.example/cb", "v")
	got := s.ask(http.MethodPost, oidc.AuthorizePath, form.Encode(), "Origin: https://app.example", "Sec-Fetch-Site: cross-site")
	if got.StatusCode != http.StatusSeeOther {
		t.Fatalf("%s %s, want 303", got.Status, got.body)
	}
	if want := s.base + oidc.AuthorizePath + "?" + form.Encode(); got.Header.Get("Location") != want {
		t.Errorf("to %s, want %s", got.Header.Get("Location"), want)
	}
	if got.Header.Get("Set-Cookie") != "" {
		t.Error("a post from another site sets a cookie")
	}
}

func TestPromptNoneNeverShowsAPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	form := request("portal", "https://app.example/cb", "v")
	form.Set("prompt", "none")
	got := s.ask(http.MethodGet, oidc.AuthorizePath+"?"+form.Encode(), "")
	if q := got.location(t); got.StatusCode != http.StatusSeeOther || q.Get("error") != "login_required" || q.Get("state") != "s-1" || q.Get("iss") != s.base {
		t.Errorf("%s %v, want login_required for the app", got.Status, q)
	}
}

func TestTokenErrorsAreThoseOfTheStandard(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	good := "grant_type=authorization_code&code=x&redirect_uri=https%3A%2F%2Fapp.example%2Fcb&code_verifier=" + strings.Repeat("v", 43) + "&client_id=portal&client_secret=" + url.QueryEscape(clientSecret)
	for name, tc := range map[string]struct {
		query, body string
		header      []string
		status      int
		code        string
	}{
		"unknown code":   {"", good, nil, 400, "invalid_grant"},
		"no body":        {"", "", nil, 401, "invalid_client"},
		"wrong secret":   {"", good + "x", nil, 401, "invalid_client"},
		"in the URL":     {"?client_secret=x", good, nil, 400, "invalid_request"},
		"JSON":           {"", good, []string{"Content-Type: application/json"}, 400, "invalid_request"},
		"no text":        {"", good, []string{"Content-Type: form"}, 400, "invalid_request"},
		"with a charset": {"", good, []string{"Content-Type: application/x-www-form-urlencoded; charset=utf-8"}, 400, "invalid_grant"},
		"two ways":       {"", good, []string{"Authorization: Basic cG9ydGFsOng="}, 400, "invalid_request"},
		"too large":      {"", good + "&x=" + strings.Repeat("x", oidc.MaxForm), nil, 400, "invalid_request"},
		"cookies galore": {"", good, []string{"Cookie: sallyport-session=" + s.session.Reveal()}, 400, "invalid_grant"},
	} {
		got := s.ask(http.MethodPost, oidc.TokenPath+tc.query, tc.body, tc.header...)
		var body struct {
			Error string `json:"error"`
		}
		if err := json.Unmarshal([]byte(got.body), &body); err != nil || body.Error != tc.code || got.StatusCode != tc.status {
			t.Errorf("%s: %s %s, want %d %s", name, got.Status, got.body, tc.status, tc.code)
		}
		if got.Header.Get("Cache-Control") != "no-store" || got.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: headers %v", name, got.Header)
		}
		if challenge := got.Header.Get("WWW-Authenticate"); (challenge != "") != (tc.status == 401) {
			t.Errorf("%s: WWW-Authenticate %q with %d", name, challenge, tc.status)
		}
	}
	if got := s.ask(http.MethodPost, oidc.UserinfoPath, strings.Repeat("x", oidc.MaxForm+1)); got.StatusCode != http.StatusBadRequest || !strings.Contains(got.Header.Get("WWW-Authenticate"), `error="invalid_request"`) {
		t.Errorf("a userinfo request that is too large: %s %v", got.Status, got.Header)
	}
	if got := s.ask(http.MethodGet, oidc.TokenPath, ""); got.StatusCode != http.StatusMethodNotAllowed || got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("GET: %s %s, want 405 and JSON", got.Status, got.Header.Get("Content-Type"))
	}
}

func TestPagesReadOnlyWhatIsTheirOwn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.signIn(s.session.Reveal())
	verifier := oauth2.GenerateVerifier()
	exchange := func(clientID, redirectURI, more, origin string) (reply, string) {
		t.Helper()
		code := s.ask(http.MethodGet, oidc.AuthorizePath+"?"+request(clientID, redirectURI, verifier).Encode(), "").location(t).Get("code")
		got := s.ask(http.MethodPost, oidc.TokenPath, "grant_type=authorization_code&client_id="+clientID+"&code="+code+
			"&redirect_uri="+url.QueryEscape(redirectURI)+"&code_verifier="+verifier+more, "Origin: "+origin)
		var body struct {
			AccessToken string `json:"access_token"`
		}
		if err := json.Unmarshal([]byte(got.body), &body); err != nil || got.StatusCode != http.StatusOK || got.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("%s %s", got.Status, got.body)
		}
		return got, body.AccessToken
	}
	const allow = "Access-Control-Allow-Origin"
	own, token := exchange("spa", "https://spa.example/cb", "", "https://spa.example")
	if own.Header.Get(allow) != "https://spa.example" || own.Header.Get("Vary") != "Origin" {
		t.Errorf("its own page: %v", own.Header)
	}
	if other, _ := exchange("spa", "https://spa.example/cb", "", "https://evil.example"); other.Header.Get(allow) != "" {
		t.Errorf("another page: %v", other.Header)
	}
	if kept, _ := exchange("portal", "https://app.example/cb", "&client_secret="+url.QueryEscape(clientSecret), "https://app.example"); kept.Header.Get(allow) != "" {
		t.Errorf("a page of an app that keeps a secret: %v", kept.Header)
	}
	push := func(clientID, redirectURI, more, origin string) reply {
		t.Helper()
		got := s.ask(http.MethodPost, oidc.PushPath, request(clientID, redirectURI, verifier).Encode()+more, "Origin: "+origin)
		if got.StatusCode != http.StatusCreated {
			t.Fatalf("%s %s", got.Status, got.body)
		}
		return got
	}
	if got := push("spa", "https://spa.example/cb", "", "https://spa.example"); got.Header.Get(allow) != "https://spa.example" {
		t.Errorf("its own page pushes: %v", got.Header)
	}
	if got := push("spa", "https://spa.example/cb", "", "https://evil.example"); got.Header.Get(allow) != "" {
		t.Errorf("another page pushes: %v", got.Header)
	}
	if got := push("portal", "https://app.example/cb", "&client_secret="+url.QueryEscape(clientSecret), "https://app.example"); got.Header.Get(allow) != "" {
		t.Errorf("a page of an app that keeps a secret pushes: %v", got.Header)
	}
	for name, tc := range map[string]struct {
		method, path, token, origin string
		status                      int
		want                        string
	}{
		"userinfo, its own page":  {http.MethodGet, oidc.UserinfoPath, token, "https://spa.example", 200, "https://spa.example"},
		"userinfo, another page":  {http.MethodGet, oidc.UserinfoPath, token, "https://evil.example", 200, ""},
		"userinfo, no page":       {http.MethodGet, oidc.UserinfoPath, token, "", 200, ""},
		"userinfo, no good token": {http.MethodGet, oidc.UserinfoPath, "x", "https://spa.example", 401, "*"},
		"userinfo, posted":        {http.MethodPost, oidc.UserinfoPath, token, "", 200, ""},
		"keys":                    {http.MethodGet, oidc.JWKSPath, "x", "https://evil.example", 200, "*"},
		"discovery":               {http.MethodGet, oidc.DiscoveryPath, "x", "https://evil.example", 200, "*"},
		"discovery for OAuth":     {http.MethodGet, oidc.MetadataPath, "x", "", 200, "*"},
		"preflight of userinfo":   {http.MethodOptions, oidc.UserinfoPath, "x", "https://spa.example", 204, "*"},
		"preflight of token":      {http.MethodOptions, oidc.TokenPath, "x", "https://spa.example", 204, "*"},
		"preflight of PAR":        {http.MethodOptions, oidc.PushPath, "x", "https://spa.example", 204, "*"},
		"none of introspection":   {http.MethodOptions, oidc.IntrospectPath, "x", "https://spa.example", 405, ""},
	} {
		header := []string{"Authorization: Bearer " + tc.token}
		if tc.origin != "" {
			header = append(header, "Origin: "+tc.origin)
		}
		got := s.ask(tc.method, tc.path, "", header...)
		if got.StatusCode != tc.status || got.Header.Get(allow) != tc.want || got.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %s %s %v, want %d for %q", name, got.Status, got.body, got.Header, tc.status, tc.want)
		}
	}
}

func TestUserinfoSaysWhatItWants(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.signIn(s.session.Reveal()) // a session is no access token
	for name, tc := range map[string]struct {
		path, header string
		status       int
		challenge    string
	}{
		"nothing":    {oidc.UserinfoPath, "X: y", 401, `Bearer realm="userinfo"`},
		"no good":    {oidc.UserinfoPath, "Authorization: Bearer x", 401, `error="invalid_token"`},
		"in the URL": {oidc.UserinfoPath + "?access_token=x", "X: y", 400, `error="invalid_request"`},
	} {
		got := s.ask(http.MethodGet, tc.path, "", tc.header)
		if got.StatusCode != tc.status || !strings.Contains(got.Header.Get("WWW-Authenticate"), tc.challenge) || got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %s %v, want %d %s", name, got.Status, got.Header, tc.status, tc.challenge)
		}
	}
}
