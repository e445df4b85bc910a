package storetest

import (
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func manyAreRead(w *world) {
	ctx := w.ctx
	acme, other := w.addOrg("acme", nil), w.addOrg("other", nil)
	c := w.connection(acme.ID, "acme-okta")
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveConnection(ctx, c) })
	alice, bob, twin := w.addUser(acme.ID, "alice"), w.addUser(acme.ID, "bob"), w.addUser(other.ID, "alice")
	r := w.reader()
	at := func(u sso.User, o sso.Organization) store.UserAt { return store.UserAt{User: u, HomePath: o.Path} }
	emails := []sso.Email{alice.Email, bob.Email}
	want := []store.UserAt{at(alice, acme), at(bob, acme)}
	if twin.Email.Same(alice.Email) {
		want = append(want, at(twin, other))
	}
	same(w, "UsersByEmails()", want, get[[]store.UserAt](w, "UsersByEmails()")(r.UsersByEmails(ctx, emails)))
	same(w, "UsersByEmails() of nobody", nil, get[[]store.UserAt](w, "UsersByEmails()")(r.UsersByEmails(ctx, nil)))

	link := func(subject string, u sso.User) sso.Link {
		l := sso.Link{Connection: c.ID, Org: acme.ID, Subject: subject, User: u.ID, Issuer: "https://idp.example", CreatedAt: w.later(), SeenAt: w.now}
		w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).InsertLink(ctx, l) })
		return l
	}
	first, second := link("named:a", alice), link("named:b", bob)
	same(w, "LinksOfUsers()", []sso.Link{first, second}, get[[]sso.Link](w, "LinksOfUsers()")(r.LinksOfUsers(ctx, []sso.UserID{alice.ID, bob.ID, twin.ID})))
	same(w, "LinksOfUsers() of one", []sso.Link{second}, get[[]sso.Link](w, "LinksOfUsers()")(r.LinksOfUsers(ctx, []sso.UserID{bob.ID})))
	same(w, "LinksOfUsers() of nobody", nil, get[[]sso.Link](w, "LinksOfUsers()")(r.LinksOfUsers(ctx, nil)))

	proved := sso.Domain{Org: acme.ID, Name: "a.example", State: sso.DomainVerified, Proof: sso.ProofDNS, CreatedAt: w.now, VerifiedAt: w.now}
	claimed := sso.Domain{Org: other.ID, Name: "b.example", State: sso.DomainInReview, CreatedAt: w.now}
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveDomain(ctx, proved) })
	w.write(func(tx *store.Writer) error { return tx.Org(other.ID).SaveDomain(ctx, claimed) })
	one := get[sso.Domain](w, "VerifiedDomain()")(r.VerifiedDomain(ctx, "a.example"))
	same(w, "VerifiedDomains()", []sso.Domain{one}, get[[]sso.Domain](w, "VerifiedDomains()")(r.VerifiedDomains(ctx, []string{"a.example", "b.example", "c.example"})))
	same(w, "VerifiedDomains() of none", nil, get[[]sso.Domain](w, "VerifiedDomains()")(r.VerifiedDomains(ctx, nil)))
}
