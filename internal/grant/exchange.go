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

// Exchange gives tokens for a code or a refresh token. A refusal is an
// [*oidc.TokenError].
func (s *Service) Exchange(ctx context.Context, r oidc.TokenRequest) (oidc.TokenResponse, error) {
	app, err := s.authenticated(ctx, r.Client)
	if err != nil {
		return oidc.TokenResponse{}, err
	}
	keys, err := s.keys(ctx)
	if err != nil {
		return oidc.TokenResponse{}, err
	}
	now := s.Now()
	redeem := s.redeem
	if r.Grant == oidc.RefreshToken {
		redeem = s.refresh
	}
	used := s.inUse(&app, &r.Client, now)
	given, err := s.inReturn(ctx, func(tx *store.Writer) (given, error) {
		if err := noteUse(ctx, tx, used, now); err != nil {
			return given{}, err
		}
		return redeem(ctx, tx, &app, r, now)
	})
	if err != nil {
		return oidc.TokenResponse{}, err
	}
	if used != "" {
		s.noted.Store(used, now)
	}
	session := &given.person.Session
	idToken, err := oidc.IDToken{
		Issuer: s.Issuer, Audience: app.ClientID, IssuedAt: now, Expires: now.Add(TokenLife), AuthTime: session.AuthTime,
		Nonce: given.nonce, SessionID: string(given.sid), AMR: session.AMR, AccessToken: given.access, Claims: given.claims,
	}.Sign(keys.current)
	if err != nil {
		return oidc.TokenResponse{}, err
	}
	return oidc.TokenResponse{AccessToken: given.access, RefreshToken: given.refresh, ExpiresIn: TokenLife, Scope: given.scope, IDToken: idToken}, nil
}

// authenticated returns the app that has proved to be who it says, or an
// [*oidc.TokenError].
func (s *Service) authenticated(ctx context.Context, by oidc.Credentials) (sso.App, error) {
	app, err := s.app(ctx, by.ClientID)
	if errors.Is(err, store.ErrNotFound) {
		return sso.App{}, oidc.UnknownTokenClient()
	}
	if err != nil {
		return sso.App{}, err
	}
	if err := client(&app).Authenticate(by); err != nil {
		return sso.App{}, err
	}
	if app.Disabled {
		return sso.App{}, oidc.DisabledClient()
	}
	return app, nil
}

// given is what a code or a refresh token was good for.
type given struct {
	person  sso.Person
	scope   oidc.Scope
	sid     sso.SessionID // of the browser
	nonce   string
	access  secret.Token
	refresh secret.Token // zero: none
	claims  oidc.Claims
}

// inReturn stores what is given in return for a code or a refresh token. A
// refusal leaves its marks: the transaction is committed all the same.
func (s *Service) inReturn(ctx context.Context, redeem func(tx *store.Writer) (given, error)) (given, error) {
	var out given
	var refusal *oidc.TokenError
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		var err error
		if out, err = redeem(tx); err == nil {
			out.claims, err = claims(ctx, tx.Reader, &out.person, out.scope)
		}
		var refused bool
		if refusal, refused = errors.AsType[*oidc.TokenError](err); refused {
			return nil
		}
		return err
	})
	if err != nil {
		return given{}, fmt.Errorf("giving tokens: %w", err)
	}
	if refusal != nil {
		return given{}, refusal
	}
	return out, nil
}

