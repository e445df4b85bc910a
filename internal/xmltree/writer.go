package xmltree

import (
	"errors"
	"fmt"
)

// Writer builds a document. Every value is escaped, every name is checked, and
// what [Writer.Bytes] returns is a document that Parse accepts as a Message.
// The first mistake is kept and returned by Bytes. The zero value is ready.
type Writer struct {
	buf   []byte
	open  []string // names of the open elements
	inTag bool     // the last start tag still takes attributes
	err   error
}

// Start begins the element name, like "samlp:AuthnRequest".
func (w *Writer) Start(name string) {
	w.checkName(name)
	w.endTag()
	w.buf = append(append(w.buf, '<'), name...)
	w.open = append(w.open, name)
	w.inTag = true
}

// Namespace declares a prefix in the start tag just begun; the prefix ""
// declares the default namespace.
func (w *Writer) Namespace(prefix, uri string) {
	if prefix == "" {
		w.Attr("xmlns", uri)
		return
	}
	w.Attr("xmlns:"+prefix, uri)
}

// Attr adds an attribute to the start tag just begun.
func (w *Writer) Attr(name, value string) {
	w.checkName(name)
	if !w.inTag {
		w.fail(fmt.Errorf("attribute %s outside a start tag", name))
	}
	w.buf = append(append(append(w.buf, ' '), name...), '=', '"')
	for i := range len(value) {
		w.buf = appendChar(w.buf, value[i], inAttribute, asCanonical)
	}
	w.buf = append(w.buf, '"')
}

// Text adds text to the open element.
func (w *Writer) Text(text string) {
	if len(w.open) == 0 {
		w.fail(errors.New("text outside the root element"))
	}
	w.endTag()
	for i := range len(text) {
		w.buf = appendChar(w.buf, text[i], inText, asCanonical)
	}
}

// End closes the open element.
func (w *Writer) End() {
	if len(w.open) == 0 {
		w.fail(errors.New("end tag without a start tag"))
		return
	}
	name := w.open[len(w.open)-1]
	w.open = w.open[:len(w.open)-1]
	if w.inTag {
		w.inTag = false
		w.buf = append(w.buf, "/>"...)
		return
	}
	w.buf = append(append(append(w.buf, "</"...), name...), '>')
}

// Bytes returns the document, or the first mistake made.
func (w *Writer) Bytes() ([]byte, error) {
	if w.err != nil {
		return nil, fmt.Errorf("writing XML: %w", w.err)
	}
	if _, err := Parse(w.buf, Message); err != nil {
		return nil, fmt.Errorf("writing XML: %w", err)
	}
	return w.buf, nil
}

func (w *Writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (w *Writer) endTag() {
	if w.inTag {
		w.inTag = false
		w.buf = append(w.buf, '>')
	}
}

func (w *Writer) checkName(name string) {
	p := parser{src: name}
	if n, err := p.qname(0); err != nil || n.end != len(name) {
		w.fail(fmt.Errorf("illegal name %q", name))
	}
}
