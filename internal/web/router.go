package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// Handler serves one request, or returns why not. It must not have written
// anything when it returns an error.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Route is one thing that can be asked of us.
type Route struct {
	Method  string // GET serves HEAD too
	Path    string // a path pattern of [http.ServeMux], without method and host
	Access  Access
	Fresh   bool      // who is signed in must have proved themselves within [sso.FreshFor]; it is Own, too
	Own     bool      // refused to whoever acts as the user
	Scope   sso.Scope // that the program has which calls it; for [API]
	MaxBody int64     // in octets; 0: [MaxBody]
	Handler Handler
}

// Config is what a router stands on.
type Config struct {
	BaseURL BaseURL
	Proxies []netip.Prefix // whose X-Forwarded-For is believed
	Log     *slog.Logger

	// Person returns who a session token stands for, judged now, in a browser at
	// this address. It may be nil where no route is for somebody signed in.
	Person func(context.Context, secret.Token, netip.Addr) (sso.Person, error)

	// Renew replaces a session token whose person may do more by now, and
	// returns the new one, or an empty one where another request was quicker. It
	// may be nil where no token is ever replaced.
	Renew func(context.Context, secret.Token) (secret.Token, error)

	// Program returns the program that holds an API key. It may be nil where no
	// route is for programs.
	Program func(context.Context, secret.Token) (sso.Program, error)

	// Sentence says in English what a code means, to programs; nil: nothing does.
	Sentence func(code string) string

	// Now is the time by which a proof is fresh; nil: [time.Now].
	Now func() time.Time

	// Failure shows a person that a request failed. It may be nil where every
	// route is called by programs.
	Failure func(http.ResponseWriter, *http.Request, Failure)
}

// Router is the handler of a listener. It is safe for use by many goroutines.
type Router struct {
	cfg     Config
	routes  []Route
	mux     *http.ServeMux
	origins *http.CrossOriginProtection
	jar     jar
	headers http.Header // of every answer
}

// New returns a router for all given routes, or says which one is not declared
// as it must be. A listener serves either operations or the public, never both.
func New(cfg Config, groups ...[]Route) (*Router, error) {
	rt := &Router{
		cfg: cfg, routes: slices.Concat(groups...), mux: http.NewServeMux(),
		origins: http.NewCrossOriginProtection(), jar: jar{cfg.BaseURL.secure}, headers: secureHeaders(cfg.BaseURL),
	}
	if cfg.BaseURL.origin != "" { // a proxy may have rewritten the Host that is compared otherwise
		if err := rt.origins.AddTrustedOrigin(cfg.BaseURL.origin); err != nil {
			return nil, fmt.Errorf("trusting the base URL's origin: %w", err)
		}
	}
	if rt.cfg.Now == nil {
		rt.cfg.Now = time.Now
	}
	paths, ops := map[string]methods{}, 0
	for _, route := range rt.routes {
		if err := route.check(cfg); err != nil {
			return nil, fmt.Errorf("route %s %s: %w", route.Method, route.Path, err)
		}
		if paths[route.Path] == nil {
			paths[route.Path] = methods{}
		}
		if _, twice := paths[route.Path][route.Method]; twice {
			return nil, fmt.Errorf("route %s %s is declared twice", route.Method, route.Path)
		}
		paths[route.Path][route.Method] = route
		if route.Access == Ops {
			ops++
		}
	}
	if ops != 0 && ops != len(rt.routes) {
		return nil, errors.New("routes of operations stand beside public ones")
	}
	if paths["/"] == nil {
		paths["/"] = methods{} // everything that is not declared is not found
	}
	for path, by := range paths {
		rt.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			exchangeOf(r).err = rt.dispatch(w, r, by)
		})
	}
	return rt, nil
}

// check refuses a route whose declaration has a hole.
func (route Route) check(cfg Config) error {
	switch {
	case route.Handler == nil:
		return errors.New("has no handler")
	case route.Method == "" || !strings.HasPrefix(route.Path, "/"):
		return errors.New("needs a method and a path")
	case route.Access < Public || route.Access > Ops:
		return errors.New("does not declare who may call it")
	case route.Access == CrossSitePost && route.Method != http.MethodPost:
		return errors.New("takes posts of other sites only by POST")
	case route.Access == Public && !safe(route.Method):
		return errors.New("is public and changes something")
	case route.Access.session() && cfg.Person == nil:
		return errors.New("needs sessions, and there are none")
	case (route.Access == API) != (route.Scope != ""):
		return errors.New("needs a scope, and programs to have it")
	case route.Access == API && cfg.Program == nil:
		return errors.New("needs programs, and there are none")
	case (route.Fresh || route.Own) && !route.Access.session():
		return errors.New("needs a fresh proof of nobody")
	case !route.Access.program() && cfg.Failure == nil:
		return errors.New("needs a failure page, and there is none")
	}
	return nil
}

// Table returns the routes, one a line: who may call, method, path, size of
// the body where it is not the common one.
func (rt *Router) Table() string { return Table(rt.routes) }

// Routes returns everything that can be asked of it.
func (rt *Router) Routes() []Route { return slices.Clone(rt.routes) }

// Table returns routes in the form of [Router.Table].
func Table(routes []Route) string {
	sorted := slices.SortedFunc(slices.Values(routes), func(a, b Route) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(a.Method, b.Method))
	})
	var table strings.Builder
	for _, route := range sorted {
		line := fmt.Sprintf("%-15s  %-6s %s", route.Access, route.Method, route.Path)
		switch {
		case route.Fresh:
			line += "  (fresh)"
		case route.Own:
			line += "  (own)"
		case route.Scope != "":
			line += "  (" + string(route.Scope) + ")"
		}
		if route.MaxBody != 0 {
			line += fmt.Sprintf("  (body %d KiB)", route.MaxBody>>10)
		}
		table.WriteString(line + "\n")
	}
	return table.String()
}

// methods are the routes of one path.
type methods map[string]Route

// find returns the route for a method.
func (m methods) find(method string) (Route, bool) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	route, ok := m[method]
	return route, ok
}

// program returns who asks where all of the path is for programs, which read no
// page; 0 otherwise.
func (m methods) program() Access {
	var one Access
	for _, route := range m {
		if !route.Access.program() {
			return 0
		}
		one = route.Access
	}
	return one
}

// allow returns the value of the Allow header.
func (m methods) allow() string {
	var list []string
	for method := range m {
		list = append(list, method)
		if method == http.MethodGet {
			list = append(list, http.MethodHead)
		}
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}
