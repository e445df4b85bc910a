package events_test

import (
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/events"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// left returns the numbers of the entries that are there still, and demands that
// the list is whole.
func (h *house) left() (first, last int64) {
	h.Helper()
	v, err := h.DB.VerifyChain(h.Context())
	if err != nil || v.Broken != nil {
		h.Fatalf("VerifyChain() = %+v, %v", v, err)
	}
	return v.From.Number + 1, v.To.Number
}

func (h *house) trim() (all int64) {
	h.Helper()
	for {
		n, err := h.Trim(h.Context())
		must(h.T, "Trim()", err)
		if n == 0 {
			return all
		}
		all += n
	}
}

func TestWhatIsOldIsDeletedOnceEverybodyWasTold(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		day := 24 * time.Hour
		r := h.receiver()
		x, _, err := h.CreateStream(h.Context(), h.vendors(), events.NewStream{Kind: sso.StreamHTTP, Target: r.URL})
		must(h.T, "CreateStream()", err)
		for range 3 {
			h.record(h.acme.ID, "user.created", "usr_a")
		}
		h.seal()
		h.pass(400 * day)
		h.record(h.acme.ID, "user.changed", "usr_a")
		h.seal()
		if n := h.trim(); n != 0 {
			h.Errorf("deletes %d entries, though they are kept for ever", n)
		}
		h.Keep = 400 * day
		h.pass(time.Second)
		if n := h.trim(); n != 0 {
			h.Errorf("deletes %d entries that the stream has not carried", n)
		}
		h.carry()
		if n := h.trim(); n != 4 {
			h.Errorf("deletes %d entries, want the four that are old and carried", n)
		}
		if first, last := h.left(); first != 5 || last != 5 {
			h.Errorf("left are %d to %d, want the new one", first, last)
		}
		h.write(func(tx *store.Writer) error { // the session of who would is over by now
			x, err := tx.Stream(h.Context(), x.ID)
			if err != nil {
				return err
			}
			x.State = sso.WebhookDisabled
			return tx.SaveStream(h.Context(), x)
		})
		h.record(h.acme.ID, "user.changed", "usr_a")
		h.seal()
		h.pass(400*day + time.Hour)
		if n := h.trim(); n != 1 { // it had been carried
			h.Errorf("deletes %d entries", n)
		}
		h.pass(events.Overdue - 2*time.Hour)
		if n := h.trim(); n != 0 {
			h.Errorf("deletes %d entries that a stream which is off has not carried", n)
		}
		h.pass(3 * time.Hour)
		if n := h.trim(); n != 1 {
			h.Errorf("deletes %d entries, want what a forgotten stream has held up", n)
		}
		var end sso.ChainEnd
		err = h.DB.Read(h.Context(), func(r *store.Reader) (err error) {
			_, end, err = r.ChainEnds(h.Context())
			return err
		})
		if first, last := h.left(); err != nil || first != end.Number+1 || last != end.Number {
			h.Errorf("left are %d to %d, want none, and the end as it was: %+v, %v", first, last, end, err)
		}
	})
}
