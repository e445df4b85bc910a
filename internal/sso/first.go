package sso

import (
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
)

// Invited is an invitation to the asserted address, with its organization and
// what who sent it is now; nil: it was the vendor.
type Invited struct {
	Invitation
	Path []OrgID // of its organization
	By   *Standing
}

// accepts returns the invitations that this sign-in may accept for the person:
// open ones of the connection's organization and below. One to own or
// administer counts only where the connection may say whose the address is;
// for all others the mail has to be read.
func (s *SignIn) accepts(now time.Time) []*Invited {
	var all []*Invited
	for i := range s.Invited {
		in := &s.Invited[i]
		org := Organization{ID: in.Org, Path: in.Path}
		switch {
		case !in.Email.Same(s.Asserted.Email), !s.Within(in.Path), in.Acceptable(now) != nil:
		case (in.Role == RoleOwner || in.Role == RoleAdmin) && !s.own():
		case in.By != nil && !in.StoodFor(in.By, &org):
		default:
			all = append(all, in)
		}
	}
	return all
}

// guest reports whether the address is of a domain that nobody has proved, and
// invited all the same.
func (s *SignIn) guest(now time.Time) bool { return s.Claim == nil && len(s.accepts(now)) > 0 }

// invite makes a person of who was invited: a member as the invitations say. Of
// two to one organization the earlier one says the role.
func (s *SignIn) invite(accepts []*Invited, now time.Time) Decision {
	d := s.person(now)
	for _, in := range accepts {
		for _, m := range in.Memberships(d.User.ID, now) {
			i := slices.IndexFunc(d.Memberships, func(have Membership) bool { return have.Org == m.Org })
			if i < 0 {
				d.Memberships = append(d.Memberships, m)
			} else {
				d.Memberships[i].Groups = union(d.Memberships[i].Groups, m.Groups)
			}
		}
	}
	d.Accepts, d.Why = ids(accepts), RoleReason{Rule: RoleByInvitation, Role: d.Memberships[0].Role}
	return d
}

func ids(accepts []*Invited) []InvitationID {
	var all []InvitationID
	for _, in := range accepts {
		all = append(all, in.ID)
	}
	return all
}

// First is what a connection that asks people has found out about one, kept
// until they have answered.
type First struct {
	Connection ConnectionID `json:"connection"` // through which they came
	Asserted   Asserted     `json:"asserted"`
	Issuer     string       `json:"issuer"` // the [Connection.Namespace]
	AMR        []string     `json:"amr,omitempty"`
	At         time.Time    `json:"at"`
	SAML       SAMLSession  `json:"saml,omitzero"`
	NotAfter   time.Time    `json:"not_after,omitzero"`
}

// Asks refuses to go on with an answer that is out of date: the connection is
// another one, does not ask any more, or names people otherwise.
func (f *First) Asks(c *Connection) error {
	if c.ID != f.Connection || c.FirstSignIn != FirstAsk || c.Namespace() != f.Issuer {
		return &fault.Error{Kind: fault.Conflict, Code: "attempt_changed", Want: "a connection as it was when this began", Fix: fault.PersonSide}
	}
	return nil
}

// Connect decides, where [SignIn.Decide] has answered [ActAsk], about the user
// whose credentials the person has proved: the subject is theirs from now on.
// The address does not matter, but it may be nobody else's.
func (s *SignIn) Connect(r *Resident, now time.Time) (Decision, error) {
	if err := s.asked(now); err != nil {
		return Decision{}, err
	}
	if !s.Within(r.HomePath) {
		return Decision{}, &fault.Error{Kind: fault.Denied, Code: "ident_tree", Want: "a user of " + s.Org.Key, Got: "a user of another organization", Fix: fault.PersonSide}
	}
	if err := r.User.MaySignIn(); err != nil {
		return Decision{}, err
	}
	if slices.ContainsFunc(s.home(), func(id UserID) bool { return id != r.User.ID }) {
		return s.clash(ClashAddress, conflict("address of another user"), append([]UserID{r.User.ID}, s.home()...))
	}
	if r.OtherSubject {
		return s.clash(ClashSubject, conflict("the subject of this user has changed"), []UserID{r.User.ID})
	}
	d := Decision{Act: ActLink, User: r.User}
	if !s.Connection.Defaults.KeepProfile {
		if d.Changed = s.updateName(&d.User); d.Changed {
			d.User.UpdatedAt = now
		}
	}
	return d, nil
}

// Register decides, where [SignIn.Decide] has answered [ActAsk], to make a new
// user: what they were invited to, or a restricted one. Nobody is made beside
// somebody with the same address.
func (s *SignIn) Register(now time.Time) (Decision, error) {
	if err := s.asked(now); err != nil {
		return Decision{}, err
	}
	here, gone := s.here()
	switch {
	case s.elsewhere(), len(here) > 0:
		return s.several("a user with this address, whom the person did not show to be")
	case gone != nil && !s.Recreate:
		return s.clash(ClashDeleted, gone.User.MaySignIn(), []UserID{gone.User.ID})
	}
	var d Decision
	accepts := s.accepts(now)
	switch {
	case len(accepts) > 0:
		d = s.invite(accepts, now)
	case !s.own():
		return s.clash(ClashDomain, s.foreign(), nil)
	default:
		d = s.create(RoleRestricted, now)
	}
	d.Recreated = gone != nil
	return d, nil
}

// asked refuses an answer to what is not asked any more.
func (s *SignIn) asked(now time.Time) error {
	if s.Linked != nil {
		return &fault.Error{Kind: fault.Conflict, Code: "attempt_changed", Want: "a subject that is nobody's", Got: "one that is somebody's by now", Fix: fault.PersonSide}
	}
	if s.Connection.FirstSignIn != FirstAsk {
		return &fault.Error{Kind: fault.Conflict, Code: "attempt_changed", Want: "a connection that asks", Got: string(s.Connection.FirstSignIn), Fix: fault.PersonSide}
	}
	return s.speaks(now)
}
