package storetest

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func usersAreKept(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	emea := w.addOrg("emea", &acme)
	r := w.reader()
	missing[sso.User](w, "User()")(r.User(ctx, "usr_none"))
	missing[store.UserAt](w, "UserAt()")(r.UserAt(ctx, "usr_none"))
	missing[sso.User](w, "Org().User()")(r.Org(acme.ID).User(ctx, "usr_none"))
	missing[sso.User](w, "UserByUsername()")(r.Org(acme.ID).UserByUsername(ctx, "alice"))
	none[sso.User](w, "Users()")(r.Org(acme.ID).Users(ctx))

	alice := w.addUser(emea.ID, "alice")
	full(w, alice)
	at := store.UserAt{User: alice, HomePath: emea.Path}
	same(w, "User()", alice, get[sso.User](w, "User()")(r.User(ctx, alice.ID)))
	same(w, "UserAt()", at, get[store.UserAt](w, "UserAt()")(r.UserAt(ctx, alice.ID)))
	same(w, "UsersByEmail()", []store.UserAt{at}, get[[]store.UserAt](w, "UsersByEmail()")(r.UsersByEmail(ctx, w.email("Alice@ACME.example"))))
	same(w, "UsersByUsername()", []store.UserAt{at}, get[[]store.UserAt](w, "UsersByUsername()")(r.UsersByUsername(ctx, "ALICE")))
	of := r.Org(emea.ID)
	same(w, "Org().User()", alice, get[sso.User](w, "Org().User()")(of.User(ctx, alice.ID)))
	same(w, "Org().Users()", []sso.User{alice}, get[[]sso.User](w, "Org().Users()")(of.Users(ctx)))
	same(w, "Org().UsersByEmail()", []sso.User{alice}, get[[]sso.User](w, "Org().UsersByEmail()")(of.UsersByEmail(ctx, alice.Email)))
	same(w, "Org().UserByUsername()", alice, get[sso.User](w, "Org().UserByUsername()")(of.UserByUsername(ctx, "Alice")))

	bare := sso.User{ID: sso.NewUserID(w.now), Home: emea.ID, State: sso.UserActive, CreatedAt: w.later(), UpdatedAt: w.now}
	w.write(func(tx *store.Writer) error { return tx.Org(emea.ID).SaveUser(ctx, bare) })
	bare.Version = 1
	same(w, "a user of nothing but a name", bare, get[sso.User](w, "User()")(r.User(ctx, bare.ID)))
	none[store.UserAt](w, "UsersByEmail() of no address")(r.UsersByEmail(ctx, sso.Email{}))
	none[store.UserAt](w, "UsersByUsername() of no name")(r.UsersByUsername(ctx, ""))
	none[sso.User](w, "Org().UsersByEmail() of no address")(of.UsersByEmail(ctx, sso.Email{}))
	missing[sso.User](w, "UserByUsername() of no name")(of.UserByUsername(ctx, ""))

	changed := alice
	changed.Username, changed.Email, changed.FirstName, changed.LastName, changed.State = "al", w.email("al@acme.example"), "", "", sso.UserDeleted
	changed.PasswordHash, changed.UpdatedAt, changed.LastSignInAt = "", w.later(), time.Time{}
	w.write(func(tx *store.Writer) error { return tx.Org(emea.ID).SaveUser(ctx, changed) })
	w.conflict(store.StaleVersion, func(tx *store.Writer) error { return tx.Org(emea.ID).SaveUser(ctx, changed) })
	changed.Version++
	same(w, "User() after a save", changed, get[sso.User](w, "User()")(r.User(ctx, alice.ID)))
	none[store.UserAt](w, "UsersByEmail() of the old address")(r.UsersByEmail(ctx, alice.Email))
}

