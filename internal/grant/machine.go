package grant

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// machineOf returns what a machine's token stands for that may be used now, or
// [store.ErrNotFound].
func (s *Service) machineOf(ctx context.Context, token secret.Token) (store.MachineAccess, error) {
	var a store.MachineAccess
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		a, err = r.MachineAccess(ctx, token.Hash())
		return err
	})
	if err == nil && !s.works(&a) {
		err = store.ErrNotFound
	}
	return a, err
}

// works reports whether a machine's token may be used now: what the app may do is
// asked of the app as it is now.
func (s *Service) works(a *store.MachineAccess) bool {
	return s.Now().Before(a.Token.ExpiresAt) && a.App.On() == nil && a.App.Grants(sso.GrantClientCredentials)
}

// scopesOf returns the scopes of a token that the app still has.
func scopesOf(a *store.MachineAccess) []string {
	kept := []string{}
	for _, scope := range a.Token.Scopes {
		if slices.Contains(a.App.Scopes, scope) {
			kept = append(kept, scope)
		}
	}
	return kept
}

// machine gives an app a token for itself, by settings that are to be found again.
func (s *Service) machine(ctx context.Context, app *sso.App, mark store.Mark, r oidc.TokenRequest, key string) (oidc.TokenResponse, error) {
	if app.Public() { // anybody could say that they are it
		return oidc.TokenResponse{}, oidc.GrantNotAllowed()
	}
	scopes, err := r.MachineScopes(app.Scopes)
	if err != nil {
		return oidc.TokenResponse{}, err
	}
	now := s.Now()
	used := s.inUse(app, &r.Client, now)
	scope := strings.Join(scopes, " ")
	e := ofApp(app, &r.Client, "app.token_given", now)
	e.Detail = map[string]string{"scope": scope}
	var token secret.Token
	err = s.DB.Write(ctx, func(tx *store.Writer) error {
		if err := under(ctx, tx, mark); err != nil {
			return err
		}
		token = tx.NewToken(now)
		return errors.Join(
			noteUse(ctx, tx, used, now),
			tx.InsertMachineToken(ctx, store.MachineToken{Hash: token.Hash(), App: app.ID, Scopes: scopes, Key: key, CreatedAt: now, ExpiresAt: now.Add(TokenLife)}),
			tx.Record(ctx, e),
		)
	})
	if err != nil {
		return oidc.TokenResponse{}, fmt.Errorf("giving a machine its token: %w", err)
	}
	if used != "" {
		s.noted.Store(used, now)
	}
	return oidc.TokenResponse{AccessToken: token, ExpiresIn: TokenLife, Scope: scope, Bound: key != ""}, nil
}

// introspectMachine is [Service.Introspect] of what may be a machine's own token.
// It is the app itself that such a token stands for.
func (s *Service) introspectMachine(ctx context.Context, q oidc.TokenQuestion) (oidc.Introspection, error) {
	m, err := s.machineOf(ctx, q.Token)
	if errors.Is(err, store.ErrNotFound) {
		return oidc.Introspection{}, nil
	}
	if err != nil {
		return oidc.Introspection{}, err
	}
	return oidc.Introspection{
		Active: true, Issuer: s.Issuer, Subject: m.App.ClientID, ClientID: m.App.ClientID, Scope: strings.Join(scopesOf(&m), " "), Kind: kindOf(m.Token.Key), Key: m.Token.Key,
		IssuedAt: m.Token.CreatedAt, Expires: m.Token.ExpiresAt,
	}, nil
}

// kindOf returns the token_type of an access token.
func kindOf(key string) string {
	if key == "" {
		return "Bearer"
	}
	return "DPoP"
}

// revokeMachine deletes a machine's own token, if it is one of this app's.
func revokeMachine(ctx context.Context, tx *store.Writer, app *sso.App, token secret.Hash) error {
	a, err := tx.MachineAccess(ctx, token)
	if errors.Is(err, store.ErrNotFound) || err == nil && a.App.ID != app.ID {
		return nil
	}
	if err != nil {
		return err
	}
	return tx.DeleteMachineToken(ctx, token)
}
