package xmlenc

import (
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// Place is where the xenc:EncryptedKey elements stand.
type Place uint8

// Places of an xenc:EncryptedKey.
const (
	Inside Place = iota // in the ds:KeyInfo of the xenc:EncryptedData
	Named               // behind it, named by a ds:RetrievalMethod
	Beside              // behind it, named by nothing
)

// Encryption says how [Encrypt] encrypts. Only To is needed; what is left out
// has the value that every other side takes.
type Encryption struct {
	To          []*rsa.PublicKey // an xenc:EncryptedKey for each of them
	Content     string           // algorithm; AES256GCM
	Transport   string           // algorithm; RSAOAEPMGF1P
	Digest      string           // of RSA-OAEP; SHA1
	Mask        string           // of RSAOAEP; MGF1SHA1
	Params      []byte           // OAEPparams; none
	Type        string           // of the xenc:EncryptedData; TypeElement
	Recipient   string           // of every xenc:EncryptedKey; none
	Certificate []byte           // DER, as a hint at the key; none
	Place       Place
}

// lenient allows what is too weak to be accepted: peers may still ask for it.
var lenient = Policy{RSA15: true, TripleDES: true}

// Encrypt returns an xenc:EncryptedData of a text, followed by the
// xenc:EncryptedKey elements that are not inside it. All of them declare the
// namespaces that they use.
func Encrypt(text []byte, how Encryption) ([]byte, error) {
	how.complete()
	c := contentOf(how.Content, lenient)
	switch {
	case c == nil:
		return nil, fmt.Errorf("encrypting XML: unknown algorithm %q", how.Content)
	case len(how.To) == 0:
		return nil, errors.New("encrypting XML: no key")
	}
	secret := make([]byte, c.keySize)
	if _, err := rand.Read(secret); err != nil {
		return nil, fmt.Errorf("encrypting XML: %w", err)
	}
	octets, err := c.encrypt(secret, text)
	if err != nil {
		return nil, fmt.Errorf("encrypting XML: %w", err)
	}
	wrapped := make([][]byte, 0, len(how.To))
	for _, key := range how.To {
		w, err := how.wrap(key, secret)
		if err != nil {
			return nil, fmt.Errorf("encrypting XML: %w", err)
		}
		wrapped = append(wrapped, w)
	}
	out, err := how.render(octets, wrapped)
	if err != nil {
		return nil, fmt.Errorf("encrypting XML: %w", err)
	}
	return out, nil
}

// complete fills in what was left out.
func (how *Encryption) complete() {
	for _, field := range []struct {
		value   *string
		missing string
	}{
		{&how.Content, AES256GCM},
		{&how.Transport, RSAOAEPMGF1P},
		{&how.Digest, SHA1},
		{&how.Mask, MGF1SHA1},
		{&how.Type, TypeElement},
	} {
		if *field.value == "" {
			*field.value = field.missing
		}
	}
}

// encrypt returns IV, encrypted text and tag.
func (c *content) encrypt(secret, text []byte) ([]byte, error) {
	block, err := c.cipher(secret)
	if err != nil {
		return nil, err
	}
	iv := make([]byte, c.ivSize())
	if _, err := rand.Read(iv); err != nil {
		return nil, err
	}
	if c.mode == gcm {
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, err
		}
		return aead.Seal(slices.Clone(iv), iv, text, nil), nil
	}
	pad := c.block - len(text)%c.block
	padded := slices.Concat(text, make([]byte, pad))
	padded[len(padded)-1] = byte(pad)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(padded, padded)
	return slices.Concat(iv, padded), nil
}

// wrap encrypts the key of the content.
func (how *Encryption) wrap(key *rsa.PublicKey, secret []byte) ([]byte, error) {
	if how.Transport == RSA15 {
		return encrypt15(key, secret)
	}
	digest, mask := digestOf(how.Digest), maskOf(how.Mask)
	switch {
	case !isTransport(how.Transport, lenient):
		return nil, fmt.Errorf("unknown algorithm %q", how.Transport)
	case digest == 0:
		return nil, fmt.Errorf("unknown digest %q", how.Digest)
	case mask == 0 || how.Transport == RSAOAEPMGF1P && how.Mask != MGF1SHA1:
		return nil, fmt.Errorf("unknown mask %q of %s", how.Mask, how.Transport)
	}
	return rsa.EncryptOAEPWithOptions(rand.Reader, key, secret, &rsa.OAEPOptions{Hash: digest, MGFHash: mask, Label: how.Params})
}

// render writes the elements.
func (how *Encryption) render(octets []byte, wrapped [][]byte) ([]byte, error) {
	ids := make([]string, len(wrapped))
	for i := range ids {
		ids[i] = "_" + rand.Text()
	}
	w := new(xmltree.Writer)
	w.Start("xenc:EncryptedData")
	w.Namespace("xenc", Namespace)
	w.Attr("Type", how.Type)
	writeEmpty(w, "xenc:EncryptionMethod", how.Content)
	if how.Place != Beside {
		w.Start("ds:KeyInfo")
		w.Namespace("ds", xmldsig.Namespace)
		for i, id := range ids {
			if how.Place == Inside {
				how.writeKey(w, id, wrapped[i])
				continue
			}
			w.Start("ds:RetrievalMethod")
			w.Attr("Type", typeKey)
			w.Attr("URI", "#"+id)
			w.End()
		}
		w.End()
	}
	writeCipher(w, octets)
	w.End()
	out, err := w.Bytes()
	if err != nil || how.Place == Inside {
		return out, err
	}
	for i, id := range ids {
		w := new(xmltree.Writer)
		how.writeKey(w, id, wrapped[i])
		key, err := w.Bytes()
		if err != nil {
			return nil, err
		}
		out = append(out, key...)
	}
	return out, nil
}

func (how *Encryption) writeKey(w *xmltree.Writer, id string, octets []byte) {
	w.Start("xenc:EncryptedKey")
	w.Namespace("xenc", Namespace)
	w.Attr("Id", id)
	if how.Recipient != "" {
		w.Attr("Recipient", how.Recipient)
	}
	w.Start("xenc:EncryptionMethod")
	w.Attr("Algorithm", how.Transport)
	if how.Transport != RSA15 {
		if len(how.Params) > 0 {
			w.Start("xenc:OAEPparams")
			w.Text(base64.StdEncoding.EncodeToString(how.Params))
			w.End()
		}
		w.Start("ds:DigestMethod")
		w.Namespace("ds", xmldsig.Namespace)
		w.Attr("Algorithm", how.Digest)
		w.End()
	}
	if how.Transport == RSAOAEP {
		w.Start("xenc11:MGF")
		w.Namespace("xenc11", Namespace11)
		w.Attr("Algorithm", how.Mask)
		w.End()
	}
	w.End()
	if len(how.Certificate) > 0 {
		w.Start("ds:KeyInfo")
		w.Namespace("ds", xmldsig.Namespace)
		w.Start("ds:X509Data")
		w.Start("ds:X509Certificate")
		w.Text(base64.StdEncoding.EncodeToString(how.Certificate))
		w.End()
		w.End()
		w.End()
	}
	writeCipher(w, octets)
	w.End()
}

func writeEmpty(w *xmltree.Writer, name, algorithm string) {
	w.Start(name)
	w.Attr("Algorithm", algorithm)
	w.End()
}

func writeCipher(w *xmltree.Writer, octets []byte) {
	w.Start("xenc:CipherData")
	w.Start("xenc:CipherValue")
	w.Text(base64.StdEncoding.EncodeToString(octets))
	w.End()
	w.End()
}
