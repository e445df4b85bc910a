package storetest

import (
	"time"

	"github.com/sallyport/sallyport/internal/store"
)

func jobsAreKept(w *world) {
	ctx := w.ctx
	r := w.reader()
	due := func(want bool, now time.Time) {
		w.Helper()
		if got := get[bool](w, "JobDue()")(r.JobDue(ctx, "sweep", now)); got != want {
			w.Errorf("JobDue() = %v, want %v", got, want)
		}
	}
	claim := func(want bool, lease string, now, until time.Time) {
		w.Helper()
		w.write(func(tx *store.Writer) error {
			got, err := tx.ClaimJob(ctx, "sweep", lease, now, until)
			if got != want {
				w.Errorf("ClaimJob() = %v, want %v", got, want)
			}
			return err
		})
	}
	none[store.Job](w, "Jobs()")(r.Jobs(ctx))
	now, until := w.now, w.now.Add(time.Minute)
	due(true, now) // it was never heard of
	claim(true, "run-1", now, until)
	due(false, now)
	claim(false, "run-2", until.Add(-time.Microsecond), until.Add(time.Hour))
	due(true, until)
	claim(true, "run-2", until, until.Add(time.Hour)) // the first one died

	next := until.Add(time.Hour)
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.EndJob(ctx, "sweep", "run-1", now, next, "") })
	w.write(func(tx *store.Writer) error { return tx.EndJob(ctx, "sweep", "run-2", until, next, "no\x00 luck") })
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.EndJob(ctx, "sweep", "run-2", until, next, "") })
	same(w, "Jobs()", []store.Job{{Name: "sweep", DueAt: next, EndedAt: until, Failures: 1, Error: "no\uFFFD luck"}}, get[[]store.Job](w, "Jobs()")(r.Jobs(ctx)))
	due(false, next.Add(-time.Microsecond))
	claim(false, "run-3", next.Add(-time.Microsecond), next)

	claim(true, "run-3", next, next.Add(time.Minute))
	full(w, get[[]store.Job](w, "Jobs()")(r.Jobs(ctx))[0])
	w.write(func(tx *store.Writer) error { return tx.EndJob(ctx, "sweep", "run-3", next, next.Add(time.Hour), "") })
	same(w, "Jobs() after a good run", []store.Job{{Name: "sweep", DueAt: next.Add(time.Hour), EndedAt: next}}, get[[]store.Job](w, "Jobs()")(r.Jobs(ctx)))
}

// oneOfManyRuns lets many nodes want one job at once, first when it was never
// heard of and then when it is due again.
func oneOfManyRuns(w *world) {
	const nodes = 8
	now := w.now
	for round := range 2 {
		var got [nodes]bool
		w.race(nodes, nil, func(i int, tx *store.Writer) (err error) {
			got[i], err = tx.ClaimJob(w.ctx, "sweep", string(rune('a'+i)), now, now.Add(time.Minute))
			return err
		})
		ran := 0
		for i, yes := range got {
			if yes {
				ran++
				w.write(func(tx *store.Writer) error { return tx.EndJob(w.ctx, "sweep", string(rune('a'+i)), now, now, "") })
			}
		}
		if ran != 1 {
			w.Errorf("round %d: %d nodes run one job", round, ran)
		}
	}
}
