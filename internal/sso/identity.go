package sso

import (
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
)

// SignIn is everything that is known when a verified assertion has arrived:
// the facts on which [SignIn.Decide] decides who the person is.
type SignIn struct {
	Connection Connection
	Org        Organization // of the connection
	Asserted   Asserted
	Typed      Email // what the person typed or the app hinted; zero: nothing

	Linked *Resident // whom the subject is linked to; nil: nobody yet
	// LinkedBy is the [Connection.Namespace] by which that was done.
	LinkedBy string
	// SameEmail are the users who have the asserted address, anywhere in the
	// deployment, with the place of their home organization in the tree.
	SameEmail []Resident
	// Claim is the verified claim to the domain of the asserted address, with
	// the place of the claiming organization; nil: nobody has proved it.
	Claim *VerifiedClaim
	// UsernameTaken says that somebody at home in the connection's
	// organization has the asserted username already.
	UsernameTaken bool
	// Asked is the organization that the sign-on URL named; nil: none.
	Asked *Organization
	// Defaults are the organizations that new people become members of, as
	// they stand in the tree now; empty: none are chosen.
	Defaults []Organization
	// Invited are the invitations to the asserted address, of any organization.
	Invited []Invited
	// Recreate says that an administrator has allowed this subject to come back
	// as a new user, though somebody with the address was deleted.
	Recreate bool
}

// Resident is a user with the place of the home organization in the tree.
type Resident struct {
	User     User
	HomePath []OrgID
	// OtherSubject says that another subject of the same connection is linked
	// to this user already.
	OtherSubject bool
	// Member says that the user has a membership in the connection's tree.
	Member bool
	// Beyond says that the user administers an organization beyond it.
	Beyond bool
}

// VerifiedClaim is a verified domain with the place of its organization.
type VerifiedClaim struct {
	Domain  Domain
	OrgPath []OrgID
}

// Act is what a decision does.
type Act string

// The acts.
const (
	ActSignIn Act = "sign_in" // the subject is linked: sign that user in
	ActLink   Act = "link"    // link the subject to an existing user
	ActCreate Act = "create"  // make a new user and link the subject
	ActAsk    Act = "ask"     // ask the person: [SignIn.Connect] or [SignIn.Register]
)

// Decision is the answer of [SignIn.Decide]. With an error, nothing but Clash
// counts.
type Decision struct {
	Act  Act
	User User // as it is to be stored
	// Changed says that User differs from what is stored.
	Changed bool
	// Memberships to make for a created user, and why they have their roles.
	Memberships []Membership
	Why         RoleReason
	// Accepts are the invitations that are used up by this.
	Accepts []InvitationID
	// Recreated says that the user is new by [SignIn.Recreate].
	Recreated bool
	// Clash says what an administrator has to decide; nil: nothing.
	Clash *Clash
}

// Decide says as whom this assertion signs a person in, or refuses. It is the
// only place where an asserted identity meets a stored one:
//
//   - the identity key is the subject at this connection; an address never
//     picks a user by itself;
//   - a user outside the tree of the connection's organization is never
//     touched, whatever address is asserted;
//   - an address counts only where its domain is proved for this tree. A
//     sub-organization's own connection may find its people by an ancestor's
//     domain; it may make people of that domain only where the domain names it;
//   - two possible users are a conflict, and nobody is picked, whichever
//     organization of the tree the other one is at home in;
//   - outside the proved domains nobody is found by an address; who was invited
//     under it comes in as somebody new.
//
// Where the connection asks people, and the subject is new, the answer is
// [ActAsk], whoever has the address.
func (s *SignIn) Decide(now time.Time) (Decision, error) {
	if err := s.typedIsAsserted(); err != nil {
		return Decision{}, err
	}
	if s.Linked != nil {
		return s.known(now)
	}
	return s.unknown(now)
}

// unknown decides about a subject that is linked to nobody.
func (s *SignIn) unknown(now time.Time) (Decision, error) {
	if s.Asserted.Email.IsZero() {
		return Decision{}, &fault.Error{Kind: fault.Denied, Code: "ident_email_missing", Want: "an attribute with the e-mail address", Fix: fault.IdPSide}
	}
	if err := s.speaks(now); err != nil {
		return s.clash(ClashDomain, err, s.home())
	}
	if s.elsewhere() {
		return s.several("a user of another organization of the tree with this address")
	}
	if s.Connection.FirstSignIn == FirstAsk {
		return Decision{Act: ActAsk}, nil
	}
	here, gone := s.here()
	switch {
	case len(here) == 0 && gone != nil && !s.Recreate:
		return s.clash(ClashDeleted, gone.User.MaySignIn(), []UserID{gone.User.ID})
	case len(here) > 1:
		return s.several("several users with this address")
	case len(here) == 1:
		return s.link(here[0], now)
	}
	d, err := s.anew(now)
	d.Recreated = gone != nil
	return d, err
}

