package xmltree

// Namespaces that XML itself defines. [xml-names 3]
const (
	XMLNamespace   = "http://www.w3.org/XML/1998/namespace"
	xmlnsNamespace = "http://www.w3.org/2000/xmlns/"
)

// Document is a parsed document. It never changes; any number of goroutines
// may read it.
//
// Everything lies in three flat slices in document order. What stands between
// two tags is one run of text, since nothing else is accepted there; so text
// needs no nodes of its own: a run belongs to the tag before it.
type Document struct {
	src   string // the input, octet for octet
	elems []elem
	attrs []attr
	nss   []binding
	place Element // what a fragment stands below
}

// Place returns the element below which a fragment was read to stand, no
// element for a document of its own. See [ParseFragment].
func (d *Document) Place() Element { return d.place }

// Root returns the root element.
func (d *Document) Root() Element { return Element{doc: d} }

// Len returns the number of octets of the input.
func (d *Document) Len() int { return len(d.src) }

// Slice returns the octets of the input from one offset to another, as they
// were written.
func (d *Document) Slice(from, to int) string { return d.src[from:to] }

// elem is one element. The children of elems[i] lie behind it; the subtree
// ends with elems[last].
type elem struct {
	start, open int32 // offsets of '<' and behind the '>' of the start tag
	shut, end   int32 // offsets of "</" (open, if the tag is empty) and behind the element
	parent      int32 // index, -1 for the root
	last        int32 // index of the last descendant, or of itself
	space       int32 // index of a binding of its namespace, or noBinding, xmlBinding
	attr0       int32 // first attribute
	ns0         int32 // first namespace declaration
	prefixLen   uint16
	localLen    uint16
	attrN       uint8
	nsN         uint8
	lead, tail  runFlags // of the text behind the start tag, behind the element
	below       runFlags // of all text directly below
	loose       bool     // the start tag is written in another way than canonical XML has it
}

// attr is one attribute that declares no namespace.
type attr struct {
	name      int32 // offset of the name
	val       int32 // offset of the value, quotes not counted
	valLen    int32
	space     int32 // as in elem
	prefixLen uint16
	localLen  uint16
	flags     runFlags
}

// binding is one namespace declaration.
type binding struct {
	prefix, uri string // prefix "": the default namespace; uri "": none
}

const (
	noBinding  int32 = -1 // no prefix, no default namespace
	xmlBinding int32 = -2 // the prefix xml
)

// runFlags say what the scanner met in a run of text or an attribute value, so
// that nobody has to look at its octets again.
type runFlags uint8

const (
	hasBlack   runFlags = 1 << iota // a character that is no white space
	hasEscapes                      // value differs from what is written: references, CR, in attributes also TAB and LF
	hasMarkup                       // canonical form differs from what is written: '>' in text, '"' in attributes
	hasComment                      // a comment (metadata only)
)

func (d *Document) uri(space int32) string {
	switch {
	case space >= 0:
		return d.nss[space].uri
	case space == xmlBinding:
		return XMLNamespace
	}
	return ""
}

// qname returns prefix and local part of the name at an offset.
func (d *Document) qname(off int32, prefixLen, localLen uint16) (prefix, local string) {
	if prefixLen == 0 {
		return "", d.src[off : off+int32(localLen)]
	}
	colon := off + int32(prefixLen)
	return d.src[off:colon], d.src[colon+1 : colon+1+int32(localLen)]
}
