package xmlenc

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// Sizes of our keys, in bits. A private operation costs with the cube of it, and
// anybody can make us do one.
const (
	minBits = 2048
	maxBits = 4096
)

// MaxKeys is how many keys of our own are tried: the one in use, the one before,
// the one to come, and one more.
const MaxKeys = 4

// Key is a private key that was judged fit to decrypt with. Make it once, when
// it is loaded. The zero value is no key and decrypts nothing.
type Key struct {
	private *rsa.PrivateKey
}

// NewKey judges a private key: RSA of 2048 to 4096 bits with two primes. The
// key must not be changed any more. The error is an *Error.
func NewKey(private crypto.PrivateKey) (Key, error) {
	k, ok := private.(*rsa.PrivateKey)
	if !ok || k == nil || k.N == nil {
		return Key{}, refuseKey("an RSA key", fmt.Sprintf("%T", private))
	}
	bits := k.N.BitLen()
	switch {
	case bits < minBits || bits > maxBits:
		return Key{}, refuseKey(fmt.Sprintf("RSA of %d to %d bits", minBits, maxBits), fmt.Sprintf("%d bits", bits))
	case len(k.Primes) != 2:
		return Key{}, refuseKey("an RSA key of two primes", fmt.Sprintf("one of %d", len(k.Primes)))
	}
	if k.Validate() != nil {
		return Key{}, refuseKey("a sound RSA key", "one whose parts do not belong together")
	}
	k.Precompute()
	return Key{k}, nil
}

// KeyFromPEM returns the first private key in PEM, PKCS #8 or PKCS #1. The error
// is an *Error and holds nothing of the key.
func KeyFromPEM(text []byte) (Key, error) {
	const want = "a private key in PEM"
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return Key{}, refuseKey(want, "none")
		}
		var private crypto.PrivateKey
		var err error
		switch block.Type {
		case "PRIVATE KEY":
			private, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			private, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "ENCRYPTED PRIVATE KEY":
			return Key{}, refuseKey("a private key without a passphrase", "one with a passphrase")
		default:
			continue
		}
		if err != nil {
			return Key{}, refuseKey(want, "one that cannot be read")
		}
		return NewKey(private)
	}
}

// Bits returns the size of the modulus, 0 for no key.
func (k Key) Bits() int {
	if k.private == nil {
		return 0
	}
	return k.private.N.BitLen()
}

// Public returns the public key, nil for no key.
func (k Key) Public() *rsa.PublicKey {
	if k.private == nil {
		return nil
	}
	return &k.private.PublicKey
}
