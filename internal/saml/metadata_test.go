package saml_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// idpMetadata returns good metadata, changed.
func idpMetadata(t *testing.T, old, text string) string {
	t.Helper()
	doc, err := samltest.New(t).Metadata()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(doc), old) {
		t.Fatalf("no %s in %s", old, doc)
	}
	return strings.ReplaceAll(string(doc), old, text)
}

func TestParseIdPMetadata(t *testing.T) {
	t.Parallel()
	idp := samltest.New(t)
	m, err := saml.ParseIdPMetadata([]byte(idpMetadata(t, `entityID=`, `validUntil="2027-01-01T00:00:00Z" entityID=`)))
	if err != nil {
		t.Fatal(err)
	}
	if m.EntityID != idp.EntityID || m.WantAuthnRequestsSigned || !m.ValidUntil.Equal(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("got %+v", m)
	}
	want := []saml.Endpoint{
		{Binding: saml.BindingRedirect, Location: idp.SSO}, {Binding: saml.BindingPost, Location: idp.SSO},
	}
	if diff := cmp.Diff(want, m.SSO); diff != "" {
		t.Errorf("SSO (-want +got):\n%s", diff)
	}
	if e, err := m.SignOn(); err != nil || e != want[0] {
		t.Errorf("SignOn() = %v, %v", e, err)
	}
	if len(m.Keys) != 1 || m.Keys[0].Subject != "CN=idp.example" || m.Keys[0].NotAfter.Year() != 2036 {
		t.Errorf("keys %+v", m.Keys)
	}
	expect := idp.Expect()
	expect.IdP = m.Expect()
	if _, err := saml.Verify(idp.Respond(), expect, idp.Now); err != nil {
		t.Errorf("a response under this metadata: %v", err)
	}
}

// TestParseIdPMetadataAccepts holds the reader against what is odd and real.
func TestParseIdPMetadataAccepts(t *testing.T) {
	t.Parallel()
	second := base64.StdEncoding.EncodeToString(samltest.New(t).Certificate())
	for name, tc := range map[string]struct {
		old, text string
		keys      int
	}{
		"a key for everything":     {` use="signing"`, ``, 1},
		"a key twice":              {`</ds:X509Data>`, `</ds:X509Data><ds:X509Data><ds:X509Certificate>` + second + `</ds:X509Certificate></ds:X509Data>`, 1},
		"a chain":                  {`</ds:X509Certificate>`, `</ds:X509Certificate><ds:X509Certificate>AAAA</ds:X509Certificate>`, 1},
		"a name before the key":    {`<ds:X509Certificate>`, `<ds:X509SubjectName>CN=x</ds:X509SubjectName><ds:X509Certificate>` + "\n", 1},
		"comments":                 {`<md:KeyDescriptor`, `<!-- our key --><md:KeyDescriptor`, 1},
		"a group of one":           {`<md:EntityDescriptor`, `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"><md:EntityDescriptor`, 1},
		"unknown content":          {`<md:IDPSSODescriptor`, `<md:Extensions><x lang="en">y</x></md:Extensions><md:IDPSSODescriptor`, 1},
		"blank lines before it":    {`<md:EntityDescriptor`, "\r\n <?xml version=\"1.0\" encoding=\"UTF-8\"?><md:EntityDescriptor", 1},
		"both before it":           {`<md:EntityDescriptor`, "\n\xef\xbb\xbf\n<?xml version=\"1.0\"?><md:EntityDescriptor", 1},
		"a byte order mark":        {`<md:EntityDescriptor`, "\xef\xbb\xbf<md:EntityDescriptor", 1},
		"further protocols":        {`protocolSupportEnumeration="`, `protocolSupportEnumeration="urn:oasis:names:tc:SAML:1.1:protocol `, 1},
		"a key for encryption too": {`<md:NameIDFormat>`, `<md:KeyDescriptor use="encryption"><x/></md:KeyDescriptor><md:NameIDFormat>`, 1},
		"no sign-in address":       {`md:SingleSignOnService`, `md:ArtifactResolutionService`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc := idpMetadata(t, tc.old, tc.text)
			if strings.Contains(doc, "<md:EntitiesDescriptor") {
				doc += "</md:EntitiesDescriptor>"
			}
			m, err := saml.ParseIdPMetadata([]byte(doc))
			if err != nil {
				t.Fatal(err)
			}
			if len(m.Keys) != tc.keys {
				t.Errorf("%d keys, want %d", len(m.Keys), tc.keys)
			}
		})
	}
}

