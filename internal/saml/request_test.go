package saml_test

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmltree"
)

func request() saml.Request {
	return saml.Request{
		ID: "id1", Destination: "https://idp.example/sso?tenant=a%2Fb", Issuer: "https://sso.example/saml/acme",
		ACS: "https://sso.example/saml/acme/acs", IssueInstant: time.Date(2026, 3, 2, 10, 30, 0, 5e8, time.FixedZone("", 3600)),
	}
}

func inflated(t *testing.T, packed string) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(packed)
	if err != nil {
		t.Fatal(err)
	}
	message, err := io.ReadAll(flate.NewReader(bytes.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return string(message)
}

func ecKey(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestRequestSaysAsLittleAsItMay(t *testing.T) {
	t.Parallel()
	address, err := request().RedirectURL("handle & more")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Get("tenant") != "a/b" || q.Get("RelayState") != "handle & more" || len(q) != 3 {
		t.Errorf("query %v", q)
	}
	want := `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"` +
		` ID="id1" Version="2.0" IssueInstant="2026-03-02T09:30:00Z" Destination="https://idp.example/sso?tenant=a%2Fb"` +
		` ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" AssertionConsumerServiceURL="https://sso.example/saml/acme/acs">` +
		`<saml:Issuer>https://sso.example/saml/acme</saml:Issuer></samlp:AuthnRequest>`
	if got := inflated(t, q.Get("SAMLRequest")); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// A message goes by redirect as it is, or made shorter where it is long: what
// arrives is the message in either case, with nothing behind it, and a URL that
// everything passes on.
func TestRequestArrivesAtEveryLength(t *testing.T) {
	t.Parallel()
	r := request()
	least := messageOf(t, r)
	for _, length := range []int{len(least), 799, 800, 801, 1200, 6000} {
		r.Issuer = request().Issuer + strings.Repeat("x", length-len(least))
		message := messageOf(t, r)
		if len(message) != length {
			t.Fatalf("%d bytes, want %d", len(message), length)
		}
		address, err := r.RedirectURL("relay")
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := base64.StdEncoding.DecodeString(u.Query().Get("SAMLRequest"))
		if err != nil {
			t.Fatal(err)
		}
		packed := bytes.NewReader(raw)
		if got, err := io.ReadAll(flate.NewReader(packed)); err != nil || string(got) != message || packed.Len() != 0 {
			t.Errorf("of %d bytes came %d, %v, and %d behind them", length, len(got), err, packed.Len())
		}
		if n := len(address); n > 1400 { // a signature by RSA of 2048 bits and its parameters take 500
			t.Errorf("a message of %d bytes takes a URL of %d", length, n)
		}
	}
}

// messageOf is the XML of a request.
func messageOf(t *testing.T, r saml.Request) string {
	t.Helper()
	form, err := r.PostForm("")
	if err != nil {
		t.Fatal(err)
	}
	message, err := base64.StdEncoding.DecodeString(form.SAMLRequest)
	if err != nil {
		t.Fatal(err)
	}
	return string(message)
}

func TestRequestSaysWhatItIsAskedTo(t *testing.T) {
	t.Parallel()
	r := request()
	r.ForceAuthn, r.IsPassive = true, true
	r.NameIDFormat, r.RequestedContexts = saml.FormatPersistent, []string{"urn:a", `urn:b"<`}
	form, err := r.PostForm("")
	if err != nil {
		t.Fatal(err)
	}
	message, err := base64.StdEncoding.DecodeString(form.SAMLRequest)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		` ForceAuthn="true"`, ` IsPassive="true"`,
		`<samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" AllowCreate="true"/>`,
		`<samlp:RequestedAuthnContext Comparison="exact"><saml:AuthnContextClassRef>urn:a</saml:AuthnContextClassRef>` +
			`<saml:AuthnContextClassRef>urn:b"&lt;</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>`,
	} {
		if !strings.Contains(string(message), want) {
			t.Errorf("no %s in %s", want, message)
		}
	}
}

func TestSignedRequestsVerify(t *testing.T) {
	t.Parallel()
	rsa, err := samltest.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	for name, signer := range map[string]crypto.Signer{"RSA": rsa, "ECDSA": ecKey(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			public, err := xmldsig.NewKey(signer.Public())
			if err != nil {
				t.Fatal(err)
			}
			keys := []xmldsig.Key{public}
			key := saml.SigningKey{Signer: signer}

			address, err := request().SignedRedirectURL("handle", key)
			if err != nil {
				t.Fatal(err)
			}
			_, query, _ := strings.Cut(address, "tenant=a%2Fb&")
			octets, signature, _ := strings.Cut(query, "&Signature=")
			values, err := url.ParseQuery(query)
			if err != nil {
				t.Fatal(err)
			}
			value, err := base64.StdEncoding.DecodeString(values.Get("Signature"))
			if err != nil {
				t.Fatalf("%s: %v", signature, err)
			}
			if err := xmldsig.VerifyOctets(values.Get("SigAlg"), []byte(octets), value, keys, xmldsig.Legacy{}); err != nil {
				t.Error(err)
			}

			form, err := request().SignedPostForm("handle", key)
			if err != nil {
				t.Fatal(err)
			}
			message, err := base64.StdEncoding.DecodeString(form.SAMLRequest)
			if err != nil {
				t.Fatal(err)
			}
			doc, err := xmltree.Parse(message, xmltree.Message)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := xmldsig.Verify(doc.Root(), keys, xmldsig.Legacy{}); err != nil {
				t.Error(err)
			}
			if second := doc.Root().FirstChild().NextSibling(); !second.Is(xmldsig.Namespace, "Signature") {
				t.Error("the signature does not follow the Issuer")
			}
		})
	}
}

func TestRequestRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change     func(*saml.Request)
		relayState string
	}{
		"an ID that begins with a digit": {func(r *saml.Request) { r.ID = "1" }, ""},
		"no ID":                          {func(r *saml.Request) { r.ID = "" }, ""},
		"a long relay state":             {func(*saml.Request) {}, strings.Repeat("x", saml.MaxRelayState+1)},
		"a destination by http":          {func(r *saml.Request) { r.Destination = "http://idp.example/sso" }, ""},
		"a script for a destination":     {func(r *saml.Request) { r.Destination = "javascript:alert(1)" }, ""},
		"a control character":            {func(r *saml.Request) { r.Issuer = "a\x00b" }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := request()
			tc.change(&r)
			if got, err := r.RedirectURL(tc.relayState); err == nil {
				t.Errorf("RedirectURL() = %s", got)
			}
			if got, err := r.PostForm(tc.relayState); err == nil {
				t.Errorf("PostForm() = %+v", got)
			}
		})
	}
	if _, err := request().RedirectURL(strings.Repeat("x", saml.MaxRelayState)); err != nil {
		t.Errorf("twin: %v", err)
	}
}

