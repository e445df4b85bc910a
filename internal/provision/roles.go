package provision

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Roles returns the roles that somebody may give in an organization: the
// built-in ones within their rights, and those that the operator has defined.
func (s *Service) Roles(ctx context.Context, in *Place) (builtIn []sso.Role, defined []sso.RoleDefinition, err error) {
	err = s.read(ctx, func(r *store.Reader) error {
		defined, err = r.Roles(ctx)
		return err
	})
	return in.Rights.Roles(), defined, err
}

// ChangeRole gives a member another role.
func (s *Service) ChangeRole(ctx context.Context, by *sso.By, org sso.OrgID, user sso.UserID, to string) error {
	return s.change(ctx, by, org, func(a *act) error {
		role, err := role(ctx, a.tx.Reader, to)
		if err != nil {
			return err
		}
		p, err := a.position(user)
		if err != nil {
			return err
		}
		return unlessSame(a.changeRole(&p, role))
	})
}

// give refuses to give a role that whoever has these rights may not give, or not
// without a fresh proof.
func give(rights sso.Rights, role sso.Role, now time.Time) error {
	if err := rights.Give(role); err != nil {
		return err
	}
	return rights.Prove(role, now)
}

// changeRole changes what somebody is in an organization at or below the one
// that is administered.
func (a *act) changeRole(p *sso.Position, to sso.Role) error {
	rights := a.by.RightsIn(&sso.Organization{ID: p.Org, Path: p.Path})
	if err := rights.ChangeRole(p, to); err != nil {
		return err
	}
	was, before := p.Role, p.Settings()
	if was == to {
		return errSame
	}
	if to.Above(was) {
		if err := rights.Prove(to, a.now); err != nil {
			return err
		}
	}
	p.Role, p.UpdatedAt = to, a.now
	if err := a.tx.Org(p.Org).SaveMembership(a.ctx, p.Membership); err != nil {
		return err
	}
	if err := a.roleChanged(p.Org, p.User, was, to); err != nil {
		return err
	}
	return a.recordIn(p.Org, "membership.role_changed", string(p.User), nil, p.Settings().Changed(before)...)
}

// roleChanged has the sessions of somebody follow a change of their role.
func (a *act) roleChanged(org sso.OrgID, user sso.UserID, from, to sso.Role) error {
	o := a.place
	if org != o.ID {
		var err error
		if o, err = a.tx.Organization(a.ctx, org); err != nil {
			return err
		}
	}
	return a.tx.Org(org).RoleChanged(a.ctx, &o, user, from, to, a.now)
}

// SetGroups puts a member into exactly these groups of the organization.
func (s *Service) SetGroups(ctx context.Context, by *sso.By, org sso.OrgID, user sso.UserID, groups []string) error {
	return s.change(ctx, by, org, func(a *act) error {
		p, err := a.position(user)
		if err != nil {
			return err
		}
		return unlessSame(a.setGroups(&p, groups))
	})
}

// NewPosition is what a member is to be; nil leaves that as it is.
type NewPosition struct {
	Role   *string
	Groups *[]string // exactly these
	// Read is when it was changed last by what was looked at; zero: whatever it
	// is by now.
	Read time.Time
}

// SetPosition gives a member a role and groups, at once.
func (s *Service) SetPosition(ctx context.Context, by *sso.By, org sso.OrgID, user sso.UserID, to NewPosition) error {
	return s.change(ctx, by, org, func(a *act) error {
		p, err := a.position(user)
		if err != nil {
			return err
		}
		if !to.Read.IsZero() && !p.UpdatedAt.Equal(to.Read) {
			return store.ErrConflict
		}
		if to.Role != nil {
			role, err := role(ctx, a.tx.Reader, *to.Role)
			if err != nil {
				return err
			}
			if err := unlessSame(a.changeRole(&p, role)); err != nil {
				return err
			}
		}
		if to.Groups == nil {
			return nil
		}
		return unlessSame(a.setGroups(&p, *to.Groups))
	})
}

func (a *act) setGroups(p *sso.Position, groups []string) error {
	if err := a.rights.Touch(p); err != nil {
		return err
	}
	groups, err := groupNames(groups)
	if err != nil {
		return err
	}
	if sameGroups(p.Groups, groups) {
		return errSame
	}
	before := p.Settings()
	p.Groups, p.UpdatedAt = groups, a.now
	if err := a.tx.Org(p.Org).SaveMembership(a.ctx, p.Membership); err != nil {
		return err
	}
	return a.recordIn(p.Org, "membership.groups_changed", string(p.User), nil, p.Settings().Changed(before)...)
}

// groupNames judges names of groups, each of which counts once.
func groupNames(names []string) ([]string, error) {
	var all []string
	for _, name := range names {
		if strings.TrimSpace(name) == "" {
			continue
		}
		name, err := sso.ParseGroupName(name)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	if len(all) > sso.MaxGroups {
		return nil, &fault.Error{Kind: fault.Exhausted, Code: "group_many", Want: "at most 1000 groups", Fix: fault.PersonSide}
	}
	return all, nil
}

func sameGroups(a, b []string) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(name string) bool { return !slices.Contains(b, name) })
}

// SetAccess makes a member of the organization one of those below it, with the
// given role, or ends that for "". Organizations that are not named stay.
func (s *Service) SetAccess(ctx context.Context, by *sso.By, org sso.OrgID, user sso.UserID, want map[sso.OrgID]string) error {
	return s.change(ctx, by, org, func(a *act) error {
		them, err := a.member(user)
		if err != nil {
			return err
		}
		for id, to := range want {
			if err := unlessSame(a.access(&them, id, to)); err != nil {
				return err
			}
		}
		return nil
	})
}

// access changes what somebody is in one organization below.
func (a *act) access(them *sso.Standing, id sso.OrgID, to string) error {
	below, err := a.tx.Organization(a.ctx, id)
	if err != nil {
		return err
	}
	if id == a.place.ID || !below.Within(a.place.ID) {
		return store.ErrNotFound
	}
	at := slices.IndexFunc(them.Positions, func(p sso.Position) bool { return p.Org == id })
	if to == "" {
		if at < 0 {
			return errSame
		}
		if err := a.removeFrom(&them.Positions[at]); err != nil {
			return err
		}
		return a.withdraw(id, them.User.Email)
	}
	role, err := role(a.ctx, a.tx.Reader, to)
	if err != nil {
		return err
	}
	if at >= 0 {
		return a.changeRole(&them.Positions[at], role)
	}
	rights := a.by.RightsIn(&below)
	if err := give(rights, role, a.now); err != nil {
		return err
	}
	m := sso.Membership{Org: id, User: them.User.ID, Role: role, CreatedAt: a.now, UpdatedAt: a.now}
	if err := a.tx.Org(id).SaveMembership(a.ctx, m); err != nil {
		return err
	}
	return a.recordIn(id, "membership.created", string(m.User), nil, m.Settings().Changed(nil)...)
}

// removeFrom ends a membership.
func (a *act) removeFrom(p *sso.Position) error {
	rights := a.by.RightsIn(&sso.Organization{ID: p.Org, Path: p.Path})
	if err := rights.Remove(p); err != nil {
		return err
	}
	if err := a.tx.Org(p.Org).RemoveMembership(a.ctx, p.User, a.now); err != nil {
		return err
	}
	return a.recordIn(p.Org, "membership.removed", string(p.User), nil, sso.Settings{}.Changed(p.Settings())...)
}
