package connect

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/inspect"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// Paths of the pages for owners about who somebody is. No setup link opens them.
const (
	conflictsPath = "/conflicts"
	conflictPath  = "/conflicts/{conflict}"
	explainPath   = "/sso/explain"
)

// peopleRoutes returns the routes of the conflict inbox, of Explain, and of what
// a connection does about people.
func (h *Handler) peopleRoutes() []web.Route {
	console := door{consolePrefix, web.Console}
	routes := []web.Route{
		{Method: http.MethodGet, Path: consolePrefix + conflictsPath, Access: web.Console, Handler: h.by(console, authority.Owner, h.inbox)},
		{Method: http.MethodGet, Path: consolePrefix + conflictPath, Access: web.Console, Handler: h.by(console, authority.Owner, h.conflict)},
		{Method: http.MethodGet, Path: consolePrefix + explainPath, Access: web.Console, Handler: h.by(console, authority.Owner, h.explain)},
	}
	for _, remedy := range sso.Remedies() {
		// What gives one person's account to another wants a fresh proof.
		fresh := remedy == sso.RemedyRelink || remedy == sso.RemedyMerge
		routes = append(routes, web.Route{
			Method: http.MethodPost, Path: consolePrefix + conflictPath + "/" + string(remedy), Access: web.Console, Fresh: fresh, Own: true,
			Handler: h.by(console, authority.Owner, func(w http.ResponseWriter, r *http.Request, v *visit) error { return h.decide(w, r, v, remedy) }),
		})
	}
	for _, d := range []door{console, {setupPrefix, web.Setup}} {
		routes = append(routes,
			web.Route{Method: http.MethodGet, Path: d.prefix + defaultsPath, Access: d.access, Own: d.access == web.Console, Handler: h.by(d, authority.Setup, h.defaults)},
			web.Route{Method: http.MethodPost, Path: d.prefix + defaultsPath, Access: d.access, Own: d.access == web.Console, Handler: h.by(d, authority.Setup, h.saveDefaults)})
	}
	return routes
}

// inboxPage lists conflicts.
type inboxPage struct {
	ui.Shell
	Table ui.Table
	Tools []ui.Button
}

// Head implements [ui.Page].
func (inboxPage) Head() ui.Head { return ui.Head{Template: "inbox", Title: ui.Say("conflicts")} }

// inbox serves GET /console/conflicts.
func (h *Handler) inbox(w http.ResponseWriter, r *http.Request, v *visit) error {
	state := sso.ConflictState(r.URL.Query().Get("state"))
	switch state {
	case sso.ConflictRefused, sso.ConflictAllowed, sso.ConflictSolved:
	default:
		state = sso.ConflictOpen
	}
	in, err := h.Inspect.Conflicts(r.Context(), &v.Place, state, placeOf(r))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, inboxPageOf(v, state, &in))
}

func inboxPageOf(v *visit, state sso.ConflictState, in *inspect.Inbox) inboxPage {
	p := inboxPage{
		Shell: v.shell(),
		Table: ui.Table{
			Caption: ui.Say("conflicts"),
			Columns: []ui.Column{{Name: ui.Say("conflict_who"), Wide: true}, {Name: ui.Say("conflict_what")}, {Name: ui.Say("conflict_seen")}, {Name: ui.Say("conflict_count"), Number: true}},
			Empty:   ui.Empty{Icon: "ok", Title: ui.Say("conflicts_none_" + string(state)), Text: ui.Say("conflicts_none_text")},
		},
		Tools: []ui.Button{{Word: ui.Say("explain_title"), Path: v.to(explainPath), Icon: "search"}},
	}
	p.Lead = ui.Say("conflicts_lead")
	for _, s := range []sso.ConflictState{sso.ConflictOpen, sso.ConflictRefused, sso.ConflictAllowed, sso.ConflictSolved} {
		value := string(s)
		if s == sso.ConflictOpen {
			value = ""
		}
		p.Tabs = append(p.Tabs, ui.Tab{Name: ui.Say("conflict_state_" + string(s)), Path: ui.Again(v.r, "state", value), Current: s == state})
	}
	for i := range in.Conflicts {
		c := &in.Conflicts[i]
		p.Table.Rows = append(p.Table.Rows, ui.Row{Cells: []ui.Cell{
			{Text: ui.As(whom(c)), Sub: ui.As(in.Connections[c.Connection]), Path: v.to(conflictPath, "{conflict}", string(c.ID))},
			{Text: ui.Say("conflict_kind_" + string(c.Kind))},
			{At: c.SeenAt},
			{Text: ui.As(strconv.Itoa(c.Count))},
		}})
	}
	p.Table.Page(v.r, placeText(in.Next))
	return p
}

