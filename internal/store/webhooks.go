package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// WebhookSecretPlace is where a secret of the webhook with this ID stands, to
// which its seal is bound.
func WebhookSecretPlace(id sso.WebhookID) secret.Place {
	return secret.Place{Table: "webhooks", Column: "secret", Row: string(id)}
}

const webhookColumns = `id, org_id, url, note, types, secret, previous, previous_until, state, created_by, created_at, updated_at, failures, failing_since, version`

func webhookFields(w *sso.Webhook) []any {
	return []any{
		&w.ID, &w.Org, &w.URL, &w.Note, fromJSON(&w.Types), &w.Secret, &w.Previous, utc(&w.PreviousUntil), &w.State, &w.By, utc(&w.CreatedAt), utc(&w.UpdatedAt), &w.Failures, utc(&w.FailingSince), &w.Version,
	}
}

// Webhooks returns the webhooks of the organization, or with [Reader.Org] of ""
// those of the deployment, the oldest first.
func (r *OrgReader) Webhooks(ctx context.Context) ([]sso.Webhook, error) {
	all, err := list(ctx, r.q, webhookFields, `
		select `+webhookColumns+`
		from webhooks
		where org_id = $1
		order by created_at, id`,
		r.org)
	return all, doing(err, "listing webhooks of %q", r.org)
}

// Webhook returns the organization's webhook with this ID, or [ErrNotFound].
func (r *OrgReader) Webhook(ctx context.Context, id sso.WebhookID) (sso.Webhook, error) {
	w, err := one(ctx, r.q, webhookFields, `
		select `+webhookColumns+`
		from webhooks
		where org_id = $1 and id = $2`,
		r.org, id)
	return w, doing(err, "reading webhook %s of %q", id, r.org)
}

// WebhooksFor returns the enabled webhooks of the deployment and of these
// organizations.
func (r *Reader) WebhooksFor(ctx context.Context, orgs []sso.OrgID) ([]sso.Webhook, error) {
	in, args := anyOf(1, append([]sso.OrgID{""}, orgs...))
	all, err := list(ctx, r.q, webhookFields, `
		select `+webhookColumns+`
		from webhooks
		where org_id in (`+in+`) and state = 'enabled'
		order by created_at, id`,
		args...)
	return all, doing(err, "listing webhooks")
}

// SaveWebhook stores a webhook of the organization. The version is that which was
// read, 0 for a new one; somebody else's save in between is a conflict. One that
// is switched on again has not failed yet.
func (w *OrgWriter) SaveWebhook(ctx context.Context, hook sso.Webhook) error {
	if err := w.own(hook.Org); err != nil {
		return doing(err, "saving webhook %s", hook.ID)
	}
	n, err := w.q.exec(ctx, `
		insert into webhooks (id, org_id, url, note, types, secret, previous, previous_until, state, created_by, created_at, updated_at, failures, failing_since, version)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15 + 1)
		on conflict (id) do update
		set url = excluded.url, note = excluded.note, types = excluded.types, secret = excluded.secret, previous = excluded.previous, previous_until = excluded.previous_until,
			state = excluded.state, created_by = excluded.created_by, updated_at = excluded.updated_at,
			failures = case when excluded.state = 'enabled' and webhooks.state <> 'enabled' then 0 else excluded.failures end,
			failing_since = case when excluded.state = 'enabled' and webhooks.state <> 'enabled' then null else excluded.failing_since end,
			version = excluded.version
		where webhooks.version = $15 and webhooks.org_id = $2`,
		hook.ID, w.org, hook.URL, hook.Note, toJSON(hook.Types), hook.Secret, hook.Previous, at(hook.PreviousUntil), hook.State, hook.By, at(hook.CreatedAt), at(hook.UpdatedAt),
		hook.Failures, at(hook.FailingSince), hook.Version)
	return doing(saved(n, err), "saving webhook %s", hook.ID)
}

// DeleteWebhook deletes a webhook of the organization with all that was on its
// way to it, or is [ErrNotFound].
func (w *OrgWriter) DeleteWebhook(ctx context.Context, id sso.WebhookID) error {
	n, err := w.q.exec(ctx, `
		delete from webhooks
		where org_id = $1 and id = $2`,
		w.org, id)
	return doing(found(n, err), "deleting webhook %s", id)
}

// webhookDue holds for webhooks that are to be served now: of one organization, or
// of the deployment, two at the same time, by all nodes together. Who has twenty
// receivers that take their time keeps nobody else waiting.
const webhookDue = `d.due_at <= $1 and (d.leased_until is null or d.leased_until <= $1)
			and (select count(*) from webhooks l where l.org_id = d.org_id and l.leased_until > $1) < 2`

// WebhookDue reports whether a claim would give a webhook.
func (r *Reader) WebhookDue(ctx context.Context, now time.Time) (bool, error) {
	due, err := one(ctx, r.q, func(b *bool) []any { return []any{b} }, `
		select exists (
			select 1 from webhooks d
			where `+webhookDue+`
		)`,
		at(now))
	return due, doing(err, "looking for webhooks")
}

// ClaimWebhook gives the webhook that has been due for longest to the caller
// alone, until the lease ends. Of one organization no more than two are given at
// a time. There being none is [ErrNotFound].
func (w *Writer) ClaimWebhook(ctx context.Context, now, until time.Time) (sso.Webhook, error) {
	hook, err := one(ctx, w.q, webhookFields, `
		update webhooks
		set leased_until = $2
		where id = (
			select d.id
			from webhooks d
			where `+webhookDue+`
			order by d.due_at, d.id
			limit 1
		)
		returning `+webhookColumns,
		at(now), at(until))
	return hook, doing(err, "claiming a webhook")
}

// ReleaseWebhook gives a webhook back whose lease ends at that instant: with how
// it has fared, to be looked at again when the next delivery is due, and not
// before rest. How it has fared does not count where somebody has changed it
// meanwhile, such as by switching it off and on. Where somebody else has claimed it meanwhile, or it is there no
// more, it is [ErrNotFound].
func (w *Writer) ReleaseWebhook(ctx context.Context, hook sso.Webhook, lease, rest time.Time) error {
	n, err := w.q.exec(ctx, `
		update webhooks
		set leased_until = null,
			failures = case when version = $6 then $3 else failures end, failing_since = case when version = $6 then $4 else failing_since end,
			due_at = (
			select case when min(d.due_at) < $5 then $5 else min(d.due_at) end
			from webhook_deliveries d
			where d.webhook_id = webhooks.id and d.state = 'waiting'
		)
		where id = $1 and leased_until = $2`,
		hook.ID, at(lease), hook.Failures, at(hook.FailingSince), at(rest), hook.Version)
	return doing(found(n, err), "releasing webhook %s", hook.ID)
}

// StopWebhook switches a webhook off because of how it has fared, and gives up
// all that waits for it.
func (w *Writer) StopWebhook(ctx context.Context, id sso.WebhookID, code string, now time.Time) error {
	n, err := w.q.exec(ctx, `
		update webhooks
		set state = 'failed', due_at = null, updated_at = $2, version = version + 1
		where id = $1`,
		id, at(now))
	if err := found(n, err); err != nil {
		return doing(err, "stopping webhook %s", id)
	}
	_, err = w.q.exec(ctx, `
		update webhook_deliveries
		set state = 'failed', done_at = $3, code = case when code = '' then $2 else code end
		where webhook_id = $1 and state = 'waiting'`,
		id, code, at(now))
	return doing(err, "giving up what waits for webhook %s", id)
}
