package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/sallyport/sallyport/internal/setup"
)

// exportCmd writes what the database says as a file that apply takes.
type exportCmd struct {
	database
	Output     string `short:"o" default:"-" placeholder:"FILE" help:"File that is written, with mode 0600, or - for standard output."`
	WithHashes bool   `help:"Say hashes of passwords and of secrets of apps, by which they can be guessed at."`
}

// Run writes the file. It looks at the database and changes nothing.
func (c *exportCmd) Run(ctx context.Context, out streams) (err error) {
	db, err := c.look(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	hashes := setup.WithoutHashes
	if c.WithHashes {
		hashes = setup.WithHashes
	}
	if c.Output == "-" {
		return c.setup(db).Export(ctx, out.Out, hashes)
	}
	return replaceFile(c.Output, func(w io.Writer) error { return c.setup(db).Export(ctx, w, hashes) })
}

// replaceFile writes a file, of which nothing is seen until it is whole.
func replaceFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("writing the file: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name()) // what is half is of no use
		}
	}()
	if err := errors.Join(write(f), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return fmt.Errorf("writing the file: %w", err)
	}
	return nil
}
