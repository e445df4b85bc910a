package sso

import (
	"time"

	"github.com/sallyport/sallyport/internal/fault"
)

// TestState says how far a test has come.
type TestState string

// The states of a test.
const (
	TestWaiting TestState = "waiting" // the identity provider has not answered
	TestPassed  TestState = "passed"
	TestFailed  TestState = "failed"
)

// Test is a sign-in through a connection that leads nowhere: nobody is signed
// in by it, and nobody is made or changed.
type Test struct {
	ID          TestID
	Org         OrgID
	Connection  ConnectionID
	By          string     // who began it: a user's or a setup link's ID; "": whoever had the test link
	Link        TestLinkID // by which; "": none
	Shadow      bool       // of the settings that are prepared beside the live ones
	Fingerprint string     // of the settings that were tried
	State       TestState
	Subject     string // who came, as [Asserted]; "": nobody was asserted
	Result      TestResult
	Reference   string // of the trace; "" while waiting
	CreatedAt   time.Time
	AnsweredAt  time.Time // zero while waiting
}

// TestResult is what a test has found out.
type TestResult struct {
	Checks     []Check     `json:"checks,omitempty"`
	Attributes []Attribute `json:"attributes,omitempty"` // as they were sent
	NameID     string      `json:"name_id,omitempty"`
	Format     string      `json:"format,omitempty"` // of the NameID
	Email      string      `json:"email,omitempty"`
	FirstName  string      `json:"first_name,omitempty"`
	LastName   string      `json:"last_name,omitempty"`
	Username   string      `json:"username,omitempty"`
	Groups     []string    `json:"groups,omitempty"`
	Act        Act         `json:"act,omitempty"` // what a sign-in would do; "": it would be refused
	Code       string      `json:"code,omitempty"`
	Want       string      `json:"want,omitempty"`
	Got        string      `json:"got,omitempty"`
	Fix        string      `json:"fix,omitempty"`
}

// Which returns which settings of the connection were tried.
func (t *Test) Which() Which {
	if t.Shadow {
		return Prepared
	}
	return Live
}

// Passed reports whether the sign-in would have worked.
func (t *Test) Passed() bool { return t.State == TestPassed }

// Lives of tests.
const (
	TestLife     = AttemptLife        // for which an answer is waited
	TestLinkLife = 7 * 24 * time.Hour // of a link by which others test
	TestKept     = 90 * 24 * time.Hour
)

// TestLink lets somebody else try a connection.
type TestLink struct {
	ID         TestLinkID
	Org        OrgID
	Connection ConnectionID
	Shadow     bool
	By         string
	CreatedAt  time.Time
	ExpiresAt  time.Time
	RevokedAt  time.Time // zero: it was not
}

// Usable refuses a link that was revoked or has expired.
func (l *TestLink) Usable(now time.Time) error {
	if !l.RevokedAt.IsZero() || !now.Before(l.ExpiresAt) {
		return NoTestLink()
	}
	return nil
}

// NoTestLink is the fault of a link by which nothing can be tested, whether
// there ever was such a one or not.
func NoTestLink() *fault.Error {
	return &fault.Error{Kind: fault.Denied, Code: "test_link_over", Want: "a test link that is neither expired nor revoked", Fix: fault.AdminSide}
}
