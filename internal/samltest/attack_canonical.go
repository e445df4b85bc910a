package samltest

import (
	"crypto"
	"encoding/base64"
	"strings"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/xmldsig"
)

// canonicals are what a canonicaliser makes equal that is not, or nothing at
// all.
func canonicals() []Attack {
	sha1 := func(e *saml.Expect) { e.Legacy.SHA1 = true }
	var attacks []Attack
	// Nothing at all: its digest is known, and who has once seen a signature over
	// it could sign everything.
	for _, h := range []struct {
		uri    string
		hash   crypto.Hash
		expect func(*saml.Expect)
	}{{xmldsig.SHA256, crypto.SHA256, nil}, {xmldsig.SHA384, crypto.SHA384, nil}, {xmldsig.SHA512, crypto.SHA512, nil}, {xmldsig.SHA1, crypto.SHA1, sha1}} {
		golden := reseal(func(s string) string {
			return find(algorithm(s, "ds:DigestMethod", h.uri), "ds:DigestValue").filled(nothing(h.hash))
		})
		twin := func(r *Response) { r.EachSigning(func(s *xmldsig.Signing) { s.Digest = h.uri }) }
		attacks = append(attacks,
			Attack{No: 43, Name: "digest of nothing by " + h.uri, Forge: golden, Rule: saml.SigDigest, Alone: true, Expect: h.expect, Twin: twin},
			Attack{No: 43, Name: "digest of nothing in a poisoned document by " + h.uri, Forge: all(golden, poison), Rule: saml.XMLNamespace, Expect: h.expect, Twin: twin},
		)
	}
	overNothing := func(r *Response) {
		r.AfterSigning(func(doc string) string {
			value, err := xmldsig.SignOctets(xmldsig.RSASHA256, nil, r.ResponseSigning.Key)
			if err != nil {
				panic(err)
			}
			p := outermost(doc)
			return p.with(find(p.text, "ds:SignatureValue").filled(base64.StdEncoding.EncodeToString(value)))
		})
	}
	attacks = append(attacks,
		Attack{No: 43, Name: "signature over nothing", Forge: overNothing, Rule: saml.SigValue, Alone: true},
		Attack{No: 43, Name: "signature over nothing in a poisoned document", Forge: all(overNothing, poison), Rule: saml.XMLNamespace},
		Attack{No: 43, Name: "poisoned document", Forge: poison, Rule: saml.XMLNamespace, Bases: assertionAlone, Twin: tamper("<samlp:Response ", `<samlp:Response Consent="1" `)},
		Attack{No: 43, Name: "poisoned SignedInfo", Forge: onSignature(Replace("<ds:SignedInfo>", `<ds:SignedInfo xmlns:x="1">`)), Rule: saml.XMLNamespace},
		Attack{No: 43, Name: "poisoned default namespace", Forge: tamper("<samlp:Response ", `<samlp:Response xmlns="relative" `), Rule: saml.XMLNamespace},
	)
	return append(attacks, equalities()...)
}

// inC14N has elements signed by one canonicalisation, and their SignedInfo by the
// one that nothing around it touches.
func inC14N(algorithm string, prefixes ...string) func(*Response) {
	return func(r *Response) {
		c := xmldsig.C14N{Algorithm: algorithm, Prefixes: prefixes}
		r.EachSigning(func(s *xmldsig.Signing) {
			s.Transforms, s.InfoC14N.Algorithm = []xmldsig.C14N{{Algorithm: xmldsig.EnvelopedSignatureURI}, c}, xmldsig.ExclusiveC14N
		})
	}
}

