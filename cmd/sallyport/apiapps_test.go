package main

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/web/manage"
)

// machine makes an app for machines and returns its ID and secret.
func (h *tenancy) machine(key secret.Token, name, change string) (id, text string) {
	h.Helper()
	made := h.answered(h.call(key, http.MethodPost, "/api/v1/apps", `{"key":"`+name+`","name":"Nightly","kind":"machine"}`), http.StatusCreated)
	h.answered(h.call(key, http.MethodPatch, "/api/v1/apps/"+name, change), http.StatusOK)
	return name, made["client_secret"].(string)
}

// token has an app get a token for itself.
func (h *tenancy) token(id, text, scope string) secret.Token {
	h.Helper()
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {scope}}
	r := httptest.NewRequestWithContext(h.Context(), http.MethodPost, "/oauth2/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(id, text)
	w := httptest.NewRecorder()
	h.public.ServeHTTP(w, r)
	return secret.ParseToken(h.answered(w, http.StatusOK)["access_token"].(string))
}

func TestAnAppForMachinesCallsTheAPI(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	h.newTenant("acme")
	h.newTenant("rival")
	key := h.deploymentKey(sso.Scopes()...)
	id, text := h.machine(key, "nightly", `{"scopes":["users:read","users:write","owners:write","keys:write"],"organizations":["acme"]}`)
	narrow := h.token(id, text, "users:read keys:write")
	h.answered(h.call(narrow, http.MethodGet, "/api/v1/organizations/acme/users", ""), http.StatusOK)
	h.refused(h.call(narrow, http.MethodGet, "/api/v1/organizations/rival/users", ""), http.StatusNotFound, "not_found")
	// A token is for what was asked, though its app may do more, and hands on no more.
	h.refused(h.call(narrow, http.MethodPost, "/api/v1/organizations/acme/users", `{"username":"x"}`), http.StatusForbidden, "scope_missing")
	h.refused(h.call(narrow, http.MethodPost, "/api/v1/organizations/acme/keys", `{"name":"x","scopes":["users:write"]}`), http.StatusForbidden, "scope_missing")
	people := h.token(id, text, "users:write")
	h.refused(h.call(people, http.MethodPost, "/api/v1/organizations/acme/users", `{"username":"x","role":"owner"}`), http.StatusForbidden, "rights_owner")
	h.answered(h.call(people, http.MethodPost, "/api/v1/organizations/acme/users", `{"username":"x"}`), http.StatusCreated)
	// What the app may do is asked of it as it is now.
	h.answered(h.call(key, http.MethodPatch, "/api/v1/apps/nightly", `{"disabled":true}`), http.StatusOK)
	h.refused(h.call(people, http.MethodPost, "/api/v1/organizations/acme/users", `{"username":"y"}`), http.StatusForbidden, "app_disabled")

	several, secretText := h.machine(key, "several", `{"scopes":["users:read"],"organizations":["acme","rival"]}`)
	h.refused(h.call(h.token(several, secretText, "users:read"), http.MethodGet, "/api/v1/organizations/acme/users", ""), http.StatusUnauthorized, "api_app")
}

// An answer is about the organizations that an app reached when it asked.
func TestAnAppThatReachesLessIsNotRepeatedWhatItWasAnswered(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	h.newTenant("acme")
	h.newTenant("rival")
	key := h.deploymentKey(sso.Scopes()...)
	id, text := h.machine(key, "nightly", `{"scopes":["users:read","users:write"]}`)
	token := h.token(id, text, "users:read users:write")
	again := func() *httptest.ResponseRecorder {
		return h.call(token, http.MethodPost, "/api/v1/organizations/rival/users", `{"username":"x"}`, "Idempotency-Key", "one")
	}
	h.answered(again(), http.StatusCreated)
	h.answered(again(), http.StatusCreated)
	h.answered(h.call(key, http.MethodPatch, "/api/v1/apps/nightly", `{"organizations":["acme"]}`), http.StatusOK)
	h.refused(again(), http.StatusUnprocessableEntity, "idempotency_mismatch")
}

