package saml_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"html"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// What people paste instead of metadata is recognised and named, and nothing of
// it repeated.
func TestWhatWasPastedIsNamed(t *testing.T) {
	t.Parallel()
	rsaSigner, err := samltest.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, ok := rsaSigner.(*rsa.PrivateKey)
	if !ok {
		t.Fatal("no RSA key")
	}
	ec, ok := ecKey(t).(*ecdsa.PrivateKey)
	if !ok {
		t.Fatal("no ECDSA key")
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := x509.MarshalPKCS1PrivateKey(rsaKey)
	certificate := samltest.New(t).Certificate()
	spki, err := x509.MarshalPKIXPublicKey(ec.Public())
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	encode := base64.StdEncoding.EncodeToString
	good := idpMetadata(t, "", "")
	signedData, err := asn1.Marshal(struct {
		Type    asn1.ObjectIdentifier
		Content []byte `asn1:"explicit,tag:0"`
	}{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}, certificate})
	if err != nil {
		t.Fatal(err)
	}
	response := samltest.New(t).Respond()
	form, err := request().PostForm("")
	if err != nil {
		t.Fatal(err)
	}
	authnRequest, err := base64.StdEncoding.DecodeString(form.SAMLRequest)
	if err != nil {
		t.Fatal(err)
	}
	address, err := request().RedirectURL("")
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ pasted, code string }{
		"a private key":               {block("EC PRIVATE KEY", sec1), saml.MetadataPrivateKey},
		"a key behind its chain":      {block("CERTIFICATE", certificate) + block("PRIVATE KEY", pkcs8), saml.MetadataPrivateKey},
		"an encrypted key":            {block("ENCRYPTED PRIVATE KEY", pkcs8), saml.MetadataPrivateKey},
		"a key in DER":                {string(pkcs8), saml.MetadataPrivateKey},
		"a key of PKCS #1 in DER":     {string(pkcs1), saml.MetadataPrivateKey},
		"a key in base64":             {wrapped(encode(pkcs1)), saml.MetadataPrivateKey},
		"a key of SEC 1 in base64":    {encode(sec1), saml.MetadataPrivateKey},
		"a PKCS #12 file":             {"\x30\x82\x09\xd1\x02\x01\x03\x30\x82", saml.MetadataPrivateKey},
		"a PKCS #12 file of BER":      {"\x30\x80\x02\x01\x03\x30\x80", saml.MetadataPrivateKey},
		"a private JWK":               {`{"kty":"EC","crv":"P-256","x":"MII","y":"MII","d":"MII"}`, saml.MetadataPrivateKey},
		"private JWKs":                {`{"keys":[{"kty":"RSA","n":"MII","e":"AQAB"},{"kty":"RSA","d":"MII"}]}`, saml.MetadataPrivateKey},
		"a secret JWK":                {`{"keys":[{"kty":"oct","k":"MII"}]}`, saml.MetadataPrivateKey},
		"a service account":           {`{"type":"service_account","private_key":"MII"}`, saml.MetadataPrivateKey},
		"a certificate":               {"\ufeff" + block("CERTIFICATE", certificate), saml.MetadataCertificate},
		"a certificate in base64":     {wrapped(encode(certificate)), saml.MetadataCertificate},
		"a certificate in DER":        {string(certificate), saml.MetadataCertificate},
		"a public key":                {block("PUBLIC KEY", spki), saml.MetadataCertificate},
		"an OpenID configuration":     {`{"issuer":"https://idp.example","authorization_endpoint":"https://idp.example/a"}`, saml.MetadataOIDC},
		"keys for OpenID Connect":     {`{"keys":[{"kty":"RSA","n":"MII","e":"AQAB"}]}`, saml.MetadataJWKS},
		"one key for OpenID Connect":  {`{"kty":"RSA","n":"MII","e":"AQAB"}`, saml.MetadataJWKS},
		"other JSON":                  {`{"a":1}`, saml.MetadataJSON},
		"a list":                      {`["a"]`, saml.MetadataJSON},
		"half of some JSON":           {`{"issuer":`, saml.MetadataJSON},
		"a web page":                  {"\ufeff<!doctype HTML>\n<title>Sign in", saml.MetadataHTML},
		"a web page of XHTML":         {`<?xml version="1.0"?><!DOCTYPE html PUBLIC "x" "y"><html/>`, saml.MetadataHTML},
		"an address":                  {" https://idp.example/metadata\n", saml.MetadataURL},
		"an address with a request":   {address, saml.MetadataURL},
		"a response":                  {string(response), saml.MetadataMessage},
		"a response in base64":        {wrapped(encode(response)), saml.MetadataMessage},
		"a form with a response":      {"SAMLResponse=" + encode(response), saml.MetadataMessage},
		"a request":                   {string(authnRequest), saml.MetadataMessage},
		"an assertion":                {stolenAssertion, saml.MetadataMessage},
		"metadata in base64":          {encode([]byte(good)), saml.MetadataBase64},
		"metadata in wrapped base64":  {wrapped(encode([]byte(good))), saml.MetadataBase64},
		"metadata as text":            {html.EscapeString(good), saml.MetadataEscaped},
		"metadata as text, in part":   {strings.ReplaceAll(good, "<", "&lt;"), saml.MetadataEscaped},
		"metadata in a string":        {fmt.Sprintf("%q", good), saml.MetadataEscaped},
		"metadata in JSON":            {`{"metadata":"` + strings.ReplaceAll(strings.ReplaceAll(good, "<", `\u003c`), `"`, `\"`) + `"}`, saml.MetadataEscaped},
		"words before metadata":       {"Here it is:\n" + good, saml.MetadataAround},
		"the notice of a browser":     {"This XML file does not appear to have any style information associated with it.\n" + good, saml.MetadataAround},
		"headers before metadata":     {"HTTP/1.1 200 OK\r\n\r\n" + good, saml.MetadataAround},
		"a signature behind metadata": {good + "\nRegards, Bob", saml.MetadataAround},
		"the first half":              {good[:len(good)/2], saml.MetadataCut},
		"all but the last octet":      {good[:len(good)-1], saml.MetadataCut},
		"the second half":             {good[len(good)/2:], saml.MetadataCut},
		"the first half of a group":   {`<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">` + good, saml.MetadataCut},
		"two documents":               {good + good, saml.MetadataXML},
		"half of other XML":           {"<r><s>", saml.MetadataXML},
		"a part of a page":            {"<!-- a --> <head><title>Sign in</title>", saml.MetadataHTML},
		"a page behind a comment":     {"<!--" + strings.Repeat(" ", 2000) + "--><HTML lang='de'>", saml.MetadataHTML},
		"a prefix that is an element": {`<p:r xmlns:p="urn:x"/>`, saml.MetadataRoot},
		"an archive":                  {"PK\x03\x04\x14\x00\x00\x00\x08\x00metadata.xml", saml.MetadataArchive},
		"a compressed file":           {"\x1f\x8b\x08\x00", saml.MetadataArchive},
		"a spreadsheet":               {"PK\x03\x04\x14\x00\x06\x00[Content_Types].xml", saml.MetadataDocument},
		"a text of LibreOffice":       {"PK\x03\x04\x14\x00\x00mimetypeapplication/vnd.oasis.opendocument.text", saml.MetadataDocument},
		"a PDF":                       {"%PDF-1.7\n%\xe2\xe3", saml.MetadataDocument},
		"an old document":             {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 99), saml.MetadataDocument},
		"a rich text":                 {`{\rtf1\ansi`, saml.MetadataDocument},
		"a picture":                   {"\x89PNG\r\n\x1a\n", saml.MetadataDocument},
		"certificates of PKCS #7":     {string(signedData), saml.MetadataCertificate},
		"the same in base64":          {wrapped(encode(signedData)), saml.MetadataCertificate},
		"what openssl prints":         {"Bag Attributes\n    localKeyID: 01\n" + block("CERTIFICATE", certificate), saml.MetadataCertificate},
		"a shortcut":                  {"[InternetShortcut]\r\nURL=https://idp.example/metadata\r\n", saml.MetadataURL},
		"an address without scheme":   {"login.idp.example/tenant/federationmetadata.xml", saml.MetadataURL},
		"a name without a path":       {"idp.example", saml.MetadataNotXML},
		"some words":                  {"please see attachment", saml.MetadataNotXML},
		"a sequence of nothing":       {"\x30", saml.MetadataNotXML},
		"a length longer than itself": {"\x30\xff\x02\x01\x03", saml.MetadataNotXML},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := saml.ParseIdPMetadata([]byte(tc.pasted))
			bad, ok := errors.AsType[*saml.MetadataError](err)
			if !ok || bad.Code != tc.code {
				t.Errorf("ParseIdPMetadata() = %v, want %s", err, tc.code)
			}
			if strings.Contains(fmt.Sprint(err), "MII") {
				t.Errorf("the error repeats what was pasted: %v", err)
			}
		})
	}
}

