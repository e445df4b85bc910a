package xmltree

import "iter"

// Attr is an attribute, its value normalised as XML asks. [XML 3.3.3]
type Attr struct {
	Prefix, Space, Local, Value string
}

// Attr returns the value of the attribute of e with this name and no
// namespace.
func (e Element) Attr(local string) (string, bool) { return e.AttrNS("", local) }

// AttrNS returns the value of the attribute of e with this name in the
// namespace space.
func (e Element) AttrNS(space, local string) (string, bool) {
	n := e.node()
	for i := n.attr0; i < n.attr0+int32(n.attrN); i++ {
		a := AttrNode{e.doc, i}
		if int(a.node().localLen) == len(local) && a.Local() == local && a.Space() == space {
			return a.Value(), true
		}
	}
	return "", false
}

// Attrs yields the attributes of e in document order. Namespace declarations
// are none.
func (e Element) Attrs() iter.Seq[Attr] {
	return func(yield func(Attr) bool) {
		for i := range e.NumAttrs() {
			a := e.AttrAt(i)
			if !yield(Attr{a.Prefix(), a.Space(), a.Local(), a.Value()}) {
				return
			}
		}
	}
}

// NumAttrs returns how many attributes e has, namespace declarations not
// counted.
func (e Element) NumAttrs() int { return int(e.node().attrN) }

// AttrAt returns the attribute of e at a place below NumAttrs.
func (e Element) AttrAt(i int) AttrNode {
	n := e.node()
	_ = e.doc.attrs[n.attr0 : n.attr0+int32(n.attrN)][i]
	return AttrNode{e.doc, n.attr0 + int32(i)}
}

// NumNamespaces returns how many namespace declarations the start tag of e
// holds.
func (e Element) NumNamespaces() int { return int(e.node().nsN) }

// NamespaceAt returns the namespace declaration of e at a place below
// NumNamespaces. The prefix "" is the default namespace, the URI "" takes it
// away.
func (e Element) NamespaceAt(i int) (prefix, uri string) {
	n := e.node()
	b := e.doc.nss[n.ns0 : n.ns0+int32(n.nsN)][i]
	return b.prefix, b.uri
}

// AttrNode is a handle on an attribute, for readers that want its octets
// rather than a copy of its value.
type AttrNode struct {
	doc *Document
	i   int32
}

func (a AttrNode) node() *attr { return &a.doc.attrs[a.i] }

// Prefix returns the prefix of the attribute, "" for none.
func (a AttrNode) Prefix() string {
	n := a.node()
	return a.doc.src[n.name : n.name+int32(n.prefixLen)]
}

// Local returns the local part of the name.
func (a AttrNode) Local() string {
	n := a.node()
	_, l := a.doc.qname(n.name, n.prefixLen, n.localLen)
	return l
}

// Space returns the namespace URI of the attribute, "" for none.
func (a AttrNode) Space() string { return a.doc.uri(a.node().space) }

// Offset returns the offset of the name of the attribute.
func (a AttrNode) Offset() int { return int(a.node().name) }

// Raw returns the value as it is written between its quotes.
func (a AttrNode) Raw() string {
	n := a.node()
	return a.doc.src[n.val : n.val+n.valLen]
}

// Value returns the normalised value. [XML 3.3.3]
func (a AttrNode) Value() string {
	raw := a.Raw()
	if a.node().flags&hasEscapes == 0 {
		return raw
	}
	return string(appendRun(make([]byte, 0, len(raw)), raw, inAttribute, asValue))
}

// AppendCanonical appends the value as Canonical XML writes it, without the
// quotes. [xml-c14n 2.3]
func (a AttrNode) AppendCanonical(dst []byte) []byte {
	if a.node().flags&(hasEscapes|hasMarkup) == 0 {
		return append(dst, a.Raw()...)
	}
	return appendRun(dst, a.Raw(), inAttribute, asCanonical)
}
