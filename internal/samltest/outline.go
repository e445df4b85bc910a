package samltest

import "strings"

// A tag is a tag as it is written. Hostile documents are no XML, so whatever
// looks like a tag is one.
type tag struct {
	start, end int    // in the document
	name       string // with its prefix
	kind       tagKind
}

type tagKind uint8

const (
	startTag tagKind = iota
	endTag
	emptyTag
)

// tags returns the tags of a document in their order. Comments, declarations
// and sections are none.
func tags(doc string) []tag {
	var all []tag
	for at := 0; ; {
		i := strings.IndexByte(doc[at:], '<')
		if i < 0 {
			return all
		}
		at += i
		if skip := skipped(doc[at:]); skip > 0 {
			at += skip
			continue
		}
		t := tag{start: at}
		name := doc[at+1:]
		if strings.HasPrefix(name, "/") {
			t.kind, name = endTag, name[1:]
		}
		t.name = name[:nameLen(name)]
		t.end = at + tagLen(doc[at:])
		if t.kind == startTag && strings.HasSuffix(doc[at:t.end], "/>") {
			t.kind = emptyTag
		}
		if at = t.end; t.name != "" {
			all = append(all, t)
		}
	}
}

// skipped returns the length of what begins with '<' and is no tag.
func skipped(doc string) int {
	for _, s := range []struct{ from, to string }{{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}, {"<!", ">"}} {
		if !strings.HasPrefix(doc, s.from) {
			continue
		}
		if end := strings.Index(doc[len(s.from):], s.to); end >= 0 {
			return len(s.from) + end + len(s.to)
		}
		return len(s.from)
	}
	return 0
}

// nameLen returns the length of the name with which a text begins.
func nameLen(text string) int {
	n := 0
	for n < len(text) && text[n] > ' ' && !strings.ContainsRune(`<>/='"`, rune(text[n])) {
		n++
	}
	return n
}

// tagLen returns the length of the tag with which a text begins.
func tagLen(text string) int {
	var quote byte
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i + 1
		case c == '<':
			return i
		}
	}
	return len(text)
}

// A part is a piece of a document and what stands around it.
type part struct {
	before, text, after string
}

// with returns the document with another text for the part.
func (p part) with(text string) string { return p.before + text + p.after }

// without returns the document less the part.
func (p part) without() string { return p.before + p.after }

// content returns what stands between the tags of an element.
func (p part) content() string {
	text := p.text[tagLen(p.text):]
	return text[:max(strings.LastIndex(text, "</"), 0)]
}

// filled returns the document with other content for the element.
func (p part) filled(content string) string {
	open := p.text[:tagLen(p.text)]
	name := open[1 : 1+nameLen(open[1:])]
	return p.with(strings.TrimSuffix(strings.TrimSuffix(open, ">"), "/") + ">" + content + "</" + name + ">")
}

// find returns the first element with this name as it is written, children
// and all.
func find(doc, name string) part {
	p, ok := search(doc, name, 0, len(doc))
	if !ok {
		panic("samltest: no element " + name)
	}
	return p
}

// child returns the first element with this name directly below the first
// element of a document.
func child(doc, name string) (part, bool) { return search(doc, name, 1, 1) }

// search returns the first element with this name at a depth from least to
// most.
func search(doc, name string, least, most int) (part, bool) {
	depth, found, start := 0, -1, 0
	for _, t := range tags(doc) {
		switch t.kind {
		case startTag:
			if found < 0 && t.name == name && depth >= least && depth <= most {
				found, start = depth, t.start
			}
			depth++
		case endTag:
			if depth--; depth == found {
				return part{doc[:start], doc[start:t.end], doc[t.end:]}, true
			}
		case emptyTag:
			if found < 0 && t.name == name && depth >= least && depth <= most {
				return part{doc[:t.start], doc[t.start:t.end], doc[t.end:]}, true
			}
		}
	}
	return part{}, false
}

// unsigned returns an element without the signature of its own.
func unsigned(element string) string {
	p, ok := child(element, "ds:Signature")
	if !ok {
		return element
	}
	return p.without()
}

// outermost returns the signature of the root, or else the first.
func outermost(doc string) part {
	if p, ok := child(doc, "ds:Signature"); ok {
		return p
	}
	return find(doc, "ds:Signature")
}
