package main

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/samltest"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func TestAProgramSetsSingleSignOnUp(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme := h.newTenant("acme")
	_, key := h.apiKey(&acme, sso.OrganizationScopes()...)
	const all = "/api/v1/organizations/acme/connections"
	metadata, err := samltest.New(t).Metadata()
	if err != nil {
		t.Fatal(err)
	}
	made := h.call(key, http.MethodPost, all, `{"metadata":{"xml":`+quoted(t, string(metadata))+`}}`)
	got := h.answered(made, http.StatusCreated)
	one := all + "/" + got["key"].(string)
	if got["state"] != "draft" || len(got["provider"].(map[string]any)["certificates"].([]any)) == 0 || got["ours"].(map[string]any)["acs_url"] == "" || made.Header().Get("Location") != one {
		t.Errorf("made: %v", got)
	}
	h.refused(h.call(key, http.MethodPost, one+"/activate", ""), http.StatusConflict, "connection_untested")
	h.refused(h.call(key, http.MethodPut, one+"/settings", `{"encryption":"accepted"}`), http.StatusPreconditionRequired, "api_version_wanted")
	h.refused(h.call(key, http.MethodPut, one+"/settings", `{"encryption":"accepted"}`, "If-Match", `"7"`), http.StatusPreconditionFailed, "api_version_stale")
	changed := h.call(key, http.MethodPut, one+"/settings", `{"encryption":"accepted","legacy":{"sha1":"2026-12-31"}}`, "If-Match", made.Header().Get("ETag"))
	if got := h.answered(changed, http.StatusOK); len(got["encryption_certificates"].([]any)) != 1 || got["settings"].(map[string]any)["legacy"].(map[string]any)["sha1"] != "2026-12-31" {
		t.Errorf("changed: %v", got)
	}
	people := h.answered(h.call(key, http.MethodPut, one+"/people", `{"first_sign_in":"match","role":"member","group_mapping":true,"mapping":[{"group":"Admins","role":"admin"}]}`, "If-Match", changed.Header().Get("ETag")), http.StatusOK)
	if p := people["people"].(map[string]any); p["first_sign_in"] != "match" || len(p["mapping"].([]any)) != 1 {
		t.Errorf("people: %v", p)
	}
	link := h.answered(h.call(key, http.MethodPost, "/api/v1/organizations/acme/setup-links", `{"note":"IT"}`), http.StatusCreated)
	if path := link["path"].(string); !strings.HasPrefix(path, authority.SetupLinkPath) || link["state"] != "unopened" {
		t.Errorf("link: %v", link)
	}
	// The link goes with the key.
	keys := h.answered(h.call(key, http.MethodGet, "/api/v1/organizations/acme/keys", ""), http.StatusOK)["items"].([]any)
	id := keys[0].(map[string]any)["id"].(string)
	_, other := h.apiKey(&acme, sso.OrganizationScopes()...)
	h.answered(h.call(other, http.MethodDelete, "/api/v1/organizations/acme/keys/"+id, ""), http.StatusNoContent)
	links := h.answered(h.call(other, http.MethodGet, "/api/v1/organizations/acme/setup-links", ""), http.StatusOK)["items"].([]any)
	for _, l := range links {
		if l := l.(map[string]any); l["id"] == link["id"] && l["state"] != "disowned" {
			t.Errorf("the link of a key that was revoked is %v", l["state"])
		}
	}
	h.refused(h.call(other, http.MethodPut, "/api/v1/organizations/acme/enforcement", `{"sso":"required"}`, "If-Match", "*"), http.StatusConflict, "enforce_not_ready")
	if out := h.answered(h.call(other, http.MethodGet, "/api/v1/organizations/acme/enforcement/outlook", ""), http.StatusOK); out["all"].(float64) < 2 {
		t.Errorf("outlook: %v", out)
	}
}

