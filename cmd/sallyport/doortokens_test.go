package main

import (
	"net/url"

	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/secret"
)

// request is one of the app, with the pair of [RFC 7636 Appendix B].
func (d *doors) request() url.Values {
	return url.Values{
		"client_id": {d.app.ClientID}, "redirect_uri": {d.app.RedirectURIs[0]}, "response_type": {"code"}, "scope": {"openid offline_access"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
	}
}

// exchange has the app get a code in the session, and tokens for it: as if the
// session had been looked at the moment before.
func (d *doors) exchange() (oidc.TokenResponse, error) {
	out, err := d.grants.Authorize(d.Context(), d.request(), &d.bob.Person)
	if err != nil {
		return oidc.TokenResponse{}, err
	}
	to, err := url.Parse(out.URL)
	if err != nil {
		return oidc.TokenResponse{}, err
	}
	r, err := oidc.ReadToken(nil, "", url.Values{
		"grant_type": {"authorization_code"}, "code": {to.Query().Get("code")}, "redirect_uri": {d.app.RedirectURIs[0]}, "client_id": {d.app.ClientID},
		"code_verifier": {"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"},
	}.Encode())
	if err != nil {
		return oidc.TokenResponse{}, err
	}
	return d.grants.Exchange(d.Context(), r)
}

func (d *doors) code() error {
	_, err := d.exchange()
	return err
}

func (d *doors) userinfo() error {
	if d.access.IsZero() {
		tokens, err := d.exchange()
		if err != nil {
			return err
		}
		d.access = tokens.AccessToken
	}
	_, err := d.grants.Userinfo(d.Context(), d.access)
	return err
}

func (d *doors) refresh() error {
	if d.refreshed.IsZero() {
		tokens, err := d.exchange()
		if err != nil {
			return err
		}
		d.refreshed = tokens.RefreshToken
	}
	r, err := oidc.ReadToken(nil, "", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {d.refreshed.Reveal()}, "client_id": {d.app.ClientID}}.Encode())
	if err != nil {
		return err
	}
	tokens, err := d.grants.Exchange(d.Context(), r)
	if err == nil {
		d.refreshed = tokens.RefreshToken
	}
	return err
}

// begin has a device get its codes.
func (d *doors) begin() (oidc.DeviceResponse, error) {
	r, err := oidc.ReadDevice(nil, "", url.Values{"client_id": {d.app.ClientID}, "scope": {"openid"}}.Encode())
	if err != nil {
		return oidc.DeviceResponse{}, err
	}
	return d.grants.Device(d.Context(), r, grant.From{})
}

// agree has the person agree to a device, as if the page had been opened the
// moment before.
func (d *doors) agree() error {
	codes, err := d.begin()
	if err != nil {
		return err
	}
	if _, err := d.grants.Approve(d.Context(), &d.bob, codes.User.String()); err != nil {
		return err
	}
	d.agreed = codes.Device
	return nil
}

// device takes tokens, for which the person agreed while they still could, and has
// them agree to the next.
func (d *doors) device() error {
	if d.agreed.IsZero() {
		if err := d.agree(); err != nil {
			return err
		}
	}
	r, err := oidc.ReadToken(nil, "", url.Values{"grant_type": {string(oidc.DeviceCode)}, "device_code": {d.agreed.Reveal()}, "client_id": {d.app.ClientID}}.Encode())
	if err != nil {
		return err
	}
	d.agreed = secret.Token{}
	if _, err := d.grants.Exchange(d.Context(), r); err != nil {
		return err
	}
	return d.agree()
}
