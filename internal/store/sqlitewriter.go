package store

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"
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
// savepoint, and the others never know. The first needs none: if it fails, there
// is nothing else to be kept. Who changes much is always the first: of each page that
// is changed behind a savepoint SQLite keeps a copy. Whoever runs has the connection
// and hands it, and the open batch, to the next in line.
type sqliteWriter struct {
	connect func() (*sqliteConn, error)

	mu    sync.Mutex
	taken bool // somebody has the connection
	line  []*turn

	// The rest belongs to whoever has the connection.
	conn   *sqliteConn
	open   *batch // nil: no transaction is open
	closed bool
	hasty  int // so many commits are not stepped back before
}

// turn is a place in the line.
type turn struct{ comes chan struct{} }

// batch is a transaction of SQLite in which several of ours run.
type batch struct {
	size   int
	undone bool          // the first failed, and with it the whole is undone
	err    error         // why nothing of it was kept; to be read when it is over
	over   chan struct{} // closed when it is on the disk or undone
}

// first reports whether nobody has joined after the first.
func (b *batch) first() bool { return b.size == 1 }

func (w *sqliteWriter) transact(ctx context.Context, size weight, fn func(conn) error) error {
	if err := w.queue(ctx); err != nil {
		return err
	}
	if b := w.open; size == heavy && b != nil {
		w.end(b)
	}
	b, err := w.join()
	if err != nil {
		return err
	}
	left := false
	defer func() {
		if !left { // fn panicked
			w.undo(b, nil)
			w.leave(b)
		}
	}()
	err = fn(w)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		w.keep(b)
	} else {
		w.undo(b, err)
	}
	left = true
	w.leave(b)
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
	if !w.stand(ctx.Done()) {
		return ctx.Err()
	}
	return nil
}

// stand stands in line for the connection, and reports whether it came before
// the waiting was over.
func (w *sqliteWriter) stand(over <-chan struct{}) bool {
	w.mu.Lock()
	if !w.taken {
		w.taken = true
		w.mu.Unlock()
		return true
	}
	own := &turn{comes: make(chan struct{})}
	w.line = append(w.line, own)
	w.mu.Unlock()
	select {
	case <-own.comes:
		return true
	case <-over:
	}
	w.mu.Lock()
	if i := slices.Index(w.line, own); i >= 0 {
		w.line = slices.Delete(w.line, i, i+1)
		w.mu.Unlock()
		return false
	}
	w.mu.Unlock()
	<-own.comes // it came at the same time; the batch may be open
	return true
}

// join begins a batch, or goes on with the open one.
func (w *sqliteWriter) join() (*batch, error) {
	if w.open == nil {
		err := w.begin()
		if err == nil {
			err = w.run("begin immediate")
		}
		if err != nil {
			w.handOn()
			return nil, fmt.Errorf("beginning a transaction: %w", meaning(err))
		}
		w.open = &batch{over: make(chan struct{})}
	}
	b := w.open
	b.size++
	if b.first() {
		return b, nil
	}
	if err := w.run("savepoint one"); err != nil {
		b.err = fmt.Errorf("beginning a transaction: %w", meaning(err))
		w.leave(b)
		return nil, b.err
	}
	return b, nil
}

// keep makes what was done since the last transaction joined a part of the batch.
func (w *sqliteWriter) keep(b *batch) {
	switch {
	case !b.first():
		if err := w.run("release one"); err != nil {
			b.err = fmt.Errorf("committing: %w", meaning(err))
		}
	case !w.conn.within():
		b.err = errors.New("committing: the transaction was ended before")
	}
}

// undo goes back to where the last transaction joined. Where a full disk made that
// one fail, SQLite may have undone the whole batch already, for the same cause.
func (w *sqliteWriter) undo(b *batch, cause error) {
	var err error
	if !b.first() {
		err = errors.Join(w.run("rollback to one"), w.run("release one"))
	} else if b.undone = true; w.conn.within() { // SQLite has not undone it by itself
		err = w.run("rollback")
	}
	if f := hindrance(cause); f != nil && err != nil {
		err = f
	}
	if err != nil {
		b.err = fmt.Errorf("undoing a transaction: %w", err) // by undoing the whole batch
	}
}

// leave hands the connection and the batch to the next in line. Where nobody
// is, or the batch is full or broken, it ends the batch first.
func (w *sqliteWriter) leave(b *batch) {
	if b.size < maxBatch && !b.undone && b.err == nil {
		if w.handNext() {
			return
		}
		if w.stepBack(b) && w.handNext() {
			return
		}
	}
	w.end(b)
	w.handOn()
}

// Limits of stepping back.
const (
	longStep = 5 * time.Millisecond // takes longer than some commits
	noSteps  = 64                   // commits without one, after one that took so long
)

// stepBack lets those run who are ready to, and about to stand in line: to wait for
// the disk once more costs all of them more than this. Where nobody shares the commit
// there are none, and where the processors are busy with other things it would cost
// more.
func (w *sqliteWriter) stepBack(b *batch) bool {
	if b.first() {
		return false
	}
	if w.hasty > 0 {
		w.hasty--
		return false
	}
	began := time.Now()
	runtime.Gosched()
	if time.Since(began) > longStep {
		w.hasty = noSteps
	}
	return true
}

// end commits the batch, or undoes it where something went wrong that was
// nobody's own.
func (w *sqliteWriter) end(b *batch) {
	w.open = nil
	if b.err == nil && !b.undone {
		if err := w.run("commit"); err != nil {
			b.err = fmt.Errorf("committing: %w", meaning(err))
		}
	}
	if b.err != nil {
		_ = w.run("rollback")
		_ = w.disconnect() // the next one begins with a connection that is surely in no transaction
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

// begin connects, where there is no connection.
func (w *sqliteWriter) begin() error {
	if w.closed {
		return errDatabaseClosed
	}
	if w.conn != nil {
		return nil
	}
	c, err := w.connect()
	if err == nil {
		w.conn = c
	}
	return err
}

func (w *sqliteWriter) disconnect() error {
	if w.conn == nil {
		return nil
	}
	c := w.conn
	w.conn = nil
	return c.close()
}

// close ends the connection, once it is this one's turn.
func (w *sqliteWriter) close() error {
	w.stand(nil)
	defer w.handOn()
	if b := w.open; b != nil {
		w.end(b)
	}
	w.closed = true
	return w.disconnect()
}

// run runs a statement that concerns the whole batch.
func (w *sqliteWriter) run(text string) error {
	_, err := w.conn.exec(text, nil)
	return err
}

// query, like all that runs a statement here, heeds the context before and
// never while it runs: to interrupt a statement undoes the whole batch.
func (w *sqliteWriter) query(ctx context.Context, text string, args []any) (rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	all, err := w.conn.query(text, args)
	if err != nil {
		return nil, err
	}
	return all, nil
}

func (w *sqliteWriter) look(ctx context.Context, text string, args []any) (rows, error) {
	return w.query(ctx, text, args)
}

func (w *sqliteWriter) exec(ctx context.Context, text string, args []any) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	return w.conn.exec(text, args)
}

func (w *sqliteWriter) script(ctx context.Context, text string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return w.conn.script(text)
}
