package connect

import (
	"net/http"

	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// Paths of the last stage.
const (
	activatePath   = connectionPath + "/activate"
	deactivatePath = connectionPath + "/deactivate"
)

// activatePage is the last stage: what is missing, and the switch.
type activatePage struct {
	wizard
	Lede   ui.Text
	Checks []ui.Step
	Do     *ui.Do      // nil: it is on, or cannot be yet
	Off    *ui.Confirm // nil: it is off
	Before *ui.Button  // looked at before it is switched off: who would have no way in; nil: not for who asks
	Next   *ui.Button  // nil: it is off, or for owners alone
}

// Head implements [ui.Page].
func (p activatePage) Head() ui.Head {
	return ui.Head{Template: "activate", Title: ui.As(p.wizard.Name)}
}

// activation serves GET …/sso/{connection}/activate.
func (h *Handler) activation(w http.ResponseWriter, r *http.Request, v *visit) error {
	ready, err := h.Flow.Readiness(r.Context(), &v.Place, r.PathValue("connection"))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, activatePageOf(v, &ready))
}

func activatePageOf(v *visit, ready *connect.Readiness) activatePage {
	c := &ready.Connection
	p := activatePage{wizard: v.wizard(c, toActivate, ui.Say("stage_activate")), Lede: ui.Say("activate_lede")}
	p.Checks = []ui.Step{
		asked{c.Complete() == nil, ui.Refused, v.toConnection(c, configurePath)}.step("activate_complete"),
		asked{ready.Tested > 0, ui.Refused, v.toConnection(c, testPath)}.step("activate_tested"),
		asked{ready.Tested > 1, ui.Warn, v.toConnection(c, testPath)}.step("activate_second"),
		asked{len(ready.Domains) > 0, ui.Warn, v.to(domainsPath)}.step("activate_domain"),
	}
	switch {
	case c.State == sso.ConnectionActive:
		p.Notices = append(p.Notices, ui.Notice{State: ui.OK, Title: ui.Say("activate_on"), Text: ui.Say("activate_on_text")})
		off := deactivateConfirm(v, c)
		p.Off = &off
		if v.Link == nil {
			p.Before = &ui.Button{Word: ui.Say("deactivate_before"), Path: v.to(offPath), Icon: "people", Kind: ui.Quiet}
			p.Next = &ui.Button{Word: ui.Say("activate_enforce"), Path: v.to(enforcePath), Icon: "shield", Kind: ui.Main}
		}
	case ready.Ready() == nil:
		p.Do = &ui.Do{Word: ui.Say("activate_do"), Action: v.toConnection(c, activatePath), Icon: "play", Kind: ui.Main, Fields: seen(c)}
	default:
		p.Notices = append(p.Notices, ui.Notice{State: ui.Pending, Title: ui.Say("activate_not_yet"), Text: ui.Say("activate_not_yet_text")})
	}
	return p
}

// asked is a line of the list: done, or missing so gravely, and mended there.
type asked struct {
	done    bool
	without ui.State
	path    string
}

func (a asked) step(key string) ui.Step {
	if a.done {
		return ui.Step{Name: ui.Say(key), State: ui.OK, Word: ui.Say("stage_done")}
	}
	return ui.Step{Name: ui.Say(key), Text: ui.Say(key + "_missing"), State: a.without, Word: ui.Say("stage_open"), Path: a.path}
}

func deactivateConfirm(v *visit, c *sso.Connection) ui.Confirm {
	return ui.Confirm{
		ID: "deactivate", Page: v.toConnection(c, deactivatePath), Word: ui.Say("deactivate"), Icon: "pause",
		Title: ui.Say("deactivate_title", "Name", c.Name), Text: ui.Say("deactivate_text"), Points: []ui.Text{ui.Say("deactivate_passwordless")}, Action: v.toConnection(c, deactivatePath), Do: ui.Say("deactivate"),
		Fields: seen(c), Cancel: v.toConnection(c, activatePath),
	}
}

// askDeactivate serves GET …/sso/{connection}/deactivate.
func (h *Handler) askDeactivate(w http.ResponseWriter, r *http.Request, v *visit) error {
	c, err := h.Flow.Connection(r.Context(), &v.Place, r.PathValue("connection"))
	if err != nil {
		return err
	}
	p := confirmPage{Shell: v.shell(), Confirm: deactivateConfirm(v, &c)}
	p.Trail, p.Under = append(p.Trail, ui.Link{Name: ui.Say("console_sso"), Path: v.to(ssoPath)}), v.to(ssoPath)
	return h.UI.Render(w, r, http.StatusOK, p)
}

// activate serves POST …/sso/{connection}/activate.
func (h *Handler) activate(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.turn(w, r, v, "connection_activated", func(e *connect.Edit) error { return h.Flow.Activate(r.Context(), e) })
}

// deactivate serves POST …/sso/{connection}/deactivate.
func (h *Handler) deactivate(w http.ResponseWriter, r *http.Request, v *visit) error {
	return h.turn(w, r, v, "connection_deactivated", func(e *connect.Edit) error { return h.Flow.Deactivate(r.Context(), e) })
}

func (h *Handler) turn(w http.ResponseWriter, r *http.Request, v *visit, saved string, do func(e *connect.Edit) error) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	e := v.edits(form.Get("version"))
	back := v.to(activatePath, "{connection}", e.Key)
	web.RetryAt(r, back)
	if err := do(e); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(back, saved))
}
