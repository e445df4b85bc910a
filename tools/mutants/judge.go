package main

import (
	"fmt"
	"slices"
)

// judge prints the table of rules and what is wrong, and reports whether nothing
// is.
func (w *workshop) judge(results []*result) bool {
	var wrong []string
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	type row struct{ checks, missed, spare, red, cases int }
	rows := map[string]*row{}
	for _, rule := range w.rules {
		rows[rule] = &row{}
	}
	red := map[string]bool{}
	seen := map[string]bool{}
	for _, r := range results {
		seen[r.name] = true
		for _, name := range r.other {
			complain("%s: switched off, it turns a case of another rule red: %s", r.name, name)
		}
		for _, name := range r.red {
			red[name] = true
		}
		reason := spare[r.name]
		switch {
		case r.missed() && reason != "":
			complain("%s: table.go says that nobody would miss it, and %s does", r.name, slices.Concat(r.red, r.plain)[0])
		case !r.missed() && reason == "":
			complain("%s: nobody misses it; %d tests get as far as it", r.name, r.reach)
		}
		for _, rule := range r.rules {
			line := rows[rule]
			if rule == anyRule {
				continue
			}
			if line == nil {
				complain("%s: no rule %s", r.name, rule)
				continue
			}
			line.checks++
			if len(r.red) > 0 {
				line.missed++
			}
			if reason != "" {
				line.spare++
			}
		}
	}
	for name := range spare {
		if !seen[name] {
			complain("table.go says that nobody would miss %s, and there is no such check", name)
		}
	}
	for _, s := range w.suites {
		for name, rules := range s.refused {
			for _, rule := range rules {
				if line := rows[rule]; line != nil {
					line.cases++
					if red[s.pkg+"."+name] {
						line.red++
					}
				}
			}
		}
	}
	fmt.Printf("\n%-15s %7s %7s %7s %7s %7s\n", "rule", "checks", "missed", "spare", "cases", "red")
	for _, rule := range w.rules {
		line := rows[rule]
		fmt.Printf("%-15s %7d %7d %7d %7d %7d\n", rule, line.checks, line.missed, line.spare, line.cases, line.red)
		if line.missed == 0 {
			complain("%s: no check of this rule turns a case of it red", rule)
		}
	}
	fmt.Println()
	slices.Sort(wrong)
	for _, line := range wrong {
		fmt.Println(line)
	}
	if len(wrong) == 0 {
		fmt.Printf("mutants: %d checks switched off, one at a time, and each turns red what it must\n", len(results))
	}
	return len(wrong) == 0
}
