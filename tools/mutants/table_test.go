package main

import (
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// The tables fit the sources as they are: every mistake can be made, what is said to
// be spare is there, each check has a rule, and what comes out can be read. That
// the checks are missed is for make mutants to find out, which takes its time.
func TestTablesFitTheSources(t *testing.T) {
	t.Parallel()
	in, sources, err := instrument("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sources {
		if _, err := parser.ParseFile(token.NewFileSet(), s.path, s.changed(), 0); err != nil {
			t.Errorf("with its switches: %v", err)
		}
	}
	held := map[string]bool{}
	names := map[string]bool{}
	for _, c := range in.checks {
		names[c.name] = true
		for _, rule := range c.rules {
			held[rule] = true
			if rule != anyRule && !slices.Contains(in.rules, rule) {
				t.Errorf("%s: no rule %q", c.name, rule)
			}
		}
		if len(c.rules) == 0 {
			t.Errorf("%s: by which rule does it refuse? table.go does not say", c.name)
		}
	}
	for _, rule := range in.rules {
		if !held[rule] {
			t.Errorf("no check of the rule %s", rule)
		}
	}
	for name := range spare {
		if !names[name] {
			t.Errorf("table.go says that nobody would miss %s, and there is no such check", name)
		}
	}
	if len(in.checks) < 250 {
		t.Errorf("only %d checks were found", len(in.checks))
	}
}

func TestConditionsAndStatementsAreSwitched(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ source, want string }{
		"a condition":              {`if a { return refuse(CodeX) }; return nil`, `if (a) && ON { return refuse(CodeX) }; return nil`},
		"a case":                   {`switch { case a, b: return refuse(CodeX) }; return nil`, `switch { case (a) && ON, (b) && ON: return refuse(CodeX) }; return nil`},
		"a case of a value":        {`switch v { case 1: return refuse(CodeX) }; return nil`, `switch v { case 1: if ON { return refuse(CodeX) }; return nil }; return nil`},
		"the default":              {`switch { case a: default: return refuse(CodeX) }; return nil`, `switch { case a: default: if ON { return refuse(CodeX) }; return nil }; return nil`},
		"the end":                  {`return x, refuse(CodeX)`, `if ON { return x, refuse(CodeX) }; return x, nil`},
		"behind another way out":   {`if a { if b { return nil }; return refuse(CodeX) }; return nil`, `if a { if b { return nil }; if ON { return refuse(CodeX) }; return nil }; return nil`},
		"the other side":           {`if a { } else { r.fail(CodeX) }`, `if a { } else { if ON { r.fail(CodeX) } }`},
		"in a loop":                {`for { r.fail(CodeX) }`, `for { if ON { r.fail(CodeX) } }`},
		"an assignment in a loop":  {`for { switch n { default: err = refuse(CodeX) } }`, `for { switch n { default: if ON { err = refuse(CodeX) } } }`},
		"a function in a function": {`f := func() error { return refuse(CodeX) }`, `f := func() error { if ON { return refuse(CodeX) }; return nil }`},
		"two in one":               {`if a { r.fail(CodeX); r.fail(CodeX) }`, `if ((a) && ON) && ON { r.fail(CodeX); r.fail(CodeX) }`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const start, end = "package p\nfunc f() error { ", " }\n"
			w := walker{instrumenter: newInstrumenter(""), set: token.NewFileSet(), source: &source{text: []byte(start + tc.source + end)}}
			w.values["CodeX"] = "x.y"
			file, err := parser.ParseFile(w.set, "", w.source.text, 0)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.file(file); err != nil {
				t.Fatal(err)
			}
			if got := onlyOn(string(w.source.changed())); got != start+tc.want+end {
				t.Errorf("got  %s\nwant %s", got, start+tc.want+end)
			}
		})
	}
}

// onlyOn takes the numbers of the switches away.
func onlyOn(s string) string {
	for {
		before, rest, ok := strings.Cut(s, "mutantOn(")
		if !ok {
			return s
		}
		_, rest, _ = strings.Cut(rest, ")")
		s = before + "ON" + rest
	}
}
