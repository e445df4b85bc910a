package grant_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

const (
	issuer = "https://sso.example"
	pass   = "portal-secret-0123456789-0123456789"

	// The pair of [RFC 7636 Appendix B].
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// house is a deployment with one customer, one person who is signed in, and two apps.
type house struct {
	*testing.T
	grant.Service
	clock   atomic.Int64 // microseconds
	org     sso.Organization
	user    sso.User
	member  sso.Membership
	portal  sso.App // keeps a secret
	native  sso.App // public
	token   secret.Token
	session sso.SessionID
}

func newHouse(t *testing.T, db *store.DB) *house {
	t.Helper()
	sealer, err := secret.NewSealer(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	h := &house{T: t, token: secret.NewToken()}
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	h.clock.Store(start.UnixMicro())
	h.DB, h.Issuer, h.Sealer = db, issuer, sealer
	h.Now = func() time.Time { return time.UnixMicro(h.clock.Load()).UTC() }

	email, err := sso.ParseEmail("alice@acme.example")
	if err != nil {
		t.Fatal(err)
	}
	h.org = sso.Organization{ID: sso.NewOrgID(start), Key: "acme", Name: "Acme Ltd", State: sso.OrgActive, CreatedAt: start, UpdatedAt: start}
	if err := h.org.Place(nil); err != nil {
		t.Fatal(err)
	}
	h.user = sso.User{
		ID: sso.NewUserID(start), Home: h.org.ID, Username: "alice", Email: email, FirstName: "Alice", LastName: "Sato",
		State: sso.UserActive, CreatedAt: start, UpdatedAt: start,
	}
	h.member = sso.Membership{Org: h.org.ID, User: h.user.ID, Role: sso.RoleAdmin, Groups: []string{"eng"}, CreatedAt: start, UpdatedAt: start}
	hash := secret.ParseToken(pass).Hash()
	h.portal = sso.App{ID: sso.NewAppID(start), Key: "portal", ClientID: "portal", SecretHash: hash[:], RedirectURIs: []string{"https://app.example/cb"}, CreatedAt: start, UpdatedAt: start}
	h.native = sso.App{ID: sso.NewAppID(start), Key: "native", ClientID: "native", RedirectURIs: []string{"https://spa.example/cb"}, CreatedAt: start, UpdatedAt: start}
	h.write(func(ctx context.Context, tx *store.Writer) error {
		org := tx.Org(h.org.ID)
		return errors.Join(
			tx.SaveOrganization(ctx, h.org), org.SaveUser(ctx, h.user), org.SaveMembership(ctx, h.member),
			tx.SaveApp(ctx, h.portal), tx.SaveApp(ctx, h.native),
			org.SaveDomain(ctx, sso.Domain{Org: h.org.ID, Name: "acme.example", State: sso.DomainVerified, CreatedAt: start, VerifiedAt: start}),
			tx.InsertSession(ctx, sso.Session{
				ID: sso.NewSessionID(start), User: h.user.ID, Org: h.org.ID, AMR: []string{"pwd"}, AuthTime: start, CreatedAt: start,
				SeenAt: start, ExpiresAt: start.Add(sso.SessionLife),
			}, h.token.Hash()),
		)
	})
	h.session = h.person().Session.ID
	h.user.Version, h.org.Version, h.portal.Version, h.native.Version = 1, 1, 1, 1
	return h
}

func (h *house) write(fn func(context.Context, *store.Writer) error) {
	h.Helper()
	if err := h.DB.Write(h.Context(), func(tx *store.Writer) error { return fn(h.Context(), tx) }); err != nil {
		h.Fatal(err)
	}
}

// wait lets time pass.
func (h *house) wait(d time.Duration) { h.clock.Add(d.Microseconds()) }

// renew signs the person in again: sessions do not live as long as keys.
func (h *house) renew() {
	h.Helper()
	session := h.person().Session
	session.ID, session.CreatedAt, session.SeenAt, session.ExpiresAt = sso.NewSessionID(h.Now()), h.Now(), h.Now(), h.Now().Add(sso.SessionLife)
	h.token = secret.NewToken()
	h.write(func(ctx context.Context, tx *store.Writer) error {
		return tx.InsertSession(ctx, session, h.token.Hash())
	})
}

// person returns who is signed in, as it is now.
func (h *house) person() *sso.Person {
	h.Helper()
	var p sso.Person
	err := h.DB.Read(h.Context(), func(r *store.Reader) error {
		var err error
		p, err = r.Person(h.Context(), h.token.Hash())
		return err
	})
	if err != nil {
		h.Fatal(err)
	}
	return &p
}

func request(app *sso.App, more ...string) url.Values {
	v := url.Values{
		"client_id": {app.ClientID}, "redirect_uri": {app.RedirectURIs[0]}, "response_type": {"code"}, "scope": {"openid profile email groups"},
		"state": {"s-1"}, "nonce": {"n-1"}, "code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return v
}

// code returns a fresh code for the app.
func (h *house) code(app *sso.App, more ...string) string {
	h.Helper()
	out, err := h.Authorize(h.Context(), request(app, more...), h.person())
	if err != nil || out.Refused != "" || out.SignIn != nil {
		h.Fatalf("Authorize() = %+v, %v, want a code", out, err)
	}
	return query(h.T, out.URL).Get("code")
}

func query(t *testing.T, raw string) url.Values {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// exchange presents a code as the app would; more changes the form.
func (h *house) exchange(app *sso.App, code string, more ...string) (oidc.TokenResponse, error) {
	h.Helper()
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {app.RedirectURIs[0]}, "code_verifier": {verifier},
		"client_id": {app.ClientID},
	}
	if !app.Public() {
		form.Set("client_secret", pass)
	}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	r, err := oidc.ReadToken(nil, "", form.Encode())
	if err != nil {
		h.Fatal(err)
	}
	return h.Exchange(h.Context(), r)
}

// refusedWith reports whether err is this error of the token endpoint.
func refusedWith(err error, code oidc.Code) bool {
	e, ok := errors.AsType[*oidc.TokenError](err)
	return ok && e.Code == code
}

func payload(t *testing.T, token string) map[string]any {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(b, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// header returns the ID of the key that signed the token.
func header(t *testing.T, token string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[0])
	if err != nil {
		t.Fatal(err)
	}
	var h struct {
		KeyID string `json:"kid"`
	}
	if err := json.Unmarshal(b, &h); err != nil {
		t.Fatal(err)
	}
	return h.KeyID
}

// onEngines runs a story on every database.
func onEngines(t *testing.T, story func(h *house)) {
	t.Helper()
	for _, engine := range storetest.Engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			t.Parallel()
			story(newHouse(t, engine.Open(t)))
		})
	}
}

func TestACodeBecomesTokensAndUserinfo(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		for _, app := range []*sso.App{&h.portal, &h.native} {
			out, err := h.Authorize(h.Context(), request(app), h.person())
			if err != nil {
				h.Fatal(err)
			}
			answer := query(h.T, out.URL)
			if !strings.HasPrefix(out.URL, app.RedirectURIs[0]+"?code=") || answer.Get("state") != "s-1" || answer.Get("iss") != issuer {
				h.Fatalf("Authorize() = %s", out.URL)
			}
			tokens, err := h.exchange(app, answer.Get("code"))
			if err != nil {
				h.Fatal(err)
			}
			claims := payload(h.T, tokens.IDToken)
			session := h.person().Session
			for name, want := range map[string]any{
				"iss": issuer, "aud": app.ClientID, "sub": string(h.user.ID), "nonce": "n-1", "sid": string(session.ID),
				"auth_time": float64(session.AuthTime.Unix()), "exp": float64(h.Now().Add(time.Hour).Unix()),
				"name": "Alice Sato", "preferred_username": "alice", "email": "alice@acme.example", "email_verified": true,
			} {
				if claims[name] != want {
					h.Errorf("id token: %s = %v, want %v", name, claims[name], want)
				}
			}
			info, err := h.Userinfo(h.Context(), tokens.AccessToken)
			if err != nil || info.Client.ID != app.ClientID {
				h.Fatalf("Userinfo() = %+v, %v", info, err)
			}
			if info.Claims.Subject != string(h.user.ID) || info.Claims.Org.Key != "acme" || info.Claims.Org.Role != "admin" || info.Claims.Groups[0] != "eng" {
				h.Errorf("Userinfo() = %s", info.Claims.JSON())
			}
		}
	})
}

