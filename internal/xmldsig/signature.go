package xmldsig

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// signature is what one ds:Signature says, in the only shape we take.
type signature struct {
	element     xmltree.Element // ds:Signature
	signedInfo  xmltree.Element
	infoC14N    C14N // of SignedInfo
	methodAt    xmltree.Element
	method      string
	value       xmltree.Element
	reference   xmltree.Element
	uri         string
	c14n        C14N // of the signed element
	digestAt    xmltree.Element
	digest      string
	digestValue xmltree.Element
}

// find returns the one ds:Signature that is a direct child of e.
func find(e xmltree.Element) (xmltree.Element, *Error) {
	var found xmltree.Element
	for child := range e.Children() {
		if !child.Is(Namespace, "Signature") {
			continue
		}
		if !found.IsZero() {
			return found, refuse(CodeCount, child, "one signature", "a second one")
		}
		found = child
	}
	if found.IsZero() || found.FirstChild().IsZero() {
		return found, refuse(CodeMissing, e, "a signature", "none")
	}
	return found, nil
}

// sequence walks through the children of an element that must come in order.
type sequence struct {
	at   xmltree.Element
	next xmltree.Element
}

func children(e xmltree.Element) sequence { return sequence{at: e, next: e.FirstChild()} }

// take returns the next child if it has this name in the signature namespace.
func (s *sequence) take(local string) (xmltree.Element, *Error) {
	e := s.next
	if !e.Is(Namespace, local) {
		got := "nothing"
		if !e.IsZero() {
			got = e.QName()
		}
		return e, refuse(CodeShape, s.at, "ds:"+local, got)
	}
	s.next = e.NextSibling()
	return e, nil
}

// end refuses further children, and text between them.
func (s *sequence) end() *Error {
	if !s.next.IsZero() {
		return refuse(CodeShape, s.next, "no further element", s.next.QName())
	}
	if s.at.HasText() {
		return refuse(CodeShape, s.at, "elements", "text")
	}
	return nil
}

// read takes a signature apart. [xmldsig-core 4]
func read(e xmltree.Element) (s signature, err *Error) {
	s.element = e
	parts := children(e)
	if s.signedInfo, err = parts.take("SignedInfo"); err != nil {
		return s, err
	}
	if s.value, err = parts.take("SignatureValue"); err != nil {
		return s, err
	}
	if parts.next.Is(Namespace, "KeyInfo") {
		if err := checkKeyInfo(parts.next); err != nil {
			return s, err
		}
		parts.next = parts.next.NextSibling()
	}
	if err := parts.end(); err != nil {
		return s, err
	}
	err = s.readSignedInfo()
	return s, err
}

// checkKeyInfo refuses what would make KeyInfo more than a hint at a key. Nothing
// in it is used.
func checkKeyInfo(e xmltree.Element) *Error {
	for d := range e.Descendants() {
		if IsPart(d) {
			return refuse(CodeShape, d, "no part of a signature in ds:KeyInfo", d.QName())
		}
	}
	return nil
}

func (s *signature) readSignedInfo() *Error {
	parts := children(s.signedInfo)
	c14n, err := parts.take("CanonicalizationMethod")
	if err != nil {
		return err
	}
	if s.infoC14N, err = readC14N(c14n, CodeC14N); err != nil {
		return err
	}
	if s.methodAt, err = parts.take("SignatureMethod"); err != nil {
		return err
	}
	if s.method, err = algorithm(s.methodAt, CodeAlgorithm); err != nil {
		return err
	}
	references := 0
	for r := parts.next; !r.IsZero() && r.Is(Namespace, "Reference"); r = r.NextSibling() {
		references++
	}
	if references != 1 {
		return refuse(CodeReference, s.signedInfo, "one ds:Reference", fmt.Sprint(references))
	}
	s.reference, _ = parts.take("Reference")
	if err := parts.end(); err != nil {
		return err
	}
	return s.readReference()
}

func (s *signature) readReference() *Error {
	uri, ok := s.reference.Attr("URI")
	if !ok {
		return refuse(CodeReference, s.reference, "an attribute URI", "none")
	}
	s.uri = uri
	if kind, ok := s.reference.Attr("Type"); ok {
		return refuse(CodeReference, s.reference, "a Reference to an element", "one of Type "+kind)
	}
	parts := children(s.reference)
	if !parts.next.Is(Namespace, "Transforms") {
		return refuse(CodeTransform, s.reference, "ds:Transforms", "none")
	}
	transforms, _ := parts.take("Transforms")
	err := s.readTransforms(transforms)
	if err != nil {
		return err
	}
	if s.digestAt, err = parts.take("DigestMethod"); err != nil {
		return err
	}
	if s.digest, err = algorithm(s.digestAt, CodeAlgorithm); err != nil {
		return err
	}
	if s.digestValue, err = parts.take("DigestValue"); err != nil {
		return err
	}
	return parts.end()
}

