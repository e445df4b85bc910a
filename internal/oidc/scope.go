package oidc

import "strings"

// Scope is a set of the scope values that the provider understands. Others are
// ignored, as [OIDCCore 3.1.2.1] asks.
type Scope uint8

// The scope values. Without OpenID a request is no OpenID request.
const (
	OpenID Scope = 1 << iota
	Profile
	Email
	Groups
	OfflineAccess // a refresh token, which outlives the browser's session [OIDCCore 11]
)

// scopeNames is in the order in which scopes are written.
var scopeNames = [...]struct {
	scope Scope
	name  string
}{
	{OpenID, "openid"},
	{Profile, "profile"},
	{Email, "email"},
	{Groups, "groups"},
	{OfflineAccess, "offline_access"},
}

// ParseScope reads a space-separated list and keeps the values it knows.
func ParseScope(list string) Scope {
	var s Scope
	for name := range strings.FieldsSeq(list) {
		for _, known := range scopeNames {
			if name == known.name {
				s |= known.scope
			}
		}
	}
	return s
}

// Has reports whether all of want are in s.
func (s Scope) Has(want Scope) bool { return s&want == want }

// Names returns the values of s, in a fixed order.
func (s Scope) Names() []string {
	var names []string
	for _, known := range scopeNames {
		if s.Has(known.scope) {
			names = append(names, known.name)
		}
	}
	return names
}

// String returns the values of s as the protocol writes them; [ParseScope]
// reads it back.
func (s Scope) String() string { return strings.Join(s.Names(), " ") }
