// Package account serves the pages of a person's own account, at /account, and
// those by which people come to one: invitations, and links from mails to set a
// password.
//
// What changes how somebody signs in asks them to prove anew that it is them.
//
// # Trust
//
// The token in a URL is a secret that a mailbox was trusted with. Pages that
// have one send no referrer to anybody else and are not cached, and looking at
// them uses nothing up; only a form does.
package account

import (
	"context"
	"embed"
	"net/http"
	"net/netip"
	"strings"

	"github.com/sallyport/sallyport/internal/account"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

//go:embed templates locales
var files embed.FS

// Pages returns the pages of the account.
func Pages() ui.Set {
	return ui.Set{Name: "account", Files: files, Pages: []ui.Page{
		profilePage{}, securityPage{}, sessionsPage{}, formPage{}, confirmPage{}, factorPage{}, codesPage{}, cardPage{}, invitationPage{},
	}}
}

// Handler serves the pages. Its fields are set before it is used.
type Handler struct {
	Flow *account.Service
	UI   *ui.UI
	// Person returns who a session token stands for, judged now, in a browser at
	// this address.
	Person func(context.Context, secret.Token, netip.Addr) (sso.Person, error)
	// SignIn begins a sign-in.
	SignIn func(w http.ResponseWriter, r *http.Request, who SignIn) error
	// GoOn has who is signed in go on in the organization of this key, from the
	// proof that made their session where that is enough there.
	GoOn func(w http.ResponseWriter, r *http.Request, org string) error
}

// SignIn says who is to sign in.
type SignIn struct {
	Address string
	Org     string // key of the organization whose sign-on URL they use; "": as the address leads
	Back    string // path of ours to which they come back; "": their account
}

// ForgotPath is where somebody who has forgotten their password begins.
const ForgotPath = "/login/reset"

// Paths of the pages.
const (
	profilePath  = "/account"
	securityPath = "/account/security"
	passwordPath = "/account/password"
	appPath      = "/account/factors/app"
	numberPath   = "/account/factors/number"
	codePath     = "/account/factors/number/code"
	passkeyPath  = "/account/factors/passkey"
	factorPath   = "/account/factors/{factor}"
	removePath   = "/account/factors/{factor}/remove"
	codesPath    = "/account/recovery-codes"
	filePath     = "/account/recovery-codes/file"
	movePath     = "/account/organization"
	sessionsPath = "/account/sessions"
	othersPath   = "/account/sessions/end-others"
	endPath      = "/account/sessions/{session}/end"
	devicePath   = "/account/devices/{device}/forget"

	forgotPath     = ForgotPath
	resetPath      = "/login/reset/{token}"
	registerPath   = "/login/register/{token}"
	invitationPath = "/login/invitation/{token}"
)

// Routes returns the routes of the pages.
func (h *Handler) Routes() []web.Route {
	route := func(access web.Access, fresh bool, method, path string, handler web.Handler) web.Route {
		return web.Route{Method: method, Path: path, Access: access, Fresh: fresh, Handler: handler}
	}
	get := func(path string, handler web.Handler) web.Route {
		return route(web.SignedIn, false, http.MethodGet, path, handler)
	}
	post := func(path string, handler web.Handler) web.Route {
		return route(web.SignedIn, false, http.MethodPost, path, handler)
	}
	own := func(r web.Route) web.Route {
		r.Own = true
		return r
	}
	// both are a form and what it does, after a fresh proof.
	both := func(path string, show, do web.Handler) []web.Route {
		return []web.Route{route(web.SignedIn, true, http.MethodGet, path, show), route(web.SignedIn, true, http.MethodPost, path, do)}
	}
	open := func(path string, show, do web.Handler) []web.Route {
		return []web.Route{route(web.Browser, false, http.MethodGet, path, show), route(web.Browser, false, http.MethodPost, path, do)}
	}
	all := []web.Route{
		get(profilePath, h.profile),
		post(profilePath, h.saveProfile),
		get(securityPath, h.security),
		own(get(factorPath, h.factor)),
		own(post(factorPath, h.renameFactor)),
		post(filePath, h.download),
		own(post(movePath, h.move)),
		get(sessionsPath, h.sessions),
		post(othersPath, h.endOthers),
		post(endPath, h.endSession),
		own(post(devicePath, h.forgetDevice)),
		route(web.SignedIn, true, http.MethodPost, codePath, h.addNumber),
	}
	for _, pair := range [][]web.Route{
		both(passwordPath, h.askPassword, h.setPassword),
		both(appPath, h.offerApp, h.addApp),
		both(numberPath, h.askNumber, h.sendCode),
		both(passkeyPath, h.offerPasskey, h.addPasskey),
		both(removePath, h.askRemove, h.removeFactor),
		both(codesPath, h.askCodes, h.newCodes),
		open(forgotPath, h.forgot, h.askReset),
		open(resetPath, h.reset, h.redeemReset),
		open(registerPath, h.register, h.redeemRegistration),
		open(invitationPath, h.invitation, h.accept),
	} {
		all = append(all, pair...)
	}
	return all
}

// shell returns the frame of the account.
func shell(by *sso.Person) ui.Shell {
	return ui.Shell{
		Area: ui.Say("area"), Home: profilePath, Organization: by.Org.Name,
		Nav: []ui.NavGroup{{Items: []ui.NavItem{
			{Name: ui.Say("profile"), Path: profilePath, Icon: "person"},
			{Name: ui.Say("security"), Path: securityPath, Icon: "shield"},
			{Name: ui.Say("sessions"), Path: sessionsPath, Icon: "device"},
		}}},
	}
}

// browserOf returns from where somebody asks.
func browserOf(r *http.Request) account.Browser {
	return account.Browser{Address: web.Address(r), UserAgent: web.UserAgent(r)}
}

// at fills the gap of a path pattern.
func at(pattern, gap, value string) string { return strings.Replace(pattern, gap, value, 1) }

// formPage is one form in the frame.
type formPage struct {
	ui.Shell
	Name   ui.Text
	Notice *ui.Notice
	Action string
	Inputs []ui.Input
	Submit ui.Submit
}

// Head implements [ui.Page].
func (p formPage) Head() ui.Head { return ui.Head{Template: "form", Title: p.Name} }

// confirmPage asks before something is done.
type confirmPage struct {
	ui.Shell
	Confirm ui.Confirm
}

// Head implements [ui.Page].
func (p confirmPage) Head() ui.Head { return ui.Head{Template: "confirm", Title: p.Confirm.Title} }

// profilePage says who somebody is, and lets them say so.
type profilePage struct {
	ui.Shell
	Name    string
	Facts   []ui.Fact
	Notice  *ui.Notice
	Inputs  []ui.Input
	Lang    ui.Select
	Submit  ui.Submit
	Orgs    []organization
	SignOut ui.Do
}

// organization is one of which somebody is a member.
type organization struct {
	Name    string
	Current bool
	Move    ui.Do
}

// Head implements [ui.Page].
func (p profilePage) Head() ui.Head { return ui.Head{Template: "profile", Title: ui.As(p.Name)} }

// profile serves GET /account.
func (h *Handler) profile(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	a, err := h.Flow.Account(r.Context(), &by)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, showProfile(&a, ui.Filled{}))
}

