package saml

import (
	"fmt"
	"time"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// A LogoutRequest tells an identity provider that a user signs out
// [SAMLCore 3.7.1]. Products refuse unsigned ones; see
// [LogoutRequest.SignedRedirectURL].
type LogoutRequest struct {
	ID           string // see [NewID]
	Destination  string // the endpoint of the identity provider
	Issuer       string // our entity ID
	IssueInstant time.Time
	NotOnOrAfter time.Time // zero: the identity provider decides

	NameID         NameID   // as the assertion had it, qualifiers too
	SessionIndexes []string // as the assertions had them; empty: all sessions
	Reason         string   // a URI; may be empty
}

// Reasons to sign out [SAMLCore 3.7.3].
const (
	ReasonUser  = "urn:oasis:names:tc:SAML:2.0:logout:user"
	ReasonAdmin = "urn:oasis:names:tc:SAML:2.0:logout:admin"
)

// RedirectURL returns the URL that carries r unsigned [SAMLBind 3.4].
func (r LogoutRequest) RedirectURL(relayState string) (string, error) {
	o, err := r.message(relayState)
	if err != nil {
		return "", err
	}
	return o.redirect()
}

// SignedRedirectURL returns the URL that carries r with a signature over the
// octets of the query [SAMLBind 3.4.4.1].
func (r LogoutRequest) SignedRedirectURL(relayState string, key SigningKey) (string, error) {
	o, err := r.message(relayState)
	if err != nil {
		return "", err
	}
	return o.signedRedirect(key)
}

// PostForm returns the form that carries r unsigned.
func (r LogoutRequest) PostForm(relayState string) (PostForm, error) {
	o, err := r.message(relayState)
	if err != nil {
		return PostForm{}, err
	}
	return o.form(), nil
}

// SignedPostForm returns the form that carries r with an enveloped signature.
func (r LogoutRequest) SignedPostForm(relayState string, key SigningKey) (PostForm, error) {
	o, err := r.message(relayState)
	if err != nil {
		return PostForm{}, err
	}
	return o.signedForm(key)
}

// SOAP returns the envelope that carries r with an enveloped signature
// [SAMLBind 3.2].
func (r LogoutRequest) SOAP(key SigningKey) ([]byte, error) {
	o, err := r.message("")
	if err != nil {
		return nil, err
	}
	return o.signedEnvelope(key)
}

func (r LogoutRequest) message(relayState string) (outgoing, error) {
	h := head{name: "LogoutRequest", id: r.ID, destination: r.Destination, issuer: r.Issuer, issueInstant: r.IssueInstant}
	var w xmltree.Writer
	err := h.write(&w, relayState,
		xmltree.Attr{Local: "NotOnOrAfter", Value: writeInstant(r.NotOnOrAfter)}, xmltree.Attr{Local: "Reason", Value: r.Reason})
	if err != nil {
		return outgoing{}, fmt.Errorf("writing logout request: %w", err)
	}
	writeNameID(&w, r.NameID)
	for _, index := range r.SessionIndexes {
		w.Start("samlp:SessionIndex")
		w.Text(index)
		w.End()
	}
	w.End()
	message, err := w.Bytes()
	if err != nil {
		return outgoing{}, fmt.Errorf("writing logout request: %w", err)
	}
	return outgoing{param: paramRequest, destination: r.Destination, xml: message, relayState: relayState}, nil
}

func writeNameID(w *xmltree.Writer, n NameID) {
	w.Start("saml:NameID")
	for _, a := range [...]xmltree.Attr{
		{Local: "NameQualifier", Value: n.NameQualifier},
		{Local: "SPNameQualifier", Value: n.SPNameQualifier},
		{Local: "Format", Value: n.Format},
	} {
		if a.Value != "" {
			w.Attr(a.Local, a.Value)
		}
	}
	w.Text(n.Value)
	w.End()
}

// A LogoutResponse tells an identity provider what became of its request
// [SAMLCore 3.7.2].
type LogoutResponse struct {
	ID           string // see [NewID]
	Destination  string // the endpoint of the identity provider
	Issuer       string // our entity ID
	IssueInstant time.Time
	InResponseTo string // the ID of the request
	Status       StatusReport
}

// Status codes of logout beside [StatusSuccess] [SAMLCore 3.2.2.2].
const (
	StatusRequester        = statusPrefix + "Requester"
	StatusResponder        = statusPrefix + "Responder"
	StatusPartialLogout    = statusPrefix + "PartialLogout"
	StatusUnknownPrincipal = statusPrefix + "UnknownPrincipal"
	StatusRequestDenied    = statusPrefix + "RequestDenied"
)

// RedirectURL returns the URL that carries r unsigned [SAMLBind 3.4].
func (r LogoutResponse) RedirectURL(relayState string) (string, error) {
	o, err := r.message(relayState)
	if err != nil {
		return "", err
	}
	return o.redirect()
}

// SignedRedirectURL returns the URL that carries r with a signature over the
// octets of the query [SAMLBind 3.4.4.1].
func (r LogoutResponse) SignedRedirectURL(relayState string, key SigningKey) (string, error) {
	o, err := r.message(relayState)
	if err != nil {
		return "", err
	}
	return o.signedRedirect(key)
}

// PostForm returns the form that carries r unsigned.
func (r LogoutResponse) PostForm(relayState string) (PostForm, error) {
	o, err := r.message(relayState)
	if err != nil {
		return PostForm{}, err
	}
	return o.form(), nil
}

// SignedPostForm returns the form that carries r with an enveloped signature.
func (r LogoutResponse) SignedPostForm(relayState string, key SigningKey) (PostForm, error) {
	o, err := r.message(relayState)
	if err != nil {
		return PostForm{}, err
	}
	return o.signedForm(key)
}

// SOAP returns the envelope that carries r with an enveloped signature
// [SAMLBind 3.2]. It answers the call that brought the request, and needs no
// Destination.
func (r LogoutResponse) SOAP(key SigningKey) ([]byte, error) {
	h := r.head()
	h.reply = r.Destination == ""
	o, err := r.write(h, "")
	if err != nil {
		return nil, err
	}
	return o.signedEnvelope(key)
}

func (r LogoutResponse) head() head {
	return head{name: "LogoutResponse", id: r.ID, destination: r.Destination, issuer: r.Issuer, issueInstant: r.IssueInstant}
}

func (r LogoutResponse) message(relayState string) (outgoing, error) {
	return r.write(r.head(), relayState)
}

func (r LogoutResponse) write(h head, relayState string) (outgoing, error) {
	var w xmltree.Writer
	if err := h.write(&w, relayState, xmltree.Attr{Local: "InResponseTo", Value: r.InResponseTo}); err != nil {
		return outgoing{}, fmt.Errorf("writing logout response: %w", err)
	}
	w.Start("samlp:Status")
	w.Start("samlp:StatusCode")
	w.Attr("Value", or(r.Status.Code, StatusSuccess))
	for _, code := range r.Status.Nested {
		w.Start("samlp:StatusCode")
		w.Attr("Value", code)
	}
	for range len(r.Status.Nested) + 1 {
		w.End()
	}
	if r.Status.Message != "" {
		w.Start("samlp:StatusMessage")
		w.Text(r.Status.Message)
		w.End()
	}
	w.End()
	w.End()
	message, err := w.Bytes()
	if err != nil {
		return outgoing{}, fmt.Errorf("writing logout response: %w", err)
	}
	return outgoing{param: paramResponse, destination: r.Destination, xml: message, relayState: relayState}, nil
}
