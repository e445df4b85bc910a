package sso

import (
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/sallyport/sallyport/internal/fault"
)

// UserState says whether a person may sign in.
type UserState string

// The states of a user. A deleted user is kept as a mark, so that the next
// sign-in does not quietly create the person anew.
const (
	UserActive    UserState = "active"
	UserSuspended UserState = "suspended"
	UserDeleted   UserState = "deleted"
)

// User is a person, at home in one organization.
type User struct {
	ID           UserID
	Home         OrgID
	Username     string // unique in the home organization; may be empty
	Email        Email  // may be zero
	FirstName    string
	LastName     string
	State        UserState
	PasswordHash string // PHC string; empty: has no password
	CreatedAt    time.Time
	UpdatedAt    time.Time
	LastSignInAt time.Time // zero: never
	Language     string    // tag of the language chosen; "": the browser's
	// CredentialsAt is when the person first had a password or factor of
	// their own; zero: never. Who never had any cannot reset them.
	CredentialsAt time.Time
	Version       int64
}

// SetPassword gives the user this password hash, or none where it is empty.
func (u *User) SetPassword(hash string, now time.Time) {
	u.PasswordHash = hash
	if hash != "" && u.CredentialsAt.IsZero() {
		u.CredentialsAt = now
	}
}

// Name returns what to call the person: the full name, else the username,
// else the address.
func (u *User) Name() string {
	switch name := strings.TrimSpace(u.FirstName + " " + u.LastName); {
	case name != "":
		return name
	case u.Username != "":
		return u.Username
	default:
		return u.Email.String()
	}
}

// LastActive returns the last instant at which the person signed in, or at
// which somebody took care of their account: who is let in again after a long
// time has to be given the time to come.
func (u *User) LastActive() time.Time {
	last := u.CreatedAt
	for _, t := range []time.Time{u.LastSignInAt, u.UpdatedAt} {
		if t.After(last) {
			last = t
		}
	}
	return last
}

// MaySignIn refuses a user who is not active.
func (u *User) MaySignIn() error {
	switch u.State {
	case UserActive:
		return nil
	case UserDeleted:
		return &fault.Error{Kind: fault.Denied, Code: "user_deleted", Fix: fault.AdminSide}
	default:
		return &fault.Error{Kind: fault.Denied, Code: "user_suspended", Fix: fault.AdminSide}
	}
}

// Lengths of what is kept about a person, in characters.
const (
	MaxName     = 200
	MaxUsername = 200
)

// CleanName makes a name from outside fit to be stored and shown: white space
// folded, control and direction characters dropped, NFC, at most [MaxName]
// characters; nothing where none of it can be seen.
func CleanName(s string) string { return cleanText(s, MaxName) }

func cleanText(s string, limit int) string {
	var b strings.Builder
	n, space := 0, false
	for _, r := range norm.NFC.String(strings.ToValidUTF8(s, "")) {
		switch {
		case unicode.IsSpace(r):
			space = n > 0
			continue
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\uFEFF':
			continue
		}
		if n >= limit {
			break
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
		n++
	}
	if !strings.ContainsFunc(b.String(), visible) {
		return ""
	}
	return b.String()
}

// visible reports whether a character leaves anything to see and to click on. Those
// that do not are kept among others: emoji and Persian are joined by them.
func visible(r rune) bool {
	const blank = '\u2800' // of braille
	return r != blank && !unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) && !unicode.IsSpace(r)
}

// ParseUsername judges a username: printable, no white space and no "@", so
// that it is never taken for an address. It compares without case.
func ParseUsername(s string) (string, error) {
	s = norm.NFC.String(strings.TrimSpace(s))
	bad := s == "" || len([]rune(s)) > MaxUsername || strings.ContainsFunc(s, func(r rune) bool {
		return r == '@' || unicode.IsSpace(r) || !unicode.IsPrint(r)
	})
	if bad {
		return "", &fault.Error{Kind: fault.Invalid, Code: "username_form", Want: "printable characters without white space and @, at most 200", Got: clip(s), Fix: fault.PersonSide}
	}
	return s, nil
}

// UsernameKey returns the form in which usernames are compared.
func UsernameKey(s string) string { return strings.ToLower(s) }

// Role is what a member may do in an organization.
type Role string

// The built-in roles.
const (
	RoleOwner      Role = "owner"      // everything, SSO too
	RoleAdmin      Role = "admin"      // people
	RoleMember     Role = "member"     // uses the apps
	RoleRestricted Role = "restricted" // may sign in, may do nothing
)

// Roles lists the built-in roles, the mightiest first.
func Roles() []Role { return []Role{RoleOwner, RoleAdmin, RoleMember, RoleRestricted} }

// ParseRole returns the role of that exact name.
func ParseRole(s string) (Role, error) {
	for _, r := range Roles() {
		if string(r) == s {
			return r, nil
		}
	}
	return "", &fault.Error{Kind: fault.Invalid, Code: "role_unknown", Want: "owner, admin, member or restricted", Got: clip(s), Fix: fault.OperatorSide}
}

// Membership is a user in an organization.
type Membership struct {
	Org       OrgID
	User      UserID
	Role      Role
	Groups    []string
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Link ties a subject at a connection to a user. It is the identity key of an
// SSO user; an address is only an attribute.
type Link struct {
	Connection ConnectionID
	Org        OrgID  // of the connection
	Subject    string // identity key of the subject, at most [MaxSubject] octets
	User       UserID
	Issuer     string // the [Connection.Namespace] in which the subject was seen last
	CreatedAt  time.Time
	SeenAt     time.Time
	// Groups are those that the identity provider sent last; nil: unknown.
	Groups []string
}

// MaxSubject is the length of the longest subject, in octets.
const MaxSubject = 2048
