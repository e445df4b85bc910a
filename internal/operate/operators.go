package operate

import (
	"context"
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// The policy with which the operators' organization begins: what its people
// can do is worth a second factor and short sessions.
const (
	operatorsIdle = time.Hour
	operatorsLife = 12 * time.Hour
)

// AddOperator makes somebody an operator, or a support agent for the role
// [sso.RoleMember], and returns the path of a link by which they register, once,
// until it expires. The first one makes the operators' organization. Somebody
// who is there already gets the role, and a new link. It is called by whoever
// may open the database.
func (s *Service) AddOperator(ctx context.Context, address string, role sso.Role) (path string, until time.Time, err error) {
	email, err := sso.ParseEmail(address)
	if err != nil {
		return "", time.Time{}, err
	}
	err = s.DB.Write(ctx, func(tx *store.Writer) error {
		now := s.Now()
		org, err := s.operators(ctx, tx, now)
		if err != nil {
			return err
		}
		u, err := operatorOf(ctx, tx, &org, email, now)
		if err != nil {
			return err
		}
		m := sso.Membership{Org: org.ID, User: u.ID, Role: role, CreatedAt: now, UpdatedAt: now}
		had, err := tx.Org(org.ID).Membership(ctx, u.ID)
		if err == nil {
			err = tx.Org(org.ID).RoleChanged(ctx, &org, u.ID, had.Role, role, now)
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err := tx.Org(org.ID).SaveMembership(ctx, m); err != nil {
			return err
		}
		if err := tx.Org(org.ID).Record(ctx, sso.Event{
			At: now, Actor: "operator", Action: "operator.added", Target: string(u.ID), Detail: map[string]string{"by": "operator add"},
			Changes: []sso.Change{{Field: "role", From: string(had.Role), To: string(role)}}, // who is one already gets another link
		}); err != nil {
			return err
		}
		path, until, err = s.Recovery.Register(ctx, tx, &u)
		return err
	})
	return path, until, err
}

// operators returns the operators' organization, and makes it where there is
// none yet.
func (s *Service) operators(ctx context.Context, tx *store.Writer, now time.Time) (sso.Organization, error) {
	o, err := tx.OrganizationByKey(ctx, sso.OperatorsKey)
	if !errors.Is(err, store.ErrNotFound) {
		return o, err
	}
	o = sso.Organization{
		ID: sso.NewOrgID(now), Key: sso.OperatorsKey, Name: "Operators", State: sso.OrgActive, CreatedAt: now, UpdatedAt: now,
		Policy: sso.Policy{MFA: sso.MFARequired, SessionIdle: sso.DurationOf(operatorsIdle), SessionLife: sso.DurationOf(operatorsLife)},
	}
	if err := o.Place(nil); err != nil {
		return o, err
	}
	return o, tx.SaveOrganization(ctx, o)
}

// operatorOf returns the user of the operators' organization with this address,
// and makes one where there is none yet. Somebody at home in another
// organization is refused: who administers that one could reset them, and
// become an operator.
func operatorOf(ctx context.Context, tx *store.Writer, org *sso.Organization, email sso.Email, now time.Time) (sso.User, error) {
	all, err := tx.UsersByEmail(ctx, email)
	if err != nil {
		return sso.User{}, err
	}
	for _, u := range all {
		switch {
		case u.State == sso.UserDeleted:
		case u.Home == org.ID:
			return u.User, u.MaySignIn()
		default:
			return sso.User{}, org.Host(&u.User)
		}
	}
	u := sso.User{ID: sso.NewUserID(now), Home: org.ID, Email: email, State: sso.UserActive, CreatedAt: now, UpdatedAt: now}
	return u, tx.Org(org.ID).SaveUser(ctx, u)
}
