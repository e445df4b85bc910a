package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/sso"
)

func TestAProgramSwapsSettings(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme := h.newTenant("acme")
	_, key := h.apiKey(&acme, sso.OrganizationScopes()...)
	one := "/api/v1/organizations/acme/connections/" + acme.its["connection"]
	// By a draft nobody signs in: its own settings can be changed as they are.
	h.refused(h.call(key, http.MethodPost, one+"/prepared", ""), http.StatusConflict, "shadow_draft")
	h.refused(h.call(key, http.MethodGet, one+"/prepared", ""), http.StatusConflict, "shadow_gone")
	h.beside(&acme, "/console/sso/{connection}/swap")

	read := h.call(key, http.MethodGet, one+"/prepared", "")
	got, tag := h.answered(read, http.StatusOK), read.Header().Get("ETag")
	if got["code"] != nil || got["tested"] != 1.0 || len(got["differs"].([]any)) == 0 {
		t.Errorf("prepared are %v", got)
	}
	h.refused(h.call(key, http.MethodPost, one+"/prepared/swap", ""), http.StatusPreconditionRequired, "api_version_wanted")
	h.refused(h.call(key, http.MethodPost, one+"/prepared/swap", "", "If-Match", `"1.1"`), http.StatusPreconditionFailed, "api_version_stale")
	swapped := h.answered(h.call(key, http.MethodPost, one+"/prepared/swap", "", "If-Match", tag), http.StatusOK)
	if swapped["provider"].(map[string]any)["entity_id"] != got["provider"].(map[string]any)["entity_id"] {
		t.Errorf("live are %v", swapped["provider"])
	}

	// And back, to the versions of now.
	h.refused(h.call(key, http.MethodPost, one+"/former/return", "", "If-Match", tag), http.StatusPreconditionFailed, "api_version_stale")
	former := h.call(key, http.MethodGet, one+"/former", "")
	h.answered(former, http.StatusOK)
	h.answered(h.call(key, http.MethodPost, one+"/former/return", "", "If-Match", former.Header().Get("ETag")), http.StatusOK)

	// What is changed of prepared settings has to be tried as it is then.
	made := h.call(key, http.MethodPost, one+"/prepared", "")
	h.answered(made, http.StatusCreated)
	h.refused(h.call(key, http.MethodPut, one+"/prepared/settings", `{"sp_entity_id":"urn:other"}`, "If-Match", "*"), http.StatusConflict, "shadow_ours")
	changed := h.call(key, http.MethodPut, one+"/prepared/attributes", `{"email":"other"}`, "If-Match", made.Header().Get("ETag"))
	if got := h.answered(changed, http.StatusOK); got["code"] != "connection_untested" || got["attributes"].(map[string]any)["email"] != "other" {
		t.Errorf("changed: %v", got)
	}
	h.refused(h.call(key, http.MethodPost, one+"/prepared/swap", "", "If-Match", changed.Header().Get("ETag")), http.StatusConflict, "connection_untested")
	link := h.answered(h.call(key, http.MethodPost, one+"/test-links", `{"settings":"prepared"}`), http.StatusCreated)
	if !strings.HasPrefix(link["path"].(string), "/test/") {
		t.Errorf("the link is %v", link)
	}
	h.answered(h.call(key, http.MethodDelete, one+"/prepared", ""), http.StatusNoContent)
	h.refused(h.call(key, http.MethodGet, one+"/prepared", ""), http.StatusConflict, "shadow_gone")
}

func TestAProgramKeepsTheWaysOpen(t *testing.T) {
	t.Parallel()
	h := &tenancy{T: t, server: serverBy(t, idleServer)} // whose resets wait until they are stopped
	acme := h.newTenant("acme")
	_, key := h.apiKey(&acme, sso.ScopeSSORead, sso.ScopeSSOWrite)
	_, reader := h.apiKey(&acme, sso.ScopeSSORead)
	const path = "/api/v1/organizations/acme/enforcement"
	h.refused(h.call(reader, http.MethodPost, path+"/codes", ""), http.StatusForbidden, "scope_missing")
	first := h.answered(h.call(key, http.MethodPost, path+"/codes", ""), http.StatusCreated)["codes"].([]any)
	again := h.answered(h.call(key, http.MethodPost, path+"/codes", ""), http.StatusCreated)["codes"].([]any)
	if len(first) != sso.BreakGlassCodes || first[0] == again[0] {
		t.Errorf("the codes are %v, then %v", first, again)
	}
	if got := h.answered(h.call(key, http.MethodGet, path, ""), http.StatusOK); got["break_glass_codes"] != float64(sso.BreakGlassCodes) {
		t.Errorf("there are %v codes", got["break_glass_codes"])
	}
	h.refused(h.call(key, http.MethodPost, path+"/off/reset", ""), http.StatusConflict, "retreat_nobody")
	h.ready(&acme, "/console/enforcement/off/reset")
	if list := h.answered(h.call(key, http.MethodGet, path+"/off/users", ""), http.StatusOK)["items"].([]any); len(list) != 1 || list[0].(map[string]any)["id"] != acme.its["user"] {
		t.Errorf("without a way in are %v", list)
	}
	begun := h.answered(h.call(key, http.MethodPost, path+"/off/reset", ""), http.StatusOK)
	if r := begun["resets"].(map[string]any); r["state"] != "running" || r["total"] != 1.0 {
		t.Errorf("begun: %v", begun)
	}
	h.refused(h.call(key, http.MethodPost, path+"/off/reset", ""), http.StatusConflict, "retreat_running")
	if got := h.answered(h.call(key, http.MethodPost, path+"/off/stop", ""), http.StatusOK); got["resets"].(map[string]any)["state"] != "stopped" {
		t.Errorf("stopped: %v", got)
	}
}
