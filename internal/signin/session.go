package signin

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Person returns who a session token stands for, and refuses one that may not
// be used any more, or not from this address: that the session goes on, where
// people may come from. It keeps the session from growing idle.
func (s *Service) Person(ctx context.Context, token secret.Token, from netip.Addr) (sso.Person, error) {
	nobody := &fault.Error{Kind: fault.Unauthenticated, Code: "session_over", Fix: fault.PersonSide}
	if token.IsZero() {
		return sso.Person{}, nobody
	}
	now := s.Now()
	var p sso.Person
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		p, err = holder(ctx, r, token, now)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return sso.Person{}, nobody
	}
	if err != nil {
		return sso.Person{}, err
	}
	if err := p.Valid(now); err != nil {
		return sso.Person{}, err
	}
	if p.Session.ActedAs() {
		if err := s.stillActing(ctx, &p, from, now); err != nil {
			return sso.Person{}, err
		}
	}
	if err := p.From(from); err != nil {
		return sso.Person{}, err
	}
	if now.Sub(p.Session.SeenAt) >= sso.SessionTouchEvery {
		err := s.DB.Write(ctx, func(tx *store.Writer) error { return tx.TouchSession(ctx, p.Session.ID, now) })
		if errors.Is(err, store.ErrNotFound) { // it has ended meanwhile
			return sso.Person{}, nobody
		}
		if err != nil {
			return sso.Person{}, err
		}
		p.Session.SeenAt = now
	}
	return p, nil
}

// holder reads who holds a session token, or one that was replaced a moment
// ago, as what the token is good for.
func holder(ctx context.Context, r *store.Reader, token secret.Token, now time.Time) (sso.Person, error) {
	p, err := r.Person(ctx, token.Hash())
	if errors.Is(err, store.ErrNotFound) {
		p, err = r.RetiredPerson(ctx, token.Hash(), now)
	}
	p.Settle()
	return p, err
}

// Renew replaces the token of a session that waits for it, and returns the new
// one; an empty one where another request was quicker.
func (s *Service) Renew(ctx context.Context, token secret.Token) (secret.Token, error) {
	next := secret.NewToken()
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		return tx.RenewSession(ctx, token.Hash(), next.Hash(), s.Now().Add(sso.RetiredFor))
	})
	if errors.Is(err, store.ErrNotFound) {
		return secret.Token{}, nil
	}
	return next, err
}

// stillActing refuses a session in which somebody acts as the person once they
// themselves are signed out or may not help any more.
func (s *Service) stillActing(ctx context.Context, p *sso.Person, from netip.Addr, now time.Time) error {
	over := &fault.Error{Kind: fault.Unauthenticated, Code: "session_over", Fix: fault.PersonSide}
	var actor sso.Person
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		actor, err = r.PersonBySession(ctx, p.Session.ActorSession)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return over
	}
	if err != nil {
		return err
	}
	actor.Session.SeenAt = now // who acts is not idle
	if actor.User.ID != p.Session.Actor || actor.Valid(now) != nil || !actor.Support() {
		return over
	}
	return actor.From(from)
}
