package idp

import (
	"strings"
)

// A Text is what a person reads, in the languages of the product. It may hold
// labels between double asterisks, what is typed or copied between backticks,
// and values of ours in braces; [Spans] takes it apart.
type Text struct {
	English string `yaml:"en"`
	German  string `yaml:"de"`
}

// IsZero reports whether there is nothing to say.
func (t Text) IsZero() bool { return t.English == "" && t.German == "" }

// In returns the text in a language, by its tag; English for all that there is
// no translation for.
func (t Text) In(language string) string {
	if base, _, _ := strings.Cut(language, "-"); base == "de" && t.German != "" {
		return t.German
	}
	return t.English
}

// each returns t with f applied to what it says in every language.
func (t Text) each(f func(string) string) Text { return Text{f(t.English), f(t.German)} }

// A Kind is what a part of a text is.
type Kind string

// The kinds.
const (
	Plain   Kind = "plain"   // words
	Label   Kind = "label"   // something that stands in a console
	Code    Kind = "code"    // something to be typed or copied
	OfOurs  Kind = "value"   // a value of ours, filled in
	Missing Kind = "missing" // a value of ours that the caller has not given
)

// A Span is a part of a text.
type Span struct {
	Kind  Kind
	Text  string
	Value Value // of ours, for [OfOurs] and [Missing]
}

// Spans takes a text apart and fills our values in. An asterisk or a backtick
// without its other half is an ordinary character.
func Spans(text string, values Values) []Span {
	var spans []Span
	add := func(s Span) {
		if s.Text == "" {
			return
		}
		if n := len(spans); n > 0 && s.Kind == Plain && spans[n-1].Kind == Plain {
			spans[n-1].Text += s.Text
			return
		}
		spans = append(spans, s)
	}
	for text != "" {
		at := strings.IndexAny(text, "*`{")
		if at < 0 {
			break
		}
		add(Span{Kind: Plain, Text: text[:at]})
		text = text[at:]
		span, length := mark(text, values)
		add(span)
		text = text[length:]
	}
	add(Span{Kind: Plain, Text: text})
	return spans
}

// mark returns the marked part at the start of a text, which begins with one of
// the marks, and its length.
func mark(text string, values Values) (Span, int) {
	if inside, ok := between(text, "**"); ok {
		return Span{Kind: Label, Text: values.Fill(inside)}, len(inside) + 2*len("**")
	}
	if inside, ok := between(text, "`"); ok {
		return Span{Kind: Code, Text: values.Fill(inside)}, len(inside) + 2*len("`")
	}
	if name, _, ok := strings.Cut(text[1:], "}"); ok && text[0] == '{' && Value(name).known() {
		if filled := values[Value(name)]; filled != "" {
			return Span{Kind: OfOurs, Text: filled, Value: Value(name)}, len(name) + len("{}")
		}
		return Span{Kind: Missing, Text: name, Value: Value(name)}, len(name) + len("{}")
	}
	return Span{Kind: Plain, Text: text[:1]}, 1
}

// between returns what stands between a mark at the start of a text and the
// next one. A label may end in an asterisk of its own, as those of fields do
// that have to be filled.
func between(text, mark string) (string, bool) {
	inside, found := strings.CutPrefix(text, mark)
	end := strings.Index(inside, mark)
	if !found || end <= 0 {
		return "", false
	}
	for strings.HasPrefix(inside[end+1:], mark) {
		end++
	}
	return inside[:end], true
}
