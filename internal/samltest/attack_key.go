package samltest

import (
	"crypto"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/xmldsig"
)

const moreAlgorithms = "http://www.w3.org/2001/04/xmldsig-more"

// algorithms are signatures by what is weak, or by no signature at all.
func algorithms() []Attack {
	method := func(uri string) func(*Response) {
		return func(r *Response) { r.EachSigning(func(s *xmldsig.Signing) { s.Method = uri }) }
	}
	claim := func(uri string) func(*Response) {
		return onSignature(func(s string) string { return algorithm(s, "ds:SignatureMethod", uri) })
	}
	digest := func(uri string) func(*Response) {
		return reseal(func(s string) string { return algorithm(s, "ds:DigestMethod", uri) })
	}
	sha1 := func(e *saml.Expect) { e.Legacy.SHA1 = true }
	sha1Digest := func(r *Response) { r.EachSigning(func(s *xmldsig.Signing) { s.Digest = xmldsig.SHA1 }) }
	attacks := []Attack{
		{No: 53, Name: "RSA with SHA-1", Forge: method(xmldsig.RSASHA1), Rule: saml.SigAlg, Alone: true, Twin: method(xmldsig.RSASHA1), TwinExpect: sha1},
		{No: 53, Name: "digest with SHA-1", Forge: sha1Digest, Rule: saml.SigAlg, Alone: true, Twin: sha1Digest, TwinExpect: sha1},
		{No: 53, Name: "digest with MD5", Forge: digest(moreAlgorithms + "#md5"), Rule: saml.SigAlg, Alone: true},
		{No: 53, Name: "digest with RIPEMD-160", Forge: digest("http://www.w3.org/2001/04/xmlenc#ripemd160"), Rule: saml.SigAlg, Alone: true},
		{No: 53, Name: "digest with Whirlpool", Forge: digest("http://www.w3.org/2007/05/xmldsig-more#whirlpool"), Rule: saml.SigAlg, Alone: true},
		{No: 53, Name: "digest with nothing", Forge: digest(""), Rule: saml.SigAlg, Alone: true},
		{No: 53, Name: "no SignatureMethod but its element", Forge: onSignature(func(s string) string { return find(s, "ds:SignatureMethod").with("<ds:SignatureMethod/>") }), Rule: saml.SigAlg, Alone: true},
		{No: 52, Name: "ECDSA with an RSA key", Forge: claim(xmldsig.ECDSASHA256), Rule: saml.SigAlg, Alone: true, Twin: method(xmldsig.PSSSHA256)},
	}
	for name, uri := range map[string]string{
		"HMAC-SHA-1": nsSignature + "hmac-sha1", "HMAC-SHA-256": moreAlgorithms + "#hmac-sha256", "HMAC-MD5": moreAlgorithms + "#hmac-md5",
		"RSA with MD5": moreAlgorithms + "#rsa-md5", "RSA with RIPEMD-160": moreAlgorithms + "/rsa-ripemd160",
		"DSA with SHA-1": nsSignature + "dsa-sha1", "DSA with SHA-256": "http://www.w3.org/2009/xmldsig11#dsa-sha256", "ECDSA with SHA-1": xmldsig.ECDSASHA1,
		"Ed25519": "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519", "none": "none", "nothing": "",
		"a space behind": xmldsig.RSASHA256 + " ", "capital letters": strings.ToUpper(xmldsig.RSASHA256), "the digest for the signature": xmldsig.SHA256,
	} {
		attacks = append(attacks, Attack{No: 53, Name: "signed by " + name, Forge: claim(uri), Rule: saml.SigAlg, Alone: true, Twin: method(xmldsig.RSASHA512)})
	}
	// What everybody knows, for a secret.
	for name, secret := range map[string]func(cert []byte) []byte{
		"certificate":        func(cert []byte) []byte { return cert },
		"certificate in PEM": func(cert []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}) },
		"certificate in base64": func(cert []byte) []byte {
			return []byte(base64.StdEncoding.EncodeToString(cert))
		},
		"public key": func(cert []byte) []byte { return parsed(cert).RawSubjectPublicKeyInfo },
		"public key in PEM": func(cert []byte) []byte {
			return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: parsed(cert).RawSubjectPublicKeyInfo})
		},
		"nothing": func([]byte) []byte { return nil },
	} {
		for _, by := range []struct {
			name, uri string
			hash      crypto.Hash
		}{{"HMAC-SHA-1", nsSignature + "hmac-sha1", crypto.SHA1}, {"HMAC-SHA-256", moreAlgorithms + "#hmac-sha256", crypto.SHA256}} {
			attacks = append(attacks, Attack{No: 52, Name: by.name + " with the secret: " + name, Rule: saml.SigAlg, Alone: true, Forge: func(r *Response) {
				r.ResealBy(func(s string) string { return algorithm(s, "ds:SignatureMethod", by.uri) }, func(octets []byte) []byte {
					mac := hmac.New(by.hash.New, secret(r.cert))
					mac.Write(octets)
					return mac.Sum(nil)
				})
			}})
		}
	}
	return attacks
}

