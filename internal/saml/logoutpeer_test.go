package saml_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"net/url"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// logoutNow is the instant at which logout messages are judged.
var logoutNow = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

const (
	logoutIdP = "https://idp.example/metadata"
	logoutSP  = "https://sso.example/saml/acme"
	logoutSLO = "https://sso.example/saml/acme/slo"
)

// A logoutPeer is an identity provider that signs users out.
type logoutPeer struct {
	key    crypto.Signer
	expect saml.LogoutExpect
}

// newLogoutPeer returns an identity provider whose key is the same in every
// process: the workers of a fuzz target must be able to accept its seeds.
func newLogoutPeer(t testing.TB) *logoutPeer { return logoutPeerOf(t, 1) }

func logoutPeerOf(t testing.TB, seed byte) *logoutPeer {
	t.Helper()
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), bytes.Repeat([]byte{seed}, 32))
	if err != nil {
		t.Fatal(err)
	}
	public, err := xmldsig.NewKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return &logoutPeer{key: key, expect: saml.LogoutExpect{
		IdP: saml.IdP{EntityID: logoutIdP, Keys: []xmldsig.Key{public}}, EntityID: logoutSP, SLO: logoutSLO, Skew: saml.DefaultSkew,
	}}
}

// A draft is a logout message to be sent, and how it is changed on its way.
type draft struct {
	binding  string
	request  saml.LogoutRequest
	response saml.LogoutResponse
	answers  bool // the response is sent, not the request

	key       crypto.Signer
	unsigned  bool
	relay     string // RelayState=…, escaped; empty: absent
	param     string // that carries the message
	algorithm string
	signing   func(*xmldsig.Signing)   // how the signature in the XML is made
	before    func(string) string      // of the XML, before it is signed
	after     func(string) string      // of the XML, after
	query     func(string) string      // of the query, after it is signed
	form      func(url.Values)         // of the form
	expect    func(*saml.LogoutExpect) // of the service provider
}

func (p *logoutPeer) draft(binding string, forge func(*draft)) *draft {
	d := &draft{
		binding: binding, key: p.key, param: "SAMLRequest", algorithm: xmldsig.ECDSASHA256, relay: "RelayState=a%2fb",
		request: saml.LogoutRequest{
			ID: "id1", Destination: logoutSLO, Issuer: logoutIdP, IssueInstant: logoutNow.Add(-time.Minute),
			NotOnOrAfter: logoutNow.Add(5 * time.Minute),
			NameID:       saml.NameID{Value: "alice@acme.example", Format: saml.FormatEmail}, SessionIndexes: []string{"s1", "s2"},
		},
		response: saml.LogoutResponse{
			ID: "id2", Destination: logoutSLO, Issuer: logoutIdP, IssueInstant: logoutNow, InResponseTo: "id-ours",
		},
	}
	if forge != nil {
		forge(d)
	}
	if d.answers && d.param == "SAMLRequest" {
		d.param = "SAMLResponse"
	}
	return d
}

// written returns the XML of d, unsigned.
func (d *draft) written(t testing.TB) string {
	t.Helper()
	form, err := d.request.PostForm("")
	text := form.SAMLRequest
	if d.answers {
		form, err = d.response.PostForm("")
		text = form.SAMLResponse
	}
	if err != nil {
		t.Fatal(err)
	}
	message, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	if d.before != nil {
		return d.before(string(message))
	}
	return string(message)
}

// enveloped returns the XML of d with a signature in it.
func (d *draft) enveloped(t testing.TB) string {
	t.Helper()
	text := d.written(t)
	if !d.unsigned {
		doc, err := xmltree.Parse([]byte(text), xmltree.Message)
		if err != nil {
			t.Fatal(err)
		}
		how := xmldsig.Signing{Key: d.key, After: doc.Root().FirstChild()}
		if d.signing != nil {
			d.signing(&how)
		}
		signed, err := xmldsig.Sign(doc.Root(), how)
		if err != nil {
			t.Fatal(err)
		}
		text = string(signed)
	}
	if d.after != nil {
		text = d.after(text)
	}
	return text
}

// rawQuery returns the query that carries d.
func (d *draft) rawQuery(t testing.TB) string {
	t.Helper()
	text := d.written(t)
	if d.after != nil {
		text = d.after(text)
	}
	query := d.param + "=" + url.QueryEscape(base64.StdEncoding.EncodeToString(deflated([]byte(text))))
	if d.relay != "" {
		query += "&" + d.relay
	}
	if !d.unsigned {
		query += "&SigAlg=" + url.QueryEscape(d.algorithm)
		query = signQuery(t, d.key, query)
	}
	if d.query != nil {
		query = d.query(query)
	}
	return query
}

func signQuery(t testing.TB, key crypto.Signer, query string) string {
	t.Helper()
	value, err := xmldsig.SignOctets(xmldsig.ECDSASHA256, []byte(query), key)
	if err != nil {
		t.Fatal(err)
	}
	return query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(value))
}

// read lets d arrive.
func (d *draft) read(t testing.TB) (*saml.Received, error) {
	t.Helper()
	switch d.binding {
	case saml.BindingRedirect:
		return saml.ReadRedirect(d.rawQuery(t))
	case saml.BindingSOAP:
		return saml.ReadSOAP([]byte(`<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header><x/></s:Header><s:Body>` +
			d.enveloped(t) + `</s:Body></s:Envelope>`))
	}
	form := url.Values{d.param: {base64.StdEncoding.EncodeToString([]byte(d.enveloped(t)))}, "RelayState": {"a/b"}}
	if d.form != nil {
		d.form(form)
	}
	return saml.ReadPost(form)
}

// judge lets d arrive and be judged.
func (p *logoutPeer) judge(t testing.TB, d *draft) (*saml.Logout, *saml.LogoutAnswer, error) {
	t.Helper()
	m, err := d.read(t)
	if err != nil {
		return nil, nil, err
	}
	expect := p.expect
	if d.answers {
		expect.RequestID = "id-ours"
	}
	if d.expect != nil {
		d.expect(&expect)
	}
	if d.answers {
		a, err := saml.VerifyLogoutResponse(m, expect, logoutNow)
		return nil, a, err
	}
	l, err := saml.VerifyLogoutRequest(m, expect, logoutNow)
	return l, nil, err
}

var logoutBindings = []string{saml.BindingRedirect, saml.BindingPost, saml.BindingSOAP}
