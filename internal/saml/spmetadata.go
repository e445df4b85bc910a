package saml

import (
	"encoding/base64"
	"fmt"
	"strconv"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// SPMetadata describes us to one identity provider [SAMLMeta 2.4.4]. It is
// small and has no instant in it: the same settings give the same bytes, so
// that products which poll it see no change where there is none.
type SPMetadata struct {
	EntityID string
	ACS      []string // the first is the default
	SLO      string   // single logout by Redirect and POST; empty: none

	SigningCertificates [][]byte // DER
	// EncryptionCertificates make AD FS encrypt as soon as it sees one.
	EncryptionCertificates [][]byte // DER

	WantAssertionsSigned bool
	AuthnRequestsSigned  bool
	NameIDFormats        []string
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
	for _, der := range m.SigningCertificates {
		writeKeyDescriptor(&w, "signing", der)
	}
	for _, der := range m.EncryptionCertificates {
		writeKeyDescriptor(&w, "encryption", der)
	}
	if m.SLO != "" {
		for _, binding := range []string{BindingRedirect, BindingPost} {
			w.Start("md:SingleLogoutService")
			w.Attr("Binding", binding)
			w.Attr("Location", m.SLO)
			w.End()
		}
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
	w.End()
	w.End()
	doc, err := w.Bytes()
	if err != nil {
		return nil, fmt.Errorf("writing metadata: %w", err)
	}
	return doc, nil
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
	w.End()
}
