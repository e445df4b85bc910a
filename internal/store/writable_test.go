package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"zombiezen.com/go/sqlite"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// save writes an organization.
func save(ctx context.Context, db *store.DB, key string) error {
	return db.Write(ctx, func(tx *store.Writer) error { return tx.SaveOrganization(ctx, organization(key)) })
}

// holds reports whether err is a fault of kind Unavailable with this code, which the
// operator has to mend.
func holds(err error, code string) bool {
	f := fault.From(err)
	return f != nil && f.Kind == fault.Unavailable && f.Code == code && f.Fix == fault.OperatorSide && f.Err != nil
}

func TestWhatKeepsADatabaseFromWriting(t *testing.T) {
	t.Parallel()
	pg := func(code string) error { return &pgconn.PgError{Code: code} }
	for name, tc := range map[string]struct {
		err  error
		code string // "": another one than those of the disk
	}{
		"full":                       {sqlite.ResultFull.ToError(), "database_full"},
		"no room for the index":      {sqlite.ResultIOErrSHMSize.ToError(), "database_full"},
		"read-only":                  {sqlite.ResultReadOnly.ToError(), "database_read_only"},
		"moved away":                 {sqlite.ResultReadOnlyDBMoved.ToError(), "database_read_only"},
		"a write that fails":         {sqlite.ResultIOErrWrite.ToError(), "database_failing"},
		"no file":                    {sqlite.ResultCantOpen.ToError(), "database_failing"},
		"a damaged file":             {sqlite.ResultCorrupt.ToError(), "database_failing"},
		"no database":                {sqlite.ResultNotADB.ToError(), "database_failing"},
		"another process writes":     {sqlite.ResultBusy.ToError(), ""},
		"a value too large":          {sqlite.ResultTooBig.ToError(), ""},
		"PostgreSQL: full":           {pg("53100"), "database_full"},
		"PostgreSQL: out of memory":  {pg("53200"), ""},
		"PostgreSQL: read-only":      {pg("25006"), "database_read_only"},
		"PostgreSQL: was undone":     {pg("25P02"), ""},
		"PostgreSQL: its disk fails": {pg("58030"), "database_failing"},
		"PostgreSQL: a damaged page": {pg("XX001"), "database_failing"},
		"PostgreSQL: its own fault":  {pg("XX000"), ""},
	} {
		err := store.Meaning(tc.err)
		if got := holds(err, tc.code); got != (tc.code != "") || !errors.Is(err, tc.err) {
			t.Errorf("%s: %v, want the code %q, and the cause", name, err, tc.code)
		}
	}
}

// A standby says that serializable transactions are not supported, when one begins;
// a statement whose plan is out of date gets the same code.
func TestAStandbyTakesNoChanges(t *testing.T) {
	t.Parallel()
	unsupported := &pgconn.PgError{Code: "0A000", Message: "cannot use serializable mode in a hot standby"}
	if err := store.Beginning(unsupported); !holds(err, "database_read_only") || !errors.Is(err, unsupported) {
		t.Errorf("beginning a transaction: %v, want database_read_only, and the cause", err)
	}
	if err := store.Meaning(unsupported); holds(err, "database_read_only") {
		t.Errorf("a statement: %v", err)
	}
	if err := store.Beginning(&pgconn.PgError{Code: "42501"}); holds(err, "database_read_only") {
		t.Errorf("beginning a transaction without the right to: %v", err)
	}
}

// Of a full SQLite, of one that may only be read, and of one that has room again.
func TestAFullDatabaseIsNotWritableUntilThereIsRoom(t *testing.T) {
	t.Parallel()
	for code, how := range map[string]struct{ spoil, mend string }{
		"database_full":      {"pragma max_page_count = 1", "pragma max_page_count = 1000000"},
		"database_read_only": {"pragma query_only = on", "pragma query_only = off"},
	} {
		synctest.Test(t, func(t *testing.T) {
			db := storetest.SQLite(t)
			run := func(text string) {
				t.Helper()
				if err := db.ByWriter(t.Context(), text); err != nil {
					t.Fatal(err)
				}
			}
			rows := byte(0)
			big := func() error { // more than there is room for on pages that are there
				rows++
				return db.Exec(t.Context(), `insert into single_use (kind, hash, expires_at, payload) values ('probe', $1, 0, $2)`, []byte{rows}, strings.Repeat("x", 1<<20))
			}
			if err := db.Writable(t.Context()); err != nil {
				t.Errorf("Writable() of a good one = %v", err)
			}
			run(how.spoil)
			if err := db.Writable(t.Context()); err != nil {
				t.Errorf("Writable() before anything was written = %v, want nil: it goes by what was written", err)
			}
			if err := big(); !holds(err, code) {
				t.Errorf("Write() = %v, want %s", err, code)
			}
			for range 3 {
				if err := db.Writable(t.Context()); !holds(err, code) {
					t.Errorf("Writable() afterwards = %v, want %s", err, code)
				}
				time.Sleep(store.ProbeEvery)
			}
			if err := db.Writable(t.Context()); !holds(err, code) { // and the next probe is a while away
				t.Errorf("Writable() later = %v, want %s", err, code)
			}
			run(how.mend)
			if err := db.Writable(t.Context()); !holds(err, code) {
				t.Errorf("Writable() right after a probe = %v, want what that one found", err)
			}
			time.Sleep(store.ProbeEvery)
			for range 2 {
				if err := db.Writable(t.Context()); err != nil {
					t.Errorf("Writable() with room again = %v", err)
				}
			}
			if err := big(); err != nil {
				t.Errorf("Write() with room again = %v", err)
			}
			run(how.spoil)
			if err := big(); !holds(err, code) {
				t.Errorf("Write() without room once more = %v, want %s", err, code)
			}
			run(how.mend)
			if err := db.Writable(t.Context()); err != nil { // it is tried at once: the last one that was went well
				t.Errorf("Writable() = %v", err)
			}
			left := 0
			if err := db.Ask(t.Context(), `select count(*) from single_use where kind = 'probe'`, nil, &left); err != nil || left != 1 {
				t.Errorf("%d rows, %v, want our own: a probe leaves none", left, err)
			}
		})
	}
}

