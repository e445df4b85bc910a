// Package programs is about callers that are no people: the API keys by which
// they act, how often they may ask, and that a request which is sent twice has
// its effect once.
//
// # Trust
//
// A key is known by the hash of its text, and judged each time it is used; what
// it may do is judged again in the transaction of what it does, by package
// authority. What it may do is what its scopes say, and never more than the
// rules allow to people. That a route is for a scope is the router's to know.
package programs

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Service knows programs. Its fields are set once, before it is used; it is
// safe for concurrent use.
type Service struct {
	DB        *store.DB
	Authority *authority.Service
	Sealer    *secret.Sealer // of answers that are kept
	Now       func() time.Time

	leases sync.Map // of allowances, by the ID of the program: *lease
}

// Know returns the program that holds a key, or a token that a machine's app has
// got for itself. Each use of a key is noted, if not to the second.
func (s *Service) Know(ctx context.Context, token secret.Token) (sso.Program, error) {
	if token.IsZero() {
		return sso.Program{}, authority.NoProgram()
	}
	var k sso.APIKey
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		k, err = r.APIKeyByToken(ctx, token.Hash())
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return s.machine(ctx, token)
	}
	if err != nil {
		return sso.Program{}, err
	}
	now := s.Now()
	if err := k.Usable(now); err != nil {
		return sso.Program{}, err
	}
	if now.Sub(k.UsedAt) >= sso.APIKeyTouchEvery {
		if err := s.DB.Write(ctx, func(tx *store.Writer) error { return tx.TouchAPIKey(ctx, k.ID, now) }); err != nil {
			return sso.Program{}, err
		}
	}
	return k.Program(), nil
}

// machine returns the program that holds a token which an app has got for
// itself. One that is bound to a key is no bearer token, whoever holds it.
func (s *Service) machine(ctx context.Context, token secret.Token) (sso.Program, error) {
	var a store.MachineAccess
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		a, err = r.MachineAccess(ctx, token.Hash())
		return err
	})
	if errors.Is(err, store.ErrNotFound) || err == nil && (a.Token.Key != "" || !s.Now().Before(a.Token.ExpiresAt)) {
		return sso.Program{}, authority.NoProgram()
	}
	if err != nil {
		return sso.Program{}, err
	}
	p, err := a.App.Program()
	if err != nil {
		return sso.Program{}, err
	}
	scopes := make([]sso.Scope, len(a.Token.Scopes))
	for i, scope := range a.Token.Scopes {
		scopes[i] = sso.Scope(scope)
	}
	return p.Within(scopes), nil
}

// In returns a program as somebody in an organization, which is named by its
// key or its ID, and that organization. What a program does not reach is not
// found, whether it is there or not.
func (s *Service) In(ctx context.Context, p *sso.Program, name, address string) (sso.By, sso.Organization, error) {
	var by sso.By
	var o sso.Organization
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		if o, err = authority.Organization(ctx, r, name); err != nil {
			return err
		}
		if by, err = authority.Stand(ctx, r, p, string(o.ID), address, s.Now()); err != nil {
			return err
		}
		if !by.RightsIn(&o).Any() {
			return authority.Unseen(name)
		}
		return nil
	})
	if err != nil {
		return sso.By{}, sso.Organization{}, err
	}
	return by, o, nil
}

// Vendor returns a program of the deployment as somebody of the vendor's.
func (s *Service) Vendor(ctx context.Context, p *sso.Program, address string) (sso.By, error) {
	var by sso.By
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		by, err = authority.Vendor(ctx, r, p, address, s.Now())
		return err
	})
	return by, err
}
