package store

import (
	"context"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

const membershipColumns = `m.org_id, m.user_id, m.role, m.groups, m.created_at, m.updated_at`

func membershipFields(m *sso.Membership) []any {
	return []any{&m.Org, &m.User, &m.Role, fromJSON(&m.Groups), utc(&m.CreatedAt), utc(&m.UpdatedAt)}
}

// Memberships returns what the user is a member of, the oldest first.
func (r *Reader) Memberships(ctx context.Context, user sso.UserID) ([]sso.Membership, error) {
	all, err := list(ctx, r.q, membershipFields, `
		select `+membershipColumns+`
		from memberships m
		where m.user_id = $1
		order by m.created_at, m.org_id`,
		user)
	return all, doing(err, "listing memberships of %s", user)
}

// Membership returns the user's membership in the organization, or
// [ErrNotFound].
func (r *OrgReader) Membership(ctx context.Context, user sso.UserID) (sso.Membership, error) {
	m, err := one(ctx, r.q, membershipFields, `
		select `+membershipColumns+`
		from memberships m
		where m.org_id = $1 and m.user_id = $2`,
		r.org, user)
	return m, doing(err, "reading membership of %s in %s", user, r.org)
}

// Memberships returns the organization's members, the oldest first.
func (r *OrgReader) Memberships(ctx context.Context) ([]sso.Membership, error) {
	all, err := list(ctx, r.q, membershipFields, `
		select `+membershipColumns+`
		from memberships m
		where m.org_id = $1
		order by m.created_at, m.user_id`,
		r.org)
	return all, doing(err, "listing members of %s", r.org)
}

// SaveMembership inserts the membership or replaces it. Further statements
// keep its groups and what lists go by.
func (w *OrgWriter) SaveMembership(ctx context.Context, m sso.Membership) error {
	if err := w.own(m.Org); err != nil {
		return doing(err, "saving membership of %s", m.User)
	}
	_, err := w.q.exec(ctx, `
		insert into memberships (org_id, user_id, role, groups, created_at, updated_at, sort_key, state, way)
		values ($1, $2, $3, $4, $5, $6,
			(select u.sort_key from users u where u.id = $2),
			coalesce((select u.state from users u where u.id = $2), 'active'),
			coalesce((select `+wayOfUser+` from users u where u.id = $2), 'none'))
		on conflict (org_id, user_id) do update
		set role = excluded.role, groups = excluded.groups, updated_at = excluded.updated_at`,
		w.org, m.User, m.Role, toJSON(m.Groups), at(m.CreatedAt), at(m.UpdatedAt))
	if err == nil {
		err = w.indexMembership(ctx, &m)
	}
	return doing(err, "saving membership of %s in %s", m.User, w.org)
}

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

// Belonging is an organization of which somebody is a member, as they know it.
type Belonging struct {
	Org    sso.OrgID
	Key    string
	Name   string
	SeenAt time.Time // their last sign-in there; zero: none
}

// Belongings returns those of these organizations of which the user is a member and
// that are active, the one they last signed in to first.
func (r *Reader) Belongings(ctx context.Context, user sso.UserID, of []sso.OrgID) ([]Belonging, error) {
	if len(of) == 0 {
		return nil, nil
	}
	in, args := anyOf(2, of)
	all, err := list(ctx, r.q, func(p *Belonging) []any { return []any{&p.Org, &p.Key, &p.Name, utcOrNever(&p.SeenAt)} }, `
		select o.id, o.key, o.name, m.seen_at
		from memberships m join organizations o on o.id = m.org_id
		where m.user_id = $1 and o.state = 'active' and o.id in (`+in+`)
		order by m.seen_at desc, o.name, o.id`,
		append([]any{user}, args...)...)
	return all, doing(err, "listing the organizations of %s", user)
}

// Member returns a person as a member of an organization, without a session,
// or [ErrNotFound] where there is no such membership.
func (r *Reader) Member(ctx context.Context, user sso.UserID, org sso.OrgID) (sso.Person, error) {
	p, err := one(ctx, r.q, r.q.memberFields, `
		select `+memberColumns+`
		from memberships m
			join users u on u.id = m.user_id
		where m.user_id = $1 and m.org_id = $2`,
		user, org)
	if err == nil {
		err = r.Place(ctx, &p)
	}
	return p, doing(err, "reading member %s of %s", user, org)
}
