package store

import "context"

// Mark returns the mark of the settings as they are seen here. Outside of a
// transaction they are not older than it: what is read after it may be of a later
// one, and a transaction that finds the mark again, by [Reader.Under], finds what
// was read.
func (r *Reader) Mark(ctx context.Context) (Mark, error) {
	mark, err := r.q.settingsMark(ctx)
	return Mark(mark), err
}
