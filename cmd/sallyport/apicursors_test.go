package main

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport/sallyport/internal/sso"
)

// A cursor is a place and no key to it: whoever brings one of another tenant's
// list, or one that nobody made, gets what is their own, or is told that it is
// none.
func TestACursorOpensNobodyElsesList(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme, rival := h.newTenant("acme"), h.newTenant("rival")
	h.furnish(&acme)
	h.furnish(&rival)
	_, key := h.apiKey(&acme, sso.OrganizationScopes()...)
	_, theirs := h.apiKey(&rival, sso.OrganizationScopes()...)
	for _, name := range []string{"anna", "ben", "cleo"} {
		h.answered(h.call(theirs, http.MethodPost, "/api/v1/organizations/rival/users", `{"username":"`+name+`"}`), http.StatusCreated)
		h.answered(h.call(theirs, http.MethodPost, "/api/v1/organizations/rival/groups", `{"name":"`+name+`"}`), http.StatusCreated)
		h.answered(h.call(theirs, http.MethodPost, "/api/v1/organizations/rival/invitations", `{"emails":["`+name+`@guest.example"]}`), http.StatusOK)
	}
	h.seal()
	foreign := []string{string(rival.by.Org.ID)}
	for name, id := range rival.its {
		if len(id) > 10 && acme.its[name] != id { // such as usr_…
			foreign = append(foreign, id)
		}
	}
	encode := base64.RawURLEncoding.EncodeToString
	forged := []string{
		"' or 1=1 --", "zz", "\x00", "9223372036854775808.evt_x", "-1.evt_x", "1.evt_x' or '1'='1", strings.Repeat("A", 4<<10),
		encode([]byte(`{}`)), encode([]byte(`null`)), encode([]byte(`[]`)), encode([]byte(`1`)), encode([]byte(`{"Key":null,"User":""}`)), encode([]byte(`{"Key":"AA==","User":"' or 1=1"}`)),
		encode([]byte(`{"At":"9999-12-31T23:59:59Z","ID":"x"}`)), encode([]byte(`{"At":"-1","ID":1}`)), encode([]byte(strings.Repeat("[", 3<<10))),
	}
	crossed := map[string]bool{}
	for path, methods := range readAPIDocument(t).Paths {
		o, lists := methods["get"]
		if !lists || !o.paged() || !slices.Contains(sso.OrganizationScopes(), sso.Scope(o.Scope)) {
			continue
		}
		page := func(org *tenant, cursor string) string {
			target := apiTarget(path, org.by.Org.Key, org)
			join := "?"
			if strings.Contains(target, "?") {
				join = "&"
			}
			return target + join + "limit=1&cursor=" + url.QueryEscape(cursor)
		}
		cursors := slices.Clone(forged)
		if got := h.call(theirs, http.MethodGet, page(&rival, ""), ""); got.Code == http.StatusOK {
			if next, ok := h.answered(got, http.StatusOK)["next"].(string); ok {
				crossed[o.ID] = true
				cursors = append(cursors, next)
				// The twin: whose it is, goes on from there.
				h.answered(h.call(theirs, http.MethodGet, page(&rival, next), ""), http.StatusOK)
			}
		}
		for _, cursor := range cursors {
			got := h.call(key, http.MethodGet, page(&acme, cursor), "")
			if got.Code != http.StatusOK && got.Code != http.StatusBadRequest && got.Code != http.StatusConflict {
				t.Errorf("%s from %.60q on: %d %s", o.ID, cursor, got.Code, got.Body)
			}
			for _, id := range foreign {
				if got.Code == http.StatusOK && strings.Contains(got.Body.String(), id) {
					t.Errorf("%s from %.60q on shows %s of another tenant: %s", o.ID, cursor, id, got.Body)
				}
			}
		}
	}
	for _, list := range []string{"listUsers", "listGroups", "listInvitations", "listEvents"} {
		if !crossed[list] {
			t.Errorf("%s has one page: nothing was tried with the next one", list)
		}
	}
}
