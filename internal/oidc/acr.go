package oidc

import "slices"

// Level says how well somebody has proved who they are. A higher one includes
// the lower.
type Level uint8

// The levels.
const (
	NoLevel           Level = iota // nothing is claimed: somebody acts as the person
	OneFactor                      // something that the person knows or has, or their identity provider's word
	MultiFactor                    // two of different kinds
	PhishingResistant              // two, one of them a key that answers no other site [OpenID EAP ACR 1.0]
)

// levelNames is in the order in which levels are listed.
var levelNames = [...]struct {
	level Level
	name  string
}{
	{OneFactor, "urn:sallyport:1fa"},
	{MultiFactor, "urn:sallyport:mfa"},
	{PhishingResistant, "phr"},
}

// LevelOf returns the level of a sign-in with these authentication methods
// [RFC 8176].
func LevelOf(amr []string) Level {
	mfa := slices.Contains(amr, "mfa")
	switch {
	case len(amr) == 0 || slices.Contains(amr, "acting"):
		return NoLevel
	case mfa && slices.Contains(amr, "pop"):
		return PhishingResistant
	case mfa:
		return MultiFactor
	default:
		return OneFactor
	}
}

// String returns the value of the acr claim, "" where nothing is claimed.
func (l Level) String() string {
	for _, known := range levelNames {
		if known.level == l {
			return known.name
		}
	}
	return ""
}

// meets reports whether l satisfies this value of acr. One that nobody knows is
// never satisfied.
func (l Level) meets(acr string) bool {
	for _, known := range levelNames {
		if known.name == acr {
			return l >= known.level
		}
	}
	return false
}

// ACR returns the acr claim for a sign-in of this level: of the values that the
// request prefers the first that it satisfies, or else what it is
// [OIDCCore 3.1.2.1].
func (r AuthorizeRequest) ACR(l Level) string {
	for _, acr := range r.wantedACR() {
		if l.meets(acr) {
			return acr
		}
	}
	return l.String()
}

// wantedACR returns the values that the request asks for, the best first: those
// without which it wants nobody before those that it would like
// [OIDCCore 5.5.1.1].
func (r AuthorizeRequest) wantedACR() []string {
	return slices.Concat(r.claims.acr, r.ACRValues, r.claims.better)
}

// Asks returns the least level with which the application is content, and
// whether it insists on that: acr_values are a wish [OIDCCore 3.1.2.1]. Values
// that nobody knows are left out.
func (r AuthorizeRequest) Asks() (least Level, insists bool) {
	if len(r.claims.acr) > 0 {
		return leastOf(r.claims.acr), true
	}
	return leastOf(r.wantedACR()), false
}

func leastOf(acr []string) Level {
	for _, known := range levelNames {
		if slices.Contains(acr, known.name) {
			return known.level
		}
	}
	return NoLevel
}

// beyond reports whether the application insists on what nobody can give here.
func (r AuthorizeRequest) beyond() bool {
	least, insists := r.Asks()
	return insists && least == NoLevel
}

// Admits reports whether a sign-in of this level is one with which the
// application is content: where it calls acr essential, and says what it must
// be, nothing else will do [OIDCCore 5.5.1.1].
func (r AuthorizeRequest) Admits(l Level) bool {
	return len(r.claims.acr) == 0 || slices.ContainsFunc(r.claims.acr, l.meets)
}
