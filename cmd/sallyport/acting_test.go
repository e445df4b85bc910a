package main

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// lasts are the routes by which whoever acts as a user would make something
// that outlasts it: refused by their declaration, whatever the form says.
func lasts(r routeLine) bool {
	return strings.Contains(r.more, "(fresh)") || strings.Contains(r.more, "(own)")
}

// openWhileActing are the changes that are left to whoever acts as a user. They
// are what support is called for; roles, addresses and lists are judged by what
// the form says. A route that is new stands here or is declared to be one's own.
func openWhileActing() []string {
	return []string{
		"POST /account",
		"POST /account/recovery-codes/file", // gives back what it was sent
		"POST /account/sessions/end-others",
		"POST /account/sessions/{session}/end",
		"POST /acting/end",
		"POST /console/groups/new",
		"POST /console/groups/{group}/delete",
		"POST /console/groups/{group}/edit",
		"POST /console/groups/{group}/members",
		"POST /console/groups/{group}/members/{user}/remove",
		"POST /console/imports",
		"POST /console/imports/{import}/start",
		"POST /console/imports/{import}/stop",
		"POST /console/invitations/{invitation}/resend",
		"POST /console/invitations/{invitation}/revoke",
		"POST /console/invite",
		"POST /console/organizations/new",
		"POST /console/people/{user}/access",
		"POST /console/people/{user}/edit",
		"POST /console/people/{user}/groups",
		"POST /console/people/{user}/resume",
		"POST /console/people/{user}/role",
		"POST /console/people/{user}/sessions/{session}/end",
		"POST /console/people/{user}/sign-out",
		"POST /console/people/{user}/suspend",
		"POST /console/people/{user}/unlock",
		"POST /console/settings",
	}
}

// acted is a customer as whose owner a support agent acts.
type acted struct {
	*vendor
	acme   tenant
	acting secret.Token
}

func newActed(t *testing.T) *acted {
	t.Helper()
	h := &acted{vendor: newVendor(t)}
	h.acme = h.newTenant("initech")
	var err error
	if h.acting, err = h.operations.ActAs(t.Context(), &h.agent, h.acme.by.User.ID, h.acme.by.Org.ID, "a ticket of theirs"); err != nil {
		t.Fatal(err)
	}
	return h
}

// target fills the gaps of a path with what is the owner's.
func (h *acted) target(r routeLine) string {
	if r.access == "console" {
		return h.acme.target(r.path, h.acme.its)
	}
	return h.acme.target(r.path, h.acme.own)
}

// Whoever acts as a user for an hour leaves no way back behind: by the table of
// routes, and by asking for every one of them.
func TestWhoActsDoesNothingThatLasts(t *testing.T) {
	t.Parallel()
	h := newActed(t)
	var own []routeLine
	var open []string
	refused := func(method, target string) bool {
		got := h.ask(h.acting, method, target, url.Values{})
		return got.Code == http.StatusForbidden && strings.Contains(got.Body.String(), `data-code="acting_lasting"`)
	}
	for _, r := range routeTable(t) {
		route := r.method + " " + r.path
		if r.access != "signed-in" && r.access != "console" {
			if lasts(r) && r.access != "support" && r.access != "operator" {
				t.Errorf("%s is one's own, of nobody", route)
			}
			continue // operators are acted as by nobody
		}
		if lasts(r) {
			if !refused(r.method, h.target(r)) {
				t.Errorf("%s is not refused to who acts as the user", route)
			}
			own = append(own, r)
			continue
		}
		if r.method == http.MethodPost {
			open = append(open, route)
		}
		if r.path != "/acting/end" && refused(r.method, h.target(r)) {
			t.Errorf("%s is refused to who acts as the user, and its declaration does not say so", route)
		}
	}
	if want := openWhileActing(); !slices.Equal(open, want) {
		t.Errorf("changes that are open to who acts as a user:\n%s\nwant\n%s", strings.Join(open, "\n"), strings.Join(want, "\n"))
	}
	if len(own) < 20 {
		t.Errorf("only %d routes of one's own were found in the table", len(own))
	}
	h.holdsAll()
	for _, r := range own { // the twin
		if got := h.ask(h.acme.token, r.method, h.target(r), url.Values{}); strings.Contains(got.Body.String(), "acting_lasting") {
			t.Errorf("%s %s is refused to the user themselves: %d", r.method, r.path, got.Code)
		}
	}
}

