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

var (
	encrypted       = EncryptedBases[:]
	encryptedAlone  = []Base{EncryptedAssertionSigned}
	encryptedInside = []Base{EncryptedAssertionSigned, EncryptedBothSigned}
	encryptedSigned = []Base{EncryptedResponseSigned, EncryptedBothSigned}
)

// sealings put something into the encryption that must not be in it, or
// something encrypted where something else must be.
func sealings() []Attack {
	evilSealed := func(r *Response) func(string) string {
		return func(doc string) string {
			return find(doc, "saml:EncryptedAssertion").with(r.sealed("EncryptedAssertion", bare(r, evilID)))
		}
	}
	attacks := []Attack{
		{Name: "66 in the clear, where encryption is demanded", Bases: Bases[:], Rule: saml.EncMissing, Alone: true,
			Forge: func(r *Response) { r.Base = r.Base.plain() }, Expect: func(e *saml.Expect) { e.RequireEncryption = true },
			Twin: func(r *Response) { r.Base = r.Base.sealed() }},
		{Name: "63 unsigned assertion, encrypted", Bases: encryptedAlone, Forge: func(r *Response) { r.Base = EncryptedNothingSigned }, Rule: saml.EncFailed, Behind: saml.SigMissing},
		{Name: "63 signatures cut out before encryption", Bases: encryptedAlone, Forge: after(func(doc string) string {
			return find(doc, "ds:Signature").without()
		}), Rule: saml.EncFailed, Behind: saml.SigMissing},
		{Name: "63 forged assertion for the signed one", Bases: encryptedAlone, Forge: func(r *Response) { r.AfterEncryption(evilSealed(r)) }, Rule: saml.EncFailed, Behind: saml.SigMissing},
		{Name: "63 forged assertion in a signed response", Bases: encryptedSigned, Forge: func(r *Response) { r.AfterSigning(evilSealed(r)) }, Rule: saml.SigDigest, Alone: true},
		{Name: "63 forged assertion, the signature of the response cut out", Bases: []Base{EncryptedResponseSigned}, Forge: func(r *Response) {
			r.AfterSigning(func(doc string) string { return find(evilSealed(r)(doc), "ds:Signature").without() })
		}, Rule: saml.EncFailed, Behind: saml.SigMissing},
		{Name: "63 assertion signed by a stranger", Bases: encryptedInside, Forge: func(r *Response) {
			stranger, err := strangerKey()
			if err != nil {
				panic(err)
			}
			r.AssertionSigning.Key = stranger.key
		}, Rule: saml.EncFailed, Behind: saml.SigValue},
		{Name: "XSW13 two signatures inside", Bases: encryptedInside, Forge: func(r *Response) {
			r.BeforeEncryption(func(a string) string {
				p := find(a, "ds:Signature")
				return p.with(p.text + p.text)
			})
		}, Rule: saml.EncFailed, Behind: saml.SigCount},
		{Name: "63 response signed by a stranger", Bases: encryptedSigned, Forge: SignByStranger, Rule: saml.SigValue, Alone: true},
		{Name: "63 content changed, encrypted again", Bases: encryptedAlone, Forge: after(evil), Rule: saml.EncFailed, Behind: saml.SigDigest},
		{Name: "63 encrypted for no key of ours", Bases: encrypted, Forge: func(*Response) {}, ForgeExpect: func(e *saml.Expect) { e.DecryptionKeys = nil }, Rule: saml.EncKey, Alone: true},
		{Name: "64 plain assertion before the encrypted", Bases: withAssertion, Forge: func(r *Response) {
			r.AfterSigning(func(doc string) string {
				p := find(doc, "saml:Assertion")
				return p.with(p.text + r.sealed("EncryptedAssertion", forged(doc)))
			})
		}, Rule: saml.Count},
		{Name: "64 plain and encrypted, signed so", Forge: func(r *Response) {
			r.BeforeSigning(func(doc string) string {
				p := find(doc, "saml:Assertion")
				return p.with(p.text + r.sealed("EncryptedAssertion", bare(r, evilID)))
			})
		}, Rule: saml.Count, Alone: true},
		{Name: "64 two encrypted assertions", Bases: encrypted, Forge: func(r *Response) {
			r.AfterEncryption(func(doc string) string {
				p := find(doc, "saml:EncryptedAssertion")
				return p.with(p.text + r.sealed("EncryptedAssertion", bare(r, evilID)))
			})
		}, Rule: saml.Count, Alone: true},
		{Name: "64 encrypted assertion for the plain one", Bases: []Base{BothSigned}, Forge: func(r *Response) {
			r.AfterSigning(func(doc string) string {
				p := find(doc, "saml:Assertion")
				return p.with(r.sealed("EncryptedAssertion", forged(doc)))
			})
		}, Rule: saml.SigDigest, Alone: true},
		{Name: "65 reference to the response", Bases: encryptedInside, Forge: func(r *Response) { r.AssertionSigning.URI = "#" + r.ID }, Rule: saml.EncFailed, Behind: saml.SigRef,
			Twin: func(r *Response) { r.AssertionSigning.URI = "#" + r.AssertionID }},
		{Name: "65 genuine assertion in Extensions, reference from the encrypted one", Bases: encryptedAlone, Forge: func(r *Response) {
			r.AfterEncryption(func(doc string) string {
				status := find(doc, "samlp:Status")
				return status.with(extensions(bare(r, r.AssertionID)) + status.text)
			})
			r.BeforeEncryption(func(a string) string { return renamed(evil(a), evilID) })
		}, Rule: saml.Shape},
		{Name: "25 one ID outside and inside", Bases: encrypted, Forge: func(r *Response) { r.AssertionID = r.ID }, Rule: saml.EncFailed, Behind: saml.IDDup},
		{Name: "65 content of another type", Bases: encrypted, Forge: func(r *Response) { r.Encryption.Type = xmlenc.TypeContent }, Rule: saml.EncShape, Alone: true,
			Twin: func(r *Response) { r.Encryption.Type = xmlenc.TypeElement }},
		{Name: "66 by CBC although nobody asked", Bases: encryptedAlone, Forge: func(r *Response) {
			r.InResponseTo, r.Answers, r.Encryption.Content = "", "", xmlenc.AES256CBC
		}, Rule: saml.EncAlg, Alone: true, Expect: func(e *saml.Expect) { e.RequestID = "" },
			Twin: func(r *Response) { r.InResponseTo, r.Answers, r.Encryption.Content = "", "", xmlenc.AES256GCM }},
		{Name: "66 by CBC in an unsigned response although nobody asked", Bases: encryptedSigned, Forge: func(r *Response) {
			r.InResponseTo, r.Answers, r.Encryption.Content, r.Base = "", "", xmlenc.AES128CBC, EncryptedAssertionSigned
		}, Rule: saml.EncAlg, Alone: true, Expect: func(e *saml.Expect) { e.RequestID = "" },
			Twin: func(r *Response) { r.InResponseTo, r.Answers, r.Encryption.Content = "", "", xmlenc.AES128CBC }},
		{Name: "85 NameID and EncryptedID", Forge: func(r *Response) {
			r.BeforeSigning(func(doc string) string {
				p := find(doc, "saml:NameID")
				return p.with(p.text + r.sealed("EncryptedID", evil(p.text)))
			})
		}, Rule: saml.Shape, Alone: true, Twin: EncryptNameID},
		{Name: "63 encrypted NameID and no key", Forge: EncryptNameID, ForgeExpect: func(e *saml.Expect) { e.DecryptionKeys = nil }, Rule: saml.EncKey, Alone: true, Twin: EncryptNameID},
		{Name: "63 encrypted NameID for another", Forge: func(r *Response) {
			r.Encryption.To = []*rsa.PublicKey{strangersKey()}
			EncryptNameID(r)
		}, Rule: saml.EncFailed, Alone: true, Twin: EncryptNameID},
		{Name: "63 encrypted NameID exchanged", Forge: func(r *Response) {
			EncryptNameID(r)
			r.AfterSigning(func(doc string) string {
				return find(doc, "saml:EncryptedID").with(r.sealed("EncryptedID", `<saml:NameID>`+EvilNameID+`</saml:NameID>`))
			})
		}, Rule: saml.SigDigest, Alone: true, Twin: EncryptNameID},
		{Name: "63 encrypted attribute", Forge: swap("</saml:AttributeStatement>", "<saml:EncryptedAttribute/></saml:AttributeStatement>"), Rule: saml.EncShape, Alone: true},
	}
	for name, tc := range map[string]struct{ change, twin func(string) string }{
		"no XML":                     {change: func(string) string { return "alice" }},
		"nothing":                    {change: func(string) string { return "" }},
		"a NameID":                   {change: func(a string) string { return find(a, "saml:NameID").text }},
		"an element of another name": {change: func(a string) string { return strings.ReplaceAll(a, "saml:Assertion", "saml:Advice") }},
		"an element around it":       {change: func(a string) string { return "<x>" + a + "</x>" }},
		"of another namespace":       {change: Replace("<saml:Assertion ", `<saml:Assertion xmlns:saml="urn:evil" `), twin: Replace("<saml:Assertion ", `<saml:Assertion xmlns:x="urn:evil" `)},
		"two roots":                  {change: func(a string) string { return a + a }},
		"text behind":                {change: func(a string) string { return a + "x" }, twin: func(a string) string { return "\n " + a + "\n" }},
		"a document type":            {change: func(a string) string { return "<!DOCTYPE x>" + a }, twin: func(a string) string { return `<?xml version="1.0" encoding="UTF-8"?>` + a }},
		"an entity":                  {change: Replace(DefaultNameID, "&e;"), twin: Replace(DefaultNameID, "alice&#64;acme.example")},
		"a comment":                  {change: Replace(DefaultNameID, "alice<!-- -->@acme.example")},
		"a processing instruction":   {change: Replace(DefaultNameID, "alice<?p x?>@acme.example")},
		"a CDATA section":            {change: Replace(DefaultNameID, "<![CDATA["+DefaultNameID+"]]>")},
		"a prefix bound nowhere":     {change: Replace("<saml:Assertion ", `<saml:Assertion y:z="" `), twin: Replace("<saml:Assertion ", `<saml:Assertion  `)},
		"an end tag missing":         {change: func(a string) string { return strings.TrimSuffix(a, "</saml:Assertion>") }},
		"too deep":                   {change: Replace("<saml:Conditions", "<saml:Advice>"+strings.Repeat("<x>", 40)+strings.Repeat("</x>", 40)+"</saml:Advice><saml:Conditions")},
		"another encoding":           {change: toUTF16},
		"octets of no encoding":      {change: Replace(DefaultNameID, "alice\xff@acme.example")},
	} {
		// What is signed in front of the encryption must not hold the change, so that
		// it is the only fault: the assertion is signed by the Response around it.
		attack := Attack{Name: "65 inside: " + name, Bases: []Base{EncryptedResponseSigned}, Rule: saml.EncFailed,
			Forge: func(r *Response) { r.BeforeEncryption(tc.change) }}
		if tc.twin != nil {
			attack.Twin = func(r *Response) { r.BeforeEncryption(tc.twin) }
		}
		attacks = append(attacks, attack)
		attack.Name, attack.Bases, attack.Twin = "65 inside a signed one: "+name, encryptedAlone, nil
		attacks = append(attacks, attack)
	}
	for name, change := range map[string]func(string) string{
		"an assertion":    func(id string) string { return `<saml:Assertion>` + id + `</saml:Assertion>` },
		"a BaseID":        func(string) string { return `<saml:BaseID/>` },
		"two":             func(id string) string { return id + id },
		"a comment":       Replace("@", "<!-- -->@"),
		"an element":      Replace("@", "<x/>@"),
		"an ID twice":     Replace("<saml:NameID ", `<saml:NameID ID="x" Id="y" `),
		"a document type": func(id string) string { return "<!DOCTYPE x>" + id },
	} {
		attacks = append(attacks, Attack{Name: "65 inside an EncryptedID: " + name, Rule: saml.EncFailed, Forge: func(r *Response) {
			r.BeforeSigning(func(doc string) string {
				p := find(doc, "saml:NameID")
				return p.with(r.sealed("EncryptedID", change(p.text)))
			})
		}, Twin: EncryptNameID})
	}
	return attacks
}

