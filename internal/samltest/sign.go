package samltest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"sync"

	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// sign puts a signature into the first element with this name, or into the
// root: one that is good once the document is written in its dialect.
func (r *Response) sign(doc, local string, how xmldsig.Signing) (string, error) {
	e, err := first(doc, local)
	if err != nil {
		return "", err
	}
	for child := range e.Children() {
		if r.Place.behind(child.Local()) {
			how.After = child
		}
	}
	if r.Dialect == Prefixed {
		signed, err := xmldsig.Sign(e, how)
		if err != nil {
			return "", fmt.Errorf("signing: %w", err)
		}
		return string(signed), nil
	}
	key := how.Key
	how.Key = blank{key.Public()}
	signed, err := xmldsig.Sign(e, how)
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	return r.fill(string(signed), local, how, key)
}

// fill gives the signature that is a child of the first element with this name
// its digest and its value.
func (r *Response) fill(doc, local string, how xmldsig.Signing, key crypto.Signer) (string, error) {
	e, err := first(doc, local)
	if err != nil {
		return "", err
	}
	written, err := first(r.Dialect.document(doc), local)
	if err != nil {
		return "", err
	}
	sum, err := digestOf(written, how)
	if err != nil {
		return "", err
	}
	head, rest := doc[:e.Offset()], doc[e.Offset():]
	signature, ok := child(rest, "ds:Signature")
	if !ok {
		return "", errors.New("signing: no signature")
	}
	doc = head + signature.with(find(signature.text, "ds:DigestValue").filled(base64.StdEncoding.EncodeToString(sum)))
	return r.seal(doc, e.Offset(), key)
}

// seal makes the value of the signature that is a child of the element at an
// offset: one that is good in the dialect.
func (r *Response) seal(doc string, offset int, key crypto.Signer) (string, error) {
	nth := 0 // of the elements
	for _, t := range tags(doc) {
		if t.start < offset && t.kind != endTag {
			nth++
		}
	}
	tree, err := xmltree.Parse([]byte(r.Dialect.document(doc)), xmltree.Metadata)
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	for e := range tree.Root().Descendants() {
		if nth--; nth >= 0 {
			continue
		}
		sealed, err := xmldsig.Seal(e, key)
		if err != nil {
			return "", fmt.Errorf("signing: %w", err)
		}
		again, err := xmltree.Parse(sealed, xmltree.Metadata)
		if err != nil {
			return "", fmt.Errorf("signing: %w", err)
		}
		value := valueOf(again, e.Offset())
		signature, ok := child(doc[offset:], "ds:Signature")
		if !ok {
			return "", errors.New("signing: no signature")
		}
		return doc[:offset] + signature.with(find(signature.text, "ds:SignatureValue").filled(value)), nil
	}
	return "", errors.New("signing: nothing at the offset")
}

// sealAnew is seal for the signature at an offset, with the key that signed it.
func (r *Response) sealAnew(doc string, signature int) string {
	var open []int
	for _, t := range tags(doc) {
		if t.start == signature {
			break
		}
		switch t.kind {
		case startTag:
			open = append(open, t.start)
		case endTag:
			open = open[:len(open)-1]
		}
	}
	key := r.ResponseSigning.Key
	if len(open) > 1 {
		key = r.AssertionSigning.Key
	}
	sealed, err := r.seal(doc, open[len(open)-1], key)
	if err != nil {
		panic(fmt.Sprintf("samltest: %v", err))
	}
	return sealed
}

// valueOf returns the SignatureValue of the element at an offset.
func valueOf(doc *xmltree.Document, offset int) string {
	for e := range doc.Root().Descendants() {
		if e.Offset() != offset {
			continue
		}
		for s := range e.Children() {
			for v := range s.Children() {
				if s.Is(nsSignature, "Signature") && v.Is(nsSignature, "SignatureValue") {
					text, _ := v.Leaf()
					return text
				}
			}
		}
	}
	return ""
}

// first returns the first child of the root of a document with this name, or
// for no name the root.
func first(doc, local string) (xmltree.Element, error) {
	tree, err := xmltree.Parse([]byte(doc), xmltree.Metadata)
	if err != nil {
		return xmltree.Element{}, fmt.Errorf("signing: %w", err)
	}
	if local == "" {
		return tree.Root(), nil
	}
	for e := range tree.Root().Children() {
		if e.Local() == local {
			return e, nil
		}
	}
	return xmltree.Element{}, errors.New("signing: no " + local)
}

