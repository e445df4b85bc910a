package connect

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/idp"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// configurePage leads through the console of the identity provider, row by row:
// what stands there, and what of ours belongs to it.
type configurePage struct {
	wizard
	There    ui.Text // what the identity provider is called
	Steps    []guideStep
	Advice   []ui.Marked
	Files    []ui.Button // of ours
	Continue *ui.Button
}

// Head implements [ui.Page].
func (p configurePage) Head() ui.Head {
	return ui.Head{Template: "configure", Title: ui.As(p.Name)}
}

// guideStep is one thing that is done in the console of the identity provider.
type guideStep struct {
	Title      ui.Text
	Path       []ui.Marked
	Text       ui.Marked
	Rows       []guideRow
	Copies     []ui.Code
	Claims     *ui.Table
	Files      []ui.Button
	Metadata   *metadataForm // theirs are brought here
	Unverified bool
}

// guideRow is one field of that console. One of Value, Choice, Tick and Take
// says what belongs there.
type guideRow struct {
	Label    string
	Value    *ui.Copy
	Choice   string
	Tick     bool
	Take     ui.Text
	Optional bool
	Note     ui.Marked
}

// metadataForm takes the metadata of the identity provider, and says what was
// found in those that are there.
type metadataForm struct {
	Action  string
	Hidden  []ui.Hidden
	Text    ui.Area
	File    ui.File
	Several *ui.Choices
	Submit  ui.Submit
	Values  ui.Button // enters them one by one
	Note    ui.Marked
	Found   *found
}

// found is what is known of the identity provider.
type found struct {
	Notices []ui.Notice
	Facts   []ui.Fact
	Follow  *ui.Do // reads the metadata where they are likely to be; nil: nowhere, or that is known
	At      string // where
	Read    *ui.Do // has them read again; nil: they have no address
}

// configure serves GET …/sso/{connection}/configure.
func (h *Handler) configure(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.showConfigure(w, r, v, http.StatusOK, ui.Filled{}, nil, nil)
}

func (h *Handler) showConfigure(w http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Filled, several []string, notices []ui.Notice) error {
	c, err := h.Flow.Configuration(r.Context(), &v.Place, r.PathValue("connection"), v.which)
	if err != nil {
		return err
	}
	p := configurePageOf(v, &c, f, several, h.Flow.Now())
	p.Notices = append(notices, p.Notices...)
	return h.UI.Render(w, r, status, p)
}

func configurePageOf(v *visit, c *connect.Configuration, f ui.Filled, several []string, now time.Time) configurePage {
	p := configurePage{wizard: v.configuring(&c.Connection, configurePath, ui.Say("stage_configure")), There: thereOf(c.Guide)}
	p.Files = filesOf(v, c)
	brought := false
	for i := range c.Guide.Steps {
		s := &c.Guide.Steps[i]
		step := stepOf(v, c, s, strconv.Itoa(i))
		if s.Stage == idp.ToFetch && !brought {
			m := metadataOf(v, c, f, several, now)
			step.Metadata, brought = &m, true
		}
		if s.Stage == idp.ToDescribe {
			step.Claims = claimTable(c)
		}
		p.Steps = append(p.Steps, step)
	}
	for _, t := range c.Guide.Advice {
		p.Advice = append(p.Advice, say(t, c.Ours))
	}
	if c.Complete() == nil {
		p.Continue = &ui.Button{Word: ui.Say("continue_test"), Path: v.toConnection(&c.Connection, testPath), Icon: "forward", Kind: ui.Main}
	}
	return p
}

// thereOf returns what a vendor's console is called above the left column.
func thereOf(v *idp.Vendor) ui.Text {
	if v.ID == idp.Generic {
		return ui.Say("there_generic")
	}
	return ui.Say("there", "Name", v.Name)
}

// stepOf returns a step of the guide, the n-th.
func stepOf(v *visit, c *connect.Configuration, s *idp.Step, n string) guideStep {
	step := guideStep{Title: ui.Spoken(s.Stage.Title()), Path: clicks(s.Path), Text: say(s.Text, c.Ours), Unverified: s.Unverified}
	for i, r := range s.Rows {
		row := guideRow{Label: c.Ours.Fill(r.Label), Choice: r.Choice, Tick: r.Tick, Optional: r.Optional, Note: say(r.Note, c.Ours)}
		if r.Value != "" {
			row.Value = &ui.Copy{ID: "ours-" + n + "-" + strconv.Itoa(i), Label: ui.Say("ours_" + string(r.Value)), Value: c.Ours[r.Value]}
			if r.Value == idp.Certificate {
				row.Value, row.Take = nil, ui.Say("certificate_as_file")
			}
		}
		if r.Take != "" {
			row.Take = ui.Say("take_" + string(r.Take))
		}
		step.Rows = append(step.Rows, row)
	}
	for i, x := range s.Copy {
		step.Copies = append(step.Copies, ui.Code{ID: "copy-" + n + "-" + strconv.Itoa(i), Label: ui.Spoken(x.Title), Text: x.Fill(c.Ours)})
	}
	if s.Stage == idp.ToEnter || len(s.Rows) == 0 && mentions(s, idp.MetadataURL) {
		step.Files = filesOf(v, c)
	}
	return step
}

