package samltest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"sync"
	"time"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmlenc"
)

// TB is the part of testing.TB that is used here, so that programs that are
// no tests need not link package testing.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
}

// An IdP signs responses for one service provider.
type IdP struct {
	EntityID string
	SSO      string // its sign-in address
	SLO      string // its sign-out address; empty: it has none
	Now      time.Time

	// What its responses answer.
	SPEntityID string
	ACS        string
	RequestID  string // empty: unsolicited

	// SPKey is what the service provider decrypts with; the zero value: nothing.
	SPKey xmlenc.Key

	key  crypto.Signer
	cert []byte
	t    TB // nil outside tests
}

// New returns an identity provider for a test. Its clock stands still, and
// its key is made once for the whole run.
func New(t TB) *IdP {
	t.Helper()
	pair, err := testKey()
	if err != nil {
		t.Fatalf("making a key: %v", err)
	}
	spKey, err := testSPKey()
	if err != nil {
		t.Fatalf("making a key: %v", err)
	}
	return &IdP{
		EntityID: "https://idp.example/metadata",
		SSO:      "https://idp.example/sso",
		Now:      time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC),

		SPEntityID: "https://sso.example/saml/acme-okta",
		ACS:        "https://sso.example/saml/acme-okta/acs",
		RequestID:  "id4f1c8e2a",
		SPKey:      spKey,

		key: pair.key, cert: pair.cert, t: t,
	}
}

// NewIdP returns an identity provider outside tests. It makes a certificate
// for the key, which is RSA or ECDSA; see [NewKey].
func NewIdP(entityID, ssoURL string, key crypto.Signer) (*IdP, error) {
	cert, err := certify(key, entityID)
	if err != nil {
		return nil, err
	}
	return &IdP{EntityID: entityID, SSO: ssoURL, key: key, cert: cert}, nil
}

// NewKey returns a fresh key of the kind that most identity providers have.
func NewKey() (crypto.Signer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fmt.Errorf("making an RSA key: %w", err)
	}
	return key, nil
}

// SigningKey returns the key by which it signs what it says, for messages that
// are no responses.
func (idp *IdP) SigningKey() saml.SigningKey {
	return saml.SigningKey{Signer: idp.key, Certificate: idp.cert}
}

// Certificate returns the certificate of the signing key in DER form.
func (idp *IdP) Certificate() []byte { return idp.cert }

// Expect returns what a service provider must expect to accept the responses
// of [IdP.Respond].
func (idp *IdP) Expect() saml.Expect {
	idp.helper()
	key, err := xmldsig.NewKey(idp.key.Public())
	if err != nil {
		idp.fatal("taking the public key", err)
	}
	expect := saml.Expect{
		IdP:      saml.IdP{EntityID: idp.EntityID, Keys: []xmldsig.Key{key}},
		EntityID: idp.SPEntityID, ACS: idp.ACS, RequestID: idp.RequestID,
		Skew: saml.DefaultSkew,
	}
	if idp.SPKey.Public() != nil {
		expect.DecryptionKeys = []xmlenc.Key{idp.SPKey}
	}
	return expect
}

// Respond returns the XML of a response that the service provider accepts,
// but for what the forges do to it.
func (idp *IdP) Respond(forge ...func(*Response)) []byte {
	idp.helper()
	r := idp.Response()
	for _, f := range forge {
		f(r)
	}
	message, err := r.XML()
	if err != nil {
		idp.fatal("writing the response", err)
	}
	return message
}

func (idp *IdP) helper() {
	if idp.t != nil {
		idp.t.Helper()
	}
}

// fatal ends the test. Outside a test the caller uses the methods that return
// errors; what fails here then is a mistake of ours.
func (idp *IdP) fatal(doing string, err error) {
	if idp.t == nil {
		panic(fmt.Sprintf("samltest: %s: %v", doing, err))
	}
	idp.t.Helper()
	idp.t.Fatalf("%s: %v", doing, err)
}

// A pair is a key with its certificate.
type pair struct {
	key  crypto.Signer
	cert []byte
}

var (
	testKey     = sync.OnceValues(func() (pair, error) { return newPair("idp.example") })
	strangerKey = sync.OnceValues(func() (pair, error) { return newPair("idp.example") }) // the name proves nothing
)

func newPair(name string) (pair, error) {
	key, err := NewKey()
	if err != nil {
		return pair{}, err
	}
	cert, err := certify(key, name)
	return pair{&memory{Signer: key}, cert}, err
}

// certify returns a certificate that key signs for itself.
func certify(key crypto.Signer, name string) ([]byte, error) {
	return issue(key.Public(), pkix.Name{CommonName: name}, nil, key)
}

// issue returns a certificate of a key, by another one: that of a parent, or
// nobody's.
func issue(public crypto.PublicKey, subject pkix.Name, parent *x509.Certificate, key crypto.Signer) ([]byte, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      subject,
		NotBefore:    time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		NotAfter:     time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	if parent == nil {
		parent = template
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		return nil, fmt.Errorf("making a certificate: %w", err)
	}
	return cert, nil
}
