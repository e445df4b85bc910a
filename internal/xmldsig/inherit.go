package xmldsig

import (
	"strings"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// inherit adds the xml:* attributes of the ancestors of e, which are not part of
// the output, to those of e. C14N 1.0 takes all of them, C14N 1.1 only lang and
// space, and joins base. [xml-c14n 2.4, xml-c14n11 2.4]
func (w *canonicalizer) inherit(e xmltree.Element) {
	for up := e.Parent(); !up.IsZero(); up = up.Parent() {
		for i := range up.NumAttrs() {
			a := up.AttrAt(i)
			if a.Space() != xmltree.XMLNamespace || w.has(a.Local()) || w.mode == inclusive11 && a.Local() != "lang" && a.Local() != "space" {
				continue
			}
			w.addAttr(xmlAttribute(a.Local(), a.Value()))
		}
	}
	if w.mode == inclusive11 {
		w.inheritBase(e)
	}
}

func xmlAttribute(local, value string) attribute {
	return attribute{prefix: "xml", space: xmltree.XMLNamespace, local: local, inherited: true, value: value}
}

// has reports whether the tag at hand has this xml:* attribute already.
func (w *canonicalizer) has(local string) bool {
	for i := range w.attrs {
		if w.attrs[i].local == local && w.attrs[i].space == xmltree.XMLNamespace {
			return true
		}
	}
	return false
}

// inheritBase joins the xml:base attributes around e with its own.
func (w *canonicalizer) inheritBase(e xmltree.Element) {
	base, found := e.AttrNS(xmltree.XMLNamespace, "base")
	inherited := false
	for up := e.Parent(); !up.IsZero(); up = up.Parent() {
		outer, ok := up.AttrNS(xmltree.XMLNamespace, "base")
		if !ok {
			continue
		}
		if found {
			base = joinReferences(outer, base)
		} else {
			base, found = outer, true
		}
		inherited = true
	}
	if !inherited {
		return
	}
	kept := w.attrs[:0]
	for _, a := range w.attrs {
		if a.local != "base" || a.space != xmltree.XMLNamespace {
			kept = append(kept, a)
		}
	}
	w.attrs = kept
	if base != "" {
		w.addAttr(xmlAttribute("base", base))
	}
}

// reference is a URI reference in its parts. [RFC3986 5.2.1]
type reference struct {
	scheme, authority, path, query    string
	hasScheme, hasAuthority, hasQuery bool
}

func splitReference(s string) (r reference) {
	s, _, _ = strings.Cut(s, "#")
	s, r.query, r.hasQuery = strings.Cut(s, "?")
	if colon := strings.IndexAny(s, ":/"); colon > 0 && s[colon] == ':' {
		r.scheme, r.hasScheme, s = s[:colon], true, s[colon+1:]
	}
	if rest, ok := strings.CutPrefix(s, "//"); ok {
		slash := strings.IndexByte(rest, '/')
		if slash < 0 {
			slash = len(rest)
		}
		r.authority, r.hasAuthority, s = rest[:slash], true, rest[slash:]
	}
	r.path = s
	return r
}

func (r reference) String() string {
	s := ""
	if r.hasScheme {
		s = r.scheme + ":"
	}
	if r.hasAuthority {
		s += "//" + r.authority
	}
	s += r.path
	if r.hasQuery {
		s += "?" + r.query
	}
	return s
}

// joinReferences joins two xml:base values, of which the outer one need not be
// absolute either. [RFC3986 5.2.2 as changed by xml-c14n11 2.4]
func joinReferences(outer, inner string) string {
	base, r := splitReference(outer), splitReference(inner)
	switch {
	case r.hasScheme:
		r.path = removeDots(r.path)
		return r.String()
	case r.hasAuthority:
		r.path = removeDots(r.path)
	case r.path == "":
		if !r.hasQuery {
			r.query, r.hasQuery = base.query, base.hasQuery
		}
		r.path = base.path
	case strings.HasPrefix(r.path, "/"):
		r.path = removeDots(r.path)
	case base.hasAuthority && base.path == "":
		r.path = removeDots("/" + r.path)
	default:
		r.path = removeDots(base.path[:strings.LastIndexByte(base.path, '/')+1] + r.path)
	}
	if !r.hasAuthority {
		r.authority, r.hasAuthority = base.authority, base.hasAuthority
	}
	r.scheme, r.hasScheme = base.scheme, base.hasScheme
	return r.String()
}

// removeDots takes the segments "." and ".." out of a path as far as that goes: a
// relative path keeps the ".." that lead out of it, empty segments go, and a
// last ".." stays a folder. [RFC3986 5.2.4 as changed by xml-c14n11 2.4]
func removeDots(path string) string {
	rooted := strings.HasPrefix(path, "/")
	folder := strings.HasSuffix(path, "/")
	var out []string
	for _, segment := range strings.Split(path, "/") {
		switch segment {
		case "":
			continue
		case ".":
			continue
		case "..":
			if n := len(out); n > 0 && out[n-1] != ".." {
				out = out[:n-1]
			} else if !rooted {
				out = append(out, "..")
			}
			continue
		}
		out = append(out, segment)
	}
	if strings.HasSuffix(path, "/.") || strings.HasSuffix(path, "/..") || path == "." || path == ".." {
		folder = true
	}
	s := strings.Join(out, "/")
	if rooted {
		s = "/" + s
	}
	if folder && s != "" && !strings.HasSuffix(s, "/") {
		s += "/"
	}
	return s
}
