package samltest

import (
	"fmt"
	"strings"

	"github.com/sallyport/sallyport/internal/saml"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// limits are inputs that cost more than they are worth. Where nobody signs them
// they stand beside as much as may be.
func limits() []Attack {
	var attacks []Attack
	numbered := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	nested := func(open, shut string) func(n int) string {
		return func(n int) string { return strings.Repeat(open, n) + strings.Repeat(shut, n) }
	}
	const far = 100_000
	for _, tc := range []struct {
		name       string
		build      func(n int) string
		many, most int
	}{
		{"elements in each other", nested("<x>", "</x>"), far, 29}, // the Response and Extensions are around
		{"elements in each other, a few too many", nested("<x>", "</x>"), 40, 20},
		{"elements", nested("<x/>", ""), far, 9_000},
		{"elements, a few too many", nested("<x/>", ""), xmltree.MaxMessageElements, 9_000},
		{"attributes", func(n int) string { return "<x" + numbered(` a%d=""`, n) + "/>" }, far, xmltree.MaxAttributes},
		{"attributes, one too many", func(n int) string { return "<x" + numbered(` a%d=""`, n) + "/>" }, xmltree.MaxAttributes + 1, xmltree.MaxAttributes},
		{"namespaces", func(n int) string { return "<x" + numbered(` xmlns:n%d="urn:x"`, n) + "/>" }, far, xmltree.MaxNamespaces},
		{"namespaces, one too many", func(n int) string { return "<x" + numbered(` xmlns:n%d="urn:x"`, n) + "/>" }, xmltree.MaxNamespaces + 1, xmltree.MaxNamespaces},
		{"namespaces in each other", func(n int) string {
			return numbered(`<x xmlns:n%d="urn:x">`, n) + strings.Repeat("</x>", n)
		}, far, 20},
		{"namespaces in each other, a few too many", func(n int) string {
			one := "<x" + numbered(` xmlns:n%d="urn:x"`, xmltree.MaxNamespaces) + ">"
			return strings.Repeat(one, n) + strings.Repeat("</x>", n)
		}, 5, 3},
		{"name", func(n int) string { return "<" + strings.Repeat("x", n) + "/>" }, far, xmltree.MaxName},
		{"name, one letter too long", func(n int) string { return "<" + strings.Repeat("x", n) + "/>" }, xmltree.MaxName + 1, xmltree.MaxName},
		{"name of an attribute", func(n int) string { return "<x " + strings.Repeat("x", n) + `=""/>` }, xmltree.MaxName + 1, xmltree.MaxName},
		{"namespace", func(n int) string { return `<x xmlns:n="urn:` + strings.Repeat("x", n) + `"/>` }, xmltree.MaxName + 1, xmltree.MaxName - len("urn:")},
		{"text", func(n int) string { return "<x>" + strings.Repeat("x", n) + "</x>" }, 10 * far, xmltree.MaxText},
		{"text, one letter too long", func(n int) string { return "<x>" + strings.Repeat("x", n) + "</x>" }, xmltree.MaxText + 1, xmltree.MaxText},
		{"value of an attribute", func(n int) string { return `<x y="` + strings.Repeat("x", n) + `"/>` }, xmltree.MaxText + 1, xmltree.MaxText},
	} {
		attacks = append(attacks, Attack{No: 42, Name: "many: " + tc.name, Bases: assertionAlone, Rule: saml.XMLLimit,
			Forge: func(r *Response) { nearby(tc.build(tc.many))(r) }, Twin: func(r *Response) { nearby(tc.build(tc.most))(r) }})
	}
	return append(attacks,
		Attack{No: 42, Name: "many: references of a signature", Bases: assertionAlone, Forge: after(manyReferences(far)), Rule: saml.XMLLimit, Plain: true},
		Attack{No: 42, Name: "many: references of a signature, below the limits", Bases: assertionAlone, Forge: after(manyReferences(300)), Rule: saml.SigRef, Alone: true},
		Attack{No: 42, Name: "many: signatures", Bases: assertionAlone, Forge: after(func(doc string) string {
			p := outermost(doc)
			return p.with(strings.Repeat(p.text, 50))
		}), Rule: saml.SigCount},
	)
}

// manyReferences repeats the Reference of the outermost signature.
func manyReferences(n int) func(doc string) string {
	return func(doc string) string {
		p := outermost(doc)
		reference := find(p.text, "ds:Reference")
		return p.with(reference.with(strings.Repeat(reference.text, n)))
	}
}
