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
func (s *Service) possession(ctx context.Context, proof oidc.DPoP) (oidc.Possession, error) {
	p, err := proof.Verify(s.Issuer, secret.Token{}, s.Now())
	if err == nil {
		err = s.useUp(ctx, p)
	}
	if err != nil {
		return oidc.Possession{}, err
	}
	return p, nil
}

// useUp uses a proof up that was verified, if there is one. Anybody can make a key
// and sign with it, so who is refused for something else leaves nothing behind,
// where that can be seen before. A refusal is an [*oidc.TokenError].
func (s *Service) useUp(ctx context.Context, p oidc.Possession) error {
	if p.Key == "" {
		return nil
	}
	// What one key calls its proof is no other's business.
	name := secret.HashOf([]byte(p.Key + "\x00" + p.ID))
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		return tx.InsertSingleUse(ctx, store.KindPossession, name, p.Until, "")
	})
	if errors.Is(err, store.ErrUsed) {
		return oidc.UsedProof()
	}
	if err != nil {
		return fmt.Errorf("using a proof of possession up: %w", err)
	}
	return nil
}

// possessionOf is possession at the token endpoint, where some apps have to show
// it.
func (s *Service) possessionOf(ctx context.Context, app *sso.App, c *caller) (oidc.Possession, error) {
	if c.held == nil {
		p, err := s.possession(ctx, c.proof)
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
