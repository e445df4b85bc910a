package archtest

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/sallyport/sallyport/"

// Code that is no part of the program: a module of its own, or no Go.
var elsewhere = []string{"benchmarks", "tools", "testdata", "node_modules", ".git"}

// imports returns what each package of the house imports, its tests apart.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string]map[string]bool{}
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains(elsewhere, d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(file, ".go") {
			return nil
		}
		rel, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return err
		}
		pkg := filepath.ToSlash(rel)
		if found[pkg] == nil {
			found[pkg] = map[string]bool{}
		}
		if strings.HasSuffix(file, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, s := range f.Imports {
			name, err := strconv.Unquote(s.Path.Value)
			if err != nil {
				return err
			}
			found[pkg][name] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for pkg, set := range found {
		out[pkg] = slices.Sorted(maps.Keys(set))
	}
	return out
}

// breaches returns what the table forbids, one a line.
func breaches(rooms []room, reserved map[string][]string, house map[string][]string) []string {
	at := map[string]room{}
	for _, r := range rooms {
		at[r.path] = r
	}
	named := func(list []string, r room) bool {
		return slices.Contains(list, r.path) || slices.Contains(list, r.layer)
	}
	var bad []string
	for pkg, list := range house {
		r, ok := at[pkg]
		if !ok {
			bad = append(bad, pkg+" is not in the table")
			continue
		}
		for _, name := range list {
			if own, ours := strings.CutPrefix(name, module); ours {
				if to, ok := at[own]; ok && !named(r.may, to) {
					bad = append(bad, pkg+" ("+r.layer+") imports "+own+" ("+to.layer+")")
				}
				continue
			}
			for thing, who := range reserved {
				if (name == thing || strings.HasPrefix(name, thing+"/") && strings.Contains(thing, ".")) && !named(who, r) {
					bad = append(bad, pkg+" imports "+name)
				}
			}
		}
	}
	slices.Sort(bad)
	return bad
}

func TestImportsKeepTheLaw(t *testing.T) {
	t.Parallel()
	house := imports(t)
	for _, b := range breaches(law(), reserved(), house) {
		t.Error(b)
	}
	for _, r := range law() {
		if _, ok := house[r.path]; !ok {
			t.Errorf("the table has %s, and the house has not", r.path)
		}
	}
	for pkg := range house {
		if slices.Contains(banned(), path.Base(pkg)) {
			t.Errorf("%s: the name says nothing about what is inside", pkg)
		}
	}
}

// A layer sees only those below it, so the table itself cannot have a circle.
func TestTableOnlyLooksDown(t *testing.T) {
	t.Parallel()
	order := []string{leaves, xmlCore, protocols, domain, storage, lower, flows, transport, command, support}
	at := map[string]int{}
	for i, r := range law() {
		if _, twice := at[r.path]; twice {
			t.Errorf("the table has %s twice", r.path)
		}
		at[r.path] = i
	}
	for i, r := range law() {
		for _, m := range r.may {
			switch j, one := at[m]; {
			case one && j > i && r.layer != command:
				t.Errorf("%s may import %s, which stands above it", r.path, m)
			case !one && slices.Index(order, m) < 0:
				t.Errorf("%s may import %q, which is nothing", r.path, m)
			case !one && slices.Index(order, m) >= slices.Index(order, r.layer):
				t.Errorf("%s may import the layer %s, which is its own or above", r.path, m)
			}
		}
		if r.layer == protocols && slices.ContainsFunc(r.may, func(m string) bool { return m == domain || m == protocols }) {
			t.Errorf("%s is a protocol and sees the domain or another protocol", r.path)
		}
		if r.layer == flows && slices.Contains(r.may, flows) {
			t.Errorf("%s is a flow and sees the others", r.path)
		}
	}
}

func TestBreachIsFound(t *testing.T) {
	t.Parallel()
	rooms := []room{{"internal/low", leaves, nil}, {"internal/high", flows, []string{leaves}}}
	only := map[string][]string{"database/sql": {flows}}
	for name, tc := range map[string]struct {
		house map[string][]string
		want  string
	}{
		"nothing wrong":        {map[string][]string{"internal/low": {"fmt"}, "internal/high": {module + "internal/low", "database/sql"}}, ""},
		"an import upwards":    {map[string][]string{"internal/low": {module + "internal/high"}}, "internal/low (leaves) imports internal/high (flows)"},
		"a reserved package":   {map[string][]string{"internal/low": {"database/sql"}}, "internal/low imports database/sql"},
		"a room without a row": {map[string][]string{"internal/new": nil}, "internal/new is not in the table"},
	} {
		if got := strings.Join(breaches(rooms, only, tc.house), "; "); got != tc.want {
			t.Errorf("%s: breaches = %q, want %q", name, got, tc.want)
		}
	}
}
