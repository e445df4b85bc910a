package oidcapi

import (
	"embed"
	"net/http"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/oidc"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// agreePath is where somebody agrees to a device, or refuses.
const agreePath = grant.DevicePath + "/confirm"

//go:embed templates locales
var files embed.FS

// Pages returns the pages of the provider: those for a device that has no
// browser.
func Pages() ui.Set {
	return ui.Set{Name: "oidcapi", Files: files, Pages: []ui.Page{codePage{}, devicePage{}, donePage{}}}
}

// codePage asks for the code that a device shows.
type codePage struct {
	Action string
	Code   ui.Input
}

// Head implements [ui.Page].
func (codePage) Head() ui.Head {
	return ui.Head{Template: "device-code", Title: ui.Say("device_title")}
}

// devicePage asks whether a device is to be signed in.
type devicePage struct {
	Action  string
	Code    string
	Who     string // as whom
	App     string
	Facts   []ui.Fact
	Learns  []ui.Text
	Warning ui.Notice
}

// Head implements [ui.Page].
func (p devicePage) Head() ui.Head {
	return ui.Head{Template: "device", Title: ui.Say("device_confirm_title", "App", p.App)}
}

// donePage says what has become of it.
type donePage struct {
	Approved bool
	App      string
}

// Head implements [ui.Page].
func (p donePage) Head() ui.Head {
	if p.Approved {
		return ui.Head{Template: "device-done", Title: ui.Say("device_approved_title")}
	}
	return ui.Head{Template: "device-done", Title: ui.Say("device_refused_title")}
}

// askDevice serves the device authorization endpoint [RFC 8628 3.1].
func (h *Handler) askDevice(w http.ResponseWriter, r *http.Request) error {
	body, err := clientForm(r)
	if err != nil {
		return err
	}
	request, err := oidc.ReadDevice(r.Header.Values("Authorization"), r.URL.RawQuery, body)
	if err != nil {
		return err
	}
	answer, err := h.Grants.Device(r.Context(), request, grant.From{Address: web.Address(r), UserAgent: web.UserAgent(r)})
	if err != nil {
		return err
	}
	return program(w, answer.JSON())
}

// maxUserCode bounds what is shown again in the field.
const maxUserCode = 32

func codePageOf(typed, problem string) codePage {
	if len(typed) > maxUserCode {
		typed = ""
	}
	return codePage{Action: grant.DevicePath, Code: ui.Input{
		Name: "code", Label: ui.Say("device_code"), Help: ui.Say("device_code_help"), Value: typed, Max: maxUserCode, Mono: true, Focus: true, Problem: problem,
	}}
}

// typeCode serves GET /device. A device may lead to it with its code filled in;
// it is for the person all the same to say that it is the one they see there.
func (h *Handler) typeCode(w http.ResponseWriter, r *http.Request) error {
	code, _ := oidc.ParseUserCode(r.URL.Query().Get("user_code"))
	return h.UI.Render(w, r, http.StatusOK, codePageOf(code.String(), ""))
}

// findDevice serves POST /device: it shows what the code stands for.
func (h *Handler) findDevice(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	found, err := h.Grants.Waiting(r.Context(), &by, form.Get("code"))
	if fault.Is(err, "device_code_unknown") || fault.Is(err, "try_later") {
		return h.typeAgain(w, r, form.Get("code"), err)
	}
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, devicePageOf(&found, &by.Person))
}

// typeAgain shows what is wrong beside the field.
func (h *Handler) typeAgain(w http.ResponseWriter, r *http.Request, typed string, err error) error {
	f, status := web.Record(r, err)
	return h.UI.Render(w, r, status, codePageOf(typed, f.Code))
}

func devicePageOf(d *grant.Waiting, p *sso.Person) devicePage {
	from := ui.Say("device_address_unknown")
	if d.Address != "" {
		from = ui.As(d.Address)
	}
	facts := []ui.Fact{
		{Name: ui.Say("device_address"), Value: from},
		{Name: ui.Say("device_since"), At: d.Since},
	}
	if d.UserAgent != "" {
		facts = append(facts, ui.Fact{Name: ui.Say("device_agent"), Value: ui.As(d.UserAgent)})
	}
	learns := []ui.Text{ui.Say("device_scope_openid")}
	for _, told := range []struct {
		scope oidc.Scope
		text  ui.Text
	}{
		{oidc.Profile, ui.Say("device_scope_profile")},
		{oidc.Email, ui.Say("device_scope_email")},
		{oidc.Groups, ui.Say("device_scope_groups")},
		{oidc.OfflineAccess, ui.Say("device_scope_offline")},
	} {
		if d.Scope.Has(told.scope) {
			learns = append(learns, told.text)
		}
	}
	return devicePage{Action: agreePath, Code: d.Code.String(), App: d.App, Who: p.User.Name(), Facts: facts, Learns: learns, Warning: ui.Notice{State: ui.Warn, Text: ui.Say("device_warning")}}
}

// confirmDevice serves POST /device/confirm. Only the button that agrees agrees.
func (h *Handler) confirmDevice(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	decide, approved := h.Grants.Refuse, form.Get("answer") == "approve"
	if approved && by.Retired {
		// A device has what the person is by now, which this token is not. The new
		// one is on its way into the browser, which asks once more.
		code, _ := oidc.ParseUserCode(form.Get("code"))
		return web.SeeOther(w, r, grant.DevicePath+"?user_code="+code.String())
	}
	if approved {
		decide = h.Grants.Approve
	}
	app, err := decide(r.Context(), &by, form.Get("code"))
	if fault.Is(err, "device_code_unknown") || fault.Is(err, "try_later") {
		return h.typeAgain(w, r, "", err)
	}
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, donePage{approved, app})
}
