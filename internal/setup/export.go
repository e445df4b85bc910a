package setup

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Export writes what is set in this deployment as a file that [Service.Apply]
// takes: applied to an empty database, it makes one of which the export is the
// same. Everything is said, also what is as it would be anyway, and in an order
// that does not depend on when it was made.
//
// It reads and writes piece by piece: what it holds of a large deployment are
// the names of its organizations, and of the people of one of them. What is
// changed meanwhile is in it or not.
//
// Left out are the organization of the operators, people without a username
// and an address of their own, by which a file could mean them, and what
// passes: sessions, invitations, links, pauses, settings beside the live ones.
func (s *Service) Export(ctx context.Context, w io.Writer, hashes Hashes) error {
	return s.DB.Read(ctx, func(r *store.Reader) error {
		out := bufio.NewWriter(w)
		e := exporter{describer: describer{ctx: ctx, r: r, orgs: map[sso.OrgID]string{}, hashes: hashes}, w: out}
		if err := e.export(); err != nil {
			return err
		}
		return out.Flush()
	})
}

// exporter is one run of an export.
type exporter struct {
	describer
	w *bufio.Writer
}

func (e *exporter) export() error {
	e.text("# What is set in this deployment, for: sallyport apply -f FILE\n")
	roles, err := e.r.Roles(e.ctx)
	if err != nil {
		return err
	}
	slices.SortFunc(roles, func(a, b sso.RoleDefinition) int { return cmp.Compare(a.Key, b.Key) })
	if err := items(e, "roles", 0, roles, func(d *sso.RoleDefinition) (Role, error) { return describeRole(d), nil }); err != nil {
		return err
	}
	if err := e.organizations(); err != nil {
		return err
	}
	apps, err := e.r.Apps(e.ctx)
	if err != nil {
		return err
	}
	slices.SortFunc(apps, func(a, b sso.App) int { return cmp.Compare(a.Key, b.Key) })
	if err := items(e, "apps", 0, apps, e.app); err != nil {
		return err
	}
	if err := e.webhooks("", 0); err != nil {
		return err
	}
	return e.streams()
}

// text writes; what cannot be written is said by the last flush.
func (e *exporter) text(s string) { _, _ = e.w.WriteString(s) }

// leftOut says how many things no file tells apart from others.
func (e *exporter) leftOut(indent, n int, since string) {
	if n > 0 {
		e.text(strings.Repeat(" ", indent) + "# left out, since " + since + ": " + strconv.Itoa(n) + "\n")
	}
}

// items writes a list of things under a key, so far to the right.
func items[T, F any](e *exporter, key string, indent int, all []T, describe func(*T) (F, error)) error {
	e.text(strings.Repeat(" ", indent) + key + ":")
	if len(all) == 0 {
		e.text(" []\n")
		return nil
	}
	e.text("\n")
	for i := range all {
		said, err := describe(&all[i])
		if err != nil {
			return err
		}
		text, err := yamlItem(said, indent+2)
		if err != nil {
			return fmt.Errorf("writing %s: %w", key, err)
		}
		if _, err := e.w.Write(text); err != nil {
			return err
		}
	}
	return nil
}

func (e *exporter) organizations() error {
	keys, err := e.r.OrganizationKeys(e.ctx)
	if err != nil {
		return err
	}
	keys = slices.DeleteFunc(keys, func(k store.OrganizationName) bool { return k.Key == sso.OperatorsKey })
	slices.SortFunc(keys, func(a, b store.OrganizationName) int { return cmp.Compare(a.Key, b.Key) })
	for _, k := range keys {
		e.orgs[k.ID] = k.Key
	}
	if len(keys) == 0 {
		e.text("organizations: []\n")
		return nil
	}
	e.text("organizations:\n")
	for _, k := range keys {
		if err := e.one(k.ID); err != nil {
			return fmt.Errorf("organization %s: %w", k.Key, err)
		}
	}
	return nil
}

