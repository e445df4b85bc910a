package saml_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// FuzzParseIdPMetadata finds that metadata takes memory by its length and is
// either refused with a code, or gives an entity ID and keys whose certificates
// stand in it, and gives the same once it is written canonically.
func FuzzParseIdPMetadata(f *testing.F) {
	doc, err := samltest.New(f).Metadata()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(doc)
	f.Add([]byte("<html>"))
	f.Add(inUTF16(string(doc), binary.LittleEndian))
	f.Add(append([]byte("\xfe\xff"), inUTF16(declared("UTF-16")+string(doc), binary.BigEndian)...))
	f.Add(append([]byte(declared("ISO-8859-1")+"<!--\xfc-->"), doc...))
	files, err := filepath.Glob("../../testdata/vectors/responses/*/*/*/metadata.xml")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		var m *saml.IdPMetadata
		var err error
		if got, limit := allocated(func() { m, err = saml.ParseIdPMetadata(src) }), 256*uint64(len(src))+1<<20; got > limit {
			t.Fatalf("%d octets of memory for %d octets of input, want at most %d", got, len(src), limit)
		}
		if err == nil {
			checkMetadata(t, src, m)
			_, err = m.SignOn()
		}
		if bad, ok := errors.AsType[*saml.MetadataError](err); err != nil && (!ok || bad.Code == "") {
			t.Fatalf("error %T without a code: %v", err, err)
		}
	})
}

func checkMetadata(t *testing.T, src []byte, m *saml.IdPMetadata) {
	t.Helper()
	if m.EntityID == "" || len(m.Keys) == 0 || len(m.Keys) > saml.MaxKeys {
		t.Fatalf("accepted %+v", m)
	}
	text, err := saml.Text(src)
	if err != nil || !utf8.Valid(text) {
		t.Fatalf("accepted what is no text: %v", err)
	}
	doc, err := xmltree.Parse(bytes.TrimLeft(text, " \t\r\n\ufeff"), xmltree.Metadata)
	if err != nil {
		t.Fatal(err)
	}
	var there []string
	for e := range doc.Root().Descendants() {
		if text, ok := e.Leaf(); ok && e.Is(xmldsig.Namespace, "X509Certificate") {
			there = append(there, strings.Join(strings.Fields(text), ""))
		}
	}
	for _, k := range m.Keys {
		if text := base64.StdEncoding.EncodeToString(k.Certificate); !slices.Contains(there, text) && !loosely(there, k.Certificate) {
			t.Fatalf("a key of the certificate %s, which is not there", text)
		}
	}
	var canonical bytes.Buffer
	if err := xmldsig.Canonicalize(&canonical, doc.Root(), xmldsig.C14N{Algorithm: xmldsig.C14N10}); err != nil {
		t.Fatal(err)
	}
	again, err := saml.ParseIdPMetadata(canonical.Bytes())
	if err != nil {
		if _, err := xmltree.Parse(canonical.Bytes(), xmltree.Metadata); err != nil {
			return // escapes and repeated declarations can be longer than the limits
		}
		t.Fatalf("accepted, canonically refused: %v", err)
	}
	if diff := cmp.Diff(m, again, cmpopts.IgnoreUnexported(saml.IdPMetadata{}), cmp.Comparer(func(a, b xmldsig.Key) bool {
		return a.Fingerprint() == b.Fingerprint()
	})); diff != "" {
		t.Fatalf("canonically it says something else:\n%s", diff)
	}
}

// loosely reports whether a certificate is among texts whose last bits are loose.
func loosely(texts []string, der []byte) bool {
	return slices.ContainsFunc(texts, func(text string) bool {
		got, err := base64.StdEncoding.DecodeString(text)
		return err == nil && bytes.Equal(got, der)
	})
}

