package login

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// besideCode lists what is told beside the field of a code, and not on a page
// of its own.
func besideCode(err error) bool {
	return beside(err, "code_wrong", "code_used", "code_over", "try_later", "factor_over", "sms_limit", "sms_budget", "sms_country", "phone_form",
		"phone_taken", "passkey_unknown", "passkey_refused", "passkey_unreadable", "passkey_taken")
}

// waiting returns the browser's attempt if it is at this step, or sends the
// browser on to where it is.
func (h *Handler) waiting(w http.ResponseWriter, r *http.Request, step sso.Step) (sso.Attempt, bool, error) {
	a, err := h.attempt(r)
	if err != nil {
		return a, false, err
	}
	if a.Next() != step {
		return a, false, web.SeeOther(w, r, web.LoginPath(a.ID))
	}
	return a, true, nil
}

// by returns the path of a page for one of several ways.
func by(path string, id sso.AttemptID, way string) string {
	return web.AttemptPath(path, id) + "&by=" + url.QueryEscape(way)
}

// factor serves GET /login/factor: the second factor.
func (h *Handler) factor(w http.ResponseWriter, r *http.Request) error {
	a, here, err := h.waiting(w, r, sso.StepFactor)
	if err != nil || !here {
		return err
	}
	return h.askFactor(w, r, http.StatusOK, &a, sso.Second(r.URL.Query().Get("by")), "")
}

// prove serves POST /login/factor.
func (h *Handler) prove(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	id, in := attemptID(r), signin.Answer{
		By: sso.Second(form.Get("by")), Code: form.Get("code"), Response: []byte(form.Get("credential")), Remember: form.Has("remember"),
	}
	a, err := h.Flow.Factor(r.Context(), browserOf(r), id, in)
	if !besideCode(err) {
		return h.goOn(w, r, a, err)
	}
	f, status := web.Record(r, err)
	if a, err = h.Flow.Attempt(r.Context(), browserOf(r), id); err != nil {
		return err
	}
	return h.askFactor(w, r, status, &a, in.By, f.Code)
}

// send serves POST /login/factor/send: a code goes to one of the person's
// numbers.
func (h *Handler) send(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	id := attemptID(r)
	err = h.Flow.SendCode(r.Context(), browserOf(r), id, sso.FactorID(form.Get("factor")))
	if besideCode(err) {
		f, status := web.Record(r, err)
		a, err := h.Flow.Attempt(r.Context(), browserOf(r), id)
		if err != nil {
			return err
		}
		return h.askFactor(w, r, status, &a, sso.SecondSMS, f.Code)
	}
	if fault.Is(err, "attempt_step") {
		return web.SeeOther(w, r, web.LoginPath(id))
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, by(factorPath, id, string(sso.SecondSMS)))
}

// askFactor asks for a second factor, by the way that the person has chosen,
// or the safest that they have.
func (h *Handler) askFactor(w http.ResponseWriter, r *http.Request, status int, a *sso.Attempt, way sso.Second, problem string) error {
	asked, err := h.Flow.Asked(r.Context(), browserOf(r), a.ID)
	if fault.Is(err, "attempt_step") {
		return web.SeeOther(w, r, web.LoginPath(a.ID))
	}
	if err != nil {
		return err
	}
	ways := waysOf(&asked)
	if len(ways) == 0 { // the last one was removed this very moment
		return web.SeeOther(w, r, web.AttemptPath(continuePath, a.ID))
	}
	if !slices.Contains(ways, way) {
		way = ways[0]
	}
	page := factorPage{Who: cmp.Or(who(a), asked.Name), Asks: wanted(asked.By)}
	if asked.By.Key && !slices.ContainsFunc(asked.Factors, func(f sso.Factor) bool { return f.Kind == sso.FactorPasskey }) {
		page.Asks = ui.Say("asks_key_first", "App", asked.By.App)
	}
	for _, other := range ways {
		if other != way {
			page.Others = append(page.Others, ui.Button{Word: ui.Say("by_" + string(other)), Icon: iconOf(other), Path: by(factorPath, a.ID, string(other))})
		}
	}
	h.fill(&page, a, &asked, way, problem)
	page.lasts(asked.By)
	return h.UI.Render(w, r, status, page)
}

// wanted says which app wants a second factor. Where none does, it is the
// organization, and goes without saying.
func wanted(by signin.AskedBy) ui.Text {
	switch {
	case by.App == "":
		return ui.Text{}
	case by.Key:
		return ui.Say("asks_key", "App", by.App)
	default:
		return ui.Say("asks_factor", "App", by.App)
	}
}

