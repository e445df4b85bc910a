package samltest

import (
	"crypto/rsa"
	"time"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmlenc"
)

// A Base is what is signed in a response.
type Base string

// The bases.
const (
	AssertionSigned Base = "B1" // Entra ID, AD FS, Google
	ResponseSigned  Base = "B2" // PingFederate
	BothSigned      Base = "B3" // Okta, SimpleSAMLphp
	NothingSigned   Base = "unsigned"

	EncryptedResponseSigned  Base = "B4"           // PingFederate
	EncryptedAssertionSigned Base = "B5"           // AD FS: the assertion is signed, then encrypted
	EncryptedBothSigned      Base = "B4 and B5"    // Okta, Shibboleth
	EncryptedNothingSigned   Base = "B5, unsigned" // anybody: the key of the service provider is public
)

// Bases are those of which a response is accepted.
var Bases = [...]Base{AssertionSigned, ResponseSigned, BothSigned}

// EncryptedBases are those of which an encrypted one is.
var EncryptedBases = [...]Base{EncryptedResponseSigned, EncryptedAssertionSigned, EncryptedBothSigned}

// A Place is where a signature stands among its siblings.
type Place uint8

// The places.
const (
	BehindIssuer Place = iota // where the schema has it
	InFront                   // templates of dex
	BehindStatus              // test pages of Okta; in an assertion behind the Subject
	AtTheEnd                  // Auth0, Oracle OAM
)

// behind returns whether a signature stands behind an element with this name.
func (p Place) behind(local string) bool {
	switch p {
	case BehindIssuer:
		return local == "Issuer"
	case BehindStatus:
		return local == "Status" || local == "Subject"
	}
	return p == AtTheEnd
}

// A Response is what the identity provider is about to say. Texts are written
// as they are, so that instants and addresses can be wrong; an empty one
// leaves its attribute or element out.
type Response struct {
	Base    Base
	Dialect Dialect

	ID, Version, IssueInstant, Destination, InResponseTo string
	Issuer, IssuerFormat                                 string
	Status                                               []string // the codes, outermost first
	StatusMessage                                        string

	// The assertions; one is [Response.Assertion].
	Assertions []*Assertion

	// Assertion is the first of Assertions.
	*Assertion

	// How the signatures are made.
	AssertionSigning, ResponseSigning xmldsig.Signing

	// Encryption is how the assertion and the NameID are encrypted, if they are.
	Encryption xmlenc.Encryption

	// Place is where the signatures stand.
	Place Place

	before, between, plain, enciphered, after []func(string) string

	cert []byte // of the identity provider
}

// An Assertion is what the identity provider says about a user.
type Assertion struct {
	AssertionID, AssertionVersion, AssertionInstant      string
	AssertionIssuer, AssertionIssuerFormat               string
	NameID, NameIDFormat, NameQualifier, SPNameQualifier string

	Confirmations []*Confirmation
	*Confirmation // the first of Confirmations

	NotBefore, NotOnOrAfter string
	Audience                string   // of the first restriction
	MoreAudiences           []string // further ones in the first restriction
	MoreRestrictions        []string // each an AudienceRestriction of its own

	Statements []*Statement
	*Statement // the first of Statements

	Attributes []saml.Attribute
}

// A Confirmation is a SubjectConfirmation.
type Confirmation struct {
	Method                  string
	Recipient, Answers      string // Answers is InResponseTo
	ConfirmedFrom           string // NotBefore
	ConfirmedUntil          string // NotOnOrAfter
	Address                 string
	WithoutConfirmationData bool
}

// A Statement is an AuthnStatement.
type Statement struct {
	AuthnInstant, SessionIndex, SessionUntil, Context string
}

// Values that responses hold unless they are forged.
const (
	DefaultNameID  = "alice@acme.example"
	DefaultContext = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
	Bearer         = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
)

