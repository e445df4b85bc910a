package saml

import "strings"

// A Verdict is the result of one check.
type Verdict string

// The verdicts.
const (
	Pass Verdict = "pass"
	Fail Verdict = "fail"
	Skip Verdict = "skip" // does not apply, or could not be evaluated
)

// A Check is one line of a verdict list. The list has the same lines in the
// same order for every message; About tells lines of one rule apart.
type Check struct {
	Rule    Rule
	About   string
	Verdict Verdict
	Want    string
	Got     string // from the message, shortened, to be escaped when shown
}

// A Refusal says why a message was not accepted: the gravest check that
// failed, and all checks.
type Refusal struct {
	Rule   Rule
	About  string
	Want   string
	Got    string // from the message, shortened, to be escaped when shown
	Path   string // of the element, such as /Response/Assertion/Issuer
	Offset int    // of the element in the message, in bytes
	Checks []Check

	// Status is what the identity provider reported. It is not trustworthy.
	Status StatusReport
}

// Error names the rule, what was wanted and what came instead.
func (r *Refusal) Error() string {
	var b strings.Builder
	b.WriteString(string(r.Rule))
	if r.About != "" {
		b.WriteString(" (" + r.About + ")")
	}
	if r.Want != "" {
		b.WriteString(": want " + r.Want)
	}
	if r.Got != "" {
		b.WriteString(", got " + r.Got)
	}
	return b.String()
}

// A StatusReport is the status of a response: who could not do it in the
// identity provider's view, why, and its own words [SAMLCore 3.2.2].
type StatusReport struct {
	Code    string   // the top-level code, a URI
	Nested  []string // the codes inside it, outermost first
	Message string
}

// StatusSuccess is the only status under which an assertion counts.
const StatusSuccess = "urn:oasis:names:tc:SAML:2.0:status:Success"

const statusPrefix = "urn:oasis:names:tc:SAML:2.0:status:"

// String gives the codes without their common prefix, and the message.
func (s StatusReport) String() string {
	var b strings.Builder
	b.WriteString(strings.TrimPrefix(s.Code, statusPrefix))
	for _, code := range s.Nested {
		b.WriteString(" / " + strings.TrimPrefix(code, statusPrefix))
	}
	if s.Message != "" {
		b.WriteString(": " + s.Message)
	}
	return b.String()
}
