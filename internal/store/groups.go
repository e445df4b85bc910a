package store

import (
	"context"
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