func usernamesAndAddresses(w *world) {
	ctx := w.ctx
	acme, other := w.addOrg("acme", nil), w.addOrg("other", nil)
	alice := w.addUser(acme.ID, "alice")
	twin := w.user(acme.ID, "ALICE")
	w.conflict(store.HomeUsername, func(tx *store.Writer) error { return tx.Org(acme.ID).SaveUser(ctx, twin) })
	twin.Username = ""
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveUser(ctx, twin) })
	twin.Version = 1
	far := w.user(other.ID, "alice")
	w.write(func(tx *store.Writer) error { return tx.Org(other.ID).SaveUser(ctx, far) })
	far.Version = 1

	r := w.reader()
	same(w, "UsersByEmail()", []store.UserAt{{User: alice, HomePath: acme.Path}, {User: twin, HomePath: acme.Path}, {User: far, HomePath: other.Path}},
		get[[]store.UserAt](w, "UsersByEmail()")(r.UsersByEmail(ctx, alice.Email)))
	same(w, "UsersByUsername()", []store.UserAt{{User: alice, HomePath: acme.Path}, {User: far, HomePath: other.Path}},
		get[[]store.UserAt](w, "UsersByUsername()")(r.UsersByUsername(ctx, "alice")))
	same(w, "Org().UsersByEmail()", []sso.User{alice, twin}, get[[]sso.User](w, "Org().UsersByEmail()")(r.Org(acme.ID).UsersByEmail(ctx, alice.Email)))
}

func usersByID(w *world) {
	acme := w.addOrg("acme", nil)
	alice, bob := w.addUser(acme.ID, "alice"), w.addUser(acme.ID, "bob")
	r := w.reader()
	found := get[[]sso.User](w, "UsersByID()")(r.UsersByID(w.ctx, []sso.UserID{bob.ID, "usr_none", alice.ID, bob.ID}))
	slices.SortFunc(found, func(a, b sso.User) int { return cmp.Compare(a.Username, b.Username) })
	same(w, "UsersByID()", []sso.User{alice, bob}, found)
	none[sso.User](w, "UsersByID() of nobody")(r.UsersByID(w.ctx, nil))
}

func signInIsNoted(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	alice := w.addUser(acme.ID, "alice")
	earlier := store.SignedIn{User: alice.ID, Org: acme.ID, At: w.later()}
	alice.LastSignInAt = w.later()
	last := store.SignedIn{User: alice.ID, Org: acme.ID, At: alice.LastSignInAt}
	w.write(func(tx *store.Writer) error {
		return errors.Join(tx.NoteSignIns(ctx), tx.NoteSignIns(ctx, store.SignedIn{User: "usr_none", Org: acme.ID, At: w.now}, last, earlier), tx.NoteSignIns(ctx, earlier))
	})
	same(w, "User()", alice, get[sso.User](w, "User()")(w.reader().User(ctx, alice.ID)))
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveUser(ctx, alice) })
}

func membershipsAreKept(w *world) {
	ctx := w.ctx
	acme, other := w.addOrg("acme", nil), w.addOrg("other", nil)
	emea := w.addOrg("emea", &acme)
	alice, bob := w.addUser(acme.ID, "alice"), w.addUser(other.ID, "bob")
	r := w.reader()
	missing[sso.Membership](w, "Membership()")(r.Org(acme.ID).Membership(ctx, alice.ID))
	missing[sso.Person](w, "Member()")(r.Member(ctx, alice.ID, acme.ID))
	none[sso.Membership](w, "Memberships()")(r.Memberships(ctx, alice.ID))
	none[store.MembershipAt](w, "MembershipsAt()")(r.MembershipsAt(ctx, alice.ID))
	none[sso.Membership](w, "Org().Memberships()")(r.Org(acme.ID).Memberships(ctx))

	home := full(w, w.addMember(acme.ID, alice.ID))
	below := w.addMember(emea.ID, alice.ID)
	guest := w.addMember(acme.ID, bob.ID) // at home elsewhere
	same(w, "Membership()", home, get[sso.Membership](w, "Membership()")(r.Org(acme.ID).Membership(ctx, alice.ID)))
	same(w, "Memberships()", []sso.Membership{home, below}, get[[]sso.Membership](w, "Memberships()")(r.Memberships(ctx, alice.ID)))
	same(w, "MembershipsAt()", []store.MembershipAt{{Membership: home, Path: acme.Path}, {Membership: below, Path: emea.Path}},
		get[[]store.MembershipAt](w, "MembershipsAt()")(r.MembershipsAt(ctx, alice.ID)))
	same(w, "Org().Memberships()", []sso.Membership{home, guest}, get[[]sso.Membership](w, "Org().Memberships()")(r.Org(acme.ID).Memberships(ctx)))
	same(w, "Member()", sso.Person{User: bob, Org: acme, Membership: guest, Networks: sso.RulesOf([]sso.Organization{acme})}, get[sso.Person](w, "Member()")(r.Member(ctx, bob.ID, acme.ID)))
	missing[sso.Person](w, "Member() of another organization")(r.Member(ctx, bob.ID, emea.ID))

	home.Role, home.Groups, home.UpdatedAt = sso.RoleRestricted, nil, w.later()
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveMembership(ctx, home) })
	same(w, "Membership() after a save", home, get[sso.Membership](w, "Membership()")(r.Org(acme.ID).Membership(ctx, alice.ID)))

	w.refused(store.ErrReference, func(tx *store.Writer) error {
		return tx.Org(acme.ID).SaveMembership(ctx, sso.Membership{Org: acme.ID, User: "usr_none", Role: sso.RoleMember, CreatedAt: w.now, UpdatedAt: w.now})
	})
}

