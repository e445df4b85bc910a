package samltest

import (
	"strings"

	"github.com/sallyport/sallyport/internal/saml"
)

// conditions are versions and conditions that we do not know, and attributes
// that have no name.
func conditions() []Attack {
	within := func(content string) func(*Response) {
		return swap("</saml:Conditions>", content+"</saml:Conditions>")
	}
	return []Attack{
		{No: 80, Name: "SAML 1.1", Forge: func(r *Response) { r.AssertionVersion = "1.1" }, Rule: saml.Shape, Alone: true},
		{No: 80, Name: "no version of the assertion", Forge: func(r *Response) { r.AssertionVersion = "" }, Rule: saml.Shape, Alone: true},
		{No: 80, Name: "response of another version", Forge: func(r *Response) { r.Version = "2.1" }, Rule: saml.Shape, Alone: true},
		{No: 80, Name: "no version of the response", Forge: func(r *Response) { r.Version = "" }, Rule: saml.Shape, Alone: true},
		{No: 80, Name: "version with a space", Forge: func(r *Response) { r.Version = "2.0 " }, Rule: saml.Shape, Alone: true},
		{No: 80, Name: "a response of SAML 1.1", Bases: responseAlone, Forge: before(func(doc string) string {
			return strings.NewReplacer(nsProtocol, "urn:oasis:names:tc:SAML:1.0:protocol", nsAssertion, "urn:oasis:names:tc:SAML:1.0:assertion").Replace(doc)
		}), Rule: saml.Shape, Alone: true},
		{No: 80, Name: "an assertion of SAML 1.1 in a response of 2.0", Bases: responseAlone, Forge: before(func(doc string) string {
			return strings.ReplaceAll(doc, nsAssertion, "urn:oasis:names:tc:SAML:1.0:assertion")
		}), Rule: saml.Shape},
		{No: 83, Name: "unknown condition", Forge: within("<saml:Condition/>"), Rule: saml.Shape, Alone: true, Twin: within("<saml:OneTimeUse/>")},
		{No: 83, Name: "condition of a type", Forge: within(`<saml:Condition xmlns:x="urn:x" ` + xsi + ` xsi:type="x:delegation"/>`), Rule: saml.Shape, Alone: true},
		{No: 83, Name: "condition of another namespace", Forge: within(`<x:Condition xmlns:x="urn:x"/>`), Rule: saml.Shape, Alone: true},
		{No: 83, Name: "known condition of no namespace", Forge: within(`<OneTimeUse/>`), Rule: saml.Shape, Alone: true},
		{No: 83, Name: "two of OneTimeUse", Forge: within("<saml:OneTimeUse/><saml:OneTimeUse/>"), Rule: saml.Shape, Alone: true, Twin: within("<saml:OneTimeUse/>")},
		{No: 83, Name: "two of ProxyRestriction", Forge: within(`<saml:ProxyRestriction/><saml:ProxyRestriction/>`), Rule: saml.Shape, Alone: true, Twin: within(`<saml:ProxyRestriction Count="1"/>`)},
		{No: 83, Name: "element in OneTimeUse", Forge: within("<saml:OneTimeUse><x/></saml:OneTimeUse>"), Rule: saml.Shape, Alone: true,
			Twin: within("<saml:OneTimeUse></saml:OneTimeUse>")},
		{No: 83, Name: "text in OneTimeUse", Forge: within("<saml:OneTimeUse>x</saml:OneTimeUse>"), Rule: saml.Shape, Alone: true,
			Twin: within("<saml:OneTimeUse> </saml:OneTimeUse>")},
		{No: 83, Name: "two Conditions", Forge: before(func(doc string) string {
			p := find(doc, "saml:Conditions")
			return p.with(p.text + p.text)
		}), Rule: saml.Shape, Alone: true},
		{No: 86, Name: "attribute without a name", Forge: func(r *Response) { r.Attributes[0].Name = "" }, Rule: saml.Shape, Alone: true},
		{No: 86, Name: "attribute of a blank name", Forge: func(r *Response) { r.Attributes[0].Name = " \n" }, Rule: saml.Shape, Alone: true},
		{No: 86, Name: "attribute by its friendly name alone", Forge: func(r *Response) {
			r.Attributes[0].Name, r.Attributes[0].FriendlyName = "", "mail"
		}, Rule: saml.Shape, Alone: true, Twin: func(r *Response) { r.Attributes[0].FriendlyName = "groups" }},
		{No: 86, Name: "value outside of its attribute", Forge: swap("</saml:AttributeStatement>", "<saml:AttributeValue>x</saml:AttributeValue></saml:AttributeStatement>"), Rule: saml.Shape, Alone: true},
		{No: 86, Name: "something else in an attribute", Forge: swap("</saml:Attribute>", "<saml:NameID>"+EvilNameID+"</saml:NameID></saml:Attribute>"), Rule: saml.Shape, Alone: true},
		{No: 86, Name: "ten thousand values", Bases: responseAlone, Forge: tamper("</saml:Attribute>", strings.Repeat("<saml:AttributeValue>x</saml:AttributeValue>", 10_000)+"</saml:Attribute>"), Rule: saml.XMLLimit,
			Twin: swap("</saml:Attribute>", strings.Repeat("<saml:AttributeValue>x</saml:AttributeValue>", 1_000)+"</saml:Attribute>")},
	}
}
