package store

import (
	"bytes"
	"context"

	"github.com/sallyport/sallyport/internal/sso"
)

// A list can be narrowed by several things at once, in an order that no index
// of theirs has. What is rare is then gathered and put in order; where nothing
// is rare, the order is walked through until a page is full. Neither may cost
// more than a page is worth, however many rows there are.

// bounds say how much one page looks at.
type bounds struct {
	few int // rows of something that are gathered and put in order
	far int // rows of an order that are walked through
}

// lookBounds are those of every database but those of tests. With them a page
// costs some ten milliseconds of a processor at worst.
func lookBounds() bounds { return bounds{few: 2000, far: 2000} }

// holds is a condition that is asked of one row after the other, in an order
// that something else gives. No engine looks for an index by it, and PostgreSQL
// believes that nearly all rows meet it, so that it begins elsewhere.
func holds(condition string) string { return "case when " + condition + " then 1 end is not null" }

// narrowing is something that is demanded of the rows of a list, and where it
// stands: a value in a column, or a word that begins so.
type narrowing struct {
	from   string    // table
	org    sso.OrgID // whose rows; "": of all
	column string
	value  string
	word   string // in place of value
}

// rows is the statement that gives a column of all rows that are so, each once.
func (n *narrowing) rows(s *statement, column string) string {
	text := "select "
	if n.word != "" {
		text += "distinct "
	}
	return text + column + " from " + n.from + " f where " + n.condition(s)
}

func (n *narrowing) condition(s *statement) string {
	text := ""
	if n.org != "" {
		text = "f.org_id = " + s.arg(n.org) + " and "
	}
	if n.word != "" {
		return text + "f." + n.column + " >= " + s.arg([]byte(n.word)) + " and f." + n.column + " < " + s.arg(behind(n.word))
	}
	return text + "f." + n.column + " = " + s.arg(n.value)
}

// few counts how many rows are so, for each of the narrowings, one farther
// than counts as few.
func (q *queries) few(ctx context.Context, all []narrowing) ([]int, error) {
	var s statement
	limit := s.arg(q.db.look.few + 1)
	text := "select "
	for i := range all {
		if i > 0 {
			text += ", "
		}
		text += "(select count(*) from (select 1 from " + all[i].from + " f where " + all[i].condition(&s) + " limit " + limit + ") as few)"
	}
	return q.counts(ctx, len(all), text, s.args)
}

// counts returns so many numbers that a statement gives.
func (q *queries) counts(ctx context.Context, n int, text string, args []any) ([]int, error) {
	counts := make([]int, n)
	fields := func(*struct{}) []any {
		var to []any
		for i := range counts {
			to = append(to, &counts[i])
		}
		return to
	}
	_, err := page(ctx, q, fields, text, args...)
	return counts, err
}

// fewest returns which of the counts is the least.
func fewest(counts []int) (least int) {
	for i := range counts {
		if counts[i] < counts[least] {
			least = i
		}
	}
	return least
}

// ordering is an order of people: by a key and, where that is the same, by
// their identifiers. Keys that are instants stand with the latest first.
type ordering struct {
	key, user string // columns
	instants  bool
}

func (o *ordering) by() string {
	if o.instants {
		return o.key + " desc, " + o.user + " desc"
	}
	return o.key + ", " + o.user
}

func (o *ordering) compare(ascending, descending string) string {
	if o.instants {
		return descending
	}
	return ascending
}

func (o *ordering) arg(s *statement, p PeoplePlace) string {
	if o.instants {
		return "(" + s.arg(orNever(p.At)) + ", " + s.arg(p.User) + ")"
	}
	return "(" + s.arg(append([]byte{}, p.Key...)) + ", " + s.arg(p.User) + ")" // nil would be null, which nothing is behind
}

// after goes on behind a place.
func (o *ordering) after(s *statement, p PeoplePlace) {
	if p.User != "" {
		s.where("(" + o.key + ", " + o.user + ") " + o.compare(">", "<") + " " + o.arg(s, p))
	}
}

// upTo goes no farther than a place.
func (o *ordering) upTo(s *statement, p PeoplePlace) {
	s.where("(" + o.key + ", " + o.user + ") " + o.compare("<=", ">=") + " " + o.arg(s, p))
}

// to is where the key of a row goes.
func (o *ordering) to(p *PeoplePlace) any {
	if o.instants {
		return utcOrNever(&p.At)
	}
	return &p.Key
}

func (o *ordering) fields(m *Member) []any { return append(memberLineFields(m), o.to(&m.Place)) }

func (o *ordering) place(p *PeoplePlace) []any { return []any{o.to(p), &p.User} }

// placeKey is the key of a place, nil where it is no place.
func placeKey[T ~string](key []byte, id T) []byte {
	if id == "" {
		return nil
	}
	return key
}

// beginningAfter demands that a column begin with a word. Where a list goes on
// behind a key, the rows before it are left out by that: an engine may look at
// all of them where it is told of the beginning as well.
func (s *statement) beginningAfter(column, word string, key []byte) {
	if bytes.Compare(key, []byte(word)) < 0 {
		s.where(column + " >= " + s.arg([]byte(word)))
	}
	s.where(column + " < " + s.arg(behind(word)))
}
