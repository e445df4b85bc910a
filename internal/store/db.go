package store

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// Limits of a transaction.
const (
	maxTries   = 40                     // of one Write, before the database counts as too busy
	firstPause = time.Millisecond       // before the second try; doubled for each further one
	maxPause   = 200 * time.Millisecond // between two tries
	// writersAtOnce is how many transactions of one node PostgreSQL runs beside each
	// other: the more they are, the more of them it undoes for another one's sake.
	writersAtOnce = 8
	// freeTries is how often a transaction may be undone before it stands in line with
	// the others of its node that were, of whom one runs at a time: they were mostly
	// undone by each other. lineWait is how long it stands there, at most, since the
	// one at the head may take long.
	freeTries = 4
	lineWait  = time.Second
	// lockWait is how long SQLite waits for another process that writes.
	lockWait = 10 * time.Second
	// openTimeout bounds how long a database may take to answer at the start.
	openTimeout = 15 * time.Second
)

// Schemes of a database URL.
const (
	schemeSQLite     = "sqlite:"
	schemePostgres   = "postgres://"
	schemePostgreSQL = "postgresql://"
)

// schemeForm is how the scheme of a URL looks.
var schemeForm = regexp.MustCompile(`^[a-z][a-z0-9+.-]{0,19}$`)

// Options are what the operator may choose about a database.
type Options struct {
	// MaxConns bounds the connections to PostgreSQL, or the readers of
	// SQLite; 0 stands for a good default.
	MaxConns int
}

// DB is a database. It is safe for concurrent use.
type DB struct {
	engine     engine
	read       conn
	write      transactor
	rebuild    transactor                  // of the schema
	settle     func(context.Context) error // has the engine learn what was stored
	shut       func() error
	look       bounds
	statements atomic.Int64
	retries    atomic.Int64
	memory     memory // of settings
	attempts   attemptMemory
	hindered   hindered
	writers    *semaphore.Weighted // nil: the engine runs one after the other
	line       *semaphore.Weighted // of transactions that were undone often; nil where writers is
}

// engine is what the two engines do not say in the same words.
type engine struct {
	name       string
	hasSchema  string // statement that counts tables named schema_migrations
	lockSchema string // statement that keeps others from migrating until the transaction ends; "": the transaction does
	indexes    string // statement that lists indexes that are no constraint: name, and the statement that makes it
	about      string // statement that gives the version, and the time by the clock of the server
	// surprises says that a transaction can meet a row of another one that it did
	// not see when it looked for it: it is run anew, once, and sees it.
	surprises bool
	// beside says that rows which are made one after the other had best stand
	// beside each other in an index.
	beside bool
}

// Open connects to the database that the URL names, sqlite:PATH or
// postgres://…, and refuses one whose schema is newer than this program.
// It changes nothing; see [DB.Migrate]. Errors are one line, fit for a terminal.
func Open(ctx context.Context, url string, o Options) (*DB, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	var db *DB
	var err error
	switch {
	case strings.HasPrefix(url, schemeSQLite):
		db, err = openSQLite(strings.TrimPrefix(url, schemeSQLite), o, lockWait)
	case strings.HasPrefix(url, schemePostgres), strings.HasPrefix(url, schemePostgreSQL):
		db, err = openPostgres(ctx, url, o)
	default:
		scheme, _, _ := strings.Cut(url, "://")
		if !schemeForm.MatchString(scheme) {
			return nil, errors.New("opening database: no URL, want sqlite:PATH or postgres://…") // what it is may hold a password
		}
		return nil, fmt.Errorf("opening database: unknown scheme %q, want sqlite:PATH or postgres://…", scheme)
	}
	if err != nil {
		return nil, err
	}
	db.look = lookBounds()
	if _, err := db.schema(ctx); err != nil {
		_ = db.Close()
		return nil, err
	}
	return db, nil
}

// Close ends all connections. Nothing may be running any more.
func (db *DB) Close() error { return db.shut() }

// Engine returns "sqlite" or "postgres".
func (db *DB) Engine() string { return db.engine.name }

// Server is what a database says of itself.
type Server struct {
	Engine, Version string
	Now             time.Time // by its clock; zero: it has none of its own
}

// Server asks the database what it is.
func (db *DB) Server(ctx context.Context) (Server, error) {
	s := Server{Engine: db.engine.name}
	var now int64
	if err := ask(ctx, db.read, db.engine.about, nil, &s.Version, &now); err != nil {
		return Server{}, fmt.Errorf("asking the database: %w", meaning(err))
	}
	if now != 0 {
		s.Now = time.UnixMicro(now).UTC()
	}
	return s, nil
}

// Stats counts what a database was asked since it was opened.
type Stats struct {
	Statements int64 // sent by Reader and Writer
	Retries    int64 // transactions that were run again
}

// Stats returns the counts so far.
func (db *DB) Stats() Stats {
	return Stats{Statements: db.statements.Load(), Retries: db.retries.Load()}
}

// Read lets fn read. Each statement sees one state of the database, and two
// of them may see two; what must fit together is read by one statement, or in
// [DB.Write].
func (db *DB) Read(_ context.Context, fn func(*Reader) error) error {
	return fn(&Reader{q: &queries{db: db, to: db.read}})
}

