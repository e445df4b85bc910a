package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A check is a place in the sources where a message is refused.
type check struct {
	number int
	name   string   // package, function and words of the refusal; stable while the code moves
	rules  []string // by which it refuses: one, or those that its callers choose from
}

// An edit puts text in the place of what stands from one offset to another.
type edit struct {
	from, to int
	text     string
}

// A source is one file with its edits.
type source struct {
	path  string
	text  []byte
	edits []edit
}

// changed returns the text with all edits.
func (s *source) changed() []byte {
	slices.SortStableFunc(s.edits, func(a, b edit) int { return a.from - b.from })
	var out []byte
	done := 0
	for _, e := range s.edits {
		out = append(append(out, s.text[done:e.from]...), e.text...)
		done = e.to
	}
	return append(out, s.text[done:]...)
}

// An instrumenter puts switches into packages.
type instrumenter struct {
	root   string // of the repository
	checks []check
	names  map[string]int // how often a name was given
	values map[string]string
	lines  map[string]string // checkX of package saml: its rule
	rules  []string          // the values of saml.Rule
}

func newInstrumenter(root string) *instrumenter {
	return &instrumenter{root: root, names: map[string]int{}, values: map[string]string{}, lines: map[string]string{}}
}

// instrument puts switches into all packages of a repository.
func instrument(root string) (*instrumenter, []*source, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, nil, err
	}
	in := newInstrumenter(root)
	var sources []*source
	for _, pkg := range packages {
		changed, err := in.instrument(pkg)
		if err != nil {
			return nil, nil, err
		}
		sources = append(sources, changed...)
	}
	return in, sources, nil
}

// refusers are the functions that refuse, and the place of their rule among
// the arguments, or the rule itself.
var refusers = map[string]struct {
	place int
	rule  string
}{
	"refuse":       {place: 0},
	"fail":         {place: 0},
	"failAt":       {place: 0},
	"refusePost":   {place: 0},
	"refuseLogout": {place: 0},
	"failParam":    {place: -1, rule: "bind.param"},
	"failOpening":  {place: -1, rule: "enc.failed"},
	"failed":       {place: -1, rule: "enc.failed"}, // of package xmlenc; that of saml asks
	"bad":          {place: -1, rule: "xml.encoding"},
	"refuseKey":    {place: -1, rule: "sig.key"}, // of package xmlenc: enc.key
}

// instrument returns the sources of a package with switches in them.
func (in *instrumenter) instrument(pkg string) ([]*source, error) {
	dir := filepath.Join(in.root, "internal", pkg)
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	set := token.NewFileSet()
	var parsed []*ast.File
	var sources []*source
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(set, path, text, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, file)
		sources = append(sources, &source{path: path, text: text})
		in.readConstants(file)
	}
	for i, file := range parsed {
		if notVerifying[pkg+"/"+filepath.Base(sources[i].path)] {
			continue
		}
		w := walker{instrumenter: in, set: set, source: sources[i], pkg: pkg}
		if err := w.file(file); err != nil {
			return nil, err
		}
	}
	for _, m := range mistakes {
		if filepath.Dir(m.file) == pkg {
			if err := in.make(m, sources); err != nil {
				return nil, err
			}
		}
	}
	sources = append(sources, &source{path: filepath.Join(dir, "mutant_switch.go"), text: fmt.Appendf(nil, switchSource, pkg)})
	return sources, nil
}

// make puts the switch of a mistake into its source.
func (in *instrumenter) make(m mistake, sources []*source) error {
	for _, s := range sources {
		if filepath.Base(s.path) != filepath.Base(m.file) {
			continue
		}
		text := string(s.text)
		if n := strings.Count(text, m.old); n != 1 {
			return fmt.Errorf("mistake %q: %q stands %d times in %s, want it once", m.name, m.old, n, m.file)
		}
		at := strings.Index(text, m.old)
		c := check{number: len(in.checks) + 1, name: filepath.Dir(m.file) + ": " + m.name, rules: m.rules}
		in.checks = append(in.checks, c)
		on := fmt.Sprintf("mutantOn(%d)", c.number)
		s.edits = append(s.edits, edit{at, at + len(m.old), strings.ReplaceAll(m.with, "ON", on)})
		return nil
	}
	return fmt.Errorf("mistake %q: no file %s", m.name, m.file)
}

