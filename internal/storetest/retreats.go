package storetest

import (
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func retreatsAreKept(w *world) {
	ctx := w.ctx
	acme, other := w.addOrg("acme", nil), w.addOrg("other", nil)
	r := w.reader()
	missing[sso.Retreat](w, "Retreat()")(r.Org(acme.ID).Retreat(ctx))
	t := sso.Retreat{
		Org: acme.ID, State: sso.RetreatRunning, By: "usr_a", ByOrg: acme.ID, Address: "192.0.2.1", AfterKey: []byte("key"), AfterUser: "usr_b",
		Total: 9, Sent: 3, Skipped: 1, Code: "rights_owner", NextAt: w.now, CreatedAt: w.now, UpdatedAt: w.now,
	}
	save := func(t sso.Retreat) {
		w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveRetreat(ctx, t) })
	}
	w.refused(store.ErrReference, func(tx *store.Writer) error { return tx.Org(other.ID).SaveRetreat(ctx, t) })
	save(t)
	w.refused(store.ErrConflict, func(tx *store.Writer) error { return tx.Org(acme.ID).SaveRetreat(ctx, t) })
	t.Version = 1
	same(w, "Retreat()", t, get[sso.Retreat](w, "Retreat()")(r.Org(acme.ID).Retreat(ctx)))
	missing[sso.Retreat](w, "Retreat() of another organization")(r.Org(other.ID).Retreat(ctx))
	same(w, "NextRetreat()", t, get[sso.Retreat](w, "NextRetreat()")(r.NextRetreat(ctx, w.now)))
	missing[sso.Retreat](w, "NextRetreat() before its time")(r.NextRetreat(ctx, w.now.Add(-time.Second)))
	t.State, t.AfterKey, t.AfterUser, t.Sent = sso.RetreatDone, nil, "", 8
	save(t)
	w.refused(store.ErrConflict, func(tx *store.Writer) error { return tx.Org(acme.ID).SaveRetreat(ctx, t) }) // a stale version
	t.Version = 2
	same(w, "Retreat() that was saved", t, get[sso.Retreat](w, "Retreat()")(r.Org(acme.ID).Retreat(ctx)))
	missing[sso.Retreat](w, "NextRetreat() of one that is done")(r.NextRetreat(ctx, w.now))

	alice, bob := w.addUser(acme.ID, "alice"), w.addUser(acme.ID, "bob")
	w.write(func(tx *store.Writer) error {
		return tx.InsertFactor(ctx, sso.Factor{ID: sso.NewFactorID(w.now), User: bob.ID, Kind: sso.FactorPasskey, Name: "Key", Passkey: &sso.Passkey{Credential: []byte("bob")}, CreatedAt: w.now})
	})
	same(w, "WithPasskeys()", []sso.UserID{bob.ID}, get[[]sso.UserID](w, "WithPasskeys()")(r.WithPasskeys(ctx, []sso.UserID{alice.ID, bob.ID})))
	same(w, "WithPasskeys() of nobody", nil, get[[]sso.UserID](w, "WithPasskeys()")(r.WithPasskeys(ctx, nil)))
}
