package console

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
	"github.com/sallyport/sallyport/internal/webtest"
)

var then = time.Date(2020, 9, 1, 12, 0, 0, 0, time.UTC)

func now() time.Time { return then.Add(25 * time.Hour) }

func acme() sso.Organization {
	return sso.Organization{ID: "org_a", Key: "acme", Name: "Acme Ltd", Path: []sso.OrgID{"org_a"}, State: sso.OrgActive, CreatedAt: then, Version: 3}
}

func emea() sso.Organization {
	return sso.Organization{ID: "org_e", Key: "acme-emea", Name: "Acme EMEA", Path: []sso.OrgID{"org_a", "org_e"}, State: sso.OrgActive, CreatedAt: then, Version: 1}
}

func olga(role sso.Role) sso.Person {
	return sso.Person{
		Session: sso.Session{ID: "ses_o"}, User: sso.User{ID: "usr_o", FirstName: "Olga", LastName: "Owner", Email: sso.StoredEmail("olga@acme.example")},
		Org: acme(), Membership: sso.Membership{Org: "org_a", User: "usr_o", Role: role},
	}
}

// at returns a visit to a page.
func at(role sso.Role, target string) *visit {
	by := sso.By{Person: olga(role), Address: "192.0.2.7"}
	v := &visit{by: by, r: httptest.NewRequest(http.MethodGet, target, nil)}
	v.Organization, v.Line = acme(), []sso.Organization{acme()}
	v.Rights = v.by.RightsIn(&v.Organization)
	v.defined = defined()
	return v
}

// acted returns a visit by who acts as the owner.
func acted(target string) *visit {
	v := at(sso.RoleOwner, target)
	v.by.Session.Actor = "usr_s"
	v.Rights = v.by.RightsIn(&v.Organization)
	return v
}

// below returns a visit to the suborganization.
func below(target string) *visit {
	v := at(sso.RoleOwner, target)
	v.Organization, v.Line = emea(), []sso.Organization{acme(), emea()}
	v.Rights = v.by.RightsIn(&v.Organization)
	return v
}

func alice() provision.PersonPage {
	return provision.PersonPage{
		Standing: sso.Standing{User: sso.User{
			ID: "usr_a", Home: "org_a", Username: "alice", FirstName: "Alice", LastName: "<Archer>", Email: sso.StoredEmail("alice@acme.example"), State: sso.UserActive,
			PasswordHash: "x", CreatedAt: then, CredentialsAt: then, LastSignInAt: then, Language: "fr", Version: 4,
		}},
		Position: sso.Position{Membership: sso.Membership{Org: "org_a", User: "usr_a", Role: sso.RoleAdmin, Groups: []string{"ops", "Secret"}, CreatedAt: then}},
		Tree: []provision.Access{
			{Organization: emea(), Role: sso.RoleMember, Groups: []string{"a", "b", "c", "d"}},
			{Organization: sso.Organization{ID: "org_x", Key: "acme-apac", Name: "Acme APAC"}},
			{Organization: sso.Organization{ID: "org_y", Key: "acme-uk", Name: "Acme UK"}, Role: sso.RoleOwner, Fixed: "rights_last_owner"},
		},
		Sessions: []provision.SessionAt{
			{Session: sso.Session{ID: "ses_1", Org: "org_a", UserAgent: "Firefox on Linux", Address: "192.0.2.1", SeenAt: then, AuthTime: then}, OrgName: "Acme Ltd"},
			{Session: sso.Session{ID: "ses_2", Org: "org_e", Actor: "usr_s", SeenAt: then, AuthTime: then}, OrgName: "Acme EMEA"},
			{Session: sso.Session{ID: "ses_3", Org: "org_a", App: "app_1", UserAgent: "Firefox on Linux", SeenAt: then, AuthTime: then}, OrgName: "Acme Ltd", AppName: "Portal <x>"},
		},
		Links:   []provision.LinkAt{{Link: sso.Link{Subject: "alice@idp", CreatedAt: then, SeenAt: then}, ConnectionName: "Acme Okta"}},
		Factors: []sso.Factor{{Kind: sso.FactorTOTP, Name: "Phone", CreatedAt: then, UsedAt: then}, {Kind: sso.FactorSMS, CreatedAt: then}, {Kind: sso.FactorPasskey, Name: "YubiKey", CreatedAt: then}},
		Codes:   9,
		Traces:  []sso.Trace{{Reference: "7F3K-22QD", Method: sso.BySSO, At: then, Code: "saml_audience", Address: "192.0.2.1"}, {Reference: "7F3K-22QE", Method: sso.ByPassword, At: then, Detail: sso.TraceDetail{Why: &sso.RoleReason{Role: sso.RoleAdmin, Rule: sso.RoleByGroup, Row: 2, Group: "<Board>"}}}, {Reference: "7F3K-22QF", Method: sso.ByBreakGlass, At: then}, {Reference: "7F3K-22QG", Method: sso.ByTest, At: then}, {Reference: "7F3K-22QH", Method: sso.ByLogout, At: then}},
		Events:  events(), Names: names(),
	}
}

