package sso

import (
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
)

// Rights are what somebody may do in the console of one organization. They
// follow from the role in the organization of the session, and reach down the
// tree from there: never up, never sideways. The zero value has none.
type Rights struct {
	role Role // owner or admin; "": none
	by   *Person
}

// RightsIn returns what the person may do in an organization.
func (p *Person) RightsIn(o *Organization) Rights {
	if !p.Administers() || !p.reaches(o.Path) {
		return Rights{}
	}
	return Rights{role: p.Membership.Role, by: p}
}

// reaches reports whether an organization at this path is the one of the
// session or below it.
func (p *Person) reaches(path []OrgID) bool {
	return p.Org.ID != "" && slices.Contains(path, p.Org.ID)
}

// Any reports whether there are rights at all.
func (r Rights) Any() bool { return r.role != "" }

// Owner reports whether they are those of an owner.
func (r Rights) Owner() bool { return r.role == RoleOwner }

// Govern refuses who may not decide about policy: only owners do.
func (r Rights) Govern() error {
	if r.Owner() {
		return nil
	}
	return &fault.Error{Kind: fault.Denied, Code: "rights_owner", Want: "an owner", Got: r.name(), Fix: fault.AdminSide}
}

// Give refuses to give a role that is above one's own, and whoever acts as a
// user to give one that opens the console: it would outlast the acting.
func (r Rights) Give(role Role) error {
	if err := r.Cover(role); err != nil || role != RoleOwner && role != RoleAdmin {
		return err
	}
	return r.Own()
}

// Prove refuses a role that opens a console to who has not proved lately that it
// is them: whoever is given it can do all that wants such a proof. Among the
// operators every role opens theirs.
func (r Rights) Prove(role Role, now time.Time) error {
	if !r.Any() || role != RoleOwner && role != RoleAdmin && !r.by.Org.OfOperators() {
		return nil
	}
	return r.by.Session.Proved(now)
}

// Own is [Session.Own] of the session from which the rights follow.
func (r Rights) Own() error {
	if !r.Any() {
		return nil
	}
	return r.by.Session.Own()
}

// Cover refuses a role that is above one's own.
func (r Rights) Cover(role Role) error {
	switch {
	case !r.Any():
		return &fault.Error{Kind: fault.Denied, Code: "console_role", Want: "an owner or administrator", Got: r.name(), Fix: fault.AdminSide}
	case role == RoleOwner && !r.Owner():
		return &fault.Error{Kind: fault.Denied, Code: "rights_owner", Want: "an owner", Got: r.name(), Fix: fault.AdminSide}
	default:
		return nil
	}
}

// Roles returns the built-in roles that may be given, the mightiest first.
func (r Rights) Roles() []Role {
	return slices.DeleteFunc(Roles(), func(role Role) bool { return r.Give(role) != nil })
}

// Withheld returns the built-in roles that the user may give and whoever acts
// as them may not.
func (r Rights) Withheld() []Role {
	return slices.DeleteFunc(Roles(), func(role Role) bool { return r.Cover(role) != nil || r.Give(role) == nil })
}

// Position is what a user is in one organization.
type Position struct {
	Membership
	Path []OrgID // of the organization
	// OtherOwners is how many others own the organization and may sign in.
	OtherOwners int
}

// Touch refuses to change what somebody is in the organization of these
// rights: administrators leave owners alone.
func (r Rights) Touch(p *Position) error { return r.Cover(p.Role) }

// ChangeRole refuses to make of somebody what these rights do not reach, and
// to leave an organization without an owner.
func (r Rights) ChangeRole(p *Position, to Role) error {
	if err := r.Touch(p); err != nil || to == p.Role {
		return err
	}
	if err := r.Give(to); err != nil {
		return err
	}
	if to == RoleOwner {
		return nil
	}
	return p.dispensable()
}

// Remove refuses to remove whom these rights do not reach, the last owner, and
// oneself: who is gone cannot take it back.
func (r Rights) Remove(p *Position) error {
	if err := r.Touch(p); err != nil {
		return err
	}
	if r.by.User.ID == p.User {
		return &fault.Error{Kind: fault.Conflict, Code: "rights_self", Fix: fault.AdminSide}
	}
	return p.dispensable()
}

