package storetest

import (
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func standingsAreRead(w *world) {
	ctx := w.ctx
	acme, other := w.addOrg("acme", nil), w.addOrg("other", nil)
	emea := w.addOrg("emea", &acme)
	r := w.reader()
	own := func(org sso.OrgID, u sso.User, role sso.Role) sso.Membership {
		w.Helper()
		at := w.later()
		m := sso.Membership{Org: org, User: u.ID, Role: role, CreatedAt: at, UpdatedAt: at}
		w.write(func(tx *store.Writer) error { return tx.Org(org).SaveMembership(ctx, m) })
		return m
	}
	alice, bob, carol := w.addUser(emea.ID, "alice"), w.addUser(acme.ID, "bob"), w.addUser(acme.ID, "carol")
	first := own(emea.ID, alice, sso.RoleOwner)
	second := own(acme.ID, alice, sso.RoleOwner)
	third := own(other.ID, alice, sso.RoleMember)
	own(acme.ID, bob, sso.RoleOwner)
	own(acme.ID, carol, sso.RoleOwner)
	own(other.ID, bob, sso.RoleOwner)
	want := sso.Standing{User: alice, HomePath: emea.Path, Positions: []sso.Position{
		{Membership: first, Path: emea.Path}, {Membership: second, Path: acme.Path, OtherOwners: 2}, {Membership: third, Path: other.Path},
	}}
	same(w, "Standing()", want, get[sso.Standing](w, "Standing()")(r.Standing(ctx, alice.ID)))
	missing[sso.Standing](w, "Standing()")(r.Standing(ctx, "usr_none"))

	// An owner who may not sign in is none to rely on.
	bob.State = sso.UserSuspended
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveUser(ctx, bob) })
	want.Positions[1].OtherOwners = 1
	same(w, "Position()", want.Positions[1], get[sso.Position](w, "Position()")(r.Org(acme.ID).Position(ctx, alice.ID)))
	missing[sso.Position](w, "Position()")(r.Org(emea.ID).Position(ctx, bob.ID))
}

func membershipsEnd(w *world) {
	ctx := w.ctx
	acme, other := w.addOrg("acme", nil), w.addOrg("other", nil)
	alice := w.addUser(acme.ID, "alice")
	w.addMember(acme.ID, alice.ID)
	kept := w.addMember(other.ID, alice.ID)
	_, ended := w.addSession(acme.ID, alice.ID)
	s, token := w.addSession(other.ID, alice.ID)
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).RemoveMembership(ctx, alice.ID, w.later()) })
	r := w.reader()
	missing[sso.Membership](w, "Membership()")(r.Org(acme.ID).Membership(ctx, alice.ID))
	missing[sso.Person](w, "Person()")(r.Person(ctx, ended))
	same(w, "Membership() elsewhere", kept, get[sso.Membership](w, "Membership()")(r.Org(other.ID).Membership(ctx, alice.ID)))
	same(w, "the session elsewhere", s, get[sso.Person](w, "Person()")(r.Person(ctx, token)).Session)
	for _, q := range []store.PeopleQuery{{}, {Words: []string{"alice"}}, {Group: "ops"}} {
		if n := len(w.listed(acme.ID, q)); n != 0 {
			w.Errorf("%+v still finds %d", q, n)
		}
	}
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.Org(acme.ID).RemoveMembership(ctx, alice.ID, w.later()) })
	w.write(func(tx *store.Writer) error { return tx.Org(other.ID).RemoveMembership(ctx, alice.ID, w.later()) })
	w.addMember(acme.ID, alice.ID)
	if n := len(w.listed(acme.ID, store.PeopleQuery{Words: []string{"alice"}})); n != 1 {
		w.Errorf("who has come back is found %d times", n)
	}
}

