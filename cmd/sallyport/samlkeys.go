package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/xmldsig"
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

// checkPrivateKey reports whether a file holds a private key that can be used.
func checkPrivateKey(name string) error {
	content, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("reading private key: %w", err)
	}
	for _, block := range pemBlocks(content) {
		if !isPrivate(block) {
			continue
		}
		if _, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
			return nil
		}
		if _, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
			return nil
		}
	}
	// What is in the file is nobody's business, not even damaged.
	return fmt.Errorf("reading private key: %s holds none in PEM form", name)
}
