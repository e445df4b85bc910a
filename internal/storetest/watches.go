package storetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"math/big"
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

func certificatesEnd(w *world) {
	ctx := w.ctx
	acme, other := w.addOrg("acme", nil), w.addOrg("other", nil)
	add := func(org sso.OrgID, key string, state sso.ConnectionState, days int) sso.Connection {
		c := w.connection(org, key)
		c.State = state
		c.SAML.Certificates = [][]byte{w.certificate(w.now.Add(time.Duration(days) * 24 * time.Hour)), {1}}
		w.write(func(tx *store.Writer) error { return tx.Org(org).SaveConnection(ctx, c) })
		return c
	}
	late := add(acme.ID, "late", sso.ConnectionActive, 50)
	soon := add(other.ID, "soon", sso.ConnectionActive, 5)
	add(acme.ID, "draft", sso.ConnectionDraft, 5)
	good := add(acme.ID, "good", sso.ConnectionActive, 400)
	r := w.reader()
	keys := func(org sso.OrgID, before time.Time) []string {
		var keys []string
		for _, e := range get[[]store.Ending](w, "Ending()")(r.Ending(ctx, org, before, 10)) {
			keys = append(keys, e.OrgKey+" "+e.Key)
		}
		return keys
	}
	before := w.now.Add(60 * 24 * time.Hour)
	same(w, "Ending()", []string{"other soon", "acme late"}, keys("", before))
	same(w, "Ending() of an organization", []string{"acme late"}, keys(acme.ID, before))
	late.Version, late.SAML.Certificates = 1, good.SAML.Certificates
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveConnection(ctx, late) })
	w.write(func(tx *store.Writer) error {
		bulk := w.connection(acme.ID, "bulk")
		bulk.State, bulk.SAML.Certificates = sso.ConnectionActive, soon.SAML.Certificates
		return tx.InsertConnections(ctx, []sso.Connection{bulk})
	})
	same(w, "Ending() after a new certificate, and one of many", []string{"acme bulk"}, keys(acme.ID, before))
}

// certificate returns one that ends then.
func (w *world) certificate(ends time.Time) []byte {
	w.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: ends.Add(-time.Hour), NotAfter: ends}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		w.Fatal(err)
	}
	return der
}
