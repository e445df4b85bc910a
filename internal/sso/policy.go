package sso

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
)

// Enforcement says how far single sign-on is demanded.
type Enforcement string

// The degrees of enforcement.
const (
	SSOOff      Enforcement = "off"      // connections are not used
	SSOOptional Enforcement = "optional" // used, and a password works beside it
	SSOPilot    Enforcement = "pilot"    // the only way in for the members of some groups
	SSORequired Enforcement = "required" // the only way in, the exempt apart
)

// MFADemand says from whom a second factor is demanded.
type MFADemand string

// The degrees of demand.
const (
	MFAOff      MFADemand = "off"
	MFAOptional MFADemand = "optional"
	MFAOwners   MFADemand = "owners"
	MFARequired MFADemand = "required"
)

// Policy is what an organization demands of its sign-ins. The zero value
// demands nothing and lets SSO be used where it is set up.
type Policy struct {
	Of            OrgID          `json:"-"` // whose it is, where several are asked together
	SSO           Enforcement    `json:"sso,omitempty"`
	Pilot         []GroupID      `json:"pilot,omitempty"`      // whose members [SSOPilot] is about
	LocalUntil    time.Time      `json:"local_until,omitzero"` // when sessions of those are over who must come through a connection and did not; zero: they end by themselves
	Pause         Pause          `json:"pause,omitzero"`       // of the demand for single sign-on
	MFA           MFADemand      `json:"mfa,omitempty"`
	MFAAfterSSO   SSOFactor      `json:"mfa_after_sso,omitempty"`
	Exempt        []string       `json:"exempt,omitempty"`         // normalised addresses that may use a password though SSO is required
	IPAllow       []netip.Prefix `json:"ip_allow,omitempty"`       // empty: from anywhere
	InactiveAfter Duration       `json:"inactive_after,omitempty"` // 0: never
	SessionIdle   Duration       `json:"session_idle,omitempty"`   // 0: [SessionIdle]
	SessionLife   Duration       `json:"session_life,omitempty"`   // 0: [SessionLife]
	Managed       bool           `json:"managed,omitempty"`        // the identity provider says who there is; see [Policy.ManagesPeople]
}

// Duration is a length of time that is stored in seconds.
type Duration int64

// DurationOf returns d in whole seconds.
func DurationOf(d time.Duration) Duration { return Duration(d / time.Second) }

// Std returns d as a [time.Duration].
func (d Duration) Std() time.Duration { return time.Duration(d) * time.Second }

// Method says how a person proves who they are.
type Method string

// The methods.
const (
	ByPassword Method = "password"
	ByPasskey  Method = "passkey" // alone, in place of a password
	BySSO      Method = "sso"
	// ByBreakGlass is the way in of an owner where the identity provider fails:
	// a code that was put aside for that.
	ByBreakGlass Method = "break_glass"
	// ByTest is no way in: it marks the traces of tests.
	ByTest Method = "test"
	// ByLogout is no way in: it marks the traces of single logout.
	ByLogout Method = "logout"
)

// SSOOn reports whether connections are used at all.
func (p Policy) SSOOn() bool { return p.SSO != SSOOff }

// Entry is a sign-in at the door.
type Entry struct {
	Method  Method
	Email   Email      // of the person, where known
	Groups  []GroupID  // that the person is in, in any organization; nil while it is not known who they are
	Address netip.Addr // of the browser
	At      time.Time  // zero: no pause counts
	// Glass is the organization whose break-glass code it is, with [ByBreakGlass].
	// It opens what that organization has closed, and nothing above it.
	Glass OrgID
	// Outside says that the person is an owner whose address is of no domain
	// that the organization has proved: the identity provider cannot be the
	// only way in for them.
	Outside bool
}

// DemandsSSO reports whether this entry must come through a connection. In a
// pilot that is known once it is known who somebody is.
func (p Policy) DemandsSSO(e Entry) bool {
	switch {
	case e.Method == BySSO, e.Method == ByBreakGlass && p.Of != "" && p.Of == e.Glass:
		return false
	case e.Outside, p.exempts(e), p.Pause.Running(e.At):
		return false
	default:
		return p.demands(e.Groups)
	}
}

// demands reports whether single sign-on is demanded of members of these groups.
func (p Policy) demands(groups []GroupID) bool {
	return p.SSO == SSORequired || p.SSO == SSOPilot && slices.ContainsFunc(groups, func(g GroupID) bool { return slices.Contains(p.Pilot, g) })
}

// Demanding reports whether single sign-on is demanded of anybody.
func (p Policy) Demanding() bool { return p.SSO == SSORequired || p.SSO == SSOPilot }

func (p Policy) exempts(e Entry) bool { return slices.Contains(p.Exempt, e.Email.Key()) }

// Admit decides whether this policy lets an entry in, whoever it is.
func (p Policy) Admit(e Entry) error {
	if err := p.AdmitFrom(e.Address); err != nil {
		return err
	}
	if p.DemandsSSO(e) {
		return &fault.Error{Kind: fault.Denied, Code: "policy_sso_required", Fix: fault.PersonSide}
	}
	return nil
}