// holdsAll fails where anything that the acting must leave alone has changed.
func (h *acted) holdsAll() {
	h.Helper()
	h.write(func(tx *store.Writer) error {
		u, err := tx.User(h.Context(), h.acme.by.User.ID)
		if err == nil && u.PasswordHash != h.acme.by.User.PasswordHash {
			h.Error("the password has changed")
		}
		factors, ferr := tx.Factors(h.Context(), u.ID)
		if len(factors) != 1 {
			h.Errorf("%d factors, want the one that was there", len(factors))
		}
		if ferr != nil {
			return ferr
		}
		return err
	})
}

// What is closed is shown, says why, and leads nowhere.
func TestPagesSayWhatIsClosedWhileActing(t *testing.T) {
	t.Parallel()
	h := newActed(t)
	var pages []string
	var closed []*regexp.Regexp
	for _, r := range routeTable(t) {
		if r.access != "signed-in" && r.access != "console" {
			continue
		}
		if lasts(r) {
			closed = append(closed, regexp.MustCompile("^"+gap.ReplaceAllString(r.path, `[^/?]+`)+`(\?.*)?$`))
		} else if r.method == http.MethodGet {
			pages = append(pages, h.target(r))
		}
	}
	links := regexp.MustCompile(`(?:href|action|formaction)="(/[^"]*)"`)
	off := regexp.MustCompile(`<(?:button[^>]* disabled|span class="off")[^>]* aria-describedby="acting-limits">`)
	offs := 0
	for _, page := range pages {
		got := h.ask(h.acting, http.MethodGet, page, nil)
		body := got.Body.String()
		if got.Code != http.StatusOK || !strings.Contains(body, "You are acting as olga") {
			t.Errorf("GET %s: %d, want a page that says who acts", page, got.Code)
			continue
		}
		if !strings.Contains(body, `id="acting-limits"`) || !strings.Contains(body, "What would outlast your acting is closed") {
			t.Errorf("%s does not say what is closed", page)
		}
		offs += len(off.FindAllString(body, -1))
		for _, m := range links.FindAllStringSubmatch(body, -1) {
			if slices.ContainsFunc(closed, func(p *regexp.Regexp) bool { return p.MatchString(m[1]) }) {
				t.Errorf("%s leads to %s, which is closed", page, m[1])
			}
		}
	}
	if offs < 12 {
		t.Errorf("%d things are shown to be closed: they have been hidden", offs)
	}
	member := h.ask(h.acting, http.MethodGet, h.acme.target("/console/people/{user}", h.acme.its), nil).Body.String()
	if !strings.Contains(member, `<option value="owner" disabled>`) || !strings.Contains(member, `<option value="admin" disabled>`) {
		t.Errorf("the roles that may not be given are not shown:\n%s", member)
	}
	own := h.ask(h.acting, http.MethodGet, "/console/people/"+string(h.acme.by.User.ID), nil).Body.String()
	if !strings.Contains(own, `<option value="owner" selected>`) {
		t.Errorf("an owner's role is not what is chosen:\n%s", own)
	}
	// The twin: to the owner themselves nothing of it is closed.
	for _, page := range pages {
		if body := h.ask(h.acme.token, http.MethodGet, page, nil).Body.String(); strings.Contains(body, "acting-limits") {
			t.Errorf("%s tells the owner of limits", page)
		}
	}
}

// What the form says is judged where the route is open: the way by the pages to
// an owner of one's own.
func TestWhoActsPostsNoOwner(t *testing.T) {
	t.Parallel()
	h := newActed(t)
	role := h.acme.target("/console/people/{user}/role", h.acme.its)
	for name, tc := range map[string]struct {
		target string
		form   url.Values
	}{
		"a role":       {role, url.Values{"role": {"owner"}}},
		"another role": {role, url.Values{"role": {"admin"}}},
		"invitation":   {"/console/invite", url.Values{"addresses": {"sam@vendor.example"}, "role": {"owner"}}},
	} {
		got := h.ask(h.acting, http.MethodPost, tc.target, tc.form)
		if got.Code != http.StatusForbidden || !strings.Contains(got.Body.String(), `data-code="acting_lasting"`) {
			t.Errorf("%s: %d\n%s", name, got.Code, got.Body)
		}
		if got := h.ask(h.acme.token, http.MethodPost, tc.target, tc.form); got.Code != http.StatusSeeOther {
			t.Errorf("%s by the owner: %d\n%s", name, got.Code, got.Body)
		}
	}
	if got := h.ask(h.acting, http.MethodPost, role, url.Values{"role": {string(sso.RoleMember)}}); got.Code != http.StatusSeeOther {
		t.Errorf("a role that opens nothing: %d\n%s", got.Code, got.Body)
	}
}