func TestNewIDIsFreshAndBeginsWithALetter(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		id := saml.NewID()
		if seen[id] || !strings.HasPrefix(id, "id") || len(id) != 42 {
			t.Fatalf("got %q", id)
		}
		seen[id] = true
	}
}

func TestCheckLocation(t *testing.T) {
	t.Parallel()
	for location, ok := range map[string]bool{
		"https://idp.example/sso":          true,
		"https://idp.example:8443/sso?x=y": true,
		"http://localhost:8080/sso":        true,
		"http://127.0.0.2:8080/sso":        true,
		"http://[::1]/sso":                 true,
		"http://idp.example/sso":           false,
		"http://localhost.evil.example/":   false,
		"http://127.0.0.1.evil.example/":   false,
		"javascript:alert(1)":              false,
		"data:text/html,x":                 false,
		"//idp.example/sso":                false,
		"/sso":                             false,
		"":                                 false,
		"https://":                         false,
		"https:///sso":                     false,
		"https://user@idp.example/":        false,
		"https://idp.example/#x":           false,
		"https://idp.example/#":            false,
		"https://idp.example/sso?x=y#":     false,
		"https://idp.example/\x00":         false,
		"https:idp.example":                false,
		"https://idp.example/\uFFFD":       true,
		"https://idp.example/\uFFFE":       false,
		"https://idp.example/\xff":         false,
	} {
		if err := saml.CheckLocation(location); (err == nil) != ok {
			t.Errorf("CheckLocation(%q) = %v", location, err)
		}
	}
}