func TestAuthorizeAsksForASignIn(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	h.wait(time.Hour)
	for name, tc := range map[string]struct {
		person *sso.Person
		more   []string
		fresh  bool
	}{
		"nobody is there": {nil, nil, false},
		"login":           {h.person(), []string{"prompt", "login"}, true},
		"select_account":  {h.person(), []string{"prompt", "select_account"}, false},
		"nobody, login":   {nil, []string{"prompt", "login"}, true},
		"nobody, max_age": {nil, []string{"max_age", "300"}, true},
		"max_age":         {h.person(), []string{"max_age", "3599"}, true},
		"max_age=0":       {h.person(), []string{"max_age", "0"}, true},
	} {
		out, err := h.Authorize(t.Context(), request(&h.portal, append(tc.more, "login_hint", "bob@acme.example")...), tc.person)
		if err != nil || out.URL != "" || out.SignIn == nil {
			t.Errorf("%s: Authorize() = %+v, %v, want a sign-in", name, out, err)
			continue
		}
		if out.SignIn.App != h.portal.ID || out.SignIn.LoginHint != "bob@acme.example" || out.SignIn.Fresh != tc.fresh {
			t.Errorf("%s: Authorize() = %+v", name, *out.SignIn)
		}
		// What was asked for is met by the session that the sign-in gives.
		done, err := h.Resume(t.Context(), out.SignIn.Request, h.person().Session)
		if err != nil || done.Refused != "" || done.SignIn != nil || query(t, done.URL).Get("code") == "" || query(t, done.URL).Get("state") != "s-1" {
			t.Errorf("%s: Resume() = %+v, %v, want a code", name, done, err)
		}
	}
	if out, err := h.Authorize(t.Context(), request(&h.portal, "max_age", "3600"), h.person()); err != nil || out.SignIn != nil {
		t.Errorf("twin: Authorize() = %+v, %v, want a code", out, err)
	}
}

