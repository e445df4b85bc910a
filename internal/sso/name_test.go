package sso

import "testing"

// A name of characters that leave nothing to see is none: nobody could find it in
// a list, or click on it. Among others they stay, since writing needs them.
func TestANameCanBeSeen(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"\u200b":              "", // zero-width space
		"\u200d\u2060 \u00ad": "",
		"\u3164":              "", // Hangul filler, a letter
		"\u2800":              "", // braille without a dot
		"\ufe0f":              "",
		"\u200bA":             "\u200bA",
		"می\u200cخواهم":       "می\u200cخواهم",
		"👩\u200d💻":            "👩\u200d💻",
		"!":                   "!",
	} {
		if got := CleanName(name); got != want {
			t.Errorf("CleanName(%q) = %q, want %q", name, got, want)
		}
	}
}