// AdmitFrom decides whether this policy lets anybody in from an address, at the
// door and for as long as they are in.
func (p Policy) AdmitFrom(a netip.Addr) error {
	if !p.admitsAddress(a) {
		return &fault.Error{Kind: fault.Denied, Code: "policy_address", Got: a.String(), Fix: fault.AdminSide}
	}
	return nil
}

// AdmitAs decides what can be decided only once it is known who the person is,
// and when they last came.
func (p Policy) AdmitAs(role Role, last, now time.Time) error {
	// An owner may be the last one, whom nobody could let in again. All others
	// are suspended by and by where they do not come.
	if p.InactiveAfter > 0 && role != RoleOwner && now.Sub(last) > p.InactiveAfter.Std() {
		return &fault.Error{Kind: fault.Denied, Code: "user_inactive", Fix: fault.AdminSide}
	}
	return nil
}

// Rules are the policies that hold for one sign-in together: what any of them
// refuses is refused. An organization cannot loosen what one above it demands.
type Rules []Policy

// RulesOf returns the policies of these lines of organizations, each from a
// root downwards.
func RulesOf(lines ...[]Organization) Rules {
	var rules Rules
	seen := map[OrgID]bool{}
	for _, line := range lines {
		for i := range line {
			if !seen[line[i].ID] {
				seen[line[i].ID] = true
				policy := line[i].Policy
				policy.Of = line[i].ID
				rules = append(rules, policy)
			}
		}
	}
	return rules
}

// Admit is [Policy.Admit] of all of them.
func (r Rules) Admit(e Entry) error {
	for i := range r {
		if err := r[i].Admit(e); err != nil {
			return err
		}
	}
	return nil
}

// AdmitAs is [Policy.AdmitAs] of all of them.
func (r Rules) AdmitAs(role Role, last, now time.Time) error {
	for i := range r {
		if err := r[i].AdmitAs(role, last, now); err != nil {
			return err
		}
	}
	return nil
}

// SessionLives returns how long a session lives unused and at all: the
// shortest that any of them says, or the common lives where none says anything.
func (r Rules) SessionLives() (idle, life time.Duration) {
	return r.lives(SessionIdle, SessionLife)
}

// OfflineLives is [Rules.SessionLives] of what an app holds by a refresh token.
// Whom an identity provider vouched for is asked there again as often as in a
// browser: nobody else can say that they have left.
func (r Rules) OfflineLives(came Method) (idle, life time.Duration) {
	if came == BySSO {
		return r.lives(OfflineIdle, SessionLife)
	}
	return r.lives(OfflineIdle, OfflineLife)
}

// lives returns the shortest lives that any of them says, or these.
func (r Rules) lives(commonIdle, commonLife time.Duration) (idle, life time.Duration) {
	for i := range r {
		idle, life = shorter(idle, r[i].SessionIdle.Std()), shorter(life, r[i].SessionLife.Std())
	}
	return cmp.Or(idle, commonIdle), cmp.Or(life, commonLife)
}

// shorter returns the shorter of two lengths of time, of which 0 is none.
func shorter(a, b time.Duration) time.Duration {
	if a <= 0 || b > 0 && b < a {
		return max(b, 0)
	}
	return a
}

// AdmitAgain is [Rules.Admit] for somebody who is in already and is not there to
// say from where: it asks by what they came.
func (r Rules) AdmitAgain(e Entry) error {
	if r.DemandsSSO(e) {
		return &fault.Error{Kind: fault.Denied, Code: "policy_sso_required", Fix: fault.PersonSide}
	}
	return nil
}

// DemandsSSO reports whether any of them demands a connection.
func (r Rules) DemandsSSO(e Entry) bool {
	return slices.ContainsFunc(r, func(p Policy) bool { return p.DemandsSSO(e) })
}

// Exempt reports whether any of them names an address as exempt.
func (r Rules) Exempt(e Email) bool {
	return slices.ContainsFunc(r, func(p Policy) bool { return p.exempts(Entry{Email: e}) })
}

// Pilots reports whether any of them asks who is in which group.
func (r Rules) Pilots() bool {
	return slices.ContainsFunc(r, func(p Policy) bool { return p.SSO == SSOPilot })
}

// LocksOut reports whether nobody gets in from this address.
func (p Policy) LocksOut(a netip.Addr) bool { return !p.admitsAddress(a) }

// ParseNetwork reads a network, or an address for itself alone. IPv4 written
// as IPv6 is one and the same.
func ParseNetwork(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	n, err := netip.ParsePrefix(s)
	if err != nil || n.Addr().Is4In6() {
		return netip.Prefix{}, &fault.Error{Kind: fault.Invalid, Code: "network_form", Want: "a network such as 192.0.2.0/24 or 2001:db8::/32", Got: clip(s), Fix: fault.PersonSide}
	}
	return n.Masked(), nil
}

func (p Policy) admitsAddress(a netip.Addr) bool {
	if len(p.IPAllow) == 0 {
		return true
	}
	a = a.Unmap().WithZone("")
	return slices.ContainsFunc(p.IPAllow, func(n netip.Prefix) bool { return n.Contains(a) })
}
