package xmltree

import (
	"strings"
	"unicode/utf8"
)

// Text is a run of text between two tags, for readers that want its octets
// rather than a copy of its value.
type Text struct {
	raw   string
	flags runFlags
}

// Lead returns the text between the start tag of e and its first child, or its
// end tag when it has none.
func (e Element) Lead() Text {
	n := e.node()
	end := n.shut
	if n.last > e.i {
		end = e.doc.elems[e.i+1].start
	}
	return Text{e.doc.src[n.open:end], n.lead}
}

// Tail returns the text that follows e, up to its next sibling or the end tag
// of its parent. The root has none.
func (e Element) Tail() Text {
	n := e.node()
	if n.parent < 0 {
		return Text{}
	}
	end := e.doc.elems[n.parent].shut
	if next := n.last + 1; int(next) < len(e.doc.elems) && e.doc.elems[next].parent == n.parent {
		end = e.doc.elems[next].start
	}
	return Text{e.doc.src[n.end:end], n.tail}
}

// String returns the value: references resolved, line ends normalised,
// comments left out.
func (t Text) String() string {
	if t.flags&(hasEscapes|hasComment) == 0 {
		return t.raw
	}
	return string(appendRun(make([]byte, 0, len(t.raw)), t.raw, inText, asValue))
}

// Verbatim returns the octets as they are written, and whether they are at
// the same time the value and its canonical form.
func (t Text) Verbatim() (string, bool) {
	return t.raw, t.flags&(hasEscapes|hasMarkup|hasComment) == 0
}

// AppendCanonical appends the text as Canonical XML without comments writes it.
// [xml-c14n 2.3]
func (t Text) AppendCanonical(dst []byte) []byte {
	if raw, ok := t.Verbatim(); ok {
		return append(dst, raw...)
	}
	return appendRun(dst, t.raw, inText, asCanonical)
}

// place says by which rules a run of characters is read and written.
type place uint8

const (
	inText place = iota
	inAttribute
)

// form says how characters are written.
type form uint8

const (
	asValue     form = iota // as they are
	asCanonical             // escaped as Canonical XML wants it
)

// appendRun appends characters that Parse has accepted, line ends, attribute
// white space and references resolved. [XML 2.11, 3.3.3]
func appendRun(dst []byte, raw string, where place, as form) []byte {
	for i := 0; i < len(raw); {
		c := raw[i]
		switch c {
		case '&':
			r, next := reference(raw, i)
			i = next
			if r >= utf8.RuneSelf {
				dst = utf8.AppendRune(dst, r)
			} else {
				dst = appendChar(dst, byte(r), where, as)
			}
			continue
		case '<': // in text that was accepted this begins a comment, and nothing else
			i += len("<!--") // "<!-->" ends nothing: its dashes belong to the start
			i += strings.Index(raw[i:], "-->") + len("-->")
			continue
		case '\r':
			if i+1 < len(raw) && raw[i+1] == '\n' {
				i++
			}
			c = '\n'
		}
		i++
		if where == inAttribute && (c == '\n' || c == '\t') {
			c = ' '
		}
		dst = appendChar(dst, c, where, as)
	}
	return dst
}

// appendChar appends one octet of a value, escaped if that is asked for.
// [xml-c14n 2.3]
func appendChar(dst []byte, c byte, where place, as form) []byte {
	if as == asValue {
		return append(dst, c)
	}
	switch {
	case c == '&':
		return append(dst, "&amp;"...)
	case c == '<':
		return append(dst, "&lt;"...)
	case c == '\r':
		return append(dst, "&#xD;"...)
	case c == '>' && where == inText:
		return append(dst, "&gt;"...)
	case c == '"' && where == inAttribute:
		return append(dst, "&quot;"...)
	case c == '\t' && where == inAttribute:
		return append(dst, "&#x9;"...)
	case c == '\n' && where == inAttribute:
		return append(dst, "&#xA;"...)
	}
	return append(dst, c)
}

// AppendCanonicalAttr appends a value as Canonical XML writes it in an
// attribute, without the quotes. [xml-c14n 2.3]
func AppendCanonicalAttr(dst []byte, value string) []byte {
	for i := range len(value) {
		dst = appendChar(dst, value[i], inAttribute, asCanonical)
	}
	return dst
}
