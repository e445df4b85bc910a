package provision

import (
	"context"
	"encoding/csv"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// How many people an export reads at a time: few at first, so that it begins
// soon.
const (
	firstBatch  = PageSize
	exportBatch = 500
)

// Export writes a list of people as CSV, by their names, however long it is.
// What a spreadsheet would take for a formula is marked as text. It is itself
// a line of the audit list, written before the first row.
func (s *Service) Export(ctx context.Context, by *sso.By, in *Place, q store.PeopleQuery, to io.Writer) error {
	err := s.change(ctx, by, in.ID, func(a *act) error { return a.record("people.exported", string(in.ID), nil) })
	if err != nil {
		return err
	}
	w := csv.NewWriter(to)
	if err := w.Write(Columns()); err != nil {
		return err
	}
	q.Limit, q.After = firstBatch, store.PeoplePlace{}
	for {
		var page store.PeoplePage
		err := s.read(ctx, func(r *store.Reader) error {
			var err error
			page, err = r.Org(in.ID).People(ctx, q)
			return err
		})
		if err != nil {
			return err
		}
		for i := range page.People {
			if err := w.Write(exported(&page.People[i])); err != nil {
				return err
			}
		}
		w.Flush()
		q.Limit = exportBatch
		if q.After = page.Next; w.Error() != nil || page.Next.User == "" {
			return w.Error()
		}
	}
}

// Columns returns the names of the columns of an export. An import knows them.
func Columns() []string {
	return []string{"email", "username", "first_name", "last_name", "role", "groups", "state", "sign_in", "language", "member_since", "last_sign_in"}
}

func exported(m *store.Member) []string {
	row := []string{
		m.Email.String(), m.Username, m.FirstName, m.LastName, string(m.Role), strings.Join(m.Groups, ";"), string(m.State), string(m.Way), m.Language,
		day(m.Since), day(m.SeenAt),
	}
	for i := range row {
		row[i] = PlainCell(row[i])
	}
	return row
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// PlainCell returns a text for a cell of CSV such that no spreadsheet takes it,
// or a part of it, for a formula: an apostrophe stands before what would be
// one, which spreadsheets show as nothing. Where a spreadsheet expects
// semicolons or tabs in place of commas, as it does in much of Europe, a cell
// of its own begins behind each of them, whatever is quoted. [Cell] takes the
// apostrophes off again.
func PlainCell(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if begins(s, i) && marked(s[i:], i) {
			b.WriteByte('\'')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// Cell is the reverse of [PlainCell].
func Cell(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if begins(s, i) && s[i] == '\'' && marked(s[i+1:], i) {
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// begins reports whether a cell may begin at an octet of a text.
func begins(s string, i int) bool { return i == 0 || strings.IndexByte(";\t\r\n", s[i-1]) >= 0 }

// marked reports whether what follows from an octet of a text on gets an
// apostrophe. What begins with one gets another, to be told apart.
func marked(rest string, at int) bool {
	switch {
	case rest == "":
		return false
	case rest[0] == '\'', at == 0 && strings.IndexByte("\t\r\n", rest[0]) >= 0:
		return true
	}
	r, _ := utf8.DecodeRuneInString(strings.TrimLeft(rest, `"`))
	return strings.ContainsRune("=+-@＝＋－＠", r)
}
