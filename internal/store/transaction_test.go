package store_test

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

func organization(key string) sso.Organization {
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	o := sso.Organization{ID: sso.NewOrgID(now), Key: key, Name: key, State: sso.OrgActive, CreatedAt: now, UpdatedAt: now}
	_ = o.Place(nil) // at the top nothing is in the way
	return o
}

// Two transactions have each read what the other one then writes. SQLite
// never lets two get that far; PostgreSQL must run one of them again.
func TestTransactionsInEachOthersWayRunAgain(t *testing.T) {
	t.Parallel()
	for _, engine := range storetest.Engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			t.Parallel()
			db := engine.Bare(t)
			a, b := organization("a"), organization("b")
			if err := db.Write(t.Context(), func(tx *store.Writer) error {
				return errors.Join(tx.SaveOrganization(t.Context(), a), tx.SaveOrganization(t.Context(), b))
			}); err != nil {
				t.Fatal(err)
			}
			before := db.Stats().Retries
			var bothHaveRead, done sync.WaitGroup
			if engine.Name == "postgres" {
				bothHaveRead.Add(2)
			}
			var runs atomic.Int64
			// Each takes over the other one's name.
			for _, pair := range [][2]sso.OrgID{{a.ID, b.ID}, {b.ID, a.ID}} {
				done.Go(func() {
					first := true
					err := db.Write(t.Context(), func(tx *store.Writer) error {
						runs.Add(1)
						other, err := tx.Organization(t.Context(), pair[0])
						if err != nil {
							return err
						}
						if first && engine.Name == "postgres" {
							bothHaveRead.Done()
							bothHaveRead.Wait()
						}
						first = false
						own, err := tx.Organization(t.Context(), pair[1])
						if err != nil {
							return err
						}
						own.Name = other.Name
						return tx.SaveOrganization(t.Context(), own)
					})
					if err != nil {
						t.Errorf("Write() = %v", err)
					}
				})
			}
			done.Wait()
			retries := db.Stats().Retries - before
			if engine.Name == "postgres" && retries == 0 || runs.Load() != 2+retries {
				t.Errorf("%d runs with %d retries", runs.Load(), retries)
			}
			if err := db.Read(t.Context(), func(r *store.Reader) error {
				all, err := r.Organizations(t.Context())
				if err == nil && (len(all) != 2 || all[0].Name != all[1].Name) {
					t.Errorf("Organizations() = %v: the names were swapped, as in no order of the two", all)
				}
				return err
			}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestWriteGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := storetest.SQLite(t)
		conflict := &pgconn.PgError{Code: "40001", Message: "could not serialize access"}
		tries := 0
		err := db.Write(t.Context(), func(*store.Writer) error {
			tries++
			return errors.Join(errors.New("doing something"), conflict)
		})
		if f := fault.From(err); f.Kind != fault.Unavailable || f.Code != "database_busy" || tries != store.MaxTries {
			t.Errorf("Write() = %v after %d tries, want database_busy after %d", err, tries, store.MaxTries)
		}

		// A canceled context ends the waiting.
		ctx, cancel := context.WithCancel(t.Context())
		tries = 0
		err = db.Write(ctx, func(*store.Writer) error {
			if tries++; tries == 3 {
				cancel()
			}
			return conflict
		})
		if !errors.Is(err, context.Canceled) || tries != 3 {
			t.Errorf("Write() = %v after %d tries, want it canceled after 3", err, tries)
		}
	})
}

func TestSQLiteIsSharedByProcesses(t *testing.T) {
	t.Parallel()
	engine := storetest.Engines(t)[0]
	url := engine.URL(t)
	one, two := engine.Attach(t, url), engine.Attach(t, url)
	if err := one.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i, db := range []*store.DB{one, two, one, two} {
		all.Go(func() {
			for j := range 10 {
				key := string(rune('a'+i)) + string(rune('a'+j))
				if err := db.Write(t.Context(), func(tx *store.Writer) error {
					if _, err := tx.Organizations(t.Context()); err != nil { // read before write: no lock is upgraded
						return err
					}
					return tx.SaveOrganization(t.Context(), organization(key))
				}); err != nil {
					t.Errorf("Write() = %v", err)
				}
			}
		})
	}
	all.Wait()

	// Who waits too long is told so.
	impatient, err := store.OpenImpatient(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = impatient.Close() })
	if err := one.Write(t.Context(), func(*store.Writer) error {
		err := impatient.Write(t.Context(), func(tx *store.Writer) error { return tx.SaveOrganization(t.Context(), organization("late")) })
		if f := fault.From(err); f.Kind != fault.Unavailable || f.Code != "database_busy" {
			t.Errorf("Write() beside another process = %v, want database_busy", err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := impatient.Write(t.Context(), func(tx *store.Writer) error { return tx.SaveOrganization(t.Context(), organization("late")) }); err != nil {
		t.Errorf("Write() afterwards = %v", err)
	}
}

func TestSQLiteReadersCannotWrite(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	if err := db.WriteByReader(t.Context(), "delete from organizations"); err == nil || !strings.Contains(err.Error(), "readonly") {
		t.Errorf("a statement of a reader that deletes = %v, want it refused", err)
	}
}

// The conformance suite calls every method, so that every statement has run on
// both engines.
func TestEveryMethodIsInTheSuite(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../storetest/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("finding the suite: %v, %v", files, err)
	}
	called := map[string]bool{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if method, ok := call.Fun.(*ast.SelectorExpr); ok {
					called[method.Sel.Name] = true
				}
			}
			return true
		})
	}
	for _, typ := range []reflect.Type{
		reflect.TypeFor[*store.Reader](), reflect.TypeFor[*store.Writer](), reflect.TypeFor[*store.OrgReader](), reflect.TypeFor[*store.OrgWriter](),
	} {
		for i := range typ.NumMethod() {
			if name := typ.Method(i).Name; !called[name] {
				t.Errorf("%v.%s is not in the suite", typ, name)
			}
		}
	}
}

func TestSQLiteConstraintHasOurName(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]store.Constraint{
		"constraint failed: UNIQUE constraint failed: users.username_key, users.org_id": store.HomeUsername,
		"constraint failed: UNIQUE constraint failed: domains.name":                     store.VerifiedDomainName,
	} {
		if got := store.SQLiteConstraint(message); got != want {
			t.Errorf("%s: named %q, want %q", message, got, want)
		}
	}
}

// Whatever a browser says of itself becomes text that both engines hold, and
// text that they hold anyway stays as it is.
func FuzzShown(f *testing.F) {
	for _, s := range []string{"", "Mozilla/5.0", "a\x00b", "\xff", "\xed\xa0\x80", "\uFFFD"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := store.Shown(s)
		if !store.Storable(got) || !utf8.ValidString(got) {
			t.Errorf("Shown(%q) = %q, which cannot be stored", s, got)
		}
		if store.Storable(s) && got != s {
			t.Errorf("Shown(%q) = %q, want it as it was", s, got)
		}
	})
}
