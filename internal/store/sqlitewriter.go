package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// maxBatch is how many transactions share one commit at most, so that the
// first of them does not wait for too many others.
const maxBatch = 32

// sqliteWriter runs transactions one after the other on one connection.
//
// A commit waits for the disk, which takes longer than all else together, so
// transactions that queue up share one: each runs within a savepoint of the
// same SQLite transaction, sees what those before it did, and is reported as
// done once the whole is on the disk. One that fails goes back to its
// savepoint, and the others never know. Whoever runs has the connection and
// hands it, and the open batch, to the next in line.
type sqliteWriter struct {
	db *sql.DB

	mu    sync.Mutex
	taken bool // somebody has the connection
	line  []*turn

	// The rest belongs to whoever has the connection.
	conn     *sql.Conn
	prepared map[string]*sql.Stmt
	open     *batch // nil: no transaction is open
}

// turn is a place in the line.
type turn struct{ comes chan struct{} }

// batch is a transaction of SQLite in which several of ours run.
type batch struct {
	size int
	err  error         // why nothing of it was kept; to be read when it is over
	over chan struct{} // closed when it is on the disk or undone
}

func (w *sqliteWriter) transact(ctx context.Context, fn func(conn) error) error {
	if err := w.queue(ctx); err != nil {
		return err
	}
	shared := context.WithoutCancel(ctx) // for what concerns the whole batch
	b, err := w.join(shared)
	if err != nil {
		return err
	}
	left := false
	defer func() {
		if !left { // fn panicked
			w.undo(shared, b)
			w.leave(shared, b)
		}
	}()
	err = fn(w)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		w.keep(shared, b)
	} else {
		w.undo(shared, b)
	}
	left = true
	w.leave(shared, b)
	<-b.over
	if b.err != nil {
		return b.err // nor has happened what fn may have refused because of
	}
	return err
}

// queue waits for the connection.
func (w *sqliteWriter) queue(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.mu.Lock()
	if !w.taken {
		w.taken = true
		w.mu.Unlock()
		return nil
	}
	own := &turn{comes: make(chan struct{})}
	w.line = append(w.line, own)
	w.mu.Unlock()
	select {
	case <-own.comes:
		return nil
	case <-ctx.Done():
	}
	w.mu.Lock()
	if i := slices.Index(w.line, own); i >= 0 {
		w.line = slices.Delete(w.line, i, i+1)
		w.mu.Unlock()
		return ctx.Err()
	}
	w.mu.Unlock()
	<-own.comes // it came at the same time; the batch may be open
	return nil
}

// join begins a batch, or goes on with the open one.
func (w *sqliteWriter) join(ctx context.Context) (*batch, error) {
	if w.open == nil {
		err := w.connect(ctx)
		if err == nil {
			err = w.run(ctx, "begin immediate")
		}
		if err != nil {
			w.handOn()
			return nil, fmt.Errorf("beginning a transaction: %w", err)
		}
		w.open = &batch{over: make(chan struct{})}
	}
	b := w.open
	b.size++
	if err := w.run(ctx, "savepoint one"); err != nil {
		b.err = fmt.Errorf("beginning a transaction: %w", err)
		w.leave(ctx, b)
		return nil, b.err
	}
	return b, nil
}

// keep makes what was done since the last transaction joined a part of the batch.
func (w *sqliteWriter) keep(ctx context.Context, b *batch) {
	if err := w.run(ctx, "release one"); err != nil {
		b.err = fmt.Errorf("committing: %w", err)
	}
}

// undo goes back to where the last transaction joined.
func (w *sqliteWriter) undo(ctx context.Context, b *batch) {
	if err := errors.Join(w.run(ctx, "rollback to one"), w.run(ctx, "release one")); err != nil {
		b.err = fmt.Errorf("undoing a transaction: %w", err) // by undoing the whole batch
	}
}

// leave hands the connection and the batch to the next in line. Where nobody
// is, or the batch is full or broken, it ends the batch first.
func (w *sqliteWriter) leave(ctx context.Context, b *batch) {
	if b.size < maxBatch && b.err == nil && w.handNext() {
		return
	}
	w.end(ctx, b)
	w.handOn()
}

// end commits the batch, or undoes it where something went wrong that was
// nobody's own.
func (w *sqliteWriter) end(ctx context.Context, b *batch) {
	w.open = nil
	if b.err == nil {
		if err := w.run(ctx, "commit"); err != nil {
			b.err = fmt.Errorf("committing: %w", err)
		}
	}
	if b.err != nil {
		_ = w.run(ctx, "rollback")
		w.disconnect() // the next one begins with a connection that is surely in no transaction
	}
	close(b.over)
}

// handNext gives the connection to the next in line, if there is one.
func (w *sqliteWriter) handNext() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.next()
}

// handOn gives the connection to the next in line, or to whoever comes.
func (w *sqliteWriter) handOn() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.taken = w.next()
}

// next wakes the next in line, if there is one. w.mu is held.
func (w *sqliteWriter) next() bool {
	if len(w.line) == 0 {
		return false
	}
	close(w.line[0].comes)
	w.line = slices.Delete(w.line, 0, 1)
	return true
}

func (w *sqliteWriter) connect(ctx context.Context) error {
	if w.conn != nil {
		return nil
	}
	c, err := w.db.Conn(ctx)
	if err != nil {
		return err
	}
	w.conn, w.prepared = c, map[string]*sql.Stmt{}
	return nil
}

func (w *sqliteWriter) disconnect() {
	for _, st := range w.prepared {
		_ = st.Close()
	}
	if w.conn != nil {
		_ = w.conn.Close() // the pool keeps none
	}
	w.conn, w.prepared = nil, nil
}

func (w *sqliteWriter) close() error {
	w.disconnect()
	return w.db.Close()
}

// run runs a statement that concerns the whole batch.
func (w *sqliteWriter) run(ctx context.Context, text string) error {
	_, err := w.exec(ctx, text, nil)
	return err
}

func (w *sqliteWriter) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	st, err := w.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(context.WithoutCancel(ctx), args...)
}

func (w *sqliteWriter) look(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	return w.query(ctx, text, args)
}

func (w *sqliteWriter) exec(ctx context.Context, text string, args []any) (sql.Result, error) {
	st, err := w.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	return st.ExecContext(context.WithoutCancel(ctx), args...)
}

// statement returns the prepared statement of this text. An ended context
// stops it here; never while it runs, since to interrupt a statement undoes
// the whole batch.
func (w *sqliteWriter) statement(ctx context.Context, text string) (runner, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if st, ok := w.prepared[text]; ok {
		return st, nil
	}
	st, err := w.conn.PrepareContext(context.WithoutCancel(ctx), text)
	if err != nil {
		return nil, err
	}
	w.prepared[text] = st
	return st, nil
}
