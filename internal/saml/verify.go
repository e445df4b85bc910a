package saml

import (
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// Verify decides whether message, the XML of a response, proves who the user
// is. The error is always a [*Refusal].
//
// The values of the assertion share the memory of message, or of a copy if that
// can be changed: whoever keeps one of them for long clones it.
func Verify[M []byte | string](message M, expect Expect, now time.Time) (*Assertion, error) {
	r := newReport()
	var assertion *Assertion
	var refusal error
	if err := xmltree.Lend(message, xmltree.Message, func(doc *xmltree.Document) {
		assertion, refusal = r.decide(doc, expect, now)
	}); err != nil {
		r.failParse(err)
		return nil, r.refusal()
	}
	return assertion, refusal
}

// decide judges a response.
func (r *report) decide(doc *xmltree.Document, expect Expect, now time.Time) (*Assertion, error) {
	m := r.read(doc)
	if m == nil {
		return nil, r.refusal()
	}
	j := judge{report: r, expect: expect, now: now, clock: formatInstant(now)}
	j.response(m)
	j.encrypted(m)
	j.guard(m)
	proof := r.verify(m, expect)
	if !proof.ok {
		// What stands in an assertion that is not verified is judged for the
		// report alone, and what was decrypted not at all.
		if !m.assertion.IsZero() {
			j.assertion(readClaims(m.assertion))
		}
		return nil, r.refusal()
	}
	c := readClaims(proof.assertion.Element())
	r.openNameID(c, proof.assertion, expect)
	j.assertion(c)
	if r.failed() {
		return nil, r.refusal()
	}
	return j.result(c, proof.signed), nil
}

// Signatures is the result of [VerifySignatures].
type Signatures struct {
	Signed Signed
	Checks []Check
}

// VerifySignatures parses a response and verifies its signatures, and judges
// nothing that it says. It is for the diagnosis of a message, never for a
// sign-in. The error is always a [*Refusal].
func VerifySignatures[M []byte | string](message M, expect Expect) (Signatures, error) {
	r := newReport()
	doc := parse(r, message)
	if doc == nil {
		return Signatures{}, r.refusal()
	}
	return r.decideSignatures(doc, expect)
}

// decideSignatures judges the signatures of a response.
func (r *report) decideSignatures(doc *xmltree.Document, expect Expect) (Signatures, error) {
	m := r.read(doc)
	if m == nil {
		return Signatures{}, r.refusal()
	}
	proof := r.verify(m, expect)
	if !proof.signed.Response && !proof.signed.Assertion {
		r.fail(checkSigMissing, "a signature on the Response or the Assertion", "none", m.response)
	}
	if r.failed() {
		return Signatures{}, r.refusal()
	}
	return Signatures{Signed: proof.signed, Checks: r.checks[:]}, nil
}

// An envelope is a response taken apart, nothing of it believed.
type envelope struct {
	response   xmltree.Element
	issuer     leaf
	status     StatusReport
	statusAt   xmltree.Element
	assertion  xmltree.Element // the first that is plain
	sealed     xmltree.Element // the first EncryptedAssertion
	signatures [2]int          // below the Response, below the assertion
}

// parse reads a message and reports what is wrong with it; then there is no
// document.
func parse[M []byte | string](r *report, message M) *xmltree.Document {
	doc, err := xmltree.Parse(message, xmltree.Message)
	if err != nil {
		r.failParse(err)
		return nil
	}
	return doc
}

func (r *report) failParse(err error) {
	bad, ok := errors.AsType[*xmltree.Error](err)
	if !ok {
		bad = &xmltree.Error{Code: string(XMLWellFormed)}
	}
	r.failRule(Rule(bad.Code), checkXMLEncoding, checkXMLLimit, "the XML of SAML", bad.Detail, "", bad.Offset)
}

// read holds a document against the schema. It returns nil when there is nothing
// to go on with.
func (r *report) read(doc *xmltree.Document) *envelope {
	r.passRange(checkXMLEncoding, checkXMLLimit)

	if err := xmldsig.CheckIDs(doc); err != nil {
		r.failSignature(err, checkIDQualified, checkIDDup)
	}
	root := doc.Root()
	if !root.Is(nsProtocol, "Response") {
		r.fail(checkShape, "a samlp:Response", instead(root, "Response"), root)
		return nil
	}
	m := &envelope{response: root}
	r.walk(root, kindResponse)
	r.checkHead(root)
	assertions := 0
	for c := range root.Children() {
		switch {
		case c.Is(nsAssertion, "Issuer"):
			m.issuer = readLeaf(c)
		case c.Is(nsProtocol, "Status"):
			m.readStatus(c)
		case c.Is(nsSignature, "Signature"):
			m.signatures[0]++
		case c.Is(nsAssertion, "Assertion"):
			if assertions++; m.assertion.IsZero() {
				m.assertion = c
				r.checkHead(c)
			}
		case c.Is(nsAssertion, "EncryptedAssertion"):
			if assertions++; m.sealed.IsZero() {
				m.sealed = c
			}
		}
	}
	if !m.assertion.IsZero() {
		m.signatures[1] = signaturesOf(m.assertion)
	}
	r.countAssertions(m, assertions)
	r.passRange(checkIDQualified, checkCount)
	return m
}

// instead says what a root element is that is not the message local of SAML 2.0:
// its name, and its namespace where the name alone would be the right one.
func instead(root xmltree.Element, local string) string {
	switch {
	case root.Local() != local:
		return quote(root.Local())
	case root.Space() == "":
		return local + " of no namespace"
	}
	return local + " of the namespace " + quote(root.Space())
}

// signaturesOf returns how many signatures stand directly below e.
func signaturesOf(e xmltree.Element) int {
	n := 0
	for c := range e.Children() {
		if c.Is(nsSignature, "Signature") {
			n++
		}
	}
	return n
}

// checkHead judges the attributes that every message and assertion has.
func (r *report) checkHead(e xmltree.Element) {
	if version, ok := e.Attr("Version"); version != "2.0" {
		if !ok {
			version = "none"
		}
		r.fail(checkShape, "Version 2.0", version, e)
	}
	if _, ok := e.Attr("ID"); !ok {
		r.fail(checkIDForm, "an ID", "none", e)
	}
}

// countAssertions wants exactly one assertion, of a failure none at most.
func (r *report) countAssertions(m *envelope, n int) {
	switch {
	case n > 1:
		r.fail(checkCount, "one assertion", "several", m.response)
	case n == 0 && m.status.Code == StatusSuccess:
		r.fail(checkCount, "one assertion", "none", m.response)
	}
}

func (m *envelope) readStatus(e xmltree.Element) {
	m.statusAt = e
	for c := range e.Children() {
		switch {
		case c.Is(nsProtocol, "StatusCode"):
			code, _ := c.Attr("Value")
			m.status.Code = quote(code)
			for n := c.FirstChild(); n.Is(nsProtocol, "StatusCode"); n = n.FirstChild() {
				nested, _ := n.Attr("Value")
				m.status.Nested = append(m.status.Nested, quote(nested))
			}
		case c.Is(nsProtocol, "StatusMessage"):
			m.status.Message = quote(readLeaf(c).text)
		}
	}
}

// A proof is what the signatures of a message prove.
type proof struct {
	ok        bool
	assertion xmldsig.Verified // if ok
	signed    Signed
}

// verify verifies every signature of m. The proof is good only if no check
// failed so far, structure and IDs included.
func (r *report) verify(m *envelope, expect Expect) proof {
	p := proof{signed: Signed{Response: m.signatures[0] > 0, Assertion: m.signatures[1] > 0}}
	if len(expect.IdP.Keys) == 0 {
		r.fail(checkSigKey, "a key of the identity provider", "none configured", m.response)
	}
	r.countSignatures(m.signatures[0], m.response)
	r.countSignatures(m.signatures[1], m.assertion)
	if m.assertion.IsZero() && !m.sealed.IsZero() {
		var response xmldsig.Verified
		if p.signed.Response {
			r.passRange(checkSigMissing, checkSigPlace)
			response = r.verifyElement(m.response, expect)
		}
		return r.verifySealed(m, response, expect)
	}
	if !p.signed.Response && !p.signed.Assertion {
		// The report of a failure conveys no identity and may be unsigned.
		if !m.assertion.IsZero() || m.status.Code == StatusSuccess {
			r.fail(checkSigMissing, "a signature on the Response or the Assertion", "none", m.response)
		}
		return p
	}
	r.passRange(checkSigMissing, checkSigPlace)

	var response, assertion xmldsig.Verified
	if p.signed.Response {
		response = r.verifyElement(m.response, expect)
	}
	if p.signed.Assertion {
		assertion = r.verifyElement(m.assertion, expect)
	}
	if r.failed() || m.assertion.IsZero() {
		return p
	}
	if p.signed.Assertion {
		p.assertion, p.ok = assertion, true
	} else if p.assertion, p.ok = response.Descendant(m.assertion); !p.ok {
		r.fail(checkSigRef, "an assertion inside what is signed", "outside", m.assertion)
	}
	return p
}

func (r *report) countSignatures(n int, e xmltree.Element) {
	if n > 1 {
		r.fail(checkSigCount, "one signature", "several", e)
	}
}

// verifyElement verifies the signature that is a child of e.
func (r *report) verifyElement(e xmltree.Element, expect Expect) xmldsig.Verified {
	v, err := xmldsig.Verify(e, expect.IdP.Keys, expect.Legacy.signatures())
	if err != nil {
		r.failSignature(err, checkSigMissing, checkSigDigest)
		for check := checkSigShape; check <= checkSigDigest && r.checks[check].Verdict != Fail; check++ {
			r.pass(check, "", "") // it went as far as the first failure
		}
		return xmldsig.Verified{}
	}
	r.passRange(checkSigShape, checkSigDigest)
	return v
}

// failSignature reports an error of package xmldsig among the checks from
// first to last.
func (r *report) failSignature(err error, first, last int) {
	bad, ok := errors.AsType[*xmldsig.Error](err)
	if !ok {
		bad = &xmldsig.Error{Got: err.Error()}
	}
	r.failRule(Rule(bad.Code), first, last, bad.Want, bad.Got, bad.Path, bad.Offset)
}
