package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

// exchange is what the edge knows of one request and its answer.
type exchange struct {
	base    BaseURL
	jar     jar
	route   Route // zero where none was found
	method  string
	address netip.Addr
	binding secret.Hash
	bound   bool         // the binding came with the request
	person  *sso.Person  // nil: nobody is known
	program *sso.Program // nil: none asks
	renew   func(context.Context, secret.Token) (secret.Token, error)
	retry   string
	onward  string
	topic   Topic
	trace   string

	notes []slog.Attr
	err   error // of the handler
	fault *fault.Error
	cause error
	stack string
	gone  bool
}

type exchangeKey struct{}

// exchangeOf returns the exchange of a request that came through a router.
func exchangeOf(r *http.Request) *exchange {
	x, ok := r.Context().Value(exchangeKey{}).(*exchange)
	if !ok {
		panic("request did not come through a router")
	}
	return x
}

// name returns the route for the log: the pattern, never the path itself,
// which may hold a token.
func (x *exchange) name() string {
	if x.route.Path == "" {
		return clean(x.method) + " (none)"
	}
	return x.method + " " + x.route.Path
}

// Binding returns the hash of the browser's binding cookie. It is zero on
// routes that see no cookies.
func Binding(r *http.Request) secret.Hash { return exchangeOf(r).binding }

// MustBeBound refuses a request that goes on with something and brings no
// binding cookie: the browser keeps none, or is not the one that began.
func MustBeBound(r *http.Request) error {
	if !exchangeOf(r).bound {
		return unbound()
	}
	return nil
}

func unbound() error {
	return &fault.Error{Kind: fault.Denied, Code: "bind_cookie_missing", Want: "the cookie of the page before", Got: "none", Fix: fault.PersonSide}
}

// Address returns the address of the client. It is not valid where the
// connection has none, as on a Unix socket.
func Address(r *http.Request) netip.Addr { return exchangeOf(r).address }

// UserAgent returns what the client calls itself, made fit to be stored.
func UserAgent(r *http.Request) string { return clean(r.UserAgent()) }

// PersonFrom returns who is signed in. It is zero unless the route is
// [SignedIn], [Console], [Support] or [Operator].
func PersonFrom(r *http.Request) sso.Person {
	if p := exchangeOf(r).person; p != nil {
		return *p
	}
	return sso.Person{}
}

// ProgramFrom returns the program that asks, as it acts under the scope of the
// route. It is zero unless the route is [API].
func ProgramFrom(r *http.Request) sso.Program {
	if p := exchangeOf(r).program; p != nil {
		return *p
	}
	return sso.Program{}
}

// Somebody returns who is signed in, and whether anybody is known to be. It
// may be asked of any request.
func Somebody(r *http.Request) (sso.Person, bool) {
	x, ok := r.Context().Value(exchangeKey{}).(*exchange)
	if !ok || x.person == nil {
		return sso.Person{}, false
	}
	return *x.person, true
}

// ServeHTTP answers a request and writes one line about it.
func (rt *Router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	x := &exchange{
		base: rt.cfg.BaseURL, jar: rt.jar, method: r.Method, renew: rt.cfg.Renew,
		address: clientAddress(r, rt.cfg.Proxies), trace: traceOf(r),
	}
	r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
	out := &writer{ResponseWriter: w}
	maps.Copy(out.Header(), rt.headers) // nobody changes a value in its place
	if err := rt.serve(out, r, x); err != nil {
		rt.fail(out, r, x, err)
	}
	if out.status == 0 && !x.gone {
		out.WriteHeader(http.StatusOK)
	}
	rt.log(r, x, out, time.Since(began))
}

// serve runs the request through the mux. A panic becomes an error of ours.
func (rt *Router) serve(w http.ResponseWriter, r *http.Request, x *exchange) (err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if abort, ok := p.(error); ok && errors.Is(abort, http.ErrAbortHandler) {
			panic(p) // the server's own way to drop a connection
		}
		x.stack = string(debug.Stack())
		err = fmt.Errorf("handling the request: panic: %v", p)
	}()
	rt.mux.ServeHTTP(w, r)
	return x.err
}