// speaks refuses an address of which the connection may not say whose it is.
func (s *SignIn) speaks(now time.Time) error {
	if s.proved() || s.makes() && s.guest(now) {
		return nil
	}
	return s.foreign()
}

// makes reports whether the connection's mode ever makes a user.
func (s *SignIn) makes() bool {
	return slices.Contains([]FirstSignIn{FirstCreate, FirstAsk, FirstInvited}, s.Connection.FirstSignIn)
}

// anew makes a user where there is none, as the connection's mode says.
func (s *SignIn) anew(now time.Time) (Decision, error) {
	accepts := s.accepts(now)
	switch {
	case s.Connection.FirstSignIn == FirstInvited && len(accepts) == 0:
		return Decision{}, &fault.Error{Kind: fault.Denied, Code: "ident_not_invited", Want: "an invitation to this address", Got: s.Asserted.Email.String(), Fix: fault.AdminSide}
	case s.Connection.FirstSignIn == FirstInvited, !s.proved() && s.guest(now):
		return s.invite(accepts, now), nil
	case s.Connection.FirstSignIn != FirstCreate:
		return Decision{}, &fault.Error{Kind: fault.Denied, Code: "ident_no_match", Want: "an existing user with this address", Got: s.Asserted.Email.String(), Fix: fault.AdminSide}
	case !s.own():
		return s.clash(ClashDomain, s.foreign(), nil)
	default:
		return s.create(s.Connection.Defaults.NewRole(), now), nil
	}
}

// typedIsAsserted refuses an assertion about another address than the person
// typed: they would work as somebody they did not mean to be.
func (s *SignIn) typedIsAsserted() error {
	asserted := s.Asserted.Email
	if asserted.IsZero() && s.Linked != nil {
		asserted = s.Linked.User.Email
	}
	if s.Typed.IsZero() || asserted.IsZero() || s.Typed.Same(asserted) {
		return nil
	}
	return &fault.Error{Kind: fault.Denied, Code: "ident_email_mismatch", Want: s.Typed.String(), Got: asserted.String(), Fix: fault.IdPSide}
}

// proved is the cross-organization guard: whether the domain of the asserted
// address is proved for an organization above, at or below the connection's.
func (s *SignIn) proved() bool {
	c := s.Claim
	return c != nil && len(c.OrgPath) > 0 && c.Domain.Name == s.Asserted.Email.Domain() && c.Domain.State == DomainVerified &&
		(s.Within(c.OrgPath) || s.Org.Within(c.claimant()))
}

// own reports whether, beyond that, the connection may say who has an address
// of this domain: because its organization or one below it has proved the
// domain, or because the ancestor that has done so names this connection.
func (s *SignIn) own() bool {
	return s.proved() && (s.Within(s.Claim.OrgPath) || s.Claim.Domain.Connection == s.Connection.ID)
}

// claimant is the organization that has proved the domain.
func (c *VerifiedClaim) claimant() OrgID { return c.OrgPath[len(c.OrgPath)-1] }

func (s *SignIn) foreign() error {
	return &fault.Error{Kind: fault.Denied, Code: "ident_domain", Want: "an address of a domain verified for " + s.Org.Key, Got: s.Asserted.Email.String(), Fix: fault.AdminSide}
}

// elsewhere reports whether somebody with the asserted address is at home in
// the same tree, above, beside or below, beyond the reach of this connection.
func (s *SignIn) elsewhere() bool {
	return slices.ContainsFunc(s.SameEmail, func(r Resident) bool {
		return r.User.State != UserDeleted && !s.Within(r.HomePath) && s.inTree(r.HomePath)
	})
}

// inTree reports whether a home is in the tree of the connection's
// organization, wherever.
func (s *SignIn) inTree(home []OrgID) bool {
	return len(home) > 0 && len(s.Org.Path) > 0 && home[0] == s.Org.Path[0]
}

// Within reports whether a home at this path is the connection's organization
// or below it: the people whom the connection may sign in.
func (s *SignIn) Within(path []OrgID) bool { return slices.Contains(path, s.Org.ID) }

// here returns those with the asserted address whom the connection may sign
// in, and somebody of the tree who had it and was deleted, or nil.
func (s *SignIn) here() (found []*Resident, gone *Resident) {
	for i := range s.SameEmail {
		r := &s.SameEmail[i]
		switch {
		case r.User.State == UserDeleted:
			if s.inTree(r.HomePath) {
				gone = r
			}
		case !s.Within(r.HomePath):
		default:
			found = append(found, r)
		}
	}
	return found, gone
}

