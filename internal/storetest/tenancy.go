package storetest

import (
	"errors"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// tenantsAreApart asks each method of one organization for what is another's,
// and as a twin the other's for its own.
func tenantsAreApart(w *world) {
	ctx := w.ctx
	acme, rival := w.addOrg("acme", nil), w.addOrg("rival", nil)
	c := w.addConnection(acme.ID, "acme-okta")
	alice := w.addUser(acme.ID, "alice")
	w.addMember(acme.ID, alice.ID)
	key := w.decryptionKey(c.ID, "k1", store.KeyCurrent)
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).InsertDecryptionKey(ctx, key) })
	domain := sso.Domain{Org: acme.ID, Name: "acme.example", State: sso.DomainInReview, CreatedAt: w.now}
	trace := w.trace(acme.ID)
	link := w.link(c, alice.ID, "alice")
	w.write(func(tx *store.Writer) error {
		return errors.Join(tx.Org(acme.ID).SaveDomain(ctx, domain), tx.InsertTrace(ctx, trace), tx.Org(acme.ID).InsertLink(ctx, link),
			tx.Org(acme.ID).Record(ctx, sso.Event{At: w.now, Actor: "a", Action: "b"}))
	})

	invitation, _ := w.addInvitation(acme.ID, "carol@acme.example")
	group, imported := w.group(acme.ID, "zoo"), w.imported(acme.ID, sso.ImportReady)
	w.write(func(tx *store.Writer) error {
		return errors.Join(tx.Org(acme.ID).InsertGroup(ctx, group), tx.Org(acme.ID).SaveImport(ctx, imported),
			tx.Org(acme.ID).InsertImportRows(ctx, imported.ID, []sso.ImportRow{{Line: 1, Verdict: sso.RowNew}}))
	})

	finds := func(r *store.OrgReader) map[string]bool {
		found := map[string]bool{}
		one := func(name string, err error) {
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				w.Errorf("%s() = %v", name, err)
			}
			found[name] = err == nil
		}
		many := func(name string, n int, err error) {
			if err != nil {
				w.Errorf("%s() = %v", name, err)
			}
			found[name] = n > 0
		}
		_, err := r.Domain(ctx, domain.Name)
		one("Domain", err)
		_, err = r.Connection(ctx, c.ID)
		one("Connection", err)
		_, err = r.User(ctx, alice.ID)
		one("User", err)
		_, err = r.UserByUsername(ctx, alice.Username)
		one("UserByUsername", err)
		_, err = r.Membership(ctx, alice.ID)
		one("Membership", err)
		_, err = r.Trace(ctx, trace.Reference)
		one("Trace", err)
		domains, err := r.Domains(ctx)
		many("Domains", len(domains), err)
		connections, err := r.Connections(ctx)
		many("Connections", len(connections), err)
		keys, err := r.DecryptionKeys(ctx, c.ID)
		many("DecryptionKeys", len(keys), err)
		users, err := r.Users(ctx)
		many("Users", len(users), err)
		byEmail, err := r.UsersByEmail(ctx, alice.Email)
		many("UsersByEmail", len(byEmail), err)
		members, err := r.Memberships(ctx)
		many("Memberships", len(members), err)
		traces, err := r.Traces(ctx, 10)
		many("Traces", len(traces), err)
		people, err := r.People(ctx, store.PeopleQuery{Limit: 10})
		many("People", len(people.People), err)
		searched, err := r.People(ctx, store.PeopleQuery{Words: []string{"alice"}, Limit: 10})
		many("People by a word", len(searched.People), err)
		grouped, err := r.People(ctx, store.PeopleQuery{Group: "staff", Limit: 10})
		many("People of a group", len(grouped.People), err)
		_, err = r.Invitation(ctx, invitation.ID)
		one("Invitation", err)
		_, err = r.OpenInvitation(ctx, invitation.Email)
		one("OpenInvitation", err)
		invitations, err := r.Invitations(ctx, store.Place{}, 10)
		many("Invitations", len(invitations), err)
		groups, err := r.Groups(ctx, "", store.GroupPlace{}, 10)
		many("Groups", len(groups), err)
		_, err = r.Group(ctx, group.ID)
		one("Group", err)
		inGroup, err := r.CountGroup(ctx, "staff")
		many("CountGroup", inGroup, err)
		_, err = r.Position(ctx, alice.ID)
		one("Position", err)
		counts, err := r.CountPeople(ctx)
		many("CountPeople", counts.All, err)
		_, err = r.Import(ctx, imported.ID)
		one("Import", err)
		imports, err := r.Imports(ctx, 10)
		many("Imports", len(imports), err)
		rows, err := r.ImportRows(ctx, imported.ID, "", 0, 10)
		many("ImportRows", len(rows), err)
		verdicts, err := r.CountImportRows(ctx, imported.ID)
		many("CountImportRows", len(verdicts), err)
		events, err := r.Events(ctx, 10)
		many("Events", len(events), err)
		return found
	}
	w.read(func(r *store.Reader) error {
		for name, found := range finds(r.Org(acme.ID)) {
			if !found {
				w.Errorf("%s() of the organization itself finds nothing", name)
			}
		}
		for _, org := range []sso.OrgID{rival.ID, "", "org_none", acme.ID + "/" + rival.ID} {
			for name, found := range finds(r.Org(org)) {
				if found {
					w.Errorf("%s() of organization %q finds what is another's", name, org)
				}
			}
		}
		return nil
	})

	// What is written through one organization is its own, or refused.
	alice.Version, c.Version = 1, 1
	for name, write := range map[string]func(tx *store.OrgWriter, org sso.OrgID) error{
		"SaveUser": func(tx *store.OrgWriter, org sso.OrgID) error {
			u := alice
			u.Home = org
			return tx.SaveUser(ctx, u)
		},
		"SaveConnection": func(tx *store.OrgWriter, org sso.OrgID) error {
			changed := c
			changed.Org = org
			return tx.SaveConnection(ctx, changed)
		},
		"SaveLink": func(tx *store.OrgWriter, _ sso.OrgID) error { return tx.SaveLink(ctx, link) },
		"SetDecryptionKeyState": func(tx *store.OrgWriter, _ sso.OrgID) error {
			return tx.SetDecryptionKeyState(ctx, key.ID, store.KeyCurrent, w.now)
		},
	} {
		if err := w.db.Write(ctx, func(tx *store.Writer) error { return write(tx.Org(rival.ID), rival.ID) }); err == nil {
			w.Errorf("%s() through another organization changes the row", name)
		}
		w.write(func(tx *store.Writer) error { return write(tx.Org(acme.ID), acme.ID) })
	}
	for name, write := range map[string]func(*store.OrgWriter) error{
		"SaveUser":       func(tx *store.OrgWriter) error { return tx.SaveUser(ctx, w.user(acme.ID, "bob")) },
		"SaveConnection": func(tx *store.OrgWriter) error { return tx.SaveConnection(ctx, w.connection(acme.ID, "acme-2")) },
		"SaveDomain":     func(tx *store.OrgWriter) error { return tx.SaveDomain(ctx, domain) },
		"SaveMembership": func(tx *store.OrgWriter) error {
			return tx.SaveMembership(ctx, sso.Membership{Org: acme.ID, User: alice.ID, Role: sso.RoleOwner, CreatedAt: w.now, UpdatedAt: w.now})
		},
		"InsertLink": func(tx *store.OrgWriter) error { return tx.InsertLink(ctx, w.link(c, alice.ID, "alice-2")) },
		"InsertDecryptionKey": func(tx *store.OrgWriter) error {
			return tx.InsertDecryptionKey(ctx, w.decryptionKey(c.ID, "k2", store.KeyNext))
		},
	} {
		if err := w.db.Write(ctx, func(tx *store.Writer) error { return write(tx.Org(rival.ID)) }); !errors.Is(err, store.ErrReference) {
			w.Errorf("%s() of what is another organization's = %v, want ErrReference", name, err)
		}
		w.write(func(tx *store.Writer) error { return write(tx.Org(acme.ID)) })
	}
}

