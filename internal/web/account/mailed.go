package account

import (
	"net/http"

	"github.com/sallyport/sallyport/internal/account"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/recovery"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// cardPage is one question, or one answer, on a card.
type cardPage struct {
	Name   ui.Text
	Text   ui.Text
	Who    string // whose account it is; "": nobody's in particular
	Action string // "": there is nothing to fill in
	Inputs []ui.Input
	Submit ui.Submit
	Links  []ui.Button
}

// Head implements [ui.Page].
func (p cardPage) Head() ui.Head { return ui.Head{Template: "card", Title: p.Name} }

// signInPath is where people sign in.
const signInPath = "/login"

// forgot serves GET /login/reset.
func (h *Handler) forgot(w http.ResponseWriter, r *http.Request) error {
	return h.UI.Render(w, r, http.StatusOK, forgotPage(ui.Filled{}))
}

func forgotPage(f ui.Filled) cardPage {
	return cardPage{
		Name: ui.Say("forgot_title"), Text: ui.Say("forgot_text"), Action: forgotPath,
		Inputs: []ui.Input{f.Input(ui.Input{Name: "email", Label: ui.Say("fact_email"), Type: "email", Complete: "username", Focus: true})},
		Submit: ui.Submit{Word: ui.Say("send_link"), Cancel: signInPath},
	}
}

// askReset serves POST /login/reset. The answer is the same for every address.
func (h *Handler) askReset(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	err = h.Flow.AskReset(r.Context(), browserOf(r), f.Get("email"), h.UI.Language(r))
	if err != nil {
		return ui.Filled{Values: f}.Again(r, err, map[string]string{"ident_email": "email", "try_later": "email"}, func(f ui.Filled, status int) error {
			return h.UI.Render(w, r, status, forgotPage(f))
		})
	}
	return h.UI.Render(w, r, http.StatusOK, sentPage(f.Get("email")))
}

func sentPage(address string) cardPage {
	return cardPage{
		Name: ui.Say("sent_title"), Text: ui.Say("sent_text", "Address", address),
		Links: []ui.Button{{Word: ui.Say("to_sign_in"), Path: signInPath}},
	}
}

// tokenOf returns the token that the URL holds.
func tokenOf(r *http.Request) secret.Token { return secret.ParseToken(r.PathValue("token")) }

// reset serves GET /login/reset/{token}.
func (h *Handler) reset(w http.ResponseWriter, r *http.Request) error {
	return h.showChoose(w, r, recovery.Reset)
}

// register serves GET /login/register/{token}.
func (h *Handler) register(w http.ResponseWriter, r *http.Request) error {
	return h.showChoose(w, r, recovery.Registration)
}

// showChoose asks for a password where a link still works. It uses nothing up.
func (h *Handler) showChoose(w http.ResponseWriter, r *http.Request, kind recovery.Kind) error {
	web.RetryAt(r, forgotPath)
	u, err := h.Flow.Holder(r.Context(), kind, tokenOf(r))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, choosePage(kind, r.URL.Path, &u, ui.Filled{}))
}

func choosePage(kind recovery.Kind, path string, u *sso.User, f ui.Filled) cardPage {
	p := cardPage{Name: ui.Say("reset_title"), Who: u.Email.String(), Action: path}
	if kind == recovery.Registration {
		p.Name, p.Text = ui.Say("register_title"), ui.Say("register_text")
	}
	p.Inputs = []ui.Input{f.Input(ui.Input{Name: "new", Label: ui.Say("password_new"), Help: ui.Say("password_help"), Type: "password", Complete: "new-password", Focus: true})}
	p.Submit = ui.Submit{Word: ui.Say("password_save")}
	return p
}

// redeemReset serves POST /login/reset/{token}.
func (h *Handler) redeemReset(w http.ResponseWriter, r *http.Request) error {
	return h.redeem(w, r, recovery.Reset)
}

// redeemRegistration serves POST /login/register/{token}.
func (h *Handler) redeemRegistration(w http.ResponseWriter, r *http.Request) error {
	return h.redeem(w, r, recovery.Registration)
}

// redeem sets the password, and leads to the sign-in with it.
func (h *Handler) redeem(w http.ResponseWriter, r *http.Request, kind recovery.Kind) error {
	web.RetryAt(r, forgotPath)
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	u, err := h.Flow.Redeem(r.Context(), browserOf(r), kind, tokenOf(r), f.Get("new"))
	if err == nil {
		return h.SignIn(w, r, SignIn{Address: u.Email.String()})
	}
	filled, ok := ui.Filled{Values: f}.Beside(err, passwordFields())
	if !ok {
		return err
	}
	holder, gone := h.Flow.Holder(r.Context(), kind, tokenOf(r))
	if gone != nil {
		return gone
	}
	_, status := web.Record(r, err)
	return h.UI.Render(w, r, status, choosePage(kind, r.URL.Path, &holder, filled))
}

// invitationPage asks to accept an invitation.
type invitationPage struct {
	Organization string
	Text         ui.Text
	Facts        []ui.Fact
	Notice       *ui.Notice
	Action       string // "": it cannot be accepted like this
	Hidden       []ui.Hidden
	Inputs       []ui.Input
	Submit       ui.Submit
	SignOut      bool
}

