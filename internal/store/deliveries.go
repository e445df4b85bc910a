package store

import (
	"context"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// DeliveryLife is how long it is kept how a delivery has ended.
const DeliveryLife = 30 * 24 * time.Hour

const deliveryColumns = `d.id, d.webhook_id, d.event_id, d.number, d.action, d.state, d.created_at, d.due_at, d.tries, d.tried_at, d.done_at, d.status, d.code, d.detail, d.took`

func deliveryFields(d *sso.Delivery) []any {
	return []any{
		&d.ID, &d.Webhook, &d.Event, &d.Number, &d.Action, &d.State, utc(&d.CreatedAt), utc(&d.DueAt), &d.Tries, utc(&d.TriedAt), utc(&d.DoneAt), &d.Status, &d.Code, &d.Detail, micros(&d.Took),
	}
}

// Enqueue puts events on their way to webhooks: each event with the webhooks
// that are told of it. What is on its way already, or has arrived, begins anew.
// A webhook that was deleted since is told of nothing.
func (w *Writer) Enqueue(ctx context.Context, now time.Time, events []sso.Recorded, to map[sso.EventID][]sso.WebhookID) error {
	var ids []sso.WebhookID
	for i := range events {
		ids = append(ids, to[events[i].ID]...)
	}
	slices.Sort(ids)
	there, err := w.wakeWebhooks(ctx, now, slices.Compact(ids))
	if err != nil || len(there) == 0 {
		return err
	}
	var rows [][]any
	for i := range events {
		e := &events[i]
		for _, hook := range to[e.ID] {
			if there[hook] {
				rows = append(rows, []any{secret.NewID("dlv", now), hook, e.ID, e.Number, e.Action, sso.DeliveryWaiting, at(now), at(now), 0, 0, "", "", 0})
			}
		}
	}
	err = w.q.bulk(ctx, "webhook_deliveries (id, webhook_id, event_id, number, action, state, created_at, due_at, tries, status, code, detail, took)", `
		on conflict (webhook_id, event_id) do update
		set state = 'waiting', created_at = excluded.created_at, due_at = excluded.due_at, tries = 0, tried_at = null, done_at = null, status = 0, code = '', detail = '', took = 0`, rows)
	return doing(err, "putting %d deliveries on their way", len(rows))
}

// wakeWebhooks has webhooks served now, and returns those that there are. They
// stay until the transaction ends: whoever would delete one waits. One that fails
// rests, and is woken by the end of that.
func (w *Writer) wakeWebhooks(ctx context.Context, now time.Time, ids []sso.WebhookID) (map[sso.WebhookID]bool, error) {
	there := map[sso.WebhookID]bool{}
	for len(ids) > 0 {
		some := ids[:min(len(ids), bulkArgs)]
		ids = ids[len(some):]
		in, args := anyOf(2, some)
		woken, err := list(ctx, w.q, func(id *sso.WebhookID) []any { return []any{id} }, `
			update webhooks
			set due_at = case when due_at is null or failures = 0 and due_at > $1 then $1 else due_at end
			where id in (`+in+`)
			returning id`,
			append([]any{at(now)}, args...)...)
		if err != nil {
			return nil, doing(err, "waking %d webhooks", len(some))
		}
		for _, id := range woken {
			there[id] = true
		}
	}
	return there, nil
}

// DueDeliveries returns up to limit deliveries to a webhook that are due, in the
// order of the events.
func (r *Reader) DueDeliveries(ctx context.Context, id sso.WebhookID, now time.Time, limit int) ([]sso.Delivery, error) {
	all, err := list(ctx, r.q, deliveryFields, `
		select `+deliveryColumns+`
		from webhook_deliveries d
		where d.webhook_id = $1 and d.state = 'waiting' and d.due_at <= $2
		order by d.number
		limit $3`,
		id, at(now), limit)
	return all, doing(err, "listing deliveries to webhook %s", id)
}

// SettleDelivery writes down how a try has ended. One that was tried by somebody
// else meanwhile is [ErrNotFound].
func (w *Writer) SettleDelivery(ctx context.Context, d sso.Delivery) error {
	n, err := w.q.exec(ctx, `
		update webhook_deliveries
		set state = $3, due_at = $4, tries = $2, tried_at = $5, done_at = $6, status = $7, code = $8, detail = $9, took = $10
		where id = $1 and tries = $2 - 1 and state = 'waiting'`,
		d.ID, d.Tries, d.State, at(d.DueAt), at(d.TriedAt), at(d.DoneAt), d.Status, d.Code, shown(d.Detail), d.Took.Microseconds())
	return doing(found(n, err), "settling delivery %s", d.ID)
}

// Deliveries returns deliveries to a webhook of the organization, those of the
// latest events first, at most limit of them; below is the number behind which
// they begin, 0 for the latest. An empty state asks for all.
func (r *OrgReader) Deliveries(ctx context.Context, id sso.WebhookID, state sso.DeliveryState, below int64, limit int) ([]sso.Delivery, error) {
	var s statement
	s.where("d.webhook_id = " + s.arg(id))
	s.where("exists (select 1 from webhooks w where w.id = d.webhook_id and w.org_id = " + s.arg(r.org) + ")")
	if below > 0 {
		s.where("d.number < " + s.arg(below))
	}
	if state != "" {
		s.where("d.state = " + s.arg(state))
	}
	all, err := page(ctx, r.q, deliveryFields, `
		select `+deliveryColumns+`
		from webhook_deliveries d
		where `+s.conditions()+`
		order by d.number desc
		limit `+s.arg(limit),
		s.args...)
	return all, doing(err, "listing deliveries to webhook %s of %q", id, r.org)
}

// Recorded returns an event of the audit list, or [ErrNotFound].
func (r *Reader) Recorded(ctx context.Context, id sso.EventID) (sso.Recorded, error) {
	e, err := one(ctx, r.q, recordedFields, `
		select `+recordedColumns+`
		from audit_events e
		left join audit_events p on p.number = e.number - 1
		where e.id = $1`,
		id)
	return e, doing(err, "reading event %s", id)
}

// SealedSince returns the number of the last sealed event that is older than an
// instant, by the order of the chain; 0: there is none.
func (r *Reader) SealedSince(ctx context.Context, from time.Time) (int64, error) {
	n, err := one(ctx, r.q, func(n *int64) []any { return []any{n} }, `
		select coalesce((
			select e.number
			from audit_events e
			where e.at < $1 and e.number is not null
			order by e.at desc, e.id desc
			limit 1
		), 0)`,
		at(from))
	return n, doing(err, "looking for the events since %v", from)
}