// dispatch finds the route among those of a path, enforces its declaration and
// runs its handler.
func (rt *Router) dispatch(w http.ResponseWriter, r *http.Request, by methods) error {
	if len(by) == 0 {
		return &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Fix: fault.PersonSide}
	}
	x := exchangeOf(r)
	route, ok := by.find(r.Method)
	if !ok {
		w.Header().Set("Allow", by.allow())
		x.route.Access = by.program()
		return &fault.Error{Kind: fault.Invalid, Code: "method_not_allowed", Want: by.allow(), Got: clip(r.Method)}
	}
	x.route = route
	isolate(w.Header(), route.Access)
	switch err := rt.admit(w, r, x); {
	case route.Access.session() && safe(r.Method) && err != nil && fault.From(err).Kind == fault.Unauthenticated:
		return SeeOther(w, r, SignInPath(r.URL.RequestURI())) // not a failure: nobody is signed in yet, or not any more
	case err != nil:
		return err
	}
	if route.Fresh || route.Own {
		if err := x.person.Session.Own(); err != nil {
			if back, ok := rt.cameFrom(r); ok {
				RetryAt(r, back)
			}
			return err
		}
	}
	if route.Fresh {
		if err := x.person.Session.Proved(rt.cfg.Now()); err != nil {
			return rt.confirm(w, r, by, err)
		}
	}
	err := route.Handler(w, r)
	if fault.Is(err, "session_stale") { // some of what the route does wants the proof
		return rt.confirm(w, r, by, err)
	}
	return err
}

// confirm has the person prove anew that it is them. A page waits for that. A
// form is refused with stale, since what it held would be lost on the way: the
// page that says so leads to the proof, and from there to the form.
func (rt *Router) confirm(w http.ResponseWriter, r *http.Request, by methods, stale error) error {
	if safe(r.Method) {
		return SeeOther(w, r, ConfirmPath(r.URL.RequestURI()))
	}
	back := AccountPath
	if _, ok := by.find(http.MethodGet); ok {
		back = r.URL.RequestURI()
	} else if path, ok := rt.cameFrom(r); ok {
		back = path
	}
	RetryAt(r, ConfirmPath(back))
	return stale
}

// cameFrom returns the page of ours from which a request came.
func (rt *Router) cameFrom(r *http.Request) (path string, ok bool) {
	path, ok = strings.CutPrefix(r.Referer(), rt.cfg.BaseURL.origin)
	return path, ok && LocalPath(path)
}

