package events_test

import (
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/events"
	"github.com/sallyport/sallyport/internal/sso"
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
		if err != nil || n != 1 {
			t.Errorf("Replay() = %d, %v, want one", n, err)
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
