package samltest

import (
	"strings"

	"github.com/sallyport/sallyport/internal/saml"
)

// A leaf is an element of text and what is in it.
type leaf struct {
	name, text string
	tag        string // as it is written
}

// leaves are the values by which people and parties are told apart.
func leaves() []leaf {
	const idp, sp = "https://idp.example/metadata", "https://sso.example/saml/acme-okta"
	return []leaf{
		{"NameID", DefaultNameID, "</saml:NameID>"},
		{"Issuer", idp, "</saml:Issuer>"},
		{"Audience", sp, "</saml:Audience>"},
		{"a value", DefaultNameID, "</saml:AttributeValue>"},
		{"the class of the context", DefaultContext, "</saml:AuthnContextClassRef>"},
	}
}

// truncations have values read in another way than they were signed: by readers
// that take the first piece of a text for all of it.
func truncations() []Attack {
	const name = DefaultNameID + "</saml:NameID>"
	longer := func(r *Response) { r.NameID = EvilNameID + ".evil.example" }
	attacks := []Attack{
		// The account of the attacker is genuine, and so is its signature: canonical
		// forms have no comments.
		{No: 26, Name: "comment that cuts a genuine NameID short", Forge: all(longer, tamper(EvilNameID+".", EvilNameID+"<!-- -->.")), Rule: saml.XMLComment, Twin: longer},
		{No: 26, Name: "comment in front of all", Forge: after(func(doc string) string { return "<!-- -->" + doc }), Rule: saml.XMLComment},
		{No: 26, Name: "comment behind all", Forge: after(func(doc string) string { return doc + "<!-- -->" }), Rule: saml.XMLComment},
		{No: 26, Name: "comment between elements", Forge: tamper("<saml:Subject>", "<!-- --><saml:Subject>"), Rule: saml.XMLComment},
		{No: 27, Name: "comment in DigestValue", Forge: tamper("</ds:DigestValue>", "<!-- x --></ds:DigestValue>"), Rule: saml.XMLComment},
		{No: 27, Name: "digest of something else before a comment in DigestValue", Forge: tamper("<ds:DigestValue>", "<ds:DigestValue>47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=<!-- x -->"), Rule: saml.XMLComment},
		{No: 27, Name: "comment in SignatureValue", Forge: tamper("</ds:SignatureValue>", "<!-- x --></ds:SignatureValue>"), Rule: saml.XMLComment},
		{No: 27, Name: "comment in X509Certificate", Forge: onKeyInfo(func(string, string) string {
			return "<ds:X509Data><ds:X509Certificate>AAAA<!-- -->AAAA</ds:X509Certificate></ds:X509Data>"
		}), Rule: saml.XMLComment, Twin: onKeyInfo(func(string, string) string {
			return "<ds:X509Data><ds:X509Certificate>AAAAAAAA</ds:X509Certificate></ds:X509Data>"
		})},
		{No: 28, Name: "processing instruction in front of the NameID", Forge: tamper(name, "<?p not-an-?>"+name), Rule: saml.XMLPI},
		{No: 28, Name: "processing instruction in what nobody signed", Bases: assertionAlone, Forge: tamper("</samlp:Status>", "<samlp:StatusMessage>O<?p x?>K</samlp:StatusMessage></samlp:Status>"), Rule: saml.XMLPI,
			Twin: tamper("</samlp:Status>", "<samlp:StatusMessage>OK</samlp:StatusMessage></samlp:Status>")},
		{No: 28, Name: "style sheet", Forge: after(func(doc string) string { return `<?xml-stylesheet href="https://evil.example/"?>` + doc }), Rule: saml.XMLPI},
		{No: 28, Name: "processing instruction behind all", Forge: after(func(doc string) string { return doc + "<?p?>" }), Rule: saml.XMLPI},
		{No: 29, Name: "CDATA for the NameID", Forge: tamper(name, "<![CDATA["+DefaultNameID+"]]></saml:NameID>"), Rule: saml.XMLCDATA},
		{No: 29, Name: "CDATA in front of the NameID", Forge: tamper(name, "<![CDATA["+EvilNameID+"]]>"+name), Rule: saml.XMLCDATA},
		{No: 29, Name: "CDATA that is split", Forge: tamper(name, "alice@<![CDATA[acme]]]]><![CDATA[>.example]]></saml:NameID>"), Rule: saml.XMLCDATA},
		{No: 29, Name: "CDATA that holds the start of a comment", Forge: tamper(name, "<![CDATA[<!--]]>"+name), Rule: saml.XMLCDATA},
		{No: 29, Name: "CDATA that is empty", Forge: tamper(name, "<![CDATA[]]>"+name), Rule: saml.XMLCDATA},
		{No: 29, Name: "CDATA in what nobody signed", Bases: assertionAlone, Forge: tamper("<samlp:Status>", extensions("<x><![CDATA[x]]></x>")+"<samlp:Status>"), Rule: saml.XMLCDATA,
			Twin: tamper("<samlp:Status>", extensions("<x>x</x>")+"<samlp:Status>")},
		{No: 30, Name: "NameID in a NameID", Forge: swap(name, "<saml:NameID>"+EvilNameID+"</saml:NameID></saml:NameID>"), Rule: saml.Shape},
		{No: 30, Name: "two Advice", Forge: swap("</saml:Conditions>", "</saml:Conditions><saml:Advice/><saml:Advice/>"), Rule: saml.Shape, Alone: true,
			Twin: swap("</saml:Conditions>", "</saml:Conditions><saml:Advice/>")},
		{No: 30, Name: "elements out of order", Forge: before(func(doc string) string {
			p := find(doc, "saml:Conditions")
			return replaced(p.without(), "</saml:Assertion>", p.text+"</saml:Assertion>")
		}), Rule: saml.Shape, Alone: true},
		{No: 30, Name: "two Subjects", Forge: twice("saml:Subject"), Rule: saml.Shape},
		{No: 30, Name: "two NameIDs", Forge: twice("saml:NameID"), Rule: saml.Shape},
		{No: 30, Name: "two Issuers of the response", Forge: before(func(doc string) string {
			p := find(doc, "saml:Issuer")
			return p.with(p.text + p.text)
		}), Rule: saml.Shape, Alone: true},
		{No: 30, Name: "element that nobody knows in the assertion", Forge: swap("<saml:Subject>", `<x/><saml:Subject>`), Rule: saml.Shape, Alone: true},
		{No: 31, Name: "value of a nil attribute", Forge: swap("<saml:AttributeValue>", `<saml:AttributeValue `+xsi+` xsi:nil="true">`), Rule: saml.Shape, Alone: true},
	}
	for _, l := range leaves() {
		text := l.text + l.tag
		half := len(l.text) / 2
		split := func(by string) func(*Response) { return tamper(text, l.text[:half]+by+text[half:]) }
		attacks = append(attacks,
			Attack{No: 26, Name: "comment in " + l.name, Forge: split("<!-- -->"), Rule: saml.XMLComment},
			Attack{No: 26, Name: "comment before " + l.name, Forge: tamper(text, "<!---->"+text), Rule: saml.XMLComment},
			Attack{No: 26, Name: "comment behind " + l.name, Forge: tamper(text, l.text+"<!-- > -->"+l.tag), Rule: saml.XMLComment},
			Attack{No: 28, Name: "processing instruction in " + l.name, Forge: split("<?p x?>"), Rule: saml.XMLPI},
			Attack{No: 29, Name: "CDATA in " + l.name, Forge: split("<![CDATA[x]]>"), Rule: saml.XMLCDATA},
		)
		if l.name == "a value" {
			continue
		}
		attacks = append(attacks, Attack{No: 30, Name: "element in " + l.name, Forge: swap(text, l.text[:half]+"<x/>"+text[half:]), Rule: saml.Shape})
		tag := "<saml:" + strings.TrimPrefix(l.tag, "</saml:")
		for _, wrong := range []string{"true", "1", " true "} {
			attacks = append(attacks, Attack{No: 31, Name: l.name + " that is nil by " + wrong, Forge: nilled(tag, wrong), Rule: saml.Shape, Alone: true,
				Twin: nilled(tag, "false")})
		}
	}
	return append(attacks, append(between(), characters()...)...)
}