// whom returns what to call whoever was asserted.
func whom(c *sso.Conflict) string {
	if e := c.Asserted.Email.String(); e != "" {
		return e
	}
	if name := strings.TrimSpace(c.Asserted.FirstName + " " + c.Asserted.LastName); name != "" {
		return name
	}
	return c.Subject
}

// conflictPage is one conflict, with what can be done about it.
type conflictPage struct {
	ui.Shell
	Name       ui.Text
	Notice     ui.Notice
	Facts      []ui.Fact
	Candidates ui.Table
	Remedies   []remedy
}

// Head implements [ui.Page].
func (p conflictPage) Head() ui.Head { return ui.Head{Template: "conflict", Title: p.Name} }

// remedy is a form that decides a conflict.
type remedy struct {
	Title   ui.Text
	Text    ui.Text
	Action  string
	Choices []ui.Choices
	Confirm *ui.Input
	Submit  ui.Submit
	Closed  *ui.Button // to whoever acts as the owner; nil: it is open
}

// conflict serves GET /console/conflicts/{conflict}.
func (h *Handler) conflict(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.showConflict(w, r, v, http.StatusOK, "", ui.Filled{})
}

// showConflict shows a conflict; what came back belongs to the form of one
// remedy.
func (h *Handler) showConflict(w http.ResponseWriter, r *http.Request, v *visit, status int, of sso.Remedy, f ui.Filled) error {
	c, err := h.Inspect.Conflict(r.Context(), &v.Place, sso.ConflictID(r.PathValue("conflict")))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, status, conflictPageOf(v, &c, of, f))
}

func conflictPageOf(v *visit, c *inspect.ConflictPage, of sso.Remedy, f ui.Filled) conflictPage {
	p := conflictPage{
		Shell: v.shell(), Name: ui.As(whom(&c.Conflict)),
		Notice: ui.Notice{State: conflictBadge(c.State), Title: ui.Say("conflict_kind_" + string(c.Kind)), Text: ui.Say("conflict_text_" + string(c.Kind))},
		Candidates: ui.Table{
			Caption: ui.Say("conflict_candidates"),
			Columns: []ui.Column{{Name: ui.Say("conflict_person"), Wide: true}, {Name: ui.Say("conflict_home")}, {Name: ui.Say("conflict_roles")}, {Name: ui.Say("conflict_links")}, {Name: ui.Say("conflict_last")}},
			Empty:   ui.Empty{Icon: "person", Title: ui.Say("conflict_nobody")},
		},
	}
	p.Trail = []ui.Link{{Name: ui.Say("conflicts"), Path: v.to(conflictsPath)}}
	said := &c.Asserted
	p.Facts = []ui.Fact{
		{Name: ui.Say("fact_asserted"), Value: ui.As(said.Email.String()), Sub: ui.As(strings.TrimSpace(said.FirstName + " " + said.LastName))},
		{Name: ui.Say("connection"), Value: ui.As(c.Connection.Name)},
		{Name: ui.Say("fact_subject"), Value: ui.As(c.Subject), Mono: true},
		{Name: ui.Say("fact_groups"), Value: ui.As(strings.Join(said.Groups, ", "))},
		{Name: ui.Say("fact_tries"), Value: ui.Count("conflict_tries", c.Count)},
		{Name: ui.Say("conflict_seen"), At: c.SeenAt},
		{Name: ui.Say("fact_reference"), Value: ui.As(c.Reference), Path: v.to(tracePath, "{reference}", c.Reference), Mono: true},
		{Name: ui.Say("state"), Badge: &ui.Badge{State: conflictBadge(c.State), Word: ui.Say("conflict_state_" + string(c.State))}},
	}
	if c.Conflict.Decision != "" {
		p.Facts = append(p.Facts, ui.Fact{Name: ui.Say("fact_decided"), Value: ui.Say("remedy_" + string(c.Conflict.Decision)), Sub: ui.As(c.By)})
	}
	for i := range c.Candidates {
		p.Candidates.Rows = append(p.Candidates.Rows, candidateRow(&c.Candidates[i]))
	}
	for _, r := range c.Remedies() {
		form := ui.Filled{}
		if r == of {
			form = f
		}
		p.Remedies = append(p.Remedies, remedyOf(v, c, r, form))
	}
	return p
}

