package console

import (
	"bytes"
	"net/http"
	"time"

	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// organizations serves GET /console/organizations.
func (h *Handler) organizations(w http.ResponseWriter, r *http.Request) error {
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	q := r.URL.Query()
	key, id := ui.ReadKeyPlace(q.Get("after"))
	list, err := h.Flow.Suborganizations(r.Context(), &v.Place, q.Get("q"), provision.OrganizationPlace{Key: key, Org: sso.OrgID(id)})
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, showOrganizations(&v, q.Get("q"), list))
}

func showOrganizations(v *visit, typed string, list provision.OrganizationPage) listPage {
	p := listPage{Shell: v.shell(), Name: ui.Say("suborganizations")}
	p.Lead = ui.Say("suborganizations_lead")
	if v.Rights.Owner() {
		p.Action = &ui.Action{Name: ui.Say("suborganization_new"), Path: v.to(newOrgPath), Icon: "plus"}
	}
	p.Filter = ui.Filter{Action: organizationsPath, Search: &ui.Search{Name: "q", Label: ui.Say("suborganizations_search"), Value: typed}, Fields: v.kept()}
	t := ui.Table{
		Caption: ui.Say("suborganizations"),
		Columns: []ui.Column{{Name: ui.Say("name"), Wide: true}, {Name: ui.Say("state")}, {Name: ui.Say("people"), Number: true}, {Name: ui.Say("suborganizations"), Number: true}},
		Empty:   ui.Empty{Icon: "tree", Title: ui.Say("suborganizations_none"), Text: ui.Say("suborganizations_none_text"), Action: p.Action},
	}
	if typed != "" {
		p.Filter.Reset = v.to(organizationsPath)
		t.Empty = ui.Empty{Icon: "search", Title: ui.Say("found_none"), Text: ui.Say("suborganizations_found_none")}
	}
	for i := range list.Organizations {
		o := &list.Organizations[i]
		state := ui.Badge{State: ui.OK, Word: ui.Say("state_active")}
		if o.State == sso.OrgSuspended {
			state = ui.Badge{State: ui.Refused, Word: ui.Say("state_suspended")}
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			{Text: ui.As(o.Name), Sub: ui.As(o.Key), Icon: "organization", Path: v.at(&o.Organization, homePath)}, {Badges: []ui.Badge{state}}, {Text: atMost(o.Members)}, {Text: atMost(o.Below)},
		}})
	}
	next := ""
	if list.Next.Org != "" {
		next = ui.KeyPlace(list.Next.Key, string(list.Next.Org))
	}
	t.Page(v.r, next)
	p.Table, p.Action = t, t.Above(p.Action)
	return p
}

// askOrganization serves GET /console/organizations/new.
func (h *Handler) askOrganization(w http.ResponseWriter, r *http.Request) error {
	return h.showNewOrganization(w, r, http.StatusOK, ui.Filled{})
}

func (h *Handler) showNewOrganization(w http.ResponseWriter, r *http.Request, status int, f ui.Filled) error {
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	if err := v.Rights.Govern(); err != nil {
		return err
	}
	return h.UI.Render(w, r, status, newOrganizationPage(&v, f))
}

func newOrganizationPage(v *visit, f ui.Filled) formPage {
	p := formPage{Shell: v.inside(ui.Link{Name: ui.Say("suborganizations"), Path: v.to(organizationsPath)}), Name: ui.Say("suborganization_new")}
	p.Lead = ui.Say("suborganization_new_lead", "Organization", v.Name)
	p.Forms = []form{{
		Action: v.to(newOrgPath),
		Fields: []field{
			input(f.Input(ui.Input{Name: "name", Label: ui.Say("name"), Max: 4 * sso.MaxName, Focus: true})),
			input(f.Input(ui.Input{Name: "key", Label: ui.Say("key"), Help: ui.Say("key_help"), Max: 63, Mono: true})),
		},
		Submit: ui.Submit{Word: ui.Say("suborganization_create"), Cancel: v.to(organizationsPath)},
	}}
	return p
}

// createOrganization serves POST /console/organizations/new.
func (h *Handler) createOrganization(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	if err := h.Flow.CreateSuborganization(r.Context(), &v.by, v.ID, form.Get("name"), form.Get("key")); err != nil {
		fields := map[string]string{"name_empty": "name", "key_form": "key", "key_reserved": "key", "key_taken": "key"}
		return ui.Filled{Values: form}.Again(r, err, fields, func(f ui.Filled, status int) error { return h.showNewOrganization(w, r, status, f) })
	}
	return web.SeeOther(w, r, ui.Saved(v.to(organizationsPath), "suborganization_created"))
}

// settings serves GET /console/settings.
func (h *Handler) settings(w http.ResponseWriter, r *http.Request) error {
	return h.showSettings(w, r, http.StatusOK, ui.Filled{})
}

func (h *Handler) showSettings(w http.ResponseWriter, r *http.Request, status int, f ui.Filled) error {
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	if err := v.Rights.Govern(); err != nil {
		return err
	}
	return h.UI.Render(w, r, status, settingsPageOf(&v, f))
}

func settingsPageOf(v *visit, f ui.Filled) formPage {
	p := formPage{Shell: v.shell(), Name: ui.Say("settings")}
	fields := []field{
		input(f.Input(ui.Input{Name: "name", Label: ui.Say("organization_name"), Help: ui.Say("organization_name_help"), Value: v.Name, Max: 4 * sso.MaxName})),
		input(ui.Input{Name: "key", Label: ui.Say("key"), Help: ui.Say("key_fixed"), Value: v.Key, Mono: true, Fixed: true}),
		input(f.Input(ui.Input{Name: "accent", Label: ui.Say("accent"), Help: ui.Say("accent_help"), Value: v.Brand.Accent, Max: 7, Mono: true, Optional: true})),
		file(f.File(ui.File{Name: "logo", Label: ui.Say("logo"), Help: ui.Say("logo_help"), Accept: "image/png,image/jpeg", Optional: true, Now: web.LogoPath(v.Brand.Logo)})),
	}
	if v.Brand.Logo != "" {
		fields = append(fields, check(f.Check(ui.Check{Name: "no_logo", Label: ui.Say("logo_remove")})))
	}
	p.Forms = []form{{Action: v.to(settingsPath), File: true, Fields: fields, Submit: ui.Submit{Word: ui.Say("save_changes")}}}
	return p
}

// saveSettings serves POST /console/settings.
func (h *Handler) saveSettings(w http.ResponseWriter, r *http.Request) error {
	form, err := web.UploadForm(r, "logo")
	if err != nil {
		return err
	}
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	to := provision.Settings{Name: form.Fields.Get("name"), Accent: form.Fields.Get("accent"), Logo: sso.NewLogo{Picture: form.File, Gone: form.Fields.Has("no_logo")}}
	if err := h.Flow.SaveSettings(r.Context(), &v.by, v.ID, to); err != nil {
		fields := map[string]string{"name_empty": "name", "brand_accent": "accent", "brand_logo": "logo"}
		return ui.Filled{Values: form.Fields}.Again(r, err, fields, func(f ui.Filled, status int) error { return h.showSettings(w, r, status, f) })
	}
	return web.SeeOther(w, r, ui.Saved(v.to(settingsPath), "settings"))
}

// logo serves GET /logos/{logo}. A picture is named by what it is, so it is
// kept for good.
func (h *Handler) logo(w http.ResponseWriter, r *http.Request) error {
	picture, err := h.Flow.LogoOf(r.Context(), r.PathValue("logo"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(picture))
	return nil
}
