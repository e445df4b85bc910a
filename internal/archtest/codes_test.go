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

// Codes stand in fault literals, in the short helpers around them, and as the
// rules of package saml.
var (
	codeLiteral = regexp.MustCompile(`(?:Code: +|refuse\(|fault\.Is\([a-z]+, )"([a-z][a-z0-9_]+)"`)
	ruleLiteral = regexp.MustCompile(`(?:Rule += |Metadata\w+ += )"([a-z0-9]+\.[a-z0-9_]+)"`)
)

// An operator who meets a code must find it in the documentation, and must not
// find one there that does not exist.
func TestEveryCodeIsDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "errors.md"))
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	for _, m := range regexp.MustCompile("`([a-z][a-z0-9_]+)`").FindAllStringSubmatch(string(page), -1) {
		documented[m[1]] = true
	}
	used := map[string]string{}
	err = filepath.WalkDir("..", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		if slices.Contains(strings.Split(filepath.ToSlash(file), "/"), "archtest") {
			return nil
		}
		src, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for _, m := range codeLiteral.FindAllStringSubmatch(string(src), -1) {
			used[m[1]] = file
		}
		for _, m := range ruleLiteral.FindAllStringSubmatch(string(src), -1) {
			used[strings.ReplaceAll(m[1], ".", "_")] = file
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(used) < 100 {
		t.Fatalf("found only %d codes: the search is broken", len(used))
	}
	for code, file := range used {
		if !documented[code] {
			t.Errorf("%s uses the code %s, and docs/errors.md does not explain it", file, code)
		}
	}
	tables := regexp.MustCompile("(?m)^\\| (`[^|]+) \\|").FindAllStringSubmatch(string(page), -1)
	for _, row := range tables {
		for _, m := range regexp.MustCompile("`([a-z0-9_]+)`").FindAllStringSubmatch(row[1], -1) {
			if used[m[1]] == "" {
				t.Errorf("docs/errors.md explains the code %s, and nothing uses it", m[1])
			}
		}
	}
}
