package saml

import (
	"strconv"

	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// Namespaces of the elements we know.
const (
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsMetadata  = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"
	nsSchema    = "http://www.w3.org/2001/XMLSchema-instance"
)

// A kind is a place in the tree of a response, with the elements that may
// stand there. The tree is that of the schemas, less what no sign-in carries.
type kind uint8

const (
	kindResponse kind = iota
	kindStatus
	kindStatusCode
	kindAssertion
	kindSubject
	kindConfirmation
	kindConditions
	kindRestriction
	kindAuthnStatement
	kindAuthnContext
	kindAttributeStatement
	kindAttribute
	kindEmpty     // neither children nor text
	kindLeaf      // text only
	kindOpaque    // skipped, but nothing that we read may hide in it
	kindUnread    // skipped without a look: assertions may stand there, and nobody reads them
	kindSignature // package xmldsig judges it
	kindSealed    // encrypted, and decrypted elsewhere
	kindCrypto    // encrypted, and not decrypted
	kindValue     // an AttributeValue: opaque, and read
)

// A slot is one element that may stand in a kind.
type slot struct {
	space, local string
	kind         kind
	rank         uint8 // slots of one kind stand in rising rank; 0 stands anywhere
	max          uint8 // 0: any number
}

// maxConfirmations is the greatest number of SubjectConfirmation elements.
// Products send one.
const maxConfirmations = 8

// schema lists the slots of each kind that has children of its own. Of the
// order of elements only that of ds:Signature is free, for real products put
// it in four places.
var schema = [...][]slot{
	kindResponse: {
		{nsAssertion, "Issuer", kindLeaf, 1, 1},
		{nsSignature, "Signature", kindSignature, 0, 0},
		{nsProtocol, "Extensions", kindOpaque, 2, 1},
		{nsProtocol, "Status", kindStatus, 3, 1},
		{nsAssertion, "Assertion", kindAssertion, 4, 0},
		{nsAssertion, "EncryptedAssertion", kindSealed, 4, 0},
	},
	kindStatus: {
		{nsProtocol, "StatusCode", kindStatusCode, 1, 1},
		{nsProtocol, "StatusMessage", kindLeaf, 2, 1},
		{nsProtocol, "StatusDetail", kindOpaque, 3, 1},
	},
	kindStatusCode: {
		{nsProtocol, "StatusCode", kindStatusCode, 1, 1},
	},
	kindAssertion: {
		{nsAssertion, "Issuer", kindLeaf, 1, 1},
		{nsSignature, "Signature", kindSignature, 0, 0},
		{nsAssertion, "Subject", kindSubject, 2, 1},
		{nsAssertion, "Conditions", kindConditions, 3, 1},
		{nsAssertion, "Advice", kindUnread, 4, 1},
		{nsAssertion, "AuthnStatement", kindAuthnStatement, 5, 0},
		{nsAssertion, "AttributeStatement", kindAttributeStatement, 5, 0},
		{nsAssertion, "AuthzDecisionStatement", kindOpaque, 5, 0},
	},
	kindSubject: {
		{nsAssertion, "NameID", kindLeaf, 1, 1},
		{nsAssertion, "EncryptedID", kindSealed, 1, 1},
		{nsAssertion, "SubjectConfirmation", kindConfirmation, 2, maxConfirmations},
	},
	kindConfirmation: {
		{nsAssertion, "NameID", kindLeaf, 1, 1},
		{nsAssertion, "EncryptedID", kindOpaque, 1, 1},
		{nsAssertion, "SubjectConfirmationData", kindOpaque, 2, 1},
	},
	kindConditions: {
		{nsAssertion, "AudienceRestriction", kindRestriction, 0, 0},
		{nsAssertion, "OneTimeUse", kindEmpty, 0, 1},
		{nsAssertion, "ProxyRestriction", kindRestriction, 0, 1},
	},
	kindRestriction: {
		{nsAssertion, "Audience", kindLeaf, 1, 0},
	},
	kindAuthnStatement: {
		{nsAssertion, "SubjectLocality", kindEmpty, 1, 1},
		{nsAssertion, "AuthnContext", kindAuthnContext, 2, 1},
	},
	kindAuthnContext: {
		{nsAssertion, "AuthnContextClassRef", kindLeaf, 1, 1},
		{nsAssertion, "AuthnContextDecl", kindOpaque, 2, 1},
		{nsAssertion, "AuthnContextDeclRef", kindLeaf, 2, 1},
		{nsAssertion, "AuthenticatingAuthority", kindLeaf, 3, 0},
	},
	kindAttributeStatement: {
		{nsAssertion, "Attribute", kindAttribute, 0, 0},
		{nsAssertion, "EncryptedAttribute", kindCrypto, 0, 0},
	},
	kindAttribute: {
		{nsAssertion, "AttributeValue", kindValue, 1, 0},
	},
}

// walk holds the subtree of e against the schema and reports what does not
// belong there. It goes on after a failure. Its depth is bounded by the depth
// of the document.
func (r *report) walk(e xmltree.Element, k kind) {
	switch k {
	case kindUnread:
		return
	case kindSignature:
		r.walkSignature(e)
		return
	case kindCrypto:
		r.fail(checkEncShape, "an assertion encrypted as a whole", "encrypted "+e.Local()[len("Encrypted"):], e)
		r.walkOpaque(e)
		return
	case kindOpaque, kindSealed:
		r.walkOpaque(e)
		return
	case kindValue:
		if isNil(e) && (e.HasText() || !e.FirstChild().IsZero()) {
			r.fail(checkShape, "nothing in an element that is nil", "content", e)
		}
		r.walkOpaque(e)
		return
	case kindLeaf:
		if !e.FirstChild().IsZero() {
			r.fail(checkShape, "text only", "element "+quote(e.FirstChild().Local()), e)
		} else if isNil(e) {
			r.fail(checkShape, "a value", "nil", e)
		}
		return
	}
	var slots []slot
	if int(k) < len(schema) {
		slots = schema[k]
	}
	r.walkSlots(e, slots)
}

// walkSlots holds the children of e against the elements that may stand there.
func (r *report) walkSlots(e xmltree.Element, slots []slot) {
	if e.HasText() {
		r.fail(checkShape, "elements only", "text between them", e)
	}
	var rank uint8
	var seen [8]uint8
	for c := e.FirstChild(); !c.IsZero(); c = c.NextSibling() {
		i := find(slots, c)
		if i < 0 {
			r.stranger(c)
			continue
		}
		s := slots[i]
		switch {
		case s.max > 0 && seen[i] == s.max:
			r.fail(checkShape, "at most "+strconv.Itoa(int(s.max))+" "+s.local, "more", c)
		case s.rank > 0 && s.rank < rank:
			r.fail(checkShape, "the order of the schema", s.local+" too late", c)
		case s.rank > 0:
			rank = s.rank
		}
		if s.max > 0 && seen[i] < s.max {
			seen[i]++
		}
		r.walk(c, s.kind)
	}
}

// find returns the slot that c fits, or -1.
func find(slots []slot, c xmltree.Element) int {
	for i := range slots {
		if c.Is(slots[i].space, slots[i].local) {
			return i
		}
	}
	return -1
}

// stranger reports an element where the schema knows none like it.
func (r *report) stranger(c xmltree.Element) {
	if xmldsig.IsPart(c) {
		r.fail(checkSigPlace, "signatures directly below Response or Assertion", quote(c.Local())+" elsewhere", c)
		return
	}
	r.fail(checkShape, "known elements", quote(c.Local()), c)
	r.walkOpaque(c)
}

// walkOpaque looks through content that we skip for what must not hide in it.
func (r *report) walkOpaque(e xmltree.Element) {
	for d := range e.Descendants() {
		switch {
		case d == e:
		case xmldsig.IsPart(d):
			r.fail(checkSigPlace, "signatures directly below Response or Assertion", quote(d.Local())+" elsewhere", d)
		case d.Is(nsAssertion, "Assertion"), d.Is(nsAssertion, "EncryptedAssertion"), d.Is(nsProtocol, "Response"):
			r.fail(checkShape, "assertions directly below Response", d.Local()+" elsewhere", d)
		}
	}
}

// walkSignature looks for what must not hide in a signature. Its own shape is
// judged where it is verified.
func (r *report) walkSignature(e xmltree.Element) {
	for d := range e.Descendants() {
		space := d.Space()
		if d != e && (space == nsAssertion || space == nsProtocol || d.Is(nsSignature, "Signature")) {
			r.fail(checkSigShape, "no message in a signature", d.Local(), d)
		}
	}
}

// isNil reports whether e declares itself to be without a value.
func isNil(e xmltree.Element) bool {
	v, ok := e.AttrNS(nsSchema, "nil")
	v = trim(v)
	return ok && v != "false" && v != "0"
}
