package events

import (
	"context"
	"math"
	"time"

	"github.com/sallyport/sallyport/internal/store"
)

// Overdue is how long entries that are to be deleted for their age are kept for
// those who have not been told of them: a stream that is off, or whose receiver
// does not answer. Without an end, one that was forgotten would keep everything.
const Overdue = 30 * 24 * time.Hour

// Trim deletes what is older in the audit list than it is to be kept, and returns
// how many entries that were: while that is not 0 there may be more. What a
// stream has not carried or a webhook waits for goes [Overdue] later.
func (s *Service) Trim(ctx context.Context) (int64, error) {
	if s.Keep == 0 {
		return 0, nil
	}
	n := int64(0)
	err := s.DB.Write(ctx, func(tx *store.Writer) error {
		told, err := tx.ToldUpTo(ctx)
		if err != nil {
			return err
		}
		oldest := s.Now().Add(-s.Keep)
		if n, err = tx.CutChain(ctx, oldest, told); err != nil || n > 0 {
			return err
		}
		n, err = tx.CutChain(ctx, oldest.Add(-Overdue), math.MaxInt64)
		return err
	})
	return n, err
}