func sessionsAreListed(w *world) {
	ctx := w.ctx
	acme, other := w.addOrg("acme", nil), w.addOrg("other", nil)
	alice, bob := w.addUser(acme.ID, "alice"), w.addUser(acme.ID, "bob")
	for _, org := range []sso.OrgID{acme.ID, other.ID} {
		w.addMember(org, alice.ID)
	}
	w.addMember(acme.ID, bob.ID)
	a, _ := w.addSession(acme.ID, alice.ID)
	b, _ := w.addSession(other.ID, alice.ID)
	c, _ := w.addSession(acme.ID, alice.ID)
	w.addSession(acme.ID, bob.ID)
	r := w.reader()
	list := func() []store.SessionAt {
		w.Helper()
		return get[[]store.SessionAt](w, "SessionsOf()")(r.SessionsOf(ctx, alice.ID, w.now, 10))
	}
	at := func(s sso.Session, o sso.Organization) store.SessionAt {
		return store.SessionAt{Session: s, OrgName: o.Name, Path: o.Path}
	}
	same(w, "SessionsOf()", []store.SessionAt{at(c, acme), at(b, other), at(a, acme)}, list())
	none[store.SessionAt](w, "SessionsOf() past their time")(r.SessionsOf(ctx, alice.ID, c.ExpiresAt.Add(time.Hour), 10))

	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.Org(other.ID).EndSession(ctx, alice.ID, a.ID, w.now) })
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.Org(acme.ID).EndSession(ctx, bob.ID, a.ID, w.now) })
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).EndSession(ctx, alice.ID, a.ID, w.now) })
	same(w, "SessionsOf() after one has ended", []store.SessionAt{at(c, acme), at(b, other)}, list())
	ended := func(fn func(tx *store.Writer) (int, error)) (n int) {
		w.Helper()
		w.write(func(tx *store.Writer) (err error) {
			n, err = fn(tx)
			return err
		})
		return n
	}
	same(w, "Org().EndSessionsOf()", 1, ended(func(tx *store.Writer) (int, error) { return tx.Org(acme.ID).EndSessionsOf(ctx, alice.ID, w.now) }))
	same(w, "SessionsOf() after those of one organization", []store.SessionAt{at(b, other)}, list())
	same(w, "EndSessionsOf()", 1, ended(func(tx *store.Writer) (int, error) { return tx.EndSessionsOf(ctx, alice.ID, w.now) }))
	none[store.SessionAt](w, "SessionsOf()")(r.SessionsOf(ctx, alice.ID, w.now, 10))
	same(w, "SessionsOf() of somebody else", 1, len(get[[]store.SessionAt](w, "SessionsOf()")(r.SessionsOf(ctx, bob.ID, w.now, 10))))
}

func peopleAreCounted(w *world) {
	ctx := w.ctx
	acme, rival := w.addOrg("acme", nil), w.addOrg("rival", nil)
	all := w.crowd(&acme, w.addConnection(acme.ID, "acme-okta"), 30)
	w.crowd(&rival, w.addConnection(rival.ID, "rival-okta"), 5)
	want := store.PeopleCounts{All: len(all)}
	for i := range all {
		if all[i].Role == sso.RoleOwner {
			want.Owners++
		}
		if all[i].State == sso.UserSuspended {
			want.Suspended++
		}
	}
	same(w, "CountPeople()", want, get[store.PeopleCounts](w, "CountPeople()")(w.reader().Org(acme.ID).CountPeople(ctx)))
}

func tracesOfAPerson(w *world) {
	ctx := w.ctx
	acme, other := w.addOrg("acme", nil), w.addOrg("other", nil)
	c := w.addConnection(acme.ID, "acme-okta")
	alice := w.addUser(acme.ID, "alice")
	trace := func(org sso.OrgID, user sso.UserID) sso.Trace {
		w.Helper()
		t := w.trace(org)
		t.User = user
		w.write(func(tx *store.Writer) error { return tx.InsertTrace(ctx, t) })
		return t
	}
	first := trace(acme.ID, alice.ID)
	trace(other.ID, alice.ID)
	trace(acme.ID, "usr_other")
	second := trace(acme.ID, alice.ID)
	r := w.reader()
	same(w, "TracesOf()", []sso.Trace{second, first}, get[[]sso.Trace](w, "TracesOf()")(r.Org(acme.ID).TracesOf(ctx, alice.ID, 5)))
	same(w, "TracesOf() few", []sso.Trace{second}, get[[]sso.Trace](w, "TracesOf()")(r.Org(acme.ID).TracesOf(ctx, alice.ID, 1)))

	none[store.LinkAt](w, "AllLinksOf()")(r.AllLinksOf(ctx, alice.ID))
	l := w.link(c, alice.ID, "alice")
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).InsertLink(ctx, l) })
	same(w, "AllLinksOf()", []store.LinkAt{{Link: l, ConnectionName: c.Name, Path: acme.Path}}, get[[]store.LinkAt](w, "AllLinksOf()")(r.AllLinksOf(ctx, alice.ID)))
}

// lastOwnersRace has two owners take each other's role away at once, each in
// the belief that the other one stays.
func lastOwnersRace(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	var owners []sso.Membership
	for i := range 8 {
		u := w.addUser(acme.ID, "owner"+string(rune('a'+i)))
		m := sso.Membership{Org: acme.ID, User: u.ID, Role: sso.RoleOwner, CreatedAt: w.now, UpdatedAt: w.now}
		w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveMembership(ctx, m) })
		owners = append(owners, m)
	}
	last := errors.New("the last owner")
	won := w.race(len(owners), last, func(n int, tx *store.Writer) error {
		p, err := tx.Org(acme.ID).Position(ctx, owners[n].User)
		if err != nil {
			return err
		}
		if p.OtherOwners == 0 {
			return last
		}
		p.Role = sso.RoleMember
		return tx.Org(acme.ID).SaveMembership(ctx, p.Membership)
	})
	if won != len(owners)-1 {
		w.Errorf("%d of %d owners have stepped down, want all but one", won, len(owners))
	}
}
