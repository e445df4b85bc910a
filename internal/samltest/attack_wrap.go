package samltest

import (
	"strings"

	"github.com/sallyport/sallyport/internal/saml"
)

// wrappings are the attacks that keep a genuine signature and have something
// else read. The numbers are those of "On Breaking SAML" and its successors.
func wrappings() []Attack {
	return []Attack{
		{No: 1, Name: "genuine response inside the signature of the forged", Bases: withResponse, Forge: after(func(doc string) string {
			return inSignature(forgedResponse(doc), unsigned(doc))
		}), Rule: saml.SigShape},
		{No: 1, Name: "the same with equal IDs", Bases: withResponse, Forge: after(func(doc string) string {
			return inSignature(evil(doc), unsigned(doc))
		}), Rule: saml.IDDup},
		{No: 2, Name: "genuine response before its detached signature", Bases: withResponse, Forge: after(func(doc string) string {
			p, _ := child(forgedResponse(doc), "ds:Signature")
			return p.with(unsigned(doc) + p.text)
		}), Rule: saml.Shape},
		{No: 2, Name: "genuine response behind its detached signature", Bases: withResponse, Forge: after(func(doc string) string {
			p, _ := child(forgedResponse(doc), "ds:Signature")
			return p.with(p.text + unsigned(doc))
		}), Rule: saml.Shape},
		{No: 3, Name: "forged assertion before the genuine", Forge: WrapSignature, Rule: saml.Count},
		{No: 3, Name: "forged assertion with the signature of a stranger before the genuine", Bases: withAssertion, Forge: after(func(doc string) string {
			p := find(doc, "saml:Assertion")
			return p.with(renamed(evil(p.text), evilID) + p.text)
		}), Rule: saml.Count},
		{No: 4, Name: "genuine assertion inside the forged", Forge: after(func(doc string) string {
			p := find(doc, "saml:Assertion")
			return p.with(replaced(forged(doc), "</saml:Assertion>", p.text+"</saml:Assertion>"))
		}), Rule: saml.Shape},
		{No: 4, Name: "genuine assertion in the Subject of the forged", Forge: after(func(doc string) string {
			p := find(doc, "saml:Assertion")
			return p.with(replaced(forged(doc), "</saml:Subject>", p.text+"</saml:Subject>"))
		}), Rule: saml.Shape},
		{No: 5, Name: "forged assertion with the signature, genuine at the end", Bases: withAssertion, Forge: after(func(doc string) string {
			p := find(doc, "saml:Assertion")
			return p.with(renamed(evil(p.text), evilID) + unsigned(p.text))
		}), Rule: saml.Count},
		{No: 5, Name: "forged response with the signature, genuine at the end", Bases: withResponse, Forge: after(func(doc string) string {
			return replaced(forgedResponse(doc), "</samlp:Response>", unsigned(doc)+"</samlp:Response>")
		}), Rule: saml.Shape},
		{No: 6, Name: "genuine assertion inside the signature of the forged", Bases: withAssertion, Forge: after(func(doc string) string {
			p := find(doc, "saml:Assertion")
			return p.with(inSignature(renamed(evil(p.text), evilID), unsigned(p.text)))
		}), Rule: saml.SigShape},
		{No: 8, Name: "genuine assertion of the same ID in ds:Object", Bases: withAssertion, Forge: after(func(doc string) string {
			p := find(doc, "saml:Assertion")
			return p.with(inSignature(evil(p.text), "<ds:Object>"+unsigned(p.text)+"</ds:Object>"))
		}), Rule: saml.IDDup},
		{No: 8, Name: "genuine assertion in ds:Object", Bases: withAssertion, Forge: after(func(doc string) string {
			p := find(doc, "saml:Assertion")
			return p.with(inSignature(renamed(evil(p.text), evilID), "<ds:Object>"+unsigned(p.text)+"</ds:Object>"))
		}), Rule: saml.SigShape},
		{No: 8, Name: "genuine response in ds:Object", Bases: withResponse, Forge: after(func(doc string) string {
			return inSignature(forgedResponse(doc), "<ds:Object>"+unsigned(doc)+"</ds:Object>")
		}), Rule: saml.SigShape},
		{No: 9, Name: "two SignedInfo", Forge: signedInfos(func(info string) string { return info + info }), Rule: saml.SigShape},
		{No: 9, Name: "two SignedInfo in an element around them", Forge: signedInfos(func(info string) string { return "<x>" + info + info + "</x>" }), Rule: saml.SigShape},
		{No: 9, Name: "two SignedInfo in a SignedInfo", Forge: signedInfos(func(info string) string { return "<ds:SignedInfo>" + info + info + "</ds:SignedInfo>" }), Rule: saml.SigShape},
		{No: 9, Name: "a SignedInfo of another digest behind the genuine", Forge: signedInfos(func(info string) string {
			return info + find(info, "ds:DigestValue").filled("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
		}), Rule: saml.SigShape},
		{No: 10, Name: "forged assertion after the genuine", Forge: after(func(doc string) string {
			p := find(doc, "saml:Assertion")
			return p.with(p.text + forged(doc))
		}), Rule: saml.Count},
		{No: 10, Name: "forged assertion as the last child", Forge: after(func(doc string) string {
			return replaced(doc, "</samlp:Response>", forged(doc)+"</samlp:Response>")
		}), Rule: saml.Count},
		{No: 13, Name: "second signature of the same value with a forged assertion", Bases: responseAlone, Forge: secondSignature(func(s, second string) string { return s + second }), Rule: saml.SigCount},
		{No: 13, Name: "the same in front", Bases: responseAlone, Forge: secondSignature(func(s, second string) string { return second + s }), Rule: saml.SigCount},
		{No: 13, Name: "the same inside the first", Bases: responseAlone, Forge: secondSignature(func(s, second string) string {
			return replaced(s, "</ds:Signature>", second+"</ds:Signature>")
		}), Rule: saml.SigShape},
		{No: 13, Name: "second signature of the assertion", Bases: withAssertion, Forge: after(func(doc string) string {
			p := find(doc, "saml:Assertion")
			s, _ := child(p.text, "ds:Signature")
			return p.with(s.with(s.text + inSignature(s.text, "<ds:Object>"+forged(doc)+"</ds:Object>")))
		}), Rule: saml.SigCount},
		{No: 14, Name: "signature of the assertion moved to the response", Bases: assertionAlone, Forge: after(func(doc string) string {
			p := find(doc, "ds:Signature")
			return replaced(p.without(), "</saml:Issuer>", "</saml:Issuer>"+p.text)
		}), Rule: saml.SigRef, Alone: true},
		{No: 14, Name: "signature of the response moved to the assertion", Bases: responseAlone, Forge: after(func(doc string) string {
			p := find(doc, "ds:Signature")
			assertion := find(p.without(), "saml:Assertion")
			return assertion.with(replaced(assertion.text, "</saml:Issuer>", "</saml:Issuer>"+p.text))
		}), Rule: saml.SigRef, Alone: true},
		{No: 14, Name: "both signatures exchanged", Bases: []Base{BothSigned}, Forge: after(func(doc string) string {
			outer, _ := child(doc, "ds:Signature")
			p := find(outer.without(), "saml:Assertion")
			inner, _ := child(p.text, "ds:Signature")
			doc = p.with(inner.with(outer.text))
			return replaced(doc, "</saml:Issuer>", "</saml:Issuer>"+inner.text)
		}), Rule: saml.SigRef, Alone: true},
		{No: 14, Name: "signature moved into the Subject", Forge: after(func(doc string) string {
			p := outermost(doc)
			return replaced(p.without(), "</saml:Subject>", p.text+"</saml:Subject>")
		}), Rule: saml.SigMissing, Bases: []Base{AssertionSigned, ResponseSigned}},
		{No: 15, Name: "a Subject beside the assertion", Bases: assertionAlone, Forge: after(func(doc string) string {
			return replaced(doc, "</samlp:Status>", "</samlp:Status>"+evil(find(doc, "saml:Subject").text))
		}), Rule: saml.Shape, Alone: true, Twin: nearby("<x/>")},
		{No: 15, Name: "attributes beside the assertion", Bases: assertionAlone, Forge: after(func(doc string) string {
			return replaced(doc, "</samlp:Status>", "</samlp:Status>"+evil(find(doc, "saml:AttributeStatement").text))
		}), Rule: saml.Shape, Alone: true, Twin: nearby(`<saml:AttributeStatement/>`)},
		{No: 16, Name: "two roots", Forge: after(func(doc string) string { return doc + doc }), Rule: saml.XMLWellFormed},
		{No: 16, Name: "a forged root in front", Forge: after(func(doc string) string { return forgedResponse(doc) + doc }), Rule: saml.XMLWellFormed},
		{No: 16, Name: "a forged root behind", Forge: after(func(doc string) string { return doc + "\n" + forgedResponse(doc) }), Rule: saml.XMLWellFormed,
			Twin: after(func(doc string) string { return doc + "\n" })},
		{No: 16, Name: "text behind the root", Forge: after(func(doc string) string { return doc + "x" }), Rule: saml.XMLWellFormed,
			Twin: after(func(doc string) string { return doc + " " })},
		{No: 17, Name: "envelope around the response", Forge: after(func(doc string) string { return "<x>" + doc + "</x>" }), Rule: saml.Shape},
		{No: 17, Name: "SOAP envelope", Forge: after(func(doc string) string {
			return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>` + doc + `</s:Body></s:Envelope>`
		}), Rule: saml.Shape},
		{No: 17, Name: "response of another namespace", Forge: reroot("urn:evil"), Rule: saml.Shape, Alone: true, Twin: reroot(nsProtocol)},
		{No: 17, Name: "response of no namespace", Forge: before(func(doc string) string {
			doc = replaced(doc, "<samlp:Response ", `<Response `)
			return strings.TrimSuffix(doc, "</samlp:Response>") + "</Response>"
		}), Rule: saml.Shape, Alone: true, Twin: reroot(nsProtocol)},
		{No: 17, Name: "the assertion alone", Bases: withAssertion, Forge: after(func(doc string) string {
			return replaced(find(doc, "saml:Assertion").text, "<saml:Assertion ", `<saml:Assertion xmlns:saml="`+nsAssertion+`" xmlns:samlp="`+nsProtocol+`" `)
		}), Rule: saml.Shape, Alone: true},
	}
}

const evilID = "idEvil"

// WrapSignature inserts a forged assertion before the genuine one (XSW3).
func WrapSignature(r *Response) {
	r.AfterSigning(func(doc string) string {
		p := find(doc, "saml:Assertion")
		return p.with(forged(doc) + p.text)
	})
}

// forged returns the assertion of a document without its signature, with
// another ID and for another user.
func forged(doc string) string {
	return unsigned(renamed(evil(find(doc, "saml:Assertion").text), evilID))
}

// forgedResponse returns a document with other IDs, for another user.
func forgedResponse(doc string) string {
	doc = renamed(evil(doc), evilID+"R")
	p := find(doc, "saml:Assertion")
	return p.with(renamed(p.text, evilID))
}

// inSignature puts something at the end of the outermost signature.
func inSignature(doc, content string) string {
	p := outermost("<x>" + doc + "</x>")
	text := p.with(replaced(p.text, "</ds:Signature>", content+"</ds:Signature>"))
	return strings.TrimSuffix(strings.TrimPrefix(text, "<x>"), "</x>")
}

// signedInfos changes the SignedInfo of the outermost signature into several.
func signedInfos(change func(info string) string) func(*Response) {
	return onSignature(func(s string) string {
		p := find(s, "ds:SignedInfo")
		return p.with(change(p.text))
	})
}

// secondSignature has the failure that is signed carry a forged assertion in a
// signature that looks like the first.
func secondSignature(place func(signature, second string) string) func(*Response) {
	return func(r *Response) {
		r.Status = []string{statusPrefix + "Responder"}
		object := "<ds:Object>" + bare(r, evilID) + "</ds:Object>"
		r.Assertions = nil
		r.AfterSigning(func(doc string) string {
			p := outermost(doc)
			return p.with(place(p.text, replaced(p.text, "</ds:Signature>", object+"</ds:Signature>")))
		})
	}
}

// bare returns the assertion of a response, unsigned, with this ID and about
// whom the attacker wants to be.
func bare(r *Response, id string) string {
	a := *r.Assertion
	a.AssertionID = id
	w := Response{Assertions: []*Assertion{&a}, ID: evilID + "R"}
	doc, err := w.write()
	if err != nil {
		panic(err)
	}
	return evil(find(string(doc), "saml:Assertion").text)
}

// reroot has the root alone in a namespace, of another prefix than its children.
func reroot(space string) func(*Response) {
	return before(func(doc string) string {
		doc = replaced(doc, "<samlp:Response ", `<e:Response xmlns:e="`+space+`" `)
		return strings.TrimSuffix(doc, "</samlp:Response>") + "</e:Response>"
	})
}

// nearby puts content into the Extensions of a response that is signed already.
func nearby(content string) func(*Response) {
	return tamper("<samlp:Status>", extensions(content)+"<samlp:Status>")
}

// extended puts content into Extensions.
func extended(content string) func(*Response) {
	return swap("<samlp:Status>", extensions(content)+"<samlp:Status>")
}

func extensions(content string) string {
	return "<samlp:Extensions>" + content + "</samlp:Extensions>"
}
