package connect

import (
	"maps"
	"net/url"
	"time"

	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
	"github.com/sallyport/sallyport/internal/webtest"
)

// handler tells whom to ask for a plan.
var handler = &Handler{Offer: frame.Offer{Plan: "Enterprise", Contact: "sales@vendor.example"}}

// claim returns a claim of Acme, as a test changes it.
func claim(name string, change func(*connect.DomainView)) *connect.DomainView {
	v := &connect.DomainView{Domain: sso.NewDomain("org_a", name, then)}
	if change != nil {
		change(v)
	}
	return v
}

func looked(f sso.DomainFinding) func(*connect.DomainView) {
	return func(v *connect.DomainView) {
		v.Check = sso.DomainCheck{DomainLook: sso.DomainLook{Finding: f}, At: now().Add(-time.Minute), NextAt: now().Add(30 * time.Minute)}
		switch f {
		case sso.FoundOther:
			v.Check.Values = []string{"v=spf1 -all", "<script>"}
		case sso.FoundElsewhere:
			v.Check.Where = "acme.example"
		}
	}
}

func verified(v *connect.DomainView) {
	looked(sso.FoundRecord)(v)
	v.State, v.Proof, v.VerifiedAt = sso.DomainVerified, sso.ProofDNS, then.Add(time.Hour)
	v.People = store.DomainPeople{All: 120, Without: 1}
	v.Connections = []sso.Connection{{ID: "con_1", Name: "Okta"}, {ID: "con_2", Name: "Entra ID"}}
	v.Connection = "con_2"
}

func domainSpecimens() map[string]webtest.Specimen {
	const path, there = "/console/domains/acme.example", "/setup/domains/acme.example"
	page := func(v *visit, d *connect.DomainView) webtest.Specimen {
		to := path
		if v.Link != nil {
			to = there
		}
		x := webtest.Specimen{Page: domainPageOf(v, d, ui.Filled{}, now()), Path: to}
		if v.console().Acted {
			x.Person = v.who.By.Person
		}
		return x
	}
	specimens := map[string]webtest.Specimen{
		"domain-fresh":    page(at(path), claim("acme.example", nil)),
		"domain-record":   page(at(path), claim("acme.example", looked(sso.FoundRecord))),
		"domain-verified": page(at(path), claim("acme.example", verified)),
		"domain-closed":   page(at(path), claim("acme.example", func(v *connect.DomainView) { verified(v); v.PasswordOff = true })),
		"domain-alone": page(at(path), claim("acme.example", func(v *connect.DomainView) {
			verified(v)
			v.SSOOff, v.Connections, v.Connection, v.People = true, nil, "", store.DomainPeople{}
		})),
		"domain-vouched": page(at(path), claim("acme.example", func(v *connect.DomainView) { verified(v); v.Vouch(then) })),
		"domain-missing": page(at(path), claim("acme.example", func(v *connect.DomainView) {
			verified(v)
			looked(sso.FoundNothing)(v)
			v.Check.GoneAt = then
		})),
		"domain-lapsed":    page(at(path), claim("acme.example", func(v *connect.DomainView) { looked(sso.FoundNothing)(v); v.State = sso.DomainLapsed })),
		"domain-elsewhere": page(at(path), claim("acme.example", func(v *connect.DomainView) { looked(sso.FoundNothing)(v); v.Elsewhere = true })),
		"domain-contested": page(at(path), claim("acme.example", func(v *connect.DomainView) { looked(sso.FoundRecord)(v); v.Elsewhere = true })),
		"domain-idn":       page(at(path), claim("xn--mnchen-3ya.example", func(v *connect.DomainView) { looked(sso.FoundNothing)(v); v.Check.NextAt = time.Time{} })),
		"domain-link":      page(by(sso.SetupDomains, there), claim("acme.example", looked(sso.FoundNothing))),
		"domain-link-done": page(by(sso.SetupDomains, there), claim("acme.example", verified)),
		"domain-link-sso":  page(by(sso.SetupSSO, there), claim("acme.example", verified)),
		"domain-acting":    page(acting(path), claim("acme.example", looked(sso.FoundNothing))),
		"domain-wrong":     {Page: domainPageOf(at(path), claim("acme.example", verified), ui.Filled{Values: url.Values{"way": {"sso"}}, Problems: map[string]string{"way": "domain_no_owner"}}, now()), Path: path},
		"domain-remove":    {Page: confirmPage{Shell: at(path).insideDomains(), Confirm: confirmDomainRemoval(at(path), claim("acme.example", verified), "confirm_name")}, Path: path + "/remove"},
		"domain-withdraw":  {Page: confirmPage{Shell: at(path).insideDomains(), Confirm: confirmDomainRemoval(at(path), claim("acme.example", nil), "")}, Path: path + "/remove"},
		"domain-new":       {Page: newDomainPageOf(at("/console/domains/new"), ui.Filled{}), Path: "/console/domains/new"},
		"domain-new-wrong": {Page: newDomainPageOf(at("/console/domains/new"), ui.Filled{Values: url.Values{"domain": {"gmail.com"}}, Problems: map[string]string{"domain": "domain_public_mail"}}), Path: "/console/domains/new"},
	}
	for _, f := range []sso.DomainFinding{sso.FoundNothing, sso.FoundOther, sso.FoundElsewhere, sso.FoundTimeout, sso.FoundFailure, sso.FoundUnreachable} {
		specimens["domain-found-"+string(f)] = page(at(path), claim("acme.example", looked(f)))
	}
	maps.Copy(specimens, linkSpecimens())
	return specimens
}

