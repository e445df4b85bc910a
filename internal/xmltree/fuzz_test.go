package xmltree

import (
	"errors"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// seeds are documents that go through every part of the reader.
var seeds = []string{
	"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone='yes'?>\r\n<r/>",
	`<p:r xmlns:p="urn:p" xmlns="urn:d" p:x='"' y="&#13;&#x41;&lt;"><a xml:lang="de">1 &gt; 0 > &amp;&#xD;</a> <b xmlns=""/>x<!-- c --></p:r>`,
	"\xEF\xBB\xBF<größe>日本\r\n</größe>\n",
	`<r><!-- a --><a/> <!-- b --> </r><!-- c -->`,
	`<!DOCTYPE r [<!ENTITY e "x">]><r>&e;</r>`,
	`<r><![CDATA[x]]><?p?></r>`,
	`<x::n/><:a/><a:b:c/>`,
	`<r><!-->x--></r>`,
	`<r><!-->&<!--></r>`,
	`<r><!-->&<!-- --></r>`,
	"<r>&#32;<!-->x-->\r\n<!----></r>",
}

// Parse never panics and takes memory by the length of the input; what it refuses
// has a code and an offset within the input; what it accepts is a tree whose
// parts lie within each other, whose names and values can all be read, whose texts
// and values are what another reader of comments and references finds, and which
// Message accepts only if Metadata does.
func FuzzParse(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		var metadata, message *Document
		var loose, strict error
		if got, limit := allocated(func() {
			metadata, loose = Parse(src, Metadata)
			message, strict = Parse(src, Message)
		}), 128*uint64(len(src))+64<<10; got > limit {
			t.Fatalf("%d octets of memory for %d octets of input, want at most %d", got, len(src), limit)
		}
		for _, err := range []error{loose, strict} {
			e, ok := errors.AsType[*Error](err)
			if err != nil && (!ok || e.Code == "" || e.Detail == "" || e.Offset < 0 || e.Offset > len(src)) {
				t.Fatalf("error %#v", err)
			}
		}
		if strict == nil && loose != nil && len(src) <= MaxMessageBytes {
			t.Fatalf("a message, yet no metadata: %v", loose)
		}
		for _, doc := range []*Document{message, metadata} {
			if doc != nil {
				checkTree(t, doc, len(src))
			}
		}
	})
}

// allocated returns how many octets of memory f asks for, given back or not.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func checkTree(t *testing.T, doc *Document, size int) {
	t.Helper()
	count := 0
	for e := range doc.Root().Descendants() {
		count++
		if e.Offset() < 0 || e.ContentStart() <= e.Offset() || e.ContentEnd() < e.ContentStart() || e.End() < e.ContentEnd() || e.End() > size {
			t.Fatalf("offsets of %s: %d %d %d %d of %d", e.Path(), e.Offset(), e.ContentStart(), e.ContentEnd(), e.End(), size)
		}
		if parent := e.Parent(); !parent.IsZero() {
			if !parent.Contains(e) || e.Offset() < parent.ContentStart() || e.End() > parent.ContentEnd() {
				t.Fatalf("%s lies outside its parent", e.Path())
			}
		}
		if space, _ := e.LookupPrefix(e.Prefix()); e.Local() == "" || e.Prefix() != "" && e.Space() == "" || e.Space() != space {
			t.Fatalf("name %q of namespace %q, where its prefix stands for %q", e.QName(), e.Space(), space)
		}
		seen := make(map[[2]string]bool)
		for a := range e.Attrs() {
			name := [2]string{a.Space, a.Local}
			if seen[name] || a.Local == "" || a.Prefix != "" && a.Space == "" {
				t.Fatalf("attribute %v of %s", a, e.Path())
			}
			seen[name] = true
		}
		for i := range e.NumAttrs() {
			a := e.AttrAt(i)
			if want := plainly(blanks.Replace(a.Raw())); a.Value() != want {
				t.Fatalf("Value() of %s = %q, want %q for %q", a.Local(), a.Value(), want, a.Raw())
			}
		}
		text, leaf := e.Leaf()
		if leaf != e.FirstChild().IsZero() || leaf && text != e.Lead().String() {
			t.Fatalf("Leaf() of %s = %q, %t", e.Path(), text, leaf)
		}
		if raw := doc.Slice(e.ContentStart(), e.ContentEnd()); leaf && text != plainly(raw) {
			t.Fatalf("Leaf() of %s = %q, want %q for %q", e.Path(), text, plainly(raw), raw)
		}
	}
	if count != len(doc.elems) {
		t.Fatalf("%d elements below the root, %d read", count, len(doc.elems))
	}
}

var (
	comments   = regexp.MustCompile(`(?s)<!--.*?-->`)
	references = regexp.MustCompile(`&[^;]*;`)
	blanks     = strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ", "\t", " ") // in attributes
)

// plainly reads a text by other means than Parse does: comments cut out whole,
// then line ends, then each reference on its own.
func plainly(raw string) string {
	raw = comments.ReplaceAllString(raw, "")
	raw = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(raw)
	return references.ReplaceAllStringFunc(raw, func(ref string) string {
		name, base := ref[1:len(ref)-1], 10
		number, numeric := strings.CutPrefix(name, "#")
		if !numeric {
			return map[string]string{"lt": "<", "gt": ">", "amp": "&", "quot": `"`, "apos": "'"}[name]
		}
		if hex, ok := strings.CutPrefix(number, "x"); ok {
			number, base = hex, 16
		}
		r, _ := strconv.ParseInt(number, base, 32)
		return string(rune(r))
	})
}