// configured is a key that the service provider comes to know.
type configured func(*saml.Expect) xmldsig.Key

// keys are signatures by somebody else, who says who he is.
func keys() []Attack {
	stranger := func(r *Response) {
		s := strangerPair()
		r.EachSigning(func(how *xmldsig.Signing) { how.Key = s.key })
	}
	only := func(keys ...configured) func(*saml.Expect) {
		return func(e *saml.Expect) {
			var all []xmldsig.Key
			for _, key := range keys {
				all = append(all, key(e))
			}
			e.IdP.Keys = all
		}
	}
	right := func(e *saml.Expect) xmldsig.Key { return e.IdP.Keys[0] }
	wrong := func(*saml.Expect) xmldsig.Key { return publicKey(strangerPair().key.Public()) }
	none := func(*saml.Expect) xmldsig.Key { return xmldsig.Key{} }
	attacks := []Attack{
		{No: 54, Name: "key of a stranger in KeyInfo", Forge: SignByStranger, Rule: saml.SigValue, Alone: true},
		{No: 54, Name: "key of a stranger and no KeyInfo", Forge: func(r *Response) {
			stranger(r)
			r.EachSigning(func(s *xmldsig.Signing) { s.Certificate = nil })
		}, Rule: saml.SigValue, Alone: true, Twin: func(r *Response) {
			r.EachSigning(func(s *xmldsig.Signing) { s.Certificate = nil })
		}},
		{No: 56, Name: "key that was taken away", Forge: asItIs, ForgeExpect: only(wrong), Rule: saml.SigValue, Alone: true, TwinExpect: only(wrong, right)},
		{No: 55, Name: "key that another connection has", Forge: stranger, Rule: saml.SigValue, Alone: true, Twin: stranger, TwinExpect: only(right, wrong)},
		{No: 57, Name: "no key configured", Forge: asItIs, ForgeExpect: only(), Rule: saml.SigKey, Alone: true},
		{No: 57, Name: "a key that is none", Forge: asItIs, ForgeExpect: only(none), Rule: saml.SigKey, Alone: true, TwinExpect: only(none, right)},
		{No: 57, Name: "no key configured, nothing signed", Forge: Unsigned, ForgeExpect: only(), Rule: saml.SigMissing},
		{No: 55, Name: "nine keys configured", Forge: asItIs, ForgeExpect: only(slices.Repeat([]configured{right}, xmldsig.MaxKeys+1)...), Rule: saml.SigKey, Alone: true,
			TwinExpect: only(append(slices.Repeat([]configured{wrong}, xmldsig.MaxKeys-1), right)...)},
		{No: 59, Name: "key of 1024 bits", Forge: by1024, ForgeExpect: only(key1024), Rule: saml.SigKey, Alone: true, Twin: by1024, TwinExpect: func(e *saml.Expect) {
			only(key1024)(e)
			e.Legacy.RSA1024 = true
		}},
		{No: 59, Name: "key of 1024 bits beside a strong one", Forge: by1024, ForgeExpect: only(right, key1024), Rule: saml.SigValue, Alone: true, TwinExpect: only(right, key1024)},
	}
	x509Data := func(certs ...[]byte) string {
		data := "<ds:X509Data>"
		for _, cert := range certs {
			data += "<ds:X509Certificate>" + base64.StdEncoding.EncodeToString(cert) + "</ds:X509Certificate>"
		}
		return data + "</ds:X509Data>"
	}
	number := func(n *big.Int) string { return base64.StdEncoding.EncodeToString(n.Bytes()) }
	public := func() *rsa.PublicKey { return mustRSA(strangerPair().key.Public()) }
	const sig11 = `xmlns:s11="http://www.w3.org/2009/xmldsig11#"`
	for name, content := range map[string]func(trusted []byte) string{
		"the trusted certificate": func(trusted []byte) string { return x509Data(trusted) },
		"the trusted certificate and the stranger's": func(trusted []byte) string {
			return x509Data(trusted, strangerPair().cert)
		},
		"the stranger's certificate and the trusted": func(trusted []byte) string {
			return x509Data(strangerPair().cert, trusted)
		},
		"two of X509Data": func(trusted []byte) string { return x509Data(trusted) + x509Data(strangerPair().cert) },
		"RSAKeyValue": func([]byte) string {
			return `<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>` + number(public().N) + `</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>`
		},
		"DSAKeyValue": func([]byte) string {
			return `<ds:KeyValue><ds:DSAKeyValue><ds:P>AQ==</ds:P><ds:Q>AQ==</ds:Q><ds:G>AQ==</ds:G><ds:Y>AQ==</ds:Y></ds:DSAKeyValue></ds:KeyValue>`
		},
		"ECKeyValue": func([]byte) string {
			return `<ds:KeyValue><s11:ECKeyValue ` + sig11 + `><s11:NamedCurve URI="urn:oid:1.2.840.10045.3.1.7"/><s11:PublicKey>BA==</s11:PublicKey></s11:ECKeyValue></ds:KeyValue>`
		},
		"DEREncodedKeyValue": func([]byte) string {
			return `<s11:DEREncodedKeyValue ` + sig11 + `>` + base64.StdEncoding.EncodeToString(parsed(strangerPair().cert).RawSubjectPublicKeyInfo) + `</s11:DEREncodedKeyValue>`
		},
		"KeyName":          func([]byte) string { return `<ds:KeyName>idp.example</ds:KeyName>` },
		"X509IssuerSerial": func([]byte) string { return issuerSerial },
		"X509SKI":          func([]byte) string { return `<ds:X509Data><ds:X509SKI>AAAA</ds:X509SKI></ds:X509Data>` },
		"X509SubjectName": func([]byte) string {
			return `<ds:X509Data><ds:X509SubjectName>CN=idp.example</ds:X509SubjectName></ds:X509Data>`
		},
		"RetrievalMethod": func([]byte) string {
			return `<ds:RetrievalMethod URI="https://evil.example/key" Type="` + nsSignature + `X509Data"/>`
		},
		"KeyInfoReference": func([]byte) string { return `<s11:KeyInfoReference ` + sig11 + ` URI="https://evil.example/key"/>` },
		"an empty certificate": func([]byte) string {
			return `<ds:X509Data><ds:X509Certificate/></ds:X509Data>`
		},
		"nothing": func([]byte) string { return "" },
	} {
		info := func(r *Response) {
			onKeyInfo(func(string, string) string { return content(r.cert) })(r)
		}
		attacks = append(attacks, Attack{No: 54, Name: "key of a stranger, in KeyInfo: " + name, Forge: all(stranger, info), Rule: saml.SigValue, Alone: true, Twin: info})
	}
	issued := onKeyInfo(func(string, string) string { return x509Data(issuedTo()) })
	return append(append(attacks, Attack{No: 55, Name: "key of a stranger whose certificate the trusted key has issued", Forge: all(stranger, issued), Rule: saml.SigValue, Alone: true, Twin: issued}), numbers()...)
}

