package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

// ConflictLife is how long a conflict is kept after its last try.
const ConflictLife = 180 * 24 * time.Hour

const conflictColumns = `f.id, f.org_id, f.connection_id, f.subject, f.kind, f.candidates, f.asserted, f.reference, f.tries, f.state, f.created_at, f.seen_at, f.decided_at, f.decided_by, f.decision`

func conflictFields(c *sso.Conflict) []any {
	return []any{
		&c.ID, &c.Org, &c.Connection, &c.Subject, &c.Kind, fromJSON(&c.Candidates), fromJSON(&c.Asserted), &c.Reference, &c.Count, &c.State,
		utc(&c.CreatedAt), utc(&c.SeenAt), utc(&c.DecidedAt), &c.DecidedBy, &c.Decision,
	}
}

// NoteConflict stores a conflict. Where the subject has one of its kind that is
// not solved, that one is seen once more: it keeps its identifier and what was
// decided, unless it was refused between others than now.
func (w *OrgWriter) NoteConflict(ctx context.Context, c sso.Conflict) error {
	if err := w.own(c.Org); err != nil {
		return doing(err, "noting a conflict at %s", c.Connection)
	}
	_, err := w.q.exec(ctx, `
		insert into conflicts (id, org_id, connection_id, subject, kind, candidates, asserted, reference, tries, state, created_at, seen_at, decided_at, decided_by, decision)
		values ($1, $2, $3, $4, $5, $6, $7, $8, 1, 'open', $9, $9, null, '', '')
		on conflict (connection_id, subject, kind) where state <> 'solved' do update
		set state = case when conflicts.candidates <> excluded.candidates then 'open' else conflicts.state end,
			candidates = excluded.candidates, asserted = excluded.asserted, reference = excluded.reference, tries = conflicts.tries + 1, seen_at = excluded.seen_at`,
		c.ID, w.org, c.Connection, c.Subject, c.Kind, toJSON(c.Candidates), toJSON(c.Asserted), c.Reference, at(c.SeenAt))
	return doing(err, "noting a conflict at %s", c.Connection)
}

// Conflict returns the organization's conflict with this ID, or [ErrNotFound].
func (r *OrgReader) Conflict(ctx context.Context, id sso.ConflictID) (sso.Conflict, error) {
	c, err := one(ctx, r.q, conflictFields, `
		select `+conflictColumns+`
		from conflicts f
		where f.org_id = $1 and f.id = $2`,
		r.org, id)
	return c, doing(err, "reading conflict %s of %s", id, r.org)
}

// Conflicts returns the organization's conflicts in a state behind a place, at
// most limit of them, the one that was seen last first.
func (r *OrgReader) Conflicts(ctx context.Context, state sso.ConflictState, after Place, limit int) ([]sso.Conflict, error) {
	var s statement
	s.where("f.org_id = " + s.arg(r.org))
	s.where("f.state = " + s.arg(state))
	s.earlier(after, "f.seen_at", "f.id")
	all, err := list(ctx, r.q, conflictFields, `
		select `+conflictColumns+`
		from conflicts f
		where `+s.conditions()+`
		order by f.seen_at desc, f.id desc
		limit `+s.arg(limit),
		s.args...)
	return all, doing(err, "listing conflicts of %s", r.org)
}

// AllowedConflict returns the conflict by which a subject of the organization's
// connection may come back as a new user, or [ErrNotFound].
func (r *OrgReader) AllowedConflict(ctx context.Context, connection sso.ConnectionID, subject string) (sso.Conflict, error) {
	c, err := one(ctx, r.q, conflictFields, `
		select `+conflictColumns+`
		from conflicts f
		where f.org_id = $1 and f.connection_id = $2 and f.subject = $3 and f.kind = 'deleted' and f.state = 'allowed' and f.state <> 'solved'`,
		r.org, connection, subject)
	return c, doing(err, "reading an allowed conflict at %s", connection)
}

// DecideConflict stores what was decided about a conflict that stood in the
// state was; where it does not any more it is a conflict on [StaleVersion].
func (w *OrgWriter) DecideConflict(ctx context.Context, c sso.Conflict, was sso.ConflictState) error {
	n, err := w.q.exec(ctx, `
		update conflicts
		set state = $4, decided_at = $5, decided_by = $6, decision = $7
		where org_id = $1 and id = $2 and state = $3`,
		w.org, c.ID, was, c.State, at(c.DecidedAt), c.DecidedBy, c.Decision)
	return doing(saved(n, err), "deciding conflict %s", c.ID)
}

// DeleteLink ends that a subject at a connection of the organization stands for
// the user, or returns [ErrNotFound]. A second statement keeps what lists go by.
func (w *OrgWriter) DeleteLink(ctx context.Context, connection sso.ConnectionID, subject string, user sso.UserID) error {
	n, err := w.q.exec(ctx, `
		delete from links
		where org_id = $1 and connection_id = $2 and subject = $3 and user_id = $4`,
		w.org, connection, subject, user)
	if err = found(n, err); err == nil {
		err = (&Writer{&Reader{w.q}}).indexMemberships(ctx, user)
	}
	return doing(err, "deleting a link at %s", connection)
}

// Linked is somebody whom a connection signs in, with one of their memberships.
type Linked struct {
	User       sso.User
	Membership MembershipAt
	Groups     []string // that the identity provider sent last; nil: unknown
}

// LinkedPeople returns whom a connection of the organization signs in, with
// each of their memberships, behind a subject, at most limit lines of them.
func (r *OrgReader) LinkedPeople(ctx context.Context, connection sso.ConnectionID, limit int) ([]Linked, error) {
	all, err := list(ctx, r.q, func(l *Linked) []any {
		return append(append(userFields(&l.User), membershipAtFields(&l.Membership)...), fromJSON(&l.Groups))
	}, `
		select `+userColumns+`, `+membershipColumns+`, o.path, l.groups
		from links l
			join users u on u.id = l.user_id
			join memberships m on m.user_id = l.user_id
			join organizations o on o.id = m.org_id
		where l.connection_id = $2 and l.org_id = $1 and u.state = 'active'
		order by l.subject, m.created_at, m.org_id
		limit $3`,
		r.org, connection, limit)
	return all, doing(err, "listing whom %s signs in", connection)
}
