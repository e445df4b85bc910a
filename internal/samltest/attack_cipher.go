package samltest

import (
	"crypto/rsa"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmlenc"
)

// ciphers are encryptions that are weak, misshapen or for somebody else.
func ciphers() []Attack {
	how := func(change func(*xmlenc.Encryption)) func(*Response) {
		return func(r *Response) { change(&r.Encryption) }
	}
	content := func(uri string) func(*Response) { return how(func(e *xmlenc.Encryption) { e.Content = uri }) }
	place := func(p xmlenc.Place) func(*Response) { return how(func(e *xmlenc.Encryption) { e.Place = p }) }
	to := func(n int) func(*Response) {
		return how(func(e *xmlenc.Encryption) {
			for len(e.To) < n {
				e.To = append(e.To, e.To[0])
			}
		})
	}
	sealed := func(change func(string) string) func(*Response) {
		return func(r *Response) { r.AfterEncryption(change) }
	}
	// claim names another algorithm than was used, for the text or for the key.
	claim := func(uri string) func(*Response) {
		return sealed(func(doc string) string {
			p := find(doc, "xenc:EncryptedData")
			return p.with(algorithm(p.text, "xenc:EncryptionMethod", uri))
		})
	}
	claimKey := func(uri string) func(*Response) {
		return sealed(func(doc string) string {
			p := find(doc, "xenc:EncryptedKey")
			return p.with(algorithm(p.text, "xenc:EncryptionMethod", uri))
		})
	}
	named := func(change func(string) string) func(*Response) {
		return func(r *Response) {
			r.Encryption.Place = xmlenc.Named
			r.AfterEncryption(change)
		}
	}
	inside := func(change func(string) string) func(*Response) { return all(place(xmlenc.Inside), sealed(change)) }
	rsa15 := how(func(e *xmlenc.Encryption) { e.Transport = xmlenc.RSA15 })
	recipient := func(name string) func(*Response) {
		return how(func(e *xmlenc.Encryption) { e.Recipient = name })
	}
	legacy := func(change func(*saml.Legacy)) func(*saml.Expect) {
		return func(e *saml.Expect) { change(&e.Legacy) }
	}
	// gcm changes the octets of a text that is sealed by AES-GCM.
	gcm := func(name string, change func([]byte) []byte, rule saml.Rule) Attack {
		return Attack{No: 68, Name: name, Forge: all(content(xmlenc.AES256GCM), sealed(cipherValue("xenc:EncryptedData", change))), Rule: rule, Alone: true,
			Twin: content(xmlenc.AES256GCM)}
	}
	const sp = "https://sso.example/saml/acme-okta"
	attacks := []Attack{
		{No: 67, Name: "RSA 1.5", Forge: rsa15, Rule: saml.EncAlg, Alone: true, Twin: rsa15, TwinExpect: legacy(func(l *saml.Legacy) { l.RSA15 = true })},
		{No: 67, Name: "RSA 1.5, another key inside", Forge: all(rsa15, how(func(e *xmlenc.Encryption) { e.To = []*rsa.PublicKey{strangersKey()} })), Rule: saml.EncFailed, Alone: true,
			Expect: legacy(func(l *saml.Legacy) { l.RSA15 = true }), Twin: rsa15},
		{No: 67, Name: "OAEP claimed to be RSA 1.5", Forge: all(place(xmlenc.Inside), how(func(e *xmlenc.Encryption) { e.Transport, e.Mask = xmlenc.RSAOAEPMGF1P, "" }), claimKey(xmlenc.RSA15)), Rule: saml.EncFailed, Alone: true, Expect: legacy(func(l *saml.Legacy) { l.RSA15 = true })},
		{No: 69, Name: "triple DES", Forge: content(xmlenc.TripleDESCBC), Rule: saml.EncAlg, Alone: true, Twin: content(xmlenc.TripleDESCBC), TwinExpect: legacy(func(l *saml.Legacy) { l.TripleDES = true })},
		gcm("short tag", func(b []byte) []byte { return b[:len(b)-4] }, saml.EncFailed),
		gcm("tag of four octets", func(b []byte) []byte { return b[:len(b)-12] }, saml.EncFailed),
		gcm("no tag", func(b []byte) []byte { return b[:len(b)-16] }, saml.EncFailed),
		gcm("tag and more", func(b []byte) []byte { return append(b, 0) }, saml.EncFailed),
		gcm("altered tag", flip(-1), saml.EncFailed),
		gcm("altered text", flip(40), saml.EncFailed),
		gcm("altered IV", flip(0), saml.EncFailed),
		gcm("IV of sixteen octets", func(b []byte) []byte { return slices.Concat(b[:12], make([]byte, 4), b[12:]) }, saml.EncFailed),
		gcm("IV of eight octets", func(b []byte) []byte { return b[4:] }, saml.EncFailed),
		gcm("neither IV nor tag", func(b []byte) []byte { return b[:27] }, saml.EncShape),
		gcm("nothing", func([]byte) []byte { return nil }, saml.EncShape),
		{No: 66, Name: "altered text of CBC", Forge: all(content(xmlenc.AES256CBC), sealed(cipherValue("xenc:EncryptedData", flip(20)))), Rule: saml.EncFailed, Twin: content(xmlenc.AES256CBC)},
		{No: 66, Name: "altered padding of CBC", Forge: all(content(xmlenc.AES256CBC), sealed(cipherValue("xenc:EncryptedData", flip(-17)))), Rule: saml.EncFailed, Twin: content(xmlenc.AES256CBC)},
		{No: 62, Name: "CBC of odd length", Forge: all(content(xmlenc.AES256CBC), sealed(cipherValue("xenc:EncryptedData", func(b []byte) []byte { return b[:len(b)-1] }))), Rule: saml.EncShape, Alone: true, Twin: content(xmlenc.AES256CBC)},
		{No: 67, Name: "altered key", Forge: sealed(cipherValue("xenc:EncryptedKey", flip(100))), Rule: saml.EncFailed, Alone: true},
		{No: 67, Name: "key of another length", Forge: sealed(cipherValue("xenc:EncryptedKey", func(b []byte) []byte { return b[:len(b)-1] })), Rule: saml.EncFailed, Alone: true},
		{No: 69, Name: "key shorter than the algorithm says", Forge: all(content(xmlenc.AES128GCM), claim(xmlenc.AES256GCM)), Rule: saml.EncFailed, Alone: true, Twin: content(xmlenc.AES128GCM)},
		{No: 69, Name: "key longer than the algorithm says", Forge: all(content(xmlenc.AES256GCM), claim(xmlenc.AES128GCM)), Rule: saml.EncFailed, Alone: true},
		{No: 69, Name: "GCM claimed to be CBC", Forge: all(content(xmlenc.AES256GCM), claim(xmlenc.AES256CBC), sealed(cipherValue("xenc:EncryptedData", func(b []byte) []byte { return b[:len(b)/16*16-1] }))), Rule: saml.EncShape, Alone: true, Twin: content(xmlenc.AES256CBC)},
		{No: 69, Name: "GCM claimed to be CBC, cut to whole blocks", Forge: all(content(xmlenc.AES256GCM), claim(xmlenc.AES256CBC), sealed(cipherValue("xenc:EncryptedData", func(b []byte) []byte { return b[:len(b)/16*16] }))), Rule: saml.EncFailed, Twin: content(xmlenc.AES256CBC)},
		{No: 69, Name: "unknown algorithm", Forge: claim("urn:none"), Rule: saml.EncAlg, Alone: true, Twin: content(xmlenc.AES192GCM)},
		{No: 69, Name: "key wrapped by a shared key", Forge: claimKey("http://www.w3.org/2001/04/xmlenc#kw-aes256"), Rule: saml.EncAlg, Alone: true,
			Twin: how(func(e *xmlenc.Encryption) { e.Transport = xmlenc.RSAOAEP })},
		{No: 69, Name: "key for another", Forge: how(func(e *xmlenc.Encryption) { e.To = []*rsa.PublicKey{strangersKey()} }), Rule: saml.EncFailed, Alone: true,
			Twin: how(func(e *xmlenc.Encryption) { e.To = append([]*rsa.PublicKey{strangersKey()}, e.To...) })},
		{No: 69, Name: "key said to be for another", Forge: recipient("https://other.example"), Rule: saml.EncShape, Alone: true, Twin: recipient(sp)},
		{No: 69, Name: "many keys", Forge: to(5), Rule: saml.EncShape, Alone: true, Twin: all(place(xmlenc.Inside), to(4))},
		{No: 69, Name: "no key", Forge: sealed(func(doc string) string { return find(doc, "xenc:EncryptedKey").without() }), Rule: saml.EncShape, Alone: true, Twin: place(xmlenc.Beside)},
		{No: 69, Name: "long parameters", Forge: how(func(e *xmlenc.Encryption) { e.Params = slices.Repeat([]byte("x"), 257) }), Rule: saml.EncShape, Alone: true,
			Twin: how(func(e *xmlenc.Encryption) { e.Params = slices.Repeat([]byte("x"), 256) })},
		{No: 69, Name: "ten megabytes of parameters", Forge: sealed(func(doc string) string {
			p := find(doc, "xenc:EncryptedKey")
			return p.with(replaced(p.text, "</xenc:EncryptionMethod>", "<xenc:OAEPparams>"+strings.Repeat("AAAA", 2_500_000)+"</xenc:OAEPparams></xenc:EncryptionMethod>"))
		}), Rule: saml.XMLLimit, Bases: encryptedAlone},
		{No: 69, Name: "key wrapped by triple DES", Forge: claimKey("http://www.w3.org/2001/04/xmlenc#kw-tripledes"), Rule: saml.EncAlg, Alone: true},
		{No: 69, Name: "key by another algorithm of RSA", Forge: claimKey("http://www.w3.org/2009/xmlenc11#rsa-kem"), Rule: saml.EncAlg, Alone: true},
		{No: 69, Name: "text by RSA", Forge: claim(xmlenc.RSAOAEP), Rule: saml.EncAlg, Alone: true},
		{No: 69, Name: "text by a stream", Forge: claim("http://www.w3.org/2001/04/xmlenc#arcfour"), Rule: saml.EncAlg, Alone: true},
		{No: 69, Name: "key that is referred to", Forge: sealed(func(doc string) string {
			p := find(doc, "xenc:EncryptedKey")
			return p.with(find(p.text, "xenc:CipherValue").with(`<xenc:CipherReference URI="https://evil.example/"/>`))
		}), Rule: saml.EncShape, Alone: true},
		{No: 69, Name: "key encrypted by a key", Forge: sealed(func(doc string) string {
			p := find(doc, "xenc:EncryptedKey")
			inner := strings.Replace(p.text, ` Id="`, ` Id="x`, 1)
			return p.with(replaced(p.text, "</xenc:EncryptionMethod>", `</xenc:EncryptionMethod><ds:KeyInfo xmlns:ds="`+nsSignature+`">`+inner+`</ds:KeyInfo>`))
		}), Rule: saml.EncAlg, Alone: true},
		{No: 69, Name: "key that is derived", Forge: inside(func(doc string) string {
			return find(doc, "xenc:EncryptedKey").with(`<xenc11:DerivedKey xmlns:xenc11="http://www.w3.org/2009/xmlenc11#"/>`)
		}), Rule: saml.EncAlg, Alone: true, Twin: place(xmlenc.Inside)},
		{No: 69, Name: "octets elsewhere", Forge: sealed(func(doc string) string {
			e := find(doc, "xenc:EncryptedData")
			data, _ := child(e.text, "xenc:CipherData")
			return e.with(data.with(find(data.text, "xenc:CipherValue").with(`<xenc:CipherReference URI="https://evil.example/"/>`)))
		}), Rule: saml.EncShape, Alone: true},
		{No: 69, Name: "key elsewhere", Forge: named(func(doc string) string {
			_, rest, _ := strings.Cut(doc, ` URI="#`)
			id, _, _ := strings.Cut(rest, `"`)
			return replaced(doc, ` URI="#`+id+`"`, ` URI="https://evil.example/#`+id+`"`)
		}), Rule: saml.EncShape, Alone: true, Twin: place(xmlenc.Named)},
		{No: 69, Name: "key that is retrieved from itself", Forge: named(func(doc string) string {
			p := find(doc, "xenc:EncryptedKey")
			_, rest, _ := strings.Cut(p.text, ` Id="`)
			id, _, _ := strings.Cut(rest, `"`)
			return p.with(replaced(p.text, "<xenc:CipherData>", `<ds:KeyInfo xmlns:ds="`+nsSignature+`"><ds:RetrievalMethod URI="#`+id+`"/></ds:KeyInfo><xenc:CipherData>`))
		}), Rule: saml.EncShape, Alone: true, Twin: place(xmlenc.Named)},
		{No: 69, Name: "key agreed upon", Forge: inside(func(doc string) string {
			return find(doc, "xenc:EncryptedKey").with(`<xenc:AgreementMethod Algorithm="http://www.w3.org/2009/xmlenc11#ECDH-ES"/>`)
		}), Rule: saml.EncAlg, Alone: true, Twin: place(xmlenc.Inside)},
		{No: 69, Name: "two xenc:EncryptedData", Forge: sealed(func(doc string) string {
			p := find(doc, "xenc:EncryptedData")
			return p.with(p.text + strings.Replace(p.text, ` Id="`, ` Id="x`, 1))
		}), Rule: saml.EncShape, Alone: true},
		{No: 69, Name: "nothing inside", Forge: sealed(func(doc string) string {
			return find(doc, "saml:EncryptedAssertion").with(`<saml:EncryptedAssertion/>`)
		}), Rule: saml.EncShape, Alone: true},
		{No: 69, Name: "text beside", Forge: sealed(Replace("</saml:EncryptedAssertion>", "x</saml:EncryptedAssertion>")), Rule: saml.EncShape, Alone: true,
			Twin: sealed(Replace("</saml:EncryptedAssertion>", "\n</saml:EncryptedAssertion>"))},
		{No: 69, Name: "a signature beside", Forge: sealed(Replace("</saml:EncryptedAssertion>", `<ds:Signature xmlns:ds="`+nsSignature+`"/></saml:EncryptedAssertion>`)), Rule: saml.SigPlace, Alone: true},
		{No: 69, Name: "an assertion beside", Forge: func(r *Response) {
			r.AfterEncryption(Replace("</saml:EncryptedAssertion>", bare(r, evilID)+"</saml:EncryptedAssertion>"))
		}, Rule: saml.Shape, Alone: true},
		{No: 53, Name: "the assertion signed with SHA-1", Bases: encryptedInside, Forge: func(r *Response) { r.AssertionSigning.Method = xmldsig.RSASHA1 }, Rule: saml.EncFailed, Behind: saml.SigAlg,
			Twin: func(r *Response) { r.AssertionSigning.Method = xmldsig.RSASHA1 }, TwinExpect: legacy(func(l *saml.Legacy) { l.SHA1 = true })},
	}
	for i := range attacks {
		if attacks[i].Bases == nil {
			attacks[i].Bases = encrypted
		}
	}
	return attacks
}

// cipherValue changes the octets of the CipherValue of the text, in the
// xenc:EncryptedData itself, or of its key.
func cipherValue(of string, change func([]byte) []byte) func(doc string) string {
	return func(doc string) string {
		e := find(doc, of)
		data, ok := child(e.text, "xenc:CipherData")
		if !ok {
			panic("samltest: no CipherData")
		}
		value := find(data.text, "xenc:CipherValue")
		octets := change(decode(value.content()))
		return e.with(data.with(value.filled(base64.StdEncoding.EncodeToString(octets))))
	}
}

// flip changes one bit at a place, counted from the end if it is negative.
func flip(at int) func([]byte) []byte {
	return func(b []byte) []byte {
		i := at
		if i < 0 {
			i += len(b)
		}
		b[i] ^= 1
		return b
	}
}
