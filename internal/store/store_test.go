package store_test

import (
	"database/sql"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/sso"
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
				return engine.Bare(t)
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
			db := storetest.Engines(t)[0].Bare(t)
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
	if strings.Contains(text, "as of_what") { // the doctor counts what is sealed
		return true
	}
	for _, made := range []string{"SCAN up", "SCAN below", "SCAN keyed", "SCAN page", "SCAN counted", "SCAN named", "SCAN pile", "SCAN 4 CONSTANT ROWS", "SCAN k", "SCAN r USING INDEX sqlite_autoindex_roles_1", "SCAN j USING INDEX sqlite_autoindex_jobs_1", "SCAN few", "SCAN instants", "SCAN q USING COVERING INDEX sqlite_autoindex_reset_requests_1", "SCAN CONSTANT ROW", "SCAN sealed", "SCAN seen"} { // k: the signing keys, r: the roles, j: the jobs
		if step == made {
			return true
		}
	}
	if strings.HasSuffix(step, "-ROW VALUES CLAUSE") || strings.HasSuffix(step, " CONSTANT ROWS") || strings.HasSuffix(step, "_unsorted") || strings.HasSuffix(step, "_working") || strings.HasSuffix(step, "_deliveries_waiting") || strings.HasSuffix(step, "_unsealed") || strings.HasSuffix(step, "_untold") { // an index of what is left to do
		return true
	}
	return !strings.Contains(text, "where") && (step == "SCAN s" || step == "SCAN o" || step == "SCAN p" || step == "SCAN p USING INDEX sqlite_autoindex_apps_1") // all organizations, all apps
}

// Rows from before there was an index are found by nobody until they have one.
func TestOldRowsAreIndexed(t *testing.T) {
	t.Parallel()
	for _, engine := range storetest.Engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			t.Parallel()
			url := engine.URL(t)
			db := engine.Attach(t, url)
			if err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			now := time.Unix(1, 0).UTC()
			org := sso.Organization{ID: "org_a", Key: "acme", Name: "Acme", Path: []sso.OrgID{"org_a"}, State: sso.OrgActive, CreatedAt: now, UpdatedAt: now}
			alice := sso.User{ID: "usr_a", Home: org.ID, FirstName: "Alice", State: sso.UserSuspended, CreatedAt: now, UpdatedAt: now}
			err := db.Write(t.Context(), func(tx *store.Writer) error {
				return errors.Join(tx.SaveOrganization(t.Context(), org), tx.Org(org.ID).SaveUser(t.Context(), alice),
					tx.Org(org.ID).SaveMembership(t.Context(), sso.Membership{Org: org.ID, User: alice.ID, Role: sso.RoleMember, Groups: []string{"ops"}, CreatedAt: now, UpdatedAt: now}))
			})
			if err != nil {
				t.Fatal(err)
			}
			side := raw(t, engine, url)
			for _, text := range []string{
				"update organizations set sort_key = null", "delete from organization_words", "update users set sort_key = null, words = null",
				"delete from people_words", "update memberships set sort_key = null, state = 'active', way = 'none'", "delete from group_members", "delete from groups",
			} {
				if _, err := side.ExecContext(t.Context(), text); err != nil {
					t.Fatalf("%s: %v", text, err)
				}
			}
			for _, want := range []int{2, 0} {
				err := db.Write(t.Context(), func(tx *store.Writer) error {
					n, err := tx.IndexOld(t.Context())
					if n != want {
						t.Errorf("IndexOld() = %d, want %d", n, want)
					}
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			for name, q := range map[string]store.PeopleQuery{
				"in order": {}, "by a word": {Words: []string{"ali"}}, "by the state": {State: sso.UserSuspended}, "by a group": {Group: "ops"},
			} {
				q.Limit = 5
				err := db.Read(t.Context(), func(r *store.Reader) error {
					people, err := r.Org(org.ID).People(t.Context(), q)
					if len(people.People) != 1 {
						t.Errorf("%s: found %d people, want 1", name, len(people.People))
					}
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
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

// What one node changes, another does not remember.
func TestAnotherNodeSeesWhatIsChanged(t *testing.T) {
	t.Parallel()
	for _, e := range storetest.Engines(t) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			one, other := e.Two(t)
			storetest.RunBeside(t, one, other)
		})
	}
}

func TestStatementsThatChangeSettings(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"insert into apps (id) values ($1)":                                         true,
		"insert into app_secrets (id) values ($1)":                                  true,
		"\n\t\tupdate organizations\n\t\tset name = $1":                             true,
		"delete  from\tdomains where name = $1":                                     true,
		"UPDATE connections SET state = $1 returning id":                            true,
		"with x as (select 1) update connections set state = 'a'":                   true,
		"update sessions set ended_at = $1 where connection_id in (select 1)":       false,
		"delete from domain_checks":                                                 false,
		"insert into organization_words (word) select name from organizations":      false,
		"insert into connection_watches (connection_id) select id from connections": false,
		"select id from connections for update":                                     false,
	} {
		if got := store.ChangesSettings(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// Apps are told of sessions that are over. A session that is deleted cannot be
// told of any more, so whoever deletes some, or what they stand on, notes it
// first: these do.
func TestSessionsAreDeletedWhereItIsNoted(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("finding the store: %v, %v", files, err)
	}
	deletes := regexp.MustCompile(`delete\s+from\s+(sessions|memberships|users|organizations|grants)\b`)
	got := map[string][]string{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range deletes.FindAllSubmatch(text, -1) {
			got[name] = append(got[name], string(found[1]))
		}
	}
	if diff := cmp.Diff(map[string][]string{"housekeeping.go": {"sessions"}, "standing.go": {"memberships"}}, got); diff != "" {
		t.Errorf("sessions are deleted elsewhere; does NoteEnds come before? wanted -, got +\n%s", diff)
	}
}
