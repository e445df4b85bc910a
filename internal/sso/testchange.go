package sso

import (
	"slices"
	"strings"
)

// TestChange is something that two tests of a connection differ in: a line of
// the verdict list, or an attribute that is sent.
type TestChange struct {
	Check     *Check // as it is now; nil: an attribute
	Was       *Check // as it was before; nil: there was no such line
	Attribute string
	Gone      bool // the attribute is not sent any more; else it is new
}

// Since returns what is different from an earlier test: verdicts that have
// changed, what is said of the person, and which attributes are sent.
func (t *Test) Since(before *Test) []TestChange {
	var changes []TestChange
	was := linesOf(before.Result.Checks)
	for key, now := range linesOf(t.Result.Checks).all() {
		old := was.by[key]
		if old == nil && now.Verdict == "skip" || old != nil && sameLine(old, now) {
			continue
		}
		changes = append(changes, TestChange{Check: now, Was: old})
	}
	names := func(of *Test) []string {
		var all []string
		for i := range of.Result.Attributes {
			all = append(all, of.Result.Attributes[i].Name)
		}
		return all
	}
	sent, sentBefore := names(t), names(before)
	if len(sent) == 0 || len(sentBefore) == 0 { // nothing could be read of one of them
		return changes
	}
	for _, name := range sent {
		if !slices.Contains(sentBefore, name) {
			changes = append(changes, TestChange{Attribute: name})
		}
	}
	for _, name := range sentBefore {
		if !slices.Contains(sent, name) {
			changes = append(changes, TestChange{Attribute: name, Gone: true})
		}
	}
	return changes
}

// sameLine reports whether a line says the same in both tests. What came is
// compared where it is wrong, and where it describes the person: ids and
// instants are others each time.
func sameLine(a, b *Check) bool {
	if a.Verdict != b.Verdict {
		return false
	}
	return a.Got == b.Got || a.Verdict != "fail" && !strings.HasPrefix(a.Rule, "ident.")
}

// lineKey tells lines apart: those of one rule by their order, which is the same
// in every list.
type lineKey struct {
	rule string
	nth  int
}

type lines struct {
	order []lineKey
	by    map[lineKey]*Check
}

func linesOf(checks []Check) lines {
	l := lines{by: make(map[lineKey]*Check, len(checks))}
	seen := map[string]int{}
	for i := range checks {
		key := lineKey{checks[i].Rule, seen[checks[i].Rule]}
		seen[key.rule]++
		l.order, l.by[key] = append(l.order, key), &checks[i]
	}
	return l
}

// all goes through the lines in order.
func (l lines) all() func(yield func(lineKey, *Check) bool) {
	return func(yield func(lineKey, *Check) bool) {
		for _, key := range l.order {
			if !yield(key, l.by[key]) {
				return
			}
		}
	}
}
