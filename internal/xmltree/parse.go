package xmltree

import (
	"fmt"
	"slices"
	"sync"
)

// Parse reads a document. The error is always an *Error.
//
// Names and values are ranges of the input. A slice is copied, so that nobody can
// change what was read; a string need not be.
func Parse[S []byte | string](src S, profile Profile) (*Document, error) {
	return read(src, Element{}, profile)
}

// read reads a document that stands below an element, or below none.
func read[S []byte | string](src S, at Element, profile Profile) (doc *Document, err error) {
	err = lend(src, at, profile, func(d *Document) {
		doc = &Document{src: d.src, place: at, elems: slices.Clone(d.elems), attrs: slices.Clone(d.attrs), nss: slices.Clone(d.nss)}
	})
	return doc, err
}

// Lend reads a document as Parse does and lends it to use, in memory that is used
// for the next document afterwards. What is asked of its elements then, panics; the
// names and values that were asked before stay.
func Lend[S []byte | string](src S, profile Profile, use func(*Document)) error {
	return lend(src, Element{}, profile, func(d *Document) {
		lent := *d // a handle that outlives it must not find the next document
		defer func() { lent = Document{} }()
		use(&lent)
	})
}

// lend reads a document in scratch memory.
func lend[S []byte | string](src S, at Element, profile Profile, use func(*Document)) error {
	if len(src) > profile.maxBytes() {
		return &Error{CodeLimit, profile.maxBytes(), fmt.Sprintf("the document has more than %d octets", profile.maxBytes())}
	}
	p, ok := parsers.Get().(*parser)
	if !ok {
		p = &parser{doc: new(Document)}
	}
	defer parsers.Put(p)
	defer p.release()
	if err := p.read(string(src), at, profile); err != nil {
		return err
	}
	use(p.doc)
	return nil
}

// parsers keeps the scratch memory of one pass for the next one.
var parsers sync.Pool

// parser is the state of one pass.
type parser struct {
	src     string
	pos     int
	profile Profile
	doc     *Document // in scratch memory
	cur     int32     // the open element, -1 outside the root
	depth   int

	// The run of text at hand lies behind this element's start tag or, with
	// gapTail, behind its end.
	gapOf   int32
	gapTail bool

	scope  [MaxNamespacesInScope]scoped // bindings of all open elements, innermost last
	scopeN int
}

// scoped is a namespace declaration in scope.
type scoped struct {
	binding             int32
	space               int32 // the first binding in scope of the same URI
	prefixHash, uriHash uint32
}

// read makes the one pass.
func (p *parser) read(src string, at Element, profile Profile) error {
	p.src, p.pos, p.profile = src, 0, profile
	p.cur, p.depth, p.gapOf, p.gapTail, p.scopeN = -1, 0, 0, false, 0
	p.doc.src = src
	p.surround(at)
	around := p.scopeN
	if err := p.run(); err != nil {
		return err
	}
	if around > 0 {
		p.doc.adopt(around)
	}
	return nil
}

// release lets go of the input and of memory that only a giant needed.
func (p *parser) release() {
	const keep = 4 << 10 // elements, as many attributes
	d := p.doc
	clear(d.nss)
	p.src, d.src = "", ""
	d.elems, d.attrs, d.nss = d.elems[:0], d.attrs[:0], d.nss[:0]
	if cap(d.elems) > keep || cap(d.attrs) > keep || cap(d.nss) > keep {
		*d = Document{}
	}
}

func fail(code string, offset int, format string, args ...any) *Error {
	return &Error{Code: code, Offset: offset, Detail: fmt.Sprintf(format, args...)}
}

// run reads the document. It is one loop: markup, then the text behind it.
func (p *parser) run() error {
	if err := p.prolog(); err != nil {
		return err
	}
	for {
		if err := p.between(); err != nil {
			return err
		}
		if p.pos == len(p.src) {
			break
		}
		if err := p.markup(); err != nil {
			return err
		}
	}
	switch {
	case p.cur >= 0:
		return fail(CodeWellFormed, p.pos, "the document ends inside <%s>", Element{p.doc, p.cur}.QName())
	case len(p.doc.elems) == 0:
		return fail(CodeWellFormed, p.pos, "the document has no element")
	}
	return nil
}

// between reads what stands between two tags, or around the root.
func (p *parser) between() error {
	if p.cur < 0 {
		return p.outside()
	}
	return p.text()
}

// markup reads one tag, which begins at pos.
func (p *parser) markup() error {
	if p.pos+1 == len(p.src) {
		return fail(CodeWellFormed, p.pos, "the document ends inside a tag")
	}
	switch p.src[p.pos+1] {
	case '/':
		return p.endTag()
	case '!':
		return p.declaration()
	case '?':
		if p.cur < 0 && len(p.doc.elems) == 0 && isXMLDecl(p.src[p.pos:]) {
			return fail(CodeEncoding, p.pos, "the XML declaration is not at the start of the document")
		}
		return fail(CodePI, p.pos, "a processing instruction")
	}
	return p.startTag()
}

// text reads the run of text at pos up to the next '<' or the end of the input.
func (p *parser) text() error {
	s, begin := p.src, p.pos
	if begin < len(s) && s[begin] == '<' {
		return nil // there is none
	}
	var flags runFlags
	i := begin
scan:
	for i < len(s) {
		switch c := s[i]; {
		case c == '<':
			break scan
		case c == '\r':
			flags |= hasEscapes
			i++
		case classes[c]&white != 0:
			i++
		case c == '&':
			r, next := reference(s, i)
			if next < 0 {
				return fail(CodeWellFormed, i, "a reference to nothing known")
			}
			flags |= hasEscapes
			if r >= 0x80 || classes[byte(r)]&white == 0 {
				flags |= hasBlack
			}
			i = next
		case c == '>':
			if i-begin >= 2 && s[i-1] == ']' && s[i-2] == ']' {
				return fail(CodeWellFormed, i-2, `"]]>" in text`)
			}
			flags |= hasMarkup | hasBlack
			i++
		case c >= 0x80:
			size := validRune(s, i)
			if size == 0 {
				return fail(CodeWellFormed, i, "no valid UTF-8 or no legal character")
			}
			flags |= hasBlack
			i += size
		case c < ' ':
			return fail(CodeWellFormed, i, "the control character U+%04X", c)
		default:
			flags |= hasBlack
			i = plainText(s, i)
		}
	}
	p.pos = i
	if i-begin > MaxText {
		return fail(CodeLimit, begin+MaxText, "a text of more than %d octets", MaxText)
	}
	return p.note(begin, flags)
}

// note records what the run of text that has just been read holds.
func (p *parser) note(begin int, flags runFlags) error {
	n := &p.doc.elems[p.cur]
	n.below |= flags
	if n.below&(hasBlack|hasComment) == hasBlack|hasComment {
		return fail(CodeComment, begin, "a comment beside text")
	}
	if p.gapTail {
		p.doc.elems[p.gapOf].tail |= flags
	} else {
		p.doc.elems[p.gapOf].lead |= flags
	}
	return nil
}

// outside skips what may stand before and behind the root element: white space.
func (p *parser) outside() error {
	p.pos = skipWhite(p.src, p.pos)
	if p.pos == len(p.src) || p.src[p.pos] == '<' {
		return nil
	}
	if p.src[p.pos] == 0 {
		return fail(CodeEncoding, p.pos, "a NUL octet outside the root element")
	}
	return fail(CodeWellFormed, p.pos, "text outside the root element")
}
