package provision

import (
	"context"
	"encoding/csv"
	"io"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// exportBatch is how many people an export reads at a time.
const exportBatch = 500

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
	q.Limit, q.After = exportBatch, store.PeoplePlace{}
	for {
		var people []store.Member
		err := s.read(ctx, func(r *store.Reader) error {
			var err error
			people, err = r.Org(in.ID).People(ctx, q)
			return err
		})
		if err != nil {
			return err
		}
		for i := range people {
			q.After = people[i].Place
			if err := w.Write(exported(&people[i])); err != nil {
				return err
			}
		}
		if w.Flush(); w.Error() != nil || len(people) < exportBatch {
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

// PlainCell returns a text for a cell of CSV such that no spreadsheet takes it
// for a formula: it gets an apostrophe before it, which spreadsheets show as
// nothing. [Cell] takes it off again.
func PlainCell(s string) string {
	if s != "" && strings.IndexByte("=+-@\t\r\n'", s[0]) >= 0 || strings.HasPrefix(s, "＝") || strings.HasPrefix(s, "＋") || strings.HasPrefix(s, "－") || strings.HasPrefix(s, "＠") {
		return "'" + s
	}
	return s
}

// Cell is the reverse of [PlainCell].
func Cell(s string) string {
	if rest, ok := strings.CutPrefix(s, "'"); ok && PlainCell(rest) != rest {
		return rest
	}
	return s
}
