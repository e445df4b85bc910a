package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// together starts writes in this order while one more transaction runs, so
// that they all share its commit, and returns how each ended, that one first.
func together(t *testing.T, db *store.DB, writes map[string]func(context.Context, *store.Writer) error, order ...string) map[string]error {
	t.Helper()
	ended := map[string]chan error{}
	start := func(name string, fn func(*store.Writer) error) {
		ended[name] = make(chan error, 1)
		go func() {
			defer func() {
				if p := recover(); p != nil {
					ended[name] <- errPanicked
				}
			}()
			ended[name] <- db.Write(t.Context(), fn)
		}()
		synctest.Wait() // it runs, or stands in line
	}
	hold := make(chan struct{})
	start("first", func(tx *store.Writer) error {
		<-hold
		return tx.SaveOrganization(t.Context(), organization("first"))
	})
	for _, name := range order {
		start(name, func(tx *store.Writer) error {
			if err := tx.SaveOrganization(t.Context(), organization(name)); err != nil {
				return err
			}
			return writes[name](t.Context(), tx)
		})
	}
	close(hold)
	errs := map[string]error{}
	for name, c := range ended {
		errs[name] = <-c
	}
	return errs
}

var errPanicked = errors.New("panicked")

// kept tells which of these organizations are there.
func kept(t *testing.T, db *store.DB, names ...string) map[string]bool {
	t.Helper()
	there := map[string]bool{}
	for _, name := range names {
		err := db.Read(t.Context(), func(r *store.Reader) error {
			_, err := r.OrganizationByKey(t.Context(), name)
			return err
		})
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			t.Error(err)
		}
		there[name] = err == nil
	}
	return there
}

func TestTransactionsThatShareACommitFailAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := storetest.SQLite(t)
		no := errors.New("no")
		nothing := func(context.Context, *store.Writer) error { return nil }
		errs := together(t, db, map[string]func(context.Context, *store.Writer) error{
			"good":      nothing,
			"bad":       func(context.Context, *store.Writer) error { return no },
			"panicking": func(context.Context, *store.Writer) error { panic("no") },
			"taken": func(ctx context.Context, tx *store.Writer) error {
				return tx.SaveOrganization(ctx, organization("good")) // sees those before it
			},
			"last": nothing,
		}, "good", "bad", "panicking", "taken", "last")
		there := kept(t, db, "first", "good", "bad", "panicking", "taken", "last")
		for name, want := range map[string]error{"first": nil, "good": nil, "bad": no, "panicking": errPanicked, "taken": store.ErrConflict, "last": nil} {
			if !errors.Is(errs[name], want) || there[name] != (want == nil) {
				t.Errorf("%s: Write() = %v and kept %v, want %v", name, errs[name], there[name], want)
			}
		}
	})
}

// The first has no savepoint to go back to.
func TestFirstOfACommitFailsAlone(t *testing.T) {
	t.Parallel()
	no := errors.New("no")
	for name, first := range map[string]func(context.Context, *store.Writer) error{
		"it refuses": func(context.Context, *store.Writer) error { return no },
		"it panics":  func(context.Context, *store.Writer) error { panic("no") },
		"it ends the transaction and refuses": func(ctx context.Context, tx *store.Writer) error {
			return errors.Join(store.Sabotage(ctx, tx), no)
		},
		"it ends the transaction": store.Sabotage,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				db := storetest.SQLite(t)
				hold := make(chan struct{})
				ended := make([]chan error, 3)
				for i := range ended {
					ended[i] = make(chan error, 1)
					go func() {
						defer func() {
							if recover() != nil {
								ended[i] <- errPanicked
							}
						}()
						ended[i] <- db.Write(t.Context(), func(tx *store.Writer) error {
							err := tx.SaveOrganization(t.Context(), organization(string(rune('a'+i))))
							if i == 0 {
								<-hold
								err = errors.Join(err, first(t.Context(), tx))
							}
							return err
						})
					}()
					synctest.Wait()
				}
				close(hold)
				for i, c := range ended {
					if err := <-c; (err != nil) != (i == 0) {
						t.Errorf("%d: Write() = %v", i, err)
					}
				}
				if there := kept(t, db, "a", "b", "c"); there["a"] || !there["b"] || !there["c"] {
					t.Errorf("kept %v, want b and c", there)
				}
			})
		})
	}
}

