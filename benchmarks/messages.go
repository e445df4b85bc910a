package main

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/beevik/etree"
	crewjamsaml "github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmlenc"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// A message is a response as the browser posts it, and what verifies it.
type message struct {
	name    string
	reach   float64 // multiple of the floor to stay below
	base    samltest.Base
	idp     *samltest.IdP
	public  *rsa.PublicKey
	content string          // the algorithm of the encryption, if there is one
	private *rsa.PrivateKey // ours, to decrypt with
	message []byte
	form    string // the message in base64
}

// messages returns the responses that are measured, signed by one fresh RSA
// key of 2048 bits.
func messages() ([]message, error) {
	key, err := samltest.NewKey()
	if err != nil {
		return nil, err
	}
	public, ok := key.Public().(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("the key is not RSA")
	}
	idp, err := samltest.NewIdP("https://idp.example/metadata", "https://idp.example/sso", key)
	if err != nil {
		return nil, err
	}
	own, err := samltest.NewKey()
	if err != nil {
		return nil, err
	}
	private, ok := own.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("the key is not RSA")
	}
	if idp.SPKey, err = xmlenc.NewKey(private); err != nil {
		return nil, err
	}
	idp.Now = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)
	idp.SPEntityID, idp.ACS, idp.RequestID = "https://sso.example/saml/acme", "https://sso.example/saml/acme/acs", "id4f1c8e2a"

	cases := []message{
		{name: "(a) assertion signed", reach: 2, base: samltest.AssertionSigned},
		{name: "(b) response and assertion signed", reach: 2, base: samltest.BothSigned},
		{name: "(c) assertion signed, then encrypted by AES-GCM", reach: 1.15, base: samltest.EncryptedAssertionSigned, content: xmlenc.AES256GCM},
		{name: "(c) the same by AES-CBC", reach: 1.15, base: samltest.EncryptedAssertionSigned, content: xmlenc.AES256CBC},
		{name: "(c) encrypted in a signed response", reach: 1.15, base: samltest.EncryptedResponseSigned, content: xmlenc.AES256GCM},
		{name: "(d) 250 groups", reach: 3, base: samltest.AssertionSigned},
	}
	sizes := []int{8 << 10, 8 << 10, 8 << 10, 8 << 10, 8 << 10, 56 << 10}
	groups := []int{4, 4, 4, 4, 4, 250}
	for i := range cases {
		c := &cases[i]
		c.idp, c.public = idp, public
		c.private = private
		c.message, err = respond(idp, c.base, c.content, groups[i], sizes[i])
		if err != nil {
			return nil, err
		}
		c.form = base64.StdEncoding.EncodeToString(c.message)
	}
	return cases, nil
}

// respond returns a response with some groups that has about a size: what is
// missing is made up by attributes of usual length, or by longer groups.
func respond(idp *samltest.IdP, base samltest.Base, content string, groups, size int) ([]byte, error) {
	const attributes = 12
	for width := 0; ; width++ {
		r := idp.Response()
		r.Base, r.Encryption.Content = base, content
		if base.Encrypts() { // crewjam/saml reads no assertion that relies on the namespaces around it
			r.Dialect = samltest.DefaultNamespaces
		}
		r.Attributes = nil
		for i := range attributes {
			r.Attributes = append(r.Attributes, saml.Attribute{
				Name:   fmt.Sprintf("http://schemas.example/identity/claims/attribute%d", i),
				Values: []string{fmt.Sprintf("value %d of %s", i, pad(width))},
			})
		}
		var names []string
		for i := range groups {
			names = append(names, fmt.Sprintf("CN=group-%04d%s,OU=Groups,DC=acme,DC=example", i, pad(width)))
		}
		r.Attributes = append(r.Attributes, saml.Attribute{Name: "groups", Values: names})
		doc, err := r.XML()
		if err != nil {
			return nil, err
		}
		if len(doc) >= size {
			return doc, nil
		}
	}
}

func pad(n int) string { return string(bytes.Repeat([]byte("x"), n)) }

// contenders returns the ways to verify the message.
func (m *message) contenders() (c [contenderCount]contender, err error) {
	if c[floor], err = m.floor(); err != nil {
		return c, err
	}
	c[sallyport] = m.sallyport()
	if !m.base.Encrypts() { // goxmldsig decrypts nothing
		if c[goxmldsig], err = m.goxmldsig(); err != nil {
			return c, err
		}
	}
	if m.content == xmlenc.AES256GCM { // crewjam/saml does not implement it
		return c, nil
	}
	c[crewjam], err = m.crewjam()
	return c, err
}

