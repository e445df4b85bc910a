package saml_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"encoding/xml"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmlenc"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// fixedIdP returns an identity provider whose keys and clock are the same in
// every process: the workers of a fuzz target must be able to accept its seeds.
func fixedIdP(t testing.TB) *samltest.IdP {
	t.Helper()
	text, err := os.ReadFile("../../testdata/vectors/enc/keys/RSA-2048.pem")
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	own, err := xmlenc.NewKey(private)
	if err != nil {
		t.Fatal(err)
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		t.Fatalf("a key of type %T", private)
	}
	idp, err := samltest.NewIdP("https://idp.example/metadata", "https://idp.example/sso", signer)
	if err != nil {
		t.Fatal(err)
	}
	idp.Now = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	idp.SPEntityID, idp.ACS = "https://sso.example/saml/acme-okta", "https://sso.example/saml/acme-okta/acs"
	idp.RequestID, idp.SPKey = "id4f1c8e2a", own
	return idp
}

// A signing is what an identity provider has ever signed, as a second reader
// understands it: the canonical octets of each signed element, read by package
// encoding/xml. Whatever is accepted must be one of these as a whole.
type signing struct {
	expect saml.Expect
	said   map[string]bool // what it said about users
}

// respond returns a response after the forges, and takes note of what was signed
// for it before anybody tampered with it. IDs are the same in every process.
func (s *signing) respond(t testing.TB, idp *samltest.IdP, forge ...func(*samltest.Response)) []byte {
	t.Helper()
	note := func(r *samltest.Response) {
		r.ID, r.AssertionID = "id-response", "id-assertion"
		r.AfterSigning(func(doc string) string {
			if tree, err := xmltree.Parse([]byte(doc), xmltree.Message); err == nil {
				s.record(t, tree)
			}
			return doc
		})
	}
	return idp.Respond(append([]func(*samltest.Response){note}, forge...)...)
}

// record takes note of everything in a document that is signed.
func (s *signing) record(t testing.TB, doc *xmltree.Document) {
	t.Helper()
	for e := range doc.Root().Descendants() {
		if e.Is(nsAssertion, "EncryptedAssertion") {
			if inner := s.decrypted(e); inner != nil {
				s.record(t, inner)
			}
		}
		if _, err := xmldsig.Verify(e, s.expect.IdP.Keys, xmldsig.Legacy{SHA1: true}); err != nil {
			continue
		}
		for d := range e.Descendants() {
			if d.Is(nsAssertion, "EncryptedAssertion") {
				if inner := s.decrypted(d); inner != nil {
					s.recordAssertion(t, inner.Root())
				}
			}
			if d.Is(nsAssertion, "Assertion") {
				s.recordAssertion(t, d)
			}
		}
	}
}

// decrypted returns the document in an EncryptedAssertion or EncryptedID.
func (s *signing) decrypted(e xmltree.Element) *xmltree.Document {
	for data := range e.Children() {
		if data.Is(xmlenc.Namespace, "EncryptedData") {
			doc, err := xmlenc.DecryptElement(data, s.expect.DecryptionKeys, xmlenc.Policy{RSA15: true, TripleDES: true})
			if err == nil {
				return doc
			}
		}
	}
	return nil
}

func (s *signing) recordAssertion(t testing.TB, e xmltree.Element) {
	t.Helper()
	var a readAssertion
	s.read(t, e, &a)
	for d := range e.Descendants() {
		if d.Is(nsAssertion, "EncryptedID") && a.Subject.NameID == (readName{}) {
			if inner := s.decrypted(d); inner != nil {
				s.read(t, inner.Root(), &a.Subject.NameID)
			}
		}
	}
	s.said[a.String()] = true
}

// read reads the canonical octets of an element, without its signature.
func (s *signing) read(t testing.TB, e xmltree.Element, into any) {
	t.Helper()
	c := xmldsig.C14N{Algorithm: xmldsig.ExclusiveC14N}
	for child := range e.Children() {
		if child.Is(xmldsig.Namespace, "Signature") {
			c.Omit = child
		}
	}
	var octets bytes.Buffer
	if err := xmldsig.Canonicalize(&octets, e, c); err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(octets.Bytes(), into); err != nil {
		t.Fatalf("reading %s: %v", &octets, err)
	}
}

const nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"

