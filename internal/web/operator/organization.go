package operator

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// organizationPage is one organization.
type organizationPage struct {
	ui.Shell
	Name         string
	Notices      []ui.Notice
	Stats        []ui.Stat
	Facts        []ui.Fact
	Buttons      []ui.Button
	Resume       *ui.Do
	EndPause     *ui.Do // of enforcement
	Entitlements []entitlement
	Domains      ui.Table
	Connections  ui.Table
	Links        ui.Table // by which somebody sets single sign-on up
	NewLink      *ui.Button
	Chart        ui.Chart
	Events       ui.Table
}

// entitlement is what may be granted, and how it stands.
type entitlement struct {
	Name, Help ui.Text
	State      ui.Badge
	Plan       ui.Text
	By         ui.Fact // who granted it, when
	Buttons    []ui.Button
}

// Head implements [ui.Page].
func (p organizationPage) Head() ui.Head {
	return ui.Head{Template: "organization", Title: ui.As(p.Name)}
}

// organizationShell returns the frame of the pages of one organization.
func organizationShell(v *operate.Overview, tab string) ui.Shell {
	s := frame.Operator()
	s.Trail = []ui.Link{{Name: ui.Say("organizations"), Path: organizationsPath}}
	for i := range v.Above {
		s.Trail = append(s.Trail, ui.Link{Name: ui.As(v.Above[i].Name), Path: pathOf(v.Above[i].Key)})
	}
	path := pathOf(v.Key)
	s.Tabs = []ui.Tab{
		{Name: ui.Say("overview"), Path: path, Current: tab == ""},
		{Name: ui.Say("below"), Path: path + "/below", Note: below(v), Current: tab == "below"},
		{Name: ui.Say("audit"), Path: auditPath + "?organization=" + url.QueryEscape(v.Key), Current: tab == "audit"},
	}
	return s
}

// atMost says a number that was counted up to a limit.
func atMost(n int) ui.Text {
	if n >= operate.MaxCounted {
		return ui.Count("figure_more", operate.MaxCounted)
	}
	return ui.Count("figure", n)
}

// below says how many organizations stand below one.
func below(v *operate.Overview) ui.Text {
	if v.Below >= operate.MaxOrganizations {
		return ui.Count("figure_more", operate.MaxOrganizations)
	}
	return ui.Count("figure", v.Below)
}

// people says how many people an organization has, with those below it.
func people(v *operate.Overview) ui.Text {
	if v.AtLeast() {
		return ui.Count("figure_least", v.People)
	}
	return ui.Count("figure", v.People)
}

// organization serves GET /operator/organizations/{key}.
func (h *Handler) organization(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	v, err := h.Flow.Organization(r.Context(), &by, keyOf(r))
	if err != nil {
		return err
	}
	may := handOf(&by)
	if v.OfOperators() {
		may = looks
	}
	p := showOrganization(&v, may, h.Flow.Now())
	p.Chart = charts(v.Counts, h.Flow.Now())[0]
	return h.UI.Render(w, r, http.StatusOK, p)
}

