// Package jobs does what nobody asks for: it sends what waits, deletes what has
// expired and shuts out who has not come for a long time.
//
// A [Runner] runs in each node. A job that is [Once] runs in one node at a
// time: its row in the database is leased to it, and a node that dies loses the
// lease. A job that is [Everywhere] runs in each, and what it does must bear
// that. A failure is logged and tried again, later each time; a job never ends
// the program, also where it panics.
package jobs

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/store"
)

// Scope says in how many nodes a job runs at a time.
type Scope uint8

// The scopes.
const (
	Once       Scope = iota // in one
	Everywhere              // in each
)

// Job is a piece of work that comes back.
type Job struct {
	Name  string // never changes: it is the key of the row
	Scope Scope
	Every time.Duration
	// Limit is how long a run may take; it is the lease. What is left then is
	// left to the next run.
	Limit time.Duration
	// Batch does some of the work and returns how much that was. It is called
	// again until that is 0, with a pause in which others get at the database.
	Batch func(ctx context.Context) (int64, error)
}

// Times of a runner.
const (
	pause    = 100 * time.Millisecond // between two batches
	grace    = 20 * time.Second       // for a batch that is under way when the runner stops
	maxDelay = 5 * time.Minute        // before a job that fails is tried again
	again    = time.Minute            // after which a job that goes on failing is logged again
	maxError = 500                    // octets kept of why a run failed
	part     = 10                     // a job comes up to this part of its interval later, so that nodes do not come together
	looks    = 4                      // how often in its interval each node looks whether a job is due

	shortestLook = time.Second     // between two such looks
	firstLook    = 5 * time.Second // before which every job was looked at once
)

// Runner runs jobs. Its fields are set once, before it is used.
type Runner struct {
	DB  *store.DB
	Now func() time.Time
	Log *slog.Logger
}

// Run runs the jobs until the context ends, and returns when the last batch
// that was under way has ended.
func (r *Runner) Run(ctx context.Context, jobs ...Job) {
	var all sync.WaitGroup
	for _, j := range jobs {
		all.Go(func() { r.loop(ctx, j) })
	}
	all.Wait()
}

// loop runs one job again and again.
func (r *Runner) loop(ctx context.Context, j Job) {
	trouble := trouble{log: r.Log, now: r.Now, job: j.Name}
	look := j.Every
	if j.Scope == Once {
		// When it is due stands in the database.
		look = max(j.Every/looks, shortestLook)
	}
	for delay := jitter(min(look, firstLook)); sleep(ctx, delay); {
		ran, err := r.once(ctx, j)
		if ctx.Err() != nil {
			return
		}
		if ran || err != nil {
			trouble.note(err)
		}
		delay = look
		if err != nil && j.Scope == Everywhere {
			delay = min(j.Every<<min(trouble.failures, 8), max(maxDelay, j.Every))
		}
		delay += jitter(delay / part)
	}
}

// once runs a job if it is this node's turn, and reports whether it was.
func (r *Runner) once(ctx context.Context, j Job) (ran bool, err error) {
	if j.Scope == Everywhere {
		return true, r.work(ctx, j)
	}
	now := r.Now()
	due := false
	err = r.DB.Read(ctx, func(tx *store.Reader) (err error) {
		due, err = tx.JobDue(ctx, j.Name, now)
		return err
	})
	if err != nil || !due {
		return false, err
	}
	lease, mine := rand.Text(), false
	err = r.DB.Write(ctx, func(tx *store.Writer) (err error) {
		mine, err = tx.ClaimJob(ctx, j.Name, lease, now, now.Add(j.Limit+grace))
		return err
	})
	if err != nil || !mine {
		return false, err
	}
	failure := r.work(ctx, j)
	return true, errors.Join(failure, r.end(ctx, j, lease, failure))
}

// end writes down how a run has ended, and gives its lease back.
func (r *Runner) end(ctx context.Context, j Job, lease string, failure error) error {
	said, now := "", r.Now()
	due := now.Add(j.Every)
	if failure != nil {
		said = failure.Error()
		said = said[:min(len(said), maxError)]
		due = now.Add(min(j.Every, maxDelay))
	}
	if ctx.Err() != nil {
		due = now // another node shall go on
	}
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := r.DB.Write(after, func(tx *store.Writer) error { return tx.EndJob(after, j.Name, lease, now, due, said) })
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("another node has taken the job over: %w", err)
	}
	return err
}

// work calls the batches of one run. When the runner stops, the one that is
// under way gets the time to end.
func (r *Runner) work(ctx context.Context, j Job) error {
	run, cancel := context.WithTimeout(context.WithoutCancel(ctx), j.Limit)
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		if sleep(run, grace) {
			cancel()
		}
	})
	defer stop()
	for {
		var n int64
		err := fault.Guard(func() (err error) {
			n, err = j.Batch(run)
			return err
		})
		if err != nil || n == 0 || !sleep(ctx, pause) || run.Err() != nil {
			return err
		}
	}
}

// trouble logs the failures of a job, but not each of many.
type trouble struct {
	log      *slog.Logger
	now      func() time.Time
	job      string
	failures int
	said     time.Time
}

func (t *trouble) note(err error) {
	switch {
	case err == nil && t.failures > 0:
		t.log.Info("a job works again", "job", t.job, "failures", t.failures)
		t.failures, t.said = 0, time.Time{}
	case err != nil:
		t.failures++
		if now := t.now(); now.Sub(t.said) >= again {
			t.said = now
			args := []any{"job", t.job, "failures", t.failures, "err", err}
			if p, ok := errors.AsType[*fault.PanicError](err); ok {
				args = append(args, "stack", p.Stack)
			}
			t.log.Error("a job failed", args...)
		}
	}
}

// sleep waits, and reports whether it did so to the end.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// jitter returns a length of time below the limit.
func jitter(limit time.Duration) time.Duration {
	if limit <= 0 {
		return 0
	}
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return time.Duration(binary.NativeEndian.Uint64(b[:]) % uint64(limit))
}
