package main

import (
	"os"
	"path/filepath"
	"testing"
)

// The sealing key is made beside the database, and is never the database.
func TestSealingKeyStandsBesideTheDatabase(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]string{"sallyport.db": "sallyport.key", "plain": "plain.key", "odd.key": "odd.key.key"} {
		dir := t.TempDir()
		d := database{Database: "sqlite:" + filepath.Join(dir, name)}
		db, err := d.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.keys(t.Context(), db); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Join(dir, key)); err != nil {
			t.Errorf("%s: no key at %s: %v", name, key, err)
		}
	}
}
