package store

import (
	"cmp"
	"context"
	"slices"
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
	// Recorded are the same events, with their places in the chain.
	Recorded []sso.Recorded
	// Next is the cursor of the next page; "": there is none. As in
	// [PeoplePage], the page before it may not be full.
	Next string
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
	if q.Action != "" {
		q.Noun = (&sso.Event{Action: q.Action}).Noun()
	}
	roads := q.roads(org)
	road, walk := 0, q.Action != "" // whether more is looked at than is shown
	if len(roads) > 1 {
		var s statement
		text, limit := "select ", s.arg(to.db.look.few+1)
		for i := range roads {
			if i > 0 {
				text += ", "
			}
			from := statement{args: s.args}
			roads[i].lead(&from)
			q.within(&from)
			s.args = from.args
			text += "(select count(*) from (select 1 from audit_events e where " + from.conditions() + " limit " + limit + ") as few)"
		}
		counts, err := to.counts(ctx, len(roads), text, s.args)
		if err != nil {
			return EventPage{}, err
		}
		road = fewest(counts)
		walk = counts[road] > to.db.look.few
	}
	var until *eventRow
	if walk {
		var s statement
		roads[road].lead(&s)
		q.within(&s)
		far, err := page(ctx, to, func(e *eventRow) []any { return []any{utc(&e.At), &e.ID} }, `
			select e.at, e.id
			from audit_events e
			where `+s.conditions()+`
			order by e.at desc, e.id desc
			limit 1 offset `+s.arg(to.db.look.far),
			s.args...)
		if err != nil {
			return EventPage{}, err
		}
		if len(far) > 0 {
			until = &far[0]
		}
	}
	return eventsOn(ctx, to, &q, roads, road, until)
}

// eventsOn returns a page of what stands on one of the roads and on the others
// too, no farther than until.
func eventsOn(ctx context.Context, to *queries, q *EventQuery, roads []eventRoad, road int, until *eventRow) (EventPage, error) {
	var s statement
	for i := range roads {
		if i == road {
			roads[i].lead(&s)
		} else {
			roads[i].check(&s)
		}
	}
	q.within(&s)
	if q.Action != "" {
		s.where(holds("e.action = " + s.arg(q.Action)))
	}
	if until != nil {
		a := s.arg(at(until.At))
		s.where("e.at >= " + a + " and (e.at > " + a + " or e.id >= " + s.arg(until.ID) + ")")
	}
	all, err := page(ctx, to, func(e *eventRow) []any { return recordedFields(&e.Recorded) }, `
		select `+recordedColumns+`
		from audit_events e
		left join audit_events p on p.number = e.number - 1
		where `+s.conditions()+`
		order by e.at desc, e.id desc
		limit `+s.arg(q.Limit+1),
		s.args...)
	if err != nil {
		return EventPage{}, err
	}
	var p EventPage
	for i := range all[:min(len(all), q.Limit)] {
		p.Events, p.Recorded = append(p.Events, all[i].Event), append(p.Recorded, all[i].Recorded)
	}
	switch {
	case len(all) > q.Limit && q.Limit > 0:
		p.Next = all[q.Limit-1].cursor()
	case until != nil:
		p.Next = until.cursor()
	}
	return p, nil
}

// eventRoad is what leads to events in the order of time, by an index.
type eventRoad []eventColumn

type eventColumn struct {
	name  string
	value any
}

// roads returns the ways that lead to what the query asks for; all of them do
// together.
func (q *EventQuery) roads(org sso.OrgID) []eventRoad {
	var base eventRoad
	if org != "" {
		base = append(base, eventColumn{"org_id", org})
	}
	if q.Noun != "" {
		base = append(base, eventColumn{"noun", q.Noun})
	}
	var all []eventRoad
	if q.Target != "" {
		all = append(all, eventRoad{{"target", q.Target}})
	}
	if q.Actor != "" {
		all = append(all, eventRoad{{"actor", q.Actor}})
	}
	if len(base) > 0 || len(all) == 0 {
		all = append(all, base)
	}
	return all
}

