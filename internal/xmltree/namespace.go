package xmltree

import "hash/maphash"

// few is up to how many names comparing one with each is the quickest. Beyond, a
// name is compared with those of its hash alone: an attacker who fills the limits
// gains nothing by it. Hashes are seeded by the process, so none can be aimed at.
const few = 16

var seed = maphash.MakeSeed()

func hashOf(s string) uint32 { return uint32(maphash.String(seed, s)) }

// declare reads a namespace declaration. The URI must be absolute and plain:
// canonicalisers disagree about any other, and one that fails on it signs
// nothing at all. [xml-names 2.2, 3; xml-c14n 1.3]
func (p *parser) declare(e *elem, a *attr, prefix string) error {
	d, at := p.doc, int(a.name)
	raw := d.src[a.val : a.val+a.valLen]
	if a.flags&hasEscapes != 0 {
		raw = string(appendRun(make([]byte, 0, len(raw)), raw, inAttribute, asValue))
	}
	switch {
	case prefix == "xml" || prefix == "xmlns":
		return fail(CodeNamespace, at, "a declaration of the prefix %s", prefix)
	case raw == "" && prefix != "":
		return fail(CodeNamespace, at, "a prefix bound to no namespace")
	case len(raw) > MaxName:
		return fail(CodeLimit, at, "a namespace of more than %d octets", MaxName)
	case raw != "" && !isAbsolute(raw):
		return fail(CodeNamespace, at, "a namespace that is no absolute URI")
	case raw == XMLNamespace || raw == xmlnsNamespace:
		return fail(CodeNamespace, at, "another prefix for a namespace of XML itself")
	case e.nsN == MaxNamespaces:
		return fail(CodeLimit, at, "more than %d namespace declarations", MaxNamespaces)
	case p.scopeN == MaxNamespacesInScope:
		return fail(CodeLimit, at, "more than %d namespaces declared here", MaxNamespacesInScope)
	}
	for _, b := range d.nss[e.ns0:] {
		if b.prefix == prefix {
			return fail(CodeDuplicate, at, "a namespace declared twice in one tag")
		}
	}
	index := int32(len(d.nss))
	p.scope[p.scopeN] = scoped{index, p.same(raw, index), hashOf(prefix), hashOf(raw)}
	p.scopeN++
	e.nsN++
	e.loose = true // whether and where it is written is for the canonical form to say
	d.nss = append(d.nss, binding{prefix, raw})
	return nil
}

// same returns the first binding in scope that has this URI, or index. What is in
// scope of an element thus has one number for each namespace, and nobody has to
// compare URIs there.
func (p *parser) same(uri string, index int32) int32 {
	hash := hashOf(uri)
	for _, s := range p.scope[:p.scopeN] {
		if s.uriHash == hash && p.doc.nss[s.space].uri == uri {
			return s.space
		}
	}
	return index
}

// isAbsolute reports whether a URI has a scheme and is printable ASCII.
// [RFC3986 3.1]
func isAbsolute(uri string) bool {
	colon := -1
	for i := range len(uri) {
		c := uri[i]
		if c <= ' ' || c >= 0x7F {
			return false
		}
		if colon >= 0 {
			continue
		}
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		switch {
		case c == ':':
			colon = i
		case letter:
		case i > 0 && ('0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'):
		default:
			return false
		}
	}
	return colon > 0 && colon < len(uri)-1
}

// bind finds the namespaces of an element and its attributes, whose tag has been
// read, and refuses attributes that have one name.
func (p *parser) bind(e *elem) error {
	d := p.doc
	prefix, _ := d.qname(e.start+1, e.prefixLen, e.localLen)
	var err error
	if e.space, err = p.lookup(prefix, int(e.start)); err != nil {
		return err
	}
	attrs := d.attrs[e.attr0:]
	for i := range attrs {
		a := &attrs[i]
		a.space = noBinding
		if a.prefixLen > 0 {
			prefix, _ := d.qname(a.name, a.prefixLen, a.localLen)
			if a.space, err = p.lookup(prefix, int(a.name)); err != nil {
				return err
			}
		}
	}
	if d.sorted(attrs) {
		return nil
	}
	e.loose = true
	return d.distinct(attrs)
}

// sorted reports whether attributes are distinct and stand as canonical XML has
// them: those in no namespace by their names, then up to one in a namespace.
// [xml-c14n 2.2]
func (d *Document) sorted(attrs []attr) bool {
	for i := 1; i < len(attrs); i++ {
		a, b := &attrs[i-1], &attrs[i]
		if a.prefixLen > 0 {
			return false
		}
		if b.prefixLen == 0 && d.src[a.name:a.name+int32(a.localLen)] >= d.src[b.name:b.name+int32(b.localLen)] {
			return false
		}
	}
	return true
}

// distinct refuses attributes of one tag that have one expanded name.
// [xml-names 6.3]
func (d *Document) distinct(attrs []attr) error {
	var hashes [MaxAttributes]uint32
	hashed := len(attrs) > few
	for i := range attrs {
		a := &attrs[i]
		_, local := d.qname(a.name, a.prefixLen, a.localLen)
		if hashed {
			hashes[i] = hashOf(local) ^ uint32(a.space)
		}
		for j := range attrs[:i] {
			b := &attrs[j]
			if hashes[i] != hashes[j] || a.localLen != b.localLen || a.space != b.space {
				continue
			}
			if _, other := d.qname(b.name, b.prefixLen, b.localLen); other == local {
				return fail(CodeDuplicate, int(a.name), "the attribute %s twice in one tag", local)
			}
		}
	}
	return nil
}

// lookup returns the namespace that a prefix stands for: the number that all
// bindings in scope with its URI share.
func (p *parser) lookup(prefix string, at int) (int32, error) {
	hash, hashed := uint32(0), p.scopeN > few
	if hashed {
		hash = hashOf(prefix)
	}
	for i := p.scopeN - 1; i >= 0; i-- {
		s := &p.scope[i]
		if hashed && s.prefixHash != hash {
			continue
		}
		if p.doc.nss[s.binding].prefix == prefix {
			return s.space, nil
		}
	}
	switch prefix {
	case "":
		return noBinding, nil
	case "xml":
		return xmlBinding, nil
	}
	return 0, fail(CodeNamespace, at, "the prefix %s is not bound", prefix)
}
