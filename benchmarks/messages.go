package main

import (
	"bytes"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/xmlenc"
)

// A world is an identity provider and a service provider, each with one fresh
// RSA key of 2048 bits.
type world struct {
	idp     *samltest.IdP
	public  *rsa.PublicKey  // of the identity provider
	private *rsa.PrivateKey // of the service provider
}

func newWorld() (*world, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	own, err := newKey()
	if err != nil {
		return nil, err
	}
	idp, err := samltest.NewIdP("https://idp.example/metadata", "https://idp.example/sso", key)
	if err != nil {
		return nil, err
	}
	if idp.SPKey, err = xmlenc.NewKey(own); err != nil {
		return nil, err
	}
	idp.Now = time.Now() // of the other libraries some have no other clock
	idp.SPEntityID, idp.ACS, idp.RequestID = "https://sso.example/saml/acme", "https://sso.example/saml/acme/acs", "id4f1c8e2a"
	return &world{idp: idp, public: &key.PublicKey, private: own}, nil
}

func newKey() (*rsa.PrivateKey, error) {
	key, err := samltest.NewKey()
	if err != nil {
		return nil, err
	}
	private, ok := key.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("the key is not RSA")
	}
	return private, nil
}

// A message is a response as the browser posts it.
type message struct {
	name    string
	reach   float64 // multiple of the floor to stay below
	base    samltest.Base
	content string // the algorithm of the encryption, if there is one
	groups  int
	others  int // attributes of one value
	size    int

	xml  []byte
	form string // the message in base64

	// What every contender must refuse.
	altered  string // a value was changed after it was signed
	stranger string // somebody else has signed
}

// messages returns the responses that are measured.
func messages(w *world) ([]*message, error) {
	const small, large = 8 << 10, 56 << 10
	cases := []*message{
		{name: "(a)", reach: 2, base: samltest.AssertionSigned, groups: 4, others: 12, size: small},
		{name: "(b)", reach: 2, base: samltest.BothSigned, groups: 4, others: 12, size: small},
		{name: "(c) GCM", reach: 1.15, base: samltest.EncryptedAssertionSigned, content: xmlenc.AES256GCM, groups: 4, others: 6, size: small},
		{name: "(c) CBC", reach: 1.15, base: samltest.EncryptedAssertionSigned, content: xmlenc.AES256CBC, groups: 4, others: 6, size: small},
		{name: "(c) outer", reach: 1.15, base: samltest.EncryptedResponseSigned, content: xmlenc.AES256GCM, groups: 4, others: 6, size: small},
		{name: "(d)", reach: 3, base: samltest.AssertionSigned, groups: 250, others: 12, size: large},
	}
	for _, m := range cases {
		if err := m.write(w.idp); err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return cases, nil
}

// write fills in the octets: what is missing in the size is made up by attributes
// of usual length, or by longer groups.
func (m *message) write(idp *samltest.IdP) error {
	for width := 0; len(m.xml) < m.size; width++ {
		var err error
		if m.xml, err = m.respond(idp, width).XML(); err != nil {
			return err
		}
		m.form = base64.StdEncoding.EncodeToString(m.xml)
		altered := m.respond(idp, width)
		switch {
		case m.base == samltest.EncryptedAssertionSigned:
			altered.BeforeEncryption(alter)
		case m.base.Encrypts():
			altered.AfterSigning(alterCipher)
		default:
			altered.AfterSigning(alter)
		}
		if m.altered, err = formOf(altered); err != nil {
			return err
		}
		stranger := m.respond(idp, width)
		samltest.SignByStranger(stranger)
		if m.stranger, err = formOf(stranger); err != nil {
			return err
		}
	}
	return nil
}

func formOf(r *samltest.Response) (string, error) {
	doc, err := r.XML()
	return base64.StdEncoding.EncodeToString(doc), err
}

// respond returns the response with values that are longer by a width.
func (m *message) respond(idp *samltest.IdP, width int) *samltest.Response {
	r := idp.Response()
	r.Base, r.Encryption.Content = m.base, m.content
	if m.base.Encrypts() { // crewjam/saml reads no assertion that relies on the namespaces around it
		r.Dialect = samltest.DefaultNamespaces
	}
	// Long enough for all rounds, by the clock of the machine.
	until := idp.Now.Add(12 * time.Hour).UTC().Format(time.RFC3339)
	r.ConfirmedUntil, r.NotOnOrAfter = until, until
	pad := strings.Repeat("x", width)
	r.Attributes = nil
	for i := range m.others {
		r.Attributes = append(r.Attributes, saml.Attribute{
			Name:   fmt.Sprintf("http://schemas.example/identity/claims/attribute%d", i),
			Values: []string{fmt.Sprintf("value %d of %s", i, pad)},
		})
	}
	var names []string
	for i := range m.groups {
		names = append(names, fmt.Sprintf("CN=group-%04d%s,OU=Groups,DC=acme,DC=example", i, pad))
	}
	r.Attributes = append(r.Attributes, saml.Attribute{Name: "groups", Values: names})
	return r
}

// alter changes a value.
func alter(doc string) string { return strings.Replace(doc, "CN=group-0000", "CN=group-9999", 1) }

// alterCipher changes an octet of what is encrypted.
func alterCipher(doc string) string {
	b := []byte(doc)
	at := bytes.LastIndex(b, []byte("CipherValue>")) - len("0123456789==</xenc:")
	if b[at]++; b[at] == 'z'+1 || b[at] == 'Z'+1 || b[at] == '9'+1 || b[at] == '+'+1 {
		b[at] = 'A'
	}
	return string(b)
}
