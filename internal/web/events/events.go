// Package events serves the pages on which others are told of events: webhooks
// and streams, and the audit list as a file.
//
// They are the same handlers by two doors: in the console of an organization for
// its owners, and in that of the vendor's own people for the deployment. There,
// support agents look; what changes something is declared to be for operators.
package events

import (
	"embed"
	"net/http"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/events"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
)

//go:embed templates locales
var files embed.FS

// Pages returns the pages.
func Pages() ui.Set {
	return ui.Set{Name: "events", Files: files, Pages: []ui.Page{listPage{}, webhookPage{}, formPage{}, confirmPage{}, secretPage{}}}
}

// Handler serves the pages. Its fields are set before it is used.
type Handler struct {
	Flow      *events.Service
	Authority *authority.Service
	UI        *ui.UI
}

// Paths, behind either prefix.
const (
	webhooksPath = "/webhooks"
	newPath      = "/webhooks/new"
	webhookPath  = "/webhooks/{webhook}"
)

// door is the way by which somebody comes to a page.
type door struct {
	prefix string
	look   web.Access
	change web.Access
}

func doors() []door {
	return []door{{"/console", web.Console, web.Console}, {"/operator", web.Support, web.Operator}}
}

// page serves a page to somebody who may see it.
type page func(w http.ResponseWriter, r *http.Request, v *visit) error

// Routes returns the routes, each page by both doors.
func (h *Handler) Routes() []web.Route {
	var routes []web.Route
	for _, d := range doors() {
		add := func(method, path string, access web.Access, serve page) *web.Route {
			r := web.Route{Method: method, Path: d.prefix + path, Access: access, Handler: h.by(d, serve)}
			// A webhook outlasts whoever acts as an owner.
			r.Own = access == web.Console && (method == http.MethodPost || path == webhookPath+"/delete")
			routes = append(routes, r)
			return &routes[len(routes)-1]
		}
		look := func(path string, serve page) { add(http.MethodGet, path, d.look, serve) }
		ask := func(path string, serve page) *web.Route { return add(http.MethodGet, path, d.change, serve) }
		change := func(path string, serve page) *web.Route { return add(http.MethodPost, path, d.change, serve) }
		for _, format := range []events.Format{events.CSV, events.JSONLines} {
			r := ask(exportPath+string(format), h.export(format))
			r.Fresh, r.Own = true, d.look == web.Console
		}
		look(webhooksPath, h.webhooks)
		// What sends everything elsewhere is for who has proved themselves a moment ago,
		// and so is what is gone for good.
		ask(newPath, h.askWebhook).Fresh = true
		change(newPath, h.createWebhook).Fresh = true
		look(webhookPath, h.webhook)
		ask(webhookPath+"/edit", h.askEdit).Fresh = true
		change(webhookPath+"/edit", h.edit).Fresh = true
		change(webhookPath+"/on", h.switchTo(sso.WebhookEnabled, "webhook_on"))
		change(webhookPath+"/off", h.switchTo(sso.WebhookDisabled, "webhook_off"))
		change(webhookPath+"/test", h.test)
		change(webhookPath+"/replay", h.replay)
		ask(webhookPath+"/secret", h.askSecret).Fresh = true
		change(webhookPath+"/secret", h.turnSecret).Fresh = true
		ask(webhookPath+"/delete", h.askDelete).Fresh = true
		change(webhookPath+"/delete", h.delete).Fresh = true
		if d.look != web.Support {
			continue
		}
		look(streamsPath, h.streams)
		ask(newStreamPath, h.askStream).Fresh = true
		change(newStreamPath, h.createStream).Fresh = true
		ask(streamPath+"/edit", h.askEditStream).Fresh = true
		change(streamPath+"/edit", h.editStream).Fresh = true
		change(streamPath+"/test", h.testStream)
		change(streamPath+"/on", h.switchStream(sso.WebhookEnabled, "stream_on"))
		change(streamPath+"/off", h.switchStream(sso.WebhookDisabled, "stream_off"))
		ask(streamPath+"/delete", h.askDeleteStream).Fresh = true
		change(streamPath+"/delete", h.deleteStream).Fresh = true
	}
	return routes
}

// by returns a handler that finds out who asks by a door, about which
// organization.
func (h *Handler) by(d door, serve page) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		v := visit{r: r, door: d, who: events.Who{By: web.ByFrom(r)}}
		if d.look == web.Console {
			place, err := h.Authority.Enter(r.Context(), &authority.Who{By: v.who.By, Address: v.who.By.Address}, r.URL.Query().Get("org"), authority.Owner)
			if err != nil {
				return err
			}
			v.line, v.who.Org = place.Line, place.ID
		}
		return serve(w, r, &v)
	}
}

// visit is a request about the deployment, or about an organization that
// somebody owns.
type visit struct {
	door
	who  events.Who
	line []sso.Organization // from the organization of the session; none: the deployment
	r    *http.Request
}

// console returns the console of the organization.
func (v *visit) console() frame.Console {
	return frame.Console{Line: v.line, Owner: true, Acted: v.who.By.Session.ActedAs()}
}

// to returns the path of a page by the same door.
func (v *visit) to(pattern string, pairs ...string) string {
	if len(v.line) == 0 {
		return frame.Fill(v.prefix+pattern, pairs...)
	}
	return v.console().To(v.prefix+pattern, pairs...)
}

// closed reports whether changes are closed to whoever asks.
func (v *visit) closed() bool {
	return len(v.line) > 0 && v.console().Acted
}

// changes reports whether changes are offered.
func (v *visit) changes() bool { return len(v.line) > 0 || v.who.By.Operator() }

// shell returns the frame.
func (v *visit) shell() ui.Shell {
	if len(v.line) == 0 {
		return frame.Operator()
	}
	return v.console().Shell()
}

// inside returns the frame of a page below the list of webhooks.
func (v *visit) inside(above ...ui.Link) ui.Shell {
	s := v.shell()
	s.Trail = append(s.Trail, ui.Link{Name: ui.Say("webhooks"), Path: v.to(webhooksPath)})
	s.Trail, s.Under = append(s.Trail, above...), v.to(webhooksPath)
	return s
}

// listPage is a list of things.
type listPage struct {
	ui.Shell
	Name    ui.Text
	Notices []ui.Notice
	Table   ui.Table
}

// Head implements [ui.Page].
func (p listPage) Head() ui.Head { return ui.Head{Template: "list", Title: p.Name} }

// formPage is one form.
type formPage struct {
	ui.Shell
	Name   ui.Text
	Notice *ui.Notice
	Action string
	Hidden []ui.Hidden
	Inputs []ui.Input
	Nouns  ui.Choices
	Areas  []ui.Area
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