// lasts takes the offer to remember the browser away where an app asks: what is
// remembered is no factor to it, and it would ask the next time as well.
func (p *factorPage) lasts(by signin.AskedBy) {
	if by.App == "" {
		return
	}
	if p.Form != nil {
		p.Form.Check = nil
	}
	if p.Ask != nil {
		p.Ask.Check = nil
	}
}

// waysOf returns the ways that a person has, the safest first.
func waysOf(asked *signin.Asked) []sso.Second {
	has := func(kind sso.FactorKind) bool {
		return slices.ContainsFunc(asked.Factors, func(f sso.Factor) bool { return f.Kind == kind })
	}
	var ways []sso.Second
	if asked.Passkey != nil {
		ways = append(ways, sso.SecondPasskey)
	}
	if has(sso.FactorTOTP) {
		ways = append(ways, sso.SecondTOTP)
	}
	if has(sso.FactorSMS) {
		ways = append(ways, sso.SecondSMS)
	}
	if asked.Recovery {
		ways = append(ways, sso.SecondRecovery)
	}
	return ways
}

// iconOf returns the picture of a way.
func iconOf(way sso.Second) string {
	switch way {
	case sso.SecondPasskey:
		return "passkey"
	case sso.SecondSMS:
		return "phone"
	case sso.SecondRecovery:
		return "lock"
	default:
		return "clock"
	}
}

// fill puts into the page what one way needs.
func (h *Handler) fill(page *factorPage, a *sso.Attempt, asked *signin.Asked, way sso.Second, problem string) {
	action, fields := web.AttemptPath(factorPath, a.ID), []ui.Hidden{{Name: "by", Value: string(way)}}
	remember := &ui.Check{Name: "remember", Label: ui.Say("remember"), Help: ui.Say("remember_help")}
	form := &codeForm{Action: action, Fields: fields, Code: codeInput(problem), Check: remember, Submit: ui.Submit{Word: ui.Say("continue")}}
	switch way {
	case sso.SecondPasskey:
		page.Lead = ui.Say("factor_passkey")
		page.Ask = &ui.Ask{
			Action: action, Options: compact(asked.Passkey), Word: ui.Say("use_key"), Fields: fields, Check: remember, Problem: problem,
		}
	case sso.SecondSMS:
		h.fillSMS(page, a, asked, form, problem)
	case sso.SecondRecovery:
		page.Lead, page.Form = ui.Say("factor_recovery"), form
		form.Code = ui.Input{Name: "code", Label: ui.Say("recovery_code"), Max: 40, Mono: true, Focus: true, Problem: problem}
		form.Check = nil
	default:
		page.Lead, page.Form = ui.Say("factor_totp"), form
	}
}

// codeInput is the field of a code of six digits.
func codeInput(problem string) ui.Input {
	return ui.Input{Name: "code", Label: ui.Say("code"), Complete: "one-time-code", Mode: "numeric", Max: 20, Mono: true, Focus: true, Problem: problem}
}

// fillSMS asks for the code that was sent, or to which number one is to be.
func (h *Handler) fillSMS(page *factorPage, a *sso.Attempt, asked *signin.Asked, form *codeForm, problem string) {
	var send []ui.Do
	for _, f := range asked.Factors {
		if f.Kind == sso.FactorSMS {
			send = append(send, ui.Do{
				Word: ui.Say("send_to", "Digits", f.Hint()), Action: web.AttemptPath(sendPath, a.ID), Icon: "phone",
				Fields: []ui.Hidden{{Name: "factor", Value: string(f.ID)}},
			})
		}
	}
	if asked.Sent == nil || asked.Sent.Factor == "" {
		page.Lead, page.Send = ui.Say("factor_sms"), send
		if problem != "" {
			page.Notice = &ui.Notice{State: ui.Refused, Text: ui.Problem(problem)}
		}
		return
	}
	page.Lead, page.Form = ui.Say("factor_sent", "Digits", asked.Sent.Hint), form
	if slices.Contains([]string{"sms_limit", "sms_budget", "sms_country"}, problem) { // it is not about what was typed
		page.Notice, form.Code.Problem = &ui.Notice{State: ui.Warn, Text: ui.Problem(problem)}, ""
	}
	for i := range send {
		if send[i].Fields[0].Value == string(asked.Sent.Factor) {
			send[i].Word, send[i].Kind = ui.Say("send_again"), ui.Quiet
			page.Again = &send[i]
		}
	}
}
