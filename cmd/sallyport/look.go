package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sallyport/sallyport/internal/store"
)

// look connects to a database that is there with the schema of this program,
// and changes nothing of it.
func (d database) look(ctx context.Context) (*store.DB, error) {
	if err := d.check(); err != nil {
		return nil, err
	}
	if path, ok := d.sqlitePath(); ok {
		if err := ours(path); err != nil {
			return nil, err
		}
	}
	return d.connect(ctx, (*store.DB).Ready)
}

// Where the header of an SQLite file says that it has a write-ahead log, as
// every database has that this program has opened once:
// https://sqlite.org/fileformat2.html#file_format_version_numbers.
const (
	sqliteMagic       = "SQLite format 3\x00"
	sqliteWriteFormat = 18
	sqliteWAL         = 2
)

// ours refuses a file that opening would make or change.
func ours(path string) error {
	f, err := os.Open(filepath.Clean(path))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("looking at the database: there is none at %s, and looking makes none", path)
	}
	if err != nil {
		return fmt.Errorf("looking at the database: %w", err)
	}
	defer func() { _ = f.Close() }()
	var header [sqliteWriteFormat + 1]byte
	_, err = io.ReadFull(f, header[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("looking at the database: %w", err)
	}
	if err != nil || string(header[:len(sqliteMagic)]) != sqliteMagic || header[sqliteWriteFormat] != sqliteWAL {
		return fmt.Errorf("looking at the database: %s has no schema of this program, or is a copy that it has not opened yet: sallyport migrate", path)
	}
	return nil
}
