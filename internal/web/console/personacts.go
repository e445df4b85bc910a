package console

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// act runs a change of the person that the URL names and goes back to their
// page, or to what is told otherwise. A refusal leads back to their page too.
func (h *Handler) act(w http.ResponseWriter, r *http.Request, saved string, do func(v *visit, form url.Values) error) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	back := v.toPerson(userOf(r), "")
	web.RetryAt(r, back)
	if err := do(&v, form); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(back, saved))
}

// askEdit serves GET /console/people/{user}/edit.
func (h *Handler) askEdit(w http.ResponseWriter, r *http.Request) error {
	return h.showEdit(w, r, http.StatusOK, ui.Filled{})
}

func (h *Handler) showEdit(w http.ResponseWriter, r *http.Request, status int, f ui.Filled) error {
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	d, err := h.Flow.Person(r.Context(), &v.Place, userOf(r))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, status, editPage(&v, &d, f))
}

func editPage(v *visit, d *provision.PersonPage, f ui.Filled) formPage {
	u := &d.User
	p := formPage{Shell: v.belowPerson(u), Name: ui.Say("edit_of", "Name", u.Name())}
	address := ui.Input{Name: "email", Label: ui.Say("address"), Help: ui.Say("address_help"), Value: u.Email.String(), Type: "email", Optional: true}
	if v.acted() {
		address.Fixed, address.Help = true, ui.Problem("acting_credentials")
	}
	if len(d.Links) > 0 {
		p.Notices = append(p.Notices, ui.Notice{Text: ui.Say("edit_linked", "Connection", d.Links[0].ConnectionName)})
	}
	p.Forms = []form{{
		Action: v.toPerson(u.ID, "/edit"),
		Hidden: []ui.Hidden{{Name: "version", Value: strconv.FormatInt(u.Version, 10)}},
		Fields: []field{
			input(f.Input(ui.Input{Name: "first_name", Label: ui.Say("first_name"), Value: u.FirstName, Max: 4 * sso.MaxName, Optional: true, Focus: true})),
			input(f.Input(ui.Input{Name: "last_name", Label: ui.Say("last_name"), Value: u.LastName, Max: 4 * sso.MaxName, Optional: true})),
			input(f.Input(address)),
			input(f.Input(ui.Input{Name: "username", Label: ui.Say("username"), Help: ui.Say("username_help"), Value: u.Username, Max: 4 * sso.MaxUsername, Mono: true, Optional: true})),
			choose(f.Select(languageSelect(u.Language))),
		},
		Submit: ui.Submit{Word: ui.Say("save_changes"), Cancel: v.toPerson(u.ID, "")},
	}}
	return p
}

// languageSelect offers the languages of our mails and pages. One that we do
// not speak stays where it was chosen.
func languageSelect(value string) ui.Select {
	s := ui.Select{Name: "language", Label: ui.Say("language"), Help: ui.Say("language_help"), Value: value, Options: []ui.Option{
		{Label: ui.Say("language_any")}, {Value: "en", Label: ui.As("English")}, {Value: "de", Label: ui.As("Deutsch")},
	}}
	if value != "" && value != "en" && value != "de" {
		s.Options = append(s.Options, ui.Option{Value: value, Label: ui.As(value)})
	}
	return s
}

// edit serves POST /console/people/{user}/edit.
func (h *Handler) edit(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	version, _ := strconv.ParseInt(form.Get("version"), 10, 64) // 0 is no version that anybody looked at
	err = h.Flow.EditPerson(r.Context(), &v.by, v.ID, userOf(r), provision.Profile{
		Version: version, FirstName: form.Get("first_name"), LastName: form.Get("last_name"),
		Username: strings.TrimSpace(form.Get("username")), Email: strings.TrimSpace(form.Get("email")), Language: form.Get("language"),
	})
	if err != nil {
		web.RetryAt(r, v.toPerson(userOf(r), "/edit"))
		fields := map[string]string{
			"ident_email": "email", "ident_foreign": "email", "address_taken": "email", "session_stale": "email", "username_form": "username", "username_taken": "username", "language_form": "language",
		}
		return ui.Filled{Values: form}.Again(r, err, fields, func(f ui.Filled, status int) error { return h.showEdit(w, r, status, f) })
	}
	return web.SeeOther(w, r, ui.Saved(v.toPerson(userOf(r), ""), "person_changed"))
}