const issuerSerial = `<ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>CN=idp.example</ds:X509IssuerName><ds:X509SerialNumber>1</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>`

// numbers are signatures that are right but for their form.
func numbers() []Attack {
	byEC := func(r *Response) {
		r.EachSigning(func(s *xmldsig.Signing) { s.Key, s.Method = ecPair().key, xmldsig.ECDSASHA256 })
	}
	knowsEC := func(e *saml.Expect) { e.IdP.Keys = []xmldsig.Key{publicKey(ecPair().key.Public())} }
	var attacks []Attack
	order := func() *big.Int { return ecPair().key.Params().N }
	for name, value := range map[string]func(r, s *big.Int) []byte{
		"in DER":             inDER,
		"with r of zero":     func(_, s *big.Int) []byte { return wide(32, new(big.Int), s) },
		"with s of zero":     func(r, _ *big.Int) []byte { return wide(32, r, new(big.Int)) },
		"of zeroes":          func(_, _ *big.Int) []byte { return make([]byte, 64) },
		"with r of n":        func(_, s *big.Int) []byte { return wide(32, order(), s) },
		"with s of n":        func(r, _ *big.Int) []byte { return wide(32, r, order()) },
		"an octet wider":     func(r, s *big.Int) []byte { return wide(33, r, s) },
		"of another curve":   func(r, s *big.Int) []byte { return wide(48, r, s) },
		"cut off":            func(r, s *big.Int) []byte { return wide(32, r, s)[:63] },
		"with an octet more": func(r, s *big.Int) []byte { return append(wide(32, r, s), 0) },
		"exchanged":          func(r, s *big.Int) []byte { return wide(32, s, r) },
	} {
		attacks = append(attacks, Attack{No: 58, Name: "ECDSA " + name, Rule: saml.SigValue, Alone: true, Expect: knowsEC, Twin: byEC, Forge: func(r *Response) {
			byEC(r)
			r.ResealBy(strings.Clone, func(octets []byte) []byte { return value(signEC(ecPair().key, octets)) })
		}})
	}
	attacks = append(attacks, Attack{No: 58, Name: "ECDSA, the other s", Rule: saml.SigDigest, Alone: true, Expect: knowsEC, Forge: all(byEC, after(evil)), Twin: func(r *Response) {
		byEC(r)
		r.ResealBy(strings.Clone, func(octets []byte) []byte {
			x, y := signEC(ecPair().key, octets)
			return wide(32, x, y.Sub(order(), y))
		})
	}})
	for name, pad := range map[string]func(key *rsa.PublicKey, sum []byte) []byte{
		"garbage behind the hash":       func(k *rsa.PublicKey, sum []byte) []byte { return padShort(k, info256(sum)) },
		"length of the hash in BER":     func(k *rsa.PublicKey, sum []byte) []byte { return padLong(k, infoBER(sum)) },
		"no parameter of the hash":      func(k *rsa.PublicKey, sum []byte) []byte { return padLong(k, infoBare(sum)) },
		"hash without its name":         padLong,
		"hash of SHA-1's length":        func(k *rsa.PublicKey, sum []byte) []byte { return padLong(k, info256(sum[:20])) },
		"padding for encryption":        func(k *rsa.PublicKey, sum []byte) []byte { return retyped(padLong(k, info256(sum)), 2) },
		"padding of zeroes":             func(k *rsa.PublicKey, sum []byte) []byte { return zeroed(padLong(k, info256(sum)), len(info256(sum))) },
		"padding of the newer standard": func(k *rsa.PublicKey, sum []byte) []byte { return padPSS(k, sum, crypto.SHA256) },
	} {
		attacks = append(attacks, Attack{No: 59, Name: "RSA, " + name, Rule: saml.SigValue, Alone: true, Forge: rawRSA(xmldsig.RSASHA256, pad),
			Twin: rawRSA(xmldsig.RSASHA256, func(k *rsa.PublicKey, sum []byte) []byte { return padLong(k, info256(sum)) })})
	}
	for name, change := range map[string]func(value []byte) []byte{
		"an octet less":       func(v []byte) []byte { return v[:len(v)-1] },
		"an octet more":       func(v []byte) []byte { return append(v, 0) },
		"a zero in front":     func(v []byte) []byte { return append([]byte{0}, v...) },
		"a bit changed":       func(v []byte) []byte { v[9] ^= 1; return v },
		"zeroes":              func(v []byte) []byte { return make([]byte, len(v)) },
		"one":                 func(v []byte) []byte { return new(big.Int).SetInt64(1).FillBytes(make([]byte, len(v))) },
		"longer than any key": func([]byte) []byte { return make([]byte, 1024) },
	} {
		attacks = append(attacks, Attack{No: 59, Name: "RSA, " + name, Rule: saml.SigValue, Alone: true, Forge: func(r *Response) {
			onSignature(func(s string) string {
				p := find(s, "ds:SignatureValue")
				return p.filled(base64.StdEncoding.EncodeToString(change(decode(p.content()))))
			})(r)
		}})
	}
	for name, pad := range map[string]func(key *rsa.PublicKey, sum []byte) []byte{
		"mask by another hash":      func(k *rsa.PublicKey, sum []byte) []byte { return padPSS(k, sum, crypto.SHA1) },
		"padding of the older kind": func(k *rsa.PublicKey, sum []byte) []byte { return padLong(k, info256(sum)) },
	} {
		attacks = append(attacks, Attack{No: 59, Name: "RSA-PSS, " + name, Rule: saml.SigValue, Alone: true, Forge: rawRSA(xmldsig.PSSSHA256, pad),
			Twin: rawRSA(xmldsig.PSSSHA256, func(k *rsa.PublicKey, sum []byte) []byte { return padPSS(k, sum, crypto.SHA256) })})
	}
	return attacks
}

