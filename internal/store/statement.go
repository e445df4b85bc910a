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