func TestAuthorizeTellsTheAppWithoutAPage(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	for name, tc := range map[string]struct {
		more []string
		code oidc.Code
	}{
		"prompt=none and nobody there": {[]string{"prompt", "none"}, oidc.LoginRequired},
		"no openid":                    {[]string{"scope", "profile"}, oidc.InvalidScope},
		"implicit":                     {[]string{"response_type", "token"}, oidc.UnsupportedResponseType},
	} {
		out, err := h.Authorize(t.Context(), request(&h.portal, tc.more...), nil)
		if err != nil || out.Refused != tc.code || query(t, out.URL).Get("error") != string(tc.code) || query(t, out.URL).Get("iss") != issuer {
			t.Errorf("%s: Authorize() = %+v, %v", name, out, err)
		}
	}
	for name, tc := range map[string]struct {
		more []string
		code string
	}{
		"unknown client":    {[]string{"client_id", "nobody"}, "oidc_client_unknown"},
		"client like SQL":   {[]string{"client_id", "' or 1=1 --"}, "oidc_client_unknown"},
		"another app's URI": {[]string{"redirect_uri", h.native.RedirectURIs[0]}, "oidc_redirect_uri"},
	} {
		if out, err := h.Authorize(t.Context(), request(&h.portal, tc.more...), h.person()); !fault.Is(err, tc.code) || out.URL != "" {
			t.Errorf("%s: Authorize() = %+v, %v, want %s on a page", name, out, err, tc.code)
		}
	}
}

func TestResumeJudgesTheRequestAnew(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	out, err := h.Authorize(t.Context(), request(&h.portal), nil)
	if err != nil {
		t.Fatal(err)
	}
	h.portal.RedirectURIs = []string{"https://app.example/new"}
	h.write(func(ctx context.Context, tx *store.Writer) error { return tx.SaveApp(ctx, h.portal) })
	if done, err := h.Resume(t.Context(), out.SignIn.Request, h.person().Session); !fault.Is(err, "oidc_redirect_uri") {
		t.Errorf("Resume() = %+v, %v, want oidc_redirect_uri: the app no longer has that URI", done, err)
	}
}

