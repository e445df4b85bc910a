package main

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/connect"
	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// A tenant is an organization with an owner who is signed in, and one thing of
// each kind that a URL can name: of the organization, and of the owner.
type tenant struct {
	by    sso.By
	token secret.Token
	link  secret.Token      // of a setup link for its organization
	hook  sso.WebhookID     // of its organization
	name  string            // of the person among the things
	its   map[string]string // by the names of gaps in paths of the console
	own   map[string]string // in those of the account
}

// target fills the gaps of a path. A gap for which there is nothing is filled
// with what is nobody's.
func (t *tenant) target(path string, from map[string]string) string {
	return gap.ReplaceAllStringFunc(path, func(g string) string {
		name := g[1 : len(g)-1]
		if name == "conflict" && strings.HasSuffix(path, "/allow") {
			name = "deleted" // who was deleted can come back, and nobody else
		}
		if id, ok := from[name]; ok {
			return id
		}
		return "none"
	})
}

var gap = regexp.MustCompile(`\{(\w+)\}`)

// tenancy is a server with organizations.
type tenancy struct {
	*testing.T
	*server
	made int
}

func (h *tenancy) write(do func(tx *store.Writer) error) {
	h.Helper()
	if err := h.db.Write(h.Context(), do); err != nil {
		h.Fatal(err)
	}
}

// signedIn adds a member of an organization, and a session of theirs.
func (h *tenancy) signedIn(org sso.Organization, name string, role sso.Role) (sso.By, secret.Token) {
	h.Helper()
	at := now()
	u := sso.User{ID: sso.NewUserID(at), Home: org.ID, Username: name, FirstName: name, Email: sso.StoredEmail(name + "@" + org.Key + ".example"), State: sso.UserActive, CreatedAt: at, UpdatedAt: at}
	u.SetPassword("$argon2id$x", at)
	m := sso.Membership{Org: org.ID, User: u.ID, Role: role, CreatedAt: at, UpdatedAt: at}
	s := sso.Session{ID: sso.NewSessionID(at), User: u.ID, Org: org.ID, AuthTime: at, CreatedAt: at, SeenAt: at, ExpiresAt: at.Add(sso.SessionLife)}
	token := secret.NewToken()
	h.write(func(tx *store.Writer) error {
		ctx := h.Context()
		return errors.Join(tx.Org(org.ID).SaveUser(ctx, u), tx.Org(org.ID).SaveMembership(ctx, m), tx.InsertSession(ctx, s, token.Hash()))
	})
	return sso.By{Person: sso.Person{Session: s, User: u, Org: org, Membership: m}, Address: "192.0.2.1"}, token
}

// newTenant makes an organization with one thing of each kind.
func (h *tenancy) newTenant(key string) tenant {
	h.Helper()
	at := now()
	org := sso.Organization{ID: sso.NewOrgID(at), Key: key, Name: "The " + key, State: sso.OrgActive, Entitlements: []sso.Entitlement{sso.EntitledSSO}, CreatedAt: at, UpdatedAt: at}
	org.Path = []sso.OrgID{org.ID}
	h.write(func(tx *store.Writer) error { return tx.SaveOrganization(h.Context(), org) })
	by, token := h.signedIn(org, "olga", sso.RoleOwner)
	link := sso.SetupLink{ID: sso.NewSetupLinkID(at), Org: org.ID, Scope: sso.SetupSSO, By: by.User.ID, CreatedAt: at, ExpiresAt: at.Add(sso.SetupLinkLife)}
	opens := secret.NewToken()
	h.write(func(tx *store.Writer) error { return tx.Org(org.ID).InsertSetupLink(h.Context(), link, opens.Hash()) })
	return h.refill(tenant{by: by, token: token, link: opens})
}

