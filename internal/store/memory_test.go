package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// renamed gives an organization another name.
func renamed(ctx context.Context, tx *store.Writer, id sso.OrgID, name string) error {
	o, err := tx.Organization(ctx, id)
	if err == nil {
		o.Name = name
		err = tx.SaveOrganization(ctx, o)
	}
	return err
}

// remembered returns the name of an organization by the settings.
func remembered(ctx context.Context, r *store.Reader, id sso.OrgID) (string, error) {
	line, err := r.Settings().Lineage(ctx, id)
	if err != nil {
		return "", err
	}
	return line[0].Name, nil
}

// A transaction that began before a change comes to ask for settings after others
// have seen the change: what it reads is the old, and must be nobody else's.
func TestWhatAnOldTransactionReadsIsNotRemembered(t *testing.T) {
	t.Parallel()
	for _, engine := range storetest.Engines(t) {
		if engine.Name != "postgres" {
			continue // SQLite lets nobody change anything meanwhile
		}
		for _, end := range []string{"while it runs", "after it broke off"} {
			t.Run(end, func(t *testing.T) {
				t.Parallel()
				db := engine.Bare(t)
				a, b := organization("a"), organization("b")
				if err := db.Write(t.Context(), func(tx *store.Writer) error {
					return errors.Join(tx.SaveOrganization(t.Context(), a), tx.SaveOrganization(t.Context(), b))
				}); err != nil {
					t.Fatal(err)
				}
				look := func(id sso.OrgID) (name string) {
					t.Helper()
					if err := db.Read(t.Context(), func(r *store.Reader) (err error) {
						name, err = remembered(t.Context(), r, id)
						return err
					}); err != nil {
						t.Error(err)
					}
					return name
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				first := true
				err := db.Write(ctx, func(tx *store.Writer) error {
					if !first {
						return nil
					}
					first = false
					if _, err := tx.Organization(ctx, b.ID); err != nil { // from now on it sees one state
						return err
					}
					if err := db.Write(t.Context(), func(tx *store.Writer) error { return renamed(t.Context(), tx, a.ID, "new") }); err != nil {
						return err
					}
					look(b.ID) // under the new mark
					if old, err := remembered(ctx, tx.Reader, a.ID); err != nil || old != a.Name {
						t.Errorf("the transaction reads %q, %v: it sees another state than it began with", old, err)
					}
					if end == "while it runs" {
						if got := look(a.ID); got != "new" {
							t.Errorf("others read %q while it runs, want what is stored", got)
						}
						return nil
					}
					cancel()
					return ctx.Err()
				})
				if end == "while it runs" && err != nil || end != "while it runs" && !errors.Is(err, context.Canceled) {
					t.Errorf("Write() = %v", err)
				}
				if got := look(a.ID); got != "new" {
					t.Errorf("afterwards others read %q, want what is stored", got)
				}
			})
		}
	}
}

// Where settings change each time while a transaction goes by them, the database is
// too busy, and nothing of ours has failed.
func TestWhoNeverFindsTheSettingsAgainGivesUp(t *testing.T) {
	t.Parallel()
	for _, engine := range storetest.Engines(t) {
		if engine.Name != "postgres" {
			continue // SQLite lets nobody change anything meanwhile
		}
		db := engine.Bare(t)
		a := organization("a")
		if err := db.Write(t.Context(), func(tx *store.Writer) error { return tx.SaveOrganization(t.Context(), a) }); err != nil {
			t.Fatal(err)
		}
		if err := db.Read(t.Context(), func(r *store.Reader) error { _, err := remembered(t.Context(), r, a.ID); return err }); err != nil {
			t.Fatal(err)
		}
		tries := 0
		err := db.Write(t.Context(), func(tx *store.Writer) error {
			tries++
			if err := db.Write(t.Context(), func(tx *store.Writer) error { return renamed(t.Context(), tx, a.ID, fmt.Sprint("new ", tries)) }); err != nil {
				return err
			}
			_, err := remembered(t.Context(), tx.Reader, a.ID)
			return err
		})
		if f := fault.From(err); f.Kind != fault.Unavailable || f.Code != "database_busy" || tries != store.MaxTries {
			t.Errorf("Write() = %v after %d tries, want database_busy after %d", err, tries, store.MaxTries)
		}
	}
}

// Transactions that share a commit see each other's changes before they are on the
// disk. Who only looks meanwhile sees none of them, and must not take what it
// sees for what will be.
func TestAGlanceSeesNoChangeThatIsNotOnTheDisk(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := storetest.SQLite(t)
		a := organization("a")
		if err := db.Write(t.Context(), func(tx *store.Writer) error { return tx.SaveOrganization(t.Context(), a) }); err != nil {
			t.Fatal(err)
		}
		if err := db.Read(t.Context(), func(r *store.Reader) error { _, err := remembered(t.Context(), r, a.ID); return err }); err != nil {
			t.Fatal(err)
		}
		var seen string
		var mark store.Mark
		hold := make(chan struct{})
		var all sync.WaitGroup
		for _, write := range []func(*store.Writer) error{
			func(*store.Writer) error { <-hold; return nil }, // the others stand in line, and share its commit
			func(tx *store.Writer) error { return renamed(t.Context(), tx, a.ID, "new") },
			func(tx *store.Writer) error { // finds another mark, and begins anew
				_, err := remembered(t.Context(), tx.Reader, a.ID)
				return err
			},
			func(*store.Writer) (err error) { // the change is still not on the disk
				mark, err = db.Glance(func(r *store.Reader) (err error) {
					seen, err = remembered(t.Context(), r, a.ID)
					return err
				})
				return err
			},
		} {
			all.Go(func() {
				if err := db.Write(t.Context(), write); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		close(hold)
		all.Wait()
		var under bool
		if err := db.Write(t.Context(), func(tx *store.Writer) (err error) {
			under, err = tx.Under(t.Context(), mark)
			return err
		}); err != nil || under && seen != "new" {
			t.Errorf("what was seen at a glance, %q, counts as what is stored: %v, %v", seen, under, err)
		}
		if err := db.Read(t.Context(), func(r *store.Reader) error {
			got, err := remembered(t.Context(), r, a.ID)
			if got != "new" {
				t.Errorf("the settings say %q, want what is stored", got)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
	})
}
