package saml

import (
	"time"

	"github.com/sallyport/sallyport/internal/xmldsig"
)

// Said is what an identity provider has signed, though it may be meant for
// somebody else, be too old or name nobody for good. It tells an administrator
// what is sent while something else is still wrong. It is a type of its own, so
// that nobody is signed in by it.
type Said struct {
	NameID       NameID
	Attributes   Attributes
	IssueInstant time.Time // zero: it cannot be read
	SessionIndex string
	AuthnContext string
	Signed       Signed
}

// Listen returns what a message says that [Verify] has refused, and false where
// the keys do not vouch for it. Nothing is decrypted: what opens for a message
// that is refused is no affair of a report.
func Listen[M []byte | string](message M, expect Expect) (Said, bool) {
	r := newReport()
	doc := parse(r, message)
	if doc == nil {
		return Said{}, false
	}
	m := r.read(doc)
	if m == nil || m.assertion.IsZero() {
		return Said{}, false
	}
	proof := r.verify(m, expect)
	if !proof.ok {
		return Said{}, false
	}
	return heard(proof.assertion, proof.signed), true
}

func heard(v xmldsig.Verified, signed Signed) Said {
	c := readClaims(v.Element())
	s := Said{NameID: c.nameID, Attributes: c.attributes, IssueInstant: c.issued.at, Signed: signed}
	if len(c.statements) > 0 {
		s.SessionIndex, s.AuthnContext = c.statements[0].sessionIndex, c.statements[0].context
	}
	return s
}

// Said returns what the assertion says.
func (a *Assertion) Said() Said {
	return Said{
		NameID: a.NameID, Attributes: a.Attributes, IssueInstant: a.IssueInstant, SessionIndex: a.SessionIndex, AuthnContext: a.AuthnContext, Signed: a.Signed,
	}
}
