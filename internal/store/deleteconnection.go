package store

import (
	"context"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

// reindexStep is of how many users the memberships are indexed anew by one
// statement.
const reindexStep = 500

// DeleteConnection deletes the organization's connection in this version, and
// everything that stands for nothing without it: links, keys, conflicts, and
// what was remembered of logouts. Domains that lead to it are the
// organization's own again. Sessions that came from it end. It returns how many
// users were linked.
func (w *OrgWriter) DeleteConnection(ctx context.Context, c sso.Connection, now time.Time) (int, error) {
	if err := w.own(c.Org); err != nil {
		return 0, doing(err, "deleting connection %s", c.ID)
	}
	users, err := list(ctx, w.q, func(id *sso.UserID) []any { return []any{id} }, `
		select distinct l.user_id
		from links l
		where l.org_id = $1 and l.connection_id = $2`,
		w.org, c.ID)
	if err != nil {
		return 0, doing(err, "listing who is linked at %s", c.ID)
	}
	if _, err := w.q.exec(ctx, `
		update sessions
		set ended_at = coalesce(ended_at, $2), connection_id = null
		where connection_id = $1`,
		c.ID, at(now)); err != nil {
		return 0, doing(err, "ending the sessions of %s", c.ID)
	}
	for _, statement := range []string{
		`update domains set connection_id = null where connection_id = $1`,
		`delete from links where connection_id = $1`,
		`delete from decryption_keys where connection_id = $1`,
		`delete from saml_logouts where connection_id = $1`,
	} {
		if _, err := w.q.exec(ctx, statement, c.ID); err != nil {
			return 0, doing(err, "deleting what belongs to %s", c.ID)
		}
	}
	if _, err := w.q.exec(ctx, `delete from conflicts where org_id = $1 and connection_id = $2`, w.org, c.ID); err != nil {
		return 0, doing(err, "deleting the conflicts of %s", c.ID)
	}
	n, err := w.q.exec(ctx, `
		delete from connections
		where org_id = $1 and id = $2 and version = $3`,
		w.org, c.ID, c.Version)
	if err := saved(n, err); err != nil {
		return 0, doing(err, "deleting connection %s", c.ID)
	}
	for some := range slices.Chunk(users, reindexStep) {
		in, args := anyOf(1, some)
		if _, err := w.q.exec(ctx, `
			update memberships
			set way = (select `+wayOfUser+` from users u where u.id = memberships.user_id)
			where user_id in (`+in+`)`,
			args...); err != nil {
			return 0, doing(err, "indexing who was linked at %s", c.ID)
		}
	}
	return len(users), nil
}

// LinkedUsers returns how many users are linked at the organization's
// connection.
func (r *OrgReader) LinkedUsers(ctx context.Context, connection sso.ConnectionID) (int, error) {
	n, err := one(ctx, r.q, func(n *int) []any { return []any{n} }, `
		select count(distinct l.user_id)
		from links l
		where l.org_id = $1 and l.connection_id = $2`,
		r.org, connection)
	return n, doing(err, "counting who is linked at %s", connection)
}
