package provision

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/sso"
)

// Whatever file is uploaded, it is refused or becomes rows that can be stored:
// each of a line of its own, in the order of the file, and nobody is in it
// twice without being told so.
func FuzzReadTable(f *testing.F) {
	for _, s := range []string{
		"email\na@b.example\n", "email;groups\na@b.example;\"x;y\"\n", "\xff\xfee\x00", "username\n'=1\n", "email,email\na@b.example,c@d.example\n", "email\n\"a\nb\"\n",
		"E-Mail\tVorname\na@b.example\tÄ\nA@B.example\t\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		table, err := readTable(file)
		if err != nil {
			return
		}
		if len(table.rows) == 0 || len(table.rows) > MaxRows {
			t.Fatalf("%d rows", len(table.rows))
		}
		seen, last := map[string]bool{}, 1
		for _, r := range table.rows {
			if r.Line <= last {
				t.Errorf("line %d behind %d", r.Line, last)
			}
			last = r.Line
			for _, s := range append([]string{r.Row.Email, r.Row.Username, r.Row.FirstName, r.Row.LastName, r.Row.Role, r.Row.Language, r.Row.PasswordHash}, r.Row.Groups...) {
				if len(s) > maxCell || !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
					t.Errorf("line %d has %q", r.Line, s)
				}
			}
			if r.Verdict != sso.RowWaiting {
				continue
			}
			for _, key := range keysOf(&r.Row) {
				if seen[key] {
					t.Errorf("%s is in the list twice", key)
				}
				seen[key] = true
			}
		}
	})
}

// What is exported comes back as it was.
func FuzzCell(f *testing.F) {
	for _, s := range []string{"", "=1", "'", "'=", "＝", "a", "a;=1", "a;'\"=", ";;'"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		cell := sso.PlainCell(s)
		if got := sso.Cell(cell); got != s {
			t.Errorf("Cell(PlainCell(%q)) = %q", s, got)
		}
		if cell != "" && strings.ContainsRune("\t\r\n", rune(cell[0])) {
			t.Errorf("%q begins with what is not seen", cell)
		}
		for part := range strings.FieldsFuncSeq(cell, func(r rune) bool { return strings.ContainsRune(";\t\r\n", r) }) {
			if part = strings.TrimLeft(part, `"`); part != "" && strings.ContainsRune("=+-@", rune(part[0])) {
				t.Errorf("%q of %q is a formula", part, cell)
			}
		}
	})
}
