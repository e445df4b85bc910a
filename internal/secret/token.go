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

// What a token begins with that says when it was made: 3 octets, which are just
// 4 characters. Their first bit is 0, so that none begins with "-" at any time;
// the others count the time in steps of 64 ms, of which a cycle takes six days.
const (
	placeBytes  = 3
	placedBytes = placeBytes + tokenBytes
	placeStep   = 6  // bits of a time in milliseconds that do not count
	placeBits   = 23 // bits of it that do
)

// placedLength is the length of the text of such a token.
const placedLength = (placedBytes*8 + 5) / 6

// NewTokenAt is [NewToken] with 4 characters before it that say about when it is
// made. The hashes of tokens that are made one after the other stand beside each
// other in an index then, and a database has few pages to write for many of them.
// Nothing is decided by that time. Who sees the token sees it: what must not tell
// when it was made, is made by [NewToken].
func NewTokenAt(now time.Time) Token {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(now.UnixMilli())>>placeStep<<(64-placeBits)>>1)
	return Token{base64.RawURLEncoding.EncodeToString(b[:placeBytes]) + NewToken().value}
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

// Hash returns the form in which a token is stored and looked up. Tokens have 256
// bit of entropy, so no salt or stretching is needed.
//
// It is the SHA-256 of the text. Of a text of the shape of [NewTokenAt], it is the
// octets that say when it was made, and the first 29 of the SHA-256 of the whole
// text. Their 232 bits are far more than anybody can search: nobody finds a text
// for a hash, nor a second text for the hash of a token. A holder may choose the
// first octets of the hash that they ask for, which leads nowhere. No text is
// another spelling of a token: what is hashed is the text, not what it stands for.
func (t Token) Hash() Hash {
	h := t.Sum()
	if place, ok := t.place(); ok {
		copy(h[placeBytes:], h[:])
		copy(h[:], place[:])
	}
	return h
}

// place returns the octets that say when a token was made, of a text that has
// the shape of one that says so.
func (t Token) place() (place [placeBytes]byte, ok bool) {
	if len(t.value) != placedLength {
		return place, false
	}
	var text [placedLength]byte
	var b [placedBytes]byte
	copy(text[:], t.value)
	n, err := strictBase64.Decode(b[:], text[:]) // passes over line breaks, after which octets are missing
	return [placeBytes]byte(b[:]), err == nil && n == placedBytes
}

// strictBase64 takes one text alone for the same octets.
var strictBase64 = base64.RawURLEncoding.Strict()

// Sum returns the SHA-256 of the text, whatever its shape. That is how a secret is
// known which others choose, or hand in as a hash.
func (t Token) Sum() Hash { return sha256.Sum256([]byte(t.value)) }

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
