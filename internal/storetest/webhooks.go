package storetest

import (
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func (w *world) webhook(org sso.OrgID) sso.Webhook {
	at := w.later()
	return sso.Webhook{
		ID: sso.NewWebhookID(at), Org: org, URL: "https://hooks.example/in", Note: "billing", Types: []string{"user.*"}, Secret: []byte{1, 0, 255}, Previous: []byte{2}, PreviousUntil: at,
		State: sso.WebhookEnabled, By: "usr_x", CreatedAt: at, UpdatedAt: at, Failures: 2, FailingSince: at,
	}
}

// addWebhook stores a webhook that nothing has failed at yet.
func (w *world) addWebhook(org sso.OrgID) sso.Webhook {
	w.Helper()
	h := w.webhook(org)
	h.Failures, h.FailingSince = 0, time.Time{}
	w.write(func(tx *store.Writer) error { return tx.Org(org).SaveWebhook(w.ctx, h) })
	h.Version = 1
	return h
}

func webhooksAreKept(w *world) {
	ctx := w.ctx
	r := w.reader()
	none[sso.Webhook](w, "Webhooks()")(r.Org("org_a").Webhooks(ctx))
	h := full(w, w.webhook("org_a"), "Version")
	w.write(func(tx *store.Writer) error { return tx.Org("org_a").SaveWebhook(ctx, h) })
	h.Version = 1
	ours := w.addWebhook("")
	same(w, "Webhook()", h, get[sso.Webhook](w, "Webhook()")(r.Org("org_a").Webhook(ctx, h.ID)))
	same(w, "Webhooks()", []sso.Webhook{h}, get[[]sso.Webhook](w, "Webhooks()")(r.Org("org_a").Webhooks(ctx)))
	same(w, "Webhooks() of the deployment", []sso.Webhook{ours}, get[[]sso.Webhook](w, "Webhooks()")(r.Org("").Webhooks(ctx)))
	missing[sso.Webhook](w, "Webhook() of another organization")(r.Org("org_b").Webhook(ctx, h.ID))
	missing[sso.Webhook](w, "Webhook() of the deployment")(r.Org("").Webhook(ctx, h.ID))

	changed := w.webhook("org_a")
	changed.ID, changed.CreatedAt, changed.Version, changed.URL = h.ID, h.CreatedAt, 1, "https://elsewhere.example/"
	w.write(func(tx *store.Writer) error { return tx.Org("org_a").SaveWebhook(ctx, changed) })
	w.conflict(store.StaleVersion, func(tx *store.Writer) error { return tx.Org("org_a").SaveWebhook(ctx, changed) })
	changed.Version = 2
	same(w, "Webhook() after a save", changed, get[sso.Webhook](w, "Webhook()")(r.Org("org_a").Webhook(ctx, h.ID)))
	foreign := changed
	foreign.Org = "org_b"
	w.conflict(store.StaleVersion, func(tx *store.Writer) error { return tx.Org("org_b").SaveWebhook(ctx, foreign) })
	w.refused(store.ErrReference, func(tx *store.Writer) error { return tx.Org("org_b").SaveWebhook(ctx, changed) })

	same(w, "WebhooksFor()", []sso.Webhook{changed, ours}, get[[]sso.Webhook](w, "WebhooksFor()")(r.WebhooksFor(ctx, []sso.OrgID{"org_a"})))
	same(w, "WebhooksFor() nobody's", []sso.Webhook{ours}, get[[]sso.Webhook](w, "WebhooksFor()")(r.WebhooksFor(ctx, nil)))
	w.write(func(tx *store.Writer) error { return tx.StopWebhook(ctx, h.ID, "webhook_patience", w.later()) })
	same(w, "WebhooksFor() when one is off", []sso.Webhook{ours}, get[[]sso.Webhook](w, "WebhooksFor()")(r.WebhooksFor(ctx, []sso.OrgID{"org_a"})))
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.StopWebhook(ctx, "whk_none", "x", w.now) })

	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.Org("org_b").DeleteWebhook(ctx, h.ID) })
	w.write(func(tx *store.Writer) error { return tx.Org("org_a").DeleteWebhook(ctx, h.ID) })
	missing[sso.Webhook](w, "Webhook() that is deleted")(r.Org("org_a").Webhook(ctx, h.ID))
}

