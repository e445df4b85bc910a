package connect

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Limits of what a page about people shows.
const (
	maxTree     = 200
	maxLooked   = 5000 // memberships that a preview looks at
	maxPreviews = 100  // changes that it shows
)

// DefaultsPage is what a connection does about people, and what there is to
// choose from.
type DefaultsPage struct {
	Connection sso.Connection
	Tree       []sso.Organization   // the organization and those below it
	Roles      []sso.RoleDefinition // that the operators have defined
}

// Defaults returns what the connection with this key does about people.
func (s *Service) Defaults(ctx context.Context, p *authority.Place, key string) (DefaultsPage, error) {
	var page DefaultsPage
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		if page.Connection, err = defaultsOf(ctx, r, p.ID, key); err != nil {
			return err
		}
		if page.Tree, err = r.Org(p.ID).Tree(ctx, maxTree); err != nil {
			return err
		}
		page.Roles, err = r.Roles(ctx)
		return err
	})
	return page, err
}

func defaultsOf(ctx context.Context, r *store.Reader, org sso.OrgID, key string) (sso.Connection, error) {
	c, err := r.ConnectionByKey(ctx, key)
	if err == nil && c.Org != org {
		err = store.ErrNotFound
	}
	if errors.Is(err, store.ErrNotFound) {
		return sso.Connection{}, &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Got: key, Fix: fault.PersonSide}
	}
	return c, err
}

// NewDefaults is what a connection is to do about people.
type NewDefaults struct {
	Version     int64 // of the connection that was looked at
	FirstSignIn sso.FirstSignIn
	Defaults    sso.Defaults
}

// valid refuses what cannot be done in this organization. Who is no owner gives
// nobody a role by which the organization is administered: neither by the
// holder of a setup link nor by the groups that they name.
func (n *NewDefaults) valid(ctx context.Context, r *store.Reader, p *authority.Place) error {
	if !slices.Contains(sso.FirstSignIns(), n.FirstSignIn) {
		return &fault.Error{Kind: fault.Invalid, Code: "choice_unknown", Got: string(n.FirstSignIn), Fix: fault.PersonSide}
	}
	d := &n.Defaults
	if err := d.Mapping.Valid(); err != nil {
		return err
	}
	roles := []sso.Role{d.NewRole()}
	for i := range d.Mapping.Rows {
		if role := d.Mapping.Rows[i].Role; role != "" {
			roles = append(roles, role)
		}
	}
	defined, err := r.Roles(ctx)
	if err != nil {
		return err
	}
	for _, role := range roles {
		if !role.BuiltIn() && !slices.ContainsFunc(defined, func(have sso.RoleDefinition) bool { return have.Key == role }) {
			return &fault.Error{Kind: fault.Invalid, Code: "role_unknown", Got: string(role), Fix: fault.PersonSide}
		}
		if p.Link != nil && (role == sso.RoleOwner || role == sso.RoleAdmin) {
			return &fault.Error{Kind: fault.Denied, Code: "rights_owner", Want: "an owner, to give this role", Got: "the holder of a setup link", Fix: fault.AdminSide}
		}
	}
	for i, g := range d.Groups {
		if d.Groups[i], err = sso.ParseGroupName(g); err != nil {
			return err
		}
	}
	// Who is in each of them has them all, at the sign-in.
	if groups := d.AllGroups(); len(groups) > sso.MaxGroups {
		return &fault.Error{Kind: fault.Exhausted, Code: "group_many", Want: "at most " + strconv.Itoa(sso.MaxGroups) + " groups", Got: strconv.Itoa(len(groups)), Fix: fault.PersonSide}
	}
	d.Organizations = once(d.Organizations)
	return within(ctx, r, p, d.Organizations)
}

// once returns organizations in their order, each once.
func once(all []sso.OrgID) []sso.OrgID {
	var left []sso.OrgID
	for _, id := range all {
		if !slices.Contains(left, id) {
			left = append(left, id)
		}
	}
	return left
}

// within refuses organizations beyond the connection's tree.
func within(ctx context.Context, r *store.Reader, p *authority.Place, chosen []sso.OrgID) error {
	orgs, err := r.OrganizationsByID(ctx, chosen)
	if err != nil {
		return err
	}
	for _, id := range chosen {
		if !slices.ContainsFunc(orgs, func(o sso.Organization) bool { return o.ID == id && o.Within(p.ID) }) {
			return &fault.Error{Kind: fault.Denied, Code: "defaults_tree", Want: "organizations at or below " + p.Key, Got: "another one", Fix: fault.PersonSide}
		}
	}
	return nil
}