func TestParseIdPMetadataRefuses(t *testing.T) {
	t.Parallel()
	sp, err := saml.SPMetadata{EntityID: "urn:sp", ACS: []string{"https://sp.example/acs"}}.XML()
	if err != nil {
		t.Fatal(err)
	}
	good := idpMetadata(t, "", "")
	certificate := base64.StdEncoding.EncodeToString(samltest.New(t).Certificate())
	keyDescriptor := good[strings.Index(good, "<md:KeyDescriptor"):strings.Index(good, "<md:NameIDFormat")]
	for name, tc := range map[string]struct {
		doc  string
		code string
	}{
		"nothing":         {" \n", saml.MetadataEmpty},
		"a web page":      {"<!DOCTYPE html><html><body>Sign in</body></html>", saml.MetadataHTML},
		"a bare web page": {"\n<HTML lang=en>", saml.MetadataHTML},
		"a private key":   {"-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\n", saml.MetadataPrivateKey},
		"a key and a certificate": {"-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nMII",
			saml.MetadataPrivateKey},
		"a certificate":        {"-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n", saml.MetadataCertificate},
		"half of it":           {good[:len(good)/2], saml.MetadataCut},
		"a document type":      {"<!DOCTYPE md [<!ENTITY x 'y'>]>" + good, saml.MetadataXML},
		"XML of another kind":  {"<rss/>", saml.MetadataRoot},
		"an application":       {string(sp), saml.MetadataSP},
		"another protocol":     {strings.ReplaceAll(good, "SAML:2.0:protocol", "SAML:1.1:protocol"), saml.MetadataNoIdP},
		"another role":         {strings.ReplaceAll(good, "md:IDPSSODescriptor", "md:AttributeAuthorityDescriptor"), saml.MetadataNoIdP},
		"two of them":          {`<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">` + good + good + `</md:EntitiesDescriptor>`, saml.MetadataSeveralIdPs},
		"no entity ID":         {idpMetadata(t, `entityID="https://idp.example/metadata"`, `entityID=" "`), saml.MetadataEntityID},
		"a long entity ID":     {idpMetadata(t, `entityID="`, `entityID="`+strings.Repeat("x", 1025)), saml.MetadataEntityID},
		"no key":               {idpMetadata(t, keyDescriptor, ``), saml.MetadataNoKey},
		"a key for encryption": {idpMetadata(t, `use="signing"`, `use="encryption"`), saml.MetadataNoKey},
		"a key without a certificate": {idpMetadata(t, `<ds:X509Certificate>`+certificate+`</ds:X509Certificate>`, `<ds:X509SKI/>`),
			saml.MetadataNoKey},
		"a damaged certificate":    {idpMetadata(t, certificate, certificate[:len(certificate)-8]), saml.MetadataBadKey},
		"an unreadable one":        {idpMetadata(t, certificate, "*"), saml.MetadataBadKey},
		"an empty certificate":     {idpMetadata(t, certificate, ""), saml.MetadataBadKey},
		"an IdP outside an entity": {strings.NewReplacer("md:EntityDescriptor", "md:EntitiesDescriptor").Replace(good), saml.MetadataNoIdP},
		"an IdP in an extension": {strings.NewReplacer("<md:IDPSSODescriptor", "<md:Extensions><md:IDPSSODescriptor",
			"</md:IDPSSODescriptor>", "</md:IDPSSODescriptor></md:Extensions>").Replace(good), saml.MetadataNoIdP},
		"an entity in an extension": {`<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"><md:Extensions>` + good + `</md:Extensions></md:EntitiesDescriptor>`, saml.MetadataNoIdP},
		"an odd end":                {idpMetadata(t, `entityID=`, `validUntil="soon" entityID=`), saml.MetadataXML},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := saml.ParseIdPMetadata([]byte(tc.doc))
			bad, ok := errors.AsType[*saml.MetadataError](err)
			if !ok || bad.Code != tc.code {
				t.Errorf("ParseIdPMetadata() = %v, %v, want %s", m, err, tc.code)
			}
			if strings.Contains(fmt.Sprint(err), "MII") {
				t.Errorf("the error repeats what was pasted: %v", err)
			}
		})
	}
}

