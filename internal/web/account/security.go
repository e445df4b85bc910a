package account

import (
	"net/http"

	"github.com/sallyport/sallyport/internal/account"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// securityPage says by what somebody signs in.
type securityPage struct {
	ui.Shell
	Notice    *ui.Notice
	Password  thing
	Factors   []thing
	Add       []ui.Button
	Demanded  bool
	Recovery  thing
	Devices   []thing
	Connected []thing
}

// thing is one line of the page.
type thing struct {
	Icon    string
	Name    ui.Text
	Sub     ui.Text
	Used    ui.Fact
	Buttons []ui.Button
	Do      *ui.Do
}

// Head implements [ui.Page].
func (securityPage) Head() ui.Head { return ui.Head{Template: "security", Title: ui.Say("security")} }

// security serves GET /account/security.
func (h *Handler) security(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	a, err := h.Flow.Account(r.Context(), &by)
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, showSecurity(&a, offered{passkeys: h.Flow.Factors.Passkeys(), numbers: h.Flow.Factors.SMS}))
}

func pathOfFactor(id sso.FactorID) string { return at(factorPath, "{factor}", string(id)) }

// offered says what can be added here.
type offered struct{ passkeys, numbers bool }

func showSecurity(a *account.Account, can offered) securityPage {
	p := securityPage{Shell: shell(&a.Person), Demanded: a.FactorDemanded()}
	p.Lead = ui.Say("security_lead")
	off := a.Session.ActedAs()
	if off {
		p.Notice = &ui.Notice{State: ui.Warn, Text: ui.Problem("acting_credentials")}
	} else if p.Demanded && len(a.Factors) == 0 {
		p.Notice = &ui.Notice{State: ui.Warn, Text: ui.Say("factor_demanded")}
	}
	p.Password = thing{Icon: "lock", Name: ui.Say("password"), Sub: ui.Say("password_none"), Buttons: []ui.Button{{Word: ui.Say("password_set"), Path: passwordPath, Off: off}}}
	if a.User.PasswordHash != "" {
		p.Password.Sub, p.Password.Buttons[0].Word = ui.Say("password_there"), ui.Say("password_change")
	}
	for i := range a.Factors {
		f := &a.Factors[i]
		name, kind := ui.Say("kind_"+string(f.Kind)), ui.Text{}
		if f.Name != "" {
			name, kind = ui.As(f.Name), name
		}
		p.Factors = append(p.Factors, thing{
			Icon: ui.FactorIcon(f.Kind), Name: name, Sub: kind, Used: ui.Fact{At: f.UsedAt},
			Buttons: []ui.Button{
				{Word: ui.Say("rename"), Path: pathOfFactor(f.ID), Kind: ui.Quiet, Off: off},
				{Word: ui.Say("remove"), Path: at(removePath, "{factor}", string(f.ID)), Kind: ui.Quiet, Off: off},
			},
		})
	}
	if can.passkeys {
		p.Add = append(p.Add, ui.Button{Word: ui.Say("add_passkey"), Path: passkeyPath, Icon: "passkey", Off: off})
	}
	p.Add = append(p.Add, ui.Button{Word: ui.Say("add_app"), Path: appPath, Icon: "device", Off: off})
	if can.numbers {
		p.Add = append(p.Add, ui.Button{Word: ui.Say("add_number"), Path: numberPath, Icon: "phone", Off: off})
	}
	p.Recovery = thing{Icon: "key", Name: ui.Say("recovery"), Sub: ui.Say("recovery_none"), Buttons: []ui.Button{{Word: ui.Say("recovery_make"), Path: codesPath, Off: off}}}
	if a.Recovery > 0 {
		p.Recovery.Sub, p.Recovery.Buttons[0].Word = ui.Count("recovery_left", a.Recovery), ui.Say("recovery_again")
	}
	for i := range a.Devices {
		d := &a.Devices[i]
		name := sso.DeviceName(d.UserAgent)
		p.Devices = append(p.Devices, thing{
			Icon: "device", Name: ui.As(name), Sub: ui.As(d.Address), Used: ui.Fact{At: d.CreatedAt},
			Do: &ui.Do{Word: ui.Say("forget"), Action: at(devicePath, "{device}", string(d.ID)), About: ui.As(name), Off: off},
		})
	}
	for i := range a.Links {
		l := &a.Links[i]
		p.Connected = append(p.Connected, thing{Icon: "link", Name: ui.As(l.ConnectionName), Sub: ui.As(l.Subject), Used: ui.Fact{At: l.SeenAt}})
	}
	return p
}

// securityForm returns a form below the page about security.
func securityForm(by *sso.Person, name ui.Text) formPage {
	p := formPage{Shell: shell(by), Name: name}
	p.Trail = []ui.Link{{Name: ui.Say("security"), Path: securityPath}}
	return p
}

// askPassword serves GET /account/password.
func (h *Handler) askPassword(w http.ResponseWriter, r *http.Request) error {
	by := web.ByFrom(r)
	return h.UI.Render(w, r, http.StatusOK, showPassword(&by.Person, ui.Filled{}))
}

func showPassword(by *sso.Person, f ui.Filled) formPage {
	p := securityForm(by, ui.Say("password_set"))
	if by.User.PasswordHash != "" {
		p.Name = ui.Say("password_change")
		p.Inputs = append(p.Inputs, f.Input(ui.Input{Name: "old", Label: ui.Say("password_old"), Type: "password", Complete: "current-password", Focus: true}))
	}
	p.Lead = ui.Say("password_lead")
	p.Action = passwordPath
	p.Inputs = append(p.Inputs, f.Input(ui.Input{Name: "new", Label: ui.Say("password_new"), Help: ui.Say("password_help"), Type: "password", Complete: "new-password", Focus: by.User.PasswordHash == ""}))
	p.Submit = ui.Submit{Word: ui.Say("password_save"), Cancel: securityPath}
	return p
}

// passwordFields says at which field a fault is told.
func passwordFields() map[string]string {
	return map[string]string{
		"password_old_wrong": "old", "try_later": "old", "password_length": "new", "password_short": "new", "password_weak": "new", "name_empty": "first_name",
	}
}

// setPassword serves POST /account/password.
func (h *Handler) setPassword(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	by := web.ByFrom(r)
	token, err := h.Flow.SetPassword(r.Context(), &by, browserOf(r), f.Get("old"), f.Get("new"))
	if err != nil {
		return ui.Filled{Values: f}.Again(r, err, passwordFields(), func(f ui.Filled, status int) error {
			return h.UI.Render(w, r, status, showPassword(&by.Person, f))
		})
	}
	web.SetSession(w, r, token)
	return web.SeeOther(w, r, ui.Saved(securityPath, "password"))
}
