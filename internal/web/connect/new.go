package connect

import (
	"net/http"
	"strings"

	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/idp"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// newPage asks which identity provider is to be connected: one of the list, or
// the one whose metadata are pasted.
type newPage struct {
	ui.Shell
	Action  string
	Filter  ui.Filter
	Vendors []vendorChoice
	None    *ui.Empty
	Text    ui.Area
	File    ui.File
	Several *ui.Choices
	Submit  ui.Submit
}

// vendorChoice is an identity provider that can be chosen.
type vendorChoice struct {
	ID      string
	Name    string
	Aliases string
}

// Head implements [ui.Page].
func (newPage) Head() ui.Head { return ui.Head{Template: "new", Title: ui.Say("connection_new")} }

// askNew serves GET …/sso/new.
func (h *Handler) askNew(w http.ResponseWriter, r *http.Request, v *visit) error {
	if err := v.Granted(); err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, newPageOf(v, r.URL.Query().Get("q"), ui.Filled{}, nil))
}

func newPageOf(v *visit, q string, f ui.Filled, several []string) newPage {
	p := newPage{
		Shell: v.shell(), Action: v.to(newPath) + "#theirs",
		Filter: ui.Filter{Action: v.prefix + newPath, Search: &ui.Search{Name: "q", Label: ui.Say("vendor_search"), Value: q}},
		Text:   f.Area(ui.Area{Name: "metadata", Label: ui.Say("metadata_field"), Help: ui.Say("metadata_help"), Rows: 3, Mono: true}),
		File:   f.File(ui.File{Name: "file", Label: ui.Say("metadata_file"), Help: fileSize(), Accept: ".xml,application/xml,text/xml,application/samlmetadata+xml", Optional: true}),
		Submit: ui.Submit{Word: ui.Say("metadata_read"), Kind: ui.Second},
	}
	p.Trail, p.Under = append(p.Trail, ui.Link{Name: ui.Say("console_sso"), Path: v.to(ssoPath)}), v.to(ssoPath)
	p.Lead = ui.Say("connection_new_lead")
	if v.Link == nil && v.Below() {
		p.Filter.Fields = []ui.Hidden{{Name: "org", Value: v.Key}}
	}
	for _, vendor := range idp.All() {
		if q == "" || called(vendor, q) {
			p.Vendors = append(p.Vendors, vendorChoice{ID: string(vendor.ID), Name: vendor.Name, Aliases: strings.Join(vendor.Aliases, ", ")})
		}
	}
	if q != "" {
		p.Filter.Reset = v.to(newPath)
	}
	if len(p.Vendors) == 0 {
		generic, _ := idp.ByID(idp.Generic)
		p.Vendors = []vendorChoice{{ID: string(generic.ID), Name: generic.Name, Aliases: strings.Join(generic.Aliases, ", ")}}
		p.None = &ui.Empty{Icon: "search", Title: ui.Say("vendors_none"), Text: ui.Say("vendors_none_text")}
	}
	if len(several) > 0 {
		p.Several = severalOf(several)
	}
	return p
}

// called reports whether a vendor or one of its products is called so.
func called(v *idp.Vendor, q string) bool {
	q = strings.ToLower(strings.TrimSpace(q))
	names := append([]string{v.Name}, v.Aliases...)
	for i := range v.Products {
		names = append(names, v.Products[i].Product)
	}
	return strings.Contains(strings.ToLower(strings.Join(names, "\n")), q)
}

// create serves POST …/sso/new.
func (h *Handler) create(w http.ResponseWriter, r *http.Request, v *visit) error {
	form, err := web.UploadForm(r, "file")
	var c sso.Connection
	if err == nil {
		n := connect.NewConnection{Vendor: idp.ID(form.Fields.Get("vendor")), Metadata: metadataIn(&form)}
		if n.Vendor != "" {
			n.Metadata = connect.Metadata{} // a button of the list was pressed
		}
		c, err = h.newConnection(r, v, n)
	}
	if err = tooLarge(err); err != nil {
		return again(r, kept(&form, err), err, metadataFields(), func(f ui.Filled, _ []ui.Notice, status int) error {
			return h.UI.Render(w, r, status, newPageOf(v, "", f, connect.Several(err)))
		})
	}
	return web.SeeOther(w, r, v.toConnection(&c, configurePath))
}

// newConnection makes a connection, of which one thing has to be known.
func (h *Handler) newConnection(r *http.Request, v *visit, n connect.NewConnection) (sso.Connection, error) {
	if n.Vendor == "" && n.Metadata.IsZero() {
		return sso.Connection{}, &fault.Error{Kind: fault.Invalid, Code: "metadata_empty", Want: "an identity provider of the list, or metadata", Got: "nothing", Fix: fault.AdminSide}
	}
	return h.Flow.CreateConnection(r.Context(), &v.who, v.ID, n)
}
