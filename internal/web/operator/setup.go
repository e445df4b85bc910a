package operator

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// Paths about how a customer sets single sign-on up.
const (
	vouchPath  = organizationPath + "/domains/{domain}/vouch"
	linksPath  = organizationPath + "/setup-links"
	revokePath = organizationPath + "/setup-links/{link}/revoke"
)

// domainTable lists the claims of an organization. An operator vouches for
// them.
func domainTable(v *operate.Overview, may hand) ui.Table {
	t := ui.Table{Caption: ui.Say("domains"), Columns: []ui.Column{{Name: ui.Say("domain"), Wide: true}, {Name: ui.Say("state")}}, Empty: ui.Empty{Icon: "globe", Title: ui.Say("domains_none")}}
	if may == changes {
		t.Columns = append(t.Columns, ui.Column{Name: ui.Say("actions"), Acts: true})
	}
	for i := range v.Domains {
		d := &v.Domains[i]
		state := ui.Badge{State: ui.Pending, Word: ui.Say("domain_" + string(d.State))}
		switch d.State {
		case sso.DomainVerified:
			state.State = ui.OK
		case sso.DomainLapsed:
			state.State = ui.Warn
		}
		name := ui.Cell{Text: ui.As(d.Spelled())}
		if d.Proof != "" {
			name.Sub = ui.Say("proof_" + string(d.Proof))
		}
		row := ui.Row{Cells: []ui.Cell{name, {Badges: []ui.Badge{state}}}}
		if may == changes {
			row.Cells = append(row.Cells, vouching(v, d))
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// vouching offers what an operator may do about a claim.
func vouching(v *operate.Overview, d *sso.Domain) ui.Cell {
	path := at(vouchPath, "{key}", v.Key, "{domain}", d.Name)
	m := &ui.Menu{Label: ui.As(d.Spelled())}
	switch {
	case d.Proof == sso.ProofVouched:
		m.Links = []ui.Button{{Word: ui.Say("unvouch"), Path: path + "/withdraw", Icon: "trash"}}
	case d.State != sso.DomainVerified:
		m.Links = []ui.Button{{Word: ui.Say("vouch"), Path: path, Icon: "shield"}}
	default:
		return ui.Cell{}
	}
	return ui.Cell{Menu: m}
}

// askVouch serves GET /operator/organizations/{key}/domains/{domain}/vouch.
func (h *Handler) askVouch(w http.ResponseWriter, r *http.Request) error {
	return h.showVouching(w, r, vouchPage)
}

// askUnvouch serves GET /operator/organizations/{key}/domains/{domain}/vouch/withdraw.
func (h *Handler) askUnvouch(w http.ResponseWriter, r *http.Request) error {
	return h.showVouching(w, r, unvouchPage)
}

func (h *Handler) showVouching(w http.ResponseWriter, r *http.Request, page func(*operate.Overview, *sso.Domain) confirmPage) error {
	by := web.ByFrom(r)
	v, err := h.Flow.Customer(r.Context(), &by, keyOf(r))
	if err != nil {
		return err
	}
	i := slices.IndexFunc(v.Domains, func(d sso.Domain) bool { return d.Name == r.PathValue("domain") })
	if i < 0 {
		return &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Got: r.PathValue("domain"), Fix: fault.PersonSide}
	}
	return h.UI.Render(w, r, http.StatusOK, page(&v, &v.Domains[i]))
}

func vouchPage(v *operate.Overview, d *sso.Domain) confirmPage {
	return confirmDomain(v, ui.Confirm{
		ID: "vouch", Title: ui.Say("vouch_title", "Name", d.Spelled()), Text: ui.Say("vouch_text", "Organization", v.Name), Points: []ui.Text{ui.Say("vouch_dns"), ui.Say("vouch_back")},
		Action: at(vouchPath, "{key}", v.Key, "{domain}", d.Name), Do: ui.Say("vouch"), Kind: ui.Main,
	})
}

func unvouchPage(v *operate.Overview, d *sso.Domain) confirmPage {
	return confirmDomain(v, ui.Confirm{
		ID: "unvouch", Title: ui.Say("unvouch_title", "Name", d.Spelled()), Text: ui.Say("unvouch_text"),
		Action: at(vouchPath, "{key}", v.Key, "{domain}", d.Name) + "/withdraw", Do: ui.Say("unvouch"),
	})
}

func confirmDomain(v *operate.Overview, c ui.Confirm) confirmPage {
	c.Cancel = pathOf(v.Key)
	p := confirmPage{Shell: organizationShell(v, "domain"), Confirm: c}
	p.Tabs = nil
	p.Trail = append(p.Trail, ui.Link{Name: ui.As(v.Name), Path: c.Cancel})
	return p
}

// vouch serves POST /operator/organizations/{key}/domains/{domain}/vouch.
func (h *Handler) vouch(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	if err := h.Flow.Vouch(r.Context(), &by, keyOf(r), r.PathValue("domain")); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(pathOf(keyOf(r)), "vouched"))
}

// unvouch serves POST /operator/organizations/{key}/domains/{domain}/vouch/withdraw.
func (h *Handler) unvouch(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	if err := h.Flow.Unvouch(r.Context(), &by, keyOf(r), r.PathValue("domain")); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(pathOf(keyOf(r)), "unvouched"))
}

