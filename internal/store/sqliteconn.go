package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	lib "modernc.org/sqlite/lib"
	"zombiezen.com/go/sqlite"
)

// Limits of what a connection keeps prepared. There are more texts of statements
// than those in the program: lists of arguments are of any length.
const (
	maxPrepared = 500
	longestKept = 6000 // octets of a text, which no statement has but for its list
)

// sqliteConn is a connection to a SQLite database. It belongs to one goroutine
// at a time, and keeps statements prepared: to parse one takes SQLite longer
// than to run it.
type sqliteConn struct {
	db       *sqlite.Conn
	prepared map[string]*sqliteStatement

	// halt is closed to stop what runs, and stop closes it; nil: the connection
	// cannot be stopped.
	halt chan struct{}
	stop func()
	// calm takes back that the end of a context stops the connection, and
	// reports whether it has not begun to; nil: no context is watched.
	calm func() bool
}

// sqliteStatement is a prepared statement.
type sqliteStatement struct {
	*sqlite.Stmt
	order   []int // which argument each parameter is, from 0
	args    int   // how many arguments it takes
	columns int
	large   []int // parameters whose values take much memory
	running bool
	once    bool // it is not kept
}

// mend has SQLite know the size of a page of memory on every Linux; without it,
// the write-ahead log is out of order where that is not 4 KB.
var mend = sync.OnceFunc(lib.PatchIssue199)

// openSQLiteConn connects to the database in a file that is there. wait is how
// long the connection waits for another process that writes; setup are
// statements that it begins with.
func openSQLiteConn(path string, wait time.Duration, setup string) (*sqliteConn, error) {
	mend()
	db, err := sqlite.OpenConn(path, sqlite.OpenReadWrite)
	if err != nil {
		return nil, fmt.Errorf("opening database %s: %w", path, err)
	}
	db.SetBusyTimeout(wait)
	c := &sqliteConn{db: db, prepared: map[string]*sqliteStatement{}}
	if err := c.script(setup); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("opening database %s: %w", path, err)
	}
	return c, nil
}

func (c *sqliteConn) close() error {
	return c.db.Close() // and with it what is prepared
}

// stoppable has the connection stop for the contexts of its statements.
func (c *sqliteConn) stoppable() error {
	c.stop = func() { close(c.halt) }
	return c.renew()
}

// renew makes the connection one that has not been stopped.
func (c *sqliteConn) renew() error {
	c.halt = make(chan struct{})
	c.db.SetInterrupt(c.halt) // which resets what runs
	// SQLite forgets that it was to stop when a statement begins while none
	// runs: one that reads no table and never ends keeps it from that, so that
	// a context can end at any moment.
	st, err := c.db.Prepare("values (1), (2)")
	if err != nil {
		return err
	}
	_, err = st.Step()
	return err
}

// watch has the connection stop when a context ends, until [sqliteConn.rest].
func (c *sqliteConn) watch(ctx context.Context) {
	if ctx.Done() != nil {
		c.calm = context.AfterFunc(ctx, c.stop)
	}
}

// rest ends the watch.
func (c *sqliteConn) rest() error {
	calm := c.calm
	c.calm = nil
	if calm == nil || calm() {
		return nil
	}
	<-c.halt // it is being closed
	return c.renew()
}

// script runs statements that take no arguments and are run once.
func (c *sqliteConn) script(text string) error {
	for {
		text = strings.TrimSpace(text)
		for strings.HasPrefix(text, "--") {
			_, text, _ = strings.Cut(text, "\n")
			text = strings.TrimSpace(text)
		}
		if text == "" {
			return nil
		}
		st, left, err := c.db.PrepareTransient(text)
		if err != nil {
			return err
		}
		text = text[len(text)-left:]
		if err := errors.Join(finish(st), st.Finalize()); err != nil {
			return err
		}
	}
}

// finish runs a statement to its end.
func finish(st *sqlite.Stmt) error {
	for {
		if row, err := st.Step(); err != nil || !row {
			return err
		}
	}
}

