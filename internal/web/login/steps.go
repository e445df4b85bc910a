package login

import (
	"cmp"
	"net/http"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
)

// start serves GET /login: with an attempt it goes on; without one it asks who
// is there and stores nothing yet, unless somebody is signed in.
func (h *Handler) start(w http.ResponseWriter, r *http.Request) error {
	if attemptID(r) != "" {
		return h.resume(w, r)
	}
	switch in, err := h.signedIn(r); {
	case err != nil:
		return err
	case in:
		return web.SeeOther(w, r, cmp.Or(backOf(r), accountPath))
	}
	return h.askIdentity(w, r, http.StatusOK, identifyPage{Action: web.SignInPath(backOf(r))}, "")
}

// backOf returns the page of ours that the URL names to go on to; "": none that
// a browser may be led to.
func backOf(r *http.Request) string {
	if back := r.URL.Query().Get("back"); web.LocalPath(back) {
		return back
	}
	return ""
}

// begun returns the attempt of a form. One that was sent from the first page on
// the way to another has none yet, and gets one that leads there.
func (h *Handler) begun(r *http.Request) (sso.AttemptID, error) {
	id, back := attemptID(r), backOf(r)
	if id != "" || back == "" {
		return id, nil
	}
	a, err := h.Flow.Begin(r.Context(), browserOf(r), signin.Start{Back: back})
	if err != nil {
		return "", err
	}
	web.RetryAt(r, web.AgainPath(a.ID))
	return a.ID, nil
}

// organization serves GET /login/{org}, the sign-on URL of one organization. Who
// has asked for too many that there are not is led to the page for all: there an
// address says where they belong.
func (h *Handler) organization(w http.ResponseWriter, r *http.Request) error {
	key, err := sso.ParseKey(r.PathValue("org"))
	if err != nil {
		return &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Fix: fault.PersonSide, Err: err}
	}
	a, departure, err := h.Flow.SignOn(r.Context(), browserOf(r), key)
	switch {
	case fault.Is(err, "try_later"):
		return web.SeeOther(w, r, identifyPath)
	case err != nil:
		return err
	}
	return h.setOut(w, r, a, departure)
}

// tile serves GET /login/tile: somebody came by a tile at their identity
// provider, which is asked now who they are. Whoever leads a browser here does
// no more than a link to the sign-on URL would.
func (h *Handler) tile(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	key, err := sso.ParseKey(q.Get("connection"))
	if err != nil {
		return &fault.Error{Kind: fault.NotFound, Code: "connection_unknown", Fix: fault.PersonSide, Err: err}
	}
	a, err := h.Flow.BeginTile(r.Context(), browserOf(r), signin.Tile{Connection: key, App: q.Get("app")})
	if err != nil {
		return err
	}
	note(r, &a)
	return h.depart(w, r, a.ID)
}

// Begin answers a request by beginning a sign-in, with its first page or on the
// way to the identity provider, as far as the way is known. A POST is answered
// as one of ours: browsers let no form lead out by a redirect.
func (h *Handler) Begin(w http.ResponseWriter, r *http.Request, start signin.Start) error {
	if r.Method == http.MethodPost {
		a, err := h.Flow.Begin(r.Context(), browserOf(r), start)
		if err != nil {
			return err
		}
		return h.goOn(w, r, a, nil)
	}
	a, departure, err := h.Flow.SetOut(r.Context(), browserOf(r), start)
	if err != nil {
		return err
	}
	return h.setOut(w, r, a, departure)
}

// setOut leads on who has begun a sign-in by a GET.
func (h *Handler) setOut(w http.ResponseWriter, r *http.Request, a sso.Attempt, departure *signin.Departure) error {
	note(r, &a)
	switch {
	case departure != nil:
		return h.leave(w, r, *departure)
	case a.Next() == sso.StepSSO:
		return h.depart(w, r, a.ID)
	}
	return web.SeeOther(w, r, pathOf(a.Next(), a.ID))
}

// notYou serves GET /login/email: "not you?".
func (h *Handler) notYou(w http.ResponseWriter, r *http.Request) error {
	a, err := h.attempt(r)
	if err != nil {
		return err
	}
	if a.Session != "" {
		return web.SeeOther(w, r, web.LoginPath(a.ID)) // it is known who it is
	}
	return h.askIdentity(w, r, http.StatusOK, identifyPage{Action: web.LoginPath(a.ID), Typed: who(&a)}, a.ID)
}

// again serves GET /login/again: a new beginning for whom a sign-in failed,
// with what the app asked for, or on the way to the same page. One that has not failed, but signed the person
// in, is not begun again: the app has had its answer.
func (h *Handler) again(w http.ResponseWriter, r *http.Request) error {
	id := attemptID(r)
	if _, err := h.Flow.Attempt(r.Context(), browserOf(r), id); fault.Is(err, "attempt_over") {
		switch in, err := h.signedIn(r); {
		case err != nil:
			return err
		case in:
			return web.SeeOther(w, r, accountPath)
		}
	}
	start, err := h.Flow.Begun(r.Context(), browserOf(r), id)
	if err != nil || start.Request == "" {
		return web.SeeOther(w, r, web.SignInPath(start.Back))
	}
	request, err := h.Again(r.Context(), start.Request)
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, authorizePath+"?"+request)
}

