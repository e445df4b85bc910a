package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/notify"
	"github.com/sallyport/sallyport/internal/provision"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func TestAProgramHandsATraceOn(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme := h.newTenant("acme")
	_, key := h.apiKey(&acme, sso.ScopeTracesRead)
	vendor, reader := h.deploymentKey(sso.ScopeDeploymentRead, sso.ScopeDeploymentWrite), h.deploymentKey(sso.ScopeDeploymentRead)
	for path, holder := range map[string]struct {
		may    func(method, path, body string) int
		reason string
	}{
		"/api/v1/organizations/acme/traces/" + acme.its["reference"]: {func(method, path, body string) int { return h.call(key, method, path, body).Code }, "its own"},
		"/api/v1/traces/" + acme.its["reference"]:                    {func(method, path, body string) int { return h.call(vendor, method, path, body).Code }, "the vendor's"},
	} {
		if code := holder.may(http.MethodGet, path, ""); code != http.StatusOK {
			t.Errorf("%s trace: %d", holder.reason, code)
		}
		if code := holder.may(http.MethodPost, path+"/open", `{"reason":"Ticket 4711"}`); code != http.StatusOK {
			t.Errorf("%s trace opened: %d", holder.reason, code)
		}
	}
	one := "/api/v1/traces/" + acme.its["reference"]
	h.refused(h.call(reader, http.MethodPost, one+"/open", `{"reason":"Ticket 4711"}`), http.StatusForbidden, "scope_missing")
	h.refused(h.call(vendor, http.MethodPost, one+"/bundles", `{"days":31}`), http.StatusBadRequest, "api_request")
	made := h.answered(h.call(vendor, http.MethodPost, one+"/bundles", `{"days":1}`), http.StatusCreated)
	if path := made["path"].(string); h.send("", http.MethodGet, path, nil).Code != http.StatusOK {
		t.Errorf("the bundle at %s does not open", path)
	}
	list := h.answered(h.call(key, http.MethodGet, "/api/v1/organizations/acme/traces/"+acme.its["reference"]+"/bundles", ""), http.StatusOK)["items"].([]any)
	for _, b := range list {
		h.answered(h.call(vendor, http.MethodDelete, one+"/bundles/"+b.(map[string]any)["id"].(string), ""), http.StatusNoContent)
	}
	if len(list) != 2 || h.send("", http.MethodGet, made["path"].(string), nil).Code == http.StatusOK {
		t.Errorf("of %v one is open still", list)
	}
}

func TestAProgramBrandsAnOrganization(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme := h.newTenant("acme")
	_, key := h.apiKey(&acme, sso.OrganizationScopes()...)
	const path = "/api/v1/organizations/acme/logo"
	given := h.call(key, http.MethodPut, path, `{"picture":"`+apiLogo+`"}`)
	got := h.answered(given, http.StatusOK)
	if logo, _ := got["logo"].(string); h.send("", http.MethodGet, logo, nil).Header().Get("Content-Type") != "image/png" {
		t.Errorf("the logo is at %q", logo)
	}
	h.refused(h.call(key, http.MethodPut, path, `{"picture":"bm8gcGljdHVyZQ=="}`), http.StatusBadRequest, "brand_logo")
	h.refused(h.call(key, http.MethodPut, path, `{"picture":"no base64!"}`), http.StatusBadRequest, "api_request")
	h.refused(h.call(key, http.MethodDelete, path, "", "If-Match", `"1"`), http.StatusPreconditionFailed, "api_version_stale")
	h.answered(h.call(key, http.MethodDelete, path, "", "If-Match", given.Header().Get("ETag")), http.StatusNoContent)
	if got := h.answered(h.call(key, http.MethodGet, "/api/v1/organizations/acme", ""), http.StatusOK); got["logo"] != nil {
		t.Errorf("the logo is %v still", got["logo"])
	}
}

func TestAProgramFindsPeopleAndTheirWays(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme, rival := h.newTenant("acme"), h.newTenant("rival")
	vendor := h.deploymentKey(sso.ScopeDeploymentRead)
	found := h.answered(h.call(vendor, http.MethodGet, "/api/v1/users?q=olga&limit=1", ""), http.StatusOK)
	if len(found["items"].([]any)) != 1 || found["next"] == nil {
		t.Errorf("found: %v", found)
	}
	if rest := h.answered(h.call(vendor, http.MethodGet, "/api/v1/users?q=olga&cursor="+found["next"].(string), ""), http.StatusOK)["items"].([]any); len(rest) != 1 || rest[0].(map[string]any)["id"] == found["items"].([]any)[0].(map[string]any)["id"] {
		t.Errorf("found besides: %v", rest)
	}
	h.refused(h.call(vendor, http.MethodGet, "/api/v1/users", ""), http.StatusBadRequest, "api_request")

	// An organization is told nothing of what leads elsewhere.
	h.write(func(tx *store.Writer) error {
		d, err := tx.Org(rival.by.Org.ID).Domain(t.Context(), rival.its["domain"])
		if err != nil {
			return err
		}
		d.State, d.Proof = sso.DomainVerified, sso.ProofVouched
		return tx.Org(rival.by.Org.ID).SaveDomain(t.Context(), d)
	})
	_, key := h.apiKey(&acme, sso.ScopeSSORead)
	query := "/explain?email=someone@" + rival.its["domain"]
	first := h.answered(h.call(key, http.MethodGet, "/api/v1/organizations/acme"+query, ""), http.StatusOK)["items"].([]any)
	if step := first[0].(map[string]any); len(first) != 1 || step["rule"] != "domain_other" || step["organization"] != nil {
		t.Errorf("an organization is told %v", first)
	}
	all := h.answered(h.call(vendor, http.MethodGet, "/api/v1"+query, ""), http.StatusOK)["items"].([]any)
	if step := all[0].(map[string]any); step["rule"] != "domain_proved" || step["organization"] != "The rival" {
		t.Errorf("the vendor is told %v", all)
	}
}

