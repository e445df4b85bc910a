package saml

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
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
	case isHTML(text):
		return &MetadataError{Code: MetadataHTML, Detail: "this is a web page"}
	case bytes.HasPrefix(start, []byte("-----begin")):
		return &MetadataError{Code: MetadataCertificate, Detail: "this is a certificate or a public key, not metadata"}
	case text[0] == '{' || text[0] == '[':
		return recogniseBraced(src, text)
	case bytes.HasPrefix(start, []byte("https://")), bytes.HasPrefix(start, []byte("http://")):
		return &MetadataError{Code: MetadataURL, Detail: "this is an address; what is found there is wanted"}
	case bytes.HasPrefix(text, []byte("SAMLRequest=")), bytes.HasPrefix(text, []byte("SAMLResponse=")):
		return &MetadataError{Code: MetadataMessage, Detail: "this is a message of a sign-in, not metadata"}
	case !looksLikeXML(text):
		if err := recogniseFile(src); err != nil {
			return err
		}
		if err := recogniseText(text); err != nil {
			return err
		}
		return recogniseBinary(src, text)
	}
	return nil
}

// How much of a text is searched for metadata in it, and how long an address is.
const (
	maxBefore  = 64 << 10
	maxAddress = 2048
)

var (
	// htmlStart finds the elements with which pages and parts of them begin, behind
	// their comments.
	htmlStart = regexp.MustCompile(`(?i)^(?:<\?xml[^<>]*\?>)?(?:\s|<!--(?s:.*?)-->)*<(?:!doctype\s+html|html|head|body|title|meta|script|style|link|div|form|table|pre|span|p|a)\b[^:]`)

	// metadataTag finds the beginning of metadata within something else, and
	// escapedTag where it is written as text.
	metadataTag = regexp.MustCompile(`<((?:[A-Za-z0-9_-]{1,40}:)?Entit(?:y|ies)Descriptor)[\s>]`)
	escapedTag  = regexp.MustCompile(`(?i)(?:&(?:amp;)?lt;|&#0*60;|&#x0*3c;|\\u003c|%3c)(?:[a-z0-9_-]{1,40}(?::|%3a))?entit(?:y|ies)descriptor\b`)
	metadataEnd = regexp.MustCompile(`</(?:[A-Za-z0-9_-]{1,40}:)?Entit(?:y|ies)Descriptor\s*>`)

	// bareAddress is an address without its scheme.
	bareAddress = regexp.MustCompile(`^(?:[a-z0-9](?:[a-z0-9-]{0,62}\.)+)[a-z]{2,63}(?::[0-9]{1,5})?/\S*$`)
)

// isHTML reports whether a text is a web page or a part of one.
func isHTML(text []byte) bool {
	start := bytes.ToLower(text[:min(len(text), 1024)])
	return bytes.Contains(start, []byte("<!doctype html")) || bytes.Contains(start, []byte("<html")) || htmlStart.Match(text[:min(len(text), maxBefore)])
}

// recogniseText tells texts that hold metadata or a certificate, or are an address,
// from others; nil: it is one of the others.
func recogniseText(text []byte) error {
	start, end := text[:min(len(text), maxBefore)], text[max(len(text)-maxBefore, 0):]
	switch {
	case bytes.Contains(start, []byte("-----BEGIN CERTIFICATE-----")):
		return &MetadataError{Code: MetadataCertificate, Detail: "this is a certificate, not metadata"}
	case metadataTag.Match(start) && text[0] != '"':
		return &MetadataError{Code: MetadataAround, Detail: "there is something before the XML"}
	case metadataTag.Match(start), escapedTag.Match(start):
		return &MetadataError{Code: MetadataEscaped, Detail: "this is XML that is written as text"}
	case metadataEnd.Match(end):
		return &MetadataError{Code: MetadataCut, Detail: "the beginning is missing"}
	case len(text) <= maxAddress && bareAddress.Match(bytes.ToLower(text)):
		return &MetadataError{Code: MetadataURL, Detail: "this is an address without https://"}
	}
	return nil
}

