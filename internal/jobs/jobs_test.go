package jobs_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport/sallyport/internal/jobs"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// node is a runner in a bubble of time.
type node struct {
	stop  context.CancelFunc
	ended chan struct{}
	log   *logged
}

// logged is a log that is read while it is written.
type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

func start(t *testing.T, db *store.DB, all ...jobs.Job) *node {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	n := &node{stop: stop, ended: make(chan struct{}), log: &logged{}}
	r := &jobs.Runner{DB: db, Now: time.Now, Log: slog.New(slog.NewTextHandler(n.log, nil))}
	go func() {
		defer close(n.ended)
		r.Run(ctx, all...)
	}()
	return n
}

func (n *node) end() {
	n.stop()
	<-n.ended
}

// tally counts runs and how many of them overlap.
type tally struct {
	mu              sync.Mutex
	runs, now, most int
}

func (c *tally) run(d time.Duration) {
	c.mu.Lock()
	c.runs++
	c.now++
	c.most = max(c.most, c.now)
	c.mu.Unlock()
	time.Sleep(d) // of the bubble
	c.mu.Lock()
	c.now--
	c.mu.Unlock()
}

func (c *tally) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.runs
}

func TestBatchesRunUntilNothingIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		left, calls := int64(2500), 0
		n := start(t, storetest.SQLite(t), jobs.Job{Name: "sweep", Every: time.Minute, Limit: time.Hour, Batch: func(context.Context) (int64, error) {
			n := min(left, 1000)
			left -= n
			calls++
			return n, nil
		}})
		time.Sleep(10 * time.Second)
		n.end()
		if left != 0 || calls != 4 {
			t.Errorf("%d are left after %d calls, want none after four", left, calls)
		}
	})
}

func TestOneNodeRunsAJobAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := storetest.SQLite(t)
		var once, everywhere tally
		both := []jobs.Job{
			{Name: "once", Scope: jobs.Once, Every: time.Hour, Limit: 10 * time.Minute, Batch: func(context.Context) (int64, error) {
				once.run(5 * time.Minute)
				return 0, nil
			}},
			{Name: "everywhere", Scope: jobs.Everywhere, Every: time.Hour, Limit: 10 * time.Minute, Batch: func(context.Context) (int64, error) {
				everywhere.run(5 * time.Minute)
				return 0, nil
			}},
		}
		nodes := []*node{start(t, db, both...), start(t, db, both...), start(t, db, both...)}
		time.Sleep(24 * time.Hour)
		for _, n := range nodes {
			n.end()
		}
		if once.most != 1 || once.runs < 18 || once.runs > 24 {
			t.Errorf("three nodes ran a job %d times in a day, %d at once; want about each 65 minutes, one at once", once.runs, once.most)
		}
		if everywhere.most != 3 || everywhere.runs < 3*18 {
			t.Errorf("three nodes ran the other one %d times, %d at once; want each of them", everywhere.runs, everywhere.most)
		}
	})
}

func TestNodeThatDiesLosesItsJob(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := storetest.SQLite(t)
		err := db.Write(t.Context(), func(tx *store.Writer) error {
			_, err := tx.ClaimJob(t.Context(), "sweep", "of the dead", time.Now(), time.Now().Add(10*time.Minute))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var c tally
		n := start(t, db, jobs.Job{Name: "sweep", Every: time.Minute, Limit: time.Minute, Batch: func(context.Context) (int64, error) {
			c.run(0)
			return 0, nil
		}})
		time.Sleep(9 * time.Minute)
		early := c.count()
		time.Sleep(2 * time.Minute)
		n.end()
		if early != 0 || c.runs == 0 {
			t.Errorf("the job ran %d times within the lease and %d times after it", early, c.runs)
		}
	})
}

func TestJobThatFailsIsToldAndTriedAgain(t *testing.T) {
	t.Parallel()
	for name, scope := range map[string]jobs.Scope{"once": jobs.Once, "everywhere": jobs.Everywhere} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				db := storetest.SQLite(t)
				var calls atomic.Int64
				var broken atomic.Bool
				broken.Store(true)
				n := start(t, db, jobs.Job{Name: "send", Scope: scope, Every: 20 * time.Second, Limit: time.Minute, Batch: func(context.Context) (int64, error) {
					calls.Add(1)
					if broken.Load() {
						return 0, errors.New("disk on fire")
					}
					return 0, nil
				}})
				time.Sleep(time.Hour)
				failed, told := calls.Load(), strings.Count(n.log.String(), "disk on fire")
				if failed == 0 || told == 0 || told > 60 {
					t.Errorf("in an hour it was tried %d times and told %d times", failed, told)
				}
				if scope == jobs.Everywhere && failed > 40 {
					t.Errorf("it was tried %d times in an hour, want it tried less and less", failed)
				}
				if scope == jobs.Once {
					row := status(t, db)
					if row.Failures != failed || row.Error != "disk on fire" {
						t.Errorf("the row says %+v after %d failures", row, failed)
					}
				}
				broken.Store(false)
				time.Sleep(10 * time.Minute)
				n.end()
				if !strings.Contains(n.log.String(), "a job works again") {
					t.Errorf("the log does not say that it works again: %s", n.log.String())
				}
				if scope == jobs.Once && status(t, db).Failures != 0 {
					t.Errorf("the row says %+v after a good run", status(t, db))
				}
			})
		})
	}
}

func status(t *testing.T, db *store.DB) store.Job {
	t.Helper()
	var all []store.Job
	err := db.Read(t.Context(), func(r *store.Reader) (err error) {
		all, err = r.Jobs(t.Context())
		return err
	})
	if err != nil || len(all) != 1 {
		t.Fatalf("Jobs() = %v, %v", all, err)
	}
	return all[0]
}

func TestStopLetsABatchEnd(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		takes time.Duration
		want  error
	}{
		"that ends in time":  {10 * time.Second, nil},
		"that takes forever": {time.Hour, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				db := storetest.SQLite(t)
				calls := 0
				var got error
				began := make(chan struct{})
				n := start(t, db, jobs.Job{Name: "sweep", Every: time.Minute, Limit: 2 * time.Hour, Batch: func(ctx context.Context) (int64, error) {
					calls++
					close(began)
					select {
					case <-ctx.Done():
						got = ctx.Err()
					case <-time.After(tc.takes):
					}
					return 1, got
				}})
				<-began
				at := time.Now()
				n.end()
				if !errors.Is(got, tc.want) || calls != 1 || time.Since(at) > 30*time.Second {
					t.Errorf("the batch ended by %v after %v, and %d batches ran; want %v and one", got, time.Since(at), calls, tc.want)
				}
				if due := status(t, db).DueAt; due.After(time.Now()) {
					t.Errorf("the job is due at %v, want at once: another node shall go on", due)
				}
			})
		})
	}
}

func TestRunEndsAtItsLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := storetest.SQLite(t)
		var longest time.Duration
		n := start(t, db, jobs.Job{Name: "sweep", Every: time.Hour, Limit: time.Minute, Batch: func(ctx context.Context) (int64, error) {
			deadline, _ := ctx.Deadline()
			longest = max(longest, time.Until(deadline))
			<-ctx.Done()
			return 0, ctx.Err()
		}})
		time.Sleep(5 * time.Minute)
		n.end()
		if longest > time.Minute || status(t, db).Failures == 0 {
			t.Errorf("a run had %v, and %d failed; want the minute that it may take", longest, status(t, db).Failures)
		}
	})
}
