package main

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmltree"
)

var inspectedAt = time.Date(2026, 1, 1, 0, 5, 0, 0, time.UTC)

const authnRequest = `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"` +
	` ID="_1" Version="2.0" IssueInstant="2026-01-01T00:00:00Z" Destination="https://idp.example/sso">` +
	`<saml:Issuer>https://sp.example/?a>>>?b???</saml:Issuer></samlp:AuthnRequest>`

func deflated(t testing.TB, s string) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(s)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestInspectTakesEveryWrappingOff(t *testing.T) {
	t.Parallel()
	posted := base64.StdEncoding.EncodeToString([]byte(authnRequest))
	redirected := base64.StdEncoding.EncodeToString(deflated(t, authnRequest))
	query := "SAMLRequest=" + url.QueryEscape(redirected) + "&RelayState=a+b"
	for name, tc := range map[string]struct {
		input string
		want  string
	}{
		"XML":                        {authnRequest, "XML"},
		"byte order mark":            {"\ufeff" + authnRequest, "XML"},
		"UTF-16":                     {"\xff\xfe" + strings.Join(strings.Split(authnRequest, ""), "\x00") + "\x00", "UTF-16 XML"},
		"base64":                     {posted, "base64 XML"},
		"base64, lines":              {posted[:76] + "\r\n" + posted[76:] + "\n", "base64 XML"},
		"base64, quoted":             {`"` + posted + `"`, "base64 XML"},
		"base64, '+' lost":           {strings.ReplaceAll(posted, "+", " "), "base64 XML"},
		"base64, URL-safe":           {strings.TrimRight(base64.URLEncoding.EncodeToString([]byte(authnRequest)), "="), "base64 XML"},
		"base64 twice":               {base64.StdEncoding.EncodeToString([]byte(posted)), "base64 base64 XML"},
		"percent-encoding":           {url.QueryEscape(redirected), "percent-encoding base64 DEFLATE XML"},
		"percent-encoding twice":     {url.QueryEscape(url.QueryEscape(redirected)), "percent-encoding percent-encoding base64 DEFLATE XML"},
		"DEFLATE":                    {string(deflated(t, authnRequest)), "DEFLATE XML"},
		"URL":                        {"https://idp.example/sso?tenant=1&" + query, "URL base64 DEFLATE XML"},
		"URL, of a page":             {"https://idp.example/sso?tenant=1&amp;" + strings.ReplaceAll(query, "&", "&amp;"), "URL base64 DEFLATE XML"},
		"URL, percent-encoded":       {url.QueryEscape("https://idp.example/sso?" + query), "percent-encoding URL base64 DEFLATE XML"},
		"query":                      {query, "form base64 DEFLATE XML"},
		"form":                       {"RelayState=x&SAMLResponse=" + url.QueryEscape(posted), "form base64 XML"},
		"form, '+' not encoded":      {"SAMLResponse=" + posted, "form base64 XML"},
		"line of a log with a URL":   {`192.0.2.1 "GET /sso?` + query + ` HTTP/1.1" 200`, "URL base64 DEFLATE XML"},
		"line of a log with the XML": {"12:00 INFO request " + authnRequest, "text XML"},
		"page that posts":            {`<html><form><input type="hidden" name="SAMLRequest" value="` + posted + `"/></form></html>`, "web page base64 XML"},
		"XML in XML":                 {"&lt;" + strings.ReplaceAll(authnRequest[1:], "<", "&lt;"), "XML escapes XML"},
		"SOAP":                       {`<s:Envelope xmlns:s="` + nsSOAP + `"><s:Body>` + authnRequest + `</s:Body></s:Envelope>`, "XML SOAP"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			things := inspect("x", []byte(tc.input), inspectedAt)
			if len(things) != 1 {
				t.Fatalf("%d things, want 1", len(things))
			}
			got := things[0]
			if wrapping := strings.Join(got.Wrapping, " "); got.Kind != "AuthnRequest" || wrapping != tc.want {
				t.Fatalf("%s, wrapped as %q; want AuthnRequest as %q; notes %v", got.Kind, wrapping, tc.want, got.Notes)
			}
			if len(got.Problems) > 0 || !got.Complete || got.Message.Issuer != "https://sp.example/?a>>>?b???" {
				t.Errorf("problems %v, issuer %q", got.Problems, got.Message.Issuer)
			}
			if s := got.Message.IssueInstant.Seconds; s == nil || *s != -300 {
				t.Errorf("issued %v, want 300 s ago", s)
			}
		})
	}
}