// refill gives a tenant things that nobody has touched.
func (h *tenancy) refill(t tenant) tenant {
	h.Helper()
	ctx := h.Context()
	h.made++
	name := fmt.Sprintf("n%d", h.made)
	them, _ := h.signedIn(t.by.Org, name, sso.RoleMember)
	group, err := h.people.CreateGroup(ctx, &t.by, t.by.Org.ID, "Group "+name, "")
	if err != nil {
		h.Fatal(err)
	}
	if _, err := h.people.Invite(ctx, &t.by, t.by.Org.ID, provision.NewInvitations{Addresses: name + "@guest.example", Role: "member"}); err != nil {
		h.Fatal(err)
	}
	in, err := h.people.Enter(ctx, &t.by, "")
	if err != nil {
		h.Fatal(err)
	}
	invitations, err := h.people.Invitations(ctx, &in, provision.InvitationPlace{})
	if err != nil {
		h.Fatal(err)
	}
	list, err := h.people.Upload(ctx, &t.by, t.by.Org.ID, provision.NewImport{File: []byte("email\nimported-" + name + "@guest.example\n"), Role: "member"})
	if err != nil {
		h.Fatal(err)
	}
	t.name = name
	t.its = map[string]string{
		"user": string(them.User.ID), "session": string(them.Session.ID), "group": string(group), "invitation": string(invitations.Invitations[0].ID), "import": string(list),
	}
	at := now()
	factor := sso.Factor{ID: sso.NewFactorID(at), User: t.by.User.ID, Kind: sso.FactorSMS, Name: "Phone", CreatedAt: at}
	device := sso.Device{ID: sso.NewDeviceID(at), User: t.by.User.ID, CreatedAt: at, ExpiresAt: at.Add(sso.SessionLife)}
	second := t.by.Session
	second.ID = sso.NewSessionID(at)
	h.write(func(tx *store.Writer) error {
		return errors.Join(tx.InsertFactor(ctx, factor), tx.InsertDevice(ctx, device, secret.NewToken().Hash()), tx.InsertSession(ctx, second, secret.NewToken().Hash()))
	})
	other, _ := h.signedIn(t.by.Org, name+"b", sso.RoleMember)
	domain := sso.NewDomain(t.by.Org.ID, name+".example", at)
	link := sso.SetupLink{ID: sso.NewSetupLinkID(at), Org: t.by.Org.ID, Scope: sso.SetupDomains, Note: name, CreatedAt: at, ExpiresAt: at.Add(sso.SetupLinkLife)}
	h.write(func(tx *store.Writer) error {
		org := tx.Org(t.by.Org.ID)
		return errors.Join(org.SaveDomain(ctx, domain), org.InsertSetupLink(ctx, link, secret.NewToken().Hash()))
	})
	t.its["domain"], t.its["link"] = domain.Name, string(link.ID)
	connection := sso.Connection{ID: sso.NewConnectionID(at), Org: t.by.Org.ID, Key: name + "-idp", Name: "IdP " + name, Protocol: sso.ProtocolSAML, State: sso.ConnectionDraft, FirstSignIn: sso.FirstCreate, CreatedAt: at, UpdatedAt: at}
	connection.SAML = sso.SAML{IdPEntityID: "urn:" + name, Endpoints: []sso.Endpoint{{Binding: sso.BindingRedirect, Location: "https://idp.example/"}}, Certificates: [][]byte{[]byte(name), []byte("another")}, Encryption: sso.EncryptionAccepted}
	key := store.DecryptionKey{ID: name, Connection: connection.ID, Private: []byte(name), Certificate: []byte(name), State: store.KeyCurrent, Since: at, CreatedAt: at}
	clash := func(kind sso.ClashKind, subject string) sso.Conflict {
		return sso.Conflict{
			ID: sso.NewConflictID(at), Org: t.by.Org.ID, Connection: connection.ID, Subject: subject, SeenAt: at, Asserted: sso.Asserted{Subject: subject, Email: sso.StoredEmail(name + "@clash.example")},
			Clash: sso.Clash{Kind: kind, Candidates: []sso.UserID{them.User.ID, other.User.ID}},
		}
	}
	trace := sso.Trace{Reference: secret.NewReference(), Org: t.by.Org.ID, Connection: connection.ID, Method: sso.BySSO, At: at, Code: "saml_audience", Who: name + "@clash.example"}
	bundle := sso.Bundle{ID: sso.NewBundleID(at), Reference: trace.Reference, Org: trace.Org, CreatedAt: at, ExpiresAt: at.Add(sso.BundleLife)}
	// One that has expired, since there may be only so many others.
	apiKey := sso.APIKey{ID: sso.NewAPIKeyID(at), Org: t.by.Org.ID, Name: name, Scopes: []sso.Scope{sso.ScopeUsersRead}, By: t.by.User.ID, CreatedAt: at, ExpiresAt: at}
	h.write(func(tx *store.Writer) error { return tx.InsertAPIKey(ctx, apiKey, secret.NewToken().Hash()) })
	t.its["apikey"], t.its["key"] = string(apiKey.ID), string(apiKey.ID) // as the consoles call it, and the API
	t.its["reference"], t.its["bundle"] = trace.Reference, string(bundle.ID)
	h.write(func(tx *store.Writer) error {
		return errors.Join(tx.InsertTrace(ctx, trace), tx.InsertBundle(ctx, bundle, secret.NewToken().Hash()))
	})
	guest, gone := clash(sso.ClashDomain, "guest"), clash(sso.ClashDeleted, "gone")
	h.write(func(tx *store.Writer) error {
		org := tx.Org(t.by.Org.ID)
		passed := sso.Test{ID: sso.NewTestID(at), Org: t.by.Org.ID, Connection: connection.ID, Fingerprint: connection.Fingerprint(), State: sso.TestPassed, Subject: name, CreatedAt: at, AnsweredAt: at}
		passed.Result.Attributes = []sso.Attribute{{Name: "x/vorname", Values: []string{name}}}
		testlink := sso.TestLink{ID: sso.NewTestLinkID(at), Org: t.by.Org.ID, Connection: connection.ID, CreatedAt: at, ExpiresAt: at.Add(sso.TestLinkLife)}
		t.its["test"], t.its["testlink"] = string(passed.ID), string(testlink.ID)
		return errors.Join(org.SaveConnection(ctx, connection), org.InsertTest(ctx, passed), org.InsertTestLink(ctx, testlink, secret.NewToken().Hash()), org.InsertDecryptionKey(ctx, key), org.NoteConflict(ctx, guest), org.NoteConflict(ctx, gone))
	})
	t.its["connection"], t.its["conflict"], t.its["deleted"], t.its["other"] = connection.Key, string(guest.ID), string(gone.ID), string(other.User.ID)
	t.its["certificate"] = connect.Fingerprint([]byte(name))
	t.its["webhook"] = h.webhook(&t.by, t.hook)
	t.hook = sso.WebhookID(t.its["webhook"])
	t.own = map[string]string{"factor": string(factor.ID), "device": string(device.ID), "session": string(second.ID)}
	return t
}

