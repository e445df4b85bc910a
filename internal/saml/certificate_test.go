package saml_test

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/samltest"
)

func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func TestParseCertificate(t *testing.T) {
	t.Parallel()
	der := samltest.New(t).Certificate()
	text := base64.StdEncoding.EncodeToString(der)
	for name, src := range map[string]string{
		"DER": string(der), "PEM": pemOf("CERTIFICATE", der), "base64": text, "base64 in lines": text[:64] + "\r\n " + text[64:],
		"PEM with words before it": "Bag Attributes\n" + pemOf("CERTIFICATE", der), "a byte order mark": "\xef\xbb\xbf" + pemOf("CERTIFICATE", der),
	} {
		key, err := saml.ParseCertificate([]byte(src))
		if err != nil || !bytes.Equal(key.Certificate, der) || key.Subject != "CN=idp.example" {
			t.Errorf("%s: ParseCertificate() = %v, %v", name, key.Subject, err)
		}
	}
	signer, err := samltest.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(signer)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ src, code string }{
		"nothing":                     {" \n", saml.MetadataEmpty},
		"a private key":               {pemOf("PRIVATE KEY", private), saml.MetadataPrivateKey},
		"a private key beside it":     {pemOf("CERTIFICATE", der) + pemOf("PRIVATE KEY", private), saml.MetadataPrivateKey},
		"a private key in base64":     {base64.StdEncoding.EncodeToString(private), saml.MetadataPrivateKey},
		"a chain":                     {pemOf("CERTIFICATE", der) + pemOf("CERTIFICATE", der), saml.MetadataNoCertificate},
		"a request for a certificate": {pemOf("CERTIFICATE REQUEST", der), saml.MetadataNoCertificate},
		"metadata":                    {idpMetadata(t, "entityID", "entityID"), saml.MetadataNoCertificate},
		"words":                       {"the certificate", saml.MetadataNoCertificate},
		"a damaged one":               {text[:len(text)-8], saml.MetadataNoCertificate},
	} {
		_, err := saml.ParseCertificate([]byte(tc.src))
		if bad, ok := errors.AsType[*saml.MetadataError](err); !ok || bad.Code != tc.code || strings.Contains(bad.Error(), base64.StdEncoding.EncodeToString(private)[:20]) {
			t.Errorf("%s: ParseCertificate() = %v, want %s", name, err, tc.code)
		}
	}
}

// FuzzParseCertificate finds that whatever is given is either refused with a
// code or the certificate of a key, which is read again from itself.
func FuzzParseCertificate(f *testing.F) {
	der := samltest.New(f).Certificate()
	f.Add(der)
	f.Add([]byte(pemOf("CERTIFICATE", der)))
	f.Add([]byte(base64.StdEncoding.EncodeToString(der)))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		key, err := saml.ParseCertificate(src)
		if err != nil {
			if bad, ok := errors.AsType[*saml.MetadataError](err); !ok || bad.Code == "" {
				t.Fatalf("error %T without a code: %v", err, err)
			}
			return
		}
		again, err := saml.ParseCertificate(key.Certificate)
		if err != nil || !slices.Equal(again.Certificate, key.Certificate) {
			t.Fatalf("accepted, and its DER is refused: %v", err)
		}
	})
}

// TestParseIdPMetadataOf chooses among those of an aggregate.
func TestParseIdPMetadataOf(t *testing.T) {
	t.Parallel()
	idp := samltest.New(t)
	good, other := idpMetadata(t, "entityID", "entityID"), idpMetadata(t, idp.EntityID, "https://other.example/metadata")
	both := []byte(`<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">` + good + other + `</md:EntitiesDescriptor>`)
	_, err := saml.ParseIdPMetadata(both)
	several, ok := errors.AsType[*saml.MetadataError](err)
	if !ok || several.Code != saml.MetadataSeveralIdPs || !slices.Equal(several.IdPs, []string{idp.EntityID, "https://other.example/metadata"}) {
		t.Fatalf("ParseIdPMetadata() = %v", err)
	}
	for _, want := range several.IdPs {
		if m, err := saml.ParseIdPMetadataOf(both, want); err != nil || m.EntityID != want {
			t.Errorf("ParseIdPMetadataOf(%s) = %v, %v", want, m, err)
		}
	}
	if _, err := saml.ParseIdPMetadataOf(both, "https://third.example"); !errors.As(err, &several) || several.Code != saml.MetadataNoIdP {
		t.Errorf("of one that is not there: %v", err)
	}
	twice := []byte(`<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">` + good + good + `</md:EntitiesDescriptor>`)
	if _, err := saml.ParseIdPMetadataOf(twice, idp.EntityID); !errors.As(err, &several) || several.Code != saml.MetadataSeveralIdPs {
		t.Errorf("of one that is there twice: %v", err)
	}
}
