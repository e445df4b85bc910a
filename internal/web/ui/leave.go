package ui

import (
	"html/template"
	"net/http"

	"github.com/sallyport/sallyport/internal/web"
)

// leave moves on by itself. Only [UI.Leave] and [UI.LeaveForApp] make one: its
// URL has been judged, and may have a native application's own scheme, which
// a template by itself lets nobody follow.
type leave struct {
	URL  template.URL
	Name string
}

// Head implements [Page].
func (p leave) Head() Head {
	return Head{Template: "leave", Title: Say("leave_title"), only: "-", refresh: p.URL}
}

// Leave sends the browser on after a POST. Chromium holds every redirect that
// follows a form to the form's content policy, so a POST does not redirect to
// where the way leads out; it answers with this page, which moves on by
// itself. The target is an identity provider, or a path of ours from which the
// browser is sent out. Name is what the person knows the target by, if
// anything.
func (u *UI) Leave(w http.ResponseWriter, r *http.Request, target, name string) error {
	if !ourPath(target) {
		if err := web.CheckTarget(target); err != nil {
			return err
		}
	}
	return u.Render(w, r, http.StatusOK, leave{URL: template.URL(target), Name: name})
}

// LeaveForApp sends the browser back to an application after a POST, as
// [UI.Leave] does. The target is one that the application has registered.
func (u *UI) LeaveForApp(w http.ResponseWriter, r *http.Request, target string) error {
	if err := web.CheckReturn(target); err != nil {
		return err
	}
	return u.Render(w, r, http.StatusOK, leave{URL: template.URL(target)})
}

// ourPath reports whether a browser that is sent to s stays with us: a path,
// and nothing that browsers take for the beginning of a host.
func ourPath(s string) bool {
	return len(s) > 0 && s[0] == '/' && (len(s) == 1 || s[1] != '/' && s[1] != '\\')
}
