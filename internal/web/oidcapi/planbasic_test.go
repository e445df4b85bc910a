package oidcapi_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	coreoidc "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// relying is an application that keeps a secret, as the certification suite
// plays it.
type relying struct {
	*site
	verifier string // "": none, as the suite
}

// newRelying returns one whose requests are those of the suite, which have no
// PKCE: the app is let go without.
func newRelying(t *testing.T) *relying {
	t.Helper()
	p := &relying{site: newSite(t)}
	err := p.grants.DB.Write(t.Context(), func(tx *store.Writer) error {
		app, err := tx.AppByClientID(t.Context(), "portal")
		if err != nil {
			return err
		}
		app.PKCEOptional = true
		return tx.SaveApp(t.Context(), app)
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// request is a good request; more changes it, and "" leaves out.
func (p *relying) request(more ...string) url.Values {
	v := request("portal", "https://app.example/cb", p.verifier)
	v.Set("nonce", "n-1")
	if p.verifier == "" {
		v.Del("code_challenge")
		v.Del("code_challenge_method")
	}
	for i := 0; i < len(more); i += 2 {
		v.Set(more[i], more[i+1])
		if more[i+1] == "" {
			v.Del(more[i])
		}
	}
	return v
}

// authorize sends the browser to us.
func (p *relying) authorize(more ...string) reply {
	p.Helper()
	return p.ask(http.MethodGet, oidc.AuthorizePath+"?"+p.request(more...).Encode(), "")
}

// code sends somebody who is signed in, and returns the code.
func (p *relying) code(more ...string) string {
	p.Helper()
	p.signIn(p.session.Reveal())
	q := p.authorize(more...).location(p.T)
	if q.Get("code") == "" || q.Get("iss") != p.base {
		p.Fatalf("answered with %v, want a code", q)
	}
	return q.Get("code")
}

// answer is that of the token endpoint.
type answer struct {
	Access  string `json:"access_token"`
	Type    string `json:"token_type"`
	Refresh string `json:"refresh_token"`
	ID      string `json:"id_token"`
	Scope   string `json:"scope"`
	Error   string `json:"error"`
	status  int
}

// exchange presents a code, or what more makes of it.
func (p *relying) exchange(code string, more ...string) answer {
	p.Helper()
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {"https://app.example/cb"}, "code_verifier": {p.verifier},
		"client_id": {"portal"}, "client_secret": {clientSecret},
	}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	got := p.ask(http.MethodPost, oidc.TokenPath, form.Encode())
	a := answer{status: got.StatusCode}
	if err := json.Unmarshal([]byte(got.body), &a); err != nil {
		p.Fatalf("%s %s", got.Status, got.body)
	}
	return a
}

// tokens are those that somebody gets who is signed in.
func (p *relying) tokens(more ...string) answer {
	p.Helper()
	a := p.exchange(p.code(more...))
	if a.status != http.StatusOK || a.Access == "" || a.Type != "Bearer" {
		p.Fatalf("no tokens: %+v", a)
	}
	return a
}

// says reads what an id token says, which [oidcc-server] has verified.
func (a answer) says(t *testing.T) map[string]any {
	t.Helper()
	parts := strings.Split(a.ID, ".")
	if len(parts) != 3 {
		t.Fatalf("no id token: %+v", a)
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(b, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// userinfo asks with a request of this kind.
func (p *relying) userinfo(method, body string, header ...string) map[string]any {
	p.Helper()
	got := p.ask(method, oidc.UserinfoPath, body, header...)
	var said map[string]any
	if err := json.Unmarshal([]byte(got.body), &said); err != nil || got.StatusCode != http.StatusOK {
		p.Fatalf("userinfo: %s %s", got.Status, got.body)
	}
	return said
}

func bearer(a answer) string { return "Authorization: Bearer " + a.Access }

// comesBack has the person sign in where they were asked to, and go back.
func (p *relying) comesBack() answer {
	p.Helper()
	if len(p.asked) == 0 {
		p.Fatal("nobody was asked to sign in")
	}
	now := time.Now()
	var session sso.Session
	token := secret.NewToken()
	err := p.grants.DB.Write(p.Context(), func(tx *store.Writer) error {
		person, err := tx.Person(p.Context(), p.session.Hash())
		if err != nil {
			return err
		}
		session = person.Session
		session.ID, session.AuthTime, session.CreatedAt, session.SeenAt = sso.NewSessionID(now), now, now, now
		return tx.InsertSession(p.Context(), session, token.Hash())
	})
	if err != nil {
		p.Fatal(err)
	}
	var out grant.Outcome
	err = p.grants.DB.Write(p.Context(), func(tx *store.Writer) error {
		var err error
		out, err = p.grants.Resume(p.Context(), tx, p.asked[len(p.asked)-1].Request, session)
		return err
	})
	if err != nil || out.SignIn != nil {
		p.Fatalf("Resume() = %+v, %v", out, err)
	}
	u, err := url.Parse(out.URL)
	if err != nil {
		p.Fatal(err)
	}
	return p.exchange(u.Query().Get("code"))
}

// The modules of the certification plan oidcc-basic, by their names. Every
// request of ours has a PKCE challenge, which we demand of all.
func TestPlanBasic(t *testing.T) {
	t.Parallel()
	for name, module := range map[string]func(t *testing.T, p *relying){
		"oidcc-server": func(t *testing.T, p *relying) {
			provider, err := coreoidc.NewProvider(t.Context(), p.base)
			if err != nil {
				t.Fatal(err)
			}
			a := p.tokens()
			token, err := provider.Verifier(&coreoidc.Config{ClientID: "portal"}).Verify(t.Context(), a.ID)
			if err != nil || token.Nonce != "n-1" || token.VerifyAccessToken(a.Access) != nil {
				t.Fatalf("%+v, %v", token, err)
			}
			for _, claim := range []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "sid", "acr", "amr"} {
				if a.says(t)[claim] == nil {
					t.Errorf("the id token does not say %s", claim)
				}
			}
		},
		"oidcc-response-type-missing": func(t *testing.T, p *relying) {
			if q := p.authorize("response_type", "").location(t); q.Get("error") != "invalid_request" || q.Get("state") != "s-1" || q.Get("code") != "" {
				t.Errorf("answered with %v", q)
			}
		},
		"oidcc-userinfo-get": func(t *testing.T, p *relying) {
			a := p.tokens()
			if said := p.userinfo(http.MethodGet, "", bearer(a)); said["sub"] != a.says(t)["sub"] {
				t.Errorf("says %v", said)
			}
		},
		"oidcc-userinfo-post-header": func(t *testing.T, p *relying) {
			a := p.tokens()
			if said := p.userinfo(http.MethodPost, "", bearer(a)); said["sub"] != a.says(t)["sub"] {
				t.Errorf("says %v", said)
			}
		},
		"oidcc-userinfo-post-body": func(t *testing.T, p *relying) {
			a := p.tokens()
			if said := p.userinfo(http.MethodPost, "access_token="+a.Access); said["sub"] != a.says(t)["sub"] {
				t.Errorf("says %v", said)
			}
		},
		"oidcc-ensure-request-without-nonce-succeeds-for-code-flow": func(t *testing.T, p *relying) {
			if said := p.tokens("nonce", "").says(t); said["nonce"] != nil {
				t.Errorf("says %v", said)
			}
		},
		"oidcc-scope-profile": func(t *testing.T, p *relying) {
			said := p.userinfo(http.MethodGet, "", bearer(p.tokens("scope", "openid profile")))
			if said["preferred_username"] == nil || said["updated_at"] == nil || said["email"] != nil {
				t.Errorf("says %v", said)
			}
		},
		"oidcc-scope-email": func(t *testing.T, p *relying) {
			said := p.userinfo(http.MethodGet, "", bearer(p.tokens("scope", "openid email")))
			if said["email"] != "alice@acme.example" || said["email_verified"] == nil || said["preferred_username"] != nil {
				t.Errorf("says %v", said)
			}
		},
		"oidcc-scope-address": func(_ *testing.T, p *relying) { p.notKnown("address", "address") },
		"oidcc-scope-phone":   func(_ *testing.T, p *relying) { p.notKnown("phone", "phone_number") },
		"oidcc-scope-all": func(t *testing.T, p *relying) {
			a := p.tokens("scope", "openid profile email address phone")
			if said := p.userinfo(http.MethodGet, "", bearer(a)); a.Scope != "openid profile email" || said["email"] == nil || said["preferred_username"] == nil {
				t.Errorf("scope %q, says %v", a.Scope, said)
			}
		},
		"oidcc-ensure-other-scope-order-succeeds": func(t *testing.T, p *relying) {
			if a := p.tokens("scope", "email openid"); a.Scope != "openid email" {
				t.Errorf("scope %q", a.Scope)
			}
		},
		"oidcc-display-page":  func(_ *testing.T, p *relying) { p.tokens("display", "page") },
		"oidcc-display-popup": func(_ *testing.T, p *relying) { p.tokens("display", "popup") },
		"oidcc-prompt-login": func(t *testing.T, p *relying) {
			first := p.tokens()
			if got := p.authorize("prompt", "login"); got.body != "sign in" || !p.asked[0].Fresh {
				t.Fatalf("%s %s, want the person to be asked", got.Status, got.body)
			}
			second := p.comesBack()
			if before, after := first.says(t)["auth_time"].(float64), second.says(t)["auth_time"].(float64); after < before || second.says(t)["sub"] != first.says(t)["sub"] {
				t.Errorf("auth_time %v, and then %v", before, after)
			}
		},
		"oidcc-prompt-none-not-logged-in": func(t *testing.T, p *relying) {
			if q := p.authorize("prompt", "none").location(t); q.Get("error") != "login_required" || q.Get("state") != "s-1" {
				t.Errorf("answered with %v", q)
			}
		},
		"oidcc-prompt-none-logged-in": func(t *testing.T, p *relying) {
			first, second := p.tokens(), p.tokens("prompt", "none")
			if first.says(t)["sub"] != second.says(t)["sub"] || first.says(t)["auth_time"] != second.says(t)["auth_time"] {
				t.Errorf("%v, and then %v", first.says(t), second.says(t))
			}
		},
		"oidcc-max-age-1": func(t *testing.T, p *relying) {
			p.tokens()
			p.ages(2 * time.Second)
			if got := p.authorize("max_age", "1"); got.body != "sign in" {
				t.Fatalf("%s %s, want the person to be asked", got.Status, got.body)
			}
			if said := p.comesBack().says(t); time.Since(time.Unix(int64(said["auth_time"].(float64)), 0)) > time.Minute {
				t.Errorf("auth_time %v", said["auth_time"])
			}
		},
		"oidcc-max-age-10000": func(t *testing.T, p *relying) {
			first, second := p.tokens(), p.tokens("max_age", "10000")
			if len(p.asked) != 0 || first.says(t)["auth_time"] != second.says(t)["auth_time"] {
				t.Errorf("asked %d times; %v, and then %v", len(p.asked), first.says(t), second.says(t))
			}
		},
		"oidcc-ensure-request-with-unknown-parameter-succeeds": func(_ *testing.T, p *relying) { p.tokens("extra", "foobar") },
		"oidcc-id-token-hint": func(t *testing.T, p *relying) {
			first := p.tokens()
			second := p.tokens("prompt", "none", "id_token_hint", first.ID)
			if first.says(t)["sub"] != second.says(t)["sub"] {
				t.Errorf("%v, and then %v", first.says(t), second.says(t))
			}
		},
		"oidcc-login-hint": func(t *testing.T, p *relying) {
			if got := p.authorize("login_hint", "buffy@acme.example"); got.body != "sign in" || p.asked[0].LoginHint != "buffy@acme.example" {
				t.Errorf("%s %s, asked with %+v", got.Status, got.body, p.asked)
			}
		},
		"oidcc-ui-locales": func(t *testing.T, p *relying) {
			p.tokens("ui_locales", "se")
			p.browser.Jar = nil
			if got := p.authorize("ui_locales", "se de"); len(got.Cookies()) == 0 || !strings.Contains(strings.Join(got.Header.Values("Set-Cookie"), "\n"), "sallyport-language=de;") {
				t.Errorf("%v", got.Header)
			}
		},
		"oidcc-claims-locales": func(_ *testing.T, p *relying) { p.tokens("claims_locales", "se") },
		"oidcc-ensure-request-with-acr-values-succeeds": func(t *testing.T, p *relying) {
			if said := p.tokens("acr_values", "1 2").says(t); said["acr"] != "urn:sallyport:1fa" {
				t.Errorf("says %v", said)
			}
			if said := p.tokens("acr_values", "urn:sallyport:mfa urn:sallyport:1fa").says(t); said["acr"] != "urn:sallyport:1fa" {
				t.Errorf("says %v", said)
			}
		},
		"oidcc-codereuse": func(t *testing.T, p *relying) {
			code := p.code()
			first, second := p.exchange(code), p.exchange(code)
			if first.status != http.StatusOK || second.status != http.StatusBadRequest || second.Error != "invalid_grant" {
				t.Errorf("%+v, and then %+v", first, second)
			}
			if got := p.ask(http.MethodGet, oidc.UserinfoPath, "", bearer(first)); got.StatusCode != http.StatusUnauthorized {
				t.Errorf("what the code gave is good still: %s", got.Status)
			}
		},
		"oidcc-codereuse-30seconds": func(t *testing.T, p *relying) {
			code := p.code()
			first := p.exchange(code)
			now := p.grants.Now
			p.grants.Now = func() time.Time { return now().Add(30 * time.Second) }
			if second := p.exchange(code); second.Error != "invalid_grant" {
				t.Errorf("%+v", second)
			}
			if got := p.ask(http.MethodGet, oidc.UserinfoPath, "", bearer(first)); got.StatusCode != http.StatusUnauthorized {
				t.Errorf("what the code gave is good still: %s", got.Status)
			}
		},
		"oidcc-ensure-registered-redirect-uri": func(t *testing.T, p *relying) {
			p.signIn(p.session.Reveal())
			if got := p.authorize("redirect_uri", "https://app.example/cb/foobar"); got.StatusCode != http.StatusBadRequest || got.Header.Get("Location") != "" || !strings.Contains(got.body, "oidc_redirect_uri") {
				t.Errorf("%s to %q: %s", got.Status, got.Header.Get("Location"), got.body)
			}
		},
		"oidcc-ensure-post-request-succeeds": func(t *testing.T, p *relying) {
			p.signIn(p.session.Reveal())
			got := p.ask(http.MethodPost, oidc.AuthorizePath, p.request().Encode())
			to, found := strings.CutPrefix(got.Header.Get("Location"), p.base)
			if got.StatusCode != http.StatusSeeOther || !found {
				t.Fatalf("%s to %s", got.Status, got.Header.Get("Location"))
			}
			if a := p.exchange(p.ask(http.MethodGet, to, "").location(t).Get("code")); a.status != http.StatusOK {
				t.Errorf("%+v", a)
			}
		},
		"oidcc-server-client-secret-post": func(_ *testing.T, p *relying) { p.tokens() },
		"oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported": func(t *testing.T, p *relying) {
			p.signIn(p.session.Reveal())
			if q := p.authorize("request", unsigned(p.request("state", "other"))).location(t); q.Get("error") != "request_not_supported" || q.Get("state") != "s-1" || q.Get("code") != "" {
				t.Errorf("answered with %v", q)
			}
		},
		"oidcc-claims-essential": func(t *testing.T, p *relying) {
			a := p.tokens("scope", "openid", "claims", `{"userinfo":{"preferred_username":{"essential":true}}}`)
			if said := p.userinfo(http.MethodGet, "", bearer(a)); said["preferred_username"] != "alice" || said["email"] != nil {
				t.Errorf("says %v", said)
			}
		},
		"oidcc-ensure-request-object-with-redirect-uri": func(t *testing.T, p *relying) {
			p.signIn(p.session.Reveal())
			got := p.authorize("request", unsigned(p.request("redirect_uri", "https://evil.example/")))
			if q := got.location(t); !strings.HasPrefix(got.Header.Get("Location"), "https://app.example/cb?") || q.Get("error") != "request_not_supported" {
				t.Errorf("to %s", got.Header.Get("Location"))
			}
		},
		"oidcc-refresh-token": func(t *testing.T, p *relying) {
			first := p.tokens("scope", "openid offline_access", "prompt", "consent")
			second := p.exchange("", "grant_type", "refresh_token", "refresh_token", first.Refresh)
			for _, same := range []string{"iss", "sub", "aud", "auth_time"} {
				if first.says(t)[same] != second.says(t)[same] {
					t.Errorf("%s: %v, and then %v", same, first.says(t)[same], second.says(t)[same])
				}
			}
			if second.Access == first.Access || second.Refresh == first.Refresh || second.Refresh == "" {
				t.Errorf("%+v", second)
			}
			if other := p.exchange("", "grant_type", "refresh_token", "refresh_token", second.Refresh, "client_id", "spa", "client_secret", ""); other.Error != "invalid_grant" {
				t.Errorf("another client's: %+v", other)
			}
		},
		"oidcc-ensure-request-with-valid-pkce-succeeds": func(t *testing.T, p *relying) {
			p.verifier = oauth2.GenerateVerifier()
			if wrong := p.exchange(p.code(), "code_verifier", oauth2.GenerateVerifier()); wrong.Error != "invalid_grant" {
				t.Errorf("another verifier: %+v", wrong)
			}
			p.tokens()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			module(t, newRelying(t))
		})
	}
}

// notKnown asks for a scope that we do not know, which must do no harm.
func (p *relying) notKnown(scope, claim string) {
	p.Helper()
	a := p.tokens("scope", "openid "+scope)
	if said := p.userinfo(http.MethodGet, "", bearer(a)); a.Scope != "openid" || said[claim] != nil {
		p.Errorf("scope %q, says %v", a.Scope, said)
	}
}

// ages has the sign-in have been some time ago.
func (p *relying) ages(by time.Duration) {
	p.Helper()
	err := p.grants.DB.Write(p.Context(), func(tx *store.Writer) error {
		person, err := tx.Person(p.Context(), p.session.Hash())
		if err != nil {
			return err
		}
		older := person.Session
		older.ID, older.AuthTime = sso.NewSessionID(time.Now()), older.AuthTime.Add(-by)
		p.session = secret.NewToken()
		return tx.InsertSession(p.Context(), older, p.session.Hash())
	})
	if err != nil {
		p.Fatal(err)
	}
	p.signIn(p.session.Reveal())
}

// unsigned returns a request object without a signature.
func unsigned(v url.Values) string {
	claims := map[string]string{}
	for name := range v {
		claims[name] = v.Get(name)
	}
	b, err := json.Marshal(claims)
	if err != nil {
		panic(err) // texts always marshal
	}
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString(b) + "."
}
