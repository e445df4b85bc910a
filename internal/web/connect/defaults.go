package connect

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// defaultsPath is the page about what a connection does about people.
const defaultsPath = "/sso/{connection}/defaults"

// freeRows is how many empty rows the table of groups ends with.
const freeRows = 3

// defaultsPage asks what a connection does about people.
type defaultsPage struct {
	wizard
	Title         ui.Text
	Action        string
	Hidden        []ui.Hidden
	Mode          ui.Choices
	Role          ui.Select
	Groups        ui.Input
	Organizations *ui.Choices // nil: there are none below
	Profile       ui.Check
	Mapping       ui.Check
	Rows          []mappingRow
	Preview       *preview // nil: none was asked for
}

// mappingRow is one row of the table of groups.
type mappingRow struct {
	Legend ui.Text
	Group  ui.Input
	Label  ui.Input
	Role   ui.Select
	Groups ui.Input
}

// preview is what the form would change.
type preview struct {
	Text  ui.Text
	Table ui.Table
}

// Head implements [ui.Page].
func (p defaultsPage) Head() ui.Head { return ui.Head{Template: "defaults", Title: p.Title} }

// defaults serves GET …/sso/{connection}/defaults.
func (h *Handler) defaults(w http.ResponseWriter, r *http.Request, v *visit) error {
	d, err := h.Flow.Defaults(r.Context(), &v.Place, r.PathValue("connection"))
	if err != nil {
		return err
	}
	c := &d.Connection
	return h.UI.Render(w, r, http.StatusOK, defaultsPageOf(v, &d, connect.NewDefaults{Version: c.Version, FirstSignIn: c.FirstSignIn, Defaults: c.Defaults}, nil))
}

func defaultsPageOf(v *visit, d *connect.DefaultsPage, n connect.NewDefaults, problems map[string]string) defaultsPage {
	p := defaultsPage{
		wizard: v.wizard(&d.Connection, toDefaults, ui.Say("stage_defaults")), Title: ui.Say("defaults_title", "Connection", d.Connection.Name), Action: v.to(defaultsPath, "{connection}", d.Connection.Key),
		Hidden: []ui.Hidden{{Name: "version", Value: strconv.FormatInt(n.Version, 10)}},
		Mode:   ui.Choices{Name: "mode", Label: ui.Say("mode"), One: true, Values: []string{string(n.FirstSignIn)}, Problem: problems["mode"]},
		Role:   ui.Select{Name: "role", Label: ui.Say("default_role"), Value: string(n.Defaults.NewRole()), Options: roleOptions(v, d, ui.Text{}), Problem: problems["role"]},
		Groups: ui.Input{Name: "groups", Label: ui.Say("default_groups"), Help: ui.Say("groups_help"), Value: strings.Join(n.Defaults.Groups, ", "), Max: 4000, Optional: true, Problem: problems["groups"]},
		// The box says what is done, and the setting what is not.
		Profile: ui.Check{Name: "profile", Label: ui.Say("profile_update"), Help: ui.Say("profile_update_help"), Checked: !n.Defaults.KeepProfile},
		Mapping: ui.Check{Name: "mapping", Label: ui.Say("mapping_on"), Help: ui.Say("mapping_on_help"), Checked: n.Defaults.Mapping.On},
	}
	p.Lead = ui.Say("defaults_lead")
	for _, mode := range sso.FirstSignIns() {
		p.Mode.Options = append(p.Mode.Options, ui.Option{Value: string(mode), Label: ui.Say("mode_" + string(mode)), Help: ui.Say("mode_help_" + string(mode))})
	}
	if len(d.Tree) > 1 {
		c := ui.Choices{Name: "organizations", Label: ui.Say("default_organizations"), Help: ui.Say("default_organizations_help")}
		for i := range d.Tree {
			c.Options = append(c.Options, ui.Option{Value: string(d.Tree[i].ID), Label: ui.As(d.Tree[i].Name)})
		}
		for _, id := range n.Defaults.Organizations {
			c.Values = append(c.Values, string(id))
		}
		p.Organizations = &c
	}
	if problem := problems["mapping"]; problem != "" {
		p.Notices = append(p.Notices, ui.Notice{State: ui.Refused, Text: ui.Problem(problem)})
	}
	rows := append(slices.Clone(n.Defaults.Mapping.Rows), make([]sso.GroupRow, freeRows)...)
	for i := range rows {
		p.Rows = append(p.Rows, rowOf(v, d, i, &rows[i]))
	}
	return p
}

func rowOf(v *visit, d *connect.DefaultsPage, i int, row *sso.GroupRow) mappingRow {
	n := strconv.Itoa(i)
	m := mappingRow{
		Legend: ui.Say("mapping_row_n", "N", strconv.Itoa(i+1)),
		Group:  ui.Input{Name: "group", ID: "group-" + n, Label: ui.Say("mapping_group"), Value: row.Group, Max: 1024, Optional: true, Mono: true},
		Label:  ui.Input{Name: "label", ID: "label-" + n, Label: ui.Say("mapping_label"), Value: row.Label, Max: 1024, Optional: true},
		Role:   ui.Select{Name: "gives", ID: "gives-" + n, Label: ui.Say("mapping_role"), Value: string(row.Role), Options: roleOptions(v, d, ui.Say("mapping_no_role"))},
		Groups: ui.Input{Name: "into", ID: "into-" + n, Label: ui.Say("mapping_into"), Value: strings.Join(row.Groups, ", "), Max: 4000, Optional: true},
	}
	if sso.IsObjectID(row.Group) && row.Label == "" {
		m.Label.Help = ui.Say("mapping_label_help")
	}
	return m
}

