package oidc

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/sallyport/sallyport/internal/fault"
)

// Limits of the keys of a client.
const (
	MaxClientKeySet = 16 << 10 // octets
	maxClientKeys   = 20
	minClientRSA    = 2048 // bits
)

// CheckClientKeys refuses a JWK Set that no client can prove itself by: one
// without keys, with a key that is weak or that we cannot verify by, or, worst,
// with a private key, which must be nobody's but the client's.
func CheckClientKeys(document string) error {
	refuse := func(want, got string) error {
		return &fault.Error{Kind: fault.Invalid, Code: "app_keys", Want: want, Got: got, Fix: fault.AppSide}
	}
	if len(document) > MaxClientKeySet {
		return refuse("a JWK Set of at most 16 KiB", strconv.Itoa(len(document))+" octets")
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(document), &set); err != nil {
		return refuse("a JWK Set: an object with keys", "another text")
	}
	if n := len(set.Keys); n == 0 || n > maxClientKeys {
		return refuse("1 to 20 keys", strconv.Itoa(n))
	}
	for i := range set.Keys {
		k := &set.Keys[i]
		place := "key " + strconv.Itoa(i+1)
		if !k.IsPublic() {
			return refuse("public keys alone", "a private one at "+place)
		}
		if k.Use != "" && k.Use != "sig" {
			return refuse("keys for signatures", k.Use+" at "+place)
		}
		switch key := k.Key.(type) {
		case *rsa.PublicKey:
			if key.N.BitLen() < minClientRSA {
				return refuse("RSA keys of 2048 bits or more", strconv.Itoa(key.N.BitLen())+" at "+place)
			}
		case *ecdsa.PublicKey, ed25519.PublicKey:
		default:
			return refuse("RSA, EC or Ed25519 keys", "another kind at "+place)
		}
		if !k.Valid() {
			return refuse("keys that are valid", place)
		}
		if len(algorithmsOf(*k)) == 0 { // another curve, or an algorithm that is not ours
			return refuse("keys for "+strings.Join(AssertionAlgorithms(), ", "), place)
		}
	}
	return nil
}