// Head implements [ui.Page].
func (p invitationPage) Head() ui.Head {
	return ui.Head{Template: "invitation", Title: ui.Say("invitation_title", "Organization", p.Organization)}
}

// by returns whom this browser is signed in as, if anybody.
func (h *Handler) by(r *http.Request) (sso.By, error) {
	by := sso.By{}
	if a := web.Address(r); a.IsValid() {
		by.Address = a.String()
	}
	token := web.SessionToken(r)
	if token.IsZero() {
		return by, nil
	}
	p, err := h.Person(r.Context(), token, web.Address(r))
	switch {
	case err == nil:
		by.Person = p
	case fault.From(err).Kind == fault.Internal || fault.From(err).Kind == fault.Unavailable:
		return by, err
	}
	return by, nil
}

// invitation serves GET /login/invitation/{token}. It uses nothing up: mail
// scanners follow links.
func (h *Handler) invitation(w http.ResponseWriter, r *http.Request) error {
	by, err := h.by(r)
	if err != nil {
		return err
	}
	o, err := h.Flow.Invitation(r.Context(), &by, tokenOf(r))
	if err != nil {
		return err
	}
	if o.Way == account.AcceptDone {
		return web.SeeOther(w, r, profilePath)
	}
	return h.UI.Render(w, r, http.StatusOK, showInvitation(&o, &by, r.URL.Path, ui.Filled{}))
}

func showInvitation(o *account.Offer, by *sso.By, path string, f ui.Filled) invitationPage {
	p := invitationPage{Organization: o.Organization.Name, Action: path}
	role := ui.As(string(o.Role))
	if o.Role.BuiltIn() {
		role = ui.Say("role_" + string(o.Role))
	}
	p.Facts = []ui.Fact{{Name: ui.Say("fact_email"), Value: ui.As(o.Email.String())}, {Name: ui.Say("fact_role"), Value: role}}
	if o.Inviter != "" {
		p.Facts = append(p.Facts, ui.Fact{Name: ui.Say("invited_by"), Value: ui.As(o.Inviter)})
	}
	switch o.Way {
	case account.AcceptAsNew:
		p.Text = ui.Say("invitation_new")
		p.Inputs = []ui.Input{
			f.Input(ui.Input{Name: "first_name", Label: ui.Say("first_name"), Complete: "given-name", Max: sso.MaxName * 4, Focus: true}),
			f.Input(ui.Input{Name: "last_name", Label: ui.Say("last_name"), Complete: "family-name", Max: sso.MaxName * 4}),
			f.Input(ui.Input{Name: "new", Label: ui.Say("password_new"), Help: ui.Say("password_help"), Type: "password", Complete: "new-password"}),
		}
		p.Submit = ui.Submit{Word: ui.Say("invitation_register")}
	case account.AcceptSignedIn:
		p.Text, p.Submit = ui.Say("invitation_here"), ui.Submit{Word: ui.Say("invitation_accept")}
	case account.AcceptSignIn:
		p.Text, p.Submit = ui.Say("invitation_sign_in"), ui.Submit{Word: ui.Say("invitation_to_sign_in")}
	case account.AcceptBySSO:
		p.Text, p.Submit = ui.Say("invitation_sso"), ui.Submit{Word: ui.Say("invitation_to_sso")}
	default:
		p.Action, p.SignOut = "", true
		p.Notice = &ui.Notice{State: ui.Warn, Text: ui.Say("invitation_other_person", "Name", by.User.Name())}
	}
	return p
}

// accept serves POST /login/invitation/{token}.
func (h *Handler) accept(w http.ResponseWriter, r *http.Request) error {
	f, err := web.Form(r)
	if err != nil {
		return err
	}
	by, err := h.by(r)
	if err != nil {
		return err
	}
	o, err := h.Flow.Invitation(r.Context(), &by, tokenOf(r))
	if err != nil {
		return err
	}
	switch o.Way {
	case account.AcceptDone:
		return web.SeeOther(w, r, profilePath)
	case account.AcceptSignedIn:
		org, err := h.Flow.Join(r.Context(), &by, tokenOf(r))
		if err != nil {
			return err
		}
		// From there the way may lead out at once, which no redirect after a form does.
		return h.UI.Leave(w, r, "/login/"+org.Key, "")
	case account.AcceptSignIn:
		return h.SignIn(w, r, SignIn{Address: o.Email.String(), Back: r.URL.Path})
	case account.AcceptBySSO:
		// The address need be of no domain of theirs: a guest's leads elsewhere, or nowhere.
		return h.SignIn(w, r, SignIn{Address: o.Email.String(), Org: o.Organization.Key, Back: r.URL.Path})
	case account.AcceptAsNew:
		u, err := h.Flow.Register(r.Context(), browserOf(r), tokenOf(r), account.NewPerson{FirstName: f.Get("first_name"), LastName: f.Get("last_name"), Password: f.Get("new")})
		if err != nil {
			return ui.Filled{Values: f}.Again(r, err, passwordFields(), func(f ui.Filled, status int) error {
				return h.UI.Render(w, r, status, showInvitation(&o, &by, r.URL.Path, f))
			})
		}
		return h.SignIn(w, r, SignIn{Address: u.Email.String()})
	default:
		return &fault.Error{Kind: fault.Denied, Code: "invitation_other", Want: o.Email.String(), Got: by.User.Email.String(), Fix: fault.PersonSide}
	}
}
