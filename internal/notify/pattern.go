package notify

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// pattern is a text with marks such as {{to}}. It is no language: a mark is
// replaced by its value, escaped for where it stands, and what a value holds is
// never read as a mark.
type pattern []piece

// piece is a text, or a mark.
type piece struct {
	text   string
	mark   string // "": only text
	escape func(string) string
}

// parsePattern reads a pattern. known are the marks there are; one that has a
// value there already is filled at once.
func parsePattern(s string, known map[string]string, escape func(string) string) (pattern, error) {
	var t pattern
	for {
		before, rest, found := strings.Cut(s, "{{")
		if before != "" {
			t = append(t, piece{text: before})
		}
		if !found {
			return t, nil
		}
		name, after, closed := strings.Cut(rest, "}}")
		name = strings.TrimSpace(name)
		value, ok := known[name]
		if !closed || !ok {
			return nil, fmt.Errorf("%q is no mark; there are {{%s}}", "{{"+clipMark(name), strings.Join(slices.Sorted(maps.Keys(known)), "}}, {{"))
		}
		if value != "" {
			t = append(t, piece{text: escape(value)})
		} else {
			t = append(t, piece{mark: name, escape: escape})
		}
		s = after
	}
}

// fill returns the text with these values for its marks.
func (t pattern) fill(values map[string]string) string {
	var b strings.Builder
	for _, p := range t {
		if p.mark == "" {
			b.WriteString(p.text)
		} else {
			b.WriteString(p.escape(values[p.mark]))
		}
	}
	return b.String()
}

// clipMark keeps of a wrong mark what is enough to find it.
func clipMark(s string) string {
	if r := []rune(s); len(r) > 20 {
		return string(r[:20]) + "…"
	}
	return s
}
