package xmldsig

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
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
