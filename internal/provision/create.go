package provision

import (
	"context"
	"errors"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// NewPerson is somebody to be made.
type NewPerson struct {
	sso.PersonRow
	Welcome Welcome
}

// CreatePerson makes somebody who is at home in the organization. It is judged
// as the row of an uploaded list is; somebody who is there already is refused.
func (s *Service) CreatePerson(ctx context.Context, by *sso.By, org sso.OrgID, n NewPerson) (sso.UserID, error) {
	var id sso.UserID
	err := s.change(ctx, by, org, func(a *act) error {
		// A row of a list that is none.
		i := sso.Import{Org: org, Options: sso.ImportOptions{Role: sso.RoleMember, Welcome: n.Welcome == WelcomeByMail}}
		r := sso.ImportRow{Row: n.PersonRow}
		one := importing{act: *a, options: i.Options}
		if err := one.knowDomains(); err != nil {
			return err
		}
		p, err := one.read(&r.Row)
		if err != nil {
			return err
		}
		if err := one.whom(&p); err != nil {
			return err
		}
		if p.them != nil {
			return &fault.Error{Kind: fault.Conflict, Code: "user_there", Got: string(p.them.User.ID), Fix: fault.PersonSide}
		}
		if welcomes(&i, &r, &p) {
			if err := s.Limits.Letter(ctx, a.tx, a.place.Path[0]); err != nil {
				return err
			}
		}
		if err := one.make(&p, &r, &i); err != nil {
			return err
		}
		id = r.User
		return nil
	})
	if store.ConflictOn(err, store.HomeUsername) { // at this moment
		return "", &fault.Error{Kind: fault.Conflict, Code: "username_taken", Got: n.Username, Fix: fault.PersonSide}
	}
	return id, err
}

// Member returns what somebody is in the organization of a place.
func (s *Service) Member(ctx context.Context, in *Place, user sso.UserID) (sso.User, sso.Membership, error) {
	var u sso.User
	var m sso.Membership
	err := s.read(ctx, func(r *store.Reader) error {
		var err error
		if m, err = r.Org(in.ID).Membership(ctx, user); err != nil {
			return err
		}
		u, err = r.User(ctx, user)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return sso.User{}, sso.Membership{}, &fault.Error{Kind: fault.NotFound, Code: "user_unknown", Got: string(user), Fix: fault.PersonSide}
	}
	return u, m, err
}

// Sessions returns where a member is signed in, in the organization of a place
// and below it.
func (s *Service) Sessions(ctx context.Context, in *Place, user sso.UserID) ([]store.SessionAt, error) {
	var live []store.SessionAt
	err := s.read(ctx, func(r *store.Reader) error {
		if _, err := r.Org(in.ID).Membership(ctx, user); err != nil {
			return err
		}
		var err error
		live, err = sessionsIn(ctx, r, in, user, s.Now())
		return err
	})
	return live, err
}