// Response returns a response that the service provider accepts, not signed
// yet.
func (idp *IdP) Response() *Response {
	at := func(d time.Duration) string { return idp.Now.Add(d).UTC().Format("2006-01-02T15:04:05.000Z") }
	confirmation := &Confirmation{
		Method: Bearer, Recipient: idp.ACS, Answers: idp.RequestID, ConfirmedUntil: at(5 * time.Minute),
	}
	statement := &Statement{AuthnInstant: at(-time.Minute), SessionIndex: "session-1", Context: DefaultContext}
	assertion := &Assertion{
		AssertionID: saml.NewID(), AssertionVersion: "2.0", AssertionInstant: at(0),
		AssertionIssuer: idp.EntityID,
		NameID:          DefaultNameID, NameIDFormat: saml.FormatEmail,
		Confirmations: []*Confirmation{confirmation}, Confirmation: confirmation,
		NotBefore: at(-time.Minute), NotOnOrAfter: at(5 * time.Minute),
		Audience:   idp.SPEntityID,
		Statements: []*Statement{statement}, Statement: statement,
		Attributes: []saml.Attribute{
			{Name: "mail", Values: []string{DefaultNameID}},
			{Name: "givenName", Values: []string{"Alice"}},
			{Name: "groups", Values: []string{"red", "green"}},
		},
	}
	return &Response{
		Base: AssertionSigned, Dialect: Prefixed,
		ID: saml.NewID(), Version: "2.0", IssueInstant: at(0),
		Destination: idp.ACS, InResponseTo: idp.RequestID, Issuer: idp.EntityID,
		Status:     []string{saml.StatusSuccess},
		Assertions: []*Assertion{assertion}, Assertion: assertion,
		AssertionSigning: xmldsig.Signing{Key: idp.key, Certificate: idp.cert},
		ResponseSigning:  xmldsig.Signing{Key: idp.key, Certificate: idp.cert},
		cert:             idp.cert,
		Encryption:       xmlenc.Encryption{To: []*rsa.PublicKey{idp.SPKey.Public()}},
	}
}

// BeforeSigning adds a change of the document that is signed genuinely
// afterwards.
func (r *Response) BeforeSigning(change func(doc string) string) {
	r.before = append(r.before, change)
}

// BetweenSigning adds a change of the document behind the signature of the
// assertion, and before that of the Response.
func (r *Response) BetweenSigning(change func(doc string) string) {
	r.between = append(r.between, change)
}

// AfterSigning adds a change of the signed document, made by somebody who has
// no key. What is encrypted in an unsigned Response is changed and encrypted
// again, as anybody can.
func (r *Response) AfterSigning(change func(doc string) string) {
	r.after = append(r.after, change)
}

// XML writes and signs the response, and does to it what was asked for. What
// stands between here and the dialect at the end is written with prefixes on
// one line; signatures and encryption are of what it will be in the dialect.
func (r *Response) XML() ([]byte, error) {
	written, err := r.write()
	if err != nil {
		return nil, err
	}
	doc := changed(string(written), r.before)
	if r.Base.signsAssertion() {
		if doc, err = r.sign(doc, "Assertion", r.AssertionSigning); err != nil {
			return nil, err
		}
	}
	doc = changed(doc, r.between)
	if !r.Base.signsResponse() {
		doc = changed(doc, r.after)
	}
	if r.Base.Encrypts() {
		if doc, err = r.encrypt(doc); err != nil {
			return nil, err
		}
		doc = changed(doc, r.enciphered)
	}
	if r.Base.signsResponse() {
		if doc, err = r.sign(doc, "", r.ResponseSigning); err != nil {
			return nil, err
		}
		doc = changed(doc, r.after)
	}
	return []byte(r.Dialect.document(doc)), nil
}

func changed(doc string, changes []func(string) string) string {
	for _, change := range changes {
		doc = change(doc)
	}
	return doc
}

// EachSigning changes how both signatures are made.
func (r *Response) EachSigning(change func(*xmldsig.Signing)) {
	change(&r.AssertionSigning)
	change(&r.ResponseSigning)
}