// showOrganization returns the page as somebody may use it.
func showOrganization(v *operate.Overview, may hand, now time.Time) organizationPage {
	p := organizationPage{Shell: organizationShell(v, ""), Name: v.Name}
	path := pathOf(v.Key)
	switch {
	case v.OfOperators():
		p.Notices = append(p.Notices, ui.Notice{Text: ui.Say("operators_notice")})
	case v.State == sso.OrgSuspended:
		p.Notices = append(p.Notices, ui.Notice{State: ui.Refused, Title: ui.Say("suspended_notice"), Text: ui.Say("suspended_notice_text")})
	case v.Suspended():
		p.Notices = append(p.Notices, ui.Notice{State: ui.Refused, Title: ui.Say("suspended_above"), Text: ui.Say("suspended_notice_text")})
	}
	p.Stats = []ui.Stat{
		{Name: ui.Say("stat_people"), Value: people(v), Note: ui.Say("with_below")},
		{Name: ui.Say("stat_below"), Value: below(v), Path: path + "/below"},
		{Name: ui.Say("stat_connections"), Value: ui.Count("figure", len(v.Connections))},
	}
	state := orgState(&v.Organization)
	p.Facts = []ui.Fact{
		{Name: ui.Say("key"), Value: ui.As(v.Key), Mono: true},
		{Name: ui.Say("state"), Badge: &state},
		{Name: ui.Say("created"), At: v.CreatedAt},
		{Name: ui.Say("demand_sso"), Value: ui.Say("demand_sso_" + or(string(v.Policy.SSO), string(sso.SSOOptional)))},
		{Name: ui.Say("demand_mfa"), Value: ui.Say("demand_mfa_" + or(string(v.Policy.MFA), string(sso.MFAOff)))},
	}
	p.Facts = append(p.Facts, pauseFacts(v, now)...)
	ask, end := pausing(v, now)
	if ask != nil {
		p.Buttons = append(p.Buttons, *ask)
	}
	p.EndPause = end
	if may != changes {
		p.Looks, _ = frame.ForSupport()
	}
	if may == changes {
		p.NewLink = &ui.Button{Word: ui.Say("link_make"), Path: at(linksPath, "{key}", v.Key), Icon: "plus"}
		p.Buttons = append(p.Buttons, ui.Button{Word: ui.Say("edit"), Path: path + "/edit", Icon: "edit"})
		if v.State == sso.OrgSuspended {
			p.Resume = &ui.Do{Word: ui.Say("resume"), Action: path + "/resume", Icon: "play"}
		} else {
			p.Buttons = append(p.Buttons, ui.Button{Word: ui.Say("suspend"), Path: path + "/suspend", Icon: "pause", Kind: ui.Danger})
		}
	}
	for _, e := range sso.Entitlements() {
		p.Entitlements = append(p.Entitlements, showEntitlement(v, e, may))
	}
	p.Domains, p.Links = domainTable(v, may), linkTable(v, may, now)
	p.Connections = connectionTable(v.Connections)
	p.Events = eventTable(v.Events, v.Names)
	p.Events.Empty = ui.Empty{Icon: "log", Title: ui.Say("audit_none")}
	return p
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func showEntitlement(v *operate.Overview, e sso.Entitlement, may hand) entitlement {
	out := entitlement{
		Name: ui.Say("entitlement_" + string(e)), Help: ui.Say("entitlement_" + string(e) + "_help"),
		State: ui.Badge{Word: ui.Say("granted_not")},
	}
	path := pathOf(v.Key) + "/entitlements/" + string(e)
	if !v.Entitled(e) {
		if may == changes {
			out.Buttons = []ui.Button{{Word: ui.Say("grant"), Path: path, Icon: "plus"}}
		}
		return out
	}
	out.State = ui.Badge{State: ui.OK, Word: ui.Say("granted")}
	i := slices.IndexFunc(v.Grants, func(g sso.EntitlementGrant) bool { return g.Entitlement == e })
	if i < 0 {
		out.Plan = ui.Say("granted_by_file")
	} else {
		g := v.Grants[i]
		if g.Plan != "" {
			out.Plan = ui.Say("plan_of", "Plan", g.Plan)
		}
		out.By = ui.Fact{Value: ui.As(g.By), At: g.At}
	}
	if may == changes {
		out.Buttons = []ui.Button{
			{Word: ui.Say("plan_change"), Path: path, Kind: ui.Quiet},
			{Word: ui.Say("revoke"), Path: path + "/revoke", Kind: ui.Quiet},
		}
	}
	return out
}

func connectionTable(all []sso.Connection) ui.Table {
	t := ui.Table{Caption: ui.Say("connections"), Columns: []ui.Column{{Name: ui.Say("name"), Wide: true}, {Name: ui.Say("key")}, {Name: ui.Say("state")}}, Empty: ui.Empty{Icon: "link", Title: ui.Say("connections_none")}}
	for i := range all {
		c := &all[i]
		state := ui.Badge{Word: ui.Say("connection_" + string(c.State))}
		if c.State == sso.ConnectionActive {
			state.State = ui.OK
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: ui.As(c.Name)}, {Text: ui.As(c.Key), Mono: true}, {Badges: []ui.Badge{state}}}})
	}
	return t
}

// editOrganization serves GET /operator/organizations/{key}/edit.
func (h *Handler) editOrganization(w http.ResponseWriter, r *http.Request) error {
	return h.showEdit(w, r, http.StatusOK, ui.Filled{})
}