// mentions reports whether a step speaks of a value of ours.
func mentions(s *idp.Step, value idp.Value) bool {
	return slices.ContainsFunc(idp.Spans(s.Text.English, nil), func(x idp.Span) bool { return x.Value == value })
}

// filesOf returns what of ours is had as a file.
func filesOf(v *visit, c *connect.Configuration) []ui.Button {
	files := []ui.Button{
		{Word: ui.Say("our_metadata_file"), Path: "/saml/" + c.Key + "/metadata", Icon: "download"},
		{Word: ui.Say("our_certificate_file"), Path: v.toConnection(&c.Connection, signingPEMPath), Icon: "download"},
	}
	if len(c.Encrypts) > 0 {
		files = append(files, ui.Button{Word: ui.Say("our_encryption_file"), Path: v.toConnection(&c.Connection, encryptionPEMPath), Icon: "download"})
	}
	return files
}

// claimTable lists what the identity provider is to send, and under which names
// we look for it.
func claimTable(c *connect.Configuration) *ui.Table {
	t := ui.Table{Caption: ui.Say("claims"), Columns: []ui.Column{{Name: ui.Say("claim_field")}, {Name: ui.Say("claim_from")}, {Name: ui.Say("claim_sent"), Wide: true}}}
	for _, x := range c.Guide.Claims {
		field := ui.Cell{Text: ui.Say("field_" + string(x.Field))}
		if x.Default {
			field.Badges = []ui.Badge{{Word: ui.Say("claim_default")}}
		}
		from := ui.Cell{Text: ui.As(x.From)}
		if x.Type != "" {
			from.Text, from.Sub = ui.As(x.Type), ui.As(x.From)
		}
		sent := ui.Cell{Text: ui.As(x.Sent), Mono: true}
		if !x.Note.IsZero() {
			sent.Sub = ui.Spoken(plain{x.Note, c.Ours})
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{field, from, sent}})
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return &t
}

// plain is a text of the catalogue without its marks.
type plain struct {
	idp.Text
	ours idp.Values
}

// In implements [ui.Words].
func (p plain) In(language string) string {
	var b strings.Builder
	for _, span := range idp.Spans(p.Text.In(language), p.ours) {
		b.WriteString(span.Text)
	}
	return b.String()
}

func metadataOf(v *visit, c *connect.Configuration, f ui.Filled, several []string, now time.Time) metadataForm {
	m := metadataForm{
		Action: v.toConnection(&c.Connection, metadataPath) + "#theirs", Hidden: seen(&c.Connection),
		Text:   f.Area(ui.Area{Name: "metadata", Label: ui.Say("metadata_field"), Help: ui.Say("metadata_help"), Rows: 3, Mono: true}),
		File:   f.File(ui.File{Name: "file", Label: ui.Say("metadata_file"), Help: fileSize(), Accept: ".xml,application/xml,text/xml,application/samlmetadata+xml", Optional: true}),
		Submit: ui.Submit{Word: ui.Say("metadata_read"), Kind: ui.Main}, Note: say(c.Guide.Metadata.Note, c.Ours),
		Values: ui.Button{Word: ui.Say("values_instead"), Path: v.toConnection(&c.Connection, valuesPath), Kind: ui.Quiet},
	}
	if c.SAML.IdPEntityID != "" {
		m.Submit.Kind = ui.Second
	}
	if len(several) > 0 {
		m.Several = severalOf(several)
	}
	m.Found = foundOf(v, c, now)
	return m
}

// severalOf offers the identity providers among which one is to be chosen.
func severalOf(names []string) *ui.Choices {
	ch := ui.Choices{Name: "entity", Label: ui.Say("several_idps"), One: true}
	for _, name := range names {
		ch.Options = append(ch.Options, ui.Option{Value: name, Label: ui.As(name)})
	}
	return &ch
}

