package xmldsig

import (
	"bytes"
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/xmltree"
)

// Whatever is read has a canonical form by every algorithm, of the whole and of each
// part, which is read again, says the same, and is its own canonical form.
func FuzzCanonicalize(f *testing.F) {
	for _, s := range []string{
		unsigned,
		`<p:r xmlns:p="urn:p" xmlns="urn:d" xmlns:q="urn:p" q:z='1' p:x='"' y="&#13;&#9;&#10;&lt;>"><a xml:lang="de">1 &gt; 0 > &amp;&#xD;` + "\r\n" + `</a> <b xmlns=""/><q:b xmlns:p="urn:q"/></p:r>`,
		`<r xml:base="a/b/../c" xml:space="preserve"><s xmlns="urn:a"><s xmlns=""><s xmlns="urn:a"/></s></s><!-- c --></r>`,
	} {
		f.Add([]byte(s), "p #default")
	}
	f.Fuzz(func(t *testing.T, src []byte, list string) {
		doc, err := xmltree.Parse(src, xmltree.Metadata)
		if err != nil {
			return
		}
		prefixes := strings.Fields(list)
		parts := 0
		for e := range doc.Root().Descendants() {
			for _, c := range []C14N{{Algorithm: C14N10}, {Algorithm: C14N11}, {Algorithm: ExclusiveC14N}, {Algorithm: ExclusiveC14N, Prefixes: prefixes}} {
				once := canonical(t, e, c)
				again, err := xmltree.Parse(once, xmltree.Metadata)
				if e, ok := errors.AsType[*xmltree.Error](err); ok && e.Code == xmltree.CodeLimit {
					continue // escapes and repeated declarations can be longer
				}
				if err != nil {
					t.Fatalf("%s of %q is %q: %v", c.Algorithm, src, once, err)
				}
				if twice := canonical(t, again.Root(), c); !bytes.Equal(once, twice) {
					t.Fatalf("%s of %q is %q, of that %q", c.Algorithm, src, once, twice)
				}
				if got, want := said(again.Root()), said(e); got != want {
					t.Fatalf("%s of %q says %s, want %s", c.Algorithm, src, got, want)
				}
			}
			if parts++; parts == 8 {
				return
			}
		}
	})
}

// A tag has one canonical form, whether it is passed on as it is written or taken
// apart because of a blank before its end.
func FuzzCanonicalizeTagsAsWritten(f *testing.F) {
	for _, s := range []string{
		unsigned,
		`<p:r xmlns:p="urn:p"><p:a/><p:b a="" b="c"/><p:c b="" a=""/><p:d p:a="" a=""/><p:e a="" p:a="" p:b=""/><p:f a="" p:a=""></p:f ><p:g></p:g></p:r>`,
		`<r xmlns:p="urn:p"><a x='y'/><a  x="y"/><a x ="y"/><a x= "y"/><a` + "\t" + `x="y"/><a x="'"/><a x='"'/><a x=">"/><a x="&gt;"/><a x="` + "\n" + `"/><a p:x="y"/></r>`,
		`<r><a xml:lang="en"><a xmlns="urn:a"><b xmlns=""><c/></b></a></a></r>`,
	} {
		f.Add([]byte(s), "p #default")
	}
	f.Fuzz(func(t *testing.T, src []byte, list string) {
		doc, err := xmltree.Parse(src, xmltree.Metadata)
		if err != nil {
			return
		}
		var twin []byte
		from := 0
		for e := range doc.Root().Descendants() {
			tag, _ := e.StartTag()
			end := e.Offset() + len(tag)
			twin = append(append(twin, src[from:end]...), ' ')
			from = end
		}
		loose, err := xmltree.Parse(append(twin, src[from:]...), xmltree.Metadata)
		if err != nil {
			return // longer than allowed
		}
		for _, c := range []C14N{{Algorithm: C14N10}, {Algorithm: C14N11}, {Algorithm: ExclusiveC14N}, {Algorithm: ExclusiveC14N, Prefixes: strings.Fields(list)}} {
			want, got := canonical(t, loose.Root(), c), canonical(t, doc.Root(), c)
			if !bytes.Equal(got, want) {
				t.Fatalf("%s of %q is %q, with blanks in its tags %q", c.Algorithm, src, got, want)
			}
		}
	})
}

// said returns what an element says to a reader: expanded names, values and texts.
// Attributes of the namespace xml are left out, which the forms inherit.
func said(apex xmltree.Element) string {
	var b strings.Builder
	for e := range apex.Descendants() {
		depth := 0
		for up := e; up != apex; up = up.Parent() {
			depth++
		}
		fmt.Fprintf(&b, "\n%d {%s}%s %q", depth, e.Space(), e.QName(), e.Lead().String())
		if e != apex {
			fmt.Fprintf(&b, " %q", e.Tail().String())
		}
		attrs := slices.SortedFunc(e.Attrs(), func(a, b xmltree.Attr) int {
			return cmp.Or(strings.Compare(a.Space, b.Space), strings.Compare(a.Local, b.Local))
		})
		for _, a := range attrs {
			if a.Space != xmltree.XMLNamespace {
				fmt.Fprintf(&b, " {%s}%s:%s=%q", a.Space, a.Prefix, a.Local, a.Value)
			}
		}
	}
	return b.String()
}

