package secondopinion

import (
	"cmp"
	"crypto"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/xmldsig"
	"github.com/sallyport/sallyport/internal/xmltree"
)

// An author writes random documents: with namespaces that come, go and change
// their prefixes, with characters that canonical forms write in their own way,
// and with one element to be signed, whose ID is target.
type author struct {
	*rand.Rand
	strings.Builder
	signed bool // the target is written

	// narrow keeps to what goxmldsig implements: it takes literal white space in
	// attributes as it is written, orders attributes of several prefixes by their
	// local names, inherits no attributes of the namespace xml, looks for the
	// prefixes of a PrefixList in one tag only, and forgets some xmlns="".
	narrow bool
}

// scope is the namespaces that prefixes stand for.
type scope map[string]string

var (
	spaces   = []string{"urn:a", "urn:b", "urn:c"}
	prefixes = []string{"", "a", "b", "c"}
	values   = []string{
		"x", "long and plain", "", " ", "&#13;", "&#9;", "&#10;", "&#xD;&#xA;", "\t", "\n", "\r\n", "\r", "&lt;", "&gt;", ">", "&amp;", "&quot;", "&apos;", "'",
		"größe", "&#228;", "日本", "&#x1F600;", "]]&gt;", "&#38;lt;",
	}
)

func choice[T any](a *author, of []T) T { return of[a.IntN(len(of))] }

func (a *author) oneIn(n int) bool { return a.IntN(n) == 0 }

// element writes an element.
func (a *author) element(depth int, outer scope) {
	in := scope{}
	for prefix, space := range outer {
		in[prefix] = space
	}
	var tag strings.Builder
	for _, prefix := range prefixes {
		if !a.oneIn(3) {
			continue
		}
		space := choice(a, spaces)
		if a.narrow {
			space = "urn:" + cmp.Or(prefix, "d") // in the order of prefixes
		}
		if prefix == "" {
			if a.oneIn(3) && !a.narrow {
				space = ""
			}
			fmt.Fprintf(&tag, ` xmlns="%s"`, space)
		} else {
			fmt.Fprintf(&tag, ` xmlns:%s="%s"`, prefix, space)
		}
		in[prefix] = space
	}
	name := "f"
	target := !a.signed && (depth == 0 || a.oneIn(4))
	if target {
		a.signed, name = true, "e"
	}
	bound := slices.DeleteFunc(slices.Clone(prefixes), func(p string) bool { return p != "" && in[p] == "" })
	if prefix := choice(a, bound); prefix != "" {
		name = prefix + ":" + name
	}
	a.attributes(&tag, bound, in)
	if target {
		tag.WriteString(` ID="target"`)
	}
	fmt.Fprintf(&a.Builder, "<%s%s>", name, tag.String())
	for range a.IntN(4) {
		a.WriteString(choice(a, values))
		if depth > 0 {
			a.element(depth-1, in)
		}
	}
	if target {
		a.WriteString(choice(a, values))
	}
	fmt.Fprintf(&a.Builder, "</%s>", name)
}

// attributes writes attributes, no two of one name.
func (a *author) attributes(tag *strings.Builder, bound []string, in scope) {
	seen := map[string]bool{}
	if a.narrow {
		bound = []string{"", choice(a, bound)}
	}
	for range a.IntN(5) {
		prefix, local := choice(a, bound), choice(a, []string{"n", "m", "lang"})
		expanded := in[prefix] + " " + local
		if prefix == "" {
			expanded = local
		}
		if seen[expanded] {
			continue
		}
		seen[expanded] = true
		if prefix != "" {
			local = prefix + ":" + local
		}
		value := choice(a, values)
		if a.narrow {
			value = strings.Join(strings.Fields(value), "")
		}
		fmt.Fprintf(tag, ` %s="%s"`, local, value)
	}
	if a.narrow {
		return
	}
	for _, name := range []string{`xml:lang="de"`, `xml:space="preserve"`, `xml:lang="en"`} {
		if a.oneIn(8) && !strings.Contains(tag.String(), name[:8]) {
			tag.WriteString(" " + name)
		}
	}
}

// signing returns a random way to sign.
func (a *author) signing(key crypto.Signer) xmldsig.Signing {
	c14n := func() xmldsig.C14N {
		c := xmldsig.C14N{Algorithm: choice(a, []string{xmldsig.ExclusiveC14N, xmldsig.ExclusiveC14N, xmldsig.C14N10, xmldsig.C14N11, xmldsig.ExclusiveC14NWithComments})}
		if strings.HasPrefix(c.Algorithm, xmldsig.ExclusiveC14N) && !a.narrow {
			for _, prefix := range []string{"", "a", "b", "unknown", "ds", "xml"} {
				if a.oneIn(5) {
					c.Prefixes = append(c.Prefixes, prefix)
				}
			}
		}
		return c
	}
	s := xmldsig.Signing{
		Key: key, InfoC14N: c14n(), Transforms: []xmldsig.C14N{{Algorithm: xmldsig.EnvelopedSignatureURI}},
		Method: choice(a, []string{xmldsig.RSASHA256, xmldsig.RSASHA384, xmldsig.RSASHA512}), Digest: choice(a, []string{xmldsig.SHA256, xmldsig.SHA384, xmldsig.SHA512}),
	}
	if !a.oneIn(6) {
		s.Transforms = append(s.Transforms, c14n())
	}
	return s
}

// document writes a document and signs its target. In one of three cases somebody
// without the key changes an octet afterwards.
func (a *author) document(t *testing.T, idp *samltest.IdP, key crypto.Signer) subject {
	t.Helper()
	a.Reset()
	a.signed = false
	for !a.signed {
		a.Reset()
		a.element(4, scope{})
	}
	doc, err := xmltree.Parse([]byte(a.String()), xmltree.Message)
	if err != nil {
		t.Fatalf("%v: %s", err, a.String())
	}
	for e := range doc.Root().Descendants() {
		if e.Local() != "e" {
			continue
		}
		how := a.signing(key)
		how.Document = e == doc.Root() && a.oneIn(2)
		signed, err := xmldsig.Sign(e, how)
		if err != nil {
			t.Fatalf("%v: %s", err, a.String())
		}
		if a.oneIn(3) {
			signed[a.IntN(len(signed))] = choice(a, []byte(" ax<>\"'&\n\tA0"))
		}
		return subject{"", signed, [][]byte{idp.Certificate()}}
	}
	t.Fatalf("nothing to be signed in %s", a.String())
	return subject{}
}

// fromRandom returns random documents of an author; twenty times as many where
// everything is to be tried.
func fromRandom(t *testing.T, a *author, n int) []subject {
	t.Helper()
	if thorough() {
		n *= 20
	}
	key, err := samltest.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	idp, err := samltest.NewIdP("https://idp.example", "https://idp.example/sso", key)
	if err != nil {
		t.Fatal(err)
	}
	a.Rand = rand.New(rand.NewPCG(2026, 3)) // the same documents in every run
	var subjects []subject
	for i := range n {
		s := a.document(t, idp, key)
		s.name = fmt.Sprintf("random %d", i)
		subjects = append(subjects, s)
	}
	return subjects
}
