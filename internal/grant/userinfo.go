package grant

import (
	"cmp"
	"context"
	"errors"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/store"
)

// Userinfo is what an access token opens.
type Userinfo struct {
	Client oidc.Client // that holds the token
	Claims oidc.Claims
}

// Userinfo opens an access token that was shown as a bearer token. A refusal is an
// [*oidc.BearerError]; it does not say why.
func (s *Service) Userinfo(ctx context.Context, token secret.Token) (Userinfo, error) {
	return s.inform(ctx, token, oidc.Possession{}, oidc.InvalidAccessToken())
}

// UserinfoBy is [Service.Userinfo] of a token as it was shown, perhaps with a proof
// of possession.
func (s *Service) UserinfoBy(ctx context.Context, shown oidc.Presented) (Userinfo, error) {
	if !shown.Proof.Given() {
		return s.Userinfo(ctx, shown.Token)
	}
	held, err := shown.Proof.Verify(s.Issuer, shown.Token, s.Now())
	var out Userinfo
	if err == nil {
		out, err = s.inform(ctx, shown.Token, held, oidc.InvalidBoundToken())
	}
	if err == nil {
		err = s.useUp(ctx, held)
	}
	if refusal, ok := errors.AsType[*oidc.TokenError](err); ok {
		err = oidc.ProofRefused(refusal)
	}
	if err != nil {
		return Userinfo{}, err
	}
	return out, nil
}

// inform tells what a token opens for who has shown this key, or none. One that is
// bound opens by its key alone, and one that is not, by no key.
func (s *Service) inform(ctx context.Context, token secret.Token, held oidc.Possession, refusal error) (Userinfo, error) {
	var out Userinfo
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		out, err = s.told(ctx, r, token, held, refusal)
		return err
	})
	return out, err
}

func (s *Service) told(ctx context.Context, r *store.Reader, token secret.Token, held oidc.Possession, refusal error) (Userinfo, error) {
	a, err := r.Access(ctx, store.AccessToken, token.Hash())
	if err == nil {
		err = s.usable(ctx, r, &a)
	}
	if err == nil && a.Token.Key != held.Key {
		err = store.ErrNotFound
	}
	if err != nil {
		return Userinfo{}, inPlaceOf(err, refusal)
	}
	told, err := claims(ctx, r, &a.App, &a.Person, claimsOf(&a))
	return Userinfo{Client: client(&a.App), Claims: told}, err
}

// scopeOf returns what a token is good for.
func scopeOf(a *store.Access) oidc.Scope {
	return oidc.ParseScope(cmp.Or(a.Token.Scope, a.Grant.Scope))
}

// claimsOf returns what an app is told by a token. One for a part of the scope
// tells nothing beside that.
func claimsOf(a *store.Access) oidc.ClaimSet {
	set := scopeOf(a).Claims()
	if a.Token.Scope == "" {
		set |= oidc.ParseClaimSet(a.Grant.Claims)
	}
	return set
}

// usable refuses a token that has expired, whose grant or person is gone, or
// whose app does not let the person in any more.
func (s *Service) usable(ctx context.Context, r *store.Reader, a *store.Access) error {
	now := s.Now()
	if !now.Before(a.Token.ExpiresAt) || !a.Grant.RevokedAt.IsZero() {
		return store.ErrNotFound
	}
	if err := a.Person.Valid(now); err != nil {
		return err
	}
	return admit(ctx, r, &a.App, &a.Person)
}

// SignedOut reports whether err says that a session, or whom it stands for,
// is not good any more, and no more than that.
func SignedOut(err error) bool {
	f, ok := errors.AsType[*fault.Error](err)
	return ok && (f.Kind == fault.Unauthenticated || f.Kind == fault.Denied || f.Kind == fault.NotFound)
}

// inPlaceOf returns refusal where err says that what a code or token stands for
// is no more, and err where it is a failure of ours.
func inPlaceOf(err, refusal error) error {
	if SignedOut(err) {
		return refusal
	}
	return err
}
