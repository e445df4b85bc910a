package oidc

import "time"

// Step says what an authorize request asks for next.
type Step uint8

// The steps.
const (
	SignIn    Step = iota // the person must sign in first
	IssueCode             // the session at hand is good enough
	GiveUp                // the application wants no page, or another person: login_required
	Unmet                 // it wants a better proof, and the sign-in for it has brought none, or none can
	Better                // the session will do, and the application would like a better proof where there is one
)

// Login is the browser's session as far as a request may ask about it. The zero
// value says that nobody is signed in.
type Login struct {
	Subject string
	At      time.Time // when the person last proved who they are
	Level   Level     // how well
}

// Next decides what happens to r. The login is what the browser has now; asked
// is when r first came. A login that is not older than that was made for r, and
// meets every demand for a fresh one: otherwise max_age=0 and prompt=login would
// ask for ever. The hint is the subject of a verified id_token_hint, or "".
func (r AuthorizeRequest) Next(login Login, asked, now time.Time, hint string) Step {
	if r.beyond() {
		return Unmet
	}
	missing := SignIn
	if r.Prompt.Has(PromptNone) {
		missing = GiveUp
	}
	if login.Subject == "" {
		return missing
	}
	forThis := !login.At.Before(asked)
	if hint != "" && login.Subject != hint {
		if forThis {
			return GiveUp // signed in just now, as somebody else [OIDCCore 3.1.2.2]
		}
		return missing
	}
	if !r.Admits(login.Level) {
		if forThis {
			return Unmet
		}
		return missing
	}
	if forThis {
		return IssueCode
	}
	if r.Prompt.Has(PromptLogin) || r.Prompt.Has(PromptSelectAccount) {
		return SignIn
	}
	if age, ok := r.MaxAge(); ok && now.Sub(login.At) > age {
		return missing
	}
	// Who acts as the person can prove nothing in their place.
	if least, _ := r.Asks(); login.Level != NoLevel && login.Level < least && missing == SignIn {
		return Better
	}
	return IssueCode
}
