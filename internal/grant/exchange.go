package grant

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// grantTypes are the grant types of the protocol as apps are registered for them.
var grantTypes = map[oidc.GrantType]sso.GrantType{
	oidc.AuthorizationCode: sso.GrantCode,
	oidc.RefreshToken:      sso.GrantRefresh,
	oidc.ClientCredentials: sso.GrantClientCredentials,
	oidc.DeviceCode:        sso.GrantDevice,
}

// maxRounds is how often the settings may turn out to be others.
const maxRounds = 20

// Exchange gives tokens for a code, a refresh token or a device code, and a
// machine one for itself, by the app as it is when that is written down. A refusal
// is an [*oidc.TokenError].
func (s *Service) Exchange(ctx context.Context, r oidc.TokenRequest) (oidc.TokenResponse, error) {
	c := caller{by: r.Client, proof: r.Proof}
	if app, mark, ok := s.glanced(ctx, &r); ok {
		out, err := s.exchange(ctx, app, mark, &c, r)
		if !errors.Is(err, errOtherSettings) {
			return out, err
		}
	}
	for range maxRounds {
		app, mark, err := s.recognized(ctx, &c)
		if err != nil {
			return oidc.TokenResponse{}, err
		}
		if !app.Grants(grantTypes[r.Grant]) {
			return oidc.TokenResponse{}, oidc.GrantNotAllowed()
		}
		out, err := s.exchange(ctx, app, mark, &c, r)
		if !errors.Is(err, errOtherSettings) {
			return out, err
		}
	}
	return oidc.TokenResponse{}, &fault.Error{Kind: fault.Unavailable, Code: "database_busy", Fix: fault.OperatorSide, Err: errOtherSettings}
}

// errOtherSettings says that an app was recognized by settings that are gone.
var errOtherSettings = errors.New("the settings have changed")

// under refuses a transaction that does not see the settings by which an app was
// recognized.
func under(ctx context.Context, tx *store.Writer, mark store.Mark) error {
	same, err := tx.Under(ctx, mark)
	if err == nil && !same {
		err = errOtherSettings
	}
	return err
}

// glanced returns the app that asks, as it was seen last, if it has proved to be
// who it says by that, and may ask. The mark is to be found in the transaction: it
// saves asking for it before. Whatever is not so plain is not answered here.
func (s *Service) glanced(ctx context.Context, r *oidc.TokenRequest) (app sso.App, mark store.Mark, ok bool) {
	if r.Grant == oidc.ClientCredentials || r.Client.Method == oidc.PrivateKeyJWT || r.Proof.Given() {
		return app, "", false // a proof that comes again is none
	}
	mark, err := s.DB.Glance(func(known *store.Reader) error {
		var err error
		app, err = known.Settings().AppByClientID(ctx, r.Client.ClientID)
		return err
	})
	ok = err == nil && mark != "" && client(&app).Authenticate(r.Client) == nil && !app.Disabled && !app.DPoP && app.Grants(grantTypes[r.Grant])
	return app, mark, ok
}

// exchange gives tokens to an app that may ask for them, by settings that are to be
// found again.
func (s *Service) exchange(ctx context.Context, app sso.App, mark store.Mark, c *caller, r oidc.TokenRequest) (oidc.TokenResponse, error) {
	held, err := s.possessionOf(ctx, &app, c)
	if err != nil {
		return oidc.TokenResponse{}, err
	}
	if r.Grant == oidc.ClientCredentials {
		return s.machine(ctx, &app, mark, r, held.Key)
	}
	key, err := s.signer(ctx, &app)
	if err != nil {
		return oidc.TokenResponse{}, err
	}
	now := s.Now()
	redeem := s.redeem
	switch r.Grant {
	case oidc.RefreshToken:
		redeem = s.refresh
	case oidc.DeviceCode:
		redeem = s.device
	}
	used, by := s.inUse(&app, &r.Client, now), asking{r, held.Key}
	given, err := s.inReturn(ctx, &app, func(tx *store.Writer) (given, error) {
		if err := under(ctx, tx, mark); err != nil {
			return given{}, err
		}
		if err := noteUse(ctx, tx, used, now); err != nil {
			return given{}, err
		}
		return redeem(ctx, tx, &app, by, now)
	})
	if errors.Is(err, errCodeUsed) {
		_, err = s.usedBefore(ctx, &app, &by, now)
	}
	if err != nil {
		return oidc.TokenResponse{}, err
	}
	if used != "" {
		s.noted.Store(used, now)
	}
	idToken, err := s.idToken(&app, &given, key, now)
	if err != nil {
		return oidc.TokenResponse{}, err
	}
	return oidc.TokenResponse{AccessToken: given.access, RefreshToken: given.refresh, ExpiresIn: TokenLife, Scope: given.scope.String(), IDToken: idToken, Bound: held.Key != ""}, nil
}

// asking is a request for tokens, with the key that was shown beside it.
type asking struct {
	oidc.TokenRequest
	key string // "": none
}

// idToken writes the id token of what was given.
func (s *Service) idToken(app *sso.App, g *given, key *oidc.SigningKey, now time.Time) (string, error) {
	session := &g.person.Session
	return oidc.IDToken{
		Issuer: s.Issuer, Audience: app.ClientID, IssuedAt: now, Expires: now.Add(TokenLife), AuthTime: session.AuthTime,
		Nonce: g.nonce, SessionID: string(g.sid), AMR: session.AMR, ACR: g.acr, AccessToken: g.access, Claims: g.claims,
	}.Sign(key)
}

