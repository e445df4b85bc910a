package signin

import (
	"context"
	"fmt"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Bounds of one call of [Service.Lose].
const (
	lostAtOnce        = 500
	lostPerConnection = 20 // whoever only begins sign-ins fills no list
)

// Lose keeps traces of sign-ins that ended at the identity provider: the browser
// left for it and did not come back, mostly because it showed an error of its
// own; and of those that ended here, where it did. It deletes them, so that each
// is noted once, and is to be called before others are deleted that are past
// their time. It returns how many it noted.
func (s *Service) Lose(ctx context.Context) (n int, err error) {
	now := s.Now()
	err = s.DB.Write(ctx, func(tx *store.Writer) error {
		n = 0
		lost, err := tx.LostAttempts(ctx, now, lostAtOnce)
		if err != nil {
			return err
		}
		over, answered := make([]sso.AttemptID, 0, len(lost)), []sso.AttemptID(nil)
		of := map[sso.ConnectionID]int{}
		for i := range lost {
			a := &lost[i].Attempt
			over = append(over, a.ID)
			if a.Reference != "" { // it was answered: so far its trace goes
				answered = append(answered, a.ID)
				continue
			}
			if of[a.Connection]++; of[a.Connection] > lostPerConnection {
				continue
			}
			t := sso.Trace{
				Reference: secret.NewReference(), Attempt: a.ID, Org: lost[i].Org, Connection: a.Connection, Method: a.Method,
				At: a.ExpiresAt, Code: "attempt_unanswered", Fix: fault.IdPSide.String(),
			}
			s.tell(&t, a, sso.Hop{Step: sso.HopDepart, At: a.ExpiresAt, Code: "attempt_unanswered"})
			if err := tx.InsertTrace(ctx, t); err != nil {
				return err
			}
			n++
		}
		if err := tx.WriteTraces(ctx, answered...); err != nil {
			return err
		}
		n += len(answered)
		return tx.DeleteAttempts(ctx, over)
	})
	if err != nil {
		return 0, fmt.Errorf("noting sign-ins without an answer: %w", err)
	}
	return n, nil
}
