package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
)

// Writing to see whether anything can be written.
const (
	probeEvery = 2 * time.Second // at most, while it cannot
	probeSize  = 32 << 10        // octets, as many as an ordinary transaction writes: a little room is none
)

// hindered is why nothing can be written, as far as is known.
type hindered struct {
	mu    sync.Mutex
	why   error // nil: nothing is in the way
	times int   // that a write has failed
	next  time.Time
}

// learn takes note of a transaction that is over, with this error.
func (h *hindered) learn(q *queries, err error) {
	for _, err := range []error{err, q.spent} {
		if hindrance(err) != nil {
			h.mu.Lock()
			h.why = err
			h.times++
			h.mu.Unlock()
			return
		}
	}
}

// due returns how many writes have failed, whether it is time to see whether they
// still do, and why they did. Of those who ask at the same time one is told that it
// is.
func (h *hindered) due(now time.Time) (times int, due bool, why error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	due = h.why != nil && !now.Before(h.next)
	if due {
		h.next = now.Add(probeEvery)
	}
	return h.times, due, h.why
}

// over takes note of a write that went well, unless another one has failed since
// so many had, and returns why nothing can be written now.
func (h *hindered) over(times int) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.times == times {
		h.why, h.next = nil, time.Time{}
	}
	return h.why
}

// noise is text that no engine makes smaller.
func noise() string {
	b := make([]byte, probeSize/2)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// Writable returns the fault by which a write has failed because the disk is full,
// the database is read-only or its files are not in order; nil where none has. It
// goes by what was written, and writes something itself only after such a failure, at
// most every few seconds, until that goes well.
func (db *DB) Writable(ctx context.Context) error {
	times, due, why := db.hindered.due(time.Now())
	if !due {
		return why
	}
	err := db.Write(ctx, func(tx *Writer) error {
		// Nobody finds it, and both engines have written it before they report that.
		hash, soon := secret.NewToken().Hash(), time.Now().Add(time.Minute)
		if err := tx.InsertSingleUse(ctx, KindProbe, hash, soon, noise()); err != nil {
			return err
		}
		_, err := tx.q.exec(ctx, `
			delete from single_use
			where kind = $1 and hash = $2`,
			KindProbe, hash[:])
		return doing(err, "deleting a probe")
	})
	if err != nil {
		return err
	}
	return db.hindered.over(times)
}
