package store_test

import (
	"errors"
	"testing"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// The server ends all connections, as it does when it is started anew, once
// while none is in use and once within a transaction.
func TestConnectionsThatEndAreMadeAnew(t *testing.T) {
	t.Parallel()
	for _, engine := range storetest.Engines(t) {
		if engine.Name != "postgres" {
			continue // SQLite has no server
		}
		url := engine.URL(t)
		db := engine.Attach(t, url)
		if err := db.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		server := raw(t, engine, url)
		end := func() {
			t.Helper()
			if _, err := server.ExecContext(t.Context(),
				"select pg_terminate_backend(pid, 10000) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"); err != nil {
				t.Fatal(err)
			}
		}
		if err := save(t.Context(), db, "before"); err != nil {
			t.Fatal(err)
		}

		err := db.Write(t.Context(), func(tx *store.Writer) error {
			if err := tx.SaveOrganization(t.Context(), organization("lost")); err != nil {
				return err
			}
			end()
			return tx.SaveOrganization(t.Context(), organization("lost-too"))
		})
		if f := fault.From(err); f.Kind != fault.Unavailable || f.Code != "database_busy" {
			t.Errorf("Write() on an ended connection = %v, want database_busy", err)
		}
		if err := save(t.Context(), db, "after"); err != nil {
			t.Errorf("Write() afterwards = %v", err)
		}
		for key, want := range map[string]bool{"before": true, "lost": false, "lost-too": false, "after": true} {
			err := db.Read(t.Context(), func(r *store.Reader) error {
				_, err := r.OrganizationByKey(t.Context(), key)
				return err
			})
			if err != nil && !errors.Is(err, store.ErrNotFound) || (err == nil) != want {
				t.Errorf("OrganizationByKey(%q) = %v, want it there: %v", key, err, want)
			}
		}
	}
}
