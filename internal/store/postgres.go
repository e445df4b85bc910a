package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"golang.org/x/sync/semaphore"
)

// Connections to PostgreSQL.
const (
	postgresConns    = 16
	postgresIdle     = 5 * time.Minute
	postgresConnLife = 30 * time.Minute // so that a new primary or a new address is noticed
)

// openPostgres connects to a PostgreSQL server. The URL may hold whatever
// libpq knows, such as sslmode and several hosts.
func openPostgres(ctx context.Context, url string, o Options) (*DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("opening database: %s", oneLine(err))
	}
	if _, ok := config.RuntimeParams["application_name"]; !ok {
		config.RuntimeParams["application_name"] = "sallyport"
	}
	conns := o.MaxConns
	if conns <= 0 {
		conns = postgresConns
	}
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(serveMany))
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	db.SetConnMaxIdleTime(postgresIdle)
	db.SetConnMaxLifetime(postgresConnLife)
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("opening database postgres://%s:%d/%s: %s", config.Host, config.Port, config.Database, oneLine(err))
	}
	return &DB{
		engine: engine{
			name:       "postgres",
			hasSchema:  "select count(*) from pg_class where oid = to_regclass('schema_migrations')",
			lockSchema: "select pg_advisory_xact_lock(5409136122761041231)", // any number, but always the same
			about: `
				select current_setting('server_version'), cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)`,
			indexes: `
				select c.relname, pg_get_indexdef(i.indexrelid)
				from pg_index i join pg_class c on c.oid = i.indexrelid
				where c.relnamespace = current_schema()::regnamespace and not exists (select 1 from pg_constraint k where k.conindid = i.indexrelid)
				order by c.relname`,
			surprises: true,
		},
		read:  postgresConn{db},
		write: postgresWriter{db, sql.LevelSerializable},
		// What another node did while this one waited for the lock must be seen.
		rebuild: postgresWriter{db, sql.LevelReadCommitted},
		settle: func(ctx context.Context) error { // which it does by itself, but later
			_, err := db.ExecContext(ctx, "vacuum (analyze)")
			return err
		},
		shut:    db.Close,
		writers: semaphore.NewWeighted(writersAtOnce),
		line:    semaphore.NewWeighted(1),
	}, nil
}

// serveMany has the server run each statement at once, by one process: nothing
// here takes so long that to start more, or to compile it, pays off. It is no
// parameter of the connection, since poolers refuse those that they do not know.
func serveMany(ctx context.Context, c *pgx.Conn) error {
	_, err := c.Exec(ctx, "set max_parallel_workers_per_gather = 0; set jit = off", pgx.QueryExecModeSimpleProtocol)
	return err
}

// postgresConn is a connection of the pool for each statement, or a
// transaction. The driver keeps statements prepared.
type postgresConn struct {
	on interface {
		QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
		ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error)
	}
}

func (c postgresConn) query(ctx context.Context, text string, args []any) (rows, error) {
	return ofPostgres(c.on.QueryContext(ctx, text, args...))
}

// look has the statement planned anew: the plan that a prepared statement gets
// after a while is one for an average organization, of ten people.
func (c postgresConn) look(ctx context.Context, text string, args []any) (rows, error) {
	return ofPostgres(c.on.QueryContext(ctx, text, append([]any{pgx.QueryExecModeCacheDescribe}, args...)...))
}

// ofPostgres leaves no rows that are none beside an error.
func ofPostgres(all *sql.Rows, err error) (rows, error) {
	if err != nil {
		return nil, err
	}
	return all, nil
}

func (c postgresConn) exec(ctx context.Context, text string, args []any) (int64, error) {
	result, err := c.on.ExecContext(ctx, text, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// script is exec: without arguments, the driver sends a text as it is.
func (c postgresConn) script(ctx context.Context, text string) error {
	_, err := c.on.ExecContext(ctx, text)
	return err
}

// postgresWriter runs transactions.
type postgresWriter struct {
	db        *sql.DB
	isolation sql.IsolationLevel
}

func (w postgresWriter) transact(ctx context.Context, _ weight, fn func(conn) error) error {
	tx, err := w.db.BeginTx(ctx, &sql.TxOptions{Isolation: w.isolation})
	if err != nil {
		return beginning(err)
	}
	defer func() { _ = tx.Rollback() }() // without effect after Commit
	err = fn(postgresConn{tx})
	if err == nil {
		if err = tx.Commit(); err != nil {
			err = fmt.Errorf("committing: %w", meaning(err))
		}
	}
	if ended := ctx.Err(); ended != nil && errors.Is(err, sql.ErrTxDone) {
		return ended // which undid the transaction before we came to it
	}
	return err
}

// errStandby says that the server follows another one.
var errStandby = errors.New("the server is a standby, which takes no changes")

// beginning says why a transaction did not begin. A standby knows no serializable
// ones; later in a transaction the same code means something else.
func beginning(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == pgNotSupported {
		err = fmt.Errorf("%w: %w", errStandby, err)
	}
	return fmt.Errorf("beginning a transaction: %w", meaning(err))
}

// oneLine is the text of an error without line breaks; what the driver met
// twice, with TLS and without, is said once. The driver leaves passwords out of
// its errors.
func oneLine(err error) string {
	var parts []string
	for line := range strings.Lines(err.Error()) {
		if line = strings.Join(strings.Fields(line), " "); line != "" && !slices.Contains(parts, line) {
			parts = append(parts, line)
		}
	}
	return strings.Join(parts, " ")
}
