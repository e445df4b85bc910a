package saml

import (
	"errors"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// The slots of logout messages [SAMLCore 3.7].
var (
	logoutRequestSlots = []slot{
		{nsAssertion, "Issuer", kindLeaf, 1, 1},
		{nsSignature, "Signature", kindSignature, 0, 0},
		{nsProtocol, "Extensions", kindOpaque, 2, 1},
		{nsAssertion, "NameID", kindLeaf, 3, 1},
		{nsAssertion, "EncryptedID", kindOpaque, 3, 1},
		{nsProtocol, "SessionIndex", kindLeaf, 4, MaxSessionIndexes},
	}
	logoutResponseSlots = []slot{
		{nsAssertion, "Issuer", kindLeaf, 1, 1},
		{nsSignature, "Signature", kindSignature, 0, 0},
		{nsProtocol, "Extensions", kindOpaque, 2, 1},
		{nsProtocol, "Status", kindStatus, 3, 1},
	}
)

// walkLogout holds a logout message against its slots. What was signed for
// another purpose must not stand anywhere in it.
func (r *report) walkLogout(root xmltree.Element, slots []slot) {
	r.walkSlots(root, slots)
	for c := range root.Children() {
		if i := find(slots, c); i >= 0 && slots[i].kind == kindOpaque {
			r.walkExtension(c)
		}
	}
}

// walkExtension looks for messages in what we skip.
func (r *report) walkExtension(e xmltree.Element) {
	for d := range e.Descendants() {
		if d.Is(nsProtocol, "LogoutRequest") || d.Is(nsProtocol, "LogoutResponse") {
			r.fail(checkShape, "no message in a message", d.Local(), d)
		}
	}
}

// judgeHead judges what requests and responses have in common, and returns the
// Issuer.
func (j *logoutJudge) judgeHead(root xmltree.Element) leaf {
	var issuer leaf
	for c := range root.Children() {
		if c.Is(nsAssertion, "Issuer") {
			issuer = readLeaf(c)
		}
	}
	known := same(j.expect.IdP.EntityID, issuer.text) || issuer.text != "" && slices.Contains(j.logout.Issuers, issuer.text)
	switch {
	case issuer.text == "": // [SAMLProf 4.4.4.1]
		j.fail(checkResponseIssuer, j.expect.IdP.EntityID, "no Issuer", root)
	case issuer.format != "" && issuer.format != formatEntity:
		j.fail(checkResponseIssuer, "the format "+formatEntity, issuer.format, issuer.element)
	case !known:
		j.fail(checkResponseIssuer, j.expect.IdP.EntityID, issuer.text, issuer.element)
	default:
		j.pass(checkResponseIssuer, j.expect.IdP.EntityID, issuer.text)
	}

	switch destination, given := root.Attr("Destination"); {
	case given && same(j.logout.SLO, destination):
		j.pass(checkDestination, j.logout.SLO, destination)
	case given:
		j.fail(checkDestination, j.logout.SLO, or(destination, "an empty value"), root)
	case j.isSigned(root) && j.m.binding != BindingSOAP && !j.expect.Legacy.MissingDestination: // [SAMLBind 3.4.5.2, 3.5.5.2]
		j.fail(checkDestination, j.logout.SLO, "none on a signed message", root)
	}
	j.judgeIssued(checkResponseTime, readInstant(root, "IssueInstant"), root)
	return issuer
}

// judgeEnd judges until when a request may be honoured, and returns that
// instant with the tolerance.
func (j *logoutJudge) judgeEnd(root xmltree.Element) time.Time {
	issued, end := readInstant(root, "IssueInstant"), readInstant(root, "NotOnOrAfter")
	until := issued.at.Add(MaxLogoutAge)
	switch {
	case end.given:
		j.judgeWindow(checkConditionsTime, instant{}, end, root)
		until = earlier(end.at, issued.at.Add(MaxLifetime))
	case !issued.valid: // reported already
	case !j.now.Add(-j.expect.Skew).Before(until):
		j.fail(checkConditionsTime, "at most "+MaxLogoutAge.String()+" before "+j.clock, issued.raw, root)
	default:
		j.pass(checkConditionsTime, j.clock, "until "+formatInstant(until))
	}
	return until.Add(j.expect.Skew)
}

// sessionIndex reads a SessionIndex, which must name something: one that is
// empty would be taken for all sessions or for none.
func (j *logoutJudge) sessionIndex(e xmltree.Element) string {
	index := readLeaf(e).text
	if index == "" || len(index) > maxNameID {
		j.fail(checkShape, "a SessionIndex of 1 to 1024 bytes", or(index, "an empty one"), e)
	}
	return index
}

// logoutLines are the lines of a verdict list about a logout message, behind
// those of its binding.
var logoutLines = [...]struct {
	check int
	about string
}{
	{checkXMLEncoding, ""}, {checkXMLDoctype, ""}, {checkXMLPI, ""}, {checkXMLCDATA, ""}, {checkXMLComment, ""},
	{checkXMLWellFormed, ""}, {checkXMLNamespace, ""}, {checkXMLDupAttr, ""}, {checkXMLLimit, ""},
	{checkIDQualified, ""}, {checkIDForm, ""}, {checkIDDup, ""},
	{checkShape, "structure"}, {checkEncShape, ""}, {checkEncAlg, ""}, {checkEncKey, ""}, {checkEncryption, ""},
	{checkSigMissing, ""}, {checkSigCount, ""}, {checkSigPlace, ""}, {checkSigShape, ""}, {checkSigRef, ""},
	{checkSigTransform, ""}, {checkSigC14N, ""}, {checkSigAlg, ""}, {checkSigKey, ""}, {checkSigValue, ""}, {checkSigDigest, ""},
	{checkStatus, ""}, {checkResponseIssuer, "message"}, {checkDestination, ""}, {checkResponseInResponseTo, "message"},
	{checkResponseTime, "message issued"}, {checkConditionsTime, "end of the request"}, {checkNameID, ""},
}

var bindings = [...]Rule{BindParam, BindSize, BindBase64, BindInflate}

// logoutChecks returns the verdict list of a logout message that the binding
// delivered.
func (r *report) logoutChecks(param Check) []Check {
	checks := make([]Check, 0, len(bindings)+len(logoutLines))
	for _, rule := range bindings {
		checks = append(checks, Check{Rule: rule, Verdict: Pass})
	}
	checks[0] = param
	for _, line := range &logoutLines {
		c := r.checks[line.check]
		c.About = line.about
		checks = append(checks, c)
	}
	return checks
}

// logoutRefusal returns the report as a refusal of a logout message.
func (r *report) logoutRefusal() *Refusal {
	refusal := r.refusal()
	refusal.Checks = r.logoutChecks(Check{Rule: BindParam, Verdict: Pass})
	for _, line := range &logoutLines {
		if line.check == r.gravest {
			refusal.About = line.about
		}
	}
	return refusal
}

// refuseLogout returns a refusal by a rule about the binding of a logout
// message. Nothing behind it was evaluated.
func refuseLogout(rule Rule, want, got string) *Refusal {
	refusal := &Refusal{Rule: rule, Want: want, Got: quote(got)}
	refusal.Checks = newReport().logoutChecks(Check{Rule: BindParam, Verdict: Pass})
	at := slices.Index(bindings[:], rule)
	for i := range bindings {
		switch {
		case i == at:
			refusal.Checks[i] = Check{Rule: rule, Verdict: Fail, Want: want, Got: refusal.Got}
		case i > at:
			refusal.Checks[i].Verdict = Skip
		}
	}
	return refusal
}

// asLogout turns a refusal of a form into that of a logout message.
func asLogout(err error) error {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return refuseLogout(r.Rule, r.Want, r.Got)
	}
	return err
}
