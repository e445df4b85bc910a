package saml

import (
	"strconv"
	"time"
)

// NameID formats that matter to our rules.
const (
	FormatTransient   = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
	FormatPersistent  = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
	FormatEmail       = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	FormatUnspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
	formatEntity      = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
)

// An Assertion is what an identity provider has proved about a user. Every
// value comes from the element that was verified.
type Assertion struct {
	ID           string
	Issuer       string
	IssueInstant time.Time
	NameID       NameID
	Attributes   Attributes

	// Of several authentication statements, the first that fits what was asked
	// for.
	SessionIndex string
	AuthnInstant time.Time // zero without AuthnStatement
	AuthnContext string    // the class reference; may be empty

	// SessionNotOnOrAfter is when the identity provider wants the session to
	// end; zero when it does not say.
	SessionNotOnOrAfter time.Time

	// NotOnOrAfter is the instant from which [Verify] refuses this assertion,
	// tolerance included: its ID must be remembered until then.
	NotOnOrAfter time.Time

	InResponseTo string // of the confirmation that was accepted
	Signed       Signed
	Checks       []Check

	audience string // our entity ID, the default of SPNameQualifier
}

// Signed tells which elements carried a signature of their own. All of them
// verified.
type Signed struct {
	Response  bool
	Assertion bool
}

// A NameID names the user at the identity provider.
type NameID struct {
	Value           string // white space around it is cut off
	Format          string // likewise; empty when absent
	NameQualifier   string
	SPNameQualifier string
}

// SubjectKey returns the string that stands for this user within the
// connection, also at later sign-ins: the class of the format, the octets of
// the NameID, and its qualifiers where they differ from their defaults. Two
// subjects have one key only if all of these are equal.
//
// The class is persistent, transient or anything else, because identity
// providers are switched between the other formats without the users becoming
// other users. Qualifiers equal to their defaults are dropped, since products
// begin and cease to send them [SAMLCore 8.3.7].
func (a *Assertion) SubjectKey() string {
	class := "named"
	switch a.NameID.Format {
	case FormatPersistent:
		class = "persistent"
	case FormatTransient:
		class = "transient"
	}
	qualifier, spQualifier := a.NameID.NameQualifier, a.NameID.SPNameQualifier
	if qualifier == a.Issuer {
		qualifier = ""
	}
	if spQualifier == a.audience {
		spQualifier = ""
	}
	if qualifier == "" && spQualifier == "" {
		return class + ":" + a.NameID.Value
	}
	return class + "," + strconv.Itoa(len(qualifier)) + "," + strconv.Itoa(len(spQualifier)) +
		":" + qualifier + spQualifier + a.NameID.Value
}

// An Attribute is one name with all its values in document order.
type Attribute struct {
	Name         string
	FriendlyName string // for people; never matched
	Values       []string
}

// Attributes are in the order of their first occurrence, one for each Name.
type Attributes []Attribute

// Get returns the values of the attribute with this exact Name, or nil.
func (as Attributes) Get(name string) []string {
	for i := range as {
		if as[i].Name == name {
			return as[i].Values
		}
	}
	return nil
}
