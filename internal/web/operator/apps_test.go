package operator

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/registration"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web/ui"
	"github.com/sallyport/sallyport/internal/webtest"
)

// portal is an app with all that its pages can show.
func portal() *operate.AppView {
	return &operate.AppView{
		App: sso.App{
			ID: "app_p", Key: "portal", Name: "Portal & Co", ClientID: "portal", Kind: sso.AppWeb, CreatedAt: then, UpdatedAt: then, Version: 3,
			Secrets: []sso.AppSecret{
				{ID: "sec_1", CreatedBy: "usr_o", CreatedAt: then, UsedAt: then.Add(24 * time.Hour)},
				{ID: "sec_2", Hint: "a<b>", CreatedBy: "operator", CreatedAt: now()},
			},
			GrantTypes: []sso.GrantType{sso.GrantCode, sso.GrantRefresh}, RedirectURIs: []string{"https://app.example/cb", "https://app.example/cb?x='1'"},
			PostLogoutRedirectURIs: []string{"https://app.example/bye"}, BackchannelLogoutURI: "https://app.example/out", LoginURL: "https://app.example/login",
			AllowedOrgs: []sso.OrgID{"org_a", "org_gone"}, RequiredEntitlement: sso.EntitledSCIM, AllowedRoles: []sso.Role{sso.RoleOwner, "auditor"},
			Claims: sso.AppClaims{Groups: sso.ClaimAlways, Names: sso.ClaimNever, RoleClaim: "role"}, Brand: sso.Brand{Name: "The Portal", Logo: "abc"},
		},
		Orgs: []sso.Organization{{ID: "org_a", Key: "acme"}}, Roles: []sso.RoleDefinition{{Key: "auditor", Name: "Auditor"}}, Names: map[string]string{"usr_o": "Olga Operator"},
		Told: []operate.Told{
			{User: "usr_a", Person: "Alice <Archer>", Org: "Acme & Co", State: operate.ToldWaiting, At: now(), Next: now().Add(time.Minute), Tries: 2, Code: "backchannel_status", Detail: "502 <bad>"},
			{User: "usr_b", Person: "Bob", Org: "Acme & Co", State: operate.ToldDone, At: then, Tries: 1},
			{User: "usr_gone", State: operate.ToldNever, At: then, Tries: 9, Code: "backchannel_expired"},
		},
	}
}

// spa is an app as it is right after it was made.
func spa() *operate.AppView {
	a := sso.StartingAs(sso.AppSPA)
	a.ID, a.Key, a.Name, a.ClientID, a.RedirectURIs, a.CreatedAt, a.Version = "app_s", "spa", "Single page", "spa", []string{"http://127.0.0.1/cb"}, then, 1
	return &operate.AppView{App: a}
}

// machine is an app that nobody signs in to.
func machine() *operate.AppView {
	a := sso.StartingAs(sso.AppMachine)
	a.ID, a.Key, a.Name, a.ClientID, a.CreatedAt, a.Version = "app_m", "job", "Job", "job's", then, 1
	return &operate.AppView{App: a}
}

