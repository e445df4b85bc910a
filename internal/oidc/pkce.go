package oidc

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
)

// Limits of a code verifier [RFC 7636 4.1].
const (
	minVerifier = 43
	maxVerifier = 128
)

// Challenge is the SHA-256 of a code verifier. Only the method S256 exists here,
// so a challenge needs no method beside it. The zero value is none.
type Challenge [sha256.Size]byte

// IsZero reports whether there is no challenge.
func (c Challenge) IsZero() bool { return c == Challenge{} }

// parseChallenge reads the text of a code_challenge: 43 characters of base64url,
// without padding and without stray bits. Nothing but zeros is none: nobody knows
// a verifier for it, and it must not pass for a request without one.
func parseChallenge(s string) (Challenge, bool) {
	var c Challenge
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != len(c) || strings.ContainsAny(s, "\r\n") || Challenge(b) == c {
		return Challenge{}, false
	}
	return Challenge(b), true
}

// String returns c as a request writes it.
func (c Challenge) String() string { return base64.RawURLEncoding.EncodeToString(c[:]) }

// met reports whether verifier is well-formed and is what c was made of.
func (c Challenge) met(verifier string) bool {
	if !wellFormedVerifier(verifier) {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare(sum[:], c[:]) == 1
}

// wellFormedVerifier checks length and alphabet [RFC 7636 4.1].
func wellFormedVerifier(v string) bool {
	if len(v) < minVerifier || len(v) > maxVerifier {
		return false
	}
	for _, b := range []byte(v) {
		switch {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9':
		case b == '-', b == '.', b == '_', b == '~':
		default:
			return false
		}
	}
	return true
}
