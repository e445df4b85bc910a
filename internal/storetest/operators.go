package storetest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// nounsAreNamed shows what stands in the audit list by its name, and what is gone
// by none.
func nounsAreNamed(w *world) {
	acme := w.addOrg("acme", nil)
	c, app, g := w.addConnection(acme.ID, "acme-okta"), w.addApp("portal"), w.group(acme.ID, "Zoo")
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).InsertGroup(w.ctx, g) })
	names := get[map[string]string](w, "NamesIn()")(w.reader().NamesIn(w.ctx, []sso.Event{
		{Actor: string(app.ID), Target: string(c.ID)}, {Actor: "sign-in", Target: string(acme.ID)}, {Target: string(g.ID)}, {Target: string(g.ID)}, {Actor: "app_gone", Target: "acme.example"},
	}))
	same(w, "NamesIn()", map[string]string{string(app.ID): app.Name, string(c.ID): c.Name, string(acme.ID): acme.Name, string(g.ID): "Zoo"}, names)
}

func eventsAreListed(w *world) {
	ctx, r := w.ctx, w.reader()
	if names := get[map[string]string](w, "NamesIn()")(r.NamesIn(ctx, nil)); len(names) != 0 {
		w.Errorf("NamesIn() of nothing = %v", names)
	}
	acme := w.addOrg("acme", nil)
	alice := w.addUser(acme.ID, "alice")
	same(w, "NamesIn()", map[string]string{string(alice.ID): alice.Name()}, get[map[string]string](w, "NamesIn()")(r.NamesIn(ctx, []sso.Event{{Actor: string(alice.ID), OnBehalf: "usr_gone", Target: "con_x"}})))
	same(w, "ListEvents() of nothing", store.EventPage{}, get[store.EventPage](w, "ListEvents()")(r.ListEvents(ctx, store.EventQuery{Limit: 10})))

	at := w.later()
	var all []sso.Event // the latest first
	for _, e := range []sso.Event{
		{Org: "org_a", Actor: "usr_1", Action: "user.created", Target: "usr_9"},
		{Org: "org_b", Actor: "usr_1", Action: "user.created", Target: "usr_8"},
		{Org: "org_a", Actor: "usr_2", Action: "user.suspended", Target: "usr_9"},
		{Actor: "operator", Action: "key.made", Target: "k1"},
		{Org: "org_a", Actor: "usr_2", Action: "users.imported", Target: "usr_7"},
	} {
		e.At = w.later()
		all = append([]sso.Event{e}, all...)
		w.write(func(tx *store.Writer) error { return tx.Record(ctx, e) })
	}
	last := w.later()
	events := func(i ...int) (some []sso.Event) {
		for _, i := range i {
			some = append(some, all[i])
		}
		return some
	}
	for name, tc := range map[string]struct {
		query store.EventQuery
		org   sso.OrgID
		want  []sso.Event
	}{
		"everything":                      {store.EventQuery{}, "", all},
		"of one organization":             {store.EventQuery{}, "org_a", events(0, 2, 4)},
		"by an actor":                     {store.EventQuery{Actor: "usr_1"}, "", events(3, 4)},
		"by an actor in one organization": {store.EventQuery{Actor: "usr_1"}, "org_b", events(3)},
		"of a noun, not of a longer one":  {store.EventQuery{Noun: "user"}, "org_a", events(2, 4)},
		"of a noun anywhere":              {store.EventQuery{Noun: "user"}, "", events(2, 3, 4)},
		"of an action":                    {store.EventQuery{Action: "user.suspended"}, "org_a", events(2)},
		"of an action and another noun":   {store.EventQuery{Action: "user.suspended", Noun: "key"}, "org_a", events(2)},
		"to a target":                     {store.EventQuery{Target: "usr_9"}, "org_a", events(2, 4)},
		"by an actor, to a target":        {store.EventQuery{Actor: "usr_2", Target: "usr_9"}, "", events(2)},
		"by an actor, to another's":       {store.EventQuery{Actor: "usr_1", Target: "usr_8"}, "org_a", nil},
		"by an actor, of a noun":          {store.EventQuery{Actor: "usr_2", Noun: "user"}, "org_a", events(2)},
		"since":                           {store.EventQuery{From: all[1].At}, "", events(0, 1)},
		"until":                           {store.EventQuery{To: all[1].At}, "", events(2, 3, 4)},
		"between":                         {store.EventQuery{From: at, To: last}, "org_a", events(0, 2, 4)},
		"with a cursor of no page":        {store.EventQuery{After: "zz"}, "org_a", events(0, 2, 4)},
	} {
		ask := func(q store.EventQuery) store.EventPage {
			w.Helper()
			if tc.org == "" {
				return get[store.EventPage](w, name)(r.ListEvents(ctx, q))
			}
			return get[store.EventPage](w, name)(r.Org(tc.org).ListEvents(ctx, q))
		}
		for _, limit := range []int{len(tc.want), 1} {
			q := tc.query
			q.Limit = limit
			var walked []sso.Event
			for {
				p := ask(q)
				walked = append(walked, p.Events...)
				if q.After = p.Next; q.After == "" {
					break
				}
			}
			same(w, fmt.Sprintf("%s, %d a page", name, limit), tc.want, walked)
		}
	}
}

