package operator

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/federation"
	"github.com/sallyport/sallyport/internal/inspect"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
	"github.com/sallyport/sallyport/internal/webtest"
)

var then = time.Date(2020, 9, 1, 12, 0, 0, 0, time.UTC)

func olga() sso.Person {
	return sso.Person{
		Session: sso.Session{ID: "ses_o"}, User: sso.User{ID: "usr_o", FirstName: "Olga", LastName: "Operator"},
		Org: sso.Organization{ID: "org_o", Key: sso.OperatorsKey, Name: "Operators"}, Membership: sso.Membership{Role: sso.RoleOwner},
	}
}

func now() time.Time { return then.Add(25 * time.Hour) }

func acme() *operate.Overview {
	return &operate.Overview{
		Organization: sso.Organization{
			ID: "org_a", Key: "acme", Name: "Acme Ltd", Path: []sso.OrgID{"org_p", "org_a"}, State: sso.OrgActive, CreatedAt: then,
			Entitlements: []sso.Entitlement{sso.EntitledSSO}, Policy: sso.Policy{MFA: sso.MFAOwners},
		},
		Above:  []sso.Organization{{ID: "org_p", Key: "parent", Name: "Parent & Co", State: sso.OrgActive}},
		Grants: []sso.EntitlementGrant{{Entitlement: sso.EntitledSSO, Plan: "Enterprise", By: "usr_o", At: then}},
		Domains: []sso.Domain{
			{Name: "acme.example", State: sso.DomainVerified, Proof: sso.ProofDNS}, {Name: "acme.test", State: sso.DomainInReview},
			{Name: "old.example", State: sso.DomainLapsed, Proof: sso.ProofDNS}, {Name: "xn--mnchen-3ya.example", State: sso.DomainVerified, Proof: sso.ProofVouched},
		},
		Links: []sso.SetupLink{
			{ID: "set_1", Scope: sso.SetupSSO, Note: "Ivan (IT)", ExpiresAt: now().Add(time.Hour)},
			{ID: "set_2", Scope: sso.SetupDomains, Note: "<Dora>", ExpiresAt: then, OpenedAt: then},
			{ID: "set_3", Scope: sso.SetupDomains, Note: "Old", ExpiresAt: now().Add(time.Hour), RevokedAt: then},
			{ID: "set_4", Scope: sso.SetupDomains, Note: "Dora", ExpiresAt: now().Add(time.Hour), OpenedAt: then},
		},
		Connections: []sso.Connection{{Name: "Acme Okta", Key: "acme-okta", State: sso.ConnectionActive}},
		Below:       operate.MaxOrganizations, People: 1204,
		Counts: []store.SignInCount{{Hour: then, Method: sso.BySSO, N: 7}, {Hour: then.Add(24 * time.Hour), Method: sso.ByPassword, N: 3}, {Hour: then, Method: sso.BySSO, Code: "saml_audience", N: 2}},
		Names:  map[string]string{"usr_o": "Olga Operator", "usr_a": "Alice"},
		Events: []sso.Event{{At: then, Actor: "usr_o", OnBehalf: "usr_a", Action: "entitlement.granted", Target: "org_a", Detail: map[string]string{"plan": "Enterprise", "entitlement": "sso"}}},
	}
}

func alice() *operate.Dossier {
	return &operate.Dossier{
		Standing: sso.Standing{
			User:      sso.User{ID: "usr_a", Home: "org_a", Username: "alice", FirstName: "Alice", LastName: "<Archer>", State: sso.UserActive, PasswordHash: "x", CreatedAt: then, CredentialsAt: then, LastSignInAt: then},
			Positions: []sso.Position{{Membership: sso.Membership{Org: "org_a", Role: sso.RoleOwner, Groups: []string{"dev", "ops"}}}, {Membership: sso.Membership{Org: "org_b", Role: "auditor"}}},
		},
		Orgs:     map[sso.OrgID]sso.Organization{"org_a": {ID: "org_a", Key: "acme", Name: "Acme Ltd"}, "org_b": {ID: "org_b", Key: "globex", Name: "Globex"}},
		Factors:  []sso.Factor{{Kind: sso.FactorTOTP, Name: "Phone", CreatedAt: then, UsedAt: then}, {Kind: sso.FactorSMS, CreatedAt: then}, {Kind: sso.FactorPasskey, Name: "YubiKey", CreatedAt: then}},
		Recovery: 9,
		Sessions: []store.SessionAt{
			{Session: sso.Session{UserAgent: "Firefox on Linux", Address: "192.0.2.1", SeenAt: then, ExpiresAt: then}, OrgName: "Acme Ltd"},
			{Session: sso.Session{Actor: "usr_o", SeenAt: then, ExpiresAt: then}, OrgName: "Globex"},
		},
		Links:  []store.LinkAt{{Link: sso.Link{Subject: "alice@idp", CreatedAt: then, SeenAt: then}, ConnectionName: "Acme Okta"}},
		Traces: []sso.Trace{{Reference: "7F3K-22QD", At: then, Code: "saml_audience"}, {Reference: "7F3K-22QE", At: then}},
		Events: acme().Events,
	}
}