// known signs in the user to whom the subject is linked, and brings name and
// address up to date.
func (s *SignIn) known(now time.Time) (Decision, error) {
	u := s.Linked.User
	if !s.Within(s.Linked.HomePath) && !s.Linked.Member {
		return Decision{}, &fault.Error{Kind: fault.Denied, Code: "ident_tree", Want: "a user of " + s.Org.Key, Got: "a user of another organization", Fix: fault.AdminSide}
	}
	if err := u.MaySignIn(); err != nil {
		if u.State == UserDeleted {
			return s.clash(ClashDeleted, err, []UserID{u.ID})
		}
		return Decision{}, err
	}
	// Another identity provider stands behind the connection now, or people go by
	// another attribute. The same name may be somebody else's; the address says
	// whether it is them, and none says nothing.
	if e := s.Asserted.Email; s.LinkedBy != s.Connection.Namespace() && (e.IsZero() || !e.Same(u.Email)) {
		return s.clash(ClashProvider, conflict("a subject as this connection named people before"), append([]UserID{u.ID}, s.home()...))
	}
	d := Decision{Act: ActSignIn, User: u}
	if !s.Within(s.Linked.HomePath) || s.Connection.Defaults.KeepProfile {
		return d, nil // a guest's profile belongs to their own organization
	}
	// Who has their mail resets their password, and that opens everything they
	// are: the address of who administers more is not this identity provider's.
	if e := s.Asserted.Email; !e.IsZero() && e.String() != u.Email.String() && !s.Linked.Beyond {
		if !e.Same(u.Email) {
			if clash, err := s.moves(&u, now); err != nil {
				return clash, err
			}
		}
		d.User.Email, d.Changed = e, true
	}
	d.Changed = s.updateName(&d.User) || d.Changed
	if d.Changed {
		d.User.UpdatedAt = now
	}
	return d, nil
}

// moves refuses a new address of a known user that is not the connection's to
// give, or somebody else's.
func (s *SignIn) moves(u *User, now time.Time) (Decision, error) {
	if !s.own() && !s.guest(now) {
		return s.clash(ClashDomain, s.foreign(), []UserID{u.ID})
	}
	if s.elsewhere() {
		return s.clash(ClashAddress, conflict("address of a user of another organization"), append([]UserID{u.ID}, s.home()...))
	}
	here, _ := s.here()
	if slices.ContainsFunc(here, func(r *Resident) bool { return r.User.ID != u.ID }) {
		return s.clash(ClashAddress, conflict("address of another user"), append([]UserID{u.ID}, s.home()...))
	}
	return Decision{}, nil
}

// link ties the subject to the one user with that address.
func (s *SignIn) link(r *Resident, now time.Time) (Decision, error) {
	if err := r.User.MaySignIn(); err != nil {
		return Decision{}, err
	}
	if r.OtherSubject {
		return s.clash(ClashSubject, conflict("the subject of this user has changed"), []UserID{r.User.ID})
	}
	if !s.proved() { // an address that anybody may have outside says nothing about who this is
		return s.clash(ClashDomain, s.foreign(), []UserID{r.User.ID})
	}
	d := Decision{Act: ActLink, User: r.User}
	if d.Changed = s.updateName(&d.User); d.Changed {
		d.User.UpdatedAt = now
	}
	return d, nil
}

// create makes a person just in time, with the connection's defaults and this
// role, as far as the mapping of groups says nothing else.
func (s *SignIn) create(role Role, now time.Time) Decision {
	d := s.person(now)
	var groups []string
	role, groups, d.Why = s.Connection.Defaults.Mapping.first(&s.Asserted, role, s.Connection.Defaults.Groups)
	for _, org := range s.joins() {
		d.Memberships = append(d.Memberships, Membership{Org: org, User: d.User.ID, Role: role, Groups: slices.Clone(groups), CreatedAt: now, UpdatedAt: now})
	}
	return d
}

// person makes a user of what was asserted, at home in the connection's
// organization.
func (s *SignIn) person(now time.Time) Decision {
	u := User{
		ID: NewUserID(now), Home: s.Org.ID, Username: s.Asserted.Username, Email: s.Asserted.Email,
		FirstName: s.Asserted.FirstName, LastName: s.Asserted.LastName,
		State: UserActive, CreatedAt: now, UpdatedAt: now,
	}
	if s.UsernameTaken {
		u.Username = ""
	}
	return Decision{Act: ActCreate, User: u, Changed: true}
}

// joins returns what a new person becomes a member of: the chosen
// organizations that still stand in the tree, else the one whose sign-on URL
// was used, else the connection's own.
func (s *SignIn) joins() []OrgID {
	var orgs []OrgID
	for i := range s.Defaults {
		if s.Defaults[i].Within(s.Org.ID) {
			orgs = append(orgs, s.Defaults[i].ID)
		}
	}
	switch {
	case len(s.Connection.Defaults.Organizations) > 0:
		return orgs
	case s.Asked != nil && s.Asked.Within(s.Org.ID):
		return []OrgID{s.Asked.ID}
	default:
		return []OrgID{s.Org.ID}
	}
}

// updateName takes over what the identity provider says, and reports whether
// anything changed. What it does not send stays.
func (s *SignIn) updateName(u *User) bool {
	before := *u
	if s.Asserted.FirstName != "" {
		u.FirstName = s.Asserted.FirstName
	}
	if s.Asserted.LastName != "" {
		u.LastName = s.Asserted.LastName
	}
	return u.FirstName != before.FirstName || u.LastName != before.LastName
}
