package xmldsig

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/xmltree"
)

const vectors = "../../testdata/vectors"

// vector reads a file of the vectors.
func vector(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(vectors, name))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// manifest reads a manifest of the vectors.
func manifest[Row any](tb testing.TB, name string) []Row {
	tb.Helper()
	var rows []Row
	for line := range bytes.Lines(vector(tb, name)) {
		var row Row
		if err := json.Unmarshal(line, &row); err != nil {
			tb.Fatalf("reading %s: %v", name, err)
		}
		rows = append(rows, row)
	}
	return rows
}

// document reads a vector that is XML or base64 of it.
func document(tb testing.TB, name string) *xmltree.Document {
	tb.Helper()
	src := vector(tb, name)
	if decoded, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(src))); err == nil {
		src = decoded
	}
	doc, err := xmltree.Parse(src, xmltree.Message)
	if err != nil {
		tb.Fatalf("parsing %s: %v", name, err)
	}
	return doc
}

// c14nRow is a row of c14n.jsonl.
type c14nRow struct {
	ID         string  `json:"id"`
	Input      string  `json:"input"`
	Algorithm  string  `json:"algorithm"`
	PrefixList *string `json:"prefix_list"`
	Subset     *string `json:"subset"`
	Output     string  `json:"output"`
}

// subset finds the element that a row means, and the child it leaves out.
func subset(tb testing.TB, doc *xmltree.Document, form *string) (e, omit xmltree.Element) {
	tb.Helper()
	if form == nil {
		return doc.Root(), omit
	}
	kind, arg, _ := strings.Cut(*form, ":")
	if kind == "element" {
		e = doc.Root()
		for _, step := range strings.Split(arg, "/") {
			if step == "" {
				continue
			}
			n, err := strconv.Atoi(step)
			if err != nil {
				tb.Fatal(err)
			}
			for e = e.FirstChild(); n > 1; n-- {
				e = e.NextSibling()
			}
		}
		return e, omit
	}
	for d := range doc.Root().Descendants() {
		upper, _ := d.Attr("ID")
		mixed, _ := d.Attr("Id")
		if upper == arg || mixed == arg {
			e = d
		}
	}
	if kind == "id" {
		return e, omit
	}
	for child := range e.Children() {
		if !child.Is(Namespace, "Signature") {
			continue
		}
		if kind == "enveloped" {
			return e, child
		}
		return child.FirstChild(), omit
	}
	tb.Fatalf("nothing is %s", *form)
	return e, omit
}

func TestCanonicalizeVectors(t *testing.T) {
	t.Parallel()
	rows := manifest[c14nRow](t, "c14n.jsonl")
	if len(rows) != 198 {
		t.Fatalf("%d rows, want 198", len(rows))
	}
	for _, row := range rows {
		t.Run(row.ID, func(t *testing.T) {
			t.Parallel()
			doc := document(t, row.Input)
			e, omit := subset(t, doc, row.Subset)
			c := C14N{Algorithm: row.Algorithm, Omit: omit}
			if row.PrefixList != nil {
				for _, prefix := range strings.Fields(*row.PrefixList) {
					c.Prefixes = append(c.Prefixes, strings.TrimPrefix(prefix, "#default"))
				}
			}
			var got bytes.Buffer
			if err := Canonicalize(&got, e, c); err != nil {
				t.Fatal(err)
			}
			if want := vector(t, row.Output); !bytes.Equal(got.Bytes(), want) {
				t.Errorf("got\n%s\nwant\n%s", got.Bytes(), want)
			}
		})
	}
}

