package storetest

import (
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func organizationsAreKept(w *world) {
	ctx := w.ctx
	missing[sso.Organization](w, "Organization()")(w.reader().Organization(ctx, "org_none"))
	missing[sso.Organization](w, "OrganizationByKey()")(w.reader().OrganizationByKey(ctx, "acme"))
	none[sso.Organization](w, "Organizations()")(w.reader().Organizations(ctx))

	acme := w.addOrg("acme", nil)
	full(w, acme)
	emea := w.addOrg("acme-emea", &acme)
	r := w.reader()
	same(w, "Organization()", acme, get[sso.Organization](w, "Organization()")(r.Organization(ctx, acme.ID)))
	same(w, "OrganizationByKey()", emea, get[sso.Organization](w, "OrganizationByKey()")(r.OrganizationByKey(ctx, "acme-emea")))
	same(w, "Organizations()", []sso.Organization{acme, emea}, get[[]sso.Organization](w, "Organizations()")(r.Organizations(ctx)))
	same(w, "Org().Organization()", acme, get[sso.Organization](w, "Org().Organization()")(r.Org(acme.ID).Organization(ctx)))
	same(w, "OrganizationsByID()", []sso.Organization{acme, emea},
		get[[]sso.Organization](w, "OrganizationsByID()")(r.OrganizationsByID(ctx, []sso.OrgID{emea.ID, "org_none", acme.ID, emea.ID})))
	none[sso.Organization](w, "OrganizationsByID()")(r.OrganizationsByID(ctx, nil))

	changed := acme
	changed.Key, changed.Name, changed.State, changed.UpdatedAt = "acme-2", "Acme 2", sso.OrgSuspended, w.later()
	changed.Entitlements, changed.Policy = nil, sso.Policy{}
	w.write(func(tx *store.Writer) error { return tx.SaveOrganization(ctx, changed) })
	w.conflict(store.StaleVersion, func(tx *store.Writer) error { return tx.SaveOrganization(ctx, changed) })
	changed.Version++
	same(w, "Organization() after a save", changed, get[sso.Organization](w, "Organization()")(r.Organization(ctx, acme.ID)))
	same(w, "a child after a save", emea, get[sso.Organization](w, "Organization()")(r.Organization(ctx, emea.ID)))

	w.conflict(store.OrganizationKey, func(tx *store.Writer) error { return tx.SaveOrganization(ctx, w.organization("acme-2", nil)) })
	orphan := w.organization("orphan", &sso.Organization{Path: []sso.OrgID{"org_none"}})
	w.refused(store.ErrReference, func(tx *store.Writer) error { return tx.SaveOrganization(ctx, orphan) })
}

func lineageRunsFromTheRoot(w *world) {
	ctx := w.ctx
	var line []sso.Organization
	var above *sso.Organization
	for _, key := range []string{"z", "a", "m", "b", "y", "c", "x", "d"} { // as deep as a tree may be
		o := w.addOrg(key, above)
		line, above = append(line, o), &o
	}
	w.addOrg("other", &line[0])
	r := w.reader()
	for i, o := range line {
		same(w, "Lineage() of "+o.Key, line[:i+1], get[[]sso.Organization](w, "Lineage()")(r.Lineage(ctx, o.ID)))
	}
	missing[[]sso.Organization](w, "Lineage()")(r.Lineage(ctx, "org_none"))
}

func movedOrganizationTakesAlong(w *world) {
	ctx := w.ctx
	acme, other := w.addOrg("acme", nil), w.addOrg("other", nil)
	emea := w.addOrg("emea", &acme)
	uk := w.addOrg("uk", &emea)
	wales := w.addOrg("wales", &uk)
	apac := w.addOrg("apac", &acme)

	if err := emea.Place(&other); err != nil {
		w.Fatal(err)
	}
	w.write(func(tx *store.Writer) error { return tx.SaveOrganization(ctx, emea) })
	r := w.reader()
	for key, want := range map[string][]sso.OrgID{
		"emea":  {other.ID, emea.ID},
		"uk":    {other.ID, emea.ID, uk.ID},
		"wales": {other.ID, emea.ID, uk.ID, wales.ID},
		"apac":  {acme.ID, apac.ID},
		"acme":  {acme.ID},
	} {
		same(w, "path of "+key, want, get[sso.Organization](w, key)(r.OrganizationByKey(ctx, key)).Path)
	}
	// Who has read the old path must not write it back.
	w.conflict(store.StaleVersion, func(tx *store.Writer) error { return tx.SaveOrganization(ctx, uk) })
	w.write(func(tx *store.Writer) error { return tx.SaveOrganization(ctx, apac) })
}

func domainsAreKept(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	c := w.addConnection(acme.ID, "acme-okta")
	r := w.reader()
	missing[sso.Domain](w, "Domain()")(r.Org(acme.ID).Domain(ctx, "acme.example"))
	missing[sso.Domain](w, "VerifiedDomain()")(r.VerifiedDomain(ctx, "acme.example"))
	none[sso.Domain](w, "Domains()")(r.Org(acme.ID).Domains(ctx))

	claim := sso.Domain{Org: acme.ID, Name: "acme.example", State: sso.DomainInReview, CreatedAt: w.later()}
	save := func(d sso.Domain) {
		w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveDomain(ctx, d) })
	}
	save(claim)
	same(w, "Domain()", claim, get[sso.Domain](w, "Domain()")(r.Org(acme.ID).Domain(ctx, "acme.example")))
	missing[sso.Domain](w, "VerifiedDomain() in review")(r.VerifiedDomain(ctx, "acme.example"))

	claim.State, claim.Proof, claim.Connection, claim.VerifiedAt = sso.DomainVerified, sso.ProofDNS, c.ID, w.later()
	claim.SSOOff, claim.PasswordOff = true, true
	claim.Check = sso.DomainCheck{
		DomainLook: sso.DomainLook{Finding: sso.FoundOther, Where: "acme.example", Values: []string{"v=spf1 -all", "x"}},
		At:         w.later(), NextAt: w.later(), SeenAt: w.later(), GoneAt: w.later(), WarnedAt: w.later(),
	}
	full(w, claim)
	save(claim)
	save(claim)
	same(w, "VerifiedDomain()", claim, get[sso.Domain](w, "VerifiedDomain()")(r.VerifiedDomain(ctx, "acme.example")))
	first := sso.Domain{Org: acme.ID, Name: "aaa.example", State: sso.DomainInReview, CreatedAt: w.later()}
	save(first)
	same(w, "Domains()", []sso.Domain{first, claim}, get[[]sso.Domain](w, "Domains()")(r.Org(acme.ID).Domains(ctx)))

	claim.State = sso.DomainLapsed
	save(claim)
	missing[sso.Domain](w, "VerifiedDomain() when lapsed")(r.VerifiedDomain(ctx, "acme.example"))

	other := w.addOrg("other", nil)
	w.write(func(tx *store.Writer) error { return tx.Org(other.ID).DeleteDomain(ctx, "acme.example") })
	same(w, "Domain() that another organization withdrew", claim, get[sso.Domain](w, "Domain()")(r.Org(acme.ID).Domain(ctx, "acme.example")))
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).DeleteDomain(ctx, "acme.example") })
	missing[sso.Domain](w, "Domain() that is withdrawn")(r.Org(acme.ID).Domain(ctx, "acme.example"))
}

