package store

import (
	"context"
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

// People returns members of the organization, at most Limit of them. Its cost
// does not grow with the number of members, as long as what is filtered for is
// not both rare and looked for in another order than that of names.
func (r *OrgReader) People(ctx context.Context, q PeopleQuery) ([]Member, error) {
	var s statement
	fields := func(m *Member) []any { return append(memberLineFields(m), &m.Place.Key) }
	from := "memberships m join users u on u.id = m.user_id"
	var order string
	s.where("m.org_id = " + s.arg(r.org))
	filters := q.filters()
	switch {
	case len(q.Words) > 0:
		from = "people_words w join memberships m on m.org_id = w.org_id and m.user_id = w.user_id join users u on u.id = m.user_id"
		order = "w.word, w.user_id"
		s.where("w.org_id = " + s.arg(r.org))
		s.beginning("w.word", q.Words[0])
		// Of several words of a person that begin so, the first one counts.
		s.where("not exists (select 1 from people_words x where x.user_id = w.user_id and x.org_id = w.org_id and x.word >= " + s.arg([]byte(q.Words[0])) + " and x.word < w.word)")
		for _, word := range q.Words[1:] {
			s.also(word)
		}
		s.after(q.After, "w.word", "w.user_id")
	case q.Sort == SortNewest:
		order = "m.created_at desc, m.user_id desc"
		s.before(q.After, "m.created_at", "m.user_id")
	case q.Sort == SortSeen:
		order = "m.seen_at desc, m.user_id desc"
		s.before(q.After, "m.seen_at", "m.user_id")
	case q.Group != "":
		from = "group_members g join memberships m on m.org_id = g.org_id and m.user_id = g.user_id join users u on u.id = m.user_id"
		order = "g.sort_key, g.user_id"
		s.where("g.org_id = " + s.arg(r.org))
		s.where("g.name = " + s.arg(q.Group))
		s.after(q.After, "g.sort_key", "g.user_id")
	default:
		order = "m.sort_key, m.user_id"
		s.after(q.After, "m.sort_key", "m.user_id")
		if len(filters) > 0 { // one index has the filter and the order
			s.where(filters[0].column + " = " + s.arg(filters[0].value))
			filters = filters[1:]
		}
	}
	for _, f := range filters {
		s.where(f.column + " || '' = " + s.arg(f.value)) // no index: it would not be in this order
	}
	if q.Group != "" && !strings.HasPrefix(from, "group_members") {
		s.where("exists (select 1 from group_members g where g.org_id = m.org_id and g.user_id = m.user_id and g.name = " + s.arg(q.Group) + ")")
	}
	column := "m.sort_key"
	if len(q.Words) > 0 {
		column = "w.word"
	}
	all, err := list(ctx, r.q, fields, `
		select `+memberLineColumns+`, `+column+`
		from `+from+`
		where `+s.conditions()+`
		order by `+order+`
		limit `+s.arg(q.Limit),
		s.args...)
	for i := range all {
		m := &all[i]
		m.Place.User = m.ID
		switch q.Sort {
		case SortNewest:
			m.Place.At = m.Since
		case SortSeen:
			m.Place.At = m.SeenAt
		}
	}
	return all, doing(err, "listing people of %s", r.org)
}

// filter is a column that must have one value.
type filter struct {
	column string
	value  any
}

// filters returns the filters by columns of the membership, the one that is
// likely to leave the fewest first.
func (q *PeopleQuery) filters() []filter {
	var rare, common []filter
	if q.Role != "" {
		f := filter{"m.role", q.Role}
		if q.Role == sso.RoleMember {
			common = append(common, f)
		} else {
			rare = append(rare, f)
		}
	}
	if q.State != "" {
		f := filter{"m.state", q.State}
		if q.State == sso.UserActive {
			common = append(common, f)
		} else {
			rare = append(rare, f)
		}
	}
	if q.Way != "" {
		rare = append(rare, filter{"m.way", q.Way})
	}
	return append(rare, common...)
}