func signInsAreCounted(w *world) {
	ctx, r := w.ctx, w.reader()
	none[store.SignInCount](w, "SignInCounts()")(r.SignInCounts(ctx, time.Time{}))
	if got := get[time.Time](w, "LastCounted()")(r.LastCounted(ctx)); !got.IsZero() {
		w.Errorf("LastCounted() = %v before anything was counted", got)
	}
	hour := w.later().Truncate(time.Hour)
	trace := func(org sso.OrgID, at time.Time, code string) {
		t := w.trace(org)
		t.At, t.Code, t.Method = at, code, sso.BySSO
		w.write(func(tx *store.Writer) error { return tx.InsertTrace(ctx, t) })
	}
	trace("org_a", hour, "")
	trace("org_a", hour.Add(time.Hour-time.Microsecond), "")
	trace("org_a", hour.Add(time.Minute), "saml_audience")
	trace("org_b", hour.Add(time.Minute), "")
	trace("", hour.Add(time.Minute), "saml_audience")
	trace("org_a", hour.Add(time.Hour), "")         // of the next hour
	trace("org_a", hour.Add(-time.Microsecond), "") // of the one before
	for range 2 {                                   // counting again changes nothing
		w.write(func(tx *store.Writer) error { return tx.CountSignIns(ctx, hour) })
	}
	count := func(org sso.OrgID, code string, n int) store.SignInCount {
		return store.SignInCount{Hour: hour, Org: org, Method: sso.BySSO, Code: code, N: n}
	}
	same(w, "SignInCounts()", []store.SignInCount{count("", "", 3), count("", "saml_audience", 2)},
		get[[]store.SignInCount](w, "SignInCounts()")(r.SignInCounts(ctx, hour)))
	same(w, "Org().SignInCounts()", []store.SignInCount{count("org_a", "", 2), count("org_a", "saml_audience", 1)},
		get[[]store.SignInCount](w, "SignInCounts()")(r.Org("org_a").SignInCounts(ctx, hour)))
	for since, want := range map[time.Time]time.Time{hour.Add(time.Second): hour.Add(time.Minute), hour.Add(2 * time.Hour): {}} {
		same(w, "NextTrace()", want, get[time.Time](w, "NextTrace()")(r.NextTrace(ctx, since)))
	}
	none[store.SignInCount](w, "SignInCounts() later")(r.SignInCounts(ctx, hour.Add(time.Hour)))
	if got := get[time.Time](w, "LastCounted()")(r.LastCounted(ctx)); !got.Equal(hour) {
		w.Errorf("LastCounted() = %v, want %v", got, hour)
	}
}

func rolesAreKept(w *world) {
	ctx, r := w.ctx, w.reader()
	none[sso.RoleDefinition](w, "Roles()")(r.Roles(ctx))
	missing[sso.RoleDefinition](w, "Role()")(r.Role(ctx, "auditor"))
	at := w.later()
	d := sso.RoleDefinition{Key: "auditor", Name: "Auditor", Description: "Reads everything", CreatedAt: at, UpdatedAt: at}
	w.write(func(tx *store.Writer) error { return tx.SaveRole(ctx, d) })
	d.Version = 1
	full(w, d)
	same(w, "Role()", d, get[sso.RoleDefinition](w, "Role()")(r.Role(ctx, "auditor")))
	w.conflict("roles_key", func(tx *store.Writer) error {
		return tx.SaveRole(ctx, sso.RoleDefinition{Key: "auditor", CreatedAt: at, UpdatedAt: at})
	})
	d.Name, d.UpdatedAt = "Auditors", w.later()
	w.write(func(tx *store.Writer) error { return tx.SaveRole(ctx, d) })
	w.conflict("version", func(tx *store.Writer) error { return tx.SaveRole(ctx, d) })
	d.Version = 2
	same(w, "Roles()", []sso.RoleDefinition{d}, get[[]sso.RoleDefinition](w, "Roles()")(r.Roles(ctx)))

	acme := w.addOrg("acme", nil)
	for _, name := range []string{"alice", "bob", "carol"} {
		m := w.addMember(acme.ID, w.addUser(acme.ID, name).ID)
		m.Role = "auditor"
		w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveMembership(ctx, m) })
	}
	for limit, want := range map[int]int{2: 2, 3: 3, 10: 3} {
		same(w, "CountRole()", want, get[int](w, "CountRole()")(r.CountRole(ctx, "auditor", limit)))
	}
	same(w, "CountRole() of nobody's", 0, get[int](w, "CountRole()")(r.CountRole(ctx, "reader", 10)))
	w.write(func(tx *store.Writer) error { return tx.DeleteRole(ctx, "auditor") })
	none[sso.RoleDefinition](w, "Roles()")(r.Roles(ctx))
	err := w.db.Write(ctx, func(tx *store.Writer) error { return tx.DeleteRole(ctx, "auditor") })
	if !errors.Is(err, store.ErrNotFound) {
		w.Errorf("DeleteRole() again = %v, want ErrNotFound", err)
	}
}

