package storetest

import (
	"fmt"
	"slices"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func bulkInsertsStoreTheSame(w *world) {
	ctx, r := w.ctx, w.reader()
	var orgs []sso.Organization
	for i := range 3 {
		at := w.later()
		o := sso.Organization{ID: sso.NewOrgID(at), Key: fmt.Sprintf("bulk-%d", i), Name: fmt.Sprintf("Bulk Änne %d", i), State: sso.OrgActive, Policy: sso.Policy{InactiveAfter: 60}, CreatedAt: at, UpdatedAt: at}
		var parent *sso.Organization
		if i > 0 {
			parent = &orgs[0]
		}
		if err := o.Place(parent); err != nil {
			w.Fatal(err)
		}
		orgs = append(orgs, o)
	}
	w.write(func(tx *store.Writer) error { return tx.InsertOrganizations(ctx, orgs) })
	for i := range orgs {
		orgs[i].Version = 1
		same(w, "Organization()", orgs[i], get[sso.Organization](w, "Organization()")(r.Organization(ctx, orgs[i].ID)))
	}
	found := get[store.OrganizationPage](w, "ListOrganizations()")(r.ListOrganizations(ctx, store.OrganizationQuery{Words: sso.SearchWords("anne"), Limit: 10})).Organizations
	same(w, "ListOrganizations()", orgs, found)

	at := w.later()
	c := sso.Connection{
		ID: sso.NewConnectionID(at), Org: orgs[1].ID, Key: "bulk-idp", Name: "Bulk", Protocol: sso.ProtocolSAML, State: sso.ConnectionActive, FirstSignIn: sso.FirstCreate,
		SAML: sso.SAML{IdPEntityID: "https://idp.example", Certificates: [][]byte{{1, 2}}}, CreatedAt: at, UpdatedAt: at,
	}
	d := sso.Domain{Org: orgs[1].ID, Name: "bulk.example", State: sso.DomainVerified, Proof: sso.ProofDNS, CreatedAt: at, VerifiedAt: at}
	w.write(func(tx *store.Writer) error {
		if err := tx.InsertConnections(ctx, []sso.Connection{c}); err != nil {
			return err
		}
		return tx.InsertDomains(ctx, []sso.Domain{d})
	})
	c.Version = 1
	same(w, "Connection()", c, get[sso.Connection](w, "Connection()")(r.Connection(ctx, c.ID)))
	same(w, "VerifiedDomain()", d, get[sso.Domain](w, "VerifiedDomain()")(r.VerifiedDomain(ctx, d.Name)))
	found = get[store.OrganizationPage](w, "ListOrganizations()")(r.ListOrganizations(ctx, store.OrganizationQuery{Words: []string{"bulk.ex"}, Limit: 10})).Organizations
	same(w, "ListOrganizations() by domain", orgs[1:2], found)

	// One half one by one, the other at once: lists tell no difference.
	const n = 900 // more than one statement takes
	var bulk []store.NewMember
	for i := range n {
		at := w.later()
		u := sso.User{
			ID: sso.NewUserID(at), Username: fmt.Sprintf("u%03d", i), Email: w.email(fmt.Sprintf("u%03d@acme.example", i)), FirstName: "Zoë", LastName: fmt.Sprintf("Strauß %d", i%7),
			State: sso.UserActive, CreatedAt: at, UpdatedAt: at,
		}
		m := store.NewMember{User: u, Role: sso.RoleMember}
		if i%3 == 0 {
			m.User.PasswordHash, m.User.CredentialsAt = "$argon2id$x", at
		}
		if i%4 == 0 {
			m.Groups = []string{"dev", "ops"}
		}
		if i%5 == 0 {
			m.SeenAt = at
		}
		if i%7 == 0 {
			m.Link = sso.Link{Connection: c.ID, Org: orgs[1].ID, Subject: u.Username, Issuer: "https://idp.example", CreatedAt: at, SeenAt: at}
		}
		m.User.Home = orgs[1].ID
		bulk = append(bulk, m)
	}
	w.write(func(tx *store.Writer) error { return tx.InsertMembers(ctx, bulk) })
	w.write(func(tx *store.Writer) error {
		org := tx.Org(orgs[2].ID)
		for _, m := range bulk {
			m.User.Home, m.User.ID = orgs[2].ID, sso.NewUserID(m.User.CreatedAt)
			if err := org.SaveUser(ctx, m.User); err != nil {
				return err
			}
			if err := org.SaveMembership(ctx, sso.Membership{Org: orgs[2].ID, User: m.User.ID, Role: m.Role, Groups: m.Groups, CreatedAt: m.User.CreatedAt, UpdatedAt: m.User.UpdatedAt}); err != nil {
				return err
			}
			if !m.SeenAt.IsZero() {
				if err := tx.NoteSignIns(ctx, store.SignedIn{User: m.User.ID, Org: orgs[2].ID, At: m.SeenAt}); err != nil {
					return err
				}
			}
			if m.Link.Connection != "" {
				m.Link.User, m.Link.Subject = m.User.ID, "other "+m.Link.Subject
				if err := tx.Org(m.Link.Org).InsertLink(ctx, m.Link); err != nil {
					return err
				}
			}
		}
		return nil
	})
	ask := func(org sso.OrgID, q store.PeopleQuery) (got []string) {
		w.Helper()
		q.Limit = n
		for _, m := range get[store.PeoplePage](w, "People()")(r.Org(org).People(ctx, q)).People {
			got = append(got, fmt.Sprintf("%s %s %v %s %v %d", m.Username, m.Role, m.Groups, m.Way, m.SeenAt, m.Version))
		}
		return got
	}
	for _, q := range []store.PeopleQuery{{}, {Words: sso.SearchWords("strauss")}, {Words: sso.SearchWords("u01")}, {Group: "dev"}, {Way: store.WayPassword}, {Way: store.WaySSO, Sort: store.SortSeen}, {Way: store.WayNone, Sort: store.SortNewest}} {
		one, other := ask(orgs[1].ID, q), ask(orgs[2].ID, q)
		if len(one) == 0 {
			w.Errorf("People(%+v) finds nobody", q)
		}
		slices.Sort(one) // of the same name they stand in the order of their identifiers
		slices.Sort(other)
		same(w, fmt.Sprintf("People(%+v)", q), other, one)
	}

	links := get[[]store.LinkAt](w, "AllLinksOf()")(r.AllLinksOf(ctx, bulk[0].User.ID))
	bulk[0].Link.User = bulk[0].User.ID
	same(w, "AllLinksOf()", []store.LinkAt{{Link: bulk[0].Link, ConnectionName: c.Name, Path: orgs[1].Path}}, links)

	e := sso.Event{Org: orgs[1].ID, At: w.later(), Actor: "usr_x", OnBehalf: "usr_y", Address: "192.0.2.1", Action: "user.created", Target: "usr_z", Detail: map[string]string{"a": "b"}}
	t := w.trace(orgs[1].ID)
	w.write(func(tx *store.Writer) error {
		if err := tx.RecordAll(ctx, []sso.Event{e}); err != nil {
			return err
		}
		return tx.InsertTraces(ctx, []sso.Trace{t})
	})
	same(w, "Events()", []sso.Event{e}, get[[]sso.Event](w, "Events()")(r.Org(orgs[1].ID).Events(ctx, 10)))
	same(w, "Trace()", t, get[sso.Trace](w, "Trace()")(r.Trace(ctx, t.Reference)))
}
