package grant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Exchange gives tokens for a code. A refusal is an [*oidc.TokenError].
func (s *Service) Exchange(ctx context.Context, r oidc.TokenRequest) (oidc.TokenResponse, error) {
	app, err := s.app(ctx, r.Client.ClientID)
	if errors.Is(err, store.ErrNotFound) {
		return oidc.TokenResponse{}, oidc.UnknownTokenClient()
	}
	if err != nil {
		return oidc.TokenResponse{}, err
	}
	if err := client(&app).Authenticate(r.Client); err != nil {
		return oidc.TokenResponse{}, err
	}
	keys, err := s.keys(ctx)
	if err != nil {
		return oidc.TokenResponse{}, err
	}
	now := s.Now()
	given, err := s.redeem(ctx, &app, r, now)
	if err != nil {
		return oidc.TokenResponse{}, err
	}
	claims, err := s.claims(ctx, &given.person, given.scope)
	if err != nil {
		return oidc.TokenResponse{}, err
	}
	session := &given.person.Session
	idToken, err := oidc.IDToken{
		Issuer: s.Issuer, Audience: app.ClientID, IssuedAt: now, Expires: now.Add(TokenLife), AuthTime: session.AuthTime,
		Nonce: given.nonce, SessionID: string(session.ID), AMR: session.AMR, AccessToken: given.access, Claims: claims,
	}.Sign(keys.current)
	if err != nil {
		return oidc.TokenResponse{}, err
	}
	return oidc.TokenResponse{AccessToken: given.access, ExpiresIn: TokenLife, Scope: given.scope, IDToken: idToken}, nil
}

// given is what a code was good for.
type given struct {
	person sso.Person
	scope  oidc.Scope
	nonce  string
	access secret.Token
}

// redeem uses the code up and stores what it gives. A refusal leaves its marks:
// the transaction is committed all the same.
func (s *Service) redeem(ctx context.Context, app *sso.App, r oidc.TokenRequest, now time.Time) (given, error) {
	var out given
	var refusal *oidc.TokenError
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		var err error
		out, err = redeem(ctx, tx, app, r, now)
		var refused bool
		if refusal, refused = errors.AsType[*oidc.TokenError](err); refused {
			return nil
		}
		return err
	})
	if err != nil {
		return given{}, fmt.Errorf("exchanging a code: %w", err)
	}
	if refusal != nil {
		return given{}, refusal
	}
	return out, nil
}

// redeem is the transaction of [Service.redeem]. A code is used up by the first
// who presents it, also where that one may not have it: it has been in wrong
// hands. A code that was used up before revokes what it gave.
func redeem(ctx context.Context, tx *store.Writer, app *sso.App, r oidc.TokenRequest, now time.Time) (given, error) {
	payload, err := tx.Consume(ctx, store.KindAuthorizationCode, r.Code.Hash(), now)
	if errors.Is(err, store.ErrUsed) || errors.Is(err, store.ErrNotFound) {
		if err := revoke(ctx, tx, app, r.Code.Hash(), now); err != nil {
			return given{}, err
		}
		return given{}, oidc.InvalidCode()
	}
	if err != nil {
		return given{}, err
	}
	var code issued
	if err := json.Unmarshal([]byte(payload), &code); err != nil {
		return given{}, fmt.Errorf("reading what a code stands for: %w", err)
	}
	if err := code.check(app, r); err != nil {
		return given{}, err
	}
	person, err := tx.PersonBySession(ctx, code.Session)
	if err == nil {
		err = person.Valid(now)
	}
	if err != nil {
		return given{}, inPlaceOf(err, oidc.InvalidCode())
	}
	g := store.Grant{
		ID: sso.NewGrantID(now), App: app.ID, User: person.User.ID, Org: person.Org.ID, Session: person.Session.ID,
		Code: r.Code.Hash(), Scope: code.Scope, CreatedAt: now,
	}
	if err := tx.InsertGrant(ctx, g); err != nil {
		return given{}, err
	}
	access := secret.NewToken()
	err = tx.InsertToken(ctx, store.Token{
		Hash: access.Hash(), Kind: store.AccessToken, Grant: g.ID, CreatedAt: now, ExpiresAt: now.Add(TokenLife),
	})
	return given{person: person, scope: oidc.ParseScope(code.Scope), nonce: code.Nonce, access: access}, err
}

// check holds a token request to what the code was issued for.
func (c *issued) check(app *sso.App, r oidc.TokenRequest) error {
	if c.App != app.ID || len(c.Challenge) != len(oidc.Challenge{}) {
		return oidc.InvalidCode()
	}
	return r.Redeem(oidc.Binding{ClientID: app.ClientID, RedirectURI: c.RedirectURI, Challenge: oidc.Challenge(c.Challenge)})
}

// revoke revokes what a code gave, if it gave anything, and writes that down:
// either the app has a fault or the code was stolen.
func revoke(ctx context.Context, tx *store.Writer, app *sso.App, code secret.Hash, now time.Time) error {
	g, err := tx.RevokeGrantByCode(ctx, code, now)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return tx.Record(ctx, sso.Event{
		Org: g.Org, At: now, Actor: string(app.ID), Action: "grant.revoked", Target: string(g.ID),
		Detail: map[string]string{"reason": "code_used_again", "user": string(g.User)},
	})
}