// roleOptions offers the roles that may be given; none is the word for no role,
// where that can be chosen.
func roleOptions(v *visit, d *connect.DefaultsPage, none ui.Text) []ui.Option {
	var all []ui.Option
	if !none.IsZero() {
		all = append(all, ui.Option{Label: none})
	}
	for _, role := range sso.Roles() {
		if v.Link == nil || role == sso.RoleMember || role == sso.RoleRestricted {
			all = append(all, ui.Option{Value: string(role), Label: frame.Role(role)})
		}
	}
	for i := range d.Roles {
		all = append(all, ui.Option{Value: string(d.Roles[i].Key), Label: ui.As(d.Roles[i].Name)})
	}
	return all
}

// newDefaults reads the form. Rows without a group and anything else are none.
func newDefaults(form url.Values) connect.NewDefaults {
	version, _ := strconv.ParseInt(form.Get("version"), 10, 64) // 0 is no version that anybody looked at
	n := connect.NewDefaults{Version: version, FirstSignIn: sso.FirstSignIn(form.Get("mode")), Defaults: sso.Defaults{
		Role: sso.Role(form.Get("role")), Groups: listed(form.Get("groups")), KeepProfile: !form.Has("profile"), Mapping: sso.GroupRoles{On: form.Has("mapping")},
	}}
	for _, id := range form["organizations"] {
		n.Defaults.Organizations = append(n.Defaults.Organizations, sso.OrgID(id))
	}
	at := func(name string, i int) string {
		if all := form[name]; i < len(all) {
			return strings.TrimSpace(all[i])
		}
		return ""
	}
	for i := range form["group"] {
		row := sso.GroupRow{Group: at("group", i), Label: at("label", i), Role: sso.Role(at("gives", i)), Groups: listed(at("into", i))}
		if row.Group != "" || row.Label != "" || row.Role != "" || len(row.Groups) > 0 {
			n.Defaults.Mapping.Rows = append(n.Defaults.Mapping.Rows, row)
		}
	}
	return n
}

// listed reads names with commas between them.
func listed(s string) []string {
	var all []string
	for name := range strings.SplitSeq(s, ",") {
		if name = strings.TrimSpace(name); name != "" && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// saveDefaults serves POST …/sso/{connection}/defaults: it saves them, or shows
// what they would change.
func (h *Handler) saveDefaults(w http.ResponseWriter, r *http.Request, v *visit) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	key, n := r.PathValue("connection"), newDefaults(form)
	back := v.to(defaultsPath, "{connection}", key)
	web.RetryAt(r, back)
	var p connect.Preview
	look := form.Get("do") == "preview"
	if look {
		p, err = h.Flow.PreviewDefaults(r.Context(), &v.Place, key, n)
	} else {
		err = h.Flow.SaveDefaults(r.Context(), &v.who, v.ID, key, n)
	}
	if err == nil && !look {
		return web.SeeOther(w, r, ui.Saved(back, "defaults"))
	}
	status, problems := http.StatusOK, map[string]string{}
	if err != nil {
		field, ok := map[string]string{"choice_unknown": "mode", "role_unknown": "role", "rights_owner": "role", "group_name": "groups", "group_many": "groups", "mapping_row": "mapping"}[fault.From(err).Code]
		if !ok {
			return err
		}
		var f *fault.Error
		f, status = web.Record(r, err)
		problems[field] = f.Code
	}
	d, err := h.Flow.Defaults(r.Context(), &v.Place, key)
	if err != nil {
		return err
	}
	page := defaultsPageOf(v, &d, n, problems)
	if look && len(problems) == 0 {
		page.Preview = previewOf(&p)
	}
	return h.UI.Render(w, r, status, page)
}

func previewOf(p *connect.Preview) *preview {
	out := preview{Text: ui.Count("preview_changes", p.Total, "Looked", strconv.Itoa(p.Looked), "Unknown", strconv.Itoa(p.Unknown)), Table: ui.Table{
		Caption: ui.Say("preview"),
		Columns: []ui.Column{{Name: ui.Say("conflict_person"), Wide: true}, {Name: ui.Say("conflict_home")}, {Name: ui.Say("preview_before")}, {Name: ui.Say("preview_after")}, {Name: ui.Say("preview_why")}},
		Empty:   ui.Empty{Icon: "ok", Title: ui.Say("preview_none")},
	}}
	if p.Total > 0 && len(p.Changes) == 0 {
		out.Table.Empty = ui.Empty{Icon: "lock", Title: ui.Say("preview_names")}
	}
	for i := range p.Changes {
		c := &p.Changes[i]
		out.Table.Rows = append(out.Table.Rows, ui.Row{Cells: []ui.Cell{
			{Text: ui.As(c.User.Name()), Sub: ui.As(c.User.Email.String()), Avatar: c.User.Name()}, {Text: ui.As(c.Organization)},
			{Text: frame.Role(c.Was.Role), Sub: ui.As(strings.Join(c.Was.Groups, ", "))},
			{Text: frame.Role(c.Role), Sub: ui.As(strings.Join(c.Groups, ", "))},
			{Text: frame.Why(&c.Reason)},
		}})
	}
	return &out
}
