package connect

import (
	"net/http"
	"time"

	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// certificatesPage lists the certificates of the identity provider.
type certificatesPage struct {
	wizard
	Certificates ui.Table
	Action       string
	Hidden       []ui.Hidden
	Text         ui.Area
	File         ui.File
	Submit       ui.Submit
}

// Head implements [ui.Page].
func (p certificatesPage) Head() ui.Head {
	return ui.Head{Template: "certificates", Title: ui.As(p.Name)}
}

// certificates serves GET …/sso/{connection}/certificates.
func (h *Handler) certificates(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.showCertificates(w, r, v, http.StatusOK, ui.Filled{}, nil)
}

func (h *Handler) showCertificates(w http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Filled, notices []ui.Notice) error {
	c, err := h.Flow.Configuration(r.Context(), &v.Place, r.PathValue("connection"), v.which)
	if err != nil {
		return err
	}
	p := certificatesPageOf(v, &c, f, h.Flow.Now())
	p.Notices = append(notices, p.Notices...)
	return h.UI.Render(w, r, status, p)
}

// keyChange says that a key of ours changes, and whether that is known there.
func keyChange(k *connect.KeyChange) ui.Notice {
	n := ui.Notice{
		State: ui.Warn, Title: ui.Say("our_key_changes", "Day", k.At.UTC().Format(time.DateOnly)), Text: ui.Say("our_key_unread"),
		Points: []ui.Text{ui.As(subjectOf(&k.Certificate) + ", SHA-256 " + k.Certificate.Fingerprint)},
	}
	if k.Read {
		n.State, n.Text = ui.OK, ui.Say("our_key_read")
	}
	return n
}

func certificatesPageOf(v *visit, c *connect.Configuration, f ui.Filled, now time.Time) certificatesPage {
	p := certificatesPage{
		wizard: v.configuring(&c.Connection, certificatesPath, ui.Say("view_certificates")),
		Action: v.toConnection(&c.Connection, certificatesPath), Hidden: seen(&c.Connection),
		Text:   f.Area(ui.Area{Name: "certificate", Label: ui.Say("certificate_field"), Help: ui.Say("certificate_help"), Rows: 3, Mono: true}),
		File:   f.File(ui.File{Name: "file", Label: ui.Say("certificate_file"), Accept: ".pem,.crt,.cer,.der", Optional: true}),
		Submit: ui.Submit{Word: ui.Say("certificate_add"), Icon: "plus"},
		Certificates: ui.Table{
			Caption: ui.Say("certificates"),
			Columns: []ui.Column{{Name: ui.Say("certificate"), Wide: true}, {Name: ui.Say("certificate_until")}, {Name: ui.Say("state")}, {Name: ui.Say("actions"), Acts: true}},
			Empty:   ui.Empty{Icon: "lock", Title: ui.Say("certificates_none"), Text: ui.Say("certificates_none_text")},
		},
	}
	for i := range c.Changes {
		p.Notices = append(p.Notices, keyChange(&c.Changes[i]))
	}
	for i := range c.Certificates {
		cert := &c.Certificates[i]
		row := ui.Row{Cells: []ui.Cell{
			{Text: ui.As(subjectOf(cert)), Sub: ui.As("SHA-256 " + cert.Fingerprint)}, {At: cert.NotAfter, Never: ui.Say("certificate_undated")}, {Badges: []ui.Badge{lifeOf(cert, now)}},
		}}
		menu := ui.Menu{Label: ui.As(subjectOf(cert))}
		if len(c.Certificates) > 1 {
			ask := confirmRemoval(v, c, cert)
			menu.Confirms = []ui.Confirm{ask}
			row.Cells = append(row.Cells, ui.Cell{Menu: &menu})
		} else {
			row.Cells = append(row.Cells, ui.Cell{})
		}
		p.Certificates.Rows = append(p.Certificates.Rows, row)
	}
	return p
}

// confirmRemoval asks before a certificate is removed.
func confirmRemoval(v *visit, c *connect.Configuration, cert *connect.Certificate) ui.Confirm {
	page := v.to(certificatePath, "{connection}", c.Key, "{certificate}", cert.Fingerprint)
	return ui.Confirm{
		ID: "remove-" + cert.Fingerprint[:12], Page: page, Word: ui.Say("certificate_remove"), Icon: "trash",
		Title: ui.Say("certificate_remove_title"), Text: ui.Say("certificate_remove_text", "Name", subjectOf(cert)),
		Action: page, Do: ui.Say("certificate_remove"), Fields: seen(&c.Connection), Cancel: v.toConnection(&c.Connection, certificatesPath),
	}
}

// certificateFields says that what is wrong with a certificate stands beside its
// field.
func certificateFields() map[string]string {
	fields := map[string]string{"certificate_many": "certificate"}
	for _, what := range []string{"no_certificate", "encoding", "size", "private_key", "no_key", "empty"} {
		fields["metadata_"+what] = "certificate"
	}
	return fields
}

// addCertificate serves POST …/sso/{connection}/certificates.
func (h *Handler) addCertificate(w http.ResponseWriter, r *http.Request, v *visit) error {
	form, err := web.UploadForm(r, "file")
	if err != nil {
		return err
	}
	src := form.File
	if len(src) == 0 {
		src = []byte(form.Fields.Get("certificate"))
	}
	e := v.edits(form.Fields.Get("version"))
	if err := h.Flow.AddCertificate(r.Context(), e, src); err != nil {
		return again(r, keptCertificate(&form, err), err, certificateFields(), func(f ui.Filled, notices []ui.Notice, status int) error {
			return h.showCertificates(w, r, v, status, f, notices)
		})
	}
	return web.SeeOther(w, r, ui.Saved(v.to(certificatesPath, "{connection}", e.Key), "certificate_added"))
}

// keptCertificate returns the form as it comes back. A private key does not.
func keptCertificate(form *web.Upload, err error) ui.Filled {
	if fault.Is(err, "metadata_private_key") {
		form.Fields.Set("certificate", "")
	}
	return ui.Filled{Values: form.Fields}
}

// confirmPage asks before something is done.
type confirmPage struct {
	ui.Shell
	Confirm ui.Confirm
}

// Head implements [ui.Page].
func (p confirmPage) Head() ui.Head { return ui.Head{Template: "confirm", Title: p.Confirm.Title} }

// askRemoveCertificate serves GET …/sso/{connection}/certificates/{certificate}/remove.
func (h *Handler) askRemoveCertificate(w http.ResponseWriter, r *http.Request, v *visit) error {
	c, err := h.Flow.Configuration(r.Context(), &v.Place, r.PathValue("connection"), v.which)
	if err != nil {
		return err
	}
	for i := range c.Certificates {
		if c.Certificates[i].Fingerprint == r.PathValue("certificate") {
			return h.UI.Render(w, r, http.StatusOK, confirmPage{Shell: v.wizard(&c.Connection, toConfigure, ui.Text{}).Shell, Confirm: confirmRemoval(v, &c, &c.Certificates[i])})
		}
	}
	return &fault.Error{Kind: fault.NotFound, Code: "certificate_unknown", Got: r.PathValue("certificate"), Fix: fault.AdminSide}
}

// removeCertificate serves POST …/sso/{connection}/certificates/{certificate}/remove.
func (h *Handler) removeCertificate(w http.ResponseWriter, r *http.Request, v *visit) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	e := v.edits(form.Get("version"))
	back := v.to(certificatesPath, "{connection}", e.Key)
	web.RetryAt(r, back)
	if err := h.Flow.RemoveCertificate(r.Context(), e, r.PathValue("certificate")); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(back, "certificate_removed"))
}