// foundOf says what is known of the identity provider, or nil where nothing is.
func foundOf(v *visit, c *connect.Configuration, now time.Time) *found {
	if c.SAML.IdPEntityID == "" {
		return nil
	}
	var x found
	product := ui.Fact{Name: ui.Say("found_product"), Value: ui.As(c.Looks.Product)}
	switch {
	case c.Looks.Strength == idp.None:
		product.Value = ui.Say("found_product_unknown")
	case c.Looks.Vendor.ID == c.Guide.ID:
		product.Badge = &ui.Badge{State: ui.OK, Word: ui.Say("found_recognised")}
	case c.Looks.Vendor.ID != idp.Generic:
		x.Notices = append(x.Notices, ui.Notice{
			State: ui.Warn, Title: ui.Say("found_other", "Name", c.Looks.Product), Text: ui.Say("found_other_text", "Name", c.Guide.Name),
			Link: &ui.Link{Name: ui.Say("found_other_change"), Path: v.toConnection(&c.Connection, editPath)},
		})
	}
	x.Facts = []ui.Fact{
		product,
		{Name: ui.Say("found_issuer"), Value: ui.As(c.SAML.IdPEntityID), Mono: true},
		{Name: ui.Say("found_signon"), Value: ui.As(bindings(c.SAML.Endpoints)), Sub: ui.As(addresses(c.SAML.Endpoints))},
		{Name: ui.Say("found_requests"), Value: ui.Say("found_requests_" + map[bool]string{true: "signed", false: "unsigned"}[c.SignsRequests()])},
	}
	if len(c.SAML.LogoutTo) > 0 {
		x.Facts = append(x.Facts, ui.Fact{Name: ui.Say("found_logout"), Value: ui.As(bindings(c.SAML.LogoutTo))})
	}
	for i := range c.Certificates {
		cert := &c.Certificates[i]
		badge := lifeOf(cert, now)
		x.Facts = append(x.Facts, ui.Fact{Name: ui.Say("certificate"), Value: ui.As(subjectOf(cert)), Badge: &badge})
	}
	if at := c.Guide.MetadataAddress(c.SAML.IdPEntityID, locations(c.SAML.Endpoints)); at != "" && c.SAML.MetadataURL == "" {
		x.At = at
		x.Follow = &ui.Do{Word: ui.Say("follow"), Action: v.toConnection(&c.Connection, metadataPath) + "#theirs", Icon: "refresh", Fields: append(seen(&c.Connection), ui.Hidden{Name: "metadata", Value: at})}
	}
	if c.SAML.MetadataURL != "" {
		at, notices := foundAt(v, c)
		x.Facts, x.Notices = append(x.Facts, at), append(x.Notices, notices...)
		if at := c.Watching.ReadAt; !at.IsZero() {
			x.Facts = append(x.Facts, ui.Fact{Name: ui.Say("found_read"), At: at})
		}
		x.Read = &ui.Do{Word: ui.Say("read_again"), Action: v.toConnection(&c.Connection, readingPath), Icon: "refresh", Fields: seen(&c.Connection)}
	}
	return &x
}

// bindings returns how messages travel to an identity provider.
func bindings(all []sso.Endpoint) string {
	names := map[sso.Binding]string{sso.BindingRedirect: "HTTP-Redirect", sso.BindingPOST: "HTTP-POST"}
	var words []string
	for _, e := range all {
		if name := names[e.Binding]; !slices.Contains(words, name) {
			words = append(words, name)
		}
	}
	return strings.Join(words, ", ")
}

// addresses returns where they go, each once.
func addresses(all []sso.Endpoint) string { return strings.Join(locations(all), ", ") }

func locations(all []sso.Endpoint) []string {
	var places []string
	for _, e := range all {
		if !slices.Contains(places, e.Location) {
			places = append(places, e.Location)
		}
	}
	return places
}

// subjectOf returns a name for a certificate.
func subjectOf(c *connect.Certificate) string {
	if c.Subject != "" {
		return c.Subject
	}
	return "SHA-256 " + c.Fingerprint[:16]
}

// soon is from how many days on the end of a certificate is warned of.
const soon = 30

// lifeOf says how long a certificate is good for.
func lifeOf(c *connect.Certificate, now time.Time) ui.Badge {
	if c.NotAfter.IsZero() {
		return ui.Badge{State: ui.Pending, Word: ui.Say("certificate_undated")}
	}
	days := c.Days(now)
	switch {
	case days < 0:
		return ui.Badge{State: ui.Refused, Word: ui.Say("certificate_over")}
	case now.Before(c.NotBefore):
		return ui.Badge{State: ui.Pending, Word: ui.Say("certificate_early")}
	case days < soon:
		return ui.Badge{State: ui.Warn, Word: ui.Count("certificate_days", days)}
	}
	return ui.Badge{State: ui.OK, Word: ui.Count("certificate_days", days)}
}