func entitlementsAreKept(w *world) {
	ctx, r := w.ctx, w.reader()
	acme, other := w.addOrg("acme", nil), w.addOrg("other", nil)
	none[sso.EntitlementGrant](w, "Entitlements()")(r.Org(acme.ID).Entitlements(ctx))
	g := full(w, sso.EntitlementGrant{Entitlement: sso.EntitledSSO, Plan: "Enterprise", By: "usr_o", At: w.later()})
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveEntitlement(ctx, g) })
	g.Plan, g.At = "Enterprise 2", w.later()
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveEntitlement(ctx, g) })
	same(w, "Entitlements()", []sso.EntitlementGrant{g}, get[[]sso.EntitlementGrant](w, "Entitlements()")(r.Org(acme.ID).Entitlements(ctx)))
	none[sso.EntitlementGrant](w, "Entitlements() of another")(r.Org(other.ID).Entitlements(ctx))
	w.write(func(tx *store.Writer) error {
		return errors.Join(tx.Org(other.ID).DeleteEntitlement(ctx, sso.EntitledSSO), tx.Org(acme.ID).DeleteEntitlement(ctx, sso.EntitledSCIM))
	})
	same(w, "Entitlements()", []sso.EntitlementGrant{g}, get[[]sso.EntitlementGrant](w, "Entitlements()")(r.Org(acme.ID).Entitlements(ctx)))
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).DeleteEntitlement(ctx, sso.EntitledSSO) })
	none[sso.EntitlementGrant](w, "Entitlements()")(r.Org(acme.ID).Entitlements(ctx))
}

