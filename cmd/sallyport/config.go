package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/store"
)

// yamlConfig reads a configuration file: the names of the flags. A name that no
// flag has is refused, so that a misspelt one does not go unnoticed.
func yamlConfig(r io.Reader) (kong.Resolver, error) {
	c := config{name: "configuration"}
	if f, ok := r.(*os.File); ok {
		c.name = f.Name()
	}
	var document, more yaml.Node
	d := yaml.NewDecoder(r)
	if err := d.Decode(&document); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading %s: %s", c.name, strings.Join(strings.Fields(err.Error()), " "))
	}
	switch err := d.Decode(&more); {
	case err == nil:
		return nil, lines{c.at(&more, "want one document, got several, with --- between them")}
	case !errors.Is(err, io.EOF):
		return nil, fmt.Errorf("reading %s: %s", c.name, strings.Join(strings.Fields(err.Error()), " "))
	}
	if len(document.Content) == 0 {
		return &c, nil
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, lines{c.at(root, "want names of flags with values, as in base-url: https://sso.vendor.example")}
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		value := root.Content[i+1]
		if value.Kind == yaml.AliasNode {
			value = value.Alias
		}
		c.settings = append(c.settings, setting{root.Content[i], value})
	}
	return &c, nil
}

// config is a configuration file.
type config struct {
	name     string
	settings []setting
}

// setting is a name and its value.
type setting struct{ key, value *yaml.Node }

// at says something of a place in the file.
func (c *config) at(n *yaml.Node, what string) string {
	return fmt.Sprintf("%s:%d:%d: %s", c.name, n.Line, n.Column, what)
}

// Validate refuses names that nothing reads, and those that come twice.
func (c *config) Validate(app *kong.Application) error {
	known := map[string]bool{}
	_ = kong.Visit(app, func(node kong.Visitable, next kong.Next) error {
		if f, ok := node.(*kong.Flag); ok {
			known[f.Name] = true
		}
		return next(nil)
	})
	var wrong lines
	seen := map[string]bool{}
	for _, s := range c.settings {
		name := s.key.Value
		switch {
		case !known[name]:
			wrong = append(wrong, c.at(s.key, fmt.Sprintf("no flag is called %q%s", name, meant(name, known))))
		case seen[name]:
			wrong = append(wrong, c.at(s.key, fmt.Sprintf("%q stands here a second time", name)))
		case s.value.Kind == yaml.MappingNode:
			wrong = append(wrong, c.at(s.value, fmt.Sprintf("%q: want one value, got keys with values", name)))
		}
		seen[name] = true
	}
	if wrong != nil {
		return wrong
	}
	return nil
}

// meant returns what else somebody may have meant, if there is something.
func meant(name string, known map[string]bool) string {
	plain := func(s string) string {
		return strings.NewReplacer("-", "", "_", "", ".", "").Replace(strings.TrimPrefix(strings.ToLower(s), "sallyport_"))
	}
	for other := range known {
		if plain(other) == plain(name) {
			return fmt.Sprintf(": is it %q?", other)
		}
	}
	return ""
}

// Resolve returns what the file says for a flag, unless a variable says it: kong
// asks only flags before it asks here, and would have the file win over variables.
func (c *config) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if slices.ContainsFunc(flag.Envs, isSet) {
		return nil, nil
	}
	i := slices.IndexFunc(c.settings, func(s setting) bool { return s.key.Value == flag.Name })
	if i < 0 {
		return nil, nil
	}
	// kong wants everything as it reads it from the command line: what looks like a
	// number is the text that stands there.
	at := c.settings[i].value
	switch tag := at.ShortTag(); {
	case at.Kind == yaml.SequenceNode:
		var parts []string
		if err := at.Decode(&parts); err != nil {
			return nil, lines{c.at(at, fmt.Sprintf("%q: a value that cannot be read", flag.Name))}
		}
		if flag.Tag.Sep < 0 { // values that may hold a comma
			all := make([]any, len(parts))
			for i := range parts {
				all[i] = parts[i]
			}
			return all, nil
		}
		return strings.Join(parts, ","), nil
	case tag == "!!bool" || tag == "!!null":
		var v any
		if err := at.Decode(&v); err != nil {
			return nil, lines{c.at(at, fmt.Sprintf("%q: a value that cannot be read", flag.Name))}
		}
		return v, nil
	default:
		return at.Value, nil
	}
}

