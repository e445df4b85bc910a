package connect

import (
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/inspect"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web/ui"
	"github.com/sallyport/sallyport/internal/webtest"
)

// supportAt returns the visit of a support agent to a page.
func supportAt(target string) *visit {
	v := at(target)
	v.prefix, v.support = operatorPrefix, true
	v.Place.Organization, v.Line, v.Lineage = sso.Organization{}, nil, nil
	return v
}

// traceSpecimens are the pages about what became of sign-ins.
func traceSpecimens() map[string]webtest.Specimen {
	h := &Handler{Flow: &connect.Service{BaseURL: "https://id.example", Name: "Sallyport"}}
	c := known(configured("entra-id"))
	failed := failedTest(c)
	hops := []sso.Hop{{Step: sso.HopBegin, At: then}, {Step: sso.HopIdentify, At: then, By: sso.RouteDomain}, {Step: sso.HopDepart, At: then.Add(time.Second), Host: "login.example"}, {Step: sso.HopAnswer, At: then.Add(9 * time.Second), Host: "login.example", Code: "saml_audience"}}
	refused := inspect.TraceView{
		Trace: sso.Trace{
			Reference: "7F3K-22QD", Org: "org_a", Connection: "con_1", Method: sso.BySSO, At: then, Code: "saml_audience", Want: "https://id.example/saml", Got: "spn:https://id.example/saml", Fix: "idp",
			Checks: failed.Result.Checks, Address: "192.0.2.7", UserAgent: "Firefox <133>", Who: "ada@acme.example", Hops: hops,
			Detail: sso.TraceDetail{App: "app_1", Typed: "Ada@acme.example", Mode: sso.FirstCreate, Kept: true, Message: &sso.Message{
				Issuer: "https://sts.example/", NameID: "4f1c", Format: "urn:persistent", SessionIndex: "_s1", AuthnContext: "Password", IssuedAt: then, Signed: []string{"assertion"}, More: 230,
				Attributes: []sso.Attribute{{Name: "mail", Values: []string{"ada@acme.example"}}, {Name: "groups", Values: []string{"Staff", "<Platform>"}}},
			}},
		},
		Organization: acme(), Connection: &c.Connection, App: "Portal",
	}
	worked := inspect.TraceView{
		Trace: sso.Trace{
			Reference: "7F3K-22QE", Org: "org_a", Connection: "con_1", User: "usr_1", Method: sso.BySSO, At: then, Who: "ada@acme.example", Checks: passedTest(c).Result.Checks,
			Hops: []sso.Hop{
				{Step: sso.HopBegin, At: then}, {Step: sso.HopIdentify, At: then, By: sso.RouteOwn}, {Step: sso.HopChoose, At: then}, {Step: sso.HopDepart, At: then}, {Step: sso.HopAnswer, At: then}, {Step: sso.HopFirst, At: then},
				{Step: sso.HopFactor, At: then}, {Step: sso.HopEnrol, At: then}, {Step: sso.HopFinish, At: then},
			},
			Detail: sso.TraceDetail{Mode: sso.FirstAsk, Act: sso.ActLink, Why: &sso.RoleReason{Role: sso.RoleAdmin, Rule: sso.RoleByGroup, Row: 1, Group: "Platform"}, Second: sso.SecondTOTP, Message: &sso.Message{}},
		},
		Organization: acme(), Connection: &sso.Connection{ID: "con_9", Org: "org_parent", Name: "Parent"},
	}
	local := inspect.TraceView{Trace: sso.Trace{
		Reference: "7F3K-22QF", Org: "org_a", User: "usr_1", Method: sso.ByPassword, At: then, Code: "password_wrong", Fix: "person", Want: "w", Got: "g",
		Hops: []sso.Hop{{Step: sso.HopPasskey, At: then}, {Step: sso.HopLogout, At: then}, {Step: sso.HopPassword, At: then, Code: "password_wrong"}},
	}}
	glass := inspect.TraceView{Trace: sso.Trace{Reference: "7F3K-22QH", Org: "org_a", Method: sso.ByBreakGlass, At: then, Code: "break_glass_wrong", Fix: "person", Hops: []sso.Hop{{Step: sso.HopGlass, At: then, Code: "break_glass_wrong"}}}}
	bare := inspect.TraceView{Trace: sso.Trace{Reference: "7F3K-22QG", At: then, Code: "attempt_expired"}}
	masked := refused
	masked.Trace = refused.Redacted()
	open := refused
	open.Opened, open.Raw = true, "<samlp:Response>\n\tAda\n</samlp:Response>"
	path := "/console/traces/7F3K-22QD"
	masked.Bundles = []sso.Bundle{{ID: "bdl_1", CreatedAt: then, ExpiresAt: now().AddDate(0, 0, 7)}}
	given := sso.Bundle{Reference: "7F3K-22QD", ExpiresAt: now().AddDate(0, 0, 7), Content: refused.Bundle(sso.BundleConnection{Name: "Entra", Vendor: "entra-id", IdPEntityID: "https://sts.example/", SPEntityID: "https://id.example/saml", ACS: "https://id.example/acs"})}
	plain := sso.Bundle{Reference: "7F3K-22QF", ExpiresAt: now(), Content: local.Bundle(sso.BundleConnection{})}
	acted := at(path)
	acted.who.By.Session.Actor = "usr_s"
	below := at("/console/traces?org=acme-emea&connection=x&person=usr_1")
	below.Line = append(below.Line, sso.Organization{ID: "org_b", Key: "acme-emea", Name: "Acme EMEA"})
	below.Organization = below.Line[1]
	all := inspect.TraceList{
		Traces:      []sso.Trace{masked.Trace, worked.Redacted(), local.Trace, glass.Trace, bare.Trace},
		Connections: []sso.Connection{{ID: "con_1", Key: "x", Name: "Entra <ID>"}},
		Names:       inspect.TraceNames{Organizations: map[sso.OrgID]sso.Organization{"org_a": acme()}, Connections: map[sso.ConnectionID]string{"con_1": "Entra <ID>"}},
		Next:        inspect.Place{At: then, ID: "7F3K-22QG"},
	}
	typed := ui.Filled{Values: map[string][]string{"reason": {"<x>"}}, Problems: map[string]string{"reason": "trace_reason"}}
	return map[string]webtest.Specimen{
		"traces":         {Page: tracesPageOf(at("/console/traces?after=1.x"), &all), Path: "/console/traces?after=1.x"},
		"traces-none":    {Page: tracesPageOf(at("/console/traces"), &inspect.TraceList{}), Path: "/console/traces"},
		"traces-below":   {Page: tracesPageOf(below, &inspect.TraceList{}), Path: "/console/traces?org=acme-emea&connection=x&person=usr_1"},
		"traces-support": {Page: tracesPageOf(supportAt("/operator/traces?q=ada"), &all), Path: "/operator/traces?q=ada"},
		"trace":          {Page: h.tracePageOf(at(path), &masked, typed), Path: path},
		"trace-open":     {Page: h.tracePageOf(at(path), &open, ui.Filled{}), Path: path},
		"trace-worked":   {Page: h.tracePageOf(at(path), &worked, ui.Filled{}), Path: path},
		"trace-local":    {Page: h.tracePageOf(at(path), &local, ui.Filled{}), Path: path},
		"trace-glass":    {Page: h.tracePageOf(at(path), &glass, ui.Filled{}), Path: path},
		"trace-acted":    {Page: h.tracePageOf(acted, &bare, ui.Filled{}), Path: path, Person: acted.who.By.Person},
		"trace-bundled":  {Page: h.bundledPageOf(at(path), &masked, secret.ParseToken(strings.Repeat("x", 43))), Path: path},
		"bundle":         {Page: bundlePageOf(&given, "/bundle/x"), Path: "/bundle/x"},
		"bundle-local":   {Page: bundlePageOf(&plain, "/bundle/x"), Path: "/bundle/x"},
		"trace-support":  {Page: h.tracePageOf(supportAt("/operator/traces/7F3K-22QD"), &masked, ui.Filled{}), Path: "/operator/traces/7F3K-22QD"},
	}
}
