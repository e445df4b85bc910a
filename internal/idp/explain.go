package idp

import (
	"fmt"
	"html"
	"io/fs"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
)

// An Explanation says what an error means, whose it is to mend, and where.
type Explanation struct {
	ID      string // stable, for links and tests
	Vendor  *Vendor
	Matched string // what was recognised, as it was pasted; empty for a code of ours

	Title  Text
	Cause  Text
	Remedy Text
	Hint   Text // what this vendor adds
	Side   fault.Side

	Place Place
	Path  []Click // the way to it in the vendor's console; empty: there is none
	Copy  []Copy
	Link  string // a page of the vendor about this very error

	// Faults are the codes of ours that the same mistake leads to when a
	// response does come.
	Faults []string

	// Problems are the recurring ones that this is a case of.
	Problems []ProblemID

	// Unverified says that no primary source confirms the wording or the cause.
	Unverified bool
}

// A Way is how an entry is found in a text.
type way struct {
	Codes    []string `yaml:"codes"`   // as whole words
	Phrases  []string `yaml:"phrases"` // anywhere
	Events   []string `yaml:"events"`  // numbers behind the word "event"
	Fallback string   `yaml:"fallback"`

	// Common phrases are those of many products: they count where this vendor's
	// connection is looked at, or none.
	Common bool `yaml:"common"`
}

// An entry is an error that people meet at an identity provider.
type entry struct {
	ID  string `yaml:"id"`
	way `yaml:",inline"`

	Side       side     `yaml:"side"`
	Place      Place    `yaml:"place"`
	Title      Text     `yaml:"title"`
	Cause      Text     `yaml:"cause"`
	Remedy     Text     `yaml:"remedy"`
	Copy       []Copy   `yaml:"copy"`
	Link       string   `yaml:"link"` // {code}: the digits
	Faults     []string `yaml:"faults"`
	Unverified bool     `yaml:"unverified"`

	problems []ProblemID
	vendor   *Vendor // nil: of SAML itself
	fallback *regexp.Regexp
}

// side reads a [fault.Side] by its name.
type side fault.Side

// UnmarshalText reads what [fault.Side.String] writes.
func (s *side) UnmarshalText(text []byte) error {
	for known := fault.Nobody; known <= fault.OperatorSide; known++ {
		if known.String() == string(text) || known == fault.Nobody && string(text) == "nobody" {
			*s = side(known)
			return nil
		}
	}
	return fmt.Errorf("side %q", text)
}

// readErrors reads the entries of every vendor, and of SAML.
func (a *all) readErrors(from fs.FS) error {
	names, err := fs.Glob(from, "data/errors/*.yaml")
	if err != nil {
		return fmt.Errorf("listing errors: %w", err)
	}
	for _, name := range names {
		var file struct {
			Vendor ID      `yaml:"vendor"`
			Errors []entry `yaml:"errors"`
		}
		if err := decode(from, name, &file); err != nil {
			return err
		}
		vendor := a.byID[file.Vendor]
		if file.Vendor != "" && vendor == nil {
			return fmt.Errorf("reading %s: no vendor %q", name, file.Vendor)
		}
		for _, e := range file.Errors {
			e.vendor = vendor
			if e.Fallback != "" {
				if e.fallback, err = regexp.Compile("(?i)" + e.Fallback); err != nil {
					return fmt.Errorf("reading %s: %w", name, err)
				}
			}
			a.entries = append(a.entries, e)
		}
	}
	return nil
}

// Limits of what is looked at and answered.
const (
	maxPaste        = 64 << 10
	maxExplanations = 8
)

