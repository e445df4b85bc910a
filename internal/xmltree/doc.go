// Package xmltree reads XML into an immutable tree and writes XML.
//
// [Parse] is the only XML reader of the house. It reads, in one pass and
// without recursion, the part of XML 1.0 with Namespaces that SAML messages
// use, and refuses everything else with an [*Error] that has a stable code and
// a byte offset: no DOCTYPE, no processing instruction, no CDATA section, no
// encoding but UTF-8, no comment (in metadata: none beside text), no relative
// or unbound namespace, nothing beyond the limits of [Profile]. What it accepts,
// every conforming XML parser reads the same way. [ParseFragment] is the same
// for what was taken out of another document, whose namespaces it takes along;
// [Lend] for what is looked at once and forgotten.
//
// A [Document] never changes and never hands out anything that was not in the
// input: an [Element] is a handle on byte ranges of it. Names, attribute
// values and text share the memory of the document; whoever keeps one of them
// longer than a request clones it.
//
// [Writer] builds messages of our own, escaping what has to be escaped.
//
// # Trust
//
// The input is an attacker's. The tree says what is written, not who wrote it:
// nothing here verifies a signature, and a value taken from an [Element] is
// worth only what package xmldsig says about that element.
package xmltree
