package store

import (
	"context"
	"errors"
	"sync"
)

// sqliteReader reads on several connections.
type sqliteReader struct {
	open  func() (*sqliteConn, error)
	slots chan struct{} // holds one for each that reads; as many as may

	mu     sync.Mutex
	idle   []*sqliteConn // who was used last stands last and is used next: it has most in memory
	closed bool
}

func newSQLiteReader(most int, open func() (*sqliteConn, error)) *sqliteReader {
	return &sqliteReader{open: open, slots: make(chan struct{}, most)}
}

func (r *sqliteReader) query(ctx context.Context, text string, args []any) (rows, error) {
	c, err := r.take(ctx)
	if err != nil {
		return nil, err
	}
	all, err := c.query(text, args)
	if err != nil {
		r.put(c)
		return nil, err
	}
	all.ctx, all.reader, all.conn = ctx, r, c
	c.watch(ctx)
	return all, nil
}

// look is query: SQLite knows no figures, and plans the same whatever the
// arguments are.
func (r *sqliteReader) look(ctx context.Context, text string, args []any) (rows, error) {
	return r.query(ctx, text, args)
}

// exec is here to complete a conn; the connections allow no change.
func (r *sqliteReader) exec(context.Context, string, []any) (int64, error) {
	return 0, errors.New("a reader does not write")
}

// script is here to complete a conn.
func (r *sqliteReader) script(context.Context, string) error {
	return errors.New("a reader does not write")
}

// take returns a connection, which is to be [sqliteReader.put] back. It waits
// while as many read as may.
func (r *sqliteReader) take(ctx context.Context) (*sqliteConn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	c, err := r.pick()
	if err == nil && c == nil {
		c, err = r.open()
	}
	if err != nil {
		<-r.slots
		return nil, err
	}
	return c, nil
}

// pick returns a connection that is idle, or none.
func (r *sqliteReader) pick() (*sqliteConn, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil, errDatabaseClosed
	}
	last := len(r.idle) - 1
	if last < 0 {
		return nil, nil
	}
	c := r.idle[last]
	r.idle = r.idle[:last]
	return c, nil
}

func (r *sqliteReader) put(c *sqliteConn) {
	if !r.keep(c) {
		_ = c.close()
	}
	<-r.slots
}

// drop is put for a connection that is good for nothing any more.
func (r *sqliteReader) drop(c *sqliteConn) {
	_ = c.close()
	<-r.slots
}

// keep makes a connection an idle one, unless the database is closed.
func (r *sqliteReader) keep(c *sqliteConn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.idle = append(r.idle, c)
	}
	return !r.closed
}

// close ends the connections that are idle; the others end when they come back.
func (r *sqliteReader) close() error {
	r.mu.Lock()
	idle := r.idle
	r.idle, r.closed = nil, true
	r.mu.Unlock()
	var errs []error
	for _, c := range idle {
		errs = append(errs, c.close())
	}
	return errors.Join(errs...)
}

var errDatabaseClosed = errors.New("the database is closed")
