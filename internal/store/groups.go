package store

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

// indexGroups makes the membership's groups exist and lists it in each: one
// statement where there are none, else three.
func (w *OrgWriter) indexGroups(ctx context.Context, m *sso.Membership) error {
	if len(m.Groups) == 0 {
		_, err := w.q.exec(ctx, `delete from group_members where org_id = $1 and user_id = $2`, w.org, m.User)
		return err
	}
	if err := w.ensureGroups(ctx, m.Groups, m.UpdatedAt); err != nil {
		return err
	}
	in, args := anyOf(3, m.Groups)
	if _, err := w.q.exec(ctx, `
		delete from group_members
		where org_id = $1 and user_id = $2 and name not in (`+in+`)`,
		append([]any{w.org, m.User}, args...)...); err != nil {
		return err
	}
	in, args = anyOf(3, m.Groups)
	_, err := w.q.exec(ctx, `
		insert into group_members (org_id, name, user_id, sort_key)
		select g.org_id, g.name, m.user_id, coalesce(m.sort_key, g.sort_key)
		from memberships m join groups g on g.org_id = m.org_id
		where m.org_id = $1 and m.user_id = $2 and g.name in (`+in+`)
		on conflict do nothing`,
		append([]any{w.org, m.User}, args...)...)
	return err
}

// ensureGroups makes groups of these names, where there are none.
func (w *OrgWriter) ensureGroups(ctx context.Context, names []string, now time.Time) error {
	var b strings.Builder
	args := []any{w.org, at(now)}
	for i, name := range names {
		if i > 0 {
			b.WriteString(", ")
		}
		n := len(args)
		b.WriteString("($" + strconv.Itoa(n+1) + ", $1, $" + strconv.Itoa(n+2) + ", '', $" + strconv.Itoa(n+3) + ", $2, $2)")
		args = append(args, sso.NewGroupID(now), name, (&sso.Group{Name: name}).SortKey())
	}
	_, err := w.q.exec(ctx, `
		insert into groups (id, org_id, name, description, sort_key, created_at, updated_at)
		values `+b.String()+`
		on conflict (org_id, name) do nothing`,
		args...)
	return err
}

const groupColumns = `g.id, g.org_id, g.name, g.description, g.created_at, g.updated_at`

func groupFields(g *sso.Group) []any {
	return []any{&g.ID, &g.Org, &g.Name, &g.Description, utc(&g.CreatedAt), utc(&g.UpdatedAt)}
}

// GroupLine is a line of a list of groups.
type GroupLine struct {
	sso.Group
	// Members is how many there are, counted as far as [ManyMembers].
	Members int
	Place   GroupPlace // to list on from here
}

// ManyMembers is how far the members of groups in a list are counted.
const ManyMembers = 1000

// ManyPeople is how far the people of one organization or group are counted.
const ManyPeople = 100000

// GroupPlace is a place in a list of groups. The zero value is the beginning.
type GroupPlace struct {
	Key []byte
	ID  sso.GroupID
}

// Groups returns the organization's groups whose name begins so, folded as
// [sso.Fold] does, behind a place, at most limit of them, by name.
func (r *OrgReader) Groups(ctx context.Context, beginning string, after GroupPlace, limit int) ([]GroupLine, error) {
	var s statement
	s.where("g.org_id = " + s.arg(r.org))
	if beginning != "" {
		s.beginningAfter("g.sort_key", beginning, placeKey(after.Key, after.ID))
	}
	if after.ID != "" {
		s.where("(g.sort_key, g.id) > (" + s.arg(after.Key) + ", " + s.arg(after.ID) + ")")
	}
	all, err := page(ctx, r.q, func(g *GroupLine) []any { return append(groupFields(&g.Group), &g.Place.Key, &g.Members) }, `
		select `+groupColumns+`, g.sort_key,
			(select count(*) from (select 1 from group_members x where x.org_id = g.org_id and x.name = g.name limit `+s.arg(ManyMembers)+`) as few)
		from groups g
		where `+s.conditions()+`
		order by g.sort_key, g.id
		limit `+s.arg(limit),
		s.args...)
	for i := range all {
		all[i].Place.ID = all[i].ID
	}
	return all, doing(err, "listing groups of %s", r.org)
}

