package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/sallyport/sallyport/internal/sso"
)

// SeeOther sends the browser to a path of ours with GET.
func SeeOther(w http.ResponseWriter, r *http.Request, path string) error {
	if !strings.HasPrefix(path, "/") { // would change the host of the joined URL
		return fmt.Errorf("sending the browser to %q, which is not a path", path)
	}
	w.Header().Set("Location", exchangeOf(r).base.Join(path))
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// SeeOtherSite sends the browser to an identity provider with GET. It is for
// answers to a GET only: Chromium holds a form's redirects to our content
// policy, so an answer to a POST shows the page of ui.Leave instead.
func SeeOtherSite(w http.ResponseWriter, target string) error {
	if err := CheckTarget(target); err != nil {
		return err
	}
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// SeeOtherApp sends the browser back to an application, in answer to a GET.
func SeeOtherApp(w http.ResponseWriter, target string) error {
	if err := CheckReturn(target); err != nil {
		return err
	}
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// Paths of the sign-in that other transports lead to.
const (
	loginPath    = "/login"
	continuePath = "/login/continue"
	againPath    = "/login/again"
	confirmPath  = "/login/confirm"
	testPath     = "/test/done"
	tilePath     = "/login/tile"
)

// Where somebody ends who has signed out: everywhere, or here at least.
const (
	SignedOutPath     = "/signed-out"
	SignedOutHerePath = "/signed-out/here"
)

// BreakGlassPath is where an owner comes in by a code that was put aside for
// when the identity provider fails.
const BreakGlassPath = "/login/break-glass"

// LoginPath returns the path at which a sign-in goes on, whatever it needs.
func LoginPath(id sso.AttemptID) string { return AttemptPath(loginPath, id) }

// LogoPath returns the path of the logo of this hash, or "" for none.
func LogoPath(hash string) string {
	if hash == "" {
		return ""
	}
	return "/logos/" + url.PathEscape(hash) + ".png"
}

// AccountPath is where somebody who signs in gets on to, when no page is asked for.
const AccountPath = "/account"

// SignInPath returns the path at which somebody signs in who asked for this page
// of ours, and from which they get on to it. What is no path of ours to come back
// to leads to the account.
func SignInPath(page string) string {
	if page == AccountPath || !LocalPath(page) {
		return loginPath
	}
	return loginPath + "?back=" + url.QueryEscape(page)
}

// ContinuePath returns the path to which the browser comes back from an
// identity provider.
func ContinuePath(id sso.AttemptID) string { return AttemptPath(continuePath, id) }

// TilePath returns the path that begins a sign-in for who came by a tile at their
// identity provider: at this connection, and on the way to this app.
func TilePath(connection, app string) string {
	q := url.Values{"connection": {connection}}
	if app != "" {
		q.Set("app", app)
	}
	return tilePath + "?" + q.Encode()
}

// SignOnPath returns the path at which sign-ins to an organization begin.
func SignOnPath(org string) string { return "/login/" + url.PathEscape(org) }

// TestPath returns the path that shows what a test has come to, to the browser
// in which it was made.
func TestPath(id sso.AttemptID) string { return AttemptPath(testPath, id) }

// AgainPath returns the path that begins a sign-in anew, for the same app.
func AgainPath(id sso.AttemptID) string { return AttemptPath(againPath, id) }

// ConfirmPath returns the path at which somebody who is signed in proves anew
// that it is them, and from which they come back.
func ConfirmPath(back string) string { return confirmPath + "?back=" + url.QueryEscape(back) }

// maxLocalPath bounds a path that is worth coming back to, in octets.
const maxLocalPath = 2000

// LocalPath reports whether a text from outside is a path of ours to send a
// browser to: no browser takes it for another host.
func LocalPath(path string) bool {
	if len(path) > maxLocalPath || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") {
		return false
	}
	for _, c := range []byte(path) {
		if c <= ' ' || c == '\\' || c >= 0x7f {
			return false
		}
	}
	return true
}

// AttemptPath returns the path of a page of a sign-in.
func AttemptPath(path string, id sso.AttemptID) string {
	return path + "?attempt=" + url.QueryEscape(string(id))
}
