package saml

// A Rule names one reason to refuse a message. Rules are stable: they are
// stored in traces, documented and never renamed. The part before the dot is
// the family.
type Rule string

// Rules about the XML of a message, decided by the parser.
const (
	XMLEncoding   Rule = "xml.encoding"   // anything but UTF-8 and XML 1.0
	XMLDoctype    Rule = "xml.doctype"    // a document type declaration
	XMLPI         Rule = "xml.pi"         // a processing instruction
	XMLCDATA      Rule = "xml.cdata"      // a CDATA section
	XMLComment    Rule = "xml.comment"    // a comment
	XMLWellFormed Rule = "xml.wellformed" // not one well-formed document
	XMLNamespace  Rule = "xml.ns"         // an unbound prefix, a relative namespace URI
	XMLDupAttr    Rule = "xml.dupattr"    // one attribute twice
	XMLLimit      Rule = "xml.limit"      // larger or deeper than any real message
)

// Rules about the IDs that signatures refer to.
const (
	IDQualified Rule = "id.qualified" // an ID attribute in a namespace, such as xml:id
	IDForm      Rule = "id.form"      // an ID missing, misspelt or with unsafe characters
	IDDup       Rule = "id.dup"       // two elements with one ID
)

// EncFailed covers everything that goes wrong around encryption; the outside
// must not learn more.
const EncFailed Rule = "enc.failed"

// Rules about signatures.
const (
	SigMissing   Rule = "sig.missing"   // neither the Response nor the Assertion is signed
	SigCount     Rule = "sig.count"     // two signatures on one element
	SigPlace     Rule = "sig.place"     // a signature or a part of one where none belongs
	SigShape     Rule = "sig.shape"     // a ds:Signature that is not built as it must be
	SigRef       Rule = "sig.ref"       // a signature that does not refer to its own parent
	SigTransform Rule = "sig.transform" // a transform off the list
	SigC14N      Rule = "sig.c14n"      // a canonicalisation off the list
	SigAlg       Rule = "sig.alg"       // an algorithm off the list, or SHA-1 without the switch
	SigKey       Rule = "sig.key"       // no usable key is configured
	SigDigest    Rule = "sig.digest"    // the content was changed after signing
	SigValue     Rule = "sig.value"     // signed with a key that is not configured
)

// Rules about what the response says.
const (
	Shape          Rule = "saml.shape"       // not built like a response to a sign-in
	Count          Rule = "saml.count"       // none or several assertions
	Status         Rule = "saml.status"      // the identity provider reports a failure
	Issuer         Rule = "saml.issuer"      // from another identity provider
	Destination    Rule = "saml.destination" // sent to another address
	Method         Rule = "saml.method"      // no bearer confirmation
	Recipient      Rule = "saml.recipient"   // made for another address
	Audience       Rule = "saml.audience"    // made for another application
	InResponseTo   Rule = "saml.irt"         // an answer to another request, or to none
	Time           Rule = "saml.time"        // too early, too late, or without an end
	NameIdentifier Rule = "saml.nameid"      // no lasting identifier of the user
)

// Rules about how a message reached us.
const (
	BindParam   Rule = "bind.param"   // no message
	BindSize    Rule = "bind.size"    // larger than any real message
	BindBase64  Rule = "bind.base64"  // not strict base64
	BindInflate Rule = "bind.inflate" // compressed, which the POST binding never is
)

// Family returns the part of r before the dot.
func (r Rule) Family() string {
	for i := range len(r) {
		if r[i] == '.' {
			return string(r[:i])
		}
	}
	return string(r)
}
