package login

import (
	"cmp"
	"html/template"
	"net/http"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/otp"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// enrol serves GET /login/enrol: a second factor is to be added.
func (h *Handler) enrol(w http.ResponseWriter, r *http.Request) error {
	a, here, err := h.waiting(w, r, sso.StepEnrol)
	if err != nil || !here {
		return err
	}
	return h.askEnrol(w, r, http.StatusOK, &a, enrolment{
		kind: sso.FactorKind(r.URL.Query().Get("by")), another: r.URL.Query().Has("another"),
	})
}

// number serves POST /login/enrol/number: a code goes to a number that is to be
// added.
func (h *Handler) number(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	id, number := attemptID(r), form.Get("number")
	err = h.Flow.OfferNumber(r.Context(), browserOf(r), id, number)
	if besideCode(err) {
		return h.enrolProblem(w, r, id, err, enrolment{kind: sso.FactorSMS, number: number})
	}
	if fault.Is(err, "attempt_step") {
		return web.SeeOther(w, r, web.LoginPath(id))
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, by(enrolPath, id, string(sso.FactorSMS)))
}

// add serves POST /login/enrol. Recovery codes are shown in answer to it, and
// never again.
func (h *Handler) add(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	id, in := attemptID(r), signin.Addition{
		Kind: sso.FactorKind(form.Get("by")), Offer: form.Get("offer"), Code: form.Get("code"), Response: []byte(form.Get("credential")),
		Remember: form.Has("remember"),
	}
	a, codes, err := h.Flow.Enrol(r.Context(), browserOf(r), id, in)
	if besideCode(err) {
		return h.enrolProblem(w, r, id, err, enrolment{kind: in.Kind, offer: in.Offer, sent: true})
	}
	if err == nil && len(codes) > 0 {
		return h.UI.Render(w, r, http.StatusOK, codesPage{Codes: codes, Download: codesPath, Continue: web.ContinuePath(id)})
	}
	return h.goOn(w, r, a, err)
}

// enrolProblem shows the page again, with what was wrong.
func (h *Handler) enrolProblem(w http.ResponseWriter, r *http.Request, id sso.AttemptID, cause error, e enrolment) error {
	f, status := web.Record(r, cause)
	a, err := h.Flow.Attempt(r.Context(), browserOf(r), id)
	if err != nil {
		return err
	}
	if a.Next() != sso.StepEnrol {
		return web.SeeOther(w, r, web.LoginPath(id))
	}
	e.problem = f.Code
	return h.askEnrol(w, r, status, &a, e)
}

// enrolment is how far somebody has come with adding a second factor.
type enrolment struct {
	kind    sso.FactorKind // "": not chosen
	offer   string         // of the app, from before
	number  string         // that was typed
	another bool           // number is wanted than that to which a code was sent
	sent    bool           // it is about the code, and not about the number
	problem string
}

// askEnrol has the person add a second factor.
func (h *Handler) askEnrol(w http.ResponseWriter, r *http.Request, status int, a *sso.Attempt, e enrolment) error {
	offered, err := h.Flow.Offer(r.Context(), browserOf(r), a.ID, e.kind, e.offer)
	if fault.Is(err, "attempt_step") {
		return web.SeeOther(w, r, web.LoginPath(a.ID))
	}
	if err != nil {
		return err
	}
	action, fields := web.AttemptPath(enrolPath, a.ID), []ui.Hidden{{Name: "by", Value: string(e.kind)}}
	form := &codeForm{Action: action, Fields: fields, Code: codeInput(e.problem), Submit: ui.Submit{Word: ui.Say("add")}}
	page := enrolPage{Who: cmp.Or(who(a), offered.Name), Asks: wanted(offered.By)}
	switch {
	case e.kind == sso.FactorTOTP:
		page.Title, page.Lead, page.Form = ui.Say("enrol_app_title"), ui.Say("enrol_app"), form
		form.Fields = append(form.Fields, ui.Hidden{Name: "offer", Value: offered.App.Offer})
		page.App = &appOffer{
			QR: picture(offered.App.Picture), Copy: ui.Copy{ID: "secret", Label: ui.Say("app_secret"), Value: offered.App.Text}, URI: template.URL(offered.App.URI), // of our own making
		}
	case e.kind == sso.FactorPasskey && offered.Passkey != nil:
		page.Title, page.Lead = ui.Say("enrol_passkey_title"), ui.Say("enrol_passkey")
		page.Ask = &ui.Ask{Action: action, Options: compact(offered.Passkey), Create: true, Word: ui.Say("make_passkey"), Fields: fields, Problem: e.problem}
	case e.kind == sso.FactorSMS:
		h.enrolNumber(&page, a, offered.Sent, form, e)
	default:
		page.Title, page.Lead = ui.Say("enrol_title"), ui.Say("enrol_text")
		if offered.By.App != "" {
			page.Lead = ui.Say("enrol_choose")
		}
		for _, kind := range offered.Kinds {
			page.Kinds = append(page.Kinds, choice{
				Icon: iconOf(sso.Second(kind)), Path: by(enrolPath, a.ID, string(kind)), Name: ui.Say("kind_" + string(kind)), Help: ui.Say("kind_" + string(kind) + "_help"),
			})
		}
		return h.UI.Render(w, r, status, page)
	}
	if len(offered.Kinds) > 1 {
		page.Others = append(page.Others, ui.Button{Word: ui.Say("choose_other"), Icon: "back", Path: action})
	}
	return h.UI.Render(w, r, status, page)
}

// enrolNumber asks for a number, or for the code that was sent to it.
func (h *Handler) enrolNumber(page *enrolPage, a *sso.Attempt, sent *signin.SentCode, form *codeForm, e enrolment) {
	page.Title = ui.Say("enrol_sms_title")
	input := ui.Input{
		Name: "number", Label: ui.Say("number"), Help: ui.Say("number_help"), Type: "tel", Complete: "tel", Value: e.number, Max: 40, Focus: true,
	}
	if sent != nil && sent.Factor == "" && !e.another && (e.sent || e.problem == "") {
		page.Lead, page.Form = ui.Say("factor_sent", "Digits", sent.Hint), form
		page.Others = append(page.Others, ui.Button{Word: ui.Say("another_number"), Icon: "phone", Path: by(enrolPath, a.ID, string(sso.FactorSMS)) + "&another"})
		return
	}
	input.Problem = e.problem
	page.Lead = ui.Say("enrol_sms")
	page.Number = &numberForm{Action: web.AttemptPath(numberPath, a.ID), Number: input, Submit: ui.Submit{Word: ui.Say("send_code")}}
}

// download serves POST /login/enrol/codes: the recovery codes that the page
// shows, as a file. Nothing but codes is sent back.
func (h *Handler) download(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	codes := strings.Fields(form.Get("codes"))
	for _, code := range codes {
		if _, err := otp.RecoveryHash(code); err != nil || len(codes) > sso.RecoveryCodes {
			return &fault.Error{Kind: fault.Invalid, Code: "request_form", Fix: fault.PersonSide, Err: err}
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="recovery-codes.txt"`)
	_, err = w.Write([]byte(strings.Join(codes, "\r\n") + "\r\n"))
	return err
}
