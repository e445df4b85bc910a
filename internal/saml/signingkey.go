package saml

import (
	"crypto"
	"crypto/ecdsa"
	"encoding/base64"
	"fmt"
	"net/url"

	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// A SigningKey is a key of ours with the certificate that we publish for it.
type SigningKey struct {
	Signer      crypto.Signer // RSA, or ECDSA on P-256, P-384 or P-521
	Certificate []byte        // DER
}

// signMessage puts an enveloped signature behind the Issuer of a message
// [SAMLCore 5.4].
func (k SigningKey) signMessage(message []byte) ([]byte, error) {
	doc, err := xmltree.Parse(message, xmltree.Message)
	if err != nil {
		return nil, fmt.Errorf("signing message: %w", err)
	}
	root := doc.Root()
	signed, err := xmldsig.Sign(root, xmldsig.Signing{
		Key: k.Signer, Certificate: k.Certificate, After: root.FirstChild(),
	})
	if err != nil {
		return nil, fmt.Errorf("signing message: %w", err)
	}
	return signed, nil
}

// signQuery adds SigAlg and Signature to a query, over its octets as they are
// [SAMLBind 3.4.4.1].
func (k SigningKey) signQuery(query string) (string, error) {
	method := xmldsig.RSASHA256
	if _, ok := k.Signer.Public().(*ecdsa.PublicKey); ok {
		method = xmldsig.ECDSASHA256
	}
	query += "&SigAlg=" + url.QueryEscape(method)
	value, err := xmldsig.SignOctets(method, []byte(query), k.Signer)
	if err != nil {
		return "", fmt.Errorf("signing query: %w", err)
	}
	return query + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(value)), nil
}
