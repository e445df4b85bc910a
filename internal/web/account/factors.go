package account

import (
	"html/template"
	"net/http"
	"slices"
	"strings"

	"github.com/sallyport/sallyport/internal/account"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// factorPage has somebody add a second factor.
type factorPage struct {
	ui.Shell
	Name   ui.Text
	QR     *ui.QR
	Copy   *ui.Copy
	URI    template.URL
	Action string
	Fields []ui.Hidden
	Inputs []ui.Input
	Submit *ui.Submit
	Ask    *ui.Ask
}

// Head implements [ui.Page].
func (p factorPage) Head() ui.Head {
	return ui.Head{Template: "factor", Title: p.Name, Scripts: []string{ui.PasskeyScript}}
}

func newFactorPage(by *sso.Person, name, lead string) factorPage {
	p := factorPage{Shell: shell(by), Name: ui.Say(name)}
	p.Lead, p.Trail = ui.Say(lead), []ui.Link{{Name: ui.Say("security"), Path: securityPath}}
	return p
}

func nameInput(f ui.Filled) ui.Input {
	return f.Input(ui.Input{Name: "name", Label: ui.Say("called"), Help: ui.Say("called_help"), Max: 240, Optional: true})
}

func codeInput(f ui.Filled) ui.Input {
	return f.Input(ui.Input{Name: "code", Label: ui.Say("code"), Complete: "one-time-code", Mode: "numeric", Max: 20, Mono: true, Focus: true})
}

// factorFields says at which field a fault is told.
func factorFields() map[string]string {
	return map[string]string{
		"code_wrong": "code", "code_used": "code", "code_over": "code", "code_form": "code", "try_later": "code", "factor_name": "name",
		"phone_form": "number", "sms_budget": "number", "sms_country": "number", "factor_many": "number", "passkey_refused": "name", "passkey_taken": "name",
	}
}

// offerApp serves GET /account/factors/app.
func (h *Handler) offerApp(w http.ResponseWriter, r *http.Request) error {
	return h.showApp(w, r, http.StatusOK, ui.Filled{})
}

func (h *Handler) showApp(w http.ResponseWriter, r *http.Request, status int, f ui.Filled) error {
	by := web.ByFrom(r)
	app, err := h.Flow.OfferApp(r.Context(), &by, browserOf(r), f.Values.Get("offer"))
	if err != nil {
		return err
	}
	p := appPage(&by.Person, f, app.Offer, app.Text, template.URL(app.URI)) // of our own making
	p.QR = &ui.QR{Label: ui.Say("app_qr"), Size: app.Picture.Size, Path: app.Picture.Path}
	return h.UI.Render(w, r, status, p)
}

func appPage(by *sso.Person, f ui.Filled, offer, text string, uri template.URL) factorPage {
	p := newFactorPage(by, "add_app", "app_lead")
	p.Copy, p.URI = &ui.Copy{ID: "secret", Label: ui.Say("app_secret"), Value: text}, uri
	p.Action, p.Fields = appPath, []ui.Hidden{{Name: "offer", Value: offer}}
	p.Inputs = []ui.Input{codeInput(f), nameInput(f)}
	p.Submit = &ui.Submit{Word: ui.Say("add"), Cancel: securityPath}
	return p
}

// addApp serves POST /account/factors/app.
func (h *Handler) addApp(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	if err := h.Flow.AddApp(r.Context(), &by, browserOf(r), f.Get("offer"), f.Get("code"), f.Get("name")); err != nil {
		return ui.Filled{Values: f}.Again(r, err, factorFields(), func(f ui.Filled, status int) error { return h.showApp(w, r, status, f) })
	}
	return web.SeeOther(w, r, ui.Saved(securityPath, "factor_added"))
}

// askNumber serves GET /account/factors/number.
func (h *Handler) askNumber(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	return h.UI.Render(w, r, http.StatusOK, numberPage(&by.Person, ui.Filled{}))
}

func numberPage(by *sso.Person, f ui.Filled) factorPage {
	p := newFactorPage(by, "add_number", "number_lead")
	p.Action = numberPath
	p.Inputs = []ui.Input{f.Input(ui.Input{Name: "number", Label: ui.Say("number"), Help: ui.Say("number_help"), Type: "tel", Complete: "tel", Max: 40, Focus: true})}
	p.Submit = &ui.Submit{Word: ui.Say("send_code"), Cancel: securityPath}
	return p
}

// sendCode serves POST /account/factors/number.
func (h *Handler) sendCode(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	by, filled := web.ByFrom(r), ui.Filled{Values: f}
	err = h.Flow.OfferNumber(r.Context(), &by, browserOf(r), f.Get("number"))
	if fault.Is(err, "try_later") {
		filled.Problems = map[string]string{"number": "try_later"}
		_, status := web.Record(r, err)
		return h.UI.Render(w, r, status, numberPage(&by.Person, filled))
	}
	if err != nil {
		return filled.Again(r, err, factorFields(), func(f ui.Filled, status int) error {
			return h.UI.Render(w, r, status, numberPage(&by.Person, f))
		})
	}
	return h.UI.Render(w, r, http.StatusOK, codePage(&by.Person, ui.Filled{}, f.Get("number")))
}

func codePage(by *sso.Person, f ui.Filled, number string) factorPage {
	p := newFactorPage(by, "add_number", "")
	p.Lead = ui.Say("code_sent", "Number", number)
	p.Action, p.Fields = codePath, []ui.Hidden{{Name: "number", Value: number}}
	p.Inputs = []ui.Input{codeInput(f), nameInput(f)}
	p.Submit = &ui.Submit{Word: ui.Say("add"), Cancel: numberPath}
	return p
}

// addNumber serves POST /account/factors/number/code.
func (h *Handler) addNumber(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	if err := h.Flow.AddNumber(r.Context(), &by, browserOf(r), f.Get("code"), f.Get("name")); err != nil {
		return ui.Filled{Values: f}.Again(r, err, factorFields(), func(filled ui.Filled, status int) error {
			return h.UI.Render(w, r, status, codePage(&by.Person, filled, f.Get("number")))
		})
	}
	return web.SeeOther(w, r, ui.Saved(securityPath, "factor_added"))
}

// offerPasskey serves GET /account/factors/passkey.
func (h *Handler) offerPasskey(w http.ResponseWriter, r *http.Request) error {
	return h.showPasskey(w, r, http.StatusOK, ui.Filled{})
}

func (h *Handler) showPasskey(w http.ResponseWriter, r *http.Request, status int, f ui.Filled) error {
	by := web.ByFrom(r)
	options, err := h.Flow.OfferPasskey(r.Context(), &by, browserOf(r))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, status, keyPage(&by.Person, f, string(options)))
}

