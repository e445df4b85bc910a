package connect

import (
	"maps"
	"net/http"

	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/idp"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// formPage is a page of a connection with one form.
type formPage struct {
	wizard
	Lede   ui.Text
	Action string
	Upload bool // it has a file
	Hidden []ui.Hidden
	Fields []field
	Submit ui.Submit
	Remove *ui.Confirm // what else can be done, below it
}

// field is one of the kinds of fields.
type field struct {
	Input  *ui.Input
	Select *ui.Select
	Area   *ui.Area
	File   *ui.File
}

// Head implements [ui.Page].
func (p formPage) Head() ui.Head { return ui.Head{Template: "form", Title: ui.As(p.Name)} }

func input(i ui.Input) field   { return field{Input: &i} }
func choose(s ui.Select) field { return field{Select: &s} }
func area(a ui.Area) field     { return field{Area: &a} }
func file(x ui.File) field     { return field{File: &x} }

// askEdit serves GET …/sso/{connection}/edit.
func (h *Handler) askEdit(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.showEdit(w, r, v, http.StatusOK, ui.Filled{}, nil)
}

func (h *Handler) showEdit(w http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Filled, notices []ui.Notice) error {
	c, err := h.Flow.Configuration(r.Context(), &v.Place, r.PathValue("connection"), v.which)
	if err != nil {
		return err
	}
	p := editPageOf(v, &c, f)
	p.Notices = append(notices, p.Notices...)
	return h.UI.Render(w, r, status, p)
}

func editPageOf(v *visit, c *connect.Configuration, f ui.Filled) formPage {
	vendor := ui.Select{Name: "vendor", Label: ui.Say("vendor"), Help: ui.Say("vendor_help"), Value: string(c.Guide.ID)}
	for _, x := range idp.All() {
		vendor.Options = append(vendor.Options, ui.Option{Value: string(x.ID), Label: ui.As(x.Name)})
	}
	ask := confirmDeletion(v, c, "")
	p := formPage{
		wizard: v.configuring(&c.Connection, editPath, ui.Say("view_edit")), Action: v.toConnection(&c.Connection, editPath), Hidden: seen(&c.Connection),
		Fields: []field{
			input(f.Input(ui.Input{Name: "name", Label: ui.Say("name"), Help: ui.Say("connection_name_help"), Value: c.Connection.Name, Max: 4 * sso.MaxName})),
			choose(f.Select(vendor)),
			input(ui.Input{Name: "key", Label: ui.Say("connection_key"), Help: ui.Say("connection_key_help"), Value: c.Key, Mono: true, Fixed: true}),
		},
		Submit: ui.Submit{Word: ui.Say("save")}, Remove: &ask,
	}
	if c.Deletable() != nil {
		p.Remove = nil
		p.Notices = append(p.Notices, ui.Notice{Text: ui.Say("delete_active")})
	}
	return p
}

// edit serves POST …/sso/{connection}/edit.
func (h *Handler) edit(w http.ResponseWriter, r *http.Request, v *visit) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	e := v.edits(form.Get("version"))
	if err := h.Flow.Rename(r.Context(), e, form.Get("name"), idp.ID(form.Get("vendor"))); err != nil {
		return again(r, ui.Filled{Values: form}, err, map[string]string{"name_empty": "name", "setting_unknown": "vendor"}, func(f ui.Filled, notices []ui.Notice, status int) error {
			return h.showEdit(w, r, v, status, f, notices)
		})
	}
	return web.SeeOther(w, r, ui.Saved(v.to(editPath, "{connection}", e.Key), "connection_renamed"))
}

// confirmDeletion asks before a connection is deleted.
func confirmDeletion(v *visit, c *connect.Configuration, problem string) ui.Confirm {
	ask := ui.Confirm{
		ID: "delete", Page: v.toConnection(&c.Connection, deletePath), Word: ui.Say("connection_delete"), Icon: "trash",
		Title: ui.Say("connection_delete_title", "Name", c.Connection.Name), Text: ui.Count("connection_delete_text", c.Linked), Name: c.Connection.Name,
		Action: v.toConnection(&c.Connection, deletePath), Do: ui.Say("connection_delete"), Fields: seen(&c.Connection), Cancel: v.toConnection(&c.Connection, editPath), Problem: problem,
	}
	return ask
}

// askDelete serves GET …/sso/{connection}/delete.
func (h *Handler) askDelete(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.showDelete(w, r, v, http.StatusOK, "")
}

