package xmlenc

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/subtle"
	"fmt"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// MaxAttempts is how many private operations one xenc:EncryptedData may cost.
// Only keys of the size of the encrypted octets are tried.
const MaxAttempts = 8

// Sizes of AES-GCM, in octets. Shorter tags are guessed sooner. [xmlenc-core1 5.2.4]
const (
	ivGCM  = 12
	tagGCM = 16
)

// Policy says what is accepted. The zero value accepts what is strong, for
// whomever it is meant.
type Policy struct {
	RSA15     bool // keys encrypted by RSA with the padding of PKCS #1 v1.5
	TripleDES bool // content encrypted by triple DES

	// Recipients are our names. Where there are some, an xenc:EncryptedKey
	// whose attribute Recipient says another is passed over.
	Recipients []string
}

// Decrypt returns the octets that an xenc:EncryptedData holds, whatever its
// Type: UTF-8, and nothing else is known of them. Every key is tried with every
// xenc:EncryptedKey of its size. The error is an *Error.
func Decrypt(e xmltree.Element, keys []Key, policy Policy) ([]byte, error) {
	octets, err := open(e, keys, policy, utf8.Valid)
	if err != nil {
		return nil, err
	}
	return octets, nil
}

// DecryptElement returns the document that an xenc:EncryptedData of an element
// holds, with the namespaces that are in scope around it. Offsets are those of
// the decrypted octets. What cannot be read is refused as what cannot be
// decrypted. The error is an *Error.
func DecryptElement(e xmltree.Element, keys []Key, policy Policy) (*xmltree.Document, error) {
	if kind, ok := e.Attr("Type"); ok && kind != TypeElement { // without one it is an element too
		return nil, refuse(CodeShape, e, TypeElement, kind)
	}
	var doc *xmltree.Document
	_, err := open(e, keys, policy, func(octets []byte) bool {
		var err error
		doc, err = xmltree.ParseFragment(octets, e.Parent(), xmltree.Message)
		return err == nil
	})
	if err != nil {
		return nil, err
	}
	return doc, nil
}

// open decrypts with every key that may be the right one until what comes out is
// good. A wrong key is told by OAEP and by GCM, yet not for sure by CBC under a
// key of PKCS #1 v1.5.
func open(e xmltree.Element, keys []Key, policy Policy, good func([]byte) bool) ([]byte, *Error) {
	m, err := read(e, policy)
	if err != nil {
		return nil, err
	}
	attempts, err := m.attempts(keys)
	if err != nil {
		return nil, err
	}
	for i, a := range attempts {
		secret, ok := a.unwrap(m.content.keySize)
		if !ok {
			continue
		}
		octets := m.octets
		if i < len(attempts)-1 {
			octets = bytes.Clone(octets) // they are decrypted in place
		}
		if text, ok := m.content.decrypt(secret, octets); ok && good(text) {
			return text, nil
		}
	}
	return nil, failed(e)
}

// attempt is one of our keys with one encrypted key.
type attempt struct {
	*wrappedKey
	key Key
}

func (m *encrypted) attempts(keys []Key) ([]attempt, *Error) {
	switch {
	case len(keys) == 0:
		return nil, refuse(CodeKey, m.data, "a key of our own", "none")
	case len(keys) > MaxKeys:
		return nil, refuse(CodeKey, m.data, fmt.Sprintf("%d keys of our own at the most", MaxKeys), fmt.Sprint(len(keys)))
	}
	var list []attempt
	for i := range m.keys {
		for _, k := range keys {
			if k.private == nil {
				return nil, refuse(CodeKey, m.data, "keys of our own", "no key")
			}
			if k.private.Size() == len(m.keys[i].octets) {
				list = append(list, attempt{&m.keys[i], k})
			}
		}
	}
	if len(list) > MaxAttempts {
		return nil, refuse(CodeShape, m.data, fmt.Sprintf("%d private operations at the most", MaxAttempts), fmt.Sprint(len(list)))
	}
	return list, nil
}

// unwrap decrypts the key of the content, by one private operation.
func (a attempt) unwrap(size int) ([]byte, bool) {
	var secret []byte
	var err error
	if a.transport == RSA15 {
		secret, err = decrypt15(a.key.private, a.octets, size)
	} else {
		secret, err = a.key.private.Decrypt(rand.Reader, a.octets, &rsa.OAEPOptions{Hash: a.digest, MGFHash: a.mask, Label: a.label})
	}
	return secret, err == nil && len(secret) == size
}

// decrypt decrypts octets in place.
func (c *content) decrypt(secret, octets []byte) ([]byte, bool) {
	block, err := c.cipher(secret)
	if err != nil {
		return nil, false
	}
	iv, text := octets[:c.ivSize()], octets[c.ivSize():]
	if c.mode == gcm {
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, false
		}
		text, err = aead.Open(text[:0], iv, text, nil)
		return text, err == nil
	}
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(text, text)
	return unpad(text, c.block)
}

func (c *content) ivSize() int {
	if c.mode == gcm {
		return ivGCM
	}
	return c.block
}

func (c *content) cipher(secret []byte) (cipher.Block, error) {
	if c.block == blockDES {
		return tripleDES(secret)
	}
	return aes.NewCipher(secret)
}

// unpad takes the padding off: its last octet says how long it is, the others are
// arbitrary. [xmlenc-core1 5.2]
func unpad(text []byte, block int) ([]byte, bool) {
	n := int(text[len(text)-1])
	if subtle.ConstantTimeLessOrEq(1, n)&subtle.ConstantTimeLessOrEq(n, block) == 0 {
		return nil, false
	}
	return text[:len(text)-n], true
}
