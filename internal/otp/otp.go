// Package otp makes and checks codes that work once: those of authenticator
// apps [RFC 6238], those that are sent, and recovery codes.
//
// It keeps no state and reads no clock. Whether a code was used before is the
// caller's to know: [Secret.Match] returns the time step that a code belongs
// to, and a step that has been used must be refused.
package otp

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/sallyport/sallyport/internal/secret"
)

// What authenticator apps agree on. Some of them read other values and use
// these all the same.
const (
	period      = 30 // seconds
	digits      = 6
	secretBytes = 20
	drift       = 1 // steps before and after
)

// Secret is what an authenticator app and we share.
type Secret []byte

// NewSecret returns a new secret of 160 bits.
func NewSecret() Secret {
	s := make(Secret, secretBytes)
	_, _ = rand.Read(s) // never fails: crypto/rand aborts the program instead
	return s
}

// Text returns the secret as it is typed into an app: base32 in groups of four.
func (s Secret) Text() string { return grouped(s.base32(), 4, " ") }

func (s Secret) base32() string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(s)
}

// URI returns the secret as apps read it from a QR code. issuer says where it
// is for, and account for whom.
func (s Secret) URI(issuer, account string) string {
	// A colon parts the two; apps take the first one.
	issuer = strings.ReplaceAll(issuer, ":", " ")
	// Apps do not all read "+" as a space.
	query := "secret=" + s.base32() + "&issuer=" + strings.ReplaceAll(url.QueryEscape(issuer), "+", "%20") + "&algorithm=SHA1&digits=6&period=30"
	return "otpauth://totp/" + url.PathEscape(issuer) + ":" + url.PathEscape(account) + "?" + query
}

// Step returns the time step of an instant.
func Step(now time.Time) int64 { return now.Unix() / period }

// Code returns the code of a step. It is for tests and tools; a server only
// compares.
func (s Secret) Code(step int64) (string, error) {
	code, err := hotp.GenerateCodeCustom(s.base32(), uint64(step), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		return "", fmt.Errorf("making a code: %w", err)
	}
	return code, nil
}

// Match returns the step to which a code belongs: the one of now, or one beside
// it, since clocks differ. Steps up to and including used are passed over: their
// codes have been used. The time that it takes tells nothing about the code.
func (s Secret) Match(code string, used int64, now time.Time) (step int64, ok bool) {
	code, ok = Clean(code)
	if !ok || len(s) == 0 {
		return 0, false
	}
	found := false
	for candidate := Step(now) - drift; candidate <= Step(now)+drift; candidate++ {
		want, err := s.Code(candidate)
		if err != nil {
			return 0, false
		}
		equal := subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1
		if equal && candidate > used && !found {
			step, found = candidate, true
		}
	}
	return step, found
}

// Used reports whether a code belongs to a step around now that was used
// already, so that the person can be told to wait for the next one.
func (s Secret) Used(code string, used int64, now time.Time) bool {
	step, ok := s.Match(code, -1, now)
	return ok && step <= used
}

// NewCode returns a code of six digits to be sent to somebody.
func NewCode() string {
	const codes = 1_000_000
	const fair = 1<<64 - 1<<64%codes // numbers below are spread evenly over the codes
	for {
		var b [8]byte
		_, _ = rand.Read(b[:])
		if n := binary.BigEndian.Uint64(b[:]); n < fair {
			return fmt.Sprintf("%0*d", digits, n%codes)
		}
	}
}

// Clean returns the six digits of a code as people type it, with or without
// white space and hyphens.
func Clean(code string) (string, bool) {
	var b strings.Builder
	for _, r := range code {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == ' ' || r == '-' || r == '\u00a0' || r == '\t':
		default:
			return "", false
		}
	}
	return b.String(), b.Len() == digits
}

// recoveryAlphabet has no I, L, O and U: nothing that is misread.
const recoveryAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// recoveryLength is the length of a recovery code: 80 bits.
const recoveryLength = 16

// NewRecoveryCode returns a recovery code of 80 random bits, as it is shown.
func NewRecoveryCode() string {
	var b [recoveryLength]byte
	_, _ = rand.Read(b[:])
	for i := range b {
		b[i] = recoveryAlphabet[b[i]&31]
	}
	return grouped(string(b[:]), 4, "-")
}

// ErrNotRecovery says that a text is no recovery code of anybody.
var ErrNotRecovery = errors.New("text is no recovery code")

// RecoveryHash returns the form in which a recovery code is stored and looked
// for, however it is typed. 80 random bits need no salt or stretching.
func RecoveryHash(code string) (secret.Hash, error) { return hashOf("recovery code", code) }

// BreakGlassHash is [RecoveryHash] of a code that is an organization's.
func BreakGlassHash(code string) (secret.Hash, error) { return hashOf("break-glass code", code) }

func hashOf(kind, code string) (secret.Hash, error) {
	var b strings.Builder
	for _, r := range strings.ToUpper(code) {
		switch r {
		case ' ', '-', '\t', '\u00a0':
			continue
		case 'O':
			r = '0'
		case 'I', 'L':
			r = '1'
		}
		if !strings.ContainsRune(recoveryAlphabet, r) || b.Len() >= recoveryLength {
			return secret.Hash{}, ErrNotRecovery
		}
		b.WriteRune(r)
	}
	if b.Len() != recoveryLength {
		return secret.Hash{}, ErrNotRecovery
	}
	return secret.HashOf([]byte(kind + "\x00" + b.String())), nil
}

func grouped(s string, n int, by string) string {
	var parts []string
	for ; len(s) > n; s = s[n:] {
		parts = append(parts, s[:n])
	}
	return strings.Join(append(parts, s), by)
}