// given is what a code or a refresh token was good for.
type given struct {
	person  sso.Person
	scope   oidc.Scope
	extra   oidc.ClaimSet // claims beside those that the scope gives
	acr     string
	key     string        // to which tokens are bound; "": to none
	sid     sso.SessionID // of the browser
	nonce   string
	access  secret.Token
	refresh secret.Token // zero: none
	claims  oidc.Claims
}

// inReturn stores what is given in return for a code or a refresh token. A
// refusal leaves its marks: the transaction is committed all the same.
func (s *Service) inReturn(ctx context.Context, app *sso.App, redeem func(tx *store.Writer) (given, error)) (given, error) {
	var out given
	var refusal *oidc.TokenError
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		var err error
		if out, err = redeem(tx); err == nil {
			out.claims, err = claims(ctx, tx.Reader, app, &out.person, out.scope.Claims()|out.extra)
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

// stands refuses a person whose session is over, or whom the app does not let in.
func stands(ctx context.Context, r *store.Reader, app *sso.App, p *sso.Person, now time.Time) error {
	if err := p.Valid(now); err != nil {
		return err
	}
	return admit(ctx, r, app, p)
}

// standsFor returns whom a session stands for, judged now, if the app lets them
// in.
func standsFor(ctx context.Context, r *store.Reader, app *sso.App, session sso.SessionID, now time.Time) (sso.Person, error) {
	person, err := r.PersonBySession(ctx, session)
	if err == nil {
		err = stands(ctx, r, app, &person, now)
	}
	return person, err
}

// give gives what was agreed to, with its tokens.
func (g *given) give(ctx context.Context, tx *store.Writer, app *sso.App, kept store.Grant, now time.Time) error {
	if g.scope.Has(oidc.OfflineAccess) {
		if err := g.offline(ctx, tx, app, now); err != nil {
			return err
		}
	}
	kept.Session, kept.Scope, kept.CreatedAt = g.person.Session.ID, g.scope.String(), now
	g.access = tx.NewToken(now)
	if err := tx.InsertGrant(ctx, kept, accessToken(g.access, kept.ID, g.key, now)); err != nil {
		return err
	}
	if !g.scope.Has(oidc.OfflineAccess) {
		return nil
	}
	g.refresh = tx.NewToken(now)
	return tx.InsertToken(ctx, refreshToken(app, g.refresh, &kept, &g.person.Session, g.key, now))
}

// offline gives the app a session of its own, which lasts while no browser is
// there. Whoever acts as a user gets none: it would outlast the acting; nor does
// who came in by a break-glass code, nor an app that is not registered for it.
func (g *given) offline(ctx context.Context, tx *store.Writer, app *sso.App, now time.Time) error {
	if g.person.Session.Own() != nil || g.person.Session.BreakGlass() || !app.Grants(sso.GrantRefresh) {
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
	if err := tx.InsertSession(ctx, session, tx.NewToken(now).Hash()); err != nil {
		return err
	}
	g.person.Session = session
	return tx.KeepOffline(ctx, g.person.User.ID, app.ID, sso.MaxOffline, now)
}

// accessToken describes an access token of a grant, for all of its scope.
func accessToken(token secret.Token, grant sso.GrantID, key string, now time.Time) store.Token {
	return store.Token{Hash: token.Hash(), Kind: store.AccessToken, Grant: grant, Key: key, CreatedAt: now, ExpiresAt: now.Add(TokenLife)}
}

// revokeByCode revokes what a code gave, if it gave anything, and writes that
// down: either the app has a fault or the code was stolen.
func revokeByCode(ctx context.Context, tx *store.Writer, app *sso.App, r *asking, now time.Time) error {
	g, err := tx.RevokeGrantByCode(ctx, codeHash(r.Code), now)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := endOffline(ctx, tx, &g, now); err != nil {
		return err
	}
	return recordRevoked(ctx, tx, app, &r.Client, &g, "code_used_again", now)
}

// endOffline ends the session that the app held by a grant, if it held one of
// its own.
func endOffline(ctx context.Context, tx *store.Writer, g *store.Grant, now time.Time) error {
	if g.Session == g.SID {
		return nil
	}
	return tx.EndSession(ctx, g.Session, now)
}

// recordRevoked writes down why a grant is over, and who has shown what ended it:
// where a token or a code was stolen, that is the thief or the app.
func recordRevoked(ctx context.Context, tx *store.Writer, app *sso.App, by *oidc.Credentials, g *store.Grant, reason string, now time.Time) error {
	e := ofApp(app, by, "grant.revoked", now)
	e.Org, e.Target = g.Org, string(g.ID)
	e.Detail = map[string]string{"reason": reason, "user": string(g.User)}
	return tx.Record(ctx, e)
}

// ofApp returns a line of the audit list for what an app's program has done, which
// came with these credentials.
func ofApp(app *sso.App, by *oidc.Credentials, action string, now time.Time) sso.Event {
	return sso.Event{
		At: now, Actor: string(app.ID), Address: by.Address, UserAgent: sso.ClipUserAgent(by.UserAgent), Action: action, Target: string(app.ID),
	}
}
