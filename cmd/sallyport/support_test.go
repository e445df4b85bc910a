package main

import (
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/grant"
	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// routeLine is one route of the golden table.
type routeLine struct{ access, method, path, more string }

// routeTable reads the golden table of the public listener.
func routeTable(t *testing.T) []routeLine {
	t.Helper()
	table, err := os.ReadFile(filepath.Join("testdata", "routes", "public.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var all []routeLine
	for _, m := range regexp.MustCompile(`(?m)^(\S+)\s+(\S+)\s+(\S+)(.*)$`).FindAllStringSubmatch(string(table), -1) {
		all = append(all, routeLine{m[1], m[2], m[3], m[4]})
	}
	return all
}

// vendor is a deployment with one thing of each kind that a URL of the
// operators' console can name.
type vendor struct {
	*tenancy
	operator, support secret.Token
	operators         sso.Organization
	agent             sso.By // the support agent
	oskar             sso.By // the operator
	its               map[string]string
}

func newVendor(t *testing.T) *vendor {
	t.Helper()
	h := &vendor{tenancy: &tenancy{T: t, server: testServer(t)}}
	at := now()
	h.operators = sso.Organization{ID: sso.NewOrgID(at), Key: sso.OperatorsKey, Name: "Operators", State: sso.OrgActive, CreatedAt: at, UpdatedAt: at}
	h.operators.Path = []sso.OrgID{h.operators.ID}
	h.write(func(tx *store.Writer) error { return tx.SaveOrganization(t.Context(), h.operators) })
	h.oskar, h.operator = h.signedIn(h.operators, "oskar", sso.RoleAdmin)
	h.agent, h.support = h.signedIn(h.operators, "sam", sso.RoleMember)
	acme := h.newTenant("acme")
	ours := sso.Webhook{ID: "whk_1", URL: "https://hooks.example/", Secret: h.sealer.Seal(store.WebhookSecretPlace("whk_1"), []byte("secret")), State: sso.WebhookEnabled, CreatedAt: at, UpdatedAt: at}
	h.write(func(tx *store.Writer) error { return tx.Org("").SaveWebhook(t.Context(), ours) })
	stream := sso.Stream{ID: "str_1", Kind: sso.StreamSyslogTCP, Target: "siem.example:514", State: sso.WebhookDisabled, CreatedAt: at, UpdatedAt: at}
	h.write(func(tx *store.Writer) error { return tx.SaveStream(t.Context(), stream) })
	h.its = map[string]string{"stream": "str_1", "apikey": "key_1", "webhook": "whk_1", "key": "acme", "user": acme.its["user"], "entitlement": "sso", "role": "auditor", "reference": "7F3K-22QD", "domain": acme.its["domain"], "link": acme.its["link"], "bundle": "bdl_1"}
	portal := sso.StartingAs(sso.AppWeb)
	portal.ID, portal.Key, portal.Name, portal.ClientID, portal.RedirectURIs, portal.CreatedAt, portal.UpdatedAt = sso.NewAppID(at), "portal", "Portal", "portal", []string{"https://app.example/cb"}, at, at
	portal.Secrets = []sso.AppSecret{sso.NewAppSecret(secret.NewToken(), "operator", at)}
	h.its["app"], h.its["secret"] = portal.Key, string(portal.Secrets[0].ID)
	h.write(func(tx *store.Writer) error {
		ctx := t.Context()
		return errors.Join(
			tx.InsertAPIKey(ctx, sso.APIKey{ID: "key_1", Name: "Billing", Scopes: []sso.Scope{sso.ScopeUsersRead}, By: h.oskar.User.ID, CreatedAt: at}, secret.NewToken().Hash()),
			tx.SaveApp(ctx, portal),
			tx.SaveRole(ctx, sso.RoleDefinition{Key: "auditor", Name: "Auditor", CreatedAt: at, UpdatedAt: at}),
			tx.InsertTrace(ctx, sso.Trace{Reference: "7F3K-22QD", Org: acme.by.Org.ID, User: sso.UserID(acme.its["user"]), At: at, Code: "saml_audience"}),
			tx.InsertBundle(ctx, sso.Bundle{ID: "bdl_1", Reference: "7F3K-22QD", Org: acme.by.Org.ID, CreatedAt: at, ExpiresAt: at.Add(sso.BundleLife)}, secret.NewToken().Hash()),
			h.outbox.Enqueue(ctx, tx, notify.Message{Channel: notify.Mail, Kind: notify.Test, To: "a@acme.example"}))
	})
	return h
}

// target fills the gaps of a path of the operators' console.
func (h *vendor) target(path string) string {
	if path == grant.TrialPath { // is there for who has begun one
		at, err := h.grants.BeginTrial(h.Context(), &h.oskar, h.its["app"])
		if err != nil {
			h.Fatal(err)
		}
		request, err := url.Parse(at)
		if err != nil {
			h.Fatal(err)
		}
		return path + "?error=access_denied&state=" + request.Query().Get("state")
	}
	return gap.ReplaceAllStringFunc(path, func(g string) string {
		id, ok := h.its[g[1:len(g)-1]]
		if !ok {
			h.Errorf("%s names a %s, and there is none in this test: make one", path, g)
		}
		return id
	})
}

// Who may not do a thing is not shown the form for it either: by the table of
// routes, and by asking for every one of them.
func TestAFormIsForWhoMaySendIt(t *testing.T) {
	t.Parallel()
	h := newVendor(t)
	access := map[string]string{} // of GET, by path
	all := routeTable(t)
	for _, r := range all {
		if r.method == http.MethodGet {
			access[r.path] = r.access
		}
	}
	asked := 0
	for _, r := range all {
		if r.access != "support" && r.access != "operator" {
			if strings.HasPrefix(r.path, "/operator") {
				t.Errorf("%s %s is for %q", r.method, r.path, r.access)
			}
			continue
		}
		asked++
		if form, ok := access[r.path]; ok && form != r.access {
			t.Errorf("%s %s is for %q, and its form for %q", r.method, r.path, r.access, form)
		}
		got := h.ask(h.support, r.method, h.target(r.path), url.Values{})
		denied := got.Code == http.StatusForbidden && strings.Contains(got.Body.String(), `data-code="operator_role"`)
		if (r.access == "operator") != denied {
			t.Errorf("%s %s, for %q, answers a support agent with %d", r.method, r.path, r.access, got.Code)
		}
		if got := h.ask(h.operator, r.method, h.target(r.path), url.Values{}); got.Code >= http.StatusInternalServerError || got.Code == http.StatusForbidden {
			t.Errorf("%s %s answers an operator with %d", r.method, r.path, got.Code)
		} else if r.method == http.MethodGet && got.Code != http.StatusOK {
			t.Errorf("%s %s answers an operator with %d, want the page", r.method, r.path, got.Code)
		}
	}
	if asked < 30 {
		t.Errorf("only %d routes of operators were found in the table", asked)
	}
}

// No page that a support agent sees has a link or a button to what they may not
// do; the pages of an operator have.
func TestNoButtonLeadsToARefusal(t *testing.T) {
	t.Parallel()
	h := newVendor(t)
	var pages []string
	var closed []*regexp.Regexp // paths for operators alone
	for _, r := range routeTable(t) {
		switch {
		case r.access == "operator":
			closed = append(closed, regexp.MustCompile("^"+gap.ReplaceAllString(r.path, `[^/?]+`)+`(\?.*)?$`))
		case r.access == "support" && r.method == http.MethodGet:
			pages = append(pages, h.target(r.path))
		}
	}
	pages = append(pages, "/operator/outbox?pile=waiting", "/operator/organizations/"+sso.OperatorsKey, "/operator/people/"+string(h.agent.User.ID))
	links := regexp.MustCompile(`(?:href|action|formaction)="(/operator[^"]*)"`)
	leads := func(token secret.Token) (all []string) {
		for _, page := range pages {
			got := h.ask(token, http.MethodGet, page, nil)
			if got.Code != http.StatusOK {
				t.Errorf("GET %s: %d", page, got.Code)
			}
			for _, m := range links.FindAllStringSubmatch(got.Body.String(), -1) {
				if slices.ContainsFunc(closed, func(p *regexp.Regexp) bool { return p.MatchString(m[1]) }) && !slices.Contains(pages, m[1]) {
					all = append(all, page+" leads to "+m[1])
				}
			}
		}
		return all
	}
	for _, lead := range leads(h.support) {
		t.Errorf("a support agent's page %s", lead)
	}
	if n := len(leads(h.operator)); n < 8 {
		t.Errorf("an operator's pages lead to %d things that only operators do: the test looks past them", n)
	}
}

// The forms about what nobody may do are refused as it is: the operators' own
// organization is no customer, and nobody acts as one of them.
func TestNoFormIsShownForWhatNobodyMayDo(t *testing.T) {
	t.Parallel()
	h := newVendor(t)
	ours, sam := "/operator/organizations/"+sso.OperatorsKey, "/operator/people/"+string(h.agent.User.ID)
	for path, code := range map[string]string{
		ours + "/edit":                      "operators_organization",
		ours + "/suspend":                   "operators_organization",
		ours + "/entitlements/sso":          "operators_organization",
		ours + "/entitlements/sso/revoke":   "operators_organization",
		sam + "/act-as/" + sso.OperatorsKey: "acting_operator",
	} {
		form := url.Values{"confirm": {"Operators"}, "reason": {"a reason that is long"}, "name": {"Ours"}}
		post := strings.TrimSuffix(path, "/edit")
		if post != path {
			post += "/name"
		}
		for method, target := range map[string]string{http.MethodGet: path, http.MethodPost: post} {
			if got := h.ask(h.operator, method, target, form); got.Code != http.StatusForbidden || !strings.Contains(got.Body.String(), `data-code="`+code+`"`) {
				t.Errorf("%s %s: %d, want 403 and %s\n%s", method, target, got.Code, code, got.Body)
			}
		}
	}
}
