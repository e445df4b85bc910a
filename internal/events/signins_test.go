package events_test

import (
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// answered has an identity provider answer a new attempt.
func (h *house) answered() (sso.Attempt, sso.Trace) {
	h.Helper()
	now := h.now()
	a := sso.Attempt{ID: sso.NewAttemptID(now), Method: sso.BySSO, CreatedAt: now, ExpiresAt: now.Add(sso.AttemptLife), Version: 1}
	a.Proof.User, a.Proof.Org = "usr_a", h.acme.ID
	t := sso.Trace{Reference: secret.NewReference(), Attempt: a.ID, Org: h.acme.ID, Method: sso.BySSO, At: now, Hops: []sso.Hop{{Step: sso.HopAnswer, At: now}}}
	a.Hops = t.Hops
	h.write(func(tx *store.Writer) error { return tx.InsertAttempt(h.Context(), a) })
	h.write(func(tx *store.Writer) error {
		return tx.AnswerAttempt(h.Context(), a, store.Answer{Assertion: secret.NewToken().Hash(), Until: now.Add(time.Minute), Trace: t})
	})
	a.Version, a.Reference = 2, t.Reference
	return a, t
}

// ends has a sign-in become a session.
func (h *house) ends(a sso.Attempt, t sso.Trace) {
	h.Helper()
	a.DoneAt = h.now()
	t.Hops = append(t.Hops, sso.Hop{Step: sso.HopFinish, At: a.DoneAt})
	h.write(func(tx *store.Writer) error { return tx.EndAttempt(h.Context(), a, t) })
}

// written returns the hops of a trace; none where it is not written.
func (h *house) written(reference string) (hops []sso.Hop) {
	h.Helper()
	err := h.DB.Read(h.Context(), func(r *store.Reader) error {
		all, err := r.Org(h.acme.ID).Traces(h.Context(), 10)
		for _, t := range all {
			if t.Reference == reference {
				hops = t.Hops
			}
		}
		return err
	})
	must(h.T, "Traces()", err)
	return hops
}

func TestTracesAreWrittenAMomentLater(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(h *house) {
		a, trace := h.answered()
		slow, other := h.answered()
		h.seal()
		if h.written(trace.Reference) != nil || h.written(other.Reference) != nil {
			h.Error("a trace is written while its sign-in goes on")
		}
		h.ends(a, trace)
		h.seal()
		if hops := h.written(trace.Reference); len(hops) != 2 || hops[1].Step != sso.HopFinish {
			h.Errorf("the trace of a sign-in that has ended goes %v", hops)
		}
		h.pass(10 * time.Second)
		h.seal()
		if hops := h.written(other.Reference); len(hops) != 1 {
			h.Errorf("the trace of who takes their time goes %v", hops)
		}
		h.ends(slow, other)
		h.seal()
		if hops := h.written(other.Reference); len(hops) != 2 {
			h.Errorf("the trace of who took their time goes %v", hops)
		}
		told := 0
		err := h.DB.Read(h.Context(), func(r *store.Reader) error {
			all, err := r.EventsAfter(h.Context(), 0, 100)
			for i := range all {
				if all[i].Action == sso.SignInSucceeded {
					told++
				}
			}
			return err
		})
		if err != nil || told != 2 {
			h.Errorf("%d of 2 sign-ins are told of, %v", told, err)
		}
		h.left()
	})
}
