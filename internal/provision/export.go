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
		row[i] = sso.PlainCell(row[i])
	}
	return row
}

func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
