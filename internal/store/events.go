package store

import (
	"context"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

const eventColumns = `e.org_id, e.at, e.actor, e.on_behalf, e.address, e.action, e.target, e.detail`

func eventFields(e *sso.Event) []any {
	return []any{opt(&e.Org), utc(&e.At), &e.Actor, opt(&e.OnBehalf), &e.Address, &e.Action, &e.Target, fromJSON(&e.Detail)}
}

// Record adds a line to the audit list.
func (w *Writer) Record(ctx context.Context, e sso.Event) error {
	_, err := w.q.exec(ctx, `
		insert into audit_events (id, org_id, at, actor, on_behalf, address, noun, action, target, detail)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		secret.NewID("evt", e.At), null(e.Org), at(e.At), shown(e.Actor), null(e.OnBehalf), shown(e.Address), e.Noun(), e.Action, shown(e.Target), toJSON(e.Detail))
	return doing(err, "recording %s", e.Action)
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
