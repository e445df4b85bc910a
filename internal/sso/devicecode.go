package sso

import (
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
)

// Times of a sign-in on a device without a browser [RFC 8628].
const (
	DeviceCodeLife     = 10 * time.Minute
	DeviceCodeKept     = time.Hour       // after it, so that the device learns what became of it
	DeviceCodeInterval = 5 * time.Second // between two questions of the device
	deviceCodeSlower   = 5 * time.Second // by which the interval grows for one who asks too often
)

// DeviceCodeState says what has become of it.
type DeviceCodeState string

// The states.
const (
	DevicePending  DeviceCodeState = "pending"
	DeviceApproved DeviceCodeState = "approved"
	DeviceRefused  DeviceCodeState = "refused"
	DeviceUsed     DeviceCodeState = "used" // the device has its tokens
)

// DeviceCode is a device without a browser that waits for somebody to agree, in
// the browser that they have elsewhere, to its being signed in as them.
type DeviceCode struct {
	Device    secret.Hash // of what the device asks with
	User      secret.Hash // of what the person types
	App       AppID
	Scope     string
	Address   string // of the device
	UserAgent string
	State     DeviceCodeState
	Session   SessionID // of who agreed, in whose place the device is
	Interval  Duration
	AskedAt   time.Time // when the device last asked; zero: not yet
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Open refuses to have somebody decide where there is nothing to be decided any
// more.
func (c *DeviceCode) Open(now time.Time) error {
	if c.State == DevicePending && now.Before(c.ExpiresAt) {
		return nil
	}
	return &fault.Error{Kind: fault.NotFound, Code: "device_code_unknown", Want: "a code that a device shows now", Fix: fault.PersonSide}
}

// Asked notes that the device asks, and reports whether it does so too often. It
// has to wait for longer then [RFC 8628 3.5].
func (c *DeviceCode) Asked(now time.Time) (tooOften bool) {
	tooOften = !c.AskedAt.IsZero() && now.Sub(c.AskedAt) < c.Interval.Std()
	if tooOften {
		c.Interval = DurationOf(c.Interval.Std() + deviceCodeSlower)
	}
	c.AskedAt = now
	return tooOften
}
