package backoff_test

import (
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

var (
	here      = netip.MustParseAddr("192.0.2.7")
	beside    = netip.MustParseAddr("::ffff:192.0.2.200") // the same network, written in another way
	elsewhere = netip.MustParseAddr("192.0.3.7")
	six       = netip.MustParseAddr("2001:db8:1:2::7")
	sixBeside = netip.MustParseAddr("2001:db8:1:9::1")
	sixOther  = netip.MustParseAddr("2001:db8:2::7")
)

// clock is a time that a test sets.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time          { return time.UnixMicro(c.at.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.at.Add(d.Microseconds()) }

func eachEngine(t *testing.T, test func(t *testing.T, l backoff.Limiter, c *clock)) {
	for _, e := range storetest.Engines(t) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			c := &clock{}
			c.at.Store(time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC).UnixMicro())
			test(t, backoff.Limiter{DB: e.Open(t), Now: c.now}, c)
		})
	}
}

// spend tries until it is refused, and returns how often it was not.
func spend(t *testing.T, l backoff.Limiter, keys ...backoff.Key) int {
	t.Helper()
	for n := range 1000 {
		switch err := l.Allow(t.Context(), keys...); {
		case fault.Is(err, "try_later"):
			return n
		case err != nil:
			t.Fatal(err)
		}
	}
	t.Fatal("a thousand tries are allowed")
	return 0
}

func TestAStrangerElsewhereLocksNobodyOut(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, l backoff.Limiter, _ *clock) {
		for _, tc := range []struct {
			what string
			from netip.Addr
			want int
		}{
			{"the stranger", elsewhere, 10},
			{"the person, in another network", here, 10},
			{"who is beside them", beside, 0},
			{"an IPv6 network", six, 10},
			{"another customer's, of the same /48", sixBeside, 0},
			{"another /48", sixOther, 10},
			{"an unknown address", netip.Addr{}, 10},
		} {
			if got := spend(t, l, backoff.Account("usr_1", tc.from)); got != tc.want {
				t.Errorf("%s: %d tries, want %d", tc.what, got, tc.want)
			}
		}
		if got := spend(t, l, backoff.Account("usr_2", here)); got != 10 {
			t.Errorf("at another account: %d tries, want 10", got)
		}
		if got := spend(t, l, backoff.Name("usr_1", "", here)); got != 10 {
			t.Errorf("at a name like its ID: %d tries, want 10", got)
		}
	})
}

func TestTriesComeBackWithTime(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, l backoff.Limiter, c *clock) {
		key := backoff.Account("usr_1", here)
		spend(t, l, key)
		for _, step := range []struct {
			wait time.Duration
			want int
		}{
			{29 * time.Second, 0}, {time.Second, 1}, {90 * time.Second, 3}, {time.Hour, 10},
		} {
			c.advance(step.wait)
			if got := spend(t, l, key); got != step.want {
				t.Errorf("after %v more: %d tries, want %d", step.wait, got, step.want)
			}
		}
		f := fault.From(l.Allow(t.Context(), key))
		if want := "from " + c.now().Add(30*time.Second).Format(time.RFC3339); f.Kind != fault.Exhausted || f.Want != want {
			t.Errorf("Allow() = %v, want %s", f, want)
		}
	})
}

func TestWhatOneKeyRefusesIsNotCountedAtTheOthers(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, l backoff.Limiter, _ *clock) {
		spent, other := backoff.Account("usr_1", here), backoff.Account("usr_2", here)
		spend(t, l, spent)
		for range 20 {
			if err := l.Allow(t.Context(), other, spent); !fault.Is(err, "try_later") {
				t.Fatalf("Allow() = %v, want try_later", err)
			}
		}
		if got := spend(t, l, other); got != 10 {
			t.Errorf("%d tries are left of the other key, want 10", got)
		}
	})
}

func TestTriesAreGivenBack(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, l backoff.Limiter, _ *clock) {
		account, name, second := backoff.Account("usr_1", here), backoff.Name("alice", "usr_1", elsewhere), backoff.SecondFactor("usr_1")
		other, network := backoff.Account("usr_2", here), backoff.Network(here)
		empty := func() {
			t.Helper()
			for _, k := range []backoff.Key{account, name, second, other, network} {
				spend(t, l, k)
			}
		}
		left := func(k backoff.Key, want int) {
			t.Helper()
			if got := spend(t, l, k); got != want {
				t.Errorf("%d tries are left, want %d", got, want)
			}
		}
		do := func(fn func(tx *store.Writer) error) {
			t.Helper()
			if err := l.DB.Write(t.Context(), fn); err != nil {
				t.Fatal(err)
			}
		}
		empty()
		do(func(tx *store.Writer) error { return l.Forget(t.Context(), tx, account, second) })
		left(account, 10)
		left(second, 20)
		left(name, 0)
		do(func(tx *store.Writer) error { return l.GiveBack(t.Context(), tx, network) })
		left(network, 1)
		do(func(tx *store.Writer) error { return l.UnlockFirst(t.Context(), tx, "usr_1") })
		left(account, 10)
		left(name, 10)
		left(second, 0)
		do(func(tx *store.Writer) error { return l.Unlock(t.Context(), tx, "usr_1") })
		left(account, 10)
		left(name, 10)
		left(second, 20)
		left(other, 0)
		left(network, 0)
	})
}

// Within a transaction, a try counts with what it is for or not at all; of any
// number at once no more get through than are allowed.
func TestATryCountsWithWhatItIsFor(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, l backoff.Limiter, c *clock) {
		key, undone := backoff.Resets("usr_1"), errors.New("undone")
		take := func(end error) (left bool) {
			err := l.DB.Write(t.Context(), func(tx *store.Writer) (err error) {
				if left, err = l.Take(t.Context(), tx, key); err != nil {
					return err
				}
				return end
			})
			if !errors.Is(err, end) {
				t.Error(err)
			}
			return left
		}
		for range 20 {
			if !take(undone) {
				t.Fatal("what was undone has counted")
			}
		}
		var all sync.WaitGroup
		var through atomic.Int64
		for range 12 {
			all.Go(func() {
				if take(nil) {
					through.Add(1)
				}
			})
		}
		all.Wait()
		if got := through.Load(); got != 5 {
			t.Errorf("%d of 12 at once get through, want 5", got)
		}
		c.advance(20 * time.Minute)
		if first, second := take(nil), take(nil); !first || second {
			t.Errorf("after the interval: %v and %v, want one more", first, second)
		}
	})
}

func TestOfManyTriesAtOnceNoMoreThanAllowedGetThrough(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, l backoff.Limiter, _ *clock) {
		var all sync.WaitGroup
		var through atomic.Int64
		for range 30 {
			all.Go(func() {
				err := l.Allow(t.Context(), backoff.Network(here), backoff.Account("usr_1", here))
				switch {
				case err == nil:
					through.Add(1)
				case !fault.Is(err, "try_later"):
					t.Errorf("Allow() = %v", err)
				}
			})
		}
		all.Wait()
		if got := through.Load(); got != 10 {
			t.Errorf("%d of 30 tries at once get through, want 10", got)
		}
	})
}
