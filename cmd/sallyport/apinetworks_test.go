package main

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

// A customer's programs come from where its people may come from, and the
// vendor's from anywhere: they have no network of the customer's.
func TestAProgramOfACustomerComesFromItsNetworks(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme := h.newTenant("acme")
	_, own := h.apiKey(&acme, sso.ScopeUsersRead)
	vendor := h.deploymentKey(sso.ScopeUsersRead)
	allow := func(networks ...string) {
		err := h.db.Write(t.Context(), func(tx *store.Writer) error {
			o, err := tx.Organization(t.Context(), acme.by.Org.ID)
			o.Policy.IPAllow = nil
			for _, n := range networks {
				o.Policy.IPAllow = append(o.Policy.IPAllow, netip.MustParsePrefix(n))
			}
			return errors.Join(err, tx.SaveOrganization(t.Context(), o))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	const users = "/api/v1/organizations/acme/users"
	allow("192.0.2.0/24", "198.51.100.0/24") // from where tests call
	h.answered(h.call(own, http.MethodGet, users, ""), http.StatusOK)
	allow("198.51.100.0/24")
	h.refused(h.call(own, http.MethodGet, users, ""), http.StatusForbidden, "policy_address")
	h.answered(h.call(vendor, http.MethodGet, users, ""), http.StatusOK)
}

// What was answered may hold a secret. It is repeated to who could still ask.
func TestAnAnswerIsRepeatedWhereTheProgramMayAsk(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme := h.newTenant("acme")
	_, own := h.apiKey(&acme, sso.ScopeUsersRead, sso.ScopeKeysWrite)
	again := func() *httptest.ResponseRecorder {
		return h.call(own, http.MethodPost, "/api/v1/organizations/acme/keys", `{"name":"x","scopes":["users:read"]}`, "Idempotency-Key", "one")
	}
	first := h.answered(again(), http.StatusCreated)
	become := func(state sso.OrgState, network string) {
		h.write(func(tx *store.Writer) error {
			o, err := tx.Organization(t.Context(), acme.by.Org.ID)
			o.State, o.Policy.IPAllow = state, []netip.Prefix{netip.MustParsePrefix(network)}
			return errors.Join(err, tx.SaveOrganization(t.Context(), o))
		})
	}
	become(sso.OrgActive, "198.51.100.0/24")
	h.refused(again(), http.StatusForbidden, "policy_address")
	become(sso.OrgSuspended, "192.0.2.0/24")
	h.refused(again(), http.StatusForbidden, "organization_suspended")
	become(sso.OrgActive, "192.0.2.0/24") // from where tests call
	if got := h.answered(again(), http.StatusCreated); got["secret"] != first["secret"] {
		t.Errorf("answered with %v, then with %v", first, got)
	}
}