// JSON is looked into as far as documents of OpenID Connect go. Whoever pastes as
// much of it as metadata may have has it read into fifty times as much memory else.
func TestMuchJSONIsNotLookedInto(t *testing.T) {
	const most = 256 << 10
	for code, size := range map[string]int{saml.MetadataJWKS: most, saml.MetadataJSON: most + 1} {
		const start, end = `{"keys":[{"kty":"RSA"}`, `]}`
		filling := strings.Repeat(`,{}`, size/3)[:size-len(start)-len(end)]
		filling = filling[:strings.LastIndexByte(filling, '}')+1]
		pasted := start + filling + strings.Repeat(" ", size-len(start)-len(end)-len(filling)) + end
		_, err := saml.ParseIdPMetadata([]byte(pasted))
		bad, ok := errors.AsType[*saml.MetadataError](err)
		if !ok || bad.Code != code || len(pasted) != size {
			t.Errorf("%d octets: %v, want %s", len(pasted), err, code)
		}
	}
	much := []byte(`{"keys":[` + strings.Repeat(`{"a":1},`, 500_000) + `{}]}`)
	if n := testing.AllocsPerRun(1, func() { _, _ = saml.ParseIdPMetadata(much) }); n > 100 {
		t.Errorf("4 MB of JSON take %v allocations", n)
	}
}

