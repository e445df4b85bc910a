package xmldsig

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// Signing says how [Sign] signs. Only Key is needed; what is left out has the
// value that every other side takes.
type Signing struct {
	Key         crypto.Signer   // RSA, or ECDSA on P-256, P-384 or P-521
	Method      string          // signature algorithm; RSASHA256 or ECDSASHA256 by the kind of key
	Digest      string          // digest algorithm; SHA256
	InfoC14N    C14N            // of SignedInfo; exclusive C14N
	Transforms  []C14N          // with EnvelopedSignatureURI among them; that and exclusive C14N
	URI         string          // of the Reference; "#" and the ID of the element
	Document    bool            // the Reference has the empty URI instead: all of the document
	Certificate []byte          // DER, for KeyInfo; without it there is no KeyInfo
	After       xmltree.Element // the child that the signature follows; without it the signature comes first
}

// both allows what is too weak to be accepted: peers may still ask for it.
var both = Legacy{SHA1: true, RSA1024: true}

// Sign puts an enveloped ds:Signature into e and returns the new document. All
// octets that the document had are kept.
func Sign(e xmltree.Element, how Signing) ([]byte, error) {
	if err := how.complete(e); err != nil {
		return nil, fmt.Errorf("signing XML: %w", err)
	}
	digest, err := how.digest(e)
	if err != nil {
		return nil, fmt.Errorf("signing XML: %w", err)
	}
	signature, err := how.render(digest)
	if err != nil {
		return nil, fmt.Errorf("signing XML: %w", err)
	}
	doc, err := xmltree.Parse(insert(e, how.After, signature), xmltree.Metadata)
	if err != nil {
		return nil, fmt.Errorf("signing XML: %w", err)
	}
	return Seal(elementAt(doc, e.Offset()), how.Key)
}

// Seal makes the SignatureValue of the ds:Signature that is a direct child of e,
// by the algorithms that its SignedInfo names, and returns the new document.
// What the SignedInfo says of e is taken as it is.
func Seal(e xmltree.Element, key crypto.Signer) ([]byte, error) {
	signature, missing := find(e)
	if missing != nil {
		return nil, fmt.Errorf("signing XML: %w", missing)
	}
	var info, value, method xmltree.Element
	for child := range signature.Children() {
		switch {
		case child.Is(Namespace, "SignedInfo") && info.IsZero():
			info = child
		case child.Is(Namespace, "SignatureValue"):
			value = child
		}
	}
	var c C14N
	if !info.IsZero() {
		for child := range info.Children() {
			switch {
			case child.Is(Namespace, "CanonicalizationMethod"):
				var unknown *Error
				if c, unknown = readC14N(child, CodeC14N); unknown != nil {
					return nil, fmt.Errorf("signing XML: %w", unknown)
				}
			case child.Is(Namespace, "SignatureMethod"):
				method = child
			}
		}
	}
	if value.IsZero() || method.IsZero() {
		return nil, errors.New("signing XML: the signature has no SignedInfo, SignatureMethod or SignatureValue")
	}
	var octets bytes.Buffer
	if err := Canonicalize(&octets, info, c); err != nil {
		return nil, fmt.Errorf("signing XML: %w", err)
	}
	uri, _ := method.Attr("Algorithm")
	raw, err := SignOctets(uri, octets.Bytes(), key)
	if err != nil {
		return nil, err
	}
	doc := e.Document()
	return slices.Concat(
		[]byte(doc.Slice(0, value.ContentStart())),
		[]byte(base64.StdEncoding.EncodeToString(raw)),
		[]byte(doc.Slice(value.ContentEnd(), doc.Len())),
	), nil
}

// SignOctets signs octets by the algorithm of a URI. ECDSA signatures have the
// fixed width of XML signatures.
func SignOctets(method string, octets []byte, key crypto.Signer) ([]byte, error) {
	m := methodOf(method, both)
	if m == nil {
		return nil, fmt.Errorf("signing: unknown algorithm %q", method)
	}
	h := m.hash.New()
	h.Write(octets)
	sum := h.Sum(nil)
	switch public := key.Public().(type) {
	case *rsa.PublicKey:
		if m.kind != RSA {
			break
		}
		var opts crypto.SignerOpts = m.hash
		if m.padding == pss {
			opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: m.hash}
		}
		return key.Sign(rand.Reader, sum, opts)
	case *ecdsa.PublicKey:
		if m.kind != ECDSA {
			break
		}
		der, err := key.Sign(rand.Reader, sum, m.hash)
		if err != nil {
			return nil, fmt.Errorf("signing: %w", err)
		}
		return fixedWidth(der, public)
	}
	return nil, fmt.Errorf("signing: the key does not fit %s", method)
}