// noRowPointsElsewhere holds the schema itself to it, by rows that name their
// own organization and another one's row.
func noRowPointsElsewhere(w *world) {
	ctx := w.ctx
	acme, rival := w.addOrg("acme", nil), w.addOrg("rival", nil)
	own, foreign := w.addConnection(acme.ID, "acme-okta"), w.addConnection(rival.ID, "rival-okta")
	alice, mallory := w.addUser(acme.ID, "alice"), w.addUser(rival.ID, "mallory")
	w.addMember(acme.ID, alice.ID)
	w.addMember(rival.ID, mallory.ID)
	aliceSession, _ := w.addSession(acme.ID, alice.ID)
	app := w.app("portal")
	w.write(func(tx *store.Writer) error { return tx.SaveApp(ctx, app) })

	link := func(c sso.Connection) func(*store.Writer) error {
		return func(tx *store.Writer) error {
			l := w.link(c, alice.ID, "alice")
			l.Org = acme.ID
			return tx.Org(acme.ID).InsertLink(ctx, l)
		}
	}
	domain := func(c sso.ConnectionID) func(*store.Writer) error {
		return func(tx *store.Writer) error {
			return tx.Org(acme.ID).SaveDomain(ctx, sso.Domain{Org: acme.ID, Name: "acme.example", State: sso.DomainInReview, Connection: c, CreatedAt: w.now})
		}
	}
	session := func(org sso.OrgID) func(*store.Writer) error {
		return func(tx *store.Writer) error {
			s, token := w.session(org, alice.ID, "")
			return tx.InsertSession(ctx, s, token)
		}
	}
	grant := func(user sso.UserID, org sso.OrgID) func(*store.Writer) error {
		return func(tx *store.Writer) error {
			at := w.later()
			return tx.InsertGrant(ctx, store.Grant{
				ID: sso.NewGrantID(at), App: app.ID, User: user, Org: org, Session: aliceSession.ID, Code: secret.NewToken().Hash(), CreatedAt: at,
			}, first())
		}
	}
	through := func(c sso.ConnectionID) func(*store.Writer) error {
		return func(tx *store.Writer) error {
			s, token := w.session(acme.ID, alice.ID, c)
			return tx.InsertSession(ctx, s, token)
		}
	}
	for name, tc := range map[string]struct{ hostile, twin func(*store.Writer) error }{
		"a link to another's connection":              {link(foreign), link(own)},
		"a domain at a connection that is none":       {domain("con_none"), domain(own.ID)},
		"a session without a membership":              {session(rival.ID), session(acme.ID)},
		"a grant of another person's session":         {grant(mallory.ID, rival.ID), grant(alice.ID, acme.ID)},
		"a grant in an organization of non-members":   {grant(alice.ID, rival.ID), grant(alice.ID, acme.ID)},
		"a session through a connection that is none": {through("con_none"), through(own.ID)},
	} {
		if err := w.db.Write(ctx, tc.hostile); !errors.Is(err, store.ErrReference) {
			w.Errorf("%s: Write() = %v, want ErrReference", name, err)
		}
		w.write(tc.twin)
	}
}

