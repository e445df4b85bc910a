package sso

import (
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
)

// ClashKind says why it is for an administrator to decide who somebody is.
type ClashKind string

// The kinds.
const (
	ClashSubject    ClashKind = "subject"    // the one user with the address came under another subject before
	ClashCandidates ClashKind = "candidates" // several users could be meant
	ClashAddress    ClashKind = "address"    // a known subject comes with the address of another user
	ClashProvider   ClashKind = "provider"   // a known subject, and another identity provider behind the connection
	ClashDomain     ClashKind = "domain"     // the address is outside the proved domains
	ClashDeleted    ClashKind = "deleted"    // who it was is deleted
)

// Clash is a refused sign-in that an administrator can decide about.
type Clash struct {
	Kind       ClashKind
	Candidates []UserID // who could be meant, each once
}

// clash refuses, and says between whom it is to be decided.
func (s *SignIn) clash(kind ClashKind, err error, candidates []UserID) (Decision, error) {
	c := Clash{Kind: kind}
	for _, id := range candidates {
		if !slices.Contains(c.Candidates, id) {
			c.Candidates = append(c.Candidates, id)
		}
	}
	return Decision{Clash: &c}, err
}

func (s *SignIn) several(got string) (Decision, error) {
	return s.clash(ClashCandidates, conflict(got), s.home())
}

func conflict(got string) error {
	return &fault.Error{Kind: fault.Conflict, Code: "ident_conflict", Want: "exactly one user", Got: got, Fix: fault.AdminSide}
}

// home returns who of the tree has the asserted address. Nobody of another tree
// is ever named.
func (s *SignIn) home() []UserID {
	var found []UserID
	for i := range s.SameEmail {
		if r := &s.SameEmail[i]; r.User.State != UserDeleted && s.inTree(r.HomePath) {
			found = append(found, r.User.ID)
		}
	}
	return found
}

// ConflictState says what has become of a conflict.
type ConflictState string

// The states.
const (
	ConflictOpen    ConflictState = "open"
	ConflictRefused ConflictState = "refused" // the answer stays no; it can still be decided otherwise
	ConflictAllowed ConflictState = "allowed" // to come back as a new user, with the next sign-in
	ConflictSolved  ConflictState = "solved"
)

// Conflict is a clash in the inbox of the administrators. Of one subject at
// one connection there is at most one of a kind that is not solved.
type Conflict struct {
	ID         ConflictID
	Org        OrgID // of the connection
	Connection ConnectionID
	Subject    string
	Clash
	Asserted  Asserted // at the last try
	Reference string   // of its trace
	Count     int      // of tries
	State     ConflictState
	CreatedAt time.Time
	SeenAt    time.Time // of the last try
	DecidedAt time.Time // zero: not yet
	DecidedBy string    // as [Event.Actor]
	Decision  Remedy    // "": none yet
}

// Remedy is what an administrator does about a conflict.
type Remedy string

// The remedies.
const (
	RemedyRelink Remedy = "relink" // the subject stands for one of the candidates from now on
	RemedyMerge  Remedy = "merge"  // two candidates are one person: one account goes up in the other
	RemedyInvite Remedy = "invite" // the address is invited as a guest
	RemedyAllow  Remedy = "allow"  // who was deleted may come back as a new user
	RemedyRefuse Remedy = "refuse" // the answer stays no
)

// Remedies lists the remedies.
func Remedies() []Remedy {
	return []Remedy{RemedyRelink, RemedyMerge, RemedyInvite, RemedyAllow, RemedyRefuse}
}

// Remedies returns what can be done about the conflict as it is.
func (c *Conflict) Remedies() []Remedy {
	if c.State != ConflictOpen && c.State != ConflictRefused {
		return nil
	}
	var all []Remedy
	if len(c.Candidates) > 0 && c.Kind != ClashDeleted {
		all = append(all, RemedyRelink)
	}
	if len(c.Candidates) > 1 {
		all = append(all, RemedyMerge)
	}
	switch c.Kind {
	case ClashDomain:
		all = append(all, RemedyInvite)
	case ClashDeleted:
		all = append(all, RemedyAllow)
	}
	if c.State == ConflictOpen {
		all = append(all, RemedyRefuse)
	}
	return all
}

// Decide refuses a remedy that is none for this conflict, or comes too late,
// and else takes it: the conflict is to be stored as it is then.
func (c *Conflict) Decide(do Remedy, by string, now time.Time) error {
	if !slices.Contains(c.Remedies(), do) {
		return &fault.Error{Kind: fault.Conflict, Code: "conflict_remedy", Want: "a remedy for a conflict that is open", Got: string(do), Fix: fault.PersonSide}
	}
	c.State, c.Decision, c.DecidedBy, c.DecidedAt = ConflictSolved, do, by, now
	switch do {
	case RemedyRefuse:
		c.State = ConflictRefused
	case RemedyAllow:
		c.State = ConflictAllowed
	}
	return nil
}

// Names reports whether a user is one of those between whom it is decided.
func (c *Conflict) Names(user UserID) bool { return slices.Contains(c.Candidates, user) }

// Relink refuses to have a subject of a connection of an organization stand for
// somebody whom that connection may not sign in, or whom whoever decides may not
// give a key to.
func (r Rights) Relink(org *Organization, s *Standing) error {
	if !slices.Contains(s.HomePath, org.ID) {
		return &fault.Error{Kind: fault.Denied, Code: "ident_tree", Want: "a user of " + org.Key, Got: "a user of another organization", Fix: fault.AdminSide}
	}
	if err := r.Recover(s); err != nil {
		return err
	}
	return s.User.MaySignIn()
}

// Merge refuses to let one account go up in another: of both, all that they are
// must be within reach, no owner may be lost, and nobody goes up in themselves.
func (r Rights) Merge(org *Organization, into, from *Standing) error {
	if err := r.Relink(org, into); err != nil {
		return err
	}
	if !slices.Contains(from.HomePath, org.ID) {
		return &fault.Error{Kind: fault.Denied, Code: "ident_tree", Want: "a user of " + org.Key, Got: "a user of another organization", Fix: fault.AdminSide}
	}
	if into.User.ID == from.User.ID || r.by.User.ID == from.User.ID {
		return &fault.Error{Kind: fault.Conflict, Code: "rights_self", Fix: fault.AdminSide}
	}
	if err := r.Recover(from); err != nil {
		return err
	}
	for i := range from.Positions {
		p := &from.Positions[i]
		if !r.by.reaches(p.Path) {
			return &fault.Error{Kind: fault.Denied, Code: "conflict_guest", Want: "an account that is a member of no other customer's organization", Got: "one that is", Fix: fault.AdminSide}
		}
		stays := slices.ContainsFunc(into.Positions, func(q Position) bool { return q.Org == p.Org && q.Role != RoleOwner })
		if stays && p.dispensable() != nil {
			return p.dispensable()
		}
	}
	return nil
}

// Merged returns the memberships that the account which stays has from the one
// that goes up in it: where it is no member itself, as they are; else the
// groups besides its own, and its own role.
func Merged(into, from *Standing, now time.Time) []Membership {
	var all []Membership
	for i := range from.Positions {
		m := from.Positions[i].Membership
		m.User, m.UpdatedAt = into.User.ID, now
		for j := range into.Positions {
			if have := &into.Positions[j]; have.Org == m.Org {
				m.Role, m.CreatedAt = have.Role, have.CreatedAt
				m.Groups = union(have.Groups, m.Groups)
			}
		}
		all = append(all, m)
	}
	return all
}

func union(a, b []string) []string {
	all := slices.Clone(a)
	for _, s := range b {
		if !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}
