package connect

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// Paths of the pages of setup links. No setup link opens them.
const (
	linksPath      = "/sso/links"
	newLinkPath    = "/sso/links/new"
	revokeLinkPath = "/sso/links/{link}/revoke"
)

// linkRoutes returns the routes of setup links, for owners.
func (h *Handler) linkRoutes() []web.Route {
	console := door{consolePrefix, web.Console}
	route := func(method, path string, serve page) web.Route {
		return web.Route{Method: method, Path: consolePrefix + path, Access: web.Console, Own: method == http.MethodPost, Handler: h.by(console, authority.Owner, serve)}
	}
	// Whoever has a link can let anybody in: it is made by who has proved
	// themselves a moment ago.
	ask, create := route(http.MethodGet, newLinkPath, h.askLink), route(http.MethodPost, newLinkPath, h.createLink)
	ask.Fresh, create.Fresh = true, true
	return []web.Route{route(http.MethodGet, linksPath, h.links), ask, create, route(http.MethodPost, revokeLinkPath, h.revokeLink)}
}

// linksPage lists setup links.
type linksPage struct {
	ui.Shell
	Links ui.Table
}

// Head implements [ui.Page].
func (linksPage) Head() ui.Head { return ui.Head{Template: "links", Title: ui.Say("links")} }

// links serves GET /console/sso/links.
func (h *Handler) links(w http.ResponseWriter, r *http.Request, v *visit) error {
	all, err := h.Flow.SetupLinks(r.Context(), &v.Place, placeOf(r))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, linksPageOf(v, &all, h.Flow.Now()))
}

func (v *visit) insideSSO() ui.Shell {
	return v.inside(ui.Link{Name: ui.Say("console_sso"), Path: v.to(ssoPath)})
}

func linksPageOf(v *visit, all *connect.SetupLinks, now time.Time) linksPage {
	p := linksPage{Shell: v.insideSSO()}
	p.Lead = ui.Say("links_lead")
	if v.Entitled() && !v.console().Acted {
		p.Action = &ui.Action{Name: ui.Say("link_new"), Path: v.to(newLinkPath), Icon: "plus"}
	}
	p.Links = ui.Table{
		Caption: ui.Say("links"),
		Columns: []ui.Column{{Name: ui.Say("link_note"), Wide: true}, {Name: ui.Say("state")}, {Name: ui.Say("link_scope")}, {Name: ui.Say("link_by")}, {Name: ui.Say("link_made_at")}, {Name: ui.Say("link_until")}, {Name: ui.Say("actions"), Acts: true}},
		Empty:   ui.Empty{Icon: "link", Title: ui.Say("links_none"), Text: ui.Say("links_none_text"), Action: p.Action},
	}
	for i := range all.Links {
		l := &all.Links[i]
		row := ui.Row{Cells: []ui.Cell{
			{Text: ui.As(l.Note)}, linkState(l, now), {Text: ui.Say("scope_" + string(l.Scope))}, {Text: ui.As(all.Names[string(l.By)])}, {At: l.CreatedAt}, {At: l.ExpiresAt}, {},
		}}
		if l.Revocable(now) {
			row.Cells[len(row.Cells)-1].Do = &ui.Do{
				Word: ui.Say("link_revoke"), Action: v.to(revokeLinkPath, "{link}", string(l.ID)), Kind: ui.Quiet, About: ui.As(l.Note), Off: v.console().Acted,
			}
		}
		p.Links.Rows = append(p.Links.Rows, row)
	}
	p.Links.Page(v.r, placeText(all.Next))
	p.Action = p.Links.Above(p.Action)
	return p
}

// linkState says what has become of a link.
func linkState(l *sso.SetupLink, now time.Time) ui.Cell {
	state := l.State(now)
	badge := ui.Badge{State: ui.Pending, Word: ui.Say("link_" + string(state))}
	switch state {
	case sso.SetupLinkOpened:
		badge.State = ui.OK
	case sso.SetupLinkExpired, sso.SetupLinkRevoked, sso.SetupLinkDisowned:
		badge.State = ui.Plain
	}
	return ui.Cell{Badges: []ui.Badge{badge}, At: l.OpenedAt}
}

// newLinkPage asks for whom a link is to be made.
type newLinkPage struct {
	ui.Shell
	Action string
	Scope  ui.Choices
	Note   ui.Input
	Life   ui.Select
	Mail   ui.Input
	Submit ui.Submit
}

// Head implements [ui.Page].
func (newLinkPage) Head() ui.Head { return ui.Head{Template: "link-new", Title: ui.Say("link_new")} }

// askLink serves GET /console/sso/links/new.
func (h *Handler) askLink(w http.ResponseWriter, r *http.Request, v *visit) error {
	if err := v.Granted(); err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, newLinkPageOf(v, ui.Filled{}))
}

