package grant

import (
	"context"
	"errors"
	"fmt"

	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// kinds are the kinds of token that an app may ask about.
var kinds = [...]store.TokenKind{store.AccessToken, store.RefreshToken}

// Revoke has a token be good for nothing. With a refresh token goes all that its
// grant gave, and the session that the app held; an access token goes alone. It
// is no error that there is no such token, or that it is another app's: who asks
// must not learn which [RFC 7009 2.2]. A refusal is an [*oidc.TokenError].
func (s *Service) Revoke(ctx context.Context, q oidc.TokenQuestion) error {
	app, err := s.authenticated(ctx, q.Client)
	if err != nil {
		return err
	}
	now := s.Now()
	err = s.DB.Write(ctx, func(tx *store.Writer) error {
		a, err := accessOf(ctx, tx.Reader, &q)
		if errors.Is(err, store.ErrNotFound) {
			return revokeMachine(ctx, tx, &app, q.Token.Hash())
		}
		if err != nil || a.App.ID != app.ID {
			return err
		}
		if a.Token.Kind == store.AccessToken {
			return tx.DeleteToken(ctx, a.Token.Hash)
		}
		if !a.Grant.RevokedAt.IsZero() {
			return nil
		}
		if err := tx.RevokeGrant(ctx, a.Grant.ID, now); err != nil {
			return err
		}
		if err := endOffline(ctx, tx, &a.Grant, now); err != nil {
			return err
		}
		return recordRevoked(ctx, tx, &app, &q.Client, &a.Grant, "app", now)
	})
	if err != nil {
		return fmt.Errorf("revoking a token: %w", err)
	}
	return nil
}

// Introspect says what a token is good for now. Any app that keeps a secret may
// ask about any access token: the API that is handed one is not the app that was
// given it, and both are the vendor's. A refresh token is for nobody but its
// app: to an API that asks whether it is active, it would open what only an
// access token may. A refusal is an [*oidc.TokenError].
func (s *Service) Introspect(ctx context.Context, q oidc.TokenQuestion) (oidc.Introspection, error) {
	app, err := s.authenticated(ctx, q.Client)
	if err == nil {
		err = client(&app).MustKeepSecret()
	}
	if err != nil {
		return oidc.Introspection{}, err
	}
	var a store.Access
	err = s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		a, err = accessOf(ctx, r, &q)
		if err == nil && a.Token.Kind == store.RefreshToken && a.App.ID != app.ID {
			err = store.ErrNotFound
		}
		if err == nil {
			err = s.usable(ctx, r, &a)
		}
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return s.introspectMachine(ctx, q)
	}
	switch {
	case SignedOut(err), err == nil && !a.Token.UsedAt.IsZero():
		return oidc.Introspection{}, nil
	case err != nil:
		return oidc.Introspection{}, err
	}
	p := &a.Person
	out := oidc.Introspection{
		Active: true, Issuer: s.Issuer, Subject: string(p.User.ID), ClientID: a.App.ClientID, Scope: scopeOf(&a).String(),
		IssuedAt: a.Token.CreatedAt, Expires: a.Token.ExpiresAt, Org: orgClaim(p),
	}
	if within(&a.App.Claims, claimsOf(&a)).Has(oidc.ClaimPreferredUsername) {
		out.Username = p.User.Username
	}
	if a.App.Claims.Role == sso.ClaimNever {
		out.Org.Role = ""
	}
	if a.Token.Kind == store.AccessToken {
		out.Kind, out.Key = kindOf(a.Token.Key), a.Token.Key
	}
	return out, nil
}

// accessOf returns what a token of any kind stands for, or [store.ErrNotFound].
func accessOf(ctx context.Context, r *store.Reader, q *oidc.TokenQuestion) (store.Access, error) {
	for _, kind := range kinds {
		a, err := r.Access(ctx, kind, q.Token.Hash())
		if !errors.Is(err, store.ErrNotFound) {
			return a, err
		}
	}
	return store.Access{}, store.ErrNotFound
}
