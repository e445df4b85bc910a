package saml_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmlenc"
)

// An oddity is something that real identity providers send and a strict reader could
// take for an attack.
type oddity struct {
	row   string
	cases []accepted
}

// accepted is a response that must be accepted.
type accepted struct {
	name   string
	forge  func(*samltest.Response)
	expect func(*saml.Expect)
	bases  []samltest.Base // nil: all, plain and encrypted
}

var encryptedBases = samltest.EncryptedBases[:]

func replacing(old, text string) func(*samltest.Response) {
	return func(r *samltest.Response) { r.BeforeSigning(samltest.Replace(old, text)) }
}

func signedBy(change func(*xmldsig.Signing)) func(*samltest.Response) {
	return func(r *samltest.Response) { r.EachSigning(change) }
}

func in(d samltest.Dialect) func(*samltest.Response) {
	return func(r *samltest.Response) { r.Dialect = d }
}

func at(p samltest.Place) func(*samltest.Response) {
	return func(r *samltest.Response) { r.Place = p }
}

func canonicalBy(algorithm string, prefixes ...string) func(*samltest.Response) {
	return signedBy(func(s *xmldsig.Signing) {
		s.Transforms = []xmldsig.C14N{{Algorithm: xmldsig.EnvelopedSignatureURI}, {Algorithm: algorithm, Prefixes: prefixes}}
		s.InfoC14N.Algorithm = algorithm
	})
}

func encryptedBy(change func(*xmlenc.Encryption)) func(*samltest.Response) {
	return func(r *samltest.Response) { change(&r.Encryption) }
}

func legacy(change func(*saml.Legacy)) func(*saml.Expect) {
	return func(e *saml.Expect) { change(&e.Legacy) }
}

// byECDSA signs with a key on a curve, and expects that key.
func byECDSA(t *testing.T, curve elliptic.Curve, method string) accepted {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return accepted{name: curve.Params().Name, forge: signedBy(func(s *xmldsig.Signing) { s.Key, s.Method, s.Certificate = key, method, nil }), expect: knows(t, key.Public())}
}

