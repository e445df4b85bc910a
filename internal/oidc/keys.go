package oidc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// algorithm is the only one that tokens are signed with. One RS256 signature
// costs more than the rest of a sign-in together.
const algorithm = jose.ES256

// SigningKey is a P-256 key that signs id tokens. It is safe for concurrent use.
type SigningKey struct {
	PublicKey
	private *ecdsa.PrivateKey
	signer  jose.Signer
}

// PublicKey is the half of a signing key that everybody may know.
type PublicKey struct {
	id  string
	key *ecdsa.PublicKey
}

// GenerateSigningKey returns a new random key.
func GenerateSigningKey() (*SigningKey, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
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
	private, ok := k.(*ecdsa.PrivateKey)
	if !ok || private.Curve != elliptic.P256() {
		return nil, errors.New("reading signing key: not a P-256 key")
	}
	return newSigningKey(private)
}

func newSigningKey(private *ecdsa.PrivateKey) (*SigningKey, error) {
	public, err := newPublicKey(&private.PublicKey)
	if err != nil {
		return nil, err
	}
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: private, KeyID: public.id}},
		(&jose.SignerOptions{}).WithType("JWT"),
	)
	if err != nil {
		return nil, fmt.Errorf("reading signing key: %w", err)
	}
	return &SigningKey{PublicKey: public, private: private, signer: signer}, nil
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

func (k *SigningKey) sign(payload []byte) (string, error) {
	jws, err := k.signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("signing token: %w", err)
	}
	return jws.CompactSerialize()
}

func newPublicKey(key *ecdsa.PublicKey) (PublicKey, error) {
	thumbprint, err := (&jose.JSONWebKey{Key: key}).Thumbprint(crypto.SHA256)
	if err != nil {
		return PublicKey{}, fmt.Errorf("reading signing key: %w", err)
	}
	return PublicKey{id: base64.RawURLEncoding.EncodeToString(thumbprint), key: key}, nil
}

// ParsePublicKey reads a key that [PublicKey.Marshal] wrote.
func ParsePublicKey(pkix []byte) (PublicKey, error) {
	k, err := x509.ParsePKIXPublicKey(pkix)
	if err != nil {
		return PublicKey{}, fmt.Errorf("reading public key: %w", err)
	}
	public, ok := k.(*ecdsa.PublicKey)
	if !ok || public.Curve != elliptic.P256() {
		return PublicKey{}, errors.New("reading public key: not a P-256 key")
	}
	return newPublicKey(public)
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

func (k PublicKey) jwk() jose.JSONWebKey {
	return jose.JSONWebKey{Key: k.key, KeyID: k.id, Algorithm: string(algorithm), Use: "sig"}
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
