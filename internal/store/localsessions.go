package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

// localUntil is when the organization has sessions end that came another way
// than is demanded, as an argument, null for never. In a pause there are new
// ones, which are over with it.
func localUntil(o *sso.Organization) any {
	until := o.Policy.LocalUntil
	if !o.Policy.Demanding() || until.IsZero() {
		return nil
	}
	if paused := o.Policy.Pause.Until; paused.After(until) {
		until = paused
	}
	return at(until)
}

// LocalSessionsDue is an organization whose sessions that came another way are
// to be ended.
type LocalSessionsDue struct {
	Org   sso.OrgID
	Until time.Time // since when they are over
}

// LocalSessionsDue returns the organization that waits for longest until its
// sessions are ended that came another way, or [ErrNotFound].
func (r *Reader) LocalSessionsDue(ctx context.Context, now time.Time) (LocalSessionsDue, error) {
	d, err := one(ctx, r.q, func(d *LocalSessionsDue) []any { return []any{&d.Org, utc(&d.Until)} }, `
		select o.id, o.local_until
		from organizations o
		where o.local_until <= $1
		order by o.local_until, o.id
		limit 1`,
		at(now))
	return d, doing(err, "looking for sessions to be ended")
}

// LocalSessions returns those open sessions of the organization and of all below
// it that came about without an identity provider and are their person's own,
// the ones behind after, at most limit.
func (r *OrgReader) LocalSessions(ctx context.Context, after sso.SessionID, limit int) ([]sso.SessionID, error) {
	all, err := list(ctx, r.q, func(s *sso.SessionID) []any { return []any{s} }, `
		with recursive below (id) as (
			select o.id from organizations o where o.id = $1
			union -- ends even in a circle
			select c.id from below join organizations c on c.parent_id = below.id
		)
		select s.id
		from below
			join memberships m on m.org_id = below.id
			join sessions s on s.user_id = m.user_id and s.org_id = m.org_id
		where s.connection_id is null and s.actor_id is null and s.ended_at is null and s.id > $2
		order by s.id
		limit $3`,
		r.org, after, limit)
	return all, doing(err, "listing local sessions of %s", r.org)
}

// LocalSessionsEnded notes that the sessions of an organization were ended, which
// were to be. Where it has decided anew meanwhile, they are to be looked at again.
func (w *Writer) LocalSessionsEnded(ctx context.Context, d LocalSessionsDue) error {
	_, err := w.q.exec(ctx, `
		update organizations
		set local_until = null
		where id = $1 and local_until = $2`,
		d.Org, at(d.Until))
	return doing(err, "noting that local sessions of %s were ended", d.Org)
}