// twice puts an element in twice, the second about another user where it names
// one.
func twice(name string) func(*Response) {
	return before(func(doc string) string {
		p := find(doc, name)
		return p.with(p.text + evil(p.text))
	})
}

// nilled declares the last element with this tag to be nil, or not.
func nilled(tag, value string) func(*Response) {
	open := strings.TrimSuffix(tag, ">")
	return before(func(doc string) string {
		i := strings.LastIndex(doc, open)
		return doc[:i] + open + ` ` + xsi + ` xsi:nil="` + value + `"` + doc[i+len(open):]
	})
}

// between puts text where elements alone may stand.
func between() []Attack {
	var attacks []Attack
	for _, before := range []string{
		"<samlp:Status>", "</samlp:Status>", "<saml:Subject>", "<saml:NameID ", "</saml:Subject>", "</saml:SubjectConfirmation>", "<saml:Conditions ", "<saml:AudienceRestriction>", "<saml:Audience>",
		"<saml:AuthnStatement ", "<saml:AuthnContext>", "<saml:AuthnContextClassRef>", "<saml:AttributeStatement>", "<saml:Attribute ", "<saml:AttributeValue>", "</saml:Assertion>", "</samlp:Response>",
	} {
		attacks = append(attacks, Attack{No: 30, Name: "text before " + strings.Trim(before, " "), Forge: swap(before, "evil"+before), Rule: saml.Shape, Alone: true,
			Twin: swap(before, " \n\t"+before)})
	}
	return attacks
}

// characters are those that XML has not.
func characters() []Attack {
	var attacks []Attack
	for name, text := range map[string]string{
		"reference to NUL":         "&#0;",
		"reference to a control":   "&#x1F;",
		"reference to a surrogate": "&#xD800;",
		"reference to U+FFFE":      "&#xFFFE;",
		"reference beyond Unicode": "&#x110000;",
		"reference that overflows": "&#4294967361;",
		"NUL":                      "\x00",
		"control":                  "\x1f",
		"U+FFFE":                   "\uFFFE",
		"surrogate in UTF-8":       "\xed\xa0\x80",
		"over-long UTF-8":          "\xc0\xbc",
		"UTF-8 beyond Unicode":     "\xf4\x90\x80\x80",
		"UTF-8 cut off":            "\xe2\x82",
		"octet of Latin-1":         "\xe9",
	} {
		attacks = append(attacks,
			Attack{No: 32, Name: name + " in the NameID", Forge: tamper(DefaultNameID+"<", DefaultNameID+text+"<"), Rule: saml.XMLWellFormed},
			Attack{No: 32, Name: name + " in an attribute that nobody signed", Bases: assertionAlone, Forge: tamper("<samlp:Response ", `<samlp:Response Consent="`+text+`" `), Rule: saml.XMLWellFormed,
				Twin: tamper("<samlp:Response ", `<samlp:Response Consent="&#x9;&#xD7FF;&#xFFFD;&#x10FFFF;"`+" ")},
		)
	}
	return attacks
}
