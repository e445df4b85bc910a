package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/sallyport/sallyport/internal/safehttp"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/setup"
	"github.com/sallyport/sallyport/internal/store"
)

// applyCmd makes the database say what a file says.
type applyCmd struct {
	database
	File   string   `short:"f" required:"" placeholder:"FILE" help:"YAML file, or - for standard input."`
	DryRun bool     `help:"Judge the file and list what would change, and change nothing."`
	Inside []string `name:"metadata-networks" placeholder:"CIDR" help:"Private networks from which metadata of identity providers may be read, by plain http too."`
}

// Run applies the file and prints a line for each change.
func (c *applyCmd) Run(ctx context.Context, out streams) error {
	src, dir, err := c.read(out.In)
	if err != nil {
		return err
	}
	f, err := setup.ParseFile(src)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	inside, err := networks("--metadata-networks", c.Inside)
	if err != nil {
		return err
	}
	open, mode := c.open, setup.Commit
	if c.DryRun {
		open, mode = c.look, setup.DryRun
	}
	db, err := open(ctx)
	if err != nil {
		return err
	}
	s := c.setup(db)
	s.Fetch = safehttp.New(inside...)
	changes, err := s.Apply(ctx, f, setup.Files(dir), mode)
	if err = errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	for _, change := range changes {
		if _, err := fmt.Fprintln(out.Out, change); err != nil {
			return err
		}
	}
	verb := "applied"
	if mode == setup.DryRun {
		verb = "dry run, nothing was changed"
	}
	_, err = fmt.Fprintln(out.Out, verb+": "+count(len(changes)))
	return err
}

// setup returns the flow that sets things up in this database.
func (d database) setup(db *store.DB) *setup.Service {
	return &setup.Service{DB: db, Fetch: safehttp.New(), Now: now, Sealer: func(ctx context.Context) (*secret.Sealer, error) { return d.keys(ctx, db) }}
}

func (c *applyCmd) read(in io.Reader) (src []byte, dir string, err error) {
	dir = filepath.Dir(c.File)
	if c.File == "-" {
		dir = "."
	} else {
		f, err := os.Open(c.File)
		if err != nil {
			return nil, "", fmt.Errorf("reading the file: %w", err)
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	src, err = io.ReadAll(io.LimitReader(in, setup.MaxFile+1))
	if err != nil {
		return nil, "", fmt.Errorf("reading the file: %w", err)
	}
	return src, dir, nil
}

func count(changes int) string {
	switch changes {
	case 0:
		return "no changes"
	case 1:
		return "1 change"
	default:
		return fmt.Sprintf("%d changes", changes)
	}
}
