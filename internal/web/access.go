package web

import "net/http"

// Access says who may call a route. The zero value is no declaration, and a
// router with such a route is not built.
type Access uint8

// The declarations.
const (
	// Public routes answer anyone the same. They see no cookies.
	Public Access = iota + 1
	// Browser routes are the pages of a sign-in. A browser gets its binding
	// cookie at the first one and must show it when it posts.
	Browser
	// SignedIn routes have a live session; without one, a page goes to /login.
	SignedIn
	// Console routes are [SignedIn], by somebody who administers the
	// organization they are signed in to.
	Console
	// Support routes are [SignedIn], by an operator or a support agent; to
	// everybody else they are not there.
	Support
	// Operator routes are [Support] ones that are for operators alone: what
	// changes the deployment, and the pages that ask for it.
	Operator
	// Setup routes are for the holder of a setup link, which the browser shows as
	// a cookie. What it opens, the flow asks.
	Setup
	// CrossSitePost routes take a form that another site posts. They see no
	// cookies, so nothing that the browser is trusted for can be misused.
	CrossSitePost
	// Client routes are called by programs, which bring their own credentials
	// in the request. They see no cookies and answer errors in JSON.
	Client
	// API routes are called by programs that bring an API key which has the scope
	// of the route. They see no cookies, and errors are answered as problems
	// [RFC 9457].
	API
	// Ops routes exist only on the operations listener.
	Ops
)

// String returns the name of a, for the route table.
func (a Access) String() string {
	switch a {
	case Public:
		return "public"
	case Browser:
		return "browser"
	case SignedIn:
		return "signed-in"
	case Console:
		return "console"
	case Support:
		return "support"
	case Operator:
		return "operator"
	case Setup:
		return "setup-link"
	case CrossSitePost:
		return "cross-site-post"
	case Client:
		return "client"
	case API:
		return "api"
	case Ops:
		return "ops"
	default:
		return "undeclared"
	}
}

// cookies reports whether handlers of the route may see cookies.
func (a Access) cookies() bool { return a == Browser || a == Setup || a.session() }

// session reports whether handlers of the route find somebody signed in.
func (a Access) session() bool { return a == SignedIn || a == Console || a == Support || a == Operator }

// program reports whether the caller is a program, which wants JSON.
func (a Access) program() bool { return a == Client || a == API || a == Ops }

// crossOrigin reports whether requests that change something may come from
// another origin. That is safe exactly where no cookie is seen.
func (a Access) crossOrigin() bool { return a == CrossSitePost || a == Client || a == API || a == Ops }

// safe reports whether a method changes nothing [RFC 9110 9.2.1].
func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}
