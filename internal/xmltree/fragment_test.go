package xmltree

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// around is a message with namespaces bound on two levels, one of them anew.
const around = `<p:R xmlns:p="urn:p" xmlns:q="urn:q" xmlns="urn:d"><E xmlns:q="urn:q2" xmlns:s="urn:s"><!----></E></p:R>`

func outer(t *testing.T) Element {
	t.Helper()
	doc, err := Parse([]byte(strings.Replace(around, "<!---->", "", 1)), Message)
	if err != nil {
		t.Fatal(err)
	}
	return doc.Root().FirstChild()
}

func TestFragmentHasTheNamespacesOfItsPlace(t *testing.T) {
	t.Parallel()
	at := outer(t)
	for name, tc := range map[string]struct {
		fragment string
		want     string // namespaces of the root, of its attributes, of its child
	}{
		"prefix of the root":          {`<p:A/>`, "urn:p"},
		"prefix bound anew outside":   {`<q:A/>`, "urn:q2"},
		"default namespace":           {`<A/>`, "urn:d"},
		"attribute":                   {`<A s:x=""/>`, "urn:d urn:s"},
		"child":                       {`<A><s:B/></A>`, "urn:d urn:s"},
		"prefix bound anew inside":    {`<s:A xmlns:s="urn:own"><s:B/></s:A>`, "urn:own urn:own"},
		"prefix bound anew in child":  {`<s:A><s:B xmlns:s="urn:own"/></s:A>`, "urn:s urn:own"},
		"default taken away":          {`<A xmlns=""><B/></A>`, " "},
		"default taken away in child": {`<A><B xmlns=""/></A>`, "urn:d "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, err := ParseFragment([]byte(tc.fragment), at, Message)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for e := range doc.Root().Descendants() {
				got = append(got, e.Space())
				for a := range e.Attrs() {
					got = append(got, a.Space)
				}
			}
			if got := strings.Join(got, " "); got != tc.want {
				t.Errorf("namespaces %q, want %q", got, tc.want)
			}
		})
	}
}

// What a fragment reads like is what it reads like in its place.
func TestFragmentRootDeclaresWhatIsInScope(t *testing.T) {
	t.Parallel()
	const fragment = `<s:A xmlns:own="urn:own" xmlns:q="urn:q3"><B/></s:A>`
	at := outer(t)
	whole, err := Parse([]byte(strings.Replace(around, "<!---->", fragment, 1)), Message)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := ParseFragment([]byte(fragment), at, Message)
	if err != nil {
		t.Fatal(err)
	}
	inPlace, root := whole.Root().FirstChild().FirstChild(), doc.Root()
	if root.Offset() != 0 || root.End() != len(fragment) || root.FirstChild().Offset() != strings.Index(fragment, "<B") {
		t.Errorf("offsets %d to %d, want those of the fragment", root.Offset(), root.End())
	}
	for _, prefix := range []string{"", "p", "q", "s", "own", "xml", "none"} {
		got, ok := root.LookupPrefix(prefix)
		want, wantOK := inPlace.LookupPrefix(prefix)
		if got != want || ok != wantOK {
			t.Errorf("LookupPrefix(%q) = %q, %t, want %q, %t", prefix, got, ok, want, wantOK)
		}
	}
	declared := map[string]string{}
	for i := range root.NumNamespaces() {
		prefix, uri := root.NamespaceAt(i)
		if _, twice := declared[prefix]; twice {
			t.Errorf("the prefix %q is declared twice", prefix)
		}
		declared[prefix] = uri
	}
	want := map[string]string{"": "urn:d", "p": "urn:p", "q": "urn:q3", "s": "urn:s", "own": "urn:own"}
	if fmt.Sprint(declared) != fmt.Sprint(want) {
		t.Errorf("the root declares %v, want %v", declared, want)
	}
}

