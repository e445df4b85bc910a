package sso

import (
	"strings"
	"unicode/utf8"
)

// PlainCell returns a text for a cell of CSV such that no spreadsheet takes it,
// or a part of it, for a formula: an apostrophe stands before what would be
// one, which spreadsheets show as nothing. Where a spreadsheet expects
// semicolons or tabs in place of commas, as it does in much of Europe, a cell
// of its own begins behind each of them, whatever is quoted. [Cell] takes the
// apostrophes off again.
func PlainCell(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if begins(s, i) && marked(s[i:], i) {
			b.WriteByte('\'')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// Cell is the reverse of [PlainCell].
func Cell(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if begins(s, i) && s[i] == '\'' && marked(s[i+1:], i) {
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// begins reports whether a cell may begin at an octet of a text.
func begins(s string, i int) bool { return i == 0 || strings.IndexByte(";\t\r\n", s[i-1]) >= 0 }

// marked reports whether what follows from an octet of a text on gets an
// apostrophe. What begins with one gets another, to be told apart.
func marked(rest string, at int) bool {
	switch {
	case rest == "":
		return false
	case rest[0] == '\'', at == 0 && strings.IndexByte("\t\r\n", rest[0]) >= 0:
		return true
	}
	r, _ := utf8.DecodeRuneInString(strings.TrimLeft(rest, `"`))
	return strings.ContainsRune("=+-@＝＋－＠", r)
}
