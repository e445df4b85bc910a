package storetest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"github.com/sallyport/sallyport/internal/store"
)

// template is a database with the schema in it, which tests copy: to make the
// schema anew for each would take most of their time.
type template struct {
	sqlite []byte // the file
	digest string // of the steps of the schema
}

// templates makes the template, once in a process.
var templates = sync.OnceValues(func() (template, error) {
	dir, err := os.MkdirTemp("", "sallyport-template")
	if err != nil {
		return template{}, err
	}
	t, err := makeTemplate(context.Background(), filepath.Join(dir, "sallyport.db"))
	return t, errors.Join(err, os.RemoveAll(dir))
})

func makeTemplate(ctx context.Context, path string) (template, error) {
	if err := migrate(ctx, "sqlite:"+path); err != nil {
		return template{}, err
	}
	digest, err := digestOf(ctx, path)
	if err != nil {
		return template{}, err
	}
	if _, err := os.Stat(path + "-wal"); err == nil {
		return template{}, errors.New("the template is in two files")
	}
	data, err := os.ReadFile(path)
	return template{sqlite: data, digest: digest}, err
}

// migrate makes the schema in a database that nobody else has open.
func migrate(ctx context.Context, address string) error {
	db, err := store.Open(ctx, address, store.Options{})
	if err != nil {
		return err
	}
	return errors.Join(db.Migrate(ctx), db.Close())
}

// digestOf returns what tells the schema of a database file from another.
func digestOf(ctx context.Context, path string) (_ string, err error) {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var steps string
	err = db.QueryRowContext(ctx, "select group_concat(checksum) from (select checksum from schema_migrations order by version) as steps").Scan(&steps)
	sum := sha256.Sum256([]byte(steps))
	return hex.EncodeToString(sum[:8]), err
}

// templateLock is the advisory lock under which a cluster's template is made.
const templateLock = 7_265_001

// postgresTemplate returns the name of the template in the cluster of
// [PostgresVariable].
var postgresTemplate = sync.OnceValues(func() (string, error) {
	cluster, err := url.Parse(os.Getenv(PostgresVariable))
	if err != nil {
		return "", errors.New("the cluster has no URL")
	}
	return makePostgresTemplate(context.Background(), cluster)
})

// makePostgresTemplate makes a cluster's template where it is missing. It stays
// in the cluster for the next process.
func makePostgresTemplate(ctx context.Context, cluster *url.URL) (string, error) {
	t, err := templates()
	if err != nil {
		return "", err
	}
	name := "sallyport_template_" + t.digest
	admin, err := sql.Open("pgx", cluster.String())
	if err != nil {
		return "", err
	}
	admin.SetMaxOpenConns(1) // the lock is the connection's
	defer func() { _ = admin.Close() }()
	if _, err := admin.ExecContext(ctx, "select pg_advisory_lock($1)", templateLock); err != nil {
		return "", err
	}
	var there bool
	if err := admin.QueryRowContext(ctx, "select exists (select 1 from pg_database where datname = $1)", name).Scan(&there); err != nil || there {
		return name, err
	}
	// It has its name once it is whole.
	if _, err := admin.ExecContext(ctx, "drop database if exists sallyport_template_new"); err != nil {
		return "", err
	}
	if _, err := admin.ExecContext(ctx, "create database sallyport_template_new"); err != nil {
		return "", err
	}
	u := *cluster
	u.Path = "/sallyport_template_new"
	if err := migrate(ctx, u.String()); err != nil {
		return "", fmt.Errorf("migrating the template: %w", err)
	}
	_, err = admin.ExecContext(ctx, "alter database sallyport_template_new rename to "+name)
	return name, err
}