// one writes one organization with all that belongs to it.
func (e *exporter) one(id sso.OrgID) error {
	o, err := e.r.Organization(e.ctx, id)
	if err != nil {
		return err
	}
	said, err := e.organization(&o)
	if err != nil {
		return err
	}
	text, err := yamlItem(said, 2)
	if err != nil {
		return err
	}
	if _, err := e.w.Write(text); err != nil {
		return err
	}
	org := e.r.Org(id)
	domains, err := org.Domains(e.ctx)
	if err != nil {
		return err
	}
	slices.SortFunc(domains, func(a, b sso.Domain) int { return cmp.Compare(a.Name, b.Name) })
	if err := items(e, "domains", 4, domains, e.domain); err != nil {
		return err
	}
	connections, err := org.Connections(e.ctx)
	if err != nil {
		return err
	}
	slices.SortFunc(connections, func(a, b sso.Connection) int { return cmp.Compare(a.Key, b.Key) })
	if err := items(e, "connections", 4, connections, e.connection); err != nil {
		return err
	}
	groups, err := groupsOf(e.ctx, org)
	if err != nil {
		return err
	}
	if err := items(e, "groups", 4, groups, func(g *sso.Group) (Group, error) { return describeGroup(g), nil }); err != nil {
		return err
	}
	if err := e.users(id); err != nil {
		return err
	}
	return e.webhooks(id, 4)
}

// groupsAtOnce is how many groups are read at once.
const groupsAtOnce = 500

// groupsOf returns all groups of an organization, by name.
func groupsOf(ctx context.Context, org *store.OrgReader) ([]sso.Group, error) {
	var all []sso.Group
	for place := (store.GroupPlace{}); ; {
		some, err := org.Groups(ctx, "", place, groupsAtOnce)
		if err != nil {
			return nil, err
		}
		for i := range some {
			all, place = append(all, some[i].Group), some[i].Place
		}
		if len(some) < groupsAtOnce {
			break
		}
	}
	slices.SortFunc(all, func(a, b sso.Group) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

// users writes the people of an organization, by username and address.
func (e *exporter) users(org sso.OrgID) error {
	names, err := e.r.Org(org).UserNames(e.ctx)
	if err != nil {
		return err
	}
	slices.SortFunc(names, func(a, b store.UserName) int {
		return cmp.Or(cmp.Compare(a.UsernameKey, b.UsernameKey), cmp.Compare(a.EmailKey, b.EmailKey))
	})
	names, without := meant(names)
	e.text("    users:")
	if len(names) == 0 {
		e.text(" []\n")
	} else {
		e.text("\n")
	}
	for some := range slices.Chunk(names, usersAtOnce) {
		if err := e.someUsers(org, some); err != nil {
			return err
		}
	}
	e.leftOut(4, without, "no username and no address is theirs alone")
	return nil
}

// meant returns those whom a file can mean, and how many others there are: an
// address that somebody else has too means nobody.
func meant(names []store.UserName) (some []store.UserName, without int) {
	addresses := map[string]int{}
	for i := range names {
		addresses[names[i].EmailKey]++
	}
	for i := range names {
		n := &names[i]
		if n.UsernameKey == "" && n.EmailKey == "" || n.EmailKey != "" && addresses[n.EmailKey] > 1 {
			without++
			continue
		}
		some = append(some, *n)
	}
	return some, without
}

func (e *exporter) someUsers(home sso.OrgID, names []store.UserName) error {
	ids := make([]sso.UserID, len(names))
	for i := range names {
		ids[i] = names[i].ID
	}
	users, err := e.r.UsersByID(e.ctx, ids)
	if err != nil {
		return err
	}
	memberships, err := e.r.MembershipsOf(e.ctx, ids)
	if err != nil {
		return err
	}
	of := map[sso.UserID][]sso.Membership{}
	for _, m := range memberships {
		of[m.User] = append(of[m.User], m)
	}
	byID := map[sso.UserID]*sso.User{}
	for i := range users {
		byID[users[i].ID] = &users[i]
	}
	for _, id := range ids {
		u := byID[id]
		if u == nil {
			continue // has gone meanwhile
		}
		said, err := e.member(home, u, of[id])
		if err != nil {
			return err
		}
		text, err := yamlItem(said, 6)
		if err != nil {
			return err
		}
		if _, err := e.w.Write(text); err != nil {
			return err
		}
	}
	return nil
}

// member describes a person with all that they are a member of.
func (e *exporter) member(home sso.OrgID, u *sso.User, in []sso.Membership) (User, error) {
	out := e.user(u)
	out.Access = []Access{}
	for i := range in {
		m := describeMembership(&in[i])
		if in[i].Org == home {
			out.Role, out.Groups = m.Role, m.Groups
			continue
		}
		key, err := e.org(in[i].Org)
		if err != nil {
			return out, err
		}
		m.Organization = key
		out.Access = append(out.Access, m)
	}
	slices.SortFunc(out.Access, func(a, b Access) int { return cmp.Compare(a.Organization, b.Organization) })
	return out, nil
}
