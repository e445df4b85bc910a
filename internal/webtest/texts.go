package webtest

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/web/ui"
)

// message is a text of a catalog: one form, or one for each sort of number.
type message map[string]string

// UnmarshalJSON reads a message, which is a string where it has one form.
func (m *message) UnmarshalJSON(b []byte) error {
	var other string
	if err := json.Unmarshal(b, &other); err == nil {
		*m = message{"other": other}
		return nil
	}
	forms := map[string]string{}
	if err := json.Unmarshal(b, &forms); err != nil {
		return err
	}
	*m = forms
	return nil
}

// Texts returns the texts of a set in a language by their keys, by file
// without its language and ending.
func texts(t *testing.T, set ui.Set, lang string) map[string]map[string]message {
	t.Helper()
	found, err := fs.Glob(set.Files, "locales/*."+lang+".json")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]message{}
	for _, file := range found {
		b, err := fs.ReadFile(set.Files, file)
		if err != nil {
			t.Fatal(err)
		}
		m := map[string]message{}
		if err := json.Unmarshal(b, &m); err != nil {
			t.Fatalf("%s of %s: %v", file, set.Name, err)
		}
		all[strings.TrimSuffix(path.Base(file), "."+lang+".json")] = m
	}
	return all
}

// checkTexts holds the texts of a set to be the same in every language, to be
// there where they are used, and to be used where they are.
func (p Pages) checkTexts(t *testing.T) {
	first := texts(t, p.Set, Languages()[0])
	for _, lang := range Languages()[1:] {
		compareTexts(t, first, texts(t, p.Set, lang), lang)
	}
	have := map[string]bool{}
	for _, set := range []ui.Set{ui.Own(), p.Set} {
		for _, file := range texts(t, set, Languages()[0]) {
			for key := range file {
				have[key] = true
			}
		}
	}
	src := source(t, p.Set)
	for key := range src.named {
		if !have[key] {
			t.Errorf("text %s is used and is not there", key)
		}
	}
	for file, keys := range first {
		if file == "failures" || p.Set.Name == ui.Own().Name && file == "common" {
			continue // codes and common words are used elsewhere
		}
		for key := range keys {
			composed := slices.ContainsFunc(p.Composed, func(begin string) bool { return strings.HasPrefix(key, begin) })
			if !composed && !src.quoted[key] && !src.quoted[strings.TrimPrefix(key, "saved_")] {
				t.Errorf("text %s of %s is used nowhere", key, file)
			}
		}
	}
}

// compareTexts compares keys, gaps and forms of two languages.
func compareTexts(t *testing.T, one, other map[string]map[string]message, lang string) {
	t.Helper()
	for _, file := range slices.Sorted(maps.Keys(one)) {
		for key, a := range one[file] {
			b := other[file][key]
			if !slices.Equal(slices.Sorted(maps.Keys(a)), slices.Sorted(maps.Keys(b))) {
				t.Errorf("%s of %s has the forms %v, and %v in %s", key, file, slices.Collect(maps.Keys(a)), slices.Collect(maps.Keys(b)), lang)
			}
			for form := range a {
				if a[form] == "" || b[form] == "" {
					t.Errorf("%s of %s is empty in a language", key, file)
				}
				if x, y := gapsOf(a[form]), gapsOf(b[form]); !slices.Equal(x, y) {
					t.Errorf("%s of %s has the gaps %v, and %v in %s", key, file, x, y, lang)
				}
			}
		}
		for key := range other[file] {
			if one[file][key] == nil {
				t.Errorf("%s of %s is there in %s alone", key, file, lang)
			}
		}
	}
	for file := range other {
		if one[file] == nil {
			t.Errorf("%s is there in %s alone", file, lang)
		}
	}
}

var gap = regexp.MustCompile(`\{\{[^}]*\}\}`)

// gapsOf returns the gaps of a text. A form may leave its number out, as in
// "one person".
func gapsOf(text string) []string {
	found := gap.FindAllString(text, -1)
	found = slices.DeleteFunc(found, func(s string) bool { return s == "{{.Count}}" })
	slices.Sort(found)
	return slices.Compact(found)
}

// uses is what the source of a set says about texts.
type uses struct {
	named  map[string]bool // keys where a key must stand
	quoted map[string]bool // all that is quoted
}

var (
	inTemplate = regexp.MustCompile(`[{( ][tn] "([\w.-]+)"`)
	inGo       = regexp.MustCompile(`\b(?:Say|Count)\("([\w.-]+)"[,)]`)
	inSaved    = regexp.MustCompile(`\bSaved(?:Count)?\([^"\n]*(?:"[^"\n]*"[^"\n]*)?, "(\w+)"`)
	anyQuoted  = regexp.MustCompile(`"([\w.-]+)"`)
)

// source reads templates and Go files of the package under test.
func source(t *testing.T, set ui.Set) uses {
	t.Helper()
	u := uses{map[string]bool{}, map[string]bool{}}
	note := func(into map[string]bool, re *regexp.Regexp, prefix string, content []byte) {
		for _, m := range re.FindAllSubmatch(content, -1) {
			into[prefix+string(m[1])] = true
		}
	}
	templates, err := fs.Glob(set.Files, "templates/*.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range templates {
		content, err := fs.ReadFile(set.Files, file)
		if err != nil {
			t.Fatal(err)
		}
		note(u.named, inTemplate, "", content)
		note(u.quoted, anyQuoted, "", content)
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		note(u.named, inGo, "", content)
		note(u.named, inSaved, "saved_", content)
		note(u.quoted, anyQuoted, "", content)
	}
	return u
}
