package connect

import (
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/webtest"
)

var then = time.Date(2020, 9, 1, 12, 0, 0, 0, time.UTC)

func now() time.Time { return then.Add(25 * time.Hour) }

func acme() sso.Organization {
	return sso.Organization{ID: "org_a", Key: "acme", Name: "Acme Ltd", Path: []sso.OrgID{"org_a"}, State: sso.OrgActive, Entitlements: []sso.Entitlement{sso.EntitledSSO}, CreatedAt: then, Version: 3}
}

// at returns the visit of an owner to a page.
func at(target string) *visit {
	v := &visit{prefix: consolePrefix, r: httptest.NewRequest(http.MethodGet, target, nil)}
	v.who.By = sso.By{Address: "192.0.2.7", Person: sso.Person{
		Session: sso.Session{ID: "ses_o"}, User: sso.User{ID: "usr_o", FirstName: "Olga", LastName: "Owner", Email: sso.StoredEmail("olga@acme.example")},
		Org: acme(), Membership: sso.Membership{Org: "org_a", User: "usr_o", Role: sso.RoleOwner},
	}}
	v.Organization = acme()
	v.Line, v.Lineage = []sso.Organization{acme()}, []sso.Organization{acme()}
	return v
}

// by returns the visit of the holder of a link.
func by(scope sso.SetupScope, target string) *visit {
	v := at(target)
	v.prefix, v.who.By = setupPrefix, sso.By{}
	v.Link = &sso.SetupLink{ID: "set_1", Org: "org_a", Scope: scope, ExpiresAt: now().Add(time.Hour)}
	return v
}

func TestPages(t *testing.T) {
	t.Parallel()
	o := connect.Overview{
		Domains: []sso.Domain{{Name: "acme.example", State: sso.DomainVerified}, {Name: "acme.test", State: sso.DomainInReview}, {Name: "old.example", State: sso.DomainLapsed}},
		Connections: []sso.Connection{
			{Name: "<Okta>", State: sso.ConnectionActive, SAML: sso.SAML{IdPEntityID: "http://www.okta.com/exk1"}},
			{Name: "Entra ID", State: sso.ConnectionDraft}, {Name: "ADFS", State: sso.ConnectionDisabled}, {Name: "Ping", State: sso.ConnectionTested},
		},
	}
	bare := at("/console/sso")
	bare.Lineage = []sso.Organization{{ID: "org_a"}}
	opened := connect.Opened{Organization: acme(), From: "Olga Owner", Link: sso.SetupLink{Scope: sso.SetupSSO, Note: "Ivan (IT)", ExpiresAt: then}}
	domains := opened
	domains.Link.Scope, domains.From = sso.SetupDomains, ""
	specimens := map[string]webtest.Specimen{
		"overview":       {Page: handler.overviewOf(at("/console/sso"), &o), Path: "/console/sso"},
		"overview-empty": {Page: handler.overviewOf(bare, &connect.Overview{}), Path: "/console/sso"},
		"overview-link":  {Page: handler.overviewOf(by(sso.SetupSSO, "/setup/sso"), &o), Path: "/setup/sso"},
		"domains":        {Page: handler.domainsPageOf(at("/console/domains"), o.Domains), Path: "/console/domains"},
		"domains-link":   {Page: handler.domainsPageOf(by(sso.SetupDomains, "/setup/domains"), nil), Path: "/setup/domains"},
		"open":           {Page: openPageOf(&opened, "/setup/x"), Path: "/setup/x"},
		"open-domains":   {Page: openPageOf(&domains, "/setup/x"), Path: "/setup/x"},
	}
	maps.Copy(specimens, domainSpecimens())
	maps.Copy(specimens, peopleSpecimens())
	maps.Copy(specimens, wizardSpecimens())
	maps.Copy(specimens, trialSpecimens())
	maps.Copy(specimens, swapSpecimens())
	maps.Copy(specimens, foreseenSpecimens())
	maps.Copy(specimens, offSpecimens())
	maps.Copy(specimens, enforceSpecimens())
	maps.Copy(specimens, traceSpecimens())
	composed := []string{
		"connection_", "domain_", "dns_", "ways_", "proof_", "scope_", "link_", "conflict_", "conflicts_none_", "remedy_", "mode_", "saved_conflict_",
		"stage_", "activate_", "ours_", "take_", "field_", "found_requests_", "sign_requests_", "request_binding_", "nameid_format_", "encryption_", "legacy_",
		"gate_", "degree_", "sessions_", "about_", "act_", "check_", "checks_", "note_", "offer_", "side_", "swap_", "fate_",
		"route_", "done_", "by_", "second_", "hop_", "trace_side_", "traces_within_",
	}
	webtest.Pages{Set: Pages(), Composed: composed, Specimens: specimens}.Check(t)
}

// serve asks a route of a router.
func serve(t *testing.T, route web.Route) {
	t.Helper()
	base, err := web.ParseBaseURL("https://id.example")
	if err != nil {
		t.Fatal(err)
	}
	rt, err := web.New(web.Config{BaseURL: base, Log: slog.New(slog.DiscardHandler), Failure: func(w http.ResponseWriter, _ *http.Request, f web.Failure) { w.WriteHeader(f.Status) }}, []web.Route{route})
	if err != nil {
		t.Fatal(err)
	}
	rt.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), route.Method, route.Path, http.NoBody))
}
