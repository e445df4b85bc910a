package signin

import (
	"net/netip"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

// pace is how much of a thing one key may do: so much at once, and then one
// more each interval.
type pace struct {
	burst    int
	interval time.Duration
}

// The paces. What is counted here costs us work and nobody a sign-in, so each
// node may count for itself; guesses are counted by package backoff.
var (
	strayPace = pace{50, 10 * time.Second}
	// Whoever asks a key by altered messages needs thousands of them.
	unopenedPace = pace{100, 10 * time.Second}
	// Many may sit in one network while something is wrong for all of them.
	refusalPace = pace{500, 2 * time.Second}
	keptPace    = pace{20, 30 * time.Second}
	// Whoever comes from many networks fills the database no faster than this.
	keptOfPace = pace{200, 2 * time.Minute}
)

// maxThrottled bounds how many keys are remembered at a time.
const maxThrottled = 100_000

// Networks are told apart by these prefixes.
const (
	prefix4 = 24
	prefix6 = 48
)

// throttleID is what is counted.
type throttleID struct {
	pace    pace
	what    string
	network netip.Prefix
}

// strayKey counts responses that nobody waits for.
func strayKey(b Browser) throttleID { return throttleID{pace: strayPace, network: networkOf(b)} }

// unopenedKey counts encrypted responses to a connection that were not good.
func unopenedKey(c sso.ConnectionID, b Browser) throttleID {
	return throttleID{unopenedPace, string(c), networkOf(b)}
}

// refusalKey counts traces of what was refused, of a connection or of none.
func refusalKey(c sso.ConnectionID, b Browser) throttleID {
	return throttleID{refusalPace, string(c), networkOf(b)}
}

// keptKey counts messages to a connection that are kept as they came.
func keptKey(c sso.ConnectionID, b Browser) throttleID {
	return throttleID{keptPace, string(c), networkOf(b)}
}

// keptOfKey counts them from all networks.
func keptOfKey(c sso.ConnectionID) throttleID { return throttleID{pace: keptOfPace, what: string(c)} }

// networkOf returns the network of a browser; an unknown address is a network
// of its own.
func networkOf(b Browser) netip.Prefix {
	addr := b.Address.Unmap().WithZone("")
	bits := prefix4
	if addr.Is6() {
		bits = prefix6
	}
	network, _ := addr.Prefix(bits)
	return network
}

// throttle counts in this process. The zero value is ready.
type throttle struct {
	mu    sync.Mutex
	spent map[throttleID]time.Time // when everything is given back
}

// full reports whether the key may do no more for now, and counts nothing.
func (t *throttle) full(id throttleID, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.spent[id].Sub(now) > id.pace.whole()
}

// whole is how much of the interval may be spent before the next one.
func (p pace) whole() time.Duration { return time.Duration(p.burst-1) * p.interval }

// allow reports whether the key may do one more, and counts it.
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
	if back.Sub(now) > id.pace.whole() {
		return false
	}
	if len(t.spent) >= maxThrottled {
		t.sweep(now)
	}
	t.spent[id] = back.Add(id.pace.interval)
	return true
}

// sweep drops what it need not remember; if all must be, the memory is the
// limit and everything is forgotten at once.
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
