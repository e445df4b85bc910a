package operator

import (
	"net/http"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// askActAs serves GET /operator/people/{user}/act-as/{key}.
func (h *Handler) askActAs(w http.ResponseWriter, r *http.Request) error {
	by, d, o, err := h.membership(r)
	if err != nil {
		return err
	}
	if err := h.Flow.MayActAs(r.Context(), &by, d.User.ID, o.ID); err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, actPage(&d, &o, ui.Filled{}))
}

// membership returns who asks, the person, and the organization in which the
// URL says that they are to be acted as.
func (h *Handler) membership(r *http.Request) (sso.By, operate.Dossier, sso.Organization, error) {
	by := web.ByFrom(r)
	d, err := h.Flow.Person(r.Context(), &by, userOf(r))
	if err != nil {
		return by, d, sso.Organization{}, err
	}
	for i := range d.Positions {
		if o := d.Orgs[d.Positions[i].Org]; o.Key == keyOf(r) {
			return by, d, o, nil
		}
	}
	return by, d, sso.Organization{}, &fault.Error{Kind: fault.NotFound, Code: "user_unknown", Fix: fault.OperatorSide}
}

func actPage(d *operate.Dossier, o *sso.Organization, f ui.Filled) formPage {
	name, path := d.User.Name(), pathOfPerson(d.User.ID)
	p := formPage{Shell: personShell(), Name: ui.Say("act_title", "Name", name, "Organization", o.Name)}
	p.Trail = append(p.Trail, ui.Link{Name: ui.As(name), Path: path})
	p.Notice = &ui.Notice{State: ui.Warn, Text: ui.Say("act_text"), Points: []ui.Text{ui.Say("act_audit"), ui.Say("act_limits"), ui.Say("act_ends")}}
	p.Forms = []form{{
		Action: path + "/act-as/" + o.Key,
		Areas:  []ui.Area{f.Area(ui.Area{Name: "reason", Label: ui.Say("act_reason"), Help: ui.Say("act_reason_help"), Rows: 3, Focus: true})},
		Submit: ui.Submit{Word: ui.Say("act_as"), Cancel: path},
	}}
	return p
}

// actAs serves POST /operator/people/{user}/act-as/{key}.
func (h *Handler) actAs(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	by, d, o, err := h.membership(r)
	if err != nil {
		return err
	}
	token, err := h.Flow.ActAs(r.Context(), &by, d.User.ID, o.ID, f.Get("reason"))
	if err != nil {
		return ui.Filled{Values: f}.Again(r, err, map[string]string{"acting_reason": "reason"}, func(f ui.Filled, status int) error {
			return h.UI.Render(w, r, status, actPage(&d, &o, f))
		})
	}
	web.SetSession(w, r, token)
	return web.SeeOther(w, r, accountPath)
}

// stopActing serves POST /acting/end.
func (h *Handler) stopActing(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	token, err := h.Flow.StopActing(r.Context(), &by)
	if err != nil {
		return err
	}
	if token.IsZero() {
		web.DropSession(w, r)
		return web.SeeOther(w, r, "/login")
	}
	web.SetSession(w, r, token)
	return web.SeeOther(w, r, ui.Saved(pathOfPerson(by.User.ID), "acting_ended"))
}
