package operate_test

import (
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// All nodes are stopped a moment after somebody has signed in, and started again when
// that hour is long over: the job that counts may come before the one that tells.
// The sign-in is counted all the same.
func TestASignInThatIsToldOfLateIsCounted(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		ctx := h.Context()
		begin := h.now.Truncate(time.Hour)
		a := sso.Attempt{ID: sso.NewAttemptID(begin), Browser: secret.NewToken().Hash(), Method: sso.ByPassword, CreatedAt: begin, ExpiresAt: begin.Add(3 * time.Hour)}
		h.write(func(tx *store.Writer) error {
			return tx.InsertTrace(ctx, sso.Trace{Reference: secret.NewReference(), Org: h.alice.Org.ID, Method: sso.BySSO, At: begin})
		})
		h.write(func(tx *store.Writer) error { return tx.InsertAttempt(ctx, a) })
		a.Version, a.DoneAt, a.Proof.Org, a.Proof.User = 1, begin.Add(59*time.Minute), h.alice.Org.ID, h.alice.User.ID
		h.write(func(tx *store.Writer) error {
			return tx.EndAttempt(ctx, a, sso.Trace{Reference: secret.NewReference(), Attempt: a.ID, Org: h.alice.Org.ID, User: h.alice.User.ID, Method: a.Method, At: a.DoneAt})
		})
		h.now = begin.Add(2 * time.Hour)
		count := func() {
			h.Helper()
			for {
				n, err := h.CountSignIns(ctx)
				if err != nil {
					h.Fatal(err)
				}
				if n == 0 {
					return
				}
			}
		}
		count()
		h.write(func(tx *store.Writer) error {
			untold, err := tx.UntoldSignIns(ctx, 10)
			if err != nil {
				return err
			}
			return tx.Tell(ctx, sso.ChainEnd{}, nil, nil, untold)
		})
		count()
		v, err := h.Service.Organization(ctx, &h.support, "acme")
		if err != nil {
			h.Fatal(err)
		}
		total := 0
		for _, c := range v.Counts {
			total += c.N
		}
		if total != 2 {
			h.Errorf("%d sign-ins are counted, want both", total)
		}
	})
}
