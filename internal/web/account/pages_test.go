package account

import (
	"net/http"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/account"
	"github.com/sallyport/sallyport/internal/recovery"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/web/ui"
	"github.com/sallyport/sallyport/internal/webtest"
)

var then = time.Date(2020, 9, 1, 12, 0, 0, 0, time.UTC)

const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

func ada(t *testing.T) sso.Person {
	t.Helper()
	email, err := sso.ParseEmail("ada@acme.example")
	if err != nil {
		t.Fatal(err)
	}
	return sso.Person{
		Session: sso.Session{ID: "ses_1"}, User: sso.User{ID: "usr_1", FirstName: "Ada", LastName: "Lovelace", Username: "ada", Email: email, PasswordHash: "x"},
		Org: sso.Organization{ID: "org_1", Key: "acme", Name: "Acme Ltd"}, Membership: sso.Membership{Role: sso.RoleMember},
	}
}

func full(t *testing.T) *account.Account {
	return &account.Account{
		Person:   ada(t),
		Factors:  []sso.Factor{{ID: "fac_1", Kind: sso.FactorTOTP, Name: "Phone", UsedAt: then}, {ID: "fac_2", Kind: sso.FactorSMS, Name: "Number"}, {ID: "fac_3", Kind: sso.FactorPasskey, Name: "Key <1>"}, {ID: "fac_4", Kind: sso.FactorTOTP}},
		Recovery: 9,
		Sessions: []store.SessionAt{
			{Session: sso.Session{ID: "ses_1", UserAgent: firefox, Address: "192.0.2.1", SeenAt: then}, OrgName: "Acme Ltd"},
			{Session: sso.Session{ID: "ses_2", SeenAt: then, Actor: "usr_o"}, OrgName: "Globex"},
			{Session: sso.Session{ID: "ses_3", UserAgent: firefox, SeenAt: then, App: "app_1"}, OrgName: "Acme Ltd", AppName: "Portal <x>"},
		},
		Devices: []sso.Device{{ID: "dev_1", UserAgent: firefox, Address: "192.0.2.1", CreatedAt: then}},
		Links:   []store.LinkAt{{Link: sso.Link{Subject: "ada@idp", SeenAt: then}, ConnectionName: "Acme Okta"}},
		Orgs:    []sso.Organization{{ID: "org_1", Key: "acme", Name: "Acme Ltd"}, {ID: "org_2", Key: "globex", Name: "Globex"}},
		Demand:  sso.MFARequired,
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	person := ada(t)
	bare := &account.Account{Person: person, Demand: sso.MFARequired, Orgs: []sso.Organization{person.Org}}
	bare.User.PasswordHash, bare.User.Username, bare.Membership.Role = "", "", "auditor"
	bare.Sessions = full(t).Sessions[:1]
	acted := full(t)
	acted.Session.Actor, acted.Demand = "usr_o", ""
	nobody := person
	nobody.User.PasswordHash = ""
	wrong := func(field, code string) ui.Filled {
		return ui.Filled{Values: map[string][]string{field: {"typed"}}, Problems: map[string]string{field: code}}
	}
	app := appPage(&person, wrong("code", "code_wrong"), "b2ZmZXI", "ABCD EFGH", "otpauth://totp/x")
	app.QR = &ui.QR{Label: ui.Say("app_qr"), Size: 3, Path: "M0 0h1"}
	offer := func(way account.Way) *account.Offer {
		return &account.Offer{Invitation: sso.Invitation{Email: person.User.Email, Role: sso.RoleAdmin}, Organization: person.Org, Inviter: "Grace <Hopper>", Way: way}
	}
	custom := offer(account.AcceptBySSO)
	custom.Role, custom.Inviter = "auditor", ""
	invitation := func(o *account.Offer, f ui.Filled) webtest.Specimen {
		return webtest.Specimen{Page: showInvitation(o, &sso.By{Person: person}, "/login/invitation/token", f), Path: "/login/invitation/token"}
	}
	in := func(path string, page ui.Page) webtest.Specimen {
		return webtest.Specimen{Page: page, Path: path, Person: person}
	}
	webtest.Pages{Set: Pages(), Specimens: map[string]webtest.Specimen{
		"profile":            in(profilePath, showProfile(full(t), ui.Filled{})),
		"profile-bare":       in(profilePath, showProfile(bare, ui.Filled{})),
		"security":           in(securityPath, showSecurity(full(t), offered{true, true})),
		"security-bare":      in(securityPath, showSecurity(bare, offered{})),
		"security-acted":     {Page: showSecurity(acted, offered{true, true}), Path: securityPath, Person: acted.Person},
		"sessions":           in(sessionsPath, showSessions(full(t))),
		"sessions-one":       in(sessionsPath, showSessions(bare)),
		"password":           in(passwordPath, showPassword(&person, wrong("old", "password_old_wrong"))),
		"password-first":     in(passwordPath, showPassword(&nobody, wrong("new", "password_weak"))),
		"app":                in(appPath, app),
		"number":             in(numberPath, numberPage(&person, wrong("number", "phone_form"))),
		"number-code":        in(codePath, codePage(&person, ui.Filled{}, "+4915112345678")),
		"passkey":            in(passkeyPath, keyPage(&person, wrong("name", "passkey_taken"), `{"challenge":"x"}`)),
		"rename":             in("/account/factors/fac_1", renamePage(&person, &full(t).Factors[0], ui.Filled{})),
		"remove":             in("/account/factors/fac_1/remove", removalPage(&person, &full(t).Factors[0], "factor_last")),
		"rename-unnamed":     in("/account/factors/fac_4", renamePage(&person, &full(t).Factors[3], ui.Filled{})),
		"remove-unnamed":     in("/account/factors/fac_4/remove", removalPage(&person, &full(t).Factors[3], "")),
		"codes-ask":          in(codesPath, askCodesPage(&person)),
		"codes":              in(codesPath, showCodes(&person, []string{"AAAA-BBBB-CCCC-DDDD", "EEEE-FFFF-GGGG-HHHH"})),
		"forgot":             {Page: forgotPage(wrong("email", "ident_email")), Path: forgotPath, Status: http.StatusBadRequest},
		"sent":               {Page: sentPage("ada@acme.example"), Path: forgotPath},
		"reset":              {Page: choosePage(recovery.Reset, "/login/reset/token", &person.User, wrong("new", "password_short")), Path: "/login/reset/token"},
		"register":           {Page: choosePage(recovery.Registration, "/login/register/token", &person.User, ui.Filled{}), Path: "/login/register/token"},
		"invitation":         invitation(offer(account.AcceptAsNew), wrong("new", "password_weak")),
		"invitation-here":    invitation(offer(account.AcceptSignedIn), ui.Filled{}),
		"invitation-sign-in": invitation(offer(account.AcceptSignIn), ui.Filled{}),
		"invitation-sso":     invitation(custom, ui.Filled{}),
		"invitation-other":   invitation(offer(account.AcceptOther), ui.Filled{}),
	}, Composed: []string{"kind_", "removal_", "role_", "saved_"}}.Check(t)
}
