package main

import (
	"fmt"
	"io"
	"strings"
)

// A page collects what is printed about one thing.
type page struct {
	rows [][]string
}

// say adds a line unless there is nothing to say.
func (p *page) say(name, value string) {
	if value != "" {
		p.rows = append(p.rows, []string{"", visible(shorten(name)), visible(shorten(value))})
	}
}

// each adds a line for every value.
func (p *page) each(name string, values []string) {
	for _, v := range values {
		p.say(name, v)
	}
}

// head adds a headline after an empty line.
func (p *page) head(format string, args ...any) {
	p.rows = append(p.rows, []string{""}, []string{visible(shorten(fmt.Sprintf(format, args...)))})
}

// when adds a time and how far it is.
func (p *page) when(name string, i *instant) {
	switch {
	case i == nil:
	case i.Seconds == nil:
		p.say(name, shorten(i.Value)+" (not a time that can be read)")
	default:
		p.say(name, i.Value+" ("+relative(*i.Seconds)+")")
	}
}

// relative writes a distance in time as people say it.
func relative(seconds int64) string {
	distance, unit := seconds, "second"
	if distance < 0 {
		distance = -distance
	}
	for _, u := range []struct {
		seconds int64
		name    string
	}{{24 * 60 * 60, "day"}, {60 * 60, "hour"}, {60, "minute"}} {
		if distance >= 2*u.seconds {
			distance, unit = distance/u.seconds, u.name
			break
		}
	}
	if distance != 1 {
		unit += "s"
	}
	switch {
	case seconds == 0:
		return "now"
	case seconds < 0:
		return fmt.Sprintf("%d %s ago", distance, unit)
	}
	return fmt.Sprintf("in %d %s", distance, unit)
}

// writeText prints a thing for people.
func (t *thing) writeText(w io.Writer) error {
	p := &page{}
	name := t.Source
	if t.Number > 1 {
		name += fmt.Sprintf(" (%d)", t.Number)
	}
	p.rows = append(p.rows, []string{visible(shorten(name)) + ": " + visible(shorten(t.Kind))})
	p.say("wrapped as", strings.Join(t.Wrapping, " > "))
	if t.Kind != kindPrivateKey {
		p.say("size", fmt.Sprintf("%d bytes", t.Size))
	}
	p.problems(t)
	p.each("note", t.Notes)
	if t.Carrier != nil {
		p.carrier(t.Carrier)
	}
	if t.Message != nil {
		p.message(t.Message)
	}
	for i := range t.Entities {
		p.entity(&t.Entities[i])
	}
	for i := range t.Assertions {
		p.assertion(&t.Assertions[i])
	}
	for i := range t.Signatures {
		p.signature(&t.Signatures[i])
	}
	for i := range t.Encryptions {
		p.encryption(&t.Encryptions[i])
	}
	for i := range t.Certificates {
		p.certificate(&t.Certificates[i])
	}
	if t.XML != "" {
		p.head("XML, indented")
	}
	if err := table(w, p.rows); err != nil {
		return err
	}
	_, err := io.WriteString(w, t.XML+"\n"+disclaimer+"\n\n")
	return err
}

const disclaimer = `This is what is written; nothing was judged and no signature verified. "sallyport saml verify" does that.`

func (p *page) problems(t *thing) {
	for _, b := range t.Problems {
		p.say("problem", fmt.Sprintf("%s at byte %d (line %d, column %d) of the %s: %s", b.Rule, b.Offset, b.Line, b.Column, b.In, b.Detail))
		p.say("  there stands", b.Near)
	}
	if !t.Complete && !t.root.IsZero() {
		p.say("", "below is what was read; where it ends early, the last value may be cut short")
	}
}

func (p *page) carrier(c *carrier) {
	p.say("sent to", c.Address)
	p.say("parameter", c.Parameter)
	p.say("relay state", c.RelayState)
	p.say("signed with", short(c.SigAlg))
	if c.Signature != "" {
		p.say("signature", "in the URL or form, not verified")
	}
}

func (p *page) message(m *message) {
	p.say("issuer", m.Issuer)
	p.say("destination", m.Destination)
	p.say("id", m.ID)
	p.say("in response to", m.InResponseTo)
	p.when("issued", m.IssueInstant)
	if m.Version != "2.0" {
		p.say("version", m.Version)
	}
	p.say("consent", short(m.Consent))
	if m.Status != nil {
		var codes []string
		for _, c := range m.Status.Codes {
			codes = append(codes, short(c))
		}
		p.say("status", strings.Join(codes, " > "))
		p.say("status message", m.Status.Message)
		p.say("status detail", m.Status.Detail)
	}
	p.say("ACS URL", m.ACS)
	p.say("ACS index", m.ACSIndex)
	p.say("attributes index", m.AttributesIndex)
	p.say("answer by", short(m.ProtocolBinding))
	p.say("provider name", m.ProviderName)
	p.say("force authn", m.ForceAuthn)
	p.say("passive", m.IsPassive)
	if n := m.NameIDPolicy; n != nil {
		p.say("name id format", short(n.Format))
		p.say("allow create", n.AllowCreate)
		p.say("SP name qualifier", n.SPNameQualifier)
	}
	for _, c := range m.RequestedContexts {
		p.say("wants context", short(c)+" "+m.Comparison)
	}
	p.subject(m.Subject)
	p.each("session index", m.SessionIndexes)
	p.say("reason", m.Reason)
	p.when("not on or after", m.NotOnOrAfter)
	p.say("artifact", m.Artifact)
}

func (p *page) subject(s *subjectName) {
	switch {
	case s == nil:
	case s.Encrypted != "":
		p.say("subject", "encrypted")
	default:
		p.say("subject", s.Value)
		p.say("  format", short(s.Format))
		p.say("  name qualifier", s.NameQualifier)
		p.say("  SP name qualifier", s.SPNameQualifier)
	}
}

