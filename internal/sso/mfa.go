package sso

import "slices"

// SSOFactor says what a sign-in through an identity provider means for the
// second factor.
type SSOFactor string

// What it means.
const (
	SSOFactorTrust SSOFactor = "trust" // it is the identity provider's business; also ""
	SSOFactorAsk   SSOFactor = "ask"   // ours is asked for, unless the identity provider says that it has asked for one
)

// strictness orders the degrees: of several, the strictest holds. To say
// nothing is looser than to say off.
func (d MFADemand) strictness() int {
	return slices.Index([]MFADemand{"", MFAOff, MFAOptional, MFAOwners, MFARequired}, d)
}

// Demands reports whether a second factor is demanded of a member with this
// role.
func (d MFADemand) Demands(role Role) bool {
	return d == MFARequired || d == MFAOwners && role == RoleOwner
}

// Asks reports whether who has a second factor is asked for it.
func (d MFADemand) Asks() bool { return d != MFAOff }

// MFA returns the strictest demand of any of them, or [MFAOptional] where none
// says anything.
func (r Rules) MFA() MFADemand {
	var strictest MFADemand
	for i := range r {
		if r[i].MFA.strictness() > strictest.strictness() {
			strictest = r[i].MFA
		}
	}
	if strictest == "" {
		return MFAOptional
	}
	return strictest
}

// MFAOf returns what is demanded of an entry: who may leave single sign-on
// aside because they are named as exempt gives a second factor instead.
func (r Rules) MFAOf(e Entry) MFADemand {
	if e.Method != BySSO && slices.ContainsFunc(r, func(p Policy) bool { return p.demands(e.Groups) && !e.Outside && p.exempts(e) }) {
		return MFARequired
	}
	return r.MFA()
}

// Asking is what decides about a second factor, beside the rules.
type Asking struct {
	Entry
	Role  Role
	Has   bool // the person has a second factor
	Given bool // it was given, or the identity provider says that it asked for one
}

// Need returns what a sign-in needs about a second factor; "" is nothing.
func (r Rules) Need(a Asking) Need {
	if a.Given || a.Method == BySSO && !slices.ContainsFunc(r, func(p Policy) bool { return p.MFAAfterSSO == SSOFactorAsk }) {
		return ""
	}
	demand := r.MFAOf(a.Entry)
	switch {
	case a.Has && demand.Asks():
		return NeedFactor
	case demand.Demands(a.Role):
		return NeedEnrol
	default:
		return ""
	}
}

// multiFactorContexts are the classes by which identity providers say that
// they asked for a second factor, or for something that is two in one
// [SAMLAuthnCxt 3.4].
func multiFactorContexts() []string {
	return []string{
		"https://refeds.org/profile/mfa",
		"http://schemas.microsoft.com/claims/multipleauthn",
		"http://id.incommon.org/assurance/mfa",
		"urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract",
		"urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorUnregistered",
		"urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI",
	}
}

// MultiFactor reports whether one of these values says that an identity
// provider asked for more than one factor.
func MultiFactor(says ...string) bool {
	return slices.ContainsFunc(says, func(v string) bool { return slices.Contains(multiFactorContexts(), v) })
}
