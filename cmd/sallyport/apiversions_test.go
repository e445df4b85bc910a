package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
)

func TestAChangeIsMadeToTheVersionThatWasRead(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme := h.newTenant("acme")
	_, key := h.apiKey(&acme, sso.OrganizationScopes()...)
	path := "/api/v1/organizations/acme/users/" + acme.its["user"]
	read := h.call(key, http.MethodGet, path, "")
	h.answered(read, http.StatusOK)
	tag := read.Header().Get("ETag")
	changed := h.call(key, http.MethodPatch, path, `{"first_name":"Zoë"}`, "If-Match", tag)
	if got := h.answered(changed, http.StatusOK); got["first_name"] != "Zoë" || changed.Header().Get("ETag") == tag {
		t.Errorf("changed %v, %v", got, changed.Header())
	}
	h.refused(h.call(key, http.MethodPatch, path, `{"first_name":"Eve"}`, "If-Match", tag), http.StatusPreconditionFailed, "api_version_stale")
	h.refused(h.call(key, http.MethodPatch, path, `{"first_name":"Eve"}`, "If-Match", `W/"1"`), http.StatusPreconditionFailed, "api_version_stale")
	h.answered(h.call(key, http.MethodPatch, path, `{"last_name":"X"}`), http.StatusOK)
	h.refused(h.call(key, http.MethodPatch, path, `{"last_name":"Y","role":"admin"}`), http.StatusBadRequest, "api_mixed")

	// What somebody is in the organization is part of what was read.
	tag = h.call(key, http.MethodGet, path, "").Header().Get("ETag")
	h.answered(h.call(key, http.MethodPatch, path, `{"groups":["staff"]}`, "If-Match", tag), http.StatusOK)
	h.refused(h.call(key, http.MethodPatch, path, `{"role":"admin"}`, "If-Match", tag), http.StatusPreconditionFailed, "api_version_stale")
	if got := h.answered(h.call(key, http.MethodPatch, path, `{"role":"admin"}`, "If-Match", "*"), http.StatusOK); len(got["groups"].([]any)) != 1 {
		t.Errorf("another role takes the groups away: %v", got)
	}
}

// Who says which version they mean is told where an operation goes by none: what
// somebody else has changed since is not deleted as if nobody had asked.
func TestAVersionIsNotPassedOver(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme := h.newTenant("acme")
	_, key := h.apiKey(&acme, sso.OrganizationScopes()...)
	const org = "/api/v1/organizations/acme"
	group := org + "/groups/" + acme.its["group"]
	user := org + "/users/" + acme.its["user"]
	for _, at := range []struct{ method, path string }{
		{http.MethodDelete, group}, {http.MethodPost, user + "/suspend"}, {http.MethodDelete, user}, {http.MethodDelete, org + "/webhooks/" + acme.its["webhook"]},
	} {
		p := h.refused(h.call(key, at.method, at.path, "", "If-Match", `"1"`), http.StatusBadRequest, "api_request")
		if len(p.Errors) != 1 || p.Errors[0].Pointer != "If-Match" {
			t.Errorf("%s %s: %+v, want If-Match named", at.method, at.path, p.Errors)
		}
		if got := h.call(key, at.method, at.path, "", "If-Match", "*"); got.Code >= 300 { // whichever it is
			t.Errorf("%s %s: %d %s", at.method, at.path, got.Code, got.Body)
		}
	}
	// Of two versions it cannot be both.
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPatch, org, strings.NewReader(`{"name":"Other"}`))
	r.Header = http.Header{"Authorization": {"Bearer " + key.Reveal()}, "Content-Type": {"application/json"}, "If-Match": {"*", `"7"`}}
	w := httptest.NewRecorder()
	h.public.ServeHTTP(w, r)
	h.refused(w, http.StatusBadRequest, "api_request")
	h.answered(h.call(key, http.MethodPatch, org, `{"name":"Other"}`, "If-Match", "*"), http.StatusOK)
}