// readTransforms takes the enveloped-signature transform alone or followed by one
// canonicalisation. [SAMLCore 5.4.4]
func (s *signature) readTransforms(e xmltree.Element) *Error {
	if e.HasText() {
		return refuse(CodeShape, e, "elements", "text")
	}
	count := 0
	for t := range e.Children() {
		if !t.Is(Namespace, "Transform") {
			return refuse(CodeTransform, t, "ds:Transform", t.QName())
		}
		var err *Error
		switch count {
		case 0:
			err = readEnveloped(t)
			s.c14n = C14N{Algorithm: C14N10}
		case 1:
			s.c14n, err = readC14N(t, CodeTransform)
		default:
			err = refuse(CodeTransform, t, "two transforms at the most", "a third one")
		}
		if err != nil {
			return err
		}
		count++
	}
	if count == 0 {
		return refuse(CodeTransform, e, EnvelopedSignatureURI, "no transform")
	}
	s.c14n.Omit = s.element
	return nil
}

// readEnveloped takes the enveloped-signature transform, which has no parameters.
func readEnveloped(t xmltree.Element) *Error {
	uri, err := algorithmURI(t, CodeTransform)
	switch {
	case err != nil:
		return err
	case uri != EnvelopedSignatureURI:
		return refuse(CodeTransform, t, EnvelopedSignatureURI, uri)
	}
	_, err = algorithm(t, CodeTransform)
	return err
}

// algorithm returns the Algorithm of an element that has no content; code is
// that of the error if it has no Algorithm.
func algorithm(e xmltree.Element, code string) (string, *Error) {
	if child := e.FirstChild(); !child.IsZero() {
		return "", refuse(CodeShape, child, "no parameter", child.QName())
	}
	return algorithmURI(e, code)
}

func algorithmURI(e xmltree.Element, code string) (string, *Error) {
	uri, ok := e.Attr("Algorithm")
	switch {
	case !ok:
		return "", refuse(code, e, "an attribute Algorithm", "none")
	case e.HasText():
		return "", refuse(CodeShape, e, "no text", "some")
	}
	return uri, nil
}

// maxPrefixes is how many prefixes a PrefixList may hold.
const maxPrefixes = 32

// readC14N reads a canonicalisation and the InclusiveNamespaces of an exclusive
// one. [xml-exc-c14n 4]
func readC14N(e xmltree.Element, code string) (C14N, *Error) {
	uri, err := algorithmURI(e, code)
	if err != nil {
		return C14N{}, err
	}
	c := C14N{Algorithm: uri}
	m := modeOf(uri)
	if m == unknownMode {
		return C14N{}, refuse(code, e, "C14N 1.0, C14N 1.1 or exclusive C14N", uri)
	}
	list := e.FirstChild()
	if list.IsZero() {
		return c, nil
	}
	other := list.NextSibling()
	switch {
	case m != exclusive || !list.Is(ExclusiveC14NSpace, "InclusiveNamespaces"):
		return C14N{}, refuse(code, list, "ec:InclusiveNamespaces of exclusive C14N", list.QName())
	case !other.IsZero():
		return C14N{}, refuse(code, other, "one ec:InclusiveNamespaces", "a second one")
	case !list.FirstChild().IsZero() || list.HasText():
		return C14N{}, refuse(code, list, "an empty ec:InclusiveNamespaces", "content")
	}
	prefixes, _ := list.Attr("PrefixList")
	for token := range strings.FieldsSeq(prefixes) {
		if len(c.Prefixes) == maxPrefixes {
			return C14N{}, refuse(code, list, fmt.Sprintf("%d prefixes at the most", maxPrefixes), "more")
		}
		if token == "#default" {
			token = ""
		}
		c.Prefixes = append(c.Prefixes, token)
	}
	return c, nil
}

// longestValue bounds signatures and digests: RSA of 8192 bits.
const longestValue = maxRSA / 8

// decode decodes the base64 text of a leaf into dst. Only XML white space may
// stand in it. [xmldsig-core 4.0.1]
func decode(dst []byte, e xmltree.Element) ([]byte, *Error) {
	text, ok := e.Leaf()
	if !ok {
		return nil, refuse(CodeShape, e, "base64", "an element")
	}
	var packed [(longestValue + 2) / 3 * 4]byte
	n := 0
	if !hasWhite(text) && len(text) <= len(packed) {
		n, text = copy(packed[:], text), ""
	}
	for i := range len(text) {
		switch c := text[i]; c {
		case ' ', '\t', '\r', '\n':
		default:
			if n == len(packed) {
				return nil, refuse(CodeShape, e, fmt.Sprintf("base64 of up to %d octets", longestValue), "more")
			}
			packed[n] = c
			n++
		}
	}
	size, err := base64.StdEncoding.Strict().Decode(dst[:cap(dst)], packed[:n])
	if err != nil {
		return nil, refuse(CodeShape, e, "base64", "something else")
	}
	return dst[:size], nil
}

// hasWhite reports whether there is XML white space in a text.
func hasWhite(text string) bool {
	for _, c := range [...]byte{' ', '\n', '\r', '\t'} {
		if strings.IndexByte(text, c) >= 0 {
			return true
		}
	}
	return false
}
