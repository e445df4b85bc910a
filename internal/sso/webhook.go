package sso

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
)

// WebhookID names a webhook.
type WebhookID string

// NewWebhookID returns a fresh one.
func NewWebhookID(now time.Time) WebhookID { return WebhookID(secret.NewID("whk", now)) }

// WebhookState says whether a webhook is told of events.
type WebhookState string

// The states of a webhook.
const (
	WebhookEnabled  WebhookState = "enabled"
	WebhookDisabled WebhookState = "disabled" // by somebody
	WebhookFailed   WebhookState = "failed"   // nothing got through for [WebhookPatience]
)

// Limits of webhooks.
const (
	// WebhookPatience is how long a delivery is tried, and how long a webhook may
	// go on failing before it is switched off.
	WebhookPatience = 3 * 24 * time.Hour
	// MaxWebhooks is how many webhooks there may be of one organization, or of the
	// deployment.
	MaxWebhooks = 20
	// SecretOverlap is how long the secret before the current one signs, too.
	SecretOverlap = 24 * time.Hour

	maxWebhookURL  = 2000
	maxWebhookNote = 100
)

// Webhook is where somebody else's program is told of events: those of the
// whole deployment, or of one organization and those below it.
type Webhook struct {
	ID    WebhookID
	Org   OrgID // "" for one of the deployment
	URL   string
	Note  string   // what it is for, in the words of who made it
	Types []string // of events: exact, or "user.*"; none: all
	// Secret signs what is sent, sealed; Previous does so too, until PreviousUntil.
	Secret        []byte
	Previous      []byte
	PreviousUntil time.Time
	State         WebhookState
	By            UserID // who made it, or changed it last: who is told when it fails
	CreatedAt     time.Time
	UpdatedAt     time.Time
	Failures      int64     // one after the other, until now
	FailingSince  time.Time // zero: the last delivery got through
	Version       int64
}

// Check refuses what no webhook can be. That nothing inside is called is
// another's to see to, when it is called.
func (w *Webhook) Check() error {
	w.URL, w.Note = strings.TrimSpace(w.URL), strings.TrimSpace(w.Note)
	if len(w.URL) > maxWebhookURL {
		return &fault.Error{Kind: fault.Invalid, Code: "webhook_url", Want: "an https URL of at most 2000 characters", Fix: fault.AdminSide}
	}
	if utf8.RuneCountInString(w.Note) > maxWebhookNote || strings.ContainsFunc(w.Note, func(r rune) bool { return r < ' ' }) {
		return &fault.Error{Kind: fault.Invalid, Code: "webhook_note", Want: "one line of at most 100 characters", Fix: fault.AdminSide}
	}
	slices.Sort(w.Types)
	w.Types = slices.Compact(w.Types)
	for _, t := range w.Types {
		if !KnownEventType(t) {
			return &fault.Error{Kind: fault.Invalid, Code: "event_type_unknown", Want: "a type of event such as user.created, or user.*", Got: t, Fix: fault.AdminSide}
		}
	}
	return nil
}

// Host returns the host that a webhook calls.
func (w *Webhook) Host() string {
	u, err := url.Parse(w.URL)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// Wants reports whether a webhook is told of an event. That it may know of it
// is another question.
func (w *Webhook) Wants(action string) bool {
	noun, _, _ := strings.Cut(action, ".")
	return len(w.Types) == 0 || slices.Contains(w.Types, action) || slices.Contains(w.Types, noun+".*")
}

// VeiledURL is a URL of which the audit list may tell: what follows the host is
// often all that the receiver knows us by. By the end it is told from another.
func VeiledURL(text string) string {
	u, err := url.Parse(text)
	if err != nil || strings.Trim(u.RequestURI(), "/") == "" && u.Fragment == "" {
		return text
	}
	sum := sha256.Sum256([]byte(text))
	return u.Scheme + "://" + u.Host + "/… (" + hex.EncodeToString(sum[:4]) + ")"
}

// Settings are what the audit list says of a webhook.
func (w *Webhook) Settings() Settings {
	return Settings{{"url", VeiledURL(w.URL)}, {"note", w.Note}, {"types", strings.Join(w.Types, " ")}, {"state", string(w.State)}}
}

// Delivery is one event on its way to one webhook.
type Delivery struct {
	ID        string
	Webhook   WebhookID
	Event     EventID
	Number    int64
	Action    string
	State     DeliveryState
	CreatedAt time.Time
	DueAt     time.Time // of the next try
	Tries     int64
	TriedAt   time.Time
	DoneAt    time.Time
	Status    int64         // of the last answer; 0: there was none
	Code      string        // of what was wrong with it; "": nothing
	Detail    string        // the beginning of the answer, or what happened in place of one
	Took      time.Duration // by the last try
}

// DeliveryState says how far a delivery has come.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryWaiting   DeliveryState = "waiting"
	DeliveryDelivered DeliveryState = "delivered"
	DeliveryFailed    DeliveryState = "failed" // given up
)

// DeliveryWait returns how long a delivery rests that was tried so many times.
func DeliveryWait(tries int64) time.Duration {
	waits := []time.Duration{5 * time.Second, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour}
	return waits[min(max(tries, 1), int64(len(waits)))-1]
}

// maxRest is how long everything for a webhook rests at most that fails.
const maxRest = 10 * time.Minute

// Rest returns how long everything for a webhook rests that has just failed
// again.
func (w *Webhook) Rest() time.Duration { return min(DeliveryWait(w.Failures), maxRest) }

// GaveUp reports whether a webhook has failed for so long that it is switched off.
func (w *Webhook) GaveUp(now time.Time) bool {
	return !w.FailingSince.IsZero() && !now.Before(w.FailingSince.Add(WebhookPatience))
}