// equalities are changes around or in an element that is signed: some change
// what was signed, by the rules of its canonicalisation, and some do not.
func equalities() []Attack {
	// around changes the Response, of which the assertion alone is signed.
	around := func(attrs string) func(*Response) {
		return tamper("<samlp:Response ", "<samlp:Response "+attrs+" ")
	}
	const inclusive, inclusive11, exclusive = xmldsig.C14N10, xmldsig.C14N11, xmldsig.ExclusiveC14N
	inPrefixes := func(r *Response) { r.Dialect = Prefixed } // else there is another default namespace between
	names := all(
		swap("<samlp:Response ", `<samlp:Response xmlns:a="urn:z" xmlns:b="urn:y" `),
		inValue(`<v a:x="1" b:x="2"/>`),
	)
	other := tamper(`xmlns:a="urn:z" xmlns:b="urn:y"`, `xmlns:a="urn:y" xmlns:b="urn:z"`)
	var attacks []Attack
	for _, tc := range []struct {
		no          Number
		name        string
		both        func(*Response)
		wrong, twin func(*Response)
	}{
		{49, "xml:lang around, inherited by C14N 1.0", asItIs, all(inC14N(inclusive), around(`xml:lang="en"`)), all(inC14N(exclusive), around(`xml:lang="en"`))},
		{49, "xml:space around, inherited by C14N 1.1", asItIs, all(inC14N(inclusive11), around(`xml:space="preserve"`)), all(inC14N(exclusive), around(`xml:space="preserve"`))},
		{49, "xml:base around, inherited by C14N 1.1", asItIs, all(inC14N(inclusive11), around(`xml:base="https://evil.example/"`)), all(inC14N(exclusive), around(`xml:base="https://evil.example/"`))},
		{49, "prefix around that nothing uses, by C14N 1.0", asItIs, all(inC14N(inclusive), around(`xmlns:z="urn:z"`)), all(inC14N(exclusive), around(`xmlns:z="urn:z"`))},
		{49, "prefix around that nothing uses, by C14N 1.1", asItIs, all(inC14N(inclusive11), around(`xmlns:z="urn:z"`)), all(inC14N(exclusive), around(`xmlns:z="urn:z"`))},
		{49, "default namespace around an element of none", inValue("<v/>"), all(inC14N(exclusive), around(`xmlns="urn:z"`)), all(inC14N(exclusive), around(`xmlns:z="urn:z"`))},
		{49, "two namespaces exchanged, the prefixes in their order", names, all(inC14N(exclusive), other), all(inC14N(exclusive), tamper(`a:x="1" b:x="2"`, `b:x="2" a:x="1"`))},
		{49, "values of two attributes exchanged", names, all(inC14N(exclusive), tamper(`a:x="1" b:x="2"`, `a:x="2" b:x="1"`)), all(inC14N(exclusive), tamper(`a:x="1" b:x="2"`, "\n b:x='2'\n a:x='1'"))},
		{49, "default namespace taken away", inValue(`<v xmlns="urn:z"><w/></v>`), all(inC14N(exclusive), tamper("<w/>", `<w xmlns=""/>`)), all(inC14N(exclusive), tamper("<w/>", `<w xmlns="urn:z"></w>`))},
		{49, "quote in text turned to an apostrophe", swap(">Alice<", `>Al"ice<`), tamper(`Al"ice`, `Al'ice`), tamper(`Al"ice`, `Al&quot;ice`)},
		{49, "'>' in text turned to what it is written as", swap(">Alice<", `>Al>ice<`), tamper(`Al>ice`, `Al&amp;gt;ice`), tamper(`Al>ice`, `Al&gt;ice`)},
		{49, "'&' turned to what it is written as", swap(">Alice<", `>Al&amp;ice<`), tamper(`Al&amp;ice`, `Al&amp;amp;ice`), tamper(`Al&amp;ice`, `Al&#38;ice`)},
		{49, "attribute that has its default", asItIs, tamper("<saml:Attribute ", `<saml:Attribute NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified" `), tamper("<saml:Attribute ", "<saml:Attribute\n\t")},
		{48, "namespace of a listed prefix changed", swap("<samlp:Response ", `<samlp:Response xmlns:xs="urn:xs" `), all(inC14N(exclusive, "xs"), tamper(`"urn:xs"`, `"urn:xsd"`)), all(inC14N(exclusive), tamper(`"urn:xs"`, `"urn:xsd"`))},
		{48, "listed prefix declared around", asItIs, all(inC14N(exclusive, "xs"), around(`xmlns:xs="urn:xs"`)), all(inC14N(exclusive, "nowhere"), around(`xmlns:xs="urn:xs"`))},
		{48, "listed default namespace declared around", inPrefixes, all(inC14N(exclusive, ""), around(`xmlns="urn:z"`)), all(inC14N(exclusive, "nowhere"), around(`xmlns="urn:z"`))},
		{48, "listed prefix bound anew inside", swap("<samlp:Response ", `<samlp:Response xmlns:xs="urn:xs" `), all(inC14N(exclusive, "xs"), tamper("<saml:Subject>", `<saml:Subject xmlns:xs="urn:z">`)),
			all(inC14N(exclusive, "xs"), tamper("<saml:Subject>", `<saml:Subject xmlns:xs="urn:xs">`))},
	} {
		attacks = append(attacks, Attack{No: tc.no, Name: tc.name, Bases: assertionAlone, Plain: strings.HasPrefix(tc.name, "xml:"), Forge: all(tc.both, tc.wrong), Rule: saml.SigDigest, Alone: true, Twin: all(tc.both, tc.twin)})
	}
	return attacks
}
