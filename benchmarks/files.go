package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/sallyport/sallyport/internal/samltest"
)

// files tells how many files "sallyport saml verify" judges in a second on one
// core, in one call.
func files(w *world, scratch string) (string, error) {
	const count, reach, calls = 5000, 5000, 3
	m := &message{base: samltest.AssertionSigned, groups: 4, others: 12, size: 8 << 10}
	if err := m.write(w.idp); err != nil {
		return "", err
	}
	dir, err := w.save(scratch)
	if err != nil {
		return "", err
	}
	binary, err := program(scratch)
	if err != nil {
		return "", err
	}
	args := []string{"saml", "verify", "--idp-metadata", "idp.xml", "--sp-entity-id", w.idp.SPEntityID, "--acs-url", w.idp.ACS, "--request-id", w.idp.RequestID}
	names := make([]string, count)
	for i := range names {
		names[i] = fmt.Sprintf("response%d", i)
		content := []byte(m.form)
		if i%2 == 0 {
			content = m.xml
		}
		if err := os.WriteFile(filepath.Join(dir, names[i]), content, 0o600); err != nil {
			return "", err
		}
	}
	rows := [][]string{{"", "files a second"}, {"to reach", fmt.Sprint(reach)}}
	for _, form := range []struct {
		name string
		args []string
	}{{"saml verify --json", []string{"--json"}}, {"saml verify", nil}} {
		var rates []float64
		for range calls {
			command := exec.Command(binary, append(append(args[:len(args):len(args)], form.args...), names...)...)
			command.Dir, command.Stderr = dir, os.Stderr
			command.Env = append(os.Environ(), "GOMAXPROCS=1")
			if err := command.Run(); err != nil {
				return "", fmt.Errorf("%s: %w", form.name, err)
			}
			spent := command.ProcessState.UserTime() + command.ProcessState.SystemTime()
			rates = append(rates, count/spent.Seconds())
		}
		rows = append(rows, []string{form.name, fmt.Sprintf("%.0f", median(rates))})
	}
	title := fmt.Sprintf("%d files of %d KB, XML and base64 of it by turns, judged in one call on one core", count, m.size>>10)
	return table(title, rows)
}

// program builds the program, once, and returns its file.
func program(scratch string) (string, error) {
	binary := filepath.Join(scratch, "sallyport")
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	build := exec.Command("go", "build", "-o", binary, "./cmd/sallyport")
	build.Dir, build.Stderr = "..", os.Stderr
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("building sallyport: %w", err)
	}
	return binary, nil
}
