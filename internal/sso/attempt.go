package sso

import (
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
)

// AttemptLife is how long a sign-in may take from its first page to its last.
const AttemptLife = 30 * time.Minute

// Step is the next thing that a sign-in needs.
type Step string

// The steps. One dispatcher reads the stored attempt and goes to the step that
// [Attempt.Next] names; steps never call each other.
const (
	StepIdentify Step = "identify" // ask for the address
	StepChoose   Step = "choose"   // let the person choose among connections
	StepSSO      Step = "sso"      // send the browser to the connection
	StepPassword Step = "password" // ask for the password
	StepPasskey  Step = "passkey"  // ask for a passkey, there being nothing else
	StepFirst    Step = "first"    // ask who somebody is who comes for the first time
	StepOrg      Step = "org"      // let the person choose among memberships
	StepFactor   Step = "factor"   // ask for a second factor
	StepEnrol    Step = "enrol"    // have the person add a second factor
	StepFinish   Step = "finish"   // make the session
	StepOver     Step = "over"     // used up; start anew
)

// Attempt is one sign-in in progress, as it is stored.
type Attempt struct {
	ID         AttemptID
	Browser    secret.Hash  // of the cookie of the browser that began it
	App        AppID        // "" when no app asked
	Request    string       // the app's authorize request, as its query string
	Org        OrgID        // asked for by the sign-on URL; else as the address or the person decides
	Typed      Email        // the address that the person typed, or the app hinted
	Username   string       // typed in place of an address
	Connection ConnectionID // chosen or found
	Choices    []ConnectionID
	Method     Method    // "" until known
	Fresh      bool      // the person must be asked anew, by the identity provider too
	Demand     AppDemand // of the app, beyond what the organization demands
	// Session is the one whose person is to prove themselves again; "" in a
	// sign-in. Back is the path of ours to which the attempt leads, sealed: the
	// path may hold a token, as that of an invitation does.
	Session   SessionID
	Back      []byte
	Test      TestID // that it is; "" in a sign-in
	Waits     []Wait // requests to identity providers, the latest last
	Proof     Proof  // zero until the person has been proven
	Hops      []Hop  // what has happened so far
	Reference string // of its trace; "": there is none yet
	CreatedAt time.Time
	ExpiresAt time.Time
	DoneAt    time.Time // zero until a session was made of it
	Version   int64
}

// Proof is what a sign-in has found out: who, how, when.
type Proof struct {
	User     UserID      `json:"user,omitempty"`
	Org      OrgID       `json:"org,omitempty"`  // signed in as a member of
	Orgs     []OrgID     `json:"orgs,omitempty"` // to choose from where Org is not decided
	AMR      []string    `json:"amr,omitempty"`
	At       time.Time   `json:"at,omitzero"`
	SAML     SAMLSession `json:"saml,omitzero"`
	NotAfter time.Time   `json:"not_after,omitzero"` // SessionNotOnOrAfter; the session ends then at the latest
	// Needs is what is still to be done about a second factor, and Second by
	// what it was given.
	Needs    Need     `json:"needs,omitempty"`
	Second   Second   `json:"second,omitempty"`
	Factor   FactorID `json:"factor,omitempty"`   // that was given, first or second; it must still be there
	Password string   `json:"password,omitempty"` // fingerprint of the hash that was matched; it must still be the one
	Remember bool     `json:"remember,omitempty"` // the browser is to be remembered
	// Session is the one that the browser had, where its person goes on by the
	// proof that made it; "": they have proved themselves in this attempt.
	Session SessionID `json:"session,omitempty"`
	// First is what the identity provider said about somebody new, until they
	// are linked. Together with User it waits for the last proof that the
	// account is theirs.
	First *First `json:"first,omitempty"`
}

// End returns when a session ends that stands on p and would end at life.
func (p *Proof) End(life time.Time) time.Time {
	if end := p.NotAfter; !end.IsZero() && end.Before(life) {
		return end
	}
	return life
}

// Need is what a sign-in needs about a second factor.
type Need string

// The needs.
const (
	NeedFactor Need = "factor" // one that the person has
	NeedEnrol  Need = "enrol"  // one that the person adds now
)

// Second says by what a second factor was given.
type Second string

// The second factors. A passkey that asked the person for a PIN or the like is
// both factors in one.
const (
	SecondTOTP     Second = "totp"
	SecondSMS      Second = "sms"
	SecondPasskey  Second = "passkey"
	SecondRecovery Second = "recovery"
	SecondDevice   Second = "device" // a remembered browser
	SecondIdP      Second = "idp"    // the identity provider says so
)

// Next returns what the attempt needs now.
func (a *Attempt) Next() Step {
	switch {
	case !a.DoneAt.IsZero():
		return StepOver
	case a.Proof.First != nil && a.Proof.User == "":
		return StepFirst
	case a.Proof.User != "" && a.Proof.Org == "":
		return StepOrg
	case a.Proof.User != "" && a.Proof.Needs == NeedFactor:
		return StepFactor
	case a.Proof.User != "" && a.Proof.Needs == NeedEnrol:
		return StepEnrol
	case a.Proof.User != "":
		return StepFinish
	case a.Method == ByPassword:
		return StepPassword
	case a.Method == ByPasskey:
		return StepPasskey
	case a.Connection != "":
		return StepSSO
	case len(a.Choices) > 0:
		return StepChoose
	default:
		return StepIdentify
	}
}

// Usable refuses an attempt that is over, too old, or another browser's. A
// browser without a cookie has none.
func (a *Attempt) Usable(browser secret.Hash, now time.Time) error {
	if err := a.OwnedBy(browser); err != nil {
		return err
	}
	if !now.Before(a.ExpiresAt) {
		return &fault.Error{Kind: fault.Conflict, Code: "attempt_expired", Fix: fault.PersonSide}
	}
	if !a.DoneAt.IsZero() {
		return &fault.Error{Kind: fault.Conflict, Code: "attempt_over", Fix: fault.PersonSide}
	}
	return nil
}

// OwnedBy refuses an attempt to every browser but the one that began it.
func (a *Attempt) OwnedBy(browser secret.Hash) error {
	if browser == (secret.Hash{}) || !a.Browser.Equal(browser) {
		return &fault.Error{Kind: fault.Denied, Code: "bind_cookie", Want: "the browser that began this sign-in", Got: "another browser", Fix: fault.PersonSide}
	}
	return nil
}
