package ui

// Own returns the set that every [UI] has: the pages of the house, and the
// words, layouts and components that all others may use.
func Own() Set {
	return Set{Name: "ui", Files: files, Pages: []Page{Choose{}, Switch{}, leave{}, post{}, failure{}, SignedOut{}, SignedOutHere{}}}
}

// Choose asks for one of several ways to sign in.
type Choose struct {
	Action  string
	Who     string
	NotYou  string
	Choices []Choice
}

// Choice is one thing that can be chosen.
type Choice struct{ ID, Name string }

// Head implements [Page].
func (Choose) Head() Head { return Head{Template: "choose", Title: Say("choose_connection")} }

// Switch asks before somebody who is signed in becomes somebody else.
type Switch struct {
	Action string // where the form goes that does it
	Stay   string // path for who does not want it
	Now    string // names of both
	Next   string
}

// Head implements [Page].
func (Switch) Head() Head { return Head{Template: "switch", Title: Say("switch_title")} }

// Form is posted to another site at once, by [UI.Post].
type Form struct {
	Action string
	Name   string // of the other site; "": it is not named
	Fields []FormField
}

// FormField is a field of a [Form].
type FormField struct{ Name, Value string }

// post is the page of a [Form] whose action has been judged.
type post struct{ Form }

// Head implements [Page].
func (post) Head() Head { return Head{Template: "post", Title: Say("leave_title"), only: "post.js"} }

// SignedOut confirms that the session has ended.
type SignedOut struct{}

// Head implements [Page].
func (SignedOut) Head() Head { return Head{Template: "signed-out", Title: Say("signed_out_title")} }

// SignedOutHere confirms that the session has ended, and says that the person
// may still be signed in at their identity provider.
type SignedOutHere struct{}

// Head implements [Page].
func (SignedOutHere) Head() Head {
	return Head{Template: "signed-out-here", Title: Say("signed_out_here_title")}
}
