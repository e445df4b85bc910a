package connect

import (
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/connect"
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
	Submit ui.Submit
}

// Head implements [ui.Page].
func (p attributesPage) Head() ui.Head { return ui.Head{Template: "attributes", Title: ui.As(p.Name)} }

// askAttributes serves GET …/sso/{connection}/attributes.
func (h *Handler) askAttributes(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.showAttributes(w, r, v, http.StatusOK, ui.Filled{}, nil)
}

func (h *Handler) showAttributes(w http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Filled, notices []ui.Notice) error {
	c, err := h.Flow.Configuration(r.Context(), &v.Place, r.PathValue("connection"))
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
		Action: v.toConnection(&c.Connection, attributesPath), Hidden: seen(&c.Connection), Submit: ui.Submit{Word: ui.Say("save")},
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
	return p
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
	var m sso.AttributeMap
	for _, x := range mapped(&m) {
		*x.Name = form.Get(string(x.Field))
	}
	e := v.edits(form.Get("version"))
	if err := h.Flow.SaveAttributes(r.Context(), e, m); err != nil {
		return again(r, ui.Filled{Values: form}, err, map[string]string{"attribute_form": string(idp.ForSubject)}, func(f ui.Filled, notices []ui.Notice, status int) error {
			return h.showAttributes(w, r, v, status, f, notices)
		})
	}
	return web.SeeOther(w, r, ui.Saved(v.to(attributesPath, "{connection}", e.Key), "attributes"))
}
