package events_test

import (
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/events"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// An event of the rival's is not replayed to Acme by its ID.
func TestAnEventOfAnotherOrganizationIsNotReplayed(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		r, theirs := h.receiver(), h.receiver()
		hook, _ := h.hook(h.acmes(), r, "user.*")
		h.hook(h.rivals(), theirs, "user.*")
		h.record(h.rival.ID, "user.created", "usr_x")
		h.record(h.acme.ID, "user.created", "usr_y")
		h.deliver()
		foreign, ours := payloadOf(t, theirs.take()[0]).Data.ID, payloadOf(t, r.take()[0]).Data.ID
		_, err := h.Replay(h.Context(), h.acmes(), hook.ID, events.Replayed{Event: sso.EventID(foreign)})
		refused(t, "the rival's event", err, "page_not_found")
		n, err := h.Replay(h.Context(), h.acmes(), hook.ID, events.Replayed{Event: sso.EventID(ours)})
		if err != nil || n != (events.Again{Events: 1}) {
			t.Errorf("Replay() = %+v, %v, want one", n, err)
		}
		h.deliver()
		same(t, "replayed", r.types(t), []string{"user.created"})
	})
}

// Whoever replays without an end is stopped, and another webhook is replayed all
// the same.
func TestReplaysAreLimited(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		r := h.receiver()
		hook, _ := h.hook(h.acmes(), r)
		other, _ := h.hook(h.acmes(), r)
		h.seal()
		all := events.Replayed{Since: h.now().Add(-time.Hour)}
		for range 20 {
			_, err := h.Replay(h.Context(), h.acmes(), hook.ID, all)
			must(t, "Replay()", err)
		}
		_, err := h.Replay(h.Context(), h.acmes(), hook.ID, all)
		refused(t, "once more", err, "try_later")
		_, err = h.Replay(h.Context(), h.acmes(), other.ID, all)
		must(t, "Replay() of another one", err)
		h.pass(time.Minute)
		_, err = h.Replay(h.Context(), h.acmes(), hook.ID, all)
		must(t, "Replay() a minute later", err)
	})
}

// While a replay looks for what there is to tell, everybody else works on. What has
// become of the webhook meanwhile counts.
func TestAReplayKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		r := h.receiver()
		hook, _ := h.hook(h.acmes(), r, "user.*")
		h.record(h.acme.ID, "user.created", "usr_y")
		h.deliver()
		r.take()
		now := h.Service.Now
		since := now().Add(-time.Hour)
		replay := func(meanwhile func()) (events.Again, error) {
			asked := false
			h.Service.Now = func() time.Time {
				if !asked { // by who looks; the transactions of an organization have another clock
					asked = true
					meanwhile()
				}
				return now()
			}
			defer func() { h.Service.Now = now }()
			n, err := h.Replay(h.Context(), h.acmes(), hook.ID, events.Replayed{Since: since})
			if !asked {
				t.Error("nobody has looked outside of a transaction")
			}
			return n, err
		}
		if n, err := replay(func() { h.record(h.rival.ID, "user.created", "usr_x") }); err != nil || n != (events.Again{Events: 1}) {
			t.Errorf("Replay() while others write = %+v, %v, want one", n, err)
		}
		h.deliver()
		same(t, "replayed", r.types(t), []string{"user.created"})
		_, err := replay(func() {
			must(t, "ChangeWebhook()", h.ChangeWebhook(h.Context(), h.acmes(), hook.ID, 0, func(d *events.Draft) { d.State = sso.WebhookDisabled }))
		})
		refused(t, "of a webhook that is switched off meanwhile", err, "webhook_off")
		must(t, "ChangeWebhook()", h.ChangeWebhook(h.Context(), h.acmes(), hook.ID, 0, func(d *events.Draft) { d.State = sso.WebhookEnabled }))
		n, err := replay(func() {
			must(t, "ChangeWebhook()", h.ChangeWebhook(h.Context(), h.acmes(), hook.ID, 0, func(d *events.Draft) { d.Types = []string{"group.*"} }))
		})
		if err != nil || n != (events.Again{}) {
			t.Errorf("Replay() to one that wants something else by now = %+v, %v, want none", n, err)
		}
		h.deliver()
		same(t, "replayed to it", r.types(t), nil)
	})
}

// Who is told less than there is learns until when, and gets the rest from there.
func TestAReplaySaysWhereItHasStopped(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		r := h.receiver()
		hook, _ := h.hook(h.acmes(), r, "user.*")
		since := h.now()
		const most, all = 10_000, 10_030
		for n := 0; n < all; n += 1003 {
			h.write(func(tx *store.Writer) error {
				for range 1003 {
					e := sso.Event{Org: h.acme.ID, At: h.now(), Actor: "usr_x", Action: "user.changed", Target: "usr_x", Changes: []sso.Change{{Field: "name", From: "A", To: "B"}}}
					if err := tx.Record(h.Context(), e); err != nil {
						return err
					}
				}
				return nil
			})
		}
		h.seal()
		first, err := h.Replay(h.Context(), h.acmes(), hook.ID, events.Replayed{Since: since})
		if err != nil || first.Events != most || first.Until.IsZero() {
			t.Fatalf("Replay() = %+v, %v, want %d and until when", first, err, most)
		}
		rest, err := h.Replay(h.Context(), h.acmes(), hook.ID, events.Replayed{Since: first.Until})
		if want := (events.Again{Events: all - most}); err != nil || rest != want {
			t.Errorf("Replay() from there = %+v, %v, want %+v", rest, err, want)
		}
	})
}
