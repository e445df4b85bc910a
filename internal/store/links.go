package store

import (
	"context"
	"slices"

	"github.com/sallyport/sallyport/internal/sso"
)

const linkColumns = `l.connection_id, l.org_id, l.subject, l.user_id, l.issuer, l.created_at, l.seen_at, l.groups`

func linkFields(l *sso.Link) []any {
	return []any{&l.Connection, &l.Org, &l.Subject, &l.User, &l.Issuer, utc(&l.CreatedAt), utc(&l.SeenAt), fromJSON(&l.Groups)}
}

// Link returns whom a subject at a connection stands for, or [ErrNotFound].
func (r *Reader) Link(ctx context.Context, connection sso.ConnectionID, subject string) (sso.Link, error) {
	l, err := one(ctx, r.q, linkFields, `
		select `+linkColumns+`
		from links l
		where l.connection_id = $1 and l.subject = $2`,
		connection, subject)
	return l, doing(err, "reading link at %s", connection)
}

// LinkedPerson is whom a subject stands for, with every membership they have.
type LinkedPerson struct {
	Link        sso.Link
	User        UserAt
	Memberships []MembershipAt // the oldest first; at least one
}

// LinkedPerson returns whom a subject at a connection stands for, or [ErrNotFound]
// where it stands for nobody or for somebody who is a member of nothing.
func (r *Reader) LinkedPerson(ctx context.Context, connection sso.ConnectionID, subject string) (LinkedPerson, error) {
	type row struct {
		link       sso.Link
		user       UserAt
		membership MembershipAt
	}
	rows, err := list(ctx, r.q, func(v *row) []any {
		return slices.Concat(linkFields(&v.link), userAtFields(&v.user), membershipAtFields(&v.membership))
	}, `
		select `+linkColumns+`, `+userColumns+`, o.path, `+membershipColumns+`, mo.path
		from links l
			join users u on u.id = l.user_id
			join organizations o on o.id = u.org_id
			join memberships m on m.user_id = l.user_id
			join organizations mo on mo.id = m.org_id
		where l.connection_id = $1 and l.subject = $2
		order by m.created_at, m.org_id`,
		connection, subject)
	if err == nil && len(rows) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return LinkedPerson{}, doing(err, "reading whom a subject at %s stands for", connection)
	}
	v := LinkedPerson{Link: rows[0].link, User: rows[0].user}
	for i := range rows {
		v.Memberships = append(v.Memberships, rows[i].membership)
	}
	return v, nil
}

// LinksOfUser returns the subjects at a connection that stand for the user,
// the oldest first.
func (r *Reader) LinksOfUser(ctx context.Context, user sso.UserID, connection sso.ConnectionID) ([]sso.Link, error) {
	all, err := list(ctx, r.q, linkFields, `
		select `+linkColumns+`
		from links l
		where l.user_id = $1 and l.connection_id = $2
		order by l.created_at, l.subject`,
		user, connection)
	return all, doing(err, "listing links of %s at %s", user, connection)
}

// LinksOfUsers returns the links of these users, at any connection, the oldest
// first.
func (r *Reader) LinksOfUsers(ctx context.Context, users []sso.UserID) ([]sso.Link, error) {
	if len(users) == 0 {
		return nil, nil
	}
	in, args := anyOf(1, users)
	all, err := list(ctx, r.q, linkFields, `
		select `+linkColumns+`
		from links l
		where l.user_id in (`+in+`)
		order by l.created_at, l.subject`,
		args...)
	return all, doing(err, "listing the links of users")
}

// InsertLink ties a subject at a connection of the organization to a user. A
// subject that is tied already is a conflict on [LinkSubject]. A second
// statement keeps what lists go by.
func (w *OrgWriter) InsertLink(ctx context.Context, l sso.Link) error {
	if err := w.own(l.Org); err != nil {
		return doing(err, "inserting link at %s", l.Connection)
	}
	_, err := w.q.exec(ctx, `
		insert into links (connection_id, org_id, subject, user_id, issuer, created_at, seen_at, groups)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		l.Connection, w.org, l.Subject, l.User, l.Issuer, at(l.CreatedAt), at(l.SeenAt), toJSON(l.Groups))
	if err == nil {
		err = (&Writer{&Reader{w.q}}).indexMemberships(ctx, l.User)
	}
	return doing(err, "inserting link at %s", l.Connection)
}

// SaveLink notes when the subject was seen, with which groups, and of which
// identity provider it is now. It moves no link to another user;
// where none stands for this user it returns [ErrNotFound].
func (w *OrgWriter) SaveLink(ctx context.Context, l sso.Link) error {
	n, err := w.q.exec(ctx, `
		update links
		set seen_at = $5, issuer = $6, groups = $7
		where org_id = $1 and connection_id = $2 and subject = $3 and user_id = $4`,
		w.org, l.Connection, l.Subject, l.User, at(l.SeenAt), l.Issuer, toJSON(l.Groups))
	return doing(found(n, err), "saving link at %s", l.Connection)
}
