package saml

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// Bindings of endpoints [SAMLBind].
const (
	BindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	BindingPost     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
	BindingSOAP     = "urn:oasis:names:tc:SAML:2.0:bindings:SOAP"
)

// A Request asks an identity provider to authenticate a user
// [SAMLCore 3.4.1].
//
// By default it says as little as it may: products override their
// administrators' settings, or refuse, when a request names a NameID format
// or an authentication context that they do not expect.
type Request struct {
	ID           string // see [NewID]
	Destination  string // the endpoint of the identity provider
	Issuer       string // our entity ID
	ACS          string // where the answer shall go
	IssueInstant time.Time

	ForceAuthn        bool     // even a signed-in user must authenticate again
	IsPassive         bool     // nothing may be shown to the user
	NameIDFormat      string   // empty: as the administrator has set it
	RequestedContexts []string // one of them exactly; empty: any
}

// NewID returns a fresh ID for a message. It begins with a letter, as XML
// wants and Entra ID insists.
func NewID() string {
	var b [20]byte
	rand.Read(b[:]) // never fails
	return "id" + hex.EncodeToString(b[:])
}

// RedirectURL returns the URL that carries r unsigned [SAMLBind 3.4].
func (r Request) RedirectURL(relayState string) (string, error) {
	o, err := r.message(relayState)
	if err != nil {
		return "", err
	}
	return o.redirect()
}

// SignedRedirectURL returns the URL that carries r with a signature over the
// octets of the query [SAMLBind 3.4.4.1].
func (r Request) SignedRedirectURL(relayState string, key SigningKey) (string, error) {
	o, err := r.message(relayState)
	if err != nil {
		return "", err
	}
	return o.signedRedirect(key)
}

// PostForm returns the form that carries r unsigned.
func (r Request) PostForm(relayState string) (PostForm, error) {
	o, err := r.message(relayState)
	if err != nil {
		return PostForm{}, err
	}
	return o.form(), nil
}

// SignedPostForm returns the form that carries r with an enveloped signature.
func (r Request) SignedPostForm(relayState string, key SigningKey) (PostForm, error) {
	o, err := r.message(relayState)
	if err != nil {
		return PostForm{}, err
	}
	return o.signedForm(key)
}

// message checks r and writes it.
func (r Request) message(relayState string) (outgoing, error) {
	var attrs []xmltree.Attr
	if r.ForceAuthn {
		attrs = append(attrs, xmltree.Attr{Local: "ForceAuthn", Value: "true"})
	}
	if r.IsPassive {
		attrs = append(attrs, xmltree.Attr{Local: "IsPassive", Value: "true"})
	}
	attrs = append(attrs,
		xmltree.Attr{Local: "ProtocolBinding", Value: BindingPost},
		xmltree.Attr{Local: "AssertionConsumerServiceURL", Value: r.ACS})
	h := head{name: "AuthnRequest", id: r.ID, destination: r.Destination, issuer: r.Issuer, issueInstant: r.IssueInstant}
	var w xmltree.Writer
	if err := h.write(&w, relayState, attrs...); err != nil {
		return outgoing{}, fmt.Errorf("writing request: %w", err)
	}
	if r.NameIDFormat != "" {
		w.Start("samlp:NameIDPolicy")
		w.Attr("Format", r.NameIDFormat)
		w.Attr("AllowCreate", "true")
		w.End()
	}
	if len(r.RequestedContexts) > 0 {
		w.Start("samlp:RequestedAuthnContext")
		w.Attr("Comparison", "exact")
		for _, context := range r.RequestedContexts {
			w.Start("saml:AuthnContextClassRef")
			w.Text(context)
			w.End()
		}
		w.End()
	}
	w.End()
	message, err := w.Bytes()
	if err != nil {
		return outgoing{}, fmt.Errorf("writing request: %w", err)
	}
	return outgoing{param: paramRequest, destination: r.Destination, xml: message, relayState: relayState}, nil
}
