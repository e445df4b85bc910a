// Package console serves the console of an organization, at /console: its
// people, invitations, groups and sub-organizations, what it demands of
// sign-ins, and its audit list.
//
// Its routes are for owners and administrators. The parameter org names a
// sub-organization that is administered from above; without it, the
// organization of the session is. What somebody may not do is not offered to
// them, and the flow refuses it all the same.
package console

import (
	"context"
	"embed"
	"net/http"
	"time"

	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
)

//go:embed templates locales
var files embed.FS

// Pages returns the pages of the console.
func Pages() ui.Set {
	return ui.Set{Name: "console", Files: files, Pages: []ui.Page{
		homePage{}, listPage{}, formPage{}, confirmPage{}, personPage{}, groupPage{}, importPage{},
	}}
}

// Handler serves the console. Its fields are set before it is used.
type Handler struct {
	Flow *provision.Service
	UI   *ui.UI
	// Offer is for those whom single sign-on is not switched on for.
	Offer frame.Offer
	// AuditKept is for how long the audit list is kept; 0: for ever.
	AuditKept time.Duration
}

// Paths of the console.
const (
	homePath          = frame.Home
	peoplePath        = frame.People
	exportPath        = "/console/people/export.csv"
	personPath        = "/console/people/{user}"
	invitePath        = "/console/invite"
	invitationsPath   = frame.Invitations
	invitationPath    = "/console/invitations/{invitation}"
	importsPath       = "/console/imports"
	importPath        = "/console/imports/{import}"
	groupsPath        = frame.Groups
	newGroupPath      = "/console/groups/new"
	groupPath         = "/console/groups/{group}"
	organizationsPath = frame.Organizations
	newOrgPath        = "/console/organizations/new"
	securityPath      = frame.Security
	settingsPath      = frame.Settings
	auditPath         = frame.Audit
	logoPath          = "/logos/{logo}"
)

// Routes returns the routes of the console.
func (h *Handler) Routes() []web.Route {
	route := func(method, path string, handler web.Handler) web.Route {
		return web.Route{Method: method, Path: path, Access: web.Console, Handler: handler}
	}
	get := func(path string, handler web.Handler) web.Route { return route(http.MethodGet, path, handler) }
	post := func(path string, handler web.Handler) web.Route { return route(http.MethodPost, path, handler) }
	upload := post(importsPath, h.upload)
	upload.MaxBody = provision.MaxFile + 256<<10
	settings := post(settingsPath, h.saveSettings)
	settings.MaxBody = sso.MaxLogo + 64<<10
	// fresh are for who has proved themselves a moment ago.
	fresh := func(r web.Route) web.Route {
		r.Fresh = true
		return r
	}
	own := func(r web.Route) web.Route {
		r.Own = true
		return r
	}
	return []web.Route{
		get(homePath, h.home),
		get(peoplePath, h.people),
		fresh(get(exportPath, h.export)),
		get(personPath, h.person),
		get(personPath+"/edit", h.askEdit),
		post(personPath+"/edit", h.edit),
		post(personPath+"/role", h.changeRole),
		post(personPath+"/groups", h.setGroups),
		get(personPath+"/access", h.askAccess),
		post(personPath+"/access", h.setAccess),
		get(personPath+"/suspend", h.askSuspend),
		post(personPath+"/suspend", h.suspend),
		post(personPath+"/resume", h.resume),
		fresh(get(personPath+"/remove", h.askRemove)),
		fresh(post(personPath+"/remove", h.remove)),
		post(personPath+"/unlock", h.unlock),
		own(post(personPath+"/reset-password", h.resetPassword)),
		fresh(get(personPath+"/reset-account", h.askResetAccount)),
		fresh(post(personPath+"/reset-account", h.resetAccount)),
		post(personPath+"/sign-out", h.signOut),
		post(personPath+"/sessions/{session}/end", h.endSession),
		get(invitePath, h.askInvite),
		post(invitePath, h.invite),
		get(invitationsPath, h.invitations),
		post(invitationPath+"/resend", h.resend),
		post(invitationPath+"/revoke", h.revoke),
		get(importsPath, h.imports),
		upload,
		get(importPath, h.importOf),
		post(importPath+"/start", h.startImport),
		post(importPath+"/stop", h.stopImport),
		get(groupsPath, h.groups),
		get(newGroupPath, h.askGroup),
		post(newGroupPath, h.createGroup),
		get(groupPath, h.group),
		get(groupPath+"/edit", h.askEditGroup),
		post(groupPath+"/edit", h.editGroup),
		get(groupPath+"/delete", h.askDeleteGroup),
		post(groupPath+"/delete", h.deleteGroup),
		post(groupPath+"/members", h.addToGroup),
		post(groupPath+"/members/{user}/remove", h.removeFromGroup),
		get(organizationsPath, h.organizations),
		get(newOrgPath, h.askOrganization),
		post(newOrgPath, h.createOrganization),
		fresh(get(securityPath, h.security)),
		fresh(post(securityPath, h.saveSecurity)),
		get(settingsPath, h.settings),
		settings,
		{Method: http.MethodGet, Path: logoPath, Access: web.Public, Handler: h.logo},
		get(auditPath, h.audit),
	}
}

