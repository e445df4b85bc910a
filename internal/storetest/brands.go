package storetest

import (
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func brandsAreKept(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	plain := w.organization("plain", &acme)
	plain.Brand = sso.Brand{}
	w.write(func(tx *store.Writer) error { return tx.SaveOrganization(ctx, plain) })
	below := w.organization("below", &plain)
	below.Brand = sso.Brand{Accent: "#ffffff"}
	w.write(func(tx *store.Writer) error { return tx.SaveOrganization(ctx, below) })
	other := w.organization("other", nil)
	other.Brand = sso.Brand{}
	w.write(func(tx *store.Writer) error { return tx.SaveOrganization(ctx, other) })
	r := w.reader()
	for org, want := range map[sso.OrgID]sso.Brand{acme.ID: acme.Brand, plain.ID: acme.Brand, below.ID: below.Brand, other.ID: {}, "org_none": {}} {
		same(w, "BrandOf()", want, get[sso.Brand](w, "BrandOf()")(r.BrandOf(ctx, org)))
	}
	a := w.attempt()
	a.Org = plain.ID
	w.write(func(tx *store.Writer) error { return tx.InsertAttempt(ctx, a) })
	same(w, "BrandOfAttempt()", acme.Brand, get[sso.Brand](w, "BrandOfAttempt()")(r.BrandOfAttempt(ctx, a.ID)))
	missing[sso.Brand](w, "BrandOfAttempt()")(r.BrandOfAttempt(ctx, "att_none"))

	// What an app says comes before what the organization says, piece by piece.
	app := w.app("portal")
	app.Brand = sso.Brand{Name: "Portal", Accent: "#123456"}
	w.write(func(tx *store.Writer) error { return tx.SaveApp(ctx, app) })
	for org, want := range map[sso.OrgID]sso.Brand{plain.ID: {Name: "Portal", Accent: "#123456", Logo: acme.Brand.Logo}, "": app.Brand} {
		of := w.attempt()
		of.App, of.Org = app.ID, org
		w.write(func(tx *store.Writer) error { return tx.InsertAttempt(ctx, of) })
		same(w, "BrandOfAttempt() for an app", want, get[sso.Brand](w, "BrandOfAttempt()")(r.BrandOfAttempt(ctx, of.ID)))
	}

	missing[[]byte](w, "Logo()")(r.Logo(ctx, "a"))
	for _, hash := range []string{"a", "b", "b"} {
		w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveLogo(ctx, hash, []byte{0, 1, 255}, w.now) })
	}
	w.write(func(tx *store.Writer) error { return tx.Org(other.ID).SaveLogo(ctx, "c", []byte{2}, w.now) })
	missing[[]byte](w, "Logo() that was replaced")(r.Logo(ctx, "a"))
	same(w, "Logo()", []byte{0, 1, 255}, get[[]byte](w, "Logo()")(r.Logo(ctx, "b")))
	same(w, "Logo() of another", []byte{2}, get[[]byte](w, "Logo()")(r.Logo(ctx, "c")))
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveLogo(ctx, "", nil, w.now) })
	missing[[]byte](w, "Logo() that was removed")(r.Logo(ctx, "b"))
	same(w, "Logo() of another", []byte{2}, get[[]byte](w, "Logo()")(r.Logo(ctx, "c")))

	// Those of apps are found the same way, and go with their app.
	for _, hash := range []string{"d", "e", "e"} {
		w.write(func(tx *store.Writer) error { return tx.SaveAppLogo(ctx, app.ID, hash, []byte{3, 0}, w.now) })
	}
	admin := w.addApp("admin")
	w.write(func(tx *store.Writer) error { return tx.SaveAppLogo(ctx, admin.ID, "f", []byte{4}, w.now) })
	missing[[]byte](w, "Logo() of an app that was replaced")(r.Logo(ctx, "d"))
	same(w, "Logo() of an app", []byte{3, 0}, get[[]byte](w, "Logo()")(r.Logo(ctx, "e")))
	w.write(func(tx *store.Writer) error { return tx.SaveAppLogo(ctx, app.ID, "", nil, w.now) })
	missing[[]byte](w, "Logo() of an app that was removed")(r.Logo(ctx, "e"))
	same(w, "Logo() of another app", []byte{4}, get[[]byte](w, "Logo()")(r.Logo(ctx, "f")))
	w.write(func(tx *store.Writer) error { return tx.DeleteApp(ctx, admin.ID) })
	missing[[]byte](w, "Logo() of an app that is gone")(r.Logo(ctx, "f"))
	same(w, "Logo() of another", []byte{2}, get[[]byte](w, "Logo()")(r.Logo(ctx, "c")))
}
