package saml

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"math/big"
	"time"
)

// What a key of ours is. RSA, because many identity providers know nothing
// else; a life of ten years, because to them the certificate is the envelope of
// a key, and some of their consoles, and AD FS when it encrypts, refuse one that
// is over.
const (
	keyPairBits = 2048
	keyPairLife = 10 * 365 * 24 * time.Hour
)

// KeyUse is what a key of ours is for.
type KeyUse uint8

// The uses.
const (
	ForSigning    KeyUse = iota // of what we send
	ForEncryption               // of what is sent to us
)

// A KeyPair is a private key of ours with the certificate that we publish for
// it.
type KeyPair struct {
	Private     *rsa.PrivateKey
	Certificate []byte // DER, signed by the key itself
}

// NewKeyPair makes a key for one use. The name is for people who read the
// certificate in a console.
func NewKeyPair(use KeyUse, name string, now time.Time) (KeyPair, error) {
	private, err := rsa.GenerateKey(rand.Reader, keyPairBits)
	if err != nil {
		return KeyPair{}, fmt.Errorf("making a key: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return KeyPair{}, fmt.Errorf("making a key: %w", err)
	}
	usage := x509.KeyUsageDigitalSignature
	if use == ForEncryption {
		usage = x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment
	}
	// One day back, for identity providers whose clock is behind.
	template := x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: now.AddDate(0, 0, -1), NotAfter: now.Add(keyPairLife), KeyUsage: usage,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, &template, &template, private.Public(), private)
	if err != nil {
		return KeyPair{}, fmt.Errorf("making a certificate: %w", err)
	}
	return KeyPair{Private: private, Certificate: certificate}, nil
}

// ID returns a name for the pair, the same for the same certificate.
func (p KeyPair) ID() string {
	sum := sha256.Sum256(p.Certificate)
	return "saml-" + hex.EncodeToString(sum[:10])
}

// MarshalPrivate returns the private key in PKCS #8.
func (p KeyPair) MarshalPrivate() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(p.Private)
	if err != nil {
		return nil, fmt.Errorf("marshalling a key: %w", err)
	}
	return der, nil
}
