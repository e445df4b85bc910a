package sso

import "strings"

// ParseReference reads a reference as people write it down on the telephone:
// without regard to case, blanks and hyphens, with I and L for 1 and O for 0.
// It reports whether it has the form of one, such as 7F3K-22QD.
func ParseReference(s string) (string, bool) {
	const length, half = 8, 4
	var b strings.Builder
	for _, r := range strings.ToUpper(s) {
		switch r {
		case ' ', '-', '\t':
			continue
		case 'I', 'L':
			r = '1'
		case 'O':
			r = '0'
		}
		if (r < '0' || r > '9') && (r < 'A' || r > 'Z') || r == 'U' || b.Len() > length {
			return "", false
		}
		if b.Len() == half {
			b.WriteByte('-')
		}
		b.WriteRune(r)
	}
	return b.String(), b.Len() == length+1
}
