package samltest

import (
	"crypto"
	"encoding/base64"
	"strings"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/xmldsig"
)

// poison declares a namespace for which some canonicalisers give nothing.
var poison = tamper("<samlp:Response ", `<samlp:Response xmlns:x="1" `)

// references are signatures that do not say plainly what they sign.
func references() []Attack {
	refer := func(by func(id string) string) func(*Response) {
		return func(r *Response) {
			r.AssertionSigning.URI, r.ResponseSigning.URI = by(r.AssertionID), by(r.ID)
			r.AssertionSigning.Document, r.ResponseSigning.Document = false, false
		}
	}
	reference := func(change func(reference string) string) func(*Response) {
		return reseal(func(s string) string {
			p := find(s, "ds:Reference")
			return p.with(change(p.text))
		})
	}
	elsewhere := func(r string) string { return replaced(r, ` URI="`, ` URI="#idOther`) }
	attacks := []Attack{
		{No: 44, Name: "two references", Forge: reference(func(r string) string { return r + r }), Rule: saml.SigRef, Alone: true, Twin: reference(strings.Clone)},
		{No: 44, Name: "a reference to something else behind", Forge: reference(func(r string) string { return r + elsewhere(r) }), Rule: saml.SigRef, Alone: true},
		{No: 44, Name: "a reference to something else in front", Forge: reference(func(r string) string { return elsewhere(r) + r }), Rule: saml.SigRef, Alone: true},
		{No: 44, Name: "a reference to nothing behind", Forge: reference(func(r string) string {
			return r + find(r, "ds:DigestValue").filled(nothing(crypto.SHA256))
		}), Rule: saml.SigRef, Alone: true},
		{No: 44, Name: "a reference without transforms behind", Forge: reference(func(r string) string { return r + find(r, "ds:Transforms").without() }), Rule: saml.SigRef, Alone: true},
		{No: 44, Name: "no reference", Forge: reference(func(string) string { return "" }), Rule: saml.SigRef, Alone: true},
		{No: 46, Name: "empty reference below the root", Bases: assertionAlone, Forge: func(r *Response) { r.AssertionSigning.Document = true }, Rule: saml.SigRef, Alone: true},
		{No: 46, Name: "empty reference of the assertion in a signed response", Bases: []Base{BothSigned}, Forge: func(r *Response) { r.AssertionSigning.Document = true }, Rule: saml.SigRef, Alone: true,
			Twin: func(r *Response) { r.ResponseSigning.Document = true }},
		{No: 46, Name: "manifest by its Type", Forge: reference(Replace("<ds:Reference ", `<ds:Reference Type="`+nsSignature+`Manifest" `)), Rule: saml.SigRef, Alone: true},
		{No: 46, Name: "object by its Type", Forge: reference(Replace("<ds:Reference ", `<ds:Reference Type="`+nsSignature+`Object" `)), Rule: saml.SigRef, Alone: true},
		{No: 46, Name: "empty Type", Forge: reference(Replace("<ds:Reference ", `<ds:Reference Type="" `)), Rule: saml.SigRef, Alone: true,
			Twin: reference(Replace("<ds:Reference ", `<ds:Reference Id="idReference" `))},
		{No: 46, Name: "manifest in the signature", Forge: onSignature(func(s string) string {
			r := find(s, "ds:Reference").text
			return replaced(s, "</ds:Signature>", "<ds:Object><ds:Manifest>"+r+"</ds:Manifest></ds:Object></ds:Signature>")
		}), Rule: saml.SigShape, Alone: true},
		{No: 46, Name: "manifest for the reference", Forge: reference(func(r string) string { return "<ds:Manifest>" + r + "</ds:Manifest>" }), Rule: saml.SigRef, Alone: true},
		{No: 46, Name: "no URI", Forge: reference(func(r string) string {
			_, rest, _ := strings.Cut(r, ` URI="`)
			uri, _, _ := strings.Cut(rest, `"`)
			return replaced(r, ` URI="`+uri+`"`, "")
		}), Rule: saml.SigRef, Alone: true},
	}
	for name, by := range map[string]func(id string) string{
		"without #":                      func(id string) string { return id },
		"with another first letter":      func(id string) string { return "x" + id },
		"by XPointer to the root":        func(string) string { return "#xpointer(/)" },
		"by XPointer to an ID":           func(id string) string { return "#xpointer(id('" + id + "'))" },
		"of nothing":                     func(string) string { return "#" },
		"percent-escaped":                func(id string) string { return "%23" + id },
		"with a letter percent-escaped":  func(id string) string { return "#%69" + id[1:] },
		"with a space":                   func(id string) string { return "# " + id },
		"with a space in front":          func(id string) string { return " #" + id },
		"with a space behind":            func(id string) string { return "#" + id + " " },
		"with a line end behind":         func(id string) string { return "#" + id + "\n" },
		"with two #":                     func(id string) string { return "##" + id },
		"with a # behind":                func(id string) string { return "#" + id + "#" },
		"with a query":                   func(id string) string { return "?#" + id },
		"in capital letters":             func(id string) string { return "#" + strings.ToUpper(id) },
		"to the beginning of the ID":     func(id string) string { return "#" + id[:len(id)-1] },
		"to a longer ID":                 func(id string) string { return "#" + id + "x" },
		"to another address":             func(id string) string { return "https://idp.example/#" + id },
		"to another address, all of it":  func(string) string { return "https://evil.example/signed.xml" },
		"to a file":                      func(id string) string { return "file:///etc/passwd#" + id },
		"to an attachment":               func(string) string { return "cid:assertion" },
		"by XPath":                       func(id string) string { return "#' or @ID='" + id },
		"to the ID of the other element": func(string) string { return "#idOther" },
	} {
		attacks = append(attacks, Attack{
			No: 22, Name: "reference " + name, Forge: refer(by), Rule: saml.SigRef, Alone: true,
			Twin: refer(func(id string) string { return "#" + id }),
		})
	}
	return append(attacks, transforms()...)
}

