package store

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

// migrationFiles holds the steps of the schema, in order: 0001_first.sql is
// step 1. A step that was released is never changed.
//
//go:embed migrations/*.sql
var migrationFiles embed.FS

// migration is one step of the schema.
type migration struct {
	version  int
	name     string
	checksum string
	text     string
}

// migrations returns the steps of a folder in order, without gaps.
func migrations(files fs.FS) ([]migration, error) {
	names, err := fs.Glob(files, "migrations/*.sql") // sorted
	if err != nil {
		return nil, fmt.Errorf("listing migrations: %w", err)
	}
	var all []migration
	for i, path := range names {
		text, err := fs.ReadFile(files, path)
		if err != nil {
			return nil, fmt.Errorf("reading migration: %w", err)
		}
		name := strings.TrimSuffix(strings.TrimPrefix(path, "migrations/"), ".sql")
		number, _, _ := strings.Cut(name, "_")
		if version, err := strconv.Atoi(number); err != nil || version != i+1 {
			return nil, fmt.Errorf("reading migration: %s in place of step %d", path, i+1)
		}
		sum := sha256.Sum256(text)
		all = append(all, migration{version: i + 1, name: name, checksum: hex.EncodeToString(sum[:]), text: string(text)})
	}
	return all, nil
}

// Ready reports whether the database answers and has the schema that this
// program needs.
func (db *DB) Ready(ctx context.Context) error {
	have, err := db.schema(ctx)
	if err != nil {
		return err
	}
	known, err := migrations(migrationFiles)
	if err != nil {
		return err
	}
	if have < len(known) {
		return fmt.Errorf("database has schema %d, this program needs %d: migrate it", have, len(known))
	}
	return nil
}

// schema returns the version of the database's schema, 0 for an empty
// database. A newer one than this program knows is an error.
func (db *DB) schema(ctx context.Context) (int, error) {
	known, err := migrations(migrationFiles)
	if err != nil {
		return 0, err
	}
	return schemaOf(ctx, db.read, db.engine, len(known))
}

func schemaOf(ctx context.Context, c conn, e engine, known int) (int, error) {
	var tables, have int
	if err := ask(ctx, c, e.hasSchema, nil, &tables); err != nil {
		return 0, fmt.Errorf("looking for the schema: %w", err)
	}
	if tables == 0 {
		return 0, nil
	}
	if err := ask(ctx, c, "select coalesce(max(version), 0) from schema_migrations", nil, &have); err != nil {
		return 0, fmt.Errorf("reading the version of the schema: %w", err)
	}
	if have > known {
		return 0, fmt.Errorf("database has schema %d, this program knows %d: use a newer program", have, known)
	}
	return have, nil
}

// Migrate brings the schema up to this program's, in one transaction. Any
// number of nodes may call it at once.
func (db *DB) Migrate(ctx context.Context) error {
	steps, err := db.migrate(ctx, migrationFiles)
	if err != nil || steps == 0 {
		return err
	}
	// A step may have changed settings that other nodes remember.
	return db.Write(ctx, func(tx *Writer) error { return tx.q.moveOn(ctx) })
}

// migrate applies the steps that are missing, and returns how many these were.
func (db *DB) migrate(ctx context.Context, files fs.FS) (int, error) {
	known, err := migrations(files)
	if err != nil {
		return 0, err
	}
	steps := 0
	err = db.rebuild.transact(ctx, heavy, func(c conn) error {
		steps, err = apply(ctx, c, db.engine, known)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("migrating: %w", err)
	}
	return steps, nil
}

// apply applies the steps that are missing, within a transaction.
func apply(ctx context.Context, c conn, e engine, known []migration) (int, error) {
	if e.lockSchema != "" {
		if _, err := c.exec(ctx, e.lockSchema, nil); err != nil {
			return 0, fmt.Errorf("waiting for other nodes: %w", err)
		}
	}
	have, err := schemaOf(ctx, c, e, len(known))
	if err != nil {
		return 0, err
	}
	if have == 0 {
		const table = `create table if not exists schema_migrations (
			version    bigint not null primary key,
			name       text   not null,
			checksum   text   not null,
			applied_at bigint not null
		)`
		if err := c.script(ctx, table); err != nil {
			return 0, err
		}
	}
	for _, m := range known[:have] {
		var checksum string
		if err := ask(ctx, c, "select checksum from schema_migrations where version = $1", []any{m.version}, &checksum); err != nil {
			return 0, fmt.Errorf("reading step %d: %w", m.version, err)
		}
		if checksum != m.checksum {
			return 0, fmt.Errorf("step %s was applied with another text than this program has", m.name)
		}
	}
	for _, m := range known[have:] {
		if err := c.script(ctx, m.text); err != nil {
			return 0, fmt.Errorf("step %s: %w", m.name, err)
		}
		if _, err := c.exec(ctx, `
			insert into schema_migrations (version, name, checksum, applied_at)
			values ($1, $2, $3, $4)`,
			[]any{m.version, m.name, m.checksum, time.Now().UnixMicro()},
		); err != nil {
			return 0, fmt.Errorf("recording step %s: %w", m.name, err)
		}
	}
	return len(known) - have, nil
}
