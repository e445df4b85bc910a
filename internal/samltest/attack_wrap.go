package samltest

import (
	"strings"

	"github.com/sallyport/sallyport/internal/saml"
)

// wrappings are the attacks that keep a genuine signature and have something
// else read. The numbers are those of "On Breaking SAML" and its successors.
func wrappings() []Attack {
	return []Attack{
		{Name: "XSW1 genuine response inside the signature of the forged", Bases: withResponse, Forge: after(xsw1), Rule: saml.SigShape},
		{Name: "XSW2 genuine response before its detached signature", Bases: withResponse, Forge: after(xsw2), Rule: saml.Shape},
		{Name: "XSW3 forged assertion before the genuine", Forge: WrapSignature, Rule: saml.Count},
		{Name: "XSW4 genuine assertion inside the forged", Forge: after(xsw4), Rule: saml.Shape},
		{Name: "XSW5 forged assertion with the signature, genuine at the end", Bases: withAssertion, Forge: after(xsw5), Rule: saml.Count},
		{Name: "XSW6 genuine assertion inside the signature of the forged", Bases: withAssertion, Forge: after(xsw6), Rule: saml.SigShape},
		{Name: "XSW7 forged assertion of the same ID in Extensions", Forge: after(xsw7), Rule: saml.IDDup},
		{Name: "XSW7 forged assertion of another ID in Extensions", Forge: after(func(doc string) string {
			p := find(doc, "samlp:Status")
			return p.with(extensions(forged(doc)) + p.text)
		}), Rule: saml.Shape},
		{Name: "XSW7 forged assertion in StatusDetail", Forge: after(func(doc string) string {
			return replaced(doc, "</samlp:Status>", "<samlp:StatusDetail>"+forged(doc)+"</samlp:StatusDetail></samlp:Status>")
		}), Rule: saml.Shape},
		{Name: "XSW7 forged assertion in an AttributeValue", Forge: after(func(doc string) string {
			return replaced(doc, "<saml:AttributeValue>", "<saml:AttributeValue>"+forged(doc))
		}), Rule: saml.Shape},
		{Name: "XSW7 forged assertion in SubjectConfirmationData", Forge: before(func(doc string) string {
			p := find(doc, "saml:SubjectConfirmation")
			text := replaced(p.text, "/></saml:SubjectConfirmation>", ">"+forged(doc)+"</saml:SubjectConfirmationData></saml:SubjectConfirmation>")
			return p.with(text)
		}), Rule: saml.Shape, Alone: true},
		{Name: "XSW7 forged assertion in KeyInfo", Forge: after(func(doc string) string {
			return replaced(doc, "<ds:X509Data>", forged(doc)+"<ds:X509Data>")
		}), Rule: saml.SigShape},
		{Name: "XSW8 genuine assertion of the same ID in ds:Object", Bases: withAssertion, Forge: after(func(doc string) string {
			p := find(doc, "saml:Assertion")
			return p.with(replaced(evil(p.text), "</ds:Signature>", "<ds:Object>"+unsigned(p.text)+"</ds:Object></ds:Signature>"))
		}), Rule: saml.IDDup},
		{Name: "XSW8 genuine assertion in ds:Object", Bases: withAssertion, Forge: after(func(doc string) string {
			p := find(doc, "saml:Assertion")
			changed := renamed(evil(p.text), evilID)
			return p.with(replaced(changed, "</ds:Signature>", "<ds:Object>"+unsigned(p.text)+"</ds:Object></ds:Signature>"))
		}), Rule: saml.SigShape},
		{Name: "XSW9 two SignedInfo", Forge: after(func(doc string) string {
			p := find(doc, "ds:SignedInfo")
			return p.with(p.text + p.text)
		}), Rule: saml.SigShape},
		{Name: "XSW10 forged assertion after the genuine", Forge: after(func(doc string) string {
			p := find(doc, "saml:Assertion")
			return p.with(p.text + forged(doc))
		}), Rule: saml.Count},
		{Name: "XSW11 genuine assertion in Extensions, forged outside", Forge: after(func(doc string) string {
			p := find(doc, "saml:Assertion")
			doc = p.with(forged(doc))
			status := find(doc, "samlp:Status")
			return status.with(extensions(p.text) + status.text)
		}), Rule: saml.Shape},
		{Name: "XSW11 the same with equal IDs", Forge: after(func(doc string) string {
			p := find(doc, "saml:Assertion")
			doc = p.with(unsigned(evil(p.text)))
			status := find(doc, "samlp:Status")
			return status.with(extensions(p.text) + status.text)
		}), Rule: saml.IDDup},
		{Name: "XSW12 another signed message", Bases: responseAlone, Forge: before(func(doc string) string {
			return strings.ReplaceAll(doc, "samlp:Response", "samlp:LogoutRequest")
		}), Rule: saml.Shape},
		{Name: "XSW12 signed metadata around a forged assertion", Forge: after(func(doc string) string {
			p := find(doc, "ds:Signature")
			signature := p.text
			assertion := find(p.without(), "saml:Assertion")
			doc = assertion.with(forged(doc))
			status := find(doc, "samlp:Status")
			return status.with(extensions(`<md:EntityDescriptor xmlns:md="`+nsMetadata+`" entityID="x">`+signature+`</md:EntityDescriptor>`) + status.text)
		}), Rule: saml.SigMissing, Bases: assertionAlone},
		{Name: "XSW13 second signature of the same value with a forged assertion", Bases: responseAlone, Forge: func(r *Response) {
			r.Status = []string{"urn:oasis:names:tc:SAML:2.0:status:Responder"}
			assertion := *r.Assertion
			r.Assertions = nil
			r.AfterSigning(func(doc string) string {
				p := find(doc, "ds:Signature")
				w := Response{Assertions: []*Assertion{&assertion}, Dialect: Prefixed, ID: evilID}
				written, err := w.write()
				if err != nil {
					panic(err)
				}
				object := "<ds:Object>" + find(evil(string(written)), "saml:Assertion").text + "</ds:Object>"
				return p.with(p.text + replaced(p.text, "</ds:Signature>", object+"</ds:Signature>"))
			})
		}, Rule: saml.SigCount},
		{Name: "XSW14 signature of the assertion moved to the response", Bases: assertionAlone, Forge: after(func(doc string) string {
			p := find(doc, "ds:Signature")
			return replaced(p.without(), "</saml:Issuer>", "</saml:Issuer>"+p.text)
		}), Rule: saml.SigRef, Alone: true},
		{Name: "XSW14 signature of the response moved to the assertion", Bases: responseAlone, Forge: after(func(doc string) string {
			p := find(doc, "ds:Signature")
			assertion := find(p.without(), "saml:Assertion")
			return assertion.with(replaced(assertion.text, "</saml:Issuer>", "</saml:Issuer>"+p.text))
		}), Rule: saml.SigRef, Alone: true},
		{Name: "XSW16 two roots", Forge: after(func(doc string) string { return doc + doc }), Rule: saml.XMLWellFormed},
		{Name: "XSW17 envelope around the response", Forge: after(func(doc string) string { return "<x>" + doc + "</x>" }), Rule: saml.Shape},
		{Name: "XSW17 SOAP envelope", Forge: after(func(doc string) string {
			return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>` + doc + `</s:Body></s:Envelope>`
		}), Rule: saml.Shape},
		{Name: "XSW17 response of another namespace", Forge: reroot("urn:evil"), Rule: saml.Shape, Alone: true, Twin: reroot(nsProtocol)},
		{Name: "XSW7 assertion in AuthnContextDecl", Forge: declaration(`<saml:Assertion ID="idHidden"/>`), Rule: saml.Shape, Alone: true, Twin: declaration(`<saml:Advice/>`)},
		{Name: "XSW7 encrypted assertion in Extensions", Forge: extended(`<saml:EncryptedAssertion/>`), Rule: saml.Shape, Alone: true, Twin: extended(`<saml:EncryptedID/>`)},
		{Name: "XSW7 response in Extensions", Forge: extended(`<samlp:Response ID="idHidden"/>`), Rule: saml.Shape, Alone: true, Twin: extended(`<samlp:Status/>`)},
	}
}

const evilID = "idEvil"

// forged returns the assertion of a document without its signature, with
// another ID and for another user.
func forged(doc string) string {
	return unsigned(renamed(evil(find(doc, "saml:Assertion").text), evilID))
}

// reroot has the root alone in a namespace, of another prefix than its children.
func reroot(space string) func(*Response) {
	return before(func(doc string) string {
		doc = replaced(doc, "<samlp:Response ", `<e:Response xmlns:e="`+space+`" `)
		return strings.TrimSuffix(doc, "</samlp:Response>") + "</e:Response>"
	})
}

// declaration puts content into an AuthnContextDecl, extended into Extensions.
func declaration(content string) func(*Response) {
	return swap("</saml:AuthnContextClassRef>", "</saml:AuthnContextClassRef><saml:AuthnContextDecl>"+content+"</saml:AuthnContextDecl>")
}

func extended(content string) func(*Response) {
	return swap("<samlp:Status>", extensions(content)+"<samlp:Status>")
}

func extensions(content string) string {
	return "<samlp:Extensions>" + content + "</samlp:Extensions>"
}

// forgedResponse returns a document with other IDs, for another user.
func forgedResponse(doc string) string {
	doc = renamed(evil(doc), evilID+"R")
	p := find(doc, "saml:Assertion")
	return p.with(renamed(p.text, evilID))
}

func xsw1(doc string) string {
	return replaced(forgedResponse(doc), "</ds:Signature>", unsigned(doc)+"</ds:Signature>")
}

func xsw2(doc string) string {
	return replaced(forgedResponse(doc), "<ds:Signature", unsigned(doc)+"<ds:Signature")
}

func xsw3(doc string) string {
	p := find(doc, "saml:Assertion")
	return p.with(forged(doc) + p.text)
}

func xsw4(doc string) string {
	p := find(doc, "saml:Assertion")
	return p.with(replaced(forged(doc), "</saml:Assertion>", p.text+"</saml:Assertion>"))
}

func xsw5(doc string) string {
	p := find(doc, "saml:Assertion")
	return p.with(renamed(evil(p.text), evilID) + unsigned(p.text))
}

func xsw6(doc string) string {
	p := find(doc, "saml:Assertion")
	return p.with(replaced(renamed(evil(p.text), evilID), "</ds:Signature>", unsigned(p.text)+"</ds:Signature>"))
}

func xsw7(doc string) string {
	p := find(doc, "saml:Assertion")
	status := find(doc, "samlp:Status")
	return status.with(extensions(unsigned(evil(p.text))) + status.text)
}
