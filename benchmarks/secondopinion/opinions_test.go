package secondopinion

import (
	"strings"
	"testing"
)

// Why we refuse what either of them verifies. No digest and no value is among
// these rules: about them all must agree.
const (
	oneReader     = "what a signature does not cover in every reader's eyes is read by none of ours"
	noInheritance = "it canonicalises an element without what stands around it, so that nothing is inherited"
	oneMeaning    = "two readers could take two elements for the one with this ID, or name it in two ways"
)

func TestGoxmldsigAgrees(t *testing.T) {
	t.Parallel()
	compare(t, peer{
		name: "goxmldsig",
		judge: func(t *testing.T, c claim, cert []byte) (octets, info []byte, err error) {
			t.Helper()
			octets, err = goxmldsig(t, c, cert)
			return octets, nil, err
		},
		stricter: map[string]string{
			"xml.doctype":    "encoding/xml skips a document type declaration; " + oneReader,
			"xml.comment":    "it drops comments, as canonical forms do; " + oneReader,
			"xml.cdata":      "it takes CDATA for text, as canonical forms do; " + oneReader,
			"xml.pi":         "encoding/xml reads processing instructions; no real identity provider sends one",
			"xml.encoding":   "it does not look at the encoding that a document declares",
			"xml.wellformed": "encoding/xml stops behind the first root and does not see the second",
			"xml.dupattr":    "encoding/xml lets one attribute stand twice",
			"xml.ns":         "encoding/xml lets a prefix stand for itself where nothing is bound to it",
			"id.dup":         oneMeaning,
			"id.form":        oneMeaning,
			"id.qualified":   oneMeaning,
			"sig.ref":        "it does not look at the first letter of a Reference, at its Type or at further ones, and takes an empty one for any element",
			"sig.transform":  "it reads Transforms with encoding/xml, where neither their number nor the number of prefixes is bounded and what stands around them does not count",
			"sig.shape":      "it reads SignedInfo with encoding/xml, where the order does not matter and the last of two digests counts",
		},
		wrong: map[string]string{
			"xml:lang around, inherited by C14N 1.0":   noInheritance,
			"xml:space around, inherited by C14N 1.1":  noInheritance,
			"xml:base around, inherited by C14N 1.1":   noInheritance,
			"listed default namespace declared around": "#default in a PrefixList is not read",
		},
		cannot: []limitation{
			{"RSA-PSS is not implemented", func(f features) bool { return strings.HasSuffix(f.method, "-MGF1") }},
			{"white space in SignatureValue and DigestValue is not taken out", func(f features) bool { return f.blanks }},
			{"it takes literal white space in attributes as it is written", func(f features) bool { return f.broken }},
			{"it gives up on large documents", func(f features) bool { return f.elements > 900 }},
		},
	}, subjects(t, &author{narrow: true}, 1000))
}

func TestXMLSec1Agrees(t *testing.T) {
	t.Parallel()
	x := findXMLSec1(t)
	compare(t, peer{
		name:  "xmlsec1",
		judge: x.judge,
		stricter: map[string]string{
			"xml.doctype":    "libxml2 reads document type declarations; " + oneReader,
			"xml.comment":    "libxml2 keeps comments and canonical forms drop them; " + oneReader,
			"xml.cdata":      "libxml2 takes CDATA for text, as canonical forms do; " + oneReader,
			"xml.encoding":   "libxml2 reads other encodings and XML 1.1; " + oneReader,
			"xml.pi":         "libxml2 reads processing instructions; no real identity provider sends one, and canonical forms keep them",
			"xml.wellformed": "libxml2 takes colons where none may stand for a part of a name",
			"id.dup":         "it knows only the IDs that it was told of; " + oneMeaning,
			"sig.shape":      "it passes over text, over elements and parameters that it does not need, and over loose bits of base64",
			"xml.dupattr":    "libxml2 takes an attribute twice by its expanded name for a warning",
			"xml.ns":         "libxml2 takes a prefix that is bound nowhere for a warning",
			"xml.limit":      "libxml2 reads what is deeper than any real message",
			"id.form":        oneMeaning,
			"id.qualified":   oneMeaning,
			"sig.ref":        "it verifies whatever a Reference leads to, wherever that stands, and as many as there are; we want the one to the parent of the signature",
			"sig.transform":  "it does a transform as often as it is asked for",
		},
		cannot: []limitation{
			{"RSA-PSS is not implemented in xmlsec 1.2", func(f features) bool { return strings.HasSuffix(f.method, "-MGF1") }},
		},
	}, subjects(t, &author{}, 300))
}

// subjects returns everything that is to be judged.
func subjects(t *testing.T, a *author, random int) []claim {
	t.Helper()
	var all []claim
	for _, s := range fromVectors(t) {
		all = append(all, claims(t, s)...)
	}
	for _, s := range fromAttacks(t) {
		all = append(all, claims(t, s)...)
	}
	for _, s := range fromRandom(t, a, random) {
		all = append(all, claims(t, s)...)
	}
	return all
}