// A token that is bound to a key is good for nothing as a bearer token.
func TestATokenThatIsBoundToAKeyDoesNotCallTheAPI(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	h.newTenant("acme")
	id, text := h.machine(h.deploymentKey(sso.Scopes()...), "nightly", `{"scopes":["users:read"]}`)
	h.answered(h.call(h.token(id, text, "users:read"), http.MethodGet, "/api/v1/organizations/acme/users", ""), http.StatusOK)
	bound := secret.NewToken()
	err := h.db.Write(t.Context(), func(tx *store.Writer) error {
		app, err := tx.AppByClientID(t.Context(), id)
		if err != nil {
			return err
		}
		return tx.InsertMachineToken(t.Context(), store.MachineToken{
			Hash: bound.Hash(), App: app.ID, Scopes: []string{"users:read"}, Key: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I", CreatedAt: now(), ExpiresAt: now().Add(time.Hour),
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	h.refused(h.call(bound, http.MethodGet, "/api/v1/organizations/acme/users", ""), http.StatusUnauthorized, "api_key_unknown")
}

func TestAProgramKeepsApps(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	key := h.deploymentKey(sso.ScopeAppsRead, sso.ScopeAppsWrite)
	made := h.call(key, http.MethodPost, "/api/v1/apps", `{"key":"portal","name":"Portal","kind":"web","redirect_uris":["https://app.example/cb"]}`)
	if got := h.answered(made, http.StatusCreated); got["client_secret"] == "" || len(got["secrets"].([]any)) != 1 {
		t.Errorf("made: %v", got)
	}
	if got := h.answered(h.call(key, http.MethodGet, "/api/v1/apps/portal", ""), http.StatusOK); got["client_secret"] != nil || got["auth_method"] != "client_secret" {
		t.Errorf("read: %v", got)
	}
	h.answered(h.call(key, http.MethodPost, "/api/v1/apps/portal/secrets", ""), http.StatusCreated)
	if got := h.answered(h.call(key, http.MethodPatch, "/api/v1/apps/portal", `{"redirect_uris":["https://app.example/new"],"require_par":true}`), http.StatusOK); got["require_par"] != true || len(got["secrets"].([]any)) != 2 {
		t.Errorf("changed: %v", got)
	}
	h.refused(h.call(key, http.MethodPatch, "/api/v1/apps/portal", `{"name":"X"}`, "If-Match", `"1"`), http.StatusPreconditionFailed, "api_version_stale")
	branded := h.call(key, http.MethodPatch, "/api/v1/apps/portal", `{"brand":{"name":"The Portal","accent":"#0A6B5E"},"claims":{"groups":"always","role_claim":"https://app.example/role"}}`)
	if got := h.answered(branded, http.StatusOK); got["brand"].(map[string]any)["accent"] != "#0a6b5e" || got["claims"].(map[string]any)["groups"] != "always" {
		t.Errorf("branded: %v", got)
	}
	h.refused(h.call(key, http.MethodPatch, "/api/v1/apps/portal", `{"brand":{"accent":"red"}}`), http.StatusBadRequest, "brand_accent")
	logo := h.answered(h.call(key, http.MethodPut, "/api/v1/apps/portal/logo", `{"picture":"`+apiLogo+`"}`, "If-Match", branded.Header().Get("ETag")), http.StatusOK)["brand"].(map[string]any)
	if at, _ := logo["logo"].(string); logo["name"] != "The Portal" || h.send("", http.MethodGet, at, nil).Header().Get("Content-Type") != "image/png" {
		t.Errorf("the logo: %v", logo)
	}
	h.answered(h.call(key, http.MethodDelete, "/api/v1/apps/portal/logo", ""), http.StatusNoContent)
	h.answered(h.call(key, http.MethodDelete, "/api/v1/apps/portal", ""), http.StatusNoContent)
	h.refused(h.call(key, http.MethodGet, "/api/v1/apps/portal", ""), http.StatusNotFound, "not_found")
}

// Whoever has an app's secret is that app: a key for apps alone makes itself none
// that may do more than it, and gets into none that does.
func TestAProgramMakesNoAppMightierThanItself(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	all := h.deploymentKey(sso.Scopes()...)
	apps := h.deploymentKey(sso.ScopeAppsRead, sso.ScopeAppsWrite, sso.ScopeUsersRead)
	h.machine(apps, "mine", `{"scopes":["users:read","orders:read"]}`)
	h.refused(h.call(apps, http.MethodPatch, "/api/v1/apps/mine", `{"scopes":["users:read","deployment:write"]}`), http.StatusForbidden, "scope_missing")
	h.machine(all, "mighty", `{"scopes":["deployment:write"]}`)
	h.refused(h.call(apps, http.MethodPost, "/api/v1/apps/mighty/secrets", ""), http.StatusForbidden, "scope_missing")
	h.refused(h.call(apps, http.MethodPatch, "/api/v1/apps/mighty", `{"auth_method":"private_key_jwt","jwks_uri":"https://evil.example/jwks"}`), http.StatusForbidden, "scope_missing")
	h.refused(h.call(apps, http.MethodPatch, "/api/v1/apps/mighty", `{"scopes":[]}`), http.StatusForbidden, "scope_missing")
	h.answered(h.call(all, http.MethodPost, "/api/v1/apps/mighty/secrets", ""), http.StatusCreated)
	h.answered(h.call(apps, http.MethodPost, "/api/v1/apps/mine/secrets", ""), http.StatusCreated)
	// What an app may do is kept, and that it is something else stands in the list.
	if got := h.answered(h.call(apps, http.MethodGet, "/api/v1/apps/mine", ""), http.StatusOK); len(got["scopes"].([]any)) != 2 {
		t.Errorf("kept: %v", got["scopes"])
	}
	err := h.db.Read(t.Context(), func(r *store.Reader) error {
		page, err := r.ListEvents(t.Context(), store.EventQuery{Action: "app.changed", Limit: 10})
		for _, e := range page.Recorded {
			if !slices.ContainsFunc(e.Changes, func(c sso.Change) bool { return c.Field == "scopes" && c.To != "" }) {
				t.Errorf("%s says %v, and nothing of scopes", e.Action, e.Changes)
			}
		}
		if len(page.Recorded) != 2 {
			t.Errorf("%d changes stand in the list, want 2", len(page.Recorded))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheAPIIsExplained(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	w := httptest.NewRecorder()
	h.public.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, manage.ReferencePath, nil))
	page := w.Body.String()
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") || !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Fatalf("answered with %d, %v", w.Code, w.Header())
	}
	doc := readAPIDocument(t)
	for _, methods := range doc.Paths {
		for _, o := range methods {
			if !strings.Contains(page, `id="`+o.ID+`"`) || !strings.Contains(page, `href="#`+o.ID+`"`) {
				t.Errorf("%s is not explained", o.ID)
			}
		}
	}
	for name := range doc.Components.Schemas {
		if !strings.Contains(page, `id="schema-`+name+`"`) {
			t.Errorf("the schema %s is not explained", name)
		}
	}
	for _, not := range []string{"<script", "style=", "onclick", "<style", "http://", "//cdn"} {
		if strings.Contains(page, not) {
			t.Errorf("the page has %s", not)
		}
	}
	problem := h.refused(h.call(secret.Token{}, http.MethodGet, "/api/v1/organizations", ""), http.StatusUnauthorized, "api_key_unknown")
	if anchor := strings.TrimPrefix(problem.Type, manage.ReferencePath+"#"); !strings.Contains(page, `id="`+anchor+`"`) {
		t.Errorf("the page does not explain %s", problem.Type)
	}
}

// An app that keeps no secret has no page of secrets, which would offer to add one.
func TestAnAppWithoutSecretsHasNoPageOfThem(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	operators := h.newTenant(sso.OperatorsKey)
	key := h.deploymentKey(sso.ScopeAppsRead, sso.ScopeAppsWrite)
	for kind, want := range map[string]int{"web": http.StatusOK, "spa": http.StatusConflict} {
		h.answered(h.call(key, http.MethodPost, "/api/v1/apps", `{"key":"`+kind+`","name":"Portal","kind":"`+kind+`","redirect_uris":["https://app.example/cb"]}`), http.StatusCreated)
		if got := h.ask(operators.token, http.MethodGet, "/operator/apps/"+kind+"/secrets", nil); got.Code != want {
			t.Errorf("%s: %d, want %d", kind, got.Code, want)
		}
	}
}
