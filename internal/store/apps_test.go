package store_test

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// Apps from before they had a table for their secrets keep them, and who had
// none is public still.
func TestSecretsOfAppsMoveToTheirTable(t *testing.T) {
	t.Parallel()
	known, err := fs.Glob(store.Migrations(), "migrations/*.sql")
	if err != nil {
		t.Fatal(err)
	}
	before := fstest.MapFS{}
	for _, name := range known {
		if name < "migrations/0038" {
			text, err := fs.ReadFile(store.Migrations(), name)
			if err != nil {
				t.Fatal(err)
			}
			before[name] = &fstest.MapFile{Data: text}
		}
	}
	for _, engine := range storetest.Engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			t.Parallel()
			url := engine.URL(t)
			db := engine.Attach(t, url)
			if err := db.MigrateWith(t.Context(), before); err != nil {
				t.Fatal(err)
			}
			hash := secret.NewToken().Hash()
			old := raw(t, engine, url)
			for id, hash := range map[string]any{"app_portal": hash[:], "app_spa": nil} {
				if _, err := old.ExecContext(t.Context(), `
					insert into apps (id, key, name, client_id, secret_hash, redirect_uris, created_at, updated_at, version)
					values ($1, $1, 'x', $1, $2, '["https://app.example/cb"]', 1, 2, 3)`, id, hash); err != nil {
					t.Fatal(err)
				}
			}
			if err := db.Migrate(t.Context()); err != nil {
				t.Fatalf("Migrate() = %v", err)
			}
			err := db.Read(t.Context(), func(r *store.Reader) error {
				portal, err := r.App(t.Context(), "app_portal")
				if err != nil {
					return err
				}
				spa, err := r.App(t.Context(), "app_spa")
				if _, good := portal.SecretOf(hash); !good || portal.Public() || portal.Kind != sso.AppWeb || !spa.Public() || len(spa.Secrets) != 0 || spa.Kind != sso.AppSPA {
					t.Errorf("apps are %+v and %+v", portal, spa)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}
