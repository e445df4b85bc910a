package storetest

import (
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// webhooksTakeTurns has one organization own three webhooks that are due for longer
// than that of another one: it is the other one's turn all the same.
func webhooksTakeTurns(w *world) {
	all := []sso.Webhook{w.addWebhook("org_a"), w.addWebhook("org_a"), w.addWebhook("org_a"), w.addWebhook("org_b")}
	w.record("", "key.made")
	events := w.seal()
	for i := range all {
		now := w.later()
		w.write(func(tx *store.Writer) error {
			return tx.Enqueue(w.ctx, now, events, map[sso.EventID][]sso.WebhookID{events[0].ID: {all[i].ID}})
		})
	}
	now := w.later()
	lease := now.Add(time.Hour)
	claim := func() (hook sso.Webhook, err error) {
		err = w.db.Write(w.ctx, func(tx *store.Writer) (err error) {
			hook, err = tx.ClaimWebhook(w.ctx, now, lease)
			return err
		})
		return hook, err
	}
	for _, want := range []sso.WebhookID{all[0].ID, all[1].ID, all[3].ID} {
		if hook, err := claim(); err != nil || hook.ID != want {
			w.Fatalf("ClaimWebhook() = %s of %s, %v, want %s", hook.ID, hook.Org, err, want)
		}
	}
	if _, err := claim(); !errors.Is(err, store.ErrNotFound) {
		w.Errorf("a third one of one organization is served at the same time: %v", err)
	}
	if get[bool](w, "WebhookDue()")(w.reader().WebhookDue(w.ctx, now)) {
		w.Error("one is due that nobody may claim")
	}
	w.write(func(tx *store.Writer) error { return tx.ReleaseWebhook(w.ctx, all[0], lease, now) })
	if hook, err := claim(); err != nil || hook.ID != all[2].ID {
		w.Errorf("after one was given back: %s, %v, want the third", hook.ID, err)
	}
}

// webhooksBeginAnew has somebody switch a webhook off and on again that has
// failed, while a node still holds it.
func webhooksBeginAnew(w *world) {
	h := w.addWebhook("org_a")
	w.record("", "key.made")
	events := w.seal()
	now := w.later()
	var held sso.Webhook
	w.write(func(tx *store.Writer) (err error) {
		if err = tx.Enqueue(w.ctx, now, events, map[sso.EventID][]sso.WebhookID{events[0].ID: {h.ID}}); err == nil {
			held, err = tx.ClaimWebhook(w.ctx, now, now.Add(time.Hour))
		}
		return err
	})
	held.Failures, held.FailingSince = 7, now
	read := func() sso.Webhook {
		w.Helper()
		return get[sso.Webhook](w, "Webhook()")(w.reader().Org("org_a").Webhook(w.ctx, h.ID))
	}
	off := read()
	off.State, off.Failures, off.FailingSince = sso.WebhookFailed, 6, now
	w.write(func(tx *store.Writer) error { return tx.Org("org_a").SaveWebhook(w.ctx, off) })
	on := read()
	if on.Failures != 6 || !on.FailingSince.Equal(now) {
		w.Fatalf("while it is off: %+v", on)
	}
	on.State = sso.WebhookEnabled // and nothing else, as a file does
	w.write(func(tx *store.Writer) error { return tx.Org("org_a").SaveWebhook(w.ctx, on) })
	w.write(func(tx *store.Writer) error { return tx.ReleaseWebhook(w.ctx, held, now.Add(time.Hour), now) })
	if again := read(); again.Failures != 0 || !again.FailingSince.IsZero() {
		w.Errorf("switched on again, it has failed %d times since %v", again.Failures, again.FailingSince)
	}
}
