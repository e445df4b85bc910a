package provision

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// GroupPage is one page of a list of groups.
type GroupPage struct {
	Groups []store.GroupLine
	Next   store.GroupPlace // where the next page begins; zero: there is none
}

// Groups lists groups of an organization whose names begin so.
func (s *Service) Groups(ctx context.Context, in *Place, beginning string, after store.GroupPlace) (GroupPage, error) {
	var page GroupPage
	err := s.read(ctx, func(r *store.Reader) error {
		var err error
		page.Groups, err = r.Org(in.ID).Groups(ctx, sso.Fold(beginning), after, PageSize+1)
		return err
	})
	if len(page.Groups) > PageSize {
		page.Groups = page.Groups[:PageSize]
		page.Next = page.Groups[PageSize-1].Place
	}
	return page, err
}

// Group returns a group of an organization and how many are in it.
func (s *Service) Group(ctx context.Context, in *Place, id sso.GroupID) (sso.Group, int, error) {
	var g sso.Group
	n := 0
	err := s.read(ctx, func(r *store.Reader) error {
		var err error
		if g, err = r.Org(in.ID).Group(ctx, id); err != nil {
			return err
		}
		n, err = r.Org(in.ID).CountGroup(ctx, g.Name)
		return err
	})
	return g, n, err
}

// CreateGroup makes a group without members.
func (s *Service) CreateGroup(ctx context.Context, by *sso.By, org sso.OrgID, name, description string) (sso.GroupID, error) {
	var id sso.GroupID
	name, description, err := groupText(name, description)
	if err != nil {
		return "", err
	}
	err = s.change(ctx, by, org, func(a *act) error {
		id = sso.NewGroupID(a.now)
		g := sso.Group{ID: id, Org: org, Name: name, Description: description, CreatedAt: a.now, UpdatedAt: a.now}
		if err := taken(a.org.InsertGroup(ctx, g), name); err != nil {
			return err
		}
		return a.record("group.created", string(id), map[string]string{"name": name}, g.Settings().Changed(nil)...)
	})
	return id, err
}

// EditGroup gives a group another name, which applications are told of each of
// its members from then on, and another description.
func (s *Service) EditGroup(ctx context.Context, by *sso.By, org sso.OrgID, id sso.GroupID, name, description string) error {
	return s.ChangeGroup(ctx, by, org, id, func(g *sso.Group) error {
		g.Name, g.Description = name, description
		return nil
	})
}

// ChangeGroup is [Service.EditGroup] for who changes a group as it is now: edit
// gives it a name and a description, or refuses. It may run twice.
func (s *Service) ChangeGroup(ctx context.Context, by *sso.By, org sso.OrgID, id sso.GroupID, edit func(g *sso.Group) error) error {
	return s.change(ctx, by, org, func(a *act) error {
		was, err := a.org.Group(ctx, id)
		if err != nil {
			return err
		}
		to := was
		if err := edit(&to); err != nil {
			return err
		}
		g := was
		if g.Name, g.Description, err = groupText(to.Name, to.Description); err != nil || g == was {
			return err
		}
		g.UpdatedAt = a.now
		if err := taken(a.org.SaveGroup(ctx, g), g.Name); err != nil {
			return err
		}
		return a.record("group.changed", string(id), nil, g.Settings().Changed(was.Settings())...)
	})
}

// DeleteGroup deletes a group. The people stay.
func (s *Service) DeleteGroup(ctx context.Context, by *sso.By, org sso.OrgID, id sso.GroupID) error {
	return s.change(ctx, by, org, func(a *act) error {
		g, err := a.org.Group(ctx, id)
		if err != nil {
			return err
		}
		n, err := a.org.CountGroup(ctx, g.Name)
		if err != nil {
			return err
		}
		if err := a.org.DeleteGroup(ctx, id, a.now); err != nil {
			return err
		}
		return a.record("group.deleted", string(id), map[string]string{"name": g.Name, "members": strconv.Itoa(n)}, sso.Settings{}.Changed(g.Settings())...)
	})
}

// AddToGroup puts the member with this address or username into a group.
func (s *Service) AddToGroup(ctx context.Context, by *sso.By, org sso.OrgID, id sso.GroupID, who string) error {
	return s.change(ctx, by, org, func(a *act) error {
		g, err := a.org.Group(ctx, id)
		if err != nil {
			return err
		}
		p, err := a.find(who)
		if err != nil {
			return err
		}
		if slices.Contains(p.Groups, g.Name) {
			return nil
		}
		return unlessSame(a.setGroups(&p, append(slices.Clone(p.Groups), g.Name)))
	})
}

// PutIntoGroup puts a member into a group.
func (s *Service) PutIntoGroup(ctx context.Context, by *sso.By, org sso.OrgID, id sso.GroupID, user sso.UserID) error {
	return s.change(ctx, by, org, func(a *act) error {
		g, err := a.org.Group(ctx, id)
		if err != nil {
			return err
		}
		p, err := a.position(user)
		if err != nil || slices.Contains(p.Groups, g.Name) {
			return err
		}
		return unlessSame(a.setGroups(&p, append(slices.Clone(p.Groups), g.Name)))
	})
}

// RemoveFromGroup takes a member out of a group.
func (s *Service) RemoveFromGroup(ctx context.Context, by *sso.By, org sso.OrgID, id sso.GroupID, user sso.UserID) error {
	return s.change(ctx, by, org, func(a *act) error {
		g, err := a.org.Group(ctx, id)
		if err != nil {
			return err
		}
		p, err := a.position(user)
		if err != nil {
			return err
		}
		left := slices.DeleteFunc(slices.Clone(p.Groups), func(name string) bool { return name == g.Name })
		return unlessSame(a.setGroups(&p, left))
	})
}

// find returns the one member with this address or username.
func (a *act) find(who string) (sso.Position, error) {
	unknown := &fault.Error{Kind: fault.Invalid, Code: "member_unknown", Want: "the address or username of one member", Got: who, Fix: fault.PersonSide}
	var users []store.UserAt
	e, err := sso.ParseEmail(who)
	if err == nil {
		users, err = a.tx.UsersByEmail(a.ctx, e)
	} else if name, bad := sso.ParseUsername(who); bad == nil {
		users, err = a.tx.UsersByUsername(a.ctx, name)
	} else {
		return sso.Position{}, unknown
	}
	if err != nil {
		return sso.Position{}, err
	}
	var found []sso.Position
	for i := range users {
		p, err := a.position(users[i].ID)
		if err == nil {
			found = append(found, p)
		} else if !errors.Is(err, store.ErrNotFound) {
			return sso.Position{}, err
		}
	}
	if len(found) != 1 {
		return sso.Position{}, unknown
	}
	return found[0], nil
}

func groupText(name, description string) (string, string, error) {
	name, err := sso.ParseGroupName(name)
	if err != nil {
		return "", "", err
	}
	if utf8.RuneCountInString(description) > sso.MaxDescription {
		return "", "", &fault.Error{Kind: fault.Invalid, Code: "description_long", Want: "at most 500 characters", Fix: fault.PersonSide}
	}
	return name, sso.CleanDescription(description), nil
}

// taken names a conflict on the name of a group.
func taken(err error, name string) error {
	if store.ConflictOn(err, store.GroupName) {
		return &fault.Error{Kind: fault.Conflict, Code: "group_taken", Got: name, Fix: fault.PersonSide}
	}
	return err
}