// fixedWidth turns a DER signature into r and s of the width of the curve's
// order. [RFC6931 2.3.6]
func fixedWidth(der []byte, public *ecdsa.PublicKey) ([]byte, error) {
	var rs struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &rs); err != nil {
		return nil, fmt.Errorf("signing: reading the signature: %w", err)
	}
	width := (public.Params().N.BitLen() + 7) / 8
	out := make([]byte, 2*width)
	rs.R.FillBytes(out[:width])
	rs.S.FillBytes(out[width:])
	return out, nil
}

// complete fills in what was left out.
func (how *Signing) complete(e xmltree.Element) error {
	if how.Key == nil {
		return errors.New("no key")
	}
	if how.Method == "" {
		how.Method = RSASHA256
		if _, ok := how.Key.Public().(*ecdsa.PublicKey); ok {
			how.Method = ECDSASHA256
		}
	}
	if how.Digest == "" {
		how.Digest = SHA256
	}
	if how.InfoC14N.Algorithm == "" {
		how.InfoC14N.Algorithm = ExclusiveC14N
	}
	if len(how.Transforms) == 0 {
		how.Transforms = []C14N{{Algorithm: EnvelopedSignatureURI}, {Algorithm: ExclusiveC14N}}
	}
	if how.URI == "" && !how.Document {
		id, ok := e.Attr("ID")
		if !ok {
			return errors.New("the element has no ID")
		}
		how.URI = "#" + id
	}
	if !how.After.IsZero() && how.After.Parent() != e {
		return errors.New("the signature is to follow an element that is no child")
	}
	return nil
}

// digest returns the digest of e, which has no signature of ours yet.
func (how *Signing) digest(e xmltree.Element) ([]byte, error) {
	h := digestOf(how.Digest, both)
	if h == 0 {
		return nil, fmt.Errorf("unknown digest %q", how.Digest)
	}
	c := C14N{Algorithm: C14N10}
	for _, t := range how.Transforms {
		if modeOf(t.Algorithm) != unknownMode {
			c = t
		}
	}
	sum := h.New()
	if err := Canonicalize(sum, e, c); err != nil {
		return nil, err
	}
	return sum.Sum(nil), nil
}

// render writes the ds:Signature with an empty SignatureValue.
func (how *Signing) render(digest []byte) ([]byte, error) {
	var w xmltree.Writer
	w.Start("ds:Signature")
	w.Namespace("ds", Namespace)
	w.Start("ds:SignedInfo")
	writeC14N(&w, "ds:CanonicalizationMethod", how.InfoC14N)
	w.Start("ds:SignatureMethod")
	w.Attr("Algorithm", how.Method)
	w.End()
	w.Start("ds:Reference")
	w.Attr("URI", how.URI)
	w.Start("ds:Transforms")
	for _, t := range how.Transforms {
		writeC14N(&w, "ds:Transform", t)
	}
	w.End()
	w.Start("ds:DigestMethod")
	w.Attr("Algorithm", how.Digest)
	w.End()
	w.Start("ds:DigestValue")
	w.Text(base64.StdEncoding.EncodeToString(digest))
	w.End()
	w.End()
	w.End()
	w.Start("ds:SignatureValue")
	w.Text("")
	w.End()
	if len(how.Certificate) > 0 {
		w.Start("ds:KeyInfo")
		w.Start("ds:X509Data")
		w.Start("ds:X509Certificate")
		w.Text(base64.StdEncoding.EncodeToString(how.Certificate))
		w.End()
		w.End()
		w.End()
	}
	w.End()
	return w.Bytes()
}

func writeC14N(w *xmltree.Writer, name string, c C14N) {
	w.Start(name)
	w.Attr("Algorithm", c.Algorithm)
	if len(c.Prefixes) > 0 {
		tokens := slices.Clone(c.Prefixes)
		for i, prefix := range tokens {
			if prefix == "" {
				tokens[i] = "#default"
			}
		}
		w.Start("ec:InclusiveNamespaces")
		w.Namespace("ec", ExclusiveC14NSpace)
		w.Attr("PrefixList", strings.Join(tokens, " "))
		w.End()
	}
	w.End()
}

// insert returns the document of e with octets put behind a child of e, or first
// in it.
func insert(e, after xmltree.Element, octets []byte) []byte {
	doc := e.Document()
	at := e.ContentStart()
	if !after.IsZero() {
		at = after.End()
	}
	head, tail := doc.Slice(0, at), doc.Slice(at, doc.Len())
	if e.ContentStart() == e.End() { // an empty-element tag
		head, tail = strings.TrimSuffix(head, "/>")+">", "</"+e.QName()+">"+tail
	}
	return slices.Concat([]byte(head), octets, []byte(tail))
}

// elementAt returns the element that begins at an offset.
func elementAt(doc *xmltree.Document, offset int) xmltree.Element {
	for e := range doc.Root().Descendants() {
		if e.Offset() == offset {
			return e
		}
	}
	return xmltree.Element{}
}
