package storetest

import (
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func watchesAreKept(w *world) {
	ctx := w.ctx
	acme, other := w.addOrg("acme", nil), w.addOrg("other", nil)
	c := w.addConnection(acme.ID, "acme-okta")
	r := w.reader()
	begun := get[sso.Watch](w, "Watch()")(r.Org(acme.ID).Watch(ctx, c.ID))
	same(w, "Watch() of a new connection", sso.Watch{Connection: c.ID, Org: acme.ID, DueAt: c.CreatedAt, Version: 1}, begun)
	missing[sso.Watch](w, "Watch() of another organization")(r.Org(other.ID).Watch(ctx, c.ID))

	x := begun
	x.DueAt = w.now.Add(time.Hour)
	x.Seen = sso.WatchState{URL: "https://idp.example/metadata", Keys: []string{"a"}, ReadAt: w.now, Held: sso.Published{EntityID: "https://other.example"}, HeldAt: w.now}
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveWatch(ctx, x) })
	w.refused(store.ErrConflict, func(tx *store.Writer) error { return tx.Org(acme.ID).SaveWatch(ctx, x) })
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).NoteFetch(ctx, c.ID, "ADFS", w.now) })
	w.write(func(tx *store.Writer) error { return tx.Org(other.ID).NoteFetch(ctx, c.ID, "nobody", w.now) })
	x.Version, x.FetchedAt, x.FetchedBy = 2, w.now, "ADFS"
	same(w, "Watch()", x, get[sso.Watch](w, "Watch()")(r.Org(acme.ID).Watch(ctx, c.ID)))
	same(w, "Watches()", []sso.Watch{x}, get[[]sso.Watch](w, "Watches()")(r.Org(acme.ID).Watches(ctx)))
	same(w, "Watches() of another", nil, get[[]sso.Watch](w, "Watches()")(r.Org(other.ID).Watches(ctx)))

	due := func(now time.Time) int {
		return len(get[[]sso.Watch](w, "WatchesDue()")(r.WatchesDue(ctx, now, 10)))
	}
	same(w, "due", 0, due(w.now))
	same(w, "due in an hour", 1, due(w.now.Add(time.Hour)))
	ask := func(org sso.OrgID, now time.Time) {
		w.write(func(tx *store.Writer) error { return tx.Org(org).AskWatch(ctx, c.ID, now, now.Add(-sso.WatchAsked)) })
	}
	ask(other.ID, w.now)
	same(w, "due, asked for by another organization", 0, due(w.now))
	ask(acme.ID, w.now)
	same(w, "due, asked for", 1, due(w.now))
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveWatch(ctx, x) })
	ask(acme.ID, w.now.Add(time.Minute))
	same(w, "due, asked for again too soon", 0, due(w.now.Add(time.Minute)))
	ask(acme.ID, w.now.Add(sso.WatchAsked))
	same(w, "due, asked for again", 1, due(w.now.Add(sso.WatchAsked)))
	w.write(func(tx *store.Writer) error { _, err := tx.Org(acme.ID).DeleteConnection(ctx, c, w.now); return err })
	missing[sso.Watch](w, "Watch() of a connection that was deleted")(r.Org(acme.ID).Watch(ctx, c.ID))
}
