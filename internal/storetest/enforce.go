package storetest

import (
	"errors"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func breakGlassCodesAreKept(w *world) {
	ctx, now := w.ctx, w.now
	acme, globex := w.addOrg("acme", nil), w.addOrg("globex", nil)
	alice := w.addUser(acme.ID, "alice")
	state := func(what string, org sso.OrgID, want store.BreakGlass) {
		w.Helper()
		same(w, what, want, get[store.BreakGlass](w, "BreakGlass()")(w.reader().Org(org).BreakGlass(ctx)))
	}
	a, b, c := secret.HashOf([]byte("a")), secret.HashOf([]byte("b")), secret.HashOf([]byte("c"))
	state("before any", acme.ID, store.BreakGlass{})
	w.write(func(tx *store.Writer) error {
		return errors.Join(tx.Org(acme.ID).ReplaceBreakGlassCodes(ctx, []secret.Hash{a, b}, now), tx.Org(globex.ID).ReplaceBreakGlassCodes(ctx, []secret.Hash{c}, now))
	})
	use := func(org sso.OrgID, code secret.Hash) func(tx *store.Writer) error {
		return func(tx *store.Writer) error { return tx.Org(org).UseBreakGlassCode(ctx, code, alice.ID, now) }
	}
	w.refused(store.ErrNotFound, use(acme.ID, c)) // another organization's
	w.write(use(acme.ID, a))
	w.refused(store.ErrNotFound, use(acme.ID, a))
	state("after one was used", acme.ID, store.BreakGlass{Left: 1, CreatedAt: now})
	state("of the other organization", globex.ID, store.BreakGlass{Left: 1, CreatedAt: now})
	later := w.later()
	w.write(func(tx *store.Writer) error {
		return tx.Org(acme.ID).ReplaceBreakGlassCodes(ctx, []secret.Hash{c}, later)
	})
	w.refused(store.ErrNotFound, use(acme.ID, b)) // replaced
	state("after a new set", acme.ID, store.BreakGlass{Left: 1, CreatedAt: later})
}

func oneOfManyUsesBreakGlassCode(w *world) {
	acme := w.addOrg("acme", nil)
	a, b := secret.HashOf([]byte("a")), secret.HashOf([]byte("b"))
	w.write(func(tx *store.Writer) error {
		return tx.Org(acme.ID).ReplaceBreakGlassCodes(w.ctx, []secret.Hash{a, b}, w.now)
	})
	w.many(1, store.ErrNotFound, func(tx *store.Writer) error { return tx.Org(acme.ID).UseBreakGlassCode(w.ctx, a, "usr_1", w.now) })
}

func waysBesideAreNoted(w *world) {
	ctx, now := w.ctx, w.now
	acme, globex := w.addOrg("acme", nil), w.addOrg("globex", nil)
	alice, bob := w.addUser(acme.ID, "alice"), w.addUser(acme.ID, "bob")
	m := w.addMember(acme.ID, alice.ID)
	w.addMember(acme.ID, bob.ID)
	w.addMember(globex.ID, alice.ID)
	noted := func(what string, limit int, want ...sso.Beside) {
		w.Helper()
		same(w, what, want, get[[]sso.Beside](w, "Beside()")(w.reader().Org(acme.ID).Beside(ctx, limit)))
	}
	note := func(org sso.OrgID, user sso.UserID, method sso.Method, at time.Time) {
		w.Helper()
		w.write(func(tx *store.Writer) error { return tx.Org(org).NoteBeside(ctx, user, method, at) })
	}
	noted("before any", 9)
	note(acme.ID, alice.ID, sso.ByPassword, now)
	note(acme.ID, bob.ID, sso.ByBreakGlass, now.Add(time.Second))
	note(acme.ID, alice.ID, sso.ByPassword, now.Add(time.Minute))
	note(globex.ID, alice.ID, sso.ByPassword, now)
	first := sso.Beside{User: alice.ID, Email: alice.Email, Role: m.Role, Method: sso.ByPassword, At: now.Add(time.Minute)}
	second := sso.Beside{User: bob.ID, Email: bob.Email, Role: m.Role, Method: sso.ByBreakGlass, At: now.Add(time.Second)}
	noted("the latest first", 9, first, second)
	noted("as many as asked for", 1, first)
	w.refused(store.ErrReference, func(tx *store.Writer) error {
		return tx.Org(globex.ID).NoteBeside(ctx, bob.ID, sso.ByPassword, now)
	})
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).RemoveMembership(ctx, alice.ID, w.later()) })
	noted("of members alone", 9, second)
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).ForgetBeside(ctx) })
	noted("after all was forgotten", 9)
}

