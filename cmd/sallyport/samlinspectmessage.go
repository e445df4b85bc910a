package main

import (
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// A message is a request or a response.
type message struct {
	ID           string   `json:"id,omitempty"`
	Version      string   `json:"version,omitempty"`
	IssueInstant *instant `json:"issue_instant,omitempty"`
	Issuer       string   `json:"issuer,omitempty"`
	Destination  string   `json:"destination,omitempty"`
	InResponseTo string   `json:"in_response_to,omitempty"`
	Consent      string   `json:"consent,omitempty"`

	// Of a response.
	Status *status `json:"status,omitempty"`

	// Of an AuthnRequest.
	ACS               string       `json:"acs_url,omitempty"`
	ACSIndex          string       `json:"acs_index,omitempty"`
	AttributesIndex   string       `json:"attributes_index,omitempty"`
	ProtocolBinding   string       `json:"protocol_binding,omitempty"`
	ProviderName      string       `json:"provider_name,omitempty"`
	ForceAuthn        string       `json:"force_authn,omitempty"`
	IsPassive         string       `json:"is_passive,omitempty"`
	NameIDPolicy      *namePolicy  `json:"name_id_policy,omitempty"`
	RequestedContexts []string     `json:"requested_contexts,omitempty"`
	Comparison        string       `json:"comparison,omitempty"`
	Subject           *subjectName `json:"subject,omitempty"`

	// Of a LogoutRequest, with Subject.
	SessionIndexes []string `json:"session_indexes,omitempty"`
	Reason         string   `json:"reason,omitempty"`
	NotOnOrAfter   *instant `json:"not_on_or_after,omitempty"`

	Artifact string `json:"artifact,omitempty"`
}

type status struct {
	Codes   []string `json:"codes"` // outermost first
	Message string   `json:"message,omitempty"`
	Detail  string   `json:"detail,omitempty"` // the XML of it
}

type namePolicy struct {
	Format          string `json:"format,omitempty"`
	AllowCreate     string `json:"allow_create,omitempty"`
	SPNameQualifier string `json:"sp_name_qualifier,omitempty"`
}

type subjectName struct {
	Value           string `json:"value"`
	Format          string `json:"format,omitempty"`
	NameQualifier   string `json:"name_qualifier,omitempty"`
	SPNameQualifier string `json:"sp_name_qualifier,omitempty"`
	Encrypted       string `json:"encrypted,omitempty"` // the element in its place
}

// attr returns the value of an attribute, "" if there is none.
func attr(e xmltree.Element, local string) string {
	v, _ := e.Attr(local)
	return v
}

// content returns the text of an element, or the XML in it.
func content(e xmltree.Element) string {
	if text, ok := e.Leaf(); ok {
		return text
	}
	return strings.TrimSpace(e.Document().Slice(e.ContentStart(), e.ContentEnd()))
}

// child returns the first child of this name, or no element.
func child(e xmltree.Element, space, local string) xmltree.Element {
	if e.IsZero() {
		return e
	}
	for c := range e.Children() {
		if c.Is(space, local) {
			return c
		}
	}
	return xmltree.Element{}
}

// childText returns the text of the first child of this name, "" for none.
func childText(e xmltree.Element, space, local string) string {
	c := child(e, space, local)
	if c.IsZero() {
		return ""
	}
	return content(c)
}

// describe reads a document from its root.
func (t *thing) describe(root xmltree.Element, now time.Time) {
	t.root = root
	body := root
	if root.Is(nsSOAP, "Envelope") {
		if inner := child(root, nsSOAP, "Body"); !inner.IsZero() && !inner.FirstChild().IsZero() {
			body = inner.FirstChild()
			t.Wrapping = append(append([]string{}, t.Wrapping...), "SOAP")
		}
	}
	t.Kind = kindOf(body)
	switch body.Space() {
	case nsProtocol:
		t.Message = readSamlMessage(body, now)
	case nsMetadata:
		t.readEntities(body, now)
	case nsAssertion:
	default:
		t.note("the element is %s of the namespace %q", visible(shorten(body.QName())), visible(shorten(body.Space())))
	}
	t.readAssertions(body, now)
	t.readSignatures()
	t.readEncryptions()
	t.readCertificates(now)
}

func readSamlMessage(e xmltree.Element, now time.Time) *message {
	m := &message{
		ID: attr(e, "ID"), Version: attr(e, "Version"), IssueInstant: newInstant(attr(e, "IssueInstant"), now),
		Issuer: childText(e, nsAssertion, "Issuer"), Destination: attr(e, "Destination"),
		InResponseTo: attr(e, "InResponseTo"), Consent: attr(e, "Consent"),
		ACS: attr(e, "AssertionConsumerServiceURL"), ACSIndex: attr(e, "AssertionConsumerServiceIndex"),
		AttributesIndex: attr(e, "AttributeConsumingServiceIndex"),
		ProtocolBinding: attr(e, "ProtocolBinding"), ProviderName: attr(e, "ProviderName"),
		ForceAuthn: attr(e, "ForceAuthn"), IsPassive: attr(e, "IsPassive"),
		Reason: attr(e, "Reason"), NotOnOrAfter: newInstant(attr(e, "NotOnOrAfter"), now),
		Artifact: childText(e, nsProtocol, "Artifact"),
	}
	for c := range e.Children() {
		switch {
		case c.Is(nsProtocol, "Status"):
			m.Status = readStatus(c)
		case c.Is(nsProtocol, "NameIDPolicy"):
			m.NameIDPolicy = &namePolicy{attr(c, "Format"), attr(c, "AllowCreate"), attr(c, "SPNameQualifier")}
		case c.Is(nsProtocol, "RequestedAuthnContext"):
			m.Comparison = attr(c, "Comparison")
			for r := range c.Children() {
				m.RequestedContexts = append(m.RequestedContexts, content(r))
			}
		case c.Is(nsProtocol, "SessionIndex"):
			m.SessionIndexes = append(m.SessionIndexes, content(c))
		case c.Is(nsAssertion, "Subject"):
			m.Subject = readName(c)
		}
	}
	if m.Subject == nil {
		m.Subject = readName(e)
	}
	return m
}

func readStatus(e xmltree.Element) *status {
	s := &status{Codes: []string{}, Message: childText(e, nsProtocol, "StatusMessage"), Detail: childText(e, nsProtocol, "StatusDetail")}
	for c := child(e, nsProtocol, "StatusCode"); !c.IsZero(); c = child(c, nsProtocol, "StatusCode") {
		s.Codes = append(s.Codes, attr(c, "Value"))
	}
	return s
}

// readName reads the identifier directly below an element, if there is one.
func readName(e xmltree.Element) *subjectName {
	for c := range e.Children() {
		switch {
		case c.Is(nsAssertion, "NameID"), c.Is(nsAssertion, "BaseID"):
			return &subjectName{
				Value: content(c), Format: attr(c, "Format"),
				NameQualifier: attr(c, "NameQualifier"), SPNameQualifier: attr(c, "SPNameQualifier"),
			}
		case c.Is(nsAssertion, "EncryptedID"):
			return &subjectName{Encrypted: c.Local()}
		}
	}
	return nil
}
