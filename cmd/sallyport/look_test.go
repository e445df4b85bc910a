package main

import (
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/storetest"
)

// A database with an older schema is not brought up to date by a dry run.
func TestDryRunDoesNotMigrate(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines(t) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			url := e.URL(t)
			db := e.Attach(t, url) // opened, and never migrated
			apply := func(args ...string) (int, string) {
				var out, complaint strings.Builder
				args = append([]string{"apply", "-f", "-", "--database", url}, args...)
				status := run(t.Context(), args, streams{strings.NewReader("organizations: [{key: acme}]"), &out, &complaint})
				return status, out.String() + complaint.String()
			}
			for range 2 {
				status, said := apply("--dry-run")
				if status != exitFailed || strings.Count(said, "\n") != 1 || !strings.Contains(said, "migrate it") {
					t.Errorf("a dry run: status %d, %q; want one line that says to migrate", status, said)
				}
			}
			if err := db.Ready(t.Context()); err == nil {
				t.Error("the dry run has migrated the database")
			}
			if status, said := apply(); status != 0 {
				t.Errorf("the run itself: status %d, %q", status, said)
			}
			if status, said := apply("--dry-run"); status != 0 {
				t.Errorf("a dry run after it: status %d, %q", status, said)
			}
		})
	}
}
