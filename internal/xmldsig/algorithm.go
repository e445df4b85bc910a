package xmldsig

import "crypto"

// Namespaces of XML signatures.
const (
	Namespace             = "http://www.w3.org/2000/09/xmldsig#"
	ExclusiveC14NSpace    = "http://www.w3.org/2001/10/xml-exc-c14n#"
	EnvelopedSignatureURI = Namespace + "enveloped-signature"
)

// Canonicalisation algorithms. The forms with comments are taken for those
// without: no message that could hold a comment is read.
const (
	C14N10                    = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
	C14N10WithComments        = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"
	C14N11                    = "http://www.w3.org/2006/12/xml-c14n11"
	C14N11WithComments        = "http://www.w3.org/2006/12/xml-c14n11#WithComments"
	ExclusiveC14N             = "http://www.w3.org/2001/10/xml-exc-c14n#"
	ExclusiveC14NWithComments = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"
)

// Digest algorithms.
const (
	SHA1   = "http://www.w3.org/2000/09/xmldsig#sha1"
	SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
	SHA384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"
	SHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"
)

// Signature algorithms.
const (
	RSASHA1     = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
	RSASHA256   = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	RSASHA384   = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"
	RSASHA512   = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
	PSSSHA256   = "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"
	PSSSHA384   = "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1"
	PSSSHA512   = "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1"
	ECDSASHA1   = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1"
	ECDSASHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
	ECDSASHA384 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
	ECDSASHA512 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"
)

// Legacy switches on what is too weak for a new connection and still in use
// at old ones. The zero value allows nothing.
type Legacy struct {
	SHA1    bool // SHA-1 in digests and signatures
	RSA1024 bool // RSA keys from 1024 bits on
}

// padding is how an RSA signature is padded.
type padding uint8

const (
	pkcs1 padding = iota
	pss
)

// method is a signature algorithm.
type method struct {
	uri     string
	kind    Kind
	hash    crypto.Hash
	padding padding
}

var methods = [...]method{
	{uri: RSASHA256, kind: RSA, hash: crypto.SHA256},
	{uri: RSASHA384, kind: RSA, hash: crypto.SHA384},
	{uri: RSASHA512, kind: RSA, hash: crypto.SHA512},
	{uri: PSSSHA256, kind: RSA, hash: crypto.SHA256, padding: pss},
	{uri: PSSSHA384, kind: RSA, hash: crypto.SHA384, padding: pss},
	{uri: PSSSHA512, kind: RSA, hash: crypto.SHA512, padding: pss},
	{uri: ECDSASHA256, kind: ECDSA, hash: crypto.SHA256},
	{uri: ECDSASHA384, kind: ECDSA, hash: crypto.SHA384},
	{uri: ECDSASHA512, kind: ECDSA, hash: crypto.SHA512},
	{uri: RSASHA1, kind: RSA, hash: crypto.SHA1},
	{uri: ECDSASHA1, kind: ECDSA, hash: crypto.SHA1},
}

// The hashes are linked by crypto/x509.

// methodOf returns the signature algorithm of a URI, nil if it is not allowed.
func methodOf(uri string, legacy Legacy) *method {
	for i := range methods {
		if methods[i].uri == uri && allowed(methods[i].hash, legacy) {
			return &methods[i]
		}
	}
	return nil
}

// digestOf returns the digest algorithm of a URI, 0 if it is not allowed.
func digestOf(uri string, legacy Legacy) crypto.Hash {
	var h crypto.Hash
	switch uri {
	case SHA256:
		h = crypto.SHA256
	case SHA384:
		h = crypto.SHA384
	case SHA512:
		h = crypto.SHA512
	case SHA1:
		h = crypto.SHA1
	}
	if !allowed(h, legacy) {
		return 0
	}
	return h
}

func allowed(h crypto.Hash, legacy Legacy) bool { return h != crypto.SHA1 || legacy.SHA1 }
