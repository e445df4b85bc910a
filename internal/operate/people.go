package operate

import (
	"context"
	"errors"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// PeopleList is a page of people.
type PeopleList struct {
	People []store.Found
	Next   *store.PeoplePlace // where the next page begins; nil: there is none
}

// People finds people of all organizations by what was typed: the beginnings of
// addresses, usernames and names. Where nothing was typed there is nobody.
func (s *Service) People(ctx context.Context, by *sso.By, typed string, after store.PeoplePlace) (PeopleList, error) {
	if err := mayHelp(by); err != nil {
		return PeopleList{}, err
	}
	var l PeopleList
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		page, err := r.FindPeople(ctx, sso.SearchWords(typed), after, PageSize)
		l = PeopleList{People: page.People}
		if page.Next.User != "" {
			l.Next = &page.Next
		}
		return err
	})
	return l, err
}

// Bounds of what a person's page shows.
const (
	shownSessions = 50
	shownTraces   = 20
)

// Dossier is somebody with all that support asks about.
type Dossier struct {
	sso.Standing
	Orgs     map[sso.OrgID]sso.Organization // home and memberships
	Factors  []sso.Factor
	Recovery int // recovery codes that are left
	Sessions []store.SessionAt
	Links    []store.LinkAt
	Traces   []sso.Trace       // the latest
	Events   []sso.Event       // the latest that were done to them
	Names    map[string]string // of those who stand in them
}

// Person returns everything about a user.
func (s *Service) Person(ctx context.Context, by *sso.By, id sso.UserID) (Dossier, error) {
	if err := mayHelp(by); err != nil {
		return Dossier{}, err
	}
	var d Dossier
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		st, err := standing(ctx, r, id)
		if err != nil {
			return err
		}
		d = Dossier{Standing: st, Orgs: map[sso.OrgID]sso.Organization{}}
		ids := []sso.OrgID{st.User.Home}
		for i := range st.Positions {
			ids = append(ids, st.Positions[i].Org)
		}
		orgs, err := r.OrganizationsByID(ctx, ids)
		if err != nil {
			return err
		}
		for i := range orgs {
			d.Orgs[orgs[i].ID] = orgs[i]
		}
		if d.Factors, err = r.Factors(ctx, id); err != nil {
			return err
		}
		if d.Recovery, err = r.RecoveryCodesLeft(ctx, id); err != nil {
			return err
		}
		if d.Sessions, err = r.SessionsOf(ctx, id, s.Now(), shownSessions); err != nil {
			return err
		}
		if d.Links, err = r.AllLinksOf(ctx, id); err != nil {
			return err
		}
		if d.Traces, err = r.TracesOf(ctx, id, shownTraces); err != nil {
			return err
		}
		done, err := r.ListEvents(ctx, store.EventQuery{Target: string(id), Limit: latestEvents})
		if err != nil {
			return err
		}
		d.Events = done.Events
		d.Names, err = r.NamesIn(ctx, d.Events)
		return err
	})
	return d, err
}

// Helped is [Service.Person] for a page that asks whether somebody's account is
// to be reset: it refuses what that would be refused for.
func (s *Service) Helped(ctx context.Context, by *sso.By, id sso.UserID) (Dossier, error) {
	if err := mayChange(by); err != nil {
		return Dossier{}, err
	}
	d, err := s.Person(ctx, by, id)
	if err == nil && d.User.State == sso.UserDeleted {
		err = (&d.User).MaySignIn()
	}
	return d, err
}

func standing(ctx context.Context, r *store.Reader, id sso.UserID) (sso.Standing, error) {
	st, err := r.Standing(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return st, &fault.Error{Kind: fault.NotFound, Code: "user_unknown", Fix: fault.OperatorSide}
	}
	return st, err
}

// EndSessions signs somebody out everywhere and returns how many sessions that
// ended.
func (s *Service) EndSessions(ctx context.Context, by *sso.By, id sso.UserID) (n int, err error) {
	err = s.help(ctx, by, id, "user.signed_out", func(tx *store.Writer, _ *sso.User, _ *sso.Organization) error {
		n, err = tx.EndSessionsOf(ctx, id, s.Now())
		return err
	})
	return n, err
}

// Unlock lets somebody try again who has guessed too often.
func (s *Service) Unlock(ctx context.Context, by *sso.By, id sso.UserID) error {
	return s.help(ctx, by, id, "user.unlocked", func(tx *store.Writer, u *sso.User, _ *sso.Organization) error {
		return backoff.Limiter{}.Unlock(ctx, tx, u.ID)
	})
}

// ResetPassword mails somebody a link to set a new password.
func (s *Service) ResetPassword(ctx context.Context, by *sso.By, id sso.UserID) error {
	return s.help(ctx, by, id, "user.password_reset_sent", func(tx *store.Writer, u *sso.User, _ *sso.Organization) error {
		return s.Recovery.ResetPassword(ctx, tx, u)
	})
}

// ResetAccount takes from somebody all credentials of their own, signs them out
// and mails them a link to register anew.
func (s *Service) ResetAccount(ctx context.Context, by *sso.By, id sso.UserID) error {
	if err := mayChange(by); err != nil {
		return err
	}
	return s.help(ctx, by, id, "user.account_reset", func(tx *store.Writer, u *sso.User, home *sso.Organization) error {
		return s.Recovery.ResetAccount(ctx, tx, *u, home.Name)
	})
}

// help runs one act for somebody with its audit line, in the audit list of
// their home. Operators are helped by operators alone: a support agent who
// resets one is at their mailbox's mercy, and so is everybody else.
func (s *Service) help(ctx context.Context, by *sso.By, id sso.UserID, action string, do func(*store.Writer, *sso.User, *sso.Organization) error) error {
	if err := mayHelp(by); err != nil {
		return err
	}
	return s.write(ctx, by, mayHelp, func(tx *store.Writer, by *sso.By) error {
		st, err := standing(ctx, tx.Reader, id)
		if err != nil {
			return err
		}
		if st.User.State == sso.UserDeleted {
			return (&st.User).MaySignIn()
		}
		home, err := tx.Organization(ctx, st.User.Home)
		if err != nil {
			return err
		}
		if home.OfOperators() {
			if err := mayChange(by); err != nil {
				return err
			}
		}
		if err := do(tx, &st.User, &home); err != nil {
			return err
		}
		return record(ctx, tx, by, s.Now(), home.ID, action, string(id), nil)
	})
}
