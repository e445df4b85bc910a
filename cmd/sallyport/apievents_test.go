package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// seal gives what has happened its place in the audit list, from where webhooks
// are told of it.
func (h *tenancy) seal() {
	h.Helper()
	for left := true; left; {
		// The server seals by itself, too: what comes to nothing beside that may have
		// left something.
		_, err := h.server.events.Seal(h.Context())
		if err == nil {
			err = h.server.db.Read(h.Context(), func(r *store.Reader) error {
				some, err := r.Unsealed(h.Context(), 1)
				left = len(some) > 0
				return err
			})
		}
		if err != nil {
			h.Fatal(err)
		}
	}
}

func TestAProgramSetsWebhooksUp(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme := h.newTenant("acme")
	_, key := h.apiKey(&acme, sso.ScopeWebhooksRead, sso.ScopeWebhooksWrite, sso.ScopeAuditRead)
	const all = "/api/v1/organizations/acme/webhooks"
	made := h.call(key, http.MethodPost, all, `{"url":"https://hooks.example/s3cret","types":["user.*"]}`)
	got := h.answered(made, http.StatusCreated)
	one := all + "/" + got["id"].(string)
	if !strings.HasPrefix(got["secret"].(string), "whsec_") || got["state"] != "enabled" || made.Header().Get("Location") != one || made.Header().Get("ETag") == "" {
		t.Errorf("made: %v at %v", got, made.Header())
	}
	h.refused(h.call(key, http.MethodPost, all, `{"url":"http://hooks.example/"}`), http.StatusBadRequest, "webhook_url")
	h.refused(h.call(key, http.MethodPost, all, `{"url":"https://hooks.example/","types":["user.loved"]}`), http.StatusBadRequest, "event_type_unknown")

	// What is left out stays, and what is secret is shown once.
	changed := h.call(key, http.MethodPatch, one, `{"note":"CRM"}`, "If-Match", made.Header().Get("ETag"))
	if got := h.answered(changed, http.StatusOK); got["note"] != "CRM" || got["url"] != "https://hooks.example/s3cret" || len(got["types"].([]any)) != 1 || got["secret"] != nil {
		t.Errorf("changed: %v", got)
	}
	h.refused(h.call(key, http.MethodPatch, one, `{"note":"ERP"}`, "If-Match", made.Header().Get("ETag")), http.StatusPreconditionFailed, "api_version_stale")
	turned := h.answered(h.call(key, http.MethodPost, one+"/secret", ""), http.StatusOK)
	if turned["secret"] == got["secret"] || turned["previous_secret_until"] == nil {
		t.Errorf("turned: %v", turned)
	}

	// A test is an event on its way, which can be told again.
	h.answered(h.call(key, http.MethodPost, one+"/test", ""), http.StatusNoContent)
	h.seal()
	list := h.answered(h.call(key, http.MethodGet, one+"/deliveries?state=waiting&limit=1", ""), http.StatusOK)["items"].([]any)
	if len(list) != 1 || list[0].(map[string]any)["action"] != "webhook.tested" {
		t.Fatalf("on their way are %v", list)
	}
	event := list[0].(map[string]any)["event"].(string)
	if got := h.answered(h.call(key, http.MethodPost, one+"/replay", `{"event":"`+event+`"}`), http.StatusOK); got["events"] != 1.0 {
		t.Errorf("told again: %v", got)
	}
	// One that goes by an instant is carried out once, however often it is sent.
	for range 2 {
		h.answered(h.call(key, http.MethodPost, one+"/replay", `{"since":"2026-01-01T00:00:00Z"}`, "Idempotency-Key", "again"), http.StatusOK)
	}
	list = h.answered(h.call(key, http.MethodGet, "/api/v1/organizations/acme/events?action=webhook.replayed", ""), http.StatusOK)["items"].([]any)
	if len(list) != 2 {
		t.Errorf("%d replays are written down, want the one of an event and one of all", len(list))
	}
	for _, body := range []string{`{}`, `{"event":"` + event + `","since":"2026-01-01T00:00:00Z"}`} {
		h.refused(h.call(key, http.MethodPost, one+"/replay", body), http.StatusBadRequest, "api_choice")
	}

	// One that is off is told nothing.
	if got := h.answered(h.call(key, http.MethodPatch, one, `{"state":"disabled"}`), http.StatusOK); got["state"] != "disabled" || got["note"] != "CRM" {
		t.Errorf("off: %v", got)
	}
	h.refused(h.call(key, http.MethodPost, one+"/test", ""), http.StatusConflict, "webhook_off")
	events := h.answered(h.call(key, http.MethodGet, "/api/v1/organizations/acme/events?action=webhook.changed&limit=1", ""), http.StatusOK)["items"].([]any)
	if e := events[0].(map[string]any); e["actor_name"] != "sync" || len(e["changes"].([]any)) != 1 || e["changes"].([]any)[0].(map[string]any)["to"] != "disabled" {
		t.Errorf("the audit list says %v", e)
	}
	h.answered(h.call(key, http.MethodDelete, one, ""), http.StatusNoContent)
	h.refused(h.call(key, http.MethodGet, one, ""), http.StatusNotFound, "not_found")

	_, narrow := h.apiKey(&acme, sso.ScopeWebhooksRead, sso.ScopeAuditRead)
	h.refused(h.call(narrow, http.MethodPost, all, `{"url":"https://hooks.example/"}`), http.StatusForbidden, "scope_missing")
}

