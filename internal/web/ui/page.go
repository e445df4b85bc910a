package ui

import (
	"html/template"
	"io/fs"
	"time"
)

// Page is what a handler gives to [UI.Render]: a struct with everything that
// its template shows. A page that embeds a [Shell] stands in the frame with
// the navigation, any other on a card.
type Page interface {
	Head() Head
}

// Head is what is known of a page apart from its content.
type Head struct {
	Template string   // file in the set's folder templates, without .html; the same for every value of the type
	Title    Text     // of the window, and the heading in the frame with the navigation
	Scripts  []string // assets beside the script of every page

	only    string       // the one script instead; "-": none
	refresh template.URL // where the page moves on to by itself
}

// Set is the pages of one transport, with their templates and texts.
type Set struct {
	// Name is the transport's, for messages.
	Name string
	// Files holds templates/*.html, locales/*.LANGUAGE.json and, where there
	// are scripts or pictures, assets/*. A locale file called failures.LANGUAGE.json has
	// sentences for the codes of faults, which are known to all pages.
	Files fs.FS
	// Pages lists one value of each type of page.
	Pages []Page
}

// Text is something that a page says: a sentence of the catalog, or a name
// that is shown as it stands. The zero Text says nothing.
type Text struct {
	key     string
	pairs   []string
	n       int
	counted bool
	as      string
	day     time.Time
	at      time.Time
	problem string
	words   Words
	parts   []Text
}

// Words are a text that somebody else keeps in our languages.
type Words interface {
	In(language string) string // by its tag
}

// Spoken returns a text that somebody else keeps in our languages.
func Spoken(w Words) Text { return Text{words: w} }

// Say returns a text of the catalog; pairs of names and values fill its gaps.
func Say(key string, pairs ...string) Text { return Text{key: key, pairs: pairs} }

// Count returns a text of the catalog that depends on a number. Its gap Count
// is the number, written in the way of the language.
func Count(key string, n int, pairs ...string) Text {
	return Text{key: key, pairs: pairs, n: n, counted: true}
}

// As returns a text that is the same in every language, such as a name.
func As(s string) Text { return Text{as: s} }

// Day returns a text that is the day of an instant, in UTC, as the language
// writes it.
func Day(at time.Time) Text { return Text{day: at} }

// At returns a text that is an instant, with its zone, as the language writes it.
func At(at time.Time) Text { return Text{at: at} }

// Texts returns a text that says one after the other.
func Texts(all ...Text) Text { return Text{parts: all} }

// Between returns a text that says those of all that say anything, with the
// same between any two.
func Between(separator string, all ...Text) Text {
	var parts []Text
	for _, t := range all {
		if t.IsZero() {
			continue
		}
		if len(parts) > 0 {
			parts = append(parts, As(separator))
		}
		parts = append(parts, t)
	}
	return Text{parts: parts}
}

// Problem returns the sentence for the code of a fault.
func Problem(code string) Text { return Text{problem: code} }

// IsZero reports whether t says nothing.
func (t Text) IsZero() bool {
	return t.key == "" && t.as == "" && t.day.IsZero() && t.at.IsZero() && t.problem == "" && t.words == nil && len(t.parts) == 0
}