// unstorableText gives each look-up and each save a text that PostgreSQL
// cannot hold, with a twin that it can.
func unstorableText(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	r := w.reader()
	for _, bad := range []string{"a\x00b", "a\xffb", "\xed\xa0\x80"} { // U+0000, no UTF-8, a surrogate
		missing[sso.Organization](w, "Organization()")(r.Organization(ctx, sso.OrgID(bad)))
		missing[sso.Organization](w, "OrganizationByKey()")(r.OrganizationByKey(ctx, bad))
		missing[[]sso.Organization](w, "Lineage()")(r.Lineage(ctx, sso.OrgID(bad)))
		missing[sso.Connection](w, "ConnectionByKey()")(r.ConnectionByKey(ctx, bad))
		missing[sso.Domain](w, "VerifiedDomain()")(r.VerifiedDomain(ctx, bad))
		missing[sso.Link](w, "Link()")(r.Link(ctx, "con_x", bad))
		missing[sso.Attempt](w, "Attempt()")(r.Attempt(ctx, sso.AttemptID(bad)))
		missing[sso.Trace](w, "Trace()")(r.Trace(ctx, bad))
		missing[sso.App](w, "AppByClientID()")(r.AppByClientID(ctx, bad))
		missing[sso.User](w, "UserByUsername()")(r.Org(acme.ID).UserByUsername(ctx, bad))
		none[store.UserAt](w, "UsersByUsername()")(r.UsersByUsername(ctx, bad))
		none[sso.Connection](w, "ActiveConnections()")(r.ActiveConnections(ctx, []sso.OrgID{sso.OrgID(bad)}))

		err := w.db.Write(ctx, func(tx *store.Writer) error {
			u := w.user(acme.ID, "alice")
			u.FirstName = bad
			return tx.Org(acme.ID).SaveUser(ctx, u)
		})
		if !fault.Is(err, "text_form") {
			w.Errorf("SaveUser() with %q = %v, want the fault text_form", bad, err)
		}
	}
	for i, good := range []string{"a\u0001b", "ä\u202e", "😀", `%_\'"`} {
		u := w.user(acme.ID, "user-"+string(rune('a'+i)))
		u.FirstName = good
		w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveUser(ctx, u) })
		u.Version = 1
		same(w, "User()", u, get[sso.User](w, "User()")(r.User(ctx, u.ID)))
	}
}

