package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// Every page is asked for in a small database of the same kind: one that nobody
// has thought of fails here, and so does one that is answered with an error. How
// long they take is measured with a large one.
func TestEveryPageIsMeasured(t *testing.T) {
	t.Parallel()
	url := "sqlite:" + filepath.Join(t.TempDir(), "full.db")
	dev := func(args ...string) (string, string, int) {
		t.Helper()
		var out, problems bytes.Buffer
		status := run(t.Context(), append([]string{"dev"}, append(args, "--database", url)...), streams{Out: &out, Err: &problems})
		return out.String(), problems.String(), status
	}
	if _, problems, status := dev("fill", "--organizations", "250", "--users", "2000", "--events", "1000"); status != 0 {
		t.Fatalf("dev fill: %d: %s", status, problems)
	}
	if _, problems, status := dev("fill", "--organizations", "250"); status != exitFailed || !strings.Contains(problems, "holds organizations already") {
		t.Errorf("dev fill of what is full: %d: %s", status, problems)
	}
	out, problems, status := dev("lists", "--rounds", "1", "--limit", "1h")
	if status != 0 {
		t.Fatalf("dev lists: %d: %s", status, problems)
	}
	for _, page := range []string{
		"large /console/people?role=owner&sort=seen\n", "small /console/people\n", "seller /console/organizations\n", "operator /operator/organizations?q=golden\n", "operator /operator/outbox\n", "busy /account/sessions\n",
	} {
		if !strings.Contains(out, page) {
			t.Errorf("dev lists does not ask for %q", page)
		}
	}
	out, problems, status = dev("lists", "--rounds", "1", "--limit", "1ns", "--only", "small /console/groups")
	if status != exitFailed || problems != "" || !strings.Contains(out, "SLOW  small /console/groups\n") {
		t.Errorf("dev lists with no time at all: %d, %q\n%s", status, problems, out)
	}
}
