package samltest

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// An SP is a service provider that the identity provider knows.
type SP struct {
	EntityID string
	ACS      string
	Keys     []xmldsig.Key // if any, requests must be signed with one of them
}

// A request is an AuthnRequest that has arrived.
type request struct {
	id         string
	issuer     string
	acs        string // empty: the registered one
	relayState string
	sp         SP
}

const maxRequest = 64 << 10

// readRequest reads the request of an HTTP request, by Redirect or by POST.
// The caller has parsed the form.
func (s *Server) readRequest(r *http.Request) (request, error) {
	byRedirect := r.URL.Query().Has("SAMLRequest")
	values := r.PostForm
	if byRedirect {
		values = r.URL.Query()
	}
	if len(values["SAMLRequest"]) != 1 || len(values["RelayState"]) > 1 {
		return request{}, errors.New("reading request: want one SAMLRequest")
	}
	message, err := base64.StdEncoding.DecodeString(values.Get("SAMLRequest"))
	if err != nil {
		return request{}, fmt.Errorf("reading request: %w", err)
	}
	if byRedirect {
		message, err = io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(message)), maxRequest))
		if err != nil {
			return request{}, fmt.Errorf("inflating request: %w", err)
		}
	}
	doc, err := xmltree.Parse(message, xmltree.Message)
	if err != nil {
		return request{}, fmt.Errorf("reading request: %w", err)
	}
	q, err := s.judge(doc.Root())
	if err != nil {
		return request{}, err
	}
	if q.relayState = values.Get("RelayState"); len(q.relayState) > saml.MaxRelayState {
		return request{}, errors.New("reading request: RelayState is too long")
	}
	if len(q.sp.Keys) == 0 {
		return q, nil
	}
	if byRedirect {
		err = verifyQuery(r.URL.RawQuery, q.sp.Keys)
	} else {
		_, err = xmldsig.Verify(doc.Root(), q.sp.Keys, xmldsig.Legacy{})
	}
	if err != nil {
		return request{}, fmt.Errorf("verifying request: %w", err)
	}
	return q, nil
}

// judge reads the elements of a request and holds them against what is
// registered.
func (s *Server) judge(e xmltree.Element) (request, error) {
	if !e.Is(nsProtocol, "AuthnRequest") {
		return request{}, fmt.Errorf("reading request: want an AuthnRequest, got %q", e.Local())
	}
	var q request
	q.id, _ = e.Attr("ID")
	q.acs, _ = e.Attr("AssertionConsumerServiceURL")
	for c := range e.Children() {
		if c.Is(nsAssertion, "Issuer") {
			q.issuer, _ = c.Leaf()
		}
	}
	sp, ok := s.lookup(q.issuer)
	if !ok {
		return request{}, fmt.Errorf("reading request: no application %q is registered", q.issuer)
	}
	q.sp = sp
	destination, given := e.Attr("Destination")
	switch {
	case q.id == "" || !strings.ContainsAny(q.id[:1], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"):
		return request{}, errors.New("reading request: the ID must begin with a letter")
	case q.acs != "" && q.acs != sp.ACS:
		return request{}, fmt.Errorf("reading request: the answer is wanted at %q, registered is %q", q.acs, sp.ACS)
	case given && destination != s.idp.SSO:
		return request{}, fmt.Errorf("reading request: it is for %q, this is %q", destination, s.idp.SSO)
	}
	return q, nil
}

// verifyQuery verifies the signature of the Redirect binding, over the octets
// as they came [SAMLBind 3.4.4.1].
func verifyQuery(raw string, keys []xmldsig.Key) error {
	parts := map[string]string{}
	for pair := range strings.SplitSeq(raw, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if _, twice := parts[name]; twice {
			return fmt.Errorf("parameter %s twice", name)
		}
		parts[name] = pair
	}
	octets := parts["SAMLRequest"]
	if relay, ok := parts["RelayState"]; ok {
		octets += "&" + relay
	}
	octets += "&" + parts["SigAlg"]
	method, err := url.QueryUnescape(strings.TrimPrefix(parts["SigAlg"], "SigAlg="))
	if err != nil {
		return fmt.Errorf("reading SigAlg: %w", err)
	}
	text, err := url.QueryUnescape(strings.TrimPrefix(parts["Signature"], "Signature="))
	if err != nil {
		return fmt.Errorf("reading Signature: %w", err)
	}
	value, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return fmt.Errorf("reading Signature: %w", err)
	}
	return xmldsig.VerifyOctets(method, []byte(octets), value, keys, xmldsig.Legacy{})
}
