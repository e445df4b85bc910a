package saml

import (
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// An instant is a point in time as a message gives it.
type instant struct {
	raw   string
	given bool // the attribute is there
	valid bool // and can be read
	at    time.Time
}

func readInstant(e xmltree.Element, attr string) instant {
	raw, given := e.Attr(attr)
	at, valid := parseInstant(raw)
	return instant{raw: raw, given: given, valid: valid, at: at}
}

// claims are what an Assertion element says. Read from a verified element
// they are true; read from another one they are only good for a report.
type claims struct {
	element      xmltree.Element
	id           string
	issuer       leaf
	issued       instant
	subject      xmltree.Element
	nameID       NameID
	nameIDAt     xmltree.Element
	sealedID     xmltree.Element // the EncryptedID
	bearers      []bearer
	bearer       bearer // the one that was judged
	confirmed    int    // number of SubjectConfirmation elements
	conditions   xmltree.Element
	restrictions []xmltree.Element // to audiences
	notBefore    instant
	notOnOrAfter instant
	statements   []authnStatement
	authn        int // the statement that was judged to fit
	attributes   Attributes
	index        map[string]int  // of attributes, once they are many
	badAttribute xmltree.Element // the first Attribute without a Name
}

// A leaf is an element of text.
type leaf struct {
	element xmltree.Element
	text    string // white space around it is cut off
	format  string // likewise
}

// A bearer is a SubjectConfirmation of the bearer method [SAMLProf 3.3].
type bearer struct {
	element      xmltree.Element
	data         xmltree.Element
	recipient    string
	inResponseTo string
	answers      bool // it has InResponseTo
	notBefore    instant
	notOnOrAfter instant
}

// An authnStatement says when and how the user authenticated.
type authnStatement struct {
	element      xmltree.Element
	sessionIndex string
	context      string
	at           instant
	sessionEnd   instant
}

const methodBearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer"

// readClaims reads the direct structure of an Assertion element, and nothing
// outside it.
func readClaims(e xmltree.Element) *claims {
	c := &claims{element: e, issued: readInstant(e, "IssueInstant")}
	c.id, _ = e.Attr("ID")
	for child := range e.Children() {
		switch {
		case child.Is(nsAssertion, "Issuer"):
			c.issuer = readLeaf(child)
		case child.Is(nsAssertion, "Subject"):
			c.readSubject(child)
		case child.Is(nsAssertion, "Conditions"):
			c.readConditions(child)
		case child.Is(nsAssertion, "AuthnStatement"):
			c.statements = append(c.statements, readAuthnStatement(child))
		case child.Is(nsAssertion, "AttributeStatement"):
			c.readAttributes(child)
		}
	}
	return c
}

func (c *claims) readConditions(e xmltree.Element) {
	c.conditions = e
	c.notBefore = readInstant(e, "NotBefore")
	c.notOnOrAfter = readInstant(e, "NotOnOrAfter")
	for child := range e.Children() {
		if child.Is(nsAssertion, "AudienceRestriction") {
			c.restrictions = append(c.restrictions, child)
		}
	}
}

func readLeaf(e xmltree.Element) leaf {
	text, _ := e.Leaf()
	format, _ := e.Attr("Format")
	return leaf{element: e, text: trim(text), format: trim(format)}
}

func (c *claims) readSubject(e xmltree.Element) {
	c.subject = e
	for child := range e.Children() {
		switch {
		case child.Is(nsAssertion, "NameID"):
			c.readNameID(child)
		case child.Is(nsAssertion, "EncryptedID"):
			c.sealedID = child
		case child.Is(nsAssertion, "SubjectConfirmation"):
			c.confirmed++
			if method, _ := child.Attr("Method"); method == methodBearer && len(c.bearers) < maxConfirmations {
				c.bearers = append(c.bearers, readBearer(child))
			}
		}
	}
}

func (c *claims) readNameID(e xmltree.Element) { c.nameIDAt, c.nameID = e, readNameID(e) }

func readBearer(e xmltree.Element) bearer {
	b := bearer{element: e}
	for child := range e.Children() {
		if child.Is(nsAssertion, "SubjectConfirmationData") {
			b.data = child
			b.recipient, _ = child.Attr("Recipient")
			b.inResponseTo, b.answers = child.Attr("InResponseTo")
			b.notBefore = readInstant(child, "NotBefore")
			b.notOnOrAfter = readInstant(child, "NotOnOrAfter")
		}
	}
	return b
}

func readAuthnStatement(e xmltree.Element) authnStatement {
	s := authnStatement{
		element:    e,
		at:         readInstant(e, "AuthnInstant"),
		sessionEnd: readInstant(e, "SessionNotOnOrAfter"),
	}
	s.sessionIndex, _ = e.Attr("SessionIndex")
	for child := range e.Children() {
		if !child.Is(nsAssertion, "AuthnContext") {
			continue
		}
		for ref := range child.Children() {
			if ref.Is(nsAssertion, "AuthnContextClassRef") {
				s.context = readLeaf(ref).text
			}
		}
	}
	return s
}

// readAttributes adds the attributes of a statement, one for each Name
// whatever number of elements carry it, as some products write one element
// for each value.
func (c *claims) readAttributes(statement xmltree.Element) {
	names, values := 0, 0
	for e := range statement.Children() {
		names++
		for range e.Children() {
			values++
		}
	}
	c.attributes = slices.Grow(c.attributes, min(names, fewAttributes))
	all := make([]string, 0, values) // of which every attribute has a part
	for e := range statement.Children() {
		if !e.Is(nsAssertion, "Attribute") {
			continue
		}
		name, _ := e.Attr("Name")
		if trim(name) == "" {
			if c.badAttribute.IsZero() {
				c.badAttribute = e
			}
			continue
		}
		a := c.attribute(name)
		if a.FriendlyName == "" {
			a.FriendlyName, _ = e.Attr("FriendlyName")
		}
		first := len(all)
		for v := range e.Children() {
			if value, ok := readValue(v); ok {
				all = append(all, value)
			}
		}
		if its := all[first:len(all):len(all)]; a.Values == nil && len(its) > 0 {
			a.Values = its
		} else {
			a.Values = append(a.Values, its...)
		}
	}
}

// fewAttributes is how many are searched faster one by one than with a map.
const fewAttributes = 16

// attribute returns the attribute with this name, a new one if need be.
func (c *claims) attribute(name string) *Attribute {
	if c.index == nil {
		for i := range c.attributes {
			if c.attributes[i].Name == name {
				return &c.attributes[i]
			}
		}
	} else if i, ok := c.index[name]; ok {
		return &c.attributes[i]
	}
	c.attributes = append(c.attributes, Attribute{Name: name})
	last := len(c.attributes) - 1
	switch {
	case c.index != nil:
		c.index[name] = last
	case last == fewAttributes:
		c.index = make(map[string]int, 2*fewAttributes)
		for i := range c.attributes {
			c.index[c.attributes[i].Name] = i
		}
	}
	return &c.attributes[last]
}

// readValue returns the text of an AttributeValue, also when it is wrapped in
// a NameID, as in eduPersonTargetedID. Other structure has no value for us,
// and neither has nothing.
func readValue(v xmltree.Element) (string, bool) {
	if !v.Is(nsAssertion, "AttributeValue") {
		return "", false
	}
	if only := v.FirstChild(); only.Is(nsAssertion, "NameID") && only.NextSibling().IsZero() && !v.HasText() {
		v = only
	}
	text, ok := v.Leaf()
	text = trim(text)
	return text, ok && text != ""
}
