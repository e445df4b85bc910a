package operate

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Bounds of acting as a user.
const (
	ActingLife = time.Hour // then it ends by itself
	MinReason  = 10        // characters
)

// ActAs makes a session in which the caller acts as a member of an
// organization, for a reason that its audit list shows. The caller's own
// session stays, and is where they come back to. It returns the token for the
// browser's session cookie.
func (s *Service) ActAs(ctx context.Context, by *sso.By, user sso.UserID, org sso.OrgID, reason string) (secret.Token, error) {
	if err := mayAct(by); err != nil {
		return secret.Token{}, err
	}
	reason = sso.CleanName(reason)
	if utf8.RuneCountInString(reason) < MinReason {
		return secret.Token{}, &fault.Error{Kind: fault.Invalid, Code: "acting_reason", Want: "a reason of at least 10 characters", Fix: fault.PersonSide}
	}
	token := secret.NewToken()
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		if err := mayActAs(ctx, tx.Reader, user, org); err != nil {
			return err
		}
		now := s.Now()
		session := sso.Session{
			ID: sso.NewSessionID(now), User: user, Org: org, AMR: []string{"acting"}, AuthTime: by.Session.AuthTime,
			CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(ActingLife), UserAgent: by.Session.UserAgent, Address: by.Address,
			Actor: by.User.ID, ActorSession: by.Session.ID, Reason: reason,
		}
		if err := tx.InsertSession(ctx, session, token.Hash()); err != nil {
			return err
		}
		detail := map[string]string{"reason": reason, "session": string(session.ID)}
		return record(ctx, tx, by, now, org, "acting.begun", string(user), detail)
	})
	return token, err
}

// MayActAs refuses what [Service.ActAs] would refuse whatever the reason, for
// the page that asks for one.
func (s *Service) MayActAs(ctx context.Context, by *sso.By, user sso.UserID, org sso.OrgID) error {
	if err := mayAct(by); err != nil {
		return err
	}
	return s.DB.Read(ctx, func(r *store.Reader) error { return mayActAs(ctx, r, user, org) })
}

// mayAct refuses whoever may not act as anybody.
func mayAct(by *sso.By) error {
	if err := mayHelp(by); err != nil {
		return err
	}
	if by.Session.ActedAs() {
		return &fault.Error{Kind: fault.Conflict, Code: "acting_already", Fix: fault.PersonSide}
	}
	return nil
}

// mayActAs refuses to act as somebody who may not sign in, and as anybody of
// the operators' organization: it would make a support agent an operator.
func mayActAs(ctx context.Context, r *store.Reader, user sso.UserID, org sso.OrgID) error {
	p, err := r.Member(ctx, user, org)
	if errors.Is(err, store.ErrNotFound) {
		return &fault.Error{Kind: fault.NotFound, Code: "user_unknown", Fix: fault.OperatorSide}
	}
	if err != nil {
		return err
	}
	if err := p.Admissible(); err != nil {
		return err
	}
	memberships, err := r.Memberships(ctx, p.User.ID)
	if err != nil {
		return err
	}
	operators, err := r.OrganizationByKey(ctx, sso.OperatorsKey)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, m := range memberships {
		if m.Org == operators.ID {
			return &fault.Error{Kind: fault.Denied, Code: "acting_operator", Fix: fault.OperatorSide}
		}
	}
	return nil
}

// StopActing ends a session in which somebody acts as a user, and gives the
// session that they came from a new token, which it returns. Where that one is
// over, the token is empty.
func (s *Service) StopActing(ctx context.Context, by *sso.By) (secret.Token, error) {
	if !by.Session.ActedAs() {
		return secret.Token{}, &fault.Error{Kind: fault.Conflict, Code: "acting_not", Fix: fault.PersonSide}
	}
	var token secret.Token
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		token = secret.Token{}
		now := s.Now()
		if err := tx.EndSession(ctx, by.Session.ID, now); err != nil {
			return err
		}
		if err := record(ctx, tx, by, now, by.Org.ID, "acting.ended", string(by.User.ID), map[string]string{"session": string(by.Session.ID)}); err != nil {
			return err
		}
		own, err := tx.PersonBySession(ctx, by.Session.ActorSession)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if own.User.ID != by.Session.Actor || own.Valid(now) != nil {
			return nil
		}
		token = secret.NewToken()
		return tx.RotateSession(ctx, own.Session.ID, token.Hash(), now)
	})
	return token, err
}
