package events

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// EventQuery says which lines of the audit list are wanted.
type EventQuery = store.EventQuery

// Format is how a file of events is written.
type Format string

// The formats.
const (
	CSV       Format = "csv"
	JSONLines Format = "jsonl" // as [sso.Recorded.Line] writes them, each with its hash
)

// Excerpt is the part of the audit list that somebody wants as a file.
type Excerpt struct {
	Format Format
	Key    string // of an organization, for an operator; "": all that they see
	Query  EventQuery
}

// How many events an export reads at a time: few at first, so that it begins
// soon.
const (
	firstBatch  = 50
	exportBatch = 500
)

// Export writes a part of the audit list, the latest first, however long it is.
// What a spreadsheet would take for a formula is marked as text. It is itself a
// line of the audit list, written before the first one.
func (s *Service) Export(ctx context.Context, who *Who, x Excerpt, to io.Writer) error {
	org := who.Org
	err := s.change(ctx, who, func(c *change) error {
		if org = who.Org; org == "" && x.Key != "" {
			o, err := c.tx.OrganizationByKey(c.ctx, x.Key)
			if errors.Is(err, store.ErrNotFound) {
				return &fault.Error{Kind: fault.NotFound, Code: "organization_unknown", Got: x.Key, Fix: fault.OperatorSide}
			}
			if err != nil {
				return err
			}
			org = o.ID
		}
		c.base.Org = org
		return c.record("events.exported", string(org), map[string]string{"format": string(x.Format), "about": x.Query.Noun, "actor": x.Query.Actor, "target": x.Query.Target}, nil)
	})
	if err != nil {
		return err
	}
	w := writerOf(x.Format, to)
	if err := w.begin(); err != nil {
		return err
	}
	q := x.Query
	q.Limit = firstBatch
	for {
		var page store.EventPage
		err := s.DB.Read(ctx, func(r *store.Reader) (err error) {
			if org == "" {
				page, err = r.ListEvents(ctx, q)
			} else {
				page, err = r.Org(org).ListEvents(ctx, q)
			}
			return err
		})
		if err != nil {
			return err
		}
		for i := range page.Recorded {
			if err := w.write(&page.Recorded[i]); err != nil {
				return err
			}
		}
		if err := w.flush(); err != nil || page.Next == "" {
			return err
		}
		q.Limit, q.After = exportBatch, page.Next
	}
}

// lineWriter writes events in one format.
type lineWriter interface {
	begin() error
	write(e *sso.Recorded) error
	flush() error
}

func writerOf(f Format, to io.Writer) lineWriter {
	if f == JSONLines {
		return jsonWriter{bufio.NewWriter(to)}
	}
	return csvWriter{csv.NewWriter(to)}
}

type jsonWriter struct{ to *bufio.Writer }

func (w jsonWriter) begin() error { return nil }
func (w jsonWriter) flush() error { return w.to.Flush() }

func (w jsonWriter) write(e *sso.Recorded) error {
	_, err := w.to.Write(append(e.Line(), '\n'))
	return err
}

type csvWriter struct{ to *csv.Writer }

// begin writes the names of the columns.
func (w csvWriter) begin() error {
	return w.to.Write([]string{"number", "at", "id", "organization", "actor", "on_behalf_of", "address", "user_agent", "action", "target", "detail", "changes", "hash"})
}

func (w csvWriter) flush() error {
	w.to.Flush()
	return w.to.Error()
}

func (w csvWriter) write(e *sso.Recorded) error {
	number := ""
	if e.Number != 0 {
		number = strconv.FormatInt(e.Number, 10)
	}
	row := []string{
		number, e.At.UTC().Format(sso.EventInstant), string(e.ID), string(e.Org), e.Actor, string(e.OnBehalf), e.Address, e.UserAgent, e.Action, e.Target, detailText(e.Detail), changesText(e.Changes), e.Hash,
	}
	for i := range row {
		row[i] = sso.PlainCell(row[i])
	}
	return w.to.Write(row)
}

// detailText writes what an event says beside itself in one cell.
func detailText(d map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(d)) {
		if d[name] != "" {
			parts = append(parts, name+": "+d[name])
		}
	}
	return strings.Join(parts, " | ")
}

// changesText writes what has changed in one cell.
func changesText(all []sso.Change) string {
	var parts []string
	for _, c := range all {
		parts = append(parts, c.Field+": "+strconv.Quote(c.From)+" → "+strconv.Quote(c.To))
	}
	return strings.Join(parts, " | ")
}
