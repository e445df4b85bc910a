package main

import (
	"strings"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// indented writes a tree with a line for each tag. It is for reading: white
// space of the document is not kept, and what does not show is escaped as
// nothing in XML is.
func indented(root xmltree.Element) string {
	var b strings.Builder
	indent(&b, root, 0)
	return b.String()
}

// indent calls itself as deep as the document, which the reader bounds.
func indent(b *strings.Builder, e xmltree.Element, depth int) {
	margin := strings.Repeat("  ", depth)
	b.WriteString(margin)
	b.WriteByte('<')
	b.WriteString(visible(e.QName()))
	for i := range e.NumNamespaces() {
		prefix, uri := e.NamespaceAt(i)
		name := "xmlns"
		if prefix != "" {
			name += ":" + prefix
		}
		writeAttr(b, name, strings.NewReplacer("&", "&amp;", "<", "&lt;", `"`, "&quot;").Replace(uri))
	}
	for i := range e.NumAttrs() {
		a := e.AttrAt(i)
		name := a.Local()
		if a.Prefix() != "" {
			name = a.Prefix() + ":" + name
		}
		writeAttr(b, name, strings.ReplaceAll(a.Raw(), `"`, "&quot;"))
	}
	lead, _ := e.Lead().Verbatim()
	text := strings.TrimSpace(lead)
	switch {
	case e.FirstChild().IsZero() && text == "":
		b.WriteString("/>\n")
		return
	case e.FirstChild().IsZero():
		b.WriteByte('>')
		b.WriteString(plainText(text))
	default:
		b.WriteString(">\n")
		writeText(b, margin, text)
		for c := range e.Children() {
			indent(b, c, depth+1)
			tail, _ := c.Tail().Verbatim()
			writeText(b, margin, strings.TrimSpace(tail))
		}
		b.WriteString(margin)
	}
	b.WriteString("</")
	b.WriteString(visible(e.QName()))
	b.WriteString(">\n")
}

func writeAttr(b *strings.Builder, name, raw string) {
	b.WriteByte(' ')
	b.WriteString(visible(name))
	b.WriteString(`="`)
	b.WriteString(visible(raw))
	b.WriteByte('"')
}

// writeText writes text beside elements on lines of its own.
func writeText(b *strings.Builder, margin, text string) {
	if text != "" {
		b.WriteString(margin)
		b.WriteString("  ")
		b.WriteString(plainText(text))
		b.WriteByte('\n')
	}
}

// plainText makes text visible, line ends as they are.
func plainText(s string) string {
	return appearance(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
}
