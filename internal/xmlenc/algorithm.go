package xmlenc

import (
	"crypto"
	"crypto/aes"

	"github.com/sallyport/sallyport/internal/xmldsig"
)

// Namespaces of XML encryption.
const (
	Namespace   = "http://www.w3.org/2001/04/xmlenc#"
	Namespace11 = "http://www.w3.org/2009/xmlenc11#"
)

// Types of xenc:EncryptedData. SAML knows the first only. [SAMLCore 2.3.4]
const (
	TypeElement = Namespace + "Element"
	TypeContent = Namespace + "Content"
)

// typeKey is the Type of what a ds:RetrievalMethod retrieves.
const typeKey = Namespace + "EncryptedKey"

// Algorithms that encrypt the content. [xmlenc-core1 5.2]
const (
	AES128GCM    = "http://www.w3.org/2009/xmlenc11#aes128-gcm"
	AES192GCM    = "http://www.w3.org/2009/xmlenc11#aes192-gcm"
	AES256GCM    = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
	AES128CBC    = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
	AES192CBC    = "http://www.w3.org/2001/04/xmlenc#aes192-cbc"
	AES256CBC    = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
	TripleDESCBC = "http://www.w3.org/2001/04/xmlenc#tripledes-cbc" // by Policy.TripleDES only
)

// Algorithms that encrypt the key. [xmlenc-core1 5.5]
const (
	RSAOAEP      = "http://www.w3.org/2009/xmlenc11#rsa-oaep"
	RSAOAEPMGF1P = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p" // the mask is MGF1 with SHA-1 whatever the digest
	RSA15        = "http://www.w3.org/2001/04/xmlenc#rsa-1_5"        // by Policy.RSA15 only
)

// Digests of RSA-OAEP. [xmlenc-core1 5.8]
const (
	SHA1   = xmldsig.SHA1
	SHA256 = xmldsig.SHA256
	SHA384 = "http://www.w3.org/2001/04/xmlenc#sha384"
	SHA512 = xmldsig.SHA512
)

// Masks of RSAOAEP. [xmlenc-core1 5.5.2]
const (
	MGF1SHA1   = "http://www.w3.org/2009/xmlenc11#mgf1sha1"
	MGF1SHA224 = "http://www.w3.org/2009/xmlenc11#mgf1sha224"
	MGF1SHA256 = "http://www.w3.org/2009/xmlenc11#mgf1sha256"
	MGF1SHA384 = "http://www.w3.org/2009/xmlenc11#mgf1sha384"
	MGF1SHA512 = "http://www.w3.org/2009/xmlenc11#mgf1sha512"
)

// mode is how a block cipher is used.
type mode uint8

const (
	gcm mode = iota
	cbc
)

// content is an algorithm that encrypts the content.
type content struct {
	uri     string
	keySize int // in octets
	block   int // of the cipher, in octets
	mode    mode
}

var contents = [...]content{
	{AES128GCM, 16, aes.BlockSize, gcm},
	{AES192GCM, 24, aes.BlockSize, gcm},
	{AES256GCM, 32, aes.BlockSize, gcm},
	{AES128CBC, 16, aes.BlockSize, cbc},
	{AES192CBC, 24, aes.BlockSize, cbc},
	{AES256CBC, 32, aes.BlockSize, cbc},
	{TripleDESCBC, 24, blockDES, cbc},
}

// contentOf returns the algorithm of a URI, nil if it is not allowed.
func contentOf(uri string, policy Policy) *content {
	for i := range contents {
		if contents[i].uri == uri && (uri != TripleDESCBC || policy.TripleDES) {
			return &contents[i]
		}
	}
	return nil
}

// isTransport reports whether an algorithm that encrypts the key is allowed.
func isTransport(uri string, policy Policy) bool {
	switch uri {
	case RSAOAEP, RSAOAEPMGF1P:
		return true
	case RSA15:
		return policy.RSA15
	}
	return false
}

// The hashes are linked by crypto/x509.

// digestOf returns the hash of a URI, 0 for an unknown one.
func digestOf(uri string) crypto.Hash {
	switch uri {
	case SHA1:
		return crypto.SHA1
	case SHA256:
		return crypto.SHA256
	case SHA384, xmldsig.SHA384: // two standards, two names
		return crypto.SHA384
	case SHA512:
		return crypto.SHA512
	}
	return 0
}

// maskOf returns the hash of a mask, 0 for an unknown one.
func maskOf(uri string) crypto.Hash {
	switch uri {
	case MGF1SHA1:
		return crypto.SHA1
	case MGF1SHA224:
		return crypto.SHA224
	case MGF1SHA256:
		return crypto.SHA256
	case MGF1SHA384:
		return crypto.SHA384
	case MGF1SHA512:
		return crypto.SHA512
	}
	return 0
}
