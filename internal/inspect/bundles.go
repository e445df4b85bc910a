package inspect

import (
	"context"
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// maxBundles is how many support bundles of one trace can be open.
const maxBundles = 20

// BundleLives are for how many days a support bundle may be made.
func BundleLives() []int { return []int{1, 7, 30} }

// MakeBundle makes a support bundle of a trace, which the token opens. What is
// personal is blanked now: nobody can open it wider.
func (s *Service) MakeBundle(ctx context.Context, v *Viewer, reference string, days int) (secret.Token, error) {
	life := time.Duration(days) * 24 * time.Hour
	if life <= 0 || life > sso.MaxBundleLife {
		return secret.Token{}, &fault.Error{Kind: fault.Invalid, Code: "choice_unknown", Fix: fault.PersonSide}
	}
	token := secret.NewToken()
	err := s.change(ctx, v, reference, func(a *act) error {
		open, err := a.tx.Bundles(ctx, a.view.Reference, a.now, maxBundles)
		if err != nil {
			return err
		}
		if len(open) >= maxBundles {
			return &fault.Error{Kind: fault.Exhausted, Code: "bundle_many", Want: "fewer support bundles of one trace", Fix: fault.PersonSide}
		}
		b := sso.Bundle{ID: sso.NewBundleID(a.now), Reference: a.view.Reference, Org: a.view.Org, By: a.by, CreatedAt: a.now, ExpiresAt: a.now.Add(life)}
		b.Content = a.view.Bundle(s.about(a.view.Connection))
		if err := a.tx.InsertBundle(ctx, b, token.Hash()); err != nil {
			return err
		}
		return a.record("trace.bundle_made", map[string]string{"bundle": string(b.ID), "until": b.ExpiresAt.Format(time.RFC3339)})
	})
	return token, err
}

// about returns what a bundle says of a connection.
func (s *Service) about(c *sso.Connection) sso.BundleConnection {
	if c == nil {
		return sso.BundleConnection{}
	}
	return sso.BundleConnection{
		Name: c.Name, Vendor: c.SAML.Vendor, IdPEntityID: c.SAML.IdPEntityID, SPEntityID: federation.EntityID(s.BaseURL, c), ACS: federation.ACS(s.BaseURL, c),
	}
}

// RevokeBundle closes a support bundle of a trace for good.
func (s *Service) RevokeBundle(ctx context.Context, v *Viewer, reference string, id sso.BundleID) error {
	return s.change(ctx, v, reference, func(a *act) error {
		err := a.tx.RevokeBundle(ctx, a.view.Reference, id, a.now)
		if errors.Is(err, store.ErrNotFound) {
			return &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Fix: fault.PersonSide}
		}
		if err != nil {
			return err
		}
		return a.record("trace.bundle_revoked", map[string]string{"bundle": string(id)})
	})
}

// Bundle returns what a token opens, to whoever has it.
func (s *Service) Bundle(ctx context.Context, token secret.Token) (sso.Bundle, error) {
	var b sso.Bundle
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		b, err = r.Bundle(ctx, token.Hash())
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return sso.Bundle{}, sso.NoBundle()
	}
	if err != nil {
		return sso.Bundle{}, err
	}
	if err := b.Usable(s.Now()); err != nil {
		return sso.Bundle{}, err
	}
	return b, nil
}
