package connect

import (
	"net/http"

	"github.com/sallyport/sallyport/internal/enforce"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// Paths of what would become of people if single sign-on were demanded.
const (
	foreseenPath    = enforcePath + "/people"
	foreseenCSVPath = enforcePath + "/people.csv"
)

// foreseenPage counts and lists what would become of people.
type foreseenPage struct {
	ui.Shell
	Notices []ui.Notice
	Stats   []ui.Stat // none on the pages that follow the first
	Filter  ui.Filter
	Table   ui.Table
	Tools   []ui.Button
}

// Head implements [ui.Page].
func (foreseenPage) Head() ui.Head { return ui.Head{Template: "foreseen", Title: ui.Say("foreseen")} }

// foreseenIn returns of whom the URL asks.
func foreseenIn(r *http.Request) enforce.ForeseenQuery {
	q := r.URL.Query()
	out := enforce.ForeseenQuery{Words: sso.SearchWords(q.Get("q"))}
	for _, f := range sso.Fates() {
		if string(f) == q.Get("fate") {
			out.Fate = f
		}
	}
	key, id := ui.ReadKeyPlace(q.Get("after"))
	out.After.Key, out.After.User = key, sso.UserID(id)
	return out
}

// foreseen serves GET /console/enforcement/people.
func (h *Handler) foreseen(w http.ResponseWriter, r *http.Request, v *visit) error {
	q := foreseenIn(r)
	list, err := h.Enforce.Foresee(r.Context(), &v.Place, q)
	if err != nil {
		return err
	}
	var counts *enforce.Outlook
	if q.After.User == "" && len(q.Words) == 0 {
		o, err := h.Enforce.Outlook(r.Context(), &v.Place)
		if err != nil {
			return err
		}
		counts = &o
	}
	return h.UI.Render(w, r, http.StatusOK, foreseenPageOf(v, &q, &list, counts))
}

func foreseenPageOf(v *visit, q *enforce.ForeseenQuery, list *enforce.ForeseenList, counts *enforce.Outlook) foreseenPage {
	p := foreseenPage{Shell: v.shell()}
	p.Lead = ui.Say("foreseen_lead")
	p.Trail, p.Under = append(p.Trail, ui.Link{Name: ui.Say("enforce"), Path: v.to(enforcePath)}), v.to(ssoPath)
	if counts != nil {
		p.Stats = foreseenStats(v, counts)
		if counts.Recast > 0 {
			p.Notices = append(p.Notices, ui.Notice{State: ui.Warn, Text: ui.Count("foreseen_recast", counts.Recast)})
		}
	}
	fate := ui.Select{Name: "fate", Label: ui.Say("fate"), Value: string(q.Fate), Options: []ui.Option{{Label: ui.Say("fate_any")}}}
	for _, f := range sso.Fates() {
		fate.Options = append(fate.Options, ui.Option{Value: string(f), Label: ui.Say("fate_" + string(f))})
	}
	p.Filter = ui.Filter{Action: consolePrefix + foreseenPath, Search: &ui.Search{Name: "q", Label: ui.Say("foreseen_search"), Value: v.r.URL.Query().Get("q")}, Selects: []ui.Select{fate}}
	if v.Below() {
		p.Filter.Fields = []ui.Hidden{{Name: "org", Value: v.Key}}
	}
	if len(q.Words) > 0 || q.Fate != "" {
		p.Filter.Reset = v.to(foreseenPath)
	}
	p.Table = ui.Table{
		Caption: ui.Say("foreseen"), Columns: []ui.Column{{Name: ui.Say("foreseen_who"), Wide: true}, {Name: ui.Say("fate")}, {Name: ui.Say("foreseen_why"), Wide: true}},
		Empty: ui.Empty{Icon: "search", Title: ui.Say("foreseen_none"), Text: ui.Say("foreseen_none_text")},
	}
	for i := range list.People {
		p.Table.Rows = append(p.Table.Rows, foreseenRow(&list.People[i]))
	}
	next := ""
	if list.Next.User != "" {
		next = ui.KeyPlace(list.Next.Key, string(list.Next.User))
	}
	p.Table.Page(v.r, next)
	p.Tools = []ui.Button{{Word: ui.Say("foreseen_file"), Path: v.to(foreseenCSVPath), Icon: "download", Off: v.who.By.Session.ActedAs()}}
	return p
}

// foreseenStats counts each fate that anybody has.
func foreseenStats(v *visit, counts *enforce.Outlook) []ui.Stat {
	var stats []ui.Stat
	for _, f := range sso.Fates() {
		if n := counts.Fates[f]; n > 0 {
			stats = append(stats, ui.Stat{Name: ui.Say("fate_" + string(f)), Value: ui.Count("foreseen_count", n), State: fateState(f), Path: with(v.to(foreseenPath), "fate", string(f))})
		}
	}
	return stats
}

func fateState(f sso.Fate) ui.State {
	switch f {
	case sso.FateComes, sso.FateFirst:
		return ui.OK
	case sso.FateDoubled, sso.FateAsked:
		return ui.Warn
	case sso.FateLocked:
		return ui.Refused
	default:
		return ui.Plain
	}
}

func foreseenRow(x *enforce.Foreseen) ui.Row {
	who := ui.Cell{Text: ui.As(x.Name())}
	if address := x.Email.String(); address != x.Name() {
		who.Sub = ui.As(address)
	}
	why := ui.Cell{}
	switch {
	case x.Code != "":
		why.Text = ui.Problem(x.Code)
	case x.By != "":
		why.Text = ui.Say("foreseen_by", "Connection", x.By)
	}
	if x.Forecast.Role != "" {
		why.Sub = ui.Say("foreseen_role", "Role", string(x.Forecast.Role))
	}
	return ui.Row{Cells: []ui.Cell{who, {Badges: []ui.Badge{{State: fateState(x.Fate), Word: ui.Say("fate_" + string(x.Fate))}}}, why}}
}

// foreseenCSV serves GET /console/enforcement/people.csv.
func (h *Handler) foreseenCSV(w http.ResponseWriter, r *http.Request, v *visit) error {
	out := &csvAnswer{w: w, name: v.Key + "-single-sign-on.csv"}
	err := h.Enforce.WriteForeseen(r.Context(), &v.who, &v.Place, out)
	if err != nil && out.begun {
		panic(http.ErrAbortHandler) // half a list must not pass for a whole one
	}
	return err
}

// csvAnswer begins an answer that is a file with the first octet of it: what
// fails before is told on a page.
type csvAnswer struct {
	w     http.ResponseWriter
	name  string
	begun bool
}

// Write implements [io.Writer].
func (a *csvAnswer) Write(b []byte) (int, error) {
	if !a.begun {
		a.begun = true
		h := a.w.Header()
		h.Set("Content-Type", "text/csv; charset=utf-8")
		h.Set("Content-Disposition", `attachment; filename="`+a.name+`"`)
	}
	return a.w.Write(b)
}
