package sso

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Limits of what people and organizations are found by.
const (
	maxWord        = 64 // octets of a word that are kept
	maxWords       = 16 // of one person or organization
	maxSearchWords = 4  // that are looked at in what somebody types
)

// Words returns what the person is found by, each word folded as [Fold] does:
// address, username, names, and their parts. A word that only begins another
// one is left out, since search goes by the beginnings of words.
func (u *User) Words() []string {
	local, _, _ := strings.Cut(u.Email.String(), "@")
	return wordsOf(u.Email.String(), u.Username, u.FirstName, u.LastName, local)
}

// SortKey returns the octets by which people are listed: their name as it is
// shown, folded, so that Ä stands beside A.
func (u *User) SortKey() []byte { return sortKey(u.Name()) }

// Words returns what the organization is found by: key and name.
func (o *Organization) Words() []string { return wordsOf(o.Key, o.Name) }

// SortKey returns the octets by which organizations are listed.
func (o *Organization) SortKey() []byte { return sortKey(o.Name) }

// sortKey is never empty, so that a row without one is one without an index.
func sortKey(name string) []byte {
	if key := clipWord(Fold(name)); key != "" {
		return []byte(key)
	}
	return []byte{0}
}

// SearchWords returns the beginnings of words that somebody looks for, the
// longest first, at most four.
func SearchWords(typed string) []string {
	var words []string
	for _, w := range fields(typed) {
		if w = clipWord(w); !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	slices.SortStableFunc(words, func(a, b string) int { return len(b) - len(a) })
	return words[:min(len(words), maxSearchWords)]
}

// Fold returns a text as it is compared in search: lower case, without
// accents, each character in its plain form.
func Fold(s string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(strings.ToValidUTF8(s, "")) {
		if unicode.Is(unicode.Mn, r) || r == 0 {
			continue
		}
		r = unicode.ToLower(r)
		if plain, ok := plainLetter(r); ok {
			b.WriteString(plain)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// fields cuts a text into folded words at white space, without what separates
// the words of a list.
func fields(s string) []string {
	words := strings.Fields(Fold(s))
	for i, w := range words {
		words[i] = strings.Trim(w, ",;")
	}
	return slices.DeleteFunc(words, func(w string) bool { return w == "" })
}

// plainLetter spells letters that have no accent to lose and are typed in
// another way where the keyboard has none of them.
func plainLetter(r rune) (string, bool) {
	switch r {
	case 'ß':
		return "ss", true
	case 'æ':
		return "ae", true
	case 'œ':
		return "oe", true
	case 'ø':
		return "o", true
	case 'ł':
		return "l", true
	case 'đ', 'ð':
		return "d", true
	case 'þ':
		return "th", true
	case 'ı':
		return "i", true
	}
	return "", false
}

func wordsOf(texts ...string) []string {
	var all []string
	for _, text := range texts {
		for _, w := range fields(text) {
			all = append(all, clipWord(w))
			for _, part := range strings.FieldsFunc(w, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
				if !strings.Contains(w, "@") { // nobody is found by the domain
					all = append(all, clipWord(part))
				}
			}
		}
	}
	slices.Sort(all)
	var kept []string
	for i, w := range all {
		if w != "" && (i+1 == len(all) || !strings.HasPrefix(all[i+1], w)) && len(kept) < maxWords {
			kept = append(kept, w)
		}
	}
	return kept
}

// clipWord shortens a word without cutting a character in two.
func clipWord(s string) string {
	if len(s) <= maxWord {
		return s
	}
	return strings.ToValidUTF8(s[:maxWord], "")
}
