package operate

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/store"
)

// settled is how long after its end an hour is counted: sign-ins that were under
// way then have been written by now.
const settled = time.Minute

// CountSignIns counts the sign-ins of the next hour that is over and has any,
// and returns 1, or 0 where there is none. It is a batch of a job.
func (s *Service) CountSignIns(ctx context.Context) (int64, error) {
	n := int64(0)
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		n = 0
		since, err := tx.LastCounted(ctx)
		if err != nil {
			return err
		}
		if since.IsZero() {
			since = time.Unix(0, 0) // nothing was ever counted
		} else {
			since = since.Add(time.Hour)
		}
		next, err := tx.NextTrace(ctx, since)
		if err != nil || next.IsZero() {
			return err
		}
		hour := next.UTC().Truncate(time.Hour)
		over := hour.Add(time.Hour)
		if s.Now().Before(over.Add(settled)) {
			return nil
		}
		if held, err := tx.UntoldSignIns(ctx, 1); err != nil || len(held) > 0 && held[0].Trace.At.Before(over) {
			return err // its trace comes first
		}
		n = 1
		return tx.CountSignIns(ctx, hour)
	})
	return n, err
}
