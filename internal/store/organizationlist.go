package store

import (
	"bytes"
	"cmp"
	"context"
	"slices"

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
	Key []byte // of the name, or the word that was found among very many
	Org sso.OrgID
}

func (p OrganizationPlace) compare(other OrganizationPlace) int {
	return cmp.Or(bytes.Compare(p.Key, other.Key), cmp.Compare(p.Org, other.Org))
}

// OrganizationPage is one page of a list of organizations.
type OrganizationPage struct {
	Organizations []sso.Organization
	// Next is where the next page begins; zero: there is none. As in
	// [PeoplePage], the page before it may not be full.
	Next OrganizationPlace
}

// ListOrganizations returns a page of organizations, by their names. Where very
// many have each of the words, they come in the order of the first of these. It
// takes up to five statements.
func (r *Reader) ListOrganizations(ctx context.Context, q OrganizationQuery) (OrganizationPage, error) {
	p, err := r.listOrganizations(ctx, &q)
	return p, doing(err, "listing organizations")
}

func (r *Reader) listOrganizations(ctx context.Context, q *OrganizationQuery) (OrganizationPage, error) {
	if len(q.Words) == 0 {
		return r.walkOrganizations(ctx, q)
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
	return r.foundOrganizations(ctx, q)
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
	which := " and " + holds("x.word >= "+from+" and x.word < "+to) + " limit 1)"
	s.where("coalesce((select 1 from organization_words x where x.org_id = o.id" + which + ", (select 1 from domains x where x.org_id = o.id" + which + ") is not null")
}

func organizationPlace(s *statement, p OrganizationPlace) string {
	return "(" + s.arg(append([]byte{}, p.Key...)) + ", " + s.arg(p.Org) + ")" // nil would be null, which nothing is behind
}

// walkOrganizations looks at organizations by their names.
func (r *Reader) walkOrganizations(ctx context.Context, q *OrganizationQuery) (OrganizationPage, error) {
	var s statement
	if q.Parent != "" {
		s.where("o.parent_id = " + s.arg(q.Parent))
	}
	if q.State != "" {
		state := "o.state = " + s.arg(q.State)
		if q.Parent != "" {
			state = holds(state) // one index is enough
		}
		s.where(state)
	}
	if q.After.Org != "" || len(s.and) == 0 {
		s.where("(o.sort_key, o.id) > " + organizationPlace(&s, q.After))
	}
	all, err := page(ctx, r.q, organizationFields, `
		select `+organizationColumns+`
		from organizations o
		where `+s.conditions()+`
		order by o.sort_key, o.id
		limit `+s.arg(q.Limit+1),
		s.args...)
	return pageOfOrganizations(q, all), err
}

// wordSource is a table of words by which organizations are found.
type wordSource struct{ table, other, before string }

// wordSources are the two tables. Of several words of an organization that begin
// as is looked for, the first one counts, and of equal ones that of its name.
func wordSources() []wordSource {
	return []wordSource{{"organization_words", "domains", "<"}, {"domains", "organization_words", "<="}}
}

// foundOrganizations looks at one word after the other, and returns the
// organizations in the order of the words: those with the longest word stand
// together, whatever they are called.
func (r *Reader) foundOrganizations(ctx context.Context, q *OrganizationQuery) (OrganizationPage, error) {
	var until *OrganizationPlace
	for _, source := range wordSources() {
		var s statement
		source.walk(&s, q)
		far, err := page(ctx, r.q, func(p *OrganizationPlace) []any { return []any{&p.Key, &p.Org} }, `
			select w.word, w.org_id
			from `+source.table+` w
			where `+s.conditions()+`
			order by w.word, w.org_id
			limit 1 offset `+s.arg(r.q.db.look.far),
			s.args...)
		if err != nil {
			return OrganizationPage{}, err
		}
		if len(far) > 0 && (until == nil || far[0].compare(*until) < 0) {
			until = &far[0]
		}
	}
	type found struct {
		sso.Organization
		place OrganizationPlace
	}
	var all []found
	within := until
	for _, source := range wordSources() {
		var s statement
		source.walk(&s, q)
		if within != nil {
			s.where("(w.word, w.org_id) <= " + organizationPlace(&s, *within))
		}
		first := s.arg([]byte(q.Words[0]))
		s.where(holds("(select 1 from " + source.table + " x where x.org_id = w.org_id and " + holds("x.word >= "+first+" and x.word < w.word") + " limit 1) is null"))
		s.where(holds("(select 1 from " + source.other + " x where x.org_id = w.org_id and " + holds("x.word >= "+first+" and x.word "+source.before+" w.word") + " limit 1) is null"))
		for _, word := range q.Words[1:] {
			named(&s, word)
		}
		q.checks(&s)
		some, err := page(ctx, r.q, func(f *found) []any { return append(organizationFields(&f.Organization), &f.place.Key) }, `
			select `+organizationColumns+`, w.word
			from `+source.table+` w join organizations o on o.id = w.org_id
			where `+s.conditions()+`
			order by w.word, w.org_id
			limit `+s.arg(q.Limit+1),
			s.args...)
		if err != nil {
			return OrganizationPage{}, err
		}
		for i := range some {
			some[i].place.Org = some[i].ID
		}
		if len(some) > q.Limit {
			within = &some[q.Limit].place // what stands behind is not on this page, from whichever table
		}
		all = append(all, some...)
	}
	slices.SortFunc(all, func(a, b found) int { return a.place.compare(b.place) })
	var page OrganizationPage
	for i := range all[:min(len(all), q.Limit)] {
		page.Organizations = append(page.Organizations, all[i].Organization)
	}
	switch {
	case len(all) > q.Limit:
		page.Next = all[q.Limit-1].place
	case until != nil:
		page.Next = *until
	}
	return page, nil
}

// walk begins a walk through the words of a table.
func (w *wordSource) walk(s *statement, q *OrganizationQuery) {
	s.beginningAfter("w.word", q.Words[0], placeKey(q.After.Key, q.After.Org))
	if q.After.Org != "" {
		s.where("(w.word, w.org_id) > " + organizationPlace(s, q.After))
	}
}

// checks demands of one organization after the other what no index led to.
func (q *OrganizationQuery) checks(s *statement) {
	if q.Parent != "" {
		s.where(holds("o.parent_id = " + s.arg(q.Parent)))
	}
	if q.State != "" {
		s.where(holds("o.state = " + s.arg(q.State)))
	}
}

// gatherOrganizations takes the few that have one of the words, and puts those
// of them that have the others in order.
func (r *Reader) gatherOrganizations(ctx context.Context, q *OrganizationQuery, first int) (OrganizationPage, error) {
	var s statement
	few := namedSo(&s, q.Words[first])
	s.where("o.id = few.org_id")
	q.checks(&s)
	if q.After.Org != "" {
		s.where("(o.sort_key, o.id) > " + organizationPlace(&s, q.After))
	}
	for i, word := range q.Words {
		if i != first {
			named(&s, word)
		}
	}
	all, err := page(ctx, r.q, organizationFields, `
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
	return pageOfOrganizations(q, all), err
}

// pageOfOrganizations cuts off what belongs to the next page.
func pageOfOrganizations(q *OrganizationQuery, all []sso.Organization) OrganizationPage {
	page := OrganizationPage{Organizations: all}
	if len(all) > q.Limit {
		last := &all[q.Limit-1]
		page.Organizations, page.Next = all[:q.Limit], OrganizationPlace{Key: last.SortKey(), Org: last.ID}
	}
	return page
}

// CountBelow returns how many organizations stand below this one, at most so
// many, and how many memberships there are in it and in these, at most so many.
// It takes a statement for each level of the tree, and one more: a statement
// that walks the whole tree looks at all children of everything, however many
// there are.
func (r *Reader) CountBelow(ctx context.Context, id sso.OrgID, mostOrganizations, mostPeople int) (organizations, people int, err error) {
	all := []sso.OrgID{id}
	for level := all; len(level) > 0 && len(all) <= mostOrganizations; {
		in, args := anyOf(2, level)
		level, err = page(ctx, r.q, func(o *sso.OrgID) []any { return []any{o} }, `
			select o.id
			from organizations o
			where o.parent_id in (`+in+`)
			limit $1`,
			append([]any{mostOrganizations + 1 - len(all)}, args...)...)
		if err != nil {
			return 0, 0, doing(err, "counting below %s", id)
		}
		all = append(all, level...)
	}
	in, args := anyOf(2, all)
	people, err = one(ctx, r.q, intFields, `
		select count(*)
		from (select 1 from memberships m where m.org_id in (`+in+`) limit $1) as few`,
		append([]any{mostPeople}, args...)...)
	return len(all) - 1, people, doing(err, "counting below %s", id)
}