// SignByStranger signs with a key that the service provider does not know and
// puts its certificate into KeyInfo.
func SignByStranger(r *Response) {
	stranger := strangerPair()
	r.EachSigning(func(s *xmldsig.Signing) { s.Key, s.Certificate = stranger.key, stranger.cert })
}

// Unsigned leaves out the signatures.
func Unsigned(r *Response) { r.Base = NothingSigned }

// exclusions leave signatures out, or have one make up for the other.
func exclusions() []Attack {
	cut := func(doc string) string {
		for strings.Contains(doc, "<ds:Signature ") {
			doc = find(doc, "ds:Signature").without()
		}
		return doc
	}
	assertion := func(change func(a string) string) func(*Response) {
		return after(func(doc string) string {
			p := find(doc, "saml:Assertion")
			return p.with(change(p.text))
		})
	}
	const emptySignature = `<ds:Signature xmlns:ds="` + nsSignature + `"></ds:Signature>`
	return []Attack{
		{No: 60, Name: "no signature", Forge: Unsigned, Rule: saml.SigMissing, Alone: true},
		{No: 60, Name: "signatures cut out", Forge: after(cut), Rule: saml.SigMissing, Alone: true},
		{No: 60, Name: "signatures cut out, another user named", Forge: after(func(doc string) string { return evil(cut(doc)) }), Rule: saml.SigMissing, Alone: true},
		{No: 60, Name: "empty signature", Forge: after(func(doc string) string { return outermost(doc).with(emptySignature) }), Rule: saml.SigMissing, Alone: true},
		{No: 60, Name: "empty signature on a forged assertion", Bases: assertionAlone, Forge: after(func(doc string) string { return find(evil(doc), "ds:Signature").with(emptySignature) }), Rule: saml.SigMissing, Alone: true},
		{No: 60, Name: "signature of another namespace", Bases: []Base{AssertionSigned, ResponseSigned}, Forge: tamper(`xmlns:ds="`+nsSignature+`"`, `xmlns:ds="urn:evil"`), Rule: saml.SigMissing},
		{No: 60, Name: "signature of no namespace", Bases: []Base{AssertionSigned, ResponseSigned}, Forge: after(func(doc string) string {
			p := outermost(doc)
			return p.with(strings.ReplaceAll(p.text, "ds:", ""))
		}), Rule: saml.SigMissing},
		{No: 60, Name: "signature of the assertion cut out of a signed response", Bases: []Base{BothSigned}, Forge: assertion(unsigned), Rule: saml.SigDigest, Alone: true},
		{No: 60, Name: "signature of the response cut out, the assertion changed", Bases: []Base{BothSigned}, Forge: after(func(doc string) string { return evil(unsigned(doc)) }), Rule: saml.SigDigest, Alone: true,
			Twin: after(unsigned)},
		{No: 61, Name: "bad response, good assertion", Bases: []Base{BothSigned}, Forge: tamper("<samlp:Response ", "<samlp:Response Consent=\"urn:x\" "), Rule: saml.SigDigest, Alone: true,
			Twin: swap("<samlp:Response ", "<samlp:Response Consent=\"urn:x\" ")},
		{No: 61, Name: "signature of the response by a stranger, good assertion", Bases: []Base{BothSigned}, Forge: func(r *Response) { r.ResponseSigning.Key = strangerPair().key }, Rule: saml.SigValue, Alone: true},
		{No: 61, Name: "good response, bad assertion", Bases: []Base{BothSigned}, Forge: func(r *Response) { r.AssertionSigning.Key = strangerPair().key }, Rule: saml.SigValue, Alone: true},
		{No: 61, Name: "good response, an assertion changed before it", Bases: []Base{BothSigned}, Forge: func(r *Response) { r.BetweenSigning(evil) }, Rule: saml.SigDigest, Alone: true},
		{No: 61, Name: "content changed", Forge: after(evil), Rule: saml.SigDigest, Alone: true},
		{No: 61, Name: "attribute added", Forge: tamper("</saml:AttributeStatement>", `<saml:Attribute Name="role"><saml:AttributeValue>owner</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>`), Rule: saml.SigDigest, Alone: true},
		{No: 61, Name: "time extended", Forge: tamper(` NotOnOrAfter="2026-03-02T`, ` NotOnOrAfter="2027-03-02T`), Rule: saml.SigDigest, Alone: true},
		{No: 61, Name: "signature changed", Forge: onSignature(func(s string) string {
			p := find(s, "ds:SignatureValue")
			return p.filled(flipped(p.content()))
		}), Rule: saml.SigValue, Alone: true},
		{No: 64, Name: "plain assertion and an encrypted that is none", Forge: after(func(doc string) string {
			p := find(doc, "saml:Assertion")
			return p.with(p.text + "<saml:EncryptedAssertion><x></x></saml:EncryptedAssertion>")
		}), Rule: saml.Count},
	}
}

// parsed returns a certificate of ours.
func parsed(der []byte) *x509.Certificate {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return cert
}

func publicKey(public crypto.PublicKey) xmldsig.Key {
	key, err := xmldsig.NewKey(public)
	if err != nil {
		panic(err)
	}
	return key
}

func mustRSA(public crypto.PublicKey) *rsa.PublicKey {
	key, ok := public.(*rsa.PublicKey)
	if !ok {
		panic("samltest: no RSA key")
	}
	return key
}
