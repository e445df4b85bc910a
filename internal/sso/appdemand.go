package sso

import "slices"

// AppDemand is what an app asks of a sign-in beyond what the organization does.
type AppDemand string

// The demands. What is liked is asked of who has it, and of nobody else; what
// is demanded is added by who has not, where they may.
const (
	DemandFactor AppDemand = "factor"       // a second factor
	DemandKey    AppDemand = "key"          // a second factor that answers no other site
	LikeFactor   AppDemand = "factor_liked" // as DemandFactor, where there is one
	LikeKey      AppDemand = "key_liked"    // as DemandKey, where there is one
)

// Insists reports whether the app is content with nothing less.
func (d AppDemand) Insists() bool { return d == DemandFactor || d == DemandKey }

// key reports whether only a security key or passkey will do.
func (d AppDemand) key() bool { return d == DemandKey || d == LikeKey }

// Met reports whether a sign-in by these authentication methods is enough
// [RFC 8176].
func (d AppDemand) Met(amr []string) bool {
	return d == "" || slices.Contains(amr, "mfa") && (!d.key() || slices.Contains(amr, "pop"))
}

// Fits reports whether a second factor of this kind is enough.
func (d AppDemand) Fits(k FactorKind) bool { return !d.key() || k == FactorPasskey }

// Among returns those of the factors with which to come in, and whether codes
// for recovery, which stand in for one, will do: where a key is insisted on and
// there is one, nothing else does.
func (d AppDemand) Among(have []Factor) (fitting []Factor, recovery bool) {
	if d != DemandKey || !slices.ContainsFunc(have, func(f Factor) bool { return d.Fits(f.Kind) }) {
		return have, true
	}
	return slices.DeleteFunc(slices.Clone(have), func(f Factor) bool { return !d.Fits(f.Kind) }), false
}

// Kinds returns those kinds of factors that may be added for the demand.
func (d AppDemand) Kinds(kinds []FactorKind) []FactorKind {
	if d != DemandKey || !slices.ContainsFunc(kinds, d.Fits) {
		return kinds
	}
	return slices.DeleteFunc(slices.Clone(kinds), func(k FactorKind) bool { return !d.Fits(k) })
}

// Meeting is what decides about a demand, beside the demand.
type Meeting struct {
	AMR   []string // of the sign-in so far
	Have  []Factor // that could be asked for here
	Given bool     // one of them was
	May   bool     // the person may add one that fits, here
}

// Need returns what a sign-in needs for a demand; "" is nothing, be it that the
// demand is met or that it cannot be. Who has a factor that does not fit shows
// that one before they add another: a password alone must not be enough to put
// a key in its place.
func (d AppDemand) Need(m Meeting) Need {
	fits := slices.ContainsFunc(m.Have, func(f Factor) bool { return d.Fits(f.Kind) })
	switch {
	case d.Met(m.AMR), !d.Insists() && (m.Given || !fits):
		return ""
	case fits:
		return NeedFactor
	case !m.May:
		return ""
	case len(m.Have) > 0 && !m.Given:
		return NeedFactor
	default:
		return NeedEnrol
	}
}

// MayAddFor reports whether the policies let who enters this way add a second
// factor because an app demands one: where nobody is asked for one, or it is the
// identity provider's business, it is not the app's to begin with it.
func (r Rules) MayAddFor(e Entry) bool {
	if e.Method == BySSO && !slices.ContainsFunc(r, func(p Policy) bool { return p.MFAAfterSSO == SSOFactorAsk }) {
		return false
	}
	return r.MFAOf(e).Asks()
}
