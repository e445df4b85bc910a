package storetest

import (
	"errors"
	"time"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func eventsAreListed(w *world) {
	ctx, r := w.ctx, w.reader()
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
		q := tc.query
		q.Limit = len(tc.want)
		same(w, name, store.EventPage{Events: tc.want}, ask(q))
		var walked []sso.Event // a line a page
		for q.Limit = 1; ; {
			p := ask(q)
			walked = append(walked, p.Events...)
			if q.After = p.Next; q.After == "" {
				break
			}
		}
		same(w, name+", line by line", tc.want, walked)
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
