package setup

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/sso"
)

// maxURI bounds an entity ID [SAMLCore 8.3.6].
const maxURI = 1024

// metadata returns the metadata that a connection names, from one of its three
// places.
func (s *Service) metadata(ctx context.Context, c *Connection, files Files) ([]byte, error) {
	named := 0
	for _, v := range []string{c.Metadata, c.MetadataFile, c.MetadataURL} {
		if v != "" {
			named++
		}
	}
	switch {
	case named > 1:
		return nil, &fault.Error{Kind: fault.Invalid, Code: "apply_value", Want: "one of metadata, metadata_file and metadata_url", Got: "several", Fix: fault.OperatorSide}
	case c.MetadataFile != "":
		return files.Read(c.MetadataFile)
	case c.MetadataURL != "":
		return s.Fetch.Get(ctx, c.MetadataURL)
	default:
		return []byte(c.Metadata), nil
	}
}

// samlSettings reads what a connection says, with the metadata of its identity
// provider, which may be empty for a draft.
func samlSettings(c *Connection, metadata []byte) (sso.SAML, error) {
	out := sso.SAML{SPEntityID: c.SPEntityID, IdPInitiated: c.IdPInitiated, NameIDFormat: c.NameIDFormat, ForceAuthn: c.ForceAuthn}
	if len(c.SPEntityID) > maxURI || len(c.NameIDFormat) > maxURI {
		return out, &fault.Error{Kind: fault.Invalid, Code: "apply_value", Want: "a URI of at most 1024 octets", Fix: fault.OperatorSide}
	}
	if c.IdPInitiated {
		return out, &fault.Error{Kind: fault.Invalid, Code: "apply_value", Want: "idp_initiated: false; sign-in that starts at the identity provider does not exist yet", Got: "true", Fix: fault.OperatorSide}
	}
	switch c.SignRequests {
	case "", "auto":
	case "always":
		out.SignRequests = sso.SignAlways
	case "never":
		out.SignRequests = sso.SignNever
	default:
		return out, &fault.Error{Kind: fault.Invalid, Code: "apply_value", Want: "sign_requests: auto, always, never", Got: c.SignRequests, Fix: fault.OperatorSide}
	}
	for _, l := range c.Legacy {
		sw, err := oneOf(l.Switch, "legacy.switch", "", sso.LegacySwitches()...)
		if err != nil {
			return out, err
		}
		day, err := time.Parse(time.DateOnly, l.Until)
		if err != nil || sw == "" {
			return out, &fault.Error{Kind: fault.Invalid, Code: "apply_value", Want: "legacy: a switch with until: a day such as 2027-01-31", Got: l.Switch + " until " + l.Until, Fix: fault.OperatorSide}
		}
		out.Legacy = append(out.Legacy, sso.Legacy{Switch: sw, Until: day.AddDate(0, 0, 1)})
	}
	if len(metadata) == 0 {
		return out, nil
	}
	m, err := saml.ParseIdPMetadata(metadata)
	if err != nil {
		return out, metadataFault(err)
	}
	if _, err := m.SignOn(); err != nil {
		return out, metadataFault(err)
	}
	out.IdPEntityID, out.WantsSigned = m.EntityID, m.WantAuthnRequestsSigned
	for _, k := range m.Keys {
		out.Certificates = append(out.Certificates, k.Certificate)
	}
	bindings := map[string]sso.Binding{saml.BindingRedirect: sso.BindingRedirect, saml.BindingPost: sso.BindingPOST}
	for _, e := range m.SSO {
		if b, ok := bindings[e.Binding]; ok && saml.CheckLocation(e.Location) == nil {
			out.Endpoints = append(out.Endpoints, sso.Endpoint{Binding: b, Location: e.Location})
		}
	}
	return out, nil
}

// metadataFault makes a fault of what package saml says of metadata.
func metadataFault(err error) error {
	m, ok := errors.AsType[*saml.MetadataError](err)
	if !ok {
		return err
	}
	return &fault.Error{Kind: fault.Invalid, Code: strings.ReplaceAll(m.Code, ".", "_"), Got: m.Detail, Fix: fault.IdPSide}
}