// transforms are what would turn the element that was signed into something
// else before it is digested.
func transforms() []Attack {
	transform := func(uri, content string) string {
		return `<ds:Transform Algorithm="` + uri + `">` + content + `</ds:Transform>`
	}
	const exc = xmldsig.ExclusiveC14N
	enveloped, exclusive := transform(xmldsig.EnvelopedSignatureURI, ""), transform(exc, "")
	list := func(all ...string) func(*Response) {
		return reseal(func(s string) string { return find(s, "ds:Transforms").filled(strings.Join(all, "")) })
	}
	inclusive := func(prefixes string) string {
		return `<ec:InclusiveNamespaces xmlns:ec="` + xmldsig.ExclusiveC14NSpace + `" PrefixList="` + prefixes + `"/>`
	}
	info := func(content string) func(*Response) {
		return reseal(func(s string) string {
			return find(s, "ds:CanonicalizationMethod").with(`<ds:CanonicalizationMethod Algorithm="` + exc + `">` + content + `</ds:CanonicalizationMethod>`)
		})
	}
	badInfo := func(method string) func(*Response) {
		return onSignature(func(s string) string { return find(s, "ds:CanonicalizationMethod").with(method) })
	}
	by := func(c xmldsig.C14N) func(*Response) {
		return func(r *Response) {
			r.EachSigning(func(s *xmldsig.Signing) {
				s.Transforms, s.InfoC14N = []xmldsig.C14N{{Algorithm: xmldsig.EnvelopedSignatureURI}, c}, c
			})
		}
	}
	prefixes := func(all ...string) func(*Response) { return by(xmldsig.C14N{Algorithm: exc, Prefixes: all}) }
	thirtyTwo := strings.Fields(strings.Repeat("xs ", 32))

	var attacks []Attack
	for _, tc := range []struct {
		no   Number
		name string
		all  []string
	}{
		{47, "XSLT behind", []string{enveloped, exclusive, transform("http://www.w3.org/TR/1999/REC-xslt-19991116", `<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform"/>`)}},
		{47, "XSLT", []string{enveloped, transform("http://www.w3.org/TR/1999/REC-xslt-19991116", "")}},
		{47, "XPath", []string{enveloped, transform("http://www.w3.org/TR/1999/REC-xpath-19991116", "<ds:XPath>not(ancestor-or-self::*)</ds:XPath>")}},
		{47, "XPath with here()", []string{transform("http://www.w3.org/TR/1999/REC-xpath-19991116", "<ds:XPath>count(ancestor-or-self::ds:Signature | here()/ancestor::ds:Signature[1]) > count(ancestor-or-self::ds:Signature)</ds:XPath>"), exclusive}},
		{47, "XPath Filter 2", []string{enveloped, transform("http://www.w3.org/2002/06/xmldsig-filter2", `<f:XPath xmlns:f="http://www.w3.org/2002/06/xmldsig-filter2" Filter="subtract">/*</f:XPath>`)}},
		{47, "base64", []string{enveloped, transform(nsSignature+"base64", "")}},
		{47, "decryption", []string{enveloped, transform("http://www.w3.org/2002/07/decrypt#XML", "")}},
		{47, "security token reference", []string{enveloped, transform("http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform", "")}},
		{47, "unknown transform", []string{enveloped, transform("urn:none", "")}},
		{47, "three transforms", []string{enveloped, exclusive, exclusive}},
		{47, "enveloped twice", []string{enveloped, enveloped}},
		{47, "enveloped twice and canonicalised", []string{enveloped, enveloped, exclusive}},
		{47, "canonicalised twice", []string{exclusive, exclusive}},
		{47, "enveloped behind the canonicalisation", []string{exclusive, enveloped}},
		{47, "not enveloped", []string{exclusive}},
		{47, "no transform", nil},
		{47, "transform of another namespace", []string{enveloped, strings.ReplaceAll(exclusive, "ds:", "")}},
		{47, "transform without an algorithm", []string{enveloped, "<ds:Transform/>"}},
		{48, "list of another namespace", []string{enveloped, transform(exc, strings.ReplaceAll(inclusive("xs"), xmldsig.ExclusiveC14NSpace, nsSignature))}},
		{48, "two lists", []string{enveloped, transform(exc, inclusive("xs")+inclusive("xs"))}},
		{48, "list with content", []string{enveloped, transform(exc, strings.Replace(inclusive("xs"), "/>", "><x/></ec:InclusiveNamespaces>", 1))}},
		{48, "33 prefixes", []string{enveloped, transform(exc, inclusive(strings.Repeat("xs ", 33)))}},
		{48, "ten thousand prefixes", []string{enveloped, transform(exc, inclusive(strings.Repeat("xs ", 10_000)))}},
		{48, "list of an inclusive canonicalisation", []string{enveloped, transform(xmldsig.C14N10, inclusive("xs"))}},
		{50, "C14N 2.0 as a transform", []string{enveloped, transform("http://www.w3.org/2010/xml-c14n2", "")}},
		{50, "space behind a transform", []string{enveloped, transform(exc+" ", "")}},
	} {
		twin := list(enveloped, exclusive)
		if strings.Contains(tc.name, "prefixes") {
			twin = prefixes(thirtyTwo...)
		} else {
			twin = all(by(xmldsig.C14N{Algorithm: exc}), twin)
		}
		attacks = append(attacks, Attack{No: tc.no, Name: tc.name, Forge: list(tc.all...), Rule: saml.SigTransform, Alone: true, Twin: twin})
	}
	for _, tc := range []struct {
		no    Number
		name  string
		forge func(*Response)
		twin  func(*Response)
	}{
		{48, "list of another namespace for SignedInfo", badInfo(`<ds:CanonicalizationMethod Algorithm="` + exc + `"><ds:InclusiveNamespaces PrefixList="xs"/></ds:CanonicalizationMethod>`), info(inclusive("xs"))},
		{48, "two lists for SignedInfo", badInfo(`<ds:CanonicalizationMethod Algorithm="` + exc + `">` + inclusive("xs") + inclusive("xs") + `</ds:CanonicalizationMethod>`), info(inclusive("#default xs nowhere xs"))},
		{48, "33 prefixes for SignedInfo", badInfo(`<ds:CanonicalizationMethod Algorithm="` + exc + `">` + inclusive(strings.Repeat("xs ", 33)) + `</ds:CanonicalizationMethod>`), info(inclusive(strings.Repeat("xs ", 32)))},
		{50, "unknown canonicalisation", badInfo(`<ds:CanonicalizationMethod Algorithm="urn:none"/>`), by(xmldsig.C14N{Algorithm: xmldsig.ExclusiveC14NWithComments})},
		{50, "C14N 2.0", badInfo(`<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2010/xml-c14n2"/>`), by(xmldsig.C14N{Algorithm: xmldsig.C14N11WithComments})},
		{50, "no canonicalisation", badInfo(`<ds:CanonicalizationMethod/>`), by(xmldsig.C14N{Algorithm: xmldsig.C14N10WithComments})},
		{50, "empty canonicalisation", badInfo(`<ds:CanonicalizationMethod Algorithm=""/>`), by(xmldsig.C14N{Algorithm: xmldsig.C14N10})},
		{50, "space around the canonicalisation", badInfo(`<ds:CanonicalizationMethod Algorithm=" ` + exc + ` "/>`), by(xmldsig.C14N{Algorithm: xmldsig.C14N11})},
		{50, "canonicalisation in capital letters", badInfo(`<ds:CanonicalizationMethod Algorithm="` + strings.ToUpper(exc) + `"/>`), by(xmldsig.C14N{Algorithm: exc})},
	} {
		attacks = append(attacks, Attack{No: tc.no, Name: tc.name, Forge: tc.forge, Rule: saml.SigC14N, Alone: true, Twin: tc.twin})
	}
	return append(attacks, Attack{No: 50, Name: "two canonicalisations in one", Forge: badInfo(`<ds:CanonicalizationMethod Algorithm="` + exc + `" Algorithm="urn:none"/>`), Rule: saml.XMLDupAttr})
}

