package xmlenc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"
)

func TestNewKeyJudges(t *testing.T) {
	t.Parallel()
	onCurve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	mixed := *generate(2048)
	mixed.D = new(big.Int).Add(mixed.D, big.NewInt(2))
	threePrimes := *generate(2048)
	threePrimes.Primes = append(slices.Clone(threePrimes.Primes), big.NewInt(3))
	for name, tc := range map[string]struct {
		private any
		code    string
	}{
		"2048 bits":                     {generate(2048), ""},
		"1024 bits":                     {generate(1024), CodeKey},
		"2040 bits":                     {generate(2040), CodeKey},
		"three primes":                  {&threePrimes, CodeKey},
		"parts of two keys":             {&mixed, CodeKey},
		"an empty key":                  {new(rsa.PrivateKey), CodeKey},
		"no key":                        {nil, CodeKey},
		"no key of the right type":      {(*rsa.PrivateKey)(nil), CodeKey},
		"a key on a curve":              {onCurve, CodeKey},
		"a public key":                  {&ours().PublicKey, CodeKey},
		"the octets of the private key": {x509.MarshalPKCS1PrivateKey(ours()), CodeKey},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Attr("refused-by", tc.code)
			k, err := NewKey(tc.private)
			if codeOf(t, err) != tc.code {
				t.Fatalf("NewKey() = %v, want %q", err, tc.code)
			}
			if err != nil && (k.Public() != nil || k.Bits() != 0) || err == nil && (k.Public() == nil || k.Bits() != 2048) {
				t.Errorf("a key of %d bits", k.Bits())
			}
		})
	}
}

func TestKeyFromPEMReads(t *testing.T) {
	t.Parallel()
	pkcs1 := x509.MarshalPKCS1PrivateKey(ours())
	pkcs8, err := x509.MarshalPKCS8PrivateKey(ours())
	if err != nil {
		t.Fatal(err)
	}
	text := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	for name, tc := range map[string]struct {
		text string
		code string
	}{
		"PKCS #8":                 {text("PRIVATE KEY", pkcs8), ""},
		"PKCS #1":                 {text("RSA PRIVATE KEY", pkcs1), ""},
		"behind a certificate":    {text("CERTIFICATE", []byte("x")) + text("PRIVATE KEY", pkcs8), ""},
		"PKCS #1 for PKCS #8":     {text("PRIVATE KEY", pkcs1), CodeKey},
		"PKCS #8 cut off":         {text("PRIVATE KEY", pkcs8[:500]), CodeKey},
		"a passphrase":            {text("ENCRYPTED PRIVATE KEY", pkcs8), CodeKey},
		"a certificate alone":     {text("CERTIFICATE", []byte("x")), CodeKey},
		"a PEM that is cut off":   {text("PRIVATE KEY", pkcs8)[:500], CodeKey},
		"octets that are no PEM":  {string(pkcs8), CodeKey},
		"nothing":                 {"", CodeKey},
		"lines of another system": {"\r\n" + strings.ReplaceAll(text("PRIVATE KEY", pkcs8), "\n", "\r\n"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Attr("refused-by", tc.code)
			k, err := KeyFromPEM([]byte(tc.text))
			if codeOf(t, err) != tc.code {
				t.Fatalf("KeyFromPEM() = %v, want %q", err, tc.code)
			}
			if err == nil && !k.Public().Equal(&ours().PublicKey) {
				t.Error("another key")
			}
		})
	}
}

func TestTheZeroKeyDecryptsNothing(t *testing.T) {
	t.Parallel()
	message := encrypt(t, plain, to(ours()))
	if _, err := decrypt(t, message, []Key{{}}, Policy{}); codeOf(t, err) != CodeKey {
		t.Errorf("DecryptElement() = %v, want %s", err, CodeKey)
	}
	if _, err := decrypt(t, message, judged(t, ours()), Policy{}); err != nil {
		t.Errorf("a key: %v", err)
	}
}

func TestEncryptRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]Encryption{
		"no key":                    {},
		"another content algorithm": {To: to(ours()).To, Content: RSAOAEP},
		"another key algorithm":     {To: to(ours()).To, Transport: AES128CBC},
		"another digest":            {To: to(ours()).To, Digest: MGF1SHA1},
		"another mask":              {To: to(ours()).To, Transport: RSAOAEP, Mask: SHA1},
		"a mask that contradicts":   {To: to(ours()).To, Mask: MGF1SHA256},
		"a text beyond all limits":  {To: to(ours()).To, Params: make([]byte, 1<<20)},
	} {
		if out, err := Encrypt([]byte(plain), how); err == nil {
			t.Errorf("%s: %s", name, out)
		}
	}
}
