package oidc

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Limits of a client assertion.
const (
	maxAssertion     = 8 << 10         // octets
	maxAssertionID   = 255             // octets of jti
	MaxAssertionLife = 5 * time.Minute // from now until it ends
	AssertionSkew    = time.Minute     // by which a client's clock may differ
)

// assertionType is the only client_assertion_type [RFC 7523 2.2].
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// assertionAlgorithms sign assertions. None of them knows a shared secret: what
// a client signs is nothing that we could sign.
var assertionAlgorithms = [...]jose.SignatureAlgorithm{jose.ES256, jose.RS256, jose.PS256, jose.EdDSA}

// AssertionAlgorithms returns their names.
func AssertionAlgorithms() []string {
	var names []string
	for _, alg := range assertionAlgorithms {
		names = append(names, string(alg))
	}
	return names
}

// ClientKeys are the public keys by which a client's signature is verified.
type ClientKeys struct{ keys []jose.JSONWebKey }

// ParseClientKeys reads a JWK Set, and keeps what a signature can be verified by.
// What was registered was judged by [CheckClientKeys] before; what a client
// publishes may hold keys for other ends.
func ParseClientKeys(document []byte) (ClientKeys, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if len(document) > MaxClientKeySet || json.Unmarshal(document, &set) != nil || len(set.Keys) > maxClientKeys {
		return ClientKeys{}, errors.New("reading keys of a client: not a JWK Set of at most 16 KiB and 20 keys")
	}
	var all ClientKeys
	for _, raw := range set.Keys {
		var k jose.JSONWebKey
		if err := k.UnmarshalJSON(raw); err != nil || !k.Valid() || !k.IsPublic() || k.Use != "" && k.Use != "sig" {
			continue
		}
		if len(algorithmsOf(k)) > 0 {
			all.keys = append(all.keys, k)
		}
	}
	return all, nil
}

// algorithmsOf returns the algorithms whose signatures a key verifies. A key that
// names one is for no other.
func algorithmsOf(k jose.JSONWebKey) []jose.SignatureAlgorithm {
	var fit []jose.SignatureAlgorithm
	switch key := k.Key.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() >= minClientRSA {
			fit = []jose.SignatureAlgorithm{jose.RS256, jose.PS256}
		}
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() {
			fit = []jose.SignatureAlgorithm{jose.ES256}
		}
	case ed25519.PublicKey:
		fit = []jose.SignatureAlgorithm{jose.EdDSA}
	}
	return slices.DeleteFunc(fit, func(alg jose.SignatureAlgorithm) bool { return k.Algorithm != "" && k.Algorithm != string(alg) })
}

// fitting returns the keys that could verify a signature with this header.
func (k ClientKeys) fitting(h jose.Header) []jose.JSONWebKey {
	var fit []jose.JSONWebKey
	for _, key := range k.keys {
		if h.KeyID != "" && key.KeyID != h.KeyID {
			continue
		}
		if slices.Contains(algorithmsOf(key), jose.SignatureAlgorithm(h.Algorithm)) {
			fit = append(fit, key)
		}
	}
	return fit
}

// Assertion is a client's signature that was verified. It is good for one use:
// that it was not used before is the caller's to see to, by ID, until Until.
type Assertion struct {
	ID    string
	Until time.Time
}

// signed is a client assertion as it came. Nothing in it has been proved.
type signed struct {
	token  *jwt.JSONWebToken
	claims assertionClaims
}

// assertionClaims are what an assertion says [RFC 7523 3].
type assertionClaims struct {
	Issuer    string           `json:"iss"`
	Subject   string           `json:"sub"`
	Audience  any              `json:"aud"`
	Expires   *jwt.NumericDate `json:"exp"`
	NotBefore *jwt.NumericDate `json:"nbf"`
	IssuedAt  *jwt.NumericDate `json:"iat"`
	ID        string           `json:"jti"`
}

