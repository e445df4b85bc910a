package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
)

func main() {
	root := flag.String("root", "../..", "the repository")
	only := flag.String("only", "", "switch off only checks with this text in their name, and name the cases that turn red")
	flag.Parse()
	os.Exit(run(*root, *only))
}

// run returns the exit status: 1 if something is wrong with the checks, 2 if it
// could not be found out.
func run(root, only string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	folder, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return complain(err)
	}
	defer func() {
		if err := os.RemoveAll(folder); err != nil {
			complain(err)
		}
	}()
	w, err := prepare(ctx, root, folder)
	if err != nil {
		return complain(err)
	}
	w.checks = slices.DeleteFunc(w.checks, func(c check) bool { return !strings.Contains(c.name, only) })
	results, err := w.try(ctx)
	if err != nil {
		return complain(err)
	}
	for _, r := range results {
		r.print()
		if only != "" {
			r.printCases()
		}
	}
	if only == "" && !w.judge(results) {
		return 1
	}
	return 0
}

func complain(err error) int {
	fmt.Fprintln(os.Stderr, "mutants:", err)
	return 2
}

// A result is what became of one check.
type result struct {
	check
	reach int      // tests that get as far as the check
	red   []string // cases of a rule of the check
	other []string // cases of another rule
	plain []string // tests that say nothing about rules; asked only if no case turns red
}

func (r *result) missed() bool { return len(r.red)+len(r.plain) > 0 }

// A workshop is everything that is made before the first check is off.
type workshop struct {
	checks []check
	suites []*suite
	rules  []string // all of saml.Rule
}

func prepare(ctx context.Context, root, folder string) (*workshop, error) {
	in, sources, err := instrument(root)
	if err != nil {
		return nil, err
	}
	w := &workshop{checks: in.checks, rules: in.rules}
	overlay, err := writeOverlay(folder, sources)
	if err != nil {
		return nil, err
	}
	for _, pkg := range packages {
		s, err := compile(ctx, in.root, pkg, folder, overlay)
		if err != nil {
			return nil, err
		}
		if err := s.record(ctx); err != nil {
			return nil, err
		}
		fmt.Printf("%s: %d tests get as far as a check, %d of them cases of a rule\n", pkg, s.tests(), len(s.refused))
		w.suites = append(w.suites, s)
	}
	return w, nil
}

// try switches the checks off.
func (w *workshop) try(ctx context.Context) ([]*result, error) {
	results := make([]*result, len(w.checks))
	byNumber := map[int]*result{}
	for i, c := range w.checks {
		results[i] = &result{check: c}
		byNumber[c.number] = results[i]
		for _, s := range w.suites {
			results[i].reach += len(s.reached[c.number])
		}
	}
	for _, s := range w.suites {
		groups := s.groups(w.checks)
		for i, off := range groups {
			var cases []string
			for _, n := range off {
				cases = append(cases, s.cases(n)...)
			}
			fmt.Printf("%s: run %d of %d, %d checks off, %d cases\n", s.pkg, i+1, len(groups), len(off), len(cases))
			red, broken, err := s.red(ctx, off, cases)
			if err != nil {
				return nil, err
			}
			for _, n := range off {
				its := slices.DeleteFunc(slices.Clone(red), func(name string) bool { return !s.reached[n][name] })
				if slices.Contains(broken, n) {
					its = s.cases(n)
				}
				// Beyond the check that is off, a case may have met another that is.
				if len(off) > 1 && len(its) > 0 {
					if its, _, err = s.red(ctx, []int{n}, its); err != nil {
						return nil, err
					}
				}
				byNumber[n].take(s, its)
			}
		}
	}
	for _, r := range results {
		for _, s := range w.suites {
			if len(r.red) > 0 {
				break
			}
			red, _, err := s.red(ctx, []int{r.number}, s.plain(r.number))
			if err != nil {
				return nil, err
			}
			for _, name := range red {
				r.plain = append(r.plain, s.pkg+"."+name)
			}
		}
	}
	return results, nil
}

// take takes note of cases that turn red without the check.
func (r *result) take(s *suite, red []string) {
	for _, name := range red {
		rules := slices.Clone(s.refused[name])
		for _, both := range together {
			if strings.HasPrefix(name, both.name) {
				rules = append(rules, both.rule)
			}
		}
		switch name = s.pkg + "." + name; {
		case r.rules[0] == anyRule,
			slices.ContainsFunc(rules, func(rule string) bool { return slices.Contains(r.rules, rule) }),
			slices.Contains(rules, "enc.failed"): // stands for every fault behind an encryption
			r.red = append(r.red, name)
		default:
			r.other = append(r.other, name+" ("+strings.Join(rules, ", ")+")")
		}
	}
}

func (r *result) print() {
	fmt.Printf("%-13s %4d %4d %4d  %s\n", strings.Join(r.rules, " "), r.reach, len(r.red), len(r.plain), r.name)
	for _, name := range r.other {
		fmt.Println("    of another rule:", name)
	}
}

func (r *result) printCases() {
	for _, name := range slices.Concat(r.red, r.plain) {
		fmt.Println("    ", name)
	}
}
