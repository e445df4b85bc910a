package saml

import (
	"bytes"
	"compress/flate"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// Bindings of endpoints [SAMLBind].
const (
	BindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	BindingPost     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
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

// A PostForm is a message ready for a page with a form that sends it
// [SAMLBind 3.5]. Both values are base64 or ours; Action has been checked.
type PostForm struct {
	Action      string
	SAMLRequest string
	RelayState  string
}

// RedirectURL returns the URL that carries r unsigned [SAMLBind 3.4].
func (r Request) RedirectURL(relayState string) (string, error) {
	query, err := r.redirectQuery(relayState)
	if err != nil {
		return "", err
	}
	return appendQuery(r.Destination, query), nil
}

// SignedRedirectURL returns the URL that carries r with a signature over the
// octets of the query [SAMLBind 3.4.4.1].
func (r Request) SignedRedirectURL(relayState string, key SigningKey) (string, error) {
	query, err := r.redirectQuery(relayState)
	if err != nil {
		return "", err
	}
	query, err = key.signQuery(query)
	if err != nil {
		return "", err
	}
	return appendQuery(r.Destination, query), nil
}

// PostForm returns the form that carries r unsigned.
func (r Request) PostForm(relayState string) (PostForm, error) {
	message, err := r.message(relayState)
	if err != nil {
		return PostForm{}, err
	}
	return r.form(message, relayState), nil
}

// SignedPostForm returns the form that carries r with an enveloped signature.
func (r Request) SignedPostForm(relayState string, key SigningKey) (PostForm, error) {
	message, err := r.message(relayState)
	if err != nil {
		return PostForm{}, err
	}
	if message, err = key.signMessage(message); err != nil {
		return PostForm{}, err
	}
	return r.form(message, relayState), nil
}

func (r Request) form(message []byte, relayState string) PostForm {
	return PostForm{
		Action:      r.Destination,
		SAMLRequest: base64.StdEncoding.EncodeToString(message),
		RelayState:  relayState,
	}
}

func (r Request) redirectQuery(relayState string) (string, error) {
	message, err := r.message(relayState)
	if err != nil {
		return "", err
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		return "", fmt.Errorf("compressing request: %w", err)
	}
	if _, err := w.Write(message); err != nil {
		return "", fmt.Errorf("compressing request: %w", err)
	}
	if err := w.Close(); err != nil {
		return "", fmt.Errorf("compressing request: %w", err)
	}
	query := "SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString(packed.Bytes()))
	if relayState != "" {
		query += "&RelayState=" + url.QueryEscape(relayState)
	}
	return query, nil
}

// appendQuery adds a query to an endpoint that may have one of its own.
func appendQuery(endpoint, query string) string {
	switch {
	case !strings.Contains(endpoint, "?"):
		return endpoint + "?" + query
	case strings.HasSuffix(endpoint, "?") || strings.HasSuffix(endpoint, "&"):
		return endpoint + query
	}
	return endpoint + "&" + query
}

// message checks r and returns it as XML.
func (r Request) message(relayState string) ([]byte, error) {
	if len(relayState) > MaxRelayState {
		return nil, fmt.Errorf("writing request: RelayState longer than %d bytes", MaxRelayState)
	}
	if !startsWithLetter(r.ID) {
		return nil, errors.New("writing request: the ID must begin with a letter")
	}
	if err := CheckLocation(r.Destination); err != nil {
		return nil, fmt.Errorf("writing request: %w", err)
	}
	var w xmltree.Writer
	w.Start("samlp:AuthnRequest")
	w.Namespace("samlp", nsProtocol)
	w.Namespace("saml", nsAssertion)
	w.Attr("ID", r.ID)
	w.Attr("Version", "2.0")
	w.Attr("IssueInstant", r.IssueInstant.UTC().Format("2006-01-02T15:04:05Z"))
	w.Attr("Destination", r.Destination)
	if r.ForceAuthn {
		w.Attr("ForceAuthn", "true")
	}
	if r.IsPassive {
		w.Attr("IsPassive", "true")
	}
	w.Attr("ProtocolBinding", BindingPost)
	w.Attr("AssertionConsumerServiceURL", r.ACS)
	w.Start("saml:Issuer")
	w.Text(r.Issuer)
	w.End()
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
		return nil, fmt.Errorf("writing request: %w", err)
	}
	return message, nil
}

func startsWithLetter(s string) bool {
	return s != "" && (s[0] >= 'a' && s[0] <= 'z' || s[0] >= 'A' && s[0] <= 'Z')
}
