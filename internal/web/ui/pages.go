package ui

// Page is one of the pages of this package.
type Page interface {
	page() (template, title string)
}

// everyPage lists the pages, to have their templates parsed.
func everyPage() []Page {
	return []Page{Identify{}, Password{}, Choose{}, Switch{}, leave{}, post{}, failure{}, Account{}, SignedOut{}}
}

// Identify asks who is signing in.
type Identify struct {
	Action  string // where the form goes
	Typed   string // what was typed before
	Problem string // code of what was wrong with it; "": nothing
}

func (Identify) page() (template, title string) { return "identify", "identify_title" }

// Password asks for the password.
type Password struct {
	Action  string
	Who     string // address or username
	NotYou  string // path where another one can be given
	Problem string
}

func (Password) page() (template, title string) { return "password", "password_title" }

// Choose asks for one of several ways or organizations.
type Choose struct {
	Action  string
	Who     string
	NotYou  string // "": the person is proven already
	Of      Kind
	Choices []Choice
}

// Choice is one thing that can be chosen.
type Choice struct{ ID, Name string }

// Kind says what is to be chosen.
type Kind string

// The kinds of choices.
const (
	Connections   Kind = "choose_connection"
	Organizations Kind = "choose_organization"
)

func (p Choose) page() (template, title string) { return "choose", string(p.Of) }

// Switch asks before somebody who is signed in becomes somebody else.
type Switch struct {
	Action string // where the form goes that does it
	Stay   string // path for who does not want it
	Now    string // names of both
	Next   string
}

func (Switch) page() (template, title string) { return "switch", "switch_title" }

// Form is posted to another site at once, by [UI.Post].
type Form struct {
	Action string
	Name   string // of the other site
	Fields []Field
}

// Field is a field of a [Form].
type Field struct{ Name, Value string }

// post is the page of a [Form] whose action has been judged.
type post struct{ Form }

func (post) page() (template, title string) { return "post", "leave_title" }

// Account shows who is signed in.
type Account struct {
	Name         string
	Email        string
	Username     string
	Organization string
	Role         string
}

func (Account) page() (template, title string) { return "account", "account_title" }

// SignedOut confirms that the session has ended.
type SignedOut struct{}

func (SignedOut) page() (template, title string) { return "signed-out", "signed_out_title" }
