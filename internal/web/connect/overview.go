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
	Buttons     []ui.Button
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
	return h.UI.Render(w, r, http.StatusOK, h.overviewOf(v, &o))
}

func (h *Handler) overviewOf(v *visit, o *connect.Overview) overviewPage {
	p := overviewPage{
		Shell: v.shell(),
		Connections: ui.Table{
			Caption: ui.Say("connections"),
			Columns: []ui.Column{{Name: ui.Say("connection"), Wide: true}, {Name: ui.Say("state")}},
			Empty:   ui.Empty{Icon: "key", Title: ui.Say("connections_none"), Text: ui.Say("connections_none_text")},
		},
		Domains: domainTable(v, o.Domains),
	}
	p.Lead = ui.Say("sso_lead")
	if !v.Entitled() {
		p.Notices = append(p.Notices, h.Offer.Notice())
	}
	if v.Entitled() && !v.who.By.Session.ActedAs() {
		p.Action = &ui.Action{Name: ui.Say("connection_new"), Path: v.to(newPath), Icon: "plus"}
		p.Connections.Empty.Action = p.Action
	}
	if v.Link == nil {
		p.Buttons = []ui.Button{{Word: ui.Say("links"), Path: v.to(linksPath), Icon: "link"}}
		if v.Entitled() && !v.who.By.Session.ActedAs() {
			p.Buttons = append(p.Buttons, ui.Button{Word: ui.Say("enforce"), Path: v.to(enforcePath), Icon: "shield"})
		}
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
