// Package operator serves the console of the vendor's own people, at /operator:
// organizations and what is granted to them, people anywhere, roles, traces,
// the audit list, and acting as a user.
//
// Its routes are not there for anybody else. What a support agent may not do is
// not offered to them, and its routes, the pages that ask for it among them, are
// declared to be for operators alone.
package operator

import (
	"embed"
	"net/http"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/inspect"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

//go:embed templates locales
var files embed.FS

// Pages returns the pages of the console.
func Pages() ui.Set {
	return ui.Set{Name: "operator", Files: files, Pages: []ui.Page{
		homePage{}, listPage{}, formPage{}, confirmPage{}, organizationPage{}, personPage{}, explainPage{}, linkMadePage{}, appPage{}, secretMadePage{}, triedPage{},
	}}
}

// Handler serves the console. Its fields are set before it is used.
type Handler struct {
	Flow    *operate.Service
	Grants  *grant.Service
	Inspect *inspect.Service
	Desk    *notify.Desk
	UI      *ui.UI
	BaseURL string // where links lead, without a slash at the end
	// AuditKept is for how long the audit list is kept; 0: for ever.
	AuditKept time.Duration
}

// Paths of the console.
const (
	homePath          = "/operator"
	organizationsPath = "/operator/organizations"
	newPath           = "/operator/organizations/new"
	organizationPath  = "/operator/organizations/{key}"
	peoplePath        = "/operator/people"
	personPath        = "/operator/people/{user}"
	rolesPath         = "/operator/roles"
	rolePath          = "/operator/roles/{role}"
	newRolePath       = "/operator/roles/new"
	tracesPath        = "/operator/traces"
	tracePath         = "/operator/traces/{reference}"
	explainPath       = "/operator/explain"
	auditPath         = "/operator/audit"
	outboxPath        = "/operator/outbox"
	outboxTestPath    = "/operator/outbox/test"
	accountPath       = "/account"
)

// Routes returns the routes of the console, and of the end of acting as a user,
// which is asked for by whoever acts.
func (h *Handler) Routes() []web.Route {
	route := func(access web.Access, method, path string, handler web.Handler) web.Route {
		return web.Route{Method: method, Path: path, Access: access, Handler: handler}
	}
	// look is a page for support agents, too; help is what they may do.
	look := func(path string, handler web.Handler) web.Route {
		return route(web.Support, http.MethodGet, path, handler)
	}
	help := func(path string, handler web.Handler) web.Route {
		return route(web.Support, http.MethodPost, path, handler)
	}
	// ask is a page that asks for a change; change makes it.
	ask := func(path string, handler web.Handler) web.Route {
		return route(web.Operator, http.MethodGet, path, handler)
	}
	change := func(path string, handler web.Handler) web.Route {
		return route(web.Operator, http.MethodPost, path, handler)
	}
	// fresh are for who has proved themselves a moment ago: in a browser that was
	// left signed in, nobody becomes whom they like, gives power over a customer
	// away, or destroys what cannot be made again.
	fresh := func(r web.Route) web.Route {
		r.Fresh = true
		return r
	}
	brand := fresh(change(appPath+"/brand", h.saveAppBrand))
	brand.MaxBody = sso.MaxLogo + 64<<10
	return []web.Route{
		look(homePath, h.home),
		look(organizationsPath, h.organizations),
		ask(newPath, h.newOrganization),
		change(newPath, h.createOrganization),
		look(organizationPath, h.organization),
		look(organizationPath+"/below", h.below),
		fresh(ask(organizationPath+"/edit", h.editOrganization)),
		change(organizationPath+"/name", h.renameOrganization),
		fresh(change(organizationPath+"/parent", h.moveOrganization)),
		fresh(ask(organizationPath+"/suspend", h.askSuspend)),
		fresh(change(organizationPath+"/suspend", h.suspend)),
		change(organizationPath+"/resume", h.resume),
		ask(organizationPath+"/entitlements/{entitlement}", h.askGrant),
		change(organizationPath+"/entitlements/{entitlement}", h.grant),
		ask(organizationPath+"/entitlements/{entitlement}/revoke", h.askRevoke),
		change(organizationPath+"/entitlements/{entitlement}/revoke", h.revoke),
		look(pausePath, h.askPause),
		help(pausePath, h.pause),
		help(pausePath+"/end", h.endPause),
		fresh(ask(vouchPath, h.askVouch)),
		fresh(change(vouchPath, h.vouch)),
		ask(vouchPath+"/withdraw", h.askUnvouch),
		change(vouchPath+"/withdraw", h.unvouch),
		fresh(ask(linksPath, h.askLink)),
		fresh(change(linksPath, h.createLink)),
		change(revokePath, h.revokeLink),
		look(peoplePath, h.people),
		look(personPath, h.person),
		help(personPath+"/sign-out", h.signOut),
		help(personPath+"/unlock", h.unlock),
		help(personPath+"/reset-password", h.resetPassword),
		fresh(ask(personPath+"/reset-account", h.askResetAccount)),
		fresh(change(personPath+"/reset-account", h.resetAccount)),
		fresh(look(personPath+"/act-as/{key}", h.askActAs)),
		fresh(help(personPath+"/act-as/{key}", h.actAs)),
		look(rolesPath, h.roles),
		ask(newRolePath, h.newRole),
		change(newRolePath, h.createRole),
		ask(rolePath, h.editRole),
		change(rolePath, h.changeRole),
		fresh(ask(rolePath+"/delete", h.askDeleteRole)),
		fresh(change(rolePath+"/delete", h.deleteRole)),
		look(appsPath, h.apps),
		fresh(ask(newAppPath, h.newApp)),
		fresh(change(newAppPath, h.createApp)),
		look(appPath, h.app),
		fresh(ask(appPath+"/settings", h.appSettings)),
		fresh(change(appPath+"/settings", h.saveAppSettings)),
		ask(appPath+"/secrets", h.appSecrets),
		fresh(ask(appPath+"/secrets/new", h.askAppSecret)),
		fresh(change(appPath+"/secrets/new", h.addAppSecret)),
		fresh(ask(appPath+"/secrets/{secret}/retire", h.askRetire)),
		fresh(change(appPath+"/secrets/{secret}/retire", h.retire)),
		fresh(ask(appPath+"/entry", h.appEntry)),
		fresh(change(appPath+"/entry", h.saveAppEntry)),
		fresh(ask(appPath+"/disable", h.askDisable)),
		fresh(change(appPath+"/disable", h.disableApp)),
		fresh(change(appPath+"/enable", h.enableApp)),
		fresh(ask(appPath+"/delete", h.askDeleteApp)),
		fresh(change(appPath+"/delete", h.deleteApp)),
		fresh(ask(appPath+"/brand", h.appBrand)),
		brand,
		fresh(ask(appPath+"/try", h.askTry)),
		fresh(change(appPath+"/try", h.try)),
		ask(grant.TrialPath, h.tried),
		look(keysPath, h.keys),
		fresh(ask(turnPath, h.askTurn)),
		fresh(change(turnPath, h.turn)),
		change(holdPath, h.hold),
		change(releasePath, h.release),
		look(explainPath, h.explain),
		look(auditPath, h.audit),
		look(outboxPath, h.outbox),
		change(outboxPath+"/retry", h.retry),
		change(outboxPath+"/drop", h.drop),
		ask(outboxTestPath, h.askTest),
		change(outboxTestPath, h.test),
		{Method: http.MethodPost, Path: ui.EndActing, Access: web.SignedIn, Handler: h.stopActing},
	}
}

// at fills the gap of a path pattern.
func at(pattern string, pairs ...string) string {
	return strings.NewReplacer(pairs...).Replace(pattern)
}

func pathOf(key string) string { return at(organizationPath, "{key}", key) }

func pathOfPerson(id sso.UserID) string { return at(personPath, "{user}", string(id)) }

// keyOf returns the organization that the URL names.
func keyOf(r *http.Request) string { return r.PathValue("key") }

func userOf(r *http.Request) sso.UserID { return sso.UserID(r.PathValue("user")) }

// hand is what somebody may do on a page.
type hand uint8

// The hands: support agents look, operators change things too.
const (
	looks hand = iota
	changes
)

// handOf returns what somebody may do.
func handOf(by *sso.By) hand {
	if by.Operator() {
		return changes
	}
	return looks
}

// listPage is a list of things.
type listPage struct {
	ui.Shell
	Name    ui.Text
	Notices []ui.Notice
	Filter  ui.Filter
	Table   ui.Table
	Buttons []ui.Button // below the list
}

// Head implements [ui.Page].
func (p listPage) Head() ui.Head { return ui.Head{Template: "list", Title: p.Name} }

// formPage is one form, or several.
type formPage struct {
	ui.Shell
	Name   ui.Text
	Forms  []form
	Notice *ui.Notice
	Danger *danger
}

// danger is what cannot be taken back, at the end of a page.
type danger struct {
	Title, Text ui.Text
	Buttons     []ui.Button
}

// form is a form with its fields in their order.
type form struct {
	Title   ui.Text
	Action  string
	Get     bool // asks for a page, and changes nothing
	Hidden  []ui.Hidden
	Inputs  []ui.Input
	Selects []ui.Select
	Areas   []ui.Area
	Text    ui.Text // above the fields
	File    bool    // it is sent with a file
	Fields  []field // of any kind, in their order
	Submit  ui.Submit
}

// field is one field of a form, of whatever kind.
type field struct {
	Input   *ui.Input
	Area    *ui.Area
	Select  *ui.Select
	Check   *ui.Check
	Choices *ui.Choices
	File    *ui.File
}

func input(i ui.Input) field     { return field{Input: &i} }
func area(a ui.Area) field       { return field{Area: &a} }
func choose(s ui.Select) field   { return field{Select: &s} }
func check(c ui.Check) field     { return field{Check: &c} }
func choices(c ui.Choices) field { return field{Choices: &c} }
func file(f ui.File) field       { return field{File: &f} }

// Head implements [ui.Page].
func (p formPage) Head() ui.Head { return ui.Head{Template: "form", Title: p.Name} }

// confirmPage asks before something is done.
type confirmPage struct {
	ui.Shell
	Confirm ui.Confirm
}

// Head implements [ui.Page].
func (p confirmPage) Head() ui.Head { return ui.Head{Template: "confirm", Title: p.Confirm.Title} }
