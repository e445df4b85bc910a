package login

import (
	"net/http"

	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// leavePage asks whether the person wants to be signed out, where an app says
// so and cannot show that it is theirs to say.
type leavePage struct {
	Action  string
	Request string // what the app asked for, to be judged anew
	App     string // that asks; "": nobody knows
	Stay    string // path for who does not want it
}

// Head implements [ui.Page].
func (leavePage) Head() ui.Head {
	return ui.Head{Template: "leave-ask", Title: ui.Say("leave_ask_title")}
}

// logout serves POST /logout. It works without a session too: whoever asks for
// it wants to be signed out, and is.
func (h *Handler) logout(w http.ResponseWriter, r *http.Request) error {
	return h.SignOut(w, r, "")
}

// SignOut ends the session of this browser, if it has one, and answers by where
// the person goes on: at their identity provider where that is to be told, and
// else, or after that, at the URL at which an app wants them, which is registered
// for that; with "", on our own page.
func (h *Handler) SignOut(w http.ResponseWriter, r *http.Request, back string) error {
	var out signin.SignedOut
	if token := web.SessionToken(r); !token.IsZero() {
		var err error
		if out, err = h.Flow.SignOut(r.Context(), token, back); err != nil {
			return err
		}
		web.DropSession(w, r)
	}
	posted := r.Method == http.MethodPost
	switch {
	case out.Untold != nil:
		web.Report(r, out.Untold)
		return web.SeeOther(w, r, web.SignedOutHerePath)
	case out.To != nil && out.To.Form != nil:
		return h.post(w, r, *out.To)
	case out.To != nil && posted:
		return h.UI.Leave(w, r, out.To.URL, out.To.Name)
	case out.To != nil:
		return web.SeeOtherSite(w, out.To.URL)
	case back == "":
		return web.SeeOther(w, r, web.SignedOutPath)
	case posted:
		return h.UI.LeaveForApp(w, r, back)
	default:
		return web.SeeOtherApp(w, back)
	}
}

// AskToSignOut asks the person whether they want to be signed out, as an app of
// this name wants it; their yes is posted to the action, with the app's request.
func (h *Handler) AskToSignOut(w http.ResponseWriter, r *http.Request, action, request, app string) error {
	return h.UI.Render(w, r, http.StatusOK, leavePage{Action: action, Request: request, App: app, Stay: accountPath})
}

// signedOut serves GET /signed-out.
func (h *Handler) signedOut(w http.ResponseWriter, r *http.Request) error {
	return h.UI.Render(w, r, http.StatusOK, ui.SignedOut{})
}

// signedOutHere serves GET /signed-out/here.
func (h *Handler) signedOutHere(w http.ResponseWriter, r *http.Request) error {
	return h.UI.Render(w, r, http.StatusOK, ui.SignedOutHere{})
}
