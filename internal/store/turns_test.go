package store_test

import (
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// One transaction takes long, as that of an import does, and another one is undone
// again and again. Who only signs in waits for neither.
func TestALongTransactionKeepsNobodyFromWriting(t *testing.T) {
	t.Parallel()
	for _, engine := range storetest.Engines(t) {
		if engine.Name != "postgres" {
			continue // SQLite runs one after the other
		}
		db := engine.Open(t)
		long, release := make(chan struct{}), make(chan struct{})
		done := make(chan error, 2)
		go func() {
			done <- db.Write(t.Context(), func(*store.Writer) error {
				close(long)
				<-release
				return nil
			})
		}()
		<-long
		go func() {
			tries := 0
			done <- db.Write(t.Context(), func(*store.Writer) error {
				if tries++; tries <= 8 {
					return &pgconn.PgError{Code: "40001"}
				}
				return nil
			})
		}()
		if err := <-done; err != nil { // the one that is undone comes through beside it
			t.Error(err)
		}
		err := db.Write(t.Context(), func(tx *store.Writer) error { return tx.SaveOrganization(t.Context(), organization("quick")) })
		if err != nil {
			t.Error(err)
		}
		close(release)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
