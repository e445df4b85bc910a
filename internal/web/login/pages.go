package login

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// attempt returns the attempt that the URL names. A browser without its cookie
// is told so, rather than that it is another one.
func (h *Handler) attempt(r *http.Request) (sso.Attempt, error) {
	id := attemptID(r)
	if err := web.MustBeBound(r); err != nil {
		return sso.Attempt{}, err
	}
	a, err := h.Flow.Attempt(r.Context(), browserOf(r), id)
	if err != nil {
		return sso.Attempt{}, err
	}
	note(r, &a)
	return a, nil
}

// who returns what the person called themselves.
func who(a *sso.Attempt) string {
	if a.Username != "" {
		return a.Username
	}
	return a.Typed.String()
}

func (h *Handler) askIdentity(w http.ResponseWriter, r *http.Request, status int, page identifyPage, id sso.AttemptID) error {
	var err error
	if page.Passkey, err = h.anyPasskey(r, id, ""); err != nil {
		return err
	}
	return h.UI.Render(w, r, status, page)
}

// anyPasskey returns the form by which a browser finds out by itself who the
// person is, or nil.
func (h *Handler) anyPasskey(r *http.Request, id sso.AttemptID, problem string) (*ui.Ask, error) {
	options, err := h.Flow.AskPasskey(browserOf(r))
	if err != nil || options == nil {
		return nil, err
	}
	a := &ui.Ask{Action: passkeyPath, Options: compact(options), Silent: true, Beside: true, Word: ui.Say("use_passkey"), Problem: problem}
	if id != "" {
		a.Action = web.AttemptPath(passkeyPath, id)
	} else if back := backOf(r); back != "" {
		a.Action += "?back=" + url.QueryEscape(back)
	}
	return a, nil
}

func (h *Handler) askPassword(w http.ResponseWriter, r *http.Request, status int, a *sso.Attempt, problem string) error {
	page := passwordPage{
		Action: web.AttemptPath(passwordPath, a.ID), Who: who(a), NotYou: web.AttemptPath(emailPath, a.ID), Forgot: h.Forgot, Problem: problem,
	}
	if a.Session != "" {
		page.Confirm, page.NotYou, page.Forgot = true, "", ""
	}
	var err error
	if page.Passkey, err = h.anyPasskey(r, a.ID, ""); err != nil {
		return err
	}
	if page.Passkey != nil {
		page.Passkey.Silent = false // there is no field for a name to offer it in
	}
	return h.UI.Render(w, r, status, page)
}

func (h *Handler) askChoice(w http.ResponseWriter, r *http.Request, a *sso.Attempt) error {
	offered, err := h.Flow.Choices(r.Context(), *a)
	if err != nil {
		return err
	}
	page := ui.Choose{
		Action: web.AttemptPath(choosePath, a.ID), Who: who(a), NotYou: web.AttemptPath(emailPath, a.ID),
	}
	for _, c := range offered {
		page.Choices = append(page.Choices, ui.Choice(c))
	}
	return h.UI.Render(w, r, http.StatusOK, page)
}

// depart sends the browser to the identity provider, in answer to a GET.
func (h *Handler) depart(w http.ResponseWriter, r *http.Request, id sso.AttemptID) error {
	d, err := h.Flow.Depart(r.Context(), browserOf(r), id)
	if err != nil {
		return err
	}
	return h.leave(w, r, d)
}

// leave sends the browser off.
func (h *Handler) leave(w http.ResponseWriter, r *http.Request, d signin.Departure) error {
	if d.Form != nil {
		return h.post(w, r, d)
	}
	return web.SeeOtherSite(w, d.URL)
}

func (h *Handler) post(w http.ResponseWriter, r *http.Request, d signin.Departure) error {
	form := ui.Form{Action: d.Form.Action, Name: d.Name}
	for _, f := range d.Form.Fields {
		form.Fields = append(form.Fields, ui.FormField(f))
	}
	return h.UI.Post(w, r, form)
}

// finish is conclude for a sign-in that had all it needs a moment ago.
func (h *Handler) finish(w http.ResponseWriter, r *http.Request, id sso.AttemptID) error {
	err := h.conclude(w, r, id)
	if fault.Is(err, "attempt_step") {
		return web.SeeOther(w, r, web.LoginPath(id)) // more is needed by now
	}
	return err
}

// conclude makes the session, gives it to the browser, and sends it on: to the
// app that asked, with its answer, or to the account.
// Where that would put out another person, it asks first.
func (h *Handler) conclude(w http.ResponseWriter, r *http.Request, id sso.AttemptID) error {
	target, err := h.session(w, r, id, signin.AskFirst)
	if other, ok := errors.AsType[*signin.OtherPerson](err); ok {
		return h.UI.Render(w, r, http.StatusOK, ui.Switch{
			Action: web.AttemptPath(switchPath, id), Stay: accountPath, Now: other.Now, Next: other.Next,
		})
	}
	if err != nil {
		return err
	}
	switch {
	case len(target.Fields) > 0:
		return h.UI.Post(w, r, ui.Form{Action: target.URL, Fields: target.Fields})
	case strings.HasPrefix(target.URL, "/"):
		return web.SeeOther(w, r, target.URL)
	default:
		return web.SeeOtherApp(w, target.URL)
	}
}

// become serves POST /login/switch: the person agrees to be another one from
// now on. No link can do that.
func (h *Handler) become(w http.ResponseWriter, r *http.Request) error {
	id := attemptID(r)
	target, err := h.session(w, r, id, signin.Switch)
	if fault.Is(err, "attempt_step") {
		return web.SeeOther(w, r, web.LoginPath(id))
	}
	if err != nil {
		return err
	}
	switch {
	case len(target.Fields) > 0:
		return h.UI.Post(w, r, ui.Form{Action: target.URL, Fields: target.Fields})
	case strings.HasPrefix(target.URL, signin.AppStartPath):
		return h.UI.Leave(w, r, target.URL, "") // from there it goes to an app
	case strings.HasPrefix(target.URL, "/"):
		return web.SeeOther(w, r, target.URL)
	default:
		return h.UI.LeaveForApp(w, r, target.URL)
	}
}

// session makes the session and gives it to the browser. It returns where to go
// on: where the app that asked wants its answer, or at a path of ours.
func (h *Handler) session(w http.ResponseWriter, r *http.Request, id sso.AttemptID, consent signin.Consent) (End, error) {
	done, err := h.Flow.Finish(r.Context(), browserOf(r), id, consent)
	if err != nil {
		return End{}, err
	}
	web.Note(r, "ses", string(done.Session.ID))
	web.Note(r, "usr", string(done.Session.User))
	web.Note(r, "org", string(done.Session.Org))
	web.Note(r, "con", string(done.Session.Connection))
	web.SetSession(w, r, done.Token)
	if !done.Device.IsZero() {
		web.SetDevice(w, r, done.Device)
	}
	if !done.Known.IsZero() {
		web.SetKnown(w, r, done.Known)
	}
	switch {
	case done.Back != "":
		return End{URL: done.Back}, nil
	case done.Request == "":
		return End{URL: accountPath}, nil
	}
	if done.Refused != nil {
		return End{}, done.Refused
	}
	end := End{URL: done.Reply.URL}
	for _, f := range done.Reply.Fields {
		end.Fields = append(end.Fields, ui.FormField(f))
	}
	return end, nil
}

// home serves GET /: the account, or the sign-in before it.
func (h *Handler) home(w http.ResponseWriter, r *http.Request) error {
	return web.SeeOther(w, r, accountPath)
}
