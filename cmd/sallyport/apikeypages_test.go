package main

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
)

var apiKeyText = regexp.MustCompile(`sallyport_[A-Za-z0-9_-]{43}`)

func TestAnOwnerMakesAKeyAndRevokesIt(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme := h.newTenant("acme")
	form := url.Values{"name": {"HR system"}, "scopes": {"users:read"}, "days": {"30"}}
	made := h.ask(acme.token, http.MethodPost, "/console/api-keys/new", form)
	text := apiKeyText.FindString(made.Body.String())
	if made.Code != http.StatusOK || text == "" || made.Header().Get("Cache-Control") != "no-store" {
		t.Fatalf("answered with %d, %q", made.Code, text)
	}
	key := secret.ParseToken(text)
	h.answered(h.call(key, http.MethodGet, "/api/v1/organizations/acme/users", ""), http.StatusOK)
	list := h.ask(acme.token, http.MethodGet, "/console/api-keys", nil).Body.String()
	if strings.Contains(list, text) || !strings.Contains(list, "HR system") || !strings.Contains(list, text[len(text)-4:]) {
		t.Error("the list shows the key, or does not tell which it is")
	}
	revoke := regexp.MustCompile(`/console/api-keys/key_\w+/revoke`).FindString(list)
	if got := h.ask(acme.token, http.MethodGet, revoke, nil); got.Code != http.StatusOK || !strings.Contains(got.Body.String(), "HR system") {
		t.Errorf("asking first is answered with %d", got.Code)
	}
	h.answered(h.call(key, http.MethodGet, "/api/v1/organizations/acme/users", ""), http.StatusOK)
	if got := h.ask(h.newTenant("beta").token, http.MethodGet, revoke, nil); got.Code != http.StatusNotFound {
		t.Errorf("an owner of another organization asks: %d", got.Code)
	}
	if got := h.ask(acme.token, http.MethodPost, revoke, url.Values{}); got.Code != http.StatusSeeOther {
		t.Errorf("revoking is answered with %d", got.Code)
	}
	h.refused(h.call(key, http.MethodGet, "/api/v1/organizations/acme/users", ""), http.StatusUnauthorized, "api_key_over")
	if got := h.ask(acme.token, http.MethodGet, revoke, nil); got.Code != http.StatusSeeOther {
		t.Errorf("who asks once more is answered with %d", got.Code)
	}
}

func TestWhoMayMakeAPIKeys(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme, operators := h.newTenant("acme"), h.newTenant(sso.OperatorsKey)
	_, admin := h.signedIn(acme.by.Org, "adam", sso.RoleAdmin)
	_, support := h.signedIn(operators.by.Org, "sue", sso.RoleMember)
	form := url.Values{"name": {"x"}, "scopes": {"users:read"}, "days": {"30"}}
	for name, tc := range map[string]struct {
		by     secret.Token
		path   string
		scopes string
		want   int
	}{
		"an administrator":                     {admin, "/console/api-keys/new", "users:read", http.StatusForbidden},
		"an owner, beyond an organization":     {acme.token, "/console/api-keys/new", "deployment:write", http.StatusBadRequest},
		"an owner, of the deployment":          {acme.token, "/operator/api-keys/new", "users:read", http.StatusNotFound},
		"a support agent":                      {support, "/operator/api-keys/new", "users:read", http.StatusForbidden},
		"an operator, of the operators' own":   {operators.token, "/console/api-keys/new", "users:read", http.StatusForbidden},
		"an operator":                          {operators.token, "/operator/api-keys/new", "deployment:write", http.StatusOK},
		"an operator, with a scope of nowhere": {operators.token, "/operator/api-keys/new", "everything", http.StatusBadRequest},
	} {
		form.Set("scopes", tc.scopes)
		if got := h.ask(tc.by, http.MethodPost, tc.path, form); got.Code != tc.want {
			t.Errorf("%s: %d, want %d", name, got.Code, tc.want)
		}
	}
	if got := h.ask(support, http.MethodGet, "/operator/api-keys", nil); got.Code != http.StatusOK {
		t.Errorf("a support agent looks: %d", got.Code)
	}
	form.Set("days", "7")
	if got := h.ask(acme.token, http.MethodPost, "/console/api-keys/new", form); got.Code != http.StatusBadRequest {
		t.Errorf("a life that is not offered: %d", got.Code)
	}
}