// The rules of canonical forms on which peers differ, each small enough to be
// read. The vectors prove the rest.
func TestCanonicalize(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		src, algorithm string
		prefixes       []string
		want           string // of the first element named e
	}{
		"attributes by namespace, then name": {`<e xmlns:a="urn:z" xmlns:z="urn:a" a:b="1" z:b="2" b="3" a:a="4"/>`, ExclusiveC14N, nil, `<e xmlns:a="urn:z" xmlns:z="urn:a" b="3" z:b="2" a:a="4" a:b="1"></e>`},
		"default namespace first":            {`<e xmlns:a="urn:a" xmlns="urn:d" a:b=""/>`, ExclusiveC14N, nil, `<e xmlns="urn:d" xmlns:a="urn:a" a:b=""></e>`},
		"unused prefixes go":                 {`<o xmlns:u="urn:u"><e xmlns:v="urn:v"/></o>`, ExclusiveC14N, nil, `<e></e>`},
		"unused prefixes stay":               {`<o xmlns:u="urn:u"><e xmlns:v="urn:v"/></o>`, C14N10, nil, `<e xmlns:u="urn:u" xmlns:v="urn:v"></e>`},
		"the nearest declaration counts":     {`<o xmlns:u="urn:1"><o xmlns:u="urn:2"><e/></o></o>`, C14N10, nil, `<e xmlns:u="urn:2"></e>`},
		"a default namespace taken away":     {`<o xmlns="urn:1"><o xmlns=""><e/></o></o>`, C14N10, nil, `<e></e>`},
		"listed prefixes stay":               {`<o xmlns:u="urn:u" xmlns:v="urn:v"><e/></o>`, ExclusiveC14N, []string{"v"}, `<e xmlns:v="urn:v"></e>`},
		"a listed prefix within":             {`<e><i xmlns:v="urn:v"><i xmlns:v="urn:v"/></i></e>`, ExclusiveC14N, []string{"v"}, `<e><i xmlns:v="urn:v"><i></i></i></e>`},
		"a listed prefix re-bound":           {`<e xmlns:v="urn:1"><i xmlns:v="urn:2"/></e>`, ExclusiveC14N, []string{"v"}, `<e xmlns:v="urn:1"><i xmlns:v="urn:2"></i></e>`},
		"#default listed":                    {`<o xmlns="urn:d" xmlns:p="urn:p"><p:e x=""/></o>`, ExclusiveC14N, []string{""}, `<p:e xmlns="urn:d" xmlns:p="urn:p" x=""></p:e>`},
		"#default listed and taken away":     {`<o xmlns="urn:d" xmlns:p="urn:p"><p:e><p:i xmlns=""/></p:e></o>`, ExclusiveC14N, []string{""}, `<p:e xmlns="urn:d" xmlns:p="urn:p"><p:i xmlns=""></p:i></p:e>`},
		"#default not listed":                {`<o xmlns="urn:d" xmlns:p="urn:p"><p:e x=""/></o>`, ExclusiveC14N, nil, `<p:e xmlns:p="urn:p" x=""></p:e>`},
		"xml listed":                         {`<e xml:lang="x"/>`, ExclusiveC14N, []string{"xml"}, `<e xml:lang="x"></e>`},
		"a default namespace re-declared":    {`<e xmlns="urn:d"><i xmlns="urn:d"/></e>`, ExclusiveC14N, nil, `<e xmlns="urn:d"><i></i></e>`},
		"a default namespace gone":           {`<e xmlns="urn:d"><i xmlns=""/></e>`, ExclusiveC14N, nil, `<e xmlns="urn:d"><i xmlns=""></i></e>`},
		"no namespace below a used prefix":   {`<p:o xmlns:p="urn:p" xmlns="urn:d"><p:e><i xmlns=""/></p:e></p:o>`, ExclusiveC14N, nil, `<p:e xmlns:p="urn:p"><i></i></p:e>`},
		"escapes":                            {"<e a='&lt;>&amp;\"&#9;&#10;&#13;\t'>&lt;>&amp;\"&#9;&#13;\r\n</e>", ExclusiveC14N, nil, "<e a=\"&lt;>&amp;&quot;&#x9;&#xA;&#xD; \">&lt;&gt;&amp;\"\t&#xD;\n</e>"},
		"a namespace with an ampersand":      {`<e xmlns="urn:a&amp;b"/>`, ExclusiveC14N, nil, `<e xmlns="urn:a&amp;b"></e>`},
		"xml attributes inherited":           {`<o xml:lang="a" xml:id="b" xml:x="c"><o xml:lang="d"><e xml:space="preserve"/></o></o>`, C14N10, nil, `<e xml:id="b" xml:lang="d" xml:space="preserve" xml:x="c"></e>`},
		"some xml attributes inherited":      {`<o xml:lang="a" xml:id="b" xml:x="c"><e xml:space="preserve"/></o>`, C14N11, nil, `<e xml:lang="a" xml:space="preserve"></e>`},
		"no xml attributes inherited":        {`<o xml:lang="a"><e/></o>`, ExclusiveC14N, nil, `<e></e>`},
		"bases joined":                       {`<o xml:base="http://a.example/b/c?d"><o xml:base="../e/"><e xml:base="f//./g?h#i"/></o></o>`, C14N11, nil, `<e xml:base="http://a.example/e/f/g?h"></e>`},
		"a base of its own":                  {`<o><e xml:base="../x"/></o>`, C14N11, nil, `<e xml:base="../x"></e>`},
		"bases not joined":                   {`<o xml:base="http://a.example/b/"><e xml:base="c"/></o>`, C14N10, nil, `<e xml:base="c"></e>`},
		"the inner of two bases":             {`<o xml:base="http://a.example/b/"><e xml:base="http://b.example/c/../d"/></o>`, C14N11, nil, `<e xml:base="http://b.example/d"></e>`},
		"a base with a host":                 {`<o xml:base="http://a.example/b/"><e xml:base="//b.example/c/."/></o>`, C14N11, nil, `<e xml:base="http://b.example/c/"></e>`},
		"a rooted base":                      {`<o xml:base="http://a.example/b/"><e xml:base="/c/.."/></o>`, C14N11, nil, `<e xml:base="http://a.example/"></e>`},
		"a base behind a bare host":          {`<o xml:base="http://a.example"><e xml:base="c"/></o>`, C14N11, nil, `<e xml:base="http://a.example/c"></e>`},
		"a base of a query":                  {`<o xml:base="http://a.example/b?c"><e xml:base="?d"/></o>`, C14N11, nil, `<e xml:base="http://a.example/b?d"></e>`},
		"an empty inner base":                {`<o xml:base="http://a.example/b?c"><e xml:base=""/></o>`, C14N11, nil, `<e xml:base="http://a.example/b?c"></e>`},
		"relative bases":                     {`<o xml:base="../a/"><e xml:base="../../b"/></o>`, C14N11, nil, `<e xml:base="../../b"></e>`},
		"bases that cancel out":              {`<o xml:base="a/"><e xml:base="../"/></o>`, C14N11, nil, `<e></e>`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for e := range parse(t, tc.src).Descendants() {
				if e.Local() != "e" {
					continue
				}
				if got := canonical(t, e, C14N{Algorithm: tc.algorithm, Prefixes: tc.prefixes}); string(got) != tc.want {
					t.Errorf("got  %s\nwant %s", got, tc.want)
				}
				return
			}
		})
	}
}

func TestCanonicalizeRefusesUnknownAlgorithms(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{"", "urn:x", ExclusiveC14N + " ", "http://www.w3.org/2010/xml-c14n2"} {
		var got bytes.Buffer
		if err := Canonicalize(&got, parse(t, unsigned), C14N{Algorithm: uri}); codeOf(t, err) != CodeC14N || got.Len() > 0 {
			t.Errorf("Canonicalize() by %q = %v, want %s", uri, err, CodeC14N)
		}
	}
}

// fullDisk takes no octets.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("full") }

func TestCanonicalizeReturnsTheErrorOfTheWriter(t *testing.T) {
	t.Parallel()
	long := "<e>" + strings.Repeat("x", 10*chunk) + "</e>"
	for _, src := range []string{"<e/>", long} {
		if err := Canonicalize(fullDisk{}, parse(t, src), C14N{Algorithm: C14N10}); err == nil {
			t.Error("no error")
		}
	}
	if got := canonical(t, parse(t, long), C14N{Algorithm: C14N10}); string(got) != long {
		t.Errorf("%d octets, want %d", len(got), len(long))
	}
}