func request(target string) *http.Request { return httptest.NewRequest(http.MethodGet, target, nil) }

func TestPages(t *testing.T) {
	t.Parallel()
	operator := sso.By{Person: olga()}
	support := operator
	support.Membership.Role = sso.RoleMember
	suspended := acme()
	suspended.State, suspended.Entitlements, suspended.Grants, suspended.Domains, suspended.Links, suspended.Connections, suspended.Events, suspended.Below = sso.OrgSuspended, []sso.Entitlement{sso.EntitledSCIM}, nil, nil, nil, nil, nil, 1
	demands, paused := acme(), acme()
	demands.Policy = sso.Policy{SSO: sso.SSOPilot, Pilot: []sso.GroupID{"grp_1"}}
	paused.Policy = sso.Policy{SSO: sso.SSORequired, Pause: sso.Pause{Until: now().Add(time.Hour), Reason: "ticket <4711>"}}
	below := acme()
	below.Above[0].State = sso.OrgSuspended
	operators := acme()
	operators.Key, operators.Above, operators.Grants[0].Plan = sso.OperatorsKey, nil, ""
	gone := alice()
	gone.User.State, gone.User.PasswordHash, gone.Positions, gone.Factors, gone.Recovery, gone.Sessions, gone.Links, gone.Traces, gone.Events = sso.UserDeleted, "", nil, nil, 0, nil, nil, nil, nil
	locked := alice()
	locked.User.State = sso.UserSuspended

	organizations := listPage{Shell: frame.Operator(), Name: ui.Say("organizations")}
	organizations.Table = organizationTable(request(organizationsPath+"?after=x"), operate.OrganizationList{
		Organizations: []sso.Organization{acme().Organization, suspended.Organization}, Next: &operate.OrganizationPlace{Key: []byte("acme"), Org: "org_a"},
	})
	wrong := func(field, code string) ui.Filled {
		return ui.Filled{Values: map[string][]string{field: {"typed"}}, Problems: map[string]string{field: code}}
	}
	deployment := operate.Deployment{Counts: acme().Counts, Outbox: []store.OutboxCount{{Channel: "mail", State: operate.MessageDead, Count: 2}}, Events: acme().Events}
	withChart := func(p organizationPage) organizationPage {
		p.Chart = charts(acme().Counts, then.Add(24*time.Hour))[0]
		return p
	}
	audit := listPage{Shell: frame.Operator(), Name: ui.Say("audit"), Filter: auditFilter("acme", "user", "usr_o", "usr_a"), Table: eventTable(acme().Events, acme().Names), Buttons: exports(url.Values{"organization": {"acme"}, "actor": {"usr_o"}})}
	audit.Lead = auditLead(400 * 24 * time.Hour)
	audit.Table.Rows = append(audit.Table.Rows, eventTable([]sso.Event{
		{At: then, Actor: "usr_o", Action: "app.changed", Target: "app_1", Changes: []sso.Change{
			{Field: "allowed_roles", To: "owner admin"}, {Field: "redirect_uris", From: "https://app.example/cb", To: "https://app.example/callback"}, {Field: "require_par", To: "true"},
		}},
		{At: then, Actor: "rollover", Action: "key.promoted", Target: "saml", Changes: []sso.Change{{Field: "saml-1aff605a6b28be35ad8d", From: "next", To: "current"}}},
		{At: then, Actor: "operator", Action: "thing.unheard_of", Target: "acme.example"},
	}, acme().Names).Rows...)

	stuck := &notify.Stuck{
		Items: []notify.Item{
			{ID: "msg_1", Channel: notify.Mail, Kind: notify.Invitation, User: "usr_a", To: "alice@acme.example", Tries: 3, Code: "smtp_refused", Detail: "550 5.1.1 no such user", CreatedAt: then},
			{ID: "msg_2", Channel: notify.SMS, Kind: notify.SMSCode, To: "+4915112345678", Tries: 1, CreatedAt: then},
		},
		Next: "x.y", Counts: []notify.Count{{Channel: notify.Mail, Pile: notify.Dead, Count: 2}}, Unconfigured: []notify.Channel{notify.Mail, notify.SMS},
	}

	keys := &operate.Keys{
		Rings: []operate.KeyRing{
			{Keys: []federation.Key{{ID: "k1", State: store.KeyCurrent, Since: then}}, Next: federation.PromoteNext, Due: now().AddDate(0, 1, 0)},
			{Connection: &sso.Connection{Key: "acme-okta", Name: "Okta <1>"}, Org: acme().Organization, Next: federation.MakeNext, Due: now(), Held: &store.KeyHold{By: "usr_o", At: then}},
			{Connection: &sso.Connection{Key: "acme-old", Name: "Old"}, Org: acme().Organization},
			{Connection: &sso.Connection{Key: "acme-adfs", Name: "AD FS"}, Org: acme().Organization, Keys: []federation.Key{{ID: "k2", State: store.KeyCurrent, Since: then}, {ID: "k1", State: store.KeyRetired, Since: then}}, Next: federation.ForgetOld, Due: now().AddDate(0, 1, 0), ClingsAt: then, Needed: true},
		},
		Unaware: []sso.Connection{{Key: "acme-okta", Name: "Okta <1>"}}, More: true,
	}
	early, signed, idle := keys.Rings[3], keys.Rings[3], keys.Rings[3]
	early.ClingsAt, signed.ClingsAt, signed.Connection = time.Time{}, time.Time{}, nil
	idle.ClingsAt, idle.Needed = time.Time{}, false
	signed.Next = federation.PromoteNext
	ending := operate.Deployment{Ending: []store.Ending{{Key: "acme-okta", Name: "Okta <1>", OrgKey: "acme", OrgName: "Acme Ltd", Ends: then}}}
	pages := map[string]webtest.Specimen{
		"keys":                   {Page: showKeys(keys, changes), Path: keysPath},
		"keys-support":           {Page: showKeys(keys, looks), Path: keysPath},
		"keys-turn":              {Page: turnPage(&keys.Rings[0]), Path: turnPath},
		"keys-turn-clinging":     {Page: turnPage(&keys.Rings[3]), Path: turnPath},
		"keys-turn-early":        {Page: turnPage(&early), Path: turnPath},
		"keys-turn-signed":       {Page: turnPage(&signed), Path: turnPath},
		"keys-turn-idle":         {Page: turnPage(&idle), Path: turnPath},
		"home-ending":            {Page: showHome(ending, then), Path: homePath},
		"home":                   {Page: showHome(deployment, then.Add(24*time.Hour)), Path: homePath},
		"home-empty":             {Page: showHome(operate.Deployment{}, then), Path: homePath},
		"organizations":          {Page: organizations, Path: organizationsPath},
		"organization-new":       {Page: newOrganizationPage(wrong("key", "key_taken"), "parent"), Path: newPath, Status: http.StatusConflict},
		"organization":           {Page: withChart(showOrganization(acme(), changes, now())), Path: pathOf("acme")},
		"vouch":                  {Page: vouchPage(acme(), &acme().Domains[1]), Path: pathOf("acme")},
		"unvouch":                {Page: unvouchPage(acme(), &acme().Domains[3]), Path: pathOf("acme")},
		"link-new":               {Page: linkPage(acme(), ui.Filled{}), Path: pathOf("acme")},
		"link-wrong":             {Page: linkPage(acme(), wrong("note", "setup_link_note")), Path: pathOf("acme"), Status: http.StatusBadRequest},
		"link-made":              {Page: showLinkMade(acme(), "https://sso.example/setup/abc", ""), Path: pathOf("acme")},
		"link-mailed":            {Page: showLinkMade(acme(), "https://sso.example/setup/abc", "ivan@it.example"), Path: pathOf("acme")},
		"organization-support":   {Page: withChart(showOrganization(below, looks, now())), Path: pathOf("acme")},
		"organization-demands":   {Page: withChart(showOrganization(demands, looks, now())), Path: pathOf("acme")},
		"organization-paused":    {Page: withChart(showOrganization(paused, looks, now())), Path: pathOf("acme")},
		"pause":                  {Page: pausePage(demands, ui.Filled{Problems: map[string]string{"reason": "pause_reason"}}), Path: pathOf("acme") + "/pause"},
		"organization-suspended": {Page: withChart(showOrganization(suspended, changes, now())), Path: pathOf("acme")},
		"organization-operators": {Page: withChart(showOrganization(operators, looks, now())), Path: pathOf(sso.OperatorsKey)},
		"organization-edit":      {Page: editPage(acme(), ui.Filled{}), Path: pathOf("acme") + "/edit"},
		"suspend":                {Page: suspendPage(acme(), "confirm_name"), Path: pathOf("acme") + "/suspend"},
		"grant":                  {Page: grantPage(acme(), sso.EntitledSSO), Path: pathOf("acme")},
		"revoke":                 {Page: revokePage(acme(), sso.EntitledSSO), Path: pathOf("acme")},
		"people": {Page: showPeople(request(peoplePath+"?q=al&after=x"), "al", operate.PeopleList{
			People: []operate.Found{{UserAt: store.UserAt{User: alice().User}, OrgKey: "acme", OrgName: "Acme Ltd"}, {UserAt: store.UserAt{User: locked.User}, OrgKey: "acme", OrgName: "Acme Ltd"}},
			Next:   &operate.PeoplePlace{Key: []byte("al"), User: "usr_a"},
		}), Path: peoplePath + "?q=al"},
		"people-none":    {Page: showPeople(request(peoplePath+"?q=al"), "al", operate.PeopleList{}), Path: peoplePath + "?q=al"},
		"people-empty":   {Page: showPeople(request(peoplePath), "", operate.PeopleList{}), Path: peoplePath},
		"person":         {Page: showPerson(alice(), &operator), Path: pathOfPerson("usr_a")},
		"person-support": {Page: showPerson(locked, &support), Path: pathOfPerson("usr_a")},
		"person-gone":    {Page: showPerson(gone, &operator), Path: pathOfPerson("usr_a")},
		"reset":          {Page: resetPage(alice(), ""), Path: pathOfPerson("usr_a") + "/reset-account"},
		"act":            {Page: actPage(alice(), &sso.Organization{Key: "acme", Name: "Acme Ltd"}, wrong("reason", "acting_reason")), Path: pathOfPerson("usr_a")},
		"roles":          {Page: showRoles([]sso.RoleDefinition{{Key: "auditor", Name: "Auditor", Description: "Reads everything"}}, changes), Path: rolesPath},
		"role-new":       {Page: rolePage(nil, wrong("key", "role_built_in")), Path: newRolePath},
		"role":           {Page: rolePage(&sso.RoleDefinition{Key: "auditor", Name: "Auditor"}, ui.Filled{}), Path: pathOfRole("auditor")},
		"role-delete":    {Page: deleteRolePage(&sso.RoleDefinition{Key: "auditor", Name: "Auditor"}, "role_used"), Path: pathOfRole("auditor") + "/delete"},
		"explain":        {Page: explainPageOf("ada@acme.example", []inspect.Explained{{Way: inspect.WayDomainProved, Domain: "acme.example", Organization: "Acme"}, {Way: inspect.WayRefused, Code: "ident_no_match"}}, ""), Path: explainPath + "?address=ada@acme.example"},
		"explain-wrong":  {Page: explainPageOf("<x>", nil, "ident_email"), Path: explainPath + "?address=x"},
		"audit":          {Page: audit, Path: auditPath},
		"outbox":         {Page: showOutbox(request(outboxPath+"?after=x"), notify.Dead, stuck, changes), Path: outboxPath},
		"outbox-sent":    {Page: showOutbox(request(pathOfPile(notify.Sent)), notify.Sent, &notify.Stuck{}, looks), Path: pathOfPile(notify.Sent)},
		"outbox-test":    {Page: testPage(wrong("to", "ident_email"), "olga@vendor.example"), Path: outboxTestPath},
	}
	maps.Copy(pages, appSpecimens(&Handler{BaseURL: "https://sso.example"}))
	for name, p := range pages {
		p.Person = olga()
		pages[name] = p
	}
	webtest.Pages{Set: Pages(), Specimens: pages, Composed: []string{
		"proof_", "link_", "scope_",
		"app_kind_", "app_tab_", "app_tried_", "claim_", "app_proof_", "app_grant_", "app_claim_", "app_redirect_uris", "app_logout_uris", "app_backchannel_uri", "app_login_url", "app_jwks_uri", "app_role_claim",
		"app_groups_claim", "app_scopes",
		"entitlement_", "grant_title_", "keys_turn_", "revoke_t", "demand_sso_", "demand_mfa_", "domain_", "connection_", "role_", "way_", "by_", "saved_", "pile_", "uri_", "unconfigured_", "message_",
	}}.Check(t)
}