func linksAreKept(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	c, second := w.addConnection(acme.ID, "acme-okta"), w.addConnection(acme.ID, "acme-entra")
	alice, bob := w.addUser(acme.ID, "alice"), w.addUser(acme.ID, "bob")
	r := w.reader()
	missing[sso.Link](w, "Link()")(r.Link(ctx, c.ID, "alice"))
	none[sso.Link](w, "LinksOfUser()")(r.LinksOfUser(ctx, alice.ID, c.ID))

	insert := func(l sso.Link) func(*store.Writer) error {
		return func(tx *store.Writer) error { return tx.Org(acme.ID).InsertLink(ctx, l) }
	}
	l := full(w, w.link(c, alice.ID, "alice"))
	longest := w.link(c, alice.ID, strings.Repeat("ß", sso.MaxSubject/2))
	w.write(insert(l))
	w.write(insert(longest))
	w.write(insert(w.link(second, bob.ID, "alice"))) // the same subject at another connection is somebody else
	w.write(insert(w.link(c, bob.ID, "Alice")))      // and so is one in other letters
	w.conflict(store.LinkSubject, insert(w.link(c, bob.ID, "alice")))
	same(w, "Link()", l, get[sso.Link](w, "Link()")(r.Link(ctx, c.ID, "alice")))
	same(w, "Link() of a long subject", longest, get[sso.Link](w, "Link()")(r.Link(ctx, c.ID, longest.Subject)))
	same(w, "LinksOfUser()", []sso.Link{l, longest}, get[[]sso.Link](w, "LinksOfUser()")(r.LinksOfUser(ctx, alice.ID, c.ID)))

	// Whom it stands for is read with all that they are a member of.
	missing[store.LinkedPerson](w, "LinkedPerson() of a stranger")(r.LinkedPerson(ctx, c.ID, "nobody"))
	missing[store.LinkedPerson](w, "LinkedPerson() at another connection")(r.LinkedPerson(ctx, second.ID, longest.Subject))
	missing[store.LinkedPerson](w, "LinkedPerson() who is a member of nothing")(r.LinkedPerson(ctx, c.ID, "alice"))
	below := w.addOrg("below", &acme)
	w.addMember(below.ID, alice.ID)
	w.addMember(acme.ID, alice.ID)
	w.addMember(acme.ID, bob.ID)
	same(w, "LinkedPerson()", store.LinkedPerson{
		Link: l, User: get[store.UserAt](w, "UserAt()")(r.UserAt(ctx, alice.ID)), Memberships: get[[]store.MembershipAt](w, "MembershipsAt()")(r.MembershipsAt(ctx, alice.ID)),
	}, get[store.LinkedPerson](w, "LinkedPerson()")(r.LinkedPerson(ctx, c.ID, "alice")))

	l.SeenAt, l.Groups = w.later(), nil // unknown, and not none
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveLink(ctx, l) })
	same(w, "Link() after a save", l, get[sso.Link](w, "Link()")(r.Link(ctx, c.ID, "alice")))
	stolen := l
	stolen.User = bob.ID
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.Org(acme.ID).SaveLink(ctx, stolen) })
	w.refused(store.ErrReference, insert(w.link(c, "usr_none", "nobody")))

	gone := func(user sso.UserID) func(*store.Writer) error {
		return func(tx *store.Writer) error { return tx.Org(acme.ID).DeleteLink(ctx, c.ID, "alice", user) }
	}
	w.refused(store.ErrNotFound, gone(bob.ID)) // it stands for somebody else
	w.write(gone(alice.ID))
	w.refused(store.ErrNotFound, gone(alice.ID))
	missing[sso.Link](w, "Link() that was deleted")(r.Link(ctx, c.ID, "alice"))
	same(w, "LinksOfUser() after one was deleted", []sso.Link{longest}, get[[]sso.Link](w, "LinksOfUser()")(r.LinksOfUser(ctx, alice.ID, c.ID)))
}

