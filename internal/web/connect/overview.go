package connect

import (
	"net/http"

	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// overviewPage is the first page of the set-up: what there is.
type overviewPage struct {
	ui.Shell
	Notices     []ui.Notice
	Connections ui.Table
	Domains     ui.Table
}

// Head implements [ui.Page].
func (overviewPage) Head() ui.Head {
	return ui.Head{Template: "overview", Title: ui.Say("console_sso")}
}

// overview serves GET /console/sso and /setup/sso.
func (h *Handler) overview(w http.ResponseWriter, r *http.Request, v *visit) error {
	o, err := h.Flow.Overview(r.Context(), &v.Place)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, overviewOf(v, &o))
}

func overviewOf(v *visit, o *connect.Overview) overviewPage {
	p := overviewPage{
		Shell: v.shell(),
		Connections: ui.Table{
			Caption: ui.Say("connections"),
			Columns: []ui.Column{{Name: ui.Say("connection"), Wide: true}, {Name: ui.Say("state")}},
			Empty:   ui.Empty{Icon: "key", Title: ui.Say("connections_none"), Text: ui.Say("connections_none_text")},
		},
		Domains: domainTable(o.Domains),
	}
	p.Lead = ui.Say("sso_lead")
	if !v.Entitled() {
		p.Notices = append(p.Notices, ui.Notice{State: ui.Warn, Title: ui.Say("sso_not_entitled"), Text: ui.Say("sso_not_entitled_text")})
	}
	if v.Entitled() && !v.who.By.Session.ActedAs() {
		p.Action = &ui.Action{Name: ui.Say("connection_new"), Path: v.to(newPath), Icon: "plus"}
		p.Connections.Empty.Action = p.Action
	}
	for i := range o.Connections {
		c := &o.Connections[i]
		p.Connections.Rows = append(p.Connections.Rows, ui.Row{Cells: []ui.Cell{
			{Text: ui.As(c.Name), Sub: ui.As(c.SAML.IdPEntityID), Path: v.next(c)}, {Badges: []ui.Badge{connectionState(c.State)}},
		}})
	}
	return p
}

func connectionState(s sso.ConnectionState) ui.Badge {
	b := ui.Badge{State: ui.Pending, Word: ui.Say("connection_" + string(s))}
	switch s {
	case sso.ConnectionActive:
		b.State = ui.OK
	case sso.ConnectionDisabled:
		b.State = ui.Warn
	}
	return b
}

// domainsPage lists the domains.
type domainsPage struct {
	ui.Shell
	Domains ui.Table
}

// Head implements [ui.Page].
func (domainsPage) Head() ui.Head {
	return ui.Head{Template: "domains", Title: ui.Say("console_domains")}
}

// domains serves GET /console/domains and /setup/domains.
func (h *Handler) domains(w http.ResponseWriter, r *http.Request, v *visit) error {
	o, err := h.Flow.Overview(r.Context(), &v.Place)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, domainsPage{Shell: v.shell(), Domains: domainTable(o.Domains)})
}

func domainTable(all []sso.Domain) ui.Table {
	t := ui.Table{
		Caption: ui.Say("console_domains"),
		Columns: []ui.Column{{Name: ui.Say("domain"), Wide: true}, {Name: ui.Say("state")}},
		Empty:   ui.Empty{Icon: "globe", Title: ui.Say("domains_none"), Text: ui.Say("domains_none_text")},
	}
	for i := range all {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: ui.As(all[i].Name)}, {Badges: []ui.Badge{domainState(all[i].State)}}}})
	}
	return t
}

func domainState(s sso.DomainState) ui.Badge {
	b := ui.Badge{State: ui.Pending, Word: ui.Say("domain_" + string(s))}
	switch s {
	case sso.DomainVerified:
		b.State = ui.OK
	case sso.DomainLapsed:
		b.State = ui.Warn
	}
	return b
}
