// Package xmldsig canonicalises XML, verifies XML signatures and makes them.
//
// [Verify] answers one question: did one of these keys sign this element? It
// takes the element, not an ID and not a document, and looks at the one
// ds:Signature that is its direct child. What it returns is a [Verified],
// which nobody outside this package can make: whoever holds one holds the very
// nodes whose octets were digested, and reads on from them. Nothing is looked
// up by ID, serialised again or parsed again. What stood encrypted in such an element
// is reached from it alone, by [Verified.Decrypted].
//
// The accepted signatures are those that SAML allows: one Reference to the
// element itself, the enveloped-signature transform and one canonicalisation;
// RSA and ECDSA with SHA-2. What is older stands behind [Legacy].
//
// # Trust
//
// Keys come from the caller and from nowhere else: KeyInfo is not read. A
// Verified says that the holder of one of the keys signed the element; not
// when, not for whom, and not that it was the first time.
package xmldsig