// isSet reports whether there is a variable of this name.
func isSet(name string) bool {
	_, is := os.LookupEnv(name)
	return is
}

// forgetEmpty takes variables of ours out of the environment that are empty, as
// those are that a composition of containers passes on and nobody has filled in.
// As an address to listen on, nothing would be all networks and any port.
func forgetEmpty() error {
	for _, v := range os.Environ() {
		name, value, _ := strings.Cut(v, "=")
		if value != "" || !strings.HasPrefix(name, "SALLYPORT_") {
			continue
		}
		if err := os.Unsetenv(name); err != nil {
			return fmt.Errorf("passing over the empty variable %s: %w", name, err)
		}
	}
	return nil
}

// database says where everything is kept.
type database struct {
	Database     string `help:"Where everything is kept: sqlite:PATH, or postgres://user:password@host/name." default:"sqlite:sallyport.db" placeholder:"URL"`
	DatabaseFile string `help:"File with that URL, which may hold a password." placeholder:"FILE" type:"path"`
	Connections  int    `name:"database-connections" placeholder:"NUMBER" help:"How many connections to PostgreSQL a node has, or how many may read SQLite at once; without it, what fits most machines."`
	KeyFile      string `help:"File with the sealing key: base64 lines of 32 octets each, with mode 0600; the first one seals, the others open. Beside SQLite it is made if it is missing: sallyport.db has sallyport.key. Needed with PostgreSQL, the same for every node." placeholder:"FILE" type:"path"`
}

// defaultDatabase is where everything is kept unless somebody says otherwise.
const defaultDatabase = "sqlite:sallyport.db"

// AfterApply reads the file that holds the URL, for every command that has one.
func (d *database) AfterApply() error {
	if d.DatabaseFile == "" {
		return nil
	}
	text := d.Database
	if text == defaultDatabase {
		text = ""
	}
	url, err := secretFrom("--database", text, d.DatabaseFile)
	if err == nil {
		d.Database = url
	}
	return err
}

// sqlitePath returns the path of an SQLite database.
func (d database) sqlitePath() (string, bool) {
	return strings.CutPrefix(d.Database, "sqlite:")
}

// Validate refuses what no database could be used with, before anything is opened.
func (d *database) Validate() error {
	if d.Connections < 0 {
		return fmt.Errorf("--database-connections: want a number from 1 on, or none for what fits most machines, got %d", d.Connections)
	}
	return nil
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
		return misused(fmt.Errorf("--database: %q: what follows sqlite: is a path and takes no options; leave out %q", d.Database, "?"+options))
	}
	return nil
}

// connect connects to the database and makes it fit to be used.
func (d database) connect(ctx context.Context, fit func(*store.DB, context.Context) error) (*store.DB, error) {
	db, err := store.Open(ctx, d.Database, store.Options{MaxConns: max(d.Connections, 0)})
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
	return openKeys(path)
}

// openKeys reads the sealing key. A file that is no key file is a mistake of who
// named it.
func openKeys(path string) (*secret.Sealer, error) {
	sealer, err := secret.OpenKeyFile(path)
	if err != nil {
		return nil, misused(fmt.Errorf("--key-file: %w", err))
	}
	return sealer, nil
}

// present opens the sealing key that is there, and makes none.
func (d database) present(context.Context, *store.DB) (*secret.Sealer, error) {
	path, err := d.keyPath()
	if err != nil {
		return nil, err
	}
	return openKeys(path)
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
		return "", misused(errors.New("--key-file is needed with PostgreSQL: a file with the sealing key, the same for every node; it holds base64 lines of 32 octets each"))
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
