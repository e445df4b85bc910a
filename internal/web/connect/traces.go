package connect

import (
	"net/http"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/inspect"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// Paths of the pages of traces: in the console for owners, about their own
// organization, and in that of the vendor's own people, about all.
const (
	operatorPrefix = "/operator"
	tracesPath     = "/traces"
	tracePath      = "/traces/{reference}"
	openTracePath  = tracePath + "/open"
)

// traceRoutes returns the routes of traces, by both doors.
func (h *Handler) traceRoutes() []web.Route {
	routes := []web.Route{
		{Method: http.MethodGet, Path: bundlePath, Access: web.Public, Handler: h.bundle},
		{Method: http.MethodGet, Path: bundleFilePath, Access: web.Public, Handler: h.bundleFile},
	}
	for _, d := range []door{{consolePrefix, web.Console}, {operatorPrefix, web.Support}} {
		add := func(method, path string, serve page) {
			route := web.Route{Method: method, Path: d.prefix + path, Access: d.access, Own: d.access == web.Console && method == http.MethodPost}
			if d.access == web.Support {
				route.Handler = bySupport(serve)
			} else {
				route.Handler = h.by(d, authority.Owner, serve)
			}
			routes = append(routes, route)
		}
		add(http.MethodGet, tracesPath, h.traces)
		add(http.MethodGet, tracePath, h.trace)
		add(http.MethodPost, openTracePath, h.openTrace)
		add(http.MethodPost, bundlesPath, h.makeBundle)
		add(http.MethodPost, revokeBundlePath, h.revokeBundle)
	}
	return routes
}

// bySupport returns a handler for somebody of the vendor's.
func bySupport(serve page) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		v := visit{r: r, prefix: operatorPrefix, support: true}
		v.who.By = web.ByFrom(r)
		v.who.Address = v.who.By.Address
		return serve(w, r, &v)
	}
}

// viewer returns who looks at traces.
func (v *visit) viewer() *inspect.Viewer {
	if v.support {
		return &inspect.Viewer{Who: v.who}
	}
	return &inspect.Viewer{Who: v.who, Place: &v.Place}
}

// tracesPage lists sign-ins.
type tracesPage struct {
	ui.Shell
	Filter ui.Filter
	Table  ui.Table
}

// Head implements [ui.Page].
func (tracesPage) Head() ui.Head { return ui.Head{Template: "traces", Title: ui.Say("traces")} }

// Windows of time that a list is narrowed to, by their names in the URL.
func windows() []struct {
	name string
	back time.Duration
} {
	return []struct {
		name string
		back time.Duration
	}{{"hour", time.Hour}, {"day", day}, {"week", 7 * day}, {"month", 30 * day}}
}

// traces serves GET …/traces. Who types a reference is led to its trace.
func (h *Handler) traces(w http.ResponseWriter, r *http.Request, v *visit) error {
	q := r.URL.Query()
	query := inspect.TraceQuery{
		Words: q.Get("q"), User: sso.UserID(q.Get("person")), Connection: q.Get("connection"), Result: inspect.TraceResult(q.Get("result")), After: placeOf(r),
	}
	for _, x := range windows() {
		if x.name == q.Get("within") {
			query.From = h.Flow.Now().Add(-x.back)
		}
	}
	all, err := h.Inspect.Traces(r.Context(), v.viewer(), query)
	if err != nil {
		return err
	}
	if all.Reference != "" {
		return web.SeeOther(w, r, v.to(tracePath, "{reference}", all.Reference))
	}
	return h.UI.Render(w, r, http.StatusOK, tracesPageOf(v, &all))
}

