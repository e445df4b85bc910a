package saml

import "github.com/sallyport/sallyport/internal/xmltree"

// The lines of a verdict list, gravest first: what makes all that follows
// meaningless comes before it.
const (
	checkXMLEncoding = iota
	checkXMLDoctype
	checkXMLPI
	checkXMLCDATA
	checkXMLComment
	checkXMLWellFormed
	checkXMLNamespace
	checkXMLDupAttr
	checkXMLLimit
	checkEncShape
	checkEncAlg
	checkEncKey
	checkEncryption
	checkIDQualified
	checkIDForm
	checkIDDup
	checkShape
	checkCount
	checkSigMissing
	checkSigCount
	checkSigPlace
	checkSigShape
	checkSigRef
	checkSigTransform
	checkSigC14N
	checkSigAlg
	checkSigKey
	checkSigValue
	checkSigDigest
	checkStatus
	checkResponseIssuer
	checkIssuer
	checkDestination
	checkMethod
	checkRecipient
	checkAudience
	checkResponseInResponseTo
	checkInResponseTo
	checkResponseTime
	checkIssueTime
	checkConditionsTime
	checkConfirmationTime
	checkSessionTime
	checkAuthnTime
	checkAuthnStatement
	checkAuthnContext
	checkNameID
	checkAttributes
	checkEncrypted
	numChecks
)

// lines is the verdict list before anything was evaluated.
var lines = skipped([numChecks]Check{
	checkXMLEncoding:          {Rule: XMLEncoding},
	checkXMLDoctype:           {Rule: XMLDoctype},
	checkXMLPI:                {Rule: XMLPI},
	checkXMLCDATA:             {Rule: XMLCDATA},
	checkXMLComment:           {Rule: XMLComment},
	checkXMLWellFormed:        {Rule: XMLWellFormed},
	checkXMLNamespace:         {Rule: XMLNamespace},
	checkXMLDupAttr:           {Rule: XMLDupAttr},
	checkXMLLimit:             {Rule: XMLLimit},
	checkEncShape:             {Rule: EncShape},
	checkEncAlg:               {Rule: EncAlg},
	checkEncKey:               {Rule: EncKey},
	checkEncryption:           {Rule: EncFailed},
	checkIDQualified:          {Rule: IDQualified},
	checkIDForm:               {Rule: IDForm},
	checkIDDup:                {Rule: IDDup},
	checkShape:                {Rule: Shape, About: "structure"},
	checkCount:                {Rule: Count},
	checkSigMissing:           {Rule: SigMissing},
	checkSigCount:             {Rule: SigCount},
	checkSigPlace:             {Rule: SigPlace},
	checkSigShape:             {Rule: SigShape},
	checkSigRef:               {Rule: SigRef},
	checkSigTransform:         {Rule: SigTransform},
	checkSigC14N:              {Rule: SigC14N},
	checkSigAlg:               {Rule: SigAlg},
	checkSigKey:               {Rule: SigKey},
	checkSigValue:             {Rule: SigValue},
	checkSigDigest:            {Rule: SigDigest},
	checkStatus:               {Rule: Status},
	checkResponseIssuer:       {Rule: Issuer, About: "Response"},
	checkIssuer:               {Rule: Issuer, About: "Assertion"},
	checkDestination:          {Rule: Destination},
	checkMethod:               {Rule: Method},
	checkRecipient:            {Rule: Recipient},
	checkAudience:             {Rule: Audience},
	checkResponseInResponseTo: {Rule: InResponseTo, About: "Response"},
	checkInResponseTo:         {Rule: InResponseTo, About: "confirmation"},
	checkResponseTime:         {Rule: Time, About: "Response issued"},
	checkIssueTime:            {Rule: Time, About: "Assertion issued"},
	checkConditionsTime:       {Rule: Time, About: "Conditions"},
	checkConfirmationTime:     {Rule: Time, About: "confirmation"},
	checkSessionTime:          {Rule: Time, About: "session"},
	checkAuthnTime:            {Rule: Time, About: "authentication"},
	checkAuthnStatement:       {Rule: Shape, About: "AuthnStatement"},
	checkAuthnContext:         {Rule: Shape, About: "AuthnContext"},
	checkNameID:               {Rule: NameIdentifier},
	checkAttributes:           {Rule: Shape, About: "attributes"},
	checkEncrypted:            {Rule: EncMissing},
})

func skipped(checks [numChecks]Check) [numChecks]Check {
	for i := range checks {
		checks[i].Verdict = Skip
	}
	return checks
}

// A report is a verdict list while it is filled.
type report struct {
	checks  [numChecks]Check
	gravest int // the first line that failed, or numChecks
	path    string
	offset  int
	status  StatusReport

	// alone is the document of a message that stood in another one, which is
	// none of its own: the same octets with the same IDs.
	alone *xmltree.Document
}

func newReport() *report {
	return &report{checks: lines, gravest: numChecks}
}

// failed reports whether any check failed.
func (r *report) failed() bool { return r.gravest < numChecks }

// pass marks a check as passed unless it failed before.
func (r *report) pass(check int, want, got string) {
	if c := &r.checks[check]; c.Verdict != Fail {
		c.Verdict, c.Want, c.Got = Pass, want, quote(got)
	}
}

// passRange marks the checks from first to last as passed unless they failed
// before.
func (r *report) passRange(first, last int) {
	for check := first; check <= last; check++ {
		r.pass(check, "", "")
	}
}

// fail marks a check as failed at e. The first failure of a check is kept.
func (r *report) fail(check int, want, got string, e xmltree.Element) {
	c := &r.checks[check]
	if c.Verdict == Fail {
		return
	}
	c.Verdict, c.Want, c.Got = Fail, want, quote(got)
	if check < r.gravest {
		r.gravest, r.path, r.offset = check, "", 0
		if !e.IsZero() {
			r.path, r.offset = where(e)
		}
	}
}

// where returns the path of an element and its offset in the message. What
// was decrypted begins where its encrypted octets stand.
func where(e xmltree.Element) (path string, offset int) {
	if place := e.Document().Place(); !place.IsZero() {
		path, offset = where(place)
		return path + e.Path(), offset
	}
	return e.Path(), e.Offset()
}

// failAt is fail for errors that bring their own place.
func (r *report) failAt(check int, want, got, path string, offset int) {
	gravest := r.gravest
	r.fail(check, want, got, xmltree.Element{})
	if r.gravest < gravest {
		r.path, r.offset = path, offset
	}
}

// failRule marks the check of a rule between first and last as failed. A rule
// that has no line there fails the last of them, so that nothing is lost.
func (r *report) failRule(rule Rule, first, last int, want, got, path string, offset int) {
	for check := first; check <= last; check++ {
		if r.checks[check].Rule == rule || check == last {
			r.failAt(check, want, got, path, offset)
			return
		}
	}
}

// refusal returns the report as a refusal. At least one check has failed.
func (r *report) refusal() *Refusal {
	c := r.checks[r.gravest]
	return &Refusal{
		Rule: c.Rule, About: c.About, Want: c.Want, Got: c.Got,
		Path: r.path, Offset: r.offset,
		Checks: r.checks[:], Status: r.status,
	}
}
