package xmltree

import (
	"strconv"
	"strings"
	"testing"
)

// alternating is a message of the greatest size in which all elements have as many
// attributes as may be, of two namespaces by turns that differ in their last
// octet.
func alternating(uriSize int) []byte {
	uri := "urn:" + strings.Repeat("x", uriSize-len("urn:1"))
	head := `<r xmlns:a="` + uri + `1" xmlns:b="` + uri + `2">`
	var tag strings.Builder
	tag.WriteString("<e")
	for i := range MaxAttributes {
		tag.WriteString(" " + string("ab"[i%2]) + ":n" + strconv.Itoa(10+i/2) + `=""`)
	}
	tag.WriteString("/>")
	n := (MaxMessageBytes - len(head) - len("</r>")) / tag.Len()
	return []byte(head + strings.Repeat(tag.String(), n) + "</r>")
}

// scattered is a message of the greatest size in which all elements use the
// outermost of as many prefixes as may be in scope.
func scattered() []byte {
	var b strings.Builder
	for i := range MaxNamespacesInScope {
		if i%MaxNamespaces == 0 {
			b.WriteString("<r")
		}
		b.WriteString(" xmlns:n" + strconv.Itoa(100+i) + `="urn:` + strconv.Itoa(100+i) + `"`)
		if (i+1)%MaxNamespaces == 0 {
			b.WriteString(">")
		}
	}
	var tag strings.Builder
	tag.WriteString("<e")
	for i := range MaxAttributes {
		tag.WriteString(" n" + strconv.Itoa(100+i) + `:x=""`)
	}
	tag.WriteString("/>")
	ends := strings.Repeat("</r>", MaxNamespacesInScope/MaxNamespaces)
	return []byte(b.String() + strings.Repeat(tag.String(), (MaxMessageBytes-b.Len()-len(ends))/tag.Len()) + ends)
}

// declaring is a message of the greatest size that declares namespaces and does
// nothing else.
func declaring() []byte {
	var tag strings.Builder
	tag.WriteString("<e")
	for i := range MaxNamespaces {
		tag.WriteString(" xmlns:n" + strconv.Itoa(10+i) + `="urn:x"`)
	}
	head := tag.String() + ">"
	tag.WriteString("/>")
	const levels = MaxNamespacesInScope/MaxNamespaces - 1
	ends := strings.Repeat("</e>", levels)
	return []byte(strings.Repeat(head, levels) + strings.Repeat(tag.String(), (MaxMessageBytes-levels*len(head)-len(ends))/tag.Len()) + ends)
}

// A URI of an eighth of the message, compared for each pair of attributes, was a
// second of work for half a megabyte. It is refused where it is declared.
func TestLongNamespacesEndAtTheirDeclaration(t *testing.T) {
	t.Parallel()
	hostile := alternating(125 << 10)
	_, err := Parse(hostile, Message)
	if codeOf(t, err) != CodeLimit {
		t.Fatalf("Parse() = %v, want %s", err, CodeLimit)
	}
	if _, err := Parse(alternating(MaxName), Message); err != nil {
		t.Errorf("the twin: %v", err)
	}
}

// Attributes are told apart by a number for each namespace in scope, never by URIs:
// that is what makes the longest of them cheap.
func TestEachNamespaceInScopeHasOneNumber(t *testing.T) {
	t.Parallel()
	root := parse(t, `<r xmlns:a="urn:x" xmlns:b="urn:y" xmlns:c="urn:x" a:i="" b:i="" c:j="">`+
		`<s xmlns:d="urn:&#x78;" xmlns:a="urn:y" a:i="" b:j="" c:i="" d:j=""/></r>`, Message)
	number := func(e Element, i int) int32 { return e.doc.attrs[e.AttrAt(i).i].space }
	s := root.FirstChild()
	x, y := number(root, 0), number(root, 1)
	for i, want := range []int32{x, y, x} {
		if got := number(root, i); got != want {
			t.Errorf("attribute %d of r has namespace %d, want %d", i, got, want)
		}
	}
	for i, want := range []int32{y, y, x, x} {
		if got := number(s, i); got != want {
			t.Errorf("attribute %d of s has namespace %d, want %d", i, got, want)
		}
	}
	if x == y || s.AttrAt(0).Space() != "urn:y" || s.AttrAt(3).Space() != "urn:x" {
		t.Errorf("numbers %d and %d, namespaces %s and %s", x, y, s.AttrAt(0).Space(), s.AttrAt(3).Space())
	}
}

// What one message asked for is not kept for all that come after it, and a
// document has room for itself alone.
func TestScratchMemoryOfAGiantIsLetGo(t *testing.T) {
	t.Parallel()
	for name, src := range map[string]string{
		"elements":   "<r>" + strings.Repeat("<a/>", MaxMetadataElements/2) + "</r>",
		"attributes": "<r>" + strings.Repeat(`<a b="" c="" d="" e="" f="" g="" h="" i=""/>`, MaxMetadataElements/20) + "</r>",
		"namespaces": "<r>" + strings.Repeat(`<a xmlns:a="a:a"/>`, MaxMetadataElements/20) + "</r>",
	} {
		p := &parser{doc: new(Document)}
		if err := p.read(src, Element{}, Metadata); err != nil {
			t.Fatal(err)
		}
		d, err := Parse(src, Metadata)
		if err != nil {
			t.Fatal(err)
		}
		if room := cap(d.elems) + cap(d.attrs) + cap(d.nss); room > (len(d.elems)+len(d.attrs)+len(d.nss))*5/4 {
			t.Errorf("%s: room for %d where there are %d, %d and %d", name, room, len(d.elems), len(d.attrs), len(d.nss))
		}
		p.release()
		if kept := p.doc; cap(kept.elems)+cap(kept.attrs)+cap(kept.nss) > 0 {
			t.Errorf("%s: %d elements, %d attributes and %d namespaces are kept", name, cap(kept.elems), cap(kept.attrs), cap(kept.nss))
		}
	}
}

// Scratch memory that stays holds nothing of a message, not even alive.
func TestScratchMemoryIsEmptied(t *testing.T) {
	t.Parallel()
	for _, src := range []string{`<a:r xmlns:a="urn:x" b=""><a:s/></a:r>`, `<a:r xmlns:a="urn:x" b=""><a:s>`} {
		p := &parser{doc: new(Document)}
		_ = p.read(src, Element{}, Message)
		p.release()
		d := p.doc
		if cap(d.elems) == 0 || cap(d.nss) == 0 {
			t.Errorf("%q: the memory is not kept", src)
		}
		if p.src != "" || d.src != "" || len(d.elems)+len(d.attrs)+len(d.nss) > 0 || d.nss[:1][0] != (binding{}) {
			t.Errorf("%q: still there: %+v", src, d)
		}
	}
}

// The inputs that cost the most for their size.
func BenchmarkParseWorst(b *testing.B) {
	for _, input := range []struct {
		name string
		src  []byte
	}{
		{"long namespaces", alternating(125 << 10)},
		{"longest namespaces allowed", alternating(MaxName)},
		{"outermost prefixes", scattered()},
		{"declarations", declaring()},
		{"empty tags", []byte("<r>" + strings.Repeat("<a/>", MaxMessageElements-1) + "</r>")},
		{"attributes", []byte("<r>" + strings.Repeat(` =`, MaxMessageBytes/4) + "</r>")},
	} {
		b.Run(input.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(input.src)))
			for b.Loop() {
				_, _ = Parse(input.src, Message)
			}
		})
	}
}
