package samlapi

import (
	"fmt"
	"io"
	"mime"
	"net/http"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// soapType is the content type of what programs send each other [SAMLBind 3.2].
const soapType = "text/xml"

// logoutByRedirect serves GET /saml/{connection}/slo. It changes something
// although it is a GET: the binding wants it so, and nothing but a signature of
// the identity provider has any effect, once.
func (h *Handler) logoutByRedirect(w http.ResponseWriter, r *http.Request) error {
	return h.logout(w, r, signin.LogoutMessage{Binding: sso.BindingRedirect, Query: r.URL.RawQuery})
}

// logoutByBody serves POST /saml/{connection}/slo, for forms that a browser
// posts and for envelopes that an identity provider sends by itself.
func (h *Handler) logoutByBody(w http.ResponseWriter, r *http.Request) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err == nil && (kind == soapType || kind == "application/soap+xml") {
		envelope, err := io.ReadAll(r.Body)
		if err != nil {
			return fmt.Errorf("reading a logout: %w", err)
		}
		return h.logout(w, r, signin.LogoutMessage{Binding: sso.BindingSOAP, Envelope: envelope})
	}
	form, err := web.Form(r)
	if fault.Is(err, "request_form") {
		return &fault.Error{Kind: fault.Invalid, Code: "bind_method", Want: "a form, or an envelope as " + soapType, Got: r.Header.Get("Content-Type"), Fix: fault.IdPSide, Err: err}
	}
	if err != nil {
		return err
	}
	return h.logout(w, r, signin.LogoutMessage{Binding: sso.BindingPOST, Form: form})
}

func (h *Handler) logout(w http.ResponseWriter, r *http.Request, in signin.LogoutMessage) error {
	web.About(r, web.SigningOut)
	var err error
	if in.ConnectionKey, err = connectionKey(r); err != nil {
		return err
	}
	done, err := h.Flow.Logout(r.Context(), signin.Browser{Address: web.Address(r), UserAgent: web.UserAgent(r)}, in)
	switch {
	case err != nil:
		return err
	case done.Envelope != nil:
		w.Header().Set("Content-Type", soapType+"; charset=utf-8")
		_, _ = w.Write(done.Envelope) // a caller that is gone is not our failure
		return nil
	case done.Doubt != nil:
		web.Report(r, done.Doubt)
		return web.SeeOther(w, r, web.SignedOutHerePath)
	case done.Back != "":
		return h.UI.LeaveForApp(w, r, done.Back)
	case done.Answer == nil:
		return web.SeeOther(w, r, web.SignedOutPath)
	case done.Answer.Form != nil:
		form := ui.Form{Action: done.Answer.Form.Action, Name: done.Answer.Name}
		for _, f := range done.Answer.Form.Fields {
			form.Fields = append(form.Fields, ui.FormField(f))
		}
		return h.UI.Post(w, r, form)
	default:
		// Also after a POST: it is the identity provider's form, and its policy
		// knows where its own addresses are. A page of ours would not show in a
		// frame, where some have their service providers called.
		return web.SeeOtherSite(w, done.Answer.URL)
	}
}
