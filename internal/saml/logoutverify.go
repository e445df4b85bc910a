package saml

import (
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmlenc"
	"github.com/sallyport/sallyport/internal/xmltree"
)

const (
	// MaxLogoutAge is how long after its IssueInstant a logout request that
	// names no end of its own is honoured.
	MaxLogoutAge = 15 * time.Minute

	// MaxSessionIndexes is the greatest number of sessions that one logout
	// request names.
	MaxSessionIndexes = 128
)

// A LogoutExpect is what a logout message must fit. Like [Expect] it comes from
// configuration and from what is stored, never from the message.
type LogoutExpect struct {
	IdP      IdP
	EntityID string // ours
	SLO      string // our endpoint, wanted as Destination

	// Issuers are further names under which the identity provider writes about
	// logout: Entra ID is documented to answer under its sign-in address.
	Issuers []string

	// RequestID is the ID of our pending request, for its response. Empty means
	// that none is pending: then every response is refused.
	RequestID string

	Skew   time.Duration // as in Expect
	Legacy Legacy        // the switches for signatures, encryption and MissingDestination count

	DecryptionKeys []xmlenc.Key // as in Expect, for an EncryptedID
}

// A Logout is an identity provider's proved wish to end sessions of a user.
type Logout struct {
	ID             string // to be remembered until NotOnOrAfter, and for the response
	Issuer         string
	IssueInstant   time.Time
	NameID         NameID
	SessionIndexes []string // empty: all sessions of the user
	Reason         string

	// NotOnOrAfter is the instant from which [VerifyLogoutRequest] refuses this
	// request, tolerance included.
	NotOnOrAfter time.Time

	Checks []Check

	entityID string // ours, the default of SPNameQualifier
}

// SubjectKey returns the string that stands for the user within the
// connection; see [Assertion.SubjectKey].
func (l *Logout) SubjectKey() string {
	a := Assertion{Issuer: l.Issuer, NameID: l.NameID, audience: l.entityID}
	return a.SubjectKey()
}

// Ends reports whether l means the session that the user with this subject key
// has under this index.
func (l *Logout) Ends(subjectKey, sessionIndex string) bool {
	return subjectKey == l.SubjectKey() && (len(l.SessionIndexes) == 0 || slices.Contains(l.SessionIndexes, sessionIndex))
}

// A LogoutAnswer is what became of a logout request of ours. It ends nothing by
// itself: our own session ends when the request is sent.
type LogoutAnswer struct {
	ID           string
	Issuer       string
	InResponseTo string
	Status       StatusReport
	Signed       bool // else it proves nothing but that somebody knows our request
	Checks       []Check
}

// Partial reports whether some other application stayed signed in
// [SAMLCore 3.2.2.2].
func (a *LogoutAnswer) Partial() bool {
	return slices.Contains(a.Status.Nested, StatusPartialLogout)
}

// VerifyLogoutRequest decides whether m is a logout request of the identity
// provider. It must be signed, whatever the binding. The error is always a
// [*Refusal]. Replay is the caller's to prevent, with [Logout.ID].
func VerifyLogoutRequest(m *Received, expect LogoutExpect, now time.Time) (*Logout, error) {
	j := newLogoutJudge(m, expect, now)
	root, ok := j.open(paramRequest, "LogoutRequest", logoutRequestSlots)
	if !ok {
		return nil, j.refusal()
	}
	if !j.isSigned(root) {
		j.fail(checkSigMissing, "a signature", "none", root)
	}
	within := j.verify(root)
	issuer := j.judgeHead(root)

	c := &claims{element: root, subject: root}
	l := &Logout{Issuer: issuer.text, IssueInstant: readInstant(root, "IssueInstant").at, entityID: expect.EntityID}
	l.ID, _ = root.Attr("ID")
	l.Reason, _ = root.Attr("Reason")
	for e := range root.Children() {
		switch {
		case e.Is(nsAssertion, "NameID"):
			c.readNameID(e)
		case e.Is(nsAssertion, "EncryptedID"):
			c.sealedID = e
		case e.Is(nsProtocol, "SessionIndex"):
			l.SessionIndexes = append(l.SessionIndexes, j.sessionIndex(e))
		}
	}
	l.NotOnOrAfter = j.judgeEnd(root)
	j.openNameID(c, within)
	j.judgeNameID(c)
	l.NameID = c.nameID
	if j.failed() {
		return nil, j.refusal()
	}
	l.Checks = j.checks()
	return l, nil
}

// VerifyLogoutResponse decides whether m answers our pending logout request,
// and that it succeeded. Many products do not sign their answers: one without
// a signature is accepted as the answer to a pending request, a signature that
// is there must be good. The error is always a [*Refusal].
func VerifyLogoutResponse(m *Received, expect LogoutExpect, now time.Time) (*LogoutAnswer, error) {
	j := newLogoutJudge(m, expect, now)
	root, ok := j.open(paramResponse, "LogoutResponse", logoutResponseSlots)
	if !ok {
		return nil, j.refusal()
	}
	a := &LogoutAnswer{Signed: j.isSigned(root)}
	if a.Signed {
		j.verify(root)
	} else if expect.RequestID == "" {
		j.fail(checkSigMissing, "a signature, for no request is pending", "none", root)
	}
	a.Issuer = j.judgeHead(root).text
	a.ID, _ = root.Attr("ID")

	var given bool
	if a.InResponseTo, given = root.Attr("InResponseTo"); expect.RequestID == "" {
		j.fail(checkResponseInResponseTo, "a pending request", "none", root)
	} else {
		j.answers(checkResponseInResponseTo, a.InResponseTo, given, root)
	}
	e := envelope{response: root}
	for c := range root.Children() {
		if c.Is(nsProtocol, "Status") {
			e.readStatus(c)
		}
	}
	j.judgeStatus(&e)
	a.Status = e.status
	if j.failed() {
		return nil, j.refusal()
	}
	a.Checks = j.checks()
	return a, nil
}

