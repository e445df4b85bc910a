package store_test

import (
	"database/sql"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

func TestStoreKeepsItsPromises(t *testing.T) {
	t.Parallel()
	for _, engine := range storetest.Engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, func(t *testing.T) *store.DB {
				t.Helper()
				return engine.Open(t)
			})
		})
	}
}

// A statement that reads a whole table to find a row is fast in every test
// and slow with a million users. SQLite tells how it means to find the rows of
// each statement that the suite runs.
func TestNoStatementReadsAWholeTable(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	texts := map[string]bool{}
	t.Run("collecting", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) *store.DB {
			t.Helper()
			db := storetest.SQLite(t)
			t.Cleanup(func() { // before it is closed
				mu.Lock()
				defer mu.Unlock()
				for _, text := range db.Texts() {
					texts[text] = true
				}
			})
			return db
		})
	})

	engine := storetest.Engines(t)[0]
	url := engine.URL(t)
	if err := engine.Attach(t, url).Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	side := raw(t, engine, url)
	judged := 0
	for _, text := range slices.Sorted(maps.Keys(texts)) {
		if verb, _, _ := strings.Cut(strings.TrimSpace(text), " "); !slices.Contains([]string{"select", "insert", "update", "delete", "with"}, verb) {
			continue
		}
		judged++
		for _, step := range plan(t, side, text) {
			if strings.HasPrefix(step, "SCAN ") && !mayScan(step, text) {
				t.Errorf("%s: %s", strings.Join(strings.Fields(text), " "), step)
			}
		}
	}
	if judged < 60 {
		t.Errorf("the suite runs %d statements, fewer than there are methods", judged)
	}
}

// mayScan allows the lists of everything, what is few by its nature, and what
// a statement has made itself.
func mayScan(step, text string) bool {
	for _, made := range []string{"SCAN up", "SCAN below", "SCAN k", "SCAN r USING INDEX sqlite_autoindex_roles_1", "SCAN few", "SCAN CONSTANT ROW"} { // k: the signing keys, r: the roles
		if step == made {
			return true
		}
	}
	return !strings.Contains(text, "where") && (step == "SCAN o" || step == "SCAN p") // all organizations, all apps
}

func plan(t *testing.T, db *sql.DB, text string) []string {
	t.Helper()
	numbers := regexp.MustCompile(`\$[0-9]+`).FindAllString(text, -1)
	slices.Sort(numbers)
	args := make([]any, len(slices.Compact(numbers)))
	rows, err := db.QueryContext(t.Context(), "explain query plan "+text, args...)
	if err != nil {
		t.Fatalf("explaining %s: %v", text, err)
	}
	defer func() { _ = rows.Close() }()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return steps
}
