package sso

import "github.com/sallyport/sallyport/internal/fault"

// maxKey is the length of the longest key. It keeps our URLs short enough for
// every identity provider's console.
const maxKey = 63

// ParseKey judges the key of an organization, connection or app: lower-case
// letters, digits and inner "-", at most 63. Keys stand in URLs; Okta refuses
// "_" there.
func ParseKey(s string) (string, error) {
	ok := s != "" && len(s) <= maxKey && s[0] != '-' && s[len(s)-1] != '-'
	for i := 0; ok && i < len(s); i++ {
		c := s[i]
		ok = 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-'
	}
	if !ok {
		return "", &fault.Error{
			Kind: fault.Invalid, Code: "key_form", Fix: fault.OperatorSide,
			Want: "lower-case letters, digits and inner -, at most 63", Got: clip(s),
		}
	}
	return s, nil
}

// ParseOrgKey judges the key of an organization, which stands behind /login/ as
// its sign-on URL and must not be the name of a page there. [OperatorsKey] is
// no customer's.
func ParseOrgKey(s string) (string, error) {
	switch s {
	case OperatorsKey, "email", "password", "choose", "tile", "sso", "continue", "again", "switch", "factor", "enrol", "passkey", "confirm", "first", "break-glass", "reset", "register", "invitation", "error":
		return "", &fault.Error{Kind: fault.Invalid, Code: "key_reserved", Want: "a key that is no page of the sign-in", Got: s, Fix: fault.OperatorSide}
	}
	return ParseKey(s)
}

// maxShown bounds how much of a bad value is repeated in a fault.
const maxShown = 200

// clip shortens a value for a fault without cutting a character in two.
func clip(s string) string {
	if len(s) <= maxShown {
		return s
	}
	cut := maxShown
	for cut > 0 && s[cut]&0xC0 == 0x80 {
		cut--
	}
	return s[:cut] + "…"
}