func linkedPeopleAreListed(w *world) {
	ctx := w.ctx
	acme, rival := w.addOrg("acme", nil), w.addOrg("rival", nil)
	emea := w.addOrg("emea", &acme)
	c := w.addConnection(acme.ID, "acme-okta")
	alice, bob, gone := w.addUser(acme.ID, "alice"), w.addUser(acme.ID, "bob"), w.addUser(acme.ID, "gone")
	var want []string
	for _, u := range []sso.User{alice, bob, gone} {
		l := w.link(c, u.ID, u.Username)
		if u.ID == bob.ID {
			l.Groups = nil
		}
		w.addMember(acme.ID, u.ID)
		w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).InsertLink(ctx, l) })
	}
	w.addMember(emea.ID, alice.ID)
	gone.State, gone.Version = sso.UserSuspended, 1
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveUser(ctx, gone) })
	want = []string{"alice acme 1 true", "alice emea 2 true", "bob acme 1 false"}
	got := func(org sso.OrgID, limit int) (lines []string) {
		w.Helper()
		for _, l := range get[[]store.Linked](w, "LinkedPeople()")(w.reader().Org(org).LinkedPeople(ctx, c.ID, limit)) {
			org := map[sso.OrgID]string{acme.ID: "acme", emea.ID: "emea"}[l.Membership.Org]
			lines = append(lines, fmt.Sprintf("%s %s %d %v", l.User.Username, org, len(l.Membership.Path), l.Groups != nil))
		}
		return lines
	}
	same(w, "LinkedPeople()", want, got(acme.ID, 10))
	same(w, "LinkedPeople() in part", want[:1], got(acme.ID, 1))
	same(w, "LinkedPeople() of another", nil, got(rival.ID, 10))
}

func sessionsAreKept(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	emea := w.addOrg("emea", &acme)
	c := w.addConnection(acme.ID, "acme-okta") // of the organization above
	alice := w.addUser(acme.ID, "alice")
	m := w.addMember(emea.ID, alice.ID)
	s, token := w.session(emea.ID, alice.ID, c.ID)
	app := w.app("portal")
	w.write(func(tx *store.Writer) error { return tx.SaveApp(ctx, app) })
	s.EndedAt, s.App = w.later(), app.ID
	full(w, s)

	r := w.reader()
	missing[sso.Person](w, "Person()")(r.Person(ctx, token))
	missing[sso.Person](w, "PersonBySession()")(r.PersonBySession(ctx, s.ID))
	w.write(func(tx *store.Writer) error { return tx.InsertSession(ctx, s, token) })
	want := sso.Person{Session: s, User: alice, Org: emea, Membership: m, Networks: sso.RulesOf([]sso.Organization{emea, acme})}
	same(w, "Person()", want, get[sso.Person](w, "Person()")(r.Person(ctx, token)))
	same(w, "PersonBySession()", want, get[sso.Person](w, "PersonBySession()")(r.PersonBySession(ctx, s.ID)))
	missing[sso.Person](w, "Person() of another token")(r.Person(ctx, secret.NewToken().Hash()))

	again, other := w.session(emea.ID, alice.ID, "")
	w.conflict("sessions_token_hash", func(tx *store.Writer) error { return tx.InsertSession(ctx, again, token) })
	again.ID = s.ID
	w.refused(store.ErrConflict, func(tx *store.Writer) error { return tx.InsertSession(ctx, again, other) })
}