// switchSource is a file that is added to every package.
const switchSource = `package %s

import (
	"os"
	"strings"
	"strconv"
)

// mutantsOff are the checks that are switched off.
var mutantsOff = func() map[int]bool {
	off := map[int]bool{}
	for _, text := range strings.Fields(os.Getenv("MUTANT_OFF")) {
		n, _ := strconv.Atoi(text)
		off[n] = true
	}
	return off
}()

// mutantOn reports whether a check is switched on.
func mutantOn(n int) bool {
	if len(mutantsOff) == 0 {
		os.Stdout.WriteString("\nmutant: reached " + strconv.Itoa(n) + "\n")
	}
	return !mutantsOff[n]
}
`

// readConstants reads string constants, and the table that gives each check of
// package saml its rule.
func (in *instrumenter) readConstants(file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ValueSpec:
			for i, name := range n.Names {
				if i < len(n.Values) {
					if lit, ok := n.Values[i].(*ast.BasicLit); ok && lit.Kind == token.STRING {
						in.values[name.Name], _ = strconv.Unquote(lit.Value)
						if fmt.Sprint(n.Type) == "Rule" {
							in.rules = append(in.rules, in.values[name.Name])
						}
					}
				}
			}
		case *ast.KeyValueExpr:
			key, ok := n.Key.(*ast.Ident)
			value, isLit := n.Value.(*ast.CompositeLit)
			if !ok || !isLit || !strings.HasPrefix(key.Name, "check") {
				return true
			}
			for _, e := range value.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok && fmt.Sprint(kv.Key) == "Rule" {
					in.lines[key.Name] = fmt.Sprint(kv.Value)
				}
			}
		}
		return true
	})
}

// ruleOf returns the rule that an argument names, or "".
func (in *instrumenter) ruleOf(arg ast.Expr) string {
	id, ok := arg.(*ast.Ident)
	if !ok {
		return ""
	}
	name := id.Name
	if line, ok := in.lines[name]; ok {
		name = line
	}
	return in.values[name]
}

// A walker finds the checks of one file.
type walker struct {
	*instrumenter
	set      *token.FileSet
	source   *source
	pkg      string
	function *ast.FuncDecl
	err      error
}

// file puts switches into a file.
func (w *walker) file(file *ast.File) error {
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body == nil {
			continue
		}
		if _, refuses := refusers[f.Name.Name]; !refuses {
			w.function = f
			w.walk(f.Body, nil)
		}
	}
	return w.err
}

func (w *walker) offset(p token.Pos) int { return w.set.Position(p).Offset }

func (w *walker) textOf(n ast.Node) string {
	return string(w.source.text[w.offset(n.Pos()):w.offset(n.End())])
}

func (w *walker) insert(at token.Pos, text string) {
	w.source.edits = append(w.source.edits, edit{w.offset(at), w.offset(at), text})
}

// walk goes through a function with the nodes around the one at hand, outermost
// first.
func (w *walker) walk(n ast.Node, around []ast.Node) {
	around = append(around, n)
	ast.Inspect(n, func(child ast.Node) bool {
		switch child {
		case n:
			return true
		case nil:
			return false
		}
		if call, ok := child.(*ast.CallExpr); ok {
			if rule, words, ok := w.refusal(call); ok {
				w.add(rule, words, append(slices.Clone(around), call))
			}
		}
		w.walk(child, around)
		return false
	})
}

// refusal reports whether a call refuses, by which rule and in which words.
func (w *walker) refusal(call *ast.CallExpr) (rule, words string, ok bool) {
	name := ""
	switch f := call.Fun.(type) {
	case *ast.Ident:
		name = f.Name
	case *ast.SelectorExpr:
		name = f.Sel.Name
	}
	r, ok := refusers[name]
	if !ok || name == "failed" && w.pkg != "xmlenc" {
		return "", "", false
	}
	if rule = r.rule; name == "refuseKey" && w.pkg == "xmlenc" {
		rule = "enc.key"
	}
	if r.place >= 0 && r.place < len(call.Args) {
		rule = w.ruleOf(call.Args[r.place])
	}
	var said []string
	ast.Inspect(call, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			text, _ := strconv.Unquote(lit.Value)
			said = append(said, text)
		}
		return true
	})
	if words = strings.Join(said, " | "); strings.Trim(words, " |:#") == "" {
		words = strings.Join(strings.Fields(w.textOf(call)), " ")
	}
	return rule, words, true
}

