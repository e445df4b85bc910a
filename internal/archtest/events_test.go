package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/sso"
)

// recorded finds the action of a line of the audit list, where flows write one.
var recorded = regexp.MustCompile(`(?:Event\(|[rR]ecord\(|recorded\(|[aA]ction(?:: |\b.* :?= ))[^"\n]*"([a-z_]+\.[a-z_]+)"`)

// What is written to the audit list is a type that webhooks and streams know:
// else nobody could choose it.
func TestEveryActionIsATypeOfEvents(t *testing.T) {
	t.Parallel()
	types, found := sso.EventTypes(), map[string]string{}
	err := filepath.WalkDir("..", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") || strings.Contains(file, "storetest") {
			return err
		}
		src, err := os.ReadFile(file)
		for _, m := range recorded.FindAllStringSubmatch(string(src), -1) {
			found[m[1]] = file
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 80 || found["api_key.created"] == "" || found["device.approved"] == "" {
		t.Fatalf("found only %d actions: the search is broken", len(found))
	}
	for action, file := range found {
		if !slices.Contains(types, action) {
			t.Errorf("%s records %s, which is no type of events", file, action)
		}
	}
}
