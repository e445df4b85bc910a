package jobs_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport/sallyport/internal/jobs"
	"github.com/sallyport/sallyport/internal/storetest"
)

// diary notes when a job was run.
type diary struct {
	mu sync.Mutex
	at []time.Time
}

// note notes a run, and returns how many there were.
func (d *diary) note() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = append(d.at, time.Now())
	return len(d.at)
}

// first returns how long it took until the first run.
func (d *diary) first(since time.Time) time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.at[0].Sub(since)
}

// gaps returns how long it was between the runs since an instant.
func (d *diary) gaps(since time.Time) []time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []time.Duration
	for i := 1; i < len(d.at); i++ {
		if !d.at[i-1].Before(since) {
			all = append(all, d.at[i].Sub(d.at[i-1]))
		}
	}
	return all
}

// within reports whether a job came back after an interval, or up to a tenth later.
func within(got, every time.Duration) bool { return got >= every && got < every+every/10+time.Second/5 }

// A job of every second, as those are that call webhooks, carry streams and send
// mail, comes each second. Where it fails it waits twice as long each time, five
// minutes at most, and comes each second again after the first good run.
func TestWhatEveryNodeDoesEachSecondBacksOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var d diary
		var mu sync.Mutex
		broken := false
		breaks := func(is bool) {
			mu.Lock()
			defer mu.Unlock()
			broken = is
		}
		n := start(t, storetest.SQLite(t), jobs.Job{Name: "call-webhooks", Scope: jobs.Everywhere, Every: time.Second, Limit: time.Minute, Batch: func(context.Context) (int64, error) {
			d.note()
			mu.Lock()
			defer mu.Unlock()
			if broken {
				return 0, errors.New("the database is away")
			}
			return 0, nil
		}})
		began := time.Now()
		time.Sleep(time.Minute)
		if first := d.first(began); first > time.Second {
			t.Errorf("it comes for the first time after %v", first)
		}
		good := d.gaps(began)
		if i := slices.IndexFunc(good, func(g time.Duration) bool { return !within(g, time.Second) }); i >= 0 || len(good) < 50 {
			t.Errorf("in a minute: %v, want each second", good)
		}
		breaks(true)
		failing := time.Now()
		time.Sleep(time.Hour)
		bad := d.gaps(failing)
		for i, got := range bad {
			if want := min(2*time.Second<<min(i, 20), 5*time.Minute); !within(got, want) && !within(got, 4*time.Minute+16*time.Second) {
				t.Errorf("after failure %d it waits %v, want %v", i+1, got, want)
			}
		}
		if len(bad) < 15 || len(bad) > 25 {
			t.Errorf("it is tried %d times in an hour in which it fails", len(bad))
		}
		breaks(false)
		time.Sleep(6 * time.Minute)
		mended := time.Now()
		time.Sleep(time.Minute)
		n.end()
		if again := d.gaps(mended); len(again) < 50 {
			t.Errorf("in the minute after it works again: %v, want each second", again)
		}
	})
}

// A job of one node waits for nobody when it is new, and comes back when it is due,
// or as long after that as nodes look for it. Where it fails it is tried again
// after five minutes, if it would not come anyway.
func TestWhatOneNodeDoesComesWhenItIsDue(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		every, later time.Duration // until it comes again, and after a failure
	}{
		"often":  {time.Minute, time.Minute},
		"seldom": {24 * time.Hour, 5 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var d diary
				n := start(t, storetest.SQLite(t), jobs.Job{Name: "sweep", Scope: jobs.Once, Every: tc.every, Limit: time.Minute, Batch: func(context.Context) (int64, error) {
					if d.note()%2 == 1 { // the first, and every other one
						return 0, errors.New("not now")
					}
					return 0, nil
				}})
				began := time.Now()
				time.Sleep(10 * tc.every)
				n.end()
				if first := d.first(began); first > 6*time.Second {
					t.Errorf("it comes for the first time after %v", first)
				}
				for i, got := range d.gaps(began) {
					want := tc.every
					if i%2 == 0 {
						want = tc.later
					}
					// Nodes look four times in an interval, and a tenth of that later.
					if most := want + tc.every/4 + tc.every/40 + time.Second; got < want || got > most {
						t.Errorf("run %d comes %v after the one before, want %v to %v", i+2, got, want, most)
					}
				}
			})
		})
	}
}

// While one job never gets to the end of its work the others come as ever, and it
// begins anew at its limit.
func TestAJobWithoutAnEndKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var d, endless diary
		n := start(t, storetest.SQLite(t),
			jobs.Job{Name: "endless", Scope: jobs.Everywhere, Every: time.Second, Limit: time.Minute, Batch: func(context.Context) (int64, error) {
				endless.note()
				return 1, nil
			}},
			jobs.Job{Name: "call-webhooks", Scope: jobs.Everywhere, Every: time.Second, Limit: time.Minute, Batch: func(context.Context) (int64, error) {
				d.note()
				return 0, nil
			}})
		began := time.Now()
		time.Sleep(10 * time.Minute)
		n.end()
		if got := len(d.gaps(began)); got < 500 {
			t.Errorf("the other job comes %d times in ten minutes, want each second", got)
		}
		pauses, rests := 0, 0
		for _, g := range endless.gaps(began) {
			switch {
			case g == 100*time.Millisecond:
				pauses++
			case within(g, time.Second+100*time.Millisecond):
				rests++
			default:
				t.Errorf("%v between two batches", g)
			}
		}
		if pauses < 5000 || rests < 9 {
			t.Errorf("the endless one pauses %d times and ends %d runs", pauses, rests)
		}
	})
}

// What panics is a failure like any other: the log says where, the job is tried
// again, and the others do not notice.
func TestAJobThatPanicsEndsNothing(t *testing.T) {
	t.Parallel()
	for name, scope := range map[string]jobs.Scope{"once": jobs.Once, "everywhere": jobs.Everywhere} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				db := storetest.SQLite(t)
				var d diary
				n := start(t, db, jobs.Job{Name: "sweep", Scope: scope, Every: 20 * time.Second, Limit: time.Minute, Batch: func(context.Context) (int64, error) {
					if d.note() < 3 {
						panic("a row that nobody thought of")
					}
					return 0, nil
				}})
				time.Sleep(10 * time.Minute)
				n.end()
				said := n.log.String()
				if len(d.at) < 4 || !strings.Contains(said, "a row that nobody thought of") || !strings.Contains(said, "TestAJobThatPanicsEndsNothing") || !strings.Contains(said, "a job works again") {
					t.Errorf("it is run %d times, and the log says %s", len(d.at), said)
				}
				if scope == jobs.Once && status(t, db).Failures != 0 {
					t.Errorf("the row says %+v", status(t, db))
				}
			})
		})
	}
}
