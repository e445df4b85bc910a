package operator

import (
	"net/http"

	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// organizations serves GET /operator/organizations.
func (h *Handler) organizations(w http.ResponseWriter, r *http.Request) error {
	q, by := r.URL.Query(), web.ByFrom(r)
	typed, state := q.Get("q"), sso.OrgState(q.Get("state"))
	if state != sso.OrgSuspended && state != sso.OrgActive {
		state = ""
	}
	key, id := ui.ReadKeyPlace(q.Get("after"))
	list, err := h.Flow.Organizations(r.Context(), &by, typed, state, operate.OrganizationPlace{Key: key, Org: sso.OrgID(id)})
	if err != nil {
		return err
	}
	p := listPage{Shell: frame.Operator(), Name: ui.Say("organizations")}
	if by.Operator() {
		p.Action = &ui.Action{Name: ui.Say("organization_new"), Path: newPath, Icon: "plus"}
	}
	p.Filter = ui.Filter{
		Action: organizationsPath,
		Search: &ui.Search{Name: "q", Label: ui.Say("organization_search"), Value: typed},
		Selects: []ui.Select{{Name: "state", Label: ui.Say("state"), Value: string(state), Options: []ui.Option{
			{Label: ui.Say("state_any")}, {Value: string(sso.OrgActive), Label: ui.Say("state_active")}, {Value: string(sso.OrgSuspended), Label: ui.Say("state_suspended")},
		}}},
	}
	if typed != "" || state != "" {
		p.Filter.Reset = organizationsPath
	}
	p.Table = organizationTable(r, list)
	p.Table.Empty = ui.Empty{Icon: "organization", Title: ui.Say("organization_none"), Text: ui.Say("organization_none_text")}
	if p.Filter.Reset != "" {
		p.Table.Empty = ui.Empty{Icon: "search", Title: ui.Say("found_none"), Text: ui.Say("organization_found_none")}
	}
	return h.UI.Render(w, r, http.StatusOK, p)
}

// organizationTable lists organizations.
func organizationTable(r *http.Request, list operate.OrganizationList) ui.Table {
	t := ui.Table{
		Caption: ui.Say("organizations"),
		Columns: []ui.Column{{Name: ui.Say("name"), Wide: true}, {Name: ui.Say("key")}, {Name: ui.Say("entitlements")}, {Name: ui.Say("state")}, {Name: ui.Say("created")}},
	}
	for i := range list.Organizations {
		o := &list.Organizations[i]
		granted := ui.Cell{}
		for _, e := range o.Entitlements {
			granted.Badges = append(granted.Badges, ui.Badge{Word: ui.Say("entitlement_" + string(e))})
		}
		name := ui.Cell{Text: ui.As(o.Name), Path: pathOf(o.Key)}
		if o.Parent() != "" {
			name.Icon = "tree"
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{name, {Text: ui.As(o.Key), Mono: true}, granted, {Badges: []ui.Badge{orgState(o)}}, {At: o.CreatedAt}}})
	}
	after := ""
	if list.Next != nil {
		after = ui.KeyPlace(list.Next.Key, string(list.Next.Org))
	}
	t.Page(r, after)
	return t
}

func orgState(o *sso.Organization) ui.Badge {
	if o.State == sso.OrgSuspended {
		return ui.Badge{State: ui.Refused, Word: ui.Say("state_suspended")}
	}
	return ui.Badge{State: ui.OK, Word: ui.Say("state_active")}
}

// below serves GET /operator/organizations/{key}/below.
func (h *Handler) below(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	v, err := h.Flow.Organization(r.Context(), &by, keyOf(r))
	if err != nil {
		return err
	}
	key, id := ui.ReadKeyPlace(r.URL.Query().Get("after"))
	list, err := h.Flow.Below(r.Context(), &by, v.ID, operate.OrganizationPlace{Key: key, Org: sso.OrgID(id)})
	if err != nil {
		return err
	}
	p := listPage{Shell: organizationShell(&v, "below"), Name: ui.As(v.Name)}
	if by.Operator() {
		p.Action = &ui.Action{Name: ui.Say("organization_new_below"), Path: newPath + "?parent=" + v.Key, Icon: "plus"}
	}
	p.Table = organizationTable(r, list)
	p.Table.Empty = ui.Empty{Icon: "tree", Title: ui.Say("below_none"), Text: ui.Say("below_none_text")}
	return h.UI.Render(w, r, http.StatusOK, p)
}

// newOrganization serves GET /operator/organizations/new.
func (h *Handler) newOrganization(w http.ResponseWriter, r *http.Request) error {
	return h.UI.Render(w, r, http.StatusOK, newOrganizationPage(ui.Filled{}, r.URL.Query().Get("parent")))
}

func newOrganizationPage(f ui.Filled, parent string) formPage {
	p := formPage{Shell: frame.Operator(), Name: ui.Say("organization_new")}
	p.Trail = []ui.Link{{Name: ui.Say("organizations"), Path: organizationsPath}}
	p.Forms = []form{{
		Action: newPath,
		Inputs: []ui.Input{
			f.Input(ui.Input{Name: "name", Label: ui.Say("name"), Max: sso.MaxName * 4, Focus: true}),
			f.Input(ui.Input{Name: "key", Label: ui.Say("key"), Help: ui.Say("key_help"), Mono: true, Max: 63}),
			f.Input(ui.Input{Name: "parent", Label: ui.Say("parent"), Help: ui.Say("parent_help"), Value: parent, Mono: true, Max: 63, Optional: true}),
		},
		Submit: ui.Submit{Word: ui.Say("organization_create"), Cancel: organizationsPath},
	}}
	return p
}

// beside says at which field of the forms about organizations a fault is told.
func beside() map[string]string {
	return map[string]string{
		"name_empty": "name", "key_form": "key", "key_reserved": "key", "key_taken": "key",
		"organization_unknown": "parent", "organization_cycle": "parent", "organization_depth": "parent", "operators_organization": "parent",
	}
}

// createOrganization serves POST /operator/organizations/new.
func (h *Handler) createOrganization(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	o, err := h.Flow.CreateOrganization(r.Context(), &by, operate.NewOrganization{Key: f.Get("key"), Name: f.Get("name"), Parent: f.Get("parent")})
	if err != nil {
		return ui.Filled{Values: f}.Again(r, err, beside(), func(f ui.Filled, status int) error {
			return h.UI.Render(w, r, status, newOrganizationPage(f, ""))
		})
	}
	return web.SeeOther(w, r, ui.Saved(pathOf(o.Key), "organization_created"))
}
