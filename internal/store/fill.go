package store

import (
	"context"
	"errors"
	"fmt"
)

// ErrNotEmpty says that a database was to be filled that holds something.
var ErrNotEmpty = errors.New("the database holds organizations already")

// Fill runs fn, which is to store very much, on a database that holds nothing
// yet and that nobody else uses. Meanwhile there are no indexes but those that
// constraints have, and SQLite does not wait for the disk. After an error the
// database is good for nothing.
func (db *DB) Fill(ctx context.Context, fn func(context.Context) error) (err error) {
	if w, ok := db.write.(*sqliteWriter); ok {
		if err := w.hurry(ctx); err != nil {
			return fmt.Errorf("filling the database: %w", err)
		}
		defer func() { err = errors.Join(err, w.calm(context.WithoutCancel(ctx))) }()
	}
	var dropped []index
	if err := db.Write(ctx, func(tx *Writer) error { dropped, err = tx.dropIndexes(ctx); return err }); err != nil {
		return fmt.Errorf("filling the database: %w", err)
	}
	if err := fn(ctx); err != nil {
		return err
	}
	for _, i := range dropped {
		if err := db.Write(ctx, func(tx *Writer) error { _, err := tx.q.exec(ctx, i.make); return err }); err != nil {
			return fmt.Errorf("making index %s: %w", i.name, err)
		}
	}
	if err := db.settle(ctx); err != nil {
		return fmt.Errorf("settling the database: %w", err)
	}
	return nil
}

// index is an index with the statement that makes it.
type index struct{ name, make string }

// dropIndexes drops all indexes that are no constraint's from an empty
// database, and returns them.
func (w *Writer) dropIndexes(ctx context.Context) ([]index, error) {
	filled, err := one(ctx, w.q, func(b *bool) []any { return []any{b} }, `
		select exists (select 1 from organizations)`)
	if err != nil {
		return nil, err
	}
	if filled {
		return nil, ErrNotEmpty
	}
	all, err := list(ctx, w.q, func(i *index) []any { return []any{&i.name, &i.make} }, w.q.db.engine.indexes)
	if err != nil {
		return nil, err
	}
	for _, i := range all {
		if _, err := w.q.exec(ctx, "drop index "+i.name); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// hurry has the writer's connection wait for no disk, and use more memory.
func (w *sqliteWriter) hurry(ctx context.Context) error {
	return w.alone(ctx, func() error {
		for _, text := range []string{"pragma synchronous = off", "pragma cache_size = -262144", "pragma temp_store = file"} {
			if err := w.run(text); err != nil {
				return err
			}
		}
		return nil
	})
}

// calm gives the writer an ordinary connection again.
func (w *sqliteWriter) calm(ctx context.Context) error {
	return w.alone(ctx, w.disconnect)
}

// alone runs fn with the connection in no transaction.
func (w *sqliteWriter) alone(ctx context.Context, fn func() error) error {
	if err := w.queue(ctx); err != nil {
		return err
	}
	defer w.handOn()
	if err := w.begin(); err != nil {
		return err
	}
	return fn()
}
