package samltest

import (
	"crypto/rsa"
	"fmt"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/internal/xmlenc"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// signsAssertion reports whether the assertion has a signature of its own.
func (b Base) signsAssertion() bool {
	switch b {
	case AssertionSigned, BothSigned, EncryptedAssertionSigned, EncryptedBothSigned:
		return true
	}
	return false
}

// signsResponse reports whether the Response has a signature of its own.
func (b Base) signsResponse() bool {
	switch b {
	case ResponseSigned, BothSigned, EncryptedResponseSigned, EncryptedBothSigned:
		return true
	}
	return false
}

// Encrypts reports whether the assertion is encrypted.
func (b Base) Encrypts() bool {
	switch b {
	case EncryptedResponseSigned, EncryptedAssertionSigned, EncryptedBothSigned, EncryptedNothingSigned:
		return true
	}
	return false
}

// sealed returns the base with the same signatures that is encrypted.
func (b Base) sealed() Base {
	for i, plain := range Bases {
		if b == plain {
			return [...]Base{EncryptedAssertionSigned, EncryptedResponseSigned, EncryptedBothSigned}[i]
		}
	}
	return b
}

// plain returns the base with the same signatures that is not encrypted.
func (b Base) plain() Base {
	for _, p := range Bases {
		if b == p.sealed() {
			return p
		}
	}
	return b
}

// BeforeEncryption adds a change of the assertion as it is encrypted. Its own
// signature is made already.
func (r *Response) BeforeEncryption(change func(assertion string) string) {
	r.plain = append(r.plain, change)
}

// AfterEncryption adds a change of the document behind the encryption and before
// the Response is signed.
func (r *Response) AfterEncryption(change func(doc string) string) {
	r.enciphered = append(r.enciphered, change)
}

// Tampered reports whether somebody without the key has changed the response.
func (r *Response) Tampered() bool { return len(r.after) > 0 }

// encrypt encrypts every assertion directly below the root.
func (r *Response) encrypt(doc string) (string, error) {
	tree, err := xmltree.Parse([]byte(doc), xmltree.Message)
	if err != nil { // an attack on parsers: the first that looks like one
		p, ok := search(doc, "saml:Assertion", 0, len(doc))
		if !ok {
			return doc, nil
		}
		sealed, err := r.sealAssertion(p.text)
		return p.with(sealed), err
	}
	var out strings.Builder
	done := 0
	for e := range tree.Root().Children() {
		if !e.Is(nsAssertion, "Assertion") {
			continue
		}
		sealed, err := r.sealAssertion(doc[e.Offset():e.End()])
		if err != nil {
			return "", err
		}
		out.WriteString(doc[done:e.Offset()] + sealed)
		done = e.End()
	}
	return out.String() + doc[done:], nil
}

// sealAssertion returns an EncryptedAssertion of an assertion.
func (r *Response) sealAssertion(assertion string) (string, error) {
	for _, change := range r.plain {
		assertion = change(assertion)
	}
	return r.around("EncryptedAssertion", assertion)
}

// around returns an element of the assertion namespace that holds a text
// encrypted.
func (r *Response) around(local, text string) (string, error) {
	octets, err := xmlenc.Encrypt([]byte(r.Dialect.fragment(text)), r.Encryption)
	if err != nil {
		return "", fmt.Errorf("encrypting: %w", err)
	}
	return `<saml:` + local + `>` + string(octets) + `</saml:` + local + `>`, nil
}

// sealed is around for attacks, which know what they do.
func (r *Response) sealed(local, text string) string {
	sealed, err := r.around(local, text)
	if err != nil {
		panic(fmt.Sprintf("samltest: %v", err))
	}
	return sealed
}

// EncryptNameID encrypts the NameID before anything is signed.
func EncryptNameID(r *Response) {
	r.BeforeSigning(func(doc string) string {
		p := find(doc, "saml:NameID")
		return p.with(r.sealed("EncryptedID", p.text))
	})
}

// The keys that service providers decrypt with.
var (
	testSPKey  = sync.OnceValues(newSPKey)
	otherSPKey = sync.OnceValues(newSPKey)
)

func newSPKey() (xmlenc.Key, error) {
	key, err := NewKey()
	if err != nil {
		return xmlenc.Key{}, err
	}
	k, err := xmlenc.NewKey(key)
	if err != nil {
		return xmlenc.Key{}, fmt.Errorf("making a key: %w", err)
	}
	return k, nil
}

// strangersKey returns the key of another service provider.
func strangersKey() *rsa.PublicKey {
	key, err := otherSPKey()
	if err != nil {
		panic(err)
	}
	return key.Public()
}
