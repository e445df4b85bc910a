package xmltree

import (
	"iter"
	"slices"
	"strconv"
	"strings"
)

// Element is a handle on an element of a document. It is a small value, to be
// passed and compared as such; the zero value is no element, of which only
// IsZero, Is, Document and Contains may be asked.
type Element struct {
	doc *Document
	i   int32
}

func (e Element) node() *elem { return &e.doc.elems[e.i] }

// IsZero reports whether e is no element.
func (e Element) IsZero() bool { return e.doc == nil }

// Document returns the document e is part of, nil for no element.
func (e Element) Document() *Document { return e.doc }

// Is reports whether e is the element local of the namespace space. No element
// is never anything.
func (e Element) Is(space, local string) bool {
	if e.doc == nil {
		return false
	}
	n := e.node()
	if int(n.localLen) != len(local) { // of most that are asked, this is enough
		return false
	}
	_, l := e.doc.qname(n.start+1, n.prefixLen, n.localLen)
	return l == local && e.doc.uri(n.space) == space
}

// Space returns the namespace URI of e, "" for none.
func (e Element) Space() string { return e.doc.uri(e.node().space) }

// Local returns the local part of the name of e.
func (e Element) Local() string {
	n := e.node()
	_, l := e.doc.qname(n.start+1, n.prefixLen, n.localLen)
	return l
}

// Prefix returns the prefix of the name of e, "" for none.
func (e Element) Prefix() string {
	n := e.node()
	return e.doc.src[n.start+1 : n.start+1+int32(n.prefixLen)]
}

// QName returns the name as it is written, with its prefix.
func (e Element) QName() string {
	n := e.node()
	size := int32(n.localLen)
	if n.prefixLen > 0 {
		size += int32(n.prefixLen) + 1
	}
	return e.doc.src[n.start+1 : n.start+1+size]
}

// StartTag returns the start tag of e as it is written, without what ends it,
// and whether this is how Canonical XML writes it unless a namespace has to be
// declared in it. [xml-c14n 2.3]
func (e Element) StartTag() (tag string, canonical bool) {
	n := e.node()
	end := n.open - 1
	if n.open == n.end {
		end-- // an empty-element tag
	}
	return e.doc.src[n.start:end], !n.loose
}

// Offset returns the offset of the first octet of e.
func (e Element) Offset() int { return int(e.node().start) }

// End returns the offset behind the last octet of e.
func (e Element) End() int { return int(e.node().end) }

// ContentStart returns the offset behind the start tag of e; for an empty-element
// tag that is End.
func (e Element) ContentStart() int { return int(e.node().open) }

// ContentEnd returns the offset of the end tag of e; for an empty-element tag
// that is End.
func (e Element) ContentEnd() int { return int(e.node().shut) }

// Parent returns the element around e, no element for the root.
func (e Element) Parent() Element {
	if p := e.node().parent; p >= 0 {
		return Element{e.doc, p}
	}
	return Element{}
}

// FirstChild returns the first child element of e, or no element.
func (e Element) FirstChild() Element {
	if e.node().last > e.i {
		return Element{e.doc, e.i + 1}
	}
	return Element{}
}

// NextSibling returns the element that follows e below the same parent, or no
// element.
func (e Element) NextSibling() Element {
	n := e.node()
	next := n.last + 1
	if int(next) < len(e.doc.elems) && e.doc.elems[next].parent == n.parent {
		return Element{e.doc, next}
	}
	return Element{}
}

// Children yields the child elements of e in document order.
func (e Element) Children() iter.Seq[Element] {
	return func(yield func(Element) bool) {
		for c := e.FirstChild(); c.doc != nil; c = c.NextSibling() {
			if !yield(c) {
				return
			}
		}
	}
}

// Descendants yields e and everything below it in document order.
func (e Element) Descendants() iter.Seq[Element] {
	return func(yield func(Element) bool) {
		for i, last := e.i, e.node().last; i <= last; i++ {
			if !yield(Element{e.doc, i}) {
				return
			}
		}
	}
}

// Contains reports whether other is e or lies below it in the same document.
func (e Element) Contains(other Element) bool {
	return e.doc != nil && e.doc == other.doc && e.i <= other.i && other.i <= e.node().last
}

// Leaf returns the text of an element without child elements; ok is false when
// e has some.
func (e Element) Leaf() (text string, ok bool) {
	n := e.node()
	if n.last > e.i {
		return "", false
	}
	return Text{e.doc.src[n.open:n.shut], n.lead}.String(), true
}

// HasText reports whether text that is not white space stands directly below e.
func (e Element) HasText() bool { return e.node().below&hasBlack != 0 }

// LookupPrefix returns the namespace URI that the prefix stands for at e; the
// prefix "" asks for the default namespace. ok is false when it is not bound
// there.
func (e Element) LookupPrefix(prefix string) (uri string, ok bool) {
	if prefix == "xml" {
		return XMLNamespace, true
	}
	for i := e.i; i >= 0; i = e.doc.elems[i].parent {
		n := &e.doc.elems[i]
		for _, b := range e.doc.nss[n.ns0 : n.ns0+int32(n.nsN)] {
			if b.prefix == prefix {
				return b.uri, b.uri != ""
			}
		}
	}
	return "", false
}

// Path returns where e stands, like /samlp:Response/saml:Assertion[2]. The
// position is given where siblings have the same name. For people, not for
// look-ups.
func (e Element) Path() string {
	var steps []string
	for at := e; at.doc != nil; at = at.Parent() {
		steps = append(steps, at.step())
	}
	slices.Reverse(steps)
	return "/" + strings.Join(steps, "/")
}

func (e Element) step() string {
	name := e.QName()
	parent := e.Parent()
	if parent.IsZero() {
		return name
	}
	position, count := 0, 0
	for s := range parent.Children() {
		if s.QName() == name {
			count++
		}
		if s == e {
			position = count
		}
	}
	if count == 1 {
		return name
	}
	return name + "[" + strconv.Itoa(position) + "]"
}