// Who changes much begins a commit: those before it are on the disk, whatever becomes
// of it, and those behind it may join.
func TestWhoChangesMuchBeginsACommit(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]error{"it is kept": nil, "it is undone": store.ErrUsed} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				db := storetest.SQLite(t)
				hold, stay := make(chan struct{}), make(chan struct{})
				saves := func(name string, until chan struct{}, then error) func(*store.Writer) error {
					return func(tx *store.Writer) error {
						err := tx.SaveOrganization(t.Context(), organization(name))
						if until != nil {
							<-until
						}
						return errors.Join(err, then)
					}
				}
				before, beside, much, after := make(chan error, 1), make(chan error, 1), make(chan error, 1), make(chan error, 1)
				go func() { before <- db.Write(t.Context(), saves("before", hold, nil)) }()
				synctest.Wait()
				go func() { beside <- db.Write(t.Context(), saves("beside", nil, nil)) }()
				synctest.Wait()
				go func() { much <- db.WriteMuch(t.Context(), saves("much", stay, refusal)) }()
				synctest.Wait()
				go func() { after <- db.Write(t.Context(), saves("after", nil, nil)) }()
				synctest.Wait()
				close(hold)
				if err := errors.Join(<-before, <-beside); err != nil { // much runs
					t.Error(err)
				}
				if there := kept(t, db, "before", "beside", "much"); !there["before"] || !there["beside"] || there["much"] {
					t.Errorf("while much is changed, %v are kept", there)
				}
				close(stay)
				if err := <-much; !errors.Is(err, refusal) || <-after != nil {
					t.Errorf("WriteMuch() = %v, want %v", err, refusal)
				}
				if there := kept(t, db, "before", "much", "after"); !there["before"] || !there["after"] || there["much"] != (refusal == nil) {
					t.Errorf("in the end, %v are kept", there)
				}
			})
		})
	}
}

func TestLostCommitIsNobodysSuccess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := storetest.SQLite(t)
		nothing := func(context.Context, *store.Writer) error { return nil }
		refusal := func(context.Context, *store.Writer) error { return store.ErrUsed }
		errs := together(t, db, map[string]func(context.Context, *store.Writer) error{
			"second": nothing, "refused": refusal, "culprit": store.Sabotage, "next": nothing,
		}, "second", "refused", "culprit", "next")
		there := kept(t, db, "first", "second", "refused", "culprit", "next")
		for _, name := range []string{"first", "second", "refused", "culprit"} {
			// What was refused may have been so because of what is now undone.
			if errs[name] == nil || errors.Is(errs[name], store.ErrUsed) || there[name] {
				t.Errorf("%s: Write() = %v and kept %v, want the failure of the whole", name, errs[name], there[name])
			}
		}
		if errs["next"] != nil || !there["next"] {
			t.Errorf("next: Write() = %v and kept %v, want a transaction of its own", errs["next"], there["next"])
		}
	})
}

func TestWhoStandsInLineMayGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := storetest.SQLite(t)
		ctx, cancel := context.WithCancel(t.Context())
		hold, gone, stayed := make(chan struct{}), make(chan error, 1), make(chan error, 1)
		first := make(chan error, 1)
		go func() {
			first <- db.Write(t.Context(), func(*store.Writer) error {
				<-hold
				return nil
			})
		}()
		synctest.Wait()
		go func() {
			gone <- db.Write(ctx, func(*store.Writer) error {
				t.Error("a transaction runs that was canceled in line")
				return nil
			})
		}()
		synctest.Wait()
		go func() {
			stayed <- db.Write(t.Context(), func(tx *store.Writer) error { return tx.SaveOrganization(t.Context(), organization("stayed")) })
		}()
		synctest.Wait()
		cancel()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("Write() = %v, want it canceled", err)
		}
		close(hold)
		if err := errors.Join(<-first, <-stayed); err != nil {
			t.Errorf("Write() of the others = %v", err)
		}
		if !kept(t, db, "stayed")["stayed"] {
			t.Error("the one who stayed in line is not kept")
		}
	})
}

// A connection keeps only so many statements prepared, and none that is long: lists
// of arguments are of any length.
func TestOnlySoManyStatementsAreKept(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	long := "select 7 in (" + strings.Repeat("1, ", 3000) + "7)"
	for round := range 2 {
		for i := range 600 {
			var n int64
			if err := db.Ask(t.Context(), fmt.Sprintf("select %d + $1", i), []any{int64(round)}, &n); err != nil || n != int64(i+round) {
				t.Fatalf("statement %d: %d, %v", i, n, err)
			}
		}
		var n int64
		if err := db.Ask(t.Context(), long, nil, &n); err != nil || n != 1 {
			t.Fatalf("a long one: %d, %v", n, err)
		}
	}
	texts := db.Texts()
	if len(texts) < 400 || len(texts) > 600 || slices.Contains(texts, long) {
		t.Errorf("%d statements are kept, the long one %v", len(texts), slices.Contains(texts, long))
	}
}
