package storetest

import (
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func belongingsAreListed(w *world) {
	ctx := w.ctx
	acme, globex, initech, off := w.addOrg("acme", nil), w.addOrg("globex", nil), w.addOrg("initech", nil), w.addOrg("off", nil)
	alice := w.addUser(acme.ID, "alice")
	for _, o := range []sso.Organization{acme, globex, off} {
		w.addMember(o.ID, alice.ID)
	}
	off.State = sso.OrgSuspended
	w.write(func(tx *store.Writer) error { return tx.SaveOrganization(ctx, off) })
	all := []sso.OrgID{initech.ID, globex.ID, off.ID, acme.ID}
	list := get[[]store.Belonging](w, "Belongings()")
	named := func(o sso.Organization, seen time.Time) store.Belonging {
		return store.Belonging{Org: o.ID, Key: o.Key, Name: o.Name, SeenAt: seen}
	}
	same(w, "who was never there", []store.Belonging{named(acme, time.Time{}), named(globex, time.Time{})}, list(w.reader().Belongings(ctx, alice.ID, all)))
	seen := w.later()
	w.write(func(tx *store.Writer) error {
		return tx.NoteSignIns(ctx, store.SignedIn{User: alice.ID, Org: globex.ID, At: seen})
	})
	same(w, "the one used last", []store.Belonging{named(globex, seen), named(acme, time.Time{})}, list(w.reader().Belongings(ctx, alice.ID, all)))
	same(w, "of one that is asked for", []store.Belonging{named(acme, time.Time{})}, list(w.reader().Belongings(ctx, alice.ID, []sso.OrgID{acme.ID})))
	none[store.Belonging](w, "Belongings() of none")(w.reader().Belongings(ctx, alice.ID, nil))
	none[store.Belonging](w, "Belongings() of nobody")(w.reader().Belongings(ctx, "usr_none", all))
}
