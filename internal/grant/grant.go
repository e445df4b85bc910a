// Package grant gives applications what a signed-in person lets them have:
// codes, id tokens, access tokens and userinfo.
//
// [Service.Authorize] answers an authorize request from the session that the
// browser has, or says that the person must sign in first; [Service.Resume]
// answers it when that is done. [Service.Exchange] gives tokens for a code,
// once, or for a refresh token, which it replaces. [Service.Userinfo] opens an
// access token; [Service.Introspect] says what a token is good for, and
// [Service.Revoke] ends it. [Service.Logout] judges an app's request to sign
// somebody out, and [Service.TellApps] tells apps of sessions that are over.
//
// # Trust
//
// What a request asks is judged by package oidc, against the app as it is
// stored now; a request that waited for a sign-in is judged anew. A code is
// good for one minute, one app, one redirect URI, one verifier and one try.
// When it comes again, everything that it gave is revoked. Session, user,
// membership, organization and app are looked at whenever a code or a token is
// used, not only when it was made.
package grant

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/safehttp"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Lives of what is given.
const (
	CodeLife  = time.Minute
	TokenLife = time.Hour // of id tokens and access tokens
)

// Service gives grants. Its fields are set once, before it is used; it is safe
// for concurrent use.
type Service struct {
	DB      *store.DB
	Issuer  string   // the base URL, without a slash at the end
	Locales []string // tags of the languages of our pages
	Sealer  *secret.Sealer
	Now     func() time.Time
	Limits  backoff.Limiter
	// Fetch reads what an app publishes, such as its keys.
	Fetch func(ctx context.Context, url string) ([]byte, error)
	// Call reaches apps by their back channel; see [Service.TellApps].
	Call func(context.Context, safehttp.Request) (safehttp.Answer, error)

	published publishedKeys
	loading   sync.Mutex
	loaded    atomic.Pointer[keySet]
	noted     sync.Map // of secrets, by ID, when their use was last noted
}

// app returns the app that calls itself so, or [store.ErrNotFound].
func (s *Service) app(ctx context.Context, clientID string) (sso.App, error) {
	return s.outside().app(ctx, clientID)
}

func (s place) app(ctx context.Context, clientID string) (sso.App, error) {
	var app sso.App
	err := s.read(ctx, func(r *store.Reader) error {
		var err error
		app, err = r.Settings().AppByClientID(ctx, clientID)
		return err
	})
	return app, err
}

// client describes an app in the words of the protocol.
func client(a *sso.App) oidc.Client {
	c := oidc.Client{ID: a.ClientID, RedirectURIs: a.RedirectURIs, Public: a.Public(), PKCEOptional: a.PKCEOptional, Signs: a.AuthMethod == sso.AuthPrivateKeyJWT}
	for i := range a.Secrets {
		c.SecretHashes = append(c.SecretHashes, a.Secrets[i].Hash)
	}
	return c
}

// LoginURL returns where an app begins to sign somebody in who did not come from
// it, with who we are [OIDC 4].
func (s *Service) LoginURL(ctx context.Context, clientID string) (string, error) {
	app, err := s.app(ctx, clientID)
	if errors.Is(err, store.ErrNotFound) || err == nil && app.LoginURL == "" {
		return "", &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Want: "an app with a login URL", Got: "none", Fix: fault.PersonSide}
	}
	if err != nil {
		return "", err
	}
	u, err := url.Parse(app.LoginURL)
	if err != nil {
		return "", err
	}
	q := u.Query()
	q.Set("iss", s.Issuer)
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// AllowsOrigin reports whether a page of this origin is the app's own and may
// read what we answer it.
func (s *Service) AllowsOrigin(ctx context.Context, clientID, origin string) (bool, error) {
	app, err := s.app(ctx, clientID)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return client(&app).AllowsOrigin(origin), nil
}

// judge reads an authorize request and finds its app. Tried is the redirect URI
// that is good for it beside those that are registered, or "".
func (s place) judge(ctx context.Context, parameters url.Values, tried string) (sso.App, oidc.AuthorizeRequest, error) {
	id, err := oidc.ClientIDOf(parameters)
	if err != nil {
		return sso.App{}, oidc.AuthorizeRequest{}, err
	}
	app, err := s.app(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return sso.App{}, oidc.AuthorizeRequest{}, oidc.UnknownClient(id)
	}
	if err != nil {
		return sso.App{}, oidc.AuthorizeRequest{}, err
	}
	asks := client(&app)
	if tried != "" {
		asks.RedirectURIs = []string{tried}
	}
	request, err := oidc.Judge(parameters, asks)
	if err == nil && !app.Grants(sso.GrantCode) {
		return app, request, request.Refuse(oidc.UnauthorizedClient, "the client is not registered for authorization_code")
	}
	return app, request, err
}

// claims returns what an app is told of a person.
func claims(ctx context.Context, r *store.Reader, app *sso.App, p *sso.Person, set oidc.ClaimSet) (oidc.Claims, error) {
	set = within(&app.Claims, set)
	person := oidc.Person{
		Subject: string(p.User.ID), Name: p.User.Name(), GivenName: p.User.FirstName, FamilyName: p.User.LastName,
		PreferredUsername: p.User.Username, UpdatedAt: p.User.UpdatedAt,
		Email: p.User.Email.String(), Groups: p.Membership.Groups,
		Org: orgClaim(p),
	}
	if set.Has(oidc.ClaimEmailVerified) && person.Email != "" {
		var err error
		if person.EmailVerified, err = vouchedFor(ctx, r, p); err != nil {
			return oidc.Claims{}, err
		}
	}
	out := person.Claims(set)
	shape(&out, &app.Claims, p)
	return out, nil
}

func orgClaim(p *sso.Person) oidc.OrgClaim {
	return oidc.OrgClaim{ID: string(p.Org.ID), Key: p.Org.Key, Name: p.Org.Name, Role: string(p.Membership.Role)}
}

// vouchedFor reports whether the address of p is in a domain that the
// organization where p is at home has proved to own, or one above it: nobody
// else can say whose address it is. Apps may find their accounts by an address
// that is called verified, so another customer's word must never be enough.
func vouchedFor(ctx context.Context, r *store.Reader, p *sso.Person) (bool, error) {
	domain, err := r.Settings().VerifiedDomain(ctx, p.User.Email.Domain())
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if p.User.Home == p.Org.ID {
		return slices.Contains(p.Org.Path, domain.Org), nil
	}
	home, err := r.Organization(ctx, p.User.Home)
	if err != nil {
		return false, err
	}
	return slices.Contains(home.Path, domain.Org), nil
}
