package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/secret"

	"github.com/sallyport/sallyport/internal/sso"
)

// What the tests of this package may do and nobody else.

// MaxTries is how often Write tries.
const MaxTries = maxTries

// FreeTries is how often a transaction is undone before it stands in line.
const FreeTries = freeTries

// Migrations is the folder of our own steps.
func Migrations() fs.FS { return migrationFiles }

// MigrateWith is [DB.Migrate] with other steps.
func (db *DB) MigrateWith(ctx context.Context, files fs.FS) error {
	_, err := db.migrate(ctx, files)
	return err
}

// ChangesSettings reports whether a statement gives the settings another mark.
func ChangesSettings(text string) bool { return changesSettings.MatchString(text) }

// WriteByReader runs a statement where a Reader's run.
func (db *DB) WriteByReader(ctx context.Context, text string) error {
	r, ok := db.read.(*sqliteReader)
	if !ok {
		return errors.New("not SQLite")
	}
	c, err := r.take(ctx)
	if err != nil {
		return err
	}
	defer r.put(c)
	_, err = c.exec(text, nil)
	return err
}

// OpenImpatient opens a SQLite database that waits for no other process.
func OpenImpatient(url string) (*DB, error) {
	return openSQLite(strings.TrimPrefix(url, schemeSQLite), Options{}, time.Millisecond)
}

// Older is older.
func Older(version string, than [3]int) bool { return older(version, than) }

// Shown is shown, and Storable storable.
func Shown(s string) string { return shown(s) }

// Storable reports whether both engines can hold the text.
func Storable(s string) bool { return storable(s) }

// SQLiteConstraint is sqliteConstraint.
func SQLiteConstraint(message string) Constraint { return sqliteConstraint(message) }

// Sabotage ends SQLite's transaction behind the writer's back, as SQLite does
// itself when the disk is full.
func Sabotage(ctx context.Context, w *Writer) error {
	_, err := w.q.to.exec(ctx, "rollback", nil)
	return err
}

// Texts returns the statements that this SQLite database has run for Readers
// and Writers.
func (db *DB) Texts() []string {
	var texts []string
	if r, ok := db.read.(*sqliteReader); ok {
		for _, c := range r.idle {
			texts = append(texts, c.texts()...)
		}
	}
	if w, ok := db.write.(*sqliteWriter); ok && w.conn != nil {
		texts = append(texts, w.conn.texts()...)
	}
	slices.Sort(texts)
	texts = slices.DeleteFunc(slices.Compact(texts), func(text string) bool { return text == db.engine.hasSchema })
	return texts
}

// Look has pages look at no more than so many rows.
func (db *DB) Look(few, far int) { db.look = bounds{few: few, far: far} }

// Indexes returns the statements that make the indexes which [DB.Fill] drops.
func (db *DB) Indexes(ctx context.Context) ([]string, error) {
	var texts []string
	err := db.Read(ctx, func(r *Reader) error {
		all, err := list(ctx, r.q, func(i *index) []any { return []any{&i.name, &i.make} }, db.engine.indexes)
		for _, i := range all {
			texts = append(texts, i.make)
		}
		return err
	})
	return texts, err
}

// Ask reads the one row that a statement gives, where a Reader's run.
func (db *DB) Ask(ctx context.Context, text string, args []any, to ...any) error {
	return ask(ctx, db.read, text, args, to...)
}

// Exec runs a statement in a transaction of its own.
func (db *DB) Exec(ctx context.Context, text string, args ...any) error {
	return db.Write(ctx, func(w *Writer) error {
		_, err := w.q.exec(ctx, text, args...)
		return err
	})
}

// List returns the rows of one column of numbers, where a Reader's run; each is
// given to see first.
func (db *DB) List(ctx context.Context, text string, see func(*int64) []any) (all []int64, err error) {
	err = db.Read(ctx, func(r *Reader) error {
		all, err = list(ctx, r.q, see, text)
		return err
	})
	return all, err
}

// Reading returns how many connections of this SQLite database read now.
func (db *DB) Reading() int {
	r, ok := db.read.(*sqliteReader)
	if !ok {
		return -1
	}
	return len(r.slots)
}

// ErrDatabaseClosed is errDatabaseClosed.
var ErrDatabaseClosed = errDatabaseClosed

// Hash is hash, UTC utc and FromJSON fromJSON.
func Hash(h *secret.Hash) sql.Scanner { return hash(h) }

// UTC is utc.
func UTC(t *time.Time) sql.Scanner { return utc(t) }

// FromJSON is fromJSON.
func FromJSON(v any) sql.Scanner { return fromJSON(v) }

// Opt is opt.
func Opt(s *string) sql.Scanner { return opt(s) }

// ToJSON is toJSON.
func ToJSON(v any) driver.Valuer { return toJSON(v) }

// ChecksJSON is the lines of a trace as they are stored.
func ChecksJSON(all []sso.Check) string { return checksJSON(all) }

// ParseChecks reads them.
func ParseChecks(text string) ([]sso.Check, error) { return parseChecks(text) }

// ByWriter runs a statement on the connection by which SQLite writes, in no
// transaction.
func (db *DB) ByWriter(ctx context.Context, text string) error {
	w, ok := db.write.(*sqliteWriter)
	if !ok {
		return errors.New("not SQLite")
	}
	if err := w.queue(ctx); err != nil {
		return err
	}
	defer w.handOn()
	return errors.Join(w.begin(), w.conn.script(text))
}

// Meaning is meaning.
func Meaning(err error) error { return meaning(err) }

// Beginning is beginning.
func Beginning(err error) error { return beginning(err) }

// ProbeEvery is how often what cannot be written is tried at most.
const ProbeEvery = probeEvery
