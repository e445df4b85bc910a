package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

func (v *visit) toImport(id sso.ImportID, rest string) string {
	return v.to(importPath+rest, "{import}", string(id))
}

func importIDOf(r *http.Request) sso.ImportID { return sso.ImportID(r.PathValue("import")) }

// imports serves GET /console/imports.
func (h *Handler) imports(w http.ResponseWriter, r *http.Request) error {
	return h.showImports(w, r, http.StatusOK, ui.Filled{})
}

func (h *Handler) showImports(w http.ResponseWriter, r *http.Request, status int, f ui.Filled) error {
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	all, err := h.Flow.Imports(r.Context(), &v.Place)
	if err != nil {
		return err
	}
	builtIn, err := h.readRoles(r.Context(), &v)
	if err != nil {
		return err
	}
	if err := h.readManaged(r.Context(), &v); err != nil {
		return err
	}
	return h.UI.Render(w, r, status, importsPageOf(&v, all, builtIn, f))
}

func importsPageOf(v *visit, all []sso.Import, builtIn []sso.Role, f ui.Filled) formPage {
	p := formPage{Shell: v.inside(ui.Link{Name: ui.Say("people"), Path: v.to(peoplePath)}), Name: ui.Say("import_people")}
	p.Lead, p.Notices = ui.Say("import_lead"), v.elsewhere()
	p.Forms = []form{{
		Text: ui.Say("import_columns_text", "Columns", strings.Join(provision.ImportColumns(), ", ")), Action: v.to(importsPath), File: true,
		Fields: []field{
			file(f.File(ui.File{Name: "list", Label: ui.Say("import_file"), Help: ui.Say("import_file_help"), Accept: ".csv,.txt,text/csv"})),
			choose(f.Select(ui.Select{Name: "role", Label: ui.Say("import_role"), Help: ui.Say("import_role_help"), Value: string(sso.RoleMember), Options: v.roleOptions(builtIn, "")})),
			check(f.Check(ui.Check{Name: "welcome", Label: ui.Say("import_welcome"), Help: ui.Say("import_welcome_help")})),
		},
		Submit: ui.Submit{Word: ui.Say("import_check"), Icon: "upload", Cancel: v.to(peoplePath)},
	}}
	if len(all) == 0 {
		return p
	}
	t := ui.Table{Caption: ui.Say("imports"), Columns: []ui.Column{{Name: ui.Say("import_file"), Wide: true}, {Name: ui.Say("state")}, {Name: ui.Say("import_rows_word"), Number: true}, {Name: ui.Say("uploaded")}}}
	for i := range all {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: ui.As(or(all[i].Name, "–")), Path: v.toImport(all[i].ID, "")}, {Badges: []ui.Badge{importState(all[i].State)}}, {Text: ui.Count("figure", all[i].Total)}, {At: all[i].CreatedAt}}})
	}
	p.Table = &t
	return p
}

func importState(s sso.ImportState) ui.Badge {
	b := ui.Badge{Word: ui.Say("import_state_" + string(s))}
	switch s {
	case sso.ImportDone:
		b.State = ui.OK
	case sso.ImportStopped:
		b.State = ui.Refused
	default:
		b.State = ui.Pending
	}
	return b
}

// upload serves POST /console/imports.
func (h *Handler) upload(w http.ResponseWriter, r *http.Request) error {
	form, err := web.UploadForm(r, "list")
	if err != nil {
		return err
	}
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	in := provision.NewImport{Name: form.Name, File: form.File, Role: form.Fields.Get("role")}
	if form.Fields.Has("welcome") {
		in.Welcome = provision.WelcomeByMail
	}
	id, err := h.Flow.Upload(r.Context(), &v.by, v.ID, in)
	if err != nil {
		web.RetryAt(r, v.to(importsPath))
		fields := map[string]string{"role_unknown": "role", "rights_owner": "role"}
		for _, code := range []string{"import_size", "import_rows", "import_empty", "import_encoding", "import_csv", "import_columns"} {
			fields[code] = "list"
		}
		return ui.Filled{Values: form.Fields}.Again(r, err, fields, func(f ui.Filled, status int) error { return h.showImports(w, r, status, f) })
	}
	return web.SeeOther(w, r, v.toImport(id, ""))
}

