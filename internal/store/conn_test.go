package store_test

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// samples opens an empty database on each engine with a table of the four types
// that columns have, and has fn use it.
func samples(t *testing.T, fn func(t *testing.T, db *store.DB)) {
	t.Helper()
	for _, engine := range storetest.Engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			t.Parallel()
			url := engine.URL(t)
			octets := map[string]string{"sqlite": "blob", "postgres": "bytea"}[engine.Name]
			const table = "create table samples (id bigint not null primary key, t text, n bigint, b boolean, o "
			if _, err := raw(t, engine, url).ExecContext(t.Context(), table+octets+")"); err != nil {
				t.Fatal(err)
			}
			fn(t, engine.Attach(t, url))
		})
	}
}

// broken is a value that says it has no form in a database.
type broken struct{}

func (broken) Value() (driver.Value, error) { return nil, errors.New("no") }

// strange is a value whose form no database knows.
type strange struct{}

func (strange) Value() (driver.Value, error) { return make(chan int), nil }

// What goes into a column comes out of it, on both engines alike, and what
// cannot is refused by both.
func TestValuesGoThroughColumns(t *testing.T) {
	t.Parallel()
	text := "ä"
	cases := map[string]struct {
		column string
		arg    any
		into   any // a value of the type that it is read as
		want   any // nil: it is refused
	}{
		"text":                           {"t", "ä", "", "ä"},
		"empty text":                     {"t", "", "", ""},
		"text of ours":                   {"t", sso.OrgID("org_a"), sso.OrgID(""), sso.OrgID("org_a")},
		"text behind a pointer":          {"t", &text, "", "ä"},
		"text as octets":                 {"t", "ab", []byte{}, []byte("ab")},
		"null as text":                   {"t", nil, "", nil},
		"null as text of ours":           {"t", nil, sso.OrgID(""), nil},
		"null behind a pointer, as text": {"t", (*string)(nil), "", nil},
		"null as octets":                 {"t", nil, []byte{}, []byte(nil)},
		"number":                         {"n", int64(math.MinInt64), int64(0), int64(math.MinInt64)},
		"plain number":                   {"n", 7, 0, 7},
		"number of ours":                 {"n", sso.Duration(7), sso.Duration(0), sso.Duration(7)},
		"small number":                   {"n", uint8(7), int64(0), int64(7)},
		"number as text":                 {"n", 7, "", "7"},
		"number as text of ours":         {"n", 7, sso.OrgID(""), nil},
		"number as octets":               {"n", 7, []byte{}, []byte("7")},
		"number that is too large":       {"n", 1 << 40, int32(0), nil},
		"text as number":                 {"t", "7", 0, 7},
		"word as number":                 {"t", "seven", 0, nil},
		"null as number":                 {"n", nil, int64(0), nil},
		"null as plain number":           {"n", nil, 0, nil},
		"true":                           {"b", true, false, true},
		"false":                          {"b", false, true, false},
		"1 as truth":                     {"n", 1, false, true},
		"2 as truth":                     {"n", 2, false, nil},
		"text as truth":                  {"t", "true", false, true},
		"word as truth":                  {"t", "certainly", false, nil},
		"null as truth":                  {"b", nil, false, nil},
		"octets":                         {"o", []byte{0, 255}, []byte{}, []byte{0, 255}},
		"no octets":                      {"o", []byte(nil), []byte{}, []byte(nil)},
		"octets as text":                 {"o", []byte("ab"), "", "ab"},
		"octets as octets of ours":       {"o", []byte("{}"), json.RawMessage{}, json.RawMessage("{}")},
		"octets as number":               {"o", []byte("seven"), 0, nil},
		"JSON":                           {"t", store.ToJSON([]string{"a"}), "", `["a"]`},
		"a structure":                    {"t", struct{ A int }{1}, "", nil},
		"a channel":                      {"t", make(chan int), "", nil},
		"a number beyond all":            {"n", uint64(math.MaxUint64), int64(0), nil},
		"what has no form":               {"t", broken{}, "", nil},
		"what has a strange form":        {"t", strange{}, "", nil},
		"into a structure":               {"t", "a", struct{}{}, nil},
	}
	samples(t, func(t *testing.T, db *store.DB) {
		for name, tc := range cases {
			to := reflect.New(reflect.TypeOf(tc.into))
			err := roundTrip(t, db, tc.column, tc.arg, to.Interface())
			got := to.Elem().Interface()
			if tc.want == nil && err == nil {
				t.Errorf("%s: it is accepted, as %v", name, got)
			}
			if tc.want != nil && (err != nil || !cmp.Equal(tc.want, got)) {
				t.Errorf("%s: it comes out as %#v, %v; want %#v", name, got, err, tc.want)
			}
		}
	})
}