func TestOurOwnMetadataIsRecognised(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		entityID, acs string
		own           []string
		code          string
	}{
		{"https://sso.example/saml/acme/metadata", "https://sso.example/saml/acme/acs", []string{"https://sso.example"}, saml.MetadataOwn},
		{"https://sso.example/saml/acme/metadata", "https://sso.example/saml/acme/acs", []string{"https://other.example", "https://sso.example/"}, saml.MetadataOwn},
		{"urn:sp:acme", "https://sso.example/saml/acme/acs", []string{"https://sso.example"}, saml.MetadataOwn},
		{"urn:sp:acme", "https://elsewhere.example/acs", []string{"urn:sp:acme"}, saml.MetadataOwn},
		{"https://sso.example.evil/metadata", "https://sso.example.evil/acs", []string{"https://sso.example"}, saml.MetadataSP},
		{"https://sso.example/saml/acme/metadata", "https://sso.example/saml/acme/acs", nil, saml.MetadataSP},
		{"https://sso.example/saml/acme/metadata", "https://sso.example/saml/acme/acs", []string{""}, saml.MetadataSP},
	} {
		doc, err := saml.SPMetadata{EntityID: tc.entityID, ACS: []string{tc.acs}}.XML()
		if err != nil {
			t.Fatal(err)
		}
		_, err = saml.ParseIdPMetadata(doc, tc.own...)
		if bad, ok := errors.AsType[*saml.MetadataError](err); !ok || bad.Code != tc.code {
			t.Errorf("%s, %s with %q: %v, want %s", tc.entityID, tc.acs, tc.own, err, tc.code)
		}
	}
}

// An aggregate of several is refused with their names, so that one can be chosen.
func TestSeveralIdentityProvidersAreNamed(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for i := range 7 {
		all.WriteString(idpMetadata(t, `entityID="https://idp.example/metadata"`, fmt.Sprintf(`entityID="urn:idp:%d"`, i)))
	}
	_, err := saml.ParseIdPMetadata([]byte(`<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">` + all.String() + `</md:EntitiesDescriptor>`))
	bad, ok := errors.AsType[*saml.MetadataError](err)
	if !ok || bad.Code != saml.MetadataSeveralIdPs || !strings.Contains(bad.Detail, "urn:idp:0, ") || !strings.HasSuffix(bad.Detail, "urn:idp:4, and 2 more") {
		t.Errorf("got %v", err)
	}
}

