package saml

import (
	"errors"

	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmlenc"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// Decryption proves nothing: our key is public, and CBC protects no text. So a
// private key is used only for a message that nothing speaks against, a
// signature of the Response included; and until what came out is proved to be
// the identity provider's, whatever is wrong with it is one and the same
// failure. Who sends altered messages learns nothing from the answer.

// policy is how an encryption may be made.
func (e *Expect) policy() xmlenc.Policy {
	p := xmlenc.Policy{RSA15: e.Legacy.RSA15, TripleDES: e.Legacy.TripleDES}
	if e.EntityID != "" {
		p.Recipients = []string{e.EntityID}
	}
	return p
}

// guard refuses to decrypt what anybody may have altered for a sign-in that
// nobody asked for: a request can be asked about once, and here is none that
// would bound the questions.
func (j *judge) guard(m *envelope) {
	if m.sealed.IsZero() || m.signatures[0] > 0 || j.expect.RequestID != "" || j.failed() {
		return
	}
	switch method := contentMethod(m.sealed); method {
	case xmlenc.AES128GCM, xmlenc.AES192GCM, xmlenc.AES256GCM, "":
	default:
		j.fail(checkEncAlg, "AES-GCM or a signed Response, for no request is pending", method, m.sealed)
	}
}

// encrypted judges whether the assertion came as it has to.
func (j *judge) encrypted(m *envelope) {
	switch {
	case !j.expect.RequireEncryption:
	case !m.assertion.IsZero():
		j.fail(checkEncrypted, "an EncryptedAssertion", "a plain Assertion", m.assertion)
	case !m.sealed.IsZero():
		j.pass(checkEncrypted, "an EncryptedAssertion", "an EncryptedAssertion")
	}
}

// contentMethod returns the algorithm by which the content of an encrypted
// element is said to be encrypted.
func contentMethod(e xmltree.Element) string {
	for data := range e.Children() {
		if data.Is(xmlenc.Namespace, "EncryptedData") {
			return xmlenc.ContentAlgorithm(data)
		}
	}
	return ""
}

// verifySealed decrypts the assertion and verifies what came out: by its own
// signature, or by that of the Response around the encrypted octets.
func (r *report) verifySealed(m *envelope, response xmldsig.Verified, expect Expect) proof {
	p := proof{signed: Signed{Response: m.signatures[0] > 0}}
	if r.failed() {
		return p
	}
	doc := r.open(m.sealed, "Assertion", expect)
	if doc == nil {
		return p
	}
	e := doc.Root()
	r.walk(e, kindAssertion)
	r.checkHead(e)
	r.checkIDs(doc)
	m.signatures[1] = signaturesOf(e)
	p.signed.Assertion = m.signatures[1] > 0

	switch {
	case p.signed.Assertion:
		r.passRange(checkSigMissing, checkSigPlace)
		p.assertion = r.verifyElement(e, expect)
	case p.signed.Response:
		var within bool
		if p.assertion, within = response.Decrypted(doc); !within {
			r.fail(checkSigRef, "an assertion inside what is signed", "outside", m.sealed)
		}
	default:
		r.fail(checkSigMissing, "a signature on the Response or the Assertion", "none", m.response)
	}
	p.ok = r.opened(m.sealed, "Assertion")
	return p
}

// openNameID decrypts the identifier of the user where it is encrypted. The
// assertion or request around it is verified.
func (r *report) openNameID(c *claims, within xmldsig.Verified, expect Expect) {
	r.openNameIDAs(c, expect, func(doc *xmltree.Document) (xmltree.Element, bool) {
		id, ok := within.Decrypted(doc)
		return id.Element(), ok
	})
}

// openNameIDAs is openNameID for what is verified in the way that proved tells:
// it returns the decrypted identifier if it is the identity provider's.
func (r *report) openNameIDAs(c *claims, expect Expect, proved func(*xmltree.Document) (xmltree.Element, bool)) {
	switch {
	case c.sealedID.IsZero():
		return
	case !c.nameIDAt.IsZero():
		r.fail(checkShape, "a NameID or an EncryptedID", "both", c.sealedID)
		return
	case r.failed():
		return
	}
	doc := r.open(c.sealedID, "NameID", expect)
	if doc == nil {
		return
	}
	r.walk(doc.Root(), kindLeaf)
	r.checkIDs(doc)
	id, ok := proved(doc)
	if !ok {
		r.fail(checkSigRef, "a NameID inside what is signed", "outside", c.sealedID)
	}
	if r.opened(c.sealedID, "NameID") {
		c.readNameID(id)
	}
}

// open returns the document with this root that e holds encrypted, or reports
// why there is none. [SAMLCore 2.2.4, 2.3.4]
func (r *report) open(e xmltree.Element, local string, expect Expect) *xmltree.Document {
	if len(expect.DecryptionKeys) == 0 {
		r.fail(checkEncKey, "a plain "+local, "an encrypted one, and there is no key to decrypt it", e)
		return nil
	}
	var data xmltree.Element
	for child := range e.Children() {
		switch {
		case child.Is(xmlenc.Namespace, "EncryptedData") && data.IsZero():
			data = child
		case !child.Is(xmlenc.Namespace, "EncryptedKey"):
			r.fail(checkEncShape, "one xenc:EncryptedData and its keys", "also "+quote(child.Local()), child)
			return nil
		}
	}
	if data.IsZero() || e.HasText() {
		r.fail(checkEncShape, "one xenc:EncryptedData and its keys", "none, or text", e)
		return nil
	}
	doc, err := xmlenc.DecryptElement(data, expect.DecryptionKeys, expect.policy())
	if err != nil {
		r.failEncryption(err, e, local)
		return nil
	}
	if !doc.Root().Is(nsAssertion, local) {
		r.failOpening(e, local)
		return nil
	}
	return doc
}

// opened closes the judgement of what was decrypted: it reports the one failure
// that stands for all of its faults, or returns true.
func (r *report) opened(e xmltree.Element, local string) bool {
	if r.failed() {
		r.failOpening(e, local)
		return false
	}
	r.passRange(checkEncShape, checkEncryption)
	return true
}

// failOpening reports the one failure. It is what the refusal names whatever was
// found inside, also where that would be graver in what came in the clear.
func (r *report) failOpening(e xmltree.Element, local string) {
	r.fail(checkEncryption, "a good "+local+", encrypted for one of our keys", "one that cannot be decrypted or is not good", e)
	r.gravest = checkEncryption
	r.path, r.offset = where(e)
}

// failEncryption reports an error of package xmlenc.
func (r *report) failEncryption(err error, e xmltree.Element, local string) {
	bad, ok := errors.AsType[*xmlenc.Error](err)
	if !ok || Rule(bad.Code) == EncFailed {
		r.failOpening(e, local)
		return
	}
	r.failRule(Rule(bad.Code), checkEncShape, checkEncryption, bad.Want, bad.Got, or(bad.Path, e.Path()), bad.Offset)
}

// checkIDs holds the IDs of what was decrypted against those around it.
func (r *report) checkIDs(doc *xmltree.Document) {
	docs := []*xmltree.Document{doc}
	for at := doc.Place(); !at.IsZero(); at = at.Document().Place() {
		docs = append(docs, at.Document())
		if at.Document() == r.alone {
			break
		}
	}
	if err := xmldsig.CheckIDs(docs...); err != nil {
		r.failSignature(err, checkIDQualified, checkIDDup)
	}
}
