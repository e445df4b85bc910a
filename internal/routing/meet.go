package routing

import (
	"context"
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Meet fills in whom an asserted address meets: who else has it or the
// username, who has proved its domain and who invited it. What is known of the
// subject itself stands there already.
func Meet(ctx context.Context, r *store.Reader, in *sso.SignIn, now time.Time) error {
	if in.Asserted.Email.IsZero() {
		return nil
	}
	users, err := r.UsersByEmail(ctx, in.Asserted.Email)
	if err != nil {
		return err
	}
	// Links matter only for those who could be signed in.
	gone := false
	for _, u := range users {
		res := sso.Resident{User: u.User, HomePath: u.HomePath}
		gone = gone || u.User.State == sso.UserDeleted
		if in.Linked == nil && in.Within(u.HomePath) {
			if res.OtherSubject, err = otherSubject(ctx, r, in, u.User.ID); err != nil {
				return err
			}
		}
		in.SameEmail = append(in.SameEmail, res)
	}
	if in.Claim, err = Claim(ctx, r, in.Asserted.Email); err != nil {
		return err
	}
	if in.Invited, err = invited(ctx, r, in, now); err != nil {
		return err
	}
	if in.Linked != nil {
		return nil
	}
	if in.Asserted.Username != "" {
		_, err := r.Org(in.Org.ID).UserByUsername(ctx, in.Asserted.Username)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		in.UsernameTaken = err == nil
	}
	if !gone {
		return nil
	}
	_, err = r.Org(in.Org.ID).AllowedConflict(ctx, in.Connection.ID, in.Asserted.Subject)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	in.Recreate = err == nil
	return nil
}

// Resident returns a user as [sso.SignIn.Connect] wants them.
func Resident(ctx context.Context, r *store.Reader, in *sso.SignIn, user sso.UserID) (sso.Resident, error) {
	u, err := r.UserAt(ctx, user)
	if err != nil {
		return sso.Resident{}, err
	}
	res := sso.Resident{User: u.User, HomePath: u.HomePath}
	res.OtherSubject, err = otherSubject(ctx, r, in, user)
	return res, err
}

func otherSubject(ctx context.Context, r *store.Reader, in *sso.SignIn, user sso.UserID) (bool, error) {
	links, err := r.LinksOfUser(ctx, user, in.Connection.ID)
	return len(links) > 0, err
}

// Claim returns the verified claim to the domain of an address, or nil.
func Claim(ctx context.Context, r *store.Reader, e sso.Email) (*sso.VerifiedClaim, error) {
	d, err := r.Settings().VerifiedDomain(ctx, e.Domain())
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	org, err := r.Organization(ctx, d.Org)
	if err != nil {
		return nil, err
	}
	return &sso.VerifiedClaim{Domain: d, OrgPath: org.Path}, nil
}

// invited reads the invitations to the asserted address of the connection's
// organization and below, and what who sent them is now.
func invited(ctx context.Context, r *store.Reader, in *sso.SignIn, now time.Time) ([]sso.Invited, error) {
	open, err := r.InvitationsTo(ctx, in.Asserted.Email, now)
	if err != nil || len(open) == 0 {
		return nil, err
	}
	var all []sso.Invited
	for _, i := range open {
		org, err := r.Organization(ctx, i.Org)
		if err != nil {
			return nil, err
		}
		if !in.Within(org.Path) {
			continue
		}
		one := sso.Invited{Invitation: i, Path: org.Path}
		by, err := r.Standing(ctx, sso.UserID(i.By))
		switch {
		case err == nil:
			one.By = &by
		case !errors.Is(err, store.ErrNotFound):
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}
