package xmldsig

import "github.com/sallyport/sallyport/internal/xmltree"

// CheckPlaces refuses a document with a ds:Signature, or a part of one that
// carries meaning, anywhere but in a ds:Signature that is a direct child of
// an element that may be signed there. Readers that search for ds:DigestValue by
// name are led astray with such parts; ds:KeyInfo and what it is made of have
// uses of their own. The error is an *Error.
func CheckPlaces(doc *xmltree.Document, mayBeSigned func(xmltree.Element) bool) error {
	var allowed xmltree.Element // the last signature in its place
	for e := range doc.Root().Descendants() {
		if e.Space() != Namespace || !isMeaning(e.Local()) {
			continue
		}
		if e.Local() == "Signature" {
			parent := e.Parent()
			if !parent.IsZero() && !allowed.Contains(e) && mayBeSigned(parent) {
				allowed = e
				continue
			}
			return refuse(CodePlace, e, "a signature directly below the element it signs", "one in another place")
		}
		if !allowed.Contains(e) {
			return refuse(CodePlace, e, "no part of a signature outside of one", e.QName())
		}
	}
	return nil
}

// isMeaning reports whether an element of the signature namespace says what is
// signed.
func isMeaning(local string) bool {
	switch local {
	case "Signature", "SignedInfo", "SignatureValue", "Reference", "DigestValue",
		"Object", "Manifest", "SignatureProperties", "CanonicalizationMethod", "SignatureMethod":
		return true
	}
	return false
}

// IsSigned reports whether a ds:Signature is a direct child of e. It says nothing
// about its worth.
func IsSigned(e xmltree.Element) bool {
	for child := range e.Children() {
		if child.Is(Namespace, "Signature") {
			return true
		}
	}
	return false
}