func TestHintHoldsTheAnswerToThePersonItNames(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	tokens, err := h.exchange(&h.portal, h.code(&h.portal))
	if err != nil {
		t.Fatal(err)
	}
	h.wait(2 * time.Hour) // an expired id token is a hint all the same
	other := h.person()
	other.Session.User = "usr_other"
	for name, tc := range map[string]struct {
		person  *sso.Person
		more    []string
		refused oidc.Code
		signIn  bool
	}{
		"that person":              {h.person(), []string{"id_token_hint", tokens.IDToken, "prompt", "none"}, "", false},
		"another person, none":     {other, []string{"id_token_hint", tokens.IDToken, "prompt", "none"}, oidc.LoginRequired, false},
		"another person":           {other, []string{"id_token_hint", tokens.IDToken}, "", true},
		"unreadable hint, none":    {h.person(), []string{"id_token_hint", tokens.IDToken + "x", "prompt", "none"}, oidc.LoginRequired, false},
		"unreadable hint":          {h.person(), []string{"id_token_hint", tokens.IDToken + "x"}, "", false},
		"another app's hint, none": {h.person(), []string{"client_id", "native", "redirect_uri", "https://spa.example/cb", "id_token_hint", tokens.IDToken, "prompt", "none"}, oidc.LoginRequired, false},
	} {
		out, err := h.Authorize(t.Context(), request(&h.portal, tc.more...), tc.person)
		if err != nil || out.Refused != tc.refused || (out.SignIn != nil) != tc.signIn {
			t.Errorf("%s: Authorize() = %+v, %v", name, out, err)
		}
	}
	out, err := h.Resume(t.Context(), request(&h.portal, "id_token_hint", tokens.IDToken).Encode(), other.Session)
	if err != nil || out.Refused != oidc.LoginRequired {
		t.Errorf("Resume() as another person = %+v, %v, want login_required", out, err)
	}
}

func TestACodeIsGoodForOneTryAlone(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		for name, tc := range map[string]struct {
			spoil func(code string) error // the first try
			want  oidc.Code
		}{
			"another app": {func(code string) error {
				_, err := h.exchange(&h.native, code)
				return err
			}, oidc.InvalidGrant},
			"another redirect URI": {func(code string) error {
				_, err := h.exchange(&h.portal, code, "redirect_uri", "https://app.example/cb2")
				return err
			}, oidc.InvalidGrant},
			"another verifier": {func(code string) error {
				_, err := h.exchange(&h.portal, code, "code_verifier", strings.Repeat("x", 43))
				return err
			}, oidc.InvalidGrant},
			"after its minute": {func(string) error {
				h.wait(grant.CodeLife)
				return &oidc.TokenError{Code: oidc.InvalidGrant}
			}, oidc.InvalidGrant},
		} {
			code := h.code(&h.portal)
			if err := tc.spoil(code); !refusedWith(err, tc.want) {
				h.Errorf("%s: Exchange() = %v, want %s", name, err, tc.want)
			}
			if _, err := h.exchange(&h.portal, code); !refusedWith(err, oidc.InvalidGrant) {
				h.Errorf("%s: Exchange() afterwards = %v, want invalid_grant", name, err)
			}
		}
		// Who is not the client at all does not spoil the code.
		code := h.code(&h.portal)
		if _, err := h.exchange(&h.portal, code, "client_secret", pass+"x"); !refusedWith(err, oidc.InvalidClient) {
			h.Errorf("wrong secret: Exchange() = %v, want invalid_client", err)
		}
		if _, err := h.exchange(&h.portal, code, "client_id", "nobody"); !refusedWith(err, oidc.InvalidClient) {
			h.Errorf("unknown client: Exchange() = %v, want invalid_client", err)
		}
		h.wait(grant.CodeLife - time.Microsecond)
		if _, err := h.exchange(&h.portal, code); err != nil {
			h.Errorf("twin: Exchange() = %v, want tokens", err)
		}
		if _, err := h.exchange(&h.portal, "never made"); !refusedWith(err, oidc.InvalidGrant) {
			h.Errorf("made up: Exchange() = %v, want invalid_grant", err)
		}
	})
}