func oneVerifiedClaim(w *world) {
	ctx := w.ctx
	acme, rival := w.addOrg("acme", nil), w.addOrg("rival", nil)
	claim := func(org sso.OrgID, state sso.DomainState) func(*store.Writer) error {
		return func(tx *store.Writer) error {
			return tx.Org(org).SaveDomain(ctx, sso.Domain{Org: org, Name: "acme.example", State: state, Proof: sso.ProofDNS, CreatedAt: w.now, VerifiedAt: w.now})
		}
	}
	w.write(claim(acme.ID, sso.DomainInReview))
	w.write(claim(rival.ID, sso.DomainInReview)) // claims coexist
	w.write(claim(rival.ID, sso.DomainVerified)) // the first proof wins
	w.conflict(store.VerifiedDomainName, claim(acme.ID, sso.DomainVerified))
	if d := get[sso.Domain](w, "VerifiedDomain()")(w.reader().VerifiedDomain(ctx, "acme.example")); d.Org != rival.ID {
		w.Errorf("VerifiedDomain() is of %s, want %s", d.Org, rival.ID)
	}
	w.write(claim(rival.ID, sso.DomainLapsed))
	w.write(claim(acme.ID, sso.DomainVerified))
}

func connectionsAreKept(w *world) {
	ctx := w.ctx
	acme := w.addOrg("acme", nil)
	r := w.reader()
	missing[sso.Connection](w, "Connection()")(r.Connection(ctx, "con_none"))
	missing[sso.Connection](w, "ConnectionByKey()")(r.ConnectionByKey(ctx, "acme-okta"))
	missing[sso.Connection](w, "Org().Connection()")(r.Org(acme.ID).Connection(ctx, "con_none"))
	none[sso.Connection](w, "Connections()")(r.Org(acme.ID).Connections(ctx))

	c := w.addConnection(acme.ID, "acme-okta")
	full(w, c)
	second := w.addConnection(acme.ID, "acme-entra")
	same(w, "Connection()", c, get[sso.Connection](w, "Connection()")(r.Connection(ctx, c.ID)))
	same(w, "ConnectionByKey()", c, get[sso.Connection](w, "ConnectionByKey()")(r.ConnectionByKey(ctx, "acme-okta")))
	same(w, "Org().Connection()", c, get[sso.Connection](w, "Org().Connection()")(r.Org(acme.ID).Connection(ctx, c.ID)))
	same(w, "Connections()", []sso.Connection{c, second}, get[[]sso.Connection](w, "Connections()")(r.Org(acme.ID).Connections(ctx)))

	changed := c
	changed.Key, changed.Name, changed.State, changed.FirstSignIn, changed.UpdatedAt = "acme-okta-2", "Okta 2", sso.ConnectionDisabled, sso.FirstMatch, w.later()
	changed.SAML, changed.Defaults, changed.Attributes = sso.SAML{IdPEntityID: "urn:new"}, sso.Defaults{}, sso.AttributeMap{}
	w.write(func(tx *store.Writer) error { return tx.Org(acme.ID).SaveConnection(ctx, changed) })
	w.conflict(store.StaleVersion, func(tx *store.Writer) error { return tx.Org(acme.ID).SaveConnection(ctx, changed) })
	changed.Version++
	same(w, "Connection() after a save", changed, get[sso.Connection](w, "Connection()")(r.Connection(ctx, c.ID)))

	w.conflict(store.ConnectionKey, func(tx *store.Writer) error {
		return tx.Org(acme.ID).SaveConnection(ctx, w.connection(acme.ID, "acme-entra"))
	})
	w.refused(store.ErrReference, func(tx *store.Writer) error {
		return tx.Org("org_none").SaveConnection(ctx, w.connection("org_none", "nobody"))
	})
}

