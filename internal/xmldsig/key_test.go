package xmldsig

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"
)

func TestNewKeyRefuses(t *testing.T) {
	t.Parallel()
	modulus := func(bits int) *big.Int {
		n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
		return n.SetBit(n, 0, 1)
	}
	p256 := &ecdsaKey().PublicKey
	for name, tc := range map[string]struct{ hostile, twin crypto.PublicKey }{
		"RSA of 1023 bits":          {&rsa.PublicKey{N: modulus(1023), E: 65537}, &rsa.PublicKey{N: modulus(1024), E: 65537}},
		"RSA of 8193 bits":          {&rsa.PublicKey{N: modulus(8193), E: 65537}, &rsa.PublicKey{N: modulus(8192), E: 65537}},
		"RSA of an even modulus":    {&rsa.PublicKey{N: new(big.Int).Lsh(modulus(2047), 1), E: 65537}, &rsa.PublicKey{N: modulus(2048), E: 65537}},
		"RSA with the exponent 1":   {&rsa.PublicKey{N: modulus(2048), E: 1}, &rsa.PublicKey{N: modulus(2048), E: 3}},
		"RSA with an even exponent": {&rsa.PublicKey{N: modulus(2048), E: 65536}, &rsa.PublicKey{N: modulus(2048), E: 65537}},
		"RSA with a huge exponent":  {&rsa.PublicKey{N: modulus(2048), E: 1<<32 + 1}, &rsa.PublicKey{N: modulus(2048), E: 1<<31 - 1}},
		"ECDSA on P-224":            {newECDSA(elliptic.P224()).Public(), newECDSA(elliptic.P384()).Public()},
		"Ed25519":                   {ed25519.PublicKey(make([]byte, ed25519.PublicKeySize)), newECDSA(elliptic.P521()).Public()},
		"a secret":                  {[]byte("secret"), p256},
		"nothing":                   {nil, p256},
	} {
		if _, err := NewKey(tc.hostile); codeOf(t, err) != CodeKey {
			t.Errorf("%s: %v, want %s", name, err, CodeKey)
		}
		if _, err := NewKey(tc.twin); err != nil {
			t.Errorf("the twin of %s: %v", name, err)
		}
	}
}

// What crypto/x509 reads, or nearly, and we do not take.
func TestKeyFromSPKIRefuses(t *testing.T) {
	t.Parallel()
	spki, err := x509.MarshalPKIXPublicKey(ecdsaKey().Public())
	if err != nil {
		t.Fatal(err)
	}
	off := bytes.Clone(spki)
	off[len(off)-1] ^= 1
	one := big.NewInt(1)
	params, err := asn1.Marshal(struct{ P, Q, G *big.Int }{one, one, one})
	if err != nil {
		t.Fatal(err)
	}
	dsa, err := asn1.Marshal(struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}{
		pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10040, 4, 1}, Parameters: asn1.RawValue{FullBytes: params}},
		asn1.BitString{Bytes: []byte{2, 1, 1}, BitLength: 24},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x509.ParsePKIXPublicKey(dsa); err != nil {
		t.Errorf("crypto/x509 does not read the DSA key, so the case proves nothing: %v", err)
	}
	for name, der := range map[string][]byte{"a point off the curve": off, "DSA": dsa} {
		if _, err := KeyFromSPKI(der); codeOf(t, err) != CodeKey {
			t.Errorf("%s: %v, want %s", name, err, CodeKey)
		}
	}
	if _, err := KeyFromSPKI(spki); err != nil {
		t.Errorf("the twin: %v", err)
	}
}

func TestKeyDescribesItself(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		signer crypto.Signer
		kind   Kind
		bits   int
	}{{rsaKey(), RSA, 2048}, {ecdsaKey(), ECDSA, 256}, {newECDSA(elliptic.P521()), ECDSA, 521}} {
		k := verifying(t, tc.signer)[0]
		spki, err := x509.MarshalPKIXPublicKey(tc.signer.Public())
		if err != nil {
			t.Fatal(err)
		}
		if k.Kind() != tc.kind || k.Bits() != tc.bits || k.Fingerprint() != sha256.Sum256(spki) || k.Public() != tc.signer.Public() {
			t.Errorf("key is %s of %d bits, want %s of %d", k.Kind(), k.Bits(), tc.kind, tc.bits)
		}
		again, err := KeyFromSPKI(spki)
		if err != nil || again.Fingerprint() != k.Fingerprint() {
			t.Errorf("KeyFromSPKI() = %v, %v, want the same key", again, err)
		}
	}
	if none := (Key{}); none.Kind() != "" || none.Bits() != 0 || none.Public() != nil || none.strong(Legacy{RSA1024: true}) {
		t.Error("no key is something")
	}
}