// Group returns the organization's group with this ID, or [ErrNotFound].
func (r *OrgReader) Group(ctx context.Context, id sso.GroupID) (sso.Group, error) {
	g, err := one(ctx, r.q, groupFields, `
		select `+groupColumns+`
		from groups g
		where g.org_id = $1 and g.id = $2`,
		r.org, id)
	return g, doing(err, "reading group %s of %s", id, r.org)
}

// CountGroup returns how many members the organization's group of this name
// has, counted as far as [ManyPeople].
func (r *OrgReader) CountGroup(ctx context.Context, name string) (int, error) {
	n, err := one(ctx, r.q, intFields, `
		select count(*)
		from (select 1 from group_members g where g.org_id = $1 and g.name = $2 limit $3) as few`,
		r.org, name, ManyPeople)
	return n, doing(err, "counting group %q of %s", name, r.org)
}

// InsertGroup stores a group without members. A name that another group of the
// organization has is a conflict on [GroupName].
func (w *OrgWriter) InsertGroup(ctx context.Context, g sso.Group) error {
	if err := w.own(g.Org); err != nil {
		return doing(err, "inserting group %s", g.ID)
	}
	_, err := w.q.exec(ctx, `
		insert into groups (id, org_id, name, description, sort_key, created_at, updated_at)
		values ($1, $2, $3, $4, $5, $6, $7)`,
		g.ID, w.org, g.Name, g.Description, g.SortKey(), at(g.CreatedAt), at(g.UpdatedAt))
	return doing(err, "inserting group %s", g.ID)
}

// SaveGroup replaces a group. Where its name has changed, its members' groups
// follow, by one statement for each set of groups that any of them has.
func (w *OrgWriter) SaveGroup(ctx context.Context, g sso.Group) error {
	was, err := w.Group(ctx, g.ID)
	if err != nil {
		return err
	}
	if _, err := w.q.exec(ctx, `
		update groups
		set name = $3, description = $4, sort_key = $5, updated_at = $6
		where org_id = $1 and id = $2`,
		w.org, g.ID, g.Name, g.Description, g.SortKey(), at(g.UpdatedAt)); err != nil {
		return doing(err, "saving group %s", g.ID)
	}
	if was.Name == g.Name {
		return nil
	}
	// The members are listed under the new name already.
	err = w.rewriteGroups(ctx, g.Name, g.UpdatedAt, func(names []string) []string {
		for i, name := range names {
			if name == was.Name {
				names[i] = g.Name
			}
		}
		return names
	})
	return doing(err, "renaming group %s", g.ID)
}

// DeleteGroup deletes a group. Its members are so no more, by one statement
// for each set of groups that any of them has.
func (w *OrgWriter) DeleteGroup(ctx context.Context, id sso.GroupID, now time.Time) error {
	g, err := w.Group(ctx, id)
	if err != nil {
		return err
	}
	err = w.rewriteGroups(ctx, g.Name, now, func(names []string) []string {
		return slices.DeleteFunc(names, func(name string) bool { return name == g.Name })
	})
	if err == nil {
		_, err = w.q.exec(ctx, `
			delete from groups
			where org_id = $1 and id = $2`,
			w.org, id)
	}
	return doing(err, "deleting group %s", id)
}

// rewriteGroups changes the groups of everybody who is listed in a group.
func (w *OrgWriter) rewriteGroups(ctx context.Context, name string, now time.Time, change func([]string) []string) error {
	type set struct {
		text  string
		names []string
	}
	sets, err := list(ctx, w.q, func(s *set) []any { return []any{&s.text} }, `
		select distinct m.groups
		from group_members g join memberships m on m.org_id = g.org_id and m.user_id = g.user_id
		where g.org_id = $1 and g.name = $2`,
		w.org, name)
	if err != nil {
		return err
	}
	for _, s := range sets {
		if err := fromJSON(&s.names).Scan(s.text); err != nil {
			return err
		}
		if _, err := w.q.exec(ctx, `
			update memberships
			set groups = $4, updated_at = $5
			where org_id = $1 and groups = $3
				and user_id in (select g.user_id from group_members g where g.org_id = $1 and g.name = $2)`,
			w.org, name, s.text, toJSON(change(s.names)), at(now)); err != nil {
			return err
		}
	}
	return nil
}
