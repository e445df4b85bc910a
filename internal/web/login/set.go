package login

import (
	"embed"
	"encoding/json"
	"html/template"
	"strings"

	"github.com/sallyport/sallyport/internal/otp"
	"github.com/sallyport/sallyport/internal/web/ui"
)

//go:embed templates locales
var files embed.FS

// Pages returns the set of the pages.
func Pages() ui.Set {
	return ui.Set{Name: "login", Files: files, Pages: []ui.Page{
		identifyPage{}, passwordPage{}, passkeyPage{}, factorPage{}, enrolPage{}, codesPage{}, firstPage{}, glassPage{}, organizationPage{}, leavePage{},
	}}
}

// identifyPage asks who is signing in.
type identifyPage struct {
	Action  string  // where the form goes
	Typed   string  // what was typed before
	Problem string  // code of what was wrong with it; "": nothing
	Passkey *ui.Ask // nil: browsers have none here
}

// Head implements [ui.Page].
func (identifyPage) Head() ui.Head {
	return ui.Head{Template: "identify", Title: ui.Say("identify_title"), Scripts: []string{ui.PasskeyScript}}
}

// passwordPage asks for the password.
type passwordPage struct {
	Action  string
	Who     string // address or username
	NotYou  string // path where another one can be given; "": it is known who it is
	Forgot  string // path for who has forgotten it; "": there is none
	Confirm bool   // they are signed in, and prove that it is them
	Problem string
	Passkey *ui.Ask
}

// Head implements [ui.Page].
func (p passwordPage) Head() ui.Head {
	title := ui.Say("password_title")
	if p.Confirm {
		title = ui.Say("confirm_title")
	}
	return ui.Head{Template: "password", Title: title, Scripts: []string{ui.PasskeyScript}}
}

// passkeyPage asks for a passkey, there being nothing else.
type passkeyPage struct {
	Who     string
	Passkey ui.Ask
}

// Head implements [ui.Page].
func (passkeyPage) Head() ui.Head {
	return ui.Head{Template: "passkey", Title: ui.Say("confirm_title"), Scripts: []string{ui.PasskeyScript}}
}

// factorPage asks for a second factor of one kind.
type factorPage struct {
	Who    string
	Asks   ui.Text // who wants it, where that is an app
	Lead   ui.Text
	Notice *ui.Notice
	Form   *codeForm   // where a code is typed
	Send   []ui.Do     // where a code is sent first, one for each number
	Again  *ui.Do      // has another code sent
	Ask    *ui.Ask     // where a passkey is used
	Others []ui.Button // other ways
}

// codeForm takes a code.
type codeForm struct {
	Action string
	Fields []ui.Hidden
	Code   ui.Input
	Check  *ui.Check
	Submit ui.Submit
}

// Head implements [ui.Page].
func (factorPage) Head() ui.Head {
	return ui.Head{Template: "factor", Title: ui.Say("factor_title"), Scripts: []string{ui.PasskeyScript}}
}

// enrolPage has the person add a second factor.
type enrolPage struct {
	Who    string
	Title  ui.Text
	Asks   ui.Text // who wants it, where that is an app
	Lead   ui.Text
	Kinds  []choice // what can be added; nil: it is chosen
	App    *appOffer
	Form   *codeForm
	Number *numberForm
	Again  *ui.Do
	Ask    *ui.Ask
	Others []ui.Button
}

// choice is one kind of second factor.
type choice struct {
	Icon string
	Path string
	Name ui.Text
	Help ui.Text
}

// appOffer is a secret for an authenticator app.
type appOffer struct {
	QR   ui.QR
	Copy ui.Copy
	URI  template.URL
}

// numberForm takes a telephone number.
type numberForm struct {
	Action string
	Number ui.Input
	Submit ui.Submit
}

// Head implements [ui.Page].
func (p enrolPage) Head() ui.Head {
	return ui.Head{Template: "enrol", Title: p.Title, Scripts: []string{ui.PasskeyScript}}
}

// codesPage shows recovery codes, once.
type codesPage struct {
	Codes    []string
	Download string // where they are sent back as a file, by POST
	Continue string
}

// Text returns the codes as a form carries them.
func (p codesPage) Text() string { return strings.Join(p.Codes, " ") }

// Head implements [ui.Page].
func (codesPage) Head() ui.Head {
	return ui.Head{Template: "codes", Title: ui.Say("codes_title"), Scripts: []string{ui.PasskeyScript}}
}

// picture returns a QR code for the page.
func picture(p otp.Picture) ui.QR {
	return ui.QR{Label: ui.Say("app_qr"), Size: p.Size, Path: p.Path}
}

// compact returns JSON as an attribute holds it.
func compact(raw []byte) string {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return "{}"
	}
	return string(raw)
}