// readAssertion reads a client assertion, as far as is needed to know whose it
// claims to be.
func readAssertion(form url.Values) (Credentials, error) {
	raw := form.Get("client_assertion")
	if form.Get("client_assertion_type") != assertionType {
		return Credentials{}, invalidClient("client_assertion_type is not that of a JWT")
	}
	if raw == "" || len(raw) > maxAssertion {
		return Credentials{}, invalidClient("client_assertion is missing or too long")
	}
	token, err := jwt.ParseSigned(raw, assertionAlgorithms[:])
	if err != nil || len(token.Headers) != 1 {
		return Credentials{}, invalidClient("client_assertion is not a JWT in one of our algorithms")
	}
	if why := judgeHeader(token.Headers[0]); why != "" {
		return Credentials{}, invalidClient(why)
	}
	s := &signed{token: token}
	if err := token.UnsafeClaimsWithoutVerification(&s.claims); err != nil {
		return Credentials{}, invalidClient("client_assertion has no claims that can be read")
	}
	id := s.claims.Subject
	if id == "" || len(id) > MaxClientID || !plain(id) || s.claims.Issuer != id {
		return Credentials{}, invalidClient("iss and sub of the assertion are not the client")
	}
	if sent := form.Get("client_id"); sent != "" && sent != id {
		return Credentials{}, invalidClient("client_id is not that of the assertion")
	}
	return Credentials{ClientID: id, Method: PrivateKeyJWT, assertion: s}, nil
}

// judgeHeader refuses a header that brings its own key, or changes what is
// signed. Keys are those that were registered.
func judgeHeader(h jose.Header) string {
	if h.JSONWebKey != nil {
		return "the assertion brings its own key"
	}
	if name := foreignHeader(h); name != "" {
		return "the assertion has a header " + name
	}
	typ, has := h.ExtraHeaders[jose.HeaderType]
	text, _ := typ.(string)
	if has && !strings.EqualFold(text, "JWT") && !strings.EqualFold(text, "client-authentication+jwt") {
		return "the assertion is a JWT of another type"
	}
	return ""
}

// foreignHeader returns the name of a field that names a key elsewhere, or changes
// what is signed; "": there is none.
func foreignHeader(h jose.Header) string {
	for _, name := range [...]jose.HeaderKey{"jku", "x5u", "crit", "b64"} {
		if _, has := h.ExtraHeaders[name]; has {
			return string(name)
		}
	}
	return ""
}

// Knows reports whether a signature such as this could be by one of the keys.
// Where not, the client may have published another one since.
func (k ClientKeys) Knows(by Credentials) bool {
	return by.assertion != nil && len(k.fitting(by.assertion.token.Headers[0])) > 0
}

// Prove verifies the assertion by which a client says who it is: that one of its
// keys has signed it, for us, for now. Only the issuer will do as audience, and
// alone: an assertion that names another server as well could have been sent to
// us by that one [RFC 7523bis 4]. The error is a [*TokenError].
func (by Credentials) Prove(keys ClientKeys, issuer string, now time.Time) (Credentials, Assertion, error) {
	if by.assertion == nil {
		return Credentials{}, Assertion{}, invalidClient("this client authenticates by an assertion")
	}
	c, verified := by.assertion.claims, false
	for _, k := range keys.fitting(by.assertion.token.Headers[0]) {
		if by.assertion.token.Claims(k.Key) == nil {
			verified = true
			break
		}
	}
	if !verified {
		return Credentials{}, Assertion{}, invalidClient("no key of the client has signed the assertion")
	}
	switch {
	case !c.isFor(issuer):
		return Credentials{}, Assertion{}, invalidClient("aud of the assertion is not the issuer alone")
	case c.ID == "" || len(c.ID) > maxAssertionID || !plain(c.ID):
		return Credentials{}, Assertion{}, invalidClient("jti of the assertion is missing, too long or not text")
	case c.Expires == nil || !now.Before(c.Expires.Time().Add(AssertionSkew)):
		return Credentials{}, Assertion{}, invalidClient("the assertion has expired, or does not say when it does")
	case c.Expires.Time().Sub(now) > MaxAssertionLife+AssertionSkew:
		return Credentials{}, Assertion{}, invalidClient("the assertion is good for more than five minutes")
	case c.NotBefore != nil && c.NotBefore.Time().Sub(now) > AssertionSkew, c.IssuedAt != nil && c.IssuedAt.Time().Sub(now) > AssertionSkew:
		return Credentials{}, Assertion{}, invalidClient("the assertion is of the future")
	}
	by.proved = true
	return by, Assertion{ID: c.ID, Until: c.Expires.Time().Add(AssertionSkew)}, nil
}

// isFor reports whether aud is the issuer, and nobody beside it.
func (c assertionClaims) isFor(issuer string) bool {
	switch aud := c.Audience.(type) {
	case string:
		return aud == issuer
	case []any:
		return len(aud) == 1 && aud[0] == issuer
	}
	return false
}

// UsedAssertion returns the error for an assertion that came before. It is that
// of every other failure to authenticate.
func UsedAssertion() error { return invalidClient("the assertion was used before") }

// NoClientKeys returns the error for a client whose keys cannot be had now.
func NoClientKeys() error { return invalidClient("the keys of the client cannot be read") }