// lead demands what stands in an index.
func (r eventRoad) lead(s *statement) {
	for _, c := range r {
		s.where("e." + c.name + " = " + s.arg(c.value))
	}
}

// check demands the same of one line after the other.
func (r eventRoad) check(s *statement) {
	for _, c := range r {
		s.where(holds("e." + c.name + " = " + s.arg(c.value)))
	}
}

// within keeps to the time that is asked for, behind the cursor.
func (q *EventQuery) within(s *statement) {
	if !q.From.IsZero() {
		s.where("e.at >= " + s.arg(at(q.From)))
	}
	if !q.To.IsZero() {
		s.where("e.at < " + s.arg(at(q.To)))
	}
	if when, id, ok := eventCursor(q.After); ok {
		// The first half lets the engine start within an index.
		a := s.arg(when)
		s.where("e.at <= " + a + " and (e.at < " + a + " or e.id < " + s.arg(id) + ")")
	}
	if len(s.and) == 0 {
		s.where("e.at >= " + s.arg(int64(0)))
	}
}

// eventRow is an event as it stands in a list.
type eventRow struct{ sso.Recorded }

func (e *eventRow) cursor() string {
	return strconv.FormatInt(e.At.UnixMicro(), 36) + "." + string(e.ID)
}

// eventCursor reads a cursor; one that we did not make counts for none.
func eventCursor(s string) (micros int64, id string, ok bool) {
	when, id, ok := strings.Cut(s, ".")
	micros, err := strconv.ParseInt(when, 36, 64)
	return micros, id, ok && err == nil && storable(id)
}

// NamesIn returns what to call who and what stands in events, by their
// identifiers: users, API keys, apps, organizations, connections and groups by
// name, setup links by what is noted of them. It reads each kind once, and none
// that does not occur.
func (r *Reader) NamesIn(ctx context.Context, events []sso.Event) (map[string]string, error) {
	of := map[string][]string{} // by what identifiers begin with
	for i := range events {
		for _, id := range []string{events[i].Actor, string(events[i].OnBehalf), events[i].Target} {
			if kind, _, ok := strings.Cut(id, "_"); ok {
				of[kind] = append(of[kind], id)
			}
		}
	}
	found := map[string]string{}
	users, err := r.UsersByID(ctx, typed[sso.UserID](of["usr"]))
	if err != nil {
		return nil, err
	}
	for i := range users {
		found[string(users[i].ID)] = cmp.Or(users[i].Name(), string(users[i].ID))
	}
	for _, kind := range []struct{ prefix, text string }{
		{"set", `select l.id, l.note from setup_links l where l.id in `},
		{"key", `select k.id, k.name from api_keys k where k.id in `},
		{"app", `select a.id, a.name from apps a where a.id in `},
		{"org", `select o.id, o.name from organizations o where o.id in `},
		{"con", `select c.id, c.name from connections c where c.id in `},
		{"grp", `select g.id, g.name from groups g where g.id in `},
	} {
		if err := r.namesOf(ctx, kind.text, of[kind.prefix], found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func typed[T ~string](ids []string) []T {
	var all []T
	for _, id := range ids {
		all = append(all, T(id))
	}
	return all
}

// namesOf reads names by identifiers; what has none is called by its identifier.
func (r *Reader) namesOf(ctx context.Context, text string, ids []string, found map[string]string) error {
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	in, args := anyOf(1, slices.Compact(ids))
	type named struct{ id, name string }
	all, err := list(ctx, r.q, func(n *named) []any { return []any{&n.id, &n.name} }, text+`(`+in+`)`, args...)
	for _, n := range all {
		found[n.id] = cmp.Or(n.name, n.id)
	}
	return doing(err, "reading names")
}
