package oidc

import (
	"encoding/json"
	"errors"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Hint is what an id token of ours, shown again by its application, still says.
// It names somebody and proves nothing about who shows it.
type Hint struct {
	ClientID  string // to which it was given
	Subject   string
	SessionID string
}

// ErrHint says that an id_token_hint is not an id token that this issuer gave to
// this client.
var ErrHint = errors.New("reading id_token_hint: not an id token of this issuer for this client")

// VerifyHint reads an id_token_hint. The token may have expired: that is when
// applications show it [OIDCCore 3.1.2.1]. Issuer, audience, algorithm and
// signature by one of keys are checked.
func VerifyHint(token, issuer, clientID string, keys ...PublicKey) (Hint, error) {
	if len(token) > maxIDTokenHint {
		return Hint{}, ErrHint
	}
	h, err := ReadHint(token, issuer, keys...)
	if err != nil || h.ClientID != clientID {
		return Hint{}, ErrHint
	}
	return h, nil
}

// ReadHint is [VerifyHint] of a token that any client may have been given.
func ReadHint(token, issuer string, keys ...PublicKey) (Hint, error) {
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256, jose.RS256})
	if err != nil || len(jws.Signatures) != 1 {
		return Hint{}, ErrHint
	}
	header := jws.Signatures[0].Protected
	if typ, ok := header.ExtraHeaders[jose.HeaderType]; !ok || typ != idTokenType {
		return Hint{}, ErrHint // a logout token is no id token
	}
	for _, k := range keys {
		if k.id != header.KeyID || string(k.algorithm) != header.Algorithm {
			continue
		}
		payload, err := jws.Verify(k.key)
		if err != nil {
			return Hint{}, ErrHint
		}
		var body struct {
			Issuer    string       `json:"iss"`
			Audience  jwt.Audience `json:"aud"`
			Subject   string       `json:"sub"`
			SessionID string       `json:"sid"`
		}
		if err := json.Unmarshal(payload, &body); err != nil {
			return Hint{}, ErrHint
		}
		if body.Issuer != issuer || body.Subject == "" || len(body.Audience) != 1 {
			return Hint{}, ErrHint
		}
		return Hint{ClientID: body.Audience[0], Subject: body.Subject, SessionID: body.SessionID}, nil
	}
	return Hint{}, ErrHint
}