// Of two who change different things of one group or the like at the same time,
// without a word about versions, neither is lost, and neither is told of a version
// that they have not named; who names one that is not the latest changes nothing.
func TestChangesOfDifferentThingsAreBothMade(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme := h.newTenant("acme")
	_, key := h.apiKey(&acme, sso.OrganizationScopes()...)
	const org, app = "/api/v1/organizations/acme", "/api/v1/apps/shop"
	connection := h.named(&acme)
	vendor := h.deploymentKey(sso.Scopes()...)
	h.answered(h.call(vendor, http.MethodPost, "/api/v1/apps", `{"key":"shop","name":"Shop","kind":"web","redirect_uris":["https://shop.example/callback"]}`), http.StatusCreated)
	for path, bodies := range map[string][2]string{
		org:                                    {`{"name":"Acme Ltd"}`, `{"accent":"#112233"}`},
		org + "/users/" + acme.its["user"]:     {`{"first_name":"Zoë"}`, `{"last_name":"X"}`},
		app:                                    {`{"name":"The shop"}`, `{"login_url":"https://shop.example/login"}`},
		org + "/groups/" + acme.its["group"]:   {`{"name":"Staff"}`, `{"description":"All of them"}`},
		org + "/domains/" + acme.its["domain"]: {`{"sso":false}`, `{"connection":"` + connection + `"}`},
	} {
		key := key
		if path == app {
			key = vendor
		}
		before := h.call(key, http.MethodGet, path, "").Header().Get("ETag")
		for round := range 4 {
			var both sync.WaitGroup
			var got [2]*httptest.ResponseRecorder
			for i, body := range bodies {
				both.Go(func() { got[i] = h.call(key, http.MethodPatch, path, body) })
			}
			both.Wait()
			for i := range got {
				h.answered(got[i], http.StatusOK)
			}
			is := h.answered(h.call(key, http.MethodGet, path, ""), http.StatusOK)
			for _, body := range bodies {
				var wanted map[string]any
				if err := json.Unmarshal([]byte(body), &wanted); err != nil {
					t.Fatal(err)
				}
				for name, value := range wanted {
					if is[name] != value {
						t.Errorf("%s: %s is %v after round %d, want %v", path, name, is[name], round, value)
					}
				}
			}
		}
		h.refused(h.call(key, http.MethodPatch, path, bodies[0], "If-Match", before), http.StatusPreconditionFailed, "api_version_stale")
		latest := h.call(key, http.MethodGet, path, "").Header().Get("ETag")
		h.answered(h.call(key, http.MethodPatch, path, bodies[0], "If-Match", latest), http.StatusOK)
	}
}

// named makes a tenant's domain and connection fit for each other, and returns
// the ID of the connection.
func (h *tenancy) named(t *tenant) (id string) {
	h.Helper()
	h.write(func(tx *store.Writer) error {
		org := tx.Org(t.by.Org.ID)
		c, err := tx.ConnectionByKey(h.Context(), t.its["connection"])
		if err != nil {
			return err
		}
		d, err := org.Domain(h.Context(), t.its["domain"])
		if err != nil {
			return err
		}
		id, c.State, d.State, d.Proof = string(c.ID), sso.ConnectionActive, sso.DomainVerified, sso.ProofVouched
		return errors.Join(org.SaveConnection(h.Context(), c), org.SaveDomain(h.Context(), d))
	})
	return id
}

// Of several who have read the same version, one changes it.
func TestOfManyChangesToOneVersionOneIsMade(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme := h.newTenant("acme")
	_, key := h.apiKey(&acme, sso.OrganizationScopes()...)
	const org = "/api/v1/organizations/acme"
	for path, body := range map[string]func(n string) string{
		org:                                func(n string) string { return `{"name":"Acme ` + n + `"}` },
		org + "/users/" + acme.its["user"]: func(n string) string { return `{"groups":["g` + n + `"]}` },
	} {
		tag := h.call(key, http.MethodGet, path, "").Header().Get("ETag")
		var all sync.WaitGroup
		codes := make([]int, 12)
		for i := range codes {
			all.Go(func() { codes[i] = h.call(key, http.MethodPatch, path, body(strconv.Itoa(i)), "If-Match", tag).Code })
		}
		all.Wait()
		made := 0
		for _, code := range codes {
			switch code {
			case http.StatusOK:
				made++
			case http.StatusPreconditionFailed:
			default:
				t.Errorf("%s: answered with %d", path, code)
			}
		}
		if made != 1 {
			t.Errorf("%s: %d changes of one version are made: %v", path, made, codes)
		}
	}
}
