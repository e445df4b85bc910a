package signin

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Confirm begins an attempt by which the person who is signed in proves anew
// that it is them, in the way in which they can: through the identity provider
// by which they came, by their password, or by a passkey. back is the path of
// ours to go to afterwards.
func (s *Service) Confirm(ctx context.Context, b Browser, back string) (sso.Attempt, error) {
	a := s.newAttempt(b)
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		p, err := s.present(ctx, tx.Reader, b)
		if err != nil {
			return err
		}
		if p.Session.ActedAs() {
			return &fault.Error{Kind: fault.Denied, Code: "acting_credentials", Fix: fault.OperatorSide}
		}
		a.Session, a.Back, a.Fresh, a.Org = p.Session.ID, s.sealBack(a.ID, back), true, p.Org.ID
		a.Typed = p.User.Email
		if a.Typed.IsZero() {
			a.Username = p.User.Username
		}
		switch {
		case p.Session.Connection != "":
			a.Connection, a.Method = p.Session.Connection, sso.BySSO
		case p.User.PasswordHash != "":
			a.Method = sso.ByPassword
		default:
			have, err := tx.Factors(ctx, p.User.ID)
			if err != nil {
				return err
			}
			if !slices.ContainsFunc(have, func(f sso.Factor) bool { return f.Kind == sso.FactorPasskey }) {
				return &fault.Error{Kind: fault.Conflict, Code: "confirm_impossible", Want: "a password, a passkey or an identity provider", Fix: fault.PersonSide}
			}
			a.Method = sso.ByPasskey
		}
		return tx.InsertAttempt(ctx, a)
	})
	if err != nil {
		return sso.Attempt{}, fmt.Errorf("asking somebody who is signed in to confirm: %w", err)
	}
	return a, nil
}

// present returns who is signed in, in this browser.
func (s *Service) present(ctx context.Context, r *store.Reader, b Browser) (sso.Person, error) {
	over := &fault.Error{Kind: fault.Unauthenticated, Code: "session_over", Fix: fault.PersonSide}
	if b.Session.IsZero() {
		return sso.Person{}, over
	}
	p, err := holder(ctx, r, b.Session, s.Now())
	if errors.Is(err, store.ErrNotFound) {
		return sso.Person{}, over
	}
	if err != nil {
		return sso.Person{}, err
	}
	if err := p.Valid(s.Now()); err != nil {
		return sso.Person{}, err
	}
	if err := p.From(b.Address); err != nil {
		return sso.Person{}, err
	}
	return p, nil
}

// confirmed returns whose session an attempt is to confirm, and refuses a
// browser that is not in that session any more.
func (s *Service) confirmed(ctx context.Context, r *store.Reader, b Browser, a *sso.Attempt) (sso.Person, error) {
	p, err := s.present(ctx, r, b)
	if err != nil {
		return sso.Person{}, err
	}
	if p.Session.ID != a.Session {
		return sso.Person{}, &fault.Error{Kind: fault.Conflict, Code: "confirm_session", Want: "the session that was to be confirmed", Got: "another one", Fix: fault.PersonSide}
	}
	return p, nil
}

// refresh ends an attempt that confirms a session: the session goes on under
// another token, as one whose person was just proved.
func (s *Service) refresh(ctx context.Context, tx *store.Writer, b Browser, a *sso.Attempt, token secret.Token) (Finished, error) {
	p, err := s.confirmed(ctx, tx.Reader, b, a)
	if err != nil {
		return Finished{}, err
	}
	if p.User.ID != a.Proof.User {
		return Finished{}, &fault.Error{Kind: fault.Denied, Code: "confirm_person", Want: "the person who is signed in", Got: "another one", Fix: fault.PersonSide}
	}
	if p.Session.BreakGlass() {
		a.Proof.AMR = append(slices.Clone(a.Proof.AMR), sso.AMRBreakGlass)
	}
	p.Session.AMR, p.Session.AuthTime = a.Proof.AMR, a.Proof.At
	p.Session.SAML, p.Session.ExpiresAt = a.Proof.SAML, a.Proof.End(p.Session.ExpiresAt)
	err = tx.RefreshSession(ctx, p.Session, token.Hash(), s.Now())
	if errors.Is(err, store.ErrNotFound) {
		return Finished{}, &fault.Error{Kind: fault.Unauthenticated, Code: "session_over", Fix: fault.PersonSide}
	}
	return Finished{Token: token, Session: p.Session, App: a.App, Request: a.Request, Back: s.wayBack(a)}, err
}
