package xmldsig

import "github.com/sallyport/sallyport/internal/xmltree"

// IsPart reports whether e is a signature, or a part of one that a careless reader
// could take for that of the real one: outside of a signature in its place, and
// within ds:KeyInfo, there may be none. Readers that search for ds:DigestValue by
// name are led astray with such parts; ds:KeyInfo and what it is made of have
// uses of their own. The namespace of an element named Signature does not matter:
// it is there to deceive.
func IsPart(e xmltree.Element) bool {
	switch e.Local() {
	case "Signature":
		return true
	case "SignedInfo", "SignatureValue", "Reference", "DigestValue",
		"Object", "Manifest", "SignatureProperties", "CanonicalizationMethod", "SignatureMethod":
		return e.Space() == Namespace
	}
	return false
}