func (h *Handler) showEdit(w http.ResponseWriter, r *http.Request, status int, f ui.Filled) error {
	by := web.ByFrom(r)
	v, err := h.Flow.Customer(r.Context(), &by, keyOf(r))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, status, editPage(&v, f))
}

func editPage(v *operate.Overview, f ui.Filled) formPage {
	path, parent := pathOf(v.Key), ""
	if n := len(v.Above); n > 0 {
		parent = v.Above[n-1].Key
	}
	p := formPage{Shell: organizationShell(v, "edit"), Name: ui.Say("edit_of", "Name", v.Name)}
	p.Tabs = nil
	p.Trail = append(p.Trail, ui.Link{Name: ui.As(v.Name), Path: path})
	p.Forms = []form{
		{
			Action: path + "/name", Inputs: []ui.Input{f.Input(ui.Input{Name: "name", Label: ui.Say("name"), Value: v.Name, Max: sso.MaxName * 4, Focus: true})},
			Submit: ui.Submit{Word: ui.Say("rename"), Cancel: path},
		},
		{
			Title: ui.Say("move"), Action: path + "/parent",
			Inputs: []ui.Input{f.Input(ui.Input{Name: "parent", Label: ui.Say("parent"), Help: ui.Say("move_help"), Value: parent, Mono: true, Max: 63, Optional: true})},
			Submit: ui.Submit{Word: ui.Say("move"), Kind: ui.Ordinary, Cancel: path},
		},
	}
	return p
}

// renameOrganization serves POST /operator/organizations/{key}/name.
func (h *Handler) renameOrganization(w http.ResponseWriter, r *http.Request) error {
	return h.editBy(w, r, "organization_renamed", func(by *sso.By, f url.Values) error {
		return h.Flow.RenameOrganization(r.Context(), by, keyOf(r), f.Get("name"))
	})
}

// moveOrganization serves POST /operator/organizations/{key}/parent.
func (h *Handler) moveOrganization(w http.ResponseWriter, r *http.Request) error {
	return h.editBy(w, r, "organization_moved", func(by *sso.By, f url.Values) error {
		return h.Flow.MoveOrganization(r.Context(), by, keyOf(r), f.Get("parent"))
	})
}

// editBy runs one of the two forms of the page.
func (h *Handler) editBy(w http.ResponseWriter, r *http.Request, saved string, do func(*sso.By, url.Values) error) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	if err := do(&by, f); err != nil {
		return ui.Filled{Values: f}.Again(r, err, beside(), func(f ui.Filled, status int) error {
			return h.showEdit(w, r, status, f)
		})
	}
	return web.SeeOther(w, r, ui.Saved(pathOf(keyOf(r)), saved))
}

// askSuspend serves GET /operator/organizations/{key}/suspend.
func (h *Handler) askSuspend(w http.ResponseWriter, r *http.Request) error {
	return h.showSuspend(w, r, http.StatusOK, "")
}

func (h *Handler) showSuspend(w http.ResponseWriter, r *http.Request, status int, problem string) error {
	by := web.ByFrom(r)
	v, err := h.Flow.Customer(r.Context(), &by, keyOf(r))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, status, suspendPage(&v, problem))
}

func suspendPage(v *operate.Overview, problem string) confirmPage {
	path := pathOf(v.Key)
	p := confirmPage{Shell: organizationShell(v, "suspend")}
	p.Tabs = nil
	p.Trail = append(p.Trail, ui.Link{Name: ui.As(v.Name), Path: path})
	p.Confirm = ui.Confirm{
		ID: "suspend", Title: ui.Say("suspend_title", "Name", v.Name), Text: shutOut(v),
		Points: []ui.Text{belowToo(v), ui.Say("suspend_now"), ui.Say("suspend_kept")},
		Name:   v.Name, Action: path + "/suspend", Do: ui.Say("suspend"), Cancel: path, Problem: problem,
	}
	return p
}

// shutOut says how many people are shut out with an organization.
func shutOut(v *operate.Overview) ui.Text {
	if v.AtLeast() {
		return ui.Count("suspend_text_least", v.People)
	}
	return ui.Count("suspend_text", v.People)
}

// belowToo says how many organizations are suspended with one.
func belowToo(v *operate.Overview) ui.Text {
	if v.Below >= operate.MaxOrganizations {
		return ui.Count("suspend_below_least", v.Below)
	}
	return ui.Count("suspend_below", v.Below)
}

