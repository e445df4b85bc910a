package ui

// PasskeyScript is the script of a page with an [Ask].
const PasskeyScript = "passkey.js"

// Ask is a form that the browser fills in by a passkey or security key:
// {{template "ask" .}}. Without scripts it is not there.
type Ask struct {
	Action  string
	Options string // as the browser takes them, JSON
	Create  bool   // a passkey is made, and not used
	Silent  bool   // the browser offers it in the field for the name, too, without being asked
	Beside  bool   // something else to do stands beside it: it is no main button, and not missed where scripts do not run
	Word    Text
	Fields  []Hidden
	Name    *Input // what it is to be called
	Check   *Check
	Problem string
}