// certificate makes a certificate that expired long ago.
func certificate(tb testing.TB, key crypto.Signer) []byte {
	tb.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(0x5A17), Subject: pkix.Name{CommonName: "idp"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	return der
}

func TestKeyFromCertificate(t *testing.T) {
	t.Parallel()
	der := certificate(t, ecdsaKey())
	want := verifying(t, ecdsaKey())[0].Fingerprint()
	serial := []byte{2, 2, 0x5A, 0x17}
	negative := bytes.Replace(der, serial, []byte{2, 2, 0xDA, 0x17}, 1)
	if _, err := x509.ParseCertificate(negative); err == nil {
		t.Error("crypto/x509 takes a negative serial number: the case proves nothing")
	}
	for name, der := range map[string][]byte{"expired": der, "with a negative serial number": negative} {
		if k, err := KeyFromCertificate(der); err != nil || k.Fingerprint() != want {
			t.Errorf("a certificate %s: %v", name, err)
		}
	}
	for name, der := range map[string][]byte{
		"nothing":          nil,
		"trailing octets":  append(bytes.Clone(der), 0),
		"cut off":          der[:len(der)-1],
		"a private key":    pkcs8(t, ecdsaKey()),
		"Ed25519":          certificate(t, ed25519Key(t)),
		"PEM":              []byte("-----BEGIN CERTIFICATE-----"),
		"an empty element": {0x30, 0},
	} {
		if _, err := KeyFromCertificate(der); codeOf(t, err) != CodeKey {
			t.Errorf("%s: %v, want %s", name, err, CodeKey)
		}
	}
}

func pkcs8(tb testing.TB, key crypto.Signer) []byte {
	tb.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	return der
}

func ed25519Key(tb testing.TB) crypto.Signer {
	tb.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// A key that names RSASSA-PSS as its only use, which crypto/x509 does not read,
// verifies PSS and nothing else.
func TestKeyForPSSAlone(t *testing.T) {
	t.Parallel()
	public := &rsaKey().PublicKey
	spki := func(modulus, exponent *big.Int) []byte {
		inner, err := asn1.Marshal(struct{ N, E *big.Int }{modulus, exponent})
		if err != nil {
			t.Fatal(err)
		}
		der, err := asn1.Marshal(struct {
			Algorithm pkix.AlgorithmIdentifier
			Key       asn1.BitString
		}{pkix.AlgorithmIdentifier{Algorithm: oidPSS}, asn1.BitString{Bytes: inner, BitLength: 8 * len(inner)}})
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	k, err := KeyFromSPKI(spki(public.N, big.NewInt(int64(public.E))))
	if err != nil {
		t.Fatal(err)
	}
	octets := []byte("octets")
	for method, want := range map[string]string{PSSSHA256: "", PSSSHA512: "", RSASHA256: CodeAlgorithm} {
		sig, err := SignOctets(method, octets, rsaKey())
		if err != nil {
			t.Fatal(err)
		}
		if err := VerifyOctets(method, octets, sig, []Key{k}, Legacy{}); codeOf(t, err) != want {
			t.Errorf("%s: %v, want %q", method, err, want)
		}
		// Beside a key for the algorithm it is not tried either.
		beside := append(verifying(t, newRSA(2048)), k)
		if want != "" {
			want = CodeValue
		}
		if err := VerifyOctets(method, octets, sig, beside, Legacy{}); codeOf(t, err) != want {
			t.Errorf("%s beside another key: %v, want %q", method, err, want)
		}
	}
	for name, der := range map[string][]byte{
		"an exponent whose low bits are fine": spki(public.N, new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), 64), big.NewInt(65537))),
		"a huge exponent":                     spki(public.N, new(big.Int).Lsh(big.NewInt(1), 70)),
		"an even exponent":                    spki(public.N, big.NewInt(4)),
		"a negative modulus":                  spki(big.NewInt(-5), big.NewInt(3)),
		"a negative exponent":                 spki(public.N, big.NewInt(-3)),
		"trailing octets":                     append(spki(public.N, big.NewInt(3)), 0),
	} {
		if _, err := KeyFromSPKI(der); codeOf(t, err) != CodeKey {
			t.Errorf("%s: %v, want %s", name, err, CodeKey)
		}
	}
}
