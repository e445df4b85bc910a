package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/store"
)

// yamlConfig reads a configuration file: the names of the flags. A name that no
// flag has is refused, so that a misspelt one does not go unnoticed.
func yamlConfig(r io.Reader) (kong.Resolver, error) {
	values := map[string]any{}
	if err := yaml.NewDecoder(r).Decode(&values); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading configuration: %s", strings.Join(strings.Fields(err.Error()), " "))
	}
	return config(values), nil
}

type config map[string]any

// Validate refuses names that nothing reads.
func (c config) Validate(app *kong.Application) error {
	known := map[string]bool{}
	_ = kong.Visit(app, func(node kong.Visitable, next kong.Next) error {
		if f, ok := node.(*kong.Flag); ok {
			known[f.Name] = true
		}
		return next(nil)
	})
	for name := range c {
		if !known[name] {
			return fmt.Errorf("reading configuration: no flag is called %q", name)
		}
	}
	return nil
}

// Resolve returns what the file says for a flag.
func (c config) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	v, ok := c[flag.Name]
	if !ok {
		return nil, nil
	}
	// kong wants everything as it reads it from the command line.
	switch v := v.(type) {
	case []any:
		var parts []string
		for _, x := range v {
			parts = append(parts, fmt.Sprint(x))
		}
		if flag.Tag.Sep < 0 { // values that may hold a comma
			return v, nil
		}
		return strings.Join(parts, ","), nil
	case map[string]any:
		return nil, errors.New("reading configuration: want one value, got keys with values")
	case bool, nil:
		return v, nil
	default:
		return fmt.Sprint(v), nil
	}
}

// database says where everything is kept.
type database struct {
	Database string `help:"Where everything is kept: sqlite:PATH or postgres://…" default:"sqlite:sallyport.db" placeholder:"URL"`
	KeyFile  string `help:"File with the sealing key. Beside SQLite it is made if it is missing." placeholder:"FILE" type:"path"`
}

// sqlitePath returns the path of an SQLite database.
func (d database) sqlitePath() (string, bool) {
	return strings.CutPrefix(d.Database, "sqlite:")
}

// open connects to the database and brings its schema up to date.
func (d database) open(ctx context.Context) (*store.DB, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	return d.connect(ctx, (*store.DB).Migrate)
}

// check refuses an SQLite path with options, which the path would swallow.
func (d database) check() error {
	path, ok := d.sqlitePath()
	if _, options, found := strings.Cut(path, "?"); ok && found {
		return fmt.Errorf("--database: %q: what follows sqlite: is a path and takes no options; leave out %q", d.Database, "?"+options)
	}
	return nil
}

// connect connects to the database and makes it fit to be used.
func (d database) connect(ctx context.Context, fit func(*store.DB, context.Context) error) (*store.DB, error) {
	db, err := store.Open(ctx, d.Database, store.Options{})
	if err != nil {
		return nil, err
	}
	if err := fit(db, ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// keys opens the sealing key. It is made beside an SQLite database where
// nothing was sealed yet; elsewhere its lack is an error, because a new key
// would open nothing and another node's would be another one.
func (d database) keys(ctx context.Context, db *store.DB) (*secret.Sealer, error) {
	path, err := d.keyPath()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		sealed, err := sealedValues(ctx, db)
		switch {
		case err != nil:
			return nil, err
		case sealed:
			return nil, fmt.Errorf("the sealing key %s is missing, and the database holds values sealed under it", path)
		case !d.isSQLite():
			return nil, fmt.Errorf("the sealing key %s is missing; make one with: (umask 077; head -c 32 /dev/urandom | base64 > %s)", path, path)
		}
		if err := secret.CreateKeyFile(path); err != nil {
			return nil, err
		}
	}
	return secret.OpenKeyFile(path)
}

// present opens the sealing key that is there, and makes none.
func (d database) present(context.Context, *store.DB) (*secret.Sealer, error) {
	path, err := d.keyPath()
	if err != nil {
		return nil, err
	}
	return secret.OpenKeyFile(path)
}

func (d database) isSQLite() bool {
	_, is := d.sqlitePath()
	return is
}

// keyPath returns where the sealing key is.
func (d database) keyPath() (string, error) {
	path, isSQLite := d.sqlitePath()
	switch {
	case d.KeyFile != "":
		return d.KeyFile, nil
	case !isSQLite:
		return "", errors.New("--key-file is needed with PostgreSQL: a file with the sealing key, the same for every node; it holds base64 lines of 32 octets each")
	}
	key := strings.TrimSuffix(path, filepath.Ext(path)) + ".key"
	if key == path {
		key += ".key" // the database itself has that name
	}
	return key, nil
}

// sealedValues reports whether the database holds anything sealed.
func sealedValues(ctx context.Context, db *store.DB) (sealed bool, err error) {
	err = db.Read(ctx, func(r *store.Reader) error {
		sealed, err = r.HoldsSealed(ctx)
		return err
	})
	return sealed, err
}

// migrateCmd brings the schema up to date and stops.
type migrateCmd struct{ database }

// Run migrates.
func (c *migrateCmd) Run(ctx context.Context, io streams) error {
	db, err := c.open(ctx)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(io.Out, "the schema is up to date"); err != nil {
		return errors.Join(err, db.Close())
	}
	return db.Close()
}