func events() []sso.Event {
	return []sso.Event{
		{At: then, Actor: "usr_o", Address: "192.0.2.7", Action: "membership.role_changed", Target: "usr_a", Changes: []sso.Change{{Field: "role", From: "member", To: "admin"}}},
		{At: then, Actor: "usr_s", OnBehalf: "usr_o", Action: "user.unlocked", Target: "usr_a"},
		{At: then, Actor: "operator", Action: "thing.unheard_of", Target: "org_a"},
		{At: then, Actor: "usr_o", Action: "user.deleted", Target: "usr_gone", Detail: map[string]string{"address": "gone@acme.example", "empty": ""}},
	}
}

func names() map[string]string {
	return map[string]string{"usr_o": "Olga Owner", "usr_a": "Alice <Archer>", "usr_s": "Sam Support", "usr_gone": "Gone"}
}

func member(id sso.UserID, name string, way provision.Way) provision.Member {
	return provision.Member{User: sso.User{ID: id, FirstName: name, LastName: "Person", Email: sso.StoredEmail(strings.ToLower(name) + "@acme.example"), State: sso.UserActive}, Role: sso.RoleMember, Since: then, Way: way}
}

func people() provision.PeoplePage {
	all := []provision.Member{member("usr_1", "Ada", provision.WaySSO), member("usr_2", "Bob", provision.WayPassword), member("usr_3", "Zoë", provision.WayNone)}
	all[0].SeenAt, all[0].Groups, all[0].Role = then, []string{"ops", "dev", "qa", "it"}, "auditor"
	all[1].State = sso.UserSuspended
	all[2].FirstName, all[2].LastName = "", ""
	return provision.PeoplePage{People: all, Next: provision.PeoplePlace{Key: []byte("zoe"), At: then, User: "usr_3"}}
}

func groups() []provision.GroupLine {
	return []provision.GroupLine{{Group: sso.Group{ID: "grp_1", Name: "ops", Description: "On call", CreatedAt: then}, Members: 3}, {Group: sso.Group{ID: "grp_2", Name: "<dev>", CreatedAt: then}, Members: provision.ManyMembers}}
}

func defined() []sso.RoleDefinition {
	return []sso.RoleDefinition{{Key: "auditor", Name: "Auditor", Description: "Reads everything"}, {Key: "plain", Name: "Plain"}}
}

func wrong(field, code string) ui.Filled {
	return ui.Filled{Values: map[string][]string{field: {"typed"}}, Problems: map[string]string{field: code}}
}

