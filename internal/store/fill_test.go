package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// A database that was filled is like any other: nothing of how it was done is
// left.
func TestFillLeavesTheIndexesAsTheyWere(t *testing.T) {
	t.Parallel()
	for _, engine := range storetest.Engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			t.Parallel()
			url := engine.URL(t)
			db := engine.Attach(t, url)
			if err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			indexes := func() (all []string) {
				t.Helper()
				all, err := db.Indexes(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				return all
			}
			before := indexes()
			if len(before) < 50 {
				t.Fatalf("there are %d indexes, fewer than lists need", len(before))
			}
			org := organization("acme")
			err := db.Fill(t.Context(), func(ctx context.Context) error {
				if now := indexes(); len(now) != 0 {
					t.Errorf("while it is filled it has the indexes %v", now)
				}
				return db.Write(ctx, func(tx *store.Writer) error { return tx.InsertOrganizations(ctx, []sso.Organization{org}) })
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, indexes()); diff != "" {
				t.Errorf("indexes (-before +after):\n%s", diff)
			}
			if err := db.Write(t.Context(), func(tx *store.Writer) error { return tx.SaveOrganization(t.Context(), organization("other")) }); err != nil {
				t.Errorf("writing after it was filled: %v", err)
			}
			err = db.Fill(t.Context(), func(context.Context) error { t.Error("a database that holds something is filled"); return nil })
			if !errors.Is(err, store.ErrNotEmpty) {
				t.Errorf("Fill() of what is not empty = %v, want %v", err, store.ErrNotEmpty)
			}
			if diff := cmp.Diff(before, indexes()); diff != "" {
				t.Errorf("indexes (-before +after a refusal):\n%s", diff)
			}
		})
	}
}