// What the strict reader refuses is named with its place, and what stands
// before it is shown.
func TestInspectSaysWhereXMLIsIllFormed(t *testing.T) {
	t.Parallel()
	const before = "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_r\">\n <saml:Issuer xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">idp</saml:Issuer>\n"
	for name, tc := range map[string]struct {
		rest         string
		rule         string
		line, column int
		incomplete   bool // also true: only what stands before is shown
	}{
		"end tag missing":      {"<a></b></samlp:Response>", xmltree.CodeWellFormed, 3, 4, true},
		"cut short":            {"", xmltree.CodeWellFormed, 3, 1, true},
		"cut in a tag":         {"<a b='1' c", xmltree.CodeWellFormed, 3, 10, true},
		"cut in a value":       {"<a b='1", xmltree.CodeWellFormed, 3, 6, true},
		"unknown entity":       {"<a>x&y;</a></samlp:Response>", xmltree.CodeWellFormed, 3, 5, true},
		"control character":    {"<a>é\x01</a></samlp:Response>", xmltree.CodeWellFormed, 3, 5, true},
		"no UTF-8":             {"<a>\xff</a></samlp:Response>", xmltree.CodeWellFormed, 3, 4, true},
		"CDATA":                {"<a><![CDATA[x]]></a></samlp:Response>", xmltree.CodeCDATA, 3, 4, true},
		"instruction":          {"<?x?></samlp:Response>", xmltree.CodePI, 3, 1, true},
		"unbound prefix":       {"<a:b/></samlp:Response>", xmltree.CodeNamespace, 3, 1, true},
		"attribute twice":      {"<a b='1' b='2'/></samlp:Response>", xmltree.CodeDuplicate, 3, 10, true},
		"comment in a text":    {"<a>x<!-- -->y</a></samlp:Response>", xmltree.CodeComment, 3, 5, true},
		"comment in a message": {"<!-- --></samlp:Response>", xmltree.CodeComment, 3, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := inspect("x", []byte(before+tc.rest), inspectedAt)[0]
			if got.Kind != "Response" || got.Message == nil || got.Message.ID != "_r" || got.Message.Issuer != "idp" {
				t.Fatalf("%s %+v: what stands before is not shown", got.Kind, got.Message)
			}
			if len(got.Problems) != 1 || got.Complete == tc.incomplete {
				t.Fatalf("problems %v, complete %v", got.Problems, got.Complete)
			}
			if p := got.Problems[0]; p.Rule != tc.rule || p.Line != tc.line || p.Column != tc.column {
				t.Errorf("%s at %d:%d, want %s at %d:%d", p.Rule, p.Line, p.Column, tc.rule, tc.line, tc.column)
			}
		})
	}
}

func TestInspectShowsADocumentOfAnotherEncodingByItsASCII(t *testing.T) {
	t.Parallel()
	got := inspect("x", []byte(`<?xml version="1.0" encoding="ISO-8859-1"?>`+authnRequest), inspectedAt)[0]
	if got.Kind != "AuthnRequest" || got.Complete || len(got.Problems) != 1 || got.Problems[0].Rule != xmltree.CodeEncoding {
		t.Errorf("%s, problems %v", got.Kind, got.Problems)
	}
}

func TestInspectShowsAllOfAResponse(t *testing.T) {
	t.Parallel()
	idp := samltest.New(t)
	got := inspect("x", idp.Respond(func(r *samltest.Response) { r.Base = samltest.BothSigned }), idp.Now)[0]
	if got.Kind != "Response" || !got.Complete || len(got.Assertions) != 1 || len(got.Signatures) != 2 {
		t.Fatalf("%s, complete %v, %d assertions, %d signatures", got.Kind, got.Complete, len(got.Assertions), len(got.Signatures))
	}
	a, m := got.Assertions[0], got.Message
	for what, pair := range map[string][2]string{
		"issuer": {m.Issuer, idp.EntityID}, "destination": {m.Destination, idp.ACS}, "request": {m.InResponseTo, idp.RequestID},
		"subject": {a.Subject.Value, samltest.DefaultNameID}, "audience": {a.Audiences[0][0], idp.SPEntityID},
		"recipient": {a.Confirmations[0].Recipient, idp.ACS}, "status": {short(m.Status.Codes[0]), "Success"},
		"digest": {got.Signatures[0].References[0].Digest, xmldsig.SHA256}, "in": {got.Signatures[0].In, "Response"},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %q, want %q", what, pair[0], pair[1])
		}
	}
	if a.NotOnOrAfter == nil || a.NotOnOrAfter.Seconds == nil || *a.NotOnOrAfter.Seconds <= 0 {
		t.Errorf("not on or after: %+v, want a time to come", a.NotOnOrAfter)
	}
}

func TestInspectListsTheCertificatesOfAFile(t *testing.T) {
	t.Parallel()
	idp := samltest.New(t)
	der := idp.Certificate()
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	key, err := xmldsig.KeyFromCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	spki := key.Fingerprint()
	for name, tc := range map[string]struct {
		content string
		kinds   []string
	}{
		"PEM":             {string(block), []string{kindCertificate}},
		"PEM in one line": {strings.ReplaceAll(string(block), "\n", `\n`), []string{kindCertificate}},
		"PEM, two":        {"# first\n" + string(block) + "# second\n" + string(block), []string{kindCertificate, kindCertificate}},
		"PEM, no end":     {strings.Split(string(block), "-----END")[0], []string{kindCertificate}},
		"DER":             {string(der), []string{kindCertificate}},
		"base64":          {base64.StdEncoding.EncodeToString(der), []string{kindCertificate}},
		"PEM, damaged":    {strings.Replace(string(block), "MII", "AII", 1), []string{kindUnknown}},
		"a private key":   {"-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n-----END RSA PRIVATE KEY-----\n" + string(block), []string{kindPrivateKey, kindCertificate}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var kinds []string
			for _, got := range inspect("x", []byte(tc.content), idp.Now) {
				kinds = append(kinds, got.Kind)
				if got.Kind != kindCertificate {
					continue
				}
				if c := got.Certificates[0]; c.KeySHA256 != hex.EncodeToString(spki[:]) || c.DaysLeft == nil || c.Subject == "" || c.Key == "" {
					t.Errorf("%+v", c)
				}
			}
			if !slices.Equal(kinds, tc.kinds) {
				t.Errorf("%v, want %v", kinds, tc.kinds)
			}
		})
	}
}

