package store

import (
	"strconv"
	"strings"
)

// statement gathers conditions or rows of a statement with their arguments.
type statement struct {
	and  []string
	rows []string
	args []any
}

// arg adds an argument and returns its placeholder.
func (s *statement) arg(v any) string {
	s.args = append(s.args, v)
	return "$" + strconv.Itoa(len(s.args))
}

func (s *statement) where(condition string) { s.and = append(s.and, condition) }

func (s *statement) conditions() string { return strings.Join(s.and, "\n\t\t\tand ") }

// row adds a row of values to an insert.
func (s *statement) row(values ...string) {
	s.rows = append(s.rows, "("+strings.Join(values, ", ")+")")
}

func (s *statement) values() string { return strings.Join(s.rows, ", ") }

// beginning demands that a column begin with a word.
func (s *statement) beginning(column, word string) {
	s.where(column + " >= " + s.arg([]byte(word)))
	s.where(column + " < " + s.arg(behind(word)))
}

// also demands that the member have a further word that begins so.
func (s *statement) also(word string) {
	s.where("exists (select 1 from people_words y where y.user_id = m.user_id and y.org_id = m.org_id and y.word >= " + s.arg([]byte(word)) + " and y.word < " + s.arg(behind(word)) + ")")
}

// after goes on behind a place in an ascending order.
func (s *statement) after(p PeoplePlace, key, user string) {
	if p.User != "" {
		s.where("(" + key + ", " + user + ") > (" + s.arg(p.Key) + ", " + s.arg(p.User) + ")")
	}
}

// before goes on behind a place in a descending order of instants.
func (s *statement) before(p PeoplePlace, key, user string) {
	if p.User == "" {
		return
	}
	s.where("(" + key + ", " + user + ") < (" + s.arg(orNever(p.At)) + ", " + s.arg(p.User) + ")")
}

// earlier goes on behind a place in a list whose latest stands first.
func (s *statement) earlier(p Place, column, id string) {
	if p.ID != "" {
		s.where("(" + column + ", " + id + ") < (" + s.arg(at(p.At)) + ", " + s.arg(p.ID) + ")")
	}
}

// behind returns the first octets that stand behind all that begins with a
// word. The last octet of UTF-8 is never the greatest.
func behind(word string) []byte {
	b := []byte(word)
	b[len(b)-1]++
	return b
}
