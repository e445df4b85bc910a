package provision

import (
	"context"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// ChartDays is how many days of sign-ins the overview shows.
const ChartDays = 14

// Overview is what an administrator sees first.
type Overview struct {
	People    store.PeopleCounts
	Waiting   int // invitations that are open, counted as far as a page
	SignIns   []store.SignInCount
	Latest    []sso.Trace // of today, which is not counted yet, and before
	Domains   []sso.Domain
	Owners    int
	Ending    []Ending // certificates of identity providers, the first to end first
	Importing bool     // a list of people waits or is carried out
}

// Ending is a connection whose last certificate ends.
type Ending = store.Ending

// Overview returns what an administrator sees first of an organization.
func (s *Service) Overview(ctx context.Context, in *Place) (Overview, error) {
	var o Overview
	err := s.read(ctx, func(r *store.Reader) error {
		org := r.Org(in.ID)
		var err error
		if o.People, err = org.CountPeople(ctx); err != nil {
			return err
		}
		o.Owners = o.People.Owners
		if o.SignIns, err = org.SignInCounts(ctx, s.Now().Add(-ChartDays*24*time.Hour).Truncate(24*time.Hour)); err != nil {
			return err
		}
		if o.Latest, err = org.Traces(ctx, maxTraces); err != nil {
			return err
		}
		for i := range o.Latest {
			o.Latest[i] = o.Latest[i].Redacted()
		}
		invitations, err := org.Invitations(ctx, store.Place{}, PageSize)
		if err != nil {
			return err
		}
		for i := range invitations {
			if invitations[i].State(s.Now()) == sso.InvitationOpen {
				o.Waiting++
			}
		}
		if o.Domains, err = org.Domains(ctx); err != nil {
			return err
		}
		if o.Ending, err = r.Ending(ctx, in.ID, s.Now().Add(sso.ExpirySoon), PageSize); err != nil {
			return err
		}
		imports, err := org.Imports(ctx, 1)
		o.Importing = len(imports) > 0 && imports[0].State != sso.ImportDone && imports[0].State != sso.ImportStopped
		return err
	})
	return o, err
}

// EventPage is one page of the audit list.
type EventPage struct {
	store.EventPage
	Names map[string]string // of who stands in the events
}

// Events lists what was done in an organization.
func (s *Service) Events(ctx context.Context, in *Place, q store.EventQuery) (EventPage, error) {
	if q.Limit <= 0 || q.Limit > PageSize {
		q.Limit = PageSize
	}
	var page EventPage
	err := s.read(ctx, func(r *store.Reader) error {
		var err error
		if page.EventPage, err = r.Org(in.ID).ListEvents(ctx, q); err != nil {
			return err
		}
		page.Names, err = r.NamesIn(ctx, page.Events)
		return err
	})
	return page, err
}

// Actor returns under which name somebody stands in the audit list: the
// identifier of the one member who is found by the words typed, or what was
// typed, where it is no member's. Where several are found, it is nobody's.
func (s *Service) Actor(ctx context.Context, in *Place, typed string) (string, error) {
	words := sso.SearchWords(typed)
	if len(words) == 0 {
		return "", nil
	}
	var found store.PeoplePage
	err := s.read(ctx, func(r *store.Reader) error {
		var err error
		found, err = r.Org(in.ID).People(ctx, store.PeopleQuery{Words: words, Limit: 2})
		return err
	})
	switch {
	case err != nil:
		return "", err
	case len(found.People) == 1 && found.Next.User == "":
		return string(found.People[0].ID), nil
	case len(found.People) > 0:
		return "", nil
	default:
		return typed, nil
	}
}