// What package encoding/xml reads. It is no reader to be trusted with what
// attackers write; here it reads canonical octets.
type (
	readName struct {
		Value           string `xml:",chardata"`
		Format          string `xml:"Format,attr"`
		NameQualifier   string `xml:"NameQualifier,attr"`
		SPNameQualifier string `xml:"SPNameQualifier,attr"`
	}
	readAssertion struct {
		ID      string `xml:"ID,attr"`
		Issuer  string `xml:"urn:oasis:names:tc:SAML:2.0:assertion Issuer"`
		Subject struct {
			NameID readName `xml:"urn:oasis:names:tc:SAML:2.0:assertion NameID"`
		} `xml:"urn:oasis:names:tc:SAML:2.0:assertion Subject"`
		Statements []struct {
			At      string `xml:"AuthnInstant,attr"`
			Session string `xml:"SessionIndex,attr"`
			Context struct {
				Class string `xml:"urn:oasis:names:tc:SAML:2.0:assertion AuthnContextClassRef"`
			} `xml:"urn:oasis:names:tc:SAML:2.0:assertion AuthnContext"`
		} `xml:"urn:oasis:names:tc:SAML:2.0:assertion AuthnStatement"`
		Attributes []struct {
			Attributes []struct {
				Name   string `xml:"Name,attr"`
				Values []struct {
					Text   string     `xml:",chardata"`
					NameID []readName `xml:"urn:oasis:names:tc:SAML:2.0:assertion NameID"`
				} `xml:"urn:oasis:names:tc:SAML:2.0:assertion AttributeValue"`
			} `xml:"urn:oasis:names:tc:SAML:2.0:assertion Attribute"`
		} `xml:"urn:oasis:names:tc:SAML:2.0:assertion AttributeStatement"`
	}
)

// String returns what the assertion says about a user.
func (a *readAssertion) String() string {
	b := told{ID: a.ID, Issuer: clean(a.Issuer), Attributes: map[string][]string{}}
	n := a.Subject.NameID
	b.NameID = saml.NameID{Value: clean(n.Value), Format: clean(n.Format), NameQualifier: n.NameQualifier, SPNameQualifier: n.SPNameQualifier}
	if len(a.Statements) > 0 {
		first := a.Statements[0]
		b.Session, b.Context = first.Session, clean(first.Context.Class)
		b.At, _ = time.Parse(time.RFC3339Nano, first.At)
	}
	for _, statement := range a.Attributes {
		for _, attribute := range statement.Attributes {
			if clean(attribute.Name) == "" {
				continue
			}
			values := b.Attributes[attribute.Name]
			for _, v := range attribute.Values {
				text := v.Text
				if clean(text) == "" && len(v.NameID) == 1 {
					text = v.NameID[0].Value
				}
				if text = clean(text); text != "" {
					values = append(values, text)
				}
			}
			b.Attributes[attribute.Name] = values
		}
	}
	return b.String()
}

// told is what is told about a user, whoever reads it.
type told struct {
	ID, Issuer, Session, Context string
	NameID                       saml.NameID
	At                           time.Time
	Attributes                   map[string][]string
}

func (b told) String() string {
	b.At = b.At.UTC()
	names := make([]string, 0, len(b.Attributes))
	for name, values := range b.Attributes {
		names = append(names, fmt.Sprintf("%q=%q", name, values))
	}
	slices.Sort(names)
	return fmt.Sprintf("%q %q %q %q %q %v %v", b.ID, b.Issuer, b.Session, b.Context, b.NameID, b.At, names)
}

// tells returns what an accepted assertion tells about a user.
func tells(a *saml.Assertion) string {
	b := told{ID: a.ID, Issuer: a.Issuer, Session: a.SessionIndex, Context: a.AuthnContext, NameID: a.NameID, At: a.AuthnInstant, Attributes: map[string][]string{}}
	for _, attribute := range a.Attributes {
		b.Attributes[attribute.Name] = attribute.Values
	}
	return b.String()
}

func clean(s string) string { return strings.Trim(s, " \t\r\n") }

// check fails the test if a message is accepted and tells what was never signed,
// or tells something else once it is written canonically.
func (s *signing) check(t *testing.T, message []byte, now time.Time) (accepted bool) {
	t.Helper()
	a, err := saml.Verify(message, s.expect, now)
	if err != nil {
		ruleOf(t, err)
		return false
	}
	if !s.said[tells(a)] {
		t.Fatalf("accepted %s, which was never signed, in\n%s", tells(a), message)
	}
	doc, err := xmltree.Parse(message, xmltree.Message)
	if err != nil {
		t.Fatalf("accepted, yet %v: %s", err, message)
	}
	var canonical bytes.Buffer
	if err := xmldsig.Canonicalize(&canonical, doc.Root(), xmldsig.C14N{Algorithm: xmldsig.C14N10}); err != nil {
		t.Fatal(err)
	}
	again, err := saml.Verify(canonical.Bytes(), s.expect, now)
	if err != nil {
		if ruleOf(t, err) != saml.XMLLimit {
			t.Fatalf("accepted as %s, canonically refused: %v", message, err)
		}
	} else if facts(again) != facts(a) {
		t.Fatalf("says %s, canonically %s", facts(a), facts(again))
	}
	return true
}
