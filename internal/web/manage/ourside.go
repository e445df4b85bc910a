package manage

import (
	"net/http"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
)

// OurCertificates are those of our keys, for identity providers that want them
// in their consoles.
type OurCertificates struct {
	Signing    string `json:"signing,omitempty" doc:"Of what we send, in PEM; not there: we have never signed anything"`
	Encryption string `json:"encryption,omitempty" doc:"For which it may encrypt, in PEM; not there: it may not"`
}

// Values are those of an identity provider without metadata, one by one.
type Values struct {
	EntityID    string `json:"entity_id" minLength:"1" maxLength:"1024"`
	SignOn      string `json:"sign_on_url" minLength:"1" maxLength:"2000" doc:"By redirect, and by post where it signs"`
	Logout      string `json:"logout_url,omitempty" maxLength:"2000"`
	Certificate string `json:"certificate,omitempty" maxLength:"20000" doc:"Of its signing key, in PEM or base64 alone; empty: those that are there"`
}

// TestOffer is a change of settings that a test suggests.
type TestOffer struct {
	Of   string `json:"of" enum:"subject,email,first_name,last_name,username,groups,nameid_format"`
	To   string `json:"to" doc:"Empty: as it is recognised, or nothing is asked for"`
	Seen string `json:"seen,omitempty" doc:"The value that it would have been"`
}

// Accepted are changes that a test has suggested.
type Accepted struct {
	Of []string `json:"of" minItems:"1" maxItems:"7" enum:"subject,email,first_name,last_name,username,groups,nameid_format"`
}

func (h *Handler) ourSide(a *api) {
	const tag, one = "Connections", "/organizations/{organization}/connections/{connection}"
	read, write := sso.ScopeSSORead, sso.ScopeSSOWrite
	register(a, op{ID: "setValues", Method: http.MethodPut, Path: one + "/values", Scope: write, Tag: tag, Summary: "Say what an identity provider without metadata is, value by value"}, h.setValues)
	register(a, op{ID: "getOurCertificates", Method: http.MethodGet, Path: one + "/our-certificates", Scope: read, Tag: tag, Summary: "Read the certificates of our keys"}, h.getOurCertificates)
	register(a, op{ID: "acceptTest", Method: http.MethodPost, Path: one + "/tests/{test}/accept", Scope: write, Tag: tag, Summary: "Change settings as a test suggests", About: "Of the settings as they are now, and no others."}, h.acceptTest)
}

func (h *Handler) setValues(c *call, in *struct {
	InConnection
	Matching
	Body Values
}) (*told[Connection], error) {
	return h.edited(c, in.InConnection, in.wanted, func(e *connect.Edit, _ *authority.Place) error {
		v := connect.Values{EntityID: in.Body.EntityID, SignOn: in.Body.SignOn, Logout: in.Body.Logout}
		if in.Body.Certificate != "" {
			v.Certificate = []byte(in.Body.Certificate)
		}
		_, err := h.Connect.SaveValues(c.ctx(), e, v)
		return err
	})
}

func (h *Handler) getOurCertificates(c *call, in *struct{ InConnection }) (*told[OurCertificates], error) {
	_, p, err := c.at(h, in.InOrganization)
	if err != nil {
		return nil, err
	}
	encryption, err := h.Connect.EncryptionCertificate(c.ctx(), p, in.Connection, sso.Live)
	if err != nil && !fault.Is(err, "certificate_unknown") {
		return nil, err
	}
	signing, err := h.Connect.SigningCertificate(c.ctx())
	if err != nil && !fault.Is(err, "certificate_unknown") {
		return nil, err
	}
	return tell(OurCertificates{Signing: string(signing), Encryption: string(encryption)}), nil
}

func (h *Handler) acceptTest(c *call, in *struct {
	InConnection
	Matching
	Test string `path:"test" doc:"ID of the test" maxLength:"64"`
	Body Accepted
}) (*told[Connection], error) {
	return h.edited(c, in.InConnection, in.version, func(e *connect.Edit, _ *authority.Place) error {
		var chosen []sso.OfferOf
		for _, of := range in.Body.Of {
			chosen = append(chosen, sso.OfferOf(of))
		}
		return h.Connect.Accept(c.ctx(), e, sso.TestID(in.Test), chosen)
	})
}