// identify serves POST /login.
func (h *Handler) identify(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	id, err := h.begun(r)
	if err != nil {
		return err
	}
	typed := form.Get("email")
	var by sso.Method
	if form.Get("by") == string(sso.ByPassword) {
		by = sso.ByPassword
	}
	a, err := h.Flow.Identify(r.Context(), browserOf(r), id, typed, by)
	if beside(err, "ident_email", "ident_name") {
		f, status := web.Record(r, err)
		action := identifyPath
		if id != "" {
			action = web.LoginPath(id)
		}
		return h.askIdentity(w, r, status, identifyPage{Action: action, Typed: typed, Problem: f.Code}, id)
	}
	return h.goOn(w, r, a, err)
}

// password serves POST /login/password.
func (h *Handler) password(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	id := attemptID(r)
	a, err := h.Flow.Password(r.Context(), browserOf(r), id, form.Get("password"))
	if !beside(err, "password_wrong", "password_throttled", "password_length", "try_later") {
		return h.goOn(w, r, a, err)
	}
	f, status := web.Record(r, err)
	if a, err = h.Flow.Attempt(r.Context(), browserOf(r), id); err != nil {
		return err
	}
	return h.askPassword(w, r, status, &a, f.Code)
}

// choose serves POST /login/choose.
func (h *Handler) choose(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	a, err := h.Flow.Choose(r.Context(), browserOf(r), attemptID(r), form.Get("choice"))
	return h.goOn(w, r, a, err)
}

// goOn answers a POST that has done its step, or has not.
func (h *Handler) goOn(w http.ResponseWriter, r *http.Request, a sso.Attempt, err error) error {
	if fault.Is(err, "attempt_step") {
		// An old page, sent again: the sign-in goes on from where it is.
		return web.SeeOther(w, r, web.LoginPath(attemptID(r)))
	}
	if err != nil {
		return err
	}
	note(r, &a)
	switch a.Next() {
	case sso.StepSSO:
		d, err := h.Flow.Depart(r.Context(), browserOf(r), a.ID)
		if err != nil {
			return err
		}
		if d.Form != nil {
			return h.post(w, r, d)
		}
		return h.UI.Leave(w, r, d.URL, d.Name)
	case sso.StepFinish:
		// The session is made by a GET, from which the browser may be sent
		// anywhere, to an app's own scheme too.
		return h.UI.Leave(w, r, web.ContinuePath(a.ID), "")
	default:
		return web.SeeOther(w, r, pathOf(a.Next(), a.ID))
	}
}

// proceed serves GET /login/continue, where a sign-in goes on that was proved
// elsewhere. Nearly all of them can be finished: that is tried first.
func (h *Handler) proceed(w http.ResponseWriter, r *http.Request) error {
	id := attemptID(r)
	if id == "" {
		return web.SeeOther(w, r, identifyPath)
	}
	if err := web.MustBeBound(r); err != nil {
		return err
	}
	err := h.conclude(w, r, id)
	if fault.Is(err, "attempt_step") {
		return h.resume(w, r)
	}
	return err
}

// resume serves GET of every page that has an attempt. It is the one place
// that decides what a sign-in needs next.
func (h *Handler) resume(w http.ResponseWriter, r *http.Request) error {
	if attemptID(r) == "" {
		return web.SeeOther(w, r, identifyPath)
	}
	a, err := h.attempt(r)
	if err != nil {
		return err
	}
	step := a.Next()
	switch step {
	case sso.StepSSO:
		return h.depart(w, r, a.ID)
	case sso.StepFinish:
		return h.finish(w, r, a.ID)
	case sso.StepOver:
		return &fault.Error{Kind: fault.Conflict, Code: "attempt_over", Fix: fault.PersonSide}
	}
	if path := pathOf(step, a.ID) + soughtIn(r, step); r.URL.RequestURI() != path {
		return web.SeeOther(w, r, path)
	}
	switch step {
	case sso.StepPassword:
		return h.askPassword(w, r, http.StatusOK, &a, "")
	case sso.StepChoose:
		return h.askChoice(w, r, &a)
	case sso.StepOrg:
		return h.askOrganization(w, r, &a)
	case sso.StepPasskey:
		return h.askPasskey(w, r, http.StatusOK, &a, "")
	case sso.StepFirst:
		return h.askFirst(w, r, http.StatusOK, a.ID, "", "")
	default:
		return h.askIdentity(w, r, http.StatusOK, identifyPage{Action: web.LoginPath(a.ID), Typed: who(&a)}, a.ID)
	}
}

// pathOf returns where the page of a step is.
func pathOf(step sso.Step, id sso.AttemptID) string {
	switch step {
	case sso.StepPassword:
		return web.AttemptPath(passwordPath, id)
	case sso.StepChoose, sso.StepOrg:
		return web.AttemptPath(choosePath, id)
	case sso.StepPasskey:
		return web.AttemptPath(passkeyPath, id)
	case sso.StepFirst:
		return web.AttemptPath(firstPath, id)
	case sso.StepFactor:
		return web.AttemptPath(factorPath, id)
	case sso.StepEnrol:
		return web.AttemptPath(enrolPath, id)
	default:
		return web.LoginPath(id)
	}
}