// dispensable refuses to take away the last owner.
func (p *Position) dispensable() error {
	if p.Role == RoleOwner && p.OtherOwners == 0 {
		return &fault.Error{Kind: fault.Conflict, Code: "rights_last_owner", Want: "another owner", Got: "the last one", Fix: fault.AdminSide}
	}
	return nil
}

// Standing is a user with everything they are.
type Standing struct {
	User      User
	HomePath  []OrgID
	Positions []Position
}

// Manage refuses to change a user as such, in contrast to what they are in one
// organization: profile, state, sessions and credentials. It is for those who
// administer the user's home. Whoever does it could become the user, so it is
// refused where the user may do more than they, anywhere.
func (r Rights) Manage(s *Standing) error {
	switch {
	case !r.Any():
		return &fault.Error{Kind: fault.Denied, Code: "console_role", Want: "an owner or administrator", Got: r.name(), Fix: fault.AdminSide}
	case s.User.State == UserDeleted:
		return (&s.User).MaySignIn()
	case !r.by.reaches(s.HomePath):
		return &fault.Error{Kind: fault.Denied, Code: "rights_guest", Want: "an administrator of the organization where this person is at home", Got: r.name(), Fix: fault.AdminSide}
	}
	for i := range s.Positions {
		p := &s.Positions[i]
		above := !r.by.reaches(p.Path) && (p.Role == RoleOwner || p.Role == RoleAdmin)
		if above || p.Role == RoleOwner && !r.Owner() {
			return &fault.Error{Kind: fault.Denied, Code: "rights_outrank", Want: "somebody with the same rights", Got: r.name(), Fix: fault.AdminSide}
		}
	}
	return nil
}

// Suspend refuses to shut out whom these rights do not reach, oneself, and the
// last owner of any organization.
func (r Rights) Suspend(s *Standing) error {
	if err := r.Manage(s); err != nil {
		return err
	}
	if r.by.User.ID == s.User.ID {
		return &fault.Error{Kind: fault.Conflict, Code: "rights_self", Fix: fault.AdminSide}
	}
	return s.Dispensable()
}

// Recover refuses to reset what somebody signs in with. Beyond [Rights.Manage],
// nobody does it while they act as a user: it would give them a key of their
// own.
func (r Rights) Recover(s *Standing) error {
	if err := r.Manage(s); err != nil {
		return err
	}
	if r.by.Session.ActedAs() {
		return &fault.Error{Kind: fault.Denied, Code: "acting_credentials", Fix: fault.OperatorSide}
	}
	return nil
}

// GiveAddress decides whether somebody at home in an organization may be given
// an address, by hand, by a list or by an invitation. claim is the verified
// claim to its domain, or nil. It is one guard with that of [SignIn.Decide]:
// an address of a proved domain belongs to whoever has proved it. Below, people
// of a domain are made by who administers the organization that has it.
func (r Rights) GiveAddress(e Email, home *Organization, claim *VerifiedClaim) error {
	if claim == nil || claim.Domain.Name != e.Domain() || claim.Domain.State != DomainVerified ||
		slices.Contains(claim.OrgPath, home.ID) || r.Any() && r.by.reaches(claim.OrgPath) {
		return nil
	}
	return foreignAddress(e)
}

// House decides whether somebody with this address may be at home in o, who
// has proved nothing but that they read its mail: not where another customer
// has proved the domain.
func (o *Organization) House(e Email, claim *VerifiedClaim) error {
	if claim == nil || claim.Domain.Name != e.Domain() || claim.Domain.State != DomainVerified || len(o.Path) > 0 && slices.Contains(claim.OrgPath, o.Path[0]) {
		return nil
	}
	return foreignAddress(e)
}

func foreignAddress(e Email) error {
	return &fault.Error{Kind: fault.Denied, Code: "ident_foreign", Want: "an address of no domain that another organization has proved", Got: e.String(), Fix: fault.AdminSide}
}

// name returns the role of these rights, for a fault.
func (r Rights) name() string {
	if !r.Any() {
		return "neither"
	}
	return string(r.role)
}
