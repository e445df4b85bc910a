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
func (a *applier) user(org *sso.Organization, from *User) error {
	username, email, err := from.identity()
	if err != nil {
		return err
	}
	old, found, err := a.find(org, username, email)
	if err != nil {
		return err
	}
	u := old
	var before *User
	if found {
		before = to(a.say.user(&old))
	} else {
		u = sso.User{ID: sso.NewUserID(a.now), Home: org.ID, State: sso.UserActive, CreatedAt: a.now}
	}
	if a.people[u.ID] {
		return twice(from.name())
	}
	a.people[u.ID] = true
	if from.Username != nil {
		u.Username = username
	}
	// The identity provider may write the same address in another way.
	if from.Email != nil && !u.Email.Same(email) {
		u.Email = email
	}
	if err := from.merge(&u); err != nil {
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
		did, action := Created, "user.created"
		if found {
			did, action = Changed, "user.changed"
		}
		fields := difference(before, a.say.user(&u))
		a.did("user", from.name(), did, fields)
		if err := a.record(org.ID, action, string(u.ID), fields); err != nil {
			return err
		}
	}
	if err := a.membership(org, &Access{Role: from.Role, Groups: from.Groups}, from, u.ID); err != nil {
		return err
	}
	return in("access", a.access(org, from, u.ID))
}

// access makes the person a member of what the file names beside their home,
// and of nothing else.
func (a *applier) access(home *sso.Organization, from *User, id sso.UserID) error {
	if from.Access == nil {
		return nil
	}
	wanted := map[sso.OrgID]bool{home.ID: true}
	err := every(from.Access, func(x *Access) error {
		org, err := a.org(x.Organization)
		if err == nil && wanted[org.ID] {
			err = twice(x.Organization)
		}
		if err == nil && org.OfOperators() {
			err = refused("access.organization: a customer", x.Organization)
		}
		if err == nil {
			wanted[org.ID] = true
			err = a.membership(org, x, from, id)
		}
		return on(x, "access", err)
	})
	if err != nil {
		return err
	}
	all, err := a.tx.Memberships(a.ctx, id)
	if err != nil {
		return err
	}
	for _, m := range all {
		if wanted[m.Org] {
			continue
		}
		if err := a.leave(&m, from.name()); err != nil {
			return err
		}
	}
	return nil
}

// leave ends a membership.
func (a *applier) leave(m *sso.Membership, name string) error {
	key, err := a.say.org(m.Org)
	if err != nil {
		return err
	}
	them, err := a.tx.Standing(a.ctx, m.User)
	if err != nil {
		return err
	}
	them.Positions = slices.DeleteFunc(them.Positions, func(p sso.Position) bool { return p.Org != m.Org })
	if err := wanting("another owner of "+key, them.Dispensable()); err != nil {
		return err
	}
	if err := a.tx.Org(m.Org).RemoveMembership(a.ctx, m.User, a.now); err != nil {
		return err
	}
	fields := []Field{{Key: "role", Before: string(m.Role)}}
	a.did("membership", name+" in "+key, Deleted, fields)
	return a.record(m.Org, "membership.removed", string(m.User), fields)
}

// identity returns the username and the address that the file gives a person.
// One of them has to be there: a person is found by it.
func (u *User) identity() (string, sso.Email, error) {
	var username string
	var email sso.Email
	var err error
	if value(u.Username) != "" {
		if username, err = sso.ParseUsername(*u.Username); err != nil {
			return "", email, in("username", err)
		}
	}
	if value(u.Email) != "" {
		if email, err = sso.ParseEmail(*u.Email); err != nil {
			return "", email, in("email", err)
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
	set(&to.PasswordHash, u.PasswordHash)
	return errors.Join(u.checkHash(), u.mergeLanguage(to), choose(&to.State, u.State, "state", sso.UserActive, sso.UserSuspended))
}

func (u *User) checkHash() error {
	if value(u.PasswordHash) == "" {
		return nil
	}
	return in("password_hash", password.Check(*u.PasswordHash))
}

func (u *User) mergeLanguage(to *sso.User) error {
	if u.Language == nil {
		return nil
	}
	tag, err := sso.ParseLanguage(*u.Language)
	if err == nil {
		to.Language = tag
	}
	return in("language", err)
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

func (a *applier) membership(org *sso.Organization, from *Access, who *User, id sso.UserID) error {
	old, err := a.tx.Org(org.ID).Membership(a.ctx, id)
	missing := errors.Is(err, store.ErrNotFound)
	if err != nil && !missing {
		return err
	}
	m := old
	if missing {
		m = sso.Membership{Org: org.ID, User: id, Role: sso.RoleMember, CreatedAt: a.now}
	}
	if err := errors.Join(a.setRole(&m.Role, from.Role, "role"), setGroups(&m.Groups, from.Groups, "groups")); err != nil {
		return err
	}
	if !missing && same(old, m) {
		return nil
	}
	m.UpdatedAt = a.now
	if err := a.tx.Org(org.ID).SaveMembership(a.ctx, m); err != nil {
		return err
	}
	did := Created
	var before *Access
	if !missing {
		did, before = Changed, to(describeMembership(&old))
		if err := a.tx.Org(org.ID).RoleChanged(a.ctx, org, id, old.Role, m.Role, a.now); err != nil {
			return err
		}
	}
	fields := difference(before, describeMembership(&m))
	if !missing || from.Organization != "" || m.Role != sso.RoleMember || len(m.Groups) > 0 {
		a.did("membership", who.name()+" in "+org.Key, did, fields)
	}
	return a.record(org.ID, "membership.saved", string(id), fields)
}

func describeMembership(m *sso.Membership) Access {
	return Access{Role: to(string(m.Role)), Groups: append([]string{}, m.Groups...)}
}
