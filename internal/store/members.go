package store

import (
	"context"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// MembershipAt is a membership and where in the tree its organization stands.
type MembershipAt struct {
	sso.Membership
	Path []sso.OrgID // from the root of the tree to the organization
}

// Within reports whether the organization is ancestor itself or below it.
func (m *MembershipAt) Within(ancestor sso.OrgID) bool { return slices.Contains(m.Path, ancestor) }

func membershipAtFields(m *MembershipAt) []any {
	return append(membershipFields(&m.Membership), path(&m.Path))
}

// MembershipsAt is [Reader.Memberships] with the place of each organization.
func (r *Reader) MembershipsAt(ctx context.Context, user sso.UserID) ([]MembershipAt, error) {
	all, err := list(ctx, r.q, membershipAtFields, `
		select `+membershipColumns+`, o.path
		from memberships m join organizations o on o.id = m.org_id
		where m.user_id = $1
		order by m.created_at, m.org_id`,
		user)
	return all, doing(err, "listing memberships of %s", user)
}

// Member returns a person as a member of an organization, without a session,
// or [ErrNotFound] where there is no such membership.
func (r *Reader) Member(ctx context.Context, user sso.UserID, org sso.OrgID) (sso.Person, error) {
	p, err := one(ctx, r.q, memberFields, `
		select `+memberColumns+`
		from memberships m
			join users u on u.id = m.user_id
			join organizations o on o.id = m.org_id
		where m.user_id = $1 and m.org_id = $2`,
		user, org)
	return p, doing(err, "reading member %s of %s", user, org)
}

// UserAt returns the user with this ID and the place of their home, or
// [ErrNotFound].
func (r *Reader) UserAt(ctx context.Context, id sso.UserID) (UserAt, error) {
	u, err := one(ctx, r.q, userAtFields, `
		select `+userColumns+`, o.path
		from users u join organizations o on o.id = u.org_id
		where u.id = $1`,
		id)
	return u, doing(err, "reading user %s", id)
}

// NoteSignIn writes down when a user last signed in. It is no save: the
// user's version stays.
func (w *Writer) NoteSignIn(ctx context.Context, user sso.UserID, now time.Time) error {
	n, err := w.q.exec(ctx, `
		update users
		set last_sign_in_at = $2
		where id = $1`,
		user, at(now))
	return doing(found(n, err), "noting a sign-in of %s", user)
}

// EndSessionOf ends the session of this token, if there is one.
func (w *Writer) EndSessionOf(ctx context.Context, token secret.Hash, now time.Time) error {
	_, err := w.q.exec(ctx, `
		update sessions
		set ended_at = coalesce(ended_at, $2)
		where token_hash = $1`,
		token[:], at(now))
	return doing(err, "ending the session of a token")
}

// ConnectionsByID returns those of these connections that exist, by name.
func (r *Reader) ConnectionsByID(ctx context.Context, ids []sso.ConnectionID) ([]sso.Connection, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	in, args := anyOf(1, ids)
	all, err := list(ctx, r.q, connectionFields, `
		select `+connectionColumns+`
		from connections c
		where c.id in (`+in+`)
		order by c.name, c.id`,
		args...)
	return all, doing(err, "listing connections by ID")
}