// changeRole serves POST /console/people/{user}/role.
func (h *Handler) changeRole(w http.ResponseWriter, r *http.Request) error {
	return h.act(w, r, "role_changed", func(v *visit, form url.Values) error {
		return h.Flow.ChangeRole(r.Context(), &v.by, v.ID, userOf(r), form.Get("role"))
	})
}

// setGroups serves POST /console/people/{user}/groups.
func (h *Handler) setGroups(w http.ResponseWriter, r *http.Request) error {
	return h.act(w, r, "groups_changed", func(v *visit, form url.Values) error {
		return h.Flow.SetGroups(r.Context(), &v.by, v.ID, userOf(r), form["groups"])
	})
}

// askAccess serves GET /console/people/{user}/access.
func (h *Handler) askAccess(w http.ResponseWriter, r *http.Request) error {
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	d, err := h.Flow.Person(r.Context(), &v.Place, userOf(r))
	if err != nil {
		return err
	}
	builtIn, err := h.readRoles(r.Context(), &v)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, accessPage(&v, &d, builtIn))
}

// accessName begins the names of the fields of access, before an identifier.
const accessName = "in-"

func accessPage(v *visit, d *provision.PersonPage, builtIn []sso.Role) formPage {
	u := &d.User
	p := formPage{Shell: v.belowPerson(u), Name: ui.Say("access_of", "Name", u.Name())}
	p.Lead = ui.Say("access_lead")
	f := form{Action: v.toPerson(u.ID, "/access"), Submit: ui.Submit{Word: ui.Say("save_changes"), Cancel: v.toPerson(u.ID, "")}}
	for i := range d.Tree {
		a := &d.Tree[i]
		s := ui.Select{Name: accessName + string(a.ID), Label: ui.As(a.Name), Help: ui.As(a.Key), Value: string(a.Role)}
		if a.Fixed != "" {
			s.Help, s.Options = ui.Problem(a.Fixed), []ui.Option{{Value: string(a.Role), Label: v.roleName(a.Role)}}
		} else {
			s.Options = append([]ui.Option{{Label: ui.Say("access_no")}}, v.roleOptions(builtIn, a.Role)...)
		}
		f.Fields = append(f.Fields, choose(s))
	}
	p.Forms = []form{f}
	return p
}

// setAccess serves POST /console/people/{user}/access.
func (h *Handler) setAccess(w http.ResponseWriter, r *http.Request) error {
	return h.act(w, r, "access_changed", func(v *visit, form url.Values) error {
		want := map[sso.OrgID]string{}
		for name, values := range form {
			if id, ok := strings.CutPrefix(name, accessName); ok && len(values) > 0 {
				want[sso.OrgID(id)] = values[0]
			}
		}
		return h.Flow.SetAccess(r.Context(), &v.by, v.ID, userOf(r), want)
	})
}

// confirm shows a page that asks about the person whom the URL names.
func (h *Handler) confirm(w http.ResponseWriter, r *http.Request, status int, ask func(v *visit, d *provision.PersonPage) ui.Confirm) error {
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	d, err := h.Flow.Person(r.Context(), &v.Place, userOf(r))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, status, confirmPage{Shell: v.belowPerson(&d.User), Confirm: ask(&v, &d)})
}

// askSuspend serves GET /console/people/{user}/suspend.
func (h *Handler) askSuspend(w http.ResponseWriter, r *http.Request) error {
	return h.confirm(w, r, http.StatusOK, func(v *visit, d *provision.PersonPage) ui.Confirm {
		return suspendConfirm(v, &d.User, len(d.Sessions))
	})
}

// suspend serves POST /console/people/{user}/suspend.
func (h *Handler) suspend(w http.ResponseWriter, r *http.Request) error {
	return h.act(w, r, "suspended", func(v *visit, _ url.Values) error {
		return h.Flow.Suspend(r.Context(), &v.by, v.ID, userOf(r))
	})
}

