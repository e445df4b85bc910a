// Package storetest holds package store to what it promises, on every engine,
// and gives the tests of other packages a database of each.
//
// SQLite is always tested, in a temporary folder. PostgreSQL is tested where
// SALLYPORT_TEST_POSTGRES holds the URL of a superuser's database in a cluster
// made for tests; each test gets a database of its own there, which is dropped
// afterwards; the template of them stays. The package belongs to tests alone.
package storetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // registers the driver "pgx"
	_ "modernc.org/sqlite"             // registers the driver "sqlite"

	"github.com/sallyport/sallyport/internal/store"
)

// PostgresVariable is the environment variable with the URL of PostgreSQL.
const PostgresVariable = "SALLYPORT_TEST_POSTGRES"

// Engine is a kind of database to test on.
type Engine struct {
	Name string // as [store.DB.Engine] gives it
	// URL makes an empty database for one test and returns its URL.
	URL func(t testing.TB) string

	filled func(t testing.TB) string // as URL, with the schema in it
}

// Open makes a database with the schema in it for one test. At its end, the
// audit list is held to say what it has to.
func (e Engine) Open(t testing.TB) *store.DB {
	t.Helper()
	db := e.Bare(t)
	t.Cleanup(func() { audited(t, db) })
	return db
}

// Bare is [Engine.Open] for tests that write events into the audit list which
// nobody else does.
func (e Engine) Bare(t testing.TB) *store.DB {
	t.Helper()
	return e.Attach(t, e.filled(t))
}

// Attach opens the database at this URL until the test ends.
func (e Engine) Attach(t testing.TB, url string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), url, store.Options{})
	if err != nil {
		t.Fatalf("opening a database for the test: %v", err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("closing the database of the test: %v", err)
		}
	})
	return db
}

// Two opens a database with the schema in it twice, as two nodes do.
func (e Engine) Two(t testing.TB) (one, other *store.DB) {
	t.Helper()
	url := e.filled(t)
	return e.Attach(t, url), e.Attach(t, url)
}

// Engines returns the engines to test on: SQLite, and PostgreSQL where there
// is one.
func Engines(t testing.TB) []Engine {
	t.Helper()
	engines := []Engine{sqlite}
	cluster := os.Getenv(PostgresVariable)
	if cluster == "" {
		sayUntested()
		t.Logf("%s is not set: PostgreSQL is NOT tested", PostgresVariable)
		return engines
	}
	u, err := url.Parse(cluster)
	if err != nil {
		t.Fatalf("%s is no URL", PostgresVariable) // it may hold a password: not shown
	}
	return append(engines, Engine{
		Name: "postgres",
		URL: func(t testing.TB) string {
			t.Helper()
			return postgresURL(t, u, "template1")
		},
		filled: func(t testing.TB) string {
			t.Helper()
			name, err := postgresTemplate()
			if err != nil {
				t.Fatalf("making the template of databases: %v", err)
			}
			return postgresURL(t, u, name)
		},
	})
}

// sqlite is the engine that is always there.
var sqlite = Engine{Name: "sqlite", URL: sqliteURL, filled: func(t testing.TB) string {
	t.Helper()
	tmpl, err := templates()
	if err != nil {
		t.Fatalf("making the template of databases: %v", err)
	}
	path := filepath.Join(t.TempDir(), "sallyport.db")
	if err := os.WriteFile(path, tmpl.sqlite, 0o600); err != nil {
		t.Fatalf("copying the template: %v", err)
	}
	return "sqlite:" + path
}}

// SQLite returns an open SQLite database with the schema in it, for tests to
// which the engine makes no difference.
func SQLite(t testing.TB) *store.DB {
	t.Helper()
	return sqlite.Open(t)
}

var sayUntested = sync.OnceFunc(func() {
	fmt.Fprintf(os.Stderr, "storetest: %s is not set: PostgreSQL is NOT tested\n", PostgresVariable)
})

func sqliteURL(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "sallyport.db")
}

// postgresURL makes a database in the cluster as a copy of a template, and
// returns its URL.
func postgresURL(t testing.TB, cluster *url.URL, template string) string {
	t.Helper()
	admin, err := sql.Open("pgx", cluster.String())
	if err != nil {
		t.Fatalf("opening %s: %v", PostgresVariable, err)
	}
	name := "sallyport_test_" + strings.ToLower(rand.Text())
	// The files are copied where that can be said, from version 15 on: else each
	// page of the copy is logged as well, which takes seven times as long.
	var how string
	err = admin.QueryRowContext(t.Context(), "select case when current_setting('server_version_num')::int >= 150000 then ' strategy file_copy' else '' end").Scan(&how)
	if err == nil {
		_, err = admin.ExecContext(t.Context(), "create database "+name+" template "+template+how)
	}
	if err != nil {
		_ = admin.Close()
		t.Fatalf("creating a database for the test: %v", err)
	}
	t.Cleanup(func() { // after the database is closed: it was opened later
		defer func() { _ = admin.Close() }()
		if _, err := admin.ExecContext(context.Background(), "drop database "+name+" with (force)"); err != nil {
			t.Errorf("dropping the database of the test: %v", err)
		}
	})
	u := *cluster
	u.Path = "/" + name
	return u.String()
}