func deliveriesAreKept(w *world) {
	ctx := w.ctx
	r := w.reader()
	h, other := w.addWebhook("org_a"), w.addWebhook("org_a")
	w.record("org_a", "user.created", "user.changed", "user.deleted")
	events := w.seal()
	now := w.later()
	looks := func(want bool, at time.Time) {
		w.Helper()
		if due := get[bool](w, "WebhookDue()")(r.WebhookDue(ctx, at)); due != want {
			w.Errorf("WebhookDue() = %v, want %v", due, want)
		}
	}
	looks(false, now)
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { _, err := tx.ClaimWebhook(ctx, now, now); return err })
	to := map[sso.EventID][]sso.WebhookID{events[0].ID: {h.ID}, events[2].ID: {h.ID}}
	w.write(func(tx *store.Writer) error { return tx.Enqueue(ctx, now, events, to) })
	looks(true, now)
	looks(false, now.Add(-time.Microsecond))
	due := get[[]sso.Delivery](w, "DueDeliveries()")(r.DueDeliveries(ctx, h.ID, now, 10))
	if len(due) != 2 || due[0].Number != 1 || due[1].Number != 3 {
		w.Fatalf("DueDeliveries() = %v, want the first and the third event", due)
	}
	same(w, "a delivery", sso.Delivery{ID: due[0].ID, Webhook: h.ID, Event: events[0].ID, Number: 1, Action: "user.created", State: sso.DeliveryWaiting, CreatedAt: now, DueAt: now}, due[0])
	none[sso.Delivery](w, "DueDeliveries() to another")(r.DueDeliveries(ctx, other.ID, now, 10))
	none[sso.Delivery](w, "DueDeliveries() before")(r.DueDeliveries(ctx, h.ID, now.Add(-time.Microsecond), 10))

	// One is claimed by one, and what is tried is settled by who tried it.
	lease := w.later()
	var claimed sso.Webhook
	w.write(func(tx *store.Writer) (err error) { claimed, err = tx.ClaimWebhook(ctx, now, lease); return err })
	same(w, "ClaimWebhook()", h, claimed)
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { _, err := tx.ClaimWebhook(ctx, now, lease); return err })
	looks(false, now)
	tried := due[0]
	tried.State, tried.Tries, tried.TriedAt, tried.DueAt, tried.Status, tried.Code, tried.Detail, tried.Took = sso.DeliveryWaiting, 1, w.later(), w.now.Add(time.Hour), 500, "webhook_status", "no\x00", 7*time.Millisecond
	w.write(func(tx *store.Writer) error { return tx.SettleDelivery(ctx, tried) })
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.SettleDelivery(ctx, tried) })
	tried.Detail = "no\uFFFD"
	done := due[1]
	done.State, done.Tries, done.TriedAt, done.DoneAt, done.Status = sso.DeliveryDelivered, 1, w.later(), w.later(), 204
	w.write(func(tx *store.Writer) error { return tx.SettleDelivery(ctx, done) })
	log := get[[]sso.Delivery](w, "Deliveries()")
	same(w, "Deliveries()", []sso.Delivery{done, tried}, log(r.Org("org_a").Deliveries(ctx, h.ID, "", 0, 10)))
	same(w, "Deliveries() below", []sso.Delivery{tried}, log(r.Org("org_a").Deliveries(ctx, h.ID, "", 3, 10)))
	same(w, "Deliveries() in a state", []sso.Delivery{done}, log(r.Org("org_a").Deliveries(ctx, h.ID, sso.DeliveryDelivered, 0, 10)))
	none[sso.Delivery](w, "Deliveries() of another organization")(r.Org("org_b").Deliveries(ctx, h.ID, "", 0, 10))

	// It is due again when its next delivery is, and not before it has rested.
	claimed.Failures, claimed.FailingSince = 1, w.now
	w.write(func(tx *store.Writer) error { return tx.ReleaseWebhook(ctx, claimed, lease, w.now.Add(2*time.Hour)) })
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.ReleaseWebhook(ctx, claimed, lease, w.now) })
	looks(false, w.now.Add(2*time.Hour-time.Microsecond))
	looks(true, w.now.Add(2*time.Hour))
	w.write(func(tx *store.Writer) error {
		return tx.Enqueue(ctx, now, events[1:2], map[sso.EventID][]sso.WebhookID{events[1].ID: {h.ID, other.ID}})
	})
	w.write(func(tx *store.Writer) (err error) {
		claimed, err = tx.ClaimWebhook(ctx, w.now.Add(time.Hour), lease)
		return err
	})
	same(w, "the one that does not fail", other.ID, claimed.ID)

	// Replayed, it begins anew.
	w.write(func(tx *store.Writer) error {
		return tx.Enqueue(ctx, lease, events[2:], map[sso.EventID][]sso.WebhookID{events[2].ID: {h.ID}})
	})
	again := log(r.Org("org_a").Deliveries(ctx, h.ID, "", 0, 1))[0]
	same(w, "a delivery that begins anew", sso.Delivery{ID: done.ID, Webhook: h.ID, Event: done.Event, Number: 3, Action: done.Action, State: sso.DeliveryWaiting, CreatedAt: lease, DueAt: lease}, again)

	w.write(func(tx *store.Writer) error { return tx.StopWebhook(ctx, h.ID, "webhook_patience", lease) })
	for _, d := range log(r.Org("org_a").Deliveries(ctx, h.ID, "", 0, 10)) {
		if d.State != sso.DeliveryFailed || d.Code == "" || !d.DoneAt.Equal(lease) {
			w.Errorf("after the webhook was stopped there is %v", d)
		}
	}
	same(w, "Recorded()", events[1], get[sso.Recorded](w, "Recorded()")(r.Recorded(ctx, events[1].ID)))
	missing[sso.Recorded](w, "Recorded()")(r.Recorded(ctx, "evt_none"))
	for _, tc := range []struct {
		from time.Time
		want int64
	}{{events[0].At, 0}, {events[1].At, 1}, {events[2].At.Add(time.Hour), 3}} {
		if n := get[int64](w, "SealedSince()")(r.SealedSince(ctx, tc.from)); n != tc.want {
			w.Errorf("SealedSince(%v) = %d, want %d", tc.from, n, tc.want)
		}
	}
}