func TestACodeUsedAgainRevokesWhatItGave(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		for name, later := range map[string]time.Duration{"at once": 0, "after its minute": 2 * grant.CodeLife} {
			code := h.code(&h.portal)
			tokens, err := h.exchange(&h.portal, code)
			if err != nil {
				h.Fatal(err)
			}
			other, err := h.exchange(&h.portal, h.code(&h.portal))
			if err != nil {
				h.Fatal(err)
			}
			h.wait(later)
			if later != 0 { // the code itself may be forgotten by then
				h.write(func(ctx context.Context, tx *store.Writer) error {
					_, err := tx.DeleteExpired(ctx, h.Now())
					return err
				})
			}
			if _, err := h.Userinfo(h.Context(), tokens.AccessToken); err != nil {
				h.Fatalf("%s: Userinfo() before = %v", name, err)
			}
			if _, err := h.exchange(&h.portal, code); !refusedWith(err, oidc.InvalidGrant) {
				h.Errorf("%s: Exchange() = %v, want invalid_grant", name, err)
			}
			if _, err := h.Userinfo(h.Context(), tokens.AccessToken); !refused(err) {
				h.Errorf("%s: Userinfo() = %v, want the token revoked", name, err)
			}
			if _, err := h.Userinfo(h.Context(), other.AccessToken); err != nil {
				h.Errorf("%s: Userinfo() of another code's token = %v, want it untouched", name, err)
			}
		}
		var events []sso.Event
		err := h.DB.Read(h.Context(), func(r *store.Reader) error {
			var err error
			events, err = r.Org(h.org.ID).Events(h.Context(), 10)
			return err
		})
		if err != nil || len(events) != 2 || events[0].Action != "grant.revoked" {
			h.Errorf("Events() = %+v, %v, want both revocations", events, err)
		}
	})
}

// refused reports whether err says no more than that the access token is no good.
func refused(err error) bool {
	e, ok := errors.AsType[*oidc.BearerError](err)
	return ok && e.Code == oidc.InvalidToken
}

func TestParallelExchangesGiveOneGrant(t *testing.T) {
	t.Parallel()
	onEngines(t, func(h *house) {
		code := h.code(&h.portal)
		var wg sync.WaitGroup
		var got atomic.Int64
		tokens := make([]oidc.TokenResponse, 16)
		for i := range tokens {
			wg.Go(func() {
				var err error
				if tokens[i], err = h.exchange(&h.portal, code); err == nil {
					got.Add(1)
				} else if !refusedWith(err, oidc.InvalidGrant) {
					h.Errorf("Exchange() = %v, want invalid_grant", err)
				}
			})
		}
		wg.Wait()
		if got.Load() != 1 {
			h.Fatalf("%d exchanges succeeded, want 1", got.Load())
		}
		for i := range tokens {
			if tokens[i].AccessToken.IsZero() {
				continue
			}
			if _, err := h.Userinfo(h.Context(), tokens[i].AccessToken); !refused(err) {
				h.Errorf("Userinfo() = %v, want the token revoked by the others", err)
			}
		}
	})
}

