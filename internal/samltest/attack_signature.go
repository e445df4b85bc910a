package samltest

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/xmldsig"
)

// references are signatures that do not say plainly what they sign.
func references() []Attack {
	refer := func(by func(id string) string) func(*Response) {
		return func(r *Response) {
			r.AssertionSigning.URI, r.ResponseSigning.URI = by(r.AssertionID), by(r.ID)
		}
	}
	var attacks []Attack
	for name, by := range map[string]func(id string) string{
		"without #":                 func(id string) string { return id },
		"with another first letter": func(id string) string { return "x" + id },
		"by XPointer to the root":   func(string) string { return "#xpointer(/)" },
		"by XPointer to an ID":      func(id string) string { return "#xpointer(id('" + id + "'))" },
		"of nothing":                func(string) string { return "#" },
		"percent-escaped":           func(id string) string { return "%23" + id },
		"with a space":              func(id string) string { return "# " + id },
		"to elsewhere":              func(id string) string { return "https://idp.example/#" + id },
	} {
		attacks = append(attacks, Attack{
			Name: "22 reference " + name, Forge: refer(by), Rule: saml.SigRef, Alone: true,
			Twin: refer(func(id string) string { return "#" + id }),
		})
	}
	algorithm := func(uri string) string { return `Algorithm="` + uri + `"` }
	transform := func(uri string) string { return `<ds:Transform ` + algorithm(uri) + `/>` }
	return append(attacks, []Attack{
		{Name: "46 empty reference below the root", Bases: assertionAlone, Forge: func(r *Response) { r.AssertionSigning.Document = true }, Rule: saml.SigRef, Alone: true},
		{Name: "44 two references", Forge: reseal(func(s string) string {
			p := find(s, "ds:Reference")
			return p.with(p.text + p.text)
		}), Rule: saml.SigRef, Alone: true, Twin: reseal(func(s string) string { return s })},
		{Name: "44 no reference", Forge: reseal(func(s string) string { return find(s, "ds:Reference").without() }), Rule: saml.SigRef, Alone: true},
		{Name: "45 two digests", Forge: reseal(func(s string) string {
			p := find(s, "ds:DigestValue")
			return p.with(p.text + p.text)
		}), Rule: saml.SigShape, Alone: true},
		{Name: "45 SignatureValue first", Forge: after(func(doc string) string {
			p := find(doc, "ds:SignatureValue")
			return replaced(p.without(), "<ds:SignedInfo>", p.text+"<ds:SignedInfo>")
		}), Rule: saml.SigShape, Alone: true},
		{Name: "46 manifest", Forge: reseal(Replace("<ds:Reference ", `<ds:Reference Type="`+nsSignature+`Manifest" `)), Rule: saml.SigRef, Alone: true},
		{Name: "47 XSLT", Forge: reseal(Replace("</ds:Transforms>", transform("http://www.w3.org/TR/1999/REC-xslt-19991116")+"</ds:Transforms>")), Rule: saml.SigTransform, Alone: true},
		{Name: "47 XPath for the canonicalisation", Forge: reseal(Replace("<ds:Transform "+algorithm(xmldsig.ExclusiveC14N), "<ds:Transform "+algorithm("http://www.w3.org/2002/06/xmldsig-filter2"))), Rule: saml.SigTransform, Alone: true},
		{Name: "47 not enveloped", Forge: reseal(Replace(transform(xmldsig.EnvelopedSignatureURI), "")), Rule: saml.SigTransform, Alone: true},
		{Name: "47 enveloped twice", Forge: reseal(Replace(transform(xmldsig.EnvelopedSignatureURI), transform(xmldsig.EnvelopedSignatureURI)+transform(xmldsig.EnvelopedSignatureURI))), Rule: saml.SigTransform, Alone: true},
		{Name: "50 unknown canonicalisation", Forge: tamper("<ds:CanonicalizationMethod "+algorithm(xmldsig.ExclusiveC14N), "<ds:CanonicalizationMethod "+algorithm("urn:none")), Rule: saml.SigC14N, Alone: true,
			Twin: func(r *Response) {
				r.EachSigning(func(s *xmldsig.Signing) { s.InfoC14N.Algorithm = xmldsig.ExclusiveC14NWithComments })
			}},
		{Name: "43 digest of nothing", Forge: reseal(digest(func([]byte) []byte {
			empty := sha256.Sum256(nil)
			return empty[:]
		})), Rule: saml.SigDigest, Alone: true},
		{Name: "51 short digest", Forge: reseal(digest(func(sum []byte) []byte { return sum[:16] })), Rule: saml.SigDigest, Alone: true},
		{Name: "43 signature over nothing", Forge: func(r *Response) {
			r.AfterSigning(func(doc string) string {
				value, err := xmldsig.SignOctets(xmldsig.RSASHA256, nil, r.ResponseSigning.Key)
				if err != nil {
					panic(err)
				}
				p := find(doc, "ds:SignatureValue")
				return p.with("<ds:SignatureValue>" + base64.StdEncoding.EncodeToString(value) + "</ds:SignatureValue>")
			})
		}, Rule: saml.SigValue, Alone: true},
		{Name: "content changed", Forge: after(evil), Rule: saml.SigDigest, Alone: true},
		{Name: "signature changed", Forge: after(func(doc string) string {
			p := find(doc, "ds:SignatureValue")
			return p.with("<ds:SignatureValue>" + strings.Repeat("AAAA", 85) + "AA==</ds:SignatureValue>")
		}), Rule: saml.SigValue, Alone: true},
	}...)
}

