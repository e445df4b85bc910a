package samltest

import (
	"encoding/base64"
	"fmt"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// Metadata returns the metadata of the identity provider.
func (idp *IdP) Metadata() ([]byte, error) {
	var w xmltree.Writer
	w.Start("md:EntityDescriptor")
	w.Namespace("md", nsMetadata)
	w.Attr("entityID", idp.EntityID)
	w.Start("md:IDPSSODescriptor")
	w.Attr("WantAuthnRequestsSigned", "false")
	w.Attr("protocolSupportEnumeration", nsProtocol)
	w.Start("md:KeyDescriptor")
	w.Attr("use", "signing")
	w.Start("ds:KeyInfo")
	w.Namespace("ds", nsSignature)
	w.Start("ds:X509Data")
	w.Start("ds:X509Certificate")
	w.Text(base64.StdEncoding.EncodeToString(idp.cert))
	for range 4 {
		w.End()
	}
	if idp.SLO != "" {
		for _, binding := range []string{saml.BindingRedirect, saml.BindingPost} {
			w.Start("md:SingleLogoutService")
			w.Attr("Binding", binding)
			w.Attr("Location", idp.SLO)
			w.End()
		}
	}
	w.Start("md:NameIDFormat")
	w.Text(saml.FormatPersistent)
	w.End()
	for _, binding := range []string{saml.BindingRedirect, saml.BindingPost} {
		w.Start("md:SingleSignOnService")
		w.Attr("Binding", binding)
		w.Attr("Location", idp.SSO)
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
