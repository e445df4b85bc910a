package sso

import (
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
)

// MaxTreeDepth bounds how deep organizations may nest.
const MaxTreeDepth = 8

// OrgState says whether an organization's people may sign in.
type OrgState string

// The states of an organization.
const (
	OrgActive    OrgState = "active"
	OrgSuspended OrgState = "suspended"
)

// Entitlement names a feature that the operator has switched on for an
// organization.
type Entitlement string

// The entitlements known so far.
const (
	EntitledSSO  Entitlement = "sso"
	EntitledSCIM Entitlement = "scim"
)

// Entitlements lists the entitlements that exist.
func Entitlements() []Entitlement { return []Entitlement{EntitledSSO, EntitledSCIM} }

// EntitlementGrant says under which plan of the vendor's an entitlement was
// granted, by whom and when.
type EntitlementGrant struct {
	Entitlement Entitlement
	Plan        string // what the vendor calls it; may be empty
	By          string // as [Event.Actor]
	At          time.Time
}

// Organization is a customer. Organizations form a tree.
type Organization struct {
	ID           OrgID
	Key          string // unique in the deployment; stands in URLs
	Name         string
	Path         []OrgID // from the root of the tree to the organization itself
	State        OrgState
	Entitlements []Entitlement
	Policy       Policy
	Brand        Brand
	CreatedAt    time.Time
	UpdatedAt    time.Time
	Version      int64 // counts saves; a save of an older version is refused
}

// OperatorsKey is the key of the one organization at which the operators of
// the deployment and their support agents are at home. It is made with the
// first of them, and has members, factors, sessions and a policy like any other.
const OperatorsKey = "operators"

// OfOperators reports whether o is the organization of the operators.
func (o *Organization) OfOperators() bool { return o.Key == OperatorsKey }

// Host refuses somebody at home elsewhere as a member of the operators'
// organization: who administers their home could reset them, and act as anybody
// of the deployment.
func (o *Organization) Host(u *User) error {
	if o.OfOperators() && u.Home != o.ID {
		return &fault.Error{Kind: fault.Conflict, Code: "operator_elsewhere", Want: "an address that no customer's user has", Got: u.Email.String(), Fix: fault.OperatorSide}
	}
	return nil
}

// Parent returns the organization above o, or "".
func (o *Organization) Parent() OrgID {
	if len(o.Path) < 2 {
		return ""
	}
	return o.Path[len(o.Path)-2]
}

// Within reports whether o is ancestor itself or stands below it.
func (o *Organization) Within(ancestor OrgID) bool {
	return slices.Contains(o.Path, ancestor)
}

// Entitled reports whether the operator has granted e to o itself.
// What an ancestor holds counts where the flow asks about the ancestor.
func (o *Organization) Entitled(e Entitlement) bool {
	return slices.Contains(o.Entitlements, e)
}

// Place puts o below parent, or at the top for nil.
func (o *Organization) Place(parent *Organization) error {
	if parent == nil {
		o.Path = []OrgID{o.ID}
		return nil
	}
	if parent.Within(o.ID) {
		return &fault.Error{Kind: fault.Conflict, Code: "organization_cycle", Got: parent.Key, Fix: fault.OperatorSide}
	}
	if len(parent.Path) >= MaxTreeDepth {
		return &fault.Error{Kind: fault.Conflict, Code: "organization_depth", Want: "at most 8 levels", Got: parent.Key, Fix: fault.OperatorSide}
	}
	o.Path = append(slices.Clone(parent.Path), o.ID)
	return nil
}
