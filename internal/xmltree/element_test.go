package xmltree

import (
	"slices"
	"testing"
)

// parse reads a document that must be accepted.
func parse(tb testing.TB, src string, profile Profile) Element {
	tb.Helper()
	doc, err := Parse([]byte(src), profile)
	if err != nil {
		tb.Fatalf("Parse(%q) = %v", src, err)
	}
	return doc.Root()
}

func TestValuesAreNormalised(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ src, attr, text string }{
		"plain":                       {`<r x="a">b</r>`, "a", "b"},
		"empty":                       {`<r x=""></r>`, "", ""},
		"empty tag":                   {`<r x=""/>`, "", ""},
		"entities":                    {`<r x="&lt;&gt;&amp;&quot;&apos;">&lt;&gt;&amp;&quot;&apos;</r>`, `<>&"'`, `<>&"'`},
		"double escape":               {`<r x="&amp;lt;">&amp;#65;</r>`, "&lt;", "&#65;"},
		"character references":        {`<r x="&#65;&#x1F600;">&#xe9;&#8364;</r>`, "A\U0001F600", "é€"},
		"line ends":                   {"<r x='a\r\nb\rc\nd'>a\r\nb\rc\nd\r\r\n</r>", "a b c d", "a\nb\nc\nd\n\n"},
		"tab":                         {"<r x='a\tb'>a\tb</r>", "a b", "a\tb"},
		"line ends by reference":      {"<r x='&#13;&#10;&#9;'>&#13;&#10;&#9;</r>", "\r\n\t", "\r\n\t"},
		"carriage return and newline": {"<r x='&#13;\n'>&#13;\n\r&#10;</r>", "\r ", "\r\n\n\n"},
		"quotes":                      {`<r x='"'>"'</r>`, `"`, `"'`},
		"spaces are kept":             {`<r x="  a  b ">  a  b </r>`, "  a  b ", "  a  b "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := parse(t, tc.src, Message)
			if got, ok := r.Attr("x"); got != tc.attr || !ok {
				t.Errorf("Attr() = %q, %t, want %q", got, ok, tc.attr)
			}
			if got, ok := r.Leaf(); got != tc.text || !ok {
				t.Errorf("Leaf() = %q, %t, want %q", got, ok, tc.text)
			}
		})
	}
}

func TestInputIsCopied(t *testing.T) {
	t.Parallel()
	src := []byte(`<r x="a">b</r>`)
	doc, err := Parse(src, Message)
	if err != nil {
		t.Fatal(err)
	}
	clear(src)
	if got, _ := doc.Root().Leaf(); got != "b" {
		t.Errorf("Leaf() = %q after the input was overwritten, want b", got)
	}
}

// A handle that outlives the document it was lent with finds nothing, least of all
// the next document in the same memory. What was asked before stays.
func TestWhatWasLentIsGone(t *testing.T) {
	t.Parallel()
	var root Element
	var attr AttrNode
	var text string
	if err := Lend(`<p:r xmlns:p="urn:p" x="a">b</p:r>`, Message, func(doc *Document) {
		root, attr = doc.Root(), doc.Root().AttrAt(0)
		text, _ = root.Leaf()
	}); err != nil {
		t.Fatal(err)
	}
	if err := Lend(`<q:s xmlns:q="urn:q" x="c">d</q:s>`, Message, func(*Document) {
		for name, ask := range map[string]func(){
			"name":      func() { root.Local() },
			"Is":        func() { root.Is("urn:q", "s") },
			"text":      func() { root.Leaf() },
			"attribute": func() { root.Attr("x") },
			"value":     func() { _ = attr.Value() },
			"namespace": func() { root.LookupPrefix("p") },
			"octets":    func() { root.Document().Slice(0, 1) },
		} {
			if !panics(ask) {
				t.Errorf("%s: something was found", name)
			}
		}
	}); err != nil {
		t.Fatal(err)
	}
	if text != "b" {
		t.Errorf("the text has become %q", text)
	}
}

func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}

// What is lent is read by the same rules.
func TestLendRefuses(t *testing.T) {
	t.Parallel()
	err := Lend("<r>", Message, func(*Document) { t.Error("it was lent") })
	if codeOf(t, err) != CodeWellFormed {
		t.Errorf("Lend() = %v, want %s", err, CodeWellFormed)
	}
}

func TestLeafHasNoChildren(t *testing.T) {
	t.Parallel()
	r := parse(t, `<r><a>x</a><b>x<c/></b></r>`, Message)
	a := r.FirstChild()
	if text, ok := a.Leaf(); text != "x" || !ok {
		t.Errorf("Leaf() of a leaf = %q, %t", text, ok)
	}
	if text, ok := a.NextSibling().Leaf(); text != "" || ok {
		t.Errorf("Leaf() beside a child = %q, %t, want none", text, ok)
	}
}

