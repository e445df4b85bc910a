package samltest

import (
	"strings"
	"unicode/utf16"

	"github.com/sallyport/sallyport/internal/saml"
)

// idConfusions make two readers take two elements for the one that was
// signed.
func idConfusions() []Attack {
	value := `<saml:AttributeValue>` // the first of several
	return []Attack{
		{Name: "18 one ID on response and assertion", Forge: func(r *Response) { r.AssertionID = r.ID }, Rule: saml.IDDup, Alone: true},
		{Name: "19 xml:id", Forge: swap(value, `<saml:AttributeValue xml:id="x">`), Rule: saml.IDQualified, Alone: true, Twin: swap(value, `<saml:AttributeValue xml:lang="en">`)},
		{Name: "20 Id beside ID", Forge: swap(`<saml:Assertion `, `<saml:Assertion Id="x" `), Rule: saml.IDForm, Alone: true, Twin: swap(`<saml:Assertion `, `<saml:Assertion Idx="x" `)},
		{Name: "20 AssertionID beside ID", Forge: swap(`<saml:Assertion `, `<saml:Assertion AssertionID="x" `), Rule: saml.IDForm, Alone: true},
		{Name: "21 samlp:ID beside ID", Forge: swap(`<saml:Assertion `, `<saml:Assertion samlp:ID="x" `), Rule: saml.IDQualified, Alone: true, Twin: swap(`<saml:Assertion `, `<saml:Assertion samlp:x="x" `)},
		{Name: "23 no ID on the response", Bases: assertionAlone, Forge: func(r *Response) { r.ID = "" }, Rule: saml.IDForm, Alone: true},
		{Name: "23 empty ID", Bases: assertionAlone, Forge: after(func(doc string) string { return renamed(doc, "") }), Rule: saml.IDForm, Alone: true},
		{Name: "23 space in an ID", Bases: assertionAlone, Forge: func(r *Response) { r.ID = "id x" }, Rule: saml.IDForm, Alone: true, Twin: func(r *Response) { r.ID = "id-x" }},
		{Name: "23 quotes in an ID", Bases: assertionAlone, Forge: func(r *Response) { r.ID = `x' or @ID='y` }, Rule: saml.IDForm, Alone: true},
		{Name: "23 long ID", Bases: assertionAlone, Forge: func(r *Response) { r.ID = strings.Repeat("x", 257) }, Rule: saml.IDForm, Alone: true, Twin: func(r *Response) { r.ID = strings.Repeat("x", 256) }},
		{Name: "23 colon in an ID", Forge: func(r *Response) { r.AssertionID = "a:b" }, Rule: saml.IDForm, Twin: func(r *Response) { r.AssertionID = "0b4f1c7e-2f0d-4f4e-8a30-0c6a5fbb8b1d" }},
	}
}