func TestValuesGoIntoOurDestinations(t *testing.T) {
	t.Parallel()
	now, digest := time.UnixMicro(1_700_000_000_000_001).UTC(), secret.HashOf([]byte("a"))
	samples(t, func(t *testing.T, db *store.DB) {
		var (
			at   time.Time
			hash secret.Hash
			word = "before"
			list []string
		)
		for name, tc := range map[string]struct {
			column  string
			arg, to any
			refused bool
		}{
			"an instant":            {"n", now.UnixMicro(), store.UTC(&at), false},
			"an instant of letters": {"t", "today", store.UTC(&at), true},
			"a hash":                {"o", digest[:], store.Hash(&hash), false},
			"a hash cut short":      {"o", digest[:31], store.Hash(&hash), true},
			"a hash that is null":   {"o", nil, store.Hash(&hash), true},
			"null, optional":        {"t", nil, store.Opt(&word), false},
			"a number, optional":    {"n", 7, store.Opt(new(string)), true},
			"a list":                {"t", `["a"]`, store.FromJSON(&list), false},
			"a list without an end": {"t", `["a"`, store.FromJSON(new([]string)), true},
		} {
			if err := roundTrip(t, db, tc.column, tc.arg, tc.to); (err != nil) != tc.refused {
				t.Errorf("%s: %v, want it refused: %v", name, err, tc.refused)
			}
		}
		if !at.Equal(now) || hash != digest || word != "" || !cmp.Equal(list, []string{"a"}) {
			t.Errorf("read %v, %v, %q, %q", at, hash, word, list)
		}
	})
}

// roundTrip writes a value into a column of a row and reads it from there.
func roundTrip(t *testing.T, db *store.DB, column string, arg, to any) error {
	t.Helper()
	if err := db.Exec(t.Context(), "delete from samples"); err != nil {
		t.Fatal(err)
	}
	if err := db.Exec(t.Context(), "insert into samples ("+column+", id) values ($2, $1)", 1, arg); err != nil {
		return err
	}
	return db.Ask(t.Context(), "select "+column+" from samples where id = $1", []any{1}, to)
}

func TestArgumentsAndColumnsAreCounted(t *testing.T) {
	t.Parallel()
	samples(t, func(t *testing.T, db *store.DB) {
		var n int64
		const text = "select n from samples where id = $2 and n = $1"
		for name, err := range map[string]error{
			"an argument too few":  db.Ask(t.Context(), text, []any{1}, &n),
			"an argument too many": db.Ask(t.Context(), text, []any{1, 2, 3}, &n),
			"a column too few":     db.Ask(t.Context(), "select 1", nil, &n, &n),
			"a column too many":    db.Ask(t.Context(), "select 1, 2", nil, &n),
			"a word too many":      db.Ask(t.Context(), "select no such word", nil, &n),
		} {
			if err == nil || errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s: %v, want it refused", name, err)
			}
		}
		if err := db.Ask(t.Context(), text, []any{1, 2}, &n); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("as many as there are: %v, want %v", err, store.ErrNotFound)
		}
	})
}

