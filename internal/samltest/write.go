package samltest

import (
	"fmt"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/xmltree"
)

const (
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsMetadata  = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"
)

// A writer writes a response with prefixes. Its dialect is given to it at the
// end, so that what is done to it in between need not know of it.
type writer struct{ xmltree.Writer }

// start begins an element of the assertion namespace.
func (w *writer) start(local string) { w.Start("saml:" + local) }

// attrs adds pairs of name and value, but for empty values.
func (w *writer) attrs(pairs ...string) {
	name := ""
	for i, text := range pairs {
		if i%2 == 1 && text != "" {
			w.Attr(name, text)
		}
		name = text
	}
}

// leaf writes an element of text with attributes.
func (w *writer) leaf(local, text string, attrs ...string) {
	w.start(local)
	w.attrs(attrs...)
	w.Text(text)
	w.End()
}

// write returns the response before it is signed.
func (r *Response) write() ([]byte, error) {
	w := new(writer)
	w.Start("samlp:Response")
	w.Namespace("samlp", nsProtocol)
	w.Namespace("saml", nsAssertion)
	w.attrs("ID", r.ID, "Version", r.Version, "IssueInstant", r.IssueInstant,
		"Destination", r.Destination, "InResponseTo", r.InResponseTo)
	if r.Issuer != "" {
		w.leaf("Issuer", r.Issuer, "Format", r.IssuerFormat)
	}
	if len(r.Status) > 0 {
		w.Start("samlp:Status")
		for _, code := range r.Status {
			w.Start("samlp:StatusCode")
			w.Attr("Value", code)
		}
		for range r.Status {
			w.End()
		}
		if r.StatusMessage != "" {
			w.Start("samlp:StatusMessage")
			w.Text(r.StatusMessage)
			w.End()
		}
		w.End()
	}
	for _, a := range r.Assertions {
		w.assertion(a)
	}
	w.End()
	doc, err := w.Bytes()
	if err != nil {
		return nil, fmt.Errorf("writing response: %w", err)
	}
	return doc, nil
}

func (w *writer) assertion(a *Assertion) {
	w.start("Assertion")
	w.attrs("ID", a.AssertionID, "Version", a.AssertionVersion, "IssueInstant", a.AssertionInstant)
	if a.AssertionIssuer != "" {
		w.leaf("Issuer", a.AssertionIssuer, "Format", a.AssertionIssuerFormat)
	}
	w.subject(a)
	w.conditions(a)
	for _, s := range a.Statements {
		w.start("AuthnStatement")
		w.attrs("AuthnInstant", s.AuthnInstant, "SessionIndex", s.SessionIndex, "SessionNotOnOrAfter", s.SessionUntil)
		if s.Context != "" {
			w.start("AuthnContext")
			w.leaf("AuthnContextClassRef", s.Context)
			w.End()
		}
		w.End()
	}
	w.attributes(a.Attributes)
	w.End()
}

func (w *writer) subject(a *Assertion) {
	if a.NameID == "" && len(a.Confirmations) == 0 {
		return
	}
	w.start("Subject")
	if a.NameID != "" {
		w.leaf("NameID", a.NameID, "Format", a.NameIDFormat,
			"NameQualifier", a.NameQualifier, "SPNameQualifier", a.SPNameQualifier)
	}
	for _, c := range a.Confirmations {
		w.start("SubjectConfirmation")
		w.attrs("Method", c.Method)
		if !c.WithoutConfirmationData {
			w.start("SubjectConfirmationData")
			w.attrs("NotBefore", c.ConfirmedFrom, "NotOnOrAfter", c.ConfirmedUntil,
				"Recipient", c.Recipient, "InResponseTo", c.Answers, "Address", c.Address)
			w.End()
		}
		w.End()
	}
	w.End()
}

func (w *writer) conditions(a *Assertion) {
	w.start("Conditions")
	w.attrs("NotBefore", a.NotBefore, "NotOnOrAfter", a.NotOnOrAfter)
	if a.Audience != "" {
		w.start("AudienceRestriction")
		w.leaf("Audience", a.Audience)
		for _, audience := range a.MoreAudiences {
			w.leaf("Audience", audience)
		}
		w.End()
	}
	for _, audience := range a.MoreRestrictions {
		w.start("AudienceRestriction")
		w.leaf("Audience", audience)
		w.End()
	}
	w.End()
}

func (w *writer) attributes(attributes []saml.Attribute) {
	if len(attributes) == 0 {
		return
	}
	w.start("AttributeStatement")
	for _, attribute := range attributes {
		w.start("Attribute")
		w.attrs("Name", attribute.Name, "FriendlyName", attribute.FriendlyName)
		for _, v := range attribute.Values {
			w.start("AttributeValue")
			w.Text(v)
			w.End()
		}
		w.End()
	}
	w.End()
}
