package login

import (
	"net/http"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// glassPage asks an owner whose identity provider fails for a code that they
// have put aside.
type glassPage struct {
	Action string
	Email  ui.Input
	Code   ui.Input
	Back   string
}

// Head implements [ui.Page].
func (glassPage) Head() ui.Head {
	return ui.Head{Template: "break-glass", Title: ui.Say("glass_title")}
}

func glassPageOf(id sso.AttemptID, typed, problem string) glassPage {
	p := glassPage{
		Action: web.BreakGlassPath, Back: identifyPath,
		Email: ui.Input{Name: "email", Label: ui.Say("email"), Value: typed, Complete: "username", Mode: "email", Max: 320, Focus: true},
		Code:  ui.Input{Name: "code", Label: ui.Say("glass_code"), Max: 64, Mono: true},
	}
	if id != "" {
		p.Action, p.Back = web.AttemptPath(web.BreakGlassPath, id), web.AttemptPath(emailPath, id)
	}
	switch problem {
	case "":
	case "ident_email":
		p.Email.Problem = problem
	default:
		p.Code.Problem, p.Code.Focus, p.Email.Focus = problem, true, false
	}
	return p
}

// askGlass serves GET /login/break-glass.
func (h *Handler) askGlass(w http.ResponseWriter, r *http.Request) error {
	return h.UI.Render(w, r, http.StatusOK, glassPageOf(attemptID(r), "", ""))
}

// breakGlass serves POST /login/break-glass.
func (h *Handler) breakGlass(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	id := attemptID(r)
	a, err := h.Flow.BreakGlass(r.Context(), browserOf(r), id, form.Get("email"), form.Get("code"))
	if !beside(err, "ident_email", "break_glass_wrong", "try_later") {
		return h.goOn(w, r, a, err)
	}
	f, status := web.Record(r, err)
	return h.UI.Render(w, r, status, glassPageOf(id, form.Get("email"), f.Code))
}