// SaveDefaults has the connection with this key do something else about people.
func (s *Service) SaveDefaults(ctx context.Context, who *authority.Who, org sso.OrgID, key string, n NewDefaults) error {
	return s.Authority.Change(ctx, who, org, authority.Setup, func(a *authority.Act) error {
		if err := a.Granted(); err != nil {
			return err
		}
		c, err := defaultsOf(ctx, a.Tx.Reader, org, key)
		if err != nil {
			return err
		}
		if c.Version != n.Version {
			return store.ErrConflict
		}
		if err := n.valid(ctx, a.Tx.Reader, &a.Place); err != nil {
			return err
		}
		was := c
		c.FirstSignIn, c.Defaults, c.UpdatedAt = n.FirstSignIn, n.Defaults, a.Now
		changes := c.Settings().Changed(was.Settings())
		if len(changes) == 0 {
			return nil
		}
		if err := a.In.SaveConnection(ctx, c); err != nil {
			return err
		}
		return a.Record("connection.defaults_changed", string(c.ID), defaultsChanged(&was, &c), changes...)
	})
}

// defaultsChanged says what is new.
func defaultsChanged(was, c *sso.Connection) map[string]string {
	d := map[string]string{}
	note := func(name, before, after string) {
		if before != after {
			d[name+" before"], d[name+" after"] = before, after
		}
	}
	on := func(b bool) string {
		if b {
			return "on"
		}
		return "off"
	}
	note("first sign-in", string(was.FirstSignIn), string(c.FirstSignIn))
	note("role", string(was.Defaults.NewRole()), string(c.Defaults.NewRole()))
	note("profile update", on(!was.Defaults.KeepProfile), on(!c.Defaults.KeepProfile))
	note("mapping", on(was.Defaults.Mapping.On), on(c.Defaults.Mapping.On))
	note("rows", was.Defaults.Mapping.String(), c.Defaults.Mapping.String())
	return d
}

// Preview is what new defaults would make of the people who come through a
// connection, by the groups that were sent when each came last.
type Preview struct {
	Changes []PreviewChange
	Total   int // changes, those that are not shown among them
	Looked  int // memberships that were looked at
	Unknown int // of whose people no groups are known
	Partly  bool
}

// PreviewChange is what would become of one membership.
type PreviewChange struct {
	User         sso.User
	Organization string // name
	sso.Following
}

// PreviewDefaults returns what new defaults would make of people. It changes
// nothing.
func (s *Service) PreviewDefaults(ctx context.Context, p *authority.Place, key string, n NewDefaults) (Preview, error) {
	var out Preview
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		out = Preview{}
		if err := n.valid(ctx, r, p); err != nil {
			return err
		}
		c, err := defaultsOf(ctx, r, p.ID, key)
		if err != nil {
			return err
		}
		tree, err := r.Org(p.ID).Tree(ctx, maxTree)
		if err != nil {
			return err
		}
		names := map[sso.OrgID]string{}
		for i := range tree {
			names[tree[i].ID] = tree[i].Name
		}
		people, err := r.Org(p.ID).LinkedPeople(ctx, c.ID, maxLooked)
		if err != nil {
			return err
		}
		out.Partly = len(people) == maxLooked
		for i := range people {
			if err := out.look(ctx, r, p, &people[i], &n.Defaults, names); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

func (out *Preview) look(ctx context.Context, r *store.Reader, p *authority.Place, l *store.Linked, d *sso.Defaults, names map[sso.OrgID]string) error {
	m := &l.Membership
	if !m.Within(p.ID) || !d.Governs(m.Org) {
		return nil
	}
	out.Looked++
	if l.Groups == nil {
		out.Unknown++
		return nil
	}
	f := d.Follow(m.Membership, l.Groups)
	if f.Drops() {
		position, err := r.Org(m.Org).Position(ctx, m.User)
		if err != nil {
			return err
		}
		f.Spare(&position)
	}
	if !f.Changed() {
		return nil
	}
	// Whose names these are is nothing for the holder of a setup link.
	if out.Total++; out.Total <= maxPreviews && p.Link == nil {
		out.Changes = append(out.Changes, PreviewChange{User: l.User, Organization: names[m.Org], Following: f})
	}
	return nil
}
