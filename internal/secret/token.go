// Package secret makes and keeps what must not be guessed or read: random
// tokens, their look-up hashes, identifiers, references, and values sealed at
// rest.
//
// A token leaves the process once, to its holder; the database holds only its
// [Hash]. A value that must be read back is sealed by a [Sealer] under a key
// that lives outside the database, bound to the row it stands in, so that a
// copied or swapped row does not open. The package opens no files but the key
// file and never logs.
package secret

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"
)

// tokenBytes is the entropy of a token: 256 bit.
const tokenBytes = 32

// Token is a bearer secret: whoever holds it, may. Its String method hides it
// so that it does not reach a log by accident; use [Token.Reveal] to hand it out.
type Token struct{ value string }

// NewToken returns a token of 256 random bits, less the 64th part of a bit: none
// begins with "-", which a program on whose command line it stands would take for
// an option. Nor does any end so: the last character holds four bits.
func NewToken() Token {
	b := make([]byte, tokenBytes)
	for {
		_, _ = rand.Read(b) // never fails: crypto/rand aborts the program instead
		if text := base64.RawURLEncoding.EncodeToString(b); text[0] != '-' {
			return Token{text}
		}
	}
}

// ParseToken takes a token as it came back from its holder. Any text is taken;
// one that we never made hashes to something that is nowhere stored.
func ParseToken(s string) Token { return Token{s} }

// Reveal returns the text of the token, to be sent to its holder.
func (t Token) Reveal() string { return t.value }

// String returns a fixed text that hides the token.
func (t Token) String() string { return "token" }

// IsZero reports whether t is empty.
func (t Token) IsZero() bool { return t.value == "" }

// Hash returns the SHA-256 of the token, the form in which it is stored and
// looked up. Tokens have 256 bit of entropy, so no salt or stretching is needed.
func (t Token) Hash() Hash {
	return sha256.Sum256([]byte(t.value))
}

// Hash is the look-up form of a token.
type Hash [sha256.Size]byte

// HashOf returns the look-up form of any octets.
func HashOf(b []byte) Hash { return sha256.Sum256(b) }

// Equal reports whether both are the same, in constant time.
func (h Hash) Equal(other Hash) bool {
	return subtle.ConstantTimeCompare(h[:], other[:]) == 1
}

// idEncoding keeps the order of the octets, is lower case and has no padding.
var idEncoding = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID returns an identifier: prefix, underscore, 26 characters. It starts
// with the time in milliseconds, so that new rows land beside each other in an
// index, and has 80 random bits. An identifier is a name, not a secret.
func NewID(prefix string, now time.Time) string {
	var b [16]byte
	ms := uint64(now.UnixMilli())
	binary.BigEndian.PutUint64(b[:8], ms<<16)
	_, _ = rand.Read(b[6:])
	return prefix + "_" + idEncoding.EncodeToString(b[:])
}

// NewIDAt is [NewID] for the nth of several things that are made at the same
// instant: in the order of their identifiers they stand as they were made.
func NewIDAt(prefix string, now time.Time, n uint16) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixMilli())<<16|uint64(n))
	_, _ = rand.Read(b[8:])
	return prefix + "_" + idEncoding.EncodeToString(b[:])
}

// referenceAlphabet has no I, L, O and U: nothing that is misread aloud.
const referenceAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewReference returns a reference such as "7F3K-22QD": 40 random bits, short
// enough to read out on the telephone. It names a trace and opens nothing.
func NewReference() string {
	var b [8]byte
	_, _ = rand.Read(b[:])
	var s strings.Builder
	for i, c := range b {
		if i == 4 {
			s.WriteByte('-')
		}
		s.WriteByte(referenceAlphabet[c&31])
	}
	return s.String()
}
