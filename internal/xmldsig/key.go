package xmldsig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Sizes of RSA keys, in bits. What is below minRSA needs Legacy.RSA1024.
const (
	leastRSA = 1024
	minRSA   = 2048
	maxRSA   = 8192 // a verification costs with the square of it
)

// MaxKeys is how many keys a signature is tried with.
const MaxKeys = 8

// Kind is the kind of a key.
type Kind string

// Kinds of keys.
const (
	RSA   Kind = "RSA"
	ECDSA Kind = "ECDSA"
)

// Key is a public key that was judged fit to verify signatures. Make it once,
// when a connection is saved. The zero value is no key and verifies nothing.
type Key struct {
	rsa         *rsa.PublicKey
	ecdsa       *ecdsa.PublicKey
	pssOnly     bool // the key says that it is for RSASSA-PSS alone
	fingerprint [sha256.Size]byte
}

// NewKey judges a public key: RSA of 1024 to 8192 bits with a sane exponent, of
// which those below 2048 verify only with Legacy.RSA1024, or ECDSA on P-256,
// P-384 or P-521.
func NewKey(public crypto.PublicKey) (Key, error) {
	spki, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return Key{}, refuseKey("an RSA or ECDSA key", fmt.Sprintf("%T", public))
	}
	return newKey(public, spki)
}

func newKey(public crypto.PublicKey, spki []byte) (Key, error) {
	k := Key{fingerprint: sha256.Sum256(spki)}
	switch public := public.(type) {
	case *rsa.PublicKey:
		bits := public.N.BitLen()
		switch {
		case bits < leastRSA || bits > maxRSA:
			return Key{}, refuseKey(fmt.Sprintf("RSA of %d to %d bits", minRSA, maxRSA), fmt.Sprintf("%d bits", bits))
		case public.N.Bit(0) == 0:
			return Key{}, refuseKey("an odd RSA modulus", "an even one")
		case public.E < 3 || public.E%2 == 0 || public.E > 1<<31-1:
			return Key{}, refuseKey("an odd RSA exponent from 3 to 2^31-1", fmt.Sprint(public.E))
		}
		k.rsa = public
	case *ecdsa.PublicKey:
		switch public.Curve {
		case elliptic.P256(), elliptic.P384(), elliptic.P521():
		default:
			return Key{}, refuseKey("P-256, P-384 or P-521", public.Params().Name)
		}
		k.ecdsa = public
	default:
		return Key{}, refuseKey("an RSA or ECDSA key", fmt.Sprintf("%T", public))
	}
	return k, nil
}

// KeyFromCertificate returns the key in a DER certificate. The certificate is an
// envelope: neither its dates nor its issuer are judged, and one that
// crypto/x509 refuses, say for a negative serial number, is as good as any.
func KeyFromCertificate(der []byte) (Key, error) {
	spki, ok := certificateKey(der)
	if !ok {
		return Key{}, refuseKey("an X.509 certificate", "something else")
	}
	return KeyFromSPKI(spki)
}

// KeyFromSPKI returns the key in a DER SubjectPublicKeyInfo, be it of the kind
// id-RSASSA-PSS too, which crypto/x509 does not read. [RFC4055 3.1]
func KeyFromSPKI(spki []byte) (Key, error) {
	if modulus, exponent, ok := pssKey(spki); ok {
		if !exponent.IsInt64() || exponent.Int64() > 1<<31-1 {
			return Key{}, refuseKey("an RSA exponent up to 2^31-1", "a larger one")
		}
		k, err := newKey(&rsa.PublicKey{N: modulus, E: int(exponent.Int64())}, spki)
		k.pssOnly = true
		return k, err
	}
	public, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return Key{}, refuseKey("an RSA or ECDSA public key", strings.TrimPrefix(err.Error(), "x509: "))
	}
	return newKey(public, spki)
}

// certificateKey returns the SubjectPublicKeyInfo of a certificate. [RFC5280 4.1]
func certificateKey(der []byte) (spki []byte, ok bool) {
	in := cryptobyte.String(der)
	var cert, tbs, key cryptobyte.String
	ok = in.ReadASN1(&cert, cbasn1.SEQUENCE) && in.Empty() &&
		cert.ReadASN1(&tbs, cbasn1.SEQUENCE) &&
		tbs.SkipOptionalASN1(cbasn1.Tag(0).ContextSpecific().Constructed()) && // version
		tbs.SkipASN1(cbasn1.INTEGER) && // serial number
		tbs.SkipASN1(cbasn1.SEQUENCE) && // signature algorithm
		tbs.SkipASN1(cbasn1.SEQUENCE) && // issuer
		tbs.SkipASN1(cbasn1.SEQUENCE) && // validity
		tbs.SkipASN1(cbasn1.SEQUENCE) && // subject
		tbs.ReadASN1Element(&key, cbasn1.SEQUENCE)
	return key, ok
}

var oidPSS = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}

// pssKey reads an RSA key whose algorithm is id-RSASSA-PSS.
func pssKey(spki []byte) (modulus, exponent *big.Int, ok bool) {
	in := cryptobyte.String(spki)
	var outer, algorithm, bits, key cryptobyte.String
	var oid asn1.ObjectIdentifier
	var octets []byte
	ok = in.ReadASN1(&outer, cbasn1.SEQUENCE) && in.Empty() &&
		outer.ReadASN1(&algorithm, cbasn1.SEQUENCE) &&
		algorithm.ReadASN1ObjectIdentifier(&oid) && oid.Equal(oidPSS) &&
		outer.ReadASN1BitStringAsBytes(&octets)
	bits = octets
	modulus, exponent = new(big.Int), new(big.Int)
	ok = ok && bits.ReadASN1(&key, cbasn1.SEQUENCE) && bits.Empty() &&
		key.ReadASN1Integer(modulus) && key.ReadASN1Integer(exponent) && key.Empty() &&
		modulus.Sign() > 0 && exponent.Sign() > 0
	return modulus, exponent, ok
}

// Kind returns the kind of the key.
func (k Key) Kind() Kind {
	switch {
	case k.rsa != nil:
		return RSA
	case k.ecdsa != nil:
		return ECDSA
	}
	return ""
}

// Bits returns the size of the RSA modulus or of the curve.
func (k Key) Bits() int {
	switch {
	case k.rsa != nil:
		return k.rsa.N.BitLen()
	case k.ecdsa != nil:
		return k.ecdsa.Params().BitSize
	}
	return 0
}

// Fingerprint returns the SHA-256 of the SubjectPublicKeyInfo.
func (k Key) Fingerprint() [sha256.Size]byte { return k.fingerprint }

// Public returns the public key, nil for no key.
func (k Key) Public() crypto.PublicKey {
	switch {
	case k.rsa != nil:
		return k.rsa
	case k.ecdsa != nil:
		return k.ecdsa
	}
	return nil
}

// strong reports whether the key may be used at all.
func (k Key) strong(legacy Legacy) bool {
	return k.ecdsa != nil || k.rsa != nil && (k.rsa.N.BitLen() >= minRSA || legacy.RSA1024)
}

// fits reports whether a signature of this method can come from the key.
func (k Key) fits(m *method) bool {
	return k.Kind() == m.kind && (!k.pssOnly || m.padding == pss)
}
