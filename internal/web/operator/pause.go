package operator

import (
	"net/http"
	"strconv"
	"time"

	"github.com/sallyport/sallyport/internal/operate"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// pausePath is where support pauses the demand for single sign-on of a customer.
const pausePath = organizationPath + "/pause"

// askPause serves GET /operator/organizations/{key}/pause.
func (h *Handler) askPause(w http.ResponseWriter, r *http.Request) error {
	return h.showPause(w, r, http.StatusOK, ui.Filled{})
}

func (h *Handler) showPause(w http.ResponseWriter, r *http.Request, status int, f ui.Filled) error {
	by := web.ByFrom(r)
	v, err := h.Flow.Organization(r.Context(), &by, keyOf(r))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, status, pausePage(&v, f))
}

func pausePage(v *operate.Overview, f ui.Filled) formPage {
	path := pathOf(v.Key)
	p := formPage{Shell: organizationShell(v, "pause"), Name: ui.Say("pause_title", "Name", v.Name)}
	p.Tabs = nil
	p.Trail = append(p.Trail, ui.Link{Name: ui.As(v.Name), Path: path})
	p.Lead = ui.Say("pause_lead")
	hours := ui.Select{Name: "hours", Label: ui.Say("pause_hours"), Value: "4"}
	for _, n := range sso.PauseHours() {
		hours.Options = append(hours.Options, ui.Option{Value: strconv.Itoa(n), Label: ui.Count("pause_for", n)})
	}
	p.Forms = []form{{
		Action:  at(pausePath, "{key}", v.Key),
		Inputs:  []ui.Input{f.Input(ui.Input{Name: "reason", Label: ui.Say("pause_why"), Help: ui.Say("pause_why_help"), Max: 4 * sso.MaxDescription, Focus: true})},
		Selects: []ui.Select{f.Select(hours)},
		Submit:  ui.Submit{Word: ui.Say("pause_do"), Icon: "pause", Cancel: path},
	}}
	return p
}

// pauseFacts say until when the demand is paused, and why.
func pauseFacts(v *operate.Overview, now time.Time) []ui.Fact {
	p := &v.Policy
	if !v.DemandsOf(v.Domains) || !p.Pause.Running(now) {
		return nil
	}
	return []ui.Fact{{Name: ui.Say("paused_until"), At: p.Pause.Until}, {Name: ui.Say("pause_why"), Value: ui.As(p.Pause.Reason)}}
}

// pausing offers what can be done about the demand: pausing it, or ending the
// pause.
func pausing(v *operate.Overview, now time.Time) (ask *ui.Button, end *ui.Do) {
	switch {
	case v.OfOperators() || !v.DemandsOf(v.Domains):
		return nil, nil
	case v.Policy.Pause.Running(now):
		return nil, &ui.Do{Word: ui.Say("pause_end"), Action: at(pausePath, "{key}", v.Key) + "/end", Icon: "play"}
	default:
		return &ui.Button{Word: ui.Say("pause_do"), Path: at(pausePath, "{key}", v.Key), Icon: "pause"}, nil
	}
}

// pause serves POST /operator/organizations/{key}/pause.
func (h *Handler) pause(w http.ResponseWriter, r *http.Request) error {
	typed, err := web.Form(r)
	if err != nil {
		return err
	}
	hours, _ := strconv.Atoi(typed.Get("hours")) // 0 is refused
	by := web.ByFrom(r)
	if err := h.Flow.PauseSSO(r.Context(), &by, keyOf(r), hours, typed.Get("reason")); err != nil {
		return ui.Filled{Values: typed}.Again(r, err, map[string]string{"pause_life": "hours", "pause_reason": "reason"}, func(f ui.Filled, status int) error { return h.showPause(w, r, status, f) })
	}
	return web.SeeOther(w, r, ui.Saved(pathOf(keyOf(r)), "enforcement_paused"))
}

// endPause serves POST /operator/organizations/{key}/pause/end.
func (h *Handler) endPause(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	if err := h.Flow.ResumeSSO(r.Context(), &by, keyOf(r)); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(pathOf(keyOf(r)), "enforcement_resumed"))
}
