package storetest

import (
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// record writes events of an organization that change nothing.
func (w *world) record(org sso.OrgID, actions ...string) {
	w.Helper()
	for _, action := range actions {
		at := w.later()
		w.write(func(tx *store.Writer) error {
			return tx.Record(w.ctx, sso.Event{Org: org, At: at, Actor: "usr_x", Action: action, Target: "usr_y", Detail: map[string]string{"a": "<b>"}, Changes: []sso.Change{{Field: "name", From: "Old", To: "New"}}})
		})
	}
}

// seal gives everything that has no number one.
func (w *world) seal() []sso.Recorded {
	w.Helper()
	r := w.reader()
	_, end, err := r.ChainEnds(w.ctx)
	if err != nil {
		w.Fatal(err)
	}
	all := get[[]sso.Recorded](w, "Unsealed()")(r.Unsealed(w.ctx, 1000))
	last := end
	for i := range all {
		last = last.Follow(&all[i])
	}
	w.write(func(tx *store.Writer) error { return tx.Seal(w.ctx, end, all) })
	return all
}

func chainIsSealed(w *world) {
	ctx := w.ctx
	r := w.reader()
	none[sso.Recorded](w, "Unsealed()")(r.Unsealed(ctx, 10))
	none[sso.Recorded](w, "EventsAfter()")(r.EventsAfter(ctx, 0, 10))
	w.record("org_a", "user.created", "user.changed")
	w.record("", "key.made")
	none[sso.Recorded](w, "EventsAfter() of what is not sealed")(r.EventsAfter(ctx, 0, 10))
	first := w.seal()
	if len(first) != 3 {
		w.Fatalf("%d events had no number, want 3", len(first))
	}
	none[sso.Recorded](w, "Unsealed() when all are")(r.Unsealed(ctx, 10))
	w.record("org_b", "user.created")
	all := slices.Concat(first, w.seal())
	for i := range all {
		if all[i].Number != int64(i+1) {
			w.Errorf("event %d has the number %d", i+1, all[i].Number)
		}
	}
	same(w, "EventsAfter()", all, get[[]sso.Recorded](w, "EventsAfter()")(r.EventsAfter(ctx, 0, 10)))
	same(w, "EventsAfter() a number", all[1:3], get[[]sso.Recorded](w, "EventsAfter()")(r.EventsAfter(ctx, 1, 2)))
	_, last, err := r.ChainEnds(ctx)
	if want := (sso.ChainEnd{Number: 4, Hash: all[3].Hash}); err != nil || last != want {
		w.Errorf("ChainEnds() = %v, %v, want %v", last, err, want)
	}
	verified := get[store.Verified](w, "VerifyChain()")(w.db.VerifyChain(ctx, sso.ChainEnd{Number: 2, Hash: all[1].Hash}))
	same(w, "VerifyChain()", store.Verified{To: last}, verified)

	// Sealed is sealed.
	again := sso.ChainEnd{}
	twice := []sso.Recorded{all[0]}
	again.Follow(&twice[0])
	w.conflict(store.StaleVersion, func(tx *store.Writer) error { return tx.Seal(ctx, again, twice) })

	// Nor does what is new get a number that was given meanwhile.
	w.record("org_b", "user.changed")
	fresh := get[[]sso.Recorded](w, "Unsealed()")(r.Unsealed(ctx, 10))
	late := sso.ChainEnd{Number: last.Number - 1, Hash: all[2].Hash}
	late.Follow(&fresh[0])
	w.conflict(store.StaleVersion, func(tx *store.Writer) error { return tx.Seal(ctx, late, fresh) })
	last.Follow(&fresh[0])
	w.write(func(tx *store.Writer) error { return tx.Seal(ctx, last, fresh) })

	w.conflict(store.StaleVersion, func(tx *store.Writer) error {
		return tx.Tell(ctx, again, []sso.Recorded{sso.NewRecorded(all[0].Event, 0)}, nil, nil)
	})
}

func chainIsCut(w *world) {
	ctx := w.ctx
	w.record("org_a", "user.created", "user.changed", "user.deleted")
	all := w.seal()
	upTo := func(before time.Time, number int64) (n int64) {
		w.Helper()
		w.write(func(tx *store.Writer) (err error) {
			n, err = tx.CutChain(ctx, before, number)
			return err
		})
		return n
	}
	cut := func(before time.Time) int64 {
		w.Helper()
		return upTo(before, math.MaxInt64)
	}
	if n := cut(all[0].At); n != 0 {
		w.Errorf("%d events are older than the first", n)
	}
	if n := upTo(w.later(), 0); n != 0 {
		w.Errorf("CutChain() deletes %d events past the number", n)
	}
	if n := cut(all[2].At); n != 2 {
		w.Errorf("CutChain() deletes %d events, want 2", n)
	}
	want := store.Verified{From: sso.ChainEnd{Number: 2, Hash: all[1].Hash}, To: sso.ChainEnd{Number: 3, Hash: all[2].Hash}}
	same(w, "VerifyChain() of the rest", want, get[store.Verified](w, "VerifyChain()")(w.db.VerifyChain(ctx)))
	// What is left names the hash before it, by which it is checked by itself.
	same(w, "what is left", all[2:], get[[]sso.Recorded](w, "EventsAfter()")(w.reader().EventsAfter(ctx, 0, 10)))
	same(w, "what is left, as it is listed", all[2:], get[store.EventPage](w, "ListEvents()")(w.reader().ListEvents(ctx, store.EventQuery{Limit: 10})).Recorded)
	same(w, "what is left, by itself", all[2], get[sso.Recorded](w, "Recorded()")(w.reader().Recorded(ctx, all[2].ID)))
	if n := cut(w.later()); n != 1 {
		w.Errorf("CutChain() deletes %d events, want the last", n)
	}
	w.record("org_a", "user.created")
	next := w.seal()
	if next[0].Number != 4 || next[0].Before != all[2].Hash {
		w.Errorf("the next event has the number %d behind %s", next[0].Number, next[0].Before)
	}
	if v, err := w.db.VerifyChain(ctx); err != nil || v.Broken != nil {
		w.Errorf("VerifyChain() = %v, %v", v, err)
	}
}

// chainIsCutMeanwhile has somebody verify the audit list while it grows at one end
// and is deleted at the other: neither breaks it.
func chainIsCutMeanwhile(w *world) {
	ctx := w.ctx
	var wg sync.WaitGroup
	for range 3 {
		w.record("org_a", "user.created", "user.changed", "user.deleted")
		w.seal()
	}
	done := make(chan struct{})
	for range 2 {
		wg.Go(func() {
			for {
				v, err := w.db.VerifyChain(ctx)
				if err != nil || v.Broken != nil {
					w.Errorf("VerifyChain() = %+v, %v, while nobody breaks anything", v, err)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for range 20 {
		w.record("org_a", "user.created", "user.changed")
		w.seal()
		w.write(func(tx *store.Writer) error {
			_, last, err := tx.ChainEnds(ctx)
			if err == nil {
				_, err = tx.CutChain(ctx, w.now.Add(time.Hour), last.Number-3)
			}
			return err
		})
	}
	close(done)
	wg.Wait()
}

// whoIsToBeTold shows up to where everybody has been told.
func whoIsToBeTold(w *world) {
	ctx := w.ctx
	told := func(what string, want int64) {
		w.Helper()
		same(w, "ToldUpTo() "+what, want, get[int64](w, "ToldUpTo()")(w.reader().ToldUpTo(ctx)))
	}
	w.record("org_a", "user.created", "user.changed", "user.deleted")
	all := w.seal()
	told("where nobody is to be told", math.MaxInt64-1)
	x := sso.Stream{ID: "str_1", Kind: sso.StreamHTTP, Target: "https://logs.example/", State: sso.WebhookDisabled, Sent: 2, CreatedAt: w.now, UpdatedAt: w.now}
	w.write(func(tx *store.Writer) error { return tx.SaveStream(ctx, x) })
	told("with a stream", 2)
	hook := sso.Webhook{ID: "whk_1", URL: "https://hooks.example/", Secret: []byte("sealed"), State: sso.WebhookEnabled, CreatedAt: w.now, UpdatedAt: w.now}
	w.write(func(tx *store.Writer) error {
		return errors.Join(tx.Org("").SaveWebhook(ctx, hook), tx.Enqueue(ctx, w.now, all[1:], map[sso.EventID][]sso.WebhookID{all[1].ID: {hook.ID}, all[2].ID: {hook.ID}}))
	})
	told("with deliveries that wait", 1)
	w.write(func(tx *store.Writer) error { return tx.StopWebhook(ctx, hook.ID, "webhook_off", w.now) })
	told("when these were given up", 2)
}

func signInsAreTold(w *world) {
	ctx := w.ctx
	r := w.reader()
	under, refused, ended := w.trace("org_a"), w.trace("org_a"), w.trace("org_a")
	under.Code, ended.Code = "", ""
	refused.Hops = nil
	under.Hops, ended.Hops = []sso.Hop{{Step: sso.HopAnswer, At: w.now}}, []sso.Hop{{Step: sso.HopAnswer, At: w.now}}
	for _, t := range []sso.Trace{under, refused, ended} {
		w.write(func(tx *store.Writer) error { return tx.InsertTrace(ctx, t) })
	}
	ended.Hops = append(ended.Hops, sso.Hop{Step: sso.HopFinish, At: w.now})
	w.write(func(tx *store.Writer) error { return tx.EndTrace(ctx, ended) })
	got := get[[]sso.Trace](w, "Untold()")(r.Untold(ctx, 10))
	if len(got) != 2 || got[0].Reference != refused.Reference || got[1].Reference != ended.Reference {
		w.Fatalf("Untold() = %v, want the one that was refused and the one that has ended", got)
	}
	same(w, "the event of a trace", refused.Event(), got[0].Event())
	e := sso.NewRecorded(got[0].Event(), 0)
	sso.ChainEnd{}.Follow(&e)
	w.write(func(tx *store.Writer) error {
		return tx.Tell(ctx, sso.ChainEnd{}, []sso.Recorded{e}, []string{refused.Reference, ended.Reference}, nil)
	})
	none[sso.Trace](w, "Untold() when all are told of")(r.Untold(ctx, 10))
	same(w, "what is told", []sso.Recorded{e}, get[[]sso.Recorded](w, "EventsAfter()")(r.EventsAfter(ctx, 0, 10)))
	same(w, "the end of one that was refused", sso.SignInRefused, e.Action)
}

// Whatever is committed while it is sealed is sealed in the end, once.
func sealingMissesNothing(w *world) {
	const writers, each = 4, 10
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range each {
				e := sso.Event{Org: "org_a", At: w.later(), Actor: "usr_x", Action: "user.changed"}
				if err := w.db.Write(w.ctx, func(tx *store.Writer) error { return tx.Record(w.ctx, e) }); err != nil {
					w.Errorf("Record() = %v", err)
				}
			}
		})
	}
	for range 2 { // as when a node has lost its lease and does not know
		wg.Go(func() {
			for range each {
				r := w.reader()
				_, end, err := r.ChainEnds(w.ctx)
				all, listing := r.Unsealed(w.ctx, 1000)
				if err := errors.Join(err, listing); err != nil {
					w.Error(err)
					return
				}
				last := end
				for i := range all {
					last = last.Follow(&all[i])
				}
				err = w.db.Write(w.ctx, func(tx *store.Writer) error { return tx.Seal(w.ctx, end, all) })
				if err != nil && !store.ConflictOn(err, store.StaleVersion) {
					w.Errorf("Seal() = %v", err)
				}
			}
		})
	}
	wg.Wait()
	w.seal()
	v, err := w.db.VerifyChain(w.ctx)
	if err != nil || v.Broken != nil || v.To.Number != writers*each {
		w.Errorf("VerifyChain() = %+v, %v, want %d whole entries", v, err, writers*each)
	}
}
