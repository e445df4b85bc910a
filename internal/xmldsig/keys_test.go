package xmldsig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"sync"
	"testing"
)

// The keys of the tests: ours, and one of an attacker.
var (
	ecdsaKey    = sync.OnceValue(func() *ecdsa.PrivateKey { return newECDSA(elliptic.P256()) })
	attackerKey = sync.OnceValue(func() *ecdsa.PrivateKey { return newECDSA(elliptic.P256()) })
	rsaKey      = sync.OnceValue(func() *rsa.PrivateKey { return newRSA(2048) })
	rsa1024Key  = sync.OnceValue(func() *rsa.PrivateKey { return newRSA(1024) })
)

func newECDSA(curve elliptic.Curve) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func newRSA(bits int) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	return key
}

// verifying returns the public keys that verify what signers sign.
func verifying(tb testing.TB, signers ...crypto.Signer) []Key {
	tb.Helper()
	var keys []Key
	for _, s := range signers {
		k, err := NewKey(s.Public())
		if err != nil {
			tb.Fatal(err)
		}
		keys = append(keys, k)
	}
	return keys
}

// codeOf returns the code of an error of this package, "" for none.
func codeOf(tb testing.TB, err error) string {
	tb.Helper()
	if err == nil {
		return ""
	}
	e, ok := errors.AsType[*Error](err)
	if !ok {
		tb.Fatalf("error %T %v, want an *Error", err, err)
	}
	if e.Want == "" || e.Error() == "" {
		tb.Errorf("error %#v says too little", e)
	}
	return e.Code
}