func TestAProgramHandsOnNoMoreThanItHas(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme := h.newTenant("acme")
	_, key := h.apiKey(&acme, sso.ScopeKeysWrite, sso.ScopeUsersRead)
	const path = "/api/v1/organizations/acme/keys"
	h.refused(h.call(key, http.MethodPost, path, `{"name":"x","scopes":["users:write"]}`), http.StatusForbidden, "scope_missing")
	h.refused(h.call(key, http.MethodPost, path, `{"name":"x","scopes":["deployment:write"]}`), http.StatusBadRequest, "scope_unknown")
	h.refused(h.call(key, http.MethodPost, path, `{"name":"x","scopes":[]}`), http.StatusBadRequest, "api_request")
	made := h.answered(h.call(key, http.MethodPost, path, `{"name":"x","scopes":["users:read"],"days":1}`), http.StatusCreated)
	text := made["secret"].(string)
	if hint := made["hint"].(string); !strings.HasPrefix(text, "sallyport_") || !strings.HasSuffix(text, hint[len(hint)-4:]) || made["expires_at"] == nil {
		t.Errorf("made: %v", made)
	}
	list := h.call(key, http.MethodGet, "/api/v1/organizations/acme/users", "")
	h.answered(list, http.StatusOK)
	h.write(func(tx *store.Writer) error { // what is kept of it is a hash
		all, err := tx.Org(acme.by.Org.ID).APIKeys(h.Context(), time.Now(), 10)
		for _, k := range all {
			if reflect.DeepEqual(k.Name, text) || strings.Contains(k.Hint, text[14:]) {
				t.Errorf("the key is kept: %+v", k)
			}
		}
		return err
	})
	deployment := h.deploymentKey(sso.ScopeDeploymentWrite, sso.ScopeAppsRead)
	h.refused(h.call(deployment, http.MethodPost, "/api/v1/keys", `{"name":"x","scopes":["apps:write"]}`), http.StatusForbidden, "scope_missing")
	h.answered(h.call(deployment, http.MethodPost, "/api/v1/keys", `{"name":"x","scopes":["apps:read"]}`), http.StatusCreated)
}

// A list that a program has uploaded is carried out as long as its key is good.
func TestAProgramImportsPeople(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme := h.newTenant("acme")
	_, key := h.apiKey(&acme, sso.OrganizationScopes()...)
	const path = "/api/v1/organizations/acme/imports"
	got := h.answered(h.call(key, http.MethodPost, path, `{"csv":"email,role\nann@guest.example,member\nbad,member\n"}`), http.StatusCreated)
	if got["state"] != "ready" || got["verdicts"].(map[string]any)["new"] != 1.0 || got["verdicts"].(map[string]any)["bad"] != 1.0 {
		t.Errorf("uploaded: %v", got)
	}
	one := path + "/" + got["id"].(string)
	if rows := h.answered(h.call(key, http.MethodGet, one+"/rows?limit=1", ""), http.StatusOK); len(rows["items"].([]any)) != 1 || rows["next"] == nil {
		t.Errorf("rows: %v", rows)
	}
	if got := h.answered(h.call(key, http.MethodPost, one+"/start", ""), http.StatusOK); got["state"] != "done" || got["done"] != 1.0 {
		t.Errorf("carried out: %v", got)
	}
	events := h.answered(h.call(key, http.MethodGet, "/api/v1/organizations/acme/events?action=user.created&limit=1", ""), http.StatusOK)
	if e := events["items"].([]any)[0].(map[string]any); e["actor_name"] != "sync" {
		t.Errorf("the event: %v", e)
	}
}

func TestAProgramLooksAtSignIns(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme := h.newTenant("acme")
	_, key := h.apiKey(&acme, sso.ScopeTracesRead, sso.ScopeAuditRead)
	path := "/api/v1/organizations/acme/traces"
	if got := h.answered(h.call(key, http.MethodGet, path+"?result=refused", ""), http.StatusOK); len(got["items"].([]any)) != 1 {
		t.Errorf("listed: %v", got)
	}
	one := path + "/" + acme.its["reference"]
	masked := h.answered(h.call(key, http.MethodGet, one, ""), http.StatusOK)
	opened := h.answered(h.call(key, http.MethodPost, one+"/open", `{"reason":"Ticket 4711"}`), http.StatusOK)
	if masked["who"] == opened["who"] || opened["who"] == "" {
		t.Errorf("masked %v, opened %v", masked["who"], opened["who"])
	}
	h.refused(h.call(key, http.MethodPost, one+"/open", `{"reason":"x"}`), http.StatusBadRequest, "api_request")
	events := h.answered(h.call(key, http.MethodGet, "/api/v1/organizations/acme/events?action=trace.opened", ""), http.StatusOK)
	if e := events["items"].([]any)[0].(map[string]any); e["detail"].(map[string]any)["reason"] != "Ticket 4711" {
		t.Errorf("the event: %v", e)
	}
}

// quoted returns a text as JSON has it.
func quoted(t *testing.T, s string) string {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
