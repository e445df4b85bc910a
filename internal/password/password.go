// Package password makes and checks password hashes, and judges how easily a
// password is guessed.
//
// New hashes are argon2id in the PHC string format. Hashes that other systems
// made are checked too: argon2i, bcrypt and PBKDF2; [Hasher.NeedsRehash] tells which
// ones should be made anew when their password has been seen. A check costs
// some 30 ms of one core and 19 MiB by design, so a [Hasher] lets only so many
// run at a time: a flood of guesses waits in a queue and does not take the
// machine. Whether a guess may be made at all is the caller's to decide.
//
// # Trust
//
// What a wrong guess costs in time says nothing about whose password was
// guessed, nor whether they exist: see [Hasher.Floor].
package password

import (
	"context"
	"crypto/rand"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"
	"golang.org/x/text/unicode/norm"

	"github.com/sallyport/sallyport/internal/fault"
)

// MaxWaiting bounds how many checks wait for a slot. Whoever comes then is
// turned away at once: a queue that grows longer helps nobody.
const MaxWaiting = 64

// MaxLength is the length of the longest password, in octets.
const MaxLength = 1024

// Bounds of [Hasher.Floor]: a wrong answer of bcrypt with cost 12, or of
// PBKDF2 with 600,000 rounds, takes some 200 ms.
const (
	defaultFloor = 250 * time.Millisecond
	maxFloor     = 5 * time.Second
	maxCosts     = 64
)

// Hasher makes and checks hashes, a bounded number at a time. It is safe for
// concurrent use.
type Hasher struct {
	// Floor is how long a wrong answer takes at least, from when the check
	// gets its slot. Hashes of other systems take other times than ours and
	// than the work that is done for nobody; beneath the floor, nobody can
	// tell. Where the hashes of a system take longer than the floor, all wrong
	// answers do once one was met. It is set before the hasher is used.
	Floor time.Duration

	price   price
	slots   *semaphore.Weighted
	waiting atomic.Int64
	dummy   hashed

	mu    sync.Mutex
	costs map[string]time.Duration // how long a check takes that is not as dear as ours
}

// NewHasher returns a hasher that uses at most one core in two.
func NewHasher() *Hasher { return newHasher(dearly(), defaultFloor) }

// NewQuickHasher returns a hasher for tests of what is done with hashes: those
// that it makes cost next to nothing, protect nobody, and count as good with it
// alone. It has no floor.
func NewQuickHasher() *Hasher { return newHasher(quickly(), 0) }

func newHasher(p price, floor time.Duration) *Hasher {
	slots := max(1, runtime.GOMAXPROCS(0)/2)
	h := &Hasher{Floor: floor, price: p, slots: semaphore.NewWeighted(int64(slots)), dummy: p.ours(make([]byte, saltBytes)), costs: map[string]time.Duration{}}
	h.dummy.want = make([]byte, keyBytes)
	return h
}

// Hash returns a new hash of password. It waits for a free slot.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if err := checkLength(password); err != nil {
		return "", err
	}
	if err := h.wait(ctx); err != nil {
		return "", err
	}
	defer h.slots.Release(1)
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt)
	made := h.price.ours(salt)
	return h.price.encode(made.derive(normal(password)), salt), nil
}

// Verify reports whether password is the one that was hashed. An empty hash
// stands for a user who does not exist or has no password: work is done and
// the answer is false, after as long as any other. A stored hash that cannot be
// read is an error.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (bool, error) {
	i, err := h.VerifyAny(ctx, []string{hash}, password)
	return i == 0, err
}

// VerifyAny returns which of several hashes, the first of them, is that of
// password, or -1 for none: people of several organizations may have one name.
// It is otherwise as [Hasher.Verify]; that nothing was right says nothing about
// how many hashes there were.
func (h *Hasher) VerifyAny(ctx context.Context, hashes []string, password string) (int, error) {
	if err := checkLength(password); err != nil {
		return -1, err
	}
	if len(hashes) == 0 {
		hashes = []string{""}
	}
	all, costs := make([]hashed, len(hashes)), make([]string, len(hashes))
	for i, hash := range hashes {
		if all[i] = h.dummy; hash == "" {
			continue
		}
		var err error
		if all[i], err = parse(hash); err != nil {
			return -1, err
		}
		if all[i].cost != h.price.cost() { // what is done for nobody costs as much
			costs[i] = all[i].cost
		}
	}
	if err := h.wait(ctx); err != nil {
		return -1, err
	}
	began := time.Now()
	right := -1
	for i := range all {
		if all[i].matches(password) && hashes[i] != "" {
			right = i
			break
		}
	}
	took := time.Since(began)
	h.slots.Release(1)
	if right >= 0 {
		return right, nil
	}
	return -1, rest(ctx, began.Add(h.floor(strings.Join(costs, " "), took)))
}

// floor notes how long a check took and returns how long a wrong answer is to
// take: as long as the dearest hash that was met so far. Of each cost the
// quickest check counts, so that one busy moment does not slow all answers
// down for good.
func (h *Hasher) floor(cost string, took time.Duration) time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	if known, ok := h.costs[cost]; cost != "" && (ok && took < known || !ok && len(h.costs) < maxCosts) {
		h.costs[cost] = min(took, maxFloor)
	}
	floor := h.Floor
	for _, d := range h.costs {
		floor = max(floor, d+d/4)
	}
	return floor
}

// rest waits until an instant, without a slot.
func rest(ctx context.Context, until time.Time) error {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return fmt.Errorf("answering to a wrong password: %w", ctx.Err())
	case <-timer.C:
		return nil
	}
}

// wait takes a slot, which is to be released.
func (h *Hasher) wait(ctx context.Context) error {
	if h.waiting.Add(1) > MaxWaiting {
		h.waiting.Add(-1)
		return &fault.Error{Kind: fault.Exhausted, Code: "password_throttled", Want: "fewer checks at a time", Fix: fault.PersonSide}
	}
	defer h.waiting.Add(-1)
	if err := h.slots.Acquire(ctx, 1); err != nil {
		return fmt.Errorf("waiting for a slot to hash a password: %w", err)
	}
	return nil
}

// Check reports whether hash is one that [Hasher.Verify] can read.
func Check(hash string) error {
	_, err := parse(hash)
	return err
}

// CheckFair is [Check] of a hash that a customer brings in: one that costs the
// deployment too much is the fault password_hash_dear.
func CheckFair(hash string) error {
	stored, err := parse(hash)
	if err == nil && stored.dear {
		err = &fault.Error{Kind: fault.Invalid, Code: "password_hash_dear", Want: "a hash that is checked within half a second", Fix: fault.PersonSide}
	}
	return err
}

// NeedsRehash reports whether a hash is not as good as those that
// [Hasher.Hash] makes, so that it should be replaced when the password is at
// hand.
func (h *Hasher) NeedsRehash(hash string) bool {
	stored, err := parse(hash)
	return err != nil || stored.weak && stored.cost != h.price.cost()
}

func checkLength(password string) error {
	if password == "" || len(password) > MaxLength {
		return &fault.Error{Kind: fault.Invalid, Code: "password_length", Want: "1 to 1024 octets", Fix: fault.PersonSide}
	}
	return nil
}

// normal makes one password of the ways to write it [NIST SP 800-63B 3.1.1.2].
func normal(password string) []byte { return []byte(norm.NFKC.String(password)) }
