package store

import (
	"context"
	"errors"

	"github.com/sallyport/sallyport/internal/sso"
)

// Rules returns the policies that hold for a member of an organization with an
// address: of the organization and all above it, and, where the domain of the
// address is proved by another organization of the same tree, of that one and
// all above it, and of the domain itself. proved reports whether anybody in the
// tree has proved the domain. It takes at most three statements.
func (r *Reader) Rules(ctx context.Context, org *sso.Organization, e sso.Email) (rules sso.Rules, proved bool, err error) {
	line := []sso.Organization{*org}
	if len(org.Path) > 1 {
		if line, err = r.Settings().Lineage(ctx, org.ID); err != nil {
			return nil, false, err
		}
	}
	claim, err := r.Settings().VerifiedDomain(ctx, e.Domain())
	if errors.Is(err, ErrNotFound) {
		rules, proved = sso.RulesAt(line, nil, nil)
		return rules, proved, nil
	}
	if err != nil {
		return nil, false, err
	}
	var claimant []sso.Organization
	if !org.Within(claim.Org) {
		if claimant, err = r.Settings().Lineage(ctx, claim.Org); err != nil {
			return nil, false, err
		}
	}
	rules, proved = sso.RulesAt(line, &claim, claimant)
	return rules, proved, nil
}

// Door is [Reader.Rules] for a member, with how they stand at the door of the
// organization: the entry lacks how they come, and from where. Where a pilot is
// going on it takes one statement more.
func (r *Reader) Door(ctx context.Context, org *sso.Organization, u *sso.User, role sso.Role) (sso.Rules, sso.Entry, error) {
	rules, proved, err := r.Rules(ctx, org, u.Email)
	e := sso.Entry{Email: u.Email, Outside: role == sso.RoleOwner && !proved}
	if err == nil && rules.Pilots() {
		e.Groups, err = r.groupsOf(ctx, u.ID)
	}
	return rules, e, err
}

// groupsOf returns the groups of a user, in any organization.
func (r *Reader) groupsOf(ctx context.Context, user sso.UserID) ([]sso.GroupID, error) {
	groups, err := list(ctx, r.q, func(g *sso.GroupID) []any { return []any{g} }, `
		select g.id
		from group_members x
		join groups g on g.org_id = x.org_id and g.name = x.name
		where x.user_id = $1
		order by g.id`,
		user)
	return groups, doing(err, "listing the groups of %s", user)
}

// GroupsNamed returns those of the organization's groups that have these names.
func (r *OrgReader) GroupsNamed(ctx context.Context, names []string) ([]sso.GroupID, error) {
	if len(names) == 0 {
		return nil, nil
	}
	in, args := anyOf(2, names)
	groups, err := list(ctx, r.q, func(g *sso.GroupID) []any { return []any{g} }, `
		select g.id
		from groups g
		where g.org_id = $1 and g.name in (`+in+`)
		order by g.id`,
		append([]any{r.org}, args...)...)
	return groups, doing(err, "listing groups of %s by name", r.org)
}
