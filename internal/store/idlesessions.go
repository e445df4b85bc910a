package store

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
)

// IdleSession is a session that is looked at, and whether it has been idle for
// too long.
type IdleSession struct {
	ID   sso.SessionID
	Idle bool
}

// overlong holds of a session that has been idle for too long at $1; $2 is how
// long one may be that says nothing.
const overlong = `seen_at + (case when idle > 0 then idle else $2 end) * 1000000 <= $1`

func overlongArgs(now time.Time) []any {
	return []any{at(now), int64(sso.DurationOf(sso.SessionIdle))}
}

// IdleSessions looks at the open sessions that come after one by their IDs, at
// most limit of them, so that nobody keeps an index of what changes with every
// use of a session. Where it looks at none, there are no more.
func (r *Reader) IdleSessions(ctx context.Context, after sso.SessionID, now time.Time, limit int) ([]IdleSession, error) {
	all, err := list(ctx, r.q, func(s *IdleSession) []any { return []any{&s.ID, &s.Idle} }, `
		select id, `+overlong+`
		from sessions
		where id > $3 and ended_at is null
		order by id
		limit $4`,
		append(overlongArgs(now), after, limit)...)
	return all, doing(err, "looking for idle sessions")
}

// EndIdleSessions ends those of these sessions that have been idle for too long
// and are so still, and returns how many those were.
func (w *Writer) EndIdleSessions(ctx context.Context, ids []sso.SessionID, now time.Time) (int64, error) {
	ended := int64(0)
	for len(ids) > 0 {
		some := ids[:min(len(ids), endsAtOnce)]
		ids = ids[len(some):]
		in, args := anyOf(3, some)
		n, err := w.q.exec(ctx, `
			update sessions
			set ended_at = $1
			where id in (`+in+`) and ended_at is null and `+overlong,
			append(overlongArgs(now), args...)...)
		if err != nil {
			return ended, doing(err, "ending idle sessions")
		}
		ended += n
	}
	return ended, nil
}
