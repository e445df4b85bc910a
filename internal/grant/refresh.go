package grant

import (
	"context"
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// RefreshGrace is how long a refresh token that was used is taken for a repeated
// request, of an app whose answer was lost or that has several threads, and
// gives the same again [RFC 9700 4.14.2]. After it, use is theft.
const RefreshGrace = 10 * time.Second

// refreshKept is how long a used refresh token is known, so that its theft is
// noticed.
const refreshKept = 7 * 24 * time.Hour

// refreshToken describes a refresh token: it is good for as long as the session
// that the app holds. That of an app without a secret is bound to the key that was
// shown; another app proves itself [RFC 9449 5].
func refreshToken(app *sso.App, token secret.Token, g *store.Grant, s *sso.Session, key string, now time.Time) store.Token {
	if !app.Public() {
		key = ""
	}
	return store.Token{Key: key, Hash: token.Hash(), Kind: store.RefreshToken, Grant: g.ID, CreatedAt: now, ExpiresAt: s.ExpiresAt}
}

// successorPlace is where what came of a refresh token is sealed.
func successorPlace(hash secret.Hash) secret.Place {
	return secret.Place{Table: "tokens", Column: "successor", Row: string(hash[:])}
}

// refresh exchanges a refresh token for an access token and the next refresh
// token. One that comes again is in two hands: with it falls all that the grant
// gave, whoever holds it.
func (s *Service) refresh(ctx context.Context, tx *store.Writer, app *sso.App, r asking, now time.Time) (given, error) {
	a, err := tx.Access(ctx, store.RefreshToken, r.Refresh.Hash())
	if err != nil {
		return given{}, inPlaceOfMissing(err)
	}
	if a.App.ID != app.ID || !now.Before(a.Token.ExpiresAt) || !a.Grant.RevokedAt.IsZero() {
		return given{}, oidc.InvalidRefresh()
	}
	err = mayStay(ctx, tx, &a.Person, now)
	if err == nil {
		err = admit(ctx, tx.Reader, app, &a.Person)
	}
	if err != nil {
		return given{}, inPlaceOf(err, oidc.InvalidRefresh())
	}
	if a.Token.Key != "" && a.Token.Key != r.key {
		return given{}, oidc.ForeignKey()
	}
	scope, err := r.Narrow(oidc.ParseScope(a.Grant.Scope))
	if err != nil {
		return given{}, err
	}
	out := given{
		person: a.Person, key: r.key, scope: scope, extra: oidc.ParseClaimSet(a.Grant.Claims), acr: oidc.LevelOf(a.Person.Session.AMR).String(), sid: a.Grant.SID,
	}
	if a.Token.UsedAt.IsZero() {
		out.refresh, err = s.rotate(ctx, tx, &a, &r.Client, now)
	} else {
		out.refresh, err = s.again(ctx, tx, &a, &r.Client, now)
	}
	if err != nil {
		return given{}, err
	}
	narrowed := ""
	if scope.String() != a.Grant.Scope {
		narrowed, out.extra = scope.String(), 0
	}
	out.access = tx.NewToken(now)
	access := accessToken(out.access, a.Grant.ID, r.key, now)
	access.Scope = narrowed
	return out, tx.InsertToken(ctx, access)
}

// inPlaceOfMissing returns the refusal where err says that there is no such
// token.
func inPlaceOfMissing(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return oidc.InvalidRefresh()
	}
	return err
}

// mayStay asks at a refresh what is asked at the door: whether the person may
// still be signed in, in the way in which they were. From where, the app's own
// address does not tell.
func mayStay(ctx context.Context, tx *store.Writer, p *sso.Person, now time.Time) error {
	if err := p.Valid(now); err != nil {
		return err
	}
	rules, entry, err := tx.Door(ctx, &p.Org, &p.User, p.Membership.Role)
	if err != nil {
		return err
	}
	entry.At = now
	return rules.AdmitAgain(p.Session.Came(entry))
}

// rotate uses a refresh token up and makes the next one.
func (s *Service) rotate(ctx context.Context, tx *store.Writer, a *store.Access, by *oidc.Credentials, now time.Time) (secret.Token, error) {
	next := tx.NewToken(now)
	until := now.Add(refreshKept)
	if a.Token.ExpiresAt.Before(until) {
		until = a.Token.ExpiresAt
	}
	hash := a.Token.Hash
	err := tx.UseToken(ctx, hash, s.Sealer.Seal(successorPlace(hash), []byte(next.Reveal())), now, until)
	if errors.Is(err, store.ErrNotFound) { // another request was quicker
		after, err := tx.Access(ctx, store.RefreshToken, hash)
		if err != nil {
			return secret.Token{}, inPlaceOfMissing(err)
		}
		return s.again(ctx, tx, &after, by, now)
	}
	if err != nil {
		return secret.Token{}, err
	}
	if err := tx.InsertToken(ctx, refreshToken(&a.App, next, &a.Grant, &a.Person.Session, a.Token.Key, now)); err != nil {
		return secret.Token{}, err
	}
	return next, tx.TouchSession(ctx, a.Person.Session.ID, now)
}

// again answers a refresh token that was used: within [RefreshGrace], and as
// long as what came of it was not used itself, with the same once more. Else it
// was stolen, from the app or by it, and everything of the grant ends.
func (s *Service) again(ctx context.Context, tx *store.Writer, a *store.Access, by *oidc.Credentials, now time.Time) (secret.Token, error) {
	if now.Sub(a.Token.UsedAt) <= RefreshGrace {
		if plain, err := s.Sealer.Open(successorPlace(a.Token.Hash), a.Token.Successor); err == nil {
			next := secret.ParseToken(string(plain))
			after, err := tx.Access(ctx, store.RefreshToken, next.Hash())
			if err == nil && after.Token.UsedAt.IsZero() {
				return next, nil
			}
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return secret.Token{}, err
			}
		}
	}
	if err := tx.RevokeGrant(ctx, a.Grant.ID, now); err != nil {
		return secret.Token{}, err
	}
	if err := endOffline(ctx, tx, &a.Grant, now); err != nil {
		return secret.Token{}, err
	}
	if err := recordRevoked(ctx, tx, &a.App, by, &a.Grant, "refresh_token_used_again", now); err != nil {
		return secret.Token{}, err
	}
	return secret.Token{}, oidc.InvalidRefresh()
}