func TestWhatIsGivenEndsWithWhatItStandsOn(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(h *house, ctx context.Context, tx *store.Writer) error{
		"session ended": func(h *house, ctx context.Context, tx *store.Writer) error {
			return tx.EndSession(ctx, h.session, h.Now())
		},
		"user suspended": func(h *house, ctx context.Context, tx *store.Writer) error {
			h.user.State = sso.UserSuspended
			return tx.Org(h.org.ID).SaveUser(ctx, h.user)
		},
		"user deleted": func(h *house, ctx context.Context, tx *store.Writer) error {
			h.user.State = sso.UserDeleted
			return tx.Org(h.org.ID).SaveUser(ctx, h.user)
		},
		"organization suspended": func(h *house, ctx context.Context, tx *store.Writer) error {
			h.org.State = sso.OrgSuspended
			return tx.SaveOrganization(ctx, h.org)
		},
		"token's hour over": func(h *house, _ context.Context, _ *store.Writer) error {
			h.wait(grant.TokenLife)
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, storetest.SQLite(t))
			tokens, err := h.exchange(&h.portal, h.code(&h.portal))
			if err != nil {
				t.Fatal(err)
			}
			code := h.code(&h.portal)
			if _, err := h.Userinfo(t.Context(), tokens.AccessToken); err != nil {
				t.Fatalf("twin: Userinfo() = %v", err)
			}
			h.write(func(ctx context.Context, tx *store.Writer) error { return end(h, ctx, tx) })
			if _, err := h.Userinfo(t.Context(), tokens.AccessToken); !refused(err) {
				t.Errorf("Userinfo() = %v, want invalid_token", err)
			}
			if _, err := h.exchange(&h.portal, code); !refusedWith(err, oidc.InvalidGrant) {
				t.Errorf("Exchange() = %v, want invalid_grant", err)
			}
		})
	}
}

func TestUserinfoTellsThePresent(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	tokens, err := h.exchange(&h.portal, h.code(&h.portal, "scope", "openid groups"))
	if err != nil {
		t.Fatal(err)
	}
	h.member.Role, h.member.Groups = sso.RoleRestricted, []string{"leavers"}
	h.write(func(ctx context.Context, tx *store.Writer) error {
		return tx.Org(h.org.ID).SaveMembership(ctx, h.member)
	})
	info, err := h.Userinfo(t.Context(), tokens.AccessToken)
	if err != nil || info.Claims.Org.Role != "restricted" || info.Claims.Groups[0] != "leavers" {
		t.Errorf("Userinfo() = %s, %v, want role and groups as they are now", info.Claims.JSON(), err)
	}
	if info.Claims.Email != "" || info.Claims.Name != "" {
		t.Errorf("Userinfo() = %s, want nothing beyond the scope", info.Claims.JSON())
	}
}

func TestAnAddressIsVerifiedOnlyByItsOwnHouse(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	verified := func(address string) any {
		t.Helper()
		email, err := sso.ParseEmail(address)
		if err != nil {
			t.Fatal(err)
		}
		h.user.Email = email
		h.write(func(ctx context.Context, tx *store.Writer) error { return tx.Org(h.org.ID).SaveUser(ctx, h.user) })
		h.user.Version++
		tokens, err := h.exchange(&h.portal, h.code(&h.portal))
		if err != nil {
			t.Fatal(err)
		}
		return payload(t, tokens.IDToken)["email_verified"]
	}
	other := sso.Organization{ID: sso.NewOrgID(h.Now()), Key: "globex", Name: "Globex", State: sso.OrgActive, CreatedAt: h.Now(), UpdatedAt: h.Now()}
	if err := other.Place(nil); err != nil {
		t.Fatal(err)
	}
	h.write(func(ctx context.Context, tx *store.Writer) error {
		return errors.Join(tx.SaveOrganization(ctx, other), tx.Org(other.ID).SaveDomain(ctx, sso.Domain{
			Org: other.ID, Name: "globex.example", State: sso.DomainVerified, CreatedAt: h.Now(), VerifiedAt: h.Now(),
		}))
	})
	for address, want := range map[string]bool{
		"alice@acme.example":    true,
		"alice@globex.example":  false, // somebody else's domain
		"alice@nowhere.example": false,
	} {
		if got := verified(address); got != want {
			t.Errorf("%s: email_verified = %v, want %v", address, got, want)
		}
	}
}

func TestAllowsOrigin(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	for name, tc := range map[string]struct {
		client, origin string
		want           bool
	}{
		"its own page":     {"native", "https://spa.example", true},
		"another page":     {"native", "https://evil.example", false},
		"keeps a secret":   {"portal", "https://app.example", false},
		"unknown client":   {"nobody", "https://spa.example", false},
		"a page of nobody": {"native", "null", false},
	} {
		if got, err := h.AllowsOrigin(t.Context(), tc.client, tc.origin); err != nil || got != tc.want {
			t.Errorf("%s: AllowsOrigin() = %v, %v, want %v", name, got, err, tc.want)
		}
	}
}
