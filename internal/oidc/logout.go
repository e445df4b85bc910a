package oidc

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
)

// maxLogoutHint bounds the id_token_hint of a logout request, in octets. An id
// token with the groups of a large company is long, and must still sign out.
const maxLogoutHint = 24 << 10

// LogoutRequest is an app's request to sign its person out [RPLogout 2]. It is
// well-formed; nothing in it has been proved.
type LogoutRequest struct {
	ClientID    string
	IDTokenHint string
	RedirectURI string // where the person shall be in the end; "": nowhere
	State       string
	UILocales   []string
}

// ReadLogout reads a logout request. The error is for a page.
func ReadLogout(v url.Values) (LogoutRequest, error) {
	var r LogoutRequest
	var locales, ignored string
	for _, p := range []struct {
		name string
		max  int
		to   *string
	}{
		{"client_id", MaxClientID, &r.ClientID},
		{"id_token_hint", maxLogoutHint, &r.IDTokenHint},
		{"post_logout_redirect_uri", MaxRedirectURI, &r.RedirectURI},
		{"state", maxState, &r.State},
		{"ui_locales", maxLocales, &locales},
		{"logout_hint", maxLoginHint, &ignored}, // the browser's session says who it is
	} {
		value, ok := single(v, p.name)
		if !ok || len(value) > p.max || !plain(value) {
			return LogoutRequest{}, &fault.Error{
				Kind: fault.Invalid, Code: "oidc_logout_request", Want: p.name + " once, as text of bounded length", Got: clip(strings.Join(v[p.name], " ")), Fix: fault.AppSide,
			}
		}
		*p.to = value
	}
	r.UILocales = strings.Fields(locales)
	return r, nil
}

// Return returns the URL where the person shall be in the end: the one that is
// asked for, with the state, if it is one of these, octet for octet; "" where
// none is asked for. The error is for a page: nobody is sent anywhere that is
// not registered [RPLogout 3].
func (r LogoutRequest) Return(registered []string) (string, error) {
	switch {
	case r.RedirectURI == "":
		return "", nil
	case !slices.Contains(registered, r.RedirectURI):
		return "", &fault.Error{
			Kind: fault.Invalid, Code: "oidc_post_logout_redirect_uri",
			Want: "one of the post-logout redirect URIs registered for the application, to the letter", Got: clip(r.RedirectURI), Fix: fault.AppSide,
		}
	default:
		return newAnswer(ModeQuery, r.RedirectURI, Parameter{"state", r.State}).URL(), nil
	}
}

// Lives of a logout token, and its type [BackChannel 2.4].
const (
	LogoutTokenLife = 2 * time.Minute
	logoutTokenType = "logout+jwt"
	logoutEvent     = "http://schemas.openid.net/event/backchannel-logout"
)

// LogoutToken tells an app that a session has ended, before it is signed
// [BackChannel 2.4]. It has no nonce, so that it can never be taken for an id
// token.
type LogoutToken struct {
	ID        string // of the token; an app takes each once
	Issuer    string
	Audience  string // the client ID
	IssuedAt  time.Time
	Subject   string
	SessionID string
}

// Sign returns the logout token as a compact JWS under k.
func (t LogoutToken) Sign(k *SigningKey) (string, error) {
	payload, err := json.Marshal(struct {
		Issuer    string              `json:"iss"`
		Audience  string              `json:"aud"`
		IssuedAt  int64               `json:"iat"`
		Expires   int64               `json:"exp"`
		ID        string              `json:"jti"`
		Subject   string              `json:"sub"`
		SessionID string              `json:"sid"`
		Events    map[string]struct{} `json:"events"`
	}{
		t.Issuer, t.Audience, t.IssuedAt.Unix(), t.IssuedAt.Add(LogoutTokenLife).Unix(), t.ID, t.Subject, t.SessionID,
		map[string]struct{}{logoutEvent: {}},
	})
	if err != nil {
		return "", fmt.Errorf("writing logout token: %w", err)
	}
	return k.sign(logoutTokenType, payload)
}

// NewLogoutTokenID returns a fresh identifier of a logout token.
func NewLogoutTokenID() string { return secret.NewToken().Reveal() }