func TestInspectReadsNoMoreThanItsLimits(t *testing.T) {
	t.Parallel()
	bomb := deflated(t, "<a>"+strings.Repeat(" ", 3*maxInspect)+"</a>")
	got := inspect("x", []byte(base64.StdEncoding.EncodeToString(bomb)), inspectedAt)[0]
	if len(got.Problems) == 0 || got.Problems[0].Rule != "bind.size" || got.Size > maxInspect {
		t.Errorf("a bomb: %d octets, problems %v", got.Size, got.Problems)
	}
	got = inspect("x", []byte("<a>"+strings.Repeat(" ", maxInspect)), inspectedAt)[0]
	if len(got.Problems) == 0 || got.Problems[0].Rule != "bind.size" {
		t.Errorf("a large file: problems %v", got.Problems)
	}
	block := "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
	if n := len(inspect("x", []byte(strings.Repeat(block, 2*maxThings)), inspectedAt)); n != maxThings {
		t.Errorf("%d things, want %d", n, maxThings)
	}
}

func TestRelative(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[int64]string{
		0: "now", 1: "in 1 second", -59: "59 seconds ago", -119: "119 seconds ago", 120: "in 2 minutes", -7200: "2 hours ago", 172800: "in 2 days",
	} {
		if got := relative(seconds); got != want {
			t.Errorf("relative(%d) = %q, want %q", seconds, got, want)
		}
	}
}

// printed returns what the command prints about content, as text with the XML
// and as JSON.
func printed(t testing.TB, content []byte) (text, lines string, size int) {
	t.Helper()
	var human, program bytes.Buffer
	for _, found := range inspect("x", content, inspectedAt) {
		if !found.root.IsZero() {
			found.XML = indented(found.root)
		}
		size += found.Size
		if err := found.writeText(&human); err != nil {
			t.Fatal(err)
		}
		if err := found.writeJSON(&program); err != nil {
			t.Fatal(err)
		}
	}
	return human.String(), program.String(), size
}

// Inspecting never panics, always finds at least one thing, prints valid JSON
// and nothing that steers a terminal, and no more than some multiple of what it
// read.
func FuzzInspect(f *testing.F) {
	f.Add([]byte(authnRequest))
	f.Add([]byte(authnRequest[:200]))
	f.Add([]byte(base64.StdEncoding.EncodeToString(deflated(f, authnRequest))))
	f.Add([]byte("https://idp.example/?SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(authnRequest)))))
	f.Add([]byte("-----BEGIN X-----\n-----BEGIN CERTIFICATE-----\\nMIIB\n-----END "))
	f.Add([]byte("<a b=\"\x1b[2J\">\u202e\u009b</a><b/><?xml version='1.0'?><c"))
	f.Add([]byte(`<X509Certificate xmlns="http://www.w3.org/2000/09/xmldsig#">MIIB</X509Certificate>`))
	f.Add([]byte(`<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo><Reference/></SignedInfo><KeyInfo/></Signature>`))
	f.Add([]byte(`<e:EncryptedData xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptedKey/></e:EncryptedData>`))
	f.Add([]byte("\xff\xfe<\x00a\x00"))
	f.Add([]byte("<form><input name=SAMLResponse value='%3C'>"))
	const vectors = "../../testdata/vectors/responses"
	for _, name := range []string{"gosaml2/okta_response.xml", "gosaml2/oktaenc_response.b64", "gosaml2/okta_cert.pem", "ssoready/assertions/ping/metadata.xml"} {
		content, err := os.ReadFile(filepath.Join(vectors, name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		text, lines, size := printed(t, content)
		if text == "" || lines == "" {
			t.Fatal("nothing is printed")
		}
		if limit := 1000*(len(content)+size) + 64<<10; len(text)+len(lines) > limit {
			t.Fatalf("%d octets from %d, which decode to %d", len(text)+len(lines), len(content), size)
		}
		for _, out := range []string{text, lines} {
			if i := strings.IndexFunc(out, func(r rune) bool { return r != '\n' && r != utf8.RuneError && !unicode.IsPrint(r) }); i >= 0 {
				t.Fatalf("a character that does not show in %q", out[max(0, i-20):i+10])
			}
		}
		for line := range strings.Lines(lines) {
			if !json.Valid([]byte(line)) {
				t.Fatalf("no JSON: %s", line)
			}
		}
	})
}
