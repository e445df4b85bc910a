package saml

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// Codes of [MetadataError]. They are part of the product: never renamed.
const (
	MetadataEmpty       = "metadata.empty"        // nothing
	MetadataNotXML      = "metadata.not_xml"      // text that is no XML
	MetadataHTML        = "metadata.html"         // a web page
	MetadataPrivateKey  = "metadata.private_key"  // a private key, which nobody may have but its owner
	MetadataCertificate = "metadata.certificate"  // a certificate alone
	MetadataJSON        = "metadata.json"         // JSON
	MetadataJWKS        = "metadata.jwks"         // the keys of an OpenID provider
	MetadataOIDC        = "metadata.oidc"         // the configuration of an OpenID provider
	MetadataURL         = "metadata.url"          // an address
	MetadataEncoding    = "metadata.encoding"     // text in an encoding that we do not read, or damaged by one
	MetadataArchive     = "metadata.archive"      // a compressed file
	MetadataDocument    = "metadata.document"     // a PDF, a picture, or a file of an office program
	MetadataBase64      = "metadata.base64"       // XML in base64
	MetadataEscaped     = "metadata.escaped"      // XML written as text: &lt; in place of <, or in a string of JSON
	MetadataAround      = "metadata.around"       // metadata with something before or behind them
	MetadataCut         = "metadata.cut"          // a part of metadata
	MetadataSize        = "metadata.size"         // more than metadata may have
	MetadataMessage     = "metadata.message"      // a request or a response
	MetadataXML         = "metadata.xml"          // XML that is damaged or has parts we refuse
	MetadataRoot        = "metadata.root"         // XML of another kind
	MetadataSP          = "metadata.sp"           // metadata of another service provider
	MetadataOwn         = "metadata.own"          // our own
	MetadataNoIdP       = "metadata.no_idp"       // no identity provider with SAML 2.0 in it
	MetadataSeveralIdPs = "metadata.several_idps" // more than one of them
	MetadataEntityID    = "metadata.entity_id"    // no usable entity ID
	MetadataBadKey      = "metadata.key"          // a certificate that cannot be used
	MetadataNoKey       = "metadata.no_key"       // no key to verify signatures with
	MetadataTooManyKeys = "metadata.keys"         // more keys than any identity provider has
	MetadataNoSSO       = "metadata.no_sso"       // no sign-in address
	MetadataLocation    = "metadata.location"     // a sign-in address that is not https
)

// A MetadataError says why metadata cannot be used.
type MetadataError struct {
	Code   string
	Detail string // for administrators; holds nothing secret
	Path   string
	Offset int

	// IdPs are the entity IDs of the first identity providers, where there are
	// several, one of which [ParseIdPMetadataOf] reads.
	IdPs []string
}

// maxIdPs bounds [MetadataError.IdPs]. Nobody chooses among more, and the
// federations that list thousands offer each of theirs on its own.
const maxIdPs = 200

// Error returns the code and the detail.
func (e *MetadataError) Error() string {
	if e.Detail == "" {
		return e.Code
	}
	return e.Code + ": " + e.Detail
}

// MaxKeys is the greatest number of signing keys of one identity provider.
const MaxKeys = xmldsig.MaxKeys

// IdPMetadata is what an identity provider publishes about itself
// [SAMLMeta 2.4.3]. Nothing in it is proved: it is worth as much as the way
// it came.
type IdPMetadata struct {
	EntityID string
	SSO      []Endpoint
	SLO      []Endpoint
	Keys     []MetadataKey // for signatures; at least one, those that cannot be used left out

	WantAuthnRequestsSigned bool
	NameIDFormats           []string
	ValidUntil              time.Time     // zero: it does not say
	CacheDuration           time.Duration // after which to ask again; zero: it does not say

	unusable *MetadataError // the first certificate that was passed over
}

// An Endpoint is an address of an identity provider, as published.
type Endpoint struct {
	Binding          string
	Location         string
	ResponseLocation string // for logout responses; empty: Location
}

// A MetadataKey is a signing key with the certificate that carries it.
type MetadataKey struct {
	Key         xmldsig.Key
	Certificate []byte // DER
	Subject     string
	NotBefore   time.Time
	NotAfter    time.Time
}

// Expect returns the part of an expectation that the metadata gives.
func (m *IdPMetadata) Expect() IdP {
	idp := IdP{EntityID: m.EntityID}
	for _, k := range m.Keys {
		idp.Keys = append(idp.Keys, k.Key)
	}
	return idp
}

// SignOn returns the endpoint to send users to, by Redirect if there is a
// choice. Endpoints that may not be used are passed over; when none is left,
// the error, a [*MetadataError], names the first.
func (m *IdPMetadata) SignOn() (Endpoint, error) {
	var refused error
	for _, binding := range []string{BindingRedirect, BindingPost} {
		for _, e := range m.SSO {
			if e.Binding != binding {
				continue
			}
			err := CheckLocation(e.Location)
			if err == nil {
				return e, nil
			}
			if refused == nil {
				refused = &MetadataError{Code: MetadataLocation, Detail: fmt.Sprintf("%s: %v", quote(e.Location), err)}
			}
		}
	}
	if refused == nil {
		refused = &MetadataError{Code: MetadataNoSSO, Detail: "no SingleSignOnService by HTTP-Redirect or HTTP-POST"}
	}
	return Endpoint{}, refused
}

