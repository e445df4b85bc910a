package operator

import (
	"net/http"
	"slices"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// roles serves GET /operator/roles.
func (h *Handler) roles(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	all, err := h.Flow.Roles(r.Context(), &by)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, showRoles(all, handOf(&by)))
}

// showRoles lists the built-in roles and those that were defined.
func showRoles(all []sso.RoleDefinition, may hand) listPage {
	p := listPage{Shell: frame.Operator(), Name: ui.Say("roles")}
	p.Lead = ui.Say("roles_lead")
	if may == changes {
		p.Action = &ui.Action{Name: ui.Say("role_new"), Path: newRolePath, Icon: "plus"}
	} else {
		p.Looks, _ = frame.ForSupport()
	}
	p.Table = ui.Table{
		Caption: ui.Say("roles"),
		Columns: []ui.Column{{Name: ui.Say("role"), Wide: true}, {Name: ui.Say("key")}, {Name: ui.Say("role_kind")}},
	}
	for _, role := range sso.Roles() {
		p.Table.Rows = append(p.Table.Rows, ui.Row{Cells: []ui.Cell{
			{Text: roleName(role), Sub: ui.Say("role_" + string(role) + "_help"), Icon: "shield"}, {Text: ui.As(string(role)), Mono: true}, {Badges: []ui.Badge{{Word: ui.Say("the_role_built_in")}}},
		}})
	}
	for i := range all {
		d := &all[i]
		name := ui.Cell{Text: ui.As(d.Name), Sub: ui.As(d.Description), Icon: "apps"}
		if may == changes {
			name.Path = pathOfRole(d.Key)
		}
		p.Table.Rows = append(p.Table.Rows, ui.Row{Cells: []ui.Cell{name, {Text: ui.As(string(d.Key)), Mono: true}, {Badges: []ui.Badge{{Word: ui.Say("role_defined")}}}}})
	}
	return p
}

func pathOfRole(key sso.Role) string { return at(rolePath, "{role}", string(key)) }

// newRole serves GET /operator/roles/new.
func (h *Handler) newRole(w http.ResponseWriter, r *http.Request) error {
	return h.UI.Render(w, r, http.StatusOK, rolePage(nil, ui.Filled{}))
}

// rolePage is the form for a role; nil stands for a new one.
func rolePage(d *sso.RoleDefinition, f ui.Filled) formPage {
	p := formPage{Shell: frame.Operator(), Name: ui.Say("role_new")}
	p.Trail = []ui.Link{{Name: ui.Say("roles"), Path: rolesPath}}
	key := ui.Input{Name: "key", Label: ui.Say("key"), Help: ui.Say("role_key_help"), Mono: true, Max: 63}
	one := form{Action: newRolePath, Submit: ui.Submit{Word: ui.Say("role_create"), Cancel: rolesPath}}
	name, description := "", ""
	if d != nil {
		p.Name, one.Action, one.Submit.Word = ui.As(d.Name), pathOfRole(d.Key), ui.Say("save")
		p.Action = &ui.Action{Name: ui.Say("role_delete"), Path: pathOfRole(d.Key) + "/delete", Icon: "trash"}
		key.Value, key.Fixed, key.Help = string(d.Key), true, ui.Say("role_key_fixed")
		name, description = d.Name, d.Description
	}
	one.Inputs = []ui.Input{
		f.Input(ui.Input{Name: "name", Label: ui.Say("name"), Value: name, Max: sso.MaxName * 4, Focus: true}),
		f.Input(key),
		f.Input(ui.Input{Name: "description", Label: ui.Say("role_description"), Value: description, Max: sso.MaxName * 4, Optional: true}),
	}
	p.Forms = []form{one}
	return p
}

func roleFields() map[string]string {
	return map[string]string{"name_empty": "name", "key_form": "key", "role_built_in": "key", "role_taken": "key", "role_many": "key"}
}

// createRole serves POST /operator/roles/new.
func (h *Handler) createRole(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	if err := h.Flow.DefineRole(r.Context(), &by, f.Get("key"), f.Get("name"), f.Get("description")); err != nil {
		return ui.Filled{Values: f}.Again(r, err, roleFields(), func(f ui.Filled, status int) error {
			return h.UI.Render(w, r, status, rolePage(nil, f))
		})
	}
	return web.SeeOther(w, r, ui.Saved(rolesPath, "role_created"))
}

// role returns the role that the URL names.
func (h *Handler) role(r *http.Request, by *sso.By) (sso.RoleDefinition, error) {
	all, err := h.Flow.Roles(r.Context(), by)
	if err != nil {
		return sso.RoleDefinition{}, err
	}
	i := slices.IndexFunc(all, func(d sso.RoleDefinition) bool { return string(d.Key) == r.PathValue("role") })
	if i < 0 {
		return sso.RoleDefinition{}, &fault.Error{Kind: fault.NotFound, Code: "role_unknown", Fix: fault.OperatorSide}
	}
	return all[i], nil
}

// editRole serves GET /operator/roles/{role}.
func (h *Handler) editRole(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	d, err := h.role(r, &by)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, rolePage(&d, ui.Filled{}))
}

// changeRole serves POST /operator/roles/{role}.
func (h *Handler) changeRole(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	d, err := h.role(r, &by)
	if err != nil {
		return err
	}
	if err := h.Flow.ChangeRole(r.Context(), &by, d.Key, f.Get("name"), f.Get("description")); err != nil {
		return ui.Filled{Values: f}.Again(r, err, roleFields(), func(f ui.Filled, status int) error {
			return h.UI.Render(w, r, status, rolePage(&d, f))
		})
	}
	return web.SeeOther(w, r, ui.Saved(rolesPath, "role_changed"))
}

// askDeleteRole serves GET /operator/roles/{role}/delete.
func (h *Handler) askDeleteRole(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	d, err := h.role(r, &by)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, deleteRolePage(&d, ""))
}

func deleteRolePage(d *sso.RoleDefinition, problem string) confirmPage {
	p := confirmPage{Shell: frame.Operator()}
	p.Trail = []ui.Link{{Name: ui.Say("roles"), Path: rolesPath}, {Name: ui.As(d.Name), Path: pathOfRole(d.Key)}}
	p.Confirm = ui.Confirm{
		ID: "delete", Title: ui.Say("role_delete_title", "Name", d.Name), Text: ui.Say("role_delete_text"),
		Action: pathOfRole(d.Key) + "/delete", Do: ui.Say("role_delete"), Cancel: pathOfRole(d.Key), Name: d.Name, Problem: problem,
	}
	return p
}

// deleteRole serves POST /operator/roles/{role}/delete.
func (h *Handler) deleteRole(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	d, err := h.role(r, &by)
	if err != nil {
		return err
	}
	err = ui.Confirmed(f, d.Name)
	if err == nil {
		err = h.Flow.DeleteRole(r.Context(), &by, d.Key)
	}
	if fault.Is(err, "confirm_name") || fault.Is(err, "role_used") {
		known, status := web.Record(r, err)
		return h.UI.Render(w, r, status, deleteRolePage(&d, known.Code))
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(rolesPath, "role_deleted"))
}
