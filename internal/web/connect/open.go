package connect

import (
	"net/http"

	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// openPage stands before the set-up, for the holder of a link. What looks at
// links before people do opens nothing.
type openPage struct {
	Organization string
	From         string // who made the link; "": one of the vendor's
	Note         string // for whom
	Domains      bool   // the link is for the domains alone
	Until        ui.Text
	Action       string
}

// Head implements [ui.Page].
func (openPage) Head() ui.Head { return ui.Head{Template: "open", Title: ui.Say("setup_title")} }

// look serves GET /setup/{token}.
func (h *Handler) look(w http.ResponseWriter, r *http.Request) error {
	o, err := h.Flow.SetupLink(r.Context(), secret.ParseToken(r.PathValue("token")))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, openPageOf(&o, r.URL.Path))
}

func openPageOf(o *connect.Opened, path string) openPage {
	return openPage{Organization: o.Organization.Name, From: o.From, Note: o.Link.Note, Domains: o.Link.Scope == sso.SetupDomains, Until: ui.Day(o.Link.ExpiresAt), Action: path}
}

// open serves POST /setup/{token}.
func (h *Handler) open(w http.ResponseWriter, r *http.Request) error {
	token := secret.ParseToken(r.PathValue("token"))
	o, err := h.Flow.OpenSetupLink(r.Context(), token, web.ByFrom(r).Address)
	if err != nil {
		return err
	}
	web.SetSetup(w, r, token)
	to := ssoPath
	if o.Link.Scope == sso.SetupDomains {
		to = domainsPath
	}
	return web.SeeOther(w, r, setupPrefix+to)
}