// lives are for how many days a link may be made.
func lives() []int { return []int{1, 3, 7, 14, 30, 90} }

const day = 24 * time.Hour

func newLinkPageOf(v *visit, f ui.Filled) newLinkPage {
	life := ui.Select{Name: "days", Label: ui.Say("link_life"), Value: strconv.Itoa(int(sso.SetupLinkLife / day))}
	for _, n := range lives() {
		life.Options = append(life.Options, ui.Option{Value: strconv.Itoa(n), Label: ui.Count("link_days", n)})
	}
	scope := ui.Choices{Name: "scope", Label: ui.Say("link_scope"), One: true, Values: []string{string(sso.SetupSSO)}}
	for _, s := range []sso.SetupScope{sso.SetupSSO, sso.SetupDomains} {
		scope.Options = append(scope.Options, ui.Option{Value: string(s), Label: ui.Say("scope_" + string(s)), Help: ui.Say("scope_" + string(s) + "_help")})
	}
	p := newLinkPage{
		Shell: v.insideSSO(), Action: v.to(newLinkPath), Scope: f.Choices(scope),
		Note:   f.Input(ui.Input{Name: "note", Label: ui.Say("link_note"), Help: ui.Say("link_note_help"), Max: 4 * sso.MaxName, Focus: true}),
		Life:   f.Select(life),
		Mail:   f.Input(ui.Input{Name: "mail", Label: ui.Say("link_mail"), Help: ui.Say("link_mail_help"), Type: "email", Optional: true}),
		Submit: ui.Submit{Word: ui.Say("link_create"), Cancel: v.to(linksPath)},
	}
	p.Trail = append(p.Trail, ui.Link{Name: ui.Say("links"), Path: v.to(linksPath)})
	p.Lead = ui.Say("link_new_lead")
	return p
}

// madeLinkPage shows a link, once.
type madeLinkPage struct {
	ui.Shell
	Link   ui.Copy
	Mailed ui.Text // to whom it was sent
	Facts  []ui.Fact
	Back   ui.Button
}

// Head implements [ui.Page].
func (madeLinkPage) Head() ui.Head { return ui.Head{Template: "link-made", Title: ui.Say("link_made")} }

// createLink serves POST /console/sso/links/new.
func (h *Handler) createLink(w http.ResponseWriter, r *http.Request, v *visit) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	in := authority.NewLink{Mail: strings.TrimSpace(form.Get("mail"))}
	in.Scope, in.Note = sso.SetupScope(form.Get("scope")), form.Get("note")
	if n, err := strconv.Atoi(form.Get("days")); err == nil && slices.Contains(lives(), n) {
		in.Life = time.Duration(n) * day
	}
	link, token, err := h.Flow.CreateSetupLink(r.Context(), &v.who, v.ID, in)
	if err != nil {
		f := ui.Filled{Values: form}
		filled, ok := f.Beside(err, map[string]string{"setup_link_scope_unknown": "scope", "setup_link_note": "note", "setup_link_life": "days", "ident_email": "mail", "mail_budget": "mail"})
		if !ok {
			return err
		}
		_, status := web.Record(r, err)
		return h.UI.Render(w, r, status, newLinkPageOf(v, filled))
	}
	return h.UI.Render(w, r, http.StatusOK, madeLinkPageOf(v, &link, h.Flow.BaseURL+authority.SetupLinkPath+token.Reveal(), in.Mail))
}

func madeLinkPageOf(v *visit, l *sso.SetupLink, address, mail string) madeLinkPage {
	p := madeLinkPage{
		Shell: v.insideSSO(),
		Link:  ui.Copy{ID: "link", Label: ui.Say("link"), Help: ui.Say("link_once"), Value: address},
		Facts: []ui.Fact{
			{Name: ui.Say("link_note"), Value: ui.As(l.Note)}, {Name: ui.Say("link_scope"), Value: ui.Say("scope_" + string(l.Scope))}, {Name: ui.Say("link_until"), At: l.ExpiresAt},
		},
		Back: ui.Button{Word: ui.Say("links_back"), Path: v.to(linksPath)},
	}
	p.Trail = append(p.Trail, ui.Link{Name: ui.Say("links"), Path: v.to(linksPath)})
	if mail != "" {
		p.Mailed = ui.Say("link_mailed", "Address", mail)
	}
	return p
}

// revokeLink serves POST /console/sso/links/{link}/revoke.
func (h *Handler) revokeLink(w http.ResponseWriter, r *http.Request, v *visit) error {
	if err := h.Flow.RevokeSetupLink(r.Context(), &v.who, v.ID, sso.SetupLinkID(r.PathValue("link"))); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(v.to(linksPath), "link_revoked"))
}
