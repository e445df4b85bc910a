package operator

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// traceTable lists sign-ins.
func traceTable(all []sso.Trace) ui.Table {
	t := ui.Table{Caption: ui.Say("traces"), Columns: []ui.Column{{Name: ui.Say("the_reference"), Wide: true}, {Name: ui.Say("result")}, {Name: ui.Say("when")}}}
	for i := range all {
		x := &all[i]
		result := ui.Cell{Badges: []ui.Badge{{State: ui.OK, Word: ui.Say("trace_ok")}}}
		if x.Code != "" {
			result = ui.Cell{Badges: []ui.Badge{{State: ui.Refused, Word: ui.As(x.Code)}}}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: ui.As(x.Reference), Path: at(tracePath, "{reference}", x.Reference), Mono: true}, result, {At: x.At}}})
	}
	return t
}

// audit serves GET /operator/audit.
func (h *Handler) audit(w http.ResponseWriter, r *http.Request) error {
	q, by := r.URL.Query(), web.ByFrom(r)
	key, noun, actor, target := q.Get("organization"), q.Get("about"), strings.TrimSpace(q.Get("actor")), strings.TrimSpace(q.Get("target"))
	page, err := h.Flow.Events(r.Context(), &by, key, operate.EventQuery{Noun: noun, Actor: actor, Target: target, After: q.Get("after")})
	if err != nil {
		return err
	}
	p := listPage{Shell: frame.Operator(), Name: ui.Say("audit")}
	if key != "" {
		v, err := h.Flow.Organization(r.Context(), &by, key)
		if err != nil {
			return err
		}
		p.Shell, p.Name = organizationShell(&v, "audit"), ui.As(v.Name)
	}
	p.Lead = auditLead(h.AuditKept)
	p.Filter = auditFilter(key, noun, actor, target)
	p.Table = eventTable(page.Events, page.Names)
	p.Table.Empty = ui.Empty{Icon: "log", Title: ui.Say("audit_none"), Text: ui.Say("audit_none_text")}
	if p.Filter.Reset != "" {
		p.Table.Empty = ui.Empty{Icon: "search", Title: ui.Say("found_none"), Text: ui.Say("audit_found_none")}
	}
	p.Table.Page(r, page.Next)
	if by.Operator() {
		p.Buttons = exports(q)
	}
	return h.UI.Render(w, r, http.StatusOK, p)
}

// auditLead says what the list is, and for how long it is kept; 0: for ever.
func auditLead(kept time.Duration) ui.Text {
	if kept > 0 {
		return ui.Count("audit_lead_kept", int(kept/(24*time.Hour)))
	}
	return ui.Say("audit_lead")
}

// exports lead an operator to the list as a file.
func exports(asked url.Values) []ui.Button {
	q := url.Values{}
	for _, name := range []string{"organization", "about", "actor", "target"} {
		if value := strings.TrimSpace(asked.Get(name)); value != "" {
			q.Set(name, value)
		}
	}
	rest := ""
	if len(q) > 0 {
		rest = "?" + q.Encode()
	}
	return []ui.Button{
		{Word: ui.Say("audit_csv"), Path: auditPath + "/export.csv" + rest, Icon: "download"},
		{Word: ui.Say("audit_jsonl"), Path: auditPath + "/export.jsonl" + rest, Icon: "download"},
	}
}

func auditFilter(key, noun, actor, target string) ui.Filter {
	about := ui.Select{Name: "about", Label: ui.Say("about"), Value: noun, Options: []ui.Option{{Label: ui.Say("about_any")}}}
	for _, n := range sso.EventNouns() {
		about.Options = append(about.Options, ui.Option{Value: n, Label: ui.Say("noun_" + n)})
	}
	f := ui.Filter{Action: auditPath, Search: &ui.Search{Name: "actor", Label: ui.Say("audit_actor"), Value: actor}, Selects: []ui.Select{about}}
	all := auditPath
	if key != "" {
		f.Fields = append(f.Fields, ui.Hidden{Name: "organization", Value: key})
		all += "?organization=" + url.QueryEscape(key)
	}
	if target != "" {
		f.Fields = append(f.Fields, ui.Hidden{Name: "target", Value: target})
	}
	if noun != "" || actor != "" || target != "" {
		f.Reset = all
	}
	return f
}

// somebody names who or what an identifier stands for, where that is known.
func somebody(id string, names map[string]string) ui.Cell {
	switch name := names[id]; {
	case strings.HasPrefix(id, "usr_") && name != "":
		return ui.Cell{Text: ui.As(name), Path: pathOfPerson(sso.UserID(id))}
	case name != "": // a setup link, by what is noted of it
		return ui.Cell{Text: ui.As(name)}
	}
	return ui.Cell{Text: ui.As(id), Mono: true}
}

// eventTable lists lines of the audit list.
func eventTable(all []sso.Event, names map[string]string) ui.Table {
	t := ui.Table{Caption: ui.Say("audit"), Columns: []ui.Column{{Name: ui.Say("action"), Wide: true}, {Name: ui.Say("actor")}, {Name: ui.Say("target")}, {Name: ui.Say("when")}}}
	for i := range all {
		e := &all[i]
		actor := somebody(e.Actor, names)
		if !strings.Contains(e.Actor, "_") { // the vendor's side, or a part of ours
			actor = ui.Cell{Text: frame.Actor(e.Actor)}
		}
		if e.OnBehalf != "" {
			actor.Sub = ui.Say("on_behalf", "Name", cmp.Or(names[string(e.OnBehalf)], string(e.OnBehalf)))
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: frame.Did(e), Sub: frame.Told(e)}, actor, somebody(e.Target, names), {At: e.At}}})
	}
	return t
}