// admit enforces what the route declares.
func (rt *Router) admit(w http.ResponseWriter, r *http.Request, x *exchange) error {
	access := x.route.Access
	if !access.crossOrigin() {
		if err := rt.origins.Check(r); err != nil {
			return &fault.Error{Kind: fault.Denied, Code: "request_cross_origin", Fix: fault.PersonSide, Err: err}
		}
	}
	if !access.cookies() {
		r.Header.Del("Cookie")
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return &fault.Error{Kind: fault.Invalid, Code: "request_encoding", Want: "a body that is not compressed", Got: clip(encoding)}
	}
	limit := x.route.MaxBody
	if limit == 0 {
		limit = MaxBody
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	switch access {
	case Browser:
		return rt.bind(w, r, x)
	case SignedIn, Console, Support, Operator:
		return rt.know(w, r, x)
	case API:
		return rt.authorize(r, x)
	}
	return nil
}

// authorize finds out which program asks, and whether it has the scope of the
// route.
func (rt *Router) authorize(r *http.Request, x *exchange) error {
	token, _ := Bearer(r)
	r.Header.Del("Authorization") // nobody needs it any more
	p, err := rt.cfg.Program(r.Context(), token)
	if err != nil {
		return err
	}
	Note(r, "program", p.ID)
	if p.Org != "" {
		Note(r, "org", string(p.Org))
	}
	if p, err = p.Under(x.route.Scope); err != nil {
		return err
	}
	x.program = &p
	return nil
}

// know finds out who is signed in, and whether the route is for them.
func (rt *Router) know(w http.ResponseWriter, r *http.Request, x *exchange) error {
	token := rt.jar.read(r, sessionCookie)
	if token.IsZero() {
		return &fault.Error{Kind: fault.Unauthenticated, Code: "session_over", Fix: fault.PersonSide}
	}
	person, err := Present(w, r, token, rt.cfg.Person)
	if fault.Is(err, "policy_address") && safe(r.Method) {
		x.retry = r.URL.RequestURI() // from where it is allowed, it is the same page
	}
	if err != nil {
		return err
	}
	x.person = &person
	Note(r, "org", string(person.Org.ID))
	Note(r, "usr", string(person.User.ID))
	if person.Session.ActedAs() {
		Note(r, "act", string(person.Session.Actor))
	}
	switch {
	case x.route.Access == Console && !person.Administers():
		x.onward = AccountPath
		return &fault.Error{Kind: fault.Denied, Code: "console_role", Want: "owner or admin", Got: string(person.Membership.Role), Fix: fault.AdminSide}
	case (x.route.Access == Support || x.route.Access == Operator) && !person.Support():
		return &fault.Error{Kind: fault.NotFound, Code: "page_not_found", Fix: fault.PersonSide}
	case x.route.Access == Operator && !person.Operator():
		return &fault.Error{Kind: fault.Denied, Code: "operator_role", Want: "owner or admin of the operators' organization", Got: string(person.Membership.Role), Fix: fault.OperatorSide}
	}
	return nil
}

// bind knows the browser by its cookie, and gives it one with the first page.
// A post without it comes from a browser that keeps no cookies: every later
// step would fail, so it is told now.
func (rt *Router) bind(w http.ResponseWriter, r *http.Request, x *exchange) error {
	token := rt.jar.read(r, browserCookie)
	if token.IsZero() {
		if !safe(r.Method) {
			return unbound()
		}
		token = secret.NewToken()
		rt.jar.write(w, browserCookie, token)
	} else {
		x.bound = true
	}
	x.binding = token.Hash()
	return nil
}

// Bind returns the hash of the browser's binding cookie for what begins on a page
// that is not one of a sign-in, and goes on there. A browser that has none gets
// one.
func Bind(w http.ResponseWriter, r *http.Request) secret.Hash {
	x := exchangeOf(r)
	if !x.route.Access.cookies() {
		return secret.Hash{}
	}
	token := x.jar.read(r, browserCookie)
	if token.IsZero() {
		token = secret.NewToken()
		x.jar.write(w, browserCookie, token)
	}
	return token.Hash()
}

// Record has the log tell of an error that the handler answers by itself, such
// as a mistyped address that is shown beside its field. The log gets the code
// alone: what people type into the wrong field is a password now and then. It
// returns the fault and the status to answer with.
func Record(r *http.Request, err error) (*fault.Error, int) {
	f, x := fault.From(err), exchangeOf(r)
	x.fault = &fault.Error{Kind: f.Kind, Code: f.Code, Ref: f.Ref}
	return f, Status(f)
}

// Traced returns the reference of a refusal that the handler has recorded and
// of which a trace is kept, or "".
func Traced(r *http.Request) string {
	x, ok := r.Context().Value(exchangeKey{}).(*exchange)
	if !ok || x.fault == nil {
		return ""
	}
	return x.fault.Ref
}

// Report tells the log of a failure that is not what the request is answered
// with, in full.
func Report(r *http.Request, err error) {
	x := exchangeOf(r)
	x.fault = fault.From(err)
	x.cause = x.fault.Err
}

// writer remembers the status that was sent.
type writer struct {
	http.ResponseWriter
	status int
}

// WriteHeader sends the status, once.
func (w *writer) WriteHeader(status int) {
	if w.status == 0 || w.status < http.StatusOK {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write sends a part of the body.
func (w *writer) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets [http.ResponseController] reach the writer below.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
