package operate_test

import (
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func TestSignInsAreCountedOnceTheirHourIsOver(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		begin := h.now.Truncate(time.Hour)
		for _, at := range []time.Duration{0, time.Minute, 30 * time.Hour} { // nothing for a day in between
			h.write(func(tx *store.Writer) error {
				return tx.InsertTrace(ctx, sso.Trace{Reference: secret.NewReference(), Org: h.alice.Org.ID, Method: sso.BySSO, At: begin.Add(at)})
			})
		}
		count := func() (n int64) {
			h.Helper()
			n, err := h.CountSignIns(ctx)
			if err != nil {
				h.Fatal(err)
			}
			return n
		}
		counted := func() (total int) {
			h.Helper()
			v, err := h.Service.Organization(ctx, &h.support, "acme")
			if err != nil {
				h.Fatal(err)
			}
			for _, c := range v.Counts {
				total += c.N
			}
			return total
		}
		h.now = begin.Add(time.Hour + 59*time.Second)
		if n := count(); n != 0 || counted() != 0 {
			h.Errorf("counted %d before everything was written", n)
		}
		h.now = begin.Add(time.Hour + time.Minute)
		if n := count(); n != 1 || counted() != 2 {
			h.Errorf("the first hour: %d, %d sign-ins", n, counted())
		}
		if n := count(); n != 0 {
			h.Error("an hour is counted again")
		}
		h.now = begin.Add(40 * time.Hour)
		if n := count(); n != 1 || counted() != 3 {
			h.Errorf("the hour after a day of nothing: %d, %d sign-ins", n, counted())
		}
	})
}
