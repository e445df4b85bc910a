package signin

import (
	"context"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
)

// SignOn is [Service.SetOut] at the sign-on URL of an organization, by its key.
// It says where there is none, for people mistype it; but not to who goes through
// a list of keys. For a network that has missed too often it is try_later, whether
// there is one or not.
func (s *Service) SignOn(ctx context.Context, b Browser, key string) (a sso.Attempt, d *Departure, err error) {
	err = s.named(ctx, b, func() error {
		a, d, err = s.SetOut(ctx, b, Start{OrgKey: key})
		return err
	})
	return a, d, err
}

// GoOn is [Service.Begin] for who is signed in and goes on in the organization of
// this key. What is said of [Service.SignOn] holds here as well.
func (s *Service) GoOn(ctx context.Context, b Browser, key string) (a sso.Attempt, err error) {
	err = s.named(ctx, b, func() error {
		a, err = s.Begin(ctx, b, Start{OrgKey: key, Offer: true})
		return err
	})
	return a, err
}

// named counts what goes by the key of an organization where there is none of it.
// It is counted before, and given back: of many who ask at once, no more would be
// told either.
func (s *Service) named(ctx context.Context, b Browser, begin func() error) error {
	key := backoff.SignOns(b.Address)
	if err := s.Limiter.Allow(ctx, key); err != nil {
		return err
	}
	err := begin()
	if fault.Is(err, "organization_unknown") {
		return err
	}
	back := s.Limiter.Restore(ctx, key)
	if err == nil {
		err = back
	}
	return err
}