// allocated returns how many octets of memory f asks for, given back or not.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func canonical(tb testing.TB, e xmltree.Element, c C14N) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := Canonicalize(&b, e, c); err != nil {
		tb.Fatal(err)
	}
	if b.Len() == 0 {
		tb.Fatal("no canonical form")
	}
	return b.Bytes()
}

// fixedKey is one key in all processes of a fuzzing run.
func fixedKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), bytes.Repeat([]byte{7}, 32))
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// However a signed message is changed: Verify does not panic, takes memory by the
// length of the message, and what it takes for verified says, octet for octet of
// its canonical form, what was signed.
func FuzzVerify(f *testing.F) {
	key := fixedKey(f)
	enveloped := C14N{Algorithm: EnvelopedSignatureURI}
	genuine := map[string]bool{}
	for _, c := range []C14N{{Algorithm: ExclusiveC14N}, {Algorithm: ExclusiveC14N, Prefixes: []string{"xs"}}, {Algorithm: C14N10}, {Algorithm: C14N11}} {
		for _, which := range []func(xmltree.Element) xmltree.Element{itself, assertion} {
			genuine[string(canonical(f, which(parse(f, unsigned)), c))] = true
			f.Add([]byte(sign(f, unsigned, which, Signing{Key: key, InfoC14N: c, Transforms: []C14N{enveloped, c}})))
		}
	}
	keys := verifying(f, key)
	f.Fuzz(func(t *testing.T, src []byte) {
		doc, err := xmltree.Parse(src, xmltree.Message)
		if err != nil {
			return
		}
		for e := range doc.Root().Descendants() {
			var v Verified
			var err error
			if got, limit := allocated(func() { v, err = Verify(e, keys, Legacy{SHA1: true, RSA1024: true}) }), 16*uint64(len(src))+64<<10; got > limit {
				t.Fatalf("%d octets of memory for %d octets of input, want at most %d", got, len(src), limit)
			}
			if codeOf(t, err) != "" {
				continue
			}
			found := false
			for _, c := range []C14N{{Algorithm: ExclusiveC14N}, {Algorithm: ExclusiveC14N, Prefixes: []string{"xs"}}, {Algorithm: C14N10}, {Algorithm: C14N11}} {
				c.Omit = child(e, "Signature")
				found = found || genuine[string(canonical(t, v.Element(), c))]
			}
			if !found {
				t.Fatalf("verified, never signed: %s", src)
			}
		}
	})
}

// No octets make a certificate or a key panic, and what is taken can be described.
func FuzzKeyFromCertificate(f *testing.F) {
	f.Add(certificate(f, fixedKey(f)))
	f.Fuzz(func(t *testing.T, der []byte) {
		for _, read := range []func([]byte) (Key, error){KeyFromCertificate, KeyFromSPKI} {
			k, err := read(der)
			if codeOf(t, err) == "" && (k.Bits() == 0 || k.Kind() == "" || k.Public() == nil) {
				t.Fatalf("a key of %d bits and kind %q", k.Bits(), k.Kind())
			}
		}
	})
}

// Whatever CheckIDs lets pass has no two attributes of one value that any reader
// takes for IDs: in a namespace or in none, as written and as read.
func FuzzCheckIDs(f *testing.F) {
	f.Add([]byte(unsigned))
	f.Add([]byte(`<a ID="x"><b xmlns:p="urn:p" p:id="x" Id="y"/><c xml:id="z" AssertionID="&#120;"/></a>`))
	f.Fuzz(func(t *testing.T, src []byte) {
		doc, err := xmltree.Parse(src, xmltree.Message)
		if err != nil || codeOf(t, CheckIDs(doc)) != "" {
			return
		}
		seen := map[string]bool{}
		for a := range attributes(doc) {
			if name := strings.ToLower(a.Local()); name != "id" && name != "assertionid" {
				continue
			}
			if seen[a.Value()] || a.Value() != a.Raw() || a.Space() != "" {
				t.Fatalf("%q lets %q pass", src, a.Raw())
			}
			seen[a.Value()] = true
		}
	})
}

// attributes yields all attributes of a document.
func attributes(doc *xmltree.Document) iter.Seq[xmltree.AttrNode] {
	return func(yield func(xmltree.AttrNode) bool) {
		for e := range doc.Root().Descendants() {
			for i := range e.NumAttrs() {
				if !yield(e.AttrAt(i)) {
					return
				}
			}
		}
	}
}
