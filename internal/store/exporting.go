package store

import (
	"context"

	"github.com/sallyport/sallyport/internal/sso"
)

// OrganizationName is what an organization is called.
type OrganizationName struct {
	ID  sso.OrgID
	Key string
}

// OrganizationKeys returns what all organizations are called, in no order.
func (r *Reader) OrganizationKeys(ctx context.Context) ([]OrganizationName, error) {
	all, err := list(ctx, r.q, func(k *OrganizationName) []any { return []any{&k.ID, &k.Key} }, `
		select o.id, o.key
		from organizations o`)
	return all, doing(err, "listing keys of organizations")
}

// UserName is what a person is found by in a file.
type UserName struct {
	ID                    sso.UserID
	UsernameKey, EmailKey string // as they are compared; "": has none
}

// Name returns what to call them.
func (n *UserName) Name() string {
	if n.UsernameKey != "" {
		return n.UsernameKey
	}
	return n.EmailKey
}

// UserNames returns by what everybody at home in the organization is found, in
// no order, the deleted left out.
func (r *OrgReader) UserNames(ctx context.Context) ([]UserName, error) {
	all, err := list(ctx, r.q, func(n *UserName) []any { return []any{&n.ID, opt(&n.UsernameKey), opt(&n.EmailKey)} }, `
		select u.id, u.username_key, u.email_key
		from users u
		where u.org_id = $1 and u.state <> 'deleted'`,
		r.org)
	return all, doing(err, "listing names of the users of %s", r.org)
}

// MembershipsOf returns what these users are members of, in no order.
func (r *Reader) MembershipsOf(ctx context.Context, users []sso.UserID) ([]sso.Membership, error) {
	if len(users) == 0 {
		return nil, nil
	}
	in, args := anyOf(1, users)
	all, err := list(ctx, r.q, membershipFields, `
		select `+membershipColumns+`
		from memberships m
		where m.user_id in (`+in+`)`,
		args...)
	return all, doing(err, "listing memberships of several users")
}
