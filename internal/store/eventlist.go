package store

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

// EventQuery says which lines of the audit list are wanted. An empty field
// asks for nothing.
type EventQuery struct {
	Actor  string    // who did it, or on whose behalf: an exact identifier or name
	Noun   string    // what was changed, such as "user"; "": anything
	Action string    // exact, such as user.created
	Target string    // to whom or what: an exact identifier
	From   time.Time // not before
	To     time.Time // before
	After  string    // cursor of the page before
	Limit  int
}

// EventPage is one page of the audit list, the latest first.
type EventPage struct {
	Events []sso.Event
	Next   string // cursor of the next page; "": there is none
}

// ListEvents returns a page of the audit list of the whole deployment, its own
// lines and those of all organizations.
func (r *Reader) ListEvents(ctx context.Context, q EventQuery) (EventPage, error) {
	p, err := listEvents(ctx, r.q, "", q)
	return p, doing(err, "listing audit events")
}

// ListEvents returns a page of the organization's audit list.
func (r *OrgReader) ListEvents(ctx context.Context, q EventQuery) (EventPage, error) {
	p, err := listEvents(ctx, r.q, r.org, q)
	return p, doing(err, "listing audit events of %s", r.org)
}

func listEvents(ctx context.Context, to *queries, org sso.OrgID, q EventQuery) (EventPage, error) {
	var where []string
	var args []any
	arg := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	if org != "" {
		where = append(where, "e.org_id = "+arg(org))
	}
	if q.Actor != "" {
		where = append(where, "e.actor = "+arg(q.Actor))
	}
	if q.Action != "" {
		q.Noun = (&sso.Event{Action: q.Action}).Noun()
		where = append(where, "e.action = "+arg(q.Action))
	}
	if q.Noun != "" {
		where = append(where, "e.noun = "+arg(q.Noun))
	}
	if q.Target != "" {
		where = append(where, "e.target = "+arg(q.Target))
	}
	if !q.From.IsZero() {
		where = append(where, "e.at >= "+arg(at(q.From)))
	}
	if !q.To.IsZero() {
		where = append(where, "e.at < "+arg(at(q.To)))
	}
	if when, id, ok := eventCursor(q.After); ok {
		// The first half lets the engine start within an index.
		a := arg(when)
		where = append(where, "e.at <= "+a+" and (e.at < "+a+" or e.id < "+arg(id)+")")
	}
	if len(where) == 0 {
		where = append(where, "e.at >= "+arg(int64(0)))
	}
	all, err := list(ctx, to, func(e *eventRow) []any { return append(eventFields(&e.Event), &e.id) }, `
		select `+eventColumns+`, e.id
		from audit_events e
		where `+strings.Join(where, " and ")+`
		order by e.at desc, e.id desc
		limit `+arg(q.Limit+1),
		args...)
	if err != nil {
		return EventPage{}, err
	}
	var p EventPage
	for i := range all[:min(len(all), q.Limit)] {
		p.Events = append(p.Events, all[i].Event)
	}
	if len(all) > q.Limit && q.Limit > 0 {
		last := &all[q.Limit-1]
		p.Next = strconv.FormatInt(last.At.UnixMicro(), 36) + "." + last.id
	}
	return p, nil
}

// eventRow is an event and the identifier of its row.
type eventRow struct {
	sso.Event
	id string
}

// eventCursor reads a cursor; one that we did not make counts for none.
func eventCursor(s string) (micros int64, id string, ok bool) {
	when, id, ok := strings.Cut(s, ".")
	micros, err := strconv.ParseInt(when, 36, 64)
	return micros, id, ok && err == nil && storable(id)
}

// NamesIn returns what to call the users who stand in events by their
// identifiers. It takes one statement.
func (r *Reader) NamesIn(ctx context.Context, events []sso.Event) (map[string]string, error) {
	var ids []sso.UserID
	for i := range events {
		for _, id := range []string{events[i].Actor, string(events[i].OnBehalf), events[i].Target} {
			if strings.HasPrefix(id, "usr_") {
				ids = append(ids, sso.UserID(id))
			}
		}
	}
	users, err := r.UsersByID(ctx, ids)
	found := map[string]string{}
	for i := range users {
		found[string(users[i].ID)] = cmp.Or(users[i].Name(), string(users[i].ID))
	}
	return found, err
}
