package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
)

// sealSome writes a chain of n events.
func sealSome(ctx context.Context, db *store.DB, n int) ([]sso.Recorded, error) {
	var all []sso.Recorded
	err := db.Write(ctx, func(tx *store.Writer) error {
		for i := range n {
			e := sso.Event{At: time.Unix(int64(i), 0), Actor: "usr_alice", Address: "192.0.2.1", UserAgent: "Firefox", Action: "user.changed", Target: "usr_bob", Changes: []sso.Change{{Field: "role", From: "member", To: "owner"}}}
			if err := tx.Record(ctx, e); err != nil {
				return err
			}
		}
		var err error
		if all, err = tx.Unsealed(ctx, n); err != nil {
			return err
		}
		end := sso.ChainEnd{}
		for i := range all {
			end = end.Follow(&all[i])
		}
		return tx.Seal(ctx, sso.ChainEnd{}, all)
	})
	return all, err
}

// Who may write to the database changes what it says of them.
func TestAnAlteredAuditListIsFoundOut(t *testing.T) {
	t.Parallel()
	for _, engine := range storetest.Engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			t.Parallel()
			url := engine.URL(t)
			db := engine.Attach(t, url)
			if err := db.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			all, err := sealSome(t.Context(), db, 9)
			if err != nil {
				t.Fatal(err)
			}
			if v, err := db.VerifyChain(t.Context()); err != nil || v.Broken != nil || v.To.Number != 9 {
				t.Fatalf("VerifyChain() = %+v, %v, want nine whole entries", v, err)
			}
			side := raw(t, engine, url)
			for _, tc := range []struct {
				name, forge, mend string
				number            int64
			}{
				{"another actor", "update audit_events set actor = 'usr_eve' where number = 5", "update audit_events set actor = 'usr_alice' where number = 5", 5},
				{"another address", "update audit_events set address = '' where number = 1", "update audit_events set address = '192.0.2.1' where number = 1", 1},
				{"another time", "update audit_events set at = at + 1 where number = 2", "update audit_events set at = at - 1 where number = 2", 2},
				{"another organization", "update audit_events set org_id = 'org_x' where number = 6", "update audit_events set org_id = null where number = 6", 6},
				{"another change", `update audit_events set changes = replace(changes, 'owner', 'admin') where number = 3`, `update audit_events set changes = replace(changes, 'admin', 'owner') where number = 3`, 3},
				{"another hash", "update audit_events set hash = '" + all[0].Hash + "' where number = 7", "update audit_events set hash = '" + all[6].Hash + "' where number = 7", 7},
				{"the first entry is gone", "update audit_events set number = -1 where number = 1", "update audit_events set number = 1 where number = -1", 1},
				{"an entry is gone", "update audit_events set number = -1 where number = 4", "update audit_events set number = 4 where number = -1", 4},
				{"the last entry is gone", "update audit_events set number = -1 where number = 9", "update audit_events set number = 9 where number = -1", 9},
				{
					"an entry is altered, and the list said to begin behind it", "update audit_ends set number = 5, hash = '" + all[4].Hash + "' where name = 'cut'; update audit_events set actor = 'usr_eve' where number = 3",
					"update audit_ends set number = 0, hash = '' where name = 'cut'; update audit_events set actor = 'usr_alice' where number = 3", 1,
				},
				{
					"an entry is altered, and the list said to end before it", "update audit_ends set number = 6, hash = '" + all[5].Hash + "' where name = 'last'; update audit_events set actor = 'usr_eve' where number = 8",
					"update audit_ends set number = 9, hash = '" + all[8].Hash + "' where name = 'last'; update audit_events set actor = 'usr_alice' where number = 8", 7,
				},
				{
					"an entry stands before the first", "insert into audit_events (id, at, actor, action, target, detail, number, hash) values ('evt_x', 0, 'usr_eve', 'user.changed', 'usr_bob', '{}', 0, '')",
					"delete from audit_events where number = 0", 0,
				},
			} {
				for _, text := range []string{tc.forge, tc.mend} {
					if _, err := side.ExecContext(t.Context(), text); err != nil {
						t.Fatalf("%s: %s: %v", tc.name, text, err)
					}
					v, err := db.VerifyChain(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					switch {
					case text == tc.mend && v.Broken != nil:
						t.Errorf("%s, and undone: %v", tc.name, v.Broken)
					case text == tc.forge && (v.Broken == nil || v.Broken.Number != tc.number):
						t.Errorf("%s: found %v, want a break at %d", tc.name, v.Broken, tc.number)
					}
				}
			}
		})
	}
}

