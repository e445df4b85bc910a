package samltest

import (
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmlenc"
)

// A Product is how the responses of some make look, as far as a reader of them
// could care: what is signed, where and how, and how it is written.
type Product struct {
	Name string
	Base Base
	as   func(*Response)
}

// As makes a response of the product.
func (p Product) As(r *Response) {
	r.Base = p.Base
	p.as(r)
}

// signing changes how everything is signed.
func signing(change func(*xmldsig.Signing)) func(*Response) {
	return func(r *Response) { r.EachSigning(change) }
}

// written sets the dialect and the place of the signatures.
func written(dialect Dialect, place Place) func(*Response) {
	return func(r *Response) { r.Dialect, r.Place = dialect, place }
}

// by has the element and its SignedInfo canonicalised by the same algorithm.
func by(algorithm string, prefixes ...string) func(*Response) {
	return signing(func(s *xmldsig.Signing) {
		s.Transforms = []xmldsig.C14N{{Algorithm: xmldsig.EnvelopedSignatureURI}, {Algorithm: algorithm, Prefixes: prefixes}}
		s.InfoC14N = xmldsig.C14N{Algorithm: algorithm}
	})
}

var (
	withoutKeyInfo = signing(func(s *xmldsig.Signing) { s.Certificate = nil })
	withSHA512     = signing(func(s *xmldsig.Signing) { s.Method, s.Digest = xmldsig.RSASHA512, xmldsig.SHA512 })
	persistent     = func(r *Response) { r.NameIDFormat = saml.FormatPersistent }
	ofWholeMessage = func(r *Response) { r.ResponseSigning.Document = true }
	envelopedAlone = signing(func(s *xmldsig.Signing) {
		s.Transforms = []xmldsig.C14N{{Algorithm: xmldsig.EnvelopedSignatureURI}}
		s.InfoC14N.Algorithm = xmldsig.C14N10
	})
)

// oneValueEach writes an Attribute for every value.
func oneValueEach(r *Response) {
	var split []saml.Attribute
	for _, a := range r.Attributes {
		for _, v := range a.Values {
			split = append(split, saml.Attribute{Name: a.Name, FriendlyName: a.FriendlyName, Values: []string{v}})
		}
	}
	r.Attributes = split
}

// Products are the known makes.
func Products() []Product {
	return []Product{
		{"Entra ID", AssertionSigned, written(DefaultNamespaces, BehindIssuer)},
		{"AD FS", AssertionSigned, all(written(DefaultNamespaces, BehindIssuer), persistent)},
		{"Okta", BothSigned, all(written(SAML2, BehindIssuer), by(xmldsig.ExclusiveC14N, "xs"))},
		{"Google", AssertionSigned, written(Java, BehindIssuer)},
		{"SimpleSAMLphp", BothSigned, all(written(Quotes, BehindIssuer), withSHA512)},
		{"Keycloak", ResponseSigned, all(written(Lines, BehindIssuer), oneValueEach, by(xmldsig.ExclusiveC14N, "dsig", "saml"))},
		{"Auth0", AssertionSigned, written(Declarations, AtTheEnd)},
		{"Oracle OAM", BothSigned, all(written(Declarations, AtTheEnd), withoutKeyInfo)},
		{"PingFederate", ResponseSigned, all(written(Prefixed, BehindIssuer), withoutKeyInfo)},
		{"Shibboleth", BothSigned, all(written(SAML2, BehindIssuer), by(xmldsig.ExclusiveC14N, "", "saml2", "ds", "xs", "xsi"))},
		{"dex", ResponseSigned, written(NoPrefixes, InFront)},
		{"test page of Okta", ResponseSigned, all(written(Prefixed, BehindStatus), by(xmldsig.C14N11), ofWholeMessage)},
		{"Casdoor", AssertionSigned, all(written(Declarations, BehindIssuer), by(xmldsig.C14N11))},
		{"pysaml2", BothSigned, all(written(Lines, BehindIssuer), by(xmldsig.C14N10))},
		{"starfield", AssertionSigned, all(written(Prefixed, BehindIssuer), envelopedAlone)},
		{"AWS IAM Identity Center", BothSigned, all(written(Java, BehindIssuer), by(xmldsig.ExclusiveC14NWithComments))},
	}
}

// EncryptingProducts are the known makes of those that encrypt.
func EncryptingProducts() []Product {
	how := func(change func(*xmlenc.Encryption)) func(*Response) {
		return func(r *Response) { change(&r.Encryption) }
	}
	return []Product{
		{"AD FS", EncryptedAssertionSigned, all(written(DefaultNamespaces, BehindIssuer), how(func(e *xmlenc.Encryption) { e.Content = xmlenc.AES256CBC }))},
		{"Okta", EncryptedBothSigned, all(written(SAML2, BehindIssuer), by(xmldsig.ExclusiveC14N, "xs"), how(func(e *xmlenc.Encryption) { e.Place, e.Content = xmlenc.Named, xmlenc.AES256CBC }))},
		{"Keycloak", EncryptedResponseSigned, all(written(Lines, BehindIssuer), oneValueEach, how(func(e *xmlenc.Encryption) {
			e.Transport, e.Digest, e.Mask = xmlenc.RSAOAEP, xmlenc.SHA256, xmlenc.MGF1SHA256
		}))},
		{"Shibboleth", EncryptedBothSigned, all(written(SAML2, BehindIssuer), by(xmldsig.ExclusiveC14N, "xsd"), how(func(e *xmlenc.Encryption) { e.Content = xmlenc.AES128GCM }))},
		{"Auth0", EncryptedAssertionSigned, all(written(Declarations, AtTheEnd), how(func(e *xmlenc.Encryption) { e.Digest = xmlenc.SHA256 }))},
		{"PingFederate", EncryptedResponseSigned, all(written(NoPrefixes, InFront), withoutKeyInfo, how(func(e *xmlenc.Encryption) { e.Place, e.Content = xmlenc.Beside, xmlenc.AES128CBC }))},
		{"WSO2", EncryptedAssertionSigned, all(written(Java, BehindIssuer), by(xmldsig.C14N10), how(func(e *xmlenc.Encryption) { e.Content = xmlenc.AES192GCM }))},
	}
}