// bare returns the assertion of a response, unsigned, with this ID and about
// whom the attacker wants to be.
func bare(r *Response, id string) string {
	a := *r.Assertion
	a.AssertionID = id
	w := Response{Assertions: []*Assertion{&a}, Dialect: Prefixed, ID: evilID + "R"}
	doc, err := w.write()
	if err != nil {
		panic(err)
	}
	return evil(find(string(doc), "saml:Assertion").text)
}

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
	claim := func(old, uri string) func(*Response) {
		return sealed(Replace(`Method Algorithm="`+old+`"`, `Method Algorithm="`+uri+`"`))
	}
	named := func(change func(string) string) func(*Response) {
		return func(r *Response) {
			r.Encryption.Place = xmlenc.Named
			r.AfterEncryption(change)
		}
	}
	all := func(changes ...func(*Response)) func(*Response) {
		return func(r *Response) {
			for _, change := range changes {
				change(r)
			}
		}
	}
	rsa15 := how(func(e *xmlenc.Encryption) { e.Transport = xmlenc.RSA15 })
	recipient := func(name string) func(*Response) {
		return how(func(e *xmlenc.Encryption) { e.Recipient = name })
	}
	legacy := func(change func(*saml.Legacy)) func(*saml.Expect) {
		return func(e *saml.Expect) { change(&e.Legacy) }
	}
	const sp = "https://sso.example/saml/acme-okta"
	attacks := []Attack{
		{Name: "67 RSA 1.5", Forge: rsa15, Rule: saml.EncAlg, Alone: true, Twin: rsa15, TwinExpect: legacy(func(l *saml.Legacy) { l.RSA15 = true })},
		{Name: "67 RSA 1.5, another key inside", Forge: all(rsa15, how(func(e *xmlenc.Encryption) { e.To = []*rsa.PublicKey{strangersKey()} })), Rule: saml.EncFailed, Alone: true,
			Expect: legacy(func(l *saml.Legacy) { l.RSA15 = true }), Twin: rsa15},
		{Name: "67 OAEP claimed to be RSA 1.5", Forge: sealed(func(doc string) string {
			return replaced(doc, `Algorithm="`+xmlenc.RSAOAEPMGF1P+`"`, `Algorithm="`+xmlenc.RSA15+`"`)
		}), Rule: saml.EncFailed, Alone: true, Expect: legacy(func(l *saml.Legacy) { l.RSA15 = true })},
		{Name: "69 triple DES", Forge: content(xmlenc.TripleDESCBC), Rule: saml.EncAlg, Alone: true, Twin: content(xmlenc.TripleDESCBC), TwinExpect: legacy(func(l *saml.Legacy) { l.TripleDES = true })},
		{Name: "68 short tag", Forge: sealed(cipherValue(1, func(b []byte) []byte { return b[:len(b)-4] })), Rule: saml.EncFailed, Alone: true},
		{Name: "68 altered tag", Forge: sealed(cipherValue(1, flip(-1))), Rule: saml.EncFailed, Alone: true},
		{Name: "68 altered IV", Forge: sealed(cipherValue(1, flip(0))), Rule: saml.EncFailed, Alone: true},
		{Name: "68 neither IV nor tag", Forge: sealed(cipherValue(1, func(b []byte) []byte { return b[:27] })), Rule: saml.EncShape, Alone: true},
		{Name: "66 altered text of CBC", Forge: all(content(xmlenc.AES256CBC), sealed(cipherValue(1, flip(20)))), Rule: saml.EncFailed, Twin: content(xmlenc.AES256CBC)},
		{Name: "66 altered padding of CBC", Forge: all(content(xmlenc.AES256CBC), sealed(cipherValue(1, flip(-17)))), Rule: saml.EncFailed, Twin: content(xmlenc.AES256CBC)},
		{Name: "62 CBC of odd length", Forge: all(content(xmlenc.AES256CBC), sealed(cipherValue(1, func(b []byte) []byte { return b[:len(b)-1] }))), Rule: saml.EncShape, Alone: true, Twin: content(xmlenc.AES256CBC)},
		{Name: "67 altered key", Forge: sealed(cipherValue(0, flip(100))), Rule: saml.EncFailed, Alone: true},
		{Name: "67 key of another length", Forge: sealed(cipherValue(0, func(b []byte) []byte { return b[:len(b)-1] })), Rule: saml.EncFailed, Alone: true},
		{Name: "69 key shorter than the algorithm says", Forge: all(content(xmlenc.AES128GCM), claim(xmlenc.AES128GCM, xmlenc.AES256GCM)), Rule: saml.EncFailed, Alone: true, Twin: content(xmlenc.AES128GCM)},
		{Name: "69 key longer than the algorithm says", Forge: claim(xmlenc.AES256GCM, xmlenc.AES128GCM), Rule: saml.EncFailed, Alone: true},
		{Name: "69 GCM claimed to be CBC", Forge: claim(xmlenc.AES256GCM, xmlenc.AES256CBC), Rule: saml.EncShape, Alone: true, Twin: content(xmlenc.AES256CBC)},
		{Name: "69 unknown algorithm", Forge: claim(xmlenc.AES256GCM, "urn:none"), Rule: saml.EncAlg, Alone: true, Twin: content(xmlenc.AES192GCM)},
		{Name: "69 key wrapped by a shared key", Forge: claim(xmlenc.RSAOAEPMGF1P, "http://www.w3.org/2001/04/xmlenc#kw-aes256"), Rule: saml.EncAlg, Alone: true,
			Twin: how(func(e *xmlenc.Encryption) { e.Transport = xmlenc.RSAOAEP })},
		{Name: "69 key for another", Forge: how(func(e *xmlenc.Encryption) { e.To = []*rsa.PublicKey{strangersKey()} }), Rule: saml.EncFailed, Alone: true,
			Twin: how(func(e *xmlenc.Encryption) { e.To = append([]*rsa.PublicKey{strangersKey()}, e.To...) })},
		{Name: "69 key said to be for another", Forge: recipient("https://other.example"), Rule: saml.EncShape, Alone: true, Twin: recipient(sp)},
		{Name: "69 many keys", Forge: to(5), Rule: saml.EncShape, Alone: true, Twin: to(4)},
		{Name: "69 no key", Forge: sealed(func(doc string) string { return find(doc, "xenc:EncryptedKey").without() }), Rule: saml.EncShape, Alone: true, Twin: place(xmlenc.Beside)},
		{Name: "69 long parameters", Forge: how(func(e *xmlenc.Encryption) { e.Params = slices.Repeat([]byte("x"), 257) }), Rule: saml.EncShape, Alone: true,
			Twin: how(func(e *xmlenc.Encryption) { e.Params = slices.Repeat([]byte("x"), 256) })},
		{Name: "69 octets elsewhere", Forge: sealed(func(doc string) string {
			return find(doc, "xenc:CipherValue").with(`<xenc:CipherReference URI="https://evil.example/"/>`)
		}), Rule: saml.EncShape, Alone: true},
		{Name: "69 key elsewhere", Forge: named(func(doc string) string {
			_, rest, _ := strings.Cut(doc, ` URI="#`)
			id, _, _ := strings.Cut(rest, `"`)
			return replaced(doc, ` URI="#`+id+`"`, ` URI="https://evil.example/#`+id+`"`)
		}), Rule: saml.EncShape, Alone: true, Twin: place(xmlenc.Named)},
		{Name: "69 key that is retrieved from itself", Forge: named(func(doc string) string {
			p := find(doc, "xenc:EncryptedKey")
			_, rest, _ := strings.Cut(p.text, ` Id="`)
			id, _, _ := strings.Cut(rest, `"`)
			return p.with(replaced(p.text, "<xenc:CipherData>", `<ds:KeyInfo xmlns:ds="`+nsSignature+`"><ds:RetrievalMethod URI="#`+id+`"/></ds:KeyInfo><xenc:CipherData>`))
		}), Rule: saml.EncShape, Alone: true, Twin: place(xmlenc.Named)},
		{Name: "69 key agreed upon", Forge: sealed(func(doc string) string {
			return find(doc, "xenc:EncryptedKey").with(`<xenc:AgreementMethod Algorithm="http://www.w3.org/2009/xmlenc11#ECDH-ES"/>`)
		}), Rule: saml.EncAlg, Alone: true},
		{Name: "69 two xenc:EncryptedData", Forge: sealed(func(doc string) string {
			p := find(doc, "xenc:EncryptedData")
			return p.with(p.text + replaced(p.text, ` Id="`, ` Id="x`))
		}), Rule: saml.EncShape, Alone: true},
		{Name: "69 nothing inside", Forge: sealed(func(doc string) string {
			return find(doc, "saml:EncryptedAssertion").with(`<saml:EncryptedAssertion/>`)
		}), Rule: saml.EncShape, Alone: true},
		{Name: "69 text beside", Forge: sealed(Replace("</saml:EncryptedAssertion>", "x</saml:EncryptedAssertion>")), Rule: saml.EncShape, Alone: true,
			Twin: sealed(Replace("</saml:EncryptedAssertion>", "\n</saml:EncryptedAssertion>"))},
		{Name: "69 a signature beside", Forge: sealed(Replace("</saml:EncryptedAssertion>", `<ds:Signature xmlns:ds="`+nsSignature+`"/></saml:EncryptedAssertion>`)), Rule: saml.SigPlace, Alone: true},
		{Name: "69 an assertion beside", Forge: func(r *Response) {
			r.AfterEncryption(Replace("</saml:EncryptedAssertion>", bare(r, evilID)+"</saml:EncryptedAssertion>"))
		}, Rule: saml.Shape, Alone: true},
		{Name: "53 the assertion signed with SHA-1", Bases: encryptedInside, Forge: func(r *Response) { r.AssertionSigning.Method = xmldsig.RSASHA1 }, Rule: saml.EncFailed, Behind: saml.SigAlg,
			Twin: func(r *Response) { r.AssertionSigning.Method = xmldsig.RSASHA1 }, TwinExpect: legacy(func(l *saml.Legacy) { l.SHA1 = true })},
	}
	for i := range attacks {
		if attacks[i].Bases == nil {
			attacks[i].Bases = encrypted
		}
	}
	return attacks
}

// cipherValue changes the octets of one CipherValue: 0 is that of the key, which
// stands inside, 1 that of the text.
func cipherValue(which int, change func([]byte) []byte) func(doc string) string {
	return func(doc string) string {
		const open, shut = "<xenc:CipherValue>", "</xenc:CipherValue>"
		start := 0
		for range which + 1 {
			i := strings.Index(doc[start:], open)
			if i < 0 {
				panic("samltest: no CipherValue")
			}
			start += i + len(open)
		}
		end := start + strings.Index(doc[start:], shut)
		octets, err := base64.StdEncoding.DecodeString(doc[start:end])
		if err != nil {
			panic(err)
		}
		return doc[:start] + base64.StdEncoding.EncodeToString(change(octets)) + doc[end:]
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
