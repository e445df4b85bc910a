package xmlenc

import (
	"crypto"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// Limits of one xenc:EncryptedData.
const (
	MaxEncryptedKeys = 4
	MaxOAEPParams    = 256 // octets
)

// encrypted is what one xenc:EncryptedData says, in the only shape we take.
type encrypted struct {
	data    xmltree.Element
	content *content
	octets  []byte // IV, text and tag
	keys    []wrappedKey
}

// wrappedKey is what one xenc:EncryptedKey says.
type wrappedKey struct {
	transport string
	digest    crypto.Hash
	mask      crypto.Hash
	label     []byte
	octets    []byte
}

// sequence walks through the children of an element that must come in order.
type sequence struct {
	at   xmltree.Element
	next xmltree.Element
}

func children(e xmltree.Element) sequence { return sequence{at: e, next: e.FirstChild()} }

// may returns the next child if it has this name, or else no element.
func (s *sequence) may(space, local string) xmltree.Element {
	e := s.next
	if !e.Is(space, local) {
		return xmltree.Element{}
	}
	s.next = e.NextSibling()
	return e
}

// take returns the next child, which must have this name in the namespace of
// encryption.
func (s *sequence) take(local string) (xmltree.Element, *Error) {
	e := s.may(Namespace, local)
	if e.IsZero() {
		got := "nothing"
		if !s.next.IsZero() {
			got = s.next.QName()
		}
		return e, refuse(CodeShape, s.at, "xenc:"+local, got)
	}
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

// empty refuses an element that has content.
func empty(e xmltree.Element) *Error {
	parts := children(e)
	return parts.end()
}

// read takes an xenc:EncryptedData apart. [xmlenc-core1 3.1, 3.4]
func read(e xmltree.Element, policy Policy) (*encrypted, *Error) {
	if !e.Is(Namespace, "EncryptedData") {
		return nil, refuse(CodeShape, e, "xenc:EncryptedData", e.QName())
	}
	if encoding, ok := e.Attr("Encoding"); ok {
		return nil, refuse(CodeShape, e, "data without an Encoding", encoding)
	}
	parts := children(e)
	method, err := parts.take("EncryptionMethod")
	if err != nil {
		return nil, err
	}
	m := &encrypted{data: e}
	if m.content, err = readContent(method, policy); err != nil {
		return nil, err
	}
	info := parts.may(xmldsig.Namespace, "KeyInfo")
	cipher, err := parts.take("CipherData")
	if err != nil {
		return nil, err
	}
	if err := parts.end(); err != nil {
		return nil, err
	}
	wrapped, err := findKeys(e, info)
	if err != nil {
		return nil, err
	}
	if err := m.readKeys(wrapped, policy); err != nil {
		return nil, err
	}
	if m.octets, err = readCipher(cipher); err != nil {
		return nil, err
	}
	return m, m.content.check(cipher, len(m.octets))
}

// ContentAlgorithm returns the algorithm that an xenc:EncryptedData names for its
// content, "" if it names none. Nothing else of it is judged.
func ContentAlgorithm(e xmltree.Element) string {
	parts := children(e)
	method := parts.may(Namespace, "EncryptionMethod")
	if method.IsZero() {
		return ""
	}
	uri, _ := method.Attr("Algorithm")
	return uri
}

// readContent reads the algorithm of the content.
func readContent(method xmltree.Element, policy Policy) (*content, *Error) {
	uri, err := algorithm(method)
	if err != nil {
		return nil, err
	}
	c := contentOf(uri, policy)
	if c == nil {
		return nil, refuse(CodeAlgorithm, method, "AES in GCM or CBC mode", uri)
	}
	parts := children(method)
	if size := parts.may(Namespace, "KeySize"); !size.IsZero() {
		if text, _ := size.Leaf(); strings.Trim(text, whiteSpace) != strconv.Itoa(8*c.keySize) {
			return nil, refuse(CodeShape, size, strconv.Itoa(8*c.keySize), "another size than the algorithm has")
		}
	}
	return c, parts.end()
}

// check refuses octets that cannot come from the algorithm, whatever the key.
// [xmlenc-core1 5.2.1, 5.2.4]
func (c *content) check(at xmltree.Element, size int) *Error {
	switch {
	case c.mode == gcm && size < ivGCM+tagGCM:
		return refuse(CodeShape, at, fmt.Sprintf("at least %d octets", ivGCM+tagGCM), strconv.Itoa(size))
	case c.mode == cbc && (size%c.block != 0 || size < 2*c.block):
		return refuse(CodeShape, at, fmt.Sprintf("two or more blocks of %d octets", c.block), fmt.Sprintf("%d octets", size))
	}
	return nil
}

// readKeys reads those of the encrypted keys that are meant for us.
func (m *encrypted) readKeys(wrapped []xmltree.Element, policy Policy) *Error {
	for _, e := range wrapped {
		key, err := readKey(e, policy)
		if err != nil {
			return err
		}
		recipient, named := e.Attr("Recipient")
		if named && len(policy.Recipients) > 0 && !slices.Contains(policy.Recipients, recipient) {
			continue
		}
		m.keys = append(m.keys, key)
	}
	if len(m.keys) == 0 {
		recipient, _ := wrapped[0].Attr("Recipient")
		return refuse(CodeShape, wrapped[0], "a key for one of "+strings.Join(policy.Recipients, ", "), "one for "+recipient)
	}
	return nil
}

// readKey takes an xenc:EncryptedKey apart. [xmlenc-core1 3.5.1]
func readKey(e xmltree.Element, policy Policy) (k wrappedKey, err *Error) {
	parts := children(e)
	method, err := parts.take("EncryptionMethod")
	if err != nil {
		return k, err
	}
	if err := k.readTransport(method, policy); err != nil {
		return k, err
	}
	if info := parts.may(xmldsig.Namespace, "KeyInfo"); !info.IsZero() {
		if err := checkHints(info); err != nil {
			return k, err
		}
	}
	cipher, err := parts.take("CipherData")
	if err != nil {
		return k, err
	}
	parts.may(Namespace, "ReferenceList")  // what else is encrypted by the key:
	parts.may(Namespace, "CarriedKeyName") // we know what we want to read
	if err := parts.end(); err != nil {
		return k, err
	}
	k.octets, err = readCipher(cipher)
	return k, err
}

// readTransport reads the algorithm of a key. Its parameters come in any order;
// some implementations keep to none. [xmlenc-core1 5.5]
func (k *wrappedKey) readTransport(method xmltree.Element, policy Policy) *Error {
	uri, err := algorithm(method)
	if err != nil {
		return err
	}
	if !isTransport(uri, policy) {
		return refuse(CodeAlgorithm, method, "RSA-OAEP", uri)
	}
	k.transport = uri
	if method.HasText() {
		return refuse(CodeShape, method, "elements", "text")
	}
	var digest, mask, params xmltree.Element
	for p := range method.Children() {
		var slot *xmltree.Element
		switch {
		case p.Is(xmldsig.Namespace, "DigestMethod"): // written beside RSA-1.5 too, where it says nothing
			slot = &digest
		case p.Is(Namespace11, "MGF") && uri != RSA15:
			slot = &mask
		case p.Is(Namespace, "OAEPparams") && uri != RSA15:
			slot = &params
		default:
			return refuse(CodeShape, p, "parameters of the algorithm", p.QName())
		}
		if !slot.IsZero() {
			return refuse(CodeShape, p, "every parameter once", "a second "+p.QName())
		}
		*slot = p
	}
	if k.digest, err = readHash(digest, digestOf, "SHA-1, SHA-256, SHA-384 or SHA-512"); err != nil {
		return err
	}
	if k.mask, err = readHash(mask, maskOf, "MGF1 with SHA-1 or SHA-2"); err != nil {
		return err
	}
	if uri == RSAOAEPMGF1P && k.mask != crypto.SHA1 {
		return refuse(CodeShape, mask, "MGF1 with SHA-1, as the name of the algorithm says", "another mask")
	}
	if params.IsZero() {
		return nil
	}
	k.label, err = decode(params, MaxOAEPParams)
	return err
}

// readHash reads the algorithm of a parameter; the default of all is SHA-1.
func readHash(e xmltree.Element, hashOf func(string) crypto.Hash, want string) (crypto.Hash, *Error) {
	if e.IsZero() {
		return crypto.SHA1, nil
	}
	uri, err := algorithm(e)
	if err != nil {
		return 0, err
	}
	h := hashOf(uri)
	if h == 0 {
		return 0, refuse(CodeAlgorithm, e, want, uri)
	}
	return h, empty(e)
}

func algorithm(e xmltree.Element) (string, *Error) {
	uri, ok := e.Attr("Algorithm")
	if !ok {
		return "", refuse(CodeAlgorithm, e, "an attribute Algorithm", "none")
	}
	return uri, nil
}

// readCipher returns the octets of an xenc:CipherData. [xmlenc-core1 3.3]
func readCipher(e xmltree.Element) ([]byte, *Error) {
	parts := children(e)
	value, err := parts.take("CipherValue")
	if err != nil {
		return nil, err
	}
	if err := parts.end(); err != nil {
		return nil, err
	}
	return decode(value, xmltree.MaxText)
}

const whiteSpace = " \t\r\n"

// decode decodes the base64 text of a leaf. Only XML white space may stand in it.
func decode(e xmltree.Element, limit int) ([]byte, *Error) {
	text, ok := e.Leaf()
	if !ok {
		return nil, refuse(CodeShape, e, "base64", "an element")
	}
	if strings.IndexByte(text, ' ') >= 0 || strings.IndexByte(text, '\t') >= 0 {
		text = strings.NewReplacer(" ", "", "\t", "").Replace(text) // encoding/base64 itself skips the line ends
	}
	octets, err := base64.StdEncoding.Strict().DecodeString(text)
	switch {
	case err != nil:
		return nil, refuse(CodeShape, e, "base64", "something else")
	case len(octets) > limit:
		return nil, refuse(CodeShape, e, fmt.Sprintf("up to %d octets", limit), strconv.Itoa(len(octets)))
	}
	return octets, nil
}
