package grant

import (
	"context"
	"fmt"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// idleBatch is how many sessions are looked at in one statement.
const idleBatch = 2000

// EndIdle ends sessions that have been idle for too long, so that apps are told
// when that is, and not when they would have expired. It goes through all that
// are open, reading, and writes only what it ends. There is never more to do.
func (s *Service) EndIdle(ctx context.Context) (int64, error) {
	now := s.Now()
	for after := sso.SessionID(""); ; {
		var looked []store.IdleSession
		err := s.DB.Read(ctx, func(r *store.Reader) error {
			var err error
			looked, err = r.IdleSessions(ctx, after, now, idleBatch)
			return err
		})
		if err != nil || len(looked) == 0 {
			return 0, err
		}
		after = looked[len(looked)-1].ID
		var idle []sso.SessionID
		for _, l := range looked {
			if l.Idle {
				idle = append(idle, l.ID)
			}
		}
		if len(idle) == 0 {
			continue
		}
		err = s.DB.Write(ctx, func(tx *store.Writer) error {
			_, err := tx.EndIdleSessions(ctx, idle, now)
			return err
		})
		if err != nil {
			return 0, fmt.Errorf("ending idle sessions: %w", err)
		}
	}
}
