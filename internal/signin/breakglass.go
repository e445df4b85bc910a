package signin

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/otp"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// BreakGlass proves an owner by one of the codes that their organization has
// put aside for when its identity provider fails. The code is used up, every
// owner is told, and the sign-in goes on as any other: with a second factor
// where the policy asks for one. Without an id a new attempt is made. Nobody's
// address, somebody who is no owner and a wrong code get the same answer.
func (s *Service) BreakGlass(ctx context.Context, b Browser, id sso.AttemptID, address, code string) (sso.Attempt, error) {
	email, err := sso.ParseEmail(address)
	if err != nil {
		return sso.Attempt{}, err
	}
	whom := suspect{typed: email.String()}
	a, err := s.glass(ctx, b, id, email, code, &whom)
	if err != nil {
		return sso.Attempt{}, s.refused(ctx, b, id, sso.HopGlass, whom, err)
	}
	return a, nil
}

func (s *Service) glass(ctx context.Context, b Browser, id sso.AttemptID, email sso.Email, code string, whom *suspect) (sso.Attempt, error) {
	if err := s.Limiter.Allow(ctx, backoff.Network(b.Address), backoff.Name(email.Key(), "", b.Address)); err != nil {
		return sso.Attempt{}, err
	}
	hash, err := otp.BreakGlassHash(code)
	if err != nil {
		return sso.Attempt{}, wrongGlass()
	}
	begun := s.newAttempt(b)
	var a sso.Attempt
	err = s.DB.Write(ctx, func(tx *store.Writer) error {
		a = begun // the transaction may run twice
		if id != "" {
			var err error
			if a, err = s.load(ctx, tx.Reader, b, id); err != nil {
				return err
			}
			if !a.Proof.At.IsZero() || a.Session != "" {
				return at(&a, sso.StepIdentify)
			}
		}
		if err := s.breakGlass(ctx, tx, b, &a, email, hash, whom); err != nil {
			return err
		}
		if id != "" {
			return saveAttempt(ctx, tx, &a)
		}
		return tx.InsertAttempt(ctx, a)
	})
	if err != nil {
		return sso.Attempt{}, fmt.Errorf("signing in by a break-glass code: %w", err)
	}
	return a, nil
}

func wrongGlass() error {
	return &fault.Error{Kind: fault.Unauthenticated, Code: "break_glass_wrong", Fix: fault.PersonSide}
}

// breakGlass uses up the code of whichever organization it is of which somebody
// with the address is an owner.
func (s *Service) breakGlass(ctx context.Context, tx *store.Writer, b Browser, a *sso.Attempt, email sso.Email, code secret.Hash, whom *suspect) error {
	users, err := tx.UsersByEmail(ctx, email)
	if err != nil {
		return err
	}
	users = slices.DeleteFunc(users, func(u store.UserAt) bool { return u.MaySignIn() != nil })
	if len(users) == 1 && (a.Org == "" || slices.Contains(users[0].HomePath, a.Org)) { // nobody learns who has an account elsewhere
		whom.user, whom.org = users[0].User.ID, users[0].User.Home
	}
	for i := range users {
		u := &users[i].User
		memberships, err := tx.Memberships(ctx, u.ID)
		if err != nil {
			return err
		}
		for j := range memberships {
			if memberships[j].Role != sso.RoleOwner {
				continue
			}
			org := memberships[j].Org
			err := tx.Org(org).UseBreakGlassCode(ctx, code, u.ID, s.Now())
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			return s.broken(ctx, tx, b, a, u, org)
		}
	}
	return wrongGlass()
}

// broken writes into the attempt who has come by a code, and tells of it.
func (s *Service) broken(ctx context.Context, tx *store.Writer, b Browser, a *sso.Attempt, u *sso.User, org sso.OrgID) error {
	now := s.Now()
	a.Typed, a.Username, a.Org = u.Email, "", org
	a.Method, a.Connection, a.Choices = sso.ByBreakGlass, "", nil
	a.Hop(sso.HopGlass, now)
	a.Proof = sso.Proof{User: u.ID, Org: org, AMR: []string{sso.AMRBreakGlass}, At: now}
	event := sso.Event{At: now, Actor: string(u.ID), Address: addressOf(b), UserAgent: sso.ClipUserAgent(b.UserAgent), Action: "break_glass.used", Target: string(org)}
	if err := tx.Org(org).Record(ctx, event); err != nil {
		return err
	}
	line, err := tx.Lineage(ctx, org)
	if err != nil {
		return err
	}
	owners, err := authority.Owners(ctx, tx.Reader, line)
	if err != nil {
		return err
	}
	for i := range owners {
		o := &owners[i].User
		if o.Email.IsZero() {
			continue
		}
		err := s.Factors.Outbox.Enqueue(ctx, tx, notify.Message{
			Channel: notify.Mail, Kind: notify.BreakGlassUsed, Org: org, User: o.ID, To: o.Email.String(), Language: o.Language,
			Data: map[notify.Gap]string{
				notify.Organization: line[len(line)-1].Name, notify.Owner: u.Name(), notify.At: notify.Instant(now), notify.Device: sso.DeviceName(b.UserAgent), notify.Place: addressOf(b),
			},
		})
		if err != nil {
			return err
		}
	}
	if err := s.Limiter.GiveBack(ctx, tx, backoff.Network(b.Address), backoff.Name(u.Email.Key(), "", b.Address)); err != nil {
		return err
	}
	return s.settle(ctx, tx, b, a)
}
