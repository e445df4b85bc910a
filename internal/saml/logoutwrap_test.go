package saml_test

import (
	"strings"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/xmldsig"
)

// A wrapping is a change of a signed logout message: it puts what was signed
// aside, and what somebody wants to be read in its place.
type wrapping struct {
	no   samltest.Number
	name string
	on   []string
	wrap func(genuine, forged, signature string) string // forged has an ID of its own
	rule saml.Rule
}

// wrappings are those that USENIX Security 2012 found, for any message.
func wrappings() []wrapping {
	post, enveloped := []string{saml.BindingPost}, []string{saml.BindingPost, saml.BindingSOAP}
	sameID := func(forged string) string { return strings.Replace(forged, `ID="id9"`, `ID="id1"`, 1) }
	behindIssuer := func(doc, content string) string {
		return strings.Replace(doc, "</saml:Issuer>", "</saml:Issuer>"+content, 1)
	}
	atTheEnd := func(doc, content string) string {
		i := strings.LastIndex(doc, "</")
		return doc[:i] + content + doc[i:]
	}
	inside := func(signature, content string) string {
		return strings.Replace(signature, "</ds:Signature>", content+"</ds:Signature>", 1)
	}
	info := func(signature string) string {
		from, to := strings.Index(signature, "<ds:SignedInfo>"), strings.Index(signature, "</ds:SignedInfo>")
		return signature[from : to+len("</ds:SignedInfo>")]
	}
	return []wrapping{
		{1, "the genuine in the signature of the forged", enveloped, func(g, f, s string) string { return behindIssuer(f, inside(s, g)) }, saml.SigShape},
		{1, "the same with equal IDs", enveloped, func(g, f, s string) string { return behindIssuer(sameID(f), inside(s, g)) }, saml.IDDup},
		{2, "the genuine before its signature in the forged", enveloped, func(g, f, s string) string { return behindIssuer(f, g+s) }, saml.Shape},
		{2, "the genuine behind its signature in the forged", enveloped, func(g, f, s string) string { return behindIssuer(f, s+g) }, saml.Shape},
		{3, "the genuine, signed, in the forged", enveloped, func(g, f, s string) string { return behindIssuer(f, behindIssuer(g, s)) }, saml.Shape},
		{4, "the genuine, signed, in Extensions of the forged", enveloped, func(g, f, s string) string {
			return behindIssuer(f, extensions+behindIssuer(g, s)+"</samlp:Extensions>")
		}, saml.Shape},
		{4, "the same with equal IDs", enveloped, func(g, f, s string) string {
			return behindIssuer(sameID(f), extensions+behindIssuer(g, s)+"</samlp:Extensions>")
		}, saml.IDDup},
		{5, "the genuine at the end of the forged, which has the signature", enveloped, func(g, f, s string) string { return atTheEnd(behindIssuer(f, s), g) }, saml.Shape},
		{5, "the genuine, signed, at the end of the forged", enveloped, func(g, f, s string) string { return atTheEnd(f, behindIssuer(g, s)) }, saml.Shape},
		{8, "the genuine in an object of the signature", enveloped, func(g, f, s string) string {
			return behindIssuer(f, inside(s, "<ds:Object>"+g+"</ds:Object>"))
		}, saml.SigShape},
		{8, "the genuine of the same ID in an object of the signature", enveloped, func(g, f, s string) string {
			return behindIssuer(sameID(f), inside(s, "<ds:Object>"+g+"</ds:Object>"))
		}, saml.IDDup},
		{9, "two SignedInfo", enveloped, func(g, _, s string) string { return behindIssuer(g, strings.Replace(s, info(s), info(s)+info(s), 1)) }, saml.SigShape},
		{9, "two SignedInfo in an element", enveloped, func(g, _, s string) string {
			return behindIssuer(g, strings.Replace(s, info(s), "<x>"+info(s)+info(s)+"</x>", 1))
		}, saml.SigShape},
		{13, "a second signature with the forged in it", enveloped, func(g, f, s string) string {
			return behindIssuer(g, s+inside(s, "<ds:Object>"+f+"</ds:Object>"))
		}, saml.SigCount},
		{14, "the signature in Extensions", enveloped, func(g, _, s string) string { return behindIssuer(g, extensions+s+"</samlp:Extensions>") }, saml.SigMissing},
		{15, "the signature of the genuine on the forged", enveloped, func(_, f, s string) string { return behindIssuer(f, s) }, saml.SigRef},
		{15, "the same with equal IDs", enveloped, func(_, f, s string) string { return behindIssuer(sameID(f), s) }, saml.SigDigest},
		{16, "two roots, the forged first", post, func(g, f, s string) string { return f + behindIssuer(g, s) }, saml.XMLWellFormed},
		{16, "two roots, the forged last", post, func(g, f, s string) string { return behindIssuer(g, s) + f }, saml.XMLWellFormed},
		{16, "two messages in one envelope", enveloped[1:], func(g, f, s string) string { return behindIssuer(g, s) + f }, saml.BindParam},
		{17, "an element around it", post, func(g, _, s string) string { return "<x>" + behindIssuer(g, s) + "</x>" }, saml.Shape},
		{17, "an envelope around it", post, func(g, _, s string) string {
			return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>` + behindIssuer(g, s) + `</s:Body></s:Envelope>`
		}, saml.Shape},
		{17, "of another namespace", post, func(g, _, s string) string {
			return strings.Replace(behindIssuer(g, s), `xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"`, `xmlns:samlp="urn:evil"`, 1)
		}, saml.Shape},
	}
}

