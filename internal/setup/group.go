package setup

import (
	"errors"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// role defines or changes a role beside the built-in ones.
func (a *applier) role(from *Role) error {
	key, err := sso.ParseRoleKey(from.Key)
	if err != nil {
		return in("key", wanting("a key that is none of a built-in role", err))
	}
	old, err := a.tx.Role(a.ctx, key)
	missing := errors.Is(err, store.ErrNotFound)
	if err != nil && !missing {
		return err
	}
	r := old
	var before *Role
	if missing {
		r = sso.RoleDefinition{Key: key, Name: from.Key, CreatedAt: a.now}
	} else {
		before = to(describeRole(&old))
	}
	setName(&r.Name, from.Name, from.Key)
	if from.Description != nil {
		r.Description = sso.CleanDescription(*from.Description)
	}
	a.kept[key] = true
	if !missing && same(old, r) {
		return nil
	}
	if missing {
		all, err := a.tx.Roles(a.ctx)
		if err != nil {
			return err
		}
		if len(all) >= sso.MaxRoles {
			return &fault.Error{Kind: fault.Exhausted, Code: "role_many", Want: "100 roles at most", Got: from.Key, Fix: fault.OperatorSide}
		}
	}
	r.UpdatedAt = a.now
	if err := a.tx.SaveRole(a.ctx, r); err != nil {
		return err
	}
	action, did := "role.defined", Created
	if !missing {
		action, did = "role.changed", Changed
	}
	fields := difference(before, describeRole(&r))
	a.roles = nil
	a.did("role", from.Key, did, fields)
	return a.record("", action, from.Key, fields)
}

// setRole sets a role, if the file has one there: a built-in one, or one that
// operators have defined.
func (a *applier) setRole(to *sso.Role, from *string, key string) error {
	if from == nil {
		return nil
	}
	role, err := sso.ParseRole(*from)
	if err == nil {
		*to = role
		return nil
	}
	if a.roles == nil {
		all, err := a.tx.Roles(a.ctx)
		if err != nil {
			return err
		}
		a.roles = map[sso.Role]bool{}
		for i := range all {
			a.roles[all[i].Key] = true
		}
	}
	if a.roles[sso.Role(*from)] {
		*to = sso.Role(*from)
		return nil
	}
	return in(key, err)
}

// groups makes and describes groups of the organization.
func (a *applier) groups(org *sso.Organization, o *Organization) error {
	if len(o.Groups) == 0 {
		return nil
	}
	have, err := groupsOf(a.ctx, a.tx.Org(org.ID).OrgReader)
	if err != nil {
		return err
	}
	return every(o.Groups, func(from *Group) error { return on(from, "group "+from.Name, a.group(org, from, have)) })
}

func (a *applier) group(org *sso.Organization, from *Group, have []sso.Group) error {
	name, err := sso.ParseGroupName(from.Name)
	if err == nil && name != from.Name {
		err = refused("a name without a space at its ends", from.Name)
	}
	if err != nil {
		return in("name", err)
	}
	g := sso.Group{ID: sso.NewGroupID(a.now), Org: org.ID, Name: name, CreatedAt: a.now, UpdatedAt: a.now}
	var before *Group
	i := slices.IndexFunc(have, func(h sso.Group) bool { return h.Name == name })
	if i >= 0 {
		g, before = have[i], to(describeGroup(&have[i]))
	}
	if from.Description != nil {
		g.Description = sso.CleanDescription(*from.Description)
	}
	a.kept[g.ID] = true
	fields := difference(before, describeGroup(&g))
	switch {
	case before == nil:
		if err := a.tx.Org(org.ID).InsertGroup(a.ctx, g); err != nil {
			return err
		}
		a.did("group", name+" in "+org.Key, Created, fields)
		return a.record(org.ID, "group.created", string(g.ID), fields)
	case len(fields) == 0:
		return nil
	}
	g.UpdatedAt = a.now
	if err := a.tx.Org(org.ID).SaveGroup(a.ctx, g); err != nil {
		return err
	}
	a.did("group", name+" in "+org.Key, Changed, fields)
	return a.record(org.ID, "group.changed", string(g.ID), fields)
}

// pilot has the policy name the groups of the file by their IDs. It comes after
// the groups and the people, by whom groups come to be.
func (a *applier) pilot(o *Organization) error {
	org, err := a.org(o.Key)
	if err != nil {
		return err
	}
	next := *org
	switch {
	case org.Policy.SSO != sso.SSOPilot:
		if len(o.Policy.Pilot) > 0 {
			return in("policy.pilot", refused("policy.pilot: groups with policy.sso: pilot alone", "groups with "+string(org.Policy.SSO)))
		}
		next.Policy.Pilot = nil
	case o.Policy.Pilot != nil:
		if len(o.Policy.Pilot) > sso.MaxPilot {
			return in("policy.pilot", refused("policy.pilot: 50 groups at most", "more"))
		}
		next.Policy.Pilot, err = a.tx.Org(org.ID).GroupsNamed(a.ctx, o.Policy.Pilot)
		if err != nil {
			return err
		}
		if len(next.Policy.Pilot) != len(o.Policy.Pilot) {
			return in("policy.pilot", refused("policy.pilot: groups of "+o.Key, strings.Join(o.Policy.Pilot, ", ")))
		}
	}
	if next.Policy.SSO == sso.SSOPilot && len(next.Policy.Pilot) == 0 {
		return in("policy.pilot", refused("policy.pilot: a group at least, with policy.sso: pilot", "none"))
	}
	if slices.Equal(sorted(next.Policy.Pilot), sorted(org.Policy.Pilot)) {
		return nil
	}
	before, err := a.say.organization(org)
	if err != nil {
		return err
	}
	next.UpdatedAt = a.now
	if err := a.tx.SaveOrganization(a.ctx, next); err != nil {
		return err
	}
	next.Version++
	a.orgs[o.Key] = &next
	after, err := a.say.organization(&next)
	if err != nil {
		return err
	}
	fields := difference(&before, after)
	a.did("organization", o.Key, Changed, fields)
	return a.record(org.ID, "organization.changed", string(org.ID), fields)
}

func sorted(ids []sso.GroupID) []sso.GroupID { return slices.Sorted(slices.Values(ids)) }
