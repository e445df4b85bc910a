package xmldsig

import (
	"hash/maphash"
	"io"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// C14N is a canonicalisation of an element with everything in it.
type C14N struct {
	Algorithm string          // one of C14N10, C14N11, ExclusiveC14N, or their WithComments forms
	Prefixes  []string        // PrefixList of exclusive C14N; "" stands for #default
	Omit      xmltree.Element // a child element left out: the enveloped signature
}

// Canonicalize writes the canonical form of e. The error is an *Error for an
// unknown algorithm, else that of the writer.
func Canonicalize(dst io.Writer, e xmltree.Element, c C14N) error {
	w, ok := canonicalizers.Get().(*canonicalizer)
	if !ok {
		w = new(canonicalizer)
	}
	defer canonicalizers.Put(w)
	return w.run(dst, e, c)
}

// canonicalizers keeps the scratch memory of one run for the next one.
var canonicalizers sync.Pool

// chunk is how many octets are gathered before they are written.
const chunk = 4 << 10

// canonicalizer is the scratch memory of one run. Octets go from the ranges of
// the tree through buf into the writer; nothing is kept.
type canonicalizer struct {
	dst io.Writer
	err error
	buf []byte

	apex, omit xmltree.Element
	mode       mode
	prefixes   []string // as in C14N

	rendered []namespace               // by the open elements of the output, innermost last
	heights  [xmltree.MaxDepth + 1]int // of rendered, below every open element
	depth    int
	declare  []namespace // of the tag at hand
	attrs    []attribute // of the tag at hand
}

// mode is a family of canonicalisations.
type mode uint8

const (
	unknownMode mode = iota
	inclusive10
	inclusive11
	exclusive
)

func modeOf(algorithm string) mode {
	switch algorithm {
	case ExclusiveC14N, ExclusiveC14NWithComments:
		return exclusive
	case C14N10, C14N10WithComments:
		return inclusive10
	case C14N11, C14N11WithComments:
		return inclusive11
	}
	return unknownMode
}

// namespace is a declaration in the output. A prefix is compared with those of its
// hash alone, so that a tag full of attributes below many declarations costs
// little more than its octets.
type namespace struct {
	prefix, uri string
	hash        uint32 // of the prefix
}

// seed is that of this process: nobody can aim at a hash.
var seed = maphash.MakeSeed()

// attribute is an attribute to be written: one of the tree or, at the apex of an
// inclusive form, an inherited xml:* attribute.
type attribute struct {
	node                 xmltree.AttrNode
	prefix, space, local string
	inherited            bool
	value                string // if inherited
}

// run writes the canonical form of e.
func (w *canonicalizer) run(dst io.Writer, e xmltree.Element, c C14N) error {
	w.mode = modeOf(c.Algorithm)
	if w.mode == unknownMode {
		return refuse(CodeC14N, e, "C14N 1.0, C14N 1.1 or exclusive C14N", c.Algorithm)
	}
	w.dst, w.err, w.buf = dst, nil, w.buf[:0]
	w.apex, w.omit, w.prefixes = e, c.Omit, c.Prefixes
	w.rendered, w.depth = w.rendered[:0], 0
	w.walk()
	w.flush()
	err := w.err
	w.release()
	return err
}

// release lets go of the document and of memory that only a giant needed.
func (w *canonicalizer) release() {
	const keep = 64 << 10
	w.dst, w.apex, w.omit, w.prefixes = nil, xmltree.Element{}, xmltree.Element{}, nil
	clear(w.rendered[:cap(w.rendered)])
	clear(w.declare[:cap(w.declare)])
	clear(w.attrs[:cap(w.attrs)])
	if cap(w.buf) > keep {
		w.buf = nil
	}
}

// walk goes through the subtree without recursion.
func (w *canonicalizer) walk() {
	e := w.apex
	for w.err == nil {
		if e != w.omit {
			w.startTag(e)
			w.text(e.Lead())
			if child := e.FirstChild(); !child.IsZero() {
				e = child
				continue
			}
			w.endTag(e)
		}
		for {
			if e == w.apex {
				return
			}
			w.text(e.Tail())
			if next := e.NextSibling(); !next.IsZero() {
				e = next
				break
			}
			e = e.Parent()
			w.endTag(e)
		}
	}
}

func (w *canonicalizer) startTag(e xmltree.Element) {
	w.heights[w.depth] = len(w.rendered)
	w.depth++
	w.declare, w.attrs = w.declare[:0], w.attrs[:0]
	if w.mode == exclusive {
		w.useExclusive(e)
	} else {
		w.useInclusive(e)
	}
	inherits := e == w.apex && w.mode != exclusive
	if tag, canonical := e.StartTag(); canonical && len(w.declare) == 0 && !inherits {
		w.buf = append(append(w.buf, tag...), '>')
		w.spill()
		return
	}
	for i := range e.NumAttrs() {
		a := e.AttrAt(i)
		w.addAttr(attribute{node: a, prefix: a.Prefix(), space: a.Space(), local: a.Local()})
	}
	if inherits {
		w.inherit(e)
	}
	w.buf = append(append(w.buf, '<'), e.QName()...)
	for _, n := range w.declare {
		w.buf = append(w.buf, " xmlns"...)
		if n.prefix != "" {
			w.buf = append(append(w.buf, ':'), n.prefix...)
		}
		w.buf = append(w.buf, `="`...)
		w.buf = appendURI(w.buf, n.uri)
		w.buf = append(w.buf, '"')
	}
	for i := range w.attrs {
		w.writeAttr(&w.attrs[i])
	}
	w.buf = append(w.buf, '>')
	w.rendered = append(w.rendered, w.declare...)
	w.spill()
}

func (w *canonicalizer) writeAttr(a *attribute) {
	w.buf = append(w.buf, ' ')
	if a.prefix != "" {
		w.buf = append(append(w.buf, a.prefix...), ':')
	}
	w.buf = append(append(w.buf, a.local...), '=', '"')
	if a.inherited {
		w.buf = xmltree.AppendCanonicalAttr(w.buf, a.value)
	} else {
		w.buf = a.node.AppendCanonical(w.buf)
	}
	w.buf = append(w.buf, '"')
}

func (w *canonicalizer) endTag(e xmltree.Element) {
	w.depth--
	w.rendered = w.rendered[:w.heights[w.depth]]
	name, shut, end := e.QName(), e.ContentEnd(), e.End()
	if end-shut == len("</>")+len(name) {
		w.buf = append(w.buf, e.Document().Slice(shut, end)...) // as it is written
	} else {
		w.buf = append(append(append(w.buf, '<', '/'), name...), '>')
	}
	w.spill()
}

func (w *canonicalizer) text(t xmltree.Text) {
	raw, ok := t.Verbatim()
	if !ok {
		w.buf = t.AppendCanonical(w.buf)
		w.spill()
		return
	}
	for len(raw) > 0 {
		n := min(len(raw), chunk)
		w.buf = append(w.buf, raw[:n]...)
		raw = raw[n:]
		w.spill()
	}
}

// useExclusive declares the namespaces that the tag uses visibly, and those of
// the PrefixList that come into scope. [xml-exc-c14n 3]
func (w *canonicalizer) useExclusive(e xmltree.Element) {
	w.use(e.Prefix(), e.Space())
	for i := range e.NumAttrs() {
		if a := e.AttrAt(i); a.Prefix() != "" {
			w.use(a.Prefix(), a.Space())
		}
	}
	if len(w.prefixes) == 0 {
		return
	}
	if e == w.apex {
		for _, prefix := range w.prefixes {
			uri, _ := e.LookupPrefix(prefix)
			if uri != "" {
				w.use(prefix, uri)
			}
		}
		return
	}
	for i := range e.NumNamespaces() {
		prefix, uri := e.NamespaceAt(i)
		for _, listed := range w.prefixes {
			if listed == prefix {
				w.use(prefix, uri)
			}
		}
	}
}

// useInclusive declares all namespaces that come into scope, at the apex those
// of its ancestors too. [xml-c14n 2.3, 2.4]
func (w *canonicalizer) useInclusive(e xmltree.Element) {
	for i := range e.NumNamespaces() {
		w.use(e.NamespaceAt(i))
	}
	if e != w.apex {
		return
	}
	for up := e.Parent(); !up.IsZero(); up = up.Parent() {
		for i := range up.NumNamespaces() {
			prefix, _ := up.NamespaceAt(i)
			if uri, ok := e.LookupPrefix(prefix); ok {
				w.use(prefix, uri)
			}
		}
	}
}

// use declares a namespace in the tag at hand unless the output says the same
// already.
func (w *canonicalizer) use(prefix, uri string) {
	if prefix == "xml" {
		return
	}
	hash := uint32(maphash.String(seed, prefix))
	if innermost(w.declare, prefix, hash) != nil {
		return
	}
	said := ""
	if n := innermost(w.rendered, prefix, hash); n != nil {
		said = n.uri
	}
	if said == uri {
		return
	}
	w.declare = append(w.declare, namespace{prefix, uri, hash})
	for i := len(w.declare) - 1; i > 0 && w.declare[i].prefix < w.declare[i-1].prefix; i-- {
		w.declare[i], w.declare[i-1] = w.declare[i-1], w.declare[i]
	}
}

// innermost returns the last namespace of a list with this prefix, nil if there
// is none.
func innermost(list []namespace, prefix string, hash uint32) *namespace {
	for i := len(list) - 1; i >= 0; i-- {
		if n := &list[i]; n.hash == hash && n.prefix == prefix {
			return n
		}
	}
	return nil
}

// addAttr puts an attribute in its place: by namespace URI, then by local name.
// [xml-c14n 2.2]
func (w *canonicalizer) addAttr(a attribute) {
	at := len(w.attrs)
	if at > 0 && a.before(&w.attrs[at-1]) {
		at = sort.Search(at, func(i int) bool { return a.before(&w.attrs[i]) })
	}
	w.attrs = slices.Insert(w.attrs, at, a)
}

// before compares URIs of one namespace by their place in memory first, as the
// comparison of strings does: the tree has one string for each of them.
func (a *attribute) before(b *attribute) bool {
	if order := strings.Compare(a.space, b.space); order != 0 {
		return order < 0
	}
	return a.local < b.local
}

// appendURI appends a namespace URI as an attribute value. It is printable
// ASCII, so only few octets ask for an escape.
func appendURI(dst []byte, uri string) []byte {
	if strings.ContainsAny(uri, `&<"`) {
		return xmltree.AppendCanonicalAttr(dst, uri)
	}
	return append(dst, uri...)
}

func (w *canonicalizer) spill() {
	if len(w.buf) >= chunk {
		w.flush()
	}
}

func (w *canonicalizer) flush() {
	if w.err == nil && len(w.buf) > 0 {
		_, w.err = w.dst.Write(w.buf)
	}
	w.buf = w.buf[:0]
}