// What ends first ends all that it holds or is held by.
func TestTheEarliestValidUntilCounts(t *testing.T) {
	t.Parallel()
	const early, late = "2027-01-01T00:00:00Z", "2028-01-01T00:00:00Z"
	for _, ends := range [][3]string{{early, late, late}, {late, early, late}, {late, late, early}, {"", early, late}, {early, late, ""}} {
		attr := func(i int) string {
			if ends[i] == "" {
				return " "
			}
			return ` validUntil="` + ends[i] + `" `
		}
		doc := strings.NewReplacer("<md:EntityDescriptor ", "<md:EntityDescriptor"+attr(1), "<md:IDPSSODescriptor ", "<md:IDPSSODescriptor"+attr(2)).
			Replace(idpMetadata(t, "", ""))
		m, err := saml.ParseIdPMetadata([]byte(`<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"` + attr(0) + ">" + doc + "</md:EntitiesDescriptor>"))
		if err != nil {
			t.Fatal(err)
		}
		if m.ValidUntil.Year() != 2027 {
			t.Errorf("%q: valid until %v", ends, m.ValidUntil)
		}
	}
}

// A key that we cannot use stands in nobody's way, unless it is the only one.
func TestUnusableCertificatesArePassedOver(t *testing.T) {
	t.Parallel()
	good := idpMetadata(t, "", "")
	keyDescriptor := good[strings.Index(good, "<md:KeyDescriptor"):strings.Index(good, "<md:NameIDFormat")]
	certificate := base64.StdEncoding.EncodeToString(samltest.New(t).Certificate())
	for name, tc := range map[string]struct{ certificate, reason string }{
		"on a curve of Brainpool": {withKey(brainpool), "elliptic curve"},
		"of DSA":                  {withKey(dsaKey), "dsa"},
		"damaged":                 {certificate[:len(certificate)-8], ""},
		"not base64":              {"*", "base64"},
	} {
		unusable := strings.Replace(keyDescriptor, certificate, tc.certificate, 1)
		for _, doc := range []string{strings.Replace(good, keyDescriptor, unusable+keyDescriptor, 1), strings.Replace(good, keyDescriptor, keyDescriptor+unusable, 1)} {
			m, err := saml.ParseIdPMetadata([]byte(doc))
			if err != nil || len(m.Keys) != 1 || m.Keys[0].Subject != "CN=idp.example" {
				t.Errorf("a certificate %s: ParseIdPMetadata() = %+v, %v", name, m, err)
			}
		}
		_, err := saml.ParseIdPMetadata([]byte(strings.Replace(good, keyDescriptor, unusable, 1)))
		if bad, ok := errors.AsType[*saml.MetadataError](err); !ok || bad.Code != saml.MetadataBadKey || !strings.Contains(bad.Detail, tc.reason) {
			t.Errorf("a certificate %s alone: %v, want %s naming %q", name, err, saml.MetadataBadKey, tc.reason)
		}
	}
}

// The algorithms of keys: OIDs and parameters.
var (
	brainpool = slices.Concat(tlv(0x06, "\x2a\x86\x48\xce\x3d\x02\x01"), tlv(0x06, "\x2b\x24\x03\x03\x02\x08\x01\x01\x07"))
	dsaKey    = slices.Concat(tlv(0x06, "\x2a\x86\x48\xce\x38\x04\x01"), tlv(0x30, "\x02\x01\x07\x02\x01\x03\x02\x01\x02"))
)

// tlv returns a short DER value.
func tlv(tag byte, content string) []byte {
	return append([]byte{tag, byte(len(content))}, content...)
}

// withKey returns a certificate, in base64, that is nothing but a key of this
// algorithm.
func withKey(algorithm []byte) string {
	const serial, name = "\x02\x01\x01", "\x30\x00"
	key := tlv(0x30, string(tlv(0x30, string(algorithm)))+string(tlv(0x03, "\x00\x02\x01\x05")))
	return base64.StdEncoding.EncodeToString(tlv(0x30, string(tlv(0x30, serial+strings.Repeat(name, 4)+string(key)))))
}

