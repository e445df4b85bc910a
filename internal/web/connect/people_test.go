package connect

import (
	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/inspect"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/web/ui"
	"github.com/sallyport/sallyport/internal/webtest"
)

// peopleSpecimens are the pages about who somebody is.
func peopleSpecimens() map[string]webtest.Specimen {
	said := sso.Asserted{Subject: "named:ada", Email: sso.StoredEmail("ada@acme.example"), FirstName: "Ada", LastName: "<Lovelace>", Groups: []string{"Staff", "Platform"}}
	clash := func(id sso.ConflictID, kind sso.ClashKind, state sso.ConflictState, users ...sso.UserID) sso.Conflict {
		return sso.Conflict{
			ID: id, Org: "org_a", Connection: "con_1", Subject: said.Subject, Clash: sso.Clash{Kind: kind, Candidates: users}, Asserted: said, Reference: "7F3K-22QD", Count: 2, State: state, CreatedAt: then, SeenAt: then,
		}
	}
	person := func(id sso.UserID, name string, state sso.UserState) inspect.Candidate {
		return inspect.Candidate{
			Standing: sso.Standing{
				User: sso.User{ID: id, FirstName: name, Email: sso.StoredEmail("ada@acme.example"), State: state, LastSignInAt: then}, HomePath: []sso.OrgID{"org_a"},
				Positions: []sso.Position{{Membership: sso.Membership{Org: "org_a", User: id, Role: sso.RoleAdmin}}, {Membership: sso.Membership{Org: "org_b", User: id, Role: "auditor"}}},
			},
			Home: "Acme Ltd", Links: []store.LinkAt{{ConnectionName: "Okta"}},
		}
	}
	two := inspect.ConflictPage{
		Conflict: clash("cfl_1", sso.ClashCandidates, sso.ConflictOpen, "usr_1", "usr_2", "usr_3"), Connection: sso.Connection{Name: "Okta"},
		Candidates: []inspect.Candidate{person("usr_1", "Ada", sso.UserActive), person("usr_2", "Ada <2>", sso.UserActive), {Beyond: true}},
	}
	guest := inspect.ConflictPage{Conflict: clash("cfl_2", sso.ClashDomain, sso.ConflictRefused), Connection: sso.Connection{Name: "Okta"}}
	gone := inspect.ConflictPage{Conflict: clash("cfl_3", sso.ClashDeleted, sso.ConflictOpen, "usr_4"), Connection: sso.Connection{Name: "Okta"}, Candidates: []inspect.Candidate{person("usr_4", "Gone", sso.UserDeleted)}}
	solved := inspect.ConflictPage{Conflict: clash("cfl_4", sso.ClashSubject, sso.ConflictSolved, "usr_1"), Connection: sso.Connection{Name: "Okta"}, By: "Olga Owner"}
	solved.Conflict.Decision = sso.RemedyRelink
	typed := ui.Filled{Values: map[string][]string{"to": {"usr_2"}, "confirm": {"ada"}}, Problems: map[string]string{"confirm": "confirm_name"}}
	inbox := inspect.Inbox{
		Conflicts:   []sso.Conflict{two.Conflict, guest.Conflict, {ID: "cfl_5", Connection: "con_1", Subject: "named:x", Clash: sso.Clash{Kind: sso.ClashProvider}, Count: 1, SeenAt: then}},
		Connections: map[sso.ConnectionID]string{"con_1": "Okta"}, Next: inspect.Place{At: then, ID: "cfl_5"},
	}
	var way []inspect.Explained
	for _, rule := range inspect.Ways() {
		way = append(way, inspect.Explained{Way: rule, Domain: "acme.example", Organization: "Acme Ltd", Connection: "Okta", User: "Ada", Mode: sso.FirstAsk, Role: sso.RoleMember, Code: "ident_no_match"})
	}
	way[3].User, way[3].Organization = "", ""
	c := sso.Connection{ID: "con_1", Org: "org_a", Key: "acme-okta", Name: "Okta", FirstSignIn: sso.FirstCreate, Version: 3, Defaults: sso.Defaults{
		Groups: []string{"staff", "new"}, Organizations: []sso.OrgID{"org_a"}, Mapping: sso.GroupRoles{On: true, Rows: []sso.GroupRow{
			{Group: "5a1b0c2d-0000-4abc-8def-0123456789ab", Role: sso.RoleAdmin}, {Group: "Staff <all>", Label: "Everybody", Groups: []string{"staff"}},
		}},
	}}
	d := connect.DefaultsPage{Connection: c, Tree: []sso.Organization{acme(), {ID: "org_b", Name: "Acme EMEA"}}, Roles: []sso.RoleDefinition{{Key: "auditor", Name: "Auditor"}}}
	n := connect.NewDefaults{Version: c.Version, FirstSignIn: c.FirstSignIn, Defaults: c.Defaults}
	looked := defaultsPageOf(at("/console/sso/acme-okta/defaults"), &d, n, nil)
	looked.Preview = previewOf(&connect.Preview{Looked: 7, Unknown: 2, Total: 2, Changes: []connect.PreviewChange{
		{User: sso.User{FirstName: "Ada", Email: said.Email}, Organization: "Acme Ltd", Following: sso.Following{
			Membership: sso.Membership{Role: sso.RoleAdmin, Groups: []string{"ops"}}, Was: sso.Membership{Role: sso.RoleMember}, Reason: sso.RoleReason{Role: sso.RoleAdmin, Rule: sso.RoleByGroup, Row: 1, Group: "Platform"},
		}},
		{User: sso.User{FirstName: "Bob"}, Organization: "Acme EMEA", Following: sso.Following{Membership: sso.Membership{Role: sso.RoleOwner}, Was: sso.Membership{Role: sso.RoleOwner}, Reason: sso.RoleReason{Rule: sso.RoleLastOwner}}},
	}})
	bare := connect.DefaultsPage{Connection: c, Tree: d.Tree[:1]}
	byLink := defaultsPageOf(by(sso.SetupSSO, "/setup/sso/acme-okta/defaults"), &bare, n, map[string]string{"mapping": "mapping_row", "mode": "choice_unknown", "role": "rights_owner", "groups": "group_name"})
	byLink.Preview = previewOf(&connect.Preview{Looked: 1, Total: 1})
	conflict := func(p *inspect.ConflictPage, of sso.Remedy, f ui.Filled) webtest.Specimen {
		path := "/console/conflicts/" + string(p.ID)
		return webtest.Specimen{Page: conflictPageOf(at(path), p, of, f), Path: path}
	}
	below := at("/console/sso/explain?address=x&org=acme-emea")
	below.Line = append(below.Line, sso.Organization{ID: "org_b", Key: "acme-emea", Name: "Acme EMEA"})
	below.Organization = below.Line[1]
	acted := at("/console/conflicts/cfl_2")
	acted.who.By.Session.Actor = "usr_s"
	return map[string]webtest.Specimen{
		"conflict-acted":   {Page: conflictPageOf(acted, &guest, "", ui.Filled{}), Path: "/console/conflicts/cfl_2", Person: acted.who.By.Person},
		"inbox":            {Page: inboxPageOf(at("/console/conflicts?after=1.cfl_9"), sso.ConflictOpen, &inbox), Path: "/console/conflicts?after=1.cfl_9"},
		"inbox-empty":      {Page: inboxPageOf(at("/console/conflicts?state=allowed"), sso.ConflictAllowed, &inspect.Inbox{}), Path: "/console/conflicts?state=allowed"},
		"conflict":         conflict(&two, "", ui.Filled{}),
		"conflict-problem": conflict(&two, sso.RemedyRelink, typed),
		"conflict-guest":   conflict(&guest, "", ui.Filled{}),
		"conflict-deleted": conflict(&gone, "", ui.Filled{}),
		"conflict-solved":  conflict(&solved, "", ui.Filled{}),
		"explain":          {Page: explainPageOf(at("/console/sso/explain?address=ada@acme.example"), "ada@acme.example", way, nil), Path: "/console/sso/explain?address=ada@acme.example"},
		"explain-problem":  {Page: explainPageOf(below, "<x>", nil, &fault.Error{Code: "ident_email"}), Path: "/console/sso/explain?address=x&org=acme-emea"},
		"defaults":         {Page: looked, Path: "/console/sso/acme-okta/defaults"},
		"defaults-link":    {Page: byLink, Path: "/setup/sso/acme-okta/defaults"},
	}
}
