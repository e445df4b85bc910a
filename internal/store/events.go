package store

import (
	"context"

	"github.com/sallyport/sallyport/internal/sso"
)

const eventColumns = `e.org_id, e.at, e.actor, e.on_behalf, e.address, e.user_agent, e.action, e.target, e.detail, e.changes`

func eventFields(e *sso.Event) []any {
	return []any{opt(&e.Org), utc(&e.At), &e.Actor, opt(&e.OnBehalf), &e.Address, &e.UserAgent, &e.Action, &e.Target, fromJSON(&e.Detail), fromJSON(&e.Changes)}
}

// Record adds a line to the audit list.
func (w *Writer) Record(ctx context.Context, e sso.Event) error {
	line := w.q.recorded(e)
	_, err := w.q.exec(ctx, `
		insert into audit_events (`+eventInto+`)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		eventRowOf(&line)...)
	return doing(err, "recording %s", e.Action)
}

// recorded returns an event as it is stored, behind those that the transaction
// has recorded before.
func (q *queries) recorded(e sso.Event) sso.Recorded {
	q.events++
	return sso.NewRecorded(e, q.events)
}

// Record adds a line to the organization's audit list, whatever organization
// the event names.
func (w *OrgWriter) Record(ctx context.Context, e sso.Event) error {
	e.Org = w.org
	return (&Writer{&Reader{w.q}}).Record(ctx, e)
}

// Events returns the organization's latest audit events, at most limit of
// them, the latest first.
func (r *OrgReader) Events(ctx context.Context, limit int) ([]sso.Event, error) {
	all, err := list(ctx, r.q, eventFields, `
		select `+eventColumns+`
		from audit_events e
		where e.org_id = $1
		order by e.at desc, e.id desc
		limit $2`,
		r.org, limit)
	return all, doing(err, "listing audit events of %s", r.org)
}
