package ui

// Marked is a text that somebody else keeps in our languages, with marks in it
// for what stands elsewhere: {{template "marked" .}}.
type Marked interface {
	// Runs returns the text in a language, by its tag, taken apart at its marks.
	Runs(language string) []Run
}

// Run is a part of a [Marked] text.
type Run struct {
	Text string
	Mark Mark
}

// Mark says what a part of a text is.
type Mark string

// The marks. Without one it is words.
const (
	MarkLabel Mark = "label" // stands so in a console
	MarkCode  Mark = "code"  // is typed or copied as it is
)

// runs returns what a text says in the language of v.
func (v voice) runs(m Marked) []Run {
	if m == nil {
		return nil
	}
	return m.Runs(v.tag.String())
}
