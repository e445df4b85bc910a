package provision

import (
	"context"
	"slices"
	"strconv"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Suspend shuts somebody out, everywhere and at once.
func (s *Service) Suspend(ctx context.Context, by *sso.By, org sso.OrgID, user sso.UserID) error {
	return s.change(ctx, by, org, func(a *act) error {
		them, err := a.whom(user, a.rights.Suspend)
		if err != nil {
			return err
		}
		ended, err := a.tx.EndSessionsOf(ctx, user, a.now)
		if err != nil {
			return err
		}
		return a.setState(&them, sso.UserSuspended, "user.suspended", map[string]string{"sessions": strconv.Itoa(ended)})
	})
}

// Resume lets somebody who was shut out in again. Who was shut out because the
// account was not used has the whole time again.
func (s *Service) Resume(ctx context.Context, by *sso.By, org sso.OrgID, user sso.UserID) error {
	return s.change(ctx, by, org, func(a *act) error {
		them, err := a.whom(user, a.rights.Manage)
		if err != nil {
			return err
		}
		return a.setState(&them, sso.UserActive, "user.resumed", nil)
	})
}

func (a *act) setState(them *sso.Standing, state sso.UserState, action string, detail map[string]string) error {
	u, before := them.User, them.User.Settings()
	if u.State == state {
		return nil
	}
	u.State, u.UpdatedAt = state, a.now
	if err := a.tx.Org(u.Home).SaveUser(a.ctx, u); err != nil {
		return err
	}
	return a.recordAround(them, action, detail, u.Settings().Changed(before)...)
}

// Removal says what it means to remove somebody.
type Removal struct {
	User          sso.User
	Organizations int // of which they are no members any more
	Sessions      int
	// Deletes says that the account goes, since they are at home here.
	Deletes bool
}

// Removal returns what it would mean to remove a member.
func (s *Service) Removal(ctx context.Context, in *Place, user sso.UserID) (Removal, error) {
	var out Removal
	err := s.read(ctx, func(r *store.Reader) error {
		if _, err := r.Org(in.ID).Membership(ctx, user); err != nil {
			return err
		}
		them, err := r.Standing(ctx, user)
		if err != nil {
			return err
		}
		goes := removed(&them, in.ID)
		out.User, out.Organizations, out.Deletes = them.User, len(goes), slices.Contains(them.HomePath, in.ID)
		sessions, err := r.SessionsOf(ctx, user, s.Now(), maxSessions)
		if err != nil {
			return err
		}
		for i := range sessions {
			if slices.ContainsFunc(goes, func(p sso.Position) bool { return p.Org == sessions[i].Org }) {
				out.Sessions++
			}
		}
		return nil
	})
	return out, err
}

// removed returns the memberships that end when somebody is removed from an
// organization: those there and below, and all where they are at home there.
func removed(them *sso.Standing, org sso.OrgID) []sso.Position {
	if slices.Contains(them.HomePath, org) {
		return them.Positions
	}
	var goes []sso.Position
	for _, p := range them.Positions {
		if slices.Contains(p.Path, org) {
			goes = append(goes, p)
		}
	}
	return goes
}

// Remove ends what somebody is in the organization and below it. Where they
// are at home there, their account is deleted, with all they could sign in
// with; a mark stays, so that no sign-in makes them anew. Invitations to them
// are withdrawn, there and below: they are no way back. Where the identity
// provider says who there is, it is the one to remove them.
func (s *Service) Remove(ctx context.Context, by *sso.By, org sso.OrgID, user sso.UserID) error {
	return s.change(ctx, by, org, func(a *act) error {
		them, err := a.member(user)
		if err != nil {
			return err
		}
		if err := a.listedByHand(); err != nil {
			return err
		}
		if !slices.Contains(them.HomePath, org) {
			for _, p := range removed(&them, org) {
				if err := a.removeFrom(&p); err != nil {
					return err
				}
			}
			return a.withdraw(org, them.User.Email)
		}
		if err := a.delete(&them); err != nil {
			return err
		}
		return a.withdraw(org, them.User.Email)
	})
}

// delete deletes an account.
func (a *act) delete(them *sso.Standing) error {
	if err := a.rights.Suspend(them); err != nil {
		return err
	}
	for _, p := range them.Positions {
		if err := a.tx.Org(p.Org).RemoveMembership(a.ctx, p.User, a.now); err != nil {
			return err
		}
		if p.Org != a.place.ID && p.Org != them.User.Home {
			if err := a.recordIn(p.Org, "membership.removed", string(p.User), nil, sso.Settings{}.Changed(p.Settings())...); err != nil {
				return err
			}
		}
	}
	if err := a.tx.WipeCredentials(a.ctx, them.User.ID, a.now); err != nil {
		return err
	}
	u, err := a.tx.User(a.ctx, them.User.ID) // as it is without them
	if err != nil {
		return err
	}
	// The address stays with the mark; the username may be somebody else's.
	u.Username = ""
	them.User = u
	return a.setState(them, sso.UserDeleted, "user.deleted", map[string]string{"address": u.Email.String(), "organizations": strconv.Itoa(len(them.Positions))})
}
