package main

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"

	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmlenc"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// floor returns what does the cryptography that the message needs and nothing
// else: what is to be hashed and compared is known beforehand.
func (w *world) floor(m *message) (local, error) {
	doc, err := xmltree.Parse(m.xml, xmltree.Message)
	if err != nil {
		return nil, err
	}
	signatures, err := signaturesIn(doc)
	if err != nil {
		return nil, err
	}
	var sealed *sealed
	if m.base.Encrypts() {
		var inner *xmltree.Document
		if sealed, inner, err = w.sealed(m, doc); err != nil {
			return nil, err
		}
		more, err := signaturesIn(inner)
		if err != nil {
			return nil, err
		}
		signatures = append(signatures, more...)
	}
	decoded := make([]byte, base64.StdEncoding.DecodedLen(len(m.form)))
	return func(_ *message, form string) error {
		if _, err := base64.StdEncoding.Decode(decoded, []byte(form)); err != nil {
			return err
		}
		if sealed != nil {
			if err := sealed.open(w.private); err != nil {
				return err
			}
		}
		for _, s := range signatures {
			sha256.Sum256(s.element)
			hash := sha256.Sum256(s.info)
			if err := rsa.VerifyPKCS1v15(w.public, crypto.SHA256, hash[:], s.value); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// A signature is what has to be hashed and compared.
type signature struct{ element, info, value []byte }

// signaturesIn returns the signatures of a document.
func signaturesIn(doc *xmltree.Document) ([]signature, error) {
	var signatures []signature
	for e := range doc.Root().Descendants() {
		if !e.Is(xmldsig.Namespace, "Signature") {
			continue
		}
		info := e.FirstChild()
		var element, octets bytes.Buffer
		if err := xmldsig.Canonicalize(&element, e.Parent(), xmldsig.C14N{Algorithm: xmldsig.ExclusiveC14N, Omit: e}); err != nil {
			return nil, err
		}
		if err := xmldsig.Canonicalize(&octets, info, xmldsig.C14N{Algorithm: xmldsig.ExclusiveC14N}); err != nil {
			return nil, err
		}
		text, _ := info.NextSibling().Leaf()
		value, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return nil, err
		}
		signatures = append(signatures, signature{element.Bytes(), octets.Bytes(), value})
	}
	return signatures, nil
}

// sealed is what has to be decrypted.
type sealed struct {
	key, text string // base64
	gcm       bool
}

// sealed returns the encrypted octets of the message and the assertion in them.
func (w *world) sealed(m *message, doc *xmltree.Document) (*sealed, *xmltree.Document, error) {
	s := &sealed{gcm: m.content == xmlenc.AES256GCM}
	var inner *xmltree.Document
	for e := range doc.Root().Descendants() {
		switch {
		case e.Is(xmlenc.Namespace, "EncryptedData"):
			var err error
			if inner, err = xmlenc.DecryptElement(e, []xmlenc.Key{w.idp.SPKey}, xmlenc.Policy{}); err != nil {
				return nil, nil, err
			}
		case e.Is(xmlenc.Namespace, "CipherValue"): // that of the key stands first
			s.key, s.text = s.text, ""
			s.text, _ = e.Leaf()
		}
	}
	return s, inner, nil
}

// open does the private operation and decrypts the text.
func (s *sealed) open(private *rsa.PrivateKey) error {
	wrapped, err := base64.StdEncoding.DecodeString(s.key)
	if err != nil {
		return err
	}
	secret, err := private.Decrypt(nil, wrapped, &rsa.OAEPOptions{Hash: crypto.SHA1, MGFHash: crypto.SHA1})
	if err != nil {
		return err
	}
	text, err := base64.StdEncoding.DecodeString(s.text)
	if err != nil {
		return err
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return err
	}
	if !s.gcm {
		cipher.NewCBCDecrypter(block, text[:aes.BlockSize]).CryptBlocks(text[aes.BlockSize:], text[aes.BlockSize:])
		return nil
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return err
	}
	_, err = aead.Open(text[aead.NonceSize():aead.NonceSize()], text[:aead.NonceSize()], text[aead.NonceSize():], nil)
	return err
}
