package login

import (
	"net/http"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
)

// passkey serves POST /login/passkey: the person is whoever's passkey answers.
func (h *Handler) passkey(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	id, err := h.begun(r)
	if err != nil {
		return err
	}
	a, err := h.Flow.Passkey(r.Context(), browserOf(r), id, []byte(form.Get("credential")))
	if !beside(err, "passkey_unknown", "passkey_refused", "passkey_unreadable", "factor_over", "try_later") {
		return h.goOn(w, r, a, err)
	}
	f, status := web.Record(r, err)
	if id != "" {
		if a, err = h.Flow.Attempt(r.Context(), browserOf(r), id); err != nil {
			return err
		}
		switch a.Next() {
		case sso.StepPasskey:
			return h.askPasskey(w, r, status, &a, f.Code)
		case sso.StepPassword:
			return h.askPassword(w, r, status, &a, f.Code)
		}
	}
	page := identifyPage{Action: identifyPath, Typed: who(&a), Problem: f.Code}
	if id != "" {
		page.Action = web.LoginPath(id)
	}
	return h.askIdentity(w, r, status, page, id)
}

// askPasskey asks for a passkey, there being nothing else.
func (h *Handler) askPasskey(w http.ResponseWriter, r *http.Request, status int, a *sso.Attempt, problem string) error {
	form, err := h.anyPasskey(r, a.ID, problem)
	if err != nil {
		return err
	}
	if form == nil { // the address of the deployment has changed since the passkey was made
		return &fault.Error{Kind: fault.Conflict, Code: "confirm_impossible", Fix: fault.PersonSide}
	}
	form.Silent, form.Beside = false, false
	return h.UI.Render(w, r, status, passkeyPage{Who: who(a), Passkey: *form})
}

// confirm serves GET /login/confirm: who is signed in proves anew that it is
// them, and comes back to the page that wanted to know.
func (h *Handler) confirm(w http.ResponseWriter, r *http.Request) error {
	back := r.URL.Query().Get("back")
	if !web.LocalPath(back) {
		back = accountPath
	}
	a, err := h.Flow.Confirm(r.Context(), browserOf(r), back)
	if fault.Is(err, "session_over") {
		return web.SeeOther(w, r, web.SignInPath(back))
	}
	if err != nil {
		return err
	}
	note(r, &a)
	if a.Next() == sso.StepSSO {
		return h.depart(w, r, a.ID)
	}
	return web.SeeOther(w, r, pathOf(a.Next(), a.ID))
}
