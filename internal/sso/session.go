package sso

import (
	"encoding/hex"
	"net/netip"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
)

// Lives of a session.
const (
	SessionIdle = 8 * time.Hour      // since it was last used
	SessionLife = 7 * 24 * time.Hour // since the sign-in
)

// Lives of what an app holds by a refresh token, while no browser is there.
const (
	OfflineIdle = 30 * 24 * time.Hour  // since it was last used
	OfflineLife = 180 * 24 * time.Hour // since the sign-in, where that was local
)

// MaxOffline bounds how many of a person's sessions one app holds; of more, those
// that were not used for longest end.
const MaxOffline = 20

// SessionTouchEvery is how stale SeenAt may get before it is written again;
// it spares a write on most requests.
const SessionTouchEvery = 5 * time.Minute

// Session is a browser that is signed in.
type Session struct {
	ID         SessionID // stands in id tokens as sid
	User       UserID
	Org        OrgID        // whose member the person is signed in as
	Connection ConnectionID // "" after a local sign-in
	AMR        []string     // authentication methods [RFC 8176]
	AuthTime   time.Time    // when the person last proved who they are
	CreatedAt  time.Time
	SeenAt     time.Time
	ExpiresAt  time.Time // absolute
	EndedAt    time.Time // zero while it lives
	Idle       Duration  // how long it lives unused; 0: [SessionIdle]
	UserAgent  string
	Address    string
	// Actor is the operator or support agent who acts as the user, "" in a
	// session of the user's own; ActorSession is the one they came from.
	Actor        UserID
	ActorSession SessionID
	Reason       string // why they act, in their words
	SAML         SAMLSession
	// App holds the session by a refresh token, "" where a browser does.
	App AppID
}

// SAMLSession is what an identity provider calls a session that came from it,
// so that it can end it, and be told of its end. The zero value is that of a
// session which came from none.
type SAMLSession struct {
	// Subject stands for the NameID with all that tells it from another one,
	// within the connection; see [SAMLSubject].
	Subject         string    `json:"subject,omitempty"`
	NameID          string    `json:"name_id,omitempty"` // as it was sent, to be sent back
	Format          string    `json:"format,omitempty"`
	NameQualifier   string    `json:"name_qualifier,omitempty"`
	SPNameQualifier string    `json:"sp_name_qualifier,omitempty"`
	SessionIndex    string    `json:"session_index,omitempty"` // "": it names none
	IssuedAt        time.Time `json:"issued_at,omitzero"`      // when the assertion was made, by the identity provider's clock
}

// SAMLSubject returns the form in which the subject of an assertion or of a
// logout is looked up: of one length, whatever the identity provider sends.
func SAMLSubject(key string) string {
	sum := secret.HashOf([]byte(key))
	return hex.EncodeToString(sum[:])
}

// SAMLLogout is an identity provider's word that a session of a subject is
// over, which counts for what is still on its way as well [SAMLCore 3.7.3.1].
type SAMLLogout struct {
	Connection   ConnectionID
	Subject      string // as in [SAMLSession]
	SessionIndex string // "": all sessions of the subject
	IssuedAt     time.Time
	ExpiresAt    time.Time // after which nothing can be on its way any more
}

// Live refuses a session that has ended, been idle too long or grown too old.
func (s *Session) Live(now time.Time) error {
	if !s.EndedAt.IsZero() || !now.Before(s.ExpiresAt) || now.Sub(s.SeenAt) >= s.idle() {
		return &fault.Error{Kind: fault.Unauthenticated, Code: "session_over", Fix: fault.PersonSide}
	}
	return nil
}

func (s *Session) idle() time.Duration {
	if s.Idle > 0 {
		return s.Idle.Std()
	}
	return SessionIdle
}

// Fresh reports whether the person proved themselves so lately that nothing
// more is asked of them before an act that matters.
func (s *Session) Fresh(now time.Time) bool { return now.Sub(s.AuthTime) < FreshFor }

// Proved refuses a session that is not fresh.
func (s *Session) Proved(now time.Time) error {
	if s.Fresh(now) {
		return nil
	}
	return &fault.Error{Kind: fault.Denied, Code: "session_stale", Want: "a proof of the last ten minutes", Fix: fault.PersonSide}
}

// ActedAs reports whether somebody of the vendor's acts as the user.
func (s *Session) ActedAs() bool { return s.Actor != "" }

// Offline returns the session that an app holds from now on, by a refresh token,
// after a sign-in that became s. It says how and when that was, and ends by
// itself: the identity provider's logout is about the browser's [OIDCCore 11].
func (s *Session) Offline(app AppID, rules Rules, now time.Time) Session {
	idle, life := rules.OfflineLives(s.Came(Entry{}).Method)
	return Session{
		ID: NewSessionID(now), User: s.User, Org: s.Org, Connection: s.Connection, AMR: s.AMR, AuthTime: s.AuthTime,
		CreatedAt: now, SeenAt: now, ExpiresAt: s.AuthTime.Add(life), Idle: DurationOf(idle),
		UserAgent: s.UserAgent, Address: s.Address, App: app,
	}
}

// Came has an entry be one by the way in which the session began.
func (s *Session) Came(e Entry) Entry {
	switch {
	case s.BreakGlass():
		e.Method, e.Glass = ByBreakGlass, s.Org
	case s.Connection != "":
		e.Method = BySSO
	default:
		e.Method = ByPassword
	}
	return e
}

// Own refuses whoever acts as the user what only the user may do, since it
// would outlast the acting: whoever looked in for an hour must not have made
// themselves a way back by the end of it.
func (s *Session) Own() error {
	if s.ActedAs() {
		return &fault.Error{Kind: fault.Denied, Code: "acting_lasting", Want: "the person themselves", Got: "somebody who acts as them", Fix: fault.OperatorSide}
	}
	return nil
}