// suspend serves POST /operator/organizations/{key}/suspend.
func (h *Handler) suspend(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	v, err := h.Flow.Customer(r.Context(), &by, keyOf(r))
	if err != nil {
		return err
	}
	if err := ui.Confirmed(f, v.Name); err != nil {
		known, status := web.Record(r, err)
		return h.UI.Render(w, r, status, suspendPage(&v, known.Code))
	}
	if err := h.Flow.SuspendOrganization(r.Context(), &by, v.Key); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(pathOf(v.Key), "organization_suspended"))
}

// resume serves POST /operator/organizations/{key}/resume.
func (h *Handler) resume(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	if err := h.Flow.ResumeOrganization(r.Context(), &by, keyOf(r)); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(pathOf(keyOf(r)), "organization_resumed"))
}

// entitlementOf returns the entitlement that the URL names.
func entitlementOf(r *http.Request) (sso.Entitlement, error) {
	e := sso.Entitlement(r.PathValue("entitlement"))
	if !slices.Contains(sso.Entitlements(), e) {
		return "", &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Fix: fault.PersonSide}
	}
	return e, nil
}

// askGrant serves GET /operator/organizations/{key}/entitlements/{entitlement}.
func (h *Handler) askGrant(w http.ResponseWriter, r *http.Request) error {
	e, err := entitlementOf(r)
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	v, err := h.Flow.Customer(r.Context(), &by, keyOf(r))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, grantPage(&v, e))
}

func grantPage(v *operate.Overview, e sso.Entitlement) formPage {
	path, plan := pathOf(v.Key), ""
	for _, g := range v.Grants {
		if g.Entitlement == e {
			plan = g.Plan
		}
	}
	p := formPage{Shell: organizationShell(v, "entitlement"), Name: ui.Say("grant_title_"+string(e), "Name", v.Name)}
	p.Tabs = nil
	p.Trail = append(p.Trail, ui.Link{Name: ui.As(v.Name), Path: path})
	p.Lead = ui.Say("entitlement_" + string(e) + "_help")
	p.Forms = []form{{
		Action: path + "/entitlements/" + string(e),
		Inputs: []ui.Input{{Name: "plan", Label: ui.Say("plan"), Help: ui.Say("plan_help"), Value: plan, Max: sso.MaxName * 4, Optional: true, Focus: true}},
		Submit: ui.Submit{Word: ui.Say("grant"), Cancel: path},
	}}
	return p
}

// grant serves POST /operator/organizations/{key}/entitlements/{entitlement}.
func (h *Handler) grant(w http.ResponseWriter, r *http.Request) error {
	e, err := entitlementOf(r)
	if err != nil {
		return err
	}
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	if err := h.Flow.Grant(r.Context(), &by, keyOf(r), e, f.Get("plan")); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(pathOf(keyOf(r)), "entitlement_granted"))
}

// askRevoke serves GET /operator/organizations/{key}/entitlements/{entitlement}/revoke.
func (h *Handler) askRevoke(w http.ResponseWriter, r *http.Request) error {
	e, err := entitlementOf(r)
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	v, err := h.Flow.Customer(r.Context(), &by, keyOf(r))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, revokePage(&v, e))
}

func revokePage(v *operate.Overview, e sso.Entitlement) confirmPage {
	path := pathOf(v.Key)
	p := confirmPage{Shell: organizationShell(v, "entitlement")}
	p.Tabs = nil
	p.Trail = append(p.Trail, ui.Link{Name: ui.As(v.Name), Path: path})
	p.Confirm = ui.Confirm{
		ID: "revoke", Title: ui.Say("revoke_title_"+string(e), "Name", v.Name), Text: ui.Say("revoke_text_" + string(e)),
		Action: path + "/entitlements/" + string(e) + "/revoke", Do: ui.Say("revoke"), Cancel: path,
	}
	return p
}

// revoke serves POST /operator/organizations/{key}/entitlements/{entitlement}/revoke.
func (h *Handler) revoke(w http.ResponseWriter, r *http.Request) error {
	e, err := entitlementOf(r)
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	if err := h.Flow.Revoke(r.Context(), &by, keyOf(r), e); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(pathOf(keyOf(r)), "entitlement_revoked"))
}