// saveMetadata serves POST …/sso/{connection}/metadata.
func (h *Handler) saveMetadata(w http.ResponseWriter, r *http.Request, v *visit) error {
	form, err := broughtIn(r)
	var c sso.Connection
	if err == nil {
		c, err = h.Flow.SaveMetadata(r.Context(), v.edits(form.Fields.Get("version")), metadataIn(&form))
	}
	err = tooLarge(err)
	if err != nil {
		several := connect.Several(err)
		fields, filled := metadataFields(), kept(&form, err)
		return again(r, filled, err, fields, func(f ui.Filled, notices []ui.Notice, status int) error {
			return h.showConfigure(w, r, v, status, f, several, notices)
		})
	}
	return web.SeeOther(w, r, ui.Saved(v.toConnection(&c, configurePath)+"#theirs", "metadata"))
}

// tooLarge returns err, or what is said beside the field where more was sent than
// is read.
func tooLarge(err error) error {
	if most, is := errors.AsType[*http.MaxBytesError](err); is {
		return &fault.Error{Kind: fault.Invalid, Code: "metadata_size", Want: strconv.FormatInt(most.Limit, 10) + " octets at most", Got: "more", Fix: fault.AdminSide, Err: err}
	}
	return err
}

// broughtIn reads a form with metadata: with a file, or of a button that holds
// an address.
func broughtIn(r *http.Request) (web.Upload, error) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return web.UploadForm(r, "file")
	}
	fields, err := web.Form(r)
	return web.Upload{Fields: fields}, err
}

func metadataIn(form *web.Upload) connect.Metadata {
	return connect.Metadata{Text: form.Fields.Get("metadata"), File: form.File, EntityID: form.Fields.Get("entity")}
}

// metadataFields says beside which field stands what is wrong with metadata.
func metadataFields() map[string]string {
	fields := map[string]string{"connection_other_idp": "metadata", "certificate_many": "metadata", "text_form": "metadata", "try_later": "metadata"}
	for _, why := range []string{
		"url", "failed", "status", "denied", "broken", "size", "dns", "inside", "port", "refused", "unreachable", "silent", "slow",
		"certificate_expired", "certificate_name", "certificate_issuer", "tls", "redirect", "page", "sign_in",
	} {
		fields["fetch_"+why] = "metadata"
	}
	for _, what := range []string{
		"empty", "not_xml", "html", "private_key", "certificate", "json", "jwks", "oidc", "url", "message", "xml", "root", "sp", "own", "no_idp", "several_idps",
		"encoding", "archive", "document", "base64", "escaped", "around", "cut", "size", "entity_id", "key", "no_key", "keys", "no_sso", "location", "expired", "no_certificate",
	} {
		fields["metadata_"+what] = "metadata"
	}
	return fields
}

// maxKept is how much of what was brought comes back with a form that is asked
// for once more.
const maxKept = 1 << 20

// kept returns the form as it comes back. A private key does not, and a file,
// which browsers do not keep, comes back as text where one has to choose.
func kept(form *web.Upload, err error) ui.Filled {
	f := ui.Filled{Values: form.Fields}
	switch {
	case form.Fields == nil: // it was not read
		return f
	case fault.Is(err, "metadata_private_key"):
		f.Values.Set("metadata", "")
	case fault.Is(err, "metadata_several_idps") && len(form.File) > 0:
		if text := connect.Text(form.File); len(text)+strings.Count(text, "\n") <= maxKept { // browsers send two octets for the end of a line
			f.Values.Set("metadata", text)
		}
	}
	f.Values.Del("version")
	return f
}

// signingPEM serves GET …/sso/{connection}/signing.pem.
func (h *Handler) signingPEM(w http.ResponseWriter, r *http.Request, v *visit) error {
	if _, err := h.Flow.Connection(r.Context(), &v.Place, r.PathValue("connection")); err != nil {
		return err
	}
	text, err := h.Flow.SigningCertificate(r.Context())
	if err != nil {
		return err
	}
	return download(w, r, r.PathValue("connection")+"-signing.pem", text)
}

// encryptionPEM serves GET …/sso/{connection}/encryption.pem.
func (h *Handler) encryptionPEM(w http.ResponseWriter, r *http.Request, v *visit) error {
	text, err := h.Flow.EncryptionCertificate(r.Context(), &v.Place, r.PathValue("connection"), v.which)
	if err != nil {
		return err
	}
	return download(w, r, r.PathValue("connection")+"-encryption.pem", text)
}

func download(w http.ResponseWriter, r *http.Request, name string, text []byte) error {
	w.Header().Set("Content-Type", "application/x-pem-file")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
	return nil
}