func conflictBadge(s sso.ConflictState) ui.State {
	switch s {
	case sso.ConflictOpen:
		return ui.Warn
	case sso.ConflictRefused:
		return ui.Refused
	case sso.ConflictAllowed:
		return ui.Pending
	default:
		return ui.OK
	}
}

func candidateRow(c *inspect.Candidate) ui.Row {
	if c.Beyond {
		return ui.Row{Cells: []ui.Cell{{Text: ui.Say("conflict_beyond")}, {}, {}, {}, {}}}
	}
	roles := make([]ui.Badge, len(c.Positions))
	for i := range c.Positions {
		roles[i] = ui.Badge{Word: frame.Role(c.Positions[i].Role)}
	}
	links := ui.Text{}
	if len(c.Links) > 0 {
		links = ui.As(c.Links[0].ConnectionName)
	}
	row := ui.Row{Cells: []ui.Cell{
		{Text: ui.As(c.User.Name()), Sub: ui.As(c.User.Email.String()), Avatar: c.User.Name()},
		{Text: ui.As(c.Home)}, {Badges: roles}, {Text: links}, {At: c.User.LastSignInAt, Never: ui.Say("conflict_never")},
	}}
	if c.User.State == sso.UserDeleted {
		row.Cells[0].Badges = []ui.Badge{{State: ui.Refused, Word: ui.Say("person_deleted")}}
	}
	return row
}

// remedyOf returns the form of a remedy.
func remedyOf(v *visit, c *inspect.ConflictPage, r sso.Remedy, f ui.Filled) remedy {
	m := remedy{
		Title: ui.Say("remedy_" + string(r)), Text: ui.Say("remedy_text_"+string(r), "Who", whom(&c.Conflict)),
		Action: v.to(conflictPath+"/"+string(r), "{conflict}", string(c.ID)),
		Submit: ui.Submit{Word: ui.Say("remedy_do_" + string(r)), Kind: ui.Second},
	}
	if v.console().Acted {
		m.Closed = &ui.Button{Word: m.Submit.Word, Off: true}
		return m
	}
	var people []ui.Option
	for i := range c.Candidates {
		if u := &c.Candidates[i]; !u.Beyond && u.User.State != sso.UserDeleted {
			people = append(people, ui.Option{Value: string(u.User.ID), Label: ui.As(u.User.Name()), Help: ui.As(u.User.Email.String() + " · " + u.Home)})
		}
	}
	confirm := f.Input(ui.Input{Name: "confirm", ID: string(r) + "-confirm", Label: ui.Say("conflict_confirm", "Who", whom(&c.Conflict)), Mono: true})
	switch r {
	case sso.RemedyRelink:
		m.Choices = []ui.Choices{f.Choices(ui.Choices{Name: "to", Label: ui.Say("relink_to"), One: true, Options: people})}
		m.Confirm, m.Submit.Kind = &confirm, ui.Danger
	case sso.RemedyMerge:
		m.Choices = []ui.Choices{
			f.Choices(ui.Choices{Name: "into", Label: ui.Say("merge_into"), One: true, Options: people}),
			f.Choices(ui.Choices{Name: "from", Label: ui.Say("merge_from"), One: true, Options: people}),
		}
		m.Confirm, m.Submit.Kind = &confirm, ui.Danger
	case sso.RemedyInvite:
		m.Choices = []ui.Choices{f.Choices(ui.Choices{Name: "role", Label: ui.Say("invite_role"), One: true, Values: []string{string(sso.RoleMember)}, Options: []ui.Option{
			{Value: string(sso.RoleMember), Label: ui.Say("role_member")}, {Value: string(sso.RoleRestricted), Label: ui.Say("role_restricted")},
		}})}
	}
	return m
}