// webhook makes a webhook of somebody's organization, in place of one before.
func (h *tenancy) webhook(by *sso.By, before sso.WebhookID) string {
	h.Helper()
	at := now()
	hook := sso.Webhook{ID: sso.NewWebhookID(at), Org: by.Org.ID, URL: "https://hooks.example/", State: sso.WebhookEnabled, By: by.User.ID, CreatedAt: at, UpdatedAt: at}
	hook.Secret = h.sealer.Seal(store.WebhookSecretPlace(hook.ID), []byte("secret"))
	h.write(func(tx *store.Writer) error {
		if err := tx.Org(by.Org.ID).DeleteWebhook(h.Context(), before); err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return tx.Org(by.Org.ID).SaveWebhook(h.Context(), hook)
	})
	return string(hook.ID)
}

// events returns how long the audit list of an organization is.
func (h *tenancy) events(org sso.OrgID) (n int) {
	h.Helper()
	h.write(func(tx *store.Writer) error {
		all, err := tx.Org(org).Events(h.Context(), 10000)
		n = 0
		for i := range all {
			if all[i].Noun() != "sign_in" { // told by itself, of the traces that the tenant was given
				n++
			}
		}
		return err
	})
	return n
}

// askBy sends a request by a tenant's browser, which is signed in and has opened
// the setup link.
func (h *tenancy) askBy(t *tenant, method, target string, form url.Values) *httptest.ResponseRecorder {
	h.Helper()
	return h.send(sessionCookie(t.token)+"; __Host-sallyport-setup="+t.link.Reveal(), method, target, form)
}

// ask sends a request by a browser that is signed in.
func (h *tenancy) ask(token secret.Token, method, target string, form url.Values) *httptest.ResponseRecorder {
	h.Helper()
	return h.send(sessionCookie(token), method, target, form)
}

func sessionCookie(t secret.Token) string { return "__Host-sallyport-session=" + t.Reveal() }