// A logoutJudge holds a logout message against what is expected.
type logoutJudge struct {
	judge
	m      *Received
	logout LogoutExpect
	param  Check // that of the binding
}

func newLogoutJudge(m *Received, expect LogoutExpect, now time.Time) *logoutJudge {
	j := &logoutJudge{m: m, logout: expect, param: Check{Rule: BindParam, Verdict: Pass}}
	j.judge = judge{
		report: newReport(), now: now, clock: formatInstant(now),
		expect: Expect{IdP: expect.IdP, EntityID: expect.EntityID, RequestID: expect.RequestID, Skew: expect.Skew, Legacy: expect.Legacy, DecryptionKeys: expect.DecryptionKeys},
	}
	j.expect.Legacy.TransientNameID = true // of the session at hand
	return j
}

// failed reports whether any check failed.
func (j *logoutJudge) failed() bool { return j.param.Verdict == Fail || j.report.failed() }

func (j *logoutJudge) checks() []Check { return j.logoutChecks(j.param) }

func (j *logoutJudge) refusal() *Refusal {
	if j.param.Verdict == Fail {
		return &Refusal{Rule: BindParam, Want: j.param.Want, Got: j.param.Got, Checks: j.checks(), Status: j.status}
	}
	return j.logoutRefusal()
}

func (j *logoutJudge) failParam(want, got string) {
	if j.param.Verdict != Fail {
		j.param.Verdict, j.param.Want, j.param.Got = Fail, want, quote(got)
	}
}

// open parses the message and holds it against the schema. It reports false
// when there is nothing to go on with.
func (j *logoutJudge) open(param, name string, slots []slot) (xmltree.Element, bool) {
	if j.m == nil || j.m.param != param {
		j.failParam(param, "another parameter")
	}
	if j.m == nil {
		return xmltree.Element{}, false
	}
	doc := j.m.doc
	j.alone = doc
	if doc == nil {
		if doc = parse(j.report, j.m.message); doc == nil {
			return xmltree.Element{}, false
		}
	}
	j.passRange(checkXMLEncoding, checkXMLLimit)
	if err := xmldsig.CheckIDs(doc); err != nil {
		j.failSignature(err, checkIDQualified, checkIDDup)
	}
	root := doc.Root()
	if !root.Is(nsProtocol, name) {
		j.fail(checkShape, "a samlp:"+name, instead(root, name), root)
		return root, false
	}
	j.walkLogout(root, slots)
	j.checkHead(root)
	j.passRange(checkIDQualified, checkShape)
	return root, true
}

// isSigned reports whether there is any signature to be verified.
func (j *logoutJudge) isSigned(root xmltree.Element) bool {
	return len(j.m.signature) > 0 || signaturesOf(root) > 0
}

// verify verifies the signature by which the binding proves a message: that of
// the query, or that in the message. It returns what the latter proves; the
// former proves all of it, which is no element of it.
func (j *logoutJudge) verify(root xmltree.Element) xmldsig.Verified {
	keys := j.expect.IdP.Keys
	if len(keys) == 0 {
		j.fail(checkSigKey, "a key of the identity provider", "none configured", root)
	}
	inside := signaturesOf(root)
	if inside > 1 {
		j.fail(checkSigCount, "one signature", "several", root)
	}
	var within xmldsig.Verified
	var err error
	switch {
	case j.m.binding == BindingRedirect && inside > 0:
		// Two signatures would be two opinions of what was signed
		// [SAMLBind 3.4.4.1].
		j.failParam("no signature in a message sent by Redirect", "one")
		return within
	case j.m.binding == BindingRedirect && len(j.m.signature) > 0:
		err = xmldsig.VerifyOctets(j.m.method, []byte(j.m.signed), j.m.signature, keys, j.expect.Legacy.signatures())
	case inside > 0:
		within, err = xmldsig.Verify(root, keys, j.expect.Legacy.signatures())
	default:
		return within
	}
	if err != nil {
		j.failSignature(err, checkSigMissing, checkSigDigest)
		return within
	}
	if j.m.binding == BindingRedirect {
		j.passRange(checkSigMissing, checkSigPlace)
		j.passRange(checkSigAlg, checkSigValue)
		return within
	}
	j.passRange(checkSigMissing, checkSigDigest)
	return within
}

// openNameID decrypts the identifier of a request against which nothing speaks.
func (j *logoutJudge) openNameID(c *claims, within xmldsig.Verified) {
	switch {
	case j.failed() && !c.sealedID.IsZero():
	case j.m.binding == BindingRedirect:
		j.openNameIDAs(c, j.expect, func(doc *xmltree.Document) (xmltree.Element, bool) {
			// The signature is over the octets of the whole message.
			return doc.Root(), j.m.doc == nil && len(j.m.signature) > 0
		})
	default:
		j.report.openNameID(c, within, j.expect)
	}
}