func tracesPageOf(v *visit, all *inspect.TraceList) tracesPage {
	q := v.r.URL.Query()
	p := tracesPage{Shell: v.shell(), Filter: traceFilter(v, all)}
	p.Lead = ui.Say("traces_lead")
	p.Table = ui.Table{
		Caption: ui.Say("traces"),
		Columns: []ui.Column{{Name: ui.Say("reference")}, {Name: ui.Say("trace_result")}, {Name: ui.Say("trace_person"), Wide: true}, {Name: ui.Say("trace_method")}, {Name: ui.Say("trace_when")}},
		Empty:   ui.Empty{Icon: "search", Title: ui.Say("traces_none"), Text: ui.Say("traces_none_text")},
	}
	if p.Filter.Reset != "" || q.Get("q") != "" {
		p.Table.Empty = ui.Empty{Icon: "search", Title: ui.Say("traces_not_found"), Text: ui.Say("traces_not_found_text")}
	}
	for i := range all.Traces {
		t := &all.Traces[i]
		row := ui.Row{Cells: []ui.Cell{
			{Text: ui.As(t.Reference), Path: v.to(tracePath, "{reference}", t.Reference), Mono: true},
			{Badges: []ui.Badge{traceBadge(t)}},
			{Text: ui.As(or(t.Who, "–"))},
			{Text: methodWord(t.Method), Sub: ui.As(all.Names.Connections[t.Connection])},
			{At: t.At},
		}}
		if t.Code != "" {
			row.Cells[1].Sub = ui.As(t.Code)
		}
		if o, ok := all.Names.Organizations[t.Org]; v.support && ok {
			row.Cells[2].Sub = ui.As(o.Name)
		}
		p.Table.Rows = append(p.Table.Rows, row)
	}
	p.Table.Page(v.r, placeText(all.Next))
	return p
}

func traceFilter(v *visit, all *inspect.TraceList) ui.Filter {
	q := v.r.URL.Query()
	f := ui.Filter{Action: v.to(tracesPath), Search: &ui.Search{Name: "q", Label: ui.Say("traces_search"), Value: q.Get("q")}}
	if v.console().Line != nil && v.console().Below() {
		f.Fields = append(f.Fields, ui.Hidden{Name: "org", Value: v.Key})
	}
	if person := q.Get("person"); person != "" {
		f.Fields = append(f.Fields, ui.Hidden{Name: "person", Value: person})
	}
	if len(all.Connections) > 0 {
		s := ui.Select{Name: "connection", Label: ui.Say("connection"), Value: q.Get("connection"), Options: []ui.Option{{Label: ui.Say("traces_any_connection")}}}
		for i := range all.Connections {
			s.Options = append(s.Options, ui.Option{Value: all.Connections[i].Key, Label: ui.As(all.Connections[i].Name)})
		}
		f.Selects = append(f.Selects, s)
	} else if key := q.Get("connection"); key != "" {
		f.Fields = append(f.Fields, ui.Hidden{Name: "connection", Value: key})
	}
	f.Selects = append(f.Selects, ui.Select{Name: "result", Label: ui.Say("trace_result"), Value: q.Get("result"), Options: []ui.Option{
		{Label: ui.Say("traces_any_result")}, {Value: string(inspect.Refused), Label: ui.Say("trace_refused_word")}, {Value: string(inspect.Worked), Label: ui.Say("trace_worked_word")},
	}})
	within := ui.Select{Name: "within", Label: ui.Say("traces_within"), Value: q.Get("within"), Options: []ui.Option{{Label: ui.Say("traces_any_time")}}}
	for _, x := range windows() {
		within.Options = append(within.Options, ui.Option{Value: x.name, Label: ui.Say("traces_within_" + x.name)})
	}
	f.Selects = append(f.Selects, within)
	for _, name := range []string{"q", "person", "connection", "result", "within"} {
		if q.Get(name) != "" {
			f.Reset = v.to(tracesPath)
		}
	}
	return f
}

func traceBadge(t *sso.Trace) ui.Badge {
	if t.Code == "" {
		return ui.Badge{State: ui.OK, Word: ui.Say("trace_worked_word")}
	}
	return ui.Badge{State: ui.Refused, Word: ui.Say("trace_refused_word")}
}

func methodWord(m sso.Method) ui.Text {
	if m == "" {
		return ui.As("–")
	}
	return ui.Say("by_" + string(m))
}
