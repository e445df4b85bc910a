package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

const traceColumns = `t.reference, t.attempt_id, t.org_id, t.connection_id, t.user_id, t.method, t.at, t.code, t.want, t.got, t.fix, t.checks, t.address, t.user_agent, t.who, t.hops, t.detail`

func traceFields(t *sso.Trace) []any {
	return []any{
		&t.Reference, &t.Attempt, opt(&t.Org), opt(&t.Connection), opt(&t.User), &t.Method, utc(&t.At),
		&t.Code, &t.Want, &t.Got, &t.Fix, checksOf(&t.Checks), &t.Address, &t.UserAgent, &t.Who, fromJSON(&t.Hops), fromJSON(&t.Detail),
	}
}

// Trace returns the trace with this reference, or [ErrNotFound].
func (r *Reader) Trace(ctx context.Context, reference string) (sso.Trace, error) {
	t, err := one(ctx, r.q, traceFields, `
		select `+traceColumns+`
		from traces t
		where t.reference = $1`,
		reference)
	return t, doing(err, "reading trace %q", reference)
}

// Trace returns the organization's trace with this reference, or [ErrNotFound].
func (r *OrgReader) Trace(ctx context.Context, reference string) (sso.Trace, error) {
	t, err := one(ctx, r.q, traceFields, `
		select `+traceColumns+`
		from traces t
		where t.org_id = $1 and t.reference = $2`,
		r.org, reference)
	return t, doing(err, "reading trace %q of %s", reference, r.org)
}

// Traces returns the organization's latest traces, at most limit of them, the
// latest first.
func (r *OrgReader) Traces(ctx context.Context, limit int) ([]sso.Trace, error) {
	all, err := list(ctx, r.q, traceFields, `
		select `+traceColumns+`
		from traces t
		where t.org_id = $1
		order by t.at desc, t.reference
		limit $2`,
		r.org, limit)
	return all, doing(err, "listing traces of %s", r.org)
}

// traceInto are the columns that a trace is written to, and traceRow what stands in
// them.
const traceInto = `reference, attempt_id, org_id, connection_id, user_id, method, at, code, want, got, fix, checks, address, user_agent, who, hops, detail`

func traceRow(t *sso.Trace) []any {
	return []any{
		t.Reference, t.Attempt, null(t.Org), null(t.Connection), null(t.User), t.Method, at(t.At), t.Code, shown(t.Want), shown(t.Got), t.Fix,
		checksJSON(t.Checks), shown(t.Address), shown(t.UserAgent), shown(t.Who), toJSON(t.Hops), toJSON(t.Detail),
	}
}

// InsertTrace stores a trace.
func (w *Writer) InsertTrace(ctx context.Context, t sso.Trace) error {
	_, err := w.q.exec(ctx, `
		insert into traces (`+traceInto+`, untold)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
		append(traceRow(&t), untold(&t))...)
	return doing(err, "inserting trace %s", t.Reference)
}

// untold is whether the audit list has to tell of a trace: where the sign-in has
// come to its end.
func untold(t *sso.Trace) int64 {
	if t.Ended() {
		return 1
	}
	return 0
}

// EndTrace stores how the attempt of a trace that is written has ended: where it went, whose it
// was, and the fault by which it did, if it did by one. A trace that is gone stays so.
func (w *Writer) EndTrace(ctx context.Context, t sso.Trace) error {
	_, err := w.q.exec(ctx, `
		update traces
		set hops = $2, code = $3, want = $4, got = $5, fix = $6, user_id = $7, untold = 1
		where reference = $1 and attempt_id = $8`,
		t.Reference, toJSON(t.Hops), t.Code, shown(t.Want), shown(t.Got), t.Fix, null(t.User), t.Attempt)
	return doing(err, "ending trace %s", t.Reference)
}

// KeepMessage stores what was sent, sealed, beside the trace with this
// reference.
func (w *Writer) KeepMessage(ctx context.Context, reference string, sealed []byte, now time.Time) error {
	_, err := w.q.exec(ctx, `
		insert into trace_messages (reference, at, sealed)
		values ($1, $2, $3)`,
		reference, at(now), sealed)
	return doing(err, "keeping the message of trace %s", reference)
}

// TraceMessage returns what was sent, sealed, or [ErrNotFound].
func (r *Reader) TraceMessage(ctx context.Context, reference string) ([]byte, error) {
	sealed, err := one(ctx, r.q, func(b *[]byte) []any { return []any{b} }, `
		select m.sealed
		from trace_messages m
		where m.reference = $1`,
		reference)
	return sealed, doing(err, "reading the message of trace %q", reference)
}

// MessagePlace is where the message of a trace stands, to which its seal is
// bound.
func MessagePlace(reference string) secret.Place {
	return secret.Place{Table: "trace_messages", Column: "sealed", Row: reference}
}