// Who rewrites the whole list makes one that fits itself; it does not fit what
// somebody has noted of it elsewhere.
func TestARewrittenAuditListDoesNotFitItsAnchors(t *testing.T) {
	t.Parallel()
	ours, theirs := storetest.Engines(t)[0].Bare(t), storetest.SQLite(t)
	genuine, err := sealSome(t.Context(), ours, 5)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sealSome(t.Context(), theirs, 4); err != nil {
		t.Fatal(err)
	}
	cut := storetest.SQLite(t)
	forged, err := sealSome(t.Context(), cut, 4)
	if err != nil {
		t.Fatal(err)
	}
	err = cut.Write(t.Context(), func(tx *store.Writer) error {
		_, err := tx.CutChain(t.Context(), time.Now(), 2)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	anchor := func(i int) sso.ChainEnd { return sso.ChainEnd{Number: genuine[i].Number, Hash: genuine[i].Hash} }
	for _, tc := range []struct {
		name    string
		db      *store.DB
		anchors []sso.ChainEnd
		broken  int64 // 0: it is not
	}{
		{"the genuine one", ours, []sso.ChainEnd{anchor(1), anchor(4)}, 0},
		{"a rewritten one, without an anchor", theirs, nil, 0},
		{"a rewritten one", theirs, []sso.ChainEnd{anchor(1)}, 2},
		{"a shorter one", theirs, []sso.ChainEnd{anchor(4)}, 5},
		{"a rewritten one, said to begin at the anchor", cut, []sso.ChainEnd{anchor(1)}, 2},
		{"a rewritten one, said to begin behind the anchor", cut, []sso.ChainEnd{anchor(0)}, 1},
		{"one that begins where it was noted", cut, []sso.ChainEnd{{Number: 2, Hash: forged[1].Hash}, {}}, 0},
	} {
		v, err := tc.db.VerifyChain(t.Context(), tc.anchors...)
		if err != nil {
			t.Fatal(err)
		}
		if got := v.Broken; (got == nil) != (tc.broken == 0) || got != nil && got.Number != tc.broken {
			t.Errorf("%s: %v, want a break at %d", tc.name, got, tc.broken)
		}
	}
}

// Somebody takes the audit list away, and does what it should have told of. No
// flow can go on without its line, not even one that does not look at the error.
func TestAChangeWhoseLineCannotBeWrittenDoesNotHappen(t *testing.T) {
	t.Parallel()
	for _, engine := range storetest.Engines(t) {
		t.Run(engine.Name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			url := engine.URL(t)
			db := engine.Attach(t, url)
			if err := db.Migrate(ctx); err != nil {
				t.Fatal(err)
			}
			now := time.Unix(1, 0).UTC()
			change := func(key string, record func(tx *store.Writer) error) error {
				return db.Write(ctx, func(tx *store.Writer) error {
					o := sso.Organization{ID: sso.OrgID("org_" + key), Key: key, Name: key, Path: []sso.OrgID{sso.OrgID("org_" + key)}, State: sso.OrgActive, CreatedAt: now, UpdatedAt: now}
					if err := tx.SaveOrganization(ctx, o); err != nil {
						return err
					}
					_ = record(tx) // as a careless flow would
					return nil
				})
			}
			e := sso.Event{At: now, Actor: "usr_eve", Action: "organization.created"}
			ways := map[string]func(tx *store.Writer) error{
				"one":    func(tx *store.Writer) error { return tx.Record(ctx, e) },
				"owned":  func(tx *store.Writer) error { return tx.Org("org_a").Record(ctx, e) },
				"insome": func(tx *store.Writer) error { return tx.RecordAll(ctx, []sso.Event{e}) },
			}
			side := raw(t, engine, url)
			if _, err := side.ExecContext(ctx, "alter table audit_events rename to gone"); err != nil {
				t.Fatal(err)
			}
			for key, record := range ways {
				if err := change(key, record); err == nil {
					t.Errorf("%s: the change happens without its line", key)
				}
			}
			if _, err := side.ExecContext(ctx, "alter table gone rename to audit_events"); err != nil {
				t.Fatal(err)
			}
			err := db.Read(ctx, func(r *store.Reader) error {
				all, err := r.Organizations(ctx)
				if len(all) != 0 {
					t.Errorf("%d organizations are there without a line", len(all))
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			for key, record := range ways { // the twin: with the list, it happens
				if err := change(key, record); err != nil {
					t.Errorf("%s: %v", key, err)
				}
			}
		})
	}
}
