package xmlenc

import (
	"crypto/rsa"
	"sync"
	"testing"
)

// plain is what the tests encrypt, and surrounding what they put it into. The
// prefixes of plain are bound there alone, as in messages of real identity
// providers.
const (
	plain       = `<saml:Assertion ID="_a"><Issuer xs:x="">größe</Issuer></saml:Assertion>`
	surrounding = `<samlp:Response xmlns:samlp="urn:p" xmlns="urn:d" xmlns:xs="urn:xs"><saml:EncryptedAssertion xmlns:saml="urn:a">`
	behind      = `</saml:EncryptedAssertion></samlp:Response>`
)

// The keys of the tests: ours of three sizes, our next one, and a stranger's.
var (
	ours     = sync.OnceValue(func() *rsa.PrivateKey { return generate(2048) })
	next     = sync.OnceValue(func() *rsa.PrivateKey { return generate(2048) })
	stranger = sync.OnceValue(func() *rsa.PrivateKey { return generate(2048) })
)

func generate(bits int) *rsa.PrivateKey {
	key, err := rsa.GenerateKey(nil, bits)
	if err != nil {
		panic(err)
	}
	return key
}

// judged returns keys as Decrypt takes them.
func judged(tb testing.TB, private ...*rsa.PrivateKey) []Key {
	tb.Helper()
	var keys []Key
	for _, p := range private {
		k, err := NewKey(p)
		if err != nil {
			tb.Fatal(err)
		}
		keys = append(keys, k)
	}
	return keys
}

// to returns an Encryption for keys with everything else left out.
func to(private ...*rsa.PrivateKey) Encryption {
	var how Encryption
	for _, p := range private {
		how.To = append(how.To, &p.PublicKey)
	}
	return how
}

// encrypt returns a message around what Encrypt makes of text.
func encrypt(tb testing.TB, text string, how Encryption) string {
	tb.Helper()
	out, err := Encrypt([]byte(text), how)
	if err != nil {
		tb.Fatal(err)
	}
	return surrounding + string(out) + behind
}

// decrypt decrypts the first child of the first child of a message.
func decrypt(tb testing.TB, message string, keys []Key, policy Policy) (string, error) {
	tb.Helper()
	doc, err := DecryptElement(parse(tb, []byte(message)).FirstChild().FirstChild(), keys, policy)
	if err != nil {
		return "", err
	}
	return doc.Slice(0, doc.Len()), nil
}
