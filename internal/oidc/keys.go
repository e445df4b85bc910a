package oidc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// Algorithm signs tokens of ours.
type Algorithm string

// The algorithms. One RS256 signature costs more than the rest of a sign-in
// together: it is for clients that know no other.
const (
	ES256 Algorithm = "ES256"
	RS256 Algorithm = "RS256"
)

// algorithms lists them, the usual one first.
var algorithms = [...]Algorithm{ES256, RS256}

// rsaBits is the length of an RSA key of ours.
const rsaBits = 2048

// SigningKey is a key that signs id tokens: one on P-256, or an RSA key. It is
// safe for concurrent use.
type SigningKey struct {
	PublicKey
	private crypto.Signer
}

// PublicKey is the half of a signing key that everybody may know.
type PublicKey struct {
	id        string
	algorithm Algorithm
	key       crypto.PublicKey
}

// GenerateSigningKey returns a new random key for this algorithm.
func GenerateSigningKey(a Algorithm) (*SigningKey, error) {
	var private crypto.Signer
	var err error
	if a == RS256 {
		private, err = rsa.GenerateKey(rand.Reader, rsaBits)
	} else {
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		return nil, fmt.Errorf("generating signing key: %w", err)
	}
	return newSigningKey(private)
}

// ParseSigningKey reads a key that [SigningKey.MarshalPrivate] wrote.
func ParseSigningKey(pkcs8 []byte) (*SigningKey, error) {
	k, err := x509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil {
		return nil, errors.New("reading signing key: not PKCS #8") // the cause could quote the key
	}
	private, ok := k.(crypto.Signer)
	if !ok {
		return nil, errors.New("reading signing key: not one that signs")
	}
	return newSigningKey(private)
}

func newSigningKey(private crypto.Signer) (*SigningKey, error) {
	public, err := newPublicKey(private.Public())
	if err != nil {
		return nil, err
	}
	return &SigningKey{PublicKey: public, private: private}, nil
}

// MarshalPrivate returns the key in PKCS #8. It must be sealed before it is
// stored.
func (k *SigningKey) MarshalPrivate() ([]byte, error) {
	b, err := x509.MarshalPKCS8PrivateKey(k.private)
	if err != nil {
		return nil, fmt.Errorf("writing signing key: %w", err)
	}
	return b, nil
}

// Public returns the half that may be published.
func (k *SigningKey) Public() PublicKey { return k.PublicKey }

// sign returns a token of this type, which keeps it from being taken for
// another, as a compact JWS [RFC 7515 3.1, RFC 8725 3.11].
func (k *SigningKey) sign(kind string, payload []byte) (string, error) {
	header, err := json.Marshal(struct {
		Algorithm Algorithm `json:"alg"`
		KeyID     string    `json:"kid"`
		Type      string    `json:"typ"`
	}{k.algorithm, k.id, kind})
	if err != nil {
		return "", fmt.Errorf("signing token: %w", err)
	}
	text := base64.RawURLEncoding
	token := make([]byte, 0, text.EncodedLen(len(header))+text.EncodedLen(len(payload))+text.EncodedLen(rsaBits/8)+2)
	token = append(text.AppendEncode(token, header), '.')
	token = text.AppendEncode(token, payload)
	digest := sha256.Sum256(token)
	signature, err := k.signature(digest[:])
	if err != nil {
		return "", fmt.Errorf("signing token: %w", err)
	}
	return string(text.AppendEncode(append(token, '.'), signature)), nil
}

// signature signs a digest as JWS has it: with RSASSA-PKCS1-v1_5, or as the two
// numbers of ECDSA side by side, in 32 octets each [RFC 7518 3.3, 3.4].
func (k *SigningKey) signature(digest []byte) ([]byte, error) {
	private, ok := k.private.(*ecdsa.PrivateKey)
	if !ok {
		return k.private.Sign(rand.Reader, digest, crypto.SHA256)
	}
	r, s, err := ecdsa.Sign(rand.Reader, private, digest)
	if err != nil {
		return nil, err
	}
	both := make([]byte, 64)
	r.FillBytes(both[:32])
	s.FillBytes(both[32:])
	return both, nil
}

func newPublicKey(key crypto.PublicKey) (PublicKey, error) {
	var a Algorithm
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			a = ES256
		}
	case *rsa.PublicKey:
		if k.N.BitLen() == rsaBits {
			a = RS256
		}
	}
	if a == "" {
		return PublicKey{}, errors.New("reading public key: neither one on P-256 nor an RSA key of 2048 bits")
	}
	thumbprint, err := (&jose.JSONWebKey{Key: key}).Thumbprint(crypto.SHA256)
	if err != nil {
		return PublicKey{}, fmt.Errorf("reading signing key: %w", err)
	}
	return PublicKey{id: base64.RawURLEncoding.EncodeToString(thumbprint), algorithm: a, key: key}, nil
}

// ParsePublicKey reads a key that [PublicKey.Marshal] wrote.
func ParsePublicKey(pkix []byte) (PublicKey, error) {
	k, err := x509.ParsePKIXPublicKey(pkix)
	if err != nil {
		return PublicKey{}, fmt.Errorf("reading public key: %w", err)
	}
	return newPublicKey(k)
}

// Marshal returns the key as a PKIX SubjectPublicKeyInfo.
func (k PublicKey) Marshal() ([]byte, error) {
	b, err := x509.MarshalPKIXPublicKey(k.key)
	if err != nil {
		return nil, fmt.Errorf("writing public key: %w", err)
	}
	return b, nil
}

// ID returns the key ID: the thumbprint of the key [RFC 7638], so that it needs
// no register and two nodes never disagree about it.
func (k PublicKey) ID() string { return k.id }

// Algorithm returns what the key signs by.
func (k PublicKey) Algorithm() Algorithm { return k.algorithm }

func (k PublicKey) jwk() jose.JSONWebKey {
	return jose.JSONWebKey{Key: k.key, KeyID: k.id, Algorithm: string(k.algorithm), Use: "sig"}
}

// KeySet returns the JWKS document for keys [RFC 7517 5]: the current one, the
// next one (published ahead, so that caches know it in time) and retired ones
// whose tokens still live.
func KeySet(keys ...PublicKey) ([]byte, error) {
	set := jose.JSONWebKeySet{Keys: make([]jose.JSONWebKey, 0, len(keys))}
	for _, k := range keys {
		set.Keys = append(set.Keys, k.jwk())
	}
	b, err := json.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("writing key set: %w", err)
	}
	return b, nil
}
