package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	_ "modernc.org/sqlite" // registers the driver "sqlite"
)

// How many connections read by default: one for each processor, within these.
const (
	leastReaders = 4
	mostReaders  = 16
)

// oldestSQLite is the first version whose write-ahead log cannot corrupt the
// database when it is reset.
func oldestSQLite() [3]int { return [3]int{3, 51, 3} }

// openSQLite opens the database in a file, which is made where it is missing.
// One connection writes, others read beside it. wait is how long it waits for
// another process that writes.
func openSQLite(ctx context.Context, path string, o Options, wait time.Duration) (*DB, error) {
	if path == "" || strings.HasPrefix(path, ":memory:") || strings.HasPrefix(path, "//") {
		return nil, fmt.Errorf("opening database: %q names no file, want sqlite:PATH", schemeSQLite+path)
	}
	path = filepath.Clean(path)
	if err := createPrivate(path); err != nil {
		return nil, err
	}
	readers := o.MaxConns
	if readers <= 0 {
		readers = min(max(runtime.GOMAXPROCS(0), leastReaders), mostReaders)
	}
	common := []string{
		fmt.Sprintf("busy_timeout(%d)", wait.Milliseconds()),
		"foreign_keys(1)",
		"trusted_schema(0)",
		"temp_store(memory)",
		// A commit is on the disk when it is reported: a suspended user or a
		// used code must not come back with the power.
		"synchronous(full)",
	}
	write, err := openSQLitePool(path, slices.Concat(common, []string{"journal_mode(wal)"}))
	if err != nil {
		return nil, err
	}
	write.SetMaxIdleConns(-1) // only the writer's connection stays
	if err := checkSQLite(ctx, write, path); err != nil {
		_ = write.Close()
		return nil, err
	}
	read, err := openSQLitePool(path, slices.Concat(common, []string{"query_only(1)"}))
	if err != nil {
		_ = write.Close()
		return nil, err
	}
	read.SetMaxOpenConns(readers)
	read.SetMaxIdleConns(readers)
	reader, writer := &sqliteReader{db: read}, &sqliteWriter{db: write}
	return &DB{
		engine: engine{
			name:      "sqlite",
			hasSchema: "select count(*) from sqlite_master where type = 'table' and name = 'schema_migrations'",
			indexes:   "select name, sql from sqlite_master where type = 'index' and sql is not null order by name",
			// Statements are written for a planner that knows no figures.
			settle: "pragma wal_checkpoint(truncate)",
			about:  "select sqlite_version(), 0", // its clock is that of this machine
		},
		pool:  write,
		read:  reader,
		write: writer,
		shut:  func() error { return errors.Join(writer.close(), reader.close()) },
	}, nil
}

func openSQLitePool(path string, pragmas []string) (*sql.DB, error) {
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + url.Values{"_pragma": pragmas, "_txlock": {"immediate"}}.Encode()
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("opening database %s: %w", path, err)
	}
	return db, nil
}

// createPrivate makes the file with a mode that keeps others out; SQLite gives
// its companions the same. A file that is there keeps its mode.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err == nil {
		return f.Close()
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("opening database %s: there is no folder %s", path, filepath.Dir(path))
	}
	if cause, ok := errors.AsType[*fs.PathError](err); ok {
		err = cause.Err
	}
	return fmt.Errorf("opening database %s: %w", path, err)
}

// checkSQLite looks whether the file is a database and the engine keeps its
// promises here: some network file systems have no write-ahead log.
func checkSQLite(ctx context.Context, db *sql.DB, path string) error {
	var version, journal string
	if err := db.QueryRowContext(ctx, "select sqlite_version(), journal_mode from pragma_journal_mode").Scan(&version, &journal); err != nil {
		return fmt.Errorf("opening database %s: %w", path, err)
	}
	if older(version, oldestSQLite()) {
		want := oldestSQLite()
		return fmt.Errorf("opening database %s: SQLite %s may corrupt it, want %d.%d.%d or later", path, version, want[0], want[1], want[2])
	}
	if journal != "wal" {
		return fmt.Errorf("opening database %s: its file system allows no write-ahead log (journal mode is %s)", path, journal)
	}
	return nil
}

// older reports whether a version such as "3.51.3" is before the other one.
func older(version string, than [3]int) bool {
	parts := strings.Split(version, ".")
	for i, want := range than {
		got := 0
		if i < len(parts) {
			got, _ = strconv.Atoi(parts[i])
		}
		if got != want {
			return got < want
		}
	}
	return false
}
