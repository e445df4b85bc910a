package oidc

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Code is an error code of OAuth 2.0 or OpenID Connect. The values are those of
// the standards and are sent as they stand.
type Code string

// The codes in use.
const (
	InvalidRequest           Code = "invalid_request"
	InvalidClient            Code = "invalid_client"
	InvalidGrant             Code = "invalid_grant"
	InvalidScope             Code = "invalid_scope"
	InvalidToken             Code = "invalid_token"
	InsufficientScope        Code = "insufficient_scope"
	UnsupportedGrantType     Code = "unsupported_grant_type"
	UnsupportedResponseType  Code = "unsupported_response_type"
	AccessDenied             Code = "access_denied"
	ServerError              Code = "server_error"
	TemporarilyUnavailable   Code = "temporarily_unavailable"
	LoginRequired            Code = "login_required"
	UnmetAuthentication      Code = "unmet_authentication_requirements" // [OpenID Connect Unmet Authentication Requirements 1.0]
	UnauthorizedClient       Code = "unauthorized_client"
	InvalidDPoPProof         Code = "invalid_dpop_proof"
	AuthorizationPending     Code = "authorization_pending"
	SlowDown                 Code = "slow_down"
	ExpiredToken             Code = "expired_token"
	RequestNotSupported      Code = "request_not_supported"
	RequestURINotSupported   Code = "request_uri_not_supported"
	RegistrationNotSupported Code = "registration_not_supported"
)

// AuthorizeError is an error that may go back to the application by way of the
// browser. Only [Judge] and [AuthorizeRequest.Refuse] make one: its redirect URI
// has been found among those registered.
type AuthorizeError struct {
	Code        Code
	Description string // for the developer; never a secret, never text of the request

	redirectURI string
	mode        Mode
	state       string
}

// Error returns the text for the log.
func (e *AuthorizeError) Error() string {
	return fmt.Sprintf("refusing authorize request: %s: %s", e.Code, e.Description)
}

// Answer returns what takes the error to the application. The issuer goes
// along, so that one with several providers knows which one answers
// [RFC 9207 2].
func (e *AuthorizeError) Answer(issuer string) Answer {
	return newAnswer(e.mode, e.redirectURI,
		Parameter{"error", string(e.Code)}, Parameter{"error_description", e.Description}, Parameter{"state", e.state}, Parameter{"iss", issuer})
}

// TokenError is an error of the token endpoint [RFC 6749 5.2].
type TokenError struct {
	Code        Code
	Description string

	why string // for the log alone; "": as described
}

// Error returns the text for the log.
func (e *TokenError) Error() string {
	return fmt.Sprintf("refusing token request: %s: %s", e.Code, cmp.Or(e.why, e.Description))
}

// Status returns the HTTP status to answer with.
func (e *TokenError) Status() int {
	switch e.Code {
	case InvalidClient:
		return http.StatusUnauthorized
	case ServerError:
		return http.StatusInternalServerError
	case TemporarilyUnavailable:
		return http.StatusServiceUnavailable
	default:
		return http.StatusBadRequest
	}
}

// Challenge returns the value of the WWW-Authenticate header, or "" where there
// is none to send.
func (e *TokenError) Challenge() string {
	if e.Code != InvalidClient {
		return ""
	}
	return `Basic realm="token", charset="UTF-8"`
}

// JSON returns the body.
func (e *TokenError) JSON() []byte { return errorJSON(e.Code, e.Description) }

// BearerError is an error of an endpoint that is opened by an access token
// [RFC 6750 3.1]. Without a code it says that no token came at all.
type BearerError struct {
	Code        Code
	Description string

	bound bool // who asks came with a proof of possession
}

// Error returns the text for the log.
func (e *BearerError) Error() string {
	return fmt.Sprintf("refusing access token: %s: %s", e.Code, e.Description)
}

// Status returns the HTTP status to answer with.
func (e *BearerError) Status() int {
	switch e.Code {
	case InvalidRequest:
		return http.StatusBadRequest
	case InsufficientScope:
		return http.StatusForbidden
	default:
		return http.StatusUnauthorized
	}
}

// Challenge returns the value of the WWW-Authenticate header. A request that
// brought no token learns no code [RFC 6750 3.1].
func (e *BearerError) Challenge() string {
	if e.Code == "" {
		return `Bearer realm="userinfo"`
	}
	scheme, more := "Bearer", ""
	if e.bound {
		scheme, more = "DPoP", fmt.Sprintf(`, algs="%s"`, strings.Join(AssertionAlgorithms(), " "))
	}
	return fmt.Sprintf(`%s realm="userinfo", error="%s", error_description="%s"%s`, scheme, e.Code, e.Description, more)
}

// JSON returns the body.
func (e *BearerError) JSON() []byte {
	if e.Code == "" {
		return errorJSON(InvalidRequest, e.Description)
	}
	return errorJSON(e.Code, e.Description)
}

// errorJSON writes the body that token and userinfo errors share.
func errorJSON(code Code, description string) []byte {
	b, err := json.Marshal(struct {
		Error       Code   `json:"error"`
		Description string `json:"error_description,omitempty"`
	}{code, description})
	if err != nil {
		panic(err) // two strings always marshal
	}
	return b
}

// invalidClient returns the error for a client that has not proved who it is.
// The answer is one and the same whatever was wrong: it must not tell which
// clients there are, nor how they authenticate. The log tells why.
func invalidClient(why string) error {
	return &TokenError{Code: InvalidClient, Description: "the client could not be authenticated", why: why}
}

// GrantNotAllowed returns the error for a client that is not registered for what it
// asks.
func GrantNotAllowed() error {
	return badToken(UnauthorizedClient, "the client is not registered for this grant type")
}

func badToken(code Code, description string) error {
	return &TokenError{Code: code, Description: description}
}