func (h *Handler) showDelete(w http.ResponseWriter, r *http.Request, v *visit, status int, problem string) error {
	c, err := h.Flow.Configuration(r.Context(), &v.Place, r.PathValue("connection"), v.which)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, status, confirmPage{Shell: v.wizard(&c.Connection, toConfigure, ui.Text{}).Shell, Confirm: confirmDeletion(v, &c, problem)})
}

// remove serves POST …/sso/{connection}/delete.
func (h *Handler) remove(w http.ResponseWriter, r *http.Request, v *visit) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	c, err := h.Flow.Connection(r.Context(), &v.Place, r.PathValue("connection"))
	if err != nil {
		return err
	}
	if err := ui.Confirmed(form, c.Name); err != nil {
		f, status := web.Record(r, err)
		return h.showDelete(w, r, v, status, f.Code)
	}
	web.RetryAt(r, v.toConnection(&c, deletePath))
	if err := h.Flow.DeleteConnection(r.Context(), v.edits(form.Get("version"))); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(v.to(ssoPath), "connection_deleted"))
}

// askValues serves GET …/sso/{connection}/values.
func (h *Handler) askValues(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.showValues(w, r, v, http.StatusOK, ui.Filled{}, nil)
}

func (h *Handler) showValues(w http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Filled, notices []ui.Notice) error {
	c, err := h.Flow.Configuration(r.Context(), &v.Place, r.PathValue("connection"), v.which)
	if err != nil {
		return err
	}
	p := valuesPageOf(v, &c, f)
	p.Notices = notices
	return h.UI.Render(w, r, status, p)
}

func valuesPageOf(v *visit, c *connect.Configuration, f ui.Filled) formPage {
	first := func(all []sso.Endpoint) string {
		if len(all) == 0 {
			return ""
		}
		return all[0].Location
	}
	return formPage{
		wizard: v.configuring(&c.Connection, configurePath, ui.Say("values_title")), Lede: ui.Say("values_lead"),
		Action: v.toConnection(&c.Connection, valuesPath), Upload: true, Hidden: seen(&c.Connection),
		Fields: []field{
			input(f.Input(ui.Input{Name: "entity_id", Label: ui.Say("take_entity_id"), Value: c.SAML.IdPEntityID, Max: sso.MaxEntityID, Mono: true})),
			input(f.Input(ui.Input{Name: "sign_on", Label: ui.Say("take_sso_url"), Value: first(c.SAML.Endpoints), Max: 2048, Mono: true})),
			input(f.Input(ui.Input{Name: "logout", Label: ui.Say("take_slo_url"), Value: first(c.SAML.LogoutTo), Max: 2048, Mono: true, Optional: true})),
			area(f.Area(ui.Area{Name: "certificate", Label: ui.Say("take_certificate"), Help: ui.Say("certificate_help"), Rows: 3, Mono: true, Optional: len(c.Certificates) > 0})),
			file(f.File(ui.File{Name: "file", Label: ui.Say("certificate_file"), Accept: ".pem,.crt,.cer,.der", Optional: true})),
		},
		Submit: ui.Submit{Word: ui.Say("save"), Cancel: v.toConnection(&c.Connection, configurePath)},
	}
}

// saveValues serves POST …/sso/{connection}/values.
func (h *Handler) saveValues(w http.ResponseWriter, r *http.Request, v *visit) error {
	form, err := web.UploadForm(r, "file")
	if err != nil {
		return err
	}
	in := connect.Values{EntityID: form.Fields.Get("entity_id"), SignOn: form.Fields.Get("sign_on"), Logout: form.Fields.Get("logout"), Certificate: form.File}
	if len(in.Certificate) == 0 {
		in.Certificate = []byte(form.Fields.Get("certificate"))
	}
	c, err := h.Flow.SaveValues(r.Context(), v.edits(form.Fields.Get("version")), in)
	if err != nil {
		fields := certificateFields()
		maps.Copy(fields, map[string]string{
			"metadata_entity_id": "entity_id", "connection_other_idp": "entity_id", "metadata_own_value": "entity_id", "metadata_location": "sign_on", "metadata_logout_location": "logout",
		})
		return again(r, keptCertificate(&form, err), err, fields, func(f ui.Filled, notices []ui.Notice, status int) error {
			return h.showValues(w, r, v, status, f, notices)
		})
	}
	return web.SeeOther(w, r, ui.Saved(v.toConnection(&c, configurePath)+"#theirs", "metadata"))
}