func oneOfManyClaimsAWebhook(w *world) {
	h := w.addWebhook("")
	w.record("", "key.made")
	events := w.seal()
	now := w.later()
	w.write(func(tx *store.Writer) error {
		return tx.Enqueue(w.ctx, now, events, map[sso.EventID][]sso.WebhookID{events[0].ID: {h.ID}})
	})
	won := w.race(8, store.ErrNotFound, func(i int, tx *store.Writer) error {
		_, err := tx.ClaimWebhook(w.ctx, now, now.Add(time.Duration(i+1)*time.Hour))
		return err
	})
	if won != 1 {
		w.Errorf("%d claim one webhook", won)
	}
}

// An event is sealed by what was read of the webhooks before, one of which is deleted meanwhile: the others are told all
// the same.
func aDeletedWebhookIsToldOfNothing(w *world) {
	stays, gone := w.addWebhook("org_a"), w.addWebhook("org_a")
	w.record("org_a", "user.created", "user.changed")
	events := w.seal()
	now := w.later()
	to := map[sso.EventID][]sso.WebhookID{events[0].ID: {gone.ID}, events[1].ID: {gone.ID, stays.ID}}
	if won := w.race(2, nil, func(i int, tx *store.Writer) error {
		if i == 0 {
			return tx.Org("org_a").DeleteWebhook(w.ctx, gone.ID)
		}
		return tx.Enqueue(w.ctx, now, events, to)
	}); won != 2 {
		w.Errorf("%d of a deletion and of what is on its way succeed", won)
	}
	w.write(func(tx *store.Writer) error { return tx.Enqueue(w.ctx, now, events, to) })
	r := w.reader()
	if due := get[[]sso.Delivery](w, "DueDeliveries()")(r.DueDeliveries(w.ctx, stays.ID, now, 10)); len(due) != 1 || due[0].Number != 2 {
		w.Errorf("DueDeliveries() = %v, want the second event", due)
	}
	none[sso.Delivery](w, "DueDeliveries() to what is gone")(r.DueDeliveries(w.ctx, gone.ID, now, 10))
	w.write(func(tx *store.Writer) error {
		return tx.Enqueue(w.ctx, now, events, map[sso.EventID][]sso.WebhookID{events[0].ID: {gone.ID}})
	})
}
