package store

import (
	"context"
	"slices"
	"sync"

	"github.com/sallyport/sallyport/internal/sso"
)

// maxGlances bounds how many attempts a node remembers: so many are under way in
// half a minute at some fifteen sign-ins a second, in two or three megabytes.
const maxGlances = 512

// maxGlanced is how long the request of an app may be, in octets, of an attempt that
// is remembered.
const maxGlanced = 2 << 10

// attemptMemory is which attempts this node has stored lately. Another node may
// have changed them since: what is decided by them counts only once it is stored,
// which takes the version that they had.
type attemptMemory struct {
	mu    sync.Mutex
	kept  map[sso.AttemptID]remembered
	order []sso.AttemptID // in which they came, those that are gone included
	next  int             // in order, once that is full
}

// remembered is an attempt as it was stored.
type remembered struct {
	attempt sso.Attempt
	member  *sso.Person // whom it has proved, as they were seen then; nil: not known
}

// AttemptAtAGlance returns the attempt with this ID as this node has stored it
// last, if it remembers that. It may be another one by now, so nobody is refused
// for what it says, and what follows from it is stored by its version.
func (db *DB) AttemptAtAGlance(id sso.AttemptID) (sso.Attempt, bool) {
	m := &db.attempts
	m.mu.Lock()
	defer m.mu.Unlock()
	seen, ok := m.kept[id]
	a := seen.attempt
	a.Waits, a.Choices = slices.Clone(a.Waits), slices.Clone(a.Choices)
	return a, ok
}

// MemberAtAGlance returns whom the attempt with this ID has proved, as they were
// seen last, or nil. They may be somebody else by now: see
// [Writer.InsertSessionOf].
func (w *Writer) MemberAtAGlance(ctx context.Context, id sso.AttemptID) (*sso.Person, error) {
	m := &w.q.db.attempts
	m.mu.Lock()
	p := m.kept[id].member
	m.mu.Unlock()
	if p == nil {
		return nil, nil
	}
	own := *p
	return &own, w.Place(ctx, &own)
}

func (m *attemptMemory) put(seen remembered) {
	id := seen.attempt.ID
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kept == nil {
		m.kept = map[sso.AttemptID]remembered{}
	}
	if _, known := m.kept[id]; !known {
		if len(m.order) < maxGlances {
			m.order = append(m.order, id)
		} else {
			delete(m.kept, m.order[m.next])
			m.order[m.next] = id
			m.next = (m.next + 1) % maxGlances
		}
	}
	m.kept[id] = seen
}

func (m *attemptMemory) drop(id sso.AttemptID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.kept, id)
}

// stored is what a transaction has made of an attempt.
type stored struct {
	id    sso.AttemptID
	after *remembered // nil: nothing
}

// keep remembers an attempt as it was stored under this version, once the
// transaction is over. One that is long is not: neither what an identity provider
// has said about somebody new, nor a long request of an app.
func (q *queries) keep(a sso.Attempt, version int64, member *sso.Person) {
	if !a.DoneAt.IsZero() || a.Proof.First != nil || len(a.Request) > maxGlanced {
		q.drop(a.ID)
		return
	}
	a.Version = version
	a.Waits, a.Choices = slices.Clone(a.Waits), slices.Clone(a.Choices)
	q.attempts = append(q.attempts, stored{a.ID, &remembered{a, member}})
}

// drop forgets an attempt once the transaction is over.
func (q *queries) drop(id sso.AttemptID) { q.attempts = append(q.attempts, stored{id, nil}) }

// stale forgets an attempt of which another version is stored.
func (q *queries) stale(id sso.AttemptID, err error) error {
	if ConflictOn(err, StaleVersion) {
		q.db.attempts.drop(id)
	}
	return err
}

// learn takes over what a transaction has stored that is over, with this error.
func (m *attemptMemory) learn(q *queries, err error) {
	if err != nil {
		return
	}
	for _, s := range q.attempts {
		if s.after == nil {
			m.drop(s.id)
		} else {
			m.put(*s.after)
		}
	}
}
