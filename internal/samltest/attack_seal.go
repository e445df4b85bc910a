package samltest

import (
	"crypto/rsa"
	"strings"

	"github.com/sallyport/sallyport/internal/saml"
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
		{No: 66, Name: "in the clear, where encryption is demanded", Rule: saml.EncMissing, Alone: true,
			Forge: func(r *Response) { r.Base = r.Base.plain() }, Expect: func(e *saml.Expect) { e.RequireEncryption = true },
			Twin: func(r *Response) { r.Base = r.Base.sealed() }},
		{No: 63, Name: "unsigned assertion, encrypted", Bases: encryptedAlone, Forge: func(r *Response) { r.Base = EncryptedNothingSigned }, Rule: saml.EncFailed, Behind: saml.SigMissing},
		{No: 63, Name: "signatures cut out before encryption", Bases: encryptedAlone, Forge: after(func(doc string) string {
			return find(doc, "ds:Signature").without()
		}), Rule: saml.EncFailed, Behind: saml.SigMissing},
		{No: 63, Name: "forged assertion for the signed one", Bases: encryptedAlone, Forge: func(r *Response) { r.AfterEncryption(evilSealed(r)) }, Rule: saml.EncFailed, Behind: saml.SigMissing},
		{No: 63, Name: "forged assertion in a signed response", Bases: encryptedSigned, Forge: func(r *Response) { r.AfterSigning(evilSealed(r)) }, Rule: saml.SigDigest, Alone: true},
		{No: 63, Name: "forged assertion, the signature of the response cut out", Bases: []Base{EncryptedResponseSigned}, Forge: func(r *Response) {
			r.AfterSigning(func(doc string) string { return find(evilSealed(r)(doc), "ds:Signature").without() })
		}, Rule: saml.EncFailed, Behind: saml.SigMissing},
		{No: 63, Name: "assertion signed by a stranger", Bases: encryptedInside, Forge: func(r *Response) {
			r.AssertionSigning.Key = strangerPair().key
		}, Rule: saml.EncFailed, Behind: saml.SigValue},
		{No: 13, Name: "two signatures inside", Bases: encryptedInside, Forge: func(r *Response) {
			r.BeforeEncryption(func(a string) string {
				p := find(a, "ds:Signature")
				return p.with(p.text + p.text)
			})
		}, Rule: saml.EncFailed, Behind: saml.SigCount},
		{No: 63, Name: "response signed by a stranger", Bases: encryptedSigned, Forge: SignByStranger, Rule: saml.SigValue, Alone: true},
		{No: 63, Name: "content changed, encrypted again", Bases: encryptedAlone, Forge: after(evil), Rule: saml.EncFailed, Behind: saml.SigDigest},
		{No: 63, Name: "encrypted for no key of ours", Bases: encrypted, Forge: func(*Response) {}, ForgeExpect: func(e *saml.Expect) { e.DecryptionKeys = nil }, Rule: saml.EncKey, Alone: true},
		{No: 64, Name: "plain assertion before the encrypted", Bases: withAssertion, Forge: func(r *Response) {
			r.AfterSigning(func(doc string) string {
				p := find(doc, "saml:Assertion")
				return p.with(p.text + r.sealed("EncryptedAssertion", forged(doc)))
			})
		}, Rule: saml.Count},
		{No: 64, Name: "plain and encrypted, signed so", Forge: func(r *Response) {
			r.BeforeSigning(func(doc string) string {
				p := find(doc, "saml:Assertion")
				return p.with(p.text + r.sealed("EncryptedAssertion", bare(r, evilID)))
			})
		}, Rule: saml.Count, Alone: true},
		{No: 64, Name: "two encrypted assertions", Bases: encrypted, Forge: func(r *Response) {
			r.AfterEncryption(func(doc string) string {
				p := find(doc, "saml:EncryptedAssertion")
				return p.with(p.text + r.sealed("EncryptedAssertion", bare(r, evilID)))
			})
		}, Rule: saml.Count, Alone: true},
		{No: 64, Name: "encrypted assertion for the plain one", Bases: []Base{BothSigned}, Forge: func(r *Response) {
			r.AfterSigning(func(doc string) string {
				p := find(doc, "saml:Assertion")
				return p.with(r.sealed("EncryptedAssertion", forged(doc)))
			})
		}, Rule: saml.SigDigest, Alone: true},
		{No: 65, Name: "reference to the response", Bases: encryptedInside, Forge: func(r *Response) { r.AssertionSigning.URI = "#" + r.ID }, Rule: saml.EncFailed, Behind: saml.SigRef,
			Twin: func(r *Response) { r.AssertionSigning.URI = "#" + r.AssertionID }},
		{No: 65, Name: "genuine assertion in Extensions, reference from the encrypted one", Bases: encryptedAlone, Forge: func(r *Response) {
			r.AfterEncryption(func(doc string) string {
				status := find(doc, "samlp:Status")
				return status.with(extensions(bare(r, r.AssertionID)) + status.text)
			})
			r.BeforeEncryption(func(a string) string { return renamed(evil(a), evilID) })
		}, Rule: saml.Shape},
		{No: 25, Name: "one ID outside and inside", Bases: encrypted, Forge: func(r *Response) { r.AssertionID = r.ID }, Rule: saml.EncFailed, Behind: saml.IDDup},
		{No: 65, Name: "content of another type", Bases: encrypted, Forge: func(r *Response) { r.Encryption.Type = xmlenc.TypeContent }, Rule: saml.EncShape, Alone: true,
			Twin: func(r *Response) { r.Encryption.Type = xmlenc.TypeElement }},
		{No: 66, Name: "by CBC although nobody asked", Bases: encryptedAlone, Forge: func(r *Response) {
			r.InResponseTo, r.Answers, r.Encryption.Content = "", "", xmlenc.AES256CBC
		}, Rule: saml.EncAlg, Alone: true, Expect: func(e *saml.Expect) { e.RequestID = "" },
			Twin: func(r *Response) { r.InResponseTo, r.Answers, r.Encryption.Content = "", "", xmlenc.AES256GCM }},
		{No: 66, Name: "by CBC in an unsigned response although nobody asked", Bases: encryptedSigned, Forge: func(r *Response) {
			r.InResponseTo, r.Answers, r.Encryption.Content, r.Base = "", "", xmlenc.AES128CBC, EncryptedAssertionSigned
		}, Rule: saml.EncAlg, Alone: true, Expect: func(e *saml.Expect) { e.RequestID = "" },
			Twin: func(r *Response) { r.InResponseTo, r.Answers, r.Encryption.Content = "", "", xmlenc.AES128CBC }},
		{No: 85, Name: "NameID and EncryptedID", Forge: func(r *Response) {
			r.BeforeSigning(func(doc string) string {
				p := find(doc, "saml:NameID")
				return p.with(p.text + r.sealed("EncryptedID", evil(p.text)))
			})
		}, Rule: saml.Shape, Alone: true, Twin: EncryptNameID},
		{No: 63, Name: "encrypted NameID and no key", Forge: EncryptNameID, ForgeExpect: func(e *saml.Expect) { e.DecryptionKeys = nil }, Rule: saml.EncKey, Alone: true, Twin: EncryptNameID},
		{No: 63, Name: "encrypted NameID for another", Forge: func(r *Response) {
			r.Encryption.To = []*rsa.PublicKey{strangersKey()}
			EncryptNameID(r)
		}, Rule: saml.EncFailed, Alone: true, Twin: EncryptNameID},
		{No: 63, Name: "encrypted NameID exchanged", Forge: func(r *Response) {
			EncryptNameID(r)
			r.AfterSigning(func(doc string) string {
				return find(doc, "saml:EncryptedID").with(r.sealed("EncryptedID", `<saml:NameID>`+EvilNameID+`</saml:NameID>`))
			})
		}, Rule: saml.SigDigest, Alone: true, Twin: EncryptNameID},
		{No: 63, Name: "encrypted attribute", Forge: swap("</saml:AttributeStatement>", "<saml:EncryptedAttribute/></saml:AttributeStatement>"), Rule: saml.EncShape, Alone: true},
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
		"another encoding":           {change: func(a string) string { return "\xfe\xff" + units(a, 1, 0) }},
		"octets of no encoding":      {change: Replace(DefaultNameID, "alice\xff@acme.example")},
	} {
		// What is signed in front of the encryption must not hold the change, so that
		// it is the only fault: the assertion is signed by the Response around it.
		attack := Attack{No: 65, Name: "inside: " + name, Bases: []Base{EncryptedResponseSigned}, Rule: saml.EncFailed,
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
		attacks = append(attacks, Attack{No: 65, Name: "inside an EncryptedID: " + name, Rule: saml.EncFailed, Forge: func(r *Response) {
			r.BeforeSigning(func(doc string) string {
				p := find(doc, "saml:NameID")
				return p.with(r.sealed("EncryptedID", change(p.text)))
			})
		}, Twin: EncryptNameID})
	}
	return attacks
}