// shapes are signatures that are not built as they must be.
func shapes() []Attack {
	within := func(name string, change func(element string) string) func(s string) string {
		return func(s string) string {
			p := find(s, name)
			return p.with(change(p.text))
		}
	}
	twice := func(name string) func(s string) string {
		return within(name, func(e string) string { return e + e })
	}
	first := func(name, before string) func(s string) string { // puts an element in front of another
		return func(s string) string {
			p := find(s, name)
			return replaced(p.without(), "<"+before, p.text+"<"+before)
		}
	}
	value := func(change func(text string) string) func(*Response) {
		return onSignature(within("ds:SignatureValue", func(e string) string {
			p := find(e, "ds:SignatureValue")
			return p.filled(change(p.content()))
		}))
	}
	sum := func(change func(text string) string) func(*Response) {
		return reseal(within("ds:DigestValue", func(e string) string {
			p := find(e, "ds:DigestValue")
			return p.filled(change(p.content()))
		}))
	}
	loose := func(text string) string { // another text for the same octets
		text = strings.TrimRight(text, "=")
		return text[:len(text)-1] + string(text[len(text)-1]+1) + strings.Repeat("=", (4-len(text)%4)%4)
	}
	hmac := "<ds:HMACOutputLength>8</ds:HMACOutputLength>"
	attacks := []Attack{
		{No: 45, Name: "SignedInfo behind SignatureValue", Forge: onSignature(first("ds:SignatureValue", "ds:SignedInfo>")), Rule: saml.SigShape, Alone: true, Twin: onSignature(strings.Clone)},
		{No: 45, Name: "method before the canonicalisation", Forge: reseal(first("ds:SignatureMethod", "ds:CanonicalizationMethod ")), Rule: saml.SigShape, Alone: true},
		{No: 45, Name: "digest before its method", Forge: reseal(first("ds:DigestValue", "ds:DigestMethod ")), Rule: saml.SigShape, Alone: true},
		{No: 45, Name: "transforms behind the digest", Forge: reseal(func(s string) string {
			p := find(s, "ds:Transforms")
			return replaced(p.without(), "</ds:Reference>", p.text+"</ds:Reference>")
		}), Rule: saml.SigTransform, Alone: true},
		{No: 45, Name: "KeyInfo in front", Forge: onSignature(Replace("<ds:SignedInfo>", "<ds:KeyInfo/><ds:SignedInfo>")), Rule: saml.SigShape, Alone: true},
		{No: 45, Name: "two KeyInfo", Forge: onSignature(Replace("</ds:SignatureValue>", "</ds:SignatureValue><ds:KeyInfo/><ds:KeyInfo/>")), Rule: saml.SigShape, Alone: true},
		{No: 45, Name: "unknown element in the signature", Forge: onSignature(Replace("<ds:SignedInfo>", "<x/><ds:SignedInfo>")), Rule: saml.SigShape, Alone: true},
		{No: 45, Name: "object in the signature", Forge: onSignature(Replace("</ds:Signature>", "<ds:Object/></ds:Signature>")), Rule: saml.SigShape, Alone: true},
		{No: 45, Name: "unknown element in SignedInfo", Forge: reseal(Replace("</ds:SignedInfo>", "<x/></ds:SignedInfo>")), Rule: saml.SigShape, Alone: true},
		{No: 45, Name: "unknown element in the reference", Forge: reseal(Replace("</ds:Reference>", "<x/></ds:Reference>")), Rule: saml.SigShape, Alone: true},
		{No: 45, Name: "text in SignedInfo", Forge: reseal(Replace("</ds:SignedInfo>", "x</ds:SignedInfo>")), Rule: saml.SigShape, Alone: true},
		{No: 45, Name: "text in the signature", Forge: onSignature(Replace("</ds:Signature>", "x</ds:Signature>")), Rule: saml.SigShape, Alone: true,
			Twin: onSignature(Replace("</ds:Signature>", "\n</ds:Signature>"))},
		{No: 45, Name: "digest with a parameter", Forge: reseal(within("ds:DigestMethod", func(e string) string { return part{text: e}.filled("<x/>") })), Rule: saml.SigShape, Alone: true},
		{No: 51, Name: "HMACOutputLength", Forge: reseal(within("ds:SignatureMethod", func(e string) string { return part{text: e}.filled(hmac) })), Rule: saml.SigShape, Alone: true},
		{No: 51, Name: "half of the digest", Forge: sum(func(text string) string { return base64.StdEncoding.EncodeToString(decode(text)[:16]) }), Rule: saml.SigDigest, Alone: true},
		{No: 51, Name: "a digest and an octet", Forge: sum(func(text string) string { return base64.StdEncoding.EncodeToString(append(decode(text), 0)) }), Rule: saml.SigDigest, Alone: true},
		{No: 51, Name: "no digest", Forge: sum(func(string) string { return "" }), Rule: saml.SigDigest, Alone: true},
		{No: 51, Name: "another letter in the digest", Forge: sum(flipped), Rule: saml.SigDigest, Alone: true},
		{No: 51, Name: "junk in the digest", Forge: sum(func(text string) string { return text[:8] + "*" + text[8:] }), Rule: saml.SigShape, Alone: true,
			Twin: sum(func(text string) string { return " " + text[:8] + "\n" + text[8:] + "&#13;" })},
		{No: 51, Name: "no padding of the digest", Forge: sum(func(text string) string { return strings.TrimRight(text, "=") }), Rule: saml.SigShape, Alone: true},
		{No: 51, Name: "padding in the digest", Forge: sum(func(text string) string { return "AA==" + text }), Rule: saml.SigShape, Alone: true},
		{No: 51, Name: "loose bits of the digest", Forge: sum(loose), Rule: saml.SigShape, Alone: true},
		{No: 51, Name: "half of the signature", Forge: value(func(text string) string { return base64.StdEncoding.EncodeToString(decode(text)[:128]) }), Rule: saml.SigValue, Alone: true},
		{No: 51, Name: "junk in the signature", Forge: value(func(text string) string { return text[:8] + "*" + text[8:] }), Rule: saml.SigShape, Alone: true,
			Twin: onSignature(func(s string) string { // where it is written in lines
				return replaced(replaced(s, "<ds:SignatureValue>", "<ds:SignatureValue>\t&#xD;"), "</ds:SignatureValue>", "\r\n </ds:SignatureValue>")
			}), Bases: []Base{AssertionSigned, ResponseSigned}},
		{No: 51, Name: "padding in the signature", Forge: value(func(text string) string { return "AA==" + text }), Rule: saml.SigShape, Alone: true},
		{No: 51, Name: "loose bits of the signature", Forge: value(loose), Rule: saml.SigShape, Alone: true},
		{No: 51, Name: "signature for URLs", Forge: value(func(text string) string { return "-_" + text[2:] }), Rule: saml.SigShape, Alone: true},
		{No: 62, Name: "no SignatureValue", Forge: onSignature(func(s string) string { return find(s, "ds:SignatureValue").without() }), Rule: saml.SigShape, Alone: true},
		{No: 62, Name: "no SignedInfo", Forge: onSignature(func(s string) string { return find(s, "ds:SignedInfo").without() }), Rule: saml.SigShape, Alone: true},
		{No: 62, Name: "empty SignedInfo", Forge: onSignature(func(s string) string { return find(s, "ds:SignedInfo").filled("") }), Rule: saml.SigShape, Alone: true},
		{No: 62, Name: "empty SignatureValue", Forge: value(func(string) string { return "" }), Rule: saml.SigValue, Alone: true},
		{No: 62, Name: "no DigestValue", Forge: reseal(func(s string) string { return find(s, "ds:DigestValue").without() }), Rule: saml.SigShape, Alone: true},
		{No: 62, Name: "element in SignatureValue", Forge: value(func(text string) string { return "<x/>" + text }), Rule: saml.SigShape, Alone: true},
		{No: 62, Name: "huge SignatureValue", Forge: value(func(string) string { return strings.Repeat("AAAA", 20_000) }), Rule: saml.SigShape, Alone: true},
	}
	for _, name := range []string{"ds:DigestValue", "ds:DigestMethod", "ds:Transforms", "ds:CanonicalizationMethod"} {
		attacks = append(attacks, Attack{No: 45, Name: "two of " + name, Forge: reseal(twice(name)), Rule: saml.SigShape, Alone: true})
	}
	return append(attacks,
		Attack{No: 45, Name: "two of ds:SignatureMethod", Forge: reseal(twice("ds:SignatureMethod")), Rule: saml.SigRef, Alone: true},
		Attack{No: 45, Name: "two of ds:SignatureValue", Forge: onSignature(twice("ds:SignatureValue")), Rule: saml.SigShape, Alone: true},
	)
}

// decode returns the octets of base64 that we wrote.
func decode(text string) []byte {
	octets, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return octets
}

// flipped returns base64 of other octets.
func flipped(text string) string {
	octets := decode(text)
	octets[0] ^= 1
	return base64.StdEncoding.EncodeToString(octets)
}

// nothing returns the digest of no octets.
func nothing(h crypto.Hash) string { return base64.StdEncoding.EncodeToString(h.New().Sum(nil)) }
