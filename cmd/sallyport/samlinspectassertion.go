package main

import (
	"time"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// An assertion is what somebody says that an identity provider said.
type assertion struct {
	Path          string         `json:"path"`
	ID            string         `json:"id"`
	Version       string         `json:"version"`
	IssueInstant  *instant       `json:"issue_instant"`
	Issuer        string         `json:"issuer"`
	Subject       *subjectName   `json:"subject"`
	Confirmations []confirmation `json:"confirmations"`
	NotBefore     *instant       `json:"not_before"`
	NotOnOrAfter  *instant       `json:"not_on_or_after"`
	Audiences     [][]string     `json:"audiences"`  // one list for each AudienceRestriction
	Conditions    []string       `json:"conditions"` // names of the others
	Statements    []statement    `json:"authn_statements"`
	Attributes    []attribute    `json:"attributes"`
	Encrypted     int            `json:"encrypted_attributes"`
}

type confirmation struct {
	Method       string   `json:"method"`
	Recipient    string   `json:"recipient"`
	InResponseTo string   `json:"in_response_to"`
	NotBefore    *instant `json:"not_before"`
	NotOnOrAfter *instant `json:"not_on_or_after"`
	Address      string   `json:"address"`
}

type statement struct {
	AuthnInstant        *instant `json:"authn_instant"`
	SessionIndex        string   `json:"session_index"`
	SessionNotOnOrAfter *instant `json:"session_not_on_or_after"`
	Context             string   `json:"context"`
	Authorities         []string `json:"authenticating_authorities"`
	Address             string   `json:"address"`
}

type attribute struct {
	Name         string   `json:"name"`
	FriendlyName string   `json:"friendly_name"`
	NameFormat   string   `json:"name_format"`
	Values       []string `json:"values"`
}

// readAssertions lists the assertions in a document, wherever they stand.
func (t *thing) readAssertions(root xmltree.Element, now time.Time) {
	for e := range root.Descendants() {
		if !e.Is(nsAssertion, "Assertion") {
			continue
		}
		if len(t.Assertions) == maxListed {
			t.note("at most %d assertions are shown", maxListed)
			return
		}
		t.Assertions = append(t.Assertions, readAssertion(e, now))
	}
}

func readAssertion(e xmltree.Element, now time.Time) assertion {
	a := assertion{
		Path: shorten(e.Path()), ID: attr(e, "ID"), Version: attr(e, "Version"),
		IssueInstant: newInstant(attr(e, "IssueInstant"), now), Issuer: childText(e, nsAssertion, "Issuer"),
		Confirmations: []confirmation{}, Audiences: [][]string{}, Conditions: []string{},
		Statements: []statement{}, Attributes: []attribute{},
	}
	for c := range e.Children() {
		switch {
		case c.Is(nsAssertion, "Subject"):
			a.Subject = readName(c)
			a.readConfirmations(c, now)
		case c.Is(nsAssertion, "Conditions"):
			a.readConditions(c, now)
		case c.Is(nsAssertion, "AuthnStatement"):
			a.Statements = append(a.Statements, readStatement(c, now))
		case c.Is(nsAssertion, "AttributeStatement"):
			a.readAttributes(c)
		}
	}
	return a
}

func (a *assertion) readConfirmations(subject xmltree.Element, now time.Time) {
	for c := range subject.Children() {
		if !c.Is(nsAssertion, "SubjectConfirmation") {
			continue
		}
		found := confirmation{Method: attr(c, "Method")}
		if d := child(c, nsAssertion, "SubjectConfirmationData"); !d.IsZero() {
			found.Recipient, found.InResponseTo, found.Address = attr(d, "Recipient"), attr(d, "InResponseTo"), attr(d, "Address")
			found.NotBefore, found.NotOnOrAfter = newInstant(attr(d, "NotBefore"), now), newInstant(attr(d, "NotOnOrAfter"), now)
		}
		a.Confirmations = append(a.Confirmations, found)
	}
}

func (a *assertion) readConditions(e xmltree.Element, now time.Time) {
	a.NotBefore, a.NotOnOrAfter = newInstant(attr(e, "NotBefore"), now), newInstant(attr(e, "NotOnOrAfter"), now)
	for c := range e.Children() {
		if !c.Is(nsAssertion, "AudienceRestriction") {
			a.Conditions = append(a.Conditions, c.Local())
			continue
		}
		audiences := []string{}
		for d := range c.Children() {
			audiences = append(audiences, content(d))
		}
		a.Audiences = append(a.Audiences, audiences)
	}
}

func readStatement(e xmltree.Element, now time.Time) statement {
	s := statement{
		AuthnInstant: newInstant(attr(e, "AuthnInstant"), now), SessionIndex: attr(e, "SessionIndex"),
		SessionNotOnOrAfter: newInstant(attr(e, "SessionNotOnOrAfter"), now), Authorities: []string{},
	}
	if l := child(e, nsAssertion, "SubjectLocality"); !l.IsZero() {
		s.Address = attr(l, "Address")
	}
	if c := child(e, nsAssertion, "AuthnContext"); !c.IsZero() {
		s.Context = childText(c, nsAssertion, "AuthnContextClassRef")
		for d := range c.Children() {
			if d.Is(nsAssertion, "AuthenticatingAuthority") {
				s.Authorities = append(s.Authorities, content(d))
			}
		}
	}
	return s
}

func (a *assertion) readAttributes(e xmltree.Element) {
	for c := range e.Children() {
		switch {
		case c.Is(nsAssertion, "Attribute"):
			a.Attributes = append(a.Attributes, readAttribute(c))
		case c.Is(nsAssertion, "EncryptedAttribute"):
			a.Encrypted++
		}
	}
}

func readAttribute(e xmltree.Element) attribute {
	found := attribute{
		Name: attr(e, "Name"), FriendlyName: attr(e, "FriendlyName"), NameFormat: attr(e, "NameFormat"), Values: []string{},
	}
	for v := range e.Children() {
		if v.Is(nsAssertion, "AttributeValue") {
			found.Values = append(found.Values, content(v))
		}
	}
	return found
}