// digestOf returns the digest of an element that has its signature already.
func digestOf(e xmltree.Element, how xmldsig.Signing) ([]byte, error) {
	c := xmldsig.C14N{Algorithm: xmldsig.C14N10}
	if len(how.Transforms) == 0 {
		c.Algorithm = xmldsig.ExclusiveC14N
	}
	for _, t := range how.Transforms {
		if t.Algorithm != xmldsig.EnvelopedSignatureURI {
			c = t
		}
	}
	for child := range e.Children() {
		if child.Is(nsSignature, "Signature") && c.Omit.IsZero() {
			c.Omit = child
		}
	}
	hashes := map[string]crypto.Hash{"": crypto.SHA256, xmldsig.SHA1: crypto.SHA1, xmldsig.SHA256: crypto.SHA256, xmldsig.SHA384: crypto.SHA384, xmldsig.SHA512: crypto.SHA512}
	sum := hashes[how.Digest].New()
	if err := xmldsig.Canonicalize(sum, e, c); err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return sum.Sum(nil), nil
}

// blank is a signer that has no private key and signs nothing: it holds the
// place of a value that is known later.
type blank struct{ public crypto.PublicKey }

// Public returns the public key.
func (b blank) Public() crypto.PublicKey { return b.public }

// Sign returns what has the length of a signature.
func (b blank) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	switch public := b.public.(type) {
	case *rsa.PublicKey:
		return bytes.Repeat([]byte{1}, public.Size()), nil
	case *ecdsa.PublicKey:
		return asn1.Marshal(struct{ R, S *big.Int }{big.NewInt(1), big.NewInt(1)})
	}
	return nil, errors.New("signing: no such key")
}

// ResealBy changes the text of the outermost signature, and then its
// SignatureValue to whatever sign makes of the canonical form of its SignedInfo.
func (r *Response) ResealBy(change func(signature string) string, sign func(octets []byte) []byte) {
	r.AfterSigning(func(doc string) string {
		p := outermost(doc)
		signature := change(p.text)
		octets, err := r.infoOctets(p.with(signature), len(p.before))
		if err != nil {
			panic(fmt.Sprintf("samltest: %v", err))
		}
		value := base64.StdEncoding.EncodeToString(sign(octets))
		return p.with(find(signature, "ds:SignatureValue").filled(value))
	})
}

// infoOctets returns the canonical form of the SignedInfo of the signature at an
// offset, as it is in the dialect.
func (r *Response) infoOctets(doc string, offset int) ([]byte, error) {
	nth := 0 // of the elements
	for _, t := range tags(doc) {
		if t.start < offset && t.kind != endTag {
			nth++
		}
	}
	tree, err := xmltree.Parse([]byte(r.Dialect.document(doc)), xmltree.Metadata)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	for e := range tree.Root().Descendants() {
		if nth--; nth >= 0 {
			continue
		}
		info := e.FirstChild()
		c := xmldsig.C14N{}
		c.Algorithm, _ = info.FirstChild().Attr("Algorithm")
		var octets bytes.Buffer
		if err := xmldsig.Canonicalize(&octets, info, c); err != nil {
			return nil, fmt.Errorf("signing: %w", err)
		}
		return octets.Bytes(), nil
	}
	return nil, errors.New("signing: no signature")
}

// A memory is a signer that makes no signature twice: those of PKCS #1 depend on
// nothing but what is signed, and tests sign the same a thousand times.
type memory struct {
	crypto.Signer
	made sync.Map // of hash and digest
}

// Sign signs a digest, or remembers that it has.
func (m *memory) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	hash, ok := opts.(crypto.Hash)
	if !ok {
		return m.Signer.Sign(random, digest, opts)
	}
	name := hash.String() + string(digest)
	if made, ok := m.made.Load(name); ok {
		if value, ok := made.([]byte); ok {
			return bytes.Clone(value), nil
		}
	}
	value, err := m.Signer.Sign(random, digest, opts)
	if err == nil {
		m.made.Store(name, value)
	}
	return value, err
}
