// Package operator serves the console of the vendor's own people, at /operator:
// organizations and what is granted to them, people anywhere, roles, traces,
// the audit list, and acting as a user.
//
// Its routes are not there for anybody else. What a support agent may not do is
// not offered to them, and the flow refuses it all the same.
package operator

import (
	"embed"
	"encoding/base64"
	"net/http"
	"strings"

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
		homePage{}, listPage{}, formPage{}, confirmPage{}, organizationPage{}, personPage{}, tracePage{},
	}}
}

// Handler serves the console. Its fields are set before it is used.
type Handler struct {
	Flow *operate.Service
	Desk *notify.Desk
	UI   *ui.UI
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
	auditPath         = "/operator/audit"
	outboxPath        = "/operator/outbox"
	outboxTestPath    = "/operator/outbox/test"
	accountPath       = "/account"
)

// Routes returns the routes of the console, and of the end of acting as a user,
// which is asked for by whoever acts.
func (h *Handler) Routes() []web.Route {
	route := func(method, path string, handler web.Handler) web.Route {
		return web.Route{Method: method, Path: path, Access: web.Operator, Handler: handler}
	}
	get := func(path string, handler web.Handler) web.Route { return route(http.MethodGet, path, handler) }
	post := func(path string, handler web.Handler) web.Route { return route(http.MethodPost, path, handler) }
	return []web.Route{
		get(homePath, h.home),
		get(organizationsPath, h.organizations),
		get(newPath, h.newOrganization),
		post(newPath, h.createOrganization),
		get(organizationPath, h.organization),
		get(organizationPath+"/below", h.below),
		get(organizationPath+"/edit", h.editOrganization),
		post(organizationPath+"/name", h.renameOrganization),
		post(organizationPath+"/parent", h.moveOrganization),
		get(organizationPath+"/suspend", h.askSuspend),
		post(organizationPath+"/suspend", h.suspend),
		post(organizationPath+"/resume", h.resume),
		get(organizationPath+"/entitlements/{entitlement}", h.askGrant),
		post(organizationPath+"/entitlements/{entitlement}", h.grant),
		get(organizationPath+"/entitlements/{entitlement}/revoke", h.askRevoke),
		post(organizationPath+"/entitlements/{entitlement}/revoke", h.revoke),
		get(peoplePath, h.people),
		get(personPath, h.person),
		post(personPath+"/sign-out", h.signOut),
		post(personPath+"/unlock", h.unlock),
		post(personPath+"/reset-password", h.resetPassword),
		get(personPath+"/reset-account", h.askResetAccount),
		post(personPath+"/reset-account", h.resetAccount),
		get(personPath+"/act-as/{key}", h.askActAs),
		post(personPath+"/act-as/{key}", h.actAs),
		get(rolesPath, h.roles),
		get(newRolePath, h.newRole),
		post(newRolePath, h.createRole),
		get(rolePath, h.editRole),
		post(rolePath, h.changeRole),
		get(rolePath+"/delete", h.askDeleteRole),
		post(rolePath+"/delete", h.deleteRole),
		get(tracesPath, h.traces),
		get(tracePath, h.trace),
		get(auditPath, h.audit),
		get(outboxPath, h.outbox),
		post(outboxPath+"/retry", h.retry),
		post(outboxPath+"/drop", h.drop),
		get(outboxTestPath, h.askTest),
		post(outboxTestPath, h.test),
		{Method: http.MethodPost, Path: ui.EndActing, Access: web.SignedIn, Handler: h.stopActing},
	}
}

// shell returns the frame of the console.
func shell() ui.Shell {
	return ui.Shell{
		Area: ui.Say("area"), Home: homePath,
		Nav: []ui.NavGroup{
			{Items: []ui.NavItem{
				{Name: ui.Say("overview"), Path: homePath, Icon: "home"},
				{Name: ui.Say("organizations"), Path: organizationsPath, Icon: "organization"},
				{Name: ui.Say("people"), Path: peoplePath, Icon: "people"},
				{Name: ui.Say("traces"), Path: tracesPath, Icon: "search"},
			}},
			{Name: ui.Say("deployment"), Items: []ui.NavItem{
				{Name: ui.Say("roles"), Path: rolesPath, Icon: "shield"},
				{Name: ui.Say("outbox"), Path: outboxPath, Icon: "mail"},
				{Name: ui.Say("audit"), Path: auditPath, Icon: "log"},
			}},
		},
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
}

// Head implements [ui.Page].
func (p listPage) Head() ui.Head { return ui.Head{Template: "list", Title: p.Name} }

// formPage is one form.
type formPage struct {
	ui.Shell
	Name   ui.Text
	Forms  []form
	Notice *ui.Notice
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
	Submit  ui.Submit
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

// again shows a form once more where err is about what was typed, each fault
// beside its field, and returns err where it is not.
func again(f ui.Filled, err error, fields map[string]string, show func(ui.Filled, int) error, r *http.Request) error {
	filled, ok := f.Beside(err, fields)
	if !ok {
		return err
	}
	_, status := web.Record(r, err)
	return show(filled, status)
}

// A place in a list stands in the URL as one word.

func placeText(key []byte, id string) string {
	return base64.RawURLEncoding.EncodeToString(key) + "." + id
}

// placeOf reads a place. One that we did not make is the beginning.
func placeOf(s string) (key []byte, id string) {
	first, id, ok := strings.Cut(s, ".")
	key, err := base64.RawURLEncoding.DecodeString(first)
	if err != nil || !ok {
		return nil, ""
	}
	return key, id
}

// next returns the path of the page of a list that begins at a place.
func next(r *http.Request, place string) string { return ui.Again(r, "after", place) }
