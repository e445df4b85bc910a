package inspect

import (
	"context"
	"slices"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Place is a place in a list whose latest stands first, to go on from. The zero
// value is the beginning.
type Place = store.Place

// Inbox is one page of the conflicts of an organization.
type Inbox struct {
	Conflicts   []sso.Conflict
	Connections map[sso.ConnectionID]string // names
	Next        Place                       // where the next page begins; zero: there is none
}

// Conflicts lists the conflicts of an organization in a state, a page at a
// time, the one that was seen last first.
func (s *Service) Conflicts(ctx context.Context, p *authority.Place, state sso.ConflictState, after Place) (Inbox, error) {
	in := Inbox{Connections: map[sso.ConnectionID]string{}}
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		org := r.Org(p.ID)
		var err error
		if in.Conflicts, err = org.Conflicts(ctx, state, after, PageSize+1); err != nil {
			return err
		}
		if len(in.Conflicts) > PageSize {
			in.Conflicts = in.Conflicts[:PageSize]
			last := &in.Conflicts[PageSize-1]
			in.Next = Place{At: last.SeenAt, ID: string(last.ID)}
		}
		connections, err := org.Connections(ctx)
		for i := range connections {
			in.Connections[connections[i].ID] = connections[i].Name
		}
		return err
	})
	return in, err
}

// Candidate is somebody who could be meant.
type Candidate struct {
	sso.Standing
	Home  string // name of the organization
	Links []store.LinkAt
	// Beyond says that they are at home beyond the organization: who they are is
	// not told.
	Beyond bool
}

// ConflictPage is a conflict with all that is to be known before it is decided.
type ConflictPage struct {
	sso.Conflict
	Connection sso.Connection
	Candidates []Candidate
	By         string // name of who decided; "": nobody, or they are gone
}

// Conflict returns a conflict of an organization.
func (s *Service) Conflict(ctx context.Context, p *authority.Place, id sso.ConflictID) (ConflictPage, error) {
	var page ConflictPage
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		var err error
		if page.Conflict, err = r.Org(p.ID).Conflict(ctx, id); err != nil {
			return err
		}
		if page.Connection, err = r.Connection(ctx, page.Conflict.Connection); err != nil {
			return err
		}
		page.Candidates = nil
		for _, user := range page.Conflict.Candidates {
			c, err := candidate(ctx, r, &p.Organization, user)
			if err != nil {
				return err
			}
			page.Candidates = append(page.Candidates, c)
		}
		names, err := r.NamesIn(ctx, []sso.Event{{Actor: page.DecidedBy}})
		page.By = names[page.DecidedBy]
		return err
	})
	return page, err
}

func candidate(ctx context.Context, r *store.Reader, org *sso.Organization, user sso.UserID) (Candidate, error) {
	var c Candidate
	var err error
	if c.Standing, err = r.Standing(ctx, user); err != nil {
		return c, err
	}
	if c.Beyond = !slices.Contains(c.HomePath, org.ID); c.Beyond {
		return Candidate{Standing: sso.Standing{User: sso.User{ID: user}}, Beyond: true}, nil
	}
	home, err := r.Organization(ctx, c.User.Home)
	if err != nil {
		return c, err
	}
	c.Home = home.Name
	// What somebody is beyond the organization is nobody's business in it.
	c.Positions = slices.DeleteFunc(c.Positions, func(p sso.Position) bool { return !slices.Contains(p.Path, org.ID) })
	links, err := r.AllLinksOf(ctx, user)
	c.Links = store.OnlyNear(org, links)
	return c, err
}
