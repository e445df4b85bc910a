package grant_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/backoff"
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
	h.Limits = backoff.Limiter{DB: db, Now: h.Now}
	h.Fetch = func(context.Context, string) ([]byte, error) { return nil, errors.New("nobody answers") }

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
	h.portal = sso.App{ID: sso.NewAppID(start), Key: "portal", ClientID: "portal", Secrets: []sso.AppSecret{sso.NewAppSecret(secret.ParseToken(pass), "operator", start)}, RedirectURIs: []string{"https://app.example/cb"}, CreatedAt: start, UpdatedAt: start}
	h.native = sso.App{ID: sso.NewAppID(start), Key: "native", ClientID: "native", AuthMethod: sso.AuthNone, RedirectURIs: []string{"https://spa.example/cb"}, CreatedAt: start, UpdatedAt: start}
	h.write(func(ctx context.Context, tx *store.Writer) error {
		org := tx.Org(h.org.ID)
		return errors.Join(
			tx.SaveOrganization(ctx, h.org), org.SaveUser(ctx, h.user), org.SaveMembership(ctx, h.member),
			tx.SaveApp(ctx, h.portal), tx.SaveApp(ctx, h.native),
			org.SaveDomain(ctx, sso.Domain{Org: h.org.ID, Name: "acme.example", State: sso.DomainVerified, CreatedAt: start, VerifiedAt: start}),
			tx.InsertSession(ctx, sso.Session{
				ID: sso.NewSessionID(start), User: h.user.ID, Org: h.org.ID, AMR: []string{"pwd"}, AuthTime: start, CreatedAt: start,
				SeenAt: start, ExpiresAt: start.Add(sso.SessionLife), Address: "198.51.100.3",
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

// backend is from where, and with what, the tests' apps ask for tokens.
const backend, library = "203.0.113.80", "openid-client/6"

// Exchange is that of the service, asked by an app's backend.
func (h *house) Exchange(ctx context.Context, r oidc.TokenRequest) (oidc.TokenResponse, error) {
	r.Client.Address, r.Client.UserAgent = backend, library
	return h.Service.Exchange(ctx, r)
}

// Revoke is that of the service, asked by an app's backend.
func (h *house) Revoke(ctx context.Context, q oidc.TokenQuestion) error {
	q.Client.Address, q.Client.UserAgent = backend, library
	return h.Service.Revoke(ctx, q)
}

// exchange presents a code as the app would; more changes the form.
func (h *house) exchange(app *sso.App, code string, more ...string) (oidc.TokenResponse, error) {
	h.Helper()
	return h.Exchange(h.Context(), h.asks(app, code, more...))
}

// asks is the request by which an app presents a code.
func (h *house) asks(app *sso.App, code string, more ...string) oidc.TokenRequest {
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
	return r
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

// resume answers the request for which a sign-in was begun.
func (h *house) resume(request string, session sso.Session) (out grant.Outcome, err error) {
	err = h.DB.Write(h.Context(), func(tx *store.Writer) error {
		var err error
		out, err = h.Resume(h.Context(), tx, request, session)
		return err
	})
	return out, err
}