// statement returns the prepared statement of a text, with these arguments.
func (c *sqliteConn) statement(text string, args []any) (*sqliteStatement, error) {
	st, ok := c.prepared[text]
	if !ok {
		var err error
		if st, err = c.prepare(text); err != nil {
			return nil, err
		}
	}
	if st.running {
		return nil, errors.New("a statement is to run while it runs")
	}
	if err := st.bind(args); err != nil {
		if st.once {
			err = errors.Join(err, st.Finalize())
		}
		return nil, err
	}
	return st, nil
}

// prepare prepares a statement, and keeps it where its text is not too long. Where
// that would be too many, another one is forgotten.
func (c *sqliteConn) prepare(text string) (*sqliteStatement, error) {
	prepared, err := c.db.Prepare(text)
	if err != nil {
		return nil, err
	}
	st := &sqliteStatement{Stmt: prepared, columns: prepared.ColumnCount(), once: len(text) > longestKept}
	if err := st.number(); err != nil {
		return nil, errors.Join(err, prepared.Finalize())
	}
	if st.once {
		return st, nil
	}
	if len(c.prepared) >= maxPrepared {
		if err := c.forget(); err != nil {
			return nil, errors.Join(err, prepared.Finalize())
		}
	}
	c.prepared[text] = st
	return st, nil
}

// forget forgets any statement that does not run.
func (c *sqliteConn) forget() error {
	for text, st := range c.prepared { // any: the order of a map is none
		if !st.running {
			delete(c.prepared, text)
			return st.Finalize()
		}
	}
	return nil
}

// number finds out which argument each parameter is: SQLite takes $2 for a
// name.
func (s *sqliteStatement) number() error {
	for i := range s.BindParamCount() {
		name, ok := strings.CutPrefix(s.BindParamName(i+1), "$")
		n, err := strconv.Atoi(name)
		if !ok || err != nil || n < 1 {
			return fmt.Errorf("the parameter %q is not numbered", s.BindParamName(i+1))
		}
		s.order = append(s.order, n-1)
		s.args = max(s.args, n)
	}
	return nil
}

// done makes the statement ready to be run again.
//
// Its arguments stay bound until the next ones take their places, but for those
// that are large. To clear them all would have SQLite plan most statements anew
// each time: since 3.54 the plan depends on whether a value is 0 or 1, and it
// does not look whether the next one is.
func (s *sqliteStatement) done() error {
	s.running = false
	if s.once {
		return s.Finalize()
	}
	err := s.Reset()
	for _, i := range s.large {
		s.BindNull(i)
	}
	s.large = s.large[:0]
	return err
}

// query begins to run a statement that gives rows.
func (c *sqliteConn) query(text string, args []any) (*sqliteRows, error) {
	st, err := c.statement(text, args)
	if err != nil {
		return nil, err
	}
	st.running = true
	return &sqliteRows{st: st}, nil
}

// exec runs a statement and returns how many rows it changed.
func (c *sqliteConn) exec(text string, args []any) (int64, error) {
	st, err := c.statement(text, args)
	if err != nil {
		return 0, err
	}
	if err := finish(st.Stmt); err != nil {
		_ = st.done() // which gives the same error again
		return 0, err
	}
	n := c.db.Changes()
	return int64(n), st.done()
}

// within reports whether a transaction is open.
func (c *sqliteConn) within() bool { return !c.db.AutocommitEnabled() }

// journal returns how the database keeps its journal.
func (c *sqliteConn) journal() (string, error) {
	st, _, err := c.db.PrepareTransient("pragma journal_mode")
	if err != nil {
		return "", err
	}
	mode := ""
	row, err := st.Step()
	if row {
		mode = st.ColumnText(0)
	}
	return mode, errors.Join(err, st.Finalize())
}

// texts returns what the connection keeps prepared, in order.
func (c *sqliteConn) texts() []string {
	texts := make([]string, 0, len(c.prepared))
	for text := range c.prepared {
		texts = append(texts, text)
	}
	slices.Sort(texts)
	return texts
}
