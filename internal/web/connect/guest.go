package connect

import (
	"net/http"
	"strings"

	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/signin"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// Paths of tests in the browser of whoever makes one.
const (
	guestPath = "/test/{token}"
	donePath  = "/test/done"
)

// guestPage stands before a test by a link. What looks at links before people
// do begins nothing.
type guestPage struct {
	Organization string
	Connection   string
	Action       string
}

// Head implements [ui.Page].
func (guestPage) Head() ui.Head { return ui.Head{Template: "guest", Title: ui.Say("guest_title")} }

// lookAtTest serves GET /test/{token}.
func (h *Handler) lookAtTest(w http.ResponseWriter, r *http.Request) error {
	t, err := h.Flow.TestLink(r.Context(), secret.ParseToken(r.PathValue("token")))
	if err != nil {
		return err
	}
	return h.UI.Render(w, r, http.StatusOK, guestPage{Organization: t.Organization.Name, Connection: t.Connection, Action: r.URL.Path})
}

// testAsGuest serves POST /test/{token}.
func (h *Handler) testAsGuest(w http.ResponseWriter, r *http.Request) error {
	token := secret.ParseToken(r.PathValue("token"))
	if token.IsZero() {
		return sso.NoTestLink()
	}
	web.RetryAt(r, r.URL.Path)
	return h.depart(w, r, signin.TestStart{Link: token})
}

// donePage tells whoever was asked to test how it went. What was sent is for who
// sets up.
type donePage struct {
	Passed    bool
	Waiting   bool
	Reference string
	Again     string
}

// Head implements [ui.Page].
func (p donePage) Head() ui.Head {
	switch {
	case p.Waiting:
		return ui.Head{Template: "tested", Title: ui.Say("done_waiting")}
	case p.Passed:
		return ui.Head{Template: "tested", Title: ui.Say("done_passed")}
	}
	return ui.Head{Template: "tested", Title: ui.Say("done_failed")}
}

// maxAttemptID bounds an identifier that is worth looking for.
const maxAttemptID = 64

// tested serves GET /test/done, to the browser in which a test was made. Who
// sets up goes on to the page that shows it, and to nobody else.
func (h *Handler) tested(w http.ResponseWriter, r *http.Request) error {
	id := r.URL.Query().Get("attempt")
	if id == "" || len(id) > maxAttemptID {
		return &fault.Error{Kind: fault.NotFound, Code: "attempt_unknown", Fix: fault.PersonSide}
	}
	if err := web.MustBeBound(r); err != nil {
		return err
	}
	t, err := h.SignIn.TestOf(r.Context(), signin.Browser{Binding: web.Binding(r), Address: web.Address(r), UserAgent: web.UserAgent(r)}, sso.AttemptID(id))
	if err != nil {
		return err
	}
	if t.By == "" {
		return h.UI.Render(w, r, http.StatusOK, donePageOf(&t, r.URL.RequestURI()))
	}
	path, err := h.Flow.WhereTested(r.Context(), &t)
	if err != nil {
		return err
	}
	prefix, query := consolePrefix, "?org="+path.Organization+"&test="
	if strings.HasPrefix(t.By, setupLinkIDs) {
		prefix, query = setupPrefix, "?test="
	}
	query += string(t.ID)
	if t.Shadow {
		query += "&of=" + string(sso.Prepared)
	}
	return web.SeeOther(w, r, frame.Fill(prefix+testPath, "{connection}", path.Connection)+query)
}

func donePageOf(t *sso.Test, path string) donePage {
	return donePage{Passed: t.Passed(), Waiting: t.State == sso.TestWaiting, Reference: t.Reference, Again: path}
}

// setupLinkIDs begin the identifiers of setup links.
const setupLinkIDs = "set_"
