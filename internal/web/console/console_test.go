package console

import (
	"bytes"
	"context"
	"errors"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/backoff"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/recovery"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/storetest"
	"github.com/sallyport/sallyport/internal/web"
	"github.com/sallyport/sallyport/internal/web/ui"
)

// house is the console over a database, with Acme and Acme EMEA below it.
type house struct {
	*testing.T
	flow   *provision.Service
	router *web.Router
	owner  sso.Person
	user   sso.UserID // a member of Acme
	emea   sso.Organization
	who    sso.Person // who asks
}

func open(t *testing.T) *house {
	t.Helper()
	db := storetest.SQLite(t)
	sealer, err := secret.NewSealer(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return time.Now().UTC() }
	outbox := &notify.Outbox{Sealer: sealer, Now: clock}
	h := &house{T: t, flow: &provision.Service{
		DB: db, Now: clock, Outbox: outbox, Recovery: &recovery.Service{Outbox: outbox, Now: clock}, Limits: backoff.Limiter{DB: db, Now: clock},
	}}
	pages, err := ui.New(ui.Options{}, Pages())
	if err != nil {
		t.Fatal(err)
	}
	base, err := web.ParseBaseURL("https://id.example")
	if err != nil {
		t.Fatal(err)
	}
	h.router, err = web.New(web.Config{
		BaseURL: base, Log: slog.New(slog.DiscardHandler), Failure: pages.Failure, Now: clock,
		Person: func(context.Context, secret.Token, netip.Addr) (sso.Person, error) { return h.who, nil },
	}, (&Handler{Flow: h.flow, UI: pages}).Routes())
	if err != nil {
		t.Fatal(err)
	}
	org, below := acme(), emea()
	org.Version, below.Version, org.UpdatedAt, below.UpdatedAt = 0, 0, then, then
	h.write(func(tx *store.Writer) error {
		return errors.Join(tx.SaveOrganization(t.Context(), org), tx.SaveOrganization(t.Context(), below))
	})
	org.Version, below.Version = 1, 1
	h.emea = below
	h.owner = h.add(org, "olga", sso.RoleOwner)
	h.user = h.add(org, "mia", sso.RoleMember).User.ID
	h.who = h.owner
	return h
}

func (h *house) write(do func(tx *store.Writer) error) {
	h.Helper()
	if err := h.flow.DB.Write(h.Context(), do); err != nil {
		h.Fatal(err)
	}
}

func (h *house) add(org sso.Organization, name string, role sso.Role) sso.Person {
	h.Helper()
	at := h.flow.Now()
	u := sso.User{ID: sso.NewUserID(at), Home: org.ID, Username: name, FirstName: name, Email: sso.StoredEmail(name + "@acme.example"), State: sso.UserActive, CreatedAt: at, UpdatedAt: at}
	m := sso.Membership{Org: org.ID, User: u.ID, Role: role, CreatedAt: at, UpdatedAt: at}
	s := sso.Session{ID: sso.NewSessionID(at), User: u.ID, Org: org.ID, AuthTime: at, CreatedAt: at, SeenAt: at, ExpiresAt: at.Add(sso.SessionLife)}
	h.write(func(tx *store.Writer) error {
		ctx := h.Context()
		return errors.Join(tx.Org(org.ID).SaveUser(ctx, u), tx.Org(org.ID).SaveMembership(ctx, m), tx.InsertSession(ctx, s, secret.NewToken().Hash()))
	})
	u.Version = 1
	return sso.Person{Session: s, User: u, Org: org, Membership: m}
}

// ask sends a request by whoever asks.
func (h *house) ask(method, target string, form url.Values) *httptest.ResponseRecorder {
	h.Helper()
	r := httptest.NewRequestWithContext(h.Context(), method, target, strings.NewReader(form.Encode()))
	r.Header.Set("Cookie", "__Host-sallyport-session=any")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	h.router.ServeHTTP(w, r)
	return w
}

func (h *house) state(user sso.UserID) (s sso.UserState) {
	h.Helper()
	h.write(func(tx *store.Writer) error {
		u, err := tx.User(h.Context(), user)
		s = u.State
		return err
	})
	return s
}

// What cannot be undone is done only when its name was typed, whatever the
// browser was shown.
func TestTheNameIsAskedForByTheServer(t *testing.T) {
	t.Parallel()
	h := open(t)
	path := "/console/people/" + string(h.user)
	for _, form := range []url.Values{nil, {"confirm": {"olga"}}} {
		for _, act := range []string{"/remove", "/reset-account"} {
			if got := h.ask(http.MethodPost, path+act, form); got.Code != http.StatusBadRequest || !strings.Contains(got.Body.String(), "aria-invalid") {
				t.Errorf("POST %s with %v: %d", act, form, got.Code)
			}
		}
	}
	if s := h.state(h.user); s != sso.UserActive {
		t.Fatalf("the person is %s", s)
	}
	if got := h.ask(http.MethodPost, path+"/remove", url.Values{"confirm": {" MIA "}}); got.Code != http.StatusSeeOther || got.Header().Get("Location") != "https://id.example/console/people?saved=removed" {
		t.Errorf("removing: %d to %q", got.Code, got.Header().Get("Location"))
	}
	if s := h.state(h.user); s != sso.UserDeleted {
		t.Errorf("the person is %s", s)
	}
}