func appSpecimens(h *Handler) map[string]webtest.Specimen {
	off, bare := portal(), portal()
	bare.Told = nil
	off.Disabled = true
	bare.Secrets = nil
	one := portal()
	one.Secrets = one.Secrets[1:]
	signing := portal()
	signing.AuthMethod, signing.Secrets = sso.AuthPrivateKeyJWT, nil
	typed := ui.Filled{
		Values:   map[string][]string{"redirect_uris": {"http://app.example/cb"}, "name": {"Portal"}, "auth_method": {"private_key_jwt"}, "grant_types": {"refresh_token"}},
		Problems: map[string]string{"redirect_uris": "app_redirect_uri", "grant_types": "app_grant_types", "jwks": "app_keys"},
	}
	lines := url.Values{"name": {"Portal"}, "key": {"portal"}, "redirect_uris": {"https://app.example/cb\n\nhttp://app.example/cb\nhttps://*.app.example/"}}
	refused := newAppPage(wrongWith(lines, func(*sso.App) {}))
	branded := wrongWith(url.Values{"product": {"x"}}, func(a *sso.App) { a.RedirectURIs = []string{"http://old.example/cb"} })
	brand := brandPage(portal(), branded)
	brand.elsewhere(branded)
	wrong := func(field, code string) ui.Filled {
		return ui.Filled{Values: map[string][]string{field: {"typed"}}, Problems: map[string]string{field: code}}
	}
	path := pathOfApp("portal")
	shown := func(v *operate.AppView, may hand, lang string) appPage {
		p, err := h.showApp(request(pathOfApp(v.Key)+"?for="+lang), v, may)
		if err != nil {
			panic(err) // the files are built in
		}
		return p
	}
	tried := func(got grant.Tried) triedPage {
		got.App = portal().App
		p, err := showTried(&got)
		if err != nil {
			panic(err) // the documents stand here
		}
		return p
	}
	all := &operate.AppList{Apps: []sso.App{portal().App, spa().App, off.App}, Next: "portal"}
	return map[string]webtest.Specimen{
		"apps":              {Page: showApps(request(appsPath+"?after=x"), all, changes), Path: appsPath},
		"apps-support":      {Page: showApps(request(appsPath), all, looks), Path: appsPath},
		"apps-empty":        {Page: showApps(request(appsPath), &operate.AppList{}, changes), Path: appsPath},
		"apps-none":         {Page: showApps(request(appsPath+"?q=x"), &operate.AppList{}, changes), Path: appsPath + "?q=x"},
		"app-new":           {Page: newAppPage(ui.Filled{}), Path: newAppPath},
		"app-new-wrong":     {Page: newAppPage(wrong("key", "key_taken")), Path: newAppPath, Status: http.StatusConflict},
		"app-entry-line":    {Page: entryPage(spa(), unknownOrganization()), Path: path + "/entry", Status: http.StatusNotFound},
		"app-new-lines":     {Page: refused, Path: newAppPath, Status: http.StatusBadRequest},
		"app-brand-wrong":   {Page: brand, Path: path + "/brand", Status: http.StatusBadRequest},
		"app-made":          {Page: secretMade(&portal().App, secret.ParseToken("abc<d>"), firstSecret), Path: newAppPath},
		"app":               {Page: shown(portal(), changes, ""), Path: path},
		"app-public":        {Page: shown(spa(), changes, "node"), Path: pathOfApp("spa")},
		"app-off":           {Page: shown(off, changes, "apache"), Path: path},
		"app-told-none":     {Page: shown(bare, changes, ""), Path: path},
		"app-signing":       {Page: shown(signing, changes, "java"), Path: path},
		"app-support":       {Page: shown(off, looks, "nginx"), Path: path},
		"app-settings":      {Page: settingsPage(portal(), ui.Filled{}), Path: path + "/settings"},
		"app-settings-off":  {Page: settingsPage(off, typed), Path: path + "/settings", Status: http.StatusBadRequest},
		"app-secrets":       {Page: showSecrets(portal()), Path: path + "/secrets"},
		"app-secrets-one":   {Page: showSecrets(one), Path: path + "/secrets"},
		"app-secrets-none":  {Page: showSecrets(bare), Path: path + "/secrets"},
		"app-secret-add":    {Page: addSecretPage(&one.App), Path: path + "/secrets/new"},
		"app-secret-first":  {Page: addSecretPage(&bare.App), Path: path + "/secrets/new"},
		"app-secret-made":   {Page: secretMade(&portal().App, secret.ParseToken("abc"), anotherSecret), Path: path + "/secrets/new"},
		"app-secret-retire": {Page: retirePage(&portal().App, &portal().Secrets[0]), Path: path + "/secrets/sec_1/retire"},
		"app-secret-last":   {Page: retirePage(&one.App, &one.Secrets[0]), Path: path + "/secrets/sec_2/retire"},
		"app-entry":         {Page: entryPage(portal(), ui.Filled{}), Path: path + "/entry"},
		"app-entry-wrong":   {Page: entryPage(spa(), wrong("organizations", "organization_unknown")), Path: path + "/entry", Status: http.StatusNotFound},
		"app-machine":       {Page: shown(machine(), changes, ""), Path: pathOfApp("job")},
		"app-brand":         {Page: brandPage(portal(), wrong("accent", "brand_accent")), Path: path + "/brand", Status: http.StatusBadRequest},
		"app-try":           {Page: tryPage(&portal().App), Path: path + "/try"},
		"app-tried": {Page: tried(grant.Tried{
			Header: []byte(`{"alg":"ES256","kid":"k1","typ":"JWT"}`), Claims: []byte(`{"iss":"https://sso.example","sub":"usr_o","org":{"id":"org_o","name":"<Operators>"},"roles":["owner"],"role":"owner","exp":1599000000,"iat":1598996400,"auth_time":1598996000,"x":1}`),
			Userinfo: []byte(`{"sub":"usr_o","name":"Olga"}`), Scope: "openid profile", ExpiresIn: time.Hour,
		}), Path: grant.TrialPath},
		"app-tried-refused": {Page: tried(grant.Tried{Refused: "access_denied", Why: "the person may not use this application"}), Path: grant.TrialPath},
		"app-disable":       {Page: disablePage(&portal().App), Path: path + "/disable"},
		"app-delete":        {Page: deleteAppPage(&portal().App, "confirm_name"), Path: path + "/delete"},
	}
}

