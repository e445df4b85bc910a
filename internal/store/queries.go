package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"reflect"
	"sync"

	"github.com/sallyport/sallyport/internal/fault"
)

// pool is a set of connections to a database.
type pool struct {
	*sql.DB
	// prepares says that statements are kept prepared here. PostgreSQL's
	// driver does so itself.
	prepares  bool
	preparing sync.Mutex
	prepared  sync.Map // text of a statement → *sql.Stmt
}

// runner is a prepared statement.
type runner interface {
	ExecContext(ctx context.Context, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, args ...any) (*sql.Rows, error)
}

// statement returns the prepared statement of this text, if there is one.
func (p *pool) statement(text string) *sql.Stmt {
	kept, _ := p.prepared.Load(text)
	st, _ := kept.(*sql.Stmt)
	return st
}

// prepare keeps these statements prepared from now on. It must not be called
// within a transaction, which may hold the only connection. What goes wrong
// here goes wrong again, and is reported, when the statement is used.
func (p *pool) prepare(ctx context.Context, texts []string) {
	if len(texts) == 0 {
		return
	}
	p.preparing.Lock()
	defer p.preparing.Unlock()
	for _, text := range texts {
		if p.statement(text) != nil {
			continue
		}
		st, err := p.PrepareContext(ctx, text)
		if err != nil {
			return
		}
		p.prepared.Store(text, st)
	}
}

func (p *pool) close() error {
	p.prepared.Range(func(_, kept any) bool {
		if st, ok := kept.(io.Closer); ok {
			_ = st.Close()
		}
		return true
	})
	return p.Close()
}

// queries sends statements: within a transaction, or each by itself.
type queries struct {
	db         *DB
	tx         *sql.Tx // nil: each statement by itself
	spent      error   // why the transaction cannot be committed any more
	unprepared []string
}

// rows runs a statement that gives rows.
func (q *queries) rows(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	if !storableArgs(args) {
		return nil, ErrNotFound
	}
	q.db.statements.Add(1)
	var rows *sql.Rows
	var err error
	switch st := q.statement(ctx, text); {
	case st != nil:
		rows, err = st.QueryContext(ctx, args...)
	case q.tx != nil:
		rows, err = q.tx.QueryContext(ctx, text, args...)
	default:
		rows, err = q.db.read.QueryContext(ctx, text, args...)
	}
	return rows, q.failed(err)
}

// exec runs a statement that gives no rows, and returns how many it changed.
func (q *queries) exec(ctx context.Context, text string, args ...any) (int64, error) {
	if !storableArgs(args) {
		return 0, &fault.Error{Kind: fault.Invalid, Code: "text_form", Want: "UTF-8 without U+0000"}
	}
	q.db.statements.Add(1)
	var result sql.Result
	var err error
	if st := q.statement(ctx, text); st != nil {
		result, err = st.ExecContext(ctx, args...)
	} else {
		result, err = q.tx.ExecContext(ctx, text, args...)
	}
	if err != nil {
		return 0, q.failed(err)
	}
	n, err := result.RowsAffected()
	return n, q.failed(err)
}

// statement returns the prepared statement to run here, or nil.
func (q *queries) statement(ctx context.Context, text string) runner {
	if q.tx == nil {
		p := q.db.read
		if p.prepares && p.statement(text) == nil {
			p.prepare(ctx, []string{text})
		}
		if st := p.statement(text); st != nil {
			return st
		}
		return nil
	}
	p := q.db.write
	if !p.prepares {
		return nil
	}
	if st := p.statement(text); st != nil {
		return q.tx.StmtContext(ctx, st)
	}
	q.unprepared = append(q.unprepared, text)
	return nil
}

// failed gives an error of the engine its meaning. A transaction in which one
// happened cannot be committed: PostgreSQL wants it so.
func (q *queries) failed(err error) error {
	if err == nil {
		return nil
	}
	err = meaning(err)
	if q.tx != nil && (q.spent == nil || again(err)) {
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

// list returns the rows that a statement gives.
func list[T any](ctx context.Context, q *queries, fields func(*T) []any, text string, args ...any) ([]T, error) {
	rows, err := q.rows(ctx, text, args)
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
