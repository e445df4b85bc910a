package programs

import (
	"context"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// How often a program may ask: so many requests at once, and one more each
// interval.
const (
	Burst    = 600
	Interval = 100 * time.Millisecond
	// leased is how many requests a node takes at a time of what all nodes share,
	// so that it need not write for each of them.
	leased = 20
	// leaseLife is how long it may use them.
	leaseLife = time.Minute
)

// Allowance is how much of what a program may ask is left.
type Allowance struct {
	Left  int
	Reset time.Duration // until there is all of it again
	Wait  time.Duration // until there is some again; 0: there is some
}

// lease is what a node has taken for a program.
type lease struct {
	mu    sync.Mutex
	here  int // that the node may still let pass
	left  int // of what is shared, when it was taken
	until time.Time
}

// Spend takes one request of what a program may ask, or refuses it with the
// fault api_rate, which says in Want from when on there is one more.
func (s *Service) Spend(ctx context.Context, p *sso.Program) (Allowance, error) {
	kept, _ := s.leases.LoadOrStore(p.ID, new(lease))
	l, ok := kept.(*lease)
	if !ok {
		panic("programs: something else among the leases")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := s.Now()
	var until time.Duration
	if l.here == 0 || !now.Before(l.until) {
		err := s.DB.Write(ctx, func(tx *store.Writer) error {
			left, wait, err := tx.SpendTries(ctx, secret.HashOf([]byte("api\x00"+p.ID)), leased, Burst, Interval, now)
			if err != nil {
				return err
			}
			if !wait.IsZero() {
				until = wait.Sub(now)
				return &fault.Error{Kind: fault.Exhausted, Code: "api_rate", Want: "from " + wait.UTC().Format(time.RFC3339), Fix: fault.AppSide}
			}
			l.here, l.left, l.until = leased, left, now.Add(leaseLife)
			return nil
		})
		if err != nil {
			l.here = 0
			return Allowance{Reset: Burst * Interval, Wait: until}, err
		}
	}
	l.here--
	left := l.here + l.left
	return Allowance{Left: left, Reset: time.Duration(Burst-left) * Interval}, nil
}
