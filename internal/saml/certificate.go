package saml

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"strings"
)

// MetadataNoCertificate is the code of what is no certificate where one was
// wanted.
const MetadataNoCertificate = "metadata.no_certificate"

// ParseCertificate reads the signing certificate of an identity provider as its
// administrator has it: PEM, base64 without a header, or DER. Certificates are
// given one by one: behind the first of a file stand those of authorities,
// whose keys sign nothing for us. The error is always a [*MetadataError].
func ParseCertificate(src []byte) (MetadataKey, error) {
	src, err := Text(src)
	if err != nil {
		return MetadataKey{}, err
	}
	text := bytes.TrimSpace(bytes.TrimPrefix(src, []byte("\xef\xbb\xbf")))
	none := func(detail string) error {
		return &MetadataError{Code: MetadataNoCertificate, Detail: detail}
	}
	der := src
	switch {
	case len(text) == 0:
		return MetadataKey{}, &MetadataError{Code: MetadataEmpty}
	case bytes.Contains(text, []byte("PRIVATE KEY-----")):
		return MetadataKey{}, &MetadataError{Code: MetadataPrivateKey, Detail: "this is a private key; it stays with its owner"}
	case looksLikeXML(text):
		return MetadataKey{}, none("this is XML; the certificate alone is wanted")
	case bytes.Contains(text, []byte("-----BEGIN ")):
		block, rest := pem.Decode(text)
		if block == nil || block.Type != "CERTIFICATE" {
			return MetadataKey{}, none("this is no certificate in PEM")
		}
		if next, _ := pem.Decode(rest); next != nil {
			return MetadataKey{}, none("these are several certificates; one at a time is wanted")
		}
		der = block.Bytes
	default:
		if packed, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(string(text)), "")); err == nil {
			der = packed
		}
	}
	if isPrivateKey(der) {
		return MetadataKey{}, &MetadataError{Code: MetadataPrivateKey, Detail: "there is a private key in this; it stays with its owner"}
	}
	key, err := NewMetadataKey(der)
	if err != nil {
		return MetadataKey{}, none("this is no certificate with a key that is good for signatures: " + err.Error())
	}
	return key, nil
}
