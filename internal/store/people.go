package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

// Way says how a member comes in.
type Way string

// The ways. Somebody who can use a connection and a password counts for the
// connection; a passkey counts as a password.
const (
	WaySSO      Way = "sso"
	WayPassword Way = "password"
	WayNone     Way = "none" // has no credentials yet
)

// Sort is an order in which people are listed.
type Sort string

// The orders. A search has its own, by the word that was found.
const (
	SortName   Sort = "name"
	SortNewest Sort = "newest" // the latest members first
	SortSeen   Sort = "seen"   // the latest sign-ins first
)

// PeopleQuery says which members are listed and in which order. The zero value
// lists all by their names.
type PeopleQuery struct {
	Words []string // beginnings of words, as [sso.SearchWords] gives them
	Role  sso.Role
	State sso.UserState
	Way   Way
	Group string
	Sort  Sort // "": by name
	After PeoplePlace
	Limit int
}

// PeoplePlace is a place in a list of people, to go on from. The zero value is
// the beginning.
type PeoplePlace struct {
	Key  []byte    // of the name, or the word that was found
	At   time.Time // of the other orders
	User sso.UserID
}

// Member is a line of a list of people.
type Member struct {
	sso.User
	Role   sso.Role
	Groups []string
	Since  time.Time // when they became a member
	SeenAt time.Time // their last sign-in to this organization; zero: never
	Way    Way
	Place  PeoplePlace // to list on from here
}

const memberLineColumns = userColumns + `, m.role, m.groups, m.created_at, m.seen_at, m.way`

func memberLineFields(m *Member) []any {
	return append(userFields(&m.User), &m.Role, fromJSON(&m.Groups), utc(&m.Since), utcOrNever(&m.SeenAt), &m.Way)
}

// PeoplePage is one page of a list of people.
type PeoplePage struct {
	People []Member
	// Next is where the next page begins; zero: there is none. A page before it
	// may have fewer people than were asked for: it ends where as much was
	// looked at as one page may cost.
	Next PeoplePlace
}

// People returns a page of members of the organization. Its cost does not grow
// with the number of members. It takes up to three statements.
func (r *OrgReader) People(ctx context.Context, q PeopleQuery) (PeoplePage, error) {
	p, err := r.people(ctx, &q)
	return p, doing(err, "listing people of %s", r.org)
}

func (r *OrgReader) people(ctx context.Context, q *PeopleQuery) (PeoplePage, error) {
	all := r.narrowings(q)
	if q.indexed(all) {
		return r.walk(ctx, q, all, nil)
	}
	counts, err := r.q.few(ctx, all)
	if err != nil {
		return PeoplePage{}, err
	}
	i := fewest(counts)
	few := counts[i] <= r.q.db.look.few
	if len(q.Words) == 0 && !q.order().instants {
		all[0], all[i], i = all[i], all[0], 0 // each has an index in the order of names
	}
	leads := i == 0 && !q.order().instants // in the order that is asked for
	switch {
	case few && leads:
		return r.walk(ctx, q, all, nil)
	case few:
		return r.gather(ctx, q, all, i)
	}
	until, err := r.horizon(ctx, q, all)
	if err != nil {
		return PeoplePage{}, err
	}
	return r.walk(ctx, q, all, until)
}

// indexed reports whether one index has what is asked for in its order.
func (q *PeopleQuery) indexed(all []narrowing) bool {
	switch {
	case len(all) == 0:
		return true
	case q.Sort == SortName || q.Sort == "" || len(q.Words) > 0:
		return len(all) == 1
	default:
		return false
	}
}

// narrowings returns what the query demands of a member, each with the rows
// that tell who has it. The words come first, then the group.
func (r *OrgReader) narrowings(q *PeopleQuery) []narrowing {
	var all []narrowing
	for _, word := range q.Words {
		all = append(all, narrowing{from: "people_words", org: r.org, column: "word", word: word})
	}
	if q.Group != "" {
		all = append(all, narrowing{from: "group_members", org: r.org, column: "name", value: q.Group})
	}
	for _, n := range []narrowing{{column: "role", value: string(q.Role)}, {column: "state", value: string(q.State)}, {column: "way", value: string(q.Way)}} {
		if n.value != "" {
			n.from, n.org = "memberships", r.org
			all = append(all, n)
		}
	}
	return all
}

// member adds the condition that the member m be so, to be checked for one
// member after the other: what leads to them may be looked at in their place.
func (n *narrowing) member(s *statement, leads string) {
	switch {
	case n.word != "":
		s.where(firstWord(s, leads, n.word) + " is not null")
	case n.from == "memberships":
		s.where(holds("m." + n.column + " = " + s.arg(n.value)))
	default:
		s.where("(select 1 from group_members y where y.org_id = " + leads + ".org_id and y.user_id = " + leads + ".user_id and y.name = " + s.arg(n.value) + ") is not null")
	}
}

// firstWord is the first of a member's words that begin like this one, or null.
// It looks at all the words of one person: PostgreSQL, which knows no bounds of
// parameters, may take all that begin so for fewer. And it is a value: of what
// only has to exist PostgreSQL makes a join, in an order of its own.
func firstWord(s *statement, member, word string) string {
	return "(select y.word from people_words y where y.user_id = " + member + ".user_id and y.org_id = " + member + ".org_id and " +
		holds("y.word >= "+s.arg([]byte(word))+" and y.word < "+s.arg(behind(word))) + " order by y.word limit 1)"
}