func TestPages(t *testing.T) {
	t.Parallel()
	h := &Handler{Flow: &provision.Service{Now: now}}
	all := sso.Roles()
	query := func(v *visit) *provision.PeopleQuery { q := asked(v.r); return &q }
	listed := func(v *visit) listPage { return showPeople(v, query(v), people(), groups()) }
	found := at(sso.RoleOwner, peoplePath+"?q=al&role=admin&state=active&way=sso&group=Other&after=x.y")
	newest := at(sso.RoleAdmin, peoplePath+"?sort=newest")

	guest, touchless := alice(), alice()
	guest.Guest, guest.Manage, guest.Recover, guest.Suspend = true, "rights_guest", "rights_guest", "rights_guest"
	touchless.Manage, touchless.Touch, touchless.Remove, touchless.Recover, touchless.Suspend = "rights_outrank", "rights_owner", "rights_outrank", "rights_outrank", "rights_outrank"
	touchless.Tree, touchless.Sessions, touchless.Traces, touchless.Events, touchless.Links, touchless.Factors, touchless.Codes = nil, nil, nil, nil, nil, nil, 0
	touchless.User.PasswordHash, touchless.User.Email, touchless.User.Username, touchless.User.LastSignInAt = "", sso.Email{}, "", time.Time{}
	locked := alice()
	locked.User.State = sso.UserSuspended
	person := func(v *visit, d provision.PersonPage) personPage {
		return showPerson(v, &d, all, groups(), &provision.Removal{User: d.User, Organizations: 2, Sessions: 1, Deletes: !d.Guest})
	}
	a := alice()
	offered := &offer{builtIn: all, groups: groups(), tree: []sso.Organization{emea()}}
	invitations := provision.InvitationPage{Names: names(), Next: provision.InvitationPlace{At: then, ID: "inv_4"}, Invitations: []sso.Invitation{
		{ID: "inv_1", Email: sso.StoredEmail("a@guest.example"), Role: sso.RoleMember, Groups: []string{"ops"}, By: "usr_o", SentAt: then, ExpiresAt: now().Add(time.Hour)},
		{ID: "inv_2", Email: sso.StoredEmail("b@guest.example"), Role: sso.RoleOwner, By: "operator", SentAt: then, ExpiresAt: then},
		{ID: "inv_3", Email: sso.StoredEmail("c@guest.example"), Role: "auditor", By: "usr_o", SentAt: then, AcceptedAt: then, AcceptedBy: "usr_a"},
		{ID: "inv_4", Email: sso.StoredEmail("d@guest.example"), Role: sso.RoleMember, By: "usr_o", SentAt: then, RevokedAt: then},
	}}
	list := func(state sso.ImportState, verdict sso.ImportVerdict) importPage {
		l := provision.ImportPage{
			Import: sso.Import{ID: "imp_1", State: state, Name: "people.csv", Total: 1204, Judged: 500, Done: 300, Failed: 2, Code: "console_role", Options: sso.ImportOptions{Welcome: true, Ignored: []string{"Shoe size"}}},
			Counts: map[sso.ImportVerdict]int{sso.RowNew: 3, sso.RowChanged: 2, sso.RowSame: 1, sso.RowDuplicate: 1, sso.RowForeign: 1, sso.RowBad: 1, sso.RowWaiting: 700},
			Rows: []sso.ImportRow{
				{Line: 2, Verdict: sso.RowNew, Row: sso.PersonRow{Email: "new@free.example", FirstName: "Nea"}, Code: "import_outside", Detail: "free.example"},
				{Line: 3, Verdict: sso.RowChanged, User: "usr_a", Row: sso.PersonRow{Email: "alice@acme.example"}, Changes: []string{"role", "groups"}},
				{Line: 4, Verdict: sso.RowDuplicate, Row: sso.PersonRow{Username: "bob"}, Code: "import_duplicate", Detail: "3"},
				{Line: 5, Verdict: sso.RowForeign, Row: sso.PersonRow{Email: "x@rival.example"}, Code: "ident_foreign"},
				{Line: 6, Verdict: sso.RowBad, Code: "import_long"}, {Line: 7, Verdict: sso.RowSame, Row: sso.PersonRow{Email: "same@acme.example"}}, {Line: 8, Verdict: sso.RowWaiting},
			},
			Next: 8,
		}
		return importPageOf(at(sso.RoleOwner, "/console/imports/imp_1?after=1"), &l, verdict)
	}
	nothing := provision.ImportPage{Import: sso.Import{ID: "imp_2", State: sso.ImportReady, Total: 1}, Counts: map[sso.ImportVerdict]int{sso.RowBad: 1}}
	demanding := acme()
	demanding.Policy = sso.Policy{MFA: sso.MFARequired, SessionIdle: 3600, InactiveAfter: 90 * 24 * 3600, IPAllow: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
	odd := emea()
	odd.Policy = sso.Policy{SessionIdle: 420, SessionLife: 3 * 24 * 3600, IPAllow: demanding.Policy.IPAllow}
	overview := provision.Overview{
		People: provision.PeopleCounts{All: 1204, Suspended: 3}, Waiting: 2, Owners: 2, Importing: true, Latest: alice().Traces,
		SignIns: []provision.SignInCount{{Hour: then, Method: sso.BySSO, N: 7}, {Hour: then, Method: sso.ByPassword, N: 3}, {Hour: then, Method: sso.BySSO, Code: "saml_audience", N: 2}, {Hour: then.AddDate(-1, 0, 0), N: 1}},
		Domains: []sso.Domain{{State: sso.DomainVerified}},
	}
	managed := func(path string) *visit {
		v := at(sso.RoleOwner, path)
		v.managed, v.Policy.Managed = true, true
		return v
	}
	ruled := alice()
	ruled.Managed, ruled.Remove = true, "people_managed"
	g := groups()[0].Group
	branded := at(sso.RoleOwner, settingsPath)
	branded.Brand = sso.Brand{Accent: "#0a6b5e", Logo: "abc"}

	pages := map[string]webtest.Specimen{
		"home-ending":         {Page: showHome(at(sso.RoleOwner, homePath), &provision.Overview{Ending: []provision.Ending{{Key: "acme-okta", Name: "Okta <1>", Ends: now()}}}, now()), Path: homePath},
		"home":                {Page: showHome(at(sso.RoleOwner, homePath), &overview, now()), Path: homePath},
		"home-empty":          {Page: showHome(at(sso.RoleOwner, homePath), &provision.Overview{People: provision.PeopleCounts{All: 1}, Owners: 1}, now()), Path: homePath},
		"home-admin":          {Page: showHome(at(sso.RoleAdmin, homePath), &provision.Overview{}, now()), Path: homePath},
		"home-below":          {Page: showHome(below(homePath+"?org=acme-emea"), &overview, now()), Path: homePath + "?org=acme-emea"},
		"people":              {Page: listed(at(sso.RoleOwner, peoplePath)), Path: peoplePath},
		"people-newest":       {Page: listed(newest), Path: peoplePath + "?sort=newest"},
		"people-found":        {Page: listed(found), Path: peoplePath + "?q=al"},
		"people-none":         {Page: showPeople(found, query(found), provision.PeoplePage{}, nil), Path: peoplePath + "?q=al"},
		"people-empty":        {Page: showPeople(below(peoplePath+"?org=acme-emea"), &provision.PeopleQuery{}, provision.PeoplePage{}, nil), Path: peoplePath},
		"person":              {Page: person(at(sso.RoleOwner, "/"), alice()), Path: "/console/people/usr_a"},
		"person-guest":        {Page: person(below("/?org=acme-emea"), guest), Path: "/console/people/usr_a"},
		"person-outranks":     {Page: person(at(sso.RoleAdmin, "/"), touchless), Path: "/console/people/usr_a"},
		"person-suspended":    {Page: person(at(sso.RoleAdmin, "/"), locked), Path: "/console/people/usr_a"},
		"person-edit":         {Page: editPage(at(sso.RoleOwner, "/"), &a, wrong("email", "ident_foreign")), Path: "/console/people/usr_a/edit"},
		"person-access":       {Page: accessPage(at(sso.RoleOwner, "/"), &a, all), Path: "/console/people/usr_a/access"},
		"person-suspend":      {Page: confirmPage{Shell: at(sso.RoleOwner, "/").belowPerson(&a.User), Confirm: suspendConfirm(at(sso.RoleOwner, "/"), &a.User, 1)}, Path: "/console/people/usr_a/suspend"},
		"person-remove":       {Page: confirmPage{Shell: at(sso.RoleOwner, "/").belowPerson(&a.User), Confirm: removeConfirm(at(sso.RoleOwner, "/"), &provision.Removal{User: a.User, Organizations: 2, Sessions: 1, Deletes: true}, "confirm_name")}, Path: "/console/people/usr_a/remove"},
		"person-reset":        {Page: confirmPage{Shell: at(sso.RoleOwner, "/").belowPerson(&a.User), Confirm: resetConfirm(at(sso.RoleOwner, "/"), &a, "")}, Path: "/console/people/usr_a/reset-account"},
		"invite":              {Page: invitePageOf(at(sso.RoleOwner, invitePath), offered, ui.Filled{}, nil), Path: invitePath},
		"invite-wrong":        {Page: invitePageOf(at(sso.RoleAdmin, invitePath), &offer{builtIn: all[1:]}, wrong("addresses", "invitation_addresses"), []provision.AddressProblem{{Address: "x@@y", Code: "ident_email"}, {Address: "mia@acme.example", Code: "invitation_member"}, {Address: "ceo@acme.example", Code: "ident_foreign"}, {Address: "x@acme.example", Code: "unheard_of"}}), Path: invitePath, Status: http.StatusBadRequest},
		"invite-stale":        {Page: invitePageOf(at(sso.RoleOwner, invitePath), offered, wrong("role", "session_stale"), nil), Path: invitePath, Status: http.StatusForbidden},
		"managed-people":      {Page: showPeople(managed(peoplePath), &provision.PeopleQuery{}, provision.PeoplePage{}, nil), Path: peoplePath},
		"managed-person":      {Page: person(managed("/console/people/usr_a"), ruled), Path: "/console/people/usr_a"},
		"managed-invite":      {Page: invitePageOf(managed(invitePath), offered, ui.Filled{}, nil), Path: invitePath},
		"managed-invitations": {Page: h.showInvitations(managed(invitationsPath), invitations), Path: invitationsPath},
		"managed-imports":     {Page: importsPageOf(managed(importsPath), nil, all, ui.Filled{}), Path: importsPath},
		"invitations":         {Page: h.showInvitations(at(sso.RoleAdmin, invitationsPath+"?after=x"), invitations), Path: invitationsPath},
		"invitations-empty":   {Page: h.showInvitations(at(sso.RoleAdmin, invitationsPath), provision.InvitationPage{}), Path: invitationsPath},
		"groups":              {Page: showGroups(at(sso.RoleOwner, groupsPath+"?q=o"), "o", provision.GroupPage{Groups: groups(), Next: provision.GroupPlace{Key: []byte("ops"), ID: "grp_1"}}), Path: groupsPath + "?q=o"},
		"groups-none":         {Page: showGroups(at(sso.RoleOwner, groupsPath+"?q=o"), "o", provision.GroupPage{}), Path: groupsPath},
		"groups-empty":        {Page: showGroups(at(sso.RoleOwner, groupsPath), "", provision.GroupPage{}), Path: groupsPath},
		"group":               {Page: groupPageOf(at(sso.RoleAdmin, "/console/groups/grp_1"), &g, 3, people(), wrong("who", "member_unknown")), Path: "/console/groups/grp_1"},
		"group-empty":         {Page: groupPageOf(at(sso.RoleAdmin, "/console/groups/grp_2"), &groups()[1].Group, 0, provision.PeoplePage{}, ui.Filled{}), Path: "/console/groups/grp_2"},
		"group-new":           {Page: groupForm(at(sso.RoleAdmin, newGroupPath), nil, wrong("name", "group_taken")), Path: newGroupPath},
		"group-edit":          {Page: groupForm(at(sso.RoleAdmin, "/console/groups/grp_1/edit"), &g, ui.Filled{}), Path: "/console/groups/grp_1/edit"},
		"group-delete":        {Page: confirmPage{Shell: at(sso.RoleAdmin, "/").groupShell(), Confirm: deleteConfirm(at(sso.RoleAdmin, "/"), &g, 3, "")}, Path: "/console/groups/grp_1/delete"},
		"organizations":       {Page: showOrganizations(at(sso.RoleOwner, organizationsPath), "", provision.OrganizationPage{Organizations: []provision.OrganizationLine{{Organization: emea(), Members: 40, Below: 1}, {Organization: sso.Organization{ID: "org_s", Key: "shut", Name: "Shut", State: sso.OrgSuspended}, Members: provision.ManyMembers}}, Next: provision.OrganizationPlace{Key: []byte("shut"), Org: "org_s"}}), Path: organizationsPath},
		"organizations-none":  {Page: showOrganizations(at(sso.RoleAdmin, organizationsPath+"?q=x"), "x", provision.OrganizationPage{}), Path: organizationsPath},
		"organizations-empty": {Page: showOrganizations(below(organizationsPath+"?org=acme-emea"), "", provision.OrganizationPage{}), Path: organizationsPath},
		"organization-new":    {Page: newOrganizationPage(at(sso.RoleOwner, newOrgPath), wrong("key", "key_taken")), Path: newOrgPath},
		"settings":            {Page: settingsPageOf(at(sso.RoleOwner, settingsPath), wrong("accent", "brand_accent")), Path: settingsPath},
		"settings-branded":    {Page: settingsPageOf(branded, ui.Filled{}), Path: settingsPath},
		"imports":             {Page: importsPageOf(at(sso.RoleOwner, importsPath), []sso.Import{{ID: "imp_1", Name: "people.csv", State: sso.ImportDone, Total: 3, CreatedAt: then}, {ID: "imp_2", State: sso.ImportStopped, CreatedAt: then}, {ID: "imp_3", State: sso.ImportRunning, CreatedAt: then}}, all, wrong("list", "import_columns")), Path: importsPath},
		"imports-empty":       {Page: importsPageOf(at(sso.RoleAdmin, importsPath), nil, all[1:], ui.Filled{}), Path: importsPath},
		"import-judging":      {Page: list(sso.ImportJudging, ""), Path: "/console/imports/imp_1"},
		"import-ready":        {Page: list(sso.ImportReady, sso.RowBad), Path: "/console/imports/imp_1"},
		"import-running":      {Page: list(sso.ImportRunning, ""), Path: "/console/imports/imp_1"},
		"import-done":         {Page: list(sso.ImportDone, ""), Path: "/console/imports/imp_1"},
		"import-stopped":      {Page: list(sso.ImportStopped, ""), Path: "/console/imports/imp_1"},
		"import-nothing":      {Page: importPageOf(at(sso.RoleOwner, "/console/imports/imp_2"), &nothing, ""), Path: "/console/imports/imp_2"},
		"security":            {Page: securityPageOf(at(sso.RoleOwner, securityPath), plans, []sso.Organization{demanding}, ui.Filled{}, nil), Path: securityPath},
		"security-below":      {Page: securityPageOf(below(securityPath+"?org=acme-emea"), plans, []sso.Organization{demanding, odd}, wrong("ip_allow", "network_form"), nil), Path: securityPath},
		"security-lock-out":   {Page: securityPageOf(at(sso.RoleOwner, securityPath), plans, []sso.Organization{acme()}, wrong("ip_allow", "policy_locks_out"), &fault.Error{Got: "192.0.2.7"}), Path: securityPath, Status: http.StatusConflict},
		"audit":               {Page: showAudit(at(sso.RoleOwner, auditPath+"?about=user&since=week&actor=olga&after=x"), &provision.EventQuery{Noun: "user", From: then}, provision.EventPage{Names: names()}, 400*day), Path: auditPath},
		"audit-lines":         {Page: showAudit(at(sso.RoleOwner, auditPath), &provision.EventQuery{Noun: "user", From: then}, withEvents(), 400*day), Path: auditPath},
		"audit-empty":         {Page: showAudit(at(sso.RoleOwner, auditPath), &provision.EventQuery{Noun: "user", From: then}, provision.EventPage{}, 0), Path: auditPath},
	}
	for name, p := range pages {
		p.Person = olga(sso.RoleOwner)
		pages[name] = p
	}
	for name, p := range map[string]webtest.Specimen{
		"acted-home":        {Page: showHome(acted(homePath), &provision.Overview{People: provision.PeopleCounts{All: 1}, Owners: 1}, now()), Path: homePath},
		"acted-people":      {Page: listed(acted(peoplePath)), Path: peoplePath},
		"acted-person":      {Page: showPerson(acted("/"), &a, acted("/").Rights.Roles(), groups(), &provision.Removal{User: a.User, Deletes: true}), Path: "/console/people/usr_a"},
		"acted-edit":        {Page: editPage(acted("/"), &a, ui.Filled{}), Path: "/console/people/usr_a/edit"},
		"acted-invite":      {Page: invitePageOf(acted(invitePath), &offer{builtIn: acted("/").Rights.Roles()}, ui.Filled{}, nil), Path: invitePath},
		"acted-invitations": {Page: h.showInvitations(acted(invitationsPath), invitations), Path: invitationsPath},
	} {
		p.Person = acted("/").by.Person
		pages[name] = p
	}
	webtest.Pages{Set: Pages(), Specimens: pages, Composed: []string{
		"role_", "way_", "factor_", "by_", "saved_", "verdict_", "import_state_", "invitationis_", "invite_problem_", "reason_", "mfa_", "session_", "inactive_", "inherited_", "since_", "first_",
	}}.Check(t)
}

func withEvents() provision.EventPage {
	p := provision.EventPage{Names: names()}
	p.Events, p.Next = events(), "x.y"
	return p
}

// plans are what those are told who have no single sign-on.
var plans = frame.Offer{Plan: "Enterprise", Contact: "Ask your account manager."}
