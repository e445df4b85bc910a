package store

import (
	"context"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

// Standing returns a user with everything they are, or [ErrNotFound]. It takes
// two statements.
func (r *Reader) Standing(ctx context.Context, user sso.UserID) (sso.Standing, error) {
	u, err := r.UserAt(ctx, user)
	if err != nil {
		return sso.Standing{}, err
	}
	positions, err := list(ctx, r.q, positionFields, positionText+`
		where m.user_id = $1
		order by m.created_at, m.org_id`,
		user)
	return sso.Standing{User: u.User, HomePath: u.HomePath, Positions: positions}, doing(err, "listing what user %s is", user)
}

// Position returns what the user is in the organization, or [ErrNotFound].
func (r *OrgReader) Position(ctx context.Context, user sso.UserID) (sso.Position, error) {
	p, err := one(ctx, r.q, positionFields, positionText+`
		where m.org_id = $1 and m.user_id = $2`,
		r.org, user)
	return p, doing(err, "reading what user %s is in %s", user, r.org)
}

const positionText = `
		select ` + membershipColumns + `, o.path, case
			when m.role = 'owner' then (
				select count(*)
				from memberships x
				where x.org_id = m.org_id and x.role = 'owner' and x.state = 'active' and x.user_id <> m.user_id)
			else 0 end
		from memberships m join organizations o on o.id = m.org_id`

func positionFields(p *sso.Position) []any {
	return append(membershipFields(&p.Membership), path(&p.Path), &p.OtherOwners)
}

// RemoveMembership ends the user's membership in the organization, with the
// sessions and grants that stand on it, of which the apps are told, or returns
// [ErrNotFound]. It takes three statements.
func (w *OrgWriter) RemoveMembership(ctx context.Context, user sso.UserID, now time.Time) error {
	err := (&Writer{&Reader{w.q}}).noticesOf(ctx, now, `select s.id from sessions s where s.org_id = $3 and s.user_id = $4 and s.told_at is null`, w.org, user)
	if err != nil {
		return doing(err, "noting who is to be told that %s leaves %s", user, w.org)
	}
	n, err := w.q.exec(ctx, `
		delete from memberships
		where org_id = $1 and user_id = $2`,
		w.org, user)
	if err = found(n, err); err == nil {
		_, err = w.q.exec(ctx, `
			delete from people_words
			where user_id = $2 and org_id = $1 and org_id <> (select u.org_id from users u where u.id = $2)`,
			w.org, user)
	}
	return doing(err, "removing user %s from %s", user, w.org)
}

// PeopleCounts says how many members an organization has, each counted as far
// as [ManyPeople].
type PeopleCounts struct {
	All       int
	Owners    int
	Suspended int
}

// CountPeople counts the organization's members, from indexes alone.
func (r *OrgReader) CountPeople(ctx context.Context) (PeopleCounts, error) {
	c, err := one(ctx, r.q, func(c *PeopleCounts) []any { return []any{&c.All, &c.Owners, &c.Suspended} }, `
		select
			(select count(*) from (select 1 from memberships m where m.org_id = $1 limit $2) as few),
			(select count(*) from (select 1 from memberships m where m.org_id = $1 and m.role = 'owner' limit $2) as few),
			(select count(*) from (select 1 from memberships m where m.org_id = $1 and m.state = 'suspended' limit $2) as few)`,
		r.org, ManyPeople)
	return c, doing(err, "counting people of %s", r.org)
}

func intFields(n *int) []any { return []any{n} }

// SessionAt is a session and where in the tree its organization stands.
type SessionAt struct {
	sso.Session
	OrgName string
	AppName string      // of the app that holds it, "" where a browser does
	Path    []sso.OrgID // from the root of the tree to the organization
}

// SessionsOf returns the user's sessions that have not ended and are not past
// their time, at most limit of them, those that were used last first. One may
// have been idle too long; [sso.Session.Live] tells.
func (r *Reader) SessionsOf(ctx context.Context, user sso.UserID, now time.Time, limit int) ([]SessionAt, error) {
	all, err := list(ctx, r.q, func(s *SessionAt) []any {
		return append(sessionFields(&s.Session), &s.OrgName, &s.AppName, path(&s.Path))
	}, `
		select `+sessionColumns+`, o.name, coalesce(p.name, ''), o.path
		from sessions s
		join organizations o on o.id = s.org_id
		left join apps p on p.id = s.app_id
		where s.user_id = $1 and s.ended_at is null and s.expires_at > $2
		order by s.seen_at desc, s.id
		limit $3`,
		user, at(now), limit)
	return all, doing(err, "listing sessions of %s", user)
}

// EndSessionsOf ends all sessions of the user, everywhere, and returns how
// many were open.
func (w *Writer) EndSessionsOf(ctx context.Context, user sso.UserID, now time.Time) (int, error) {
	n, err := w.q.exec(ctx, `
		update sessions
		set ended_at = $2
		where user_id = $1 and ended_at is null`,
		user, at(now))
	return int(n), doing(err, "ending the sessions of %s", user)
}

// EndSessionsOf ends all sessions of the user as a member of the organization,
// and returns how many were open.
func (w *OrgWriter) EndSessionsOf(ctx context.Context, user sso.UserID, now time.Time) (int, error) {
	n, err := w.q.exec(ctx, `
		update sessions
		set ended_at = $3
		where org_id = $1 and user_id = $2 and ended_at is null`,
		w.org, user, at(now))
	return int(n), doing(err, "ending the sessions of %s in %s", user, w.org)
}

// EndSession ends a session of the user as a member of the organization, or
// returns [ErrNotFound]; one that has ended keeps its end.
func (w *OrgWriter) EndSession(ctx context.Context, user sso.UserID, id sso.SessionID, now time.Time) error {
	n, err := w.q.exec(ctx, `
		update sessions
		set ended_at = coalesce(ended_at, $4)
		where org_id = $1 and user_id = $2 and id = $3`,
		w.org, user, id, at(now))
	return doing(found(n, err), "ending session %s", id)
}

// TracesOf returns the latest traces of the user's sign-ins to the
// organization, at most limit of them, the latest first.
func (r *OrgReader) TracesOf(ctx context.Context, user sso.UserID, limit int) ([]sso.Trace, error) {
	all, err := list(ctx, r.q, traceFields, `
		select `+traceColumns+`
		from traces t
		where t.user_id = $2 and t.org_id = $1
		order by t.at desc, t.reference
		limit $3`,
		r.org, user, limit)
	return all, doing(err, "listing traces of %s in %s", user, r.org)
}

// LinkAt is a link, what its connection is called, and where in the tree that
// stands.
type LinkAt struct {
	sso.Link
	ConnectionName string
	Path           []sso.OrgID // from the root of the tree to the organization of the connection
}

// OnlyNear leaves of links those at connections of an organization, of those
// above it, and of those below. At whose else somebody signs in is nobody's
// business in it.
func OnlyNear(o *sso.Organization, links []LinkAt) []LinkAt {
	return slices.DeleteFunc(links, func(l LinkAt) bool { return !slices.Contains(l.Path, o.ID) && !o.Within(l.Org) })
}

// AllLinksOf returns the subjects at any connection that stand for the user,
// the oldest first.
func (r *Reader) AllLinksOf(ctx context.Context, user sso.UserID) ([]LinkAt, error) {
	all, err := list(ctx, r.q, func(l *LinkAt) []any {
		return append(linkFields(&l.Link), &l.ConnectionName, path(&l.Path))
	}, `
		select `+linkColumns+`, c.name, o.path
		from links l
			join connections c on c.id = l.connection_id
			join organizations o on o.id = l.org_id
		where l.user_id = $1
		order by l.created_at, l.connection_id, l.subject`,
		user)
	return all, doing(err, "listing links of %s", user)
}