func TestAProgramLooksAfterMessages(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme := h.newTenant("acme") // whose invitation waits
	vendor, reader := h.deploymentKey(sso.ScopeDeploymentRead, sso.ScopeDeploymentWrite), h.deploymentKey(sso.ScopeDeploymentRead)
	const path = "/api/v1/messages"
	if _, err := h.people.Invite(t.Context(), &acme.by, acme.by.Org.ID, provision.NewInvitations{Addresses: "one@guest.example two@guest.example", Role: "member"}); err != nil {
		t.Fatal(err)
	}
	waiting := h.answered(h.call(reader, http.MethodGet, path+"?state=waiting&limit=1", ""), http.StatusOK)
	m := waiting["items"].([]any)[0].(map[string]any)
	if m["kind"] != string(notify.Invitation) || waiting["next"] == nil {
		t.Errorf("waiting: %v", waiting)
	}
	next := h.answered(h.call(reader, http.MethodGet, path+"?state=waiting&limit=1&cursor="+waiting["next"].(string), ""), http.StatusOK)["items"].([]any)
	if len(next) != 1 || next[0].(map[string]any)["id"] == m["id"] {
		t.Errorf("and then: %v", next)
	}
	if dead := h.answered(h.call(reader, http.MethodGet, path, ""), http.StatusOK)["items"].([]any); len(dead) != 0 {
		t.Errorf("given up: %v", dead)
	}
	these := `{"ids":["` + m["id"].(string) + `","msg_none"]}`
	h.refused(h.call(reader, http.MethodPost, path+"/drop", these), http.StatusForbidden, "scope_missing")
	for _, act := range []string{"/retry", "/drop"} {
		if got := h.answered(h.call(vendor, http.MethodPost, path+act, these), http.StatusOK); got["messages"] != 1.0 {
			t.Errorf("%s: %v", act, got)
		}
	}
	if got := h.answered(h.call(vendor, http.MethodPost, path+"/drop", these), http.StatusOK); got["messages"] != 0.0 {
		t.Errorf("dropped twice: %v", got)
	}
	h.refused(h.call(vendor, http.MethodPost, path+"/test", `{"channel":"sms","to":"+491700000000"}`), http.StatusConflict, "channel_unconfigured")
}

func TestAProgramTurnsOurKeys(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme := h.newTenant("acme")
	vendor := h.deploymentKey(sso.ScopeDeploymentRead, sso.ScopeDeploymentWrite)
	const path = "/api/v1/saml-keys"
	rings := h.answered(h.call(vendor, http.MethodGet, path, ""), http.StatusOK)["items"].([]any)
	ring := rings[len(rings)-1].(map[string]any)
	if len(rings) != 2 || ring["connection"] != acme.its["connection"] || ring["next"] != "next" {
		t.Fatalf("our keys are %v", rings)
	}
	this := `{"connection":"` + acme.its["connection"] + `"}`
	if got := h.answered(h.call(vendor, http.MethodPost, path+"/hold", this), http.StatusOK); !strings.HasPrefix(got["held_by"].(string), "key_") {
		t.Errorf("held: %v", got)
	}
	if got := h.answered(h.call(vendor, http.MethodPost, path+"/release", this), http.StatusOK); got["held_by"] != nil {
		t.Errorf("released: %v", got)
	}
	step := `{"connection":"` + acme.its["connection"] + `","step":"next"}`
	turned := h.answered(h.call(vendor, http.MethodPost, path+"/turn", step), http.StatusOK)
	if len(turned["keys"].([]any)) != 2 || turned["next"] != "promote" {
		t.Errorf("turned: %v", turned)
	}
	h.refused(h.call(vendor, http.MethodPost, path+"/turn", step), http.StatusConflict, "key_turn")
	h.refused(h.call(vendor, http.MethodPost, path+"/turn", `{"connection":"none","step":"next"}`), http.StatusNotFound, "connection_unknown")
	turned = h.answered(h.call(vendor, http.MethodPost, path+"/turn", strings.Replace(step, "next", "promote", 1)), http.StatusOK)
	old := slices.IndexFunc(turned["keys"].([]any), func(k any) bool { return k.(map[string]any)["state"] == "retired" })
	if old < 0 || turned["next"] != "forget" {
		t.Fatalf("promoted: %v", turned)
	}
	// The identity provider may not have the new one yet.
	forget := strings.Replace(step, "next", "forget", 1)
	h.refused(h.call(vendor, http.MethodPost, path+"/turn", forget), http.StatusConflict, "key_in_use")
	lose := `,"lose":"` + turned["keys"].([]any)[old].(map[string]any)["id"].(string) + `"}`
	if got := h.answered(h.call(vendor, http.MethodPost, path+"/turn", strings.TrimSuffix(forget, "}")+lose), http.StatusOK); len(got["keys"].([]any)) != 1 {
		t.Errorf("forgotten: %v", got)
	}
}
