package saml_test

import (
	"bytes"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// inUTF16 returns a text in UTF-16, its octets in this order, without a mark.
func inUTF16(text string, order binary.AppendByteOrder) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		out = order.AppendUint16(out, unit)
	}
	return out
}

// declared returns an XML declaration that names an encoding.
func declared(encoding string) string { return `<?xml version="1.0" encoding="` + encoding + `"?>` }

// What Windows and old tools make of metadata is read as what it was; what cannot
// be known is refused, and so is what is damaged by one octet.
func TestMetadataInOtherEncodings(t *testing.T) {
	t.Parallel()
	const organization = `<md:Organization><md:OrganizationName xml:lang="de">Müller 🚪</md:OrganizationName></md:Organization></md:EntityDescriptor>`
	doc := idpMetadata(t, `</md:EntityDescriptor>`, organization)
	western := strings.NewReplacer("ü", "\xfc", " 🚪", "").Replace(doc)
	little, big := binary.LittleEndian, binary.BigEndian
	half := inUTF16(strings.Replace(doc, "🚪", "!", 1), little)
	unpaired := bytes.Replace(half, []byte("!\x00"), []byte("\x3d\xd8"), 1)
	for name, tc := range map[string]struct {
		brought string
		code    string
	}{
		"UTF-8 with a mark":                       {"\ufeff" + declared("utf-8") + doc, ""},
		"UTF-16 little-endian with a mark":        {"\xff\xfe" + string(inUTF16(declared("UTF-16")+doc, little)), ""},
		"UTF-16 that says UTF-8, by PowerShell":   {"\xff\xfe" + string(inUTF16(declared("utf-8")+doc+"\r\n", little)), ""},
		"UTF-16 big-endian with a mark":           {"\xfe\xff" + string(inUTF16(declared("UTF-16")+doc, big)), ""},
		"UTF-16 little-endian without a mark":     {string(inUTF16(declared("UTF-16")+doc, little)), ""},
		"UTF-16 big-endian without a mark":        {string(inUTF16(declared("UTF-16BE")+doc, big)), ""},
		"UTF-16 without mark or declaration":      {string(inUTF16(doc, little)), ""},
		"UTF-8 that says UTF-16, as it is pasted": {declared("utf-16") + doc, ""},
		"UTF-8 that says ISO-8859-1":              {"\r\n" + declared("ISO-8859-1") + doc, ""},
		"ISO-8859-1":                              {declared("ISO-8859-1") + western, ""},
		"Windows-1252":                            {"\n" + declared("windows-1252") + western, ""},

		"an octet more":            {string(inUTF16(doc, little)) + "\x00", saml.MetadataEncoding},
		"half a pair":              {string(unpaired), saml.MetadataEncoding},
		"no half a pair":           {string(half), ""},
		"UTF-32":                   {"\xff\xfe\x00\x00<\x00\x00\x00", saml.MetadataEncoding},
		"UTF-32 big-endian":        {"\x00\x00\xfe\xff\x00\x00\x00<", saml.MetadataEncoding},
		"an encoding we lack":      {declared("Shift_JIS") + western, saml.MetadataEncoding},
		"no encoding named":        {western, saml.MetadataXML},
		"not the UTF-8 it says":    {declared("UTF-8") + western, saml.MetadataXML},
		"an entity in UTF-16":      {"\xff\xfe" + string(inUTF16(`<!DOCTYPE md [<!ENTITY x "y">]>`+doc, little)), saml.MetadataXML},
		"a private key in UTF-16":  {"\xff\xfe" + string(inUTF16("-----BEGIN PRIVATE KEY-----\nMII", little)), saml.MetadataPrivateKey},
		"a web page in UTF-16":     {"\xfe\xff" + string(inUTF16("<!DOCTYPE html><html>", big)), saml.MetadataHTML},
		"half of it in UTF-16":     {"\xff\xfe" + string(inUTF16(doc[:900], little)), saml.MetadataCut},
		"two encodings, one named": {declared("UTF-16") + "\xff\xfe" + doc, saml.MetadataEncoding},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := saml.ParseIdPMetadata([]byte(tc.brought))
			if bad, ok := errors.AsType[*saml.MetadataError](err); tc.code != "" && (!ok || bad.Code != tc.code) {
				t.Errorf("got %+v, %v, want %s", m, err, tc.code)
			}
			if tc.code == "" && (err != nil || m.EntityID != samltest.New(t).EntityID || len(m.Keys) != 1) {
				t.Errorf("got %+v, %v", m, err)
			}
		})
	}
}

// The limits are those of the text, whatever it is written in.
func TestTextIsBounded(t *testing.T) {
	t.Parallel()
	doc := idpMetadata(t, "", "")
	fill := func(n int) string { return doc + strings.Repeat("\n", n-len(doc)) }
	most := fill(xmltree.MaxMetadataBytes)
	for name, tc := range map[string]struct {
		brought []byte
		code    string
	}{
		"as much as there may be": {[]byte(most), ""},
		"as much in UTF-16":       {inUTF16(most, binary.LittleEndian), ""},
		"an octet more":           {[]byte(most + "\n"), saml.MetadataSize},
		"as much more in UTF-16":  {inUTF16(most+"\n", binary.LittleEndian), saml.MetadataSize},
		"the end of a character":  {inUTF16("<a>"+strings.Repeat("語", xmltree.MaxMetadataBytes/3), binary.LittleEndian), saml.MetadataSize},
		"within a character":      {inUTF16("<ab>"+strings.Repeat("語", xmltree.MaxMetadataBytes/3), binary.LittleEndian), saml.MetadataSize},
		"within one, further on":  {inUTF16("<abc>"+strings.Repeat("語", xmltree.MaxMetadataBytes/3), binary.LittleEndian), saml.MetadataSize},
	} {
		_, err := saml.ParseIdPMetadata(tc.brought)
		if bad, ok := errors.AsType[*saml.MetadataError](err); (err != nil) != (tc.code != "") || ok && bad.Code != tc.code {
			t.Errorf("%s: got %v, want %q", name, err, tc.code)
		}
	}
}

// A certificate that PowerShell has written is read as well.
func TestCertificateInUTF16(t *testing.T) {
	t.Parallel()
	der := samltest.New(t).Certificate()
	text := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	k, err := saml.ParseCertificate(append([]byte("\xff\xfe"), inUTF16(text, binary.LittleEndian)...))
	if err != nil || !bytes.Equal(k.Certificate, der) {
		t.Errorf("got %v", err)
	}
	_, err = saml.ParseCertificate(append([]byte("\xff\xfe"), inUTF16(strings.Replace(text, "CERTIFICATE", "PRIVATE KEY", 1), binary.LittleEndian)...))
	if bad, ok := errors.AsType[*saml.MetadataError](err); !ok || bad.Code != saml.MetadataPrivateKey {
		t.Errorf("a private key: %v", err)
	}
}
