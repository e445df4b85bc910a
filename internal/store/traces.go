package store

import (
	"context"

	"github.com/sallyport/sallyport/internal/sso"
)

const traceColumns = `t.reference, t.attempt_id, t.org_id, t.connection_id, t.user_id, t.method, t.at, t.code, t.want, t.got, t.fix, t.checks, t.address, t.user_agent`

func traceFields(t *sso.Trace) []any {
	return []any{
		&t.Reference, &t.Attempt, opt(&t.Org), opt(&t.Connection), opt(&t.User), &t.Method, utc(&t.At),
		&t.Code, &t.Want, &t.Got, &t.Fix, fromJSON(&t.Checks), &t.Address, &t.UserAgent,
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

// InsertTrace stores a trace.
func (w *Writer) InsertTrace(ctx context.Context, t sso.Trace) error {
	_, err := w.q.exec(ctx, `
		insert into traces (reference, attempt_id, org_id, connection_id, user_id, method, at, code, want, got, fix, checks, address, user_agent)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		t.Reference, t.Attempt, null(t.Org), null(t.Connection), null(t.User), t.Method, at(t.At), t.Code, shown(t.Want), shown(t.Got), t.Fix,
		toJSON(t.Checks), shown(t.Address), shown(t.UserAgent))
	return doing(err, "inserting trace %s", t.Reference)
}