// wrongWith returns a form that comes back because the app that it makes cannot
// be kept.
func wrongWith(typed url.Values, change func(*sso.App)) ui.Filled {
	a := portal().App
	if typed.Has("redirect_uris") {
		a.RedirectURIs = lines(typed.Get("redirect_uris"))
	}
	change(&a)
	filled, ok := wrongBeside(typed, registration.Check(&a))
	if !ok {
		panic("what is wrong belongs to no form")
	}
	return filled
}

// unknownOrganization is a form with the key of no organization in one of its
// lines.
func unknownOrganization() ui.Filled {
	filled, ok := wrongBeside(url.Values{"organizations": {"acme\nnone"}}, &fault.Error{Kind: fault.NotFound, Code: "organization_unknown", Got: "none"})
	if !ok {
		panic("what is wrong belongs to no form")
	}
	return filled
}

// Who is told of an address wants to know of which, and stands in that field.
func TestWhatIsWrongWithAnAppIsToldWhereItIs(t *testing.T) {
	t.Parallel()
	u, err := ui.New(ui.Options{}, Pages())
	if err != nil {
		t.Fatal(err)
	}
	settings := func(f ui.Filled) formPage { return settingsPage(portal(), f) }
	for name, tc := range map[string]struct {
		typed  url.Values
		change func(*sso.App)
		page   func(ui.Filled) formPage
		want   []string
		focus  string
	}{
		"a line of several": {
			url.Values{"redirect_uris": {"https://app.example/cb\r\n\r\nhttp://app.example/cb\r\nhttps://*.app.example/<b>"}}, func(*sso.App) {}, newAppPage,
			[]string{"Line 3, http://app.example/cb: It has to begin with https://", "Line 4, https://*.app.example/<b>: An address has no spaces"}, "redirect_uris",
		},
		"none": {url.Values{"redirect_uris": {" \n"}}, func(*sso.App) {}, settings, []string{"Enter at least one address."}, "redirect_uris"},
		"where people begin": {
			url.Values{"login_url": {"com.example.app:/x"}}, func(a *sso.App) { a.LoginURL = "com.example.app:/x" }, settings, []string{"It has to begin with https://."}, "login_url",
		},
		"addresses after signing out": {
			url.Values{"logout_uris": {"https://app.example/#x"}}, func(a *sso.App) { a.PostLogoutRedirectURIs = []string{"https://app.example/#x"} }, settings,
			[]string{"Line 1, https://app.example/#x: It must have no #"}, "logout_uris",
		},
		"a scope": {
			url.Values{"scopes": {"read \"x\""}}, func(a *sso.App) { a.Scopes = []string{"read", `"x"`} }, settings, []string{`"x": At most 50 scopes`}, "scopes",
		},
		"a box": {
			url.Values{"pkce_optional": {"on"}}, func(a *sso.App) { a.PKCEOptional, a.AuthMethod, a.Secrets = true, sso.AuthNone, nil }, settings, []string{"do not go together"}, "pkce_optional",
		},
		"what stands on another page": {
			url.Values{"product": {"x"}}, func(a *sso.App) { a.LoginURL = "ftp://x" }, func(f ui.Filled) formPage {
				p := brandPage(portal(), f)
				p.elsewhere(f)
				return p
			}, []string{"Something on another page of this application is wrong"}, "",
		},
	} {
		body := webtest.Specimen{Page: tc.page(wrongWith(tc.typed, tc.change)), Person: olga(), Status: http.StatusBadRequest}.Shown(t, u, "en").Body.String()
		for _, want := range tc.want {
			if !strings.Contains(html.UnescapeString(body), want) {
				t.Errorf("%s: the page does not say %q: %s", name, want, body)
			}
		}
		var focus []string
		for _, m := range regexp.MustCompile(`<(?:input|textarea|select)[^>]* name="(\w+)"[^>]* autofocus`).FindAllStringSubmatch(body, -1) {
			focus = append(focus, m[1])
		}
		if got := strings.Join(focus, " "); got != tc.focus {
			t.Errorf("%s: the focus is on %q, want %q", name, got, tc.focus)
		}
	}
	// The same addresses without what is wrong are taken, and a fresh form begins at its first field.
	a := portal().App
	a.RedirectURIs = lines("https://app.example/cb\n\nhttps://app.example/cb2\ncom.example.app:/cb\nhttp://127.0.0.1/cb")
	if err := registration.Check(&a); err != nil {
		t.Errorf("good addresses are refused: %v", err)
	}
	if body := (webtest.Specimen{Page: newAppPage(ui.Filled{}), Person: olga()}).Shown(t, u, "en").Body.String(); strings.Count(body, " autofocus") != 1 || !strings.Contains(body, `id="name" name="name"`) {
		t.Errorf("a fresh form does not begin at its first field")
	}
}