func keyPage(by *sso.Person, f ui.Filled, options string) factorPage {
	p := newFactorPage(by, "add_passkey", "passkey_lead")
	name := nameInput(f)
	p.Ask = &ui.Ask{Action: passkeyPath, Options: options, Create: true, Word: ui.Say("add_passkey"), Name: &name}
	return p
}

// addPasskey serves POST /account/factors/passkey.
func (h *Handler) addPasskey(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	if err := h.Flow.AddPasskey(r.Context(), &by, browserOf(r), []byte(f.Get("credential")), f.Get("name")); err != nil {
		return ui.Filled{Values: f}.Again(r, err, factorFields(), func(f ui.Filled, status int) error { return h.showPasskey(w, r, status, f) })
	}
	return web.SeeOther(w, r, ui.Saved(securityPath, "factor_added"))
}

// own returns the person's factor that the URL names.
func (h *Handler) own(r *http.Request, by *sso.By) (sso.Factor, error) {
	a, err := h.Flow.Account(r.Context(), by)
	if err != nil {
		return sso.Factor{}, err
	}
	i := slices.IndexFunc(a.Factors, func(f sso.Factor) bool { return string(f.ID) == r.PathValue("factor") })
	if i < 0 {
		return sso.Factor{}, &fault.Error{Kind: fault.NotFound, Code: "factor_unknown", Fix: fault.PersonSide}
	}
	return a.Factors[i], nil
}

// factor serves GET /account/factors/{factor}.
func (h *Handler) factor(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	f, err := h.own(r, &by)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, renamePage(&by.Person, &f, ui.Filled{}))
}

func renamePage(by *sso.Person, x *sso.Factor, f ui.Filled) formPage {
	title := ui.Say("name_title")
	if x.Name != "" {
		title = ui.Say("rename_title", "Name", x.Name)
	}
	p := securityForm(by, title)
	p.Action = pathOfFactor(x.ID)
	p.Inputs = []ui.Input{f.Input(ui.Input{Name: "name", Label: ui.Say("called"), Help: ui.Say("called_help"), Value: x.Name, Max: 240, Focus: true})}
	p.Submit = ui.Submit{Word: ui.Say("save"), Cancel: securityPath}
	return p
}