// floor does the cryptography that the message needs and nothing else: what is
// to be hashed and compared is known beforehand.
func (m *message) floor() (contender, error) {
	doc, err := xmltree.Parse(m.message, xmltree.Message)
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
		if sealed, inner, err = m.sealed(doc); err != nil {
			return nil, err
		}
		more, err := signaturesIn(inner)
		if err != nil {
			return nil, err
		}
		signatures = append(signatures, more...)
	}
	decoded := make([]byte, base64.StdEncoding.DecodedLen(len(m.form)))
	return func() error {
		if _, err := base64.StdEncoding.Decode(decoded, []byte(m.form)); err != nil {
			return err
		}
		if sealed != nil {
			if err := sealed.open(m.private); err != nil {
				return err
			}
		}
		for _, s := range signatures {
			sha256.Sum256(s.element)
			hash := sha256.Sum256(s.info)
			if err := rsa.VerifyPKCS1v15(m.public, crypto.SHA256, hash[:], s.value); err != nil {
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
func (m *message) sealed(doc *xmltree.Document) (*sealed, *xmltree.Document, error) {
	s := &sealed{gcm: m.content == xmlenc.AES256GCM}
	var inner *xmltree.Document
	for e := range doc.Root().Descendants() {
		switch {
		case e.Is(xmlenc.Namespace, "EncryptedData"):
			var err error
			if inner, err = xmlenc.DecryptElement(e, []xmlenc.Key{m.idp.SPKey}, xmlenc.Policy{}); err != nil {
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

// sallyport does all that decides about a sign-in.
func (m *message) sallyport() contender {
	expect := m.idp.Expect()
	return func() error {
		src, err := saml.DecodePost(m.form)
		if err != nil {
			return err
		}
		_, err = saml.Verify(src, expect, m.idp.Now)
		return err
	}
}

// goxmldsig verifies the signatures.
func (m *message) goxmldsig() (contender, error) {
	cert, err := x509.ParseCertificate(m.idp.Certificate())
	if err != nil {
		return nil, err
	}
	context := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{cert}})
	context.Clock = dsig.NewFakeClockAt(m.idp.Now)
	validate := func(ns etreeutils.NSContext, e *etree.Element) error {
		detached, err := etreeutils.NSDetatch(ns, e)
		if err != nil {
			return err
		}
		_, err = context.Validate(detached)
		return err
	}
	return func() error {
		src, err := base64.StdEncoding.DecodeString(m.form)
		if err != nil {
			return err
		}
		doc := etree.NewDocument()
		if err := doc.ReadFromBytes(src); err != nil {
			return err
		}
		if m.base == samltest.BothSigned {
			if _, err := context.Validate(doc.Root()); err != nil {
				return err
			}
		}
		return etreeutils.NSFindIterate(doc.Root(), "urn:oasis:names:tc:SAML:2.0:assertion", "Assertion", validate)
	}, nil
}

// crewjam parses the response as its middleware does.
func (m *message) crewjam() (contender, error) {
	metadata, err := m.idp.Metadata()
	if err != nil {
		return nil, err
	}
	var idp crewjamsaml.EntityDescriptor
	if err := xml.Unmarshal(metadata, &idp); err != nil {
		return nil, fmt.Errorf("reading metadata: %w", err)
	}
	acs, err := url.Parse(m.idp.ACS)
	if err != nil {
		return nil, err
	}
	crewjamsaml.TimeNow = func() time.Time { return m.idp.Now }
	crewjamsaml.Clock = dsig.NewFakeClockAt(m.idp.Now)
	sp := crewjamsaml.ServiceProvider{EntityID: m.idp.SPEntityID, AcsURL: *acs, IDPMetadata: &idp, Key: m.private}
	return func() error {
		src, err := base64.StdEncoding.DecodeString(m.form)
		if err != nil {
			return err
		}
		_, err = sp.ParseXMLResponse(src, []string{m.idp.RequestID}, *acs)
		if invalid, ok := errors.AsType[*crewjamsaml.InvalidResponseError](err); ok {
			return invalid.PrivateErr
		}
		return err
	}, nil
}
