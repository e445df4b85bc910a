package xmltree

import (
	"strings"
	"unicode/utf8"
)

// startTag reads a start tag or an empty-element tag, which begins at pos.
func (p *parser) startTag() error {
	s, d, begin := p.src, p.doc, p.pos
	switch {
	case p.cur < 0 && len(d.elems) > 0:
		return fail(CodeWellFormed, begin, "a second root element")
	case p.depth == MaxDepth:
		return fail(CodeLimit, begin, "elements nested more than %d deep", MaxDepth)
	case len(d.elems) == p.profile.maxElements():
		return fail(CodeLimit, begin, "more than %d elements", p.profile.maxElements())
	}
	name, err := p.qname(begin + 1)
	if err != nil {
		return err
	}
	index := int32(len(d.elems))
	e := elem{
		start: int32(begin), parent: p.cur, last: index,
		attr0: int32(len(d.attrs)), ns0: int32(len(d.nss)),
		prefixLen: name.prefixLen, localLen: name.localLen,
	}
	i, empty := name.end, false
	for {
		j := skipWhite(s, i)
		if j == len(s) {
			return fail(CodeWellFormed, begin, "the document ends inside a tag")
		}
		if s[j] == '>' {
			e.loose = e.loose || i != j
			i = j + 1
			break
		}
		if s[j] == '/' {
			if j+1 == len(s) || s[j+1] != '>' {
				return fail(CodeWellFormed, j, "a stray '/' in a tag")
			}
			e.loose = e.loose || i != j
			i, empty = j+2, true
			break
		}
		if i == j {
			return fail(CodeWellFormed, j, "no white space before an attribute")
		}
		e.loose = e.loose || i+1 != j || s[i] != ' '
		if i, err = p.attribute(&e, j); err != nil {
			return err
		}
	}
	if err := p.bind(&e); err != nil {
		return err
	}
	e.open, p.pos, p.gapOf, p.gapTail = int32(i), i, index, false
	if empty {
		e.shut, e.end = e.open, e.open
		d.elems = append(d.elems, e)
		p.close(index)
		return nil
	}
	d.elems = append(d.elems, e)
	p.cur = index
	p.depth++
	return nil
}

// close makes the element of this index, whose end has been read, part of its
// parent.
func (p *parser) close(index int32) {
	e := &p.doc.elems[index]
	p.scopeN -= int(e.nsN)
	p.cur, p.gapOf, p.gapTail = e.parent, index, true
	if e.parent >= 0 {
		p.doc.elems[e.parent].last = e.last
	}
}

// endTag reads an end tag, which begins at pos. Its name must be that of the
// start tag octet for octet: the same name under another prefix is no match.
func (p *parser) endTag() error {
	begin := p.pos
	if p.cur < 0 {
		return fail(CodeWellFormed, begin, "an end tag without its start tag")
	}
	name := Element{p.doc, p.cur}.QName()
	i := begin + len("</")
	if !strings.HasPrefix(p.src[i:], name) {
		return fail(CodeWellFormed, begin, "the end tag of <%s> is missing", name)
	}
	i = skipWhite(p.src, i+len(name))
	if i == len(p.src) || p.src[i] != '>' {
		return fail(CodeWellFormed, begin, "the end tag of <%s> is missing", name)
	}
	e := &p.doc.elems[p.cur]
	e.shut, e.end, p.pos = int32(begin), int32(i+1), i+1
	p.depth--
	p.close(p.cur)
	return nil
}

// tagName is a name in a tag.
type tagName struct {
	prefixLen, localLen uint16
	end                 int
}

// qname reads a name with at most one prefix at an offset. [xml-names 4]
func (p *parser) qname(begin int) (tagName, error) {
	s := p.src
	colon, end := -1, ncName(s, begin)
	illegal := end == begin
	if !illegal && end < len(s) && s[end] == ':' {
		colon = end
		end = ncName(s, colon+1)
		illegal = end == colon+1
	}
	if illegal || end < len(s) && (s[end] == ':' || s[end] >= utf8.RuneSelf) {
		return tagName{}, fail(CodeWellFormed, end, "no legal name")
	}
	if end-begin > MaxName {
		return tagName{}, fail(CodeLimit, begin, "a name of more than %d octets", MaxName)
	}
	if colon < 0 {
		return tagName{localLen: uint16(end - begin), end: end}, nil
	}
	return tagName{prefixLen: uint16(colon - begin), localLen: uint16(end - colon - 1), end: end}, nil
}

// ncName returns the offset behind the longest name without a colon at an offset;
// the offset itself if there is none.
func ncName(s string, begin int) int {
	i, class := begin, uint8(nameStart)
	for i < len(s) {
		if c := s[i]; c < utf8.RuneSelf {
			if classes[c]&class == 0 {
				return i
			}
			i++
		} else {
			size := validRune(s, i)
			if r, _ := utf8.DecodeRuneInString(s[i:]); size == 0 || !isNameRune(r, i == begin) {
				return i
			}
			i += size
		}
		class = nameRest
	}
	return i
}