func organizationsAreListed(w *world) {
	ctx, r := w.ctx, w.reader()
	ask := func(q store.OrganizationQuery) []string {
		w.Helper()
		var keys []string
		for {
			page := get[store.OrganizationPage](w, "ListOrganizations()")(r.ListOrganizations(ctx, q))
			for _, o := range page.Organizations {
				keys = append(keys, o.Key)
			}
			if q.After = page.Next; q.After.Org != "" {
				continue
			}
			if w.scattered && len(q.Words) > 0 {
				slices.Sort(keys)
			}
			return keys
		}
	}
	none[string](w, "ListOrganizations() of nothing")(ask(store.OrganizationQuery{Limit: 10}), nil)

	named := func(key, name string, parent *sso.Organization) sso.Organization {
		o := w.addOrg(key, parent)
		o.Name = name
		w.write(func(tx *store.Writer) error { return tx.SaveOrganization(ctx, o) })
		o.Version++
		return o
	}
	zeta := named("zeta", "Zeta Works", nil)
	acme := named("acme", "Ácme Ltd", nil)
	emea := named("acme-emea", "EMEA of acme", &acme)
	apac := named("acme-apac", "APAC works", &acme)
	sub := named("berlin", "Berlin", &emea)
	zeta.State = sso.OrgSuspended
	w.write(func(tx *store.Writer) error { return tx.SaveOrganization(ctx, zeta) })
	w.write(func(tx *store.Writer) error {
		return tx.Org(sub.ID).SaveDomain(ctx, sso.Domain{Org: sub.ID, Name: "eisbaer.example", State: sso.DomainInReview, CreatedAt: w.later()})
	})

	all := []string{"acme", "acme-apac", "berlin", "acme-emea", "zeta"} // by name: Ácme, APAC, Berlin, EMEA, Zeta
	for name, tc := range map[string]struct {
		query store.OrganizationQuery
		want  []string
	}{
		"all":                   {store.OrganizationQuery{}, all},
		"below another":         {store.OrganizationQuery{Parent: acme.ID}, []string{"acme-apac", "acme-emea"}},
		"below nobody":          {store.OrganizationQuery{Parent: apac.ID}, nil},
		"suspended":             {store.OrganizationQuery{State: sso.OrgSuspended}, []string{"zeta"}},
		"of a word":             {store.OrganizationQuery{Words: sso.SearchWords("WORK")}, []string{"acme-apac", "zeta"}},
		"of two words":          {store.OrganizationQuery{Words: sso.SearchWords("zet work")}, []string{"zeta"}},
		"of a word and a state": {store.OrganizationQuery{Words: sso.SearchWords("work"), State: sso.OrgActive}, []string{"acme-apac"}},
		"of an accent":          {store.OrganizationQuery{Words: sso.SearchWords("acme l")}, []string{"acme"}},
		"of a domain":           {store.OrganizationQuery{Words: sso.SearchWords("eisb")}, []string{"berlin"}},
		"of nothing":            {store.OrganizationQuery{Words: sso.SearchWords("nobody")}, nil},
	} {
		q := tc.query
		if w.scattered && len(q.Words) > 0 {
			slices.Sort(tc.want)
		}
		q.Limit = 10
		same(w, name, tc.want, ask(q))
		q.Limit = 1
		same(w, name+", one by one", tc.want, ask(q))
	}

	for _, user := range []string{"alice", "bob"} {
		w.addMember(sub.ID, w.addUser(sub.ID, user).ID)
	}
	w.addMember(acme.ID, w.addUser(acme.ID, "carol").ID)
	for _, tc := range []struct{ mostOrganizations, mostPeople, organizations, people int }{{10, 10, 3, 3}, {3, 3, 3, 3}, {10, 2, 3, 2}, {2, 10, 2, 1}, {1, 1, 1, 1}} {
		organizations, people, err := r.CountBelow(ctx, acme.ID, tc.mostOrganizations, tc.mostPeople)
		if err != nil || organizations != tc.organizations || people != tc.people {
			w.Errorf("CountBelow(%d, %d) = %d, %d, %v, want %d, %d", tc.mostOrganizations, tc.mostPeople, organizations, people, err, tc.organizations, tc.people)
		}
	}
}

func peopleAreFoundAnywhere(w *world) {
	ctx, r := w.ctx, w.reader()
	same(w, "FindPeople() of nothing", store.FoundPage{}, get[store.FoundPage](w, "FindPeople() of nothing")(r.FindPeople(ctx, nil, store.PeoplePlace{}, 10)))
	acme, globex := w.addOrg("acme", nil), w.addOrg("globex", nil)
	var want []string
	for i, org := range []sso.Organization{acme, globex} {
		u := w.user(org.ID, "found"+string(rune('a'+i)))
		w.write(func(tx *store.Writer) error { return tx.Org(org.ID).SaveUser(ctx, u) })
		w.addMember(acme.ID, u.ID) // one of them as a guest: listed once all the same
		want = append(want, string(u.ID)+" "+org.Key)
	}
	var ask func(typed string, after store.PeoplePlace, limit int) (got []string, last store.PeoplePlace)
	ask = func(typed string, after store.PeoplePlace, limit int) (got []string, last store.PeoplePlace) {
		w.Helper()
		page := get[store.FoundPage](w, "FindPeople()")(r.FindPeople(ctx, sso.SearchWords(typed), after, limit))
		for _, f := range page.People {
			got, last = append(got, string(f.ID)+" "+f.OrgKey), f.Place
		}
		if len(got) == 0 && page.Next.User != "" {
			return ask(typed, page.Next, limit)
		}
		return got, last
	}
	all, _ := ask("found", store.PeoplePlace{}, 10)
	same(w, "FindPeople()", want, all)
	first, place := ask("found", store.PeoplePlace{}, 1)
	second, _ := ask("found", place, 1)
	same(w, "FindPeople(), one by one", want, append(first, second...))
	both, _ := ask("foundb found", store.PeoplePlace{}, 10)
	same(w, "FindPeople() of two words", want[1:], both)
	none[sso.Trace](w, "TracesOf() of nobody")(r.TracesOf(ctx, "usr_none", 10))
	t := w.trace(acme.ID)
	w.write(func(tx *store.Writer) error { return tx.InsertTrace(ctx, t) })
	same(w, "TracesOf()", []sso.Trace{t}, get[[]sso.Trace](w, "TracesOf()")(r.TracesOf(ctx, t.User, 10)))
}
