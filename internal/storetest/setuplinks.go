package storetest

import (
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func setupLinksAreKept(w *world) {
	ctx := w.ctx
	acme, other := w.addOrg("acme", nil), w.addOrg("other", nil)
	token := secret.NewToken().Hash()
	l := sso.SetupLink{
		ID: sso.NewSetupLinkID(w.now), Org: acme.ID, Scope: sso.SetupDomains, Note: "for DNS", By: "usr_a",
		CreatedAt: w.now, ExpiresAt: w.now.Add(sso.SetupLinkLife), Disowned: true, // nobody of that name is there
	}
	later := l
	later.ID, later.CreatedAt = sso.NewSetupLinkID(w.now), w.now.Add(time.Second)
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).InsertSetupLink(ctx, l, token) })
	w.write(func(tx *store.Writer) error {
		return tx.Org(acme.ID).InsertSetupLink(ctx, later, secret.NewToken().Hash())
	})
	r := w.reader()
	same(w, "SetupLink()", l, get[sso.SetupLink](w, "SetupLink()")(r.SetupLink(ctx, token)))
	missing[sso.SetupLink](w, "SetupLink()")(r.SetupLink(ctx, secret.NewToken().Hash()))
	same(w, "SetupLink() of the organization", l, get[sso.SetupLink](w, "SetupLink()")(r.Org(acme.ID).SetupLink(ctx, l.ID)))
	missing[sso.SetupLink](w, "SetupLink() of another organization")(r.Org(other.ID).SetupLink(ctx, l.ID))
	same(w, "SetupLinks()", []sso.SetupLink{later, l}, get[[]sso.SetupLink](w, "SetupLinks()")(r.Org(acme.ID).SetupLinks(ctx, store.Place{}, 10)))
	same(w, "SetupLinks() behind a place", []sso.SetupLink{l},
		get[[]sso.SetupLink](w, "SetupLinks()")(r.Org(acme.ID).SetupLinks(ctx, store.Place{At: later.CreatedAt, ID: string(later.ID)}, 10)))

	opened, revoked := w.now.Add(time.Minute), w.now.Add(time.Hour)
	w.write(func(tx *store.Writer) error { return tx.Org(other.ID).RevokeSetupLink(ctx, l.ID, opened) })
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).NoteSetupLink(ctx, l.ID, opened) })
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).RevokeSetupLink(ctx, l.ID, revoked) })
	w.write(func(tx *store.Writer) error {
		return tx.Org(acme.ID).RevokeSetupLink(ctx, l.ID, revoked.Add(time.Hour))
	})
	l.OpenedAt, l.RevokedAt = opened, revoked
	same(w, "SetupLink() that was revoked", l, get[sso.SetupLink](w, "SetupLink()")(r.SetupLink(ctx, token)))

	names := get[map[string]string](w, "NamesIn()")(r.NamesIn(ctx, []sso.Event{{Actor: string(l.ID)}, {Actor: "set_none", Target: string(l.ID)}}))
	same(w, "NamesIn()", map[string]string{string(l.ID): "for DNS"}, names)
}