func activeConnections(w *world) {
	ctx := w.ctx
	var orgs []sso.OrgID
	var want []sso.Connection
	for i := range 2*sso.MaxTreeDepth + 1 {
		o := w.addOrg("org-"+string(rune('a'+i)), nil)
		orgs = append(orgs, o.ID)
		want = append(want, w.addConnection(o.ID, "con-"+o.Key))
	}
	draft := w.connection(orgs[0], "draft")
	draft.State = sso.ConnectionDraft
	w.write(func(tx *store.Writer) error { return tx.Org(orgs[0]).SaveConnection(ctx, draft) })

	r := w.reader()
	for _, n := range []int{1, 2, sso.MaxTreeDepth, sso.MaxTreeDepth + 1, len(orgs)} {
		same(w, "ActiveConnections()", want[:n], get[[]sso.Connection](w, "ActiveConnections()")(r.ActiveConnections(ctx, orgs[:n])))
	}
	none[sso.Connection](w, "ActiveConnections()")(r.ActiveConnections(ctx, nil))
	none[sso.Connection](w, "ActiveConnections()")(r.ActiveConnections(ctx, []sso.OrgID{"org_none"}))

	none[sso.Connection](w, "ConnectionsByID()")(r.ConnectionsByID(ctx, nil))
	some, err := r.ConnectionsByID(ctx, []sso.ConnectionID{want[3].ID, "con_none", want[1].ID})
	if err != nil || len(some) != 2 {
		w.Errorf("ConnectionsByID() = %v, %v, want two", some, err)
	}
}
