package oidc

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
)

// pushedPrefix begins the name of a request that was pushed [RFC 9126 2.2].
const pushedPrefix = "urn:ietf:params:oauth:request_uri:"

// PushedRequest is an authorize request that the client itself has sent, past
// the browser. Nothing in it has been proved.
type PushedRequest struct {
	Client     Credentials
	Parameters url.Values
	Proof      DPoP // that came with it; see [DPoP.Verify]
}

// ReadPushed reads a request that is pushed: the values of its Authorization
// header, its query and its form body. The error is a [*TokenError].
func ReadPushed(authorization []string, query, body string) (PushedRequest, error) {
	client, form, err := readClientForm(authorization, query, body)
	if err != nil {
		return PushedRequest{}, err
	}
	if form.Has("request_uri") {
		return PushedRequest{}, badToken(InvalidRequest, "request_uri cannot be pushed") // [RFC 9126 2.1]
	}
	for _, name := range [...]string{"client_secret", "client_assertion", "client_assertion_type"} {
		form.Del(name)
	}
	form.Set("client_id", client.ClientID)
	if len(form.Encode()) > MaxAuthorize {
		return PushedRequest{}, badToken(InvalidRequest, "the request is too large")
	}
	return PushedRequest{Client: client, Parameters: form}, nil
}

// JudgePushed is [Judge] of a request that was pushed. The error is a
// [*TokenError]: who pushes is told directly.
func JudgePushed(v url.Values, c Client) (AuthorizeRequest, error) {
	r, err := Judge(v, c)
	if refusal, ok := errors.AsType[*AuthorizeError](err); ok {
		return AuthorizeRequest{}, badToken(refusal.Code, refusal.Description)
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return AuthorizeRequest{}, &TokenError{Code: InvalidRequest, Description: "redirect_uri is not registered for the client", why: f.Error()}
	}
	return r, err
}

// PushedIn returns the token of the pushed request that an authorize request
// stands for, or an empty one. What else it says does not count
// [RFC 9126 4].
func PushedIn(v url.Values) secret.Token {
	uri, ok := single(v, "request_uri")
	token, pushed := strings.CutPrefix(uri, pushedPrefix)
	if !ok || !pushed || len(token) > maxCode {
		return secret.Token{}
	}
	return secret.ParseToken(token)
}

// PushedQuery returns the authorize request that stands for a pushed one.
func PushedQuery(clientID string, token secret.Token) url.Values {
	return url.Values{"client_id": {clientID}, "request_uri": {pushedPrefix + token.Reveal()}}
}

// UnknownPushed returns the error for a pushed request that is unknown, expired,
// used or another client's. It is for a page: where the answer would go, is not
// known any more.
func UnknownPushed() error {
	return &fault.Error{Kind: fault.Invalid, Code: "oidc_request_uri", Want: "a request that was pushed a moment ago, and was not used", Fix: fault.AppSide}
}

// PushedResponse answers who has pushed a request [RFC 9126 2.2].
type PushedResponse struct {
	Token     secret.Token
	ExpiresIn time.Duration
}

// JSON returns the body. It must not be cached.
func (r PushedResponse) JSON() []byte {
	b, err := json.Marshal(struct {
		RequestURI string `json:"request_uri"`
		ExpiresIn  int64  `json:"expires_in"`
	}{pushedPrefix + r.Token.Reveal(), int64(r.ExpiresIn / time.Second)})
	if err != nil {
		panic(err) // a string and a number always marshal
	}
	return b
}
