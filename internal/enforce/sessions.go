package enforce

import (
	"context"
	"errors"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// sessionBatch is how many sessions are looked at in one transaction, so that
// sign-ins need not wait for it.
const sessionBatch = 100

// EndSessions ends for good the sessions of one organization that came another
// way than is demanded, once they were to end, and returns how many
// organizations it has seen to. That they open nothing is judged each time one is
// used; ended they do not come back in a pause, and no list shows them as open.
// It is a batch of a job, and any number of nodes may run it.
func (s *Service) EndSessions(ctx context.Context) (int64, error) {
	var due store.LocalSessionsDue
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		due, err = r.LocalSessionsDue(ctx, s.Now())
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	after := sso.SessionID("")
	for more := true; more; {
		next, seen, err := s.endSome(ctx, due.Org, after)
		if err != nil {
			return 0, err
		}
		after, more = next, seen == sessionBatch
	}
	return 1, s.DB.Write(ctx, func(tx *store.Writer) error { return tx.LocalSessionsEnded(ctx, due) })
}

// endSome looks at the sessions behind one, and returns the last of them and how
// many they were.
func (s *Service) endSome(ctx context.Context, org sso.OrgID, after sso.SessionID) (last sso.SessionID, seen int, err error) {
	err = s.DB.Write(ctx, func(tx *store.Writer) error {
		last = after
		all, err := tx.Org(org).LocalSessions(ctx, after, sessionBatch)
		if err != nil {
			return err
		}
		seen = len(all)
		for _, id := range all {
			last = id
			p, err := tx.PersonBySession(ctx, id)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if !fault.Is(p.Valid(s.Now()), "session_sso_required") {
				continue
			}
			if err := tx.EndSession(ctx, id, s.Now()); err != nil {
				return err
			}
		}
		return nil
	})
	return last, seen, err
}
