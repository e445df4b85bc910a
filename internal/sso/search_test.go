package sso

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFold(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Müller": "muller", "MÜLLER": "muller", "Mu\u0308ller": "muller", "Strauß": "strauss", "Łódź": "lodz", "İpek": "ipek", "Ørsted": "orsted",
		"Ἀθήνα": "αθηνα", "ｆｕｌｌ": "full", "李": "李", "a\x00b": "ab", "\xffa": "a",
	} {
		if got := Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestWordsOfAPerson(t *testing.T) {
	t.Parallel()
	u := User{Username: "amueller", Email: StoredEmail("Anna.Mueller+x@acme.example"), FirstName: "Anna Lena", LastName: "O'Müller"}
	want := []string{"amueller", "anna", "anna.mueller+x@acme.example", "lena", "mueller", "muller", "o'muller", "x"}
	got := u.Words()
	for _, w := range []string{"amueller", "anna.mueller+x@acme.example", "lena", "mueller", "muller", "o'muller"} {
		if !slices.Contains(got, w) {
			t.Errorf("Words() = %q, want %q among them", got, w)
		}
	}
	for _, w := range got {
		if !slices.Contains(want, w) {
			t.Errorf("Words() = %q, %q is not looked for", got, w)
		}
	}
	if slices.Contains(got, "acme") {
		t.Errorf("Words() = %q: everybody is found by the domain", got)
	}
}

func TestSearchWords(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"": "", "  ": "", "Bob": "bob", "bo Müll": "mull|bo", "a b a": "a|b", "Müller, Bob;": "muller|bob", "a b c d e": "a|b|c|d",
	} {
		if got := strings.Join(SearchWords(typed), "|"); got != want {
			t.Errorf("SearchWords(%q) = %q, want %q", typed, got, want)
		}
	}
}

// Whatever a person is called, they are found by each word of it, and nothing
// that is kept for that is too long, empty or unreadable.
func FuzzSearch(f *testing.F) {
	for _, s := range []string{"Anna", "Zoë O'Neil", "李 小龙", strings.Repeat("ü", 100), "\xff", "ﬃ", "a\u0301", "ŉ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if once := Fold(s); Fold(once) != once {
			t.Errorf("Fold(%q) = %q, and folded again %q", s, once, Fold(once))
		}
		u := User{LastName: CleanName(s)}
		words := u.Words()
		for _, w := range words {
			if w == "" || len(w) > maxWord || !utf8.ValidString(w) {
				t.Errorf("Words() of %q has %q", s, w)
			}
		}
		if len(words) == maxWords {
			return // of so many, some are dropped
		}
		for _, typed := range SearchWords(u.LastName) {
			if !slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, typed) }) {
				t.Errorf("%q is not found by %q: %q", u.LastName, typed, words)
			}
		}
		if len(u.SortKey()) == 0 {
			t.Errorf("%q has no place in a list", s)
		}
	})
}
