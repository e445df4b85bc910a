package saml

import (
	"fmt"
	"time"

	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmlenc"
)

const (
	// DefaultSkew is how far the clock of an identity provider may be from
	// ours, at both ends of every window.
	DefaultSkew = 60 * time.Second

	// MaxLifetime is the longest time after its IssueInstant for which an
	// assertion is honoured, whatever it claims for itself. It bounds how
	// long the IDs of used assertions must be remembered.
	MaxLifetime = 24 * time.Hour

	// MaxClockLead is how far in the future an IssueInstant or AuthnInstant
	// may lie. Both only inform; identity providers with a fast clock put
	// the instants that count, NotBefore and NotOnOrAfter, right on purpose.
	MaxClockLead = 5 * time.Minute
)

// An Expect is what a response must fit: who sends it, who we are, and what
// we asked for. Everything in it comes from configuration and from the stored
// attempt, never from the message.
type Expect struct {
	IdP      IdP
	EntityID string // ours, wanted as Audience and as Recipient of an encryption
	ACS      string // ours, wanted as Destination and Recipient

	// RequestID is the ID of the pending request. Empty means unsolicited:
	// then neither the Response nor the confirmation may carry InResponseTo.
	RequestID string

	// Skew is the tolerance at both ends of every window; see [DefaultSkew].
	// Zero means none.
	Skew time.Duration

	// AuthnAfter, when set, is the earliest instant at which the user may
	// have authenticated. For a request with ForceAuthn it is the instant of
	// the request; for a greatest age it is now minus that age.
	AuthnAfter time.Time

	// RequestedContexts, when not empty, are the authentication contexts of
	// which one must have been used. They are compared exactly.
	RequestedContexts []string

	// DecryptionKeys are ours: the one in use and, while they are changed, the
	// one before or the one to come; see [xmlenc.MaxKeys]. Without a key whatever
	// is encrypted is refused.
	DecryptionKeys []xmlenc.Key

	// RequireEncryption refuses an assertion that came in the clear.
	RequireEncryption bool

	Legacy Legacy
}

// An IdP is the identity provider that a connection trusts.
type IdP struct {
	EntityID string
	Keys     []xmldsig.Key // without a key every response is refused
}

// Legacy lists what one connection accepts although it is weak or against
// the profile. The zero value accepts none of it.
type Legacy struct {
	SHA1               bool // signatures and digests with SHA-1
	RSA15              bool // RSA PKCS #1 v1.5 key transport
	TripleDES          bool // content encrypted by triple DES
	RSA1024            bool // RSA keys from 1024 to 2047 bits
	NoAuthnStatement   bool // assertions without AuthnStatement
	TransientNameID    bool // a NameID that is another one at the next sign-in
	MissingAudience    bool // assertions without AudienceRestriction
	MissingRecipient   bool // bearer confirmations without Recipient
	MissingDestination bool // signed responses without Destination
}

func (l Legacy) signatures() xmldsig.Legacy {
	return xmldsig.Legacy{SHA1: l.SHA1, RSA1024: l.RSA1024}
}

// Allow switches on what the name stands for.
func (l *Legacy) Allow(name string) error {
	flags := map[string]*bool{
		"sha1": &l.SHA1, "rsa1_5": &l.RSA15, "rsa1024": &l.RSA1024, "3des": &l.TripleDES,
		"no-authn-statement": &l.NoAuthnStatement, "transient-nameid": &l.TransientNameID,
		"missing-audience": &l.MissingAudience, "missing-recipient": &l.MissingRecipient, "missing-destination": &l.MissingDestination,
	}
	flag, ok := flags[name]
	if !ok {
		return fmt.Errorf("reading legacy switch: unknown name %q", name)
	}
	*flag = true
	return nil
}
