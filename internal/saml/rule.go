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

// Rules about encryption. The first two can be seen without decrypting
// anything. All that goes wrong behind decryption, until the assertion is proved
// to be the identity provider's, is EncFailed: the outside must not learn more.
// The verdict list says more; it is for administrators alone.
const (
	EncShape   Rule = "enc.shape"   // encrypted in another way than SAML does
	EncAlg     Rule = "enc.alg"     // an algorithm off the list, or RSA 1.5 without the switch
	EncKey     Rule = "enc.key"     // encrypted, and we have no key to decrypt it
	EncFailed  Rule = "enc.failed"  // not encrypted for one of our keys, or altered, or nothing good inside
	EncMissing Rule = "enc.missing" // not encrypted, where it has to be
)

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
	BindParam   Rule = "bind.param"   // no message, or parameters that two readers could read differently
	BindSize    Rule = "bind.size"    // larger than any real message
	BindBase64  Rule = "bind.base64"  // not strict base64
	BindInflate Rule = "bind.inflate" // compressed, which the POST binding never is; or not one DEFLATE stream
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
