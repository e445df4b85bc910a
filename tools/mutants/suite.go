package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A suite is the tests of one package, compiled with the switches.
type suite struct {
	pkg     string
	dir     string
	binary  string
	refused map[string][]string     // case: the rules by which it is to be refused
	reached map[int]map[string]bool // check: the tests that get as far as it
}

// compile compiles the tests of a package with an overlay.
func compile(ctx context.Context, root, pkg, folder, overlay string) (*suite, error) {
	s := &suite{
		pkg: pkg, dir: filepath.Join(root, "internal", pkg), binary: filepath.Join(folder, pkg+".test"),
		refused: map[string][]string{}, reached: map[int]map[string]bool{},
	}
	cmd := exec.CommandContext(ctx, "go", "test", "-c", "-overlay", overlay, "-o", s.binary, "./internal/"+pkg)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compiling the tests of %s: %w\n%s", pkg, err, out)
	}
	return s, nil
}

// writeOverlay writes the changed sources into a folder and returns the overlay.
func writeOverlay(folder string, sources []*source) (string, error) {
	replace := map[string]string{}
	for i, s := range sources {
		path := filepath.Join(folder, strconv.Itoa(i)+".go")
		if err := os.WriteFile(path, s.changed(), 0o600); err != nil {
			return "", err
		}
		replace[s.path] = path
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, "overlay.json")
	return path, os.WriteFile(path, text, 0o600)
}

// run runs tests with some checks off and returns their output. With none off the
// checks say which of them are reached. Tests that stand still are ended. One runs
// at a time, so that it is known which one a panic ended.
func (s *suite) run(ctx context.Context, off []int, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, s.binary, append([]string{"-test.v", "-test.short", "-test.timeout=0", "-test.parallel=1"}, args...)...)
	cmd.Dir = s.dir
	numbers := make([]string, len(off))
	for i, n := range off {
		numbers[i] = strconv.Itoa(n)
	}
	cmd.Env = append(os.Environ(), "MUTANT_OFF="+strings.Join(numbers, " "))
	var out output
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	err := out.watch(cmd.Process, ended)
	if _, failed := errors.AsType[*exec.ExitError](err); failed {
		err = nil // the output says so
	}
	return out.bytes(), err
}

var (
	lineOfTest  = regexp.MustCompile(`^=== (?:RUN|CONT|NAME) +(\S+)$`)
	lineOfState = regexp.MustCompile(`^=== (RUN|PAUSE|CONT) +(\S+)\s*$`)
	lineOfRule  = regexp.MustCompile(`^=== ATTR +(\S+) refused-by (\S+)$`)
	lineOfEnd   = regexp.MustCompile(`^ *--- (PASS|FAIL|SKIP): (\S+) \(`)
	lineOfCheck = regexp.MustCompile(`^mutant: reached (\d+)$`)
)

// record runs all tests one after the other with every check on, and takes note of
// which checks each of them gets as far as.
func (s *suite) record(ctx context.Context) error {
	out, err := s.run(ctx, nil, "-test.run=^Test")
	if err != nil {
		return err
	}
	current := ""
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSuffix(line, "\n")
		if m := lineOfTest.FindStringSubmatch(line); m != nil {
			current = m[1]
		} else if m := lineOfRule.FindStringSubmatch(line); m != nil {
			s.refused[m[1]] = append(s.refused[m[1]], m[2])
		} else if m := lineOfEnd.FindStringSubmatch(line); m != nil {
			if m[1] != "PASS" {
				return fmt.Errorf("%s: %s does not pass with every check on", s.pkg, m[2])
			}
			current, _, _ = strings.Cut(m[2], "/")
		} else if m := lineOfCheck.FindStringSubmatch(line); m != nil {
			n, err := strconv.Atoi(m[1])
			if err != nil {
				return err
			}
			if s.reached[n] == nil {
				s.reached[n] = map[string]bool{}
			}
			s.reached[n][current] = true
		}
	}
	if !bytes.HasSuffix(bytes.TrimSpace(out), []byte("PASS")) {
		return fmt.Errorf("%s: the tests do not pass with every check on:\n%s", s.pkg, last(out))
	}
	return nil
}

// last returns the end of an output.
func last(out []byte) []byte { return out[max(0, len(out)-3000):] }

// tests returns how many tests get as far as a check.
func (s *suite) tests() int {
	all := map[string]bool{}
	for _, names := range s.reached {
		maps.Copy(all, names)
	}
	return len(all)
}

// cases returns the tests that get as far as a check and say by which rule a message
// is to be refused; plain returns the others.
func (s *suite) cases(check int) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(s.reached[check])), func(name string) bool { return s.refused[name] == nil })
}

func (s *suite) plain(check int) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(s.reached[check])), func(name string) bool { return s.refused[name] != nil })
}

