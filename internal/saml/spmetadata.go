package saml

import (
	"encoding/base64"
	"fmt"
	"strconv"

	"github.com/sallyport/sallyport/internal/xmlenc"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// SPMetadata describes us to one identity provider [SAMLMeta 2.4.4]. It is
// small and has no instant in it: the same settings give the same bytes, so
// that products which poll it see no change where there is none.
type SPMetadata struct {
	EntityID string
	ACS      []string   // the first is the default
	SLO      []Endpoint // for single logout

	// The key in use comes first, those that will follow it after it.
	SigningCertificates [][]byte // DER
	// EncryptionCertificates make AD FS encrypt as soon as it sees one.
	EncryptionCertificates [][]byte // DER

	WantAssertionsSigned bool
	AuthnRequestsSigned  bool
	NameIDFormats        []string

	// DisplayName is what people read at the identity provider. It is written
	// as mdui:UIInfo and as the name of what asks for Attributes.
	DisplayName string
	// Organization is written if it is complete, as [SAMLMeta 2.3.2.1] wants it.
	Organization Organization
	// Attributes are what we ask for; products make their claims from them.
	Attributes []RequestedAttribute
}

// An Organization is who runs a service, in English.
type Organization struct {
	Name        string
	DisplayName string
	URL         string
}

// A RequestedAttribute is one that a service provider would like to have
// [SAMLMeta 2.4.4.2].
type RequestedAttribute struct {
	Name         string
	NameFormat   string // empty: unspecified
	FriendlyName string
	Required     bool
}

// Formats of the names of attributes [SAMLCore 8.2].
const (
	NameFormatBasic = "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
	NameFormatURI   = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
)

const nsUI = "urn:oasis:names:tc:SAML:metadata:ui"

// language is that of what we write for people in metadata.
const language = "en"

// encryptionMethods are announced in the order in which we would have them. An
// identity provider that reads none of it takes its own default, and most of
// those are on the list.
var encryptionMethods = [...]string{
	xmlenc.AES256GCM, xmlenc.AES128GCM, xmlenc.AES256CBC, xmlenc.AES128CBC, xmlenc.RSAOAEPMGF1P,
}

// XML returns the metadata as a document.
func (m SPMetadata) XML() ([]byte, error) {
	var w xmltree.Writer
	w.Start("md:EntityDescriptor")
	w.Namespace("md", nsMetadata)
	w.Attr("entityID", m.EntityID)
	w.Start("md:SPSSODescriptor")
	w.Attr("AuthnRequestsSigned", strconv.FormatBool(m.AuthnRequestsSigned))
	w.Attr("WantAssertionsSigned", strconv.FormatBool(m.WantAssertionsSigned))
	w.Attr("protocolSupportEnumeration", nsProtocol)
	if m.DisplayName != "" {
		w.Start("md:Extensions")
		w.Start("mdui:UIInfo")
		w.Namespace("mdui", nsUI)
		writeWords(&w, "mdui:DisplayName", m.DisplayName)
		w.End()
		w.End()
	}
	for _, der := range m.SigningCertificates {
		writeKeyDescriptor(&w, "signing", der)
	}
	for _, der := range m.EncryptionCertificates {
		writeKeyDescriptor(&w, "encryption", der)
	}
	for _, slo := range m.SLO {
		w.Start("md:SingleLogoutService")
		w.Attr("Binding", slo.Binding)
		w.Attr("Location", slo.Location)
		if slo.ResponseLocation != "" {
			w.Attr("ResponseLocation", slo.ResponseLocation)
		}
		w.End()
	}
	for _, format := range m.NameIDFormats {
		w.Start("md:NameIDFormat")
		w.Text(format)
		w.End()
	}
	for i, acs := range m.ACS {
		w.Start("md:AssertionConsumerService")
		w.Attr("Binding", BindingPost)
		w.Attr("Location", acs)
		w.Attr("index", strconv.Itoa(i))
		w.Attr("isDefault", strconv.FormatBool(i == 0))
		w.End()
	}
	m.writeAttributes(&w)
	w.End()
	m.Organization.write(&w)
	w.End()
	doc, err := w.Bytes()
	if err != nil {
		return nil, fmt.Errorf("writing metadata: %w", err)
	}
	return doc, nil
}

// writeAttributes writes what we ask for, which has to have a name of its own.
func (m SPMetadata) writeAttributes(w *xmltree.Writer) {
	if len(m.Attributes) == 0 {
		return
	}
	w.Start("md:AttributeConsumingService")
	w.Attr("index", "0")
	w.Attr("isDefault", "true")
	writeWords(w, "md:ServiceName", or(m.DisplayName, m.EntityID))
	for _, a := range m.Attributes {
		w.Start("md:RequestedAttribute")
		w.Attr("Name", a.Name)
		if a.NameFormat != "" {
			w.Attr("NameFormat", a.NameFormat)
		}
		if a.FriendlyName != "" {
			w.Attr("FriendlyName", a.FriendlyName)
		}
		if a.Required {
			w.Attr("isRequired", "true")
		}
		w.End()
	}
	w.End()
}

func (o Organization) write(w *xmltree.Writer) {
	if o.Name == "" || o.DisplayName == "" || o.URL == "" {
		return
	}
	w.Start("md:Organization")
	writeWords(w, "md:OrganizationName", o.Name)
	writeWords(w, "md:OrganizationDisplayName", o.DisplayName)
	writeWords(w, "md:OrganizationURL", o.URL)
	w.End()
}

// writeWords writes an element for people.
func writeWords(w *xmltree.Writer, name, text string) {
	w.Start(name)
	w.Attr("xml:lang", language)
	w.Text(text)
	w.End()
}

func writeKeyDescriptor(w *xmltree.Writer, use string, der []byte) {
	w.Start("md:KeyDescriptor")
	w.Attr("use", use)
	w.Start("ds:KeyInfo")
	w.Namespace("ds", nsSignature)
	w.Start("ds:X509Data")
	w.Start("ds:X509Certificate")
	w.Text(base64.StdEncoding.EncodeToString(der))
	w.End()
	w.End()
	w.End()
	if use == "encryption" {
		for _, method := range &encryptionMethods {
			w.Start("md:EncryptionMethod")
			w.Attr("Algorithm", method)
			w.End()
		}
	}
	w.End()
}
