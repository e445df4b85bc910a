package storetest

import (
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func shadowsAreKept(w *world) {
	ctx := w.ctx
	acme, other := w.addOrg("acme", nil), w.addOrg("other", nil)
	c := w.connection(acme.ID, "acme-okta")
	c.Turn = 3
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveConnection(ctx, c) })
	c.Version = 1
	r := w.reader()
	same(w, "Connection()", c, get[sso.Connection](w, "Connection()")(r.Org(acme.ID).Connection(ctx, c.ID)))
	missing[sso.Shadow](w, "Shadow()")(r.Shadow(ctx, c.ID, sso.Prepared))

	s := c.Aside(sso.Prepared, w.now)
	s.SAML.IdPEntityID, s.Attributes.Email = "https://new.example", "mail"
	save := func(s sso.Shadow) {
		w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveShadow(ctx, s) })
	}
	save(s)
	w.refused(store.ErrConflict, func(tx *store.Writer) error { return tx.Org(acme.ID).SaveShadow(ctx, s) })
	s.Version = w.now.UnixMicro()
	same(w, "Shadow()", s, get[sso.Shadow](w, "Shadow()")(r.Shadow(ctx, c.ID, sso.Prepared)))
	same(w, "Shadow() of the organization", s, get[sso.Shadow](w, "Shadow()")(r.Org(acme.ID).Shadow(ctx, c.ID, sso.Prepared)))
	missing[sso.Shadow](w, "Shadow() of another organization")(r.Org(other.ID).Shadow(ctx, c.ID, sso.Prepared))
	missing[sso.Shadow](w, "Shadow() of another kind")(r.Shadow(ctx, c.ID, sso.Former))

	s.Attributes.Email, s.UpdatedAt = "email", w.now.Add(time.Minute)
	save(s)
	w.refused(store.ErrConflict, func(tx *store.Writer) error { return tx.Org(acme.ID).SaveShadow(ctx, s) }) // a stale version
	s.Version++
	same(w, "Shadow() that was saved", s, get[sso.Shadow](w, "Shadow()")(r.Shadow(ctx, c.ID, sso.Prepared)))

	w.write(func(tx *store.Writer) error { return tx.Org(other.ID).DeleteShadow(ctx, c.ID, sso.Prepared) })
	same(w, "Shadow() that another organization deletes", s, get[sso.Shadow](w, "Shadow()")(r.Shadow(ctx, c.ID, sso.Prepared)))
	former := c.Aside(sso.Former, w.now)
	save(former)
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).DeleteShadow(ctx, c.ID, sso.Prepared) })
	missing[sso.Shadow](w, "Shadow() that was deleted")(r.Shadow(ctx, c.ID, sso.Prepared))
	former.Version = w.now.UnixMicro()
	same(w, "the other Shadow()", former, get[sso.Shadow](w, "Shadow()")(r.Shadow(ctx, c.ID, sso.Former)))
	w.write(func(tx *store.Writer) error {
		_, err := tx.Org(acme.ID).DeleteConnection(ctx, c, w.now)
		return err
	})
	missing[sso.Shadow](w, "Shadow() of a connection that was deleted")(r.Shadow(ctx, c.ID, sso.Former))
}
