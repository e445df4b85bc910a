package samltest

import (
	"strings"

	"github.com/sallyport/sallyport/internal/saml"
)

// A hidingPlace is where content that nobody knows may stand, or where readers
// might look for some.
type hidingPlace struct {
	name string
	put  func(doc, content string) string
	rule saml.Rule // against an assertion there
}

// hidingPlaces are outside of what the signature of an assertion covers, but
// for those in the assertion itself.
func hidingPlaces() []hidingPlace {
	behind := func(tag string, element string) func(doc, content string) string {
		return func(doc, content string) string {
			return replaced(doc, tag, tag+"<"+element+">"+content+"</"+element+">")
		}
	}
	return []hidingPlace{
		{"Extensions", func(doc, content string) string {
			return replaced(doc, "<samlp:Status>", extensions(content)+"<samlp:Status>")
		}, saml.Shape},
		{"Extensions of no namespace", func(doc, content string) string {
			return replaced(doc, "<samlp:Status>", "<Extensions>"+content+"</Extensions><samlp:Status>")
		}, saml.Shape},
		{"StatusDetail", func(doc, content string) string {
			return replaced(doc, "</samlp:Status>", "<samlp:StatusDetail>"+content+"</samlp:StatusDetail></samlp:Status>")
		}, saml.Shape},
		{"StatusMessage", func(doc, content string) string {
			return replaced(doc, "</samlp:Status>", "<samlp:StatusMessage>"+content+"</samlp:StatusMessage></samlp:Status>")
		}, saml.Shape},
		{"StatusCode", func(doc, content string) string { return find(doc, "samlp:StatusCode").filled(content) }, saml.Shape},
		{"an AttributeValue", func(doc, content string) string {
			return replaced(doc, "<saml:AttributeValue>", "<saml:AttributeValue>"+content)
		}, saml.Shape},
		{"SubjectConfirmationData", func(doc, content string) string {
			return find(doc, "saml:SubjectConfirmationData").filled(content)
		}, saml.Shape},
		{"an EncryptedID of the confirmation", behind(`<saml:SubjectConfirmation Method="`+Bearer+`">`, "saml:EncryptedID"), saml.Shape},
		{"AuthnContextDecl", behind("</saml:AuthnContextClassRef>", "saml:AuthnContextDecl"), saml.Shape},
		{"AuthzDecisionStatement", behind("</saml:AuthnStatement>", "saml:AuthzDecisionStatement"), saml.Shape},
		{"NameID", func(doc, content string) string { return replaced(doc, "</saml:NameID>", content+"</saml:NameID>") }, saml.Shape},
		{"Conditions", func(doc, content string) string {
			return replaced(doc, "</saml:Conditions>", content+"</saml:Conditions>")
		}, saml.Shape},
	}
}

// hidings put the forged or the genuine where nothing of it may stand.
func hidings() []Attack {
	var attacks []Attack
	for _, p := range hidingPlaces() {
		attacks = append(attacks,
			Attack{No: 7, Name: "forged assertion of another ID in " + p.name, Forge: after(func(doc string) string {
				return p.put(doc, forged(doc))
			}), Rule: p.rule},
			Attack{No: 7, Name: "forged assertion of the same ID in " + p.name, Forge: after(func(doc string) string {
				return p.put(doc, unsigned(evil(find(doc, "saml:Assertion").text)))
			}), Rule: saml.IDDup},
			Attack{No: 7, Name: "forged assertion, signed so, in " + p.name, Forge: before(func(doc string) string {
				return p.put(doc, forged(doc))
			}), Rule: p.rule, Alone: p.name != "NameID"}, // which then names nobody
			Attack{No: 11, Name: "genuine assertion in " + p.name + ", forged in its place", Bases: withAssertion, Forge: after(func(doc string) string {
				genuine := find(doc, "saml:Assertion")
				return p.put(genuine.with(forged(doc)), genuine.text)
			}), Rule: p.rule},
			Attack{No: 11, Name: "genuine assertion in " + p.name + ", forged of the same ID in its place", Bases: withAssertion, Forge: after(func(doc string) string {
				genuine := find(doc, "saml:Assertion")
				return p.put(genuine.with(unsigned(evil(genuine.text))), genuine.text)
			}), Rule: saml.IDDup},
		)
	}
	return append(attacks, slyHidings()...)
}

