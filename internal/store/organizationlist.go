package store

import (
	"context"

	"github.com/sallyport/sallyport/internal/sso"
)

// OrganizationQuery says which organizations are listed, by name. The zero
// value lists all.
type OrganizationQuery struct {
	Words  []string     // beginnings of words, as [sso.SearchWords] gives them
	State  sso.OrgState // "": any
	Parent sso.OrgID    // "": any; else those right below it
	After  OrganizationPlace
	Limit  int
}

// OrganizationPlace is a place in a list of organizations, to go on from. The
// zero value is the beginning.
type OrganizationPlace struct {
	Key []byte // of the name
	Org sso.OrgID
}

// ListOrganizations returns organizations by name, at most Limit of them. A
// word finds what has it in its key or name, or a domain that begins so.
func (r *Reader) ListOrganizations(ctx context.Context, q OrganizationQuery) ([]sso.Organization, error) {
	var s statement
	for _, word := range q.Words {
		from, to := s.arg([]byte(word)), s.arg(behind(word))
		s.where(`o.id in (
				select w.org_id from organization_words w where w.word >= ` + from + ` and w.word < ` + to + `
				union
				select d.org_id from domains d where d.word >= ` + from + ` and d.word < ` + to + `
			)`)
	}
	if q.Parent != "" {
		s.where("o.parent_id = " + s.arg(q.Parent))
	}
	if q.State != "" {
		column := "o.state"
		if len(s.and) > 0 {
			column = "o.state || ''" // no index: what was found is few
		}
		s.where(column + " = " + s.arg(q.State))
	}
	if q.After.Org != "" || len(s.and) == 0 {
		key := append([]byte{}, q.After.Key...) // nil would be null, which nothing is behind
		s.where("(o.sort_key, o.id) > (" + s.arg(key) + ", " + s.arg(q.After.Org) + ")")
	}
	all, err := list(ctx, r.q, organizationFields, `
		select `+organizationColumns+`
		from organizations o
		where `+s.conditions()+`
		order by o.sort_key, o.id
		limit `+s.arg(q.Limit),
		s.args...)
	return all, doing(err, "listing organizations")
}

// CountBelow returns how many organizations stand below this one, and how many
// memberships there are in it and in them, each at most limit.
func (r *Reader) CountBelow(ctx context.Context, id sso.OrgID, limit int) (organizations, people int, err error) {
	type counts struct{ organizations, people int }
	c, err := one(ctx, r.q, func(c *counts) []any { return []any{&c.organizations, &c.people} }, `
		with recursive below (id) as (
			select o.id from organizations o where o.id = $1
			union -- ends even in a circle
			select c.id from below join organizations c on c.parent_id = below.id
		)
		select
			(select count(*) from (select 1 from below where below.id <> $1 limit $2) as few),
			(select count(*) from (select 1 from below join memberships m on m.org_id = below.id limit $2) as few)`,
		id, limit)
	return c.organizations, c.people, doing(err, "counting below %s", id)
}
