package xmltree

import (
	"math/bits"
	"unicode/utf8"
)

// Classes of ASCII octets in names. [XML 2.3, xml-names 4]
const (
	nameStart = 1 << iota
	nameRest
	white
)

var classes = classTable()

func classTable() (t [256]uint8) {
	for c := 'a'; c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = nameStart|nameRest, nameStart|nameRest
	}
	for c := '0'; c <= '9'; c++ {
		t[c] = nameRest
	}
	t['_'] = nameStart | nameRest
	t['-'], t['.'] = nameRest, nameRest
	t[' '], t['\t'], t['\n'], t['\r'] = white, white, white, white
	return t
}

// runeRange is a range of characters, ends included.
type runeRange struct{ from, to rune }

// nameStartRunes are the characters beyond ASCII that may begin a name;
// nameRestRunes those that may follow besides. [XML 2.3]
var (
	nameStartRunes = [...]runeRange{
		{0xC0, 0xD6}, {0xD8, 0xF6}, {0xF8, 0x2FF}, {0x370, 0x37D}, {0x37F, 0x1FFF}, {0x200C, 0x200D},
		{0x2070, 0x218F}, {0x2C00, 0x2FEF}, {0x3001, 0xD7FF}, {0xF900, 0xFDCF}, {0xFDF0, 0xFFFD}, {0x10000, 0xEFFFF},
	}
	nameRestRunes = [...]runeRange{{0xB7, 0xB7}, {0x300, 0x36F}, {0x203F, 0x2040}}
)

func within(r rune, ranges []runeRange) bool {
	for _, x := range ranges {
		if x.from <= r && r <= x.to {
			return true
		}
	}
	return false
}

// isNameRune reports whether a character beyond ASCII may stand in a name.
func isNameRune(r rune, first bool) bool {
	return within(r, nameStartRunes[:]) || !first && within(r, nameRestRunes[:])
}

// isChar reports whether a character may stand in a document. [XML 2.2]
func isChar(r rune) bool {
	switch {
	case r < 0x20:
		return r == '\t' || r == '\n' || r == '\r'
	case r <= 0xD7FF:
		return true
	case r <= 0xFFFD:
		return r >= 0xE000
	}
	return 0x10000 <= r && r <= utf8.MaxRune
}

// validRune returns the length of the character beyond ASCII at s[i], 0 if it is
// no valid UTF-8 or may not stand in a document.
func validRune(s string, i int) int {
	r, size := utf8.DecodeRuneInString(s[i:])
	if r == utf8.RuneError && size <= 1 || !isChar(r) {
		return 0
	}
	return size
}

func skipWhite(s string, i int) int {
	for i < len(s) && classes[s[i]]&white != 0 {
		i++
	}
	return i
}

// Every octet of a word.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

func word(s string, i int) uint64 {
	b := s[i : i+8]
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

// plainText returns the offset of the first octet from i on that is no
// printable ASCII, or '<', '>' or '&'; the length of s if there is none. Eight
// octets at a time: most of a message is base64 and URIs.
//
// An octet below 0x80 gets its highest bit by taking something greater away from
// it. It borrows from the octet above then: marks above the lowest one may be
// wrong, and only the lowest is used.
func plainText(s string, i int) int {
	for ; i+8 <= len(s); i += 8 {
		x := word(s, i)
		// '<' and '>' differ in the bit 2 alone.
		m := x | (x - ones*' ') | (((x | ones*2) ^ ones*'>') - ones) | ((x ^ ones*'&') - ones)
		if m &= highs; m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for ; i < len(s); i++ {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '<' || c == '>' || c == '&' {
			break
		}
	}
	return i
}

// plainValue is plainText for attribute values: it stops at '<', '&', '"' and
// the apostrophe.
func plainValue(s string, i int) int {
	for ; i+8 <= len(s); i += 8 {
		x := word(s, i)
		// '&' and the apostrophe differ in the bit 1 alone.
		m := x | (x - ones*' ') | (((x | ones) ^ ones*'\'') - ones) | ((x ^ ones*'"') - ones) | ((x ^ ones*'<') - ones)
		if m &= highs; m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for ; i < len(s); i++ {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '<' || c == '"' || c == '&' || c == '\'' {
			break
		}
	}
	return i
}

// reference returns the character that the reference at s[i] stands for and
// the offset behind it, or -1 if it is none of the five predefined entities and
// no reference to a legal character. [XML 4.1, 4.6]
func reference(s string, i int) (rune, int) {
	const longest = 16 // leading zeros are legal, a megabyte of them is not wanted
	for end := i + 1; end < len(s) && end < i+longest; end++ {
		if s[end] == ';' {
			if r, ok := resolve(s[i+1 : end]); ok {
				return r, end + 1
			}
			break
		}
	}
	return 0, -1
}

// resolve returns the character that a reference stands for, given without & and
// semicolon.
func resolve(name string) (rune, bool) {
	switch name {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	if len(name) < 2 || name[0] != '#' {
		return 0, false
	}
	base, digits := rune(10), name[1:]
	if digits[0] == 'x' {
		base, digits = 16, digits[1:]
	}
	var r rune
	for i := range len(digits) {
		d := digit(digits[i])
		if d >= base {
			return 0, false
		}
		if r = r*base + d; r > utf8.MaxRune {
			return 0, false
		}
	}
	return r, len(digits) > 0 && isChar(r)
}

// digit returns the value of a hexadecimal digit, something larger for any
// other octet.
func digit(c byte) rune {
	switch {
	case '0' <= c && c <= '9':
		return rune(c - '0')
	case 'a' <= c && c <= 'f':
		return rune(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return rune(c-'A') + 10
	}
	return 99
}