// renameFactor serves POST /account/factors/{factor}.
func (h *Handler) renameFactor(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	x, err := h.own(r, &by)
	if err != nil {
		return err
	}
	if err := h.Flow.RenameFactor(r.Context(), &by, browserOf(r), x.ID, f.Get("name")); err != nil {
		return ui.Filled{Values: f}.Again(r, err, factorFields(), func(f ui.Filled, status int) error {
			return h.UI.Render(w, r, status, renamePage(&by.Person, &x, f))
		})
	}
	return web.SeeOther(w, r, ui.Saved(securityPath, "factor_renamed"))
}

// askRemove serves GET /account/factors/{factor}/remove.
func (h *Handler) askRemove(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	x, err := h.own(r, &by)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, removalPage(&by.Person, &x, ""))
}

func removalPage(by *sso.Person, x *sso.Factor, problem string) confirmPage {
	p := confirmPage{Shell: shell(by)}
	p.Trail = []ui.Link{{Name: ui.Say("security"), Path: securityPath}}
	p.Confirm = ui.Confirm{
		ID: "remove", Title: ui.Say("removal_" + string(x.Kind)), Text: ui.Say("remove_text"), Points: []ui.Text{ui.Say("remove_devices")},
		Action: at(removePath, "{factor}", string(x.ID)), Do: ui.Say("remove"), Cancel: securityPath,
	}
	if x.Name != "" {
		p.Confirm.Title = ui.Say("remove_title", "Name", x.Name)
	}
	if problem != "" {
		p.Confirm.Points = append([]ui.Text{ui.Problem(problem)}, p.Confirm.Points...)
	}
	return p
}

// removeFactor serves POST /account/factors/{factor}/remove.
func (h *Handler) removeFactor(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	x, err := h.own(r, &by)
	if err != nil {
		return err
	}
	err = h.Flow.RemoveFactor(r.Context(), &by, browserOf(r), x.ID)
	if fault.Is(err, "factor_last") {
		f, status := web.Record(r, err)
		return h.UI.Render(w, r, status, removalPage(&by.Person, &x, f.Code))
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, ui.Saved(securityPath, "factor_removed"))
}

// askCodes serves GET /account/recovery-codes.
func (h *Handler) askCodes(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	return h.UI.Render(w, r, http.StatusOK, askCodesPage(&by.Person))
}

func askCodesPage(by *sso.Person) confirmPage {
	p := confirmPage{Shell: shell(by)}
	p.Trail = []ui.Link{{Name: ui.Say("security"), Path: securityPath}}
	p.Confirm = ui.Confirm{
		ID: "codes", Title: ui.Say("codes_ask"), Text: ui.Say("codes_ask_text"), Points: []ui.Text{ui.Say("codes_ask_old")},
		Action: codesPath, Do: ui.Say("recovery_make"), Kind: ui.Main, Cancel: securityPath,
	}
	return p
}

// codesPage shows recovery codes, once.
type codesPage struct {
	ui.Shell
	Codes    []string
	Text     string // as a form carries them
	Download string
	Back     string
}

// Head implements [ui.Page].
func (codesPage) Head() ui.Head {
	return ui.Head{Template: "codes", Title: ui.Say("codes_title"), Scripts: []string{ui.PasskeyScript}}
}

func showCodes(by *sso.Person, codes []string) codesPage {
	p := codesPage{Shell: shell(by), Codes: codes, Text: strings.Join(codes, " "), Download: filePath, Back: securityPath}
	p.Lead, p.Trail = ui.Say("codes_lead"), []ui.Link{{Name: ui.Say("security"), Path: securityPath}}
	return p
}

// newCodes serves POST /account/recovery-codes.
func (h *Handler) newCodes(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	codes, err := h.Flow.NewRecoveryCodes(r.Context(), &by, browserOf(r))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, showCodes(&by.Person, codes))
}

// download serves POST /account/recovery-codes/file: what the page shows, as a
// file.
func (h *Handler) download(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	text, err := account.CodesFile(f.Get("codes"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="recovery-codes.txt"`)
	_, err = w.Write([]byte(text))
	return err
}
