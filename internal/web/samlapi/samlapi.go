// Package samlapi serves what identity providers talk to: the assertion
// consumer service, to which browsers carry their responses, the single logout
// service, and our metadata.
//
// It parses and passes on; everything about a response is judged by the flow.
// A response that holds goes on at a page of our own, which checks the
// browser's cookie: the post itself comes from another site, without cookies,
// and gives nobody a session.
//
// # Trust
//
// Only the posted form is read, and each field once; of a logout by Redirect the
// query, as it came. The connection is the one that the path names, or the
// request that is answered. No cookie is seen: a message is worth what its
// signature is worth.
package samlapi

import (
	"bytes"
	"context"
	"net/http"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// Flow is the sign-in behind the endpoints; [signin.Service] is one.
type Flow interface {
	Respond(context.Context, signin.Browser, signin.Response) (signin.Answered, error)
	Logout(context.Context, signin.Browser, signin.LogoutMessage) (signin.SingleLogout, error)
	Metadata(ctx context.Context, connectionKey string) ([]byte, error)
	NoteFetch(ctx context.Context, connectionKey, by string) error
}

// Handler serves the endpoints. Its fields are set before it is used.
type Handler struct {
	Flow Flow
	UI   *ui.UI
}

// Paths of the endpoints of one connection, and of the one that connections
// share whose customers keep the settings of a system with such a one.
const (
	sharedPath   = "/saml/acs"
	acsPath      = "/saml/{connection}/acs"
	sloPath      = "/saml/{connection}/slo"
	metadataPath = "/saml/{connection}/metadata"
)

// metadataLife is how long others may keep our metadata, for the Cache-Control
// header. It changes when a certificate is added, weeks before it is used.
const metadataLife = "public, max-age=300"

// Routes returns the routes of the endpoints.
func (h *Handler) Routes() []web.Route {
	return []web.Route{
		{Method: http.MethodPost, Path: sharedPath, Access: web.CrossSitePost, MaxBody: web.MaxSAMLBody, Handler: h.respondShared},
		{Method: http.MethodGet, Path: sharedPath, Access: web.Public, Handler: h.visit},
		{Method: http.MethodPost, Path: acsPath, Access: web.CrossSitePost, MaxBody: web.MaxSAMLBody, Handler: h.respond},
		{Method: http.MethodGet, Path: acsPath, Access: web.Public, Handler: h.visit},
		{Method: http.MethodGet, Path: sloPath, Access: web.Public, Handler: h.logoutByRedirect},
		{Method: http.MethodPost, Path: sloPath, Access: web.CrossSitePost, MaxBody: web.MaxSAMLBody, Handler: h.logoutByBody},
		{Method: http.MethodGet, Path: metadataPath, Access: web.Public, Handler: h.metadata},
	}
}

// respond serves POST /saml/{connection}/acs.
func (h *Handler) respond(w http.ResponseWriter, r *http.Request) error {
	key, err := connectionKey(r)
	if err != nil {
		return err
	}
	return h.answer(w, r, key)
}

// respondShared serves POST /saml/acs. Of which connection the response is, the
// request says that it answers.
func (h *Handler) respondShared(w http.ResponseWriter, r *http.Request) error {
	return h.answer(w, r, "")
}

// answer passes a posted response on to the flow.
func (h *Handler) answer(w http.ResponseWriter, r *http.Request, key string) error {
	form, err := web.Form(r)
	if fault.Is(err, "request_form") {
		return &fault.Error{Kind: fault.Invalid, Code: "bind_method", Want: "a form", Got: r.Header.Get("Content-Type"), Fix: fault.IdPSide, Err: err}
	}
	if err != nil {
		return err
	}
	if len(form["SAMLResponse"]) != 1 || len(form["RelayState"]) > 1 || form.Has("SAMLRequest") {
		return &fault.Error{
			Kind: fault.Invalid, Code: "bind_param", Fix: fault.IdPSide,
			Want: "SAMLResponse once and RelayState at most once", Got: "another set of fields",
		}
	}
	answered, err := h.Flow.Respond(r.Context(),
		signin.Browser{Address: web.Address(r), UserAgent: web.UserAgent(r)},
		signin.Response{ConnectionKey: key, SAMLResponse: form.Get("SAMLResponse"), RelayState: form.Get("RelayState")})
	if answered.Attempt != "" {
		web.Note(r, "att", string(answered.Attempt))
		web.RetryAt(r, web.AgainPath(answered.Attempt))
	}
	if err != nil {
		if answered.Attempt == "" && answered.Org != "" {
			web.RetryAt(r, web.SignOnPath(answered.Org))
		}
		return err
	}
	if answered.Tile != nil {
		return web.SeeOther(w, r, web.TilePath(answered.Tile.Connection, answered.Tile.App))
	}
	if answered.Test {
		return web.SeeOther(w, r, web.TestPath(answered.Attempt))
	}
	return web.SeeOther(w, r, web.ContinuePath(answered.Attempt))
}

// visit serves GET /saml/{connection}/acs: somebody opened the address, or an
// identity provider uses the redirect binding, which no sign-in may
// [SAMLProf 4.1.2].
func (h *Handler) visit(http.ResponseWriter, *http.Request) error {
	return &fault.Error{Kind: fault.Invalid, Code: "bind_method", Want: http.MethodPost, Got: http.MethodGet, Fix: fault.IdPSide}
}

// metadata serves GET /saml/{connection}/metadata.
func (h *Handler) metadata(w http.ResponseWriter, r *http.Request) error {
	key, err := connectionKey(r)
	if err != nil {
		return err
	}
	xml, err := h.Flow.Metadata(r.Context(), key)
	if err != nil {
		return err
	}
	if r.Header.Get("Sec-Fetch-Mode") == "" { // browsers say so, and programs do not
		if err := h.Flow.NoteFetch(r.Context(), key, web.UserAgent(r)); err != nil {
			return err
		}
	}
	head := w.Header()
	head.Set("Content-Type", "application/samlmetadata+xml")
	head.Set("Content-Disposition", `inline; filename="`+key+`-metadata.xml"`)
	head.Set("Cache-Control", metadataLife)
	_, err = bytes.NewReader(xml).WriteTo(w)
	return err
}

// connectionKey returns the key in the path. One that cannot be a key names no
// connection.
func connectionKey(r *http.Request) (string, error) {
	key, err := sso.ParseKey(r.PathValue("connection"))
	if err != nil {
		return "", &fault.Error{Kind: fault.NotFound, Code: "connection_unknown", Fix: fault.IdPSide, Err: err}
	}
	web.Note(r, "con", key)
	return key, nil
}
