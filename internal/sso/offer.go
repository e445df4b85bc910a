package sso

import (
	"slices"
	"strings"
	"unicode"
)

// OfferOf names a setting that a test can offer to change.
type OfferOf string

// The settings. What is trusted is not among them: no test changes a key, an
// issuer or an address.
const (
	OfferSubject      OfferOf = "subject"
	OfferEmail        OfferOf = "email"
	OfferFirstName    OfferOf = "first_name"
	OfferLastName     OfferOf = "last_name"
	OfferUsername     OfferOf = "username"
	OfferGroups       OfferOf = "groups"
	OfferNameIDFormat OfferOf = "nameid_format"
)

// Offers lists the settings.
func Offers() []OfferOf {
	return []OfferOf{OfferSubject, OfferEmail, OfferFirstName, OfferLastName, OfferUsername, OfferGroups, OfferNameIDFormat}
}

// An Offer is a change of a connection's settings that what a test has seen
// suggests. It is safe: it says under which name something is looked for that
// the identity provider has signed, or what it is asked for.
type Offer struct {
	Of   OfferOf
	To   string // "": as it is recognised, or nothing is asked for
	Seen string // the value that it would have been; "": it is not known
}

// Offers returns what a test suggests to change, each setting once. Where more
// than one thing would do, nothing is offered: nobody is picked silently. A test
// of other settings offers nothing. The domains are those whose people may come.
func (c *Connection) Offers(t *Test, domains []string) []Offer {
	if t.State == TestWaiting || t.Fingerprint != c.Fingerprint() {
		return nil
	}
	var offers []Offer
	// By another subject everybody would be somebody else.
	if c.State == ConnectionDraft || c.State == ConnectionTested {
		offers = append(offers, c.identityOffers(t)...)
	}
	s := seen(t.Result.Attributes)
	if o, ok := c.emailOffer(t, s, domains); ok {
		offers = append(offers, o)
	}
	m := &c.Attributes
	for _, f := range []struct {
		of       OfferOf
		chosen   string
		usual    func() []string
		like     []string
		wanting  bool
		multiple bool
	}{
		{OfferFirstName, m.FirstName, firstNames, []string{"firstname", "givenname", "given", "fname", "vorname", "prenom", "forename"}, t.Result.FirstName == "", false},
		{OfferLastName, m.LastName, lastNames, []string{"lastname", "surname", "familyname", "family", "sn", "lname", "nachname", "nom"}, t.Result.LastName == "", false},
		{OfferUsername, m.Username, usernames, []string{"username", "uid", "login", "loginname", "samaccountname", "userprincipalname", "upn", "accountname"}, m.Username != "" && t.Result.Username == "", false},
		{OfferGroups, m.Groups, groupNames, []string{"groups", "group", "memberof", "ismemberof", "gruppen", "roles", "role"}, len(t.Result.Groups) == 0, true},
	} {
		if !f.wanting {
			continue
		}
		if f.chosen != "" && s.sends(f.usual()) {
			offers = append(offers, Offer{Of: f.of, Seen: s.value(names("", f.usual))})
			continue
		}
		if a := s.alike(f.like); a != nil && (f.multiple || len(a.Values) == 1) && a.Name != f.chosen {
			offers = append(offers, Offer{Of: f.of, To: a.Name, Seen: clip(strings.Join(a.Values, ", "))})
		}
	}
	return offers
}

// Accept changes the setting of an offer.
func (c *Connection) Accept(o Offer) {
	m := &c.Attributes
	switch o.Of {
	case OfferSubject:
		m.Subject = o.To
	case OfferEmail:
		m.Email = o.To
	case OfferFirstName:
		m.FirstName = o.To
	case OfferLastName:
		m.LastName = o.To
	case OfferUsername:
		m.Username = o.To
	case OfferGroups:
		m.Groups = o.To
	case OfferNameIDFormat:
		c.SAML.NameIDFormat = o.To
	}
}

// invalidPolicy is the status of an identity provider that cannot give the
// NameID that it was asked for [SAMLCore 3.2.2.2].
const invalidPolicy = "InvalidNameIDPolicy"

// formatPersistent names somebody for good, and to nobody else.
const formatPersistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"

// identityOffers are about who somebody is.
func (c *Connection) identityOffers(t *Test) []Offer {
	nameless := t.Result.Code == "saml_nameid"
	switch {
	case t.Result.Code == "saml_status" && strings.Contains(t.Result.Got, invalidPolicy) && c.SAML.NameIDFormat != "":
		return []Offer{{Of: OfferNameIDFormat}}
	case !nameless && t.Result.Code != "ident_subject_missing":
		return nil
	}
	for _, name := range lasting() {
		if a := seen(t.Result.Attributes).alike([]string{name}); a != nil && len(a.Values) == 1 && a.Name != c.Attributes.Subject {
			return []Offer{{Of: OfferSubject, To: a.Name, Seen: clip(a.Values[0])}}
		}
	}
	if nameless && c.SAML.NameIDFormat == "" {
		return []Offer{{Of: OfferNameIDFormat, To: formatPersistent}}
	}
	return nil
}

// lasting are the ends of names of attributes that name somebody for good, the
// surest first.
func lasting() []string {
	return []string{"objectidentifier", "subjectid", "pairwiseid", "edupersonuniqueid", "edupersontargetedid", "objectguid", "immutableid", "persistentid", "userid", "employeenumber", "employeeid", "uid"}
}

// emailOffer is about the address, which must be the only one that would do.
func (c *Connection) emailOffer(t *Test, s seen, domains []string) (Offer, bool) {
	elsewhere := t.Result.Code == "ident_domain"
	switch {
	case t.Result.Code == "ident_email", t.Result.Code == "ident_ambiguous", t.Result.Email == "" && len(s) > 0, elsewhere:
	default:
		return Offer{}, false
	}
	if c.Attributes.Email != "" && !elsewhere && s.sends(emailNames()) {
		return Offer{Of: OfferEmail, Seen: s.value(names("", emailNames))}, true
	}
	var found *Attribute
	for i := range s {
		a := &s[i]
		if len(a.Values) != 1 || a.Name == c.Attributes.Email {
			continue
		}
		e, err := ParseEmail(strings.TrimSpace(a.Values[0]))
		if err != nil || elsewhere && (e.String() == t.Result.Email || !slices.Contains(domains, e.Domain())) {
			continue
		}
		if found != nil {
			return Offer{}, false
		}
		found = a
	}
	if found == nil {
		return Offer{}, false
	}
	return Offer{Of: OfferEmail, To: found.Name, Seen: clip(found.Values[0])}, true
}

// seen are the attributes that a test has seen.
type seen []Attribute

// sends reports whether any of these names was sent, whatever its capitals.
func (s seen) sends(names []string) bool {
	return first(s, choice{names: names, folded: true}) != ""
}

func (s seen) value(of choice) string { return clip(strings.Join(values(s, of), ", ")) }

// alike returns the only attribute whose name ends like one of these, or nil.
func (s seen) alike(ends []string) *Attribute {
	var found *Attribute
	for i := range s {
		if !slices.Contains(ends, tail(s[i].Name)) || len(s[i].Values) == 0 {
			continue
		}
		if found != nil {
			return nil
		}
		found = &s[i]
	}
	return found
}

// tail returns what a name says at its end, in small letters alone: "givenname"
// of "http://schemas.example/claims/given-name".
func tail(name string) string {
	if i := strings.LastIndexAny(name, "/:#."); i >= 0 {
		name = name[i+1:]
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}