func TestCacheDuration(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"PT1H": time.Hour, "P1D": day, "PT0.5S": 0, "PT90.25S": 90 * time.Second, "P1Y2M3DT4H5M6S": 428*day + 4*time.Hour + 5*time.Minute + 6*time.Second,
		"PT604800S": 7 * day, "P999999999Y": 3650 * day,
		"": 0, "P": 0, "PT": 0, "1D": 0, "-P1D": 0, "P-1D": 0, "P1": 0, "PT1D": 0, "P1H": 0, "P1D1Y": 0, "PT1.S": 0, "PT1.5H": 0, "P1.5D": 0,
		"P9999999999D": 0, "PT1HT1M": 0, "P1Dx": 0,
	} {
		m, err := saml.ParseIdPMetadata([]byte(idpMetadata(t, `entityID=`, `cacheDuration="`+text+`" entityID=`)))
		if err != nil || m.CacheDuration != want {
			t.Errorf("%q: got %v, %v, want %v", text, m.CacheDuration, err, want)
		}
	}
	// The shortest counts.
	doc := strings.Replace(idpMetadata(t, `entityID=`, `cacheDuration="PT2H" entityID=`), "<md:IDPSSODescriptor", `<md:IDPSSODescriptor cacheDuration="PT1H"`, 1)
	m, err := saml.ParseIdPMetadata([]byte(`<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" cacheDuration="P1D">` + doc + `</md:EntitiesDescriptor>`))
	if err != nil || m.CacheDuration != time.Hour {
		t.Errorf("got %v, %v", m, err)
	}
}

// What is not for browsers is passed over.
func TestOtherServicesAreIgnored(t *testing.T) {
	t.Parallel()
	doc := idpMetadata(t, "<md:NameIDFormat>", `<md:ArtifactResolutionService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="https://idp.example/artifact" index="0"/>`+
		`<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/slo" ResponseLocation="https://idp.example/slo/done"/><md:NameIDFormat>`)
	m, err := saml.ParseIdPMetadata([]byte(doc))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.SSO) != 2 || len(m.SLO) != 1 || m.SLO[0].ResponseLocation != "https://idp.example/slo/done" {
		t.Errorf("got %+v", m)
	}
}

func TestSPMetadataSaysAllItIsAskedTo(t *testing.T) {
	t.Parallel()
	m := saml.SPMetadata{
		EntityID: "urn:sp", ACS: []string{"https://sso.example/acs"},
		SigningCertificates: [][]byte{{1}, {2}}, EncryptionCertificates: [][]byte{{3}, {4}},
		DisplayName:  "Acme & Co",
		Organization: saml.Organization{Name: "acme", DisplayName: "Acme", URL: "https://acme.example"},
		Attributes: []saml.RequestedAttribute{
			{Name: "urn:oid:0.9.2342.19200300.100.1.3", NameFormat: saml.NameFormatURI, FriendlyName: "mail", Required: true}, {Name: "groups"},
		},
	}
	got, err := m.XML()
	if err != nil {
		t.Fatal(err)
	}
	again, err := m.XML()
	if err != nil || !bytes.Equal(again, got) {
		t.Errorf("twice is not the same: %v", err)
	}
	at := 0
	for _, want := range []string{
		`<md:Extensions><mdui:UIInfo xmlns:mdui="urn:oasis:names:tc:SAML:metadata:ui"><mdui:DisplayName xml:lang="en">Acme &amp; Co</mdui:DisplayName></mdui:UIInfo></md:Extensions>`,
		`<md:KeyDescriptor use="signing">`, `>AQ==<`, `<md:KeyDescriptor use="signing">`, `>Ag==<`,
		`<md:KeyDescriptor use="encryption">`, `>Aw==<`, `<md:EncryptionMethod Algorithm="http://www.w3.org/2009/xmlenc11#aes256-gcm"/>`,
		`<md:KeyDescriptor use="encryption">`, `>BA==<`, `<md:EncryptionMethod`,
		`<md:AssertionConsumerService `,
		`<md:AttributeConsumingService index="0" isDefault="true"><md:ServiceName xml:lang="en">Acme &amp; Co</md:ServiceName>` +
			`<md:RequestedAttribute Name="urn:oid:0.9.2342.19200300.100.1.3" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri" FriendlyName="mail" isRequired="true"/>` +
			`<md:RequestedAttribute Name="groups"/></md:AttributeConsumingService></md:SPSSODescriptor>`,
		`<md:Organization><md:OrganizationName xml:lang="en">acme</md:OrganizationName><md:OrganizationDisplayName xml:lang="en">Acme</md:OrganizationDisplayName>` +
			`<md:OrganizationURL xml:lang="en">https://acme.example</md:OrganizationURL></md:Organization></md:EntityDescriptor>`,
	} {
		i := strings.Index(string(got[at:]), want)
		if i < 0 {
			t.Fatalf("no %s behind byte %d of %s", want, at, got)
		}
		at += i + len(want)
	}
	if _, err := xmltree.Parse(got, xmltree.Metadata); err != nil {
		t.Error(err)
	}
	m.Organization.URL = ""
	if got, err := m.XML(); err != nil || strings.Contains(string(got), "Organization") {
		t.Errorf("half an organization was written: %s, %v", got, err)
	}
}
