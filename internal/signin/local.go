package signin

import (
	"context"
	"slices"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Password proves the person by a password, at [sso.StepPassword]. Somebody
// unknown, somebody without a password, two people of one name and a wrong
// password get the same answer after the same work.
func (s *Service) Password(ctx context.Context, b Browser, id sso.AttemptID, password string) (sso.Attempt, error) {
	var a sso.Attempt
	var user sso.User
	var orgs []sso.OrgID
	err := s.DB.Read(ctx, func(r *store.Reader) error {
		user, orgs = sso.User{}, nil
		var err error
		if a, err = s.load(ctx, r, b, id); err != nil {
			return err
		}
		if err := at(&a, sso.StepPassword); err != nil {
			return err
		}
		w, err := s.leadsTo(ctx, r, &a)
		if err != nil {
			return err
		}
		if err := passwordAllowed(&w, b, &a); err != nil {
			return err
		}
		if user, err = s.oneUser(ctx, r, &a, &w); err != nil || user.ID == "" {
			return err
		}
		memberships, err := r.Memberships(ctx, user.ID)
		for _, m := range memberships {
			orgs = append(orgs, m.Org)
		}
		return err
	})
	if err != nil {
		return sso.Attempt{}, err
	}
	wrong := &fault.Error{Kind: fault.Unauthenticated, Code: "password_wrong", Fix: fault.PersonSide}
	name, crowd, now := nameKey(&a, b), crowdKey(b), s.Now()
	if !s.crowd.allow(crowd, now) || !s.guesses.allow(name, now) {
		return sso.Attempt{}, &fault.Error{Kind: fault.Exhausted, Code: "password_throttled", Fix: fault.PersonSide}
	}
	// A user has more than one name. Guesses beyond those of one name are
	// simply wrong: to say more would say that the names are one person's.
	hash, person := user.PasswordHash, personKey(&user, b)
	if user.ID != "" && !s.guesses.allow(person, now) {
		hash = ""
	}
	ok, err := s.Passwords.Verify(ctx, hash, password)
	if err != nil {
		return sso.Attempt{}, err
	}
	if !ok {
		return sso.Attempt{}, wrong
	}
	s.guesses.forget(name)
	s.guesses.forget(person)
	s.crowd.giveBack(crowd)
	if err := user.MaySignIn(); err != nil {
		return sso.Attempt{}, err
	}
	org, ok := sso.PickOrg(orgs, a.Org, user.Home)
	if !ok {
		return sso.Attempt{}, &fault.Error{Kind: fault.Denied, Code: "membership_missing", Fix: fault.AdminSide}
	}
	return s.change(ctx, b, id, func(_ *store.Writer, a *sso.Attempt) error {
		if err := at(a, sso.StepPassword); err != nil {
			return err
		}
		a.Connection = ""
		a.Proof = sso.Proof{User: user.ID, Org: org, AMR: []string{"pwd"}, At: s.Now()}
		if org == "" {
			a.Proof.Orgs = orgs
		}
		return nil
	})
}

// passwordAllowed asks the organization to which the address leads, before
// anything about the person is looked at. The person's own organization is
// asked in [Service.Finish].
func passwordAllowed(w *way, b Browser, a *sso.Attempt) error {
	// A sign-on URL leads to an organization whatever the address is; only
	// people of its domains must come through the connection.
	outside := w.claim == nil || !leads(w.line, w.claim.Org)
	return sso.RulesOf(w.line).Admit(sso.Entry{Method: sso.ByPassword, Email: a.Typed, Address: b.Address, Outside: outside})
}

// oneUser returns the one active user with a password whom the attempt names,
// or a zero user where there is none or where there are several. Whoever has
// the address in another tree than that of who has proved its domain does not
// count: no organization stands in the way of another one's people.
func (s *Service) oneUser(ctx context.Context, r *store.Reader, a *sso.Attempt, w *way) (sso.User, error) {
	var users []store.UserAt
	var err error
	if a.Username != "" {
		users, err = r.UsersByUsername(ctx, a.Username)
	} else {
		users, err = r.UsersByEmail(ctx, a.Typed)
	}
	if err != nil {
		return sso.User{}, err
	}
	users = slices.DeleteFunc(users, func(u store.UserAt) bool {
		return u.User.PasswordHash == "" || u.User.State == sso.UserDeleted || a.Org != "" && !slices.Contains(u.HomePath, a.Org)
	})
	if own := slices.DeleteFunc(slices.Clone(users), func(u store.UserAt) bool { return w.claim == nil || u.HomePath[0] != w.line[0].ID }); len(own) > 0 {
		users = own
	}
	if len(users) != 1 {
		return sso.User{}, nil
	}
	return users[0].User, nil
}
