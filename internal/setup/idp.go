package setup

import (
	"errors"
	"strconv"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/sso"
)

// empty reports whether the file says nothing of the identity provider.
func (p *IdP) empty() bool {
	return p.EntityID == nil && p.SignOn == nil && p.Logout == nil && p.Certificates == nil && p.WantsSigned == nil && p.MetadataURL == nil
}

// merge gives the settings what the file says of the identity provider one by
// one.
func (p *IdP) merge(to *sso.SAML) error {
	set(&to.WantsSigned, p.WantsSigned)
	return in("identity_provider", errors.Join(
		setURI(&to.IdPEntityID, p.EntityID, "entity_id"),
		mergeEndpoints(&to.Endpoints, p.SignOn),
		mergeEndpoints(&to.LogoutTo, p.Logout),
		in("certificates", p.mergeCertificates(to)),
		in("metadata_url", p.mergeURL(to)),
	))
}

// mergeEndpoints sets endpoints, if the file has any there.
func mergeEndpoints(to *[]sso.Endpoint, from []Endpoint) error {
	if from == nil {
		return nil
	}
	*to = nil
	return every(from, func(e *Endpoint) error {
		out := sso.Endpoint{Location: e.URL, Answers: value(e.Answers)}
		err := choose(&out.Binding, &e.Binding, "binding", sso.BindingRedirect, sso.BindingPOST)
		if err == nil {
			err = in("url", federation.CheckLocation(out.Location))
		}
		if err == nil && out.Answers != "" {
			err = in("answers", federation.CheckLocation(out.Answers))
		}
		*to = append(*to, out)
		return on(e, "identity_provider", err)
	})
}

func (p *IdP) mergeCertificates(to *sso.SAML) error {
	if p.Certificates == nil {
		return nil
	}
	if len(p.Certificates) > saml.MaxKeys {
		return &fault.Error{Kind: fault.Exhausted, Code: "certificate_many", Want: "8 certificates at most", Got: strconv.Itoa(len(p.Certificates)), Fix: fault.OperatorSide}
	}
	to.Certificates = nil
	for i, text := range p.Certificates {
		der, err := federation.ReadCertificate([]byte(text))
		if err != nil {
			return in(strconv.Itoa(i), err)
		}
		to.Certificates = append(to.Certificates, der)
	}
	return nil
}

// mergeURL sets where metadata are read again. They are not read now: what they
// say stands beside it.
func (p *IdP) mergeURL(to *sso.SAML) error {
	if p.MetadataURL == nil {
		return nil
	}
	if *p.MetadataURL != "" {
		if err := federation.CheckLocation(*p.MetadataURL); err != nil {
			return err
		}
	}
	to.MetadataURL = *p.MetadataURL
	return nil
}