// expired signs with the key of a certificate that has expired long ago.
func expired(t *testing.T) accepted {
	t.Helper()
	key := ecKey(t)
	template := &x509.Certificate{SerialNumber: big.NewInt(7), NotBefore: time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2002, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	trusted, err := saml.NewMetadataKey(der)
	if err != nil {
		t.Fatal(err)
	}
	return accepted{
		name:   "its key",
		forge:  signedBy(func(s *xmldsig.Signing) { s.Key, s.Method, s.Certificate = key, xmldsig.ECDSASHA256, der }),
		expect: func(e *saml.Expect) { e.IdP.Keys = []xmldsig.Key{trusted.Key} },
	}
}

func knows(t *testing.T, public crypto.PublicKey) func(*saml.Expect) {
	t.Helper()
	key, err := xmldsig.NewKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return func(e *saml.Expect) { e.IdP.Keys = []xmldsig.Key{key} }
}

// oddities are what has been seen at real identity providers, row by row as
// docs/saml.md has them.
func oddities(t *testing.T) []oddity {
	t.Helper()
	const xsTypes = ` xmlns:%s="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="%s:%s"`
	typed := func(prefix, name string) func(*samltest.Response) {
		return replacing("<saml:AttributeValue>", `<saml:AttributeValue`+strings.NewReplacer("%s:%s", prefix+":"+name, "%s", prefix).Replace(xsTypes)+`>`)
	}
	unused := replacing("<samlp:Response ", `<samlp:Response xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:enc="http://www.w3.org/2001/04/xmlenc#" `)
	none := func(r *samltest.Response) { r.Statements = nil }
	unsolicited := func(r *samltest.Response) { r.InResponseTo, r.Answers = "", "" }
	sha1 := func(s *xmldsig.Signing) { s.Method, s.Digest = xmldsig.RSASHA1, xmldsig.SHA1 }
	weak := func(l *saml.Legacy) { l.SHA1 = true }
	other := ecKey(t)
	unsignedResponse := []samltest.Base{samltest.AssertionSigned, samltest.EncryptedAssertionSigned}
	signedResponse := []samltest.Base{samltest.ResponseSigned, samltest.EncryptedResponseSigned}
	keyInfo := func(content string) func(*samltest.Response) {
		return func(r *samltest.Response) {
			r.EachSigning(func(s *xmldsig.Signing) { s.Certificate = nil })
			r.AfterSigning(samltest.Replace("</ds:Signature>", "<ds:KeyInfo>"+content+"</ds:KeyInfo></ds:Signature>"))
		}
	}
	plainAlone := []samltest.Base{samltest.AssertionSigned, samltest.ResponseSigned}
	return append([]oddity{
		{"XML declaration, standalone, byte order mark, single quotes", []accepted{
			{name: "declaration with encoding", forge: in(samltest.SAML2)}, {name: "standalone no", forge: in(samltest.Java)},
			{name: "byte order mark and single quotes", forge: in(samltest.Quotes)}, {name: "declaration of the version alone", forge: in(samltest.Lines)},
		}},
		{"&#13; in SignatureValue, X509Certificate and DigestValue", []accepted{{name: "of Java", forge: in(samltest.Java)}}},
		{"CR LF or CR in the document", []accepted{
			{name: "CR LF", forge: in(samltest.Lines)}, {name: "CR", forge: replacing("<saml:Subject>", "\r\t<saml:Subject>\r  ")},
			{name: "both, and one that is kept", forge: replacing("<saml:Subject>", "&#13;\r\n<saml:Subject>")},
		}},
		{"default namespaces on one line, Consent", []accepted{
			{name: "of the assertion and the signature", forge: in(samltest.DefaultNamespaces)}, {name: "of everything", forge: in(samltest.NoPrefixes)},
			{name: "Consent", forge: replacing("<samlp:Response ", `<samlp:Response Consent="urn:oasis:names:tc:SAML:2.0:consent:unspecified" `)},
		}},
		{"xsi:type with a prefix in its value", []accepted{
			{name: "xs:string", forge: typed("xs", "string")}, {name: "xsd:string", forge: typed("xsd", "string")}, {name: "xs:anyType", forge: typed("xs", "anyType")}, {name: "xs:integer", forge: typed("xs", "integer")},
		}},
		{"PrefixList", []accepted{
			{name: "xs", forge: several(in(samltest.SAML2), canonicalBy(xmldsig.ExclusiveC14N, "xs"))}, {name: "ds saml2", forge: several(in(samltest.SAML2), canonicalBy(xmldsig.ExclusiveC14N, "ds", "saml2"))},
			{name: "#default saml ds xs xsi", forge: several(in(samltest.DefaultNamespaces), canonicalBy(xmldsig.ExclusiveC14N, "", "saml", "ds", "xs", "xsi"))},
		}},
		{"declarations at the root that nothing uses", []accepted{{name: "two", forge: unused}, {name: "of Oracle", forge: in(samltest.Declarations)}}},
		{"signature not behind the Issuer", []accepted{{name: "first", forge: at(samltest.InFront)}, {name: "last", forge: at(samltest.AtTheEnd)}, {name: "behind the Status", forge: at(samltest.BehindStatus)}}},
		{"NotBefore in the confirmation of a bearer", []accepted{{name: "NotBefore", forge: func(r *samltest.Response) { r.ConfirmedFrom = r.NotBefore }}}},
		{"no AuthnStatement, by a switch", []accepted{{name: "none", forge: none, expect: legacy(func(l *saml.Legacy) { l.NoAuthnStatement = true })}}},
		{"response unsigned, assertion signed", []accepted{{name: "as it is", bases: unsignedResponse}}},
		{"response alone signed", []accepted{{name: "as it is", bases: signedResponse}}},
		{"no KeyInfo, or KeyValue alone", []accepted{
			{name: "none", forge: signedBy(func(s *xmldsig.Signing) { s.Certificate = nil })},
			{name: "KeyValue", forge: keyInfo("<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQ==</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>"), bases: plainAlone},
			{name: "KeyName", forge: keyInfo("<ds:KeyName>x</ds:KeyName>"), bases: plainAlone}, {name: "empty", forge: keyInfo(""), bases: plainAlone},
		}},
		{"another canonicalisation than the exclusive", []accepted{
			{name: "C14N 1.0", forge: canonicalBy(xmldsig.C14N10)}, {name: "C14N 1.1", forge: canonicalBy(xmldsig.C14N11)}, {name: "exclusive with comments", forge: canonicalBy(xmldsig.ExclusiveC14NWithComments)},
			{name: "C14N 1.0 with comments", forge: canonicalBy(xmldsig.C14N10WithComments)}, {name: "C14N 1.1 with comments", forge: canonicalBy(xmldsig.C14N11WithComments)},
			{name: "none named", forge: signedBy(func(s *xmldsig.Signing) { s.Transforms = []xmldsig.C14N{{Algorithm: xmldsig.EnvelopedSignatureURI}} })},
		}},
		{"Reference URI of nothing at the root", []accepted{{name: "of the whole", forge: func(r *samltest.Response) { r.ResponseSigning.Document = true }}}},
		{"IDs with a leading digit", []accepted{{name: "a UUID", forge: func(r *samltest.Response) {
			r.AssertionID, r.ID = "0b4f1c7e-2f0d-4f4e-8a30-0c6a5fbb8b1d", "4711-aa.b_c"
		}}}},
		{"instants with a fraction or an offset", []accepted{
			{name: "seven digits", forge: func(r *samltest.Response) { r.NotOnOrAfter = "2026-03-02T09:40:00.1234567Z" }}, {name: "+00:00", forge: func(r *samltest.Response) { r.NotOnOrAfter = "2026-03-02T09:40:00+00:00" }},
			{name: "+01:00", forge: func(r *samltest.Response) { r.NotOnOrAfter = "2026-03-02T10:40:00.1+01:00" }}, {name: "none", forge: func(r *samltest.Response) { r.NotOnOrAfter = "2026-03-02T09:40:00Z" }},
		}},
		{"no Destination", []accepted{
			{name: "on an unsigned response", forge: func(r *samltest.Response) { r.Destination = "" }, bases: unsignedResponse},
			{name: "on a signed one, by a switch", forge: func(r *samltest.Response) { r.Destination = "" }, expect: legacy(func(l *saml.Legacy) { l.MissingDestination = true })},
		}},
		{"no InResponseTo", []accepted{
			{name: "nobody asked", forge: unsolicited, expect: func(e *saml.Expect) { e.RequestID = "" }}, {name: "on the response alone", forge: func(r *samltest.Response) { r.InResponseTo = "" }},
		}},
		{"several Attribute elements of one Name", []accepted{{name: "roles of Keycloak", forge: func(r *samltest.Response) {
			r.Attributes = append(r.Attributes, saml.Attribute{Name: "groups", Values: []string{"blue"}})
		}}}},
		{"foreign attributes on Attribute", []accepted{
			{name: "OriginalIssuer", forge: in(samltest.DefaultNamespaces)}, {name: "x500:Encoding", forge: in(samltest.Declarations)},
		}},
		{"NameID in an AttributeValue", []accepted{{name: "eduPersonTargetedID", forge: func(r *samltest.Response) {
			r.Attributes = append(r.Attributes, saml.Attribute{Name: "urn:oid:1.3.6.1.4.1.5923.1.1.1.10", Values: []string{"HERE"}})
			replacing("HERE", `<saml:NameID Format="`+saml.FormatPersistent+`">id-1</saml:NameID>`)(r)
		}}}},
		{"SHA-1, by a switch", []accepted{{name: "both", forge: signedBy(sha1), expect: legacy(weak)}}},
		{"RSA-PSS", []accepted{
			{name: "SHA-256", forge: signedBy(func(s *xmldsig.Signing) { s.Method = xmldsig.PSSSHA256 })}, {name: "SHA-384", forge: signedBy(func(s *xmldsig.Signing) { s.Method, s.Digest = xmldsig.PSSSHA384, xmldsig.SHA384 })},
			{name: "SHA-512", forge: signedBy(func(s *xmldsig.Signing) { s.Method, s.Digest = xmldsig.PSSSHA512, xmldsig.SHA512 })},
		}},
		{"ECDSA", []accepted{byECDSA(t, elliptic.P256(), xmldsig.ECDSASHA256), byECDSA(t, elliptic.P384(), xmldsig.ECDSASHA384), byECDSA(t, elliptic.P521(), xmldsig.ECDSASHA512)}},
		{"qualifiers of the NameID, its case", []accepted{
			{name: "qualifiers", forge: func(r *samltest.Response) { r.NameQualifier, r.SPNameQualifier = "urn:a", "urn:b" }},
			{name: "no format", forge: func(r *samltest.Response) { r.NameIDFormat = "" }},
		}},
		{"a certificate that has expired", []accepted{expired(t)}},
		{"several signing keys", []accepted{{name: "the right one last", expect: func(e *saml.Expect) {
			apart := saml.Expect{}
			knows(t, other.Public())(&apart)
			e.IdP.Keys = append(apart.IdP.Keys, e.IdP.Keys...)
		}}}},
	}, append(sealedOddities(), schemaOddities()...)...)
}

// sealedOddities are about encryption.
func sealedOddities() []oddity {
	how := encryptedBy
	rsa15, tripleDES := legacy(func(l *saml.Legacy) { l.RSA15 = true }), legacy(func(l *saml.Legacy) { l.TripleDES = true })
	return []oddity{
		{"AES-CBC and RSA-OAEP with SHA-1", []accepted{
			{name: "AES-128", forge: how(func(e *xmlenc.Encryption) { e.Content = xmlenc.AES128CBC }), bases: encryptedBases}, {name: "AES-192", forge: how(func(e *xmlenc.Encryption) { e.Content = xmlenc.AES192CBC }), bases: encryptedBases},
			{name: "AES-256", forge: how(func(e *xmlenc.Encryption) { e.Content = xmlenc.AES256CBC }), bases: encryptedBases},
		}},
		{"AES-GCM", []accepted{
			{name: "AES-128", forge: how(func(e *xmlenc.Encryption) { e.Content = xmlenc.AES128GCM }), bases: encryptedBases}, {name: "AES-192", forge: how(func(e *xmlenc.Encryption) { e.Content = xmlenc.AES192GCM }), bases: encryptedBases},
			{name: "AES-256", forge: how(func(e *xmlenc.Encryption) { e.Content = xmlenc.AES256GCM }), bases: encryptedBases},
		}},
		{"RSA-OAEP with digest and mask apart", []accepted{
			{name: "both SHA-256", forge: how(func(e *xmlenc.Encryption) {
				e.Transport, e.Digest, e.Mask = xmlenc.RSAOAEP, xmlenc.SHA256, xmlenc.MGF1SHA256
			}), bases: encryptedBases},
			{name: "SHA-256 and a mask of SHA-1", forge: how(func(e *xmlenc.Encryption) { e.Transport, e.Digest = xmlenc.RSAOAEP, xmlenc.SHA256 }), bases: encryptedBases},
			{name: "mgf1p with SHA-256", forge: how(func(e *xmlenc.Encryption) { e.Digest = xmlenc.SHA256 }), bases: encryptedBases},
		}},
		{"RSA 1.5 and triple DES, by switches", []accepted{
			{name: "RSA 1.5", forge: how(func(e *xmlenc.Encryption) { e.Transport = xmlenc.RSA15 }), expect: rsa15, bases: encryptedBases},
			{name: "triple DES", forge: how(func(e *xmlenc.Encryption) { e.Content = xmlenc.TripleDESCBC }), expect: tripleDES, bases: encryptedBases},
		}},
		{"EncryptedKey beside, named or not, with a hint", []accepted{
			{name: "named", forge: how(func(e *xmlenc.Encryption) { e.Place = xmlenc.Named }), bases: encryptedBases}, {name: "beside", forge: how(func(e *xmlenc.Encryption) { e.Place = xmlenc.Beside }), bases: encryptedBases},
			{name: "issuer and serial number", forge: func(r *samltest.Response) {
				r.AfterEncryption(samltest.Replace("</xenc:EncryptionMethod>", `</xenc:EncryptionMethod><ds:KeyInfo xmlns:ds="`+xmldsig.Namespace+`"><ds:X509Data><ds:X509IssuerSerial><ds:X509IssuerName>CN=x</ds:X509IssuerName><ds:X509SerialNumber>1</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data></ds:KeyInfo>`))
			}, bases: encryptedBases},
		}},
	}
}

// schemaOddities are what the schemas allow and few send.
func schemaOddities() []oddity {
	return []oddity{{"what the schemas allow", []accepted{
		{name: "no issuer on the response", forge: func(r *samltest.Response) { r.Issuer = "" }},
		{name: "the address of another", forge: func(r *samltest.Response) { r.Address = "203.0.113.9" }},
		{name: "no window on the conditions", forge: func(r *samltest.Response) { r.NotBefore, r.NotOnOrAfter = "", "" }},
		{name: "no attributes", forge: func(r *samltest.Response) { r.Attributes = nil }},
		{name: "no context class", forge: replacing("<saml:AuthnContextClassRef>"+samltest.DefaultContext+"</saml:AuthnContextClassRef>", "")},
		{name: "indentation", forge: replacing("<saml:Subject>", "\n\t<saml:Subject>\n  ")},
		{name: "advice with an assertion", forge: replacing("</saml:Conditions>", `</saml:Conditions><saml:Advice><saml:Assertion ID="other"><ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/></saml:Assertion></saml:Advice>`)},
		{name: "a key for the confirmation", forge: replacing("/></saml:SubjectConfirmation>", `><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/></saml:SubjectConfirmationData></saml:SubjectConfirmation>`)},
		{name: "decisions of authorization", forge: replacing("<saml:AttributeStatement>", `<saml:AuthzDecisionStatement Resource="x" Decision="Permit"><saml:Action Namespace="x">GET</saml:Action></saml:AuthzDecisionStatement><saml:AttributeStatement>`)},
		{name: "one time use", forge: replacing("</saml:Conditions>", `<saml:OneTimeUse/><saml:ProxyRestriction Count="0"/></saml:Conditions>`)},
		{name: "subject locality", forge: replacing("<saml:AuthnContext>", `<saml:SubjectLocality Address="203.0.113.9"/><saml:AuthnContext>`)},
		{name: "a message beside success", forge: func(r *samltest.Response) { r.StatusMessage = "OK" }},
		{name: "a nested code beside success", forge: func(r *samltest.Response) { r.Status = append(r.Status, "urn:x") }},
		{name: "several bearer confirmations", forge: func(r *samltest.Response) { r.Confirmations = append(r.Confirmations, r.Confirmation) }},
		{name: "several statements", forge: func(r *samltest.Response) { r.Statements = append(r.Statements, r.Statement) }},
		{name: "a digest of SHA-512", forge: signedBy(func(s *xmldsig.Signing) { s.Method, s.Digest = xmldsig.RSASHA512, xmldsig.SHA512 })},
	}}}
}

func several(forges ...func(*samltest.Response)) func(*samltest.Response) {
	return func(r *samltest.Response) {
		for _, forge := range forges {
			forge(r)
		}
	}
}

// TestVerifyAccepts holds Verify against what real identity providers send.
func TestVerifyAccepts(t *testing.T) {
	t.Parallel()
	for _, odd := range oddities(t) {
		if len(odd.cases) == 0 {
			t.Errorf("%s: no case", odd.row)
		}
		for _, tc := range odd.cases {
			bases := tc.bases
			if bases == nil {
				bases = slices.Concat(samltest.Bases[:], encryptedBases)
			}
			for _, base := range bases {
				t.Run(odd.row+"/"+tc.name+"/"+string(base), func(t *testing.T) {
					t.Parallel()
					idp := samltest.New(t)
					forges := []func(*samltest.Response){on(base)}
					if tc.forge != nil {
						forges = append(forges, tc.forge)
					}
					a, err := saml.Verify(idp.Respond(forges...), apply(idp.Expect(), tc.expect), idp.Now)
					if err != nil {
						t.Fatal(err)
					}
					if a.NameID.Value != samltest.DefaultNameID {
						t.Errorf("name ID %q", a.NameID.Value)
					}
				})
			}
		}
	}
}

// Every known product is read as it says, and alike.
func TestProductsSayTheSame(t *testing.T) {
	t.Parallel()
	for _, product := range slices.Concat(samltest.Products(), samltest.EncryptingProducts()) {
		t.Run(product.Name+"/"+string(product.Base), func(t *testing.T) {
			t.Parallel()
			a := accept(t, samltest.New(t), product.As, func(r *samltest.Response) { r.AssertionID = "id7" })
			got := []string{a.ID, a.Issuer, a.NameID.Value, a.SessionIndex, strings.Join(a.Attributes.Get("mail"), " "), strings.Join(a.Attributes.Get("groups"), " ")}
			want := []string{"id7", "https://idp.example/metadata", samltest.DefaultNameID, "session-1", samltest.DefaultNameID, "red green"}
			if !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// Base64 in lines, with blanks in it.
func TestBase64InLinesIsAccepted(t *testing.T) {
	t.Parallel()
	idp := samltest.New(t)
	good := base64.StdEncoding.EncodeToString(idp.Respond())
	for name, form := range map[string]string{"lines": wrapped(good), "blanks": strings.Join(strings.SplitAfter(good, "A"), " "), "tabs": good[:80] + "\t" + good[80:]} {
		message, err := saml.DecodePost(form)
		if err == nil {
			_, err = saml.Verify([]byte(message), idp.Expect(), idp.Now)
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Escapes in a query are as the sender wrote them: the signature is over them.
func TestEscapesInSmallLettersAreAccepted(t *testing.T) {
	t.Parallel()
	peer := newLogoutPeer(t)
	for _, relay := range []string{"RelayState=a%2fb%3d", "RelayState=a%2Fb%3D", "RelayState=a/b="} {
		d := peer.draft(saml.BindingRedirect, func(d *draft) { d.relay = relay })
		if _, _, err := peer.judge(t, d); err != nil {
			t.Errorf("%s: %v", relay, err)
		}
	}
}

// Metadata that is odd and real: what cannot be used stands beside what can.
func TestOddMetadataIsAccepted(t *testing.T) {
	t.Parallel()
	cert := base64.StdEncoding.EncodeToString(samltest.New(t).Certificate())
	doc := `<?xml version="1.0" encoding="UTF-8"?><EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ` +
		`xsi:schemaLocation="urn:oasis:names:tc:SAML:2.0:metadata saml-schema-metadata-2.0.xsd" entityID="https://idp.example/metadata">` +
		`<RoleDescriptor xsi:type="fed:SecurityTokenServiceType" xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706" protocolSupportEnumeration="http://docs.oasis-open.org/ws-sx/ws-trust/200512"><fed:ClaimTypesOffered/></RoleDescriptor>` +
		`<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><KeyDescriptor><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>` + cert + `</X509Certificate></X509Data></KeyInfo></KeyDescriptor>` +
		`<SingleSignOnService Binding="` + saml.BindingRedirect + `" Location="http://idp.example/sso"/><SingleSignOnService Binding="` + saml.BindingPost + `" Location="https://idp.example/sso"/></IDPSSODescriptor></EntityDescriptor>`
	m, err := saml.ParseIdPMetadata([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Keys) != 1 || m.EntityID != "https://idp.example/metadata" {
		t.Errorf("got %d keys of %s", len(m.Keys), m.EntityID)
	}
	if e, err := m.SignOn(); err != nil || e.Location != "https://idp.example/sso" {
		t.Errorf("sign-on at %+v, %v: want the address that is safe", e, err)
	}
}
