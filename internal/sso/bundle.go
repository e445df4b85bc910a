package sso

import (
	"time"

	"github.com/sallyport/sallyport/internal/fault"
)

// BundleID identifies a support bundle.
type BundleID string

// Lives of a support bundle.
const (
	BundleLife    = 7 * 24 * time.Hour
	MaxBundleLife = 30 * 24 * time.Hour
)

// Bundle is a trace that somebody hands to somebody without an account: a link
// opens it. Nothing personal is in it.
type Bundle struct {
	ID        BundleID
	Reference string // of the trace
	Org       OrgID  // of the trace; "": none was known
	By        UserID // who made it
	Content   BundleContent
	CreatedAt time.Time
	ExpiresAt time.Time
	RevokedAt time.Time // zero: it was not
}

// Usable refuses a bundle that was revoked or has expired.
func (b *Bundle) Usable(now time.Time) error {
	if !b.RevokedAt.IsZero() || !now.Before(b.ExpiresAt) {
		return NoBundle()
	}
	return nil
}

// NoBundle is the fault of a link that opens no bundle, whether there ever was
// such a one or not.
func NoBundle() *fault.Error {
	return &fault.Error{Kind: fault.NotFound, Code: "bundle_over", Want: "a link that is neither expired nor revoked", Fix: fault.AdminSide}
}

// BundleContent is what stands in a bundle, and its form as a file. What is
// personal was blanked when it was made.
type BundleContent struct {
	Reference  string           `json:"reference"`
	At         time.Time        `json:"at"`
	Method     Method           `json:"method,omitempty"`
	Code       string           `json:"code,omitempty"` // of the fault; "": the sign-in worked
	Want       string           `json:"want,omitempty"`
	Got        string           `json:"got,omitempty"`
	Fix        string           `json:"fix,omitempty"`
	Connection BundleConnection `json:"connection,omitzero"`
	Hops       []Hop            `json:"hops,omitempty"`
	Checks     []Check          `json:"checks,omitempty"`
	Detail     TraceDetail      `json:"detail,omitzero"`
}

// BundleConnection is what a bundle says of a connection.
type BundleConnection struct {
	Name        string `json:"name,omitempty"`
	Vendor      string `json:"vendor,omitempty"`
	IdPEntityID string `json:"idp_entity_id,omitempty"`
	SPEntityID  string `json:"sp_entity_id,omitempty"`
	ACS         string `json:"acs,omitempty"`
}

// Bundle returns what may leave the house of a trace.
func (t *Trace) Bundle(c BundleConnection) BundleContent {
	b := t.Blanked()
	return BundleContent{
		Reference: b.Reference, At: b.At, Method: b.Method, Code: b.Code, Want: b.Want, Got: b.Got, Fix: b.Fix,
		Connection: c, Hops: b.Hops, Checks: b.Checks, Detail: b.Detail,
	}
}

// Trace returns the content in the form of a trace.
func (c *BundleContent) Trace() Trace {
	return Trace{
		Reference: c.Reference, At: c.At, Method: c.Method, Code: c.Code, Want: c.Want, Got: c.Got, Fix: c.Fix, Hops: c.Hops, Checks: c.Checks, Detail: c.Detail,
	}
}