// importPage is a list of people, as far as it has come.
type importPage struct {
	ui.Shell
	Name    string
	Notices []ui.Notice
	Working *ui.Progress // somebody is at it: the page is asked for anew
	Again   string       // path of the page itself
	Stats   []ui.Stat
	Start   *ui.Do
	Stop    *ui.Do
	Filter  ui.Filter
	Table   ui.Table
}

// Head implements [ui.Page].
func (p importPage) Head() ui.Head { return ui.Head{Template: "import", Title: ui.As(p.Name)} }

// importOf serves GET /console/imports/{import}.
func (h *Handler) importOf(w http.ResponseWriter, r *http.Request) error {
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	verdict := sso.ImportVerdict(q.Get("verdict"))
	list, err := h.Flow.Import(r.Context(), &v.Place, importIDOf(r), verdict, lineOf(q.Get("after")))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, importPageOf(&v, &list, verdict))
}

func importPageOf(v *visit, list *provision.ImportPage, verdict sso.ImportVerdict) importPage {
	p := importPage{Shell: v.inside(ui.Link{Name: ui.Say("people"), Path: v.to(peoplePath)}, ui.Link{Name: ui.Say("import_people"), Path: v.to(importsPath)}), Name: or(list.Name, string(list.ID))}
	p.Again = ui.Again(v.r)
	p.tell(v, list)
	for _, x := range sso.ImportVerdicts() {
		n := list.Counts[x]
		if n == 0 {
			continue
		}
		s := ui.Stat{Name: ui.Say("verdict_" + string(x)), Value: ui.Count("figure", n), Path: ui.Again(v.r, "verdict", string(x)), Note: ui.Say("verdict_" + string(x) + "_note"), State: verdictState(x)}
		p.Stats = append(p.Stats, s)
	}
	p.Filter = ui.Filter{Action: strings.ReplaceAll(importPath, "{import}", url.PathEscape(string(list.ID))), Fields: v.kept()}
	shown := ui.Select{Name: "verdict", Label: ui.Say("verdict"), Value: string(verdict), Options: []ui.Option{{Label: ui.Say("verdict_any")}}}
	for _, x := range sso.ImportVerdicts() {
		shown.Options = append(shown.Options, ui.Option{Value: string(x), Label: ui.Say("verdict_" + string(x))})
	}
	p.Filter.Selects = []ui.Select{shown}
	if verdict != "" {
		p.Filter.Reset = v.toImport(list.ID, "")
	}
	p.Table = importTable(v, list)
	return p
}

// tell says how far the list has come and what can be done.
func (p *importPage) tell(v *visit, list *provision.ImportPage) {
	stop := &ui.Do{Word: ui.Say("import_stop"), Action: v.toImport(list.ID, "/stop"), Icon: "close"}
	does := list.Counts[sso.RowNew] + list.Counts[sso.RowChanged]
	switch list.State {
	case sso.ImportJudging:
		p.Working, p.Stop = &ui.Progress{Label: ui.Say("import_judging"), Done: list.Judged, Of: list.Total, Text: ui.Count("import_of", list.Judged, "All", strconv.Itoa(list.Total))}, stop
	case sso.ImportRunning:
		p.Working, p.Stop = &ui.Progress{Label: ui.Say("import_running"), Done: list.Done, Of: does, Text: ui.Count("import_of", list.Done, "All", strconv.Itoa(does))}, stop
	case sso.ImportReady:
		p.Stop = stop
		p.Notices = append(p.Notices, ready(list, does))
		if does > 0 {
			p.Start = &ui.Do{Word: ui.Count("import_start", does), Action: v.toImport(list.ID, "/start"), Icon: "check", Kind: ui.Main}
		}
	case sso.ImportDone:
		p.Notices = append(p.Notices, ui.Notice{State: ui.OK, Title: ui.Count("import_done", list.Done-list.Failed), Link: &ui.Link{Name: ui.Say("import_to_people"), Path: v.to(peoplePath + "?sort=newest")}})
		if list.Failed > 0 {
			p.Notices = append(p.Notices, ui.Notice{State: ui.Refused, Text: ui.Count("import_failed", list.Failed)})
		}
	case sso.ImportStopped:
		n := ui.Notice{State: ui.Refused, Title: ui.Count("import_stopped", list.Done)}
		if list.Code != "" {
			n.Text = ui.Problem(list.Code)
		}
		p.Notices = append(p.Notices, n)
	}
}