// suspendedAbove suspends each organization in turn and asks for a person in
// the middle of the tree, by each way in.
func suspendedAbove(w *world) {
	ctx := w.ctx
	root := w.addOrg("root", nil)
	above := w.addOrg("above", &root)
	own := w.addOrg("own", &above)
	below, beside, other := w.addOrg("below", &own), w.addOrg("beside", &above), w.addOrg("other", nil)
	alice := w.addUser(root.ID, "alice")
	w.addMember(own.ID, alice.ID)
	s, token := w.addSession(own.ID, alice.ID)
	app := w.app("portal")
	grant := store.Grant{ID: sso.NewGrantID(w.now), App: app.ID, User: alice.ID, Org: own.ID, Session: s.ID, CreatedAt: w.now}
	access := store.Token{Hash: secret.NewToken().Hash(), Kind: store.AccessToken, Grant: grant.ID, CreatedAt: w.now, ExpiresAt: w.now}
	w.write(func(tx *store.Writer) error {
		return errors.Join(tx.SaveApp(ctx, app), tx.InsertGrant(ctx, grant, first()), tx.InsertToken(ctx, access))
	})
	r := w.reader()
	judge := func(what string, want bool) {
		w.Helper()
		for way, p := range map[string]sso.Person{
			"Person":          get[sso.Person](w, "Person()")(r.Person(ctx, token)),
			"PersonBySession": get[sso.Person](w, "PersonBySession()")(r.PersonBySession(ctx, s.ID)),
			"Member":          get[sso.Person](w, "Member()")(r.Member(ctx, alice.ID, own.ID)),
			"Access":          get[store.Access](w, "Access()")(r.Access(ctx, store.AccessToken, access.Hash)).Person,
		} {
			if p.Suspended != want {
				w.Errorf("%s suspended: %s() says suspended %v, want %v", what, way, p.Suspended, want)
			}
		}
	}
	judge("nobody", false)
	for o, want := range map[*sso.Organization]bool{&root: true, &above: true, &own: true, &below: false, &beside: false, &other: false} {
		for _, state := range []sso.OrgState{sso.OrgSuspended, sso.OrgActive} {
			o.State = state
			w.write(func(tx *store.Writer) error { return tx.SaveOrganization(ctx, *o) })
			o.Version++
			judge(o.Key+" "+string(state), want && state == sso.OrgSuspended)
		}
	}
}

// networksAbove has organizations say from where people may come, and asks for
// a person in the middle of the tree.
func networksAbove(w *world) {
	ctx := w.ctx
	root := w.addOrg("root", nil)
	own := w.addOrg("own", &root)
	below, other := w.addOrg("below", &own), w.addOrg("other", nil)
	alice := w.addUser(root.ID, "alice")
	w.addMember(own.ID, alice.ID)
	_, token := w.addSession(own.ID, alice.ID)
	said := func(what string, want ...string) {
		w.Helper()
		p := get[sso.Person](w, "Person()")(w.reader().Person(ctx, token))
		var got []string
		for _, policy := range p.Networks {
			for _, n := range policy.IPAllow {
				got = append(got, n.String())
			}
		}
		slices.Sort(got)
		same(w, what, want, got)
		if p.Suspended {
			w.Errorf("%s: suspended", what)
		}
	}
	say := func(o *sso.Organization, networks ...netip.Prefix) {
		w.Helper()
		o.Policy = sso.Policy{MFA: sso.MFARequired, Exempt: []string{"a@acme.example"}, IPAllow: networks}
		w.write(func(tx *store.Writer) error { return tx.SaveOrganization(ctx, *o) })
		o.Version++
	}
	all := []*sso.Organization{&root, &own, &below, &other}
	for _, o := range all {
		say(o)
	}
	said("where nobody says anything")
	for n, o := range all {
		say(o, netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}), 32))
	}
	said("where all do", "192.0.2.0/32", "192.0.2.1/32")
	say(&own)
	said("where the one above does", "192.0.2.0/32")
}

