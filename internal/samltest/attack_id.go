package samltest

import (
	"strings"

	"github.com/sallyport/sallyport/internal/saml"
)

// idConfusions make two readers take two elements for the one that was
// signed.
func idConfusions() []Attack {
	const value = `<saml:AttributeValue>` // the first of several
	// onAssertion and onResponse put attributes where signatures refer to.
	onAssertion := func(attrs string) func(*Response) { return swap(`<saml:Assertion `, `<saml:Assertion `+attrs+" ") }
	onResponse := func(attrs string) func(*Response) { return swap(`<samlp:Response `, `<samlp:Response `+attrs+" ") }
	// shadow inserts a forged assertion that has the ID of the genuine in another
	// attribute than ID.
	shadow := func(attr string) func(*Response) {
		return after(func(doc string) string {
			p := find(doc, "saml:Assertion")
			return p.with(replaced(forged(doc), ` ID="`+evilID+`"`, ` `+attr+`="`+idOf(p.text)+`"`) + p.text)
		})
	}
	attacks := []Attack{
		{No: 18, Name: "one ID on response and assertion", Forge: func(r *Response) { r.AssertionID = r.ID }, Rule: saml.IDDup, Alone: true},
		{No: 19, Name: "xml:id in a value", Forge: swap(value, `<saml:AttributeValue xml:id="x">`), Rule: saml.IDQualified, Alone: true, Twin: swap(value, `<saml:AttributeValue xml:lang="en">`)},
		{No: 19, Name: "xml:id on the assertion", Forge: onAssertion(`xml:id="x"`), Rule: saml.IDQualified, Alone: true, Twin: onAssertion(`xml:lang="en"`)},
		{No: 19, Name: "xml:id on the response", Forge: onResponse(`xml:id="x"`), Rule: saml.IDQualified, Alone: true, Twin: onResponse(`xml:lang="en"`)},
		{No: 19, Name: "xml:id of the genuine on a forged assertion", Forge: shadow("xml:id"), Rule: saml.IDQualified},
		{No: 20, Name: "Id beside ID", Forge: onAssertion(`Id="x"`), Rule: saml.IDForm, Alone: true, Twin: onAssertion(`Idx="x"`)},
		{No: 20, Name: "id beside ID", Forge: onAssertion(`id="x"`), Rule: saml.IDForm, Alone: true, Twin: onAssertion(`ide="x"`)},
		{No: 20, Name: "iD beside ID of the response", Forge: onResponse(`iD="x"`), Rule: saml.IDForm, Alone: true, Twin: onResponse(`iDe="x"`)},
		{No: 20, Name: "AssertionID beside ID", Forge: onAssertion(`AssertionID="x"`), Rule: saml.IDForm, Alone: true, Twin: onAssertion(`AssertionId="x"`)},
		{No: 20, Name: "ResponseID beside ID", Forge: onResponse(`ResponseID="x"`), Rule: saml.IDForm, Alone: true, Twin: onResponse(`ResponseId="x"`)},
		{No: 20, Name: "RequestID beside ID", Forge: onResponse(`RequestID="x"`), Rule: saml.IDForm, Alone: true, Twin: onResponse(`RequestId="x"`)},
		{No: 20, Name: "Id of the genuine on a forged assertion", Forge: shadow("Id"), Rule: saml.IDForm},
		{No: 20, Name: "id of the genuine on a forged assertion", Forge: shadow("id"), Rule: saml.IDForm},
		{No: 20, Name: "AssertionID of the genuine on a forged assertion", Forge: shadow("AssertionID"), Rule: saml.IDForm},
		{No: 21, Name: "samlp:ID beside ID of the assertion", Forge: onAssertion(`samlp:ID="x"`), Rule: saml.IDQualified, Alone: true, Twin: onAssertion(`samlp:x="x"`)},
		{No: 21, Name: "samlp:ID beside ID of the response", Forge: onResponse(`samlp:ID="x"`), Rule: saml.IDQualified, Alone: true, Twin: onResponse(`samlp:x="x"`)},
		{No: 21, Name: "samlp:ID of the genuine on a forged assertion", Forge: shadow("samlp:ID"), Rule: saml.IDQualified},
		{No: 21, Name: "the genuine ID qualified, a forged one beside it", Bases: withAssertion, Forge: after(func(doc string) string {
			p := find(doc, "saml:Assertion")
			return p.with(replaced(evil(p.text), ` ID="`, ` ID="`+evilID+`" samlp:ID="`))
		}), Rule: saml.IDQualified},
		{No: 24, Name: "ID types declared", Forge: doctype(`<!ATTLIST saml:Assertion x ID #IMPLIED>`), Rule: saml.XMLDoctype},
		{No: 24, Name: "entity in an ID", Forge: after(func(doc string) string {
			return doctypeOf(`<!ENTITY e "id">`) + renamed(doc, "&e;"+idOf(doc))
		}), Rule: saml.XMLDoctype},
		{No: 24, Name: "two IDs equal by an entity", Forge: after(func(doc string) string {
			p := find(doc, "saml:Assertion")
			id := idOf(p.text)
			return doctypeOf(`<!ENTITY B "`+id[:1]+`">`) + p.with(renamed(forged(doc), "&B;"+id[1:])+p.text)
		}), Rule: saml.XMLDoctype},
		{No: 23, Name: "no ID on the response", Bases: assertionAlone, Forge: func(r *Response) { r.ID = "" }, Rule: saml.IDForm, Alone: true},
		{No: 23, Name: "no ID on the assertion", Bases: responseAlone, Forge: func(r *Response) { r.AssertionID = "" }, Rule: saml.IDForm, Alone: true},
	}
	for name, id := range map[string]struct{ wrong, right string }{
		"empty":                        {"", "i"},
		"with a space":                 {"id x", "id-x"},
		"with a space in front":        {" idx", "idx"},
		"with a space behind":          {"idx ", "idx."},
		"with a line end":              {"id&#10;x", "id_x"},
		"with a line end as it is":     {"id\nx", "id_x"},
		"with a tab":                   {"id\tx", "id_x"},
		"with quotes for XPath":        {`x' or @ID='y`, "x-or-ID-y"},
		"of 257 characters":            {strings.Repeat("x", 257), strings.Repeat("x", 256)},
		"with a character reference":   {"&#105;dx", "idx"},
		"with an ampersand":            {"id&amp;x", "0b4f1c7e-2f0d-4f4e-8a30-0c6a5fbb8b1d"},
		"with a colon":                 {"a:b", "4711-aa.b_c"},
		"with a letter beyond ASCII":   {"\u0456d", "id"},
		"with a character of no width": {"id\u200bx", "idx"},
		"with a bracket":               {"id]", "id"},
		"with a hash":                  {"#id", "id"},
		"with a percent sign":          {"%69d", "69d"},
	} {
		rename := func(id string, find func(doc string) part) func(*Response) {
			return before(func(doc string) string {
				p := find(doc)
				return p.with(renamed(p.text, id))
			})
		}
		whole := func(doc string) part { return part{text: doc} }
		assertion := func(doc string) part { return find(doc, "saml:Assertion") }
		attacks = append(attacks,
			Attack{No: 23, Name: "ID of an unsigned response " + name, Bases: assertionAlone, Forge: rename(id.wrong, whole), Twin: rename(id.right, whole), Rule: saml.IDForm, Alone: true},
			Attack{No: 23, Name: "ID of an assertion " + name, Bases: responseAlone, Forge: rename(id.wrong, assertion), Twin: rename(id.right, assertion), Rule: saml.IDForm, Alone: true},
			Attack{No: 23, Name: "ID of a signed assertion " + name, Bases: assertionAlone, Forge: rename(id.wrong, assertion), Twin: rename(id.right, assertion), Rule: saml.IDForm},
		)
	}
	// The ID of the genuine again, on whatever else has one.
	for name, put := range map[string]func(doc, id string) string{
		"an element in a value":                func(doc, id string) string { return valued(doc, `<x ID="`+id+`"/>`) },
		"Id of an element in a value":          func(doc, id string) string { return valued(doc, `<x Id="`+id+`"/>`) },
		"AssertionID of an element in a value": func(doc, id string) string { return valued(doc, `<x AssertionID="`+id+`"/>`) },
		"an element in Extensions": func(doc, id string) string {
			return replaced(doc, "<samlp:Status>", extensions(`<x ID="`+id+`"/>`)+"<samlp:Status>")
		},
		"the confirmation": func(doc, id string) string {
			return replaced(doc, "<saml:SubjectConfirmationData ", `<saml:SubjectConfirmationData ID="`+id+`" `)
		},
		"an assertion in Advice": func(doc, id string) string {
			return replaced(doc, "</saml:Conditions>", `</saml:Conditions><saml:Advice><saml:Assertion ID="`+id+`"/></saml:Advice>`)
		},
		"the Status": func(doc, id string) string { return replaced(doc, "<samlp:Status>", `<samlp:Status ID="`+id+`">`) },
	} {
		again := func(id func(doc string) string) func(*Response) {
			return before(func(doc string) string { return put(doc, id(doc)) })
		}
		attacks = append(attacks, Attack{No: 18, Name: "ID of the assertion on " + name, Forge: again(func(doc string) string { return idOf(find(doc, "saml:Assertion").text) }), Rule: saml.IDDup, Alone: true,
			Twin: again(func(string) string { return "idOther" })},
			Attack{No: 18, Name: "ID of the response on " + name, Forge: again(idOf), Rule: saml.IDDup, Alone: true,
				Twin: again(func(string) string { return "idOther" })})
	}
	again := func(content func(id string) string, id func(doc string) string) func(*Response) {
		return onKeyInfo(func(doc, info string) string { return info + content(id(doc)) })
	}
	for name, content := range map[string]func(id string) string{
		"a key in KeyInfo":      func(id string) string { return `<ds:KeyValue Id="` + id + `"/>` },
		"an element in KeyInfo": func(id string) string { return `<x ID="` + id + `"/>` },
	} {
		attacks = append(attacks, Attack{No: 18, Name: "ID of the assertion on " + name, Bases: []Base{AssertionSigned, ResponseSigned},
			Forge: again(content, func(doc string) string { return idOf(find(doc, "saml:Assertion").text) }), Rule: saml.IDDup, Alone: true,
			Twin: again(content, func(string) string { return "idOther" })})
	}
	return attacks
}

// doctypeOf returns a document type declaration.
func doctypeOf(subset string) string { return "<!DOCTYPE samlp:Response [" + subset + "]>" }

// doctype declares a document type in front of everything.
func doctype(subset string) func(*Response) {
	return after(func(doc string) string { return doctypeOf(subset) + doc })
}