// redeem exchanges a code. It is used up by the first who presents it, also
// where that one may not have it: it has been in wrong hands. A code that was
// used up before revokes what it gave.
func (s *Service) redeem(ctx context.Context, tx *store.Writer, app *sso.App, r oidc.TokenRequest, now time.Time) (given, error) {
	payload, err := tx.Consume(ctx, store.KindAuthorizationCode, r.Code.Hash(), now)
	if errors.Is(err, store.ErrUsed) || errors.Is(err, store.ErrNotFound) {
		if err := revokeByCode(ctx, tx, app, r.Code.Hash(), now); err != nil {
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
	if err == nil {
		err = admit(ctx, tx.Reader, app, &person)
	}
	if err != nil {
		return given{}, inPlaceOf(err, oidc.InvalidCode())
	}
	out := given{person: person, sid: person.Session.ID, scope: oidc.ParseScope(code.Scope), nonce: code.Nonce}
	if out.scope.Has(oidc.OfflineAccess) {
		if err := out.offline(ctx, tx, app, now); err != nil {
			return given{}, err
		}
	}
	g := store.Grant{
		ID: sso.NewGrantID(now), App: app.ID, User: person.User.ID, Org: person.Org.ID, Session: out.person.Session.ID, SID: out.sid,
		Code: r.Code.Hash(), Scope: out.scope.String(), CreatedAt: now,
	}
	if err := tx.InsertGrant(ctx, g); err != nil {
		return given{}, err
	}
	if out.scope.Has(oidc.OfflineAccess) {
		out.refresh = secret.NewToken()
		if err := tx.InsertToken(ctx, refreshToken(out.refresh, &g, &out.person.Session, now)); err != nil {
			return given{}, err
		}
	}
	out.access, err = insertAccess(ctx, tx, g.ID, "", now)
	return out, err
}

// offline gives the app a session of its own, which lasts while no browser is
// there. Whoever acts as a user gets none: it would outlast the acting; nor does
// who came in by a break-glass code.
func (g *given) offline(ctx context.Context, tx *store.Writer, app *sso.App, now time.Time) error {
	if g.person.Session.Own() != nil || g.person.Session.BreakGlass() {
		g.scope &^= oidc.OfflineAccess
		return nil
	}
	rules, _, err := tx.Rules(ctx, &g.person.Org, g.person.User.Email)
	if err != nil {
		return err
	}
	session := g.person.Session.Offline(app.ID, rules, now)
	if session.Live(now) != nil { // the sign-in is older than the app may hold one
		g.scope &^= oidc.OfflineAccess
		return nil
	}
	// Nobody has the token of it: a browser cannot become it.
	if err := tx.InsertSession(ctx, session, secret.NewToken().Hash()); err != nil {
		return err
	}
	g.person.Session = session
	return tx.KeepOffline(ctx, g.person.User.ID, app.ID, sso.MaxOffline, now)
}

// insertAccess makes an access token of a grant, for a part of its scope or, "",
// for all of it.
func insertAccess(ctx context.Context, tx *store.Writer, grant sso.GrantID, scope string, now time.Time) (secret.Token, error) {
	access := secret.NewToken()
	return access, tx.InsertToken(ctx, store.Token{
		Hash: access.Hash(), Kind: store.AccessToken, Grant: grant, Scope: scope, CreatedAt: now, ExpiresAt: now.Add(TokenLife),
	})
}

// check holds a token request to what the code was issued for.
func (c *issued) check(app *sso.App, r oidc.TokenRequest) error {
	if c.App != app.ID || len(c.Challenge) != len(oidc.Challenge{}) {
		return oidc.InvalidCode()
	}
	return r.Redeem(oidc.Binding{ClientID: app.ClientID, RedirectURI: c.RedirectURI, Challenge: oidc.Challenge(c.Challenge)})
}

// revokeByCode revokes what a code gave, if it gave anything, and writes that
// down: either the app has a fault or the code was stolen.
func revokeByCode(ctx context.Context, tx *store.Writer, app *sso.App, code secret.Hash, now time.Time) error {
	g, err := tx.RevokeGrantByCode(ctx, code, now)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := endOffline(ctx, tx, &g, now); err != nil {
		return err
	}
	return recordRevoked(ctx, tx, app, &g, "code_used_again", now)
}

// endOffline ends the session that the app held by a grant, if it held one of
// its own.
func endOffline(ctx context.Context, tx *store.Writer, g *store.Grant, now time.Time) error {
	if g.Session == g.SID {
		return nil
	}
	return tx.EndSession(ctx, g.Session, now)
}

func recordRevoked(ctx context.Context, tx *store.Writer, app *sso.App, g *store.Grant, reason string, now time.Time) error {
	return tx.Record(ctx, sso.Event{
		Org: g.Org, At: now, Actor: string(app.ID), Action: "grant.revoked", Target: string(g.ID),
		Detail: map[string]string{"reason": reason, "user": string(g.User)},
	})
}
