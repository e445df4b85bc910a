package signin

import (
	"net/netip"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

// Guesses at a password: so many at once for one account from one network,
// then one more each interval. A stranger elsewhere does not lock anybody out,
// since the network is part of the key.
const (
	guessBurst    = 10
	guessInterval = 30 * time.Second
	maxThrottled  = 100_000 // accounts remembered at a time
)

// Networks are told apart by these prefixes.
const (
	prefix4 = 24
	prefix6 = 56
)

type throttleID struct {
	account string
	network netip.Prefix
}

func throttleKey(a *sso.Attempt, b Browser) throttleID {
	id := throttleID{account: a.Typed.Key() + "\x00" + sso.UsernameKey(a.Username)}
	addr := b.Address.Unmap()
	bits := prefix4
	if addr.Is6() {
		bits = prefix6
	}
	id.network, _ = addr.Prefix(bits) // an unknown address is a network of its own
	return id
}

// throttle counts guesses in this process. The zero value is ready.
type throttle struct {
	mu    sync.Mutex
	spent map[throttleID]time.Time // when the account's guesses are all back
}

// allow reports whether one more guess may be made, and counts it.
func (t *throttle) allow(id throttleID, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.spent == nil {
		t.spent = make(map[throttleID]time.Time)
	}
	back := t.spent[id]
	if back.Before(now) {
		back = now
	}
	if back.Sub(now) > (guessBurst-1)*guessInterval {
		return false
	}
	if len(t.spent) >= maxThrottled {
		t.sweep(now)
	}
	t.spent[id] = back.Add(guessInterval)
	return true
}

// sweep drops whom it need not remember; if all must be, the memory is the
// limit and the oldest are forgotten at once.
func (t *throttle) sweep(now time.Time) {
	for id, back := range t.spent {
		if back.Before(now) {
			delete(t.spent, id)
		}
	}
	if len(t.spent) >= maxThrottled {
		clear(t.spent)
	}
}

// forget gives an account its guesses back, after a right one.
func (t *throttle) forget(id throttleID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.spent, id)
}
