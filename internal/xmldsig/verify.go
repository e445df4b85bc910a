package xmldsig

import (
	"crypto"
	"crypto/subtle"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// Verified is an element that was found to be signed by one of the keys of
// [Verify]. Nobody else can make one; the zero value holds no element.
type Verified struct {
	element   xmltree.Element
	signature xmltree.Element // of the element or of what it was found in: not signed itself
}

// Element returns the element that was signed. Its ds:Signature is part of it in
// the tree, yet was not signed.
func (v Verified) Element() xmltree.Element { return v.element }

// Descendant returns an element within v as verified too: who signed the whole
// signed its parts. The ds:Signature is no part of the whole.
func (v Verified) Descendant(e xmltree.Element) (Verified, bool) {
	if e.IsZero() || !v.element.Contains(e) || v.signature.Contains(e) {
		return Verified{}, false
	}
	return Verified{element: e, signature: v.signature}, true
}

// Decrypted returns the root of what stood encrypted within v as verified too:
// who signed the encrypted octets, and the encrypted key beside them, signed
// what they hold. doc must come from decrypting what stands below its
// [xmltree.Document.Place]; all of that place must lie within v, outside of its
// ds:Signature. A document that stood nowhere has no place, so nothing that came
// in another way can be slipped in here.
func (v Verified) Decrypted(doc *xmltree.Document) (Verified, bool) {
	if doc == nil || doc.Place().IsZero() {
		return Verified{}, false
	}
	if _, within := v.Descendant(doc.Place()); !within {
		return Verified{}, false
	}
	return Verified{element: doc.Root()}, true
}

// Verify checks the ds:Signature that is a direct child of e with every key that
// fits its algorithm. The signature must sign e itself and all of it. Keys come
// from the caller alone; without any, nothing is verified. The error is an
// *Error.
func Verify(e xmltree.Element, keys []Key, legacy Legacy) (Verified, error) {
	v, ok := verifiers.Get().(*verifier)
	if !ok {
		v = new(verifier)
	}
	defer verifiers.Put(v)
	sig, err := v.verify(e, keys, legacy)
	if err != nil {
		return Verified{}, err
	}
	return Verified{element: e, signature: sig}, nil
}

// verifiers keeps the scratch memory of one verification for the next one.
var verifiers sync.Pool

// verifier is the scratch memory of one verification.
type verifier struct {
	c14n   canonicalizer
	hashes [crypto.SHA512 + 1]hash.Hash
	sum    [64]byte
	sig    [longestValue + 2]byte // base64 is decoded by threes
	digest [longestValue + 2]byte
	count  counter
}

// maxCanonical is how many octets a canonical form may have. It repeats namespaces
// where they are used: a message of the greatest size, signed by somebody with
// a key, could be made to repeat them a thousand times.
const maxCanonical = 16 * xmltree.MaxMessageBytes

var errTooLong = errors.New("canonicalizing: too long")

// counter passes octets on, counts them and ends what takes too long.
type counter struct {
	dst io.Writer
	n   int
}

func (c *counter) Write(p []byte) (int, error) {
	if c.n += len(p); c.n > maxCanonical {
		return 0, errTooLong
	}
	return c.dst.Write(p)
}

// some refuses an empty canonical form: its digest is the same for everything.
func (c *counter) some(e xmltree.Element) *Error {
	if c.n == 0 {
		return refuse(CodeC14N, e, "a canonical form", "none")
	}
	return nil
}

// verify returns the signature of e if it is one of these keys' over e. The
// order matters: what is signed is read for its meaning only where the
// signature is good, save the shape that decides what has to be checked.
func (v *verifier) verify(e xmltree.Element, keys []Key, legacy Legacy) (xmltree.Element, *Error) {
	at, err := find(e)
	if err != nil {
		return at, err
	}
	s, err := read(at)
	if err != nil {
		return at, err
	}
	if err := s.refersTo(e); err != nil {
		return at, err
	}
	m, err := choose(s.methodAt, s.method, keys, legacy)
	if err != nil {
		return at, err
	}
	h := digestOf(s.digest, legacy)
	if h == 0 {
		return at, refuse(CodeAlgorithm, s.digestAt, "SHA-256, SHA-384 or SHA-512", s.digest)
	}
	value, err := decode(v.sig[:0], s.value)
	if err != nil {
		return at, err
	}
	want, err := decode(v.digest[:0], s.digestValue)
	if err != nil {
		return at, err
	}
	if len(want) != h.Size() || subtle.ConstantTimeCompare(want, v.empty(h)) == 1 {
		return at, refuse(CodeDigest, s.digestValue, "the digest of an element", "a value that is none")
	}
	sum, err := v.hash(m.hash, s.signedInfo, s.infoC14N)
	if err != nil {
		return at, err
	}
	if err := tryKeys(s.value, m, sum, value, keys, legacy); err != nil {
		return at, err
	}
	if sum, err = v.hash(h, e, s.c14n); err != nil {
		return at, err
	}
	if subtle.ConstantTimeCompare(want, sum) != 1 {
		return at, refuse(CodeDigest, e, "the content that was signed", "another content")
	}
	return at, nil
}

// refersTo refuses a signature over anything but e: by its own ID, or by the empty
// URI, which means the document, where e is all of it and no part of another. [SAMLCore 5.4.2]
func (s *signature) refersTo(e xmltree.Element) *Error {
	if s.uri == "" {
		if e.Parent().IsZero() && e.Document().Place().IsZero() {
			return nil
		}
		return refuse(CodeReference, s.reference, "the ID of the signed element", "an empty URI below the root")
	}
	id, ok := e.Attr("ID")
	if !ok {
		return refuse(CodeReference, e, "an ID on the signed element", "none")
	}
	if !isID(id) || len(s.uri) != len(id)+1 || s.uri[0] != '#' || s.uri[1:] != id {
		return refuse(CodeReference, s.reference, "#"+id, s.uri)
	}
	return nil
}

// hasher returns a reset hash.
func (v *verifier) hasher(h crypto.Hash) hash.Hash {
	if v.hashes[h] == nil {
		v.hashes[h] = h.New()
	}
	v.hashes[h].Reset()
	return v.hashes[h]
}

// empty returns the digest of no octets.
func (v *verifier) empty(h crypto.Hash) []byte { return v.hasher(h).Sum(v.sum[:0]) }

// hash returns the hash of the canonical form of e, which is valid until the
// next call. No octets are no canonical form.
func (v *verifier) hash(h crypto.Hash, e xmltree.Element, c C14N) ([]byte, *Error) {
	digest := v.hasher(h)
	v.count = counter{dst: digest}
	err := v.c14n.run(&v.count, e, c)
	switch {
	case errors.Is(err, errTooLong):
		return nil, refuse(CodeC14N, e, fmt.Sprintf("a canonical form of up to %d octets", maxCanonical), "a longer one")
	case err != nil:
		return nil, refuse(CodeC14N, e, "a canonical form", err.Error())
	}
	if err := v.count.some(e); err != nil {
		return nil, err
	}
	return digest.Sum(v.sum[:0]), nil
}
