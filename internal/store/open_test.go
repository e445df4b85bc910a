package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// raw opens the database at this URL beside the store.
func raw(t *testing.T, engine storetest.Engine, url string) *sql.DB {
	t.Helper()
	driver, source := "pgx", url
	if engine.Name == "sqlite" {
		driver, source = "sqlite", strings.TrimPrefix(url, "sqlite:")
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	notADatabase := filepath.Join(dir, "letter.txt")
	if err := os.WriteFile(notADatabase, []byte(strings.Repeat("Dear Sir or Madam,\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	const nobody = "127.0.0.1:1"
	for name, tc := range map[string]struct{ url, want string }{
		"unknown scheme":      {"mysql://localhost/x", `unknown scheme "mysql", want sqlite:PATH or postgres://`},
		"no scheme":           {"sallyport.db", "unknown scheme"},
		"words of libpq":      {"host=db password=s3cret", "no URL, want"},
		"no file":             {"sqlite:", `"sqlite:" names no file`},
		"memory":              {"sqlite::memory:", `"sqlite::memory:" names no file`},
		"a host in the place": {"sqlite://tmp/x.db", `"sqlite://tmp/x.db" names no file`},
		"no folder":           {"sqlite:" + dir + "/none/x.db", "there is no folder " + dir + "/none"},
		"a folder":            {"sqlite:" + dir, "is a directory"},
		"not a database":      {"sqlite:" + notADatabase, "not a database"},
		"nobody there":        {"postgres://user:s3cret@" + nobody + "/sallyport", "postgres://" + nobody + "/sallyport: "},
		"not a URL":           {"postgres://user:s3cret@[::1/sallyport", "opening database: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, err := store.Open(t.Context(), tc.url, store.Options{})
			if err == nil {
				_ = db.Close()
				t.Fatal("Open() succeeds")
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Open() = %v, want %q in it", err, tc.want)
			}
			if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("Open() = %q: more than a line, or with the password", err)
			}
		})
	}
}

func TestSQLiteFileIsPrivateWhateverItsName(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a?b=c&d#e%20 f.db")
	db, err := store.Open(t.Context(), "sqlite:"+path, store.Options{MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := db.Write(t.Context(), func(tx *store.Writer) error { return tx.SaveOrganization(t.Context(), organization("acme")) }); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %04o, want 0600", filepath.Base(name), info.Mode().Perm())
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestSQLiteVersionIsJudgedByNumber(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]bool{
		"3.51.2": true, "3.9.9": true, "2.99.99": true, "3.51": true, "": true,
		"3.51.3": false, "3.51.10": false, "3.100.0": false, "4.0.0": false, "3.51.3.1": false,
	} {
		if got := store.Older(version, [3]int{3, 51, 3}); got != want {
			t.Errorf("%q before 3.51.3 = %v, want %v", version, got, want)
		}
	}
}

func TestMigrateTwice(t *testing.T) {
	t.Parallel()
	for _, engine := range storetest.Engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			t.Parallel()
			url := engine.URL(t)
			db := engine.Attach(t, url)
			if db.Engine() != engine.Name {
				t.Errorf("Engine() = %q, want %q", db.Engine(), engine.Name)
			}
			if err := db.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "database has schema 0, this program needs ") {
				t.Errorf("Ready() before = %v, want the schema named", err)
			}
			for range 2 {
				if err := db.Migrate(t.Context()); err != nil {
					t.Fatalf("Migrate() = %v", err)
				}
				if err := db.Ready(t.Context()); err != nil {
					t.Errorf("Ready() = %v", err)
				}
			}
			steps := 0
			if err := raw(t, engine, url).QueryRowContext(t.Context(), "select count(*) from schema_migrations").Scan(&steps); err != nil {
				t.Fatal(err)
			}
			files, err := fs.Glob(store.Migrations(), "migrations/*.sql")
			if err != nil || steps != len(files) {
				t.Errorf("%d steps are recorded, want %d (%v)", steps, len(files), err)
			}
		})
	}
}

func TestNodesThatStartAtOnceMigrateOnce(t *testing.T) {
	t.Parallel()
	for _, engine := range storetest.Engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			t.Parallel()
			url := engine.URL(t)
			var all sync.WaitGroup
			start := make(chan struct{})
			for range 6 {
				node := engine.Attach(t, url)
				all.Go(func() {
					<-start
					if err := node.Migrate(t.Context()); err != nil {
						t.Errorf("Migrate() = %v", err)
					}
					if err := node.Ready(t.Context()); err != nil {
						t.Errorf("Ready() = %v", err)
					}
				})
			}
			close(start)
			all.Wait()
		})
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	known, err := fs.Glob(store.Migrations(), "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	newer := fmt.Sprintf("database has schema %d, this program knows %d", len(known)+6, len(known))
	for _, engine := range storetest.Engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			t.Parallel()
			url := engine.URL(t)
			db := engine.Attach(t, url)
			if err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := raw(t, engine, url).ExecContext(t.Context(),
				"insert into schema_migrations (version, name, checksum, applied_at) values ($1, 'later', '', 0)", len(known)+6); err != nil {
				t.Fatal(err)
			}
			for what, err := range map[string]error{
				"Ready()":   db.Ready(t.Context()),
				"Migrate()": db.Migrate(t.Context()),
				"Open()":    open(t.Context(), url),
			} {
				if err == nil || !strings.Contains(err.Error(), newer) {
					t.Errorf("%s = %v, want %q", what, err, newer)
				}
			}
		})
	}
}

func open(ctx context.Context, url string) error {
	db, err := store.Open(ctx, url, store.Options{})
	if err != nil {
		return err
	}
	return db.Close()
}

func TestMigrationIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	step := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	first := step("create table a (id bigint not null primary key); create table b (id bigint not null primary key);")
	second := step("alter table a add column name text;")
	for _, engine := range storetest.Engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			t.Parallel()
			url := engine.URL(t)
			db := engine.Attach(t, url)
			side := raw(t, engine, url)
			migrate := func(files fstest.MapFS, want string) {
				t.Helper()
				err := db.MigrateWith(t.Context(), files)
				if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
					t.Errorf("Migrate() = %v, want %q", err, want)
				}
			}
			exists := func(table string) bool {
				_, err := side.ExecContext(t.Context(), "select 1 from "+table)
				return err == nil
			}
			migrate(fstest.MapFS{"migrations/0001_first.sql": first, "migrations/0002_second.sql": step("create table c (id bigint); no such word;")}, "step 0002_second: ")
			if exists("a") || exists("c") || exists("schema_migrations") {
				t.Error("a failed migration leaves tables")
			}
			migrate(fstest.MapFS{"migrations/0001_first.sql": first}, "")
			migrate(fstest.MapFS{"migrations/0001_first.sql": first, "migrations/0002_second.sql": second}, "")
			if _, err := side.ExecContext(t.Context(), "insert into a (id, name) values (1, 'x')"); err != nil {
				t.Errorf("the second step is not there: %v", err)
			}
			migrate(fstest.MapFS{"migrations/0001_first.sql": second, "migrations/0002_second.sql": second}, "step 0001_first was applied with another text")
			migrate(fstest.MapFS{"migrations/0001_first.sql": first}, "database has schema 2, this program knows 1")
			migrate(fstest.MapFS{"migrations/0002_second.sql": second}, "0002_second.sql in place of step 1")
			migrate(fstest.MapFS{"migrations/first.sql": first}, "first.sql in place of step 1")
		})
	}
}