func (p *page) assertion(a *assertion) {
	p.head("Assertion %s", a.ID)
	p.say("issuer", a.Issuer)
	p.when("issued", a.IssueInstant)
	p.subject(a.Subject)
	for _, c := range a.Confirmations {
		p.say("confirmation", short(c.Method))
		p.say("  recipient", c.Recipient)
		p.say("  in response to", c.InResponseTo)
		p.when("  not before", c.NotBefore)
		p.when("  not on or after", c.NotOnOrAfter)
		p.say("  address", c.Address)
	}
	p.when("not before", a.NotBefore)
	p.when("not on or after", a.NotOnOrAfter)
	for _, restriction := range a.Audiences {
		p.say("audience", strings.Join(restriction, " or "))
	}
	p.each("condition", a.Conditions)
	for _, s := range a.Statements {
		p.when("signed in", s.AuthnInstant)
		p.say("  by", short(s.Context))
		p.say("  session index", s.SessionIndex)
		p.when("  session until", s.SessionNotOnOrAfter)
		p.say("  from", s.Address)
		p.each("  authority", s.Authorities)
	}
	p.attributes(a.Attributes)
	if a.Encrypted > 0 {
		p.say("attributes", fmt.Sprintf("%d more, encrypted", a.Encrypted))
	}
}

// attributes adds a table of attributes: name, format of the name, values.
func (p *page) attributes(list []attribute) {
	for _, at := range list {
		name := shorten(at.Name)
		if at.FriendlyName != "" && at.FriendlyName != at.Name {
			name += " (" + shorten(at.FriendlyName) + ")"
		}
		row := []string{"", "attribute", visible(name), visible(shorten(short(at.NameFormat)))}
		if len(at.Values) == 0 {
			p.rows = append(p.rows, append(row, "without a value"))
		}
		for _, v := range at.Values {
			if v == "" {
				v = "(empty)"
			}
			p.rows = append(p.rows, append(row, visible(shorten(v))))
			row = []string{"", "", "", ""}
		}
	}
}

func (p *page) signature(s *signature) {
	p.head("Signature in %s %s", s.In, s.InID)
	p.say("path", s.Path)
	p.say("method", short(s.Method))
	p.say("c14n", short(s.C14N))
	for _, r := range s.References {
		of := r.URI
		switch of {
		case "":
			of = "the whole document"
		case "#" + s.InID:
			of += ", the element around it"
		}
		p.say("reference", of)
		p.say("  digest", short(r.Digest))
		var transforms []string
		for _, t := range r.Transforms {
			transforms = append(transforms, short(t))
		}
		p.say("  transforms", strings.Join(transforms, ", "))
	}
	p.each("key name", s.KeyNames)
	p.each("certificate", s.Certificates)
	if len(s.Certificates) == 0 {
		p.say("certificate", "none embedded")
	}
}

func (p *page) encryption(e *encryption) {
	p.head("Encrypted in %s", e.In)
	p.say("path", e.Path)
	p.say("content", short(e.Algorithm))
	for _, k := range e.Keys {
		p.say("key", short(k.Algorithm))
		p.say("  digest", short(k.Digest))
		p.say("  mask", short(k.MGF))
		p.say("  for", k.Recipient)
	}
}

func (p *page) certificate(c *certificate) {
	if c.SHA256 == "" && c.Problem == "" {
		p.head("Public key")
	} else {
		p.head("Certificate %s", c.Subject)
	}
	p.say("path", c.Where)
	p.say("use", c.Use)
	p.say("problem", c.Problem)
	p.say("issuer", c.Issuer)
	p.say("serial", c.Serial)
	p.when("valid from", c.NotBefore)
	p.when("valid until", c.NotAfter)
	if c.DaysLeft != nil {
		p.say("days left", fmt.Sprint(*c.DaysLeft))
	}
	p.say("key", c.Key)
	p.say("signed with", c.Signature)
	p.say("SHA-256", c.SHA256)
	p.say("SHA-1", c.SHA1)
	p.say("key SHA-256", c.KeySHA256)
}

func (p *page) entity(e *entity) {
	p.head("Entity %s", e.EntityID)
	p.when("valid until", e.ValidUntil)
	for _, r := range e.Roles {
		p.say(r.Role, protocols(r.Protocols))
		p.say("  display name", r.DisplayName)
		p.say("  wants requests signed", r.WantAuthnRequestsSigned)
		p.say("  signs requests", r.AuthnRequestsSigned)
		p.say("  wants assertions signed", r.WantAssertionsSigned)
		for _, at := range r.Endpoints {
			p.say("  "+at.Service, strings.Join(strings.Fields(short(at.Binding)+" "+at.Location+" "+at.ResponseLocation), " "))
		}
		for _, f := range r.NameIDFormats {
			p.say("  name id format", short(f))
		}
		for _, k := range r.Keys {
			use := k.Use
			if use == "" {
				use = "any use"
			}
			p.say("  key for "+use, strings.Join(k.Certificates, ", "))
			for _, a := range k.Algorithms {
				p.say("  encrypts with", short(a))
			}
		}
		for _, at := range r.Attributes {
			name := strings.TrimSpace(at.FriendlyName + " " + at.Name)
			if at.Required == "true" || at.Required == "1" {
				name += " (required)"
			}
			p.say("  attribute", name)
		}
	}
}

func protocols(uris []string) string {
	var names []string
	for _, uri := range uris {
		if uri == nsProtocol {
			uri = "SAML 2.0"
		}
		names = append(names, uri)
	}
	return strings.Join(names, ", ")
}
