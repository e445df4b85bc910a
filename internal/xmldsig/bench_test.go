package xmldsig

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// response is a response whose Assertion is signed, with a group for each of
// some.
func response(tb testing.TB, key *rsa.PrivateKey, groups int) []byte {
	tb.Helper()
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><saml2p:Response xmlns:saml2p="urn:oasis:names:tc:SAML:2.0:protocol" Destination="https://sp.example/saml/acs" ID="id1" InResponseTo="r1" IssueInstant="2026-01-01T00:00:00.000Z" Version="2.0"><saml2:Issuer xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion">https://idp.example</saml2:Issuer><saml2p:Status><saml2p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></saml2p:Status><saml2:Assertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:xs="http://www.w3.org/2001/XMLSchema" ID="id2" IssueInstant="2026-01-01T00:00:00.000Z" Version="2.0"><saml2:Issuer>https://idp.example</saml2:Issuer><saml2:Subject><saml2:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">alice@example.com</saml2:NameID><saml2:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml2:SubjectConfirmationData InResponseTo="r1" NotOnOrAfter="2026-01-01T00:05:00.000Z" Recipient="https://sp.example/saml/acs"/></saml2:SubjectConfirmation></saml2:Subject><saml2:AttributeStatement>`)
	for i := range groups {
		fmt.Fprintf(&b, `<saml2:Attribute Name="attribute%d" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"><saml2:AttributeValue xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">value %d</saml2:AttributeValue></saml2:Attribute>`, i, i)
	}
	b.WriteString(`</saml2:AttributeStatement></saml2:Assertion></saml2p:Response>`)
	doc, err := xmltree.Parse([]byte(b.String()), xmltree.Message)
	if err != nil {
		tb.Fatal(err)
	}
	assertion := doc.Root().FirstChild().NextSibling().NextSibling()
	out, err := Sign(assertion, Signing{Key: key, After: assertion.FirstChild(), Certificate: make([]byte, 900)})
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

func BenchmarkVerify(b *testing.B) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	k, err := NewKey(key.Public())
	if err != nil {
		b.Fatal(err)
	}
	keys := []Key{k}
	for _, groups := range []int{15, 220} {
		src := response(b, key, groups)
		name := fmt.Sprintf("%dKB", len(src)>>10)
		doc, err := xmltree.Parse(src, xmltree.Message)
		if err != nil {
			b.Fatal(err)
		}
		assertion := doc.Root().FirstChild().NextSibling().NextSibling()
		b.Run("parse/"+name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				if _, err := xmltree.Parse(src, xmltree.Message); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("ids/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := CheckIDs(doc); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("c14n/"+name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(src)))
			for b.Loop() {
				if err := Canonicalize(discard{}, assertion, C14N{Algorithm: ExclusiveC14N}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("verify/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Verify(assertion, keys, Legacy{}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("sha256/"+name, func(b *testing.B) {
			for b.Loop() {
				sha256.Sum256(src)
			}
		})
	}
	sum := sha256.Sum256(nil)
	sig, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("rsa", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if !k.verify(methodOf(RSASHA256, Legacy{}), sum[:], sig) {
				b.Fatal("the signature is not good")
			}
		}
	})
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
