package store

import (
	"context"
	"errors"

	"github.com/sallyport/sallyport/internal/sso"
)

// OrganizationLine is a line of a list of organizations.
type OrganizationLine struct {
	sso.Organization
	// Members and Below are how many there are, counted as far as
	// [ManyMembers]; below stand those of which it is the parent.
	Members int
	Below   int
	Place   OrganizationPlace // to list on from here
}

// Suborganizations returns the organizations whose parent this one is and
// whose name begins so, folded as [sso.Fold] does, behind a place, at most
// limit of them, by name.
func (r *OrgReader) Suborganizations(ctx context.Context, beginning string, after OrganizationPlace, limit int) ([]OrganizationLine, error) {
	var s statement
	s.where("o.parent_id = " + s.arg(r.org))
	if beginning != "" {
		s.beginningAfter("o.sort_key", beginning, placeKey(after.Key, after.Org))
	}
	if after.Org != "" {
		s.where("(o.sort_key, o.id) > (" + s.arg(after.Key) + ", " + s.arg(after.Org) + ")")
	}
	many := s.arg(ManyMembers)
	all, err := page(ctx, r.q, func(o *OrganizationLine) []any {
		return append(organizationFields(&o.Organization), &o.Place.Key, &o.Members, &o.Below)
	}, `
		select `+organizationColumns+`, o.sort_key,
			(select count(*) from (select 1 from memberships m where m.org_id = o.id limit `+many+`) as few),
			(select count(*) from (select 1 from organizations c where c.parent_id = o.id limit `+many+`) as few)
		from organizations o
		where `+s.conditions()+`
		order by o.sort_key, o.id
		limit `+s.arg(limit),
		s.args...)
	for i := range all {
		all[i].Place.Org = all[i].ID
	}
	return all, doing(err, "listing what stands below %s", r.org)
}

// Tree returns the organization and those below it, at most limit of them,
// the upper ones first.
func (r *OrgReader) Tree(ctx context.Context, limit int) ([]sso.Organization, error) {
	all, err := page(ctx, r.q, organizationFields, `
		with recursive below (id, depth) as (
			select o.id, 0 from organizations o where o.id = $1
			union all
			select c.id, below.depth + 1
			from below join organizations c on c.parent_id = below.id
			where below.depth < $2
		)
		select `+organizationColumns+`
		from (select id, depth from below limit $3) as below cross join organizations o
		where o.id = below.id
		order by below.depth, o.sort_key, o.id`,
		r.org, sso.MaxTreeDepth, limit)
	return all, doing(err, "listing the tree below %s", r.org)
}

// DemandedBelow reports whether an organization below this one demands single
// sign-on of anybody, or closes the passwords of a domain, and has no active
// connection nearer than those of this one and of what is above it: without
// them, nobody would come in there.
func (r *OrgReader) DemandedBelow(ctx context.Context) (bool, error) {
	_, err := one(ctx, r.q, func(id *sso.OrgID) []any { return []any{id} }, `
		with recursive below (id) as (
			select o.id
			from organizations o
			where o.parent_id = $1 and not exists (select 1 from connections c where c.org_id = o.id and c.state = 'active')
			union -- ends even in a circle
			select o.id
			from below join organizations o on o.parent_id = below.id
			where not exists (select 1 from connections c where c.org_id = o.id and c.state = 'active')
		)
		select o.id
		from below join organizations o on o.id = below.id
		where o.policy like '%"sso":"required"%' or o.policy like '%"sso":"pilot"%'
			or exists (select 1 from domains d where d.org_id = o.id and d.state = 'verified' and d.password_off)
		limit 1`,
		r.org)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, doing(err, "looking for what demands single sign-on below %s", r.org)
}
