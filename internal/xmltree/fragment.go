package xmltree

// ParseFragment reads a document that stood, or is to stand, below the element
// at: every prefix that is bound there is bound in it. Such is an element that
// was encrypted in its place and says nothing of the namespaces around it.
// [xmlenc-core1 4.3.1]
//
// Rules, limits and offsets are those of Parse, of the fragment alone. Its root
// answers for the namespaces around it as if its own start tag declared them,
// those that it declares anew excepted. Attributes of the namespace xml around
// it are not its own. No element as at makes it the same as Parse. The error is
// always an *Error.
//
// What stood in a verified element may pass for verified because it was read
// there: src must come from at and from nowhere else. The tests of the
// architecture list the callers.
func ParseFragment(src []byte, at Element, profile Profile) (*Document, error) {
	return read(src, at, profile)
}

// surround puts the namespaces that are in scope at an element around the root.
func (p *parser) surround(at Element) {
	d := p.doc
	for ; !at.IsZero(); at = at.Parent() {
		for i := range at.NumNamespaces() {
			prefix, uri := at.NamespaceAt(i)
			if declares(d.nss, prefix) {
				continue // hidden by an inner one
			}
			index := int32(len(d.nss))
			p.scope[p.scopeN] = scoped{index, p.same(uri, index), hashOf(prefix), hashOf(uri)}
			p.scopeN++
			d.nss = append(d.nss, binding{prefix, uri})
		}
	}
}

// adopt lets the root answer for the first bindings, those around it.
func (d *Document) adopt(around int) {
	root := &d.elems[0]
	own := d.nss[root.ns0 : root.ns0+int32(root.nsN)]
	first := len(d.nss)
	d.nss = append(d.nss, own...)
	for _, b := range d.nss[:around] {
		if b.uri != "" && !declares(own, b.prefix) {
			d.nss = append(d.nss, b)
		}
	}
	root.ns0, root.nsN = int32(first), uint8(len(d.nss)-first)
}

func declares(list []binding, prefix string) bool {
	for _, b := range list {
		if b.prefix == prefix {
			return true
		}
	}
	return false
}