func (h *tenancy) send(cookies, method, target string, form url.Values) *httptest.ResponseRecorder {
	h.Helper()
	r := httptest.NewRequestWithContext(h.Context(), method, target, strings.NewReader(form.Encode()))
	r.Header.Set("Cookie", cookies)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	w := httptest.NewRecorder()
	h.public.ServeHTTP(w, r)
	return w
}

// typed are forms that get as far as to what the URL names.
func typed(t *tenant) map[string]url.Values {
	name := "new-" + t.name
	forms := map[string]url.Values{}
	for _, door := range []string{"/console", "/setup"} {
		connection := door + "/sso/{connection}"
		forms[connection+"/edit"] = url.Values{"version": {"1"}, "name": {name}, "vendor": {"okta"}}
		forms[connection+"/activate"] = url.Values{"version": {"1"}}
		forms[connection+"/deactivate"] = url.Values{"version": {"1"}}
		forms[connection+"/swap"] = url.Values{"version": {"2"}, "beside": {strconv.Itoa(besideVersion)}}
		forms[connection+"/change"] = url.Values{"version": {"1"}, "change": {t.its["change"]}}
		forms[connection+"/change/refuse"] = forms[connection+"/change"]
		forms[connection+"/return"] = forms[connection+"/swap"]
		forms[connection+"/delete"] = url.Values{"version": {"1"}, "confirm": {"IdP " + t.name}}
		forms[connection+"/attributes"] = url.Values{"version": {"1"}, "email": {name}}
		forms[connection+"/settings"] = url.Values{"version": {"1"}, "entity_id": {name}}
		forms[connection+"/test/accept"] = url.Values{"version": {"1"}, "test": {t.its["test"]}, "offer": {"first_name"}}
		forms[connection+"/test/links"] = url.Values{"days": {"7"}}
		forms[connection+"/certificates/{certificate}/remove"] = url.Values{"version": {"1"}}
		forms[door+"/domains/new"] = url.Values{"domain": {name + ".example"}}
		forms[door+"/domains/{domain}/ways"] = url.Values{"way": {"password"}}
	}
	maps.Copy(forms, map[string]url.Values{
		"/console/api-keys/new":                {"name": {name}, "scopes": {"users:read"}, "days": {"30"}},
		"/console/people/{user}/edit":          {"version": {"1"}, "username": {name}},
		"/console/people/{user}/role":          {"role": {"admin"}},
		"/console/people/{user}/groups":        {"groups": {"x"}},
		"/console/people/{user}/remove":        {"confirm": {t.name}},
		"/console/people/{user}/reset-account": {"confirm": {t.name}},
		"/console/groups/{group}/edit":         {"name": {"New " + name}},
		"/console/groups/{group}/delete":       {"confirm": {"Group " + t.name}},
		"/console/groups/{group}/members":      {"who": {t.name}},
		"/console/groups/new":                  {"name": {"Fresh " + name}},
		"/console/sso/links/new":               {"scope": {"domains"}, "note": {name}, "days": {"1"}},
		"/console/invite":                      {"addresses": {name + "@guest.example"}, "role": {"member"}},
		"/console/organizations/new":           {"name": {"Fresh"}, "key": {name}},
		"/account/factors/{factor}":            {"name": {"Renamed"}},
		"/console/security":                    {"version": {"1"}},
		"/console/webhooks/new":                {"url": {"https://hooks.example/"}},
		"/console/webhooks/{webhook}/edit":     {"version": {"1"}, "url": {"https://hooks.example/" + name}},
		"/console/webhooks/{webhook}/off":      {"version": {"1"}},
		"/console/webhooks/{webhook}/replay":   {"hours": {"24"}},
		"/console/webhooks/{webhook}/delete":   {"confirm": {"hooks.example"}},
		"/console/traces/{reference}/open":     {"reason": {"a case of support"}},
		"/console/traces/{reference}/bundles":  {"days": {"7"}},
		"/console/conflicts/{conflict}/relink": {"to": {t.its["user"]}, "confirm": {t.name + "@clash.example"}},
		"/console/conflicts/{conflict}/merge":  {"into": {t.its["user"]}, "from": {t.its["other"]}, "confirm": {t.name + "@clash.example"}},
		"/console/conflicts/{conflict}/invite": {"role": {"member"}},
		"/console/enforcement":                 {"version": {"1"}, "sso": {"optional"}},
		"/console/enforcement/off":             {"version": {"1"}, "confirm": {t.by.Org.Name}},
		"/console/enforcement/pause":           {"version": {"1"}, "pause": {"1"}, "reason": {"It does not answer."}},
		"/console/enforcement/resume":          {"version": {"1"}},
		"/console/enforcement/codes/file":      {"codes": {"0123-4567-89AB-CDEF"}},
		"/console/sso/{connection}/defaults":   {"version": {"1"}, "mode": {"ask"}, "role": {"member"}},
		"/setup/sso/{connection}/defaults":     {"version": {"1"}, "mode": {"ask"}, "role": {"member"}},
	})
	return forms
}