func linkSpecimens() map[string]webtest.Specimen {
	const path = "/console/sso/links"
	links := &connect.SetupLinks{
		Links: []sso.SetupLink{
			{ID: "set_1", Scope: sso.SetupSSO, Note: "Ivan (IT)", By: "usr_o", CreatedAt: now(), ExpiresAt: now().Add(time.Hour)},
			{ID: "set_2", Scope: sso.SetupDomains, Note: "<Dora>, DNS", By: "usr_o", CreatedAt: now().Add(-time.Hour), ExpiresAt: now().Add(time.Hour), OpenedAt: now().Add(-time.Minute)},
			{ID: "set_3", Scope: sso.SetupDomains, Note: "Old", By: "usr_o", CreatedAt: then, ExpiresAt: then.Add(time.Hour)},
			{ID: "set_4", Scope: sso.SetupDomains, Note: "Lost", By: "usr_o", CreatedAt: then, ExpiresAt: now().Add(time.Hour), RevokedAt: then},
		},
		Names: map[string]string{"usr_o": "Olga Owner"}, Next: connect.Place{At: then, ID: "set_4"},
	}
	made := links.Links[0]
	return map[string]webtest.Specimen{
		"links":          {Page: linksPageOf(at(path+"?after=x.y"), links, now()), Path: path + "?after=x.y"},
		"links-empty":    {Page: linksPageOf(at(path), &connect.SetupLinks{}, now()), Path: path},
		"link-new":       {Page: newLinkPageOf(at(path+"/new"), ui.Filled{}), Path: path + "/new"},
		"link-new-wrong": {Page: newLinkPageOf(at(path+"/new"), ui.Filled{Values: url.Values{"scope": {"domains"}, "mail": {"nobody"}, "days": {"3"}}, Problems: map[string]string{"mail": "ident_email", "note": "setup_link_note"}}), Path: path + "/new"},
		"link-made":      {Page: madeLinkPageOf(at(path+"/new"), &made, "https://sso.example/setup/abc", ""), Path: path + "/new"},
		"link-mailed":    {Page: madeLinkPageOf(at(path+"/new"), &made, "https://sso.example/setup/abc", "ivan@it.example"), Path: path + "/new"},
	}
}

// acting returns the visit of somebody who acts as an owner.
func acting(target string) *visit {
	v := at(target)
	v.who.By.Session.Actor = "usr_s"
	return v
}