// ParseIdPMetadata reads the metadata of one identity provider: an
// EntityDescriptor, or an EntitiesDescriptor that holds one identity provider.
// Signatures on it are not verified. Own are entity IDs and base URLs of ours, by
// which our own metadata is recognised when somebody gives it back to us. The
// error is always a [*MetadataError].
func ParseIdPMetadata(src []byte, own ...string) (*IdPMetadata, error) {
	return ParseIdPMetadataOf(src, "", own...)
}

// ParseIdPMetadataOf reads as [ParseIdPMetadata] does, and of several identity
// providers the one with this entity ID; "": the only one.
func ParseIdPMetadataOf(src []byte, entityID string, own ...string) (*IdPMetadata, error) {
	src, err := Text(src)
	if err != nil {
		return nil, err
	}
	if err := recognise(src); err != nil {
		return nil, err
	}
	text := unpadded(src)
	doc, err := xmltree.Parse(text, xmltree.Metadata)
	if err != nil {
		return nil, damaged(text, err)
	}
	entity, err := onlyIdP(doc.Root(), entityID, own)
	if err != nil {
		return nil, err
	}
	return readIdP(entity)
}

// unpadded returns a document without the white space before it, with which texts
// are pasted and pages made: an XML declaration may have none before it.
// Offsets count from there.
func unpadded(src []byte) []byte {
	const space = " \t\r\n"
	return bytes.TrimLeft(bytes.TrimPrefix(bytes.TrimLeft(src, space), []byte("\xef\xbb\xbf")), space)
}