// resume serves POST /console/people/{user}/resume.
func (h *Handler) resume(w http.ResponseWriter, r *http.Request) error {
	return h.act(w, r, "resumed", func(v *visit, _ url.Values) error {
		return h.Flow.Resume(r.Context(), &v.by, v.ID, userOf(r))
	})
}

// unlock serves POST /console/people/{user}/unlock.
func (h *Handler) unlock(w http.ResponseWriter, r *http.Request) error {
	return h.act(w, r, "unlocked", func(v *visit, _ url.Values) error {
		return h.Flow.Unlock(r.Context(), &v.by, v.ID, userOf(r))
	})
}

// resetPassword serves POST /console/people/{user}/reset-password.
func (h *Handler) resetPassword(w http.ResponseWriter, r *http.Request) error {
	return h.act(w, r, "password_reset_sent", func(v *visit, _ url.Values) error {
		return h.Flow.ResetPassword(r.Context(), &v.by, v.ID, userOf(r))
	})
}

// askResetAccount serves GET /console/people/{user}/reset-account.
func (h *Handler) askResetAccount(w http.ResponseWriter, r *http.Request) error {
	return h.confirm(w, r, http.StatusOK, func(v *visit, d *provision.PersonPage) ui.Confirm { return resetConfirm(v, d, "") })
}

// resetAccount serves POST /console/people/{user}/reset-account.
func (h *Handler) resetAccount(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	d, err := h.Flow.Person(r.Context(), &v.Place, userOf(r))
	if err != nil {
		return err
	}
	if err := ui.Confirmed(form, d.User.Name()); err != nil {
		known, status := web.Record(r, err)
		return h.UI.Render(w, r, status, confirmPage{Shell: v.belowPerson(&d.User), Confirm: resetConfirm(&v, &d, known.Code)})
	}
	back := v.toPerson(userOf(r), "")
	web.RetryAt(r, back)
	if err := h.Flow.ResetAccount(r.Context(), &v.by, v.ID, userOf(r)); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(back, "account_reset"))
}

// askRemove serves GET /console/people/{user}/remove.
func (h *Handler) askRemove(w http.ResponseWriter, r *http.Request) error {
	return h.showRemove(w, r, http.StatusOK, "")
}

func (h *Handler) showRemove(w http.ResponseWriter, r *http.Request, status int, problem string) error {
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	removal, err := h.Flow.Removal(r.Context(), &v.Place, userOf(r))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, status, confirmPage{Shell: v.belowPerson(&removal.User), Confirm: removeConfirm(&v, &removal, problem)})
}

// remove serves POST /console/people/{user}/remove.
func (h *Handler) remove(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	removal, err := h.Flow.Removal(r.Context(), &v.Place, userOf(r))
	if err != nil {
		return err
	}
	if removal.Deletes {
		if err := ui.Confirmed(form, removal.User.Name()); err != nil {
			known, status := web.Record(r, err)
			return h.showRemove(w, r, status, known.Code)
		}
	}
	web.RetryAt(r, v.toPerson(userOf(r), ""))
	if err := h.Flow.Remove(r.Context(), &v.by, v.ID, userOf(r)); err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(v.to(peoplePath), "removed"))
}

// signOut serves POST /console/people/{user}/sign-out.
func (h *Handler) signOut(w http.ResponseWriter, r *http.Request) error {
	v, err := h.enter(r)
	if err != nil {
		return err
	}
	n, err := h.Flow.EndSessions(r.Context(), &v.by, v.ID, userOf(r))
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.SavedCount(v.toPerson(userOf(r), ""), "sessions_ended", n))
}

// endSession serves POST /console/people/{user}/sessions/{session}/end.
func (h *Handler) endSession(w http.ResponseWriter, r *http.Request) error {
	return h.act(w, r, "session_ended", func(v *visit, _ url.Values) error {
		return h.Flow.EndSession(r.Context(), &v.by, v.ID, userOf(r), sso.SessionID(r.PathValue("session")))
	})
}
