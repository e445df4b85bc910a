package ui

import (
	"net/http"
	"net/url"
	"time"
)

// Table is a list of things: {{template "table" .}}. On narrow screens each
// row becomes a card.
type Table struct {
	Caption Text // read aloud
	Columns []Column
	Rows    []Row
	Empty   Empty // in place of no rows
	Pager   Pager
}

// Nothing stands in place of no rows. Where the list goes on all the same, a
// page looked at as much as one page may, and found nothing yet.
func (t Table) Nothing() Empty {
	if t.Pager.Next == "" {
		return t.Empty
	}
	return Empty{Icon: "search", Title: Say("none_yet"), Text: Say("none_yet_text"), Action: &Action{Name: Say("go_on"), Path: t.Pager.Next}}
}

// Above returns the primary action of a page above its list: none where the list
// offers the same in place of rows.
func (t Table) Above(a *Action) *Action {
	if len(t.Rows) == 0 && t.Nothing().Action == a {
		return nil
	}
	return a
}

// Column is a column of a [Table].
type Column struct {
	Name   Text
	Sort   string // path of the list sorted by it; "": it is not sorted by
	Sorted Order  // whether it is now
	Number bool   // holds numbers, which stand at the end
	Wide   bool   // takes the room that is left
	Acts   bool   // holds buttons; its name is read aloud only
}

// Order is how a column is sorted.
type Order string

// The orders.
const (
	Unsorted   Order = ""
	Ascending  Order = "ascending"
	Descending Order = "descending"
)

// Row is a row of a [Table]. Its first cell names the thing; where that has a
// path, the whole row leads there.
type Row struct{ Cells []Cell }

// Cell is a cell of a [Row]. What is not set is not shown.
type Cell struct {
	Text   Text
	Sub    Text   // below it
	Path   string // leads to the thing
	Avatar string // name of a person, whose initials stand before it
	Icon   string
	Badges []Badge
	At     time.Time
	Never  Text // in place of an instant that never was
	Mono   bool
	Do     *Do
	Menu   *Menu
}

// Pager leads through a list that is too long for one page: {{template "pager" .}}.
type Pager struct {
	Previous string // paths; "": there is none
	Next     string
	Text     Text // such as how many there are
}

// Filter is the form above a list, whose fields are part of the URL:
// {{template "filter" .}}.
type Filter struct {
	Action  string
	Search  *Search
	Selects []Select
	Fields  []Hidden // what else the URL holds, such as the order
	Reset   string   // path of the list without filters; "": there are none to take away
	Text    Text     // such as how many were found
}

// Search is the field by which a list is searched.
type Search struct {
	Name  string
	Label Text
	Value string
}

// Again returns the path of the request with some of its parameters changed:
// pairs of names and values, "" for none. The place in the list does not
// survive, as it belongs to another one, and neither does what was saved.
func Again(r *http.Request, pairs ...string) string {
	q := r.URL.Query()
	for _, gone := range []string{"after", "before", savedName} {
		q.Del(gone)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			q.Del(pairs[i])
		} else {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	u := url.URL{Path: r.URL.Path, RawQuery: q.Encode()}
	return u.String()
}

// SortedBy returns a column by which the list can be sorted. The parameters
// sort and order of the request say how it is now; the first order is what
// a new choice of the column begins with.
func SortedBy(r *http.Request, c Column, key string, first Order) Column {
	q := r.URL.Query()
	next := first
	if q.Get("sort") == key {
		c.Sorted = Ascending
		if q.Get("order") == "desc" {
			c.Sorted = Descending
		}
		next = Ascending
		if c.Sorted == Ascending {
			next = Descending
		}
	}
	order := ""
	if next == Descending {
		order = "desc"
	}
	c.Sort = Again(r, "sort", key, "order", order)
	return c
}