// What package encoding/xml reads of our own metadata.
type readSPMetadata struct {
	XMLName  xml.Name `xml:"urn:oasis:names:tc:SAML:2.0:metadata EntityDescriptor"`
	EntityID string   `xml:"entityID,attr"`
	SP       struct {
		DisplayName string `xml:"Extensions>UIInfo>DisplayName"`
		Keys        []struct {
			Use         string `xml:"use,attr"`
			Certificate string `xml:"KeyInfo>X509Data>X509Certificate"`
		} `xml:"KeyDescriptor"`
		SLO []struct {
			Binding          string `xml:"Binding,attr"`
			Location         string `xml:"Location,attr"`
			ResponseLocation string `xml:"ResponseLocation,attr"`
		} `xml:"SingleLogoutService"`
		NameIDFormats []string `xml:"NameIDFormat"`
		ACS           []struct {
			Location string `xml:"Location,attr"`
			Index    string `xml:"index,attr"`
		} `xml:"AssertionConsumerService"`
		Attributes []struct {
			Name         string `xml:"Name,attr"`
			FriendlyName string `xml:"FriendlyName,attr"`
			Required     string `xml:"isRequired,attr"`
		} `xml:"AttributeConsumingService>RequestedAttribute"`
	} `xml:"SPSSODescriptor"`
	Organization string `xml:"Organization>OrganizationName"`
}

// FuzzSPMetadata finds that whatever our settings hold, our metadata is either
// refused, for characters that XML has no place for or for its length, or gives
// another reader exactly these settings back, in one document that we read too.
func FuzzSPMetadata(f *testing.F) {
	f.Add("https://sso.example/saml/acme", "https://sso.example/acs", "https://sso.example/slo?a=b&c=d", "Acme \"&\" <Söhne>", "mail", []byte("der"))
	f.Add("urn:x", " a\tb\r\n", "]]>", "\u2028", "", []byte{0xff, 0})
	f.Add("<!--", "-->", "&#0;", "\x00", "\xff", []byte(nil))
	f.Fuzz(func(t *testing.T, entityID, acs, slo, name, attribute string, der []byte) {
		m := saml.SPMetadata{
			EntityID: entityID, ACS: []string{acs, slo}, SLO: []saml.Endpoint{{Binding: saml.BindingPost, Location: slo, ResponseLocation: acs}},
			SigningCertificates: [][]byte{der}, EncryptionCertificates: [][]byte{der}, NameIDFormats: []string{name},
			DisplayName: name, Organization: saml.Organization{Name: name, DisplayName: name, URL: acs},
			Attributes: []saml.RequestedAttribute{{Name: attribute, FriendlyName: name, Required: true}},
		}
		doc, err := m.XML()
		if err != nil {
			texts := strings.Join([]string{entityID, acs, slo, name, attribute}, " ")
			if utf8.ValidString(texts) && !strings.ContainsFunc(texts, notInXML) && len(texts)+len(der) < 32<<10 {
				t.Fatalf("refused %+v: %v", m, err)
			}
			return
		}
		var r readSPMetadata
		if err := xml.Unmarshal(doc, &r); err != nil {
			t.Fatalf("%s: %v", doc, err)
		}
		text := base64.StdEncoding.EncodeToString(der)
		want := fmt.Sprintf("%q", []string{entityID, name, "signing", text, "encryption", text, slo, acs, name, acs, slo, attribute, name, organization(name, acs)})
		got := []string{r.EntityID, r.SP.DisplayName}
		for _, k := range r.SP.Keys {
			got = append(got, k.Use, k.Certificate)
		}
		for _, e := range r.SP.SLO {
			got = append(got, e.Location, e.ResponseLocation)
		}
		got = append(got, r.SP.NameIDFormats...)
		for _, e := range r.SP.ACS {
			got = append(got, e.Location)
		}
		for _, a := range r.SP.Attributes {
			got = append(got, a.Name, a.FriendlyName)
		}
		if got := fmt.Sprintf("%q", append(got, r.Organization)); got != want {
			t.Fatalf("read %s\nwant %s\nfrom %s", got, want, doc)
		}
		if _, err := xmltree.Parse(doc, xmltree.Metadata); err != nil {
			t.Fatal(err)
		}
	})
}

// organization is what is written of an organization's name, which needs an
// address.
func organization(name, url string) string {
	if name == "" || url == "" {
		return ""
	}
	return name
}

// notInXML reports whether no document may hold a character. [XML 2.2]
func notInXML(r rune) bool {
	return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF
}
