package saml_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/saml"
)

// TestSidesAreThoseOfTheDocumentation holds whom a refusal sends people to
// against what docs/errors.md says of its code.
func TestSidesAreThoseOfTheDocumentation(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "errors.md"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]saml.Side{}
	code := regexp.MustCompile("`([a-z0-9_]+)`")
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, " | ")
		if len(cells) != 3 {
			continue
		}
		side, _, _ := strings.Cut(strings.TrimRight(cells[2], " |\n"), ":")
		side, _, _ = strings.Cut(side, ";")
		for _, m := range code.FindAllStringSubmatch(cells[0], -1) {
			switch s := saml.Side(side); s {
			case saml.IdPSide, saml.AdminSide, saml.PersonSide:
				want[m[1]] = s
			default:
				want[m[1]] = saml.NoSide
			}
		}
	}
	_, err = saml.DecodePost("") // whose list has every rule
	refusal, ok := errors.AsType[*saml.Refusal](err)
	if !ok {
		t.Fatal(err)
	}
	seen := map[saml.Side]bool{}
	for _, c := range refusal.Checks {
		side, documented := want[strings.Replace(string(c.Rule), ".", "_", 1)]
		if !documented || c.Rule.Side() != side {
			t.Errorf("Side() of %s is %q, docs/errors.md says %q", c.Rule, c.Rule.Side(), side)
		}
		seen[side] = true
	}
	if len(seen) != 4 {
		t.Errorf("only the sides %v were met", seen)
	}
}