// contents have values read in another way than they were signed.
func contents() []Attack {
	name := ">" + DefaultNameID + "</saml:NameID>"
	short := EvilNameID + `<!-- -->.evil.example`
	return []Attack{
		{Name: "26 comment in NameID", Forge: tamper(name, ">"+short+"</saml:NameID>"), Rule: saml.XMLComment},
		{Name: "26 comment that the signature does not cover", Forge: tamper(name, ">alice<!-- -->@acme.example</saml:NameID>"), Rule: saml.XMLComment},
		{Name: "27 comment in DigestValue", Forge: tamper("</ds:DigestValue>", "<!-- x --></ds:DigestValue>"), Rule: saml.XMLComment},
		{Name: "28 processing instruction in NameID", Forge: tamper(name, ">"+`<?p not-an-?>`+DefaultNameID+"</saml:NameID>"), Rule: saml.XMLPI},
		{Name: "29 CDATA in NameID", Forge: tamper(name, "><![CDATA["+DefaultNameID+"]]></saml:NameID>"), Rule: saml.XMLCDATA},
		{Name: "30 element in NameID", Forge: swap(name, ">alice<x/>@acme.example</saml:NameID>"), Rule: saml.Shape},
		{Name: "30 element in Audience", Forge: swap("</saml:Audience>", "<x/></saml:Audience>"), Rule: saml.Shape},
		{Name: "30 text between elements", Forge: swap("<saml:Subject>", "evil<saml:Subject>"), Rule: saml.Shape, Alone: true, Twin: swap("<saml:Subject>", " \n\t<saml:Subject>")},
		{Name: "31 NameID that is nil", Forge: swap("<saml:NameID", `<saml:NameID xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"`), Rule: saml.Shape, Alone: true,
			Twin: swap("<saml:NameID", `<saml:NameID xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="false"`)},
		{Name: "31 NameID that is nil by a digit", Forge: swap("<saml:NameID", `<saml:NameID xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="1"`), Rule: saml.Shape, Alone: true,
			Twin: swap("<saml:NameID", `<saml:NameID xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="0"`)},
		{Name: "31 value of a nil attribute", Forge: swap("<saml:AttributeValue>", `<saml:AttributeValue xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true">`), Rule: saml.Shape, Alone: true},
		{Name: "32 NUL", Forge: tamper(name, ">&#0;"+DefaultNameID+"</saml:NameID>"), Rule: saml.XMLWellFormed},
		{Name: "32 control character", Forge: tamper(name, ">&#x1F;"+DefaultNameID+"</saml:NameID>"), Rule: saml.XMLWellFormed},
		{Name: "32 surrogate", Forge: tamper(name, ">&#xD800;"+DefaultNameID+"</saml:NameID>"), Rule: saml.XMLWellFormed},
		{Name: "32 beyond Unicode", Forge: tamper(name, ">&#x110000;"+DefaultNameID+"</saml:NameID>"), Rule: saml.XMLWellFormed},
		{Name: "37 DigestValue in StatusDetail", Bases: assertionAlone, Forge: after(func(doc string) string {
			return replaced(doc, "</samlp:Status>", `<samlp:StatusDetail><ds:DigestValue xmlns:ds="`+nsSignature+`">AAAA</ds:DigestValue></samlp:StatusDetail></samlp:Status>`)
		}), Rule: saml.SigPlace, Alone: true, Twin: after(func(doc string) string {
			return replaced(doc, "</samlp:Status>", `<samlp:StatusDetail><Digest>AAAA</Digest></samlp:StatusDetail></samlp:Status>`)
		})},
		{Name: "83 unknown condition", Forge: swap("</saml:Conditions>", "<saml:Condition/></saml:Conditions>"), Rule: saml.Shape, Alone: true,
			Twin: swap("</saml:Conditions>", "<saml:OneTimeUse/></saml:Conditions>")},
		{Name: "83 element in OneTimeUse", Forge: swap("</saml:Conditions>", "<saml:OneTimeUse><x/></saml:OneTimeUse></saml:Conditions>"), Rule: saml.Shape, Alone: true,
			Twin: swap("</saml:Conditions>", "<saml:OneTimeUse></saml:OneTimeUse></saml:Conditions>")},
		{Name: "83 text in OneTimeUse", Forge: swap("</saml:Conditions>", "<saml:OneTimeUse>x</saml:OneTimeUse></saml:Conditions>"), Rule: saml.Shape, Alone: true,
			Twin: swap("</saml:Conditions>", "<saml:OneTimeUse> </saml:OneTimeUse></saml:Conditions>")},
		{Name: "two Advice", Forge: swap("</saml:Conditions>", "</saml:Conditions><saml:Advice/><saml:Advice/>"), Rule: saml.Shape, Alone: true,
			Twin: swap("</saml:Conditions>", "</saml:Conditions><saml:Advice/>")},
		{Name: "80 SAML 1.1", Forge: func(r *Response) { r.AssertionVersion = "1.1" }, Rule: saml.Shape, Alone: true},
		{Name: "80 response of another version", Forge: func(r *Response) { r.Version = "2.1" }, Rule: saml.Shape, Alone: true},
		{Name: "elements out of order", Forge: before(func(doc string) string {
			p := find(doc, "saml:Conditions")
			return replaced(p.without(), "</saml:Assertion>", p.text+"</saml:Assertion>")
		}), Rule: saml.Shape, Alone: true},
		{Name: "two Subjects", Forge: before(func(doc string) string {
			p := find(doc, "saml:Subject")
			return p.with(p.text + evil(p.text))
		}), Rule: saml.Shape},
		{Name: "attribute without a name", Forge: func(r *Response) { r.Attributes[0].Name = "" }, Rule: saml.Shape, Alone: true},
	}
}

