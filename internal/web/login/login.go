package login

import (
	"context"
	"net/http"
	"net/netip"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// Flow is the sign-in behind the pages; [signin.Service] is one.
type Flow interface {
	Begin(context.Context, signin.Browser, signin.Start) (sso.Attempt, error)
	SetOut(context.Context, signin.Browser, signin.Start) (sso.Attempt, *signin.Departure, error)
	SignOn(ctx context.Context, b signin.Browser, key string) (sso.Attempt, *signin.Departure, error)
	GoOn(ctx context.Context, b signin.Browser, key string) (sso.Attempt, error)
	BeginTile(context.Context, signin.Browser, signin.Tile) (sso.Attempt, error)
	Attempt(context.Context, signin.Browser, sso.AttemptID) (sso.Attempt, error)
	Identify(ctx context.Context, b signin.Browser, id sso.AttemptID, typed string, by sso.Method) (sso.Attempt, error)
	Begun(context.Context, signin.Browser, sso.AttemptID) (signin.Start, error)
	Choices(context.Context, sso.Attempt) ([]signin.Choice, error)
	Whereabouts(context.Context, sso.Attempt) (signin.Whereabouts, error)
	Choose(ctx context.Context, b signin.Browser, id sso.AttemptID, choice string) (sso.Attempt, error)
	Password(ctx context.Context, b signin.Browser, id sso.AttemptID, password string) (sso.Attempt, error)
	Depart(context.Context, signin.Browser, sso.AttemptID) (signin.Departure, error)
	BreakGlass(ctx context.Context, b signin.Browser, id sso.AttemptID, address, code string) (sso.Attempt, error)
	AskPasskey(signin.Browser) ([]byte, error)
	Passkey(ctx context.Context, b signin.Browser, id sso.AttemptID, response []byte) (sso.Attempt, error)
	Asked(context.Context, signin.Browser, sso.AttemptID) (signin.Asked, error)
	SendCode(ctx context.Context, b signin.Browser, id sso.AttemptID, number sso.FactorID) error
	Factor(context.Context, signin.Browser, sso.AttemptID, signin.Answer) (sso.Attempt, error)
	Offer(ctx context.Context, b signin.Browser, id sso.AttemptID, kind sso.FactorKind, before string) (signin.Offered, error)
	OfferNumber(ctx context.Context, b signin.Browser, id sso.AttemptID, number string) error
	Enrol(context.Context, signin.Browser, sso.AttemptID, signin.Addition) (sso.Attempt, []string, error)
	Newcomer(context.Context, signin.Browser, sso.AttemptID) (signin.Newcomer, error)
	Connect(ctx context.Context, b signin.Browser, id sso.AttemptID, name, password string) (sso.Attempt, error)
	ConnectPasskey(ctx context.Context, b signin.Browser, id sso.AttemptID, response []byte) (sso.Attempt, error)
	Register(context.Context, signin.Browser, sso.AttemptID) (sso.Attempt, error)
	Confirm(ctx context.Context, b signin.Browser, back string) (sso.Attempt, error)
	Finish(context.Context, signin.Browser, sso.AttemptID, signin.Consent) (signin.Finished, error)
	SignOut(ctx context.Context, token secret.Token, back string) (signin.SignedOut, error)
}

// Handler serves the pages. Its fields are set before it is used.
type Handler struct {
	Flow Flow
	UI   *ui.UI
	// Forgot is the path for who has forgotten their password; "": there is none.
	Forgot string
	// Again returns the query of an app's request with which a sign-in begins anew.
	Again func(ctx context.Context, request string) (string, error)
	// Person returns who a session token stands for, judged now, in a browser at
	// this address.
	Person func(context.Context, secret.Token, netip.Addr) (sso.Person, error)
}

// End is where a sign-in ends: a URL of an app, or a path of ours. With fields
// the browser posts them there.
type End struct {
	URL    string
	Fields []ui.FormField
}

// Paths of the pages.
const (
	identifyPath = "/login"
	emailPath    = "/login/email"
	passwordPath = "/login/password"
	choosePath   = "/login/choose"
	ssoPath      = "/login/sso"
	continuePath = "/login/continue"
	switchPath   = "/login/switch"
	againPath    = "/login/again"
	tilePath     = "/login/tile"
	orgPath      = "/login/{org}"
	passkeyPath  = "/login/passkey"
	factorPath   = "/login/factor"
	sendPath     = "/login/factor/send"
	enrolPath    = "/login/enrol"
	numberPath   = "/login/enrol/number"
	codesPath    = "/login/enrol/codes"
	confirmPath  = "/login/confirm"
	firstPath    = "/login/first"
	firstKeyPath = "/login/first/passkey"
	firstNewPath = "/login/first/new"

	homePath      = "/{$}"
	accountPath   = "/account"
	logoutPath    = "/logout"
	authorizePath = "/oauth2/authorize"
)

// Routes returns the routes of the pages.
func (h *Handler) Routes() []web.Route {
	page := func(method, path string, handler web.Handler) web.Route {
		return web.Route{Method: method, Path: path, Access: web.Browser, Handler: h.orAccount(handler)}
	}
	return []web.Route{
		page(http.MethodGet, identifyPath, h.start),
		page(http.MethodPost, identifyPath, h.identify),
		page(http.MethodGet, emailPath, h.notYou),
		page(http.MethodGet, passwordPath, h.resume),
		page(http.MethodPost, passwordPath, h.password),
		page(http.MethodGet, choosePath, h.resume),
		page(http.MethodPost, choosePath, h.choose),
		page(http.MethodGet, ssoPath, h.resume),
		page(http.MethodGet, continuePath, h.proceed),
		page(http.MethodPost, switchPath, h.become),
		page(http.MethodGet, againPath, h.again),
		page(http.MethodGet, tilePath, h.tile),
		page(http.MethodGet, orgPath, h.organization),
		page(http.MethodGet, passkeyPath, h.resume),
		page(http.MethodPost, passkeyPath, h.passkey),
		page(http.MethodGet, factorPath, h.factor),
		page(http.MethodPost, factorPath, h.prove),
		page(http.MethodPost, sendPath, h.send),
		page(http.MethodGet, enrolPath, h.enrol),
		page(http.MethodPost, enrolPath, h.add),
		page(http.MethodPost, numberPath, h.number),
		page(http.MethodPost, codesPath, h.download),
		page(http.MethodGet, firstPath, h.resume),
		page(http.MethodPost, firstPath, h.first),
		page(http.MethodPost, firstKeyPath, h.firstKey),
		page(http.MethodPost, firstNewPath, h.firstNew),
		page(http.MethodGet, web.BreakGlassPath, h.askGlass),
		page(http.MethodPost, web.BreakGlassPath, h.breakGlass),
		page(http.MethodGet, confirmPath, h.confirm),
		page(http.MethodPost, logoutPath, h.logout),
		{Method: http.MethodGet, Path: homePath, Access: web.Public, Handler: h.home},
		{Method: http.MethodGet, Path: web.SignedOutPath, Access: web.Public, Handler: h.signedOut},
		{Method: http.MethodGet, Path: web.SignedOutHerePath, Access: web.Public, Handler: h.signedOutHere},
	}
}

// browserOf returns what is known of the browser.
func browserOf(r *http.Request) signin.Browser {
	return signin.Browser{
		Binding: web.Binding(r), Session: web.SessionToken(r), Device: web.DeviceToken(r), Known: web.KnownToken(r), Address: web.Address(r), UserAgent: web.UserAgent(r),
	}
}

// maxAttemptID bounds an identifier that is worth looking for.
const maxAttemptID = 64

// attemptID returns the attempt that the URL names, or "". A failure of the
// request then offers to begin it anew.
func attemptID(r *http.Request) sso.AttemptID {
	id := r.URL.Query().Get("attempt")
	if id == "" || len(id) > maxAttemptID {
		return ""
	}
	web.RetryAt(r, web.AgainPath(sso.AttemptID(id)))
	web.Note(r, "att", id)
	return sso.AttemptID(id)
}

// signedIn reports whether the browser has a session that may be used. One
// that is over, or whose person may not come in any more, is none.
func (h *Handler) signedIn(r *http.Request) (bool, error) {
	token := web.SessionToken(r)
	if token.IsZero() {
		return false, nil
	}
	_, err := h.Person(r.Context(), token, web.Address(r))
	if err == nil {
		return true, nil
	}
	switch fault.From(err).Kind {
	case fault.Unauthenticated, fault.Denied, fault.NotFound:
		return false, nil
	default:
		return false, err
	}
}

// orAccount serves a page. Who goes back to a sign-in that is over and is
// signed in gets on to the account: to begin anew would send an app's request
// a second time, which the app refuses.
func (h *Handler) orAccount(page web.Handler) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		err := page(w, r)
		if fault.Is(err, "attempt_over") {
			// Where we cannot tell, the failure that we have is told.
			if in, _ := h.signedIn(r); in {
				web.SignedInAt(r, accountPath)
			}
		}
		return err
	}
}

// note tells the log whose sign-in this is.
func note(r *http.Request, a *sso.Attempt) {
	web.Note(r, "org", string(a.Org))
	web.Note(r, "con", string(a.Connection))
}

// beside reports whether an error belongs beside the field rather than on a
// page of its own.
func beside(err error, codes ...string) bool {
	for _, code := range codes {
		if fault.Is(err, code) {
			return true
		}
	}
	return false
}