func showProfile(a *account.Account, f ui.Filled) profilePage {
	p := profilePage{Shell: shell(&a.Person), Name: a.User.Name()}
	p.SignOut = ui.Do{Word: ui.Say("sign_out"), Action: "/logout", Icon: "sign-out"}
	role := ui.As(string(a.Membership.Role))
	if a.Membership.Role.BuiltIn() {
		role = ui.Say("role_" + string(a.Membership.Role))
	}
	p.Facts = []ui.Fact{
		{Name: ui.Say("fact_email"), Value: ui.As(a.User.Email.String()), Sub: ui.Say("address_help")},
		{Name: ui.Say("fact_organization"), Value: ui.As(a.Org.Name)},
		{Name: ui.Say("fact_role"), Value: role},
	}
	if a.User.Username != "" {
		p.Facts = append(p.Facts, ui.Fact{Name: ui.Say("fact_username"), Value: ui.As(a.User.Username)})
	}
	if a.Managed() {
		p.Notice = &ui.Notice{Text: ui.Say("managed")}
	}
	p.Inputs = []ui.Input{
		f.Input(ui.Input{Name: "first_name", Label: ui.Say("first_name"), Value: a.User.FirstName, Complete: "given-name", Max: sso.MaxName * 4, Optional: true, Fixed: a.Managed()}),
		f.Input(ui.Input{Name: "last_name", Label: ui.Say("last_name"), Value: a.User.LastName, Complete: "family-name", Max: sso.MaxName * 4, Optional: true, Fixed: a.Managed()}),
	}
	p.Lang = f.Select(ui.Select{Name: "language", Label: ui.Say("language"), Help: ui.Say("language_help"), Value: a.User.Language, Options: []ui.Option{
		{Label: ui.Say("language_browser")}, {Value: "en", Label: ui.As("English")}, {Value: "de", Label: ui.As("Deutsch")},
	}})
	p.Submit = ui.Submit{Word: ui.Say("save")}
	for i := range a.Orgs {
		o := &a.Orgs[i]
		p.Orgs = append(p.Orgs, organization{Name: o.Name, Current: o.ID == a.Org.ID, Move: ui.Do{
			Word: ui.Say("switch_to"), Action: movePath, Fields: []ui.Hidden{{Name: "organization", Value: o.Key}}, About: ui.As(o.Name), Off: a.Session.ActedAs(),
		}})
	}
	return p
}

