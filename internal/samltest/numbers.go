package samltest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"math/big"
	"slices"
	"sync"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/xmldsig"
)

// What stands here makes signatures as no library makes them: they are bad on
// purpose.

// strangerPair is a key that nobody trusts. Its certificate bears the name and
// the number of the trusted one.
func strangerPair() pair {
	p, err := strangerKey()
	if err != nil {
		panic(err)
	}
	return p
}

// An ecKey is a key of an identity provider that signs by ECDSA.
type ecKey struct{ key *ecdsa.PrivateKey }

var ecPair = sync.OnceValue(func() ecKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return ecKey{key}
})

// weakBits is what an attacker could factor.
const weakBits = 1024

var weakKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, weakBits)
	if err != nil {
		panic(err)
	}
	return key
})

// by1024 signs with a key of 1024 bits; key1024 is what verifies it.
func by1024(r *Response) { r.EachSigning(func(s *xmldsig.Signing) { s.Key = weakKey() }) }

func key1024(*saml.Expect) xmldsig.Key { return publicKey(weakKey().Public()) }

// issuedTo returns a certificate of the stranger that the identity provider of
// the tests has issued.
func issuedTo() []byte {
	trusted, err := testKey()
	if err != nil {
		panic(err)
	}
	cert, err := issue(strangerPair().key.Public(), pkix.Name{CommonName: "idp.example"}, parsed(trusted.cert), trusted.key)
	if err != nil {
		panic(err)
	}
	return cert
}

// signEC returns the numbers of an ECDSA signature with SHA-256.
func signEC(key *ecdsa.PrivateKey, octets []byte) (r, s *big.Int) {
	sum := sha256.Sum256(octets)
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		panic(err)
	}
	return r, s
}

// wide returns numbers, each of the same number of octets.
func wide(size int, numbers ...*big.Int) []byte {
	var out []byte
	for _, n := range numbers {
		out = append(out, n.FillBytes(make([]byte, size))...)
	}
	return out
}

func inDER(r, s *big.Int) []byte {
	der, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	if err != nil {
		panic(err)
	}
	return der
}

// rawRSA signs with a padding of our own, by the private key of the identity
// provider.
func rawRSA(method string, pad func(key *rsa.PublicKey, sum []byte) []byte) func(*Response) {
	return func(r *Response) {
		r.ResealBy(func(s string) string { return algorithm(s, "ds:SignatureMethod", method) }, func(octets []byte) []byte {
			key := privateRSA(r.ResponseSigning.Key)
			sum := sha256.Sum256(octets)
			m := new(big.Int).SetBytes(pad(&key.PublicKey, sum[:]))
			return m.Exp(m, key.D, key.N).FillBytes(make([]byte, key.Size()))
		})
	}
}

// privateRSA returns the key of a signer of ours.
func privateRSA(signer crypto.Signer) *rsa.PrivateKey {
	if m, ok := signer.(*memory); ok {
		signer = m.Signer
	}
	key, ok := signer.(*rsa.PrivateKey)
	if !ok {
		panic("samltest: no RSA key")
	}
	return key
}

// The DigestInfo of SHA-256, and what it is not. [RFC8017 9.2]
var prefix256 = []byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}

func info256(sum []byte) []byte { return slices.Concat(prefix256, sum) }

// infoBER has a length in a longer form than DER allows.
func infoBER(sum []byte) []byte {
	return slices.Concat([]byte{0x30, 0x81, 0x31}, prefix256[2:], sum)
}

// infoBare has no NULL behind the name of the hash.
func infoBare(sum []byte) []byte {
	return slices.Concat([]byte{0x30, 0x2f, 0x30, 0x0b}, prefix256[4:15], prefix256[17:], sum)
}

// padLong fills up in front, as it must be.
func padLong(key *rsa.PublicKey, info []byte) []byte {
	return slices.Concat([]byte{0, 1}, bytes.Repeat([]byte{0xff}, key.Size()-len(info)-3), []byte{0}, info)
}

// padShort leaves room for anything behind the hash.
func padShort(key *rsa.PublicKey, info []byte) []byte {
	head := slices.Concat([]byte{0, 1}, bytes.Repeat([]byte{0xff}, 8), []byte{0}, info)
	return slices.Concat(head, make([]byte, key.Size()-len(head)))
}

// retyped is padding of another kind.
func retyped(padded []byte, kind byte) []byte {
	padded[1] = kind
	return padded
}

// zeroed has zeroes for padding.
func zeroed(padded []byte, info int) []byte {
	clear(padded[2 : len(padded)-info])
	return padded
}

// padPSS pads by EMSA-PSS with SHA-256, and masks by any hash. [RFC8017 9.1]
func padPSS(key *rsa.PublicKey, sum []byte, mask crypto.Hash) []byte {
	const size = sha256.Size
	bits := key.N.BitLen() - 1
	length := (bits + 7) / 8
	salt := bytes.Repeat([]byte{7}, size)
	h := sha256.Sum256(slices.Concat(make([]byte, 8), sum, salt))
	db := slices.Concat(make([]byte, length-2*size-2), []byte{1}, salt)
	for i, m := range mgf1(mask, h[:], len(db)) {
		db[i] ^= m
	}
	db[0] &= 0xff >> (8*length - bits)
	return slices.Concat(db, h[:], []byte{0xbc})
}

func mgf1(hash crypto.Hash, seed []byte, length int) []byte {
	var out []byte
	for i := uint32(0); len(out) < length; i++ {
		h := hash.New()
		h.Write(binary.BigEndian.AppendUint32(bytes.Clone(seed), i))
		out = h.Sum(out)
	}
	return out[:length]
}
