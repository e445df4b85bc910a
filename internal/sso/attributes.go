package sso

import (
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
)

// AttributeMap names the attributes of an identity provider that carry what
// we keep. An empty name means: look under the names that the common identity
// providers use.
type AttributeMap struct {
	Subject   string `json:"subject,omitempty"` // attribute that identifies the person in place of the NameID
	Email     string `json:"email,omitempty"`
	FirstName string `json:"first_name,omitempty"`
	LastName  string `json:"last_name,omitempty"`
	Username  string `json:"username,omitempty"`
	Groups    string `json:"groups,omitempty"`
}

// Attribute is one attribute of a verified assertion, its values in order.
type Attribute struct {
	Name   string
	Values []string
}

// Asserted is what a verified assertion says about a person, mapped to our
// words. It is a claim by the identity provider until [SignIn.Decide] has
// judged it.
type Asserted struct {
	Subject   string   `json:"subject"`             // identity key at the connection
	Namespace string   `json:"namespace,omitempty"` // in which it is one: [Connection.Namespace]
	Email     Email    `json:"email,omitzero"`      // zero: none was sent
	FirstName string   `json:"first_name,omitempty"`
	LastName  string   `json:"last_name,omitempty"`
	Username  string   `json:"username,omitempty"`
	Groups    []string `json:"groups,omitempty"`
	// Unsent says that the identity provider has left the groups out, there
	// being too many: they are unknown, and not none.
	Unsent bool `json:"unsent,omitempty"`
}

// Known returns the groups: nil where they are unknown, and empty where there
// are none.
func (a *Asserted) Known() []string {
	if a.Groups == nil && !a.Unsent {
		return []string{}
	}
	return a.Groups
}

// The names under which the common identity providers send things, by their
// own defaults: Microsoft's claim URIs, X.500 OIDs as the eduPerson and
// InCommon profiles write them, and the short names of Okta, Google,
// OneLogin, JumpCloud and Keycloak. They are found whatever their capitals.
func emailNames() []string {
	return []string{
		"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "urn:oid:0.9.2342.19200300.100.1.3", "urn:oid:1.2.840.113549.1.9.1",
		"email", "mail", "emailAddress", "user.email", "email_address", "e-mail",
	}
}

func firstNames() []string {
	return []string{
		"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname", "urn:oid:2.5.4.42",
		"first_name", "firstName", "givenName", "given_name", "user.firstName",
	}
}

func lastNames() []string {
	return []string{
		"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname", "urn:oid:2.5.4.4",
		"last_name", "lastName", "sn", "surname", "family_name", "user.lastName",
	}
}

func usernames() []string {
	return []string{"username", "uid", "urn:oid:0.9.2342.19200300.100.1.1", "userName", "login", "user.login"}
}

func groupNames() []string {
	return []string{
		"http://schemas.microsoft.com/ws/2008/06/identity/claims/groups", "http://schemas.xmlsoap.org/claims/Group",
		"groups", "memberOf", "group", "urn:oid:1.3.6.1.4.1.5923.1.5.1.1", "isMemberOf",
	}
}

// unsentNames are attributes that stand in for groups that were left out:
// Microsoft Entra sends an address at which they could be asked for.
func unsentNames() []string {
	return []string{"http://schemas.microsoft.com/claims/groups.link", "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups.link"}
}

// UsualNames returns the names under which a field of an [AttributeMap] is
// looked for where none is chosen, by the name of the field in files.
func UsualNames(field string) []string {
	switch field {
	case "email":
		return emailNames()
	case "first_name":
		return firstNames()
	case "last_name":
		return lastNames()
	case "username":
		return usernames()
	case "groups":
		return groupNames()
	}
	return nil
}

// Limits of what is taken of an assertion's groups.
const (
	MaxGroups    = 1000
	maxGroupName = 256
)

// Map reads the attributes of an assertion by this map. nameID is the subject
// as the assertion names it, used as the address where it is one and no
// attribute carries any. An identity attribute with two different values, or
// a subject attribute that is not there, is refused: nobody is picked silently.
func (m AttributeMap) Map(subject, nameID string, attributes []Attribute) (Asserted, error) {
	a := Asserted{Subject: subject}
	if m.Subject != "" {
		v, err := single(attributes, choice{names: []string{m.Subject}})
		if err != nil {
			return Asserted{}, err
		}
		if v == "" {
			return Asserted{}, &fault.Error{Kind: fault.Denied, Code: "ident_subject_missing", Want: m.Subject, Got: "no such attribute", Fix: fault.IdPSide}
		}
		a.Subject = "attribute:" + v
	}
	if a.Subject == "" || len(a.Subject) > MaxSubject {
		return Asserted{}, &fault.Error{Kind: fault.Denied, Code: "ident_subject_missing", Want: "a subject of 1 to 2048 octets", Got: clip(a.Subject), Fix: fault.IdPSide}
	}
	address, err := single(attributes, names(m.Email, emailNames))
	if err != nil {
		return Asserted{}, err
	}
	switch {
	case address != "":
		if a.Email, err = ParseEmail(address); err != nil {
			f := fault.From(err)
			return Asserted{}, &fault.Error{Kind: fault.Denied, Code: f.Code, Want: f.Want, Got: f.Got, Fix: fault.IdPSide}
		}
	case m.Email == "":
		// Only a whole address counts; a NameID that is none is no fault.
		a.Email, _ = ParseEmail(nameID)
	}
	a.FirstName = CleanName(first(attributes, names(m.FirstName, firstNames)))
	a.LastName = CleanName(first(attributes, names(m.LastName, lastNames)))
	if u, err := ParseUsername(first(attributes, names(m.Username, usernames))); err == nil {
		a.Username = u
	}
	sent := values(attributes, names(m.Groups, groupNames))
	a.Unsent = len(sent) == 0 && len(values(attributes, choice{names: unsentNames()})) > 0
	for _, g := range sent {
		g = cleanText(g, maxGroupName)
		if g != "" && len(a.Groups) < MaxGroups && !slices.Contains(a.Groups, g) {
			a.Groups = append(a.Groups, g)
		}
	}
	return a, nil
}

// A choice is the names under which something is looked for.
type choice struct {
	names []string

	// folded names are found whatever their capitals: they are typed by hand
	// into many consoles, and nobody here has chosen one.
	folded bool
}

func names(chosen string, usual func() []string) choice {
	if chosen != "" {
		return choice{names: []string{chosen}}
	}
	return choice{names: usual(), folded: true}
}

// values returns the values of the first of these names that has any.
func values(attributes []Attribute, of choice) []string {
	for _, n := range of.names {
		var found []string
		for i := range attributes {
			if name := attributes[i].Name; name == n || of.folded && strings.EqualFold(name, n) {
				found = append(found, attributes[i].Values...)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

func first(attributes []Attribute, of choice) string {
	for _, v := range values(attributes, of) {
		if v = strings.TrimSpace(v); v != "" {
			return v
		}
	}
	return ""
}

// single returns the one value under these names, or "" where there is none.
func single(attributes []Attribute, of choice) (string, error) {
	got := ""
	for _, v := range values(attributes, of) {
		v = strings.TrimSpace(v)
		if v == "" || v == got {
			continue
		}
		if got != "" {
			return "", &fault.Error{Kind: fault.Denied, Code: "ident_ambiguous", Want: "one value", Got: clip(got + ", " + v), Fix: fault.IdPSide}
		}
		got = v
	}
	return got, nil
}
