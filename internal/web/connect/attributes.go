package connect

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/idp"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// attributesPage says which attributes of the identity provider carry what.
type attributesPage struct {
	wizard
	Action string
	Hidden []ui.Hidden
	Fields []ui.Input
	Names  []string // that are offered
	Sent   *sent    // nil: nothing was sent yet
}

// sent is what came in the last test, and what is read of it by this map.
type sent struct {
	At      time.Time
	Problem string // code of why nobody can be made of it
	Read    []ui.Fact
	Table   ui.Table
}

// Head implements [ui.Page].
func (p attributesPage) Head() ui.Head { return ui.Head{Template: "attributes", Title: ui.As(p.Name)} }

// askAttributes serves GET …/sso/{connection}/attributes.
func (h *Handler) askAttributes(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.showAttributes(w, r, v, http.StatusOK, ui.Filled{}, nil)
}

func (h *Handler) showAttributes(w http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Filled, notices []ui.Notice) error {
	c, err := h.Flow.Configuration(r.Context(), &v.Place, r.PathValue("connection"), v.which)
	if err != nil {
		return err
	}
	p := attributesPageOf(v, &c, f)
	p.Notices = notices
	return h.UI.Render(w, r, status, p)
}

// mapped are the fields of a map of attributes, with what each holds.
func mapped(m *sso.AttributeMap) []struct {
	Field idp.Field
	Name  *string
} {
	return []struct {
		Field idp.Field
		Name  *string
	}{
		{idp.ForSubject, &m.Subject}, {idp.ForEmail, &m.Email}, {idp.ForFirstName, &m.FirstName}, {idp.ForLastName, &m.LastName}, {idp.ForUsername, &m.Username}, {idp.ForGroups, &m.Groups},
	}
}

func attributesPageOf(v *visit, c *connect.Configuration, f ui.Filled) attributesPage {
	p := attributesPage{
		wizard: v.configuring(&c.Connection, attributesPath, ui.Say("view_attributes")),
		Action: v.toConnection(&c.Connection, attributesPath), Hidden: seen(&c.Connection),
	}
	for _, m := range mapped(&c.Attributes) {
		in := ui.Input{Name: string(m.Field), Label: ui.Say("field_" + string(m.Field)), Value: *m.Name, Max: 1024, Mono: true, Optional: true, List: "attributes"}
		in.Help = ui.Say("attribute_help", "Names", strings.Join(usually(c, m.Field), ", "))
		if m.Field == idp.ForSubject {
			in.Help = ui.Say("attribute_subject_help")
		}
		p.Fields = append(p.Fields, f.Input(in))
	}
	for _, claim := range c.Guide.Claims {
		if !slices.Contains(p.Names, claim.Sent) {
			p.Names = append(p.Names, claim.Sent)
		}
	}
	if c.Sent != nil {
		m := c.Attributes
		if f.Values != nil {
			m = mapIn(f.Values)
		}
		p.Sent = sentOf(c.Sent, m)
	}
	return p
}

// sentOf shows what came in a test, and what a map reads of it.
func sentOf(t *sso.Test, m sso.AttributeMap) *sent {
	x := &sent{At: t.AnsweredAt, Table: ui.Table{Caption: ui.Say("came_all"), Columns: []ui.Column{{Name: ui.Say("came_name"), Wide: true}, {Name: ui.Say("came_values")}}}}
	read, err := m.Map(t.Result.NameID, t.Result.NameID, t.Result.Attributes)
	if err != nil {
		x.Problem = fault.From(err).Code
	}
	subject := ui.Fact{Name: ui.Say("field_subject"), Value: ui.As(read.Subject), Mono: true}
	if m.Subject != "" {
		subject.Value = ui.As(strings.TrimPrefix(read.Subject, "attribute:"))
	}
	x.Read = []ui.Fact{
		subject, {Name: ui.Say("field_email"), Value: ui.As(read.Email.String())}, {Name: ui.Say("field_first_name"), Value: ui.As(read.FirstName)}, {Name: ui.Say("field_last_name"), Value: ui.As(read.LastName)},
		{Name: ui.Say("field_username"), Value: ui.As(read.Username)}, {Name: ui.Say("field_groups"), Value: ui.As(strings.Join(read.Groups, ", "))},
	}
	for _, a := range t.Result.Attributes {
		x.Table.Rows = append(x.Table.Rows, ui.Row{Cells: []ui.Cell{{Text: ui.As(a.Name), Mono: true}, {Text: ui.As(strings.Join(a.Values, ", "))}}})
	}
	x.Table.Rows = append(x.Table.Rows, ui.Row{Cells: []ui.Cell{{Text: ui.As("NameID"), Sub: ui.As(t.Result.Format)}, {Text: ui.As(t.Result.NameID)}}})
	return x
}

// mapIn reads the form.
func mapIn(form url.Values) sso.AttributeMap {
	var m sso.AttributeMap
	for _, x := range mapped(&m) {
		*x.Name = strings.TrimSpace(form.Get(string(x.Field)))
	}
	return m
}

// usually returns under which names a field is looked for: those of the vendor,
// or the first of those that are common.
func usually(c *connect.Configuration, field idp.Field) []string {
	var names []string
	common := sso.UsualNames(string(field))
	for _, claim := range c.Guide.Claims {
		if claim.Field == field && slices.ContainsFunc(common, func(n string) bool { return strings.EqualFold(n, claim.Sent) }) {
			names = append(names, claim.Sent)
		}
	}
	if len(names) == 0 {
		const some = 3
		names = common[:min(some, len(common))]
	}
	return names
}

// saveAttributes serves POST …/sso/{connection}/attributes.
func (h *Handler) saveAttributes(w http.ResponseWriter, r *http.Request, v *visit) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	if form.Get("do") == "preview" {
		return h.showAttributes(w, r, v, http.StatusOK, ui.Filled{Values: form}, nil)
	}
	e := v.edits(form.Get("version"))
	if err := h.Flow.SaveAttributes(r.Context(), e, mapIn(form)); err != nil {
		return again(r, ui.Filled{Values: form}, err, map[string]string{"attribute_form": string(idp.ForSubject)}, func(f ui.Filled, notices []ui.Notice, status int) error {
			return h.showAttributes(w, r, v, status, f, notices)
		})
	}
	return web.SeeOther(w, r, ui.Saved(v.to(attributesPath, "{connection}", e.Key), "attributes"))
}
