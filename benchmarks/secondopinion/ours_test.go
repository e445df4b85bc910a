package secondopinion

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// A claim is one element with a ds:Signature among its children: it claims to be
// signed.
type claim struct {
	subject
	element   []int  // where it stands: its place among the elements below each element
	signature []int  // likewise
	expanded  string // its name, as xmlsec1 wants it
	code      string // why we do not verify it; "": we do
	octets    []byte // the canonical form of the element, if we verify it
	info      []byte // that of its SignedInfo
	features  features
}

// features are what an implementation may not be able to do.
type features struct {
	method, digest, c14n, infoC14N string
	prefixes                       []string
	uri, id                        string
	blanks                         bool // in SignatureValue or DigestValue, line ends aside
	elements                       int
	broken                         bool // an attribute with a line end or a tab in it, written as such
}

func (c claim) String() string { return c.name + " " + xpath(c.element) }

// xpath returns the XPath of an element.
func xpath(path []int) string {
	var b strings.Builder
	for _, i := range path {
		b.WriteString("/*[" + strconv.Itoa(i+1) + "]")
	}
	return b.String()
}

// claims returns what claims to be signed in a subject, and our verdicts. What we
// cannot read claims something at a place that we do not know.
func claims(t *testing.T, s subject) []claim {
	t.Helper()
	doc, err := xmltree.Parse(s.message, xmltree.Message)
	if bad, ok := errors.AsType[*xmltree.Error](err); ok {
		return []claim{{subject: s, code: bad.Code}}
	}
	var keys []xmldsig.Key
	for _, der := range s.certs {
		key, err := xmldsig.KeyFromCertificate(der)
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		keys = append(keys, key)
	}
	ids := xmldsig.CheckIDs(doc)
	var found []claim
	for e := range doc.Root().Descendants() {
		for child := range e.Children() {
			if !child.Is(xmldsig.Namespace, "Signature") {
				continue
			}
			c := claim{subject: s, element: place(e), signature: place(child), expanded: strings.TrimPrefix(e.Space()+":"+e.Local(), ":")}
			v, err := xmldsig.Verify(e, keys, xmldsig.Legacy{SHA1: true, RSA1024: true})
			if ids != nil {
				err = ids
			}
			if bad, ok := errors.AsType[*xmldsig.Error](err); ok {
				c.code = bad.Code
			} else {
				c.read(t, v.Element(), child)
			}
			found = append(found, c)
		}
	}
	return found
}

// place returns where an element stands.
func place(e xmltree.Element) []int {
	var path []int
	for ; !e.IsZero(); e = e.Parent() {
		i := 0
		if up := e.Parent(); !up.IsZero() {
			for other := range up.Children() {
				if other == e {
					break
				}
				i++
			}
		}
		path = append([]int{i}, path...)
	}
	return path
}

// read reads what a signature that we verify says, and writes what it is over.
func (c *claim) read(t *testing.T, e, signature xmltree.Element) {
	t.Helper()
	element := xmldsig.C14N{Algorithm: xmldsig.C14N10, Omit: signature}
	var info xmldsig.C14N
	algorithm := func(e xmltree.Element) (c14n xmldsig.C14N) {
		c14n.Algorithm, _ = e.Attr("Algorithm")
		list, _ := firstChild(e).Attr("PrefixList")
		for prefix := range strings.FieldsSeq(list) {
			c14n.Prefixes = append(c14n.Prefixes, strings.TrimPrefix(prefix, "#default"))
		}
		return c14n
	}
	c.features.id, _ = e.Attr("ID")
	for d := range e.Descendants() {
		c.features.elements++
		for i := range d.NumAttrs() {
			c.features.broken = c.features.broken || strings.ContainsAny(d.AttrAt(i).Raw(), "\t\r\n")
		}
	}
	for d := range signature.Descendants() {
		if text, ok := d.Leaf(); ok && strings.HasSuffix(d.Local(), "Value") && strings.ContainsAny(text, " \t") {
			c.features.blanks = true
		}
	}
	for d := range signature.FirstChild().Descendants() {
		switch d.Local() {
		case "CanonicalizationMethod":
			info = algorithm(d)
		case "SignatureMethod":
			c.features.method = algorithm(d).Algorithm
		case "DigestMethod":
			c.features.digest = algorithm(d).Algorithm
		case "Reference":
			c.features.uri, _ = d.Attr("URI")
		case "Transform":
			if a := algorithm(d); a.Algorithm != xmldsig.EnvelopedSignatureURI {
				element.Algorithm, element.Prefixes = a.Algorithm, a.Prefixes
			}
		}
	}
	c.features.c14n, c.features.infoC14N, c.features.prefixes = element.Algorithm, info.Algorithm, slices.Concat(element.Prefixes, info.Prefixes)
	c.octets, c.info = canonical(t, e, element), canonical(t, signature.FirstChild(), info)
}

// firstChild returns the first child of an element, or the element itself, which
// then has no attribute that matters.
func firstChild(e xmltree.Element) xmltree.Element {
	if child := e.FirstChild(); !child.IsZero() {
		return child
	}
	return e
}

func canonical(t *testing.T, e xmltree.Element, c xmldsig.C14N) []byte {
	t.Helper()
	var octets bytes.Buffer
	if err := xmldsig.Canonicalize(&octets, e, c); err != nil {
		t.Fatal(err)
	}
	return octets.Bytes()
}