// attribute reads an attribute or a namespace declaration at an offset and
// returns the offset behind it.
func (p *parser) attribute(e *elem, begin int) (int, error) {
	s := p.src
	name, err := p.qname(begin)
	if err != nil {
		return 0, err
	}
	equals := skipWhite(s, name.end)
	if equals == len(s) || s[equals] != '=' {
		return 0, fail(CodeWellFormed, begin, "an attribute without a value")
	}
	i := skipWhite(s, equals+1)
	if i == len(s) || s[i] != '"' && s[i] != '\'' {
		return 0, fail(CodeWellFormed, begin, "an attribute value without quotes")
	}
	end, flags, err := p.value(i)
	if err != nil {
		return 0, err
	}
	a := attr{
		name: int32(begin), prefixLen: name.prefixLen, localLen: name.localLen,
		val: int32(i + 1), valLen: int32(end - i - 1), flags: flags,
	}
	e.loose = e.loose || equals != name.end || i != equals+1 || s[i] != '"' || flags&(hasEscapes|hasMarkup) != 0
	prefix, local := p.doc.qname(a.name, a.prefixLen, a.localLen)
	switch {
	case prefix == "xmlns":
		return end + 1, p.declare(e, &a, local)
	case prefix == "" && local == "xmlns":
		return end + 1, p.declare(e, &a, "")
	case e.attrN == MaxAttributes:
		return 0, fail(CodeLimit, begin, "more than %d attributes", MaxAttributes)
	}
	e.attrN++
	p.doc.attrs = append(p.doc.attrs, a)
	return end + 1, nil
}

// value reads an attribute value whose opening quote is at an offset, and
// returns the offset of the closing one.
func (p *parser) value(quote int) (int, runFlags, error) {
	s, q := p.src, p.src[quote]
	var flags runFlags
	i := quote + 1
	for i < len(s) {
		i = plainValue(s, i)
		if i == len(s) {
			break
		}
		switch c := s[i]; {
		case c == q:
			if i-quote-1 > MaxText {
				return 0, 0, fail(CodeLimit, quote, "an attribute value of more than %d octets", MaxText)
			}
			return i, flags, nil
		case c == '"':
			flags |= hasMarkup
			i++
		case c == '\'':
			i++
		case c == '\t' || c == '\n' || c == '\r':
			flags |= hasEscapes
			i++
		case c == '&':
			_, next := reference(s, i)
			if next < 0 {
				return 0, 0, fail(CodeWellFormed, i, "a reference to nothing known")
			}
			flags |= hasEscapes
			i = next
		case c == '<':
			return 0, 0, fail(CodeWellFormed, i, "'<' in an attribute value")
		case c >= 0x80:
			size := validRune(s, i)
			if size == 0 {
				return 0, 0, fail(CodeWellFormed, i, "no valid UTF-8 or no legal character")
			}
			i += size
		default:
			return 0, 0, fail(CodeWellFormed, i, "the control character U+%04X", c)
		}
	}
	return 0, 0, fail(CodeWellFormed, quote, "the document ends inside an attribute value")
}

// declaration reads what begins with "<!": a comment where one may stand.
func (p *parser) declaration() error {
	rest := p.src[p.pos:]
	switch {
	case strings.HasPrefix(rest, "<!--"):
		if p.profile != Metadata {
			return fail(CodeComment, p.pos, "a comment")
		}
		return p.comment()
	case strings.HasPrefix(rest, "<![CDATA["):
		return fail(CodeCDATA, p.pos, "a CDATA section")
	}
	for _, keyword := range [...]string{"DOCTYPE", "ENTITY", "ATTLIST", "ELEMENT", "NOTATION"} {
		if word := rest[len("<!"):]; len(word) >= len(keyword) && strings.EqualFold(word[:len(keyword)], keyword) {
			return fail(CodeDoctype, p.pos, "a document type declaration")
		}
	}
	return fail(CodeWellFormed, p.pos, "an unknown declaration")
}

// comment reads a comment. [XML 2.5]
func (p *parser) comment() error {
	begin, body := p.pos, p.pos+len("<!--")
	size := strings.Index(p.src[body:], "--")
	end := body + size + len("-->")
	if size < 0 || end > len(p.src) || p.src[end-1] != '>' {
		return fail(CodeWellFormed, begin, `a comment that does not end, or with "--" in it`)
	}
	for i := body; i < body+size; {
		n := 1
		if c := p.src[i]; c >= 0x80 || c < ' ' && classes[c]&white == 0 {
			n = validRune(p.src, i)
		}
		if n == 0 {
			return fail(CodeWellFormed, i, "no legal character in a comment")
		}
		i += n
	}
	p.pos = end
	if p.cur < 0 {
		return nil
	}
	return p.note(begin, hasComment)
}