// ready says what would be done.
func ready(list *provision.ImportPage, does int) ui.Notice {
	n := ui.Notice{State: ui.Pending, Title: ui.Say("import_ready"), Points: []ui.Text{ui.Count("import_makes", list.Counts[sso.RowNew]), ui.Count("import_changes", list.Counts[sso.RowChanged])}}
	if does == 0 {
		n = ui.Notice{State: ui.Warn, Title: ui.Say("import_nothing")}
	}
	if left := list.Total - does; left > 0 {
		n.Points = append(n.Points, ui.Count("import_leaves", left))
	}
	if list.Options.Welcome && list.Counts[sso.RowNew] > 0 {
		n.Points = append(n.Points, ui.Count("import_mails", list.Counts[sso.RowNew]))
	}
	if len(list.Options.Ignored) > 0 {
		n.Points = append(n.Points, ui.Say("import_ignored", "Columns", strings.Join(list.Options.Ignored, ", ")))
	}
	return n
}

func verdictState(x sso.ImportVerdict) ui.State {
	switch x {
	case sso.RowNew, sso.RowChanged:
		return ui.OK
	case sso.RowSame:
		return ui.Plain
	case sso.RowWaiting:
		return ui.Pending
	default:
		return ui.Refused
	}
}

func importTable(v *visit, list *provision.ImportPage) ui.Table {
	t := ui.Table{
		Caption: ui.Say("import_rows_word"),
		Columns: []ui.Column{{Name: ui.Say("person"), Wide: true}, {Name: ui.Say("line"), Number: true}, {Name: ui.Say("verdict")}, {Name: ui.Say("import_what")}},
		Empty:   ui.Empty{Icon: "search", Title: ui.Say("found_none")},
	}
	for i := range list.Rows {
		r := &list.Rows[i]
		name := strings.TrimSpace(r.Row.FirstName + " " + r.Row.LastName)
		who := ui.Cell{Text: ui.As(or(name, or(r.Row.Email, or(r.Row.Username, "–"))))}
		if name != "" {
			who.Sub = ui.As(or(r.Row.Email, r.Row.Username))
		}
		if r.User != "" {
			who.Path = v.toPerson(r.User, "")
		}
		badge := ui.Badge{State: verdictState(r.Verdict), Word: ui.Say("verdict_" + string(r.Verdict))}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{who, {Text: ui.Count("figure", r.Line)}, {Badges: []ui.Badge{badge}}, what(r)}})
	}
	next := ""
	if list.Next != 0 {
		next = strconv.Itoa(list.Next)
	}
	t.Page(v.r, next)
	return t
}

// what says what a row would do, or what is wrong with it.
func what(r *sso.ImportRow) ui.Cell {
	c := ui.Cell{}
	switch {
	case slices.Contains(ownReasons(), r.Code):
		c.Text = ui.Say("reason_"+r.Code, "Detail", r.Detail)
	case r.Code != "":
		c.Text = ui.Problem(r.Code)
	case len(r.Changes) > 0:
		c.Text = ui.As(strings.Join(r.Changes, ", "))
	}
	return c
}

// ownReasons are what is said of a row that is no fault by itself.
func ownReasons() []string {
	return []string{"import_outside", "import_long", "import_duplicate"}
}

// startImport serves POST /console/imports/{import}/start.
func (h *Handler) startImport(w http.ResponseWriter, r *http.Request) error {
	return h.ofImport(w, r, func(v *visit) error { return h.Flow.Start(r.Context(), &v.by, v.ID, importIDOf(r)) })
}

// stopImport serves POST /console/imports/{import}/stop.
func (h *Handler) stopImport(w http.ResponseWriter, r *http.Request) error {
	return h.ofImport(w, r, func(v *visit) error { return h.Flow.Stop(r.Context(), &v.by, v.ID, importIDOf(r)) })
}

func (h *Handler) ofImport(w http.ResponseWriter, r *http.Request, do func(v *visit) error) error {
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	back := v.toImport(importIDOf(r), "")
	web.RetryAt(r, back)
	if err := do(&v); err != nil {
		return err
	}
	return web.SeeOther(w, r, back)
}

// lineOf reads behind which line a page begins. One that is no number is the
// beginning.
func lineOf(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