// digest returns a change of the DigestValue of a signature.
func digest(change func(sum []byte) []byte) func(signature string) string {
	return func(signature string) string {
		p := find(signature, "ds:DigestValue")
		text := strings.TrimSuffix(strings.TrimPrefix(p.text, "<ds:DigestValue>"), "</ds:DigestValue>")
		sum, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			panic(err)
		}
		return p.with("<ds:DigestValue>" + base64.StdEncoding.EncodeToString(change(sum)) + "</ds:DigestValue>")
	}
}

// algorithms are signatures by what is weak, or by the wrong key.
func algorithms() []Attack {
	method := func(uri string) func(*Response) {
		return func(r *Response) { r.EachSigning(func(s *xmldsig.Signing) { s.Method = uri }) }
	}
	claim := func(uri string) func(*Response) {
		return tamper(`SignatureMethod Algorithm="`+xmldsig.RSASHA256+`"`, `SignatureMethod Algorithm="`+uri+`"`)
	}
	sha1 := func(e *saml.Expect) { e.Legacy.SHA1 = true }
	return []Attack{
		{Name: "52 HMAC", Forge: claim("http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"), Rule: saml.SigAlg, Alone: true, Twin: method(xmldsig.RSASHA512)},
		{Name: "53 RSA with SHA-1", Forge: method(xmldsig.RSASHA1), Rule: saml.SigAlg, Alone: true, Twin: method(xmldsig.RSASHA1), TwinExpect: sha1},
		{Name: "53 digest with SHA-1", Forge: sha1Digest, Rule: saml.SigAlg, Alone: true, Twin: sha1Digest, TwinExpect: sha1},
		{Name: "53 RSA with MD5", Forge: claim("http://www.w3.org/2001/04/xmldsig-more#rsa-md5"), Rule: saml.SigAlg, Alone: true},
		{Name: "53 no algorithm", Forge: claim(""), Rule: saml.SigAlg, Alone: true},
		{Name: "52 ECDSA with an RSA key", Forge: claim(xmldsig.ECDSASHA256), Rule: saml.SigAlg, Alone: true, Twin: method(xmldsig.PSSSHA256)},
		{Name: "54 key of a stranger in KeyInfo", Forge: SignByStranger, Rule: saml.SigValue, Alone: true},
		{Name: "57 no key configured", Forge: func(*Response) {}, ForgeExpect: func(e *saml.Expect) { e.IdP.Keys = nil }, Rule: saml.SigKey, Alone: true},
	}
}

func sha1Digest(r *Response) {
	r.EachSigning(func(s *xmldsig.Signing) { s.Digest = xmldsig.SHA1 })
}

// SignByStranger signs with a key that the service provider does not know and
// puts its certificate into KeyInfo.
func SignByStranger(r *Response) {
	stranger, err := strangerKey()
	if err != nil {
		panic(err)
	}
	r.EachSigning(func(s *xmldsig.Signing) { s.Key, s.Certificate = stranger.key, stranger.cert })
}

// Unsigned leaves out the signatures.
func Unsigned(r *Response) { r.Base = NothingSigned }

// exclusions leave signatures out.
func exclusions() []Attack {
	return []Attack{
		{Name: "60 no signature", Forge: Unsigned, Rule: saml.SigMissing, Alone: true},
		{Name: "60 signatures cut out", Forge: after(func(doc string) string {
			for strings.Contains(doc, "<ds:Signature ") {
				doc = find(doc, "ds:Signature").without()
			}
			return doc
		}), Rule: saml.SigMissing, Alone: true},
		{Name: "60 empty signature", Forge: after(func(doc string) string {
			return find(doc, "ds:Signature").with(`<ds:Signature xmlns:ds="` + nsSignature + `"></ds:Signature>`)
		}), Rule: saml.SigMissing, Alone: true},
		{Name: "60 signature of another namespace", Bases: []Base{AssertionSigned, ResponseSigned}, Forge: tamper(`xmlns:ds="`+nsSignature+`"`, `xmlns:ds="urn:evil"`), Rule: saml.SigMissing},
		{Name: "61 bad response, good assertion", Bases: []Base{BothSigned}, Forge: tamper(" IssueInstant=", " Consent=\"urn:x\" IssueInstant="), Rule: saml.SigDigest, Alone: true,
			Twin: swap(" IssueInstant=", " Consent=\"urn:x\" IssueInstant=")},
		{Name: "61 good response, bad assertion", Bases: []Base{BothSigned}, Forge: func(r *Response) {
			stranger, err := strangerKey()
			if err != nil {
				panic(err)
			}
			r.AssertionSigning.Key = stranger.key
		}, Rule: saml.SigValue, Alone: true},
		{Name: "64 plain and encrypted assertion", Forge: after(func(doc string) string {
			p := find(doc, "saml:Assertion")
			return p.with(p.text + "<saml:EncryptedAssertion><x></x></saml:EncryptedAssertion>")
		}), Rule: saml.Count},
	}
}