// A list of networks without one's own address is saved only when its author
// has said that it is meant so.
func TestNobodyIsLockedOutUnwarned(t *testing.T) {
	t.Parallel()
	h := open(t)
	form := url.Values{"version": {"1"}, "ip_allow": {"198.51.100.0/24"}, "session_idle": {"3600"}}
	got := h.ask(http.MethodPost, securityPath, form)
	if got.Code != http.StatusConflict || !strings.Contains(got.Body.String(), `name="lock_out"`) || !strings.Contains(got.Body.String(), "198.51.100.0/24") {
		t.Fatalf("%d\n%s", got.Code, got.Body)
	}
	form.Set("lock_out", "on")
	if got := h.ask(http.MethodPost, securityPath, form); got.Code != http.StatusSeeOther {
		t.Errorf("confirmed: %d", got.Code)
	}
	form.Set("session_idle", "eternal")
	form.Set("version", "2")
	if got := h.ask(http.MethodPost, securityPath, form); got.Code != http.StatusBadRequest {
		t.Errorf("a time that is none: %d", got.Code)
	}
}

func TestWhoIsOfferedWhat(t *testing.T) {
	t.Parallel()
	h := open(t)
	admin, member := h.add(h.owner.Org, "adam", sso.RoleAdmin), h.add(h.owner.Org, "mona", sso.RoleMember)
	for name, tc := range map[string]struct {
		who  sso.Person
		path string
		want int
	}{
		"an owner, security":             {h.owner, securityPath, 200},
		"an administrator, security":     {admin, securityPath, 403},
		"an administrator, settings":     {admin, settingsPath, 403},
		"an administrator, a new one":    {admin, newOrgPath, 403},
		"an administrator, people":       {admin, peoplePath, 200},
		"a member, people":               {member, peoplePath, 403},
		"an owner, below":                {h.owner, peoplePath + "?org=acme-emea", 200},
		"an owner, nowhere":              {h.owner, peoplePath + "?org=nowhere", 404},
		"an owner, nobody":               {h.owner, "/console/people/usr_none", 404},
		"an owner, somebody from above":  {h.owner, "/console/people/" + string(h.user) + "?org=acme-emea", 404},
		"an owner, an invitation's path": {h.owner, "/console/invitations/inv_none/resend", 405},
	} {
		h.who = tc.who
		if got := h.ask(http.MethodGet, tc.path, nil); got.Code != tc.want {
			t.Errorf("%s: %d, want %d", name, got.Code, tc.want)
		}
	}
	h.who = admin
	if body := h.ask(http.MethodGet, homePath, nil).Body.String(); strings.Contains(body, securityPath) || strings.Contains(body, settingsPath) {
		t.Error("an administrator is offered what only an owner may")
	}
}

// Every link and form on the pages of a sub-organization stays in it, but for
// those that lead up.
func TestPagesBelowStayBelow(t *testing.T) {
	t.Parallel()
	h := open(t)
	them := h.add(h.emea, "eva", sso.RoleMember)
	by := sso.By{Person: h.owner, Address: "192.0.2.1"}
	group, err := h.flow.CreateGroup(t.Context(), &by, h.emea.ID, "Ops", "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.flow.Invite(t.Context(), &by, h.emea.ID, provision.NewInvitations{Addresses: "x@guest.example", Role: "member"}); err != nil {
		t.Fatal(err)
	}
	list, err := h.flow.Upload(t.Context(), &by, h.emea.ID, provision.NewImport{Name: "x", File: []byte("email\nnew@guest.example\n"), Role: "member"})
	if err != nil {
		t.Fatal(err)
	}
	links := regexp.MustCompile(`(?:href|action)="(/console[^"]*)"`)
	person := "/console/people/" + string(them.User.ID)
	for _, path := range []string{
		homePath, peoplePath, peoplePath + "?q=e&role=member&sort=seen", person, person + "/edit", person + "/suspend", person + "/remove", person + "/reset-account", invitePath, invitationsPath, importsPath,
		"/console/imports/" + string(list), groupsPath, newGroupPath, "/console/groups/" + string(group), "/console/groups/" + string(group) + "/edit", "/console/groups/" + string(group) + "/delete",
		organizationsPath, newOrgPath, securityPath, settingsPath, auditPath, auditPath + "?about=user",
	} {
		target := path + "?org=acme-emea"
		if strings.Contains(path, "?") {
			target = path + "&org=acme-emea"
		}
		got := h.ask(http.MethodGet, target, nil)
		if got.Code != http.StatusOK {
			t.Errorf("GET %s: %d", target, got.Code)
			continue
		}
		body := got.Body.String()
		all := links.FindAllStringSubmatch(body, -1)
		if len(all) < 7 {
			t.Errorf("GET %s has %d links", target, len(all))
		}
		for _, m := range all {
			link := html.UnescapeString(m[1])
			// A filter carries the organization in a field of its own.
			filter := strings.Contains(body, `action="`+m[1]+`" role="search"`) && strings.Contains(body, `<input type="hidden" name="org" value="acme-emea">`)
			up := link == organizationsPath || link == homePath // in the trail, and in the person's menu
			if !strings.Contains(link, "org=acme-emea") && !filter && !up {
				t.Errorf("GET %s leads to %s, which is another organization's", target, link)
			}
		}
	}
}

func TestAnExportIsAFile(t *testing.T) {
	t.Parallel()
	h := open(t)
	got := h.ask(http.MethodGet, exportPath+"?role=member", nil)
	if got.Code != http.StatusOK || got.Header().Get("Content-Type") != "text/csv; charset=utf-8" || got.Header().Get("Content-Disposition") != `attachment; filename="acme-people.csv"` {
		t.Errorf("%d %v", got.Code, got.Header())
	}
	if body := got.Body.String(); !strings.Contains(body, "mia@acme.example") || strings.Contains(body, "olga@") {
		t.Errorf("exported members:\n%s", body)
	}
}
