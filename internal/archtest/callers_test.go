package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// callers are the files that alone may call what would prove too much in other
// hands.
func callers() map[string][]string {
	return map[string][]string{
		// What is read at a place passes for what stood there: it is decrypted from
		// there, or cut out of the document itself.
		"ParseFragment": {"internal/saml/soap.go", "internal/xmlenc/decrypt.go"},
		// What was decrypted within a signed element passes for signed.
		"Decrypted": {"internal/saml/decrypt.go"},
		// Nothing of a document that was lent may be kept.
		"Lend": {"internal/saml/verify.go"},
		// It makes hashes that protect nobody: tests alone may.
		"NewQuickHasher": nil,
	}
}

func TestOnlyTheirCallersCall(t *testing.T) {
	t.Parallel()
	found := map[string][]string{}
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && slices.Contains(elsewhere, d.Name()) {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		src, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		for name := range callers() {
			if regexp.MustCompile(`\.` + name + `\b`).Match(commentless(src)) {
				found[name] = append(found[name], filepath.ToSlash(rel))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range callers() {
		if !slices.Equal(found[name], want) {
			t.Errorf("%s is used by %q, want %q", name, found[name], want)
		}
	}
}

// commentless returns source without its comments of whole lines.
func commentless(src []byte) []byte {
	return regexp.MustCompile(`(?m)^\s*//.*$`).ReplaceAll(src, nil)
}