// parsers are the attacks on readers of XML.
func parsers() []Attack {
	prefix := func(text string) func(*Response) {
		return after(func(doc string) string { return text + doc })
	}
	return []Attack{
		{Name: "33 document type", Forge: prefix("<!DOCTYPE samlp:Response>"), Rule: saml.XMLDoctype, Twin: prefix("\n")},
		{Name: "33 entities", Forge: prefix(`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>`), Rule: saml.XMLDoctype},
		{Name: "34 two parsers", Forge: prefix(`<!DOCTYPE response SYSTEM 'x"><!--'>`), Rule: saml.XMLDoctype},
		{Name: "35 signature without a namespace in Status", Bases: assertionAlone, Forge: tamper("</samlp:Status>", "<Signature/></samlp:Status>"), Rule: saml.SigPlace, Alone: true},
		{Name: "36 assertion prefix bound to another namespace", Bases: responseAlone, Forge: swap("<saml:Assertion ", `<saml:Assertion xmlns:saml="urn:evil" `), Rule: saml.Shape},
		{Name: "38 end tag with another prefix", Forge: func(r *Response) {
			r.AfterSigning(func(doc string) string {
				doc = replaced(doc, "<samlp:Response ", `<samlp:Response xmlns:a="`+nsProtocol+`" `)
				return strings.TrimSuffix(doc, "</samlp:Response>") + "</a:Response>"
			})
		}, Rule: saml.XMLWellFormed},
		{Name: "38 two colons", Forge: tamper("<samlp:Status>", "<samlp:x:Status>"), Rule: saml.XMLWellFormed},
		{Name: "39 unbound prefix", Forge: tamper("<samlp:Status>", "<a:Status>"), Rule: saml.XMLNamespace},
		{Name: "39 attribute twice", Forge: tamper("<samlp:Response ", `<samlp:Response Version="2.0" `), Rule: saml.XMLDupAttr},
		{Name: "39 attribute twice by namespace", Bases: assertionAlone, Forge: tamper("<samlp:Response ", `<samlp:Response xmlns:a="urn:x" xmlns:b="urn:x" a:v="" b:v="" `), Rule: saml.XMLDupAttr,
			Twin: tamper("<samlp:Response ", `<samlp:Response xmlns:a="urn:x" xmlns:b="urn:y" a:v="" b:v="" `)},
		{Name: "40 UTF-16", Forge: after(toUTF16), Rule: saml.XMLEncoding},
		{Name: "40 declared Latin-1", Forge: prefix(`<?xml version="1.0" encoding="ISO-8859-1"?>`), Rule: saml.XMLEncoding,
			Twin: prefix("\xef\xbb\xbf" + `<?xml version="1.0" encoding="utf-8" standalone="no"?>`)},
		{Name: "40 XML 1.1", Forge: prefix(`<?xml version="1.1"?>`), Rule: saml.XMLEncoding, Twin: prefix(`<?xml version='1.0'?>`)},
		{Name: "42 depth", Bases: assertionAlone, Forge: nested(40), Rule: saml.XMLLimit, Twin: nested(20)},
		{Name: "43 relative namespace", Bases: assertionAlone, Forge: tamper("<samlp:Response ", `<samlp:Response xmlns:x="1" `), Rule: saml.XMLNamespace,
			Twin: tamper("<samlp:Response ", `<samlp:Response xmlns:x="urn:1" `)},
	}
}

// nested puts elements of some depth into Extensions.
func nested(depth int) func(*Response) {
	content := strings.Repeat("<x>", depth) + strings.Repeat("</x>", depth)
	return tamper("<samlp:Status>", extensions(content)+"<samlp:Status>")
}

func toUTF16(doc string) string {
	out := []byte{0xfe, 0xff}
	for _, unit := range utf16.Encode([]rune(doc)) {
		out = append(out, byte(unit>>8), byte(unit))
	}
	return string(out)
}