func TestParseIdPMetadataRefusesManyKeys(t *testing.T) {
	t.Parallel()
	build := func(n int) string {
		var descriptors strings.Builder
		for range n {
			key, err := samltest.NewIdP("x", "x", ecKey(t))
			if err != nil {
				t.Fatal(err)
			}
			doc, err := key.Metadata()
			if err != nil {
				t.Fatal(err)
			}
			text := string(doc)
			descriptors.WriteString(text[strings.Index(text, "<md:KeyDescriptor"):strings.Index(text, "<md:NameIDFormat")])
		}
		return idpMetadata(t, "<md:NameIDFormat>", descriptors.String()+"<md:NameIDFormat>")
	}
	if _, err := saml.ParseIdPMetadata([]byte(build(saml.MaxKeys - 1))); err != nil {
		t.Errorf("twin: %v", err)
	}
	_, err := saml.ParseIdPMetadata([]byte(build(saml.MaxKeys)))
	if bad, ok := errors.AsType[*saml.MetadataError](err); !ok || bad.Code != saml.MetadataTooManyKeys {
		t.Errorf("got %v, want %s", err, saml.MetadataTooManyKeys)
	}
}

func TestSignOn(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		sso  []saml.Endpoint
		want string
		code string
	}{
		"redirect first":     {[]saml.Endpoint{{Binding: saml.BindingPost, Location: "https://a"}, {Binding: saml.BindingRedirect, Location: "https://b"}}, "https://b", ""},
		"post alone":         {[]saml.Endpoint{{Binding: saml.BindingPost, Location: "https://a"}}, "https://a", ""},
		"http passed over":   {[]saml.Endpoint{{Binding: saml.BindingRedirect, Location: "http://b"}, {Binding: saml.BindingPost, Location: "https://a"}}, "https://a", ""},
		"http on loopback":   {[]saml.Endpoint{{Binding: saml.BindingRedirect, Location: "http://127.0.0.1:80/"}}, "http://127.0.0.1:80/", ""},
		"http alone":         {[]saml.Endpoint{{Binding: saml.BindingRedirect, Location: "http://b"}}, "", saml.MetadataLocation},
		"a script":           {[]saml.Endpoint{{Binding: saml.BindingPost, Location: "javascript:x"}}, "", saml.MetadataLocation},
		"other bindings":     {[]saml.Endpoint{{Binding: "urn:x", Location: "https://a"}}, "", saml.MetadataNoSSO},
		"no endpoint at all": {nil, "", saml.MetadataNoSSO},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := (&saml.IdPMetadata{SSO: tc.sso}).SignOn()
			code := ""
			if bad, ok := errors.AsType[*saml.MetadataError](err); ok {
				code = bad.Code
			}
			if got.Location != tc.want || code != tc.code {
				t.Errorf("SignOn() = %v, %v, want %s, %s", got, err, tc.want, tc.code)
			}
		})
	}
}

func TestSPMetadata(t *testing.T) {
	t.Parallel()
	m := saml.SPMetadata{
		EntityID: "https://sso.example/saml/acme", ACS: []string{"https://sso.example/saml/acme/acs", "https://sso.example/saml/acs"},
		SLO: []saml.Endpoint{
			{Binding: saml.BindingRedirect, Location: "https://sso.example/saml/acme/slo"},
			{Binding: saml.BindingPost, Location: "https://sso.example/saml/acme/slo", ResponseLocation: "https://sso.example/saml/acme/slo/done"},
		},
		SigningCertificates: [][]byte{{1, 2, 3}}, WantAssertionsSigned: true, AuthnRequestsSigned: true,
		NameIDFormats: []string{saml.FormatPersistent},
	}
	got, err := m.XML()
	if err != nil {
		t.Fatal(err)
	}
	want := `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://sso.example/saml/acme">` +
		`<md:SPSSODescriptor AuthnRequestsSigned="true" WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` +
		`<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>AQID</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>` +
		`<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://sso.example/saml/acme/slo"/>` +
		`<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sso.example/saml/acme/slo" ResponseLocation="https://sso.example/saml/acme/slo/done"/>` +
		`<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>` +
		`<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sso.example/saml/acme/acs" index="0" isDefault="true"/>` +
		`<md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sso.example/saml/acs" index="1" isDefault="false"/>` +
		`</md:SPSSODescriptor></md:EntityDescriptor>`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if _, err := xmltree.Parse(got, xmltree.Metadata); err != nil {
		t.Error(err)
	}
}
