package main

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
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

// A key that is lost is not made anew where anything was sealed under it, before a
// server has made its own keys too.
func TestASealingKeyThatIsLostIsNotMadeAnew(t *testing.T) {
	t.Parallel()
	secret := "whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 32))
	for name, tc := range map[string]struct{ file, lost string }{
		"a webhook":       {`webhooks: [{url: "https://hooks.example/in", secret_file: hook}]`, "holds values sealed under it"},
		"an organization": {`organizations: [{key: acme, name: Acme}]`, ""},
	} {
		dir := t.TempDir()
		for file, text := range map[string]string{"a.yaml": tc.file, "hook": secret} {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		d := database{Database: "sqlite:" + filepath.Join(dir, "x.db")}
		var out, complaint strings.Builder
		if status := run(t.Context(), []string{"apply", "-f", filepath.Join(dir, "a.yaml"), "--database", d.Database}, streams{strings.NewReader(""), &out, &complaint}); status != 0 {
			t.Fatalf("%s: status %d: %s", name, status, complaint.String())
		}
		key := filepath.Join(dir, "x.key")
		if err := os.Remove(key); err != nil && tc.lost != "" {
			t.Fatal(err)
		}
		db, err := d.open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.keys(t.Context(), db)
		if (err == nil) != (tc.lost == "") || err != nil && !strings.Contains(err.Error(), tc.lost) {
			t.Errorf("%s: keys() = %v, want %q", name, err, tc.lost)
		}
		if _, err := os.Stat(key); (err == nil) != (tc.lost == "") {
			t.Errorf("%s: the key file: %v", name, err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
}
