package store

import (
	"context"
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

const sessionColumns = `s.id, s.user_id, s.org_id, s.connection_id, s.amr, s.auth_time, s.created_at, s.seen_at, s.expires_at, s.ended_at, s.idle, s.user_agent, s.address, s.actor_id, s.actor_session_id, s.reason,
	s.saml_subject, s.saml_name_id, s.saml_format, s.saml_name_qualifier, s.saml_sp_name_qualifier, s.saml_session_index, s.saml_issued_at, s.app_id`

func sessionFields(s *sso.Session) []any {
	return []any{
		&s.ID, &s.User, &s.Org, opt(&s.Connection), fromJSON(&s.AMR), utc(&s.AuthTime),
		utc(&s.CreatedAt), utc(&s.SeenAt), utc(&s.ExpiresAt), utc(&s.EndedAt),
		&s.Idle, &s.UserAgent, &s.Address, opt(&s.Actor), opt(&s.ActorSession), &s.Reason,
		opt(&s.SAML.Subject), &s.SAML.NameID, &s.SAML.Format, &s.SAML.NameQualifier, &s.SAML.SPNameQualifier, &s.SAML.SessionIndex, utc(&s.SAML.IssuedAt),
		opt(&s.App),
	}
}

// A person is there only while the membership is: who is removed from the
// organization is signed out of it. The organization itself is among the
// settings, and the statement brings along the mark under which it is known.
const (
	personColumns = sessionColumns + `, s.former_role, ` + memberColumns
	memberColumns = userColumns + `, ` + membershipColumns + `, ` + marked
	personTables  = `sessions s
		join users u on u.id = s.user_id
		join memberships m on m.org_id = s.org_id and m.user_id = s.user_id`
)

func (q *queries) personFields(p *sso.Person) []any {
	return append(append(sessionFields(&p.Session), opt(&p.Former)), q.memberFields(p)...)
}

func (q *queries) memberFields(p *sso.Person) []any {
	return append(append(userFields(&p.User), membershipFields(&p.Membership)...), q.seen())
}

// Place adds to somebody who is known as a member of an organization that
// organization, and what its line says that holds for as long as they are in.
func (r *Reader) Place(ctx context.Context, p *sso.Person) error {
	line, err := r.Settings().line(ctx, p.Membership.Org)
	if err != nil {
		return err
	}
	p.Org = line[len(line)-1]
	for i := len(line) - 1; i >= 0; i-- {
		switch o := &line[i]; {
		case o.State != sso.OrgActive:
			p.Suspended = true
		case len(o.Policy.IPAllow) > 0 || !o.Policy.LocalUntil.IsZero():
			said := o.Policy
			said.Of = o.ID
			p.Networks = append(p.Networks, said)
		}
	}
	return nil
}

// settled adds to a person with a session what [Reader.Place] adds, and what
// decides whether a policy has ended the session, where one may have: it takes
// statements of its own in these few.
func (r *Reader) settled(ctx context.Context, p *sso.Person) error {
	err := r.Place(ctx, p)
	if err != nil || !p.Ends() {
		return err
	}
	if _, p.Proved, err = r.Rules(ctx, &p.Org, p.User.Email); err != nil {
		return err
	}
	if p.Networks.Pilots() {
		p.Groups, err = r.groupsOf(ctx, p.User.ID)
	}
	return err
}

// Person returns who holds the token of a session, live or not, with the user,
// organization and membership as they are now, or [ErrNotFound].
func (r *Reader) Person(ctx context.Context, token secret.Hash) (sso.Person, error) {
	p, err := one(ctx, r.q, r.q.personFields, `
		select `+personColumns+`
		from `+personTables+`
		where s.token_hash = $1`,
		token[:])
	if err == nil {
		err = r.settled(ctx, &p)
	}
	return p, doing(err, "reading the person of a session token")
}

// RetiredPerson is [Reader.Person] by the token that a session had before,
// while it is still good for something: as what the person was then.
func (r *Reader) RetiredPerson(ctx context.Context, token secret.Hash, now time.Time) (sso.Person, error) {
	var role sso.Role
	p, err := one(ctx, r.q, func(p *sso.Person) []any { return append(r.q.personFields(p), &role) }, `
		select `+personColumns+`, s.retired_role
		from `+personTables+`
		where s.retired_hash = $1 and s.retired_until > $2`,
		token[:], at(now))
	p.Former, p.Retired = role, err == nil
	if err == nil {
		err = r.settled(ctx, &p)
	}
	return p, doing(err, "reading the person of a retired session token")
}

// PersonBySession is [Reader.Person] by the session's ID.
func (r *Reader) PersonBySession(ctx context.Context, id sso.SessionID) (sso.Person, error) {
	p, err := one(ctx, r.q, r.q.personFields, `
		select `+personColumns+`
		from `+personTables+`
		where s.id = $1`,
		id)
	if err == nil {
		err = r.settled(ctx, &p)
	}
	return p, doing(err, "reading the person of session %s", id)
}

// InsertSession stores a session, to be found by the hash of its token. Its
// user must be a member of its organization. A session that its identity
// provider has ended before it began is [ErrSignedOut].
func (w *Writer) InsertSession(ctx context.Context, s sso.Session, token secret.Hash) error {
	n, err := w.q.exec(ctx, insertSession, sessionArgs(&s, token)...)
	if err == nil && n == 0 {
		err = ErrSignedOut
	}
	return doing(err, "inserting session %s", s.ID)
}

// InsertSessionOf is [Writer.InsertSession] for somebody who is known as they were
// seen last. Where they are somebody else by now, it is a conflict; and so is
// whatever else stands in the way.
func (w *Writer) InsertSessionOf(ctx context.Context, s sso.Session, token secret.Hash, p *sso.Person) error {
	n, err := w.q.exec(ctx, insertSession+`
		and exists (
			select 1
			from users u join memberships m on m.user_id = u.id
			where u.id = $3 and u.version = $26 and m.org_id = $4 and m.role = $27 and m.groups = $28
		)`,
		append(sessionArgs(&s, token), p.User.Version, p.Membership.Role, toJSON(p.Membership.Groups))...)
	return doing(saved(n, err), "inserting session %s", s.ID)
}

const insertSession = `
		insert into sessions (id, token_hash, user_id, org_id, connection_id, amr, auth_time, created_at, seen_at, expires_at, ended_at, idle, user_agent, address, actor_id, actor_session_id, reason,
			saml_subject, saml_name_id, saml_format, saml_name_qualifier, saml_sp_name_qualifier, saml_session_index, saml_issued_at, app_id)
		select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25
		where not exists (
			select 1
			from saml_logouts l
			where l.connection_id = $5 and l.subject = $18 and l.session_index in ('', $23) and l.issued_at >= $24 and l.expires_at > $8
		)`

func sessionArgs(s *sso.Session, token secret.Hash) []any {
	return []any{
		s.ID, token[:], s.User, s.Org, null(s.Connection), toJSON(s.AMR), at(s.AuthTime), at(s.CreatedAt), at(s.SeenAt), at(s.ExpiresAt), at(s.EndedAt),
		int64(s.Idle), shown(s.UserAgent), shown(s.Address), null(s.Actor), null(s.ActorSession), shown(s.Reason),
		null(s.SAML.Subject), s.SAML.NameID, s.SAML.Format, s.SAML.NameQualifier, s.SAML.SPNameQualifier, s.SAML.SessionIndex, at(s.SAML.IssuedAt), null(s.App),
	}
}

// KeepOffline ends those of a person's sessions that an app holds by refresh
// tokens beyond this many, of which those used last stay.
func (w *Writer) KeepOffline(ctx context.Context, user sso.UserID, app sso.AppID, most int, now time.Time) error {
	_, err := w.q.exec(ctx, `
		update sessions
		set ended_at = $4
		where id in (
			select s.id
			from sessions s
			where s.user_id = $1 and s.app_id = $2 and s.ended_at is null
			order by s.seen_at desc, s.id desc
			limit 1000 offset $3
		)`,
		user, app, most, at(now))
	return doing(err, "ending sessions of %s in app %s", user, app)
}

// presenceEvery is how stale it may be when somebody was last there.
const presenceEvery = time.Hour

// TouchSession notes that a session was used, and that its person was there,
// unless somebody acts as them. One that has ended stays as it is and is
// [ErrNotFound]. It takes two statements.
func (w *Writer) TouchSession(ctx context.Context, id sso.SessionID, now time.Time) error {
	n, err := w.q.exec(ctx, `
		update sessions
		set seen_at = $2
		where id = $1 and ended_at is null`,
		id, at(now))
	if err = found(n, err); err == nil {
		_, err = w.q.exec(ctx, `
			insert into presence (user_id, at)
			select s.user_id, $2
			from sessions s
			where s.id = $1 and s.actor_id is null
			on conflict (user_id) do update
			set at = excluded.at
			where presence.at < $3`,
			id, at(now), at(now.Add(-presenceEvery)))
	}
	return doing(err, "touching session %s", id)
}

// Presence returns when the user last used a session, to an hour; the zero time
// where that was never noted.
func (r *Reader) Presence(ctx context.Context, user sso.UserID) (time.Time, error) {
	t, err := one(ctx, r.q, func(t *time.Time) []any { return []any{utc(t)} }, `
		select p.at
		from presence p
		where p.user_id = $1`,
		user)
	if errors.Is(err, ErrNotFound) {
		return time.Time{}, nil
	}
	return t, doing(err, "reading when user %s was last there", user)
}

// RotateSession gives a session another token: what knew the old one is out.
// One that has ended stays as it is and is [ErrNotFound].
func (w *Writer) RotateSession(ctx context.Context, id sso.SessionID, token secret.Hash, now time.Time) error {
	n, err := w.q.exec(ctx, `
		update sessions
		set token_hash = $2, seen_at = $3, former_role = null, retired_hash = null
		where id = $1 and ended_at is null`,
		id, token[:], at(now))
	return doing(found(n, err), "giving session %s another token", id)
}

// RefreshSession gives a session another token, and writes down how and when
// its person proved themselves anew, until when it lasts by that, and what the
// identity provider calls it.
// One that has ended stays as it is and is [ErrNotFound]; so is one whose new
// proof the identity provider has ended already.
func (w *Writer) RefreshSession(ctx context.Context, s sso.Session, token secret.Hash, now time.Time) error {
	n, err := w.q.exec(ctx, `
		update sessions
		set token_hash = $2, former_role = null, retired_hash = null, amr = $3, auth_time = $4, seen_at = $5, saml_subject = $6, saml_name_id = $7, saml_format = $8, saml_name_qualifier = $9,
			saml_sp_name_qualifier = $10, saml_session_index = $11, saml_issued_at = $12, expires_at = $13
		where id = $1 and ended_at is null and not exists (
			select 1
			from saml_logouts l
			where l.connection_id = sessions.connection_id and l.subject = $6 and l.session_index in ('', $11) and l.issued_at >= $12 and l.expires_at > $5
		)`,
		s.ID, token[:], toJSON(s.AMR), at(s.AuthTime), at(now), null(s.SAML.Subject), s.SAML.NameID, s.SAML.Format, s.SAML.NameQualifier,
		s.SAML.SPNameQualifier, s.SAML.SessionIndex, at(s.SAML.IssuedAt), at(s.ExpiresAt))
	return doing(found(n, err), "refreshing session %s", s.ID)
}

// EndSession ends a session; one that has ended keeps its end.
func (w *Writer) EndSession(ctx context.Context, id sso.SessionID, now time.Time) error {
	n, err := w.q.exec(ctx, `
		update sessions
		set ended_at = coalesce(ended_at, $2)
		where id = $1`,
		id, at(now))
	return doing(found(n, err), "ending session %s", id)
}

// RenewSession replaces the token of a session that waits for it. The old one
// goes on until then, as what the person was. Of any number that replace a
// token, one does; to the others, and where the session waits for nothing, it is
// [ErrNotFound].
func (w *Writer) RenewSession(ctx context.Context, old, token secret.Hash, until time.Time) error {
	n, err := w.q.exec(ctx, `
		update sessions
		set token_hash = $2, retired_hash = token_hash, retired_role = former_role, retired_until = $3, former_role = null
		where token_hash = $1 and former_role is not null and ended_at is null`,
		old[:], token[:], at(until))
	return doing(found(n, err), "renewing a session")
}

// EndSessionOf ends the session of this token, if there is one; of one that was
// retired, too: whoever signs out is out.
func (w *Writer) EndSessionOf(ctx context.Context, token secret.Hash, now time.Time) error {
	n, err := w.q.exec(ctx, `
		update sessions
		set ended_at = coalesce(ended_at, $2)
		where token_hash = $1`,
		token[:], at(now))
	if err == nil && n == 0 {
		_, err = w.q.exec(ctx, `
			update sessions
			set ended_at = coalesce(ended_at, $2)
			where retired_hash = $1 and retired_until > $2`,
			token[:], at(now))
	}
	return doing(err, "ending the session of a token")
}

// RoleChanged has the sessions of somebody follow a change of their role in the
// organization o, which has to be this one: as [sso.Organization.Rise] says.
func (w *OrgWriter) RoleChanged(ctx context.Context, o *sso.Organization, user sso.UserID, from, to sso.Role, now time.Time) error {
	if err := w.own(o.ID); err != nil {
		return doing(err, "following a role of %s", user)
	}
	switch o.Rise(from, to) {
	case sso.SignedOut:
		_, err := w.EndSessionsOf(ctx, user, now)
		return err
	case sso.Renewed:
		_, err := w.q.exec(ctx, `
			update sessions
			set former_role = coalesce(former_role, $3)
			where org_id = $1 and user_id = $2 and ended_at is null`,
			w.org, user, from)
		return doing(err, "having the sessions of %s renewed", user)
	default:
		return nil
	}
}

// EndOwnSession ends a session of the user, or returns [ErrNotFound]; one that
// has ended keeps its end.
func (w *Writer) EndOwnSession(ctx context.Context, user sso.UserID, id sso.SessionID, now time.Time) error {
	n, err := w.q.exec(ctx, `
		update sessions
		set ended_at = coalesce(ended_at, $3)
		where id = $2 and user_id = $1`,
		user, id, at(now))
	return doing(found(n, err), "ending session %s", id)
}

// EndOtherSessions ends all sessions of the user but one, and returns how many
// were open.
func (w *Writer) EndOtherSessions(ctx context.Context, user sso.UserID, but sso.SessionID, now time.Time) (int, error) {
	n, err := w.q.exec(ctx, `
		update sessions
		set ended_at = $3
		where user_id = $1 and id <> $2 and ended_at is null`,
		user, but, at(now))
	return int(n), doing(err, "ending the other sessions of %s", user)
}
