package store

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

// recordedColumns are those of an event with its place in the chain; the one
// before it is p, of which the hash alone is left where it was deleted for its age.
const recordedColumns = eventColumns + `, e.id, coalesce(e.number, 0), coalesce(e.hash, ''),
	coalesce(p.hash, (select c.hash from audit_ends c where c.name = 'cut' and c.number = e.number - 1), '')`

func recordedFields(e *sso.Recorded) []any {
	return append(eventFields(&e.Event), &e.ID, &e.Number, &e.Hash, &e.Before)
}

// ChainEnds returns where the chain of the audit list begins and where it ends.
func (r *Reader) ChainEnds(ctx context.Context) (cut, last sso.ChainEnd, err error) {
	type ends struct{ cut, last sso.ChainEnd }
	e, err := one(ctx, r.q, func(e *ends) []any { return []any{&e.cut.Number, &e.cut.Hash, &e.last.Number, &e.last.Hash} }, `
		select c.number, c.hash, l.number, l.hash
		from audit_ends c
		join audit_ends l on l.name = 'last'
		where c.name = 'cut'`)
	return e.cut, e.last, doing(err, "reading the ends of the audit list")
}

// Unsealed returns up to limit events that have no number yet, the oldest first;
// those of one transaction in the order in which it has recorded them.
func (r *Reader) Unsealed(ctx context.Context, limit int) ([]sso.Recorded, error) {
	all, err := list(ctx, r.q, func(e *sso.Recorded) []any { return append(eventFields(&e.Event), &e.ID) }, `
		select `+eventColumns+`, e.id
		from audit_events e
		where e.number is null
		order by e.id
		limit $1`,
		limit)
	slices.SortFunc(all, func(a, b sso.Recorded) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
	return all, doing(err, "listing events without a number")
}

// Untold returns up to limit traces of sign-ins that have ended and that the
// audit list does not tell of yet, the oldest first.
func (r *Reader) Untold(ctx context.Context, limit int) ([]sso.Trace, error) {
	fields := func(t *sso.Trace) []any {
		return []any{&t.Reference, opt(&t.Org), opt(&t.Connection), opt(&t.User), &t.Method, utc(&t.At), &t.Code, &t.Address, &t.UserAgent}
	}
	all, err := list(ctx, r.q, fields, `
		select t.reference, t.org_id, t.connection_id, t.user_id, t.method, t.at, t.code, t.address, t.user_agent
		from traces t
		where t.untold = 1
		order by t.at, t.reference
		limit $1`,
		limit)
	return all, doing(err, "listing sign-ins that are not told of")
}

// sealStep is how many rows one statement of [Writer.Seal] changes.
const sealStep = 100

// Seal stores the numbers and hashes of events that had none, and the new end
// of the chain. Where another node has sealed meanwhile, or one of the events
// has its number already, nothing is stored: that is a conflict.
func (w *Writer) Seal(ctx context.Context, before sso.ChainEnd, all []sso.Recorded) error {
	if len(all) == 0 {
		return nil
	}
	// The end first: it is what two nodes that seal at once meet at. Behind it,
	// numbers that were given meanwhile could be given again.
	if err := w.moveEnd(ctx, before, &all[len(all)-1]); err != nil {
		return err
	}
	for some := all; len(some) > 0; {
		step := some[:min(len(some), sealStep)]
		some = some[len(step):]
		var s statement
		for i := range step {
			s.row("cast("+s.arg(step[i].ID)+" as text)", "cast("+s.arg(step[i].Number)+" as bigint)", "cast("+s.arg(step[i].Hash)+" as text)")
		}
		n, err := w.q.exec(ctx, `
			with sealed (id, number, hash) as (values `+s.values()+`)
			update audit_events
			set number = sealed.number, hash = sealed.hash
			from sealed
			where audit_events.id = sealed.id and audit_events.number is null`,
			s.args...)
		if err == nil && n != int64(len(step)) {
			err = errStale()
		}
		if err != nil {
			return doing(err, "sealing %d events", len(all))
		}
	}
	return nil
}

// moveEnd makes an entry the last one of the chain.
func (w *Writer) moveEnd(ctx context.Context, before sso.ChainEnd, last *sso.Recorded) error {
	n, err := w.q.exec(ctx, `
		update audit_ends
		set number = $2, hash = $3
		where name = 'last' and number = $1`,
		before.Number, last.Number, last.Hash)
	return doing(saved(n, err), "moving the end of the audit list")
}

// Tell stores events that tell of sign-ins, with their places at the end of the
// chain. It notes of these traces that they are told of, and writes the traces of
// those that became a session, and when people were last there.
func (w *Writer) Tell(ctx context.Context, before sso.ChainEnd, all []sso.Recorded, traces []string, signIns []UntoldSignIn) error {
	if len(all) > 0 {
		var rows [][]any
		for i := range all {
			e := &all[i]
			rows = append(rows, append(eventRowOf(e), e.Number, e.Hash))
		}
		if err := w.moveEnd(ctx, before, &all[len(all)-1]); err != nil {
			return err
		}
		if err := w.q.bulk(ctx, "audit_events ("+eventInto+", number, hash)", "", rows); err != nil {
			return doing(err, "telling of %d sign-ins", len(all))
		}
	}
	for len(traces) > 0 {
		some := traces[:min(len(traces), bulkArgs)]
		traces = traces[len(some):]
		in, args := anyOf(1, some)
		n, err := w.q.exec(ctx, `update traces set untold = 0 where reference in (`+in+`) and untold = 1`, args...)
		if err == nil && n != int64(len(some)) {
			err = errStale() // another node has told of one of them
		}
		if err != nil {
			return doing(err, "noting what was told of")
		}
	}
	return w.tellSignIns(ctx, signIns)
}

// EventsAfter returns up to limit entries of the chain behind a number, in their
// order.
func (r *Reader) EventsAfter(ctx context.Context, number int64, limit int) ([]sso.Recorded, error) {
	all, err := list(ctx, r.q, recordedFields, `
		select `+recordedColumns+`
		from audit_events e
		left join audit_events p on p.number = e.number - 1
		where e.number > $1
		order by e.number
		limit $2`,
		number, limit)
	return all, doing(err, "reading the audit list behind %d", number)
}

// Broken says where the chain of the audit list is broken, and how.
type Broken struct {
	Number int64
	Why    string
}

// Verified is what a check of the audit list has found.
type Verified struct {
	From, To sso.ChainEnd // what was checked: everything behind From, up to To
	Broken   *Broken      // the first place; nil: there is none
}

// verifyStep is how many entries are read at a time.
const verifyStep = 1000

// VerifyChain walks the whole audit list and finds the first entry that is
// missing, or altered, or does not follow the one before it. anchors are ends
// of the chain that somebody has noted elsewhere: a list that was rewritten as
// a whole fits itself, and not these. What is sealed, or deleted for its age, while
// it walks, changes nothing of what it finds.
func (db *DB) VerifyChain(ctx context.Context, anchors ...sso.ChainEnd) (Verified, error) {
	noted := map[int64]string{}
	for _, a := range anchors {
		noted[a.Number] = a.Hash
	}
	cut, last, err := db.chainEnds(ctx)
	if err != nil {
		return Verified{}, err
	}
	v := Verified{From: cut, To: last, Broken: deleted(anchors, 0, cut)}
	if v.Broken != nil {
		return v, nil
	}
	for _, a := range anchors {
		if a.Number > last.Number {
			v.Broken = &Broken{Number: last.Number + 1, Why: "the list ends at " + strconv.FormatInt(last.Number, 10) + ", and " + strconv.FormatInt(a.Number, 10) + " was noted elsewhere"}
			return v, nil
		}
	}
	for end := cut; end.Number < last.Number; {
		var all []sso.Recorded
		err := db.Read(ctx, func(r *Reader) (err error) {
			all, err = r.EventsAfter(ctx, end.Number, verifyStep)
			return err
		})
		if err != nil {
			return v, err
		}
		var broken *Broken
		if end, broken = follow(end, last, all, noted); broken == nil {
			continue
		}
		// What is missing may have been deleted meanwhile for its age.
		if cut, _, err = db.chainEnds(ctx); err != nil {
			return v, err
		}
		if cut.Number <= end.Number {
			v.Broken = broken
			return v, nil
		}
		if v.Broken = deleted(anchors, end.Number, cut); v.Broken != nil {
			return v, nil
		}
		v.From, end = cut, cut
	}
	v.Broken, err = db.besideChain(ctx)
	return v, err
}

// deleted says which of the noted ends behind a number can no longer be compared,
// since the list is said to begin behind them, or with another hash.
func deleted(anchors []sso.ChainEnd, after int64, cut sso.ChainEnd) *Broken {
	for _, a := range anchors {
		switch {
		case a.Number <= after || a.Number > cut.Number || a == cut:
		case a.Number == cut.Number:
			return &Broken{Number: a.Number, Why: "another hash was noted elsewhere"}
		default:
			return &Broken{Number: a.Number, Why: "what was noted elsewhere cannot be compared: the list begins at " + strconv.FormatInt(cut.Number+1, 10)}
		}
	}
	return nil
}

// besideChain looks for entries that stand in the list and outside of its ends,
// where nobody follows their hashes.
func (db *DB) besideChain(ctx context.Context) (broken *Broken, err error) {
	type beside struct{ before, behind int64 }
	const none = math.MaxInt64
	var b beside
	err = db.Read(ctx, func(r *Reader) (err error) {
		// One statement, in which the entries and the ends are of one moment.
		b, err = one(ctx, r.q, func(b *beside) []any { return []any{&b.before, &b.behind} }, `
			select
				coalesce((select min(e.number) from audit_events e where e.number <= c.number), 9223372036854775807),
				coalesce((select min(e.number) from audit_events e where e.number > l.number), 9223372036854775807)
			from audit_ends c
			join audit_ends l on l.name = 'last'
			where c.name = 'cut'`)
		return err
	})
	switch {
	case err != nil:
		return nil, doing(err, "looking beside the audit list")
	case b.before != none:
		return &Broken{Number: b.before, Why: "the entry stands before the beginning of the list"}, nil
	case b.behind != none:
		return &Broken{Number: b.behind, Why: "the entry stands behind the end of the list"}, nil
	}
	return nil, nil
}

func (db *DB) chainEnds(ctx context.Context) (cut, last sso.ChainEnd, err error) {
	err = db.Read(ctx, func(r *Reader) error {
		cut, last, err = r.ChainEnds(ctx)
		return err
	})
	return cut, last, err
}

// follow walks along some entries, which begin behind end.
func follow(end, last sso.ChainEnd, all []sso.Recorded, noted map[int64]string) (sso.ChainEnd, *Broken) {
	if len(all) == 0 {
		return end, &Broken{Number: end.Number + 1, Why: "the entries from here to the end are missing"}
	}
	for i := range all {
		e := &all[i]
		hash, anchored := noted[e.Number]
		switch {
		case e.Number != end.Number+1:
			return end, &Broken{Number: end.Number + 1, Why: "the entry is missing"}
		case e.Number > last.Number:
			return last, nil // sealed meanwhile
		}
		e.Before = end.Hash
		switch {
		case !end.Continues(e):
			return end, &Broken{Number: e.Number, Why: "the entry does not fit its hash, or the entry before it"}
		case anchored && hash != e.Hash:
			return end, &Broken{Number: e.Number, Why: "another hash was noted elsewhere"}
		case e.Number == last.Number && e.Hash != last.Hash:
			return end, &Broken{Number: e.Number, Why: "another hash was noted as the last one"}
		}
		end = sso.ChainEnd{Number: e.Number, Hash: e.Hash}
	}
	return end, nil
}

// cutStep is how many entries are deleted at a time.
const cutStep = 1000

// ToldUpTo returns the number up to which every stream has carried the entries of
// the chain, and no delivery to a webhook is waiting; the highest number there is
// where nobody is to be told.
func (r *Reader) ToldUpTo(ctx context.Context) (int64, error) {
	n, err := one(ctx, r.q, func(n *int64) []any { return []any{n} }, `select coalesce(min(s.sent), 9223372036854775807) from streams s`)
	if err != nil {
		return 0, doing(err, "looking how far streams have come")
	}
	waiting, err := one(ctx, r.q, func(n *int64) []any { return []any{n} }, `
		select coalesce(min(d.number), 9223372036854775807)
		from webhook_deliveries d
		where d.state = 'waiting'`)
	return min(n, waiting-1), doing(err, "looking what waits for webhooks")
}

// CutChain deletes the oldest entries of the chain that are older than an
// instant, up to a number and at most a thousand, and keeps the hash of the last
// of them, so that what is left can still be verified. It returns how many it
// deleted.
func (w *Writer) CutChain(ctx context.Context, before time.Time, upTo int64) (int64, error) {
	cut, _, err := w.ChainEnds(ctx)
	if err != nil {
		return 0, err
	}
	all, err := w.EventsAfter(ctx, cut.Number, cutStep)
	if err != nil {
		return 0, err
	}
	end := cut
	for i := range all {
		if !all[i].At.Before(before) || all[i].Number > upTo {
			break // entries behind it may be older by a moment: they go with it
		}
		end = sso.ChainEnd{Number: all[i].Number, Hash: all[i].Hash}
	}
	if end == cut {
		return 0, nil
	}
	n, err := w.q.exec(ctx, `delete from audit_events where number > $1 and number <= $2`, cut.Number, end.Number)
	if err != nil {
		return 0, doing(err, "deleting old events")
	}
	moved, err := w.q.exec(ctx, `update audit_ends set number = $2, hash = $3 where name = 'cut' and number = $1`, cut.Number, end.Number, end.Hash)
	return n, doing(saved(moved, err), "deleting old events")
}

// eventInto are the columns of a new event, and eventRowOf its values.
const eventInto = `id, org_id, at, actor, on_behalf, address, user_agent, noun, action, target, detail, changes`

func eventRowOf(e *sso.Recorded) []any {
	return []any{
		e.ID, null(e.Org), at(e.At), shown(e.Actor), null(e.OnBehalf), shown(e.Address), shown(e.UserAgent), e.Noun(), e.Action, shown(e.Target), toJSON(e.Detail), changed(e.Changes),
	}
}

// changed is a list of changes as an argument, the empty text for none.
func changed(all []sso.Change) any {
	if len(all) == 0 {
		return ""
	}
	return toJSON(all)
}

// String says it in one line.
func (b *Broken) String() string { return fmt.Sprintf("broken at %d: %s", b.Number, b.Why) }
