package oidcapi

import (
	"net/http"

	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
)

// confirmPath is where the person says that they want to be signed out.
const confirmPath = oidc.LogoutPath + "/confirm"

// SignOut signs the person of a browser out, for an app that asks for it.
type SignOut interface {
	// SignOut ends the browser's session, if there is one, and answers r by
	// where the person goes on: in the end at this URL, which is registered for
	// that; with "", on a page of ours.
	SignOut(w http.ResponseWriter, r *http.Request, to string) error
	// AskToSignOut asks the person first. Their yes is posted to the action, with
	// the request in the field "request". app is the name of who asks, or "".
	AskToSignOut(w http.ResponseWriter, r *http.Request, action, request, app string) error
}

// logout serves GET /oauth2/logout [RPLogout 2].
func (h *Handler) logout(w http.ResponseWriter, r *http.Request) error {
	parameters, err := oidc.ParseForm(r.URL.RawQuery)
	if err != nil {
		return err
	}
	session, err := h.session(w, r)
	if err != nil {
		return err
	}
	out, err := h.Grants.Logout(r.Context(), parameters, session)
	if err != nil {
		return err
	}
	web.Note(r, "app", string(out.App.ID))
	if out.Sure {
		return h.SignOut.SignOut(w, r, out.To)
	}
	if len(out.UILocales) > 0 {
		// The page is asked for once more, by a browser that knows its language.
		h.UI.Speak(w, r, out.UILocales)
		parameters.Del("ui_locales")
		return web.SeeOther(w, r, oidc.LogoutPath+"?"+parameters.Encode())
	}
	return h.SignOut.AskToSignOut(w, r, confirmPath, parameters.Encode(), out.App.Name)
}

// logoutPosted sends a posted logout request on to GET, with which the browser
// brings its cookies.
func (h *Handler) logoutPosted(w http.ResponseWriter, r *http.Request) error {
	body, err := form(r)
	if err != nil {
		return err
	}
	parameters, err := oidc.ParseForm(body)
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, oidc.LogoutPath+"?"+parameters.Encode())
}

// confirmLogout serves POST /oauth2/logout/confirm: the person has said yes, on
// our own page. What the app asked for is judged anew.
func (h *Handler) confirmLogout(w http.ResponseWriter, r *http.Request) error {
	body, err := web.Form(r)
	if err != nil {
		return err
	}
	parameters, err := oidc.ParseForm(body.Get("request"))
	if err != nil {
		return err
	}
	out, err := h.Grants.Logout(r.Context(), parameters, "")
	if err != nil {
		return err
	}
	web.Note(r, "app", string(out.App.ID))
	return h.SignOut.SignOut(w, r, out.To)
}

// session returns the session that the browser is in, or "". Also somebody who
// may not come in any more is to be signed out.
func (h *Handler) session(w http.ResponseWriter, r *http.Request) (sso.SessionID, error) {
	p, err := h.person(w, r)
	if err != nil || p == nil {
		return "", err
	}
	return p.Session.ID, nil
}
