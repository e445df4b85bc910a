// Package apikeys serves the pages on which API keys are made and revoked: in
// the organization console for owners, in the vendor's for operators.
//
// Both are the same pages. A key is shown once, when it is made, and only to who
// has proved themselves a moment ago: what it may do, whoever holds it may.
package apikeys

import (
	"context"
	"embed"
	"net/http"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/programs"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
)

//go:embed templates locales
var files embed.FS

// Pages returns the pages about API keys.
func Pages() ui.Set {
	return ui.Set{Name: "apikeys", Files: files, Pages: []ui.Page{listPage{}, newPage{}, madePage{}, confirmPage{}}}
}

// Handler serves the pages. Its fields are set before it is used.
type Handler struct {
	Authority *authority.Service
	Flow      *programs.Service
	UI        *ui.UI
	BaseURL   string // without a slash at the end
}

// Paths of the pages, behind the prefix of a console.
const (
	listPath   = "/api-keys"
	newPath    = "/api-keys/new"
	revokePath = "/api-keys/{apikey}/revoke"
)

// Routes returns the routes of both consoles.
func (h *Handler) Routes() []web.Route {
	var routes []web.Route
	for _, d := range []struct {
		prefix       string
		look, change web.Access
		by           func(page) web.Handler
	}{{"/console", web.Console, web.Console, h.owner}, {"/operator", web.Support, web.Operator, h.operator}} {
		routes = append(routes,
			web.Route{Method: http.MethodGet, Path: d.prefix + listPath, Access: d.look, Handler: d.by(h.list)},
			web.Route{Method: http.MethodGet, Path: d.prefix + newPath, Access: d.change, Fresh: true, Handler: d.by(h.ask)},
			web.Route{Method: http.MethodPost, Path: d.prefix + newPath, Access: d.change, Fresh: true, Handler: d.by(h.create)},
			web.Route{Method: http.MethodGet, Path: d.prefix + revokePath, Access: d.change, Own: true, Handler: d.by(h.askRevoke)},
			web.Route{Method: http.MethodPost, Path: d.prefix + revokePath, Access: d.change, Own: true, Handler: d.by(h.revoke)})
	}
	return routes
}

// page serves a page to somebody who may see it.
type page func(w http.ResponseWriter, r *http.Request, v *visit) error

// visit is a request about the keys of an organization, or of the deployment.
type visit struct {
	r       *http.Request
	shell   ui.Shell
	to      func(pattern string, pairs ...string) string
	scopes  []sso.Scope // that a key may have
	changes bool        // whether whoever asks may make and revoke some
	keys    func(ctx context.Context) (programs.Keys, error)
	make    func(ctx context.Context, n sso.NewAPIKey) (sso.APIKey, secret.Token, error)
	revoke  func(ctx context.Context, id sso.APIKeyID) error
}

// owner returns a handler for the console of an organization.
func (h *Handler) owner(serve page) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		by := web.ByFrom(r)
		who := &authority.Who{By: by, Address: by.Address}
		p, err := h.Authority.Enter(r.Context(), who, r.URL.Query().Get("org"), authority.Owner)
		if err != nil {
			return err
		}
		console := frame.Console{Line: p.Line, Owner: true, Acted: by.Session.ActedAs()}
		return serve(w, r, &visit{
			r: r, shell: console.Shell(), scopes: sso.OrganizationScopes(), changes: !console.Acted,
			to:   func(pattern string, pairs ...string) string { return console.To("/console"+pattern, pairs...) },
			keys: func(ctx context.Context) (programs.Keys, error) { return h.Flow.Keys(ctx, &p) },
			make: func(ctx context.Context, n sso.NewAPIKey) (sso.APIKey, secret.Token, error) {
				return h.Flow.CreateKey(ctx, who, p.ID, n)
			},
			revoke: func(ctx context.Context, id sso.APIKeyID) error { return h.Flow.RevokeKey(ctx, who, p.ID, id) },
		})
	}
}

// operator returns a handler for the console of the vendor's people.
func (h *Handler) operator(serve page) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		by := web.ByFrom(r)
		shell := frame.Operator()
		if !by.Operator() {
			shell.Looks, _ = frame.ForSupport()
		}
		return serve(w, r, &visit{
			r: r, shell: shell, scopes: sso.Scopes(), changes: by.Operator(),
			to:   func(pattern string, pairs ...string) string { return frame.Fill("/operator"+pattern, pairs...) },
			keys: func(ctx context.Context) (programs.Keys, error) { return h.Flow.DeploymentKeys(ctx, &by) },
			make: func(ctx context.Context, n sso.NewAPIKey) (sso.APIKey, secret.Token, error) {
				return h.Flow.CreateDeploymentKey(ctx, &by, n)
			},
			revoke: func(ctx context.Context, id sso.APIKeyID) error { return h.Flow.RevokeDeploymentKey(ctx, &by, id) },
		})
	}
}