// doorOfAPilot shows that groups count where a pilot is going on, whichever
// organization of the line makes it, and that sessions are ended by them.
func doorOfAPilot(w *world) {
	ctx := w.ctx
	root := w.addOrg("root", nil)
	acme := w.addOrg("acme", &root)
	alice := w.addUser(acme.ID, "alice")
	m := w.addMember(acme.ID, alice.ID)
	m.Groups, m.UpdatedAt = []string{"Pilot", "Staff"}, w.later()
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveMembership(ctx, m) })
	s, token := w.session(acme.ID, alice.ID, "")
	s.Actor, s.ActorSession, s.Reason = "", "", ""
	w.write(func(tx *store.Writer) error { return tx.InsertSession(ctx, s, token) })
	groups := get[[]sso.GroupID](w, "GroupsNamed()")(w.reader().Org(acme.ID).GroupsNamed(ctx, []string{"Pilot", "nobody's", "Staff"}))
	if len(groups) != 2 {
		w.Fatalf("GroupsNamed() = %v, want two", groups)
	}
	none[sso.GroupID](w, "GroupsNamed() elsewhere")(w.reader().Org(root.ID).GroupsNamed(ctx, []string{"Pilot"}))
	none[sso.GroupID](w, "GroupsNamed() of nothing")(w.reader().Org(acme.ID).GroupsNamed(ctx, nil))
	door := func(what string, demanded bool, over bool) {
		w.Helper()
		w.read(func(r *store.Reader) error {
			rules, e, err := r.Door(ctx, &acme, &alice, sso.RoleMember)
			if e.Method = sso.ByPassword; rules.DemandsSSO(e) != demanded {
				w.Errorf("%s: the door demands single sign-on: %v", what, !demanded)
			}
			return err
		})
		p := get[sso.Person](w, "Person()")(w.reader().Person(ctx, token))
		if err := p.Valid(w.now); (err != nil) != over {
			w.Errorf("%s: the session: %v, want it over: %v", what, err, over)
		}
	}
	save := func(o *sso.Organization, p sso.Policy) {
		w.Helper()
		o.Policy = p
		w.write(func(tx *store.Writer) error { return tx.SaveOrganization(ctx, *o) })
		o.Version++
	}
	save(&root, sso.Policy{})
	save(&acme, sso.Policy{})
	door("without a policy", false, false)
	save(&acme, sso.Policy{SSO: sso.SSOPilot, Pilot: groups[:1]})
	door("a pilot of a group of theirs, sessions stay", true, false)
	save(&acme, sso.Policy{SSO: sso.SSOPilot, Pilot: groups[:1], LocalUntil: w.now})
	door("and end", true, true)
	save(&acme, sso.Policy{SSO: sso.SSOPilot, Pilot: []sso.GroupID{"grp_other"}, LocalUntil: w.now})
	door("a pilot of others", false, false)
	save(&acme, sso.Policy{})
	save(&root, sso.Policy{SSO: sso.SSOPilot, Pilot: groups, LocalUntil: w.now})
	door("a pilot above", true, true)
}