// A write fails while a probe waits for its turn, which then goes well: nobody knows
// which of them says how it is now.
func TestAWriteThatFailsBesideAProbeCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := storetest.SQLite(t)
		full := sqlite.ResultFull.ToError()
		fails := func(hold chan struct{}) error {
			return db.Write(t.Context(), func(*store.Writer) error {
				if hold != nil {
					<-hold
				}
				return store.Meaning(full)
			})
		}
		if err := fails(nil); !holds(err, "database_full") {
			t.Fatalf("Write() = %v, want database_full", err)
		}
		hold, failed, probed := make(chan struct{}), make(chan error, 1), make(chan error, 1)
		go func() { failed <- fails(hold) }()
		synctest.Wait()
		go func() { probed <- db.Writable(t.Context()) }()
		synctest.Wait() // it stands in line
		close(hold)
		if err := <-failed; !holds(err, "database_full") {
			t.Errorf("Write() = %v, want database_full", err)
		}
		if err := <-probed; !holds(err, "database_full") {
			t.Errorf("Writable() beside a write that failed = %v, want database_full", err)
		}
		if err := db.Writable(t.Context()); !holds(err, "database_full") {
			t.Errorf("Writable() afterwards = %v, want database_full", err)
		}
		time.Sleep(store.ProbeEvery)
		if err := db.Writable(t.Context()); err != nil {
			t.Errorf("Writable() after a probe that nobody was beside = %v", err)
		}
	})
}

// SQLite undoes all that share a commit when the disk is full: each of them hears why.
func TestAllThatShareACommitHearThatTheDiskIsFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db := storetest.SQLite(t)
		errs := together(t, db, map[string]func(context.Context, *store.Writer) error{
			"beside": func(context.Context, *store.Writer) error { return nil },
			"large": func(ctx context.Context, tx *store.Writer) error {
				if err := store.Sabotage(ctx, tx); err != nil {
					return err
				}
				return store.Meaning(sqlite.ResultFull.ToError())
			},
		}, "beside", "large")
		for name, err := range errs {
			if !holds(err, "database_full") {
				t.Errorf("%s: %v, want database_full", name, err)
			}
		}
		for name, there := range kept(t, db, "first", "beside", "large") {
			if there {
				t.Errorf("%s is there", name)
			}
		}
		if err := save(t.Context(), db, "after"); err != nil {
			t.Errorf("Write() afterwards = %v", err)
		}
	})
}

// A server that takes no changes, as a standby does.
func TestAReadOnlyServerIsNotWritable(t *testing.T) {
	t.Parallel()
	for _, engine := range storetest.Engines(t) {
		if engine.Name != "postgres" {
			continue // SQLite has no server
		}
		url := engine.URL(t)
		if err := engine.Attach(t, url).Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		with := "?"
		if strings.Contains(url, "?") {
			with = "&"
		}
		for setting, code := range map[string]string{"on": "database_read_only", "off": ""} {
			db := engine.Attach(t, url+with+"default_transaction_read_only="+setting)
			if err := save(t.Context(), db, "acme-"+setting); holds(err, code) != (code != "") || (err == nil) != (code == "") {
				t.Errorf("Write() with read-only %s = %v, want %q", setting, err, code)
			}
			if err := db.Writable(t.Context()); holds(err, code) != (code != "") || (err == nil) != (code == "") {
				t.Errorf("Writable() with read-only %s = %v, want %q", setting, err, code)
			}
			if err := db.Ready(t.Context()); err != nil {
				t.Errorf("Ready() with read-only %s = %v: it can be read", setting, err)
			}
		}
	}
}