// add puts a switch in front of a refusal: into the condition that leads to it, or
// around the statement where there is none.
func (w *walker) add(rule, words string, around []ast.Node) {
	function := w.pkg + "." + w.function.Name.Name
	name := function + ": " + words
	if notChecks[function] != "" || notChecks[name] != "" {
		return
	}
	w.names[name]++
	if n := w.names[name]; n > 1 {
		name += " #" + strconv.Itoa(n)
	}
	c := check{number: len(w.checks) + 1, name: name, rules: []string{rule}}
	if rule == "" {
		c.rules = rulesOf[function]
	}
	w.checks = append(w.checks, c)
	on := fmt.Sprintf("mutantOn(%d)", c.number)

	i := len(around) - 1
	for ; i > 0; i-- {
		if holdsStatements(around[i-1]) {
			break
		}
	}
	statement, ok := around[i].(ast.Stmt)
	if !ok {
		w.err = fmt.Errorf("%s: a refusal outside of all statements", name)
		return
	}
	if conditions := conditionsOf(around[:i], statement); conditions != nil {
		for _, condition := range conditions {
			w.guard(condition, on)
		}
		return
	}
	w.wrap(statement, on, around[:i])
}

// conditionsOf returns the conditions of which one leads to a statement, none if
// something else does. The statement stands in the last of the nodes around it.
func conditionsOf(around []ast.Node, statement ast.Stmt) []ast.Expr {
	last := len(around) - 1
	switch list := around[last].(type) {
	case *ast.BlockStmt:
		if last < 1 {
			return nil
		}
		parent, ok := around[last-1].(*ast.IfStmt)
		if ok && parent.Body == list && !mayLeave(list.List, statement) {
			return []ast.Expr{parent.Cond}
		}
	case *ast.CaseClause:
		parent, ok := around[last-2].(*ast.SwitchStmt)
		if ok && parent.Tag == nil && !mayLeave(list.Body, statement) {
			return list.List
		}
	}
	return nil
}

// mayLeave reports whether a list of statements may leave the function before it
// comes to a statement: then more than the way into the list leads there.
func mayLeave(list []ast.Stmt, statement ast.Stmt) bool {
	leaves := false
	for _, s := range list {
		if s == statement {
			break
		}
		ast.Inspect(s, func(n ast.Node) bool {
			if _, ok := n.(*ast.ReturnStmt); ok {
				leaves = true
			}
			return true
		})
	}
	return leaves
}

// holdsStatements reports whether a node is a list of statements.
func holdsStatements(n ast.Node) bool {
	switch n.(type) {
	case *ast.BlockStmt, *ast.CaseClause:
		return true
	}
	return false
}

// guard makes a condition one that is met only while the check is on.
func (w *walker) guard(condition ast.Expr, on string) {
	w.insert(condition.Pos(), "(")
	w.insert(condition.End(), ") && "+on)
}

// wrap makes a statement one that is done only while the check is on. Where it
// leaves the function, nothing is refused instead; within a loop, the loop goes
// on.
func (w *walker) wrap(s ast.Stmt, on string, around []ast.Node) {
	w.insert(s.Pos(), "if "+on+" { ")
	after := " }"
	loops := slices.ContainsFunc(around, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.ForStmt, *ast.RangeStmt:
			return true
		}
		return false
	})
	if r, ok := s.(*ast.ReturnStmt); ok && !loops {
		var results []string
		for _, e := range r.Results {
			results = append(results, w.textOf(e))
		}
		results[len(results)-1] = "nil"
		after += "; return " + strings.Join(results, ", ")
	}
	w.insert(s.End(), after)
}
