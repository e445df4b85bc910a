package storetest

import (
	"cmp"
	"slices"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// everythingIsNamed reads what an export goes by.
func everythingIsNamed(w *world) {
	ctx := w.ctx
	r := w.reader()
	same(w, "OrganizationKeys() of nothing", nil, get[[]store.OrganizationName](w, "OrganizationKeys()")(r.OrganizationKeys(ctx)))
	acme, other := w.addOrg("acme", nil), w.addOrg("other", nil)
	keys := get[[]store.OrganizationName](w, "OrganizationKeys()")(r.OrganizationKeys(ctx))
	slices.SortFunc(keys, func(a, b store.OrganizationName) int { return cmp.Compare(a.Key, b.Key) })
	same(w, "OrganizationKeys()", []store.OrganizationName{{ID: acme.ID, Key: "acme"}, {ID: other.ID, Key: "other"}}, keys)

	alice, bob := w.addUser(acme.ID, "Alice"), w.user(acme.ID, "bob")
	bob.Username = ""
	gone := w.user(acme.ID, "gone")
	gone.State = sso.UserDeleted
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveUser(ctx, bob) })
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveUser(ctx, gone) })
	w.addUser(other.ID, "elsewhere")
	names := get[[]store.UserName](w, "UserNames()")(r.Org(acme.ID).UserNames(ctx))
	slices.SortFunc(names, func(a, b store.UserName) int { return cmp.Compare(b.UsernameKey, a.UsernameKey) })
	same(w, "UserNames()", []store.UserName{
		{ID: alice.ID, UsernameKey: sso.UsernameKey(alice.Username), EmailKey: alice.Email.Key()}, {ID: bob.ID, EmailKey: bob.Email.Key()},
	}, names)

	home, guest, his := w.addMember(acme.ID, alice.ID), w.addMember(other.ID, alice.ID), w.addMember(acme.ID, bob.ID)
	in := get[[]sso.Membership](w, "MembershipsOf()")(r.MembershipsOf(ctx, []sso.UserID{alice.ID, bob.ID, gone.ID}))
	slices.SortFunc(in, func(a, b sso.Membership) int { return a.CreatedAt.Compare(b.CreatedAt) })
	same(w, "MembershipsOf()", []sso.Membership{home, guest, his}, in)
	same(w, "MembershipsOf() nobody", nil, get[[]sso.Membership](w, "MembershipsOf()")(r.MembershipsOf(ctx, nil)))
}
