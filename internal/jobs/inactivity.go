package jobs

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// How many people one batch looks for, and how many of them it sees to in one
// transaction, so that sign-ins need not wait for it.
const (
	idleBatch = 1024
	idleWrite = 64
)

// Inactivity shuts out people who have not come for as long as their
// organization, or one above it, bears, however they sign in, and warns them
// before by mail. Its fields are set once, before it is used.
type Inactivity struct {
	DB     *store.DB
	Outbox *notify.Outbox
	Now    func() time.Time
}

// Batch sees to some of the people about whom something is to be done, and
// returns how many those were. The last owner of an organization is left alone.
func (s *Inactivity) Batch(ctx context.Context) (int64, error) {
	now := s.Now()
	var found []sso.Idle
	err := s.DB.Read(ctx, func(r *store.Reader) (err error) {
		found, err = r.Idle(ctx, now, idleBatch)
		return err
	})
	if err != nil || len(found) == 0 {
		return 0, err
	}
	var users []sso.UserID
	for i := range found {
		users = append(users, found[i].User)
	}
	done := int64(0)
	for some := range slices.Chunk(users, idleWrite) {
		n, err := s.seeTo(ctx, some, now)
		if err != nil {
			return done, err
		}
		done += n
	}
	return done, nil
}

// seeTo does what is to be done about these people, in one transaction.
func (s *Inactivity) seeTo(ctx context.Context, users []sso.UserID, now time.Time) (done int64, err error) {
	err = s.DB.Write(ctx, func(tx *store.Writer) error {
		done = 0
		// Who came meanwhile is not among them any more.
		idle, err := tx.IdleAmong(ctx, now, users)
		if err != nil {
			return err
		}
		for i := range idle {
			did, err := s.see(ctx, tx, &idle[i], now)
			if err != nil {
				return err
			}
			done += did
		}
		return nil
	})
	return done, err
}

// see warns somebody or shuts them out, and returns 1 if it did.
func (s *Inactivity) see(ctx context.Context, tx *store.Writer, idle *sso.Idle, now time.Time) (int64, error) {
	standing, err := tx.Standing(ctx, idle.User)
	if err != nil {
		return 0, err
	}
	switch idle.Due(now) {
	case sso.IdleWarn:
		return 1, s.warn(ctx, tx, &standing.User, idle, now)
	case sso.IdleShutOut:
		// Two owners may be idle together: the last one stays.
		if fault.Is(standing.Dispensable(), "rights_last_owner") {
			return 0, nil
		}
		return 1, s.shutOut(ctx, tx, &standing.User, idle, now)
	default:
		return 0, nil
	}
}

func (s *Inactivity) warn(ctx context.Context, tx *store.Writer, u *sso.User, idle *sso.Idle, now time.Time) error {
	if err := tx.NoteWarning(ctx, u.ID, now); err != nil || u.Email.IsZero() {
		return err
	}
	home, err := tx.Organization(ctx, u.Home)
	if err != nil {
		return err
	}
	return s.Outbox.Enqueue(ctx, tx, notify.Message{
		Channel: notify.Mail, Kind: notify.InactiveWarning, Org: u.Home, User: u.ID, To: u.Email.String(), Language: u.Language, Until: idle.Until(),
		Data: map[notify.Gap]string{notify.Organization: home.Name, notify.Link: "/login/" + home.Key, notify.Until: notify.Instant(idle.Until())},
	})
}

func (s *Inactivity) shutOut(ctx context.Context, tx *store.Writer, u *sso.User, idle *sso.Idle, now time.Time) error {
	before := u.Settings()
	u.State, u.UpdatedAt = sso.UserSuspended, now
	home := tx.Org(u.Home)
	if err := home.SaveUser(ctx, *u); err != nil {
		return err
	}
	if _, err := tx.EndSessionsOf(ctx, u.ID, now); err != nil {
		return err
	}
	return home.Record(ctx, sso.Event{At: now, Actor: "inactivity", Action: "user.suspended", Target: string(u.ID), Detail: map[string]string{
		"last_active": idle.Last.Format(time.RFC3339), "days": strconv.Itoa(int(idle.After.Hours() / 24)),
	}, Changes: u.Settings().Changed(before)})
}