// TestNoRouteReachesAnotherTenant asks every route of the golden table for what
// is another tenant's: by the identifiers in its path, and by the name of the
// other organization. A route that is not thought of here fails it.
func TestNoRouteReachesAnotherTenant(t *testing.T) {
	t.Parallel()
	h := &tenancy{T: t, server: testServer(t)}
	acme, rival := h.newTenant("acme"), h.newTenant("rival")
	table, err := os.ReadFile(filepath.Join("testdata", "routes", "public.txt"))
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^(\S+)\s+(\S+)\s+(\S+)`)
	before := h.events(rival.by.Org.ID)
	var console, account []string
	for _, m := range line.FindAllStringSubmatch(string(table), -1) {
		access, method, path := m[1], m[2], m[3]
		route := method + " " + path
		known := func(of map[string]string) {
			for _, g := range gap.FindAllStringSubmatch(path, -1) {
				if of[g[1]] == "" {
					t.Errorf("%s names a %s, and the tenants of this test have none: give them one", route, g[1])
				}
			}
		}
		refused := func(target string) {
			got := h.askBy(&acme, method, target, typed(&rival)[path])
			if same := slices.Contains(quiet(), route) && got.Code == http.StatusSeeOther; got.Code != http.StatusNotFound && !same {
				t.Errorf("%s: %s is answered with %d, want 404", route, target, got.Code)
			}
		}
		switch access {
		case "public", "browser", "client", "cross-site-post", "api":
			// Nobody's session counts there; their own tests ask for what is another's.
		case "support", "operator":
			refused(rival.target(path, rival.its))
		case "signed-in":
			if !gap.MatchString(path) {
				continue // it names nothing
			}
			known(rival.own)
			account = append(account, route)
			refused(rival.target(path, rival.own))
		case "console", "setup-link":
			if strings.Contains(path, "{token}") {
				continue // whoever has it may
			}
			known(rival.its)
			console = append(console, route)
			if gap.MatchString(path) {
				refused(rival.target(path, rival.its))
			}
			if !slices.Contains(uploads(), route) {
				refused(rival.target(path, rival.its) + "?org=rival")
			}
		default:
			t.Errorf("%s: nobody has thought of access %q", route, access)
		}
	}
	if after := h.events(rival.by.Org.ID); after != before {
		t.Errorf("the other tenant's audit list grew by %d", after-before)
	}

	h.holds(&rival)

	// The twin: whose it is, may.
	for _, route := range append(console, account...) {
		method, path, _ := strings.Cut(route, " ")
		rival = h.refill(rival)
		h.ready(&rival, path)
		target := rival.target(path, rival.its)
		if slices.Contains(account, route) {
			target = rival.target(path, rival.own)
		}
		got := h.askBy(&rival, method, target, h.filled(&rival, path))
		if !slices.Contains(uploads(), route) && !slices.Contains([]int{http.StatusOK, http.StatusSeeOther}, got.Code) {
			t.Errorf("%s by whose it is: %d\n%s", route, got.Code, got.Body)
		}
	}
}

// filled returns the form of a route, in the version that the organization has
// where the form is about it.
func (h *tenancy) filled(t *tenant, path string) url.Values {
	h.Helper()
	form := typed(t)[path]
	if !strings.HasPrefix(path, "/console/enforcement") && path != "/console/security" || !form.Has("version") {
		return form
	}
	h.write(func(tx *store.Writer) error {
		o, err := tx.Organization(h.Context(), t.by.Org.ID)
		form.Set("version", strconv.FormatInt(o.Version, 10))
		return err
	})
	return form
}

// besideVersion is the version of settings beside the live ones, as forms name
// it.
const besideVersion = 77
