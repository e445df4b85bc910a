package xmldsig

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"fmt"
	"math/big"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// VerifyOctets checks a signature over octets, as the HTTP-Redirect binding has
// them: sig is its SignatureValue, decoded, and method the URI of the algorithm.
// Every key that fits the algorithm is tried. The error is an *Error.
func VerifyOctets(method string, octets, sig []byte, keys []Key, legacy Legacy) error {
	nowhere := xmltree.Element{}
	m, err := choose(nowhere, method, keys, legacy)
	if err != nil {
		return err
	}
	if len(octets) == 0 {
		return refuse(CodeC14N, nowhere, "something to be signed", "no octets")
	}
	h := m.hash.New()
	h.Write(octets)
	if err := tryKeys(nowhere, m, h.Sum(nil), sig, keys, legacy); err != nil {
		return err
	}
	return nil
}

// choose returns the algorithm of a signature if it is allowed and one of the
// keys fits it.
func choose(at xmltree.Element, uri string, keys []Key, legacy Legacy) (*method, *Error) {
	if len(keys) == 0 || len(keys) > MaxKeys {
		return nil, refuse(CodeKey, at, fmt.Sprintf("1 to %d keys", MaxKeys), fmt.Sprintf("%d keys", len(keys)))
	}
	m := methodOf(uri, legacy)
	if m == nil {
		return nil, refuse(CodeAlgorithm, at, "RSA or ECDSA with SHA-2", uri)
	}
	strong := false
	for _, k := range keys {
		if !k.strong(legacy) {
			continue
		}
		if k.fits(m) {
			return m, nil
		}
		strong = true
	}
	if !strong {
		return nil, refuse(CodeKey, at, fmt.Sprintf("an ECDSA key or an RSA key of %d bits", minRSA), "weaker keys alone")
	}
	return nil, refuse(CodeAlgorithm, at, "an algorithm for the kind of key at hand", uri)
}

// tryKeys checks a signature over a hash with every key that fits.
func tryKeys(at xmltree.Element, m *method, hash, sig []byte, keys []Key, legacy Legacy) *Error {
	for _, k := range keys {
		if k.strong(legacy) && k.fits(m) && k.verify(m, hash, sig) {
			return nil
		}
	}
	return refuse(CodeValue, at, "a signature by one of the keys at hand", fmt.Sprintf("another one, by %s", m.uri))
}

// verify reports whether the key made the signature.
func (k Key) verify(m *method, hash, sig []byte) bool {
	switch {
	case m.kind == ECDSA:
		return verifyECDSA(k.ecdsa, hash, sig)
	case m.padding == pss:
		return rsa.VerifyPSS(k.rsa, m.hash, hash, sig, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto}) == nil
	}
	return rsa.VerifyPKCS1v15(k.rsa, m.hash, hash, sig) == nil
}

// verifyECDSA checks r and s, each of exactly the width of the curve's order.
// [RFC6931 2.3.6]
func verifyECDSA(public *ecdsa.PublicKey, hash, sig []byte) bool {
	n := public.Params().N
	width := (n.BitLen() + 7) / 8
	if len(sig) != 2*width {
		return false
	}
	r, s := new(big.Int).SetBytes(sig[:width]), new(big.Int).SetBytes(sig[width:])
	if r.Sign() == 0 || s.Sign() == 0 || r.Cmp(n) >= 0 || s.Cmp(n) >= 0 {
		return false
	}
	return ecdsa.Verify(public, hash, r, s)
}