// recogniseBraced tells JSON from what begins like it.
func recogniseBraced(src, text []byte) error {
	if err := recogniseFile(src); err != nil {
		return err
	}
	if bytes.HasPrefix(text, []byte("[InternetShortcut]")) {
		return &MetadataError{Code: MetadataURL, Detail: "this is a shortcut to an address; what is found there is wanted"}
	}
	err, start := recogniseJSON(text), text[:min(len(text), maxBefore)]
	if bad, ok := errors.AsType[*MetadataError](err); ok && bad.Code == MetadataJSON && (metadataTag.Match(start) || escapedTag.Match(start)) {
		return &MetadataError{Code: MetadataEscaped, Detail: "this is JSON with XML in it"}
	}
	return err
}

// recogniseFile tells files of other programs by their first octets; nil: it is
// none.
func recogniseFile(src []byte) error {
	const zip = "PK\x03\x04"
	office := bytes.Contains(src[:min(len(src), 4096)], []byte("[Content_Types].xml")) || bytes.Contains(src[:min(len(src), 256)], []byte("application/vnd.oasis"))
	switch {
	case hasAnyPrefix(src, zip) && office, hasAnyPrefix(src, "%PDF-", "{\\rtf", "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "\x89PNG", "\xFF\xD8\xFF", "GIF8"):
		return &MetadataError{Code: MetadataDocument, Detail: "this is a PDF, a picture, or a file of an office program"}
	case hasAnyPrefix(src, zip, "PK\x05\x06", "\x1F\x8B", "7z\xBC\xAF\x27\x1C", "Rar!", "BZh", "\xFD7zXZ\x00", "\x28\xB5\x2F\xFD", "MSCF\x00"):
		return &MetadataError{Code: MetadataArchive, Detail: "this is a compressed file; what is in it is wanted"}
	}
	return nil
}

// damaged says what is wrong with a document that could not be read: a part of it
// is missing, something stands behind it, or it is as the error says.
func damaged(text []byte, err error) *MetadataError {
	bad := &MetadataError{Code: MetadataXML, Detail: err.Error()}
	x, ok := errors.AsType[*xmltree.Error](err)
	if !ok {
		return bad
	}
	bad.Offset = x.Offset
	if len(text) > xmltree.MaxMetadataBytes {
		bad.Code, bad.Detail = MetadataSize, "want at most 5 MiB, got more"
		return bad
	}
	root := metadataTag.FindSubmatch(text[:min(len(text), maxBefore)])
	if x.Code != xmltree.CodeWellFormed || root == nil {
		return bad
	}
	switch end := bytes.LastIndex(text, slices.Concat([]byte("</"), root[1])); {
	case end < 0 || !bytes.Contains(text[end:], []byte(">")):
		bad.Code, bad.Detail = MetadataCut, "the end is missing: "+bad.Detail
	case x.Offset > end && !bytes.HasSuffix(bytes.TrimSpace(text), []byte(">")):
		bad.Code, bad.Detail = MetadataAround, "there is something behind the XML: "+bad.Detail
	}
	return bad
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
	case certErr == nil || keyErr == nil || isSignedData(der):
		return &MetadataError{Code: MetadataCertificate, Detail: "this is a certificate, not metadata"}
	case looksLikeXML(der):
		doc, err := xmltree.Parse(der, xmltree.Metadata)
		if err == nil && doc.Root().Space() == nsProtocol {
			return &MetadataError{Code: MetadataMessage, Detail: "this is a message of a sign-in, not metadata"}
		}
		return &MetadataError{Code: MetadataBase64, Detail: "this is XML in base64; decode it first"}
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

// isSignedData reports whether der is a PKCS #7 file, in which certificates are
// handed on with their chain [RFC2315 9.1].
func isSignedData(der []byte) bool {
	signedData := []byte{0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02}
	return len(der) > 0 && der[0] == 0x30 && bytes.Contains(der[:min(len(der), 24)], signedData)
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