func TestHasTextSeesAllTextDirectlyBelow(t *testing.T) {
	t.Parallel()
	for src, want := range map[string]bool{
		"<r/>":                             false,
		"<r> \r\n\t</r>":                   false,
		"<r>&#13;\n<a/>&#32;&#x9;<a/></r>": false,
		"<r><a>x</a></r>":                  false,
		"<r>x</r>":                         true,
		"<r>x<a/></r>":                     true,
		"<r><a/>x<a/></r>":                 true,
		"<r><a/><a/>x</r>":                 true,
		"<r>&#65;</r>":                     true,
		"<r>&amp;</r>":                     true,
		"<r>\u00A0</r>":                    true,
		"<r>&#160;</r>":                    true,
		"<r>&#x2009;</r>":                  true,
		"<r>&#x10020;</r>":                 true,
		"<r>></r>":                         true,
	} {
		if got := parse(t, src, Message).HasText(); got != want {
			t.Errorf("HasText() of %q = %t, want %t", src, got, want)
		}
	}
	if parse(t, "<r><!-- x --></r>", Metadata).HasText() {
		t.Error("a comment is text")
	}
}

func TestTreeIsWhatIsWritten(t *testing.T) {
	t.Parallel()
	const src = `<r><a><b/><c/></a>1<d x=""/>2<e>3</e></r>`
	r := parse(t, src, Message)
	var names []string
	for e := range r.Descendants() {
		names = append(names, e.Path()+" "+src[e.Offset():e.End()])
		if e.ContentStart() > e.ContentEnd() || e.ContentEnd() > e.End() {
			t.Errorf("content of %s from %d to %d of %d", e.Path(), e.ContentStart(), e.ContentEnd(), e.End())
		}
	}
	want := []string{
		"/r " + src,
		"/r/a <a><b/><c/></a>",
		"/r/a/b <b/>",
		"/r/a/c <c/>",
		`/r/d <d x=""/>`,
		"/r/e <e>3</e>",
	}
	if !slices.Equal(names, want) {
		t.Errorf("got  %q\nwant %q", names, want)
	}
	var children []string
	for e := range r.Children() {
		children = append(children, e.QName()+e.Tail().String())
		if e.Parent() != r {
			t.Errorf("the parent of %s is not the root", e.QName())
		}
	}
	if want := []string{"a1", "d2", "e"}; !slices.Equal(children, want) {
		t.Errorf("children %q, want %q", children, want)
	}
	if !r.Parent().IsZero() || !r.NextSibling().IsZero() || r.Tail().String() != "" {
		t.Error("something is around the root")
	}
	for range r.Children() {
		break // the iterator must stop here
	}
	for range r.Descendants() {
		break
	}
}

func TestNamesAreNamespaceAndLocal(t *testing.T) {
	t.Parallel()
	r := parse(t, `<p:r xmlns:p="urn:p" xmlns="urn:d" xmlns:q="urn:q" x="1" q:x="2" p:x="3"><x xml:lang="de"/><y xmlns=""/><p:z xmlns:p="urn:other"/></p:r>`, Message)
	x := r.FirstChild()
	y := x.NextSibling()
	z := y.NextSibling()
	for _, tc := range []struct {
		e                    Element
		space, prefix, local string
	}{{r, "urn:p", "p", "r"}, {x, "urn:d", "", "x"}, {y, "", "", "y"}, {z, "urn:other", "p", "z"}} {
		if tc.e.Space() != tc.space || tc.e.Prefix() != tc.prefix || tc.e.Local() != tc.local {
			t.Errorf("%s is %q %q %q, want %q %q %q", tc.e.QName(), tc.e.Space(), tc.e.Prefix(), tc.e.Local(), tc.space, tc.prefix, tc.local)
		}
		if !tc.e.Is(tc.space, tc.local) || tc.e.Is(tc.space, "other") || tc.e.Is("urn:none", tc.local) {
			t.Errorf("Is() is wrong about %s", tc.e.QName())
		}
	}
	want := []Attr{{"", "", "x", "1"}, {"q", "urn:q", "x", "2"}, {"p", "urn:p", "x", "3"}}
	if got := slices.Collect(r.Attrs()); !slices.Equal(got, want) {
		t.Errorf("Attrs() = %v, want %v", got, want)
	}
	for range r.Attrs() {
		break
	}
	if got, _ := r.Attr("x"); got != "1" {
		t.Errorf("Attr(x) = %q, want the unqualified one", got)
	}
	if got, _ := r.AttrNS("urn:q", "x"); got != "2" {
		t.Errorf("AttrNS(urn:q, x) = %q, want 2", got)
	}
	if got, _ := x.AttrNS(XMLNamespace, "lang"); got != "de" {
		t.Errorf("xml:lang = %q, want de", got)
	}
	if _, ok := x.Attr("lang"); ok {
		t.Error("a qualified attribute was taken for an unqualified one")
	}
	for _, tc := range []struct {
		e           Element
		prefix, uri string
		ok          bool
	}{
		{x, "", "urn:d", true}, {y, "", "", false}, {z, "p", "urn:other", true}, {x, "p", "urn:p", true},
		{x, "xml", XMLNamespace, true}, {x, "none", "", false},
	} {
		if uri, ok := tc.e.LookupPrefix(tc.prefix); uri != tc.uri || ok != tc.ok {
			t.Errorf("LookupPrefix(%q) at %s = %q, %t, want %q, %t", tc.prefix, tc.e.QName(), uri, ok, tc.uri, tc.ok)
		}
	}
}

