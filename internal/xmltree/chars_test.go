package xmltree

import (
	"strings"
	"testing"
)

// Octets are looked at eight at a time: each of them in each place, beside each
// other one, must stop the scan or not as if it stood alone.
func TestPlainOctets(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		scan  func(string, int) int
		stops string
	}{
		"in text":   {plainText, "<>&"},
		"in values": {plainValue, `<&"'`},
	} {
		stops := func(c byte) bool { return c < ' ' || c >= 0x80 || strings.IndexByte(tc.stops, c) >= 0 }
		text := []byte(strings.Repeat("a", 20))
		for at := range len(text) - 1 {
			for pair := range 1 << 16 {
				text[at], text[at+1] = byte(pair>>8), byte(pair)
				want := len(text)
				switch {
				case stops(text[at]):
					want = at
				case stops(text[at+1]):
					want = at + 1
				}
				if got := tc.scan(string(text), 0); got != want {
					t.Fatalf("%s: %q stops at %d, want %d", name, text, got, want)
				}
			}
			text[at], text[at+1] = 'a', 'a'
		}
	}
}
