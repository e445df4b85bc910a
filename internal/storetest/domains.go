package storetest

import (
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func domainsAreDue(w *world) {
	ctx := w.ctx
	acme, other := w.addOrg("acme", nil), w.addOrg("other", nil)
	save := func(org sso.OrgID, name string, next time.Time) sso.Domain {
		d := sso.NewDomain(org, name, w.later())
		d.Check.NextAt = next
		w.write(func(tx *store.Writer) error { return tx.Org(org).SaveDomain(ctx, d) })
		return d
	}
	second := save(acme.ID, "b.example", w.now.Add(-time.Second))
	first := save(other.ID, "a.example", w.now.Add(-time.Minute))
	third := save(acme.ID, "c.example", w.now)
	save(acme.ID, "later.example", w.now.Add(time.Second))
	save(acme.ID, "never.example", time.Time{})
	r := w.reader()
	same(w, "DomainsDue()", []sso.Domain{first, second, third}, get[[]sso.Domain](w, "DomainsDue()")(r.DomainsDue(ctx, w.now, 10)))
	same(w, "DomainsDue()", []sso.Domain{first}, get[[]sso.Domain](w, "DomainsDue()")(r.DomainsDue(ctx, w.now, 1)))
}

func domainPeopleAreCounted(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	below := w.addOrg("below", &acme)
	other := w.addOrg("other", nil)
	add := func(org sso.OrgID, name, email, hash string, state sso.UserState) sso.User {
		u := sso.User{ID: sso.NewUserID(w.later()), Home: org, Username: name, Email: sso.StoredEmail(email), State: state, PasswordHash: hash, CreatedAt: w.now, UpdatedAt: w.now}
		w.write(func(tx *store.Writer) error { return tx.Org(org).SaveUser(ctx, u) })
		return u
	}
	add(acme.ID, "a", "A@acme.example", "x", sso.UserActive)
	add(acme.ID, "b", "b@acme.example", "", sso.UserActive)
	withPasskey := add(below.ID, "c", "c@acme.example", "", sso.UserActive)
	w.write(func(tx *store.Writer) error {
		return tx.InsertFactor(ctx, sso.Factor{ID: sso.NewFactorID(w.now), User: withPasskey.ID, Kind: sso.FactorPasskey, Name: "Key", CreatedAt: w.now})
	})
	add(acme.ID, "gone", "gone@acme.example", "", sso.UserDeleted)
	add(acme.ID, "sub", "x@sub.acme.example", "", sso.UserActive)
	add(acme.ID, "like", "x@notacme.example", "", sso.UserActive)
	add(acme.ID, "none", "", "", sso.UserActive)
	add(other.ID, "guest", "guest@acme.example", "", sso.UserActive)
	r := w.reader()
	same(w, "CountDomainPeople()", store.DomainPeople{All: 3, Without: 1}, get[store.DomainPeople](w, "CountDomainPeople()")(r.CountDomainPeople(ctx, acme.ID, "acme.example", 100)))
	same(w, "CountDomainPeople() below", store.DomainPeople{All: 1}, get[store.DomainPeople](w, "CountDomainPeople()")(r.CountDomainPeople(ctx, below.ID, "acme.example", 100)))
	same(w, "CountDomainPeople() of nobody's", store.DomainPeople{}, get[store.DomainPeople](w, "CountDomainPeople()")(r.CountDomainPeople(ctx, acme.ID, "other.example", 100)))
	same(w, "CountDomainPeople() with a limit", 1, get[store.DomainPeople](w, "CountDomainPeople()")(r.CountDomainPeople(ctx, below.ID, "acme.example", 1)).All)
}