func TestNoElement(t *testing.T) {
	t.Parallel()
	var none Element
	r := parse(t, `<r/>`, Message)
	if !none.IsZero() || none.Is("", "") || none.Is("", "r") || none.Document() != nil || none.Contains(none) || none.Contains(r) || r.Contains(none) {
		t.Error("no element is something")
	}
	if !r.FirstChild().IsZero() || r.IsZero() {
		t.Error("IsZero() is wrong")
	}
}

func TestContains(t *testing.T) {
	t.Parallel()
	r := parse(t, `<r><a><b/></a><c/></r>`, Message)
	a := r.FirstChild()
	b, c := a.FirstChild(), a.NextSibling()
	other := parse(t, `<r><a><b/></a><c/></r>`, Message)
	for _, tc := range []struct {
		outer, inner Element
		want         bool
	}{{r, r, true}, {r, b, true}, {a, b, true}, {a, a, true}, {a, c, false}, {b, a, false}, {c, b, false}, {r, other, false}, {r, other.FirstChild(), false}} {
		if got := tc.outer.Contains(tc.inner); got != tc.want {
			t.Errorf("%s.Contains(%s) = %t, want %t", tc.outer.Path(), tc.inner.Path(), got, tc.want)
		}
	}
}

func TestPathCountsSiblingsOfOneName(t *testing.T) {
	t.Parallel()
	r := parse(t, `<p:r xmlns:p="urn:p"><p:a/><a/><p:a><b/></p:a></p:r>`, Message)
	var got []string
	for e := range r.Descendants() {
		got = append(got, e.Path())
	}
	want := []string{"/p:r", "/p:r/p:a[1]", "/p:r/a", "/p:r/p:a[2]", "/p:r/p:a[2]/b"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCommentsAreNoText(t *testing.T) {
	t.Parallel()
	r := parse(t, "<!-- 1 --><r> <!-- <x> & ]]> -->\n<!---->\t<a>x</a><!-- 2 --> </r><!-- 3 -->", Metadata)
	if got := r.Lead().String(); got != " \n\t" {
		t.Errorf("Lead() = %q", got)
	}
	if got := r.FirstChild().Tail().String(); got != " " {
		t.Errorf("Tail() = %q", got)
	}
	if got := string(r.Lead().AppendCanonical(nil)); got != " \n\t" {
		t.Errorf("AppendCanonical() = %q", got)
	}
}

// What is passed on as it is written must be what Canonical XML writes.
func TestStartTagIsCanonical(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]bool{
		`<r`:                    true,
		`<r a="" b="c d"`:       true,
		`<r a="'>"`:             true,
		`<r a="" xml:lang="en"`: true,
		`<r xml:lang="en"`:      true,
		`<r a="é"`:              true,

		`<r `:                            false,
		`<r a='b'`:                       false,
		`<r  a="b"`:                      false,
		"<r\na=\"b\"":                    false,
		`<r a ="b"`:                      false,
		`<r a= "b"`:                      false,
		`<r a="b" `:                      false,
		`<r b="" a=""`:                   false,
		`<r xml:lang="en" a=""`:          false,
		`<r xml:base="" xml:lang="en"`:   false, // it is, yet nobody looks that far
		`<r a="&gt;"`:                    false,
		`<r a="&#x9;"`:                   false,
		"<r a=\"\t\"":                    false,
		`<r xmlns="urn:a"`:               false,
		`<r xmlns:a="urn:a" a:a="" b=""`: false,
	} {
		for _, end := range []string{">text</r>", "/>"} {
			got, canonical := parse(t, tag+end, Message).StartTag()
			if got != tag || canonical != want {
				t.Errorf("%s%s: StartTag() = %s, %t, want %t", tag, end, got, canonical, want)
			}
		}
	}
}
