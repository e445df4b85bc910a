package store_test

import (
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sallyport/sallyport/internal/sso"
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
			done <- writeUndone(t, db, 2*store.FreeTries, func() {})
		}()
		if err := <-done; err != nil { // the one that is undone comes through beside it
			t.Error(err)
		}
		if err := save(t.Context(), db, "quick"); err != nil {
			t.Error(err)
		}
		close(release)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// writeUndone runs a transaction that is undone so many times before it does what it
// has to.
func writeUndone(t *testing.T, db *store.DB, times int, do func()) error {
	tries := 0
	return db.Write(t.Context(), func(*store.Writer) error {
		if tries++; tries <= times {
			return &pgconn.PgError{Code: "40001"}
		}
		do()
		return nil
	})
}

// Who was undone often stands in line, but not for ever: the one at the head may be
// one that takes long.
func TestWhoWasUndoneOftenWaitsForNobodyForLong(t *testing.T) {
	t.Parallel()
	for _, engine := range storetest.Engines(t) {
		if engine.Name != "postgres" {
			continue // SQLite runs one after the other
		}
		db := engine.Open(t)
		atHead, release := make(chan struct{}), make(chan struct{})
		done := make(chan error, 1)
		go func() {
			done <- writeUndone(t, db, store.FreeTries, func() {
				close(atHead)
				<-release
			})
		}()
		<-atHead
		if err := writeUndone(t, db, store.FreeTries, func() {}); err != nil {
			t.Error(err)
		}
		close(release)
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// Nodes do not take turns with each other, and yet everybody gets through.
func TestEverybodyGetsThroughAtTwoNodes(t *testing.T) {
	t.Parallel()
	const writers, each = 16, 8
	for _, engine := range storetest.Engines(t) {
		url := engine.URL(t)
		nodes := []*store.DB{engine.Attach(t, url), engine.Attach(t, url)}
		if err := nodes[0].Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		wanted := organization("wanted")
		if err := nodes[0].Write(t.Context(), func(tx *store.Writer) error { return tx.SaveOrganization(t.Context(), wanted) }); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for i := range writers {
			all.Go(func() {
				for range each {
					err := nodes[i%len(nodes)].Write(t.Context(), func(tx *store.Writer) error {
						o, err := tx.Organization(t.Context(), wanted.ID)
						if err != nil {
							return err
						}
						return tx.SaveOrganization(t.Context(), o)
					})
					if err != nil {
						t.Errorf("%s: Write() = %v", engine.Name, err)
					}
				}
			})
		}
		all.Wait()
		o, err := wantedNow(t, nodes[0], wanted.ID)
		if want := wanted.Version + 1 + writers*each; err != nil || o.Version != want {
			t.Errorf("%s: the row is at version %d, want %d; %v", engine.Name, o.Version, want, err)
		}
	}
}

func wantedNow(t *testing.T, db *store.DB, id sso.OrgID) (o sso.Organization, err error) {
	err = db.Read(t.Context(), func(r *store.Reader) error {
		o, err = r.Organization(t.Context(), id)
		return err
	})
	return o, err
}
