package xmldsig

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// numbered writes a text with the numbers from 100 on.
func numbered(format string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, 100+i)
	}
	return b.String()
}

// repeating is a message whose elements use some namespaces, of a size, that are
// declared around what is signed: its canonical form says them in each element.
func repeating(elements, uriSize int) string {
	uri := "urn:%[1]d" + strings.Repeat("x", uriSize-len("urn:100"))
	tag := "<e" + numbered(` n%d:x=""`, xmltree.MaxNamespaces) + "/>"
	return "<r" + numbered(` xmlns:n%d="`+uri+`"`, xmltree.MaxNamespaces) + `><saml:Assertion xmlns:saml="` + saml + `" ID="a1">` +
		strings.Repeat(tag, elements) + "</saml:Assertion></r>"
}

// Somebody with a key can have half a megabyte canonicalised into fifty. What is
// longer than anything real is refused before it is made.
func TestVerifyBoundsTheCanonicalForm(t *testing.T) {
	t.Parallel()
	const fits = maxCanonical / (xmltree.MaxNamespaces * xmltree.MaxName) * 95 / 100
	for elements, code := range map[int]string{fits: "", fits * 115 / 100: CodeC14N} {
		src := sign(t, repeating(elements, xmltree.MaxName), assertion, Signing{Key: ecdsaKey()})
		_, err := Verify(assertion(parse(t, src)), verifying(t, ecdsaKey()), Legacy{})
		if codeOf(t, err) != code {
			t.Errorf("%d elements: Verify() = %v, want %q", elements, err, code)
		}
	}
}

// The walk ends with the writer: nothing is canonicalised for nobody.
func TestCanonicalizeStopsWithTheWriter(t *testing.T) {
	t.Parallel()
	full := &limited{left: 10 * chunk}
	err := Canonicalize(full, parse(t, repeating(1000, xmltree.MaxName)).FirstChild(), C14N{Algorithm: ExclusiveC14N})
	if err == nil || full.writes > 11 {
		t.Errorf("Canonicalize() = %v after %d writes", err, full.writes)
	}
}

// limited takes so many octets.
type limited struct{ left, writes int }

func (l *limited) Write(p []byte) (int, error) {
	l.writes++
	if l.left -= len(p); l.left < 0 {
		return 0, io.ErrShortWrite
	}
	return len(p), nil
}

// Below many declarations the rules are the same as below few.
func TestCanonicalizeAmongMany(t *testing.T) {
	t.Parallel()
	const many = xmltree.MaxNamespaces
	declared, used := numbered(` xmlns:n%d="urn:%[1]d"`, many), numbered(` n%d:x=""`, many)
	e := parse(t, "<r"+declared+"><a"+used+`><n107:b n107:y="" n100:z=""/><n107:c xmlns:n107="urn:new"><n107:d/></n107:c><n107:e/></a></r>`).FirstChild()
	var got bytes.Buffer
	if err := Canonicalize(&got, e, C14N{Algorithm: ExclusiveC14N}); err != nil {
		t.Fatal(err)
	}
	want := "<a" + declared + used + `><n107:b n100:z="" n107:y=""></n107:b><n107:c xmlns:n107="urn:new"><n107:d></n107:d></n107:c><n107:e></n107:e></a>`
	if got.String() != want {
		t.Errorf("got  %s\nwant %s", got.String(), want)
	}
}

// No canonicalisation of an element yields nothing, so nothing else shows what
// happens if one did: as at others, everything would have its digest.
func TestAnEmptyCanonicalFormIsNone(t *testing.T) {
	t.Parallel()
	e := parse(t, "<r/>")
	c := counter{dst: io.Discard}
	if err := c.some(e); err == nil || err.Code != CodeC14N {
		t.Errorf("nothing: %v, want %s", err, CodeC14N)
	}
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := c.some(e); err != nil {
		t.Errorf("the twin: %v", err)
	}
}

// What somebody with a key can make the most work of.
func BenchmarkCanonicalizeWorst(b *testing.B) {
	scattered := strings.Repeat("<r"+numbered(` xmlns:n%d="urn:%[1]d"`, 32)+">", 3) + "<r" + numbered(` xmlns:m%d="urn:%[1]d"`, 30) + "><a" + numbered(` n%d:x=""`, 32) + ">" +
		strings.Repeat("<e"+numbered(` n%d:x="" n%[1]d:y=""`, 32)+"/>", 600) + "</a>" + strings.Repeat("</r>", 4)
	for _, input := range []struct {
		name, src string
		apex      func(xmltree.Element) xmltree.Element
	}{
		{"outermost prefixes", scattered, itself},
		{"repeated namespaces", repeating(1000, xmltree.MaxName), assertion},
	} {
		apex := input.apex(parse(b, input.src))
		b.Run(input.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(input.src)))
			for b.Loop() {
				if err := Canonicalize(&counter{dst: discard{}}, apex, C14N{Algorithm: ExclusiveC14N}); err != nil && !errors.Is(err, errTooLong) {
					b.Fatal(err)
				}
			}
		})
	}
}