// visit is a request within an organization that somebody administers.
type visit struct {
	provision.Place
	by      sso.By
	r       *http.Request
	defined []sso.RoleDefinition // roles beside the built-in ones, where they were read
	managed bool                 // nobody is added or deleted here, where that was read
}

// acted reports whether somebody acts as who asks: what would outlast that is
// closed, and shown to be.
func (v *visit) acted() bool { return v.by.Session.ActedAs() }

// enter finds the organization that a request is about.
func (h *Handler) enter(r *http.Request) (visit, error) {
	v := visit{by: web.ByFrom(r), r: r}
	var err error
	v.Place, err = h.Flow.Enter(r.Context(), &v.by, r.URL.Query().Get("org"))
	return v, err
}

// to returns a path of the console of the same organization: a pattern, pairs
// of its gaps and what fills them, and a query behind it.
func (v *visit) to(pattern string, pairs ...string) string {
	return v.console().To(pattern, pairs...)
}

// console returns the console as whoever asks sees it.
func (v *visit) console() frame.Console {
	return frame.Console{Line: v.Line, Owner: v.Rights.Owner(), Acted: v.acted()}
}

func (v *visit) toPerson(id sso.UserID, rest string) string {
	return v.to(personPath+rest, "{user}", string(id))
}

// at returns the path of the console of an organization of the line.
func (v *visit) at(o *sso.Organization, path string) string {
	return v.console().At(o, path)
}

// shell returns the frame of the console.
func (v *visit) shell() ui.Shell { return v.console().Shell() }

// inside returns the frame of a page below others, the outermost of which is
// in the navigation.
func (v *visit) inside(above ...ui.Link) ui.Shell {
	s := v.shell()
	s.Trail, s.Under = append(s.Trail, above...), above[0].Path
	return s
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

// formPage is a page with forms.
type formPage struct {
	ui.Shell
	Name    ui.Text
	Notices []ui.Notice
	Forms   []form
	Table   *ui.Table // below them
}

// Head implements [ui.Page].
func (p formPage) Head() ui.Head { return ui.Head{Template: "form", Title: p.Name} }

// form is a form with its fields in their order.
type form struct {
	Title  ui.Text
	Text   ui.Text
	Action string
	File   bool // sent with a file
	Hidden []ui.Hidden
	Fields []field
	Submit ui.Submit
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

// confirmPage asks before something is done.
type confirmPage struct {
	ui.Shell
	Confirm ui.Confirm
}

// Head implements [ui.Page].
func (p confirmPage) Head() ui.Head { return ui.Head{Template: "confirm", Title: p.Confirm.Title} }

// roleName says a role: a built-in one by its word, another by its name, or
// its key where it is defined no more.
func (v *visit) roleName(role sso.Role) ui.Text {
	if role.BuiltIn() {
		return ui.Say("role_" + string(role))
	}
	for i := range v.defined {
		if v.defined[i].Key == role {
			return ui.As(v.defined[i].Name)
		}
	}
	return ui.As(string(role))
}

// readRoles reads the roles that somebody may give or have, and returns the
// built-in ones that may be given.
func (h *Handler) readRoles(ctx context.Context, v *visit) ([]sso.Role, error) {
	builtIn, defined, err := h.Flow.Roles(ctx, &v.Place)
	v.defined = defined
	return builtIn, err
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
