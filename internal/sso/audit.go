package sso

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
)

// RolloverActor stands in the audit list for what is done with keys that nobody has
// asked for.
const RolloverActor = "rollover"

// Event is a line of the audit list: who did what to whom.
type Event struct {
	Org   OrgID // "" for the deployment's own
	At    time.Time
	Actor string // a user's ID, or a name such as "operator" or "sign-in"
	// OnBehalf is the user as whom the actor acted; "" where they acted as
	// themselves.
	OnBehalf  UserID
	Address   string // from where; "": from our own side
	UserAgent string // with what, as it says of itself; may be empty
	Action    string // noun and past participle: connection.activated
	Target    string
	Detail    map[string]string
	Changes   []Change // of settings, in the order of their names
}

// Change is a setting that is another one now. What is secret never stands in
// it.
type Change struct {
	Field string `json:"field"`
	From  string `json:"from"` // "": it was not set
	To    string `json:"to"`   // "": it is not set any more
}

// Noun returns what the event's action is about: "user" of "user.created".
func (e *Event) Noun() string {
	noun, _, _ := strings.Cut(e.Action, ".")
	return noun
}

// EventID names a line of the audit list.
type EventID string

// Recorded is a line of the audit list with its place in it. What was committed
// gets its number a moment later; until then Number is 0.
type Recorded struct {
	Event
	ID     EventID
	Number int64
	Before string // hash of the entry before it
	Hash   string
}

// NewRecorded returns the nth event of a transaction as it is stored, without a
// place in the chain.
func NewRecorded(e Event, n uint16) Recorded {
	return Recorded{Event: e, ID: EventID(secret.NewIDAt("evt", e.At, n))}
}

// ChainEnd is where the chain of the audit list ends, or where it begins after
// its older part was deleted: the number and the hash of the last entry before
// that. The zero value is the beginning of everything.
type ChainEnd struct {
	Number int64
	Hash   string
}

// line is an entry as it is hashed and handed out. Its fields never change
// their order or their names: every hash so far is over them.
type line struct {
	Number    int64             `json:"number,omitempty"`
	Previous  string            `json:"previous,omitempty"`
	ID        EventID           `json:"id"`
	At        string            `json:"at"`
	Org       OrgID             `json:"organization,omitempty"`
	Actor     string            `json:"actor"`
	OnBehalf  UserID            `json:"on_behalf_of,omitempty"`
	Address   string            `json:"address,omitempty"`
	UserAgent string            `json:"user_agent,omitempty"`
	Action    string            `json:"action"`
	Target    string            `json:"target,omitempty"`
	Detail    map[string]string `json:"detail,omitempty"`
	Changes   []Change          `json:"changes,omitempty"`
}

// EventInstant is how the instant of an event is written: UTC, to the
// microsecond.
const EventInstant = "2006-01-02T15:04:05.000000Z"

// Line returns the entry as one line of JSON, without the line feed. With a
// hash, the hash is the last member, and the SHA-256 of the line without it:
// who has the line can check it with nothing but that.
func (e *Recorded) Line() []byte {
	text := e.unhashed()
	if e.Hash == "" {
		return text
	}
	text = append(text[:len(text)-1], `,"hash":"`...)
	text = append(text, e.Hash...)
	return append(text, `"}`...)
}

func (e *Recorded) unhashed() []byte {
	var b bytes.Buffer
	to := json.NewEncoder(&b)
	to.SetEscapeHTML(false)
	err := to.Encode(line{
		Number: e.Number, Previous: e.Before, ID: e.ID, At: e.At.UTC().Format(EventInstant), Org: e.Org, Actor: e.Actor, OnBehalf: e.OnBehalf, Address: e.Address,
		UserAgent: e.UserAgent, Action: e.Action, Target: e.Target, Detail: e.Detail, Changes: e.Changes,
	})
	if err != nil {
		panic("an event that is no JSON: " + err.Error()) // it is texts and numbers alone
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// Follow seals an entry behind the end of the chain, and returns the new end.
func (c ChainEnd) Follow(e *Recorded) ChainEnd {
	e.Number, e.Before = c.Number+1, c.Hash
	e.Hash = e.sum()
	return ChainEnd{Number: e.Number, Hash: e.Hash}
}

// Continues reports whether an entry is the one that follows the end of the
// chain, unaltered.
func (c ChainEnd) Continues(e *Recorded) bool {
	return e.Number == c.Number+1 && e.Before == c.Hash && e.Hash == e.sum()
}

func (e *Recorded) sum() string {
	sum := sha256.Sum256(e.unhashed())
	return hex.EncodeToString(sum[:])
}

// MaxUserAgent is how much is kept of what a browser says of itself, in octets.
const MaxUserAgent = 300

// ClipUserAgent keeps the beginning of what a browser says of itself.
func ClipUserAgent(s string) string { return clipText(s, MaxUserAgent) }

// clipText keeps at most so many octets, and no half letter.
func clipText(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "")
}
