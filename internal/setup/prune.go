package setup

import (
	"errors"
	"slices"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// prune deletes what the lists of the file leave out. A list that the file does
// not give is left alone, and so are organizations, which are suspended and
// never deleted, and people who come through a connection: they are on the
// identity provider's list, and not on this one.
func (a *applier) prune(f *File) error {
	err := a.each(f, func(o *Organization, org *sso.Organization) error {
		return errors.Join(a.pruneUsers(o, org), a.pruneDomains(o, org), a.pruneConnections(o, org), a.pruneGroups(o, org), a.pruneWebhooks(org.ID, o.Key, o.Webhooks))
	})
	if err != nil {
		return err
	}
	return a.noteEach(errors.Join(a.pruneApps(f), a.pruneRoles(f), a.pruneWebhooks("", "", f.Webhooks), a.pruneStreams(f)))
}

// usersAtOnce is of how many people more is read at once.
const usersAtOnce = 500

func (a *applier) pruneUsers(o *Organization, org *sso.Organization) error {
	if o.Users == nil {
		return nil
	}
	names, err := a.tx.Org(org.ID).UserNames(a.ctx)
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(names, func(n store.UserName) bool { return a.people[n.ID] })
	for some := range slices.Chunk(names, usersAtOnce) {
		ids := make([]sso.UserID, len(some))
		for i := range some {
			ids[i] = some[i].ID
		}
		links, err := a.tx.LinksOfUsers(a.ctx, ids)
		if err != nil {
			return err
		}
		for i := range some {
			if slices.ContainsFunc(links, func(l sso.Link) bool { return l.User == some[i].ID }) {
				continue
			}
			if err := at("user "+some[i].Name(), a.deleteUser(org, &some[i])); err != nil {
				return err
			}
		}
	}
	return nil
}

// deleteUser deletes somebody with all that they could sign in with. A mark
// stays, so that no sign-in makes them anew.
func (a *applier) deleteUser(org *sso.Organization, n *store.UserName) error {
	them, err := a.tx.Standing(a.ctx, n.ID)
	if err != nil {
		return err
	}
	if err := wanting("another owner", them.Dispensable()); err != nil {
		return err
	}
	for _, p := range them.Positions {
		if err := a.tx.Org(p.Org).RemoveMembership(a.ctx, n.ID, a.now); err != nil {
			return err
		}
	}
	if err := a.tx.WipeCredentials(a.ctx, n.ID, a.now); err != nil {
		return err
	}
	u, err := a.tx.User(a.ctx, n.ID) // as it is without them
	if err != nil {
		return err
	}
	was := u.State
	u.Username, u.State, u.UpdatedAt = "", sso.UserDeleted, a.now
	if err := a.tx.Org(org.ID).SaveUser(a.ctx, u); err != nil {
		return err
	}
	a.did("user", n.Name()+" in "+org.Key, Deleted, nil)
	return a.record(org.ID, "user.deleted", string(n.ID), []Field{{Key: "email", Before: u.Email.String()}, {Key: "state", Before: string(was), After: string(u.State)}})
}

func (a *applier) pruneDomains(o *Organization, org *sso.Organization) error {
	if o.Domains == nil {
		return nil
	}
	all, err := a.tx.Org(org.ID).Domains(a.ctx)
	if err != nil {
		return err
	}
	for i := range all {
		d := &all[i]
		if a.kept[domainOf{org.ID, d.Name}] {
			continue
		}
		if err := a.tx.Org(org.ID).DeleteDomain(a.ctx, d.Name); err != nil {
			return err
		}
		fields := []Field{{Key: "state", Before: string(d.State)}}
		a.did("domain", d.Name+" of "+org.Key, Deleted, fields)
		if err := a.record(org.ID, "domain.removed", d.Name, fields); err != nil {
			return err
		}
	}
	return nil
}

func (a *applier) pruneConnections(o *Organization, org *sso.Organization) error {
	if o.Connections == nil {
		return nil
	}
	all, err := a.tx.Org(org.ID).Connections(a.ctx)
	if err != nil {
		return err
	}
	for i := range all {
		c := &all[i]
		if a.kept[c.ID] {
			continue
		}
		if err := c.Deletable(); err != nil {
			return at("connection "+c.Key, err)
		}
		if _, err := a.tx.Org(org.ID).DeleteConnection(a.ctx, *c, a.now); err != nil {
			return err
		}
		a.did("connection", c.Key, Deleted, nil)
		if err := a.record(org.ID, "connection.deleted", string(c.ID), []Field{{Key: "name", Before: c.Name}}); err != nil {
			return err
		}
	}
	return nil
}

func (a *applier) pruneGroups(o *Organization, org *sso.Organization) error {
	if o.Groups == nil {
		return nil
	}
	all, err := groupsOf(a.ctx, a.tx.Org(org.ID).OrgReader)
	if err != nil {
		return err
	}
	for i := range all {
		g := &all[i]
		if a.kept[g.ID] {
			continue
		}
		if slices.Contains(org.Policy.Pilot, g.ID) {
			return at("group "+g.Name, &fault.Error{Kind: fault.Conflict, Code: "group_pilot", Want: "a group that no pilot is about", Got: g.Name, Fix: fault.OperatorSide})
		}
		if err := a.tx.Org(org.ID).DeleteGroup(a.ctx, g.ID, a.now); err != nil {
			return err
		}
		a.did("group", g.Name+" in "+org.Key, Deleted, nil)
		if err := a.record(org.ID, "group.deleted", string(g.ID), []Field{{Key: "name", Before: g.Name}}); err != nil {
			return err
		}
	}
	return nil
}

func (a *applier) pruneApps(f *File) error {
	if f.Apps == nil {
		return nil
	}
	all, err := a.tx.Apps(a.ctx)
	if err != nil {
		return err
	}
	for i := range all {
		if a.kept[all[i].ID] {
			continue
		}
		if err := a.tx.DeleteApp(a.ctx, all[i].ID); err != nil {
			return err
		}
		a.did("app", all[i].Key, Deleted, nil)
		if err := a.record("", "app.deleted", string(all[i].ID), []Field{{Key: "name", Before: all[i].Name}}); err != nil {
			return err
		}
	}
	return nil
}

func (a *applier) pruneRoles(f *File) error {
	if f.Roles == nil {
		return nil
	}
	all, err := a.tx.Roles(a.ctx)
	if err != nil {
		return err
	}
	for i := range all {
		key := all[i].Key
		if a.kept[key] {
			continue
		}
		n, err := a.tx.CountRole(a.ctx, key, 1)
		if err != nil {
			return err
		}
		if n > 0 {
			return at("role "+string(key), &fault.Error{Kind: fault.Conflict, Code: "role_used", Want: "a role that nobody has", Got: string(key), Fix: fault.OperatorSide})
		}
		if err := a.tx.DeleteRole(a.ctx, key); err != nil {
			return err
		}
		a.did("role", string(key), Deleted, nil)
		if err := a.record("", "role.deleted", string(key), []Field{{Key: "name", Before: all[i].Name}}); err != nil {
			return err
		}
	}
	return nil
}