// tokensAreFound looks for sessions by tokens of all shapes: what was stored before
// there was another shape is found as it was.
func tokensAreFound(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	alice := w.addUser(acme.ID, "alice")
	w.addMember(acme.ID, alice.ID)
	const old = "2Q6vXq0mC1-n5Zb3Ww_7TtLr9Kc8Yd4Hs0Fj6Pa1Gxk" // the only shape that there was
	kept := func(token secret.Hash) sso.Session {
		w.Helper()
		s, _ := w.session(acme.ID, alice.ID, "")
		w.write(func(tx *store.Writer) error { return tx.InsertSession(ctx, s, token) })
		return s
	}
	sought := func(text string) sso.Session {
		w.Helper()
		return get[sso.Person](w, "Person()")(w.reader().Person(ctx, secret.ParseToken(text).Hash())).Session
	}
	same(w, "a session under a token from before", kept(sha256.Sum256([]byte(old))), sought(old))

	var token, next secret.Token
	w.write(func(tx *store.Writer) error {
		token, next = tx.NewToken(w.now), tx.NewToken(w.now)
		return nil
	})
	first, second := kept(token.Hash()), kept(next.Hash())
	same(w, "a session", first, sought(token.Reveal()))
	same(w, "the next session", second, sought(next.Reveal()))
	for _, cut := range []string{token.Reveal()[1:], token.Reveal()[:len(token.Reveal())-1], token.Reveal() + "A"} {
		missing[sso.Person](w, "Person() by a part of a token")(w.reader().Person(ctx, secret.ParseToken(cut).Hash()))
	}
	a, b := token.Hash(), next.Hash()
	if beside := a[0] == b[0] && a[1] == b[1] && a[2] == b[2]; beside != (w.db.Engine() == "sqlite") {
		w.Errorf("on %s, hashes of the same time are %x… and %x…", w.db.Engine(), a[:4], b[:4])
	}
}

func sessionsEnd(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	alice := w.addUser(acme.ID, "alice")
	w.addMember(acme.ID, alice.ID)
	s, token := w.addSession(acme.ID, alice.ID)
	second, secondToken := w.addSession(acme.ID, alice.ID)
	session := func(token secret.Hash) sso.Session {
		w.Helper()
		return get[sso.Person](w, "Person()")(w.reader().Person(ctx, token)).Session
	}

	s.SeenAt = w.later()
	w.write(func(tx *store.Writer) error { return tx.TouchSession(ctx, s.ID, s.SeenAt) })
	same(w, "a touched session", s, session(token))

	s.EndedAt = w.later()
	w.write(func(tx *store.Writer) error { return tx.EndSession(ctx, s.ID, s.EndedAt) })
	w.write(func(tx *store.Writer) error { return tx.EndSession(ctx, s.ID, w.later()) })
	w.write(func(tx *store.Writer) error { return tx.EndSessionOf(ctx, token, w.later()) })
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.TouchSession(ctx, s.ID, w.later()) })
	same(w, "an ended session", s, session(token))
	same(w, "another session", second, session(secondToken))

	rotated := secret.NewToken().Hash()
	second.SeenAt = w.later()
	w.write(func(tx *store.Writer) error { return tx.RotateSession(ctx, second.ID, rotated, second.SeenAt) })
	missing[sso.Person](w, "Person() by the old token")(w.reader().Person(ctx, secondToken))
	secondToken = rotated
	same(w, "a rotated session", second, session(secondToken))
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.RotateSession(ctx, s.ID, secret.NewToken().Hash(), w.later()) })
	w.refused(store.ErrNotFound, func(tx *store.Writer) error {
		return tx.RotateSession(ctx, "ses_none", secret.NewToken().Hash(), w.now)
	})
	w.conflict("sessions_token_hash", func(tx *store.Writer) error { return tx.RotateSession(ctx, second.ID, token, w.now) })

	second.EndedAt = w.later()
	w.write(func(tx *store.Writer) error { return tx.EndSessionOf(ctx, secondToken, second.EndedAt) })
	same(w, "a session ended by its token", second, session(secondToken))

	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.EndSession(ctx, "ses_none", w.now) })
	w.refused(store.ErrNotFound, func(tx *store.Writer) error { return tx.TouchSession(ctx, "ses_none", w.now) })
	w.write(func(tx *store.Writer) error { return tx.EndSessionOf(ctx, secret.NewToken().Hash(), w.now) })
}
