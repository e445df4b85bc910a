package store

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"
)

// What the tests of this package may do and nobody else.

// MaxTries is how often Write tries.
const MaxTries = maxTries

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
	_, err := r.db.ExecContext(ctx, text)
	return err
}

// OpenImpatient opens a SQLite database that waits for no other process.
func OpenImpatient(ctx context.Context, url string) (*DB, error) {
	return openSQLite(ctx, strings.TrimPrefix(url, schemeSQLite), Options{}, time.Millisecond)
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
		r.prepared.Range(func(text, _ any) bool {
			if text, ok := text.(string); ok {
				texts = append(texts, text)
			}
			return true
		})
	}
	if w, ok := db.write.(*sqliteWriter); ok {
		texts = slices.AppendSeq(texts, maps.Keys(w.prepared))
	}
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
