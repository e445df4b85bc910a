package federation

import (
	"fmt"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/store"
)

// Pace is how keys of ours follow one another by themselves. This is the one
// place where that is said.
type Pace struct {
	Life    time.Duration // that a key is the current one
	Notice  time.Duration // that the next one is published before it takes its place
	Overlap time.Duration // that the one before is still published, and opens what still comes
}

// DefaultPace is the pace where nobody has set another one. A certificate is
// good for longer.
func DefaultPace() Pace {
	const day = 24 * time.Hour
	return Pace{Life: 730 * day, Notice: 30 * day, Overlap: 30 * day}
}

// Check refuses a pace at which a key would be overtaken.
func (p Pace) Check() error {
	if p.Notice < time.Hour || p.Overlap < time.Hour || p.Life <= p.Notice+p.Overlap {
		return fmt.Errorf("a key has to be current for longer than notice (%v) and overlap (%v), which are an hour at least", p.Notice, p.Overlap)
	}
	return nil
}

// Used reports whether an identity provider still encrypts for the key, which is
// retired.
func (k *Key) Used(now time.Time) bool {
	return !k.UsedAt.IsZero() && now.Before(k.UsedAt.Add(store.KeyInUse))
}

// signedFor is for how long what a key has signed may be on its way.
const signedFor = time.Hour

// needed says why a retired key of the ring may be needed still; "": it is not.
func (g Ring) needed(k *Key, now time.Time) string {
	since := k.Since.UTC().Format(time.RFC3339)
	switch {
	case k.Used(now):
		return "an identity provider has encrypted for it at " + k.UsedAt.UTC().Format(time.RFC3339)
	case g.Connection == nil && now.Before(k.Since.Add(signedFor)):
		return "it is retired since " + since + ", and what it has signed may be on its way"
	case g.Connection != nil && now.Before(k.Since.Add(DefaultPace().Overlap)):
		return "it is retired since " + since + ", and the identity provider may not have the new one yet"
	}
	return ""
}

// Spare refuses a step that deletes a retired key which is needed still, but for
// those that somebody has agreed to lose, by their IDs.
func (g Ring) Spare(keys []Key, turn Turn, now time.Time, agreed ...string) error {
	old := In(keys, store.KeyRetired)
	if old == nil || turn == MakeNext || slices.Contains(agreed, old.ID) {
		return nil
	}
	if turn == PromoteNext && In(keys, store.KeyNext) == nil {
		return nil // it is out of turn
	}
	if why := g.needed(old, now); why != "" {
		return &fault.Error{Kind: fault.Conflict, Code: "key_in_use", Want: "a retired key that nobody needs", Got: why, Fix: fault.OperatorSide}
	}
	return nil
}

// Next returns the step that comes next with these keys, and when. A retired key
// for which an identity provider still encrypts is not deleted by itself, and
// nothing takes its place.
func (p Pace) Next(keys []Key) (turn Turn, due time.Time) {
	current, next, old := In(keys, store.KeyCurrent), In(keys, store.KeyNext), In(keys, store.KeyRetired)
	switch {
	case old != nil:
		turn, due = ForgetOld, old.Since.Add(p.Overlap)
		if next != nil && next.Since.Add(p.Notice).Before(due) { // somebody was in a hurry
			turn, due = PromoteNext, next.Since.Add(p.Notice)
		}
		if unused := old.UsedAt.Add(store.KeyInUse); !old.UsedAt.IsZero() && unused.After(due) {
			due = unused
		}
	case next != nil:
		turn, due = PromoteNext, next.Since.Add(p.Notice)
	case current != nil:
		turn, due = MakeNext, current.Since.Add(p.Life-p.Notice)
	}
	return turn, due
}

// Due returns the step that is to be taken now; "": none.
func (p Pace) Due(keys []Key, now time.Time) Turn {
	turn, due := p.Next(keys)
	if turn == "" || now.Before(due) {
		return ""
	}
	return turn
}

// Change returns when the next key takes the place of the current one; the zero
// time where there is none.
func (p Pace) Change(keys []Key) time.Time {
	if next := In(keys, store.KeyNext); next != nil {
		return next.Since.Add(p.Notice)
	}
	return time.Time{}
}

// Before returns the instants for [store.Reader.RingsDue].
func (p Pace) Before(now time.Time) store.KeysDue {
	return store.KeysDue{Current: now.Add(p.Notice - p.Life), Next: now.Add(-p.Notice), Retired: now.Add(-p.Overlap), Used: now.Add(-store.KeyInUse)}
}
