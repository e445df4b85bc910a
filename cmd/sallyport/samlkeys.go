package main

import (
	"encoding/pem"
	"fmt"
	"os"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmlenc"
)

// readCertificates returns the keys of the certificates in a file.
func readCertificates(name string) ([]xmldsig.Key, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading certificate: %w", err)
	}
	blocks := pemBlocks(content)
	if anyPrivate(blocks) {
		return nil, fmt.Errorf("reading certificate: %s holds a private key", name)
	}
	if len(blocks) == 0 {
		blocks = []*pem.Block{{Type: "CERTIFICATE", Bytes: content}}
	}
	var keys []xmldsig.Key
	for _, block := range blocks {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("reading certificate: %s holds a %s", name, block.Type)
		}
		k, err := saml.NewMetadataKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		keys = append(keys, k.Key)
	}
	return keys, nil
}

// readPrivateKey returns the first private key in a file. What else is in the
// file is nobody's business, not even damaged.
func readPrivateKey(name string) (xmlenc.Key, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return xmlenc.Key{}, fmt.Errorf("reading private key: %w", err)
	}
	key, err := xmlenc.KeyFromPEM(content)
	if err != nil {
		return xmlenc.Key{}, fmt.Errorf("reading private key %s: %w", name, err)
	}
	return key, nil
}
