package main

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// Of an organization that demands nothing, a program reads what holds there: what
// it writes back as it was read asks nobody for less than before.
func TestWhatAProgramReadsOfSecurityHolds(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme := h.newTenant("acme")
	_, key := h.apiKey(&acme, sso.OrganizationScopes()...)
	const path = "/api/v1/organizations/acme/security"
	asks := func() (demand sso.MFADemand) {
		t.Helper()
		err := h.server.db.Read(t.Context(), func(r *store.Reader) error {
			o, err := r.OrganizationByKey(t.Context(), "acme")
			demand = sso.Rules{o.Policy}.MFA()
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return demand
	}
	before := asks()
	read := h.call(key, http.MethodGet, path, "")
	got := h.answered(read, http.StatusOK)
	body, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	h.answered(h.call(key, http.MethodPut, path, string(body), "If-Match", read.Header().Get("ETag")), http.StatusOK)
	if after := asks(); after != before || !after.Asks() {
		t.Errorf("written back as it was read, it demands %q, and before %q; it said %v", after, before, got["mfa"])
	}
	got["mfa"] = "off"
	if body, err = json.Marshal(got); err != nil {
		t.Fatal(err)
	}
	h.answered(h.call(key, http.MethodPut, path, string(body), "If-Match", "*"), http.StatusOK)
	if after := asks(); after != sso.MFAOff {
		t.Errorf("switched off, it demands %q", after)
	}
}