// logoutWrappings makes every wrapping of a request, and of a response: the
// genuine one is about another user, or answers another request.
func logoutWrappings() []logoutAttack {
	var attacks []logoutAttack
	for _, w := range wrappings() {
		request := func(d *draft) {
			d.after = func(doc string) string {
				s := signature(doc)
				genuine := strings.Replace(doc, s, "", 1)
				forged := strings.NewReplacer("alice@", "admin@", `ID="id1"`, `ID="id9"`).Replace(genuine)
				return w.wrap(genuine, forged, s)
			}
		}
		response := func(d *draft) {
			d.answers, d.response.InResponseTo, d.response.ID = true, "id-theirs", "id1"
			d.after = func(doc string) string {
				s := signature(doc)
				genuine := strings.Replace(doc, s, "", 1)
				forged := strings.NewReplacer("id-theirs", "id-ours", `ID="id1"`, `ID="id9"`).Replace(genuine)
				return w.wrap(genuine, forged, s)
			}
		}
		rule := w.rule
		if rule == saml.SigMissing {
			rule = saml.SigPlace // a response may be unsigned
		}
		attacks = append(attacks, logoutAttack{w.no, "request: " + w.name, w.on, request, w.rule, nil},
			logoutAttack{w.no, "response: " + w.name, w.on, response, rule, answer()})
	}
	return append(attacks, logoutSignatures()...)
}

// logoutSignatures are signatures in messages that say something else than they
// should.
func logoutSignatures() []logoutAttack {
	enveloped := []string{saml.BindingPost, saml.BindingSOAP}
	signing := func(change func(*xmldsig.Signing)) func(*draft) {
		return func(d *draft) { d.signing = change }
	}
	claim := func(old, uri string) func(*draft) {
		return func(d *draft) { d.after = samltest.Replace(old, uri) }
	}
	var attacks []logoutAttack
	both := func(no samltest.Number, name string, on []string, forge func(*draft), rule saml.Rule, twin func(*draft)) {
		attacks = append(attacks, logoutAttack{no, "request: " + name, on, forge, rule, twin},
			logoutAttack{no, "response: " + name, on, answer(forge), rule, answer(func(d *draft) {
				if twin != nil {
					twin(d)
				}
			})})
	}
	both(22, "a reference to something else", enveloped, signing(func(s *xmldsig.Signing) { s.URI = "#id-other" }), saml.SigRef, nil)
	both(22, "a reference without #", enveloped, signing(func(s *xmldsig.Signing) { s.URI = "xid1" }), saml.SigRef, nil)
	both(46, "an empty reference from within an envelope", enveloped[1:], signing(func(s *xmldsig.Signing) { s.Document = true }), saml.SigRef, nil)
	both(47, "not enveloped", enveloped[:1], signing(func(s *xmldsig.Signing) { s.Transforms = []xmldsig.C14N{{Algorithm: xmldsig.ExclusiveC14N}} }), saml.SigTransform,
		signing(func(s *xmldsig.Signing) { s.Transforms = []xmldsig.C14N{{Algorithm: xmldsig.EnvelopedSignatureURI}} }))
	both(52, "HMAC", enveloped, claim(xmldsig.ECDSASHA256, xmldsig.Namespace+"hmac-sha1"), saml.SigAlg, nil)
	both(53, "ECDSA with SHA-1", enveloped, signing(func(s *xmldsig.Signing) { s.Method = xmldsig.ECDSASHA1 }), saml.SigAlg, func(d *draft) {
		d.signing = func(s *xmldsig.Signing) { s.Method = xmldsig.ECDSASHA1 }
		d.expect = func(e *saml.LogoutExpect) { e.Legacy.SHA1 = true }
	})
	both(50, "an unknown canonicalisation", enveloped[:1], claim(`CanonicalizationMethod Algorithm="`+xmldsig.ExclusiveC14N, `CanonicalizationMethod Algorithm="urn:none`), saml.SigC14N,
		signing(func(s *xmldsig.Signing) { s.InfoC14N.Algorithm = xmldsig.C14N11 }))
	return attacks
}
