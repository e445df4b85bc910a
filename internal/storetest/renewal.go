package storetest

import (
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// sessionsAreRenewed follows a role through the sessions of its person.
func sessionsAreRenewed(w *world) {
	ctx, r := w.ctx, w.reader()
	acme, rival := w.addOrg("acme", nil), w.addOrg("rival", nil)
	alice, bob := w.addUser(acme.ID, "alice"), w.addUser(acme.ID, "bob")
	w.addMember(acme.ID, alice.ID)
	w.addMember(rival.ID, alice.ID)
	w.addMember(acme.ID, bob.ID)
	s, old := w.addSession(acme.ID, alice.ID)
	_, elsewhere := w.addSession(rival.ID, alice.ID)
	_, others := w.addSession(acme.ID, bob.ID)
	over, _ := w.addSession(acme.ID, alice.ID)
	w.write(func(tx *store.Writer) error { return tx.EndSession(ctx, over.ID, w.now) })
	person := func(token secret.Hash) sso.Person { return get[sso.Person](w, "Person()")(r.Person(ctx, token)) }
	follow := func(from, to sso.Role) {
		w.Helper()
		w.write(func(tx *store.Writer) error {
			return tx.Org(acme.ID).RoleChanged(ctx, &acme, alice.ID, from, to, w.now)
		})
	}
	token, until := secret.NewToken().Hash(), w.now.Add(time.Minute)
	renew := func(old, token secret.Hash) func(tx *store.Writer) error {
		return func(tx *store.Writer) error { return tx.RenewSession(ctx, old, token, until) }
	}

	w.refused(store.ErrNotFound, renew(old, token)) // it waits for nothing
	follow(sso.RoleMember, sso.RoleRestricted)
	follow(sso.RoleMember, sso.RoleMember)
	same(w, "the former role after no rise", sso.Role(""), person(old).Former)
	follow(sso.RoleRestricted, sso.RoleMember)
	follow(sso.RoleMember, "auditor")
	p := person(old)
	same(w, "the former role, the first of two", sso.RoleRestricted, p.Former)
	same(w, "the former role by the session", sso.RoleRestricted, get[sso.Person](w, "PersonBySession()")(r.PersonBySession(ctx, s.ID)).Former)
	same(w, "waiting", true, p.Waits())
	for _, other := range []secret.Hash{elsewhere, others} {
		same(w, "the former role of another session", sso.Role(""), person(other).Former)
	}
	missing[sso.Person](w, "RetiredPerson() by a token that is good")(r.RetiredPerson(ctx, old, w.now))

	w.write(renew(old, token))
	w.refused(store.ErrNotFound, renew(old, secret.NewToken().Hash()))
	w.refused(store.ErrNotFound, renew(token, secret.NewToken().Hash()))
	missing[sso.Person](w, "Person() by the old token")(r.Person(ctx, old))
	same(w, "the former role by the new token", sso.Role(""), person(token).Former)
	p = get[sso.Person](w, "RetiredPerson()")(r.RetiredPerson(ctx, old, until.Add(-time.Microsecond)))
	same(w, "the session of the old token", s.ID, p.Session.ID)
	same(w, "the former role by the old token", sso.RoleRestricted, p.Former)
	same(w, "retired, and waiting for nothing", true, p.Retired && !p.Waits())
	missing[sso.Person](w, "RetiredPerson() when its time is over")(r.RetiredPerson(ctx, old, until))
	missing[sso.Person](w, "RetiredPerson() by the new token")(r.RetiredPerson(ctx, token, w.now))

	// Whoever proves themselves anew needs neither.
	follow("auditor", sso.RoleMember)
	fresh := secret.NewToken().Hash()
	w.write(func(tx *store.Writer) error { return tx.RefreshSession(ctx, s, fresh, w.now) })
	same(w, "the former role after a proof", sso.Role(""), person(fresh).Former)
	missing[sso.Person](w, "RetiredPerson() after a proof")(r.RetiredPerson(ctx, old, w.now))
	follow(sso.RoleMember, "auditor")
	back := secret.NewToken().Hash()
	w.write(func(tx *store.Writer) error { return tx.RotateSession(ctx, s.ID, back, w.now) })
	same(w, "the former role after a rotation", sso.Role(""), person(back).Former)

	// Whoever signs out by the old token is out.
	follow("auditor", sso.RoleMember)
	last := secret.NewToken().Hash()
	w.write(renew(back, last))
	w.write(func(tx *store.Writer) error { return tx.EndSessionOf(ctx, back, until) }) // too late
	same(w, "a session that a dead token was to end", true, person(last).Session.EndedAt.IsZero())
	w.write(func(tx *store.Writer) error { return tx.EndSessionOf(ctx, back, w.now) })
	same(w, "the end of the session", w.now, person(last).Session.EndedAt)
	same(w, "the end by the old token", w.now, get[sso.Person](w, "RetiredPerson()")(r.RetiredPerson(ctx, back, w.now)).Session.EndedAt)

	// Who may open a console comes in anew, in that organization.
	_, third := w.addSession(acme.ID, alice.ID)
	follow(sso.RoleMember, sso.RoleAdmin)
	same(w, "the end of a session whose person rises", w.now, person(third).Session.EndedAt)
	for _, other := range []secret.Hash{elsewhere, others} {
		same(w, "another session", true, person(other).Session.EndedAt.IsZero())
	}
	follow(sso.RoleMember, "auditor")
	w.refused(store.ErrNotFound, renew(third, secret.NewToken().Hash())) // it has ended
	w.refused(store.ErrReference, func(tx *store.Writer) error {
		return tx.Org(rival.ID).RoleChanged(ctx, &acme, alice.ID, sso.RoleMember, sso.RoleAdmin, w.now)
	})
}
