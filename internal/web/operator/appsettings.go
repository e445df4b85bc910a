package operator

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// appSettings serves GET /operator/apps/{app}/settings.
func (h *Handler) appSettings(w http.ResponseWriter, r *http.Request) error {
	v, err := h.appView(r)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, settingsPage(&v, ui.Filled{}))
}

func settingsPage(v *operate.AppView, f ui.Filled) formPage {
	path := pathOfApp(v.Key)
	p := formPage{Shell: appShell(&v.App, tabSettings, changes), Name: ui.As(v.Name)}
	if n := appNotices(v); len(n) > 0 {
		p.Notice = &n[0]
	}
	p.Forms = []form{{
		Action: path + "/settings", Hidden: []ui.Hidden{{Name: "version", Value: strconv.FormatInt(v.Version, 10)}},
		Fields: settingsFields(&v.App, f), Submit: ui.Submit{Word: ui.Say("save_changes")},
	}}
	p.Danger = &danger{Title: ui.Say("app_danger"), Text: ui.Say("app_danger_text")}
	if !v.Disabled {
		p.Danger.Buttons = append(p.Danger.Buttons, ui.Button{Word: ui.Say("app_disable"), Path: path + "/disable", Icon: "pause"})
	}
	p.Danger.Buttons = append(p.Danger.Buttons, ui.Button{Word: ui.Say("app_delete"), Path: path + "/delete", Icon: "trash", Kind: ui.Danger})
	return p
}

func settingsFields(a *sso.App, f ui.Filled) []field {
	list := func(name string, all []string) field {
		if typed, ok := f.Values[name]; ok {
			all = lines(strings.Join(typed, "\n"))
		}
		return area(f.Area(ui.Area{Name: name, Label: ui.Say("app_" + name), Help: ui.Say("app_" + name + "_help"), Value: strings.Join(all, "\n"), Mono: true, Rows: rowsFor(len(all)), Optional: name != "redirect_uris"}))
	}
	line := func(name, value string) field {
		return input(f.Input(ui.Input{Name: name, Label: ui.Say("app_" + name), Help: ui.Say("app_" + name + "_help"), Value: value, Mono: true, Mode: "url", Max: 2048, Optional: true}))
	}
	grants := ui.Choices{Name: "grant_types", Label: ui.Say("app_grants"), Help: ui.Say("app_grants_help")}
	for _, g := range sso.GrantTypes() {
		grants.Options = append(grants.Options, ui.Option{Value: string(g), Label: ui.Say("app_grant_" + string(g)), Help: ui.Say("app_grant_" + string(g) + "_help")})
		if a.Grants(g) {
			grants.Values = append(grants.Values, string(g))
		}
	}
	proof := ui.Choices{Name: "auth_method", Label: ui.Say("app_proof"), One: true, Values: []string{or(string(a.AuthMethod), "secret")}}
	for _, m := range []string{"secret", string(sso.AuthNone), string(sso.AuthPrivateKeyJWT)} {
		proof.Options = append(proof.Options, ui.Option{Value: m, Label: ui.Say("app_proof_" + m), Help: ui.Say("app_proof_" + m + "_help")})
	}
	alg := ui.Select{Name: "id_token_alg", Label: ui.Say("app_alg"), Help: ui.Say("app_alg_help"), Value: string(a.SignedBy()), Options: []ui.Option{
		{Value: string(sso.AlgES256), Label: ui.As(string(sso.AlgES256))}, {Value: string(sso.AlgRS256), Label: ui.As(string(sso.AlgRS256))},
	}}
	return []field{
		input(f.Input(ui.Input{Name: "name", Label: ui.Say("name"), Help: ui.Say("app_name_help"), Value: a.Name, Max: 4 * sso.MaxName})),
		list("redirect_uris", a.RedirectURIs),
		list("logout_uris", a.PostLogoutRedirectURIs),
		line("backchannel_uri", a.BackchannelLogoutURI),
		line("login_url", a.LoginURL),
		choices(f.Choices(grants)),
		list("scopes", a.Scopes),
		choices(f.Choices(proof)),
		line("jwks_uri", a.JWKSURI),
		area(f.Area(ui.Area{Name: "jwks", Label: ui.Say("app_jwks"), Help: ui.Say("app_jwks_help"), Value: a.JWKS, Mono: true, Rows: 3, Optional: true})),
		choose(f.Select(alg)),
		check(f.Check(ui.Check{Name: "require_par", Label: ui.Say("app_par"), Help: ui.Say("app_par_help"), Checked: a.RequirePAR})),
		check(f.Check(ui.Check{Name: "dpop", Label: ui.Say("app_dpop"), Help: ui.Say("app_dpop_help"), Checked: a.DPoP})),
		check(f.Check(ui.Check{Name: "pkce_optional", Label: ui.Say("app_pkce"), Help: ui.Say("app_pkce_help"), Checked: a.PKCEOptional})),
	}
}

