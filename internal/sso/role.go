package sso

import (
	"time"

	"github.com/sallyport/sallyport/internal/fault"
)

// RoleDefinition is a role beside the built-in ones. To us whoever has it is a
// [RoleMember]; what it means is for the apps to know.
type RoleDefinition struct {
	Key         Role
	Name        string
	Description string
	CreatedAt   time.Time
	UpdatedAt   time.Time
	Version     int64 // counts saves; a save of an older version is refused
}

// MaxRoles bounds how many roles operators may define.
const MaxRoles = 100

// BuiltIn reports whether r is one of the roles that always exist.
func (r Role) BuiltIn() bool {
	switch r {
	case RoleOwner, RoleAdmin, RoleMember, RoleRestricted:
		return true
	}
	return false
}

// Rise is what becomes of somebody's sessions when their role changes.
type Rise uint8

// What becomes of sessions. The zero value leaves them as they are: whatever a
// session does is judged by the role of the moment.
const (
	Unmoved   Rise = iota
	Renewed        // they go on, each under another token
	SignedOut      // they end: the person comes in anew
)

// Rise returns what becomes of the sessions of a member whose role changes.
//
// A token that somebody else has got hold of must not grow with its owner. To
// replace it is enough against who kept it for later; against who uses it at
// the same time only a new sign-in is, since a new token goes to whoever asks
// first. So whoever may open a console from now on comes in anew.
func (o *Organization) Rise(from, to Role) Rise {
	switch {
	case from == to || from.Above(to):
		return Unmoved
	case to == RoleOwner || to == RoleAdmin || o.OfOperators():
		return SignedOut
	default:
		return Renewed
	}
}

// Above reports whether a role may do more in the consoles than another one.
func (r Role) Above(other Role) bool { return r.rank() > other.rank() }

func (r Role) rank() int {
	switch r {
	case RoleOwner:
		return 3
	case RoleAdmin:
		return 2
	case RoleRestricted:
		return 0
	default: // one that the operators have defined is a member's
		return 1
	}
}

// ParseRoleKey judges the key of a role that is to be defined: formed like any
// key, and not that of a built-in one.
func ParseRoleKey(s string) (Role, error) {
	key, err := ParseKey(s)
	if err != nil {
		return "", err
	}
	if Role(key).BuiltIn() {
		return "", &fault.Error{Kind: fault.Conflict, Code: "role_built_in", Got: key, Fix: fault.OperatorSide}
	}
	return Role(key), nil
}
