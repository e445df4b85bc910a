package sso

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/fault"
)

// Lengths of a number with its country code, in digits [E.164 6.2].
const (
	minPhone = 7
	maxPhone = 15
	// nanpPhone is the one length of a number of North America, 1 with it.
	nanpPhone = 11
	// maxPhoneText bounds what is looked at.
	maxPhoneText = 40
)

// Phone is a telephone number in its one normal form [E.164]: "+", the code of
// its country, the number. The zero value is no number.
type Phone struct{ digits string }

// ParsePhone reads the one international number in s. It begins with "+", or
// with "00" in its place; spaces, hyphens, dots, slashes and round brackets
// are passed over, and so is "(0)". Numbers of no country (satellites, free
// and shared-cost calls) and premium numbers of North America are refused: they cost money and
// reach nobody.
func ParsePhone(s string) (Phone, error) {
	refuse := &fault.Error{Kind: fault.Invalid, Code: "phone_form", Want: "a telephone number with its country code, such as +49 151 23456789", Got: clip(s), Fix: fault.PersonSide}
	s = strings.TrimSpace(s)
	if len(s) > maxPhoneText || !utf8.ValidString(s) {
		return Phone{}, refuse
	}
	s = strings.Replace(s, "(0)", "", 1)
	rest, ok := strings.CutPrefix(s, "+")
	if !ok {
		if rest, ok = strings.CutPrefix(s, "00"); !ok {
			return Phone{}, refuse
		}
	}
	var b strings.Builder
	for _, r := range rest {
		switch {
		case '0' <= r && r <= '9':
			b.WriteRune(r)
		case strings.ContainsRune(" -./()\u00A0\u2010\u2011\u2013", r):
		default:
			return Phone{}, refuse
		}
	}
	p := Phone{b.String()}
	if len(p.digits) < minPhone || len(p.digits) > maxPhone || p.Country() == "" {
		return Phone{}, refuse
	}
	return p, nil
}

// StoredPhone reads a number as [Phone.String] wrote it. It judges nothing.
func StoredPhone(s string) Phone { return Phone{strings.TrimPrefix(s, "+")} }

// String returns the number as it is stored and sent: "+" and digits.
func (p Phone) String() string {
	if p.IsZero() {
		return ""
	}
	return "+" + p.digits
}

// IsZero reports whether p is no number.
func (p Phone) IsZero() bool { return p.digits == "" }

// Masked returns the number with all but its country code and last two digits
// hidden, to be shown before its owner has proved who they are.
func (p Phone) Masked() string {
	code, _ := p.code()
	if len(p.digits) < len(code)+2 {
		return ""
	}
	return "+" + code + " ••• " + p.digits[len(p.digits)-2:]
}

// Country returns the country or territory whose number it is, by its code of
// two letters [ISO 3166-1], or "" where it is none's.
func (p Phone) Country() string {
	code, country := p.code()
	national := strings.TrimPrefix(p.digits, code)
	switch code {
	case "1":
		return northAmerican(p.digits)
	case "7":
		if national != "" && (national[0] == '6' || national[0] == '7') {
			return "KZ"
		}
	case "599":
		if national != "" && national[0] == '9' {
			return "CW"
		}
	}
	return country
}

// HasPhones reports whether there are numbers of which [Phone.Country] gives this
// country. There are none of a few small ones, which share a code with a larger one.
func HasPhones(country string) bool {
	const first, last, rest = 1000, 9999, "2000000" // four digits tell the country
	for n := first; n <= last; n++ {
		if found := (Phone{digits: strconv.Itoa(n) + rest}).Country(); found != "" && found == country {
			return true
		}
	}
	return false
}

// code returns the calling code with which the number begins, and its country.
// No code is the beginning of another one.
func (p Phone) code() (code, country string) {
	for n := 1; n <= 3 && n <= len(p.digits); n++ {
		if country := callingCode(p.digits[:n]); country != "" {
			return p.digits[:n], country
		}
	}
	return "", ""
}