// Explain returns what is known of the errors in a text that somebody has
// pasted: a code, a sentence, a whole page or the address of one. What the
// vendor at hand is known for comes first; [Generic] or an empty ID stand for
// one that is not known.
func Explain(text string, at ID) []Explanation {
	a := catalogue()
	pasted := normalise(text)
	vendor := a.byID[at]
	if vendor == nil {
		vendor = a.byID[Generic]
	}
	type find struct {
		e       *entry
		at      int
		matched string
	}
	var found []find
	known := map[*Vendor]bool{} // of whom something precise was found
	for i := range a.entries {
		e := &a.entries[i]
		if e.Common && vendor != e.vendor && vendor.ID != Generic {
			continue
		}
		if start, length := e.find(pasted); start >= 0 {
			found = append(found, find{e, start, pasted.text[start : start+length]})
			known[e.vendor] = true
		}
	}
	for i := range a.entries {
		e := &a.entries[i]
		if e.fallback == nil || known[e.vendor] {
			continue
		}
		if m := e.fallback.FindStringIndex(pasted.text); m != nil {
			found = append(found, find{e, m[0], pasted.text[m[0]:m[1]]})
		}
	}
	rank := func(f find) int {
		switch {
		case f.e.vendor == vendor:
			return 0
		case f.e.vendor == nil && f.e.fallback == nil:
			return 1
		case f.e.vendor != nil:
			return 2
		}
		return 3
	}
	slices.SortStableFunc(found, func(x, y find) int {
		if r := rank(x) - rank(y); r != 0 {
			return r
		}
		return x.at - y.at
	})
	var out []Explanation
	for _, f := range found[:min(len(found), maxExplanations)] {
		out = append(out, f.e.explain(vendor, f.matched))
	}
	return out
}

// explain returns an entry as it reads at a vendor.
func (e *entry) explain(at *Vendor, matched string) Explanation {
	if e.vendor != nil {
		at = e.vendor
	}
	digits := strings.TrimLeft(matched, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ ")
	return Explanation{
		ID: e.ID, Vendor: at, Matched: matched,
		Title: at.labelled(e.Title), Cause: at.labelled(e.Cause), Remedy: at.labelled(e.Remedy), Side: fault.Side(e.Side),
		Place: e.Place, Path: at.Places[e.Place], Copy: e.Copy, Link: strings.ReplaceAll(e.Link, "{code}", digits),
		Faults: e.Faults, Problems: e.problems, Unverified: e.Unverified,
	}
}

// labelled fills the vendor's own labels into a text.
func (v *Vendor) labelled(t Text) Text {
	return t.each(func(s string) string {
		for {
			before, rest, found := strings.Cut(s, "{label:")
			of, after, closed := strings.Cut(rest, "}")
			if !found || !closed {
				return s
			}
			s = before + "**" + v.Label(Value(of)) + "**" + after
		}
	})
}

// A paste is a text made comparable: on one line, entities and percent escapes
// read, quotation marks straight.
type paste struct {
	text  string
	lower string // of the same length
}

var blanks = regexp.MustCompile(`\s+`)

func normalise(text string) paste {
	text = html.UnescapeString(text[:min(len(text), maxPaste)])
	if read, err := url.QueryUnescape(text); err == nil && strings.Contains(text, "%") {
		text = read
	}
	text = strings.NewReplacer("’", "'", "‘", "'", "“", `"`, "”", `"`).Replace(strings.ToValidUTF8(text, "?"))
	text = strings.TrimSpace(blanks.ReplaceAllString(text, " "))
	return paste{text, asciiLower(text)}
}

// asciiLower changes no length, as strings.ToLower may.
func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// find returns where an entry shows in a text, and how much of it; -1 where it
// does not.
func (e *entry) find(p paste) (start, length int) {
	for _, code := range e.Codes {
		if at := word(p.lower, asciiLower(code)); at >= 0 {
			return at, len(code)
		}
		// Somebody who types a code leaves out what all codes begin with.
		if bare := strings.TrimLeft(asciiLower(code), "abcdefghijklmnopqrstuvwxyz"); bare == p.lower && bare != "" {
			return 0, len(p.lower)
		}
	}
	for _, number := range e.Events {
		for _, form := range []string{"event ", "event id ", "event id: ", "eventid ", "eventid: ", "event: ", "ereignis ", "ereignis-id ", "ereignis-id: "} {
			if at := word(p.lower, form+number); at >= 0 {
				return at, len(form) + len(number)
			}
		}
		if p.lower == number {
			return 0, len(number)
		}
	}
	for _, phrase := range e.Phrases {
		if at := strings.Index(p.lower, asciiLower(phrase)); at >= 0 {
			return at, len(phrase)
		}
	}
	return -1, 0
}

// word returns where a word stands in a text by itself, or -1.
func word(text, w string) int {
	for from := 0; ; {
		at := strings.Index(text[from:], w)
		if at < 0 {
			return -1
		}
		at += from
		if (at == 0 || !ofWord(text[at-1])) && (at+len(w) == len(text) || !ofWord(text[at+len(w)])) {
			return at
		}
		from = at + 1
	}
}

func ofWord(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
