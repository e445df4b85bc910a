package events_test

import (
	"sync"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// While people sign in, take their time, are refused and come through after all,
// three nodes tell of it: of each sign-in once, of each refusal once, and each has its
// one trace, which says that it ended well.
func TestNodesThatTellAtOnceTellOfEachOnce(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		const people, each = 4, 12
		var sealers, signers sync.WaitGroup
		over := make(chan struct{})
		for range 3 {
			sealers.Go(func() {
				for {
					if _, err := h.Seal(h.Context()); err != nil {
						h.Errorf("Seal() = %v", err)
						return
					}
					select {
					case <-over:
						return
					default:
					}
				}
			})
		}
		var mu sync.Mutex
		want := map[string]int{} // by reference: how often its sign-in is told of, refusals included
		for range people {
			signers.Go(func() {
				for i := range each {
					a, trace := h.answered()
					n := 1
					switch i % 3 {
					case 1:
						h.pass(10 * time.Second)
					case 2:
						refused := trace
						refused.Code = "org_disabled"
						h.write(func(tx *store.Writer) error {
							if err := tx.WriteTraces(h.Context(), a.ID); err != nil {
								return err
							}
							return tx.EndTrace(h.Context(), refused)
						})
						n = 2
					}
					h.ends(a, trace)
					mu.Lock()
					want[trace.Reference] = n
					mu.Unlock()
				}
			})
		}
		signers.Wait()
		close(over)
		sealers.Wait()
		h.seal()
		h.seal()
		got, wrong := map[string]int{}, 0
		err := h.DB.Read(h.Context(), func(r *store.Reader) error {
			all, err := r.EventsAfter(h.Context(), 0, 1000)
			for i := range all {
				if all[i].Action == sso.SignInSucceeded || all[i].Action == sso.SignInRefused {
					got[all[i].Detail["reference"]]++
				}
			}
			for reference := range want {
				tr, err := r.Trace(h.Context(), reference)
				if err != nil {
					return err
				}
				if tr.Code != "" || len(tr.Hops) != 2 {
					wrong++
				}
			}
			return err
		})
		if err != nil || wrong > 0 {
			h.Errorf("%d traces do not say that it ended well, %v", wrong, err)
		}
		for reference, n := range want {
			if got[reference] != n {
				h.Errorf("%s is told of %d times, want %d", reference, got[reference], n)
			}
		}
		v, err := h.DB.VerifyChain(h.Context())
		if err != nil || v.Broken != nil {
			h.Errorf("VerifyChain() = %+v, %v", v, err)
		}
	})
}

// Somebody was refused at the end, and came through a moment later, while more people
// are refused than are told of at once. Their refusal is told of all the same.
func TestARefusalThatWentWellInTheEndIsToldOf(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		h.write(func(tx *store.Writer) error {
			for range 500 {
				now := h.now()
				if err := tx.InsertTrace(h.Context(), sso.Trace{Reference: secret.NewReference(), Attempt: sso.NewAttemptID(now), Org: h.acme.ID, Method: sso.ByPassword, At: now, Code: "credentials_wrong"}); err != nil {
					return err
				}
			}
			return nil
		})
		a, trace := h.answered()
		refused := trace
		refused.Code = "org_disabled"
		h.write(func(tx *store.Writer) error {
			if err := tx.WriteTraces(h.Context(), a.ID); err != nil {
				return err
			}
			return tx.EndTrace(h.Context(), refused)
		})
		h.ends(a, trace)
		h.seal()
		told := map[string]int{}
		err := h.DB.Read(h.Context(), func(r *store.Reader) error {
			all, err := r.EventsAfter(h.Context(), 0, 1000)
			for i := range all {
				if all[i].Detail["reference"] == trace.Reference {
					told[all[i].Action]++
				}
			}
			return err
		})
		if err != nil || told[sso.SignInRefused] != 1 || told[sso.SignInSucceeded] != 1 {
			h.Errorf("told of: %v, %v; want the refusal and the sign-in", told, err)
		}
	})
}

// Of many sign-ins, all are told at once, by transactions that are small.
func TestManySignInsAreToldAtOnce(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		const many = 120
		for range many {
			h.ends(h.answered())
		}
		if n, err := h.Seal(h.Context()); err != nil || n != many {
			h.Errorf("Seal() = %d, %v, want %d", n, err, many)
		}
		if n, err := h.Seal(h.Context()); err != nil || n != 0 {
			h.Errorf("Seal() again = %d, %v", n, err)
		}
	})
}
