package operator

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// traces serves GET /operator/traces: a search by reference.
func (h *Handler) traces(w http.ResponseWriter, r *http.Request) error {
	typed := r.URL.Query().Get("reference")
	if strings.TrimSpace(typed) == "" {
		return h.UI.Render(w, r, http.StatusOK, tracesPage("", ""))
	}
	by := web.ByFrom(r)
	t, err := h.Flow.Trace(r.Context(), &by, typed)
	if fault.Is(err, "reference_form") || fault.Is(err, "trace_unknown") {
		known, status := web.Record(r, err)
		return h.UI.Render(w, r, status, tracesPage(typed, known.Code))
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, at(tracePath, "{reference}", t.Reference))
}

func tracesPage(typed, problem string) formPage {
	p := formPage{Shell: shell(), Name: ui.Say("traces")}
	p.Lead = ui.Say("traces_lead")
	p.Forms = []form{{
		Action: tracesPath, Get: true,
		Inputs: []ui.Input{{Name: "reference", Label: ui.Say("the_reference"), Help: ui.Say("reference_help"), Value: typed, Problem: problem, Mono: true, Max: 20, Focus: true}},
		Submit: ui.Submit{Word: ui.Say("find"), Icon: "search"},
	}}
	return p
}

// tracePage is what happened in one sign-in.
type tracePage struct {
	ui.Shell
	Reference string
	Verdict   ui.Notice
	Facts     []ui.Fact
	Checks    []check
	Failed    int
}

// check is a line of the verdict list.
type check struct {
	Badge     ui.Badge
	Rule      string
	About     string
	Want, Got string
	Open      bool // it failed
}

// Head implements [ui.Page].
func (p tracePage) Head() ui.Head {
	return ui.Head{Template: "trace", Title: ui.Say("trace_title", "Reference", p.Reference)}
}

// trace serves GET /operator/traces/{reference}.
func (h *Handler) trace(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	t, err := h.Flow.Trace(r.Context(), &by, r.PathValue("reference"))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, showTrace(&t))
}

func showTrace(t *operate.TraceAt) tracePage {
	p := tracePage{Shell: shell(), Reference: t.Reference}
	p.Trail = []ui.Link{{Name: ui.Say("traces"), Path: tracesPath}}
	if t.Code == "" {
		p.Verdict = ui.Notice{State: ui.OK, Title: ui.Say("trace_worked")}
	} else {
		p.Verdict = ui.Notice{State: ui.Refused, Title: ui.Say("trace_refused", "Code", t.Code), Text: ui.Problem(t.Code)}
		if t.Fix != "" {
			p.Verdict.Points = []ui.Text{ui.Say("fix_" + t.Fix)}
		}
	}
	fact := func(name string, value ui.Text, path string) {
		if !value.IsZero() {
			p.Facts = append(p.Facts, ui.Fact{Name: ui.Say(name), Value: value, Path: path})
		}
	}
	if t.Want != "" {
		p.Facts = append(p.Facts, ui.Fact{Name: ui.Say("want"), Value: ui.As(t.Want), Mono: true})
	}
	if t.Got != "" {
		p.Facts = append(p.Facts, ui.Fact{Name: ui.Say("got"), Value: ui.As(t.Got), Mono: true})
	}
	p.Facts = append(p.Facts, ui.Fact{Name: ui.Say("when"), At: t.At})
	fact("organization", ui.As(t.OrgName), pathOf(t.Organization))
	fact("connection", ui.As(t.Connection), "")
	fact("person", ui.As(t.Person), pathOfPerson(t.User))
	if t.Method != "" {
		fact("method", ui.Say("by_"+string(t.Method)), "")
	}
	fact("from", ui.As(t.Address), "")
	fact("device", ui.As(t.UserAgent), "")
	for _, c := range t.Checks {
		p.Checks = append(p.Checks, showCheck(&c))
		if c.Verdict == "fail" {
			p.Failed++
		}
	}
	return p
}

func showCheck(c *sso.Check) check {
	out := check{Rule: c.Rule, About: c.About, Want: c.Want, Got: c.Got}
	switch c.Verdict {
	case "pass":
		out.Badge = ui.Badge{State: ui.OK, Word: ui.Say("check_pass")}
	case "fail":
		out.Badge, out.Open = ui.Badge{State: ui.Refused, Word: ui.Say("check_fail")}, true
	case "warn":
		out.Badge = ui.Badge{State: ui.Warn, Word: ui.Say("check_warn")}
	default:
		out.Badge = ui.Badge{State: ui.Pending, Word: ui.Say("check_skip")}
	}
	return out
}

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
	p := listPage{Shell: shell(), Name: ui.Say("audit")}
	if key != "" {
		v, err := h.Flow.Organization(r.Context(), &by, key)
		if err != nil {
			return err
		}
		p.Shell, p.Name = organizationShell(&v, "audit"), ui.As(v.Name)
	}
	p.Filter = auditFilter(key, noun, actor, target)
	p.Table = eventTable(page.Events, page.Names)
	p.Table.Empty = ui.Empty{Icon: "log", Title: ui.Say("audit_none"), Text: ui.Say("audit_none_text")}
	if p.Filter.Reset != "" {
		p.Table.Empty = ui.Empty{Icon: "search", Title: ui.Say("found_none"), Text: ui.Say("audit_found_none")}
	}
	p.Table.Page(r, page.Next)
	return h.UI.Render(w, r, http.StatusOK, p)
}

// nouns are what the audit list can be narrowed to.
func nouns() []string {
	return []string{"organization", "entitlement", "user", "membership", "invitation", "group", "role", "operator", "acting", "connection", "domain", "setup_link", "policy", "factor", "session", "message", "app", "key"}
}

func auditFilter(key, noun, actor, target string) ui.Filter {
	about := ui.Select{Name: "about", Label: ui.Say("about"), Value: noun, Options: []ui.Option{{Label: ui.Say("about_any")}}}
	for _, n := range nouns() {
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

// detail writes what an event says beside itself.
func detail(d map[string]string) string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(d)) {
		if d[k] != "" {
			parts = append(parts, k+": "+d[k])
		}
	}
	return strings.Join(parts, " · ")
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
		if e.OnBehalf != "" {
			actor.Sub = ui.Say("on_behalf", "Name", cmp.Or(names[string(e.OnBehalf)], string(e.OnBehalf)))
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: ui.As(e.Action), Sub: ui.As(detail(e.Detail))}, actor, somebody(e.Target, names), {At: e.At}}})
	}
	return t
}
