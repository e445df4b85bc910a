package ui

import "time"

// State is how something stands. It is shown by an icon, a word and a colour.
type State string

// The states. Plain is for words that are no verdict, such as a role.
const (
	Plain   State = ""
	OK      State = "ok"
	Warn    State = "warn"
	Refused State = "refused"
	Pending State = "pending"
)

// Badge is a state with its word: {{template "badge" .}}.
type Badge struct {
	State State
	Word  Text
}

// Notice tells something about the page, above what it is about:
// {{template "notice" .}}.
type Notice struct {
	State  State
	Title  Text
	Text   Text
	Points []Text
	Link   *Link
}

// Button leads to a page: {{template "link" .}}.
type Button struct {
	Word Text
	Path string
	Icon string
	Kind Emphasis
	Off  bool // closed to whoever acts as the person, of which the page tells
}

// Emphasis is how much a button asks for attention. A page has one that is
// Main.
type Emphasis string

// How much buttons ask for attention.
const (
	Ordinary Emphasis = ""
	Second   Emphasis = "second" // looks ordinary, where another stands for nothing said
	Main     Emphasis = "main"
	Quiet    Emphasis = "quiet"
	Danger   Emphasis = "danger"
)

// Do is a button that does something at once, by POST: {{template "do" .}}.
type Do struct {
	Word   Text
	Action string
	Icon   string
	Kind   Emphasis
	Fields []Hidden
	// About is what it does it to, said to who cannot see beside what it stands.
	About Text
	Off   bool // as in [Button]
}

// Submit is the row of buttons that ends a form: {{template "submit" .}}.
type Submit struct {
	Word   Text
	Icon   string
	Kind   Emphasis // Ordinary: Main; a page with several forms has [Second] ones
	Cancel string   // path for who changes their mind; "": none
}

// Confirm asks before something is done that cannot be taken back. It stands
// on a page of its own ({{template "confirm" .}}), to which a link leads
// ({{template "confirm-link" .}}). Where scripts run, the link opens a dialog
// instead, which has to be on the page too ({{template "confirm-dialog" .}}).
type Confirm struct {
	ID     string // of the dialog
	Page   string // path of the page of its own
	Word   Text   // of the link
	Icon   string // of the link
	Title  Text   // the question
	Text   Text   // what will happen, to how many
	Points []Text // and what follows from it
	Name   string // to be typed into the field "confirm", where it cannot be undone; "": nothing
	Inputs []Input
	Check  *Check
	Action string   // where it is done, by POST
	Do     Text     // the word that does it
	Kind   Emphasis // Ordinary: Danger
	Fields []Hidden
	Cancel string // path for who changes their mind
	// Problem is the code of what was wrong with what was typed.
	Problem string
	Off     bool // as in [Button]
}

// Menu is what can be done with one of many things, behind three dots:
// {{template "menu" .}}.
type Menu struct {
	Label    Text // of what
	Links    []Button
	Does     []Do
	Confirms []Confirm
}

// Copy is a value that is needed elsewhere, with a button that copies it:
// {{template "copy" .}}.
type Copy struct {
	ID    string
	Label Text
	Help  Text
	Value string
}

// Code is text of a machine: {{template "code" .}}.
type Code struct {
	ID    string
	Label Text
	Text  string
}

// QR is a code to be photographed, drawn as one path of Size units on each
// side, its margin included, as package otp draws it: {{template "qr" .}}.
type QR struct {
	Label Text // what it is, for who cannot see it
	Size  int
	Path  string
}

// Fact is one line of what is known about a thing: {{template "facts" .Facts}}
// shows a list of them.
type Fact struct {
	Name  Text
	Value Text
	Sub   Text // below it
	Path  string
	Badge *Badge
	At    time.Time
	Mono  bool
}

// None reports whether nothing is known.
func (f Fact) None() bool {
	return f.Value.IsZero() && f.Sub.IsZero() && f.Badge == nil && f.At.IsZero()
}

// Stat is a number that tells how things stand: {{template "stats" .Stats}}
// shows a row of them.
type Stat struct {
	Name  Text
	Value Text
	Note  Text
	State State
	Path  string
}

// Progress tells how far something has come: {{template "progress" .}}.
type Progress struct {
	Label Text
	Done  int
	Of    int
	Text  Text
}

// Step is a stage of a longer task: {{template "steps" .Steps}} lists them.
type Step struct {
	Name    Text
	Text    Text
	State   State // Plain: not begun
	Word    Text  // for the state
	Path    string
	Current bool
}

// Empty stands where a list has nothing to show, and says what to do first:
// {{template "empty" .}}.
type Empty struct {
	Icon   string
	Title  Text
	Text   Text
	Action *Action
}

// about is the help of a field, by the identifier of its element.
type about struct {
	ID   string
	Help Text
}
