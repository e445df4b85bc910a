package storetest

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Whoever is in an organization that is suspended, or below it, is out of the
// apps as well, and nobody else is.
func suspensionIsTold(w *world) {
	acme, globex := w.addOrg("acme", nil), w.addOrg("globex", nil)
	emea := w.addOrg("acme-emea", &acme)
	app, other := w.tellable()
	var in []sso.SessionID
	for _, org := range []sso.Organization{acme, emea, globex} {
		t := w.signedInto(w.addConnection(org.ID, org.Key+"-okta"), app, other)
		in = append(in, t.session.ID)
	}
	now := w.later()
	o, err := w.reader().Organization(w.ctx, acme.ID)
	if err != nil {
		w.Fatal(err)
	}
	o.UpdatedAt = now
	w.write(func(tx *store.Writer) error { return tx.SaveOrganization(w.ctx, o) })
	w.noteEnds(now)
	if n := len(w.notices(app)); n != 0 {
		w.Fatalf("%d sessions ended of an organization that is active", n)
	}
	o.State, o.Version = sso.OrgSuspended, o.Version+1
	w.write(func(tx *store.Writer) error { return tx.SaveOrganization(w.ctx, o) })
	w.noteEnds(now)
	var told []sso.SessionID
	for _, n := range w.notices(app) {
		told = append(told, n.SID)
	}
	out := in[:2]
	slices.Sort(out)
	slices.Sort(told)
	same(w, "the sessions that are over", out, told)
}

func idleSessionsEnd(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	u := w.addUser(acme.ID, "alice")
	w.addMember(acme.ID, u.ID)
	brief, _ := w.addSession(acme.ID, u.ID)
	long, token := w.session(acme.ID, u.ID, "")
	long.Idle = 0 // as long as any
	w.write(func(tx *store.Writer) error { return tx.InsertSession(ctx, long, token) })
	look := func(after sso.SessionID, at time.Time, limit int) []store.IdleSession {
		w.Helper()
		return get[[]store.IdleSession](w, "IdleSessions()")(w.reader().IdleSessions(ctx, after, at, limit))
	}
	end := func(at time.Time, want int64) {
		w.Helper()
		var n int64
		w.write(func(tx *store.Writer) (err error) {
			n, err = tx.EndIdleSessions(ctx, []sso.SessionID{brief.ID, long.ID}, at)
			return err
		})
		if n != want {
			w.Errorf("%d sessions were ended at %s, want %d", n, at, want)
		}
	}
	both := []sso.Session{brief, long} // in the order of their IDs
	slices.SortFunc(both, func(a, b sso.Session) int { return cmp.Compare(a.ID, b.ID) })
	at := func(when time.Time) []store.IdleSession {
		return []store.IdleSession{{ID: both[0].ID, Idle: both[0].Live(when) != nil}, {ID: both[1].ID, Idle: both[1].Live(when) != nil}}
	}
	over := brief.SeenAt.Add(brief.Idle.Std())
	for _, when := range []time.Time{over.Add(-time.Microsecond), over, long.SeenAt.Add(sso.SessionIdle - time.Microsecond), long.SeenAt.Add(sso.SessionIdle)} {
		same(w, "IdleSessions()", at(when), look("", when, 10))
	}
	same(w, "the first one", at(over)[:1], look("", over, 1))
	same(w, "the one after it", at(over)[1:], look(both[0].ID, over, 1))
	none[store.IdleSession](w, "those after all")(w.reader().IdleSessions(ctx, both[1].ID, over, 10))
	end(over.Add(-time.Microsecond), 0)
	// It is used between the look and the end.
	w.write(func(tx *store.Writer) error { return tx.TouchSession(ctx, brief.ID, over) })
	end(over, 0)
	over = over.Add(brief.Idle.Std())
	end(over, 1)
	end(over, 0)
	w.write(func(tx *store.Writer) error {
		if err := tx.TouchSession(ctx, brief.ID, over); !errors.Is(err, store.ErrNotFound) {
			w.Errorf("a session that has ended is used: %v", err)
		}
		return nil
	})
	same(w, "those that are open", []store.IdleSession{{ID: long.ID}}, look("", over, 10))
}