// decide serves POST /console/conflicts/{conflict}/REMEDY.
func (h *Handler) decide(w http.ResponseWriter, r *http.Request, v *visit, remedy sso.Remedy) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	id := sso.ConflictID(r.PathValue("conflict"))
	back := v.to(conflictPath, "{conflict}", string(id))
	web.RetryAt(r, back)
	if err = h.remedy(r, v, id, remedy, form); err != nil {
		fields := map[string]string{"confirm_name": "confirm", "not_found": "to", "choice_unknown": "to", "role_unknown": "role", "invitation_member": "role", "ident_foreign": "role"}
		if remedy == sso.RemedyMerge {
			for _, code := range []string{"not_found", "choice_unknown", "rights_self", "rights_last_owner", "conflict_guest"} {
				fields[code] = "from"
			}
		}
		filled, ok := (ui.Filled{Values: form}).Beside(err, fields)
		if !ok {
			return err
		}
		_, status := web.Record(r, err)
		return h.showConflict(w, r, v, status, remedy, filled)
	}
	done := "conflict_" + string(remedy)
	return web.SeeOther(w, r, ui.Saved(back, done))
}

func (h *Handler) remedy(r *http.Request, v *visit, id sso.ConflictID, remedy sso.Remedy, form url.Values) error {
	ctx := r.Context()
	chosen := func(name string) (sso.UserID, error) {
		if form.Get(name) == "" {
			return "", &fault.Error{Kind: fault.Invalid, Code: "choice_unknown", Fix: fault.PersonSide}
		}
		return sso.UserID(form.Get(name)), nil
	}
	switch remedy {
	case sso.RemedyInvite:
		return h.Inspect.Invite(ctx, &v.who, v.ID, id, sso.Role(form.Get("role")))
	case sso.RemedyAllow:
		return h.Inspect.Allow(ctx, &v.who, v.ID, id)
	case sso.RemedyRefuse:
		return h.Inspect.Refuse(ctx, &v.who, v.ID, id)
	}
	c, err := h.Inspect.Conflict(ctx, &v.Place, id)
	if err != nil {
		return err
	}
	if remedy == sso.RemedyRelink {
		to, err := chosen("to")
		if err != nil {
			return err
		}
		if err := ui.Confirmed(form, whom(&c.Conflict)); err != nil {
			return err
		}
		return h.Inspect.Relink(ctx, &v.who, v.ID, id, to)
	}
	into, err := chosen("into")
	if err != nil {
		return err
	}
	from, err := chosen("from")
	if err != nil {
		return err
	}
	if err := ui.Confirmed(form, whom(&c.Conflict)); err != nil {
		return err
	}
	return h.Inspect.Merge(ctx, &v.who, v.ID, id, into, from)
}

// explainPage says which way an address would go.
type explainPage struct {
	ui.Shell
	Form   ui.Filter
	Way    []ui.Step
	Result *ui.Notice
}

// Head implements [ui.Page].
func (explainPage) Head() ui.Head {
	return ui.Head{Template: "explain", Title: ui.Say("explain_title")}
}

// explain serves GET /console/sso/explain.
func (h *Handler) explain(w http.ResponseWriter, r *http.Request, v *visit) error {
	address := strings.TrimSpace(r.URL.Query().Get("address"))
	if address == "" {
		return h.UI.Render(w, r, http.StatusOK, explainPageOf(v, "", nil, nil))
	}
	steps, err := h.Inspect.Explain(r.Context(), &v.Place, address)
	if fault.Is(err, "ident_email") {
		f, status := web.Record(r, err)
		return h.UI.Render(w, r, status, explainPageOf(v, address, nil, f))
	}
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, explainPageOf(v, address, steps, nil))
}

func explainPageOf(v *visit, address string, steps []inspect.Explained, f *fault.Error) explainPage {
	p := explainPage{Shell: v.shell(), Form: ui.Filter{
		Action: v.to(explainPath), Search: &ui.Search{Name: "address", Label: ui.Say("explain_address"), Value: address},
	}}
	p.Trail = []ui.Link{{Name: ui.Say("console_sso"), Path: v.to(ssoPath)}}
	p.Lead = ui.Say("explain_lead")
	if v.Below() {
		p.Form.Fields = []ui.Hidden{{Name: "org", Value: v.Key}}
	}
	if f != nil {
		p.Result = &ui.Notice{State: ui.Refused, Text: ui.Problem(f.Code)}
	}
	p.Way = frame.Way(steps)
	return p
}