// shownText lets a browser and an identity provider say anything of themselves:
// a sign-in must not break on it.
func shownText(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	alice := w.addUser(acme.ID, "alice")
	w.addMember(acme.ID, alice.ID)
	bad, shown := "Mozilla\x00\xff/5.0", "Mozilla\uFFFD\uFFFD/5.0"
	s, token := w.session(acme.ID, alice.ID, "")
	s.UserAgent = bad
	trace := w.trace(acme.ID)
	trace.UserAgent, trace.Got, trace.Want, trace.Address = bad, bad, bad, bad
	trace.Checks = []sso.Check{{Rule: "r", Verdict: "fail", Got: bad}}
	w.write(func(tx *store.Writer) error { return tx.InsertSession(ctx, s, token) })
	w.write(func(tx *store.Writer) error { return tx.InsertTrace(ctx, trace) })
	w.write(func(tx *store.Writer) error {
		return tx.Org(acme.ID).Record(ctx, sso.Event{At: w.now, Actor: bad, Action: "a", Target: bad, Detail: map[string]string{"agent": bad}})
	})
	r := w.reader()
	if got := get[sso.Person](w, "Person()")(r.Person(ctx, token)).Session.UserAgent; got != shown {
		w.Errorf("the user agent is kept as %q, want %q", got, shown)
	}
	trace.UserAgent, trace.Got, trace.Want, trace.Address = shown, shown, shown, shown
	trace.Checks[0].Got = strings.ReplaceAll(shown, "Mozilla\uFFFD", "Mozilla\x00") // JSON holds it
	same(w, "Trace()", trace, get[sso.Trace](w, "Trace()")(r.Trace(ctx, trace.Reference)))
	if got := get[[]sso.Event](w, "Events()")(r.Org(acme.ID).Events(ctx, 1)); len(got) != 1 || got[0].Target != shown {
		w.Errorf("Events() = %v, want the target %q", got, shown)
	}
}
