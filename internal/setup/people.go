package setup

import (
	"errors"
	"slices"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/password"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func (u *User) name() string {
	if name := value(u.Username); name != "" {
		return name
	}
	return value(u.Email)
}

// user creates or changes a person at home in the organization.
func (a *applier) user(org *sso.Organization, in *User) error {
	username, email, err := in.identity()
	if err != nil {
		return err
	}
	old, found, err := a.find(org, username, email)
	if err != nil {
		return err
	}
	u := old
	if !found {
		u = sso.User{ID: sso.NewUserID(a.now), Home: org.ID, State: sso.UserActive, CreatedAt: a.now}
	}
	if a.people[u.ID] {
		return twice(in.name())
	}
	a.people[u.ID] = true
	if in.Username != nil {
		u.Username = username
	}
	// The identity provider may write the same address in another way.
	if in.Email != nil && !u.Email.Same(email) {
		u.Email = email
	}
	if err := in.merge(&u); err != nil {
		return err
	}
	if !found || !same(old, u) {
		u.UpdatedAt = a.now
		if u.PasswordHash != "" && u.CredentialsAt.IsZero() {
			u.CredentialsAt = a.now
		}
		if err := a.tx.Org(org.ID).SaveUser(a.ctx, u); err != nil {
			return err
		}
		did, action := "created", "user.created"
		if found {
			did, action = changed(
				field{"username", old.Username != u.Username}, field{"address", old.Email != u.Email}, field{"name", old.FirstName != u.FirstName || old.LastName != u.LastName},
				field{"state, now " + string(u.State), old.State != u.State}, field{"password", old.PasswordHash != u.PasswordHash}), "user.changed"
		}
		a.did("user", in.name(), did)
		if err := a.record(org.ID, action, string(u.ID)); err != nil {
			return err
		}
	}
	return a.membership(org, in, u.ID)
}

// identity returns the username and the address that the file gives a person.
// One of them has to be there: a person is found by it.
func (u *User) identity() (string, sso.Email, error) {
	var username string
	var email sso.Email
	var err error
	if value(u.Username) != "" {
		if username, err = sso.ParseUsername(*u.Username); err != nil {
			return "", email, err
		}
	}
	if value(u.Email) != "" {
		if email, err = sso.ParseEmail(*u.Email); err != nil {
			return "", email, err
		}
	}
	if username == "" && email.IsZero() {
		return "", email, &fault.Error{Kind: fault.Invalid, Code: "ident_email", Want: "a username or an e-mail address", Got: "neither", Fix: fault.OperatorSide}
	}
	return username, email, nil
}

// merge gives the person what else the file says of them. A password that was
// chosen later is kept where the file has none.
func (u *User) merge(to *sso.User) error {
	if u.FirstName != nil {
		to.FirstName = sso.CleanName(*u.FirstName)
	}
	if u.LastName != nil {
		to.LastName = sso.CleanName(*u.LastName)
	}
	if value(u.PasswordHash) != "" {
		if err := password.Check(*u.PasswordHash); err != nil {
			return err
		}
	}
	set(&to.PasswordHash, u.PasswordHash)
	return choose(&to.State, u.State, "state", sso.UserActive, sso.UserSuspended)
}

// find returns the user of the organization whom the file means: the one of
// this username, else the one of this address who has no other username. Where
// it might mean somebody else, or would give one address to two people, it is
// refused: nobody is picked, doubled or renamed silently.
func (a *applier) find(org *sso.Organization, username string, email sso.Email) (sso.User, bool, error) {
	var named sso.User
	err := store.ErrNotFound
	if username != "" {
		named, err = a.tx.Org(org.ID).UserByUsername(a.ctx, username)
	}
	found := err == nil
	if !found && !errors.Is(err, store.ErrNotFound) {
		return sso.User{}, false, err
	}
	if email.IsZero() || found && named.Email.Same(email) {
		return named, found, nil
	}
	users, err := a.tx.Org(org.ID).UsersByEmail(a.ctx, email)
	if err != nil {
		return sso.User{}, false, err
	}
	users = slices.DeleteFunc(users, func(u sso.User) bool { return u.State == sso.UserDeleted })
	switch {
	case len(users) == 0:
		return named, found, nil
	case found:
		return sso.User{}, false, conflict("an address that no other user of "+org.Key+" has", email.String()+", for "+username)
	case len(users) > 1:
		return sso.User{}, false, conflict("exactly one user with this address", "several")
	case username != "" && users[0].Username != "":
		return sso.User{}, false, conflict("the username "+users[0].Username+", which the user with this address has", username)
	default:
		return users[0], true, nil
	}
}

func conflict(want, got string) error {
	return &fault.Error{Kind: fault.Conflict, Code: "ident_conflict", Want: want, Got: got, Fix: fault.OperatorSide}
}

func (a *applier) membership(org *sso.Organization, in *User, id sso.UserID) error {
	old, err := a.tx.Org(org.ID).Membership(a.ctx, id)
	missing := errors.Is(err, store.ErrNotFound)
	if err != nil && !missing {
		return err
	}
	m := old
	if missing {
		m = sso.Membership{Org: org.ID, User: id, Role: sso.RoleMember, CreatedAt: a.now}
	}
	if err := setRole(&m.Role, in.Role); err != nil {
		return err
	}
	if err := setGroups(&m.Groups, in.Groups, "groups"); err != nil {
		return err
	}
	if !missing && same(old, m) {
		return nil
	}
	m.UpdatedAt = a.now
	if err := a.tx.Org(org.ID).SaveMembership(a.ctx, m); err != nil {
		return err
	}
	if !missing {
		if err := a.tx.Org(org.ID).RoleChanged(a.ctx, org, id, old.Role, m.Role, a.now); err != nil {
			return err
		}
		a.did("membership", in.name()+" in "+org.Key, changed(field{"role, now " + string(m.Role), old.Role != m.Role}, field{"groups", !slices.Equal(old.Groups, m.Groups)}))
	}
	return a.record(org.ID, "membership.saved", string(id))
}