func TestFragmentIsReadAsStrictly(t *testing.T) {
	t.Parallel()
	at := outer(t)
	var many strings.Builder // with those around: one more than may be in scope
	for i := range MaxNamespacesInScope - 4 + 1 {
		if i%MaxNamespaces == 0 {
			many.WriteString("<A")
		}
		fmt.Fprintf(&many, ` xmlns:n%d="urn:n"`, i)
		if i%MaxNamespaces == MaxNamespaces-1 {
			many.WriteString(">")
		}
	}
	for name, tc := range map[string]struct {
		fragment string
		at       Element
		code     string // "" is for the twin
	}{
		"bound outside":                {`<s:A/>`, at, ""},
		"bound nowhere":                {`<t:A/>`, at, CodeNamespace},
		"bound outside, no place":      {`<s:A/>`, Element{}, CodeNamespace},
		"bound deeper than its place":  {`<s:A/>`, at.Parent(), CodeNamespace},
		"two attributes":               {`<A p:x="" s:x=""/>`, at, ""},
		"one attribute twice":          {`<A xmlns:t="urn:s" t:x="" s:x=""/>`, at, CodeDuplicate},
		"two roots":                    {`<A/><A/>`, at, CodeWellFormed},
		"the end tag of its place":     {`</E><E>`, at, CodeWellFormed},
		"nothing":                      {``, at, CodeWellFormed},
		"text":                         {`x`, at, CodeWellFormed},
		"text behind":                  {`<A/>x`, at, CodeWellFormed},
		"a document type":              {`<!DOCTYPE A><A/>`, at, CodeDoctype},
		"a comment":                    {`<A><!-- --></A>`, at, CodeComment},
		"a CDATA section":              {`<A><![CDATA[x]]></A>`, at, CodeCDATA},
		"another encoding":             {"\xFF\xFE<\x00A\x00/\x00>\x00", at, CodeEncoding},
		"too many namespaces in scope": {many.String(), at, CodeLimit},
		"too long":                     {strings.Repeat(" ", MaxMessageBytes) + `<A/>`, at, CodeLimit},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Attr("refused-by", tc.code)
			_, err := ParseFragment([]byte(tc.fragment), tc.at, Message)
			code := ""
			if err != nil {
				e, ok := errors.AsType[*Error](err)
				if !ok {
					t.Fatalf("error %T", err)
				}
				code = e.Code
			}
			if code != tc.code {
				t.Errorf("ParseFragment() = %v, want %q", err, tc.code)
			}
		})
	}
}

// A fragment that is read anywhere is a tree whose parts can all be read, and
// reads as it does when its own root declares what stands around it.
func FuzzParseFragment(f *testing.F) {
	f.Add(`<p:A s:x="" q:x=""><B xmlns=""/></p:A>`)
	f.Add(`<s:A xmlns:s="urn:own" xmlns="urn:d" p:x=""><s:B/></s:A>`)
	for _, s := range seeds {
		f.Add(s)
	}
	message, err := Parse([]byte(strings.Replace(around, "<!---->", "", 1)), Message)
	if err != nil {
		f.Fatal(err)
	}
	at := message.Root().FirstChild()
	f.Fuzz(func(t *testing.T, src string) {
		doc, err := ParseFragment([]byte(src), at, Message)
		if err != nil {
			if e, ok := errors.AsType[*Error](err); !ok || e.Offset < 0 || e.Offset > len(src) {
				t.Fatalf("error %#v", err)
			}
			return
		}
		checkTree(t, doc, len(src))
		root := doc.Root()
		if strings.Contains(doc.Slice(root.Offset(), root.ContentStart()), "xmlns") {
			return // what it declares is in the table of tests
		}
		declarations := ""
		for i := range root.NumNamespaces() {
			prefix, uri := root.NamespaceAt(i)
			declarations += " " + strings.TrimSuffix("xmlns:"+prefix, ":") + `="` + uri + `"`
		}
		name := root.Offset() + len("<") + len(root.QName())
		plain, err := Parse([]byte(src[:name]+declarations+src[name:]), Message)
		if err != nil {
			if e, ok := errors.AsType[*Error](err); ok && e.Code == CodeLimit {
				return
			}
			t.Fatalf("read here, and with its declarations: %v", err)
		}
		there := plain.Root()
		for e := range root.Descendants() {
			if e.Space() != there.Space() || e.QName() != there.QName() || e.Lead().String() != there.Lead().String() {
				t.Fatalf("{%s}%s, with its declarations {%s}%s", e.Space(), e.QName(), there.Space(), there.QName())
			}
			there.i++
		}
	})
}
