package xmlenc

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
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

// row is a row of enc.jsonl.
type row struct {
	ID        string   `json:"id"`
	Input     string   `json:"input"`
	Subset    string   `json:"subset"`
	Key       string   `json:"key"`
	Allow     []string `json:"allow"`
	Expect    string   `json:"expect"`
	Plaintext string   `json:"plaintext"`
	Rules     []string `json:"rules"`
}

func TestDecryptVectors(t *testing.T) {
	t.Parallel()
	count := 0
	for line := range bytes.Lines(vector(t, "enc.jsonl")) {
		count++
		var r row
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		t.Run(r.ID, func(t *testing.T) {
			t.Parallel()
			key, err := KeyFromPEM(vector(t, r.Key))
			if err != nil {
				t.Fatal(err)
			}
			policy := Policy{RSA15: slices.Contains(r.Allow, "rsa1_5")}
			got, err := Decrypt(elementAt(t, vector(t, r.Input), r.Subset), []Key{key}, policy)
			if r.Expect == "refuse" {
				if !slices.Contains(r.Rules, codeOf(t, err)) {
					t.Errorf("Decrypt() = %v, want one of %v", err, r.Rules)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if want := vector(t, r.Plaintext); !bytes.Equal(got, want) {
				t.Errorf("Decrypt() = %q, want %q", got, want)
			}
		})
	}
	if count != 22 {
		t.Errorf("%d rows, want 22", count)
	}
}

// elementAt returns the element that a subset like element:/2/1 names.
func elementAt(tb testing.TB, src []byte, subset string) xmltree.Element {
	tb.Helper()
	e := parse(tb, src)
	for step := range strings.SplitSeq(strings.Trim(strings.TrimPrefix(subset, "element:"), "/"), "/") {
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
	return e
}

// parse returns the root of a document.
func parse(tb testing.TB, src []byte) xmltree.Element {
	tb.Helper()
	doc, err := xmltree.Parse(src, xmltree.Message)
	if err != nil {
		tb.Fatal(err)
	}
	return doc.Root()
}

// codeOf returns the code of an error of this package, "" for none.
func codeOf(tb testing.TB, err error) string {
	tb.Helper()
	if err == nil {
		return ""
	}
	e, ok := errors.AsType[*Error](err)
	if !ok {
		tb.Fatalf("error %T %v, want an *Error", err, err)
	}
	return e.Code
}
