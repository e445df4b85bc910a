package oidc

import (
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/sallyport/sallyport/internal/secret"
)

// Limits of a proof of possession.
const (
	maxDPoP   = 4 << 10 // octets
	maxDPoPID = 255     // octets of jti
	// DPoPSkew is how far the instant of a proof may be from ours, to both sides.
	DPoPSkew = time.Minute
)

// DPoP is a proof of possession as it came with a request: that who sends it has
// a key [RFC 9449 4]. The zero value is that of none.
type DPoP struct {
	Header []string // the values of the header of that name
	Method string   // of the request
	Path   string   // below the issuer
}

// Given reports whether there is a proof, good or not.
func (d DPoP) Given() bool { return len(d.Header) > 0 }

// Possession is a proof that was verified. It is good for one request: that it was
// not used before is the caller's to see to, by ID, until Until. The zero value is
// that of who has shown none.
type Possession struct {
	Key   string // thumbprint of the key [RFC 7638]
	ID    string
	Until time.Time
}

// dpopClaims are what a proof says [RFC 9449 4.2].
type dpopClaims struct {
	ID       string           `json:"jti"`
	Method   string           `json:"htm"`
	URI      string           `json:"htu"`
	IssuedAt *jwt.NumericDate `json:"iat"`
	Token    string           `json:"ath"`
}

// Verify verifies a proof: that it was made for this request now, by the key that
// it brings, and, where a token is shown, for that token [RFC 9449 4.3]. Without a
// proof it is the zero Possession. The error is a [*TokenError].
func (d DPoP) Verify(issuer string, token secret.Token, now time.Time) (Possession, error) {
	if !d.Given() {
		return Possession{}, nil
	}
	if len(d.Header) > 1 || len(d.Header[0]) > maxDPoP {
		return Possession{}, badProof("there is more than one proof, or it is too long")
	}
	proof, err := jwt.ParseSigned(d.Header[0], assertionAlgorithms[:])
	if err != nil || len(proof.Headers) != 1 {
		return Possession{}, badProof("the proof is not a JWT in one of our algorithms")
	}
	h := proof.Headers[0]
	if typ, _ := h.ExtraHeaders[jose.HeaderType].(string); typ != "dpop+jwt" {
		return Possession{}, badProof("the proof is a JWT of another type")
	}
	if why := foreignHeader(h); why != "" {
		return Possession{}, badProof("the proof has a header that it must not have")
	}
	key := h.JSONWebKey
	if key == nil || !key.Valid() || !key.IsPublic() || !slices.Contains(algorithmsOf(*key), jose.SignatureAlgorithm(h.Algorithm)) {
		return Possession{}, badProof("the proof brings no public key for its algorithm")
	}
	var c dpopClaims
	if err := proof.Claims(key.Key, &c); err != nil {
		return Possession{}, badProof("the key of the proof has not signed it")
	}
	switch {
	case c.ID == "" || len(c.ID) > maxDPoPID || !plain(c.ID):
		return Possession{}, badProof("jti is missing, too long or not text")
	case c.Method != d.Method:
		return Possession{}, badProof("htm is not the method of the request")
	case !sameURI(c.URI, issuer+d.Path):
		return Possession{}, badProof("htu is not the address of the request")
	case c.IssuedAt == nil || now.Sub(c.IssuedAt.Time()).Abs() > DPoPSkew:
		return Possession{}, badProof("iat is missing, or not now")
	case !token.IsZero() && c.Token != tokenHash(token):
		return Possession{}, badProof("ath is not the hash of the access token")
	}
	thumbprint, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return Possession{}, badProof("the key of the proof has no thumbprint")
	}
	return Possession{
		Key: base64.RawURLEncoding.EncodeToString(thumbprint), ID: c.ID, Until: c.IssuedAt.Time().Add(DPoPSkew),
	}, nil
}

// tokenHash returns the ath of a token.
func tokenHash(token secret.Token) string {
	sum := sha256.Sum256([]byte(token.Reveal()))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// sameURI compares the address that a proof is for with that of the request. The
// query and the fragment do not count, nor does how scheme and host are written
// [RFC 9449 4.3].
func sameURI(said, ours string) bool {
	u, err := url.Parse(said)
	if err != nil || u.User != nil || u.Opaque != "" {
		return false
	}
	if u.Scheme == "https" {
		u.Host = strings.TrimSuffix(u.Host, ":443")
	}
	return strings.ToLower(u.Scheme)+"://"+strings.ToLower(u.Host)+u.EscapedPath() == ours
}

// badProof returns the error for a proof that proves nothing.
func badProof(why string) error {
	return &TokenError{Code: InvalidDPoPProof, Description: why}
}

// NeedsProof returns the error for a client that has to show that it has a key,
// and has not.
func NeedsProof() error { return badProof("this client has to send a proof of possession") }

// UsedProof returns the error for a proof that came before.
func UsedProof() error { return badProof("the proof was used before") }

// ForeignKey returns the error for who shows a code or a refresh token that is
// bound to a key which they have not shown.
func ForeignKey() error { return badProof("this is bound to another key") }

// Presented is an access token that was shown, with the proof that came beside it.
type Presented struct {
	Token secret.Token
	Proof DPoP // none: as a bearer token
}

// ReadPresented reads the access token of a userinfo request: bound to a key
// [RFC 9449 7.1], or as [ReadBearer] does. The error is a [*BearerError].
func ReadPresented(authorization []string, proof DPoP, query, body string) (Presented, error) {
	if len(authorization) == 1 {
		scheme, token, _ := strings.Cut(authorization[0], " ")
		if strings.EqualFold(scheme, "DPoP") {
			return readBound(strings.TrimSpace(token), proof, query, body)
		}
	}
	token, err := ReadBearer(authorization, query, body)
	return Presented{Token: token}, err
}

func readBound(token string, proof DPoP, query, body string) (Presented, error) {
	if _, err := ReadBearer(nil, query, body); err == nil {
		return Presented{}, &BearerError{Code: InvalidRequest, Description: "more than one access token"}
	} else if refusal, ok := errors.AsType[*BearerError](err); ok && refusal.Code != "" {
		return Presented{}, err
	}
	switch {
	case token == "" || len(token) > maxAccessToken:
		return Presented{}, InvalidBoundToken()
	case !proof.Given():
		return Presented{}, &BearerError{Code: InvalidDPoPProof, Description: "there is no proof of possession", bound: true}
	}
	return Presented{Token: secret.ParseToken(token), Proof: proof}, nil
}

// InvalidBoundToken is [InvalidAccessToken] of who came with a proof.
func InvalidBoundToken() error {
	return &BearerError{Code: InvalidToken, Description: "the access token is unknown, expired, revoked or not bound to this key", bound: true}
}

// ProofRefused makes of an error of [DPoP.Verify] the one of an endpoint that is
// opened by an access token.
func ProofRefused(e *TokenError) error {
	return &BearerError{Code: e.Code, Description: e.Description, bound: true}
}
