package apikeys

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/programs"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/web/frame"
	"github.com/sallyport/sallyport/internal/web/ui"
	"github.com/sallyport/sallyport/internal/webtest"
)

var then = time.Date(2020, 9, 1, 12, 0, 0, 0, time.UTC)

func now() time.Time { return then.Add(25 * time.Hour) }

// of returns the visit of an owner of Acme.
func of(target string) *visit {
	acme := sso.Organization{ID: "org_a", Key: "acme", Name: "Acme Ltd", Path: []sso.OrgID{"org_a"}, State: sso.OrgActive}
	console := frame.Console{Line: []sso.Organization{acme}, Owner: true}
	return &visit{
		r: httptest.NewRequest(http.MethodGet, target, nil), shell: console.Shell(), scopes: sso.OrganizationScopes(), changes: true,
		to: func(pattern string, pairs ...string) string { return console.To("/console"+pattern, pairs...) },
	}
}

// ofOperator returns the visit of a support agent of the vendor's.
func ofOperator(target string) *visit {
	shell := frame.Operator()
	shell.Looks, _ = frame.ForSupport()
	return &visit{
		r: httptest.NewRequest(http.MethodGet, target, nil), shell: shell, scopes: sso.Scopes(),
		to: func(pattern string, pairs ...string) string { return frame.Fill("/operator"+pattern, pairs...) },
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	live := sso.APIKey{ID: "key_1", Org: "org_a", Name: "<HR>", Hint: "sallyport_AbCd…wxyz", Scopes: []sso.Scope{sso.ScopeUsersRead, sso.ScopeUsersWrite}, By: "usr_o", CreatedAt: then, ExpiresAt: now().Add(time.Hour), UsedAt: then}
	lasting, revoked, expired := live, live, live
	lasting.Name, lasting.ExpiresAt, lasting.UsedAt = "Nightly", time.Time{}, time.Time{}
	revoked.Name, revoked.RevokedAt = "Old", then
	expired.Name, expired.ExpiresAt = "Older", then
	all := programs.Keys{Keys: []sso.APIKey{live, lasting, revoked, expired}, Names: map[string]string{"usr_o": "Olga Owner"}}
	problems := ui.Filled{Values: map[string][]string{"name": {""}}, Problems: map[string]string{"name": "name_empty", "scopes": "scope_none"}}
	webtest.Pages{Set: Pages(), Composed: []string{"api_scope_", "saved_api_"}, Specimens: map[string]webtest.Specimen{
		"keys":          {Page: listPageOf(of("/console/api-keys"), &all, now()), Path: "/console/api-keys"},
		"keys-none":     {Page: listPageOf(of("/console/api-keys"), &programs.Keys{}, now()), Path: "/console/api-keys"},
		"keys-operator": {Page: listPageOf(ofOperator("/operator/api-keys"), &all, now()), Path: "/operator/api-keys"},
		"new":           {Page: newPageOf(of("/console/api-keys/new"), ui.Filled{}), Path: "/console/api-keys/new"},
		"new-operator":  {Page: newPageOf(ofOperator("/operator/api-keys/new"), ui.Filled{}), Path: "/operator/api-keys/new"},
		"new-problems":  {Page: newPageOf(of("/console/api-keys/new"), problems), Path: "/console/api-keys/new", Status: http.StatusBadRequest},
		"revoke":        {Page: confirmPageOf(of("/console/api-keys"), &live), Path: "/console/api-keys/key_1/revoke"},
		"revoke-unused": {Page: confirmPageOf(of("/console/api-keys"), &lasting), Path: "/console/api-keys/key_1/revoke"},
		"made":          {Page: madePageOf(of("/console/api-keys/new"), &live, "sallyport_0123456789", "https://id.example"), Path: "/console/api-keys/new"},
	}}.Check(t)
}
