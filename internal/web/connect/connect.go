// Package connect serves the pages on which single sign-on is set up: in the
// organization console for owners, and by a setup link for who has no account.
//
// Both are the same handlers under two prefixes: /console for who is signed in,
// /setup for the holder of a link. What is not offered to somebody is refused
// by the flow all the same.
package connect

import (
	"embed"
	"net/http"
	"slices"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/enforce"
	"github.com/sallyport/sallyport/internal/inspect"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
)

//go:embed templates locales
var files embed.FS

// Pages returns the pages of the set-up.
func Pages() ui.Set {
	return ui.Set{Name: "connect", Files: files, Pages: []ui.Page{
		overviewPage{}, domainsPage{}, openPage{}, inboxPage{}, conflictPage{}, explainPage{}, defaultsPage{}, tracesPage{}, tracePage{}, bundlePage{},
		enforcePage{}, codesPage{}, newDomainPage{}, claimPage{}, linksPage{}, newLinkPage{}, madeLinkPage{},
		newPage{}, configurePage{}, certificatesPage{}, changePage{}, settingsPage{}, attributesPage{}, activatePage{}, swapPage{}, foreseenPage{}, offPage{}, formPage{}, confirmPage{},
		trialPage{}, guestPage{}, donePage{},
	}}
}

// Handler serves the set-up. Its fields are set before it is used.
type Handler struct {
	Authority *authority.Service
	Flow      *connect.Service
	Inspect   *inspect.Service
	Enforce   *enforce.Service
	Offer     frame.Offer // to whom is not entitled
	SignIn    SignIn
	UI        *ui.UI
}

// Prefixes of the pages: in the console, and by a setup link.
const (
	consolePrefix = "/console"
	setupPrefix   = "/setup"
)

// Paths of the pages, behind either prefix.
const (
	ssoPath = "/sso"
)

// openPath opens a setup link.
const openPath = "/setup/{token}"

// door is the way by which somebody comes to a page.
type door struct {
	prefix string
	access web.Access
}

// Routes returns the routes of the set-up, each page by both doors.
func (h *Handler) Routes() []web.Route {
	routes := []web.Route{
		{Method: http.MethodGet, Path: openPath, Access: web.Setup, Handler: h.look},
		{Method: http.MethodPost, Path: openPath, Access: web.Setup, Handler: h.open},
	}
	for _, d := range []door{{consolePrefix, web.Console}, {setupPrefix, web.Setup}} {
		get := func(path string, need authority.Need, serve page) {
			routes = append(routes, web.Route{Method: http.MethodGet, Path: d.prefix + path, Access: d.access, Handler: h.by(d, need, serve)})
		}
		get(ssoPath, authority.Setup, h.overview)
		routes = append(routes, h.domainRoutes(d)...)
	}
	return slices.Concat(routes, h.linkRoutes(), h.connectionRoutes(), h.trialRoutes(), h.peopleRoutes(), h.enforceRoutes(), h.traceRoutes())
}

// page serves a page to somebody who may see it.
type page func(w http.ResponseWriter, r *http.Request, v *visit) error

// by returns a handler that finds out who asks by a door, about which
// organization.
func (h *Handler) by(d door, need authority.Need, serve page) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		v := visit{r: r, prefix: d.prefix}
		if r.URL.Query().Get("of") == string(sso.Prepared) {
			v.which = sso.Prepared
		}
		v.who.Address = web.ByFrom(r).Address
		if d.access == web.Setup {
			v.who.Link = web.SetupToken(r)
			if v.who.Link.IsZero() {
				return sso.NoSetupLink()
			}
		} else {
			v.who.By = web.ByFrom(r)
		}
		var err error
		if v.Place, err = h.Authority.Enter(r.Context(), &v.who, r.URL.Query().Get("org"), need); err != nil {
			return err
		}
		return serve(w, r, &v)
	}
}

// visit is a request within an organization whose single sign-on somebody sets
// up.
type visit struct {
	authority.Place
	who    authority.Who
	prefix string
	which  sso.Which // settings of a connection that the request is about
	r      *http.Request
	// support is set for somebody of the vendor's, who is in no organization.
	support bool
}

// to returns the path of a page by the same door: a pattern behind the prefix,
// pairs of its gaps and what fills them, and a query behind it.
func (v *visit) to(pattern string, pairs ...string) string {
	path := frame.Fill(v.prefix+pattern, pairs...)
	if v.Link == nil && !v.support {
		path = v.console().To(v.prefix+pattern, pairs...)
	}
	if v.which != sso.Live && ofSettings(pattern) {
		path = with(path, "of", string(v.which))
	}
	return path
}

func (v *visit) console() frame.Console {
	return frame.Console{Line: v.Line, Owner: true, Acted: v.who.By.Session.ActedAs()}
}

// shell returns the frame: the console's, or one with what the link opens.
func (v *visit) shell() ui.Shell {
	switch {
	case v.support:
		return frame.Operator()
	case v.Link == nil:
		return v.console().Shell()
	}
	items := []ui.NavItem{{Name: ui.Say("console_domains"), Path: v.to(domainsPath), Icon: "globe"}}
	if v.Link.Covers(sso.SetupSSO) {
		items = append([]ui.NavItem{{Name: ui.Say("console_sso"), Path: v.to(ssoPath), Icon: "key"}}, items...)
	}
	return ui.Shell{Area: ui.Say("setup_area"), Home: items[0].Path, Organization: v.Name, Nav: []ui.NavGroup{{Items: items}}}
}

// placeOf reads where a list goes on.
func placeOf(r *http.Request) connect.Place {
	at, id := ui.ReadTimePlace(r.URL.Query().Get("after"))
	return connect.Place{At: at, ID: id}
}

// placeText returns the place at which the next page of a list begins, or ""
// for the zero one.
func placeText(p connect.Place) string {
	if p.ID == "" {
		return ""
	}
	return ui.TimePlace(p.At, p.ID)
}