// A connection that was lent to a reader comes back, whatever happens.
func TestReadersGiveConnectionsBack(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	numbers := func(n *int64) []any { return []any{n} }
	const many = "values (1), (2), (3)"
	for name, read := range map[string]func() error{
		"one row of many": func() error { return db.Ask(t.Context(), many, nil, new(int64)) },
		"a wrong text":    func() error { return db.Ask(t.Context(), "selec 1", nil, new(int64)) },
		"wrong arguments": func() error { return db.Ask(t.Context(), "select 1", []any{1}, new(int64)) },
		"a wrong destination": func() error {
			return db.Ask(t.Context(), "select 'a'", nil, new(int64))
		},
		"a row that fails": func() error {
			_, err := db.List(t.Context(), "select json(column1) from (values ('1'), ('no'))", numbers)
			return err
		},
		"a context that has ended": func() error {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, err := db.List(ctx, many, numbers)
			return err
		},
		"a context that ends between rows": func() error {
			ctx, cancel := context.WithCancel(t.Context())
			all, err := db.List(ctx, many, func(n *int64) []any { cancel(); return []any{n} })
			if len(all) > 1 || !errors.Is(err, context.Canceled) {
				t.Errorf("List() = %v, %v, want it canceled", all, err)
			}
			return err
		},
		"a panic": func() (err error) {
			defer func() { err, _ = recover().(error) }()
			_, _ = db.List(t.Context(), many, func(*int64) []any { panic(errPanicked) })
			return nil
		},
	} {
		for range 20 { // more than there are connections
			if err := read(); (err == nil) != (name == "one row of many") {
				t.Errorf("%s: %v", name, err)
			}
			if n := db.Reading(); n != 0 {
				t.Fatalf("%s: %d connections are lent out", name, n)
			}
		}
	}
	var n int64
	if err := db.Ask(t.Context(), many, nil, &n); err != nil || n != 1 {
		t.Errorf("reading afterwards: %d, %v", n, err)
	}
}

// endless is a statement that ends when it is stopped.
const endless = "with recursive n (i) as (values (1) union all select i + 1 from n) select count(*) from n"

func TestReadingStopsWithItsContext(t *testing.T) {
	t.Parallel()
	db := storetest.SQLite(t)
	for range 50 { // the context ends before, at or after the beginning
		ctx, cancel := context.WithCancel(t.Context())
		go cancel()
		if err := db.Ask(ctx, endless, nil, new(int64)); !errors.Is(err, context.Canceled) {
			t.Errorf("a statement without an end = %v, want it canceled", err)
		}
		var n int64
		if err := db.Ask(t.Context(), "select 7", nil, &n); err != nil || n != 7 {
			t.Errorf("what is read by that connection afterwards = %d, %v", n, err)
		}
	}
}

func TestCloseWhileSomebodyReads(t *testing.T) {
	t.Parallel()
	engine := storetest.Engines(t)[0]
	for range 20 {
		db, err := store.Open(t.Context(), engine.URL(t), store.Options{MaxConns: 3})
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		begun := make(chan struct{}, 6)
		for i := range 6 {
			ctx, cancel := context.WithCancel(t.Context())
			all.Go(func() {
				for n := 0; ; n++ {
					var got int64
					err := db.Ask(ctx, "select $1 + 1", []any{n}, &got)
					if n == 0 {
						begun <- struct{}{}
					}
					if errors.Is(err, store.ErrDatabaseClosed) || errors.Is(err, context.Canceled) && i%2 == 0 {
						return
					}
					if err != nil || got != int64(n+1) {
						t.Errorf("reading = %d, %v", got, err)
						return
					}
				}
			})
			if i%2 == 0 {
				go cancel()
			} else {
				t.Cleanup(cancel)
			}
		}
		for range 6 {
			<-begun
		}
		if err := db.Close(); err != nil {
			t.Errorf("Close() = %v", err)
		}
		all.Wait()
		if err := db.Exec(t.Context(), "select 1"); !errors.Is(err, store.ErrDatabaseClosed) {
			t.Errorf("writing afterwards = %v, want %v", err, store.ErrDatabaseClosed)
		}
	}
}