// groups divides checks so that no case gets as far as two of one group: these can
// be off at the same time, and each case knows only of one.
func (s *suite) groups(checks []check) [][]int {
	var groups [][]int
	var taken []map[string]bool
	for _, c := range checks {
		cases := s.cases(c.number)
		if len(cases) == 0 {
			continue
		}
		i := slices.IndexFunc(taken, func(names map[string]bool) bool {
			return !slices.ContainsFunc(cases, func(name string) bool { return names[name] })
		})
		if i < 0 {
			i = len(groups)
			groups, taken = append(groups, nil), append(taken, map[string]bool{})
		}
		groups[i] = append(groups[i], c.number)
		for _, name := range cases {
			taken[i][name] = true
		}
	}
	return groups
}

// red runs tests with some checks off and returns which turn red. One that stands
// still is red too. Of a check without which nothing goes on, not all are waited
// for: those checks are broken.
func (s *suite) red(ctx context.Context, off []int, tests []string) (red []string, broken []int, err error) {
	waiting := slices.Clone(tests)
	batch := waiting
	for len(waiting) > 0 {
		out, err := s.run(ctx, off, "-test.run="+pattern(batch))
		if err != nil {
			return nil, nil, err
		}
		verdicts := verdictsIn(out)
		for name, verdict := range verdicts {
			if verdict == "FAIL" && !isParent(name, verdicts) {
				red = append(red, name)
			}
		}
		ended := func(name string) bool { return verdicts[name] != "" }
		still := slices.DeleteFunc(slices.Clone(batch), ended)
		waiting = slices.DeleteFunc(slices.Clone(waiting), ended) // the batch stays as it was
		running := runningIn(out)
		suspect := slices.IndexFunc(still, func(name string) bool { return running[name] })
		suspects := 0
		for _, name := range still {
			if running[name] {
				suspects++
			}
		}
		end := panickedIn(out, batch)
		switch {
		case len(still) == 0:
			batch = waiting
			continue
		case end != "":
		case suspects == 1 || len(batch) == 1:
			end = still[max(suspect, 0)] // stands still
			red = append(red, end)
		default: // one of those that were running
			batch = still[max(suspect, 0):][:1]
			continue
		}
		// Without the check nothing goes on. The other cases of it need not be waited for.
		guilty := slices.IndexFunc(off, func(n int) bool { return s.reached[n][end] })
		if guilty < 0 {
			return nil, nil, fmt.Errorf("%s: %s comes to no end, and gets as far as no check that is off:\n%s", s.pkg, end, last(out))
		}
		waiting = slices.DeleteFunc(slices.Clone(waiting), func(name string) bool { return s.reached[off[guilty]][name] })
		broken = append(broken, off[guilty])
		off = slices.Delete(slices.Clone(off), guilty, guilty+1)
		batch = waiting
	}
	slices.Sort(red)
	return slices.Compact(red), broken, nil
}

// panickedIn returns the one of some tests in which a panic ended all of them, or "".
func panickedIn(out []byte, tests []string) string {
	failed := ""
	for line := range strings.Lines(string(out)) {
		if m := lineOfEnd.FindStringSubmatch(line); len(m) > 2 && m[1] == "FAIL" && slices.Contains(tests, m[2]) {
			failed = m[2] // those around it are said to fail behind it
		} else if strings.HasPrefix(line, "panic: ") {
			return failed
		}
	}
	return ""
}

// runningIn returns the tests that were running when the output ended.
func runningIn(out []byte) map[string]bool {
	running := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		if m := lineOfState.FindStringSubmatch(line); m != nil {
			running[m[2]] = m[1] != "PAUSE"
		} else if m := lineOfEnd.FindStringSubmatch(line); m != nil {
			delete(running, m[2])
		}
	}
	maps.DeleteFunc(running, func(_ string, is bool) bool { return !is })
	return running
}

// verdictsIn returns how the tests ended.
func verdictsIn(out []byte) map[string]string {
	verdicts := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if m := lineOfEnd.FindStringSubmatch(line); m != nil {
			verdicts[m[2]] = m[1]
		}
	}
	return verdicts
}

// isParent reports whether a test failed for one of its parts.
func isParent(name string, verdicts map[string]string) bool {
	for other, verdict := range verdicts {
		if verdict == "FAIL" && strings.HasPrefix(other, name+"/") {
			return true
		}
	}
	return false
}

// pattern returns what makes -test.run run these tests. It may run some more: those
// do not get as far as the check, and pass.
func pattern(names []string) string {
	var levels []map[string]bool
	const most = 400 // of names in one argument
	for _, name := range names {
		parts := strings.Split(name, "/")
		if len(names) > most {
			parts = parts[:1]
		}
		for i, part := range parts {
			if i == len(levels) {
				levels = append(levels, map[string]bool{})
			}
			levels[i]["^"+regexp.QuoteMeta(part)+"$"] = true
		}
	}
	var out []string
	for _, level := range levels {
		out = append(out, "("+strings.Join(slices.Sorted(maps.Keys(level)), "|")+")")
	}
	return strings.Join(out, "/")
}