func localSessionsAreFound(w *world) {
	ctx := w.ctx
	root := w.addOrg("root", nil)
	acme, globex := w.addOrg("acme", &root), w.addOrg("globex", nil)
	alice := w.addUser(acme.ID, "alice")
	w.addMember(acme.ID, alice.ID)
	w.addMember(globex.ID, alice.ID)
	w.addSession(acme.ID, alice.ID) // acted
	var mine []sso.SessionID
	for range 3 {
		s, token := w.session(acme.ID, alice.ID, "")
		s.Actor, s.ActorSession, s.Reason = "", "", ""
		w.write(func(tx *store.Writer) error { return tx.InsertSession(ctx, s, token) })
		mine = append(mine, s.ID)
	}
	slices.Sort(mine)
	c := w.addConnection(acme.ID, "acme-idp")
	s, token := w.session(acme.ID, alice.ID, c.ID)
	s.Actor, s.ActorSession, s.Reason = "", "", ""
	w.write(func(tx *store.Writer) error {
		return errors.Join(tx.InsertSession(ctx, s, token), tx.EndSession(ctx, mine[1], w.now))
	})
	listed := func(what string, org sso.OrgID, after sso.SessionID, limit int, want ...sso.SessionID) {
		w.Helper()
		same(w, what, want, get[[]sso.SessionID](w, "LocalSessions()")(w.reader().Org(org).LocalSessions(ctx, after, limit)))
	}
	listed("of the organization", acme.ID, "", 9, mine[0], mine[2])
	listed("of the one above", root.ID, "", 1, mine[0])
	listed("behind one", root.ID, mine[0], 9, mine[2])
	listed("of another", globex.ID, "", 9)

	until := w.later()
	missing[store.LocalSessionsDue](w, "LocalSessionsDue()")(w.reader().LocalSessionsDue(ctx, until))
	acme.Policy = sso.Policy{SSO: sso.SSORequired, LocalUntil: until}
	w.write(func(tx *store.Writer) error { return tx.SaveOrganization(ctx, acme) })
	missing[store.LocalSessionsDue](w, "LocalSessionsDue() before")(w.reader().LocalSessionsDue(ctx, until.Add(-1000)))
	due := get[store.LocalSessionsDue](w, "LocalSessionsDue()")(w.reader().LocalSessionsDue(ctx, until))
	same(w, "LocalSessionsDue()", store.LocalSessionsDue{Org: acme.ID, Until: until}, due)
	other := due
	other.Until = until.Add(time.Second)
	w.write(func(tx *store.Writer) error { return tx.LocalSessionsEnded(ctx, other) }) // it was decided anew
	same(w, "LocalSessionsDue() still", due, get[store.LocalSessionsDue](w, "LocalSessionsDue()")(w.reader().LocalSessionsDue(ctx, until)))
	w.write(func(tx *store.Writer) error { return tx.LocalSessionsEnded(ctx, due) })
	missing[store.LocalSessionsDue](w, "LocalSessionsDue() once they have ended")(w.reader().LocalSessionsDue(ctx, until))
}

// demandsBelowAreFound shows that an organization below counts while it demands
// single sign-on, itself or for a domain, and has nothing nearer to come by.
func demandsBelowAreFound(w *world) {
	ctx := w.ctx
	root := w.addOrg("root", nil)
	acme := w.addOrg("acme", &root)
	deep, beside := w.addOrg("deep", &acme), w.addOrg("beside", nil)
	save := func(o *sso.Organization, p sso.Policy) {
		w.Helper()
		o.Policy = p
		w.write(func(tx *store.Writer) error { return tx.SaveOrganization(ctx, *o) })
		o.Version++
	}
	below := func(what string, want bool) {
		w.Helper()
		if got := get[bool](w, what)(w.reader().Org(root.ID).DemandedBelow(ctx)); got != want {
			w.Errorf("%s: DemandedBelow() = %v, want %v", what, got, want)
		}
	}
	required := sso.Policy{SSO: sso.SSORequired}
	for _, o := range []*sso.Organization{&acme, &deep} {
		save(o, sso.Policy{SSO: sso.SSOOptional, MFAAfterSSO: "required", Exempt: []string{`a"sso":"required"@acme.example`}})
	}
	save(&root, required)
	save(&beside, required)
	below("nobody below", false)
	save(&deep, required)
	below("far below", true)
	save(&deep, sso.Policy{SSO: sso.SSOPilot})
	below("of some, far below", true)
	c := w.addConnection(acme.ID, "acme-idp")
	below("which come by one between", false)
	c.State = sso.ConnectionDisabled
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveConnection(ctx, c) })
	below("which is off", true)
	w.addConnection(deep.ID, "deep-idp")
	below("which have their own", false)
	d := sso.NewDomain(acme.ID, "acme.example", w.now)
	d.PasswordOff = true
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveDomain(ctx, d) })
	below("by a domain that is not proved", false)
	d.Vouch(w.now)
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveDomain(ctx, d) })
	below("by a domain", true)
}