// order returns the order of a list in which a member stands as m.
func (q *PeopleQuery) order() ordering {
	switch {
	case len(q.Words) > 0:
		return ordering{key: "w.word", user: "w.user_id"}
	case q.Sort == SortNewest:
		return ordering{key: "m.created_at", user: "m.user_id", instants: true}
	case q.Sort == SortSeen:
		return ordering{key: "m.seen_at", user: "m.user_id", instants: true}
	default:
		return ordering{key: "m.sort_key", user: "m.user_id"}
	}
}

// source begins a walk through the members in the order of the query: it
// returns what leads to them, and what of the narrowings is left to be checked.
func (r *OrgReader) source(s *statement, q *PeopleQuery, all []narrowing) (from string, o ordering, rest []narrowing) {
	o = q.order()
	switch {
	case len(q.Words) > 0:
		s.where("w.org_id = " + s.arg(r.org))
		s.beginningAfter("w.word", q.Words[0], placeKey(q.After.Key, q.After.User))
		from, rest = "people_words w", all[1:]
	case o.instants || len(all) == 0:
		s.where("m.org_id = " + s.arg(r.org))
		from, rest = "memberships m", all
	case all[0].from == "group_members":
		o = ordering{key: "g.sort_key", user: "g.user_id"}
		s.where("g.org_id = " + s.arg(r.org))
		s.where("g.name = " + s.arg(all[0].value))
		from, rest = "group_members g", all[1:]
	default: // one index has the filter and the order
		s.where("m.org_id = " + s.arg(r.org))
		s.where("m." + all[0].column + " = " + s.arg(all[0].value))
		from, rest = "memberships m", all[1:]
	}
	o.after(s, q.After)
	return from, o, rest
}

// walk looks at one member after the other in the order of the query, no
// farther than until.
func (r *OrgReader) walk(ctx context.Context, q *PeopleQuery, narrowed []narrowing, until *PeoplePlace) (PeoplePage, error) {
	var s statement
	from, o, rest := r.source(&s, q, narrowed)
	leads := from[len(from)-1:]
	if leads != "m" {
		from += " join memberships m on m.org_id = " + leads + ".org_id and m.user_id = " + leads + ".user_id"
	}
	for i := range rest {
		rest[i].member(&s, leads)
	}
	if len(q.Words) > 0 {
		// Of several words of a person that begin so, the first one counts. Where
		// more is asked of the member, that is looked at before.
		whose := "w"
		if len(rest) > 0 {
			whose = "m"
		}
		s.where(holds("w.word = " + firstWord(&s, whose, q.Words[0])))
	}
	if until != nil {
		o.upTo(&s, *until)
	}
	all, err := page(ctx, r.q, o.fields, `
		select `+memberLineColumns+`, `+o.key+`
		from `+from+` join users u on u.id = m.user_id
		where `+s.conditions()+`
		order by `+o.by()+`
		limit `+s.arg(q.Limit+1),
		s.args...)
	return pageOfPeople(q, all, until), err
}

// horizon returns the last place at which a walk may look, or nil where it may
// look at all.
func (r *OrgReader) horizon(ctx context.Context, q *PeopleQuery, narrowed []narrowing) (*PeoplePlace, error) {
	var s statement
	from, o, _ := r.source(&s, q, narrowed)
	all, err := page(ctx, r.q, o.place, `
		select `+o.key+`, `+o.user+`
		from `+from+`
		where `+s.conditions()+`
		order by `+o.by()+`
		limit 1 offset `+s.arg(r.q.db.look.far),
		s.args...)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return &all[0], nil
}

// gather takes the few members who have one of the narrowings, and puts those
// of them who have the others in order.
func (r *OrgReader) gather(ctx context.Context, q *PeopleQuery, narrowed []narrowing, first int) (PeoplePage, error) {
	var s statement
	o := q.order()
	lead, key := narrowed[first], o.key
	narrowed = slices.Delete(slices.Clone(narrowed), first, first+1)
	if len(q.Words) > 0 {
		key = firstWord(&s, "m", q.Words[0])
		if first > 0 {
			narrowed = narrowed[1:] // who does not have the word has no key
		}
	}
	few, from := "", "memberships m"
	if lead.from == "memberships" {
		s.where("m." + lead.column + " = " + s.arg(lead.value))
	} else {
		few, from = "few as materialized ("+lead.rows(&s, "f.user_id")+"),", "few cross join memberships m"
		s.where("m.user_id = few.user_id")
	}
	s.where("m.org_id = " + s.arg(r.org))
	for i := range narrowed {
		narrowed[i].member(&s, "m")
	}
	within := s.conditions()
	s.and = nil
	s.where("keyed.key is not null")
	o.key, o.user = "keyed.key", "keyed.user_id"
	o.after(&s, q.After)
	all, err := page(ctx, r.q, o.fields, `
		with `+few+`
		keyed as materialized (
			select m.user_id, `+key+` as key
			from `+from+`
			where `+within+`
		),
		page as materialized (
			select keyed.user_id, keyed.key
			from keyed
			where `+s.conditions()+`
			order by `+o.by()+`
			limit `+s.arg(q.Limit+1)+`
		)
		select `+memberLineColumns+`, page.key
		from page cross join memberships m join users u on u.id = m.user_id
		where m.org_id = `+s.arg(r.org)+` and m.user_id = page.user_id
		order by `+strings.ReplaceAll(o.by(), "keyed.", "page."),
		s.args...)
	return pageOfPeople(q, all, nil), err
}

// pageOfPeople cuts off what belongs to the next page.
func pageOfPeople(q *PeopleQuery, all []Member, until *PeoplePlace) PeoplePage {
	for i := range all {
		all[i].Place.User = all[i].ID
	}
	page := PeoplePage{People: all}
	switch {
	case len(all) > q.Limit:
		page.People = all[:q.Limit]
		page.Next = all[q.Limit-1].Place
	case until != nil:
		page.Next = *until
	}
	return page
}
