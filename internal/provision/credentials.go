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
		them, err := a.member(user)
		if err != nil {
			return err
		}
		if err := a.rights.Manage(&them); err != nil {
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
		them, err := a.member(user)
		if err != nil {
			return err
		}
		if err := a.rights.Recover(&them); err != nil {
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
	n, err := s.endSessions(ctx, by, org, user, func(session *store.SessionAt) bool { return session.ID == id })
	if err == nil && n == 0 {
		err = store.ErrNotFound
	}
	return err
}

// EndSessions ends all sessions of a member in the organization and below it,
// and returns how many.
func (s *Service) EndSessions(ctx context.Context, by *sso.By, org sso.OrgID, user sso.UserID) (int, error) {
	return s.endSessions(ctx, by, org, user, func(*store.SessionAt) bool { return true })
}

func (s *Service) endSessions(ctx context.Context, by *sso.By, org sso.OrgID, user sso.UserID, which func(*store.SessionAt) bool) (int, error) {
	n := 0
	err := s.change(ctx, by, org, func(a *act) error {
		n = 0
		p, err := a.position(user)
		if err != nil {
			return err
		}
		if err := a.rights.Touch(&p); err != nil {
			return err
		}
		sessions, err := a.tx.SessionsOf(ctx, user, a.now, 10*maxSessions)
		if err != nil {
			return err
		}
		for i := range sessions {
			session := &sessions[i]
			if !slices.Contains(session.Path, org) || !which(session) {
				continue
			}
			if err := a.tx.Org(session.Org).EndSession(ctx, user, session.ID, a.now); err != nil {
				return err
			}
			n++
		}
		if n == 0 {
			return nil
		}
		return a.record("session.ended", string(user), map[string]string{"sessions": strconv.Itoa(n)})
	})
	return n, err
}