// slyHidings are those whose place or content is of its own kind.
func slyHidings() []Attack {
	advice := func(content string) func(doc string) string {
		return Replace("</saml:Conditions>", "</saml:Conditions><saml:Advice>"+content+"</saml:Advice>")
	}
	signedAdvice := func(content func(doc string) string) func(*Response) {
		return before(func(doc string) string { return advice(content(doc))(doc) })
	}
	object := func(content string) string {
		return `<ds:Object xmlns:ds="` + nsSignature + `">` + content + `</ds:Object>`
	}
	// captured is something else that the identity provider has signed, in the
	// Extensions of a response that it has not.
	captured := func(name string, change func(doc string) string, rule saml.Rule) Attack {
		return Attack{No: 12, Name: "signed " + name + " around a forged assertion", Bases: responseAlone, Forge: func(r *Response) {
			outer := ""
			r.BeforeSigning(func(doc string) string {
				outer = forgedResponse(doc)
				return change(doc)
			})
			r.AfterSigning(func(doc string) string { return replaced(outer, "<samlp:Status>", extensions(doc)+"<samlp:Status>") })
		}, Rule: rule}
	}
	return []Attack{
		// In Advice assertions may stand, and are never read.
		{No: 7, Name: "forged assertion in Advice", Bases: withAssertion, Forge: after(func(doc string) string { return advice(forged(doc))(doc) }), Rule: saml.SigDigest, Alone: true,
			Twin: signedAdvice(forged)},
		{No: 7, Name: "forged assertion of the same ID in Advice", Forge: signedAdvice(func(doc string) string { return evil(find(doc, "saml:Assertion").text) }), Rule: saml.IDDup, Alone: true,
			Twin: signedAdvice(forged)},
		{No: 11, Name: "genuine assertion in Advice of the forged", Bases: assertionAlone, Forge: after(func(doc string) string {
			genuine := find(doc, "saml:Assertion")
			return genuine.with(advice(genuine.text)(forged(doc)))
		}), Rule: saml.SigMissing, Alone: true},
		{No: 11, Name: "genuine assertion in Advice of the forged in a signed response", Bases: []Base{BothSigned}, Forge: after(func(doc string) string {
			genuine := find(doc, "saml:Assertion")
			return genuine.with(advice(genuine.text)(forged(doc)))
		}), Rule: saml.SigDigest, Alone: true},
		{No: 11, Name: "genuine assertion in a ds:Object beside the forged", Bases: assertionAlone, Forge: after(func(doc string) string {
			genuine := find(doc, "saml:Assertion")
			return genuine.with(object(genuine.text) + forged(doc))
		}), Rule: saml.SigMissing},
		{No: 7, Name: "forged assertion in a ds:Object beside the genuine", Forge: after(func(doc string) string {
			return replaced(doc, "<samlp:Status>", object(forged(doc))+"<samlp:Status>")
		}), Rule: saml.SigPlace},
		{No: 7, Name: "forged assertion in KeyInfo", Forge: onKeyInfo(func(doc, info string) string { return info + forged(doc) }), Rule: saml.SigShape},
		{No: 7, Name: "forged assertion of the same ID in KeyInfo", Forge: onKeyInfo(func(doc, info string) string { return info + unsigned(evil(find(doc, "saml:Assertion").text)) }), Rule: saml.IDDup},
		{No: 7, Name: "forged assertion in SignatureValue", Forge: after(func(doc string) string {
			p := outermost(doc)
			return p.with(replaced(p.text, "</ds:SignatureValue>", forged(doc)+"</ds:SignatureValue>"))
		}), Rule: saml.SigShape},
		{No: 7, Name: "encrypted assertion in Extensions", Forge: extended(`<saml:EncryptedAssertion/>`), Rule: saml.Shape, Alone: true, Twin: extended(`<saml:EncryptedID/>`)},
		{No: 7, Name: "response in Extensions", Forge: extended(`<samlp:Response ID="idHidden"/>`), Rule: saml.Shape, Alone: true, Twin: extended(`<samlp:Status/>`)},

		{No: 12, Name: "signed metadata around a forged assertion", Bases: assertionAlone, Forge: after(func(doc string) string {
			p := find(doc, "ds:Signature")
			assertion := find(p.without(), "saml:Assertion")
			metadata := `<md:EntityDescriptor xmlns:md="` + nsMetadata + `" entityID="x">` + p.text + `</md:EntityDescriptor>`
			return replaced(assertion.with(forged(doc)), "<samlp:Status>", extensions(metadata)+"<samlp:Status>")
		}), Rule: saml.SigMissing},
		captured("failure", failed, saml.Shape),
		captured("response", func(doc string) string { return doc }, saml.Shape),
		captured("artifact response", func(doc string) string { return root(doc, "samlp:ArtifactResponse") }, saml.Shape),
		captured("logout request", func(doc string) string { return root(find(doc, "saml:Assertion").without(), "samlp:LogoutRequest") }, saml.SigMissing),
		other("samlp:LogoutRequest"), other("samlp:LogoutResponse"), other("samlp:ArtifactResponse"), other("samlp:AuthnRequest"), other("samlp:ManageNameIDRequest"),
		{No: 12, Name: "signed metadata alone", Bases: responseAlone, Forge: before(func(doc string) string {
			return replaced(root(doc, "md:EntityDescriptor"), "<md:EntityDescriptor ", `<md:EntityDescriptor xmlns:md="`+nsMetadata+`" `)
		}), Rule: saml.Shape, Alone: true, Twin: asItIs},
	}
}

// other is a message of another kind, signed as genuinely.
func other(name string) Attack {
	return Attack{No: 12, Name: "signed " + strings.TrimPrefix(name, "samlp:") + " alone", Bases: responseAlone, Forge: before(func(doc string) string { return root(doc, name) }), Rule: saml.Shape, Alone: true}
}

// root returns a document with another name of its root.
func root(doc, name string) string {
	return strings.TrimSuffix(replaced(doc, "<samlp:Response ", "<"+name+" "), "</samlp:Response>") + "</" + name + ">"
}

// failed returns a document that reports a failure and asserts nothing.
func failed(doc string) string {
	return replaced(find(doc, "saml:Assertion").without(), saml.StatusSuccess, statusPrefix+"Responder")
}

// onKeyInfo changes the content of the KeyInfo of the outermost signature, which
// nothing signs.
func onKeyInfo(change func(doc, info string) string) func(*Response) {
	return after(func(doc string) string {
		p := outermost(doc)
		info, ok := child(p.text, "ds:KeyInfo")
		if !ok {
			return p.with(replaced(p.text, "</ds:Signature>", "<ds:KeyInfo>"+change(doc, "")+"</ds:KeyInfo></ds:Signature>"))
		}
		return p.with(info.filled(change(doc, info.content())))
	})
}