// Write runs fn in one transaction, which has the effect that it would have
// had alone. An error from fn undoes everything, and so does an error of the
// database that fn does not return. fn may run more than once, and must have
// no effect but through its Writer. It must not call Read or Write, and should
// do no slow work: on SQLite nobody else writes meanwhile. What was written is
// on the disk when Write returns.
//
// A transaction that never gets through is a fault of kind Unavailable, and so
// is a server that does not answer, or a disk that is full; see [DB.Writable].
func (db *DB) Write(ctx context.Context, fn func(*Writer) error) error {
	return db.until(ctx, light, fn)
}

// WriteMuch is [DB.Write] for what changes many rows. On SQLite it begins a commit in
// place of joining one, so that what it changes need not be kept to undo it alone.
func (db *DB) WriteMuch(ctx context.Context, fn func(*Writer) error) error {
	return db.until(ctx, heavy, fn)
}

// until runs a transaction until it gets through.
func (db *DB) until(ctx context.Context, size weight, fn func(*Writer) error) error {
	surprised := false
	for try := 1; ; try++ {
		clash, err := db.inTurn(ctx, size, try, fn)
		if clash && db.engine.surprises && !surprised {
			surprised = true
			db.retries.Add(1)
			continue
		}
		outdated := errors.Is(err, errOutdated)
		if outdated && try < maxTries {
			db.retries.Add(1)
			continue
		}
		if locked(err) || ((outdated || again(err)) && try >= maxTries) {
			return &fault.Error{Kind: fault.Unavailable, Code: "database_busy", Fix: fault.OperatorSide, Err: err}
		}
		if !again(err) {
			return err
		}
		db.retries.Add(1)
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

// inTurn runs a transaction beside no more than some others of this node.
func (db *DB) inTurn(ctx context.Context, size weight, try int, fn func(*Writer) error) (clash bool, err error) {
	if db.writers == nil {
		return db.writeOnce(ctx, size, fn)
	}
	if try > freeTries {
		standing, giveUp := context.WithTimeout(ctx, lineWait)
		atHead := db.line.Acquire(standing, 1) == nil
		giveUp()
		if atHead {
			defer db.line.Release(1)
		}
	}
	if err := db.writers.Acquire(ctx, 1); err != nil {
		return false, err
	}
	defer db.writers.Release(1)
	return db.writeOnce(ctx, size, fn)
}

// writeOnce runs a transaction. clash says that a statement of it met a row that
// was there already.
func (db *DB) writeOnce(ctx context.Context, size weight, fn func(*Writer) error) (clash bool, err error) {
	q := &queries{db: db, writing: true}
	err = db.write.transact(ctx, size, func(tx conn) error {
		q.to = tx
		defer func() {
			_, clash = errors.AsType[*ConflictError](q.spent)
		}()
		w := &Writer{Reader: &Reader{q: q}}
		err := fn(w)
		if err == nil {
			err = along(ctx, w)
		}
		if unsure := q.assured(ctx); errors.Is(unsure, errOutdated) || err == nil {
			err = unsure // a refusal, too, may have been one by settings that are gone
		}
		if q.spent != nil && (err == nil || again(q.spent)) {
			// PostgreSQL has undone the transaction already; SQLite shall do the same.
			return q.spent
		}
		return err
	})
	db.hindered.learn(q, err)
	db.memory.learn(q, err)
	db.attempts.learn(q, err)
	return clash, err
}

// pause waits before the next try: longer each time, and never equally long
// for two that are in each other's way.
func pause(ctx context.Context, try int) error {
	limit := maxPause
	if try < 8 {
		limit = min(maxPause, firstPause<<try)
	}
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	timer := time.NewTimer(time.Duration(binary.NativeEndian.Uint64(b[:]) % uint64(limit)))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Reader reads, in the whole deployment.
type Reader struct{ q *queries }

// Org narrows r to one organization.
func (r *Reader) Org(id sso.OrgID) *OrgReader { return &OrgReader{q: r.q, org: id} }

// Writer reads and writes, in the whole deployment, within one transaction.
// It is used by one goroutine.
type Writer struct{ *Reader }

// NewToken returns a token whose hash can be stored here at the least cost. It may
// say when it was made; what must not is made by [secret.NewToken].
//
// SQLite writes each page of an index that a transaction touched, once for all that
// share the commit. PostgreSQL holds each page that a transaction has read against all
// that write there meanwhile, and runs one of them again: there, hashes are better
// strewn.
func (db *DB) NewToken(now time.Time) secret.Token {
	if db.engine.beside {
		return secret.NewTokenAt(now)
	}
	return secret.NewToken()
}

// NewToken is [DB.NewToken].
func (w *Writer) NewToken(now time.Time) secret.Token { return w.q.db.NewToken(now) }

// Org narrows w to one organization.
func (w *Writer) Org(id sso.OrgID) *OrgWriter { return &OrgWriter{w.Reader.Org(id)} }

// OrgReader reads what is one organization's.
type OrgReader struct {
	q   *queries
	org sso.OrgID
}

// OrgWriter reads and writes what is one organization's.
type OrgWriter struct{ *OrgReader }

// own refuses what names another organization than the writer's.
func (w *OrgWriter) own(org sso.OrgID) error {
	if org != w.org {
		return ErrReference
	}
	return nil
}
