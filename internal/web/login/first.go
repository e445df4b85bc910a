package login

import (
	"net/http"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// firstPage asks somebody who comes for the first time whether they have an
// account here. Whether there is one it does not know.
type firstPage struct {
	Action   string
	Lead     ui.Text
	Name     ui.Input
	Password ui.Input
	Passkey  *ui.Ask
	New      ui.Do
}

// Head implements [ui.Page].
func (firstPage) Head() ui.Head {
	return ui.Head{Template: "first", Title: ui.Say("first_title"), Scripts: []string{ui.PasskeyScript}}
}

// askFirst asks. typed is what was typed as the name before; "": nothing was.
func (h *Handler) askFirst(w http.ResponseWriter, r *http.Request, status int, id sso.AttemptID, typed, problem string) error {
	n, err := h.Flow.Newcomer(r.Context(), browserOf(r), id)
	if err != nil {
		return err
	}
	page := firstPageOf(id, n.Name, n.Email, n.Connection)
	if typed != "" {
		page.Name.Value = typed
	}
	switch problem {
	case "":
	case "ident_email", "ident_name":
		page.Name.Problem, page.Name.Focus, page.Password.Focus = problem, true, false
	case "password_wrong", "password_throttled", "password_length", "try_later":
		page.Password.Problem = problem
		problem = ""
	}
	if page.Name.Problem != "" {
		problem = ""
	}
	if page.Passkey, err = h.anyPasskey(r, id, problem); err != nil {
		return err
	}
	if page.Passkey != nil {
		page.Passkey.Action, page.Passkey.Silent = web.AttemptPath(firstKeyPath, id), false
	}
	return h.UI.Render(w, r, status, page)
}

func firstPageOf(id sso.AttemptID, name string, email sso.Email, connection string) firstPage {
	p := firstPage{
		Action:   web.AttemptPath(firstPath, id),
		Lead:     ui.Say("first_text_address", "Connection", connection, "Address", email.String()),
		Name:     ui.Input{Name: "name", Label: ui.Say("email"), Value: email.String(), Complete: "username", Mode: "email", Max: 320},
		Password: ui.Input{Name: "password", Label: ui.Say("password"), Type: "password", Complete: "current-password", Focus: true},
		New:      ui.Do{Word: ui.Say("first_new"), Action: web.AttemptPath(firstNewPath, id), Icon: "person"},
	}
	if name != "" {
		p.Lead = ui.Say("first_text", "Connection", connection, "Name", name, "Address", email.String())
	}
	return p
}

// first serves POST /login/first: the account of whoever knows its password.
func (h *Handler) first(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	id := attemptID(r)
	a, err := h.Flow.Connect(r.Context(), browserOf(r), id, form.Get("name"), form.Get("password"))
	if !beside(err, "password_wrong", "password_throttled", "password_length", "try_later", "ident_email", "ident_name") {
		return h.goOn(w, r, a, err)
	}
	f, status := web.Record(r, err)
	return h.askFirst(w, r, status, id, form.Get("name"), f.Code)
}

// firstKey serves POST /login/first/passkey.
func (h *Handler) firstKey(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	id := attemptID(r)
	a, err := h.Flow.ConnectPasskey(r.Context(), browserOf(r), id, []byte(form.Get("credential")))
	if !beside(err, "passkey_unknown", "passkey_refused", "passkey_unreadable", "factor_over", "try_later") {
		return h.goOn(w, r, a, err)
	}
	f, status := web.Record(r, err)
	return h.askFirst(w, r, status, id, "", f.Code)
}

// firstNew serves POST /login/first/new: they have none.
func (h *Handler) firstNew(w http.ResponseWriter, r *http.Request) error {
	a, err := h.Flow.Register(r.Context(), browserOf(r), attemptID(r))
	return h.goOn(w, r, a, err)
}
