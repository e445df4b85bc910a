package provision

import (
	"context"
	"slices"
	"strconv"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// ResetPassword mails somebody who has credentials a link to set a new
// password. Who never had any is told so by the fault reset_no_credentials.
func (s *Service) ResetPassword(ctx context.Context, by *sso.By, org sso.OrgID, user sso.UserID) error {
	return s.recover(ctx, by, org, user, "user.password_reset", func(a *act, them *sso.Standing) error {
		return s.Recovery.ResetPassword(ctx, a.tx, &them.User)
	})
}

// ResetAccount takes from somebody all that they sign in with but single
// sign-on, ends their sessions, and mails them a link to register anew.
func (s *Service) ResetAccount(ctx context.Context, by *sso.By, org sso.OrgID, user sso.UserID) error {
	return s.recover(ctx, by, org, user, "user.account_reset", func(a *act, them *sso.Standing) error {
		return s.Recovery.ResetAccount(ctx, a.tx, them.User, a.place.Name)
	})
}

// Unlock lets somebody who has guessed too often try again at once.
func (s *Service) Unlock(ctx context.Context, by *sso.By, org sso.OrgID, user sso.UserID) error {
	return s.change(ctx, by, org, func(a *act) error {
		them, err := a.whom(user, a.rights.Manage)
		if err != nil {
			return err
		}
		if err := s.Limits.Unlock(ctx, a.tx, user); err != nil {
			return err
		}
		return a.recordAround(&them, "user.unlocked", nil)
	})
}

func (s *Service) recover(ctx context.Context, by *sso.By, org sso.OrgID, user sso.UserID, action string, fn func(a *act, them *sso.Standing) error) error {
	return s.change(ctx, by, org, func(a *act) error {
		them, err := a.whom(user, a.rights.Recover)
		if err != nil {
			return err
		}
		if err := them.User.MaySignIn(); err != nil {
			return err
		}
		if err := fn(a, &them); err != nil {
			return err
		}
		return a.recordAround(&them, action, nil)
	})
}

// EndSession ends one session of a member, in the organization or below it.
func (s *Service) EndSession(ctx context.Context, by *sso.By, org sso.OrgID, user sso.UserID, id sso.SessionID) error {
	_, err := s.endSessions(ctx, by, org, user, func(a *act, _ []sso.OrgID) (int, error) {
		p, err := a.tx.PersonBySession(ctx, id)
		if err != nil {
			return 0, err
		}
		if open := p.Session.EndedAt.IsZero() && a.now.Before(p.Session.ExpiresAt); !open || p.User.ID != user || !slices.Contains(p.Org.Path, org) {
			return 0, store.ErrNotFound
		}
		return 1, a.tx.Org(p.Org.ID).EndSession(ctx, user, id, a.now)
	})
	return err
}

// EndSessions ends all sessions of a member in the organization and below it,
// and returns how many.
func (s *Service) EndSessions(ctx context.Context, by *sso.By, org sso.OrgID, user sso.UserID) (int, error) {
	return s.endSessions(ctx, by, org, user, func(a *act, in []sso.OrgID) (int, error) {
		all := 0
		for _, id := range in {
			n, err := a.tx.Org(id).EndSessionsOf(ctx, user, a.now)
			if err != nil {
				return 0, err
			}
			all += n
		}
		return all, nil
	})
}

// endSessions has end do its work on somebody whom by may sign out. It gets the
// organizations of which they are a member, this one and those below it.
func (s *Service) endSessions(ctx context.Context, by *sso.By, org sso.OrgID, user sso.UserID, end func(a *act, in []sso.OrgID) (int, error)) (n int, err error) {
	err = s.change(ctx, by, org, func(a *act) error {
		p, err := a.position(user)
		if err != nil {
			return err
		}
		if err := a.rights.Touch(&p); err != nil {
			return err
		}
		them, err := a.tx.Standing(ctx, user)
		if err != nil {
			return err
		}
		var in []sso.OrgID
		for i := range them.Positions {
			if slices.Contains(them.Positions[i].Path, org) {
				in = append(in, them.Positions[i].Org)
			}
		}
		if n, err = end(a, in); err != nil || n == 0 {
			return err
		}
		return a.record("session.ended", string(user), map[string]string{"sessions": strconv.Itoa(n)})
	})
	return n, err
}
