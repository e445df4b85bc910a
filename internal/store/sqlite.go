package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"
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
func openSQLite(path string, o Options, wait time.Duration) (*DB, error) {
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
	// The schema's own statements are not trusted: who can write the file could
	// have put others there. A commit is on the disk when it is reported: a
	// suspended user or a used code must not come back with the power.
	const common = "pragma foreign_keys = on; pragma trusted_schema = off; pragma temp_store = memory; pragma synchronous = full; "
	// Pages go from the log to the file after so many frames, 32 MB: a page that
	// is written again and again goes there once. What a commit changes has its place
	// in 4 MB of pages, so that none is written before the commit and again with it.
	connect := func() (*sqliteConn, error) {
		return openSQLiteConn(path, wait, common+"pragma cache_size = -4000; pragma journal_mode = wal; pragma wal_autocheckpoint = 8000")
	}
	first, err := connect()
	if err != nil {
		return nil, err
	}
	if err := checkSQLite(first, path); err != nil {
		_ = first.close()
		return nil, err
	}
	writer := &sqliteWriter{connect: connect, conn: first}
	// A reader keeps 512 KB of pages, a quarter of what is usual: it forgets all of
	// them whenever something was written since it began to read, and the kernel
	// keeps them as well.
	reader := newSQLiteReader(readers, func() (*sqliteConn, error) {
		c, err := openSQLiteConn(path, wait, common+"pragma query_only = on; pragma cache_size = -512")
		if err != nil {
			return nil, err
		}
		if err := c.stoppable(); err != nil {
			return nil, errors.Join(err, c.close())
		}
		return c, nil
	})
	return &DB{
		engine: engine{
			name:      "sqlite",
			hasSchema: "select count(*) from sqlite_master where type = 'table' and name = 'schema_migrations'",
			indexes:   "select name, sql from sqlite_master where type = 'index' and sql is not null order by name",
			about:     "select sqlite_version(), 0", // its clock is that of this machine
			beside:    true,
		},
		read:    reader,
		write:   writer,
		rebuild: writer,
		// Statements are written for a planner that knows no figures: what was
		// stored is only brought to the disk, by a connection that waits for it.
		settle: func(context.Context) error {
			c, err := connect()
			if err != nil {
				return err
			}
			return errors.Join(c.script("pragma wal_checkpoint(truncate)"), c.close())
		},
		shut: func() error { return errors.Join(writer.close(), reader.close()) },
	}, nil
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
func checkSQLite(c *sqliteConn, path string) error {
	if older(sqlite.Version, oldestSQLite()) {
		want := oldestSQLite()
		return fmt.Errorf("opening database %s: SQLite %s may corrupt it, want %d.%d.%d or later", path, sqlite.Version, want[0], want[1], want[2])
	}
	journal, err := c.journal()
	if err != nil {
		return fmt.Errorf("opening database %s: %w", path, err)
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