// move serves POST /account/organization: the click is the person's word that
// they want to go on there, and no link can say it for them.
func (h *Handler) move(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	key, err := sso.ParseKey(f.Get("organization"))
	if err != nil {
		return &fault.Error{Kind: fault.NotFound, Code: "organization_unknown", Fix: fault.PersonSide, Err: err}
	}
	web.RetryAt(r, profilePath)
	return h.GoOn(w, r, key)
}

// saveProfile serves POST /account.
func (h *Handler) saveProfile(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	if err := h.Flow.SaveProfile(r.Context(), &by, account.Profile{FirstName: f.Get("first_name"), LastName: f.Get("last_name"), Language: f.Get("language")}); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(profilePath, "profile"))
}

// sessionsPage lists where somebody is signed in.
type sessionsPage struct {
	ui.Shell
	Sessions []session
	Others   *ui.Do
}

// session is where somebody is signed in.
type session struct {
	Icon    string
	Device  string
	Lines   []ui.Text
	Used    ui.Fact
	Current bool
	Acted   bool
	End     *ui.Do
}

// Head implements [ui.Page].
func (sessionsPage) Head() ui.Head { return ui.Head{Template: "sessions", Title: ui.Say("sessions")} }

// sessions serves GET /account/sessions.
func (h *Handler) sessions(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	a, err := h.Flow.Account(r.Context(), &by)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, showSessions(&a))
}

func showSessions(a *account.Account) sessionsPage {
	p := sessionsPage{Shell: shell(&a.Person)}
	p.Lead = ui.Say("sessions_lead")
	for i := range a.Sessions {
		s := &a.Sessions[i]
		line := session{Icon: "device", Device: sso.DeviceName(s.UserAgent), Used: ui.Fact{At: s.SeenAt}, Current: s.ID == a.Session.ID, Acted: s.ActedAs()}
		if s.AppName != "" { // an app goes on where that browser let it
			line.Icon, line.Device = "apps", s.AppName
			line.Lines = append(line.Lines, ui.Say("held_by_app"))
		}
		line.Lines = append(line.Lines, ui.As(s.OrgName))
		if s.Address != "" {
			line.Lines = append(line.Lines, ui.As(s.Address))
		}
		if !line.Current {
			line.End = &ui.Do{Word: ui.Say("end"), Action: at(endPath, "{session}", string(s.ID)), Icon: "sign-out", About: ui.As(line.Device)}
		}
		p.Sessions = append(p.Sessions, line)
	}
	if len(p.Sessions) > 1 {
		p.Others = &ui.Do{Word: ui.Say("end_others"), Action: othersPath, Icon: "sign-out", Kind: ui.Danger}
	}
	return p
}

// endSession serves POST /account/sessions/{session}/end.
func (h *Handler) endSession(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	if err := h.Flow.EndSession(r.Context(), &by, sso.SessionID(r.PathValue("session"))); err != nil && !fault.Is(err, "session_unknown") {
		return err
	}
	return web.SeeOther(w, r, ui.SavedCount(sessionsPath, "ended", 1))
}

// endOthers serves POST /account/sessions/end-others.
func (h *Handler) endOthers(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	n, err := h.Flow.EndOtherSessions(r.Context(), &by)
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.SavedCount(sessionsPath, "ended", n))
}

// forgetDevice serves POST /account/devices/{device}/forget.
func (h *Handler) forgetDevice(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	if err := h.Flow.ForgetDevice(r.Context(), &by, sso.DeviceID(r.PathValue("device"))); err != nil && !fault.Is(err, "device_unknown") {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(securityPath, "device_forgotten"))
}