// linkTable lists the latest setup links of an organization.
func linkTable(v *operate.Overview, may hand, now time.Time) ui.Table {
	t := ui.Table{
		Caption: ui.Say("setup_links"), Columns: []ui.Column{{Name: ui.Say("link_note"), Wide: true}, {Name: ui.Say("state")}, {Name: ui.Say("link_scope")}, {Name: ui.Say("link_until")}},
		Empty: ui.Empty{Icon: "link", Title: ui.Say("links_none")},
	}
	if may == changes {
		t.Columns = append(t.Columns, ui.Column{Name: ui.Say("actions"), Acts: true})
	}
	for i := range v.Links {
		l := &v.Links[i]
		state := l.State(now)
		badge := ui.Badge{State: ui.Pending, Word: ui.Say("link_" + string(state))}
		switch state {
		case sso.SetupLinkOpened:
			badge.State = ui.OK
		case sso.SetupLinkExpired, sso.SetupLinkRevoked, sso.SetupLinkDisowned:
			badge.State = ui.Plain
		}
		row := ui.Row{Cells: []ui.Cell{{Text: ui.As(l.Note)}, {Badges: []ui.Badge{badge}, At: l.OpenedAt}, {Text: ui.Say("scope_" + string(l.Scope))}, {At: l.ExpiresAt}}}
		if may == changes {
			act := ui.Cell{}
			if l.Revocable(now) {
				act.Do = &ui.Do{Word: ui.Say("link_revoke"), Action: at(revokePath, "{key}", v.Key, "{link}", string(l.ID)), Kind: ui.Quiet, About: ui.As(l.Note)}
			}
			row.Cells = append(row.Cells, act)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// linkDays are for how many days a link may be made.
func linkDays() []int { return []int{1, 3, 7, 14, 30, 90} }

// askLink serves GET /operator/organizations/{key}/setup-links.
func (h *Handler) askLink(w http.ResponseWriter, r *http.Request) error {
	return h.showLink(w, r, http.StatusOK, ui.Filled{})
}

func (h *Handler) showLink(w http.ResponseWriter, r *http.Request, status int, f ui.Filled) error {
	by := web.ByFrom(r)
	v, err := h.Flow.Customer(r.Context(), &by, keyOf(r))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, status, linkPage(&v, f))
}

func linkPage(v *operate.Overview, f ui.Filled) formPage {
	path := pathOf(v.Key)
	p := formPage{Shell: organizationShell(v, "links"), Name: ui.Say("link_new", "Name", v.Name)}
	p.Tabs = nil
	p.Trail = append(p.Trail, ui.Link{Name: ui.As(v.Name), Path: path})
	p.Lead = ui.Say("link_lead")
	scope := ui.Select{Name: "scope", Label: ui.Say("link_scope"), Value: string(sso.SetupSSO)}
	for _, s := range []sso.SetupScope{sso.SetupSSO, sso.SetupDomains} {
		scope.Options = append(scope.Options, ui.Option{Value: string(s), Label: ui.Say("scope_" + string(s))})
	}
	days := ui.Select{Name: "days", Label: ui.Say("link_life"), Value: strconv.Itoa(int(sso.SetupLinkLife / (24 * time.Hour)))}
	for _, n := range linkDays() {
		days.Options = append(days.Options, ui.Option{Value: strconv.Itoa(n), Label: ui.Count("link_days", n)})
	}
	p.Forms = []form{{
		Action: at(linksPath, "{key}", v.Key),
		Inputs: []ui.Input{
			f.Input(ui.Input{Name: "note", Label: ui.Say("link_note"), Help: ui.Say("link_note_help"), Max: 4 * sso.MaxName, Focus: true}),
			f.Input(ui.Input{Name: "mail", Label: ui.Say("link_mail"), Help: ui.Say("link_mail_help"), Type: "email", Optional: true}),
		},
		Selects: []ui.Select{f.Select(scope), f.Select(days)},
		Submit:  ui.Submit{Word: ui.Say("link_create"), Cancel: path},
	}}
	return p
}

// linkMadePage shows a setup link, once.
type linkMadePage struct {
	ui.Shell
	Link   ui.Copy
	Mailed ui.Text
	Back   ui.Button
}

// Head implements [ui.Page].
func (linkMadePage) Head() ui.Head { return ui.Head{Template: "link-made", Title: ui.Say("link_made")} }

// createLink serves POST /operator/organizations/{key}/setup-links.
func (h *Handler) createLink(w http.ResponseWriter, r *http.Request) error {
	typed, err := web.Form(r)
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	in := newLinkOf(typed)
	_, token, err := h.Flow.CreateSetupLink(r.Context(), &by, keyOf(r), in)
	if err != nil {
		fields := map[string]string{"setup_link_scope_unknown": "scope", "setup_link_note": "note", "setup_link_life": "days", "ident_email": "mail", "mail_budget": "mail"}
		return ui.Filled{Values: typed}.Again(r, err, fields, func(f ui.Filled, status int) error { return h.showLink(w, r, status, f) })
	}
	v, err := h.Flow.Customer(r.Context(), &by, keyOf(r))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, showLinkMade(&v, h.BaseURL+authority.SetupLinkPath+token.Reveal(), in.Mail))
}

func newLinkOf(typed url.Values) authority.NewLink {
	in := authority.NewLink{Mail: strings.TrimSpace(typed.Get("mail"))}
	in.Scope, in.Note = sso.SetupScope(typed.Get("scope")), typed.Get("note")
	if n, err := strconv.Atoi(typed.Get("days")); err == nil && slices.Contains(linkDays(), n) {
		in.Life = time.Duration(n) * 24 * time.Hour
	}
	return in
}

func showLinkMade(v *operate.Overview, address, mail string) linkMadePage {
	p := linkMadePage{
		Shell: organizationShell(v, "links"), Link: ui.Copy{ID: "link", Label: ui.Say("link"), Help: ui.Say("link_once"), Value: address},
		Back: ui.Button{Word: ui.Say("link_back", "Name", v.Name), Path: pathOf(v.Key)},
	}
	p.Tabs = nil
	p.Trail = append(p.Trail, ui.Link{Name: ui.As(v.Name), Path: pathOf(v.Key)})
	if mail != "" {
		p.Mailed = ui.Say("link_mailed", "Address", mail)
	}
	return p
}

// revokeLink serves POST /operator/organizations/{key}/setup-links/{link}/revoke.
func (h *Handler) revokeLink(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	if err := h.Flow.RevokeSetupLink(r.Context(), &by, keyOf(r), sso.SetupLinkID(r.PathValue("link"))); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(pathOf(keyOf(r)), "link_revoked"))
}
