package oidc

import (
	"encoding/json"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
)

// TokenQuestion is a well-formed request about a token: to revoke it, or to say
// what it is good for. Nothing in it has been proved. What the client says of
// its kind is a hint, and we look for each anyway [RFC 7009 2.1, RFC 7662 2.1].
type TokenQuestion struct {
	Client Credentials
	Token  secret.Token
}

// ReadTokenQuestion reads a revocation or introspection request: the values of
// its Authorization header, its query and its form body. The error is a
// [*TokenError].
func ReadTokenQuestion(authorization []string, query, body string) (TokenQuestion, error) {
	client, form, err := readClientForm(authorization, query, body, "token", "token_type_hint")
	if err != nil {
		return TokenQuestion{}, err
	}
	q := TokenQuestion{Client: client, Token: secret.ParseToken(form.Get("token"))}
	if q.Token.IsZero() || len(form.Get("token")) > max(maxAccessToken, maxRefreshToken) {
		return TokenQuestion{}, badToken(InvalidRequest, "token is missing or too long")
	}
	return q, nil
}

// MustKeepSecret refuses a client that proves itself by nothing: whoever may ask
// what a token is good for could otherwise try tokens.
func (c Client) MustKeepSecret() error {
	if c.Public {
		return invalidClient("a client without a secret may not ask about tokens")
	}
	return nil
}

// Introspection is what a token is good for [RFC 7662 2.2]. The zero value is
// that of one which is good for nothing, whatever the reason.
type Introspection struct {
	Active   bool
	Issuer   string
	Subject  string
	ClientID string
	Scope    string
	Username string
	Kind     string // token_type: "Bearer", or "" of a refresh token
	IssuedAt time.Time
	Expires  time.Time
	Key      string   // thumbprint of the key to which it is bound; "": to none
	Org      OrgClaim // zero: of a machine, which is in none
}

// JSON returns the body. It must not be cached.
func (i Introspection) JSON() []byte {
	var body any = struct {
		Active bool `json:"active"`
	}{}
	if i.Active {
		body = struct {
			Active   bool     `json:"active"`
			Issuer   string   `json:"iss"`
			Subject  string   `json:"sub"`
			ClientID string   `json:"client_id"`
			Audience string   `json:"aud"`
			Scope    string   `json:"scope"`
			Username string   `json:"username,omitempty"`
			Kind     string   `json:"token_type,omitempty"`
			IssuedAt int64    `json:"iat"`
			Expires  int64    `json:"exp"`
			Bound    *bound   `json:"cnf,omitempty"`
			OrgID    string   `json:"org_id,omitempty"`
			Org      OrgClaim `json:"org,omitzero"`
		}{true, i.Issuer, i.Subject, i.ClientID, i.ClientID, i.Scope, i.Username, i.Kind, i.IssuedAt.Unix(), i.Expires.Unix(), boundTo(i.Key), i.Org.ID, i.Org}
	}
	b, err := json.Marshal(body)
	if err != nil {
		panic(err) // strings, numbers and a boolean always marshal
	}
	return b
}

// bound says to which key a token is bound [RFC 9449 6.2].
type bound struct {
	Key string `json:"jkt"`
}

func boundTo(key string) *bound {
	if key == "" {
		return nil
	}
	return &bound{key}
}