// onlyIdP returns the descriptor of the only identity provider, or of the only
// one with this entity ID.
func onlyIdP(root xmltree.Element, entityID string, own []string) (xmltree.Element, error) {
	if !root.Is(nsMetadata, "EntityDescriptor") && !root.Is(nsMetadata, "EntitiesDescriptor") {
		return root, notMetadata(root)
	}
	var found []xmltree.Element
	var sp xmltree.Element
	for e := range root.Descendants() {
		switch {
		case !e.Parent().Is(nsMetadata, "EntityDescriptor") || !describes(e.Parent()):
		case e.Is(nsMetadata, "SPSSODescriptor"):
			if sp.IsZero() {
				sp = e
			}
		case e.Is(nsMetadata, "IDPSSODescriptor") && speaksSAML2(e) && (entityID == "" || entityIDOf(e) == entityID):
			found = append(found, e)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		several := &MetadataError{
			Code: MetadataSeveralIdPs, Detail: "want one identity provider, got several: " + namesOf(found), Path: found[1].Path(), Offset: found[1].Offset(),
		}
		for _, e := range found[:min(len(found), maxIdPs)] {
			several.IdPs = append(several.IdPs, entityIDOf(e))
		}
		return root, several
	case !sp.IsZero():
		return root, notOurs(sp, own)
	}
	return root, &MetadataError{Code: MetadataNoIdP, Detail: "no IDPSSODescriptor for SAML 2.0"}
}

// describes reports whether e is an entity that the document is about, and not
// one that stands in an extension of another.
func describes(e xmltree.Element) bool {
	for e = e.Parent(); !e.IsZero(); e = e.Parent() {
		if !e.Is(nsMetadata, "EntitiesDescriptor") {
			return false
		}
	}
	return true
}

// namesOf returns the first entity IDs of identity providers.
func namesOf(found []xmltree.Element) string {
	const some = 5
	var names []string
	for _, e := range found[:min(some, len(found))] {
		names = append(names, quote(entityIDOf(e)))
	}
	if len(found) > some {
		names = append(names, fmt.Sprintf("and %d more", len(found)-some))
	}
	return strings.Join(names, ", ")
}

// entityIDOf returns the entity ID of whom a descriptor describes.
func entityIDOf(e xmltree.Element) string {
	id, _ := e.Parent().Attr("entityID")
	return trim(id)
}

func speaksSAML2(e xmltree.Element) bool {
	protocols, _ := e.Attr("protocolSupportEnumeration")
	for _, p := range bytes.Fields([]byte(protocols)) {
		if string(p) == nsProtocol {
			return true
		}
	}
	return false
}

// readIdP reads an IDPSSODescriptor and the EntityDescriptor around it.
func readIdP(e xmltree.Element) (*IdPMetadata, error) {
	entity := e.Parent()
	m := &IdPMetadata{}
	m.EntityID = entityIDOf(e)
	if m.EntityID == "" || len(m.EntityID) > 1024 {
		return nil, &MetadataError{
			Code: MetadataEntityID, Detail: "want an entityID of at most 1024 bytes", Path: entity.Path(), Offset: entity.Offset(),
		}
	}
	for at := e; !at.IsZero(); at = at.Parent() {
		until := readInstant(at, "validUntil")
		switch {
		case until.given && !until.valid:
			return nil, &MetadataError{
				Code: MetadataXML, Detail: "want a time in validUntil, got " + quote(until.raw), Path: at.Path(), Offset: at.Offset(),
			}
		case until.given && (m.ValidUntil.IsZero() || until.at.Before(m.ValidUntil)):
			m.ValidUntil = until.at
		}
		// A hint: one that cannot be read is none.
		if raw, given := at.Attr("cacheDuration"); given {
			if d, ok := parseDuration(raw); ok && (m.CacheDuration == 0 || d < m.CacheDuration) {
				m.CacheDuration = d
			}
		}
	}
	wants, _ := e.Attr("WantAuthnRequestsSigned")
	m.WantAuthnRequestsSigned = wants == "true" || wants == "1"
	for c := range e.Children() {
		switch {
		case c.Is(nsMetadata, "KeyDescriptor"):
			if err := m.readKeys(c); err != nil {
				return nil, err
			}
		case c.Is(nsMetadata, "SingleSignOnService"):
			m.SSO = append(m.SSO, readEndpoint(c))
		case c.Is(nsMetadata, "SingleLogoutService"):
			m.SLO = append(m.SLO, readEndpoint(c))
		case c.Is(nsMetadata, "NameIDFormat"):
			m.NameIDFormats = append(m.NameIDFormats, readLeaf(c).text)
		}
	}
	if len(m.Keys) == 0 && m.unusable != nil {
		return nil, m.unusable
	}
	if len(m.Keys) == 0 {
		return nil, &MetadataError{
			Code: MetadataNoKey, Detail: "no certificate to verify signatures with", Path: e.Path(), Offset: e.Offset(),
		}
	}
	return m, nil
}

func readEndpoint(e xmltree.Element) Endpoint {
	var p Endpoint
	p.Binding, _ = e.Attr("Binding")
	p.Location, _ = e.Attr("Location")
	p.ResponseLocation, _ = e.Attr("ResponseLocation")
	return p
}

// readKeys adds the keys of a KeyDescriptor for signing. Without use it is for
// everything [SAMLMeta 2.4.1.1]. Of the certificates in one X509Data the first
// has the key; the others are its chain.
func (m *IdPMetadata) readKeys(e xmltree.Element) error {
	if use, given := e.Attr("use"); given && use != "signing" {
		return nil
	}
	for data := range e.Descendants() {
		if !data.Is(nsSignature, "X509Data") {
			continue
		}
		for d := range data.Children() {
			if !d.Is(nsSignature, "X509Certificate") {
				continue
			}
			if err := m.addKey(d); err != nil {
				return err
			}
			break
		}
	}
	return nil
}

// addKey adds the key of a certificate unless it is there already. Providers
// publish keys that we cannot use beside those that they sign with; one that
// cannot be used is remembered for the case that no other is left.
func (m *IdPMetadata) addKey(e xmltree.Element) error {
	key, err := readCertificate(e)
	switch {
	case err != nil:
		if m.unusable == nil {
			m.unusable = &MetadataError{Code: MetadataBadKey, Detail: err.Error(), Path: e.Path(), Offset: e.Offset()}
		}
		return nil
	case m.has(key):
		return nil
	case len(m.Keys) == MaxKeys:
		return &MetadataError{
			Code: MetadataTooManyKeys, Detail: fmt.Sprintf("want at most %d keys, got more", MaxKeys), Path: e.Path(), Offset: e.Offset(),
		}
	}
	m.Keys = append(m.Keys, key)
	return nil
}

func (m *IdPMetadata) has(key MetadataKey) bool {
	for _, k := range m.Keys {
		if bytes.Equal(k.Certificate, key.Certificate) {
			return true
		}
	}
	return false
}

func readCertificate(e xmltree.Element) (MetadataKey, error) {
	text, _ := e.Leaf()
	packed := make([]byte, 0, len(text))
	for i := range len(text) {
		if !isSpace(text[i]) {
			packed = append(packed, text[i])
		}
	}
	der, err := base64.StdEncoding.DecodeString(string(packed))
	if err != nil {
		return MetadataKey{}, errors.New("the certificate is not base64")
	}
	return NewMetadataKey(der)
}

// NewMetadataKey returns the signing key of a certificate in DER form. A
// certificate is only the envelope of a key: one that cannot be read but for
// its key is as good as any, without a subject and dates.
func NewMetadataKey(der []byte) (MetadataKey, error) {
	key, err := xmldsig.KeyFromCertificate(der)
	if err != nil {
		return MetadataKey{}, fmt.Errorf("reading certificate: %w", err)
	}
	k := MetadataKey{Key: key, Certificate: der}
	if cert, err := x509.ParseCertificate(der); err == nil {
		k.Subject, k.NotBefore, k.NotAfter = cert.Subject.String(), cert.NotBefore, cert.NotAfter
	}
	return k, nil
}
