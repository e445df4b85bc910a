package grant

import (
	"context"
	"errors"
	"fmt"

	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// possession verifies the proof that came with a request, if one did, and uses it
// up. A refusal is an [*oidc.TokenError].
func (s *Service) possession(ctx context.Context, proof oidc.DPoP, token secret.Token) (oidc.Possession, error) {
	p, err := proof.Verify(s.Issuer, token, s.Now())
	if err != nil || p.Key == "" {
		return oidc.Possession{}, err
	}
	// What one key calls its proof is no other's business.
	name := secret.HashOf([]byte(p.Key + "\x00" + p.ID))
	err = s.DB.Write(ctx, func(tx *store.Writer) error {
		return tx.InsertSingleUse(ctx, store.KindPossession, name, p.Until, "")
	})
	if errors.Is(err, store.ErrUsed) {
		return oidc.Possession{}, oidc.UsedProof()
	}
	if err != nil {
		return oidc.Possession{}, fmt.Errorf("using a proof of possession up: %w", err)
	}
	return p, nil
}

// possessionOf is possession at the token endpoint, where some apps have to show
// it.
func (s *Service) possessionOf(ctx context.Context, app *sso.App, c *caller) (oidc.Possession, error) {
	if c.held == nil {
		p, err := s.possession(ctx, c.proof, secret.Token{})
		if err != nil {
			return oidc.Possession{}, err
		}
		c.held = &p
	}
	if c.held.Key == "" && app.DPoP {
		return oidc.Possession{}, oidc.NeedsProof()
	}
	return *c.held, nil
}
