// Command benchmarks prints what it costs to decide that a SAML response is
// good, as a multiple of the cryptography that the decision needs.
//
// The floor of a message is base64 decoding it, one RSA verification for every
// signature, SHA-256 over the octets that are signed and, of an encrypted one, a
// private RSA operation and AES, by the standard library in the same run.
// Everything is measured as CPU time of the process that does it, garbage
// collection included, in rounds that take turns, so that a busy machine slows all
// alike; the figure is the median over the rounds.
//
// The peers are other libraries, with the calls that their documentation shows:
// those in Go in this process, those in C and JavaScript in processes of their
// own. README.md says what each of them does and leaves undone.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
)

func main() {
	do := func() error { return run(os.Stdout, os.Args[1:]) }
	if len(os.Args) == 4 && os.Args[1] == bareArgument {
		do = func() error { return serveBare(os.Args[2], os.Args[3]) }
	}
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, "benchmarks:", err)
		os.Exit(1)
	}
}

// run measures the named parts; without names, all of them.
func run(out io.Writer, names []string) (err error) {
	scratch, err := os.MkdirTemp("", "sallyport-benchmarks")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	w, err := newWorld()
	if err != nil {
		return err
	}
	for _, part := range []struct {
		name    string
		measure func(*world, string) (string, error)
	}{
		{"verifications", verifications}, {"worst", func(w *world, _ string) (string, error) { return worst(w) }}, {"files", files}, {"signins", signins}, {"stored", stored},
	} {
		// To fill a database takes minutes: that is done where it is asked for.
		if !slices.Contains(names, part.name) && (len(names) > 0 || part.name == "stored") {
			continue
		}
		text, err := part.measure(w, scratch)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(out, text); err != nil {
			return err
		}
	}
	return nil
}

// verifications tells what each contender takes for each message.
func verifications(w *world, scratch string) (text string, err error) {
	cases, err := messages(w)
	if err != nil {
		return "", err
	}
	all, absent, err := ready(w, cases, scratch)
	defer func() { err = errors.Join(err, stop(all)) }()
	if err != nil {
		return "", err
	}
	rows := [][]string{{""}, {"octets"}, {"floor"}, {"to reach"}, {"Sallyport"}, {"allocations"}}
	for _, p := range all {
		rows = append(rows, []string{strings.TrimSpace(p.name + " " + p.version)})
	}
	for _, m := range cases {
		costs, objects, err := w.measure(m, all)
		if err != nil {
			return "", fmt.Errorf("%s: %w", m.name, err)
		}
		cells := []string{
			m.name, fmt.Sprint(len(m.xml)), fmt.Sprintf("%.1f µs", costs[0].micros), fmt.Sprintf("%.2f ×", m.reach),
			fmt.Sprintf("%.2f ×", costs[1].multiple), fmt.Sprintf("%.0f", objects),
		}
		for _, c := range costs[2:] {
			cells = append(cells, multiple(c))
		}
		for i := range rows {
			rows[i] = append(rows[i], cells[i])
		}
	}
	title := fmt.Sprintf("CPU time to verify a response, in multiples of the cryptography it needs (%s, %s/%s)", runtime.Version(), runtime.GOOS, runtime.GOARCH)
	text, err = table(title, rows)
	for _, p := range absent {
		text += fmt.Sprintf("%s is not installed: %s\n", p.name, p.install)
	}
	return text, err
}

// measure lets the floor, Sallyport and the peers take turns at a message, and
// counts the allocations of Sallyport.
func (w *world) measure(m *message, all []*peer) ([]cost, float64, error) {
	floor, err := w.floor(m)
	if err != nil {
		return nil, 0, err
	}
	own := w.sallyport()
	if err := isVerifying(own, m); err != nil {
		return nil, 0, fmt.Errorf("our own verdict: %w", err)
	}
	contenders := []contender{floor, own}
	for _, p := range all {
		contenders = append(contenders, p.able(m))
	}
	objects, _ := allocated(100, func() { err = own(m, m.form) })
	if err != nil {
		return nil, 0, err
	}
	costs, err := measure(m, contenders)
	return costs, objects, err
}

// multiple returns the multiple of a peer, or a dash if it was not measured.
func multiple(c cost) string {
	if c.micros == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f ×", c.multiple)
}

// table returns rows of cells in columns below a title.
func table(title string, rows [][]string) (string, error) {
	var b strings.Builder
	b.WriteString(title + "\n\n")
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, cells := range rows {
		if _, err := io.WriteString(t, strings.Join(cells, "\t")+"\t\n"); err != nil {
			return "", err
		}
	}
	err := t.Flush()
	return b.String(), err
}