// saveAppSettings serves POST /operator/apps/{app}/settings.
func (h *Handler) saveAppSettings(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	return h.changeApp(w, r, f, settingsPage, func(a *sso.App) error {
		a.Name, a.RedirectURIs, a.PostLogoutRedirectURIs = f.Get("name"), lines(f.Get("redirect_uris")), lines(f.Get("logout_uris"))
		a.BackchannelLogoutURI, a.LoginURL = strings.TrimSpace(f.Get("backchannel_uri")), strings.TrimSpace(f.Get("login_url"))
		a.GrantTypes = nil
		for _, g := range f["grant_types"] {
			a.GrantTypes = append(a.GrantTypes, sso.GrantType(g))
		}
		a.Scopes = strings.Fields(f.Get("scopes"))
		a.AuthMethod, a.JWKS, a.JWKSURI = sso.AppAuth(f.Get("auth_method")), strings.TrimSpace(f.Get("jwks")), strings.TrimSpace(f.Get("jwks_uri"))
		if a.AuthMethod == "secret" {
			a.AuthMethod = sso.AuthSecret
		}
		if alg := sso.TokenAlg(f.Get("id_token_alg")); alg != a.SignedBy() {
			a.IDTokenAlg = alg
		}
		a.RequirePAR, a.DPoP, a.PKCEOptional = f.Has("require_par"), f.Has("dpop"), f.Has("pkce_optional")
		if len(a.GrantTypes) == 0 { // which would say the usual ones
			return noGrant()
		}
		return nil
	})
}

// changeApp saves one of the forms of an app.
func (h *Handler) changeApp(w http.ResponseWriter, r *http.Request, f url.Values, page func(*operate.AppView, ui.Filled) formPage, change func(*sso.App) error) error {
	return h.saveApp(w, r, f, page, func(by *sso.By, key string, version int64) error {
		return h.Flow.ChangeApp(r.Context(), by, key, version, change)
	})
}

// saveApp saves what a form of an app says, of the version that it was made of,
// and shows the page again where something in it is wrong.
func (h *Handler) saveApp(w http.ResponseWriter, r *http.Request, f url.Values, page func(*operate.AppView, ui.Filled) formPage, save func(by *sso.By, key string, version int64) error) error {
	by, key := web.ByFrom(r), r.PathValue("app")
	version, err := strconv.ParseInt(f.Get("version"), 10, 64)
	if err != nil || version < 1 {
		return moved()
	}
	web.RetryAt(r, r.URL.Path)
	show := func(f ui.Filled, status int, told func(*formPage)) error {
		v, err := h.appView(r)
		if err != nil {
			return err
		}
		p := page(&v, f)
		told(&p)
		return h.UI.Render(w, r, status, p)
	}
	err = save(&by, key, version)
	if fault.Is(err, "app_moved") {
		_, status := web.Record(r, err)
		return show(ui.Filled{Values: f}, status, func(p *formPage) {
			p.Notice = &ui.Notice{State: ui.Warn, Title: ui.Problem("app_moved"), Text: ui.Problem("connection_changed")}
		})
	}
	if err != nil {
		return besideSettings(r, f, err, func(f ui.Filled, status int) error {
			return show(f, status, func(p *formPage) { p.elsewhere(f) })
		})
	}
	return web.SeeOther(w, r, ui.Saved(r.URL.Path, "app_changed"))
}
