package sso

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"github.com/sallyport/sallyport/internal/fault"
)

// Lengths of an address, in octets [RFC 5321 4.5.3.1].
const (
	maxLocal  = 64
	maxDomain = 253
)

// Email is an address in its one normal form. The zero value is no address.
type Email struct {
	local  string // NFC, case kept
	domain string // ASCII, lower case
}

// ParseEmail reads the one address in s: trimmed, one "@", the domain by IDNA
// 2008 in lower case, the local part in NFC. Lists, display names, quoted local
// parts, comments, white space, control and invisible characters are refused;
// "+tag" and dots are kept, since they may be two people's.
func ParseEmail(s string) (Email, error) {
	refuse := &fault.Error{Kind: fault.Invalid, Code: "ident_email", Want: "one e-mail address", Got: clip(s), Fix: fault.PersonSide}
	s = strings.TrimSpace(s)
	local, domain, ok := strings.Cut(s, "@")
	if !ok || !utf8.ValidString(s) || len(local) > maxLocal*2 || len(domain) > maxDomain*2 {
		return Email{}, refuse
	}
	local = norm.NFC.String(local)
	if local == "" || len(local) > maxLocal || strings.ContainsFunc(local, badInLocal) ||
		local[0] == '.' || local[len(local)-1] == '.' || strings.Contains(local, "..") {
		return Email{}, refuse
	}
	name, err := ParseDomainName(domain)
	if err != nil {
		return Email{}, refuse
	}
	return Email{local, name}, nil
}

// StoredEmail reads an address as [Email.String] wrote it. It judges nothing:
// what was accepted once must be readable when the rule has become stricter.
// Text from anywhere but our own database goes to [ParseEmail].
func StoredEmail(s string) Email {
	at := strings.LastIndexByte(s, '@')
	if at < 0 {
		return Email{}
	}
	return Email{s[:at], s[at+1:]}
}

// badInLocal refuses what RFC 5322 allows only inside quotes or comments, and
// what a reader would not see. Characters that normalise to another one (such
// as the full-width "＠") are refused, since another program may fold them.
func badInLocal(r rune) bool {
	if r < utf8.RuneSelf {
		return r <= ' ' || r == 0x7F || strings.ContainsRune(`()<>[]:;@\,"`, r)
	}
	return !unicode.IsPrint(r) || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) ||
		norm.NFKC.String(string(r)) != string(r)
}

// Domain returns the domain of the address: ASCII, lower case.
func (e Email) Domain() string { return e.domain }

// String returns the address as it is shown and stored.
func (e Email) String() string {
	if e.IsZero() {
		return ""
	}
	return e.local + "@" + e.domain
}

// Key returns the form in which addresses are compared: without case.
func (e Email) Key() string {
	if e.IsZero() {
		return ""
	}
	return strings.ToLower(e.local) + "@" + e.domain
}

// MarshalText returns the address as it is stored.
func (e Email) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText is [StoredEmail]: it judges nothing.
func (e *Email) UnmarshalText(text []byte) error {
	*e = StoredEmail(string(text))
	return nil
}

// IsZero reports whether e is no address.
func (e Email) IsZero() bool { return e.domain == "" }

// Same reports whether both are the same address.
func (e Email) Same(other Email) bool { return e.Key() == other.Key() }

// domainProfile maps as browsers do (lower case, NFC) and then demands what
// IDNA 2008 demands of a registered name.
func domainProfile() *idna.Profile {
	return idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true), idna.CheckHyphens(true), idna.CheckJoiners(true))
}

// ParseDomainName returns the normal form of a domain name: ASCII, lower case,
// at least two labels, no trailing dot. Labels that mix scripts are refused.
func ParseDomainName(s string) (string, error) {
	refuse := &fault.Error{Kind: fault.Invalid, Code: "domain_form", Want: "a domain name such as acme.example", Got: clip(s), Fix: fault.AdminSide}
	s = strings.TrimSpace(s)
	if s == "" || len(s) > maxDomain*2 || strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Cf, r) }) {
		return "", refuse
	}
	p := domainProfile()
	name, err := p.ToASCII(s)
	if err != nil || len(name) > maxDomain || !strings.Contains(name, ".") {
		return "", refuse
	}
	shown, err := p.ToUnicode(name)
	if err != nil {
		return "", refuse
	}
	last := name[strings.LastIndexByte(name, '.')+1:]
	if strings.Trim(last, "0123456789") == "" { // an IPv4 address, not a name
		return "", refuse
	}
	for label := range strings.SplitSeq(shown, ".") {
		if mixesScripts(label) {
			return "", refuse
		}
	}
	return name, nil
}

// mixesScripts reports whether a label has letters of two scripts that are
// used to imitate each other. Han with Kana or Hangul is one writing system.
func mixesScripts(label string) bool {
	var latin, greek, cyrillic, other bool
	for _, r := range label {
		switch {
		case !unicode.IsLetter(r):
		case unicode.Is(unicode.Latin, r):
			latin = true
		case unicode.Is(unicode.Greek, r):
			greek = true
		case unicode.Is(unicode.Cyrillic, r):
			cyrillic = true
		default:
			other = true
		}
	}
	n := 0
	for _, b := range []bool{latin, greek, cyrillic} {
		if b {
			n++
		}
	}
	return n > 1 || (other && (greek || cyrillic))
}
