package store

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"sync"
)

// sqliteReader reads on several connections. It keeps statements prepared: to
// parse one takes SQLite longer than to run it.
type sqliteReader struct {
	db        *sql.DB
	preparing sync.Mutex
	prepared  sync.Map // text of a statement → runner
}

func (r *sqliteReader) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	st, ok := r.statement(text)
	if !ok {
		var err error
		if st, err = r.prepare(ctx, text); err != nil {
			return nil, err
		}
	}
	return st.QueryContext(ctx, args...)
}

// look is query: SQLite knows no figures, and plans the same whatever the
// arguments are.
func (r *sqliteReader) look(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	return r.query(ctx, text, args)
}

// exec is here to complete a conn; the connections allow no change.
func (r *sqliteReader) exec(context.Context, string, []any) (sql.Result, error) {
	return nil, errors.New("a reader does not write")
}

// runner is a prepared statement.
type runner interface {
	QueryContext(ctx context.Context, args ...any) (*sql.Rows, error)
	ExecContext(ctx context.Context, args ...any) (sql.Result, error)
}

// statement returns the prepared statement of this text, if there is one.
func (r *sqliteReader) statement(text string) (runner, bool) {
	kept, _ := r.prepared.Load(text)
	st, ok := kept.(runner)
	return st, ok
}

// prepare keeps a statement prepared from now on, and returns it.
func (r *sqliteReader) prepare(ctx context.Context, text string) (runner, error) {
	r.preparing.Lock()
	defer r.preparing.Unlock()
	if st, ok := r.statement(text); ok {
		return st, nil
	}
	st, err := r.db.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	r.prepared.Store(text, st)
	return st, nil
}

func (r *sqliteReader) close() error {
	r.prepared.Range(func(_, kept any) bool {
		if st, ok := kept.(io.Closer); ok {
			_ = st.Close()
		}
		return true
	})
	return r.db.Close()
}