// Person is who a live session stands for, read together and judged together:
// state is checked when it is used, not only when the session began.
type Person struct {
	// Program is the program that acts, in the place of a person; nil for people.
	// Session and User are then made up for it.
	Program    *Program
	Session    Session
	User       User
	Org        Organization
	Membership Membership
	// Suspended says that the organization, or one above it, is suspended.
	Suspended bool
	// Networks are the policies of the organization and of those above it that
	// say from where people may come, or that end sessions; [Person.From] and
	// [Person.Valid] ask them.
	Networks Rules
	// Proved and Groups are what [Person.Valid] has to know where a policy ends
	// sessions, and are not read elsewhere: whether the domain of the address is
	// proved in the tree, and the groups of the person in any organization.
	Proved bool
	Groups []GroupID
	// Former is the role for which the token was given, where the person has
	// another one by now and the token waits to be replaced; else "".
	Former Role
	// Retired says that the token was replaced a moment ago, and is good for
	// what was under way with it.
	Retired bool
}

// RetiredFor is how long a token goes on that was replaced because its person
// may do more: a browser has other requests under way, which bring it still.
const RetiredFor = 30 * time.Second

// Settle has the person be no more than their token is good for. What they are
// by now, they are by the token that replaces it.
func (p *Person) Settle() {
	if p.Former != "" && !p.Former.Above(p.Membership.Role) {
		p.Membership.Role = p.Former
	}
}

// Waits reports whether the token is to be replaced.
func (p *Person) Waits() bool { return p.Former != "" && !p.Retired }

// Valid refuses the person of a session that may not be used any more.
func (p *Person) Valid(now time.Time) error {
	if err := p.Session.Live(now); err != nil {
		return err
	}
	if err := p.Admissible(); err != nil {
		return err
	}
	if p.overtaken(now) {
		return &fault.Error{Kind: fault.Unauthenticated, Code: "session_sso_required", Want: "a session through single sign-on", Fix: fault.PersonSide}
	}
	return nil
}

// Local reports whether the session came about without an identity provider,
// and is its person's own: whoever acts as them was asked as who they are.
func (s *Session) Local() bool { return s.Connection == "" && !s.ActedAs() }

// AMRBreakGlass marks a session that was begun by a break-glass code, among its
// authentication methods.
const AMRBreakGlass = "break_glass"

// BreakGlass reports whether the session was begun by a break-glass code.
func (s *Session) BreakGlass() bool { return slices.Contains(s.AMR, AMRBreakGlass) }

// Ends reports whether a policy may end the session of the person, so that
// [Person.Proved] and [Person.Groups] have to be known.
func (p *Person) Ends() bool {
	return p.Session.Local() && slices.ContainsFunc(p.Networks, func(q Policy) bool { return !q.LocalUntil.IsZero() && q.Demanding() })
}

// overtaken reports whether single sign-on has been made the only way in since
// the session began another way, and sessions were to end with that.
func (p *Person) overtaken(now time.Time) bool {
	if !p.Ends() {
		return false
	}
	e := p.Session.Came(Entry{Email: p.User.Email, Groups: p.Groups, At: now, Outside: p.Membership.Role == RoleOwner && !p.Proved})
	return slices.ContainsFunc(p.Networks, func(q Policy) bool {
		return !q.LocalUntil.IsZero() && !now.Before(q.LocalUntil) && q.DemandsSSO(e)
	})
}

// Admissible refuses a person who may not be signed in at all, whatever the
// session.
func (p *Person) Admissible() error {
	if err := p.User.MaySignIn(); err != nil {
		return err
	}
	if p.Suspended {
		return &fault.Error{Kind: fault.Denied, Code: "organization_suspended", Got: p.Org.Key, Fix: fault.OperatorSide}
	}
	return nil
}

// From refuses a person who comes from an address from which the organization,
// or one above it, lets nobody in. Whoever acts as the person sits elsewhere:
// they are asked about as who they are.
func (p *Person) From(a netip.Addr) error {
	if p.Session.ActedAs() {
		return nil
	}
	for i := range p.Networks {
		if err := p.Networks[i].AdmitFrom(a); err != nil {
			return err
		}
	}
	return nil
}

// Operator reports whether the person may change the deployment: an owner or
// administrator of the operators' organization, signed in there.
func (p *Person) Operator() bool {
	return p.Org.OfOperators() && (p.Membership.Role == RoleOwner || p.Membership.Role == RoleAdmin)
}

// Support reports whether the person may look into the deployment and help:
// any member of the operators' organization, signed in there, who is not
// restricted.
func (p *Person) Support() bool {
	return p.Operator() || p.Org.OfOperators() && p.Membership.Role == RoleMember
}

// Administers reports whether the person may open the console of the
// organization they are signed in to.
func (p *Person) Administers() bool {
	return p.Membership.Role == RoleOwner || p.Membership.Role == RoleAdmin
}

// By is somebody who does something in a console: who they are there, and from
// where.
type By struct {
	Person
	Address   string // of the browser
	UserAgent string // what that says of itself
}

// Event returns the line of the audit list for what they did. Whoever acts as a
// user is named, and the user beside them.
func (by *By) Event(now time.Time, action, target string, detail map[string]string) Event {
	e := Event{Org: by.Org.ID, At: now, Actor: string(by.User.ID), Address: by.Address, UserAgent: ClipUserAgent(by.UserAgent), Action: action, Target: target, Detail: detail}
	if by.Session.ActedAs() {
		e.Actor, e.OnBehalf = string(by.Session.Actor), by.User.ID
	}
	return e
}