// Webhooks of the deployment are told of everybody, and are no organization's to
// see or change.
func TestWebhooksOfTheDeploymentAreForItsPrograms(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme := h.newTenant("acme")
	_, key := h.apiKey(&acme, sso.OrganizationScopes()...)
	vendor, reader := h.deploymentKey(sso.ScopeDeploymentRead, sso.ScopeDeploymentWrite), h.deploymentKey(sso.ScopeDeploymentRead)
	made := h.answered(h.call(vendor, http.MethodPost, "/api/v1/webhooks", `{"url":"https://hooks.example/"}`), http.StatusCreated)
	one := "/api/v1/webhooks/" + made["id"].(string)
	h.answered(h.call(reader, http.MethodGet, one, ""), http.StatusOK)
	h.refused(h.call(reader, http.MethodPatch, one, `{"note":"x"}`), http.StatusForbidden, "scope_missing")
	h.refused(h.call(key, http.MethodGet, one, ""), http.StatusForbidden, "scope_missing")
	h.refused(h.call(key, http.MethodGet, "/api/v1/organizations/acme/webhooks/"+made["id"].(string), ""), http.StatusNotFound, "not_found")
	// Nor is an organization's the deployment's.
	h.refused(h.call(vendor, http.MethodGet, "/api/v1/webhooks/"+acme.its["webhook"], ""), http.StatusNotFound, "not_found")
	h.answered(h.call(vendor, http.MethodDelete, one, ""), http.StatusNoContent)
}

func TestAProgramSetsStreamsUp(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	h.newTenant("acme")
	key := h.deploymentKey(sso.ScopeDeploymentRead, sso.ScopeDeploymentWrite)
	const all = "/api/v1/streams"
	made := h.call(key, http.MethodPost, all, `{"kind":"syslog-tcp","target":"siem.example:514","organization":"acme"}`)
	got := h.answered(made, http.StatusCreated)
	one := all + "/" + got["id"].(string)
	if got["organization"] != "acme" || got["state"] != "enabled" || got["secret"] != nil {
		t.Errorf("made: %v", got)
	}
	signed := h.answered(h.call(key, http.MethodPost, all, `{"kind":"http","target":"https://siem.example/in","state":"disabled"}`), http.StatusCreated)
	if !strings.HasPrefix(signed["secret"].(string), "whsec_") || signed["state"] != "disabled" {
		t.Errorf("made by http: %v", signed)
	}
	h.refused(h.call(key, http.MethodPost, all, `{"kind":"http","target":"siem.example:514"}`), http.StatusBadRequest, "stream_target")
	h.refused(h.call(key, http.MethodPost, all, `{"kind":"syslog-udp","target":"siem.example:514","organization":"none"}`), http.StatusNotFound, "not_found")
	changed := h.call(key, http.MethodPatch, one, `{"target":"siem.example:1514","note":"SIEM"}`, "If-Match", made.Header().Get("ETag"))
	if got := h.answered(changed, http.StatusOK); got["target"] != "siem.example:1514" || got["note"] != "SIEM" || got["organization"] != "acme" {
		t.Errorf("changed: %v", got)
	}
	h.refused(h.call(key, http.MethodPatch, one, `{"note":"x"}`, "If-Match", made.Header().Get("ETag")), http.StatusPreconditionFailed, "api_version_stale")
	h.refused(h.call(key, http.MethodPatch, one, `{"target":"siem.example"}`), http.StatusBadRequest, "stream_target")
	if got := h.answered(h.call(key, http.MethodPatch, one, `{"state":"disabled"}`), http.StatusOK); got["state"] != "disabled" || got["note"] != "SIEM" {
		t.Errorf("off: %v", got)
	}
	if list := h.answered(h.call(key, http.MethodGet, all, ""), http.StatusOK)["items"].([]any); len(list) != 2 {
		t.Errorf("there are %v", list)
	}
	// Nothing answers inside, whatever stands there: that is what became of it.
	if got := h.answered(h.call(key, http.MethodPatch, one, `{"target":"127.0.0.1:9"}`), http.StatusOK); got["target"] != "127.0.0.1:9" {
		t.Errorf("moved: %v", got)
	}
	if got := h.answered(h.call(key, http.MethodPost, one+"/test", ""), http.StatusOK); got["sent"] != false || got["code"] != "webhook_address" {
		t.Errorf("tried: %v", got)
	}
	h.refused(h.call(h.deploymentKey(sso.ScopeDeploymentRead), http.MethodPost, one+"/test", ""), http.StatusForbidden, "scope_missing")
	h.answered(h.call(key, http.MethodDelete, one, ""), http.StatusNoContent)
	h.refused(h.call(key, http.MethodGet, one, ""), http.StatusNotFound, "not_found")
	h.refused(h.call(h.deploymentKey(sso.ScopeDeploymentRead), http.MethodPost, all, `{"kind":"syslog-tcp","target":"siem.example:514"}`), http.StatusForbidden, "scope_missing")
}
