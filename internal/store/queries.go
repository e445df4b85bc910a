package store

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"github.com/sallyport/sallyport/internal/fault"
)

// conn is where statements are sent.
type conn interface {
	query(ctx context.Context, text string, args []any) (rows, error)
	// look is query by a plan that is made for these arguments.
	look(ctx context.Context, text string, args []any) (rows, error)
	// exec returns how many rows the statement changed.
	exec(ctx context.Context, text string, args []any) (int64, error)
	// script runs several statements, which take no arguments.
	script(ctx context.Context, text string) error
}

// rows are what a statement gives. They are read by one goroutine, and closed
// in any case; what they do is told by [sql.Rows].
type rows interface {
	Next() bool
	Scan(to ...any) error
	Err() error
	Close() error
}

// transactor runs transactions.
type transactor interface {
	// transact runs fn in a transaction, which it commits where fn returns nil.
	transact(ctx context.Context, size weight, fn func(conn) error) error
}

// weight says how much a transaction changes.
type weight int

const (
	light weight = iota
	heavy        // many rows
)

// queries sends the statements of a Reader or a Writer.
type queries struct {
	db      *DB
	to      conn
	writing bool   // within a transaction
	events  uint16 // that the transaction has recorded
	spent   error  // why the transaction cannot be committed any more

	mark     string // of the settings that are seen here; "": not asked yet
	assumed  bool   // the mark is the one that was seen last, and not asked for
	outdated bool   // the mark that was assumed was another one
	moved    bool   // the transaction has changed settings

	met      map[string]any // settings that the transaction has read itself, by name
	attempts []stored       // what the transaction has made of attempts
}

// rows runs a statement that gives rows.
func (q *queries) rows(ctx context.Context, text string, args []any) (rows, error) {
	if !storableArgs(args) {
		return nil, ErrNotFound
	}
	if err := q.ready(ctx, text); err != nil {
		return nil, err
	}
	all, err := q.to.query(ctx, text, args)
	return all, q.failed(err)
}

// look is rows by a plan that is made for these arguments.
func (q *queries) look(ctx context.Context, text string, args []any) (rows, error) {
	if !storableArgs(args) {
		return nil, ErrNotFound
	}
	if err := q.ready(ctx, text); err != nil {
		return nil, err
	}
	all, err := q.to.look(ctx, text, args)
	return all, q.failed(err)
}

// exec runs a statement that gives no rows, and returns how many it changed.
func (q *queries) exec(ctx context.Context, text string, args ...any) (int64, error) {
	if !storableArgs(args) {
		return 0, errTextForm()
	}
	if err := q.ready(ctx, text); err != nil {
		return 0, err
	}
	n, err := q.to.exec(ctx, text, args)
	return n, q.failed(err)
}

// ready makes ready to send a statement.
func (q *queries) ready(ctx context.Context, text string) error {
	if q.spent != nil {
		return q.spent
	}
	if err := q.move(ctx, text); err != nil {
		return err
	}
	q.db.statements.Add(1)
	return nil
}

func errTextForm() error {
	return &fault.Error{Kind: fault.Invalid, Code: "text_form", Want: "UTF-8 without U+0000"}
}

// failed gives an error of the engine its meaning. A transaction in which one
// happened cannot be committed: PostgreSQL wants it so.
func (q *queries) failed(err error) error {
	if err == nil {
		return nil
	}
	err = meaning(err)
	if q.writing && (q.spent == nil || again(err)) {
		q.spent = err
	}
	return err
}

// one returns the row that a statement gives, or [ErrNotFound]. fields tells
// where the columns go.
func one[T any](ctx context.Context, q *queries, fields func(*T) []any, text string, args ...any) (T, error) {
	var v T
	rows, err := q.rows(ctx, text, args)
	if err != nil {
		return v, err
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return v, q.failed(err)
		}
		return v, ErrNotFound
	}
	if err := rows.Scan(fields(&v)...); err != nil {
		var zero T
		return zero, q.failed(err)
	}
	return v, q.failed(rows.Close())
}

// ask reads the one row that a statement gives, or returns [ErrNotFound].
func ask(ctx context.Context, c conn, text string, args []any, to ...any) error {
	rows, err := c.query(ctx, text, args)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return err
		}
		return ErrNotFound
	}
	if err := rows.Scan(to...); err != nil {
		return err
	}
	return rows.Close()
}

// list returns the rows that a statement gives.
func list[T any](ctx context.Context, q *queries, fields func(*T) []any, text string, args ...any) ([]T, error) {
	rows, err := q.rows(ctx, text, args)
	return all(q, rows, err, fields)
}

// page returns the rows of a page of a list, of which there may be very many
// for some arguments and few for others: a plan that is good for one is not for
// the other.
func page[T any](ctx context.Context, q *queries, fields func(*T) []any, text string, args ...any) ([]T, error) {
	rows, err := q.look(ctx, text, args)
	return all(q, rows, err, fields)
}

// all reads all rows.
func all[T any](q *queries, rows rows, err error, fields func(*T) []any) ([]T, error) {
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var all []T
	for rows.Next() {
		var v T
		if err := rows.Scan(fields(&v)...); err != nil {
			return nil, q.failed(err)
		}
		all = append(all, v)
	}
	return all, q.failed(rows.Err())
}

// changed runs a statement that ends with [bringingMark], and returns how many rows
// it changed.
func (q *queries) changed(ctx context.Context, text string, args ...any) (int64, error) {
	if !storableArgs(args) {
		return 0, errTextForm()
	}
	all, err := list(ctx, q, func(*struct{}) []any { return []any{q.seen()} }, text, args...)
	return int64(len(all)), err
}

// doing says what an error happened at; nil stays nil.
func doing(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}

// saved is the answer to a save of one version of a row.
func saved(changed int64, err error) error {
	if err == nil && changed == 0 {
		return errStale()
	}
	return err
}

// found is the answer to a change of a row that must be there.
func found(changed int64, err error) error {
	if err == nil && changed == 0 {
		return ErrNotFound
	}
	return err
}

func storableArgs(args []any) bool {
	for _, arg := range args {
		switch v := arg.(type) {
		case nil, int64, []byte:
		case string:
			if !storable(v) {
				return false
			}
		default:
			if r := reflect.ValueOf(arg); r.Kind() == reflect.String && !storable(r.String()) {
				return false
			}
		}
	}
	return true
}
