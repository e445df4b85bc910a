package main

import (
	"bytes"
	"errors"
	"strings"

	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// Namespaces of what is told apart.
const (
	nsProtocol   = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion  = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsMetadata   = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsSOAP       = "http://schemas.xmlsoap.org/soap/envelope/"
	nsSchema     = "http://www.w3.org/2001/XMLSchema-instance"
	nsUI         = "urn:oasis:names:tc:SAML:metadata:ui"
	nsProtocol11 = "urn:oasis:names:tc:SAML:1.0:protocol"
	nsAssertion1 = "urn:oasis:names:tc:SAML:1.0:assertion"
)

// peelXML reads a document, or what can be read of it, and the documents that
// follow it in the same file.
func (p *peeler) peelXML(l layer) {
	for !p.full() {
		r := readXML(l.content)
		here := l
		here.wrapping = append(append([]string{}, l.wrapping...), "XML")
		here.problems = append(append([]problem{}, l.problems...), r.problems...)
		here.content = l.content[:r.end]
		t := p.add(here, kindUnknown)
		t.Complete = r.complete && len(l.problems) == 0
		if r.doc != nil {
			t.describe(r.doc.Root(), p.now)
		} else {
			t.note("nothing of the XML can be read")
		}
		if r.end == len(l.content) {
			return
		}
		// Whoever reads both as one document refuses it.
		l.content, l.problems = l.content[r.end:], nil
	}
}

// A reading is what can be read of a document.
type reading struct {
	doc      *xmltree.Document // nil: nothing
	problems []problem
	end      int  // where the next document begins
	complete bool // nothing is left out
}

// readXML reads a document by the rules of metadata, which are those of
// messages and a little looser. When it breaks one, it returns what stands
// before that place, read by the same reader. Where a second document begins,
// it ends.
func readXML(src []byte) reading {
	doc, err := xmltree.Parse(src, xmltree.Metadata)
	if err == nil {
		return reading{doc, messageProblem(doc, src), len(src), true}
	}
	first := xmlProblem(err, src)
	if offset := first.Offset; offset > 0 && offset < len(src) && src[offset] == '<' {
		if doc, err := xmltree.Parse(src[:offset], xmltree.Metadata); err == nil {
			first.Detail += "; what follows is shown by itself"
			return reading{doc, []problem{first}, offset, true}
		}
	}
	return reading{outline(src, err), []problem{first}, len(src), false}
}

// messageProblem says what a reader of messages refuses in a document that is
// no metadata.
func messageProblem(doc *xmltree.Document, src []byte) []problem {
	if doc.Root().Space() == nsMetadata {
		return nil
	}
	if _, err := xmltree.Parse(src, xmltree.Message); err != nil {
		return []problem{xmlProblem(err, src)}
	}
	return nil
}

func xmlProblem(err error, src []byte) problem {
	e, ok := errors.AsType[*xmltree.Error](err)
	if !ok {
		return placed(xmltree.CodeWellFormed, "XML", src, 0, err.Error())
	}
	return placed(e.Code, "XML", src, e.Offset, visible(e.Detail))
}

// outline returns the tree of what stands before an error: the same octets up
// to there, with the end tags that are missing. It is nil if the start tag of
// the root cannot be read.
func outline(src []byte, err error) *xmltree.Document {
	const attempts = 4
	closing := closedInTag // with the attributes that can still be read
	for range attempts {
		e, ok := errors.AsType[*xmltree.Error](err)
		if !ok {
			return nil
		}
		offset := min(e.Offset, len(src))
		blanked := withoutDeclaration(src)
		switch {
		case e.Code == xmltree.CodeEncoding && blanked != nil:
			src = blanked
		case offset < len(src) && src[offset] == '<' && src[min(offset+1, len(src)-1)] != '/' && tagEnd(src, offset) < 0:
			src = closing(src) // the document ends in this tag
			closing = closed
		default:
			src = closing(src[:offset])
			closing = closed
		}
		var doc *xmltree.Document
		if doc, err = xmltree.Parse(src, xmltree.Metadata); err == nil {
			return doc
		}
	}
	return nil
}

// closedInTag is closed, but for the tag in which src ends: it is cut behind
// its last attribute and stays.
func closedInTag(src []byte) []byte {
	at := bytes.LastIndexByte(src, '<')
	if at < 0 || at+1 == len(src) || bytes.IndexByte([]byte("/!?"), src[at+1]) >= 0 || tagEnd(src, at) >= 0 {
		return closed(src)
	}
	end, quote := 0, byte(0)
	for i := at + 1; i < len(src); i++ {
		switch c := src[i]; {
		case quote != 0 && c == quote:
			quote, end = 0, i+1
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && end == 0 && (c == ' ' || c == '\t' || c == '\r' || c == '\n'):
			end = i
		}
	}
	if end == 0 {
		return closed(src)
	}
	return closed(append(bytes.Clone(src[:end]), '>'))
}

// withoutDeclaration puts blanks in the place of an XML declaration, so that
// offsets stay; nil if there is none.
func withoutDeclaration(src []byte) []byte {
	begin := bytes.Index(src, []byte("<?xml"))
	end := bytes.Index(src, []byte("?>"))
	if begin < 0 || end < begin || len(bytes.TrimSpace(bytes.TrimPrefix(src[:begin], []byte("\xef\xbb\xbf")))) > 0 {
		return nil
	}
	return append(bytes.Repeat([]byte(" "), end+2), src[end+2:]...)
}

// closed cuts off the tag in which src ends and adds the end tags that are
// missing. The reader has accepted src so far; this only counts tags.
func closed(src []byte) []byte {
	const room = 64 << 10 // for the end tags
	src = src[:min(len(src), maxInspect-room)]
	var open []string
	cut := len(src)
	for i := 0; i < len(src); {
		at := bytes.IndexByte(src[i:], '<')
		if at < 0 {
			break
		}
		at += i
		end := tagEnd(src, at)
		if end < 0 {
			cut = at
			break
		}
		i = end
		switch {
		case src[at+1] == '!' || src[at+1] == '?':
		case src[at+1] == '/':
			open = open[:max(len(open)-1, 0)]
		case src[end-2] != '/':
			name := string(src[at+1 : end-1])
			if j := strings.IndexAny(name, " \t\r\n"); j >= 0 {
				name = name[:j]
			}
			open = append(open, name)
		}
	}
	out := append(make([]byte, 0, cut+room), src[:cut]...)
	for i := len(open) - 1; i >= 0; i-- {
		out = append(append(append(out, "</"...), open[i]...), '>')
	}
	return out
}

// tagEnd returns the offset behind the markup at an offset, or -1 if it does
// not end.
func tagEnd(src []byte, at int) int {
	rest := src[at:]
	for _, m := range []struct{ start, end string }{{"<!--", "-->"}, {"<?", "?>"}} {
		if bytes.HasPrefix(rest, []byte(m.start)) {
			end := bytes.Index(rest[len(m.start):], []byte(m.end))
			if end < 0 {
				return -1
			}
			return at + len(m.start) + end + len(m.end)
		}
	}
	quote := byte(0)
	for i := at + 1; i < len(src); i++ {
		switch c := src[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i + 1
		}
	}
	return -1
}

// kindOf names a document by its root element.
func kindOf(root xmltree.Element) string {
	switch root.Space() {
	case nsProtocol, nsAssertion, nsMetadata:
		return root.Local()
	case xmldsig.Namespace:
		return "ds:" + root.Local()
	case nsProtocol11, nsAssertion1:
		return "SAML 1.x " + root.Local()
	}
	return kindXML
}
