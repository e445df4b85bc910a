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

// OrganizationPage is one page of a list of organizations.
type OrganizationPage struct {
	Organizations []sso.Organization
	// Next is where the next page begins; zero: there is none. As in
	// [PeoplePage], the page before it may not be full.
	Next OrganizationPlace
}

// ListOrganizations returns a page of organizations, by their names. It takes
// up to three statements.
func (r *Reader) ListOrganizations(ctx context.Context, q OrganizationQuery) (OrganizationPage, error) {
	p, err := r.listOrganizations(ctx, &q)
	return p, doing(err, "listing organizations")
}

func (r *Reader) listOrganizations(ctx context.Context, q *OrganizationQuery) (OrganizationPage, error) {
	if len(q.Words) == 0 {
		return r.walkOrganizations(ctx, q, nil)
	}
	var s statement
	limit := s.arg(r.q.db.look.few + 1)
	text := "select "
	for i, word := range q.Words {
		if i > 0 {
			text += ", "
		}
		text += "(select count(*) from (" + namedSo(&s, word) + " limit " + limit + ") as few)"
	}
	counts, err := r.q.counts(ctx, len(q.Words), text, s.args)
	if err != nil {
		return OrganizationPage{}, err
	}
	if i := fewest(counts); counts[i] <= r.q.db.look.few {
		return r.gatherOrganizations(ctx, q, i)
	}
	until, err := r.organizationHorizon(ctx, q)
	if err != nil {
		return OrganizationPage{}, err
	}
	return r.walkOrganizations(ctx, q, until)
}

// namedSo is the statement that gives the organizations with a word that begins
// so, or a domain, some of them twice.
func namedSo(s *statement, word string) string {
	from, to := s.arg([]byte(word)), s.arg(behind(word))
	return "select w.org_id from organization_words w where w.word >= " + from + " and w.word < " + to +
		" union all select d.org_id from domains d where d.word >= " + from + " and d.word < " + to
}

// named adds that the organization o has such a word or domain.
func named(s *statement, word string) {
	from, to := s.arg([]byte(word)), s.arg(behind(word))
	s.where("(exists (select 1 from organization_words w where w.org_id = o.id and w.word >= " + from + " and w.word < " + to + ")" +
		" or exists (select 1 from domains d where d.org_id = o.id and d.word >= " + from + " and d.word < " + to + "))")
}

// organizationsFrom begins a walk through organizations by their names.
func organizationsFrom(s *statement, q *OrganizationQuery) {
	if q.Parent != "" {
		s.where("o.parent_id = " + s.arg(q.Parent))
	}
	if q.State != "" {
		column := "o.state"
		if q.Parent != "" {
			column = "o.state || ''" // one index is enough
		}
		s.where(column + " = " + s.arg(q.State))
	}
	if q.After.Org != "" || len(s.and) == 0 {
		s.where("(o.sort_key, o.id) > " + organizationPlace(s, q.After))
	}
}

func organizationPlace(s *statement, p OrganizationPlace) string {
	return "(" + s.arg(append([]byte{}, p.Key...)) + ", " + s.arg(p.Org) + ")" // nil would be null, which nothing is behind
}

// organizationHorizon returns the last place at which a walk may look, or nil
// where it may look at all.
func (r *Reader) organizationHorizon(ctx context.Context, q *OrganizationQuery) (*OrganizationPlace, error) {
	var s statement
	organizationsFrom(&s, q)
	all, err := list(ctx, r.q, func(p *OrganizationPlace) []any { return []any{&p.Key, &p.Org} }, `
		select o.sort_key, o.id
		from organizations o
		where `+s.conditions()+`
		order by o.sort_key, o.id
		limit 1 offset `+s.arg(r.q.db.look.far),
		s.args...)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

// walkOrganizations looks at one organization after the other, no farther than
// until.
func (r *Reader) walkOrganizations(ctx context.Context, q *OrganizationQuery, until *OrganizationPlace) (OrganizationPage, error) {
	var s statement
	organizationsFrom(&s, q)
	if until != nil {
		s.where("(o.sort_key, o.id) <= " + organizationPlace(&s, *until))
	}
	for _, word := range q.Words {
		named(&s, word)
	}
	all, err := list(ctx, r.q, organizationFields, `
		select `+organizationColumns+`
		from organizations o
		where `+s.conditions()+`
		order by o.sort_key, o.id
		limit `+s.arg(q.Limit+1),
		s.args...)
	return pageOfOrganizations(q, all, until), err
}

// gatherOrganizations takes the few that have one of the words, and puts those
// of them that have the others in order.
func (r *Reader) gatherOrganizations(ctx context.Context, q *OrganizationQuery, first int) (OrganizationPage, error) {
	var s statement
	few := namedSo(&s, q.Words[first])
	s.where("o.id = few.org_id")
	if q.Parent != "" {
		s.where("o.parent_id || '' = " + s.arg(q.Parent))
	}
	if q.State != "" {
		s.where("o.state || '' = " + s.arg(q.State))
	}
	if q.After.Org != "" {
		s.where("(o.sort_key, o.id) > " + organizationPlace(&s, q.After))
	}
	for i, word := range q.Words {
		if i != first {
			named(&s, word)
		}
	}
	all, err := list(ctx, r.q, organizationFields, `
		with few as materialized (select distinct named.org_id from (`+few+`) as named),
		page as materialized (
			select o.id, o.sort_key
			from few cross join organizations o
			where `+s.conditions()+`
			order by o.sort_key, o.id
			limit `+s.arg(q.Limit+1)+`
		)
		select `+organizationColumns+`
		from page cross join organizations o
		where o.id = page.id
		order by page.sort_key, page.id`,
		s.args...)
	return pageOfOrganizations(q, all, nil), err
}

// pageOfOrganizations cuts off what belongs to the next page.
func pageOfOrganizations(q *OrganizationQuery, all []sso.Organization, until *OrganizationPlace) OrganizationPage {
	page := OrganizationPage{Organizations: all}
	switch {
	case len(all) > q.Limit:
		last := &all[q.Limit-1]
		page.Organizations, page.Next = all[:q.Limit], OrganizationPlace{Key: last.SortKey(), Org: last.ID}
	case until != nil:
		page.Next = *until
	}
	return page
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
