package sso

import (
	"time"
)

// Trace is what happened in an attempt, kept for support. It holds values
// that an identity provider sent about a person, and no secrets; who reads it
// without having opened it sees it [Trace.Redacted].
type Trace struct {
	Reference  string // such as 7F3K-22QD
	Attempt    AttemptID
	Org        OrgID // "" where none was known
	Connection ConnectionID
	User       UserID
	Method     Method
	At         time.Time
	Code       string // fault code; "" for a sign-in that worked
	Want       string
	Got        string
	Fix        string
	Checks     []Check
	Address    string
	UserAgent  string
	Who        string // the address or name that was asserted, or else typed, as [WhoKey]
	Hops       []Hop
	Detail     TraceDetail
}

// TraceDetail is what a trace says beside its checks.
type TraceDetail struct {
	App     AppID       `json:"app,omitempty"`   // that asked; "": the person came by themselves
	Typed   string      `json:"typed,omitempty"` // an address or a name
	Mode    FirstSignIn `json:"mode,omitempty"`  // of the connection, for who comes for the first time
	Act     Act         `json:"act,omitempty"`   // what was decided about the person
	Why     *RoleReason `json:"why,omitempty"`   // of their role; nil: no sign-in has decided it
	Second  Second      `json:"second,omitempty"`
	Message *Message    `json:"message,omitempty"` // what the identity provider said; nil: it said nothing that it has signed
	Kept    bool        `json:"kept,omitempty"`    // the message is kept as it came
}

// Message is what an identity provider has said and signed, decoded.
type Message struct {
	Issuer       string      `json:"issuer,omitempty"`
	NameID       string      `json:"name_id,omitempty"`
	Format       string      `json:"format,omitempty"`
	SessionIndex string      `json:"session_index,omitempty"`
	AuthnContext string      `json:"authn_context,omitempty"`
	IssuedAt     time.Time   `json:"issued_at,omitzero"`
	Signed       []string    `json:"signed,omitempty"` // response, assertion
	Attributes   []Attribute `json:"attributes,omitempty"`
	More         int         `json:"more,omitempty"` // values that are left out
}

// Bounds of what is kept of a message.
const (
	maxKeptAttributes = 60
	maxKeptValues     = 20  // of one attribute
	maxKeptValue      = 300 // octets
)

// Clip bounds what is kept: a message may hold hundreds of groups. It changes
// nothing that others hold.
func (m *Message) Clip() {
	var kept []Attribute
	for i, a := range m.Attributes {
		if i == maxKeptAttributes {
			for _, rest := range m.Attributes[i:] {
				m.More += len(rest.Values)
			}
			break
		}
		m.More += max(0, len(a.Values)-maxKeptValues)
		b := Attribute{Name: clipValue(a.Name)}
		for _, v := range a.Values[:min(len(a.Values), maxKeptValues)] {
			b.Values = append(b.Values, clipValue(v))
		}
		kept = append(kept, b)
	}
	m.Attributes = kept
	m.NameID, m.SessionIndex = clipValue(m.NameID), clipValue(m.SessionIndex)
}

// Ended reports whether the sign-in has come to its end: it was refused, or a
// session was made of it.
func (t *Trace) Ended() bool {
	return t.Code != "" || len(t.Hops) > 0 && t.Hops[len(t.Hops)-1].Step == HopFinish
}

// Event returns the line of the audit list that tells how the sign-in has ended.
func (t *Trace) Event() Event {
	e := Event{
		Org: t.Org, At: t.At, Actor: "sign-in", Address: t.Address, UserAgent: ClipUserAgent(t.UserAgent), Action: SignInSucceeded, Target: string(t.User),
		Detail: map[string]string{"reference": t.Reference},
	}
	if t.Code != "" {
		e.Action, e.Detail["code"] = SignInRefused, t.Code
	}
	if t.Method != "" {
		e.Detail["method"] = string(t.Method)
	}
	if t.Connection != "" {
		e.Detail["connection"] = string(t.Connection)
	}
	return e
}

// The actions by which the audit list tells of sign-ins.
const (
	SignInSucceeded = "sign_in.succeeded"
	SignInRefused   = "sign_in.refused"
)

// HopStep is what a browser came for.
type HopStep string

// The hops of a sign-in.
const (
	HopBegin    HopStep = "begin"    // an app, or the person, asks
	HopIdentify HopStep = "identify" // an address is typed
	HopChoose   HopStep = "choose"
	HopDepart   HopStep = "depart" // for the identity provider
	HopAnswer   HopStep = "answer" // of the identity provider
	HopPassword HopStep = "password"
	HopPasskey  HopStep = "passkey"
	HopFirst    HopStep = "first" // somebody new says who they are
	HopFactor   HopStep = "factor"
	HopEnrol    HopStep = "enrol"
	HopFinish   HopStep = "finish" // the session is made
	HopLogout   HopStep = "logout"
	HopGlass    HopStep = "glass" // a break-glass code is given
)

// Hop is one time that the browser came by.
type Hop struct {
	Step HopStep   `json:"step"`
	At   time.Time `json:"at"`
	Host string    `json:"host,omitempty"` // of the identity provider
	By   RouteRule `json:"by,omitempty"`   // the rule by which the way was found
	Code string    `json:"code,omitempty"` // of the fault by which it ended; "": it went on
}

// maxHops bounds what is kept: somebody can try for half an hour.
const maxHops = 40

// Hop notes that the browser came by. Where there were very many, the first
// and the latest are kept.
func (a *Attempt) Hop(step HopStep, now time.Time) { a.Hops = AddHop(a.Hops, Hop{Step: step, At: now}) }

// AddHop adds a hop to those before it.
func AddHop(hops []Hop, h Hop) []Hop {
	if len(hops) >= maxHops {
		half := maxHops / 2
		hops = append(append([]Hop(nil), hops[:half]...), hops[half+1:]...)
	}
	return append(hops[:len(hops):len(hops)], h)
}

// Check is one line of a verdict list.
type Check struct {
	Rule    string `json:"rule"`
	About   string `json:"about,omitempty"` // tells lines of one rule apart
	Verdict string `json:"verdict"`         // pass, fail, skip, or warn: tolerated for now
	Want    string `json:"want,omitempty"`
	Got     string `json:"got,omitempty"`
}
