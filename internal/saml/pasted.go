package saml

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// recognise tells what people paste instead of metadata. Nothing of it is
// repeated: it may be secret.
func recognise(src []byte) error {
	text := bytes.TrimSpace(bytes.TrimPrefix(src, []byte("\xef\xbb\xbf")))
	start := bytes.ToLower(text[:min(len(text), 1024)])
	switch {
	case len(text) == 0:
		return &MetadataError{Code: MetadataEmpty}
	case bytes.Contains(text, []byte("PRIVATE KEY-----")):
		return &MetadataError{Code: MetadataPrivateKey, Detail: "this is a private key; it stays with its owner"}
	case bytes.Contains(start, []byte("<!doctype html")), bytes.Contains(start, []byte("<html")):
		return &MetadataError{Code: MetadataHTML, Detail: "this is a web page"}
	case bytes.HasPrefix(start, []byte("-----begin")):
		return &MetadataError{Code: MetadataCertificate, Detail: "this is a certificate or a public key, not metadata"}
	case text[0] == '{' || text[0] == '[':
		return recogniseJSON(text)
	case bytes.HasPrefix(start, []byte("https://")), bytes.HasPrefix(start, []byte("http://")):
		return &MetadataError{Code: MetadataURL, Detail: "this is an address; what is found there is wanted"}
	case bytes.HasPrefix(text, []byte("SAMLRequest=")), bytes.HasPrefix(text, []byte("SAMLResponse=")):
		return &MetadataError{Code: MetadataMessage, Detail: "this is a message of a sign-in, not metadata"}
	case !looksLikeXML(text):
		return recogniseBinary(src, text)
	}
	return nil
}

// maxJSON is how much JSON is told apart. The documents of OpenID Connect are a
// few kilobytes; read into maps, anything takes fifty times its length.
const maxJSON = 256 << 10

// recogniseJSON tells the documents of OpenID Connect from each other and from
// other JSON.
func recogniseJSON(text []byte) error {
	var doc struct {
		Keys []map[string]any `json:"keys"`
		Kty  any              `json:"kty"`
		D    any              `json:"d"`
		K    any              `json:"k"`

		Issuer   any `json:"issuer"`
		SignIn   any `json:"authorization_endpoint"`
		KeysAt   any `json:"jwks_uri"`
		Unwanted any `json:"private_key"`
	}
	if len(text) > maxJSON || json.Unmarshal(text, &doc) != nil {
		return &MetadataError{Code: MetadataJSON, Detail: "this is JSON or alike, not XML"}
	}
	private := doc.Unwanted != nil || doc.Kty != nil && (doc.D != nil || doc.K != nil)
	for _, key := range doc.Keys {
		private = private || key["d"] != nil || key["k"] != nil
	}
	switch {
	case private:
		return &MetadataError{Code: MetadataPrivateKey, Detail: "there is a private key in this; it stays with its owner"}
	case doc.Keys != nil || doc.Kty != nil:
		return &MetadataError{Code: MetadataJWKS, Detail: "these are keys for OpenID Connect, not SAML metadata"}
	case doc.SignIn != nil || doc.KeysAt != nil || doc.Issuer != nil:
		return &MetadataError{Code: MetadataOIDC, Detail: "this is an OpenID Connect configuration, not SAML metadata"}
	}
	return &MetadataError{Code: MetadataJSON, Detail: "this is JSON, not XML"}
}

// recogniseBinary tells what is in DER, or in base64 without its header.
func recogniseBinary(src, text []byte) error {
	der := src
	if packed, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(text)), "")); err == nil {
		der = packed
	}
	_, certErr := x509.ParseCertificate(der)
	_, keyErr := NewMetadataKey(der)
	switch {
	case isPrivateKey(der):
		return &MetadataError{Code: MetadataPrivateKey, Detail: "there is a private key in this; it stays with its owner"}
	case certErr == nil || keyErr == nil:
		return &MetadataError{Code: MetadataCertificate, Detail: "this is a certificate, not metadata"}
	case looksLikeXML(der):
		doc, err := xmltree.Parse(der, xmltree.Metadata)
		if err == nil && doc.Root().Space() == nsProtocol {
			return &MetadataError{Code: MetadataMessage, Detail: "this is a message of a sign-in, not metadata"}
		}
		return &MetadataError{Code: MetadataNotXML, Detail: "this is XML in base64; decode it first"}
	}
	return &MetadataError{Code: MetadataNotXML, Detail: "this is no XML"}
}

// isPrivateKey reports whether der is a private key or a PKCS #12 file, of which
// a private key is the purpose [RFC7292 4].
func isPrivateKey(der []byte) bool {
	if _, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		return true
	}
	if _, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return true
	}
	if _, err := x509.ParseECPrivateKey(der); err == nil {
		return true
	}
	// A sequence that begins with the version 3.
	const sequence, longForm = 0x30, 0x80
	if len(der) < 2 || der[0] != sequence {
		return false
	}
	content := der[2:]
	if n := int(der[1]); n > longForm { // n is the length of the length; longForm itself has none
		content = content[min(len(content), n-longForm):]
	}
	return bytes.HasPrefix(content, []byte{0x02, 0x01, 0x03})
}

// notMetadata says what a document is that is no metadata.
func notMetadata(root xmltree.Element) *MetadataError {
	bad := &MetadataError{Code: MetadataRoot, Detail: "want an EntityDescriptor, got " + quote(root.Local()), Path: root.Path()}
	if root.Space() == nsProtocol || root.Is(nsAssertion, "Assertion") {
		bad.Code, bad.Detail = MetadataMessage, "this is a message of a sign-in ("+quote(root.Local())+"), not metadata"
	}
	return bad
}

// notOurs says whose metadata it is that describes an application: ours, if its
// entity ID or an address in it is one of own or lies below it.
func notOurs(descriptor xmltree.Element, own []string) *MetadataError {
	entity := descriptor.Parent()
	id, _ := entity.Attr("entityID")
	bad := &MetadataError{
		Code: MetadataSP, Detail: "this describes an application, not an identity provider: " + quote(id), Path: descriptor.Path(), Offset: descriptor.Offset(),
	}
	addresses := []string{id}
	for c := range descriptor.Children() {
		if c.Is(nsMetadata, "AssertionConsumerService") {
			location, _ := c.Attr("Location")
			addresses = append(addresses, location)
		}
	}
	for _, address := range addresses {
		for _, ours := range own {
			ours = strings.TrimSuffix(ours, "/")
			if ours != "" && (address == ours || strings.HasPrefix(address, ours+"/")) {
				bad.Code, bad.Detail = MetadataOwn, "this is our own metadata; that of the identity provider is wanted"
				return bad
			}
		}
	}
	return bad
}
