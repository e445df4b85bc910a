package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sallyport/sallyport/internal/authority"
	"github.com/sallyport/sallyport/internal/fault"
	"github.com/sallyport/sallyport/internal/secret"
	"github.com/sallyport/sallyport/internal/sso"
	"github.com/sallyport/sallyport/internal/store"
	"github.com/sallyport/sallyport/internal/web"
)

// apiKey makes a key of the tenant's organization, as its owner does.
func (h *tenancy) apiKey(t *tenant, scopes ...sso.Scope) (sso.APIKey, secret.Token) {
	h.Helper()
	k, text, err := h.programs.CreateKey(h.Context(), &authority.Who{By: t.by, Address: t.by.Address}, t.by.Org.ID, sso.NewAPIKey{Name: "sync", Scopes: scopesOf(scopes)})
	if err != nil {
		h.Fatal(err)
	}
	return k, text
}

// deploymentKey makes a key of the deployment.
func (h *tenancy) deploymentKey(scopes ...sso.Scope) secret.Token {
	h.Helper()
	text, err := h.programs.FirstKey(h.Context(), sso.NewAPIKey{Name: "terraform", Scopes: scopesOf(scopes)})
	if err != nil {
		h.Fatal(err)
	}
	return text
}

func scopesOf(all []sso.Scope) []string {
	list := make([]string, len(all))
	for i, s := range all {
		list[i] = string(s)
	}
	return list
}

// call asks the API.
func (h *tenancy) call(key secret.Token, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	h.Helper()
	r := httptest.NewRequestWithContext(h.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+key.Reveal())
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.public.ServeHTTP(w, r)
	return w
}

// answered holds an answer to its status and returns what it says.
func (h *tenancy) answered(w *httptest.ResponseRecorder, status int) map[string]any {
	h.Helper()
	if w.Code != status {
		h.Fatalf("answered with %d %s, want %d", w.Code, w.Body, status)
	}
	out := map[string]any{}
	if w.Body.Len() == 0 {
		return out
	}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		h.Fatalf("%v in %s", err, w.Body)
	}
	return out
}

// refused holds an answer to being a problem with this code.
func (h *tenancy) refused(w *httptest.ResponseRecorder, status int, code string) web.Problem {
	h.Helper()
	var p web.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Header().Get("Content-Type") != "application/problem+json" {
		h.Fatalf("answered with %d %s (%v), want a problem", w.Code, w.Body, err)
	}
	if w.Code != status || p.Status != status || p.Code != code || p.Title == "" || p.Reference == "" || !strings.HasSuffix(p.Type, code) {
		h.Errorf("answered with %d %+v, want %d %s", w.Code, p, status, code)
	}
	return p
}

func newTenancy(t *testing.T) *tenancy {
	t.Helper()
	return &tenancy{T: t, server: testServer(t)}
}

func TestAProgramMakesACustomerFromNothing(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	key := h.deploymentKey(sso.Scopes()...)
	made := h.call(key, http.MethodPost, "/api/v1/organizations", `{"key":"acme","name":"Acme Ltd"}`)
	if got := h.answered(made, http.StatusCreated); got["key"] != "acme" || made.Header().Get("Location") != "/api/v1/organizations/acme" || made.Header().Get("ETag") != `"1"` {
		t.Errorf("made %v at %v", got, made.Header())
	}
	if got := h.answered(h.call(key, http.MethodPut, "/api/v1/organizations/acme/entitlements/sso", `{"plan":"Gold"}`), http.StatusOK); len(got["entitlements"].([]any)) != 1 {
		t.Errorf("granted: %v", got)
	}
	claimed := h.answered(h.call(key, http.MethodPost, "/api/v1/organizations/acme/domains", `{"name":"Acme.Example"}`), http.StatusCreated)
	if claimed["name"] != "acme.example" || claimed["state"] != "in_review" || claimed["record_value"] == "" {
		t.Errorf("claimed: %v", claimed)
	}
	if got := h.answered(h.call(key, http.MethodPost, "/api/v1/organizations/acme/domains/acme.example/vouch", ""), http.StatusOK); got["state"] != "verified" || got["proof"] != "vouched" {
		t.Errorf("vouched: %v", got)
	}
	person := h.answered(h.call(key, http.MethodPost, "/api/v1/organizations/acme/users", `{"email":"alice@acme.example","role":"owner","groups":["staff"]}`), http.StatusCreated)
	path := "/api/v1/organizations/acme/users/" + person["id"].(string)
	if got := h.answered(h.call(key, http.MethodGet, path, ""), http.StatusOK); got["role"] != "owner" || got["email"] != "alice@acme.example" {
		t.Errorf("read: %v", got)
	}
	h.refused(h.call(key, http.MethodPost, "/api/v1/organizations/acme/users", `{"email":"alice@acme.example"}`), http.StatusConflict, "user_there")
	h.refused(h.call(key, http.MethodDelete, path, ""), http.StatusConflict, "rights_last_owner")

	// What was done is in the audit list, by the name of the key.
	org, err := h.operations.Organization(t.Context(), &sso.By{Person: sso.Person{Org: sso.Organization{Key: sso.OperatorsKey}, Membership: sso.Membership{Role: sso.RoleOwner}}}, "acme")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range org.Events {
		if !strings.HasPrefix(e.Actor, "key_") || org.Names[e.Actor] != "terraform" {
			t.Errorf("%s is by %s (%s), want the key", e.Action, e.Actor, org.Names[e.Actor])
		}
	}
}

func TestWhoMayCallTheAPI(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme := h.newTenant("acme")
	k, key := h.apiKey(&acme, sso.ScopeUsersRead)
	const users = "/api/v1/organizations/acme/users"
	h.answered(h.call(key, http.MethodGet, users, ""), http.StatusOK)

	anonymous := h.call(secret.Token{}, http.MethodGet, users, "")
	h.refused(anonymous, http.StatusUnauthorized, "api_key_unknown")
	if anonymous.Header().Get("WWW-Authenticate") == "" {
		t.Error("nobody is told how to authenticate")
	}
	h.refused(h.call(secret.NewToken(), http.MethodGet, users, ""), http.StatusUnauthorized, "api_key_unknown")
	h.refused(h.call(acme.token, http.MethodGet, users, ""), http.StatusUnauthorized, "api_key_unknown") // a session is no key
	cookie := httptest.NewRequestWithContext(t.Context(), http.MethodGet, users, nil)
	cookie.Header.Set("Cookie", sessionCookie(acme.token))
	w := httptest.NewRecorder()
	h.public.ServeHTTP(w, cookie)
	h.refused(w, http.StatusUnauthorized, "api_key_unknown")

	narrow := h.call(key, http.MethodPost, users, `{"email":"x@acme.example"}`)
	h.refused(narrow, http.StatusForbidden, "scope_missing")
	if !strings.Contains(narrow.Header().Get("WWW-Authenticate"), `scope="users:write"`) {
		t.Errorf("the scope that is missing is not told: %v", narrow.Header())
	}
	h.refused(h.call(key, http.MethodGet, "/api/v1/organizations", ""), http.StatusForbidden, "scope_missing")

	if err := h.programs.RevokeKey(t.Context(), &authority.Who{By: acme.by}, acme.by.Org.ID, k.ID); err != nil {
		t.Fatal(err)
	}
	h.refused(h.call(key, http.MethodGet, users, ""), http.StatusUnauthorized, "api_key_over")
	h.refused(h.call(key, http.MethodGet, "/api/v1/nothing", ""), http.StatusNotFound, "page_not_found")
}

// A key for people makes nobody mightier than an administrator would, unless it
// was given that.
func TestAKeyForPeopleLeavesOwnersAlone(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme := h.newTenant("acme")
	_, people := h.apiKey(&acme, sso.ScopeUsersRead, sso.ScopeUsersWrite)
	_, all := h.apiKey(&acme, sso.ScopeUsersRead, sso.ScopeUsersWrite, sso.ScopeOwnersWrite)
	const users = "/api/v1/organizations/acme/users"
	h.refused(h.call(people, http.MethodPost, users, `{"email":"o@guest.example","role":"owner"}`), http.StatusForbidden, "rights_owner")
	h.refused(h.call(people, http.MethodPatch, users+"/"+acme.its["user"], `{"role":"owner"}`), http.StatusForbidden, "rights_owner")
	h.refused(h.call(people, http.MethodPost, users+"/"+string(acme.by.User.ID)+"/suspend", ""), http.StatusForbidden, "rights_outrank")
	h.answered(h.call(people, http.MethodPatch, users+"/"+acme.its["user"], `{"role":"admin","groups":["staff"]}`), http.StatusOK)
	if got := h.answered(h.call(all, http.MethodPatch, users+"/"+acme.its["user"], `{"role":"owner"}`), http.StatusOK); got["role"] != "owner" || len(got["groups"].([]any)) != 1 {
		t.Errorf("changed: %v", got)
	}
}

// What a program may do is read again in the transaction in which it does it: a
// key that is revoked between the two does nothing, and neither does one of an
// organization that is suspended meanwhile.
func TestAKeyThatIsRevokedMeanwhileDoesNothing(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme, other := h.newTenant("acme"), h.newTenant("other")
	for name, tc := range map[string]struct {
		of   *tenant
		then func(k sso.APIKey) error
		code string
	}{
		"nothing": {&acme, func(sso.APIKey) error { return nil }, ""},
		"revoked": {&acme, func(k sso.APIKey) error {
			return h.programs.RevokeKey(t.Context(), &authority.Who{By: acme.by}, k.Org, k.ID)
		}, "api_key_over"},
		"suspended": {&other, func(k sso.APIKey) error {
			return h.db.Write(t.Context(), func(tx *store.Writer) error {
				o, err := tx.Organization(t.Context(), k.Org)
				o.State = sso.OrgSuspended
				return errors.Join(err, tx.SaveOrganization(t.Context(), o))
			})
		}, "organization_suspended"},
	} {
		k, _ := h.apiKey(tc.of, sso.ScopeUsersWrite)
		program := k.Program()
		under, err := program.Under(sso.ScopeUsersWrite)
		if err != nil {
			t.Fatal(err)
		}
		by, o, err := h.programs.In(t.Context(), &under, tc.of.by.Org.Key, "192.0.2.1")
		if err != nil {
			t.Fatal(err)
		}
		if err := tc.then(k); err != nil {
			t.Fatal(err)
		}
		_, err = h.people.CreateGroup(t.Context(), &by, o.ID, "Made "+name, "")
		if tc.code == "" && err != nil || tc.code != "" && !fault.Is(err, tc.code) {
			t.Errorf("%s: %v, want %q", name, err, tc.code)
		}
	}
	// Under no scope a program is nobody.
	k, _ := h.apiKey(&acme, sso.ScopeUsersWrite)
	program := k.Program()
	if _, _, err := h.programs.In(t.Context(), &program, "acme", "192.0.2.1"); fault.From(err).Kind != fault.NotFound {
		t.Errorf("under no scope: %v, want that there is nothing", err)
	}
}

func TestTheOperatorsOwnOrganizationIsForPeople(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	operators := h.newTenant(sso.OperatorsKey)
	key := h.deploymentKey(sso.Scopes()...)
	for _, path := range []string{"", "/users", "/domains"} {
		h.refused(h.call(key, http.MethodGet, "/api/v1/organizations/operators"+path, ""), http.StatusForbidden, "operators_organization")
	}
	h.refused(h.call(key, http.MethodPost, "/api/v1/organizations/operators/users", `{"email":"evil@guest.example","role":"owner"}`), http.StatusForbidden, "operators_organization")
	_, _, err := h.programs.CreateKey(t.Context(), &authority.Who{By: operators.by}, operators.by.Org.ID, sso.NewAPIKey{Name: "x", Scopes: []string{"users:write"}})
	if err == nil {
		t.Error("an API key of the operators' organization was made")
	}
}

func TestRequestsAreReadStrictly(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	key := h.deploymentKey(sso.Scopes()...)
	const path = "/api/v1/organizations"
	for name, tc := range map[string]struct{ body, pointer string }{
		"an unknown field":              {`{"key":"a","name":"A","nmae":"B"}`, "/nmae"},
		"other letters":                 {`{"key":"a","name":"A","NAME":"B"}`, "/NAME"},
		"a missing field":               {`{"key":"a"}`, ""},
		"another kind":                  {`{"key":"a","name":1}`, "/name"},
		"null":                          {`{"key":"a","name":null}`, "/name"},
		"two documents":                 {`{"key":"a","name":"A"}{}`, ""},
		"no JSON":                       {`{`, ""},
		"a list":                        {`[]`, ""},
		"nothing":                       {``, ""},
		"too long":                      {`{"key":"a","name":"` + strings.Repeat("x", 201) + `"}`, "/name"},
		"a field twice":                 {`{"key":"a","name":"A","name":"B"}`, "/name"},
		"in other letters":              {`{"key":"a","name":"A","n\u0061me":"B"}`, "/name"},
		"null where it may be left out": {`{"key":"a","name":"A","parent":null}`, "/parent"},
		"a tilde and a slash":           {`{"key":"a","name":"A","a~b":1}`, "/a~0b"},
	} {
		p := h.refused(h.call(key, http.MethodPost, path, tc.body, "Content-Type", "application/json"), http.StatusBadRequest, "api_request")
		if len(p.Errors) == 0 || p.Errors[0].Pointer != tc.pointer {
			t.Errorf("%s: %+v, want %q named", name, p.Errors, tc.pointer)
		}
	}
	h.refused(h.call(key, http.MethodPost, path, `key=a`, "Content-Type", "application/x-www-form-urlencoded"), http.StatusUnsupportedMediaType, "api_media_type")
	h.refused(h.call(key, http.MethodPost, path, `{"key":"a","name":"`+strings.Repeat("x", 300<<10)+`"}`), http.StatusRequestEntityTooLarge, "request_too_large")
	if p := h.refused(h.call(key, http.MethodGet, path+"?limti=1", ""), http.StatusBadRequest, "api_request"); p.Errors[0].Pointer != "limti" {
		t.Errorf("an unknown parameter: %+v", p)
	}
	for query, pointer := range map[string]string{"?state=active&state=suspended": "state", "?state=suspended;limit=1": "", "?state=%zz": ""} {
		if p := h.refused(h.call(key, http.MethodGet, path+query, ""), http.StatusBadRequest, "api_request"); len(p.Errors) != 1 || p.Errors[0].Pointer != pointer {
			t.Errorf("%s: %+v, want %q named", query, p.Errors, pointer)
		}
	}
	h.answered(h.call(key, http.MethodGet, path+"?state=suspended&limit=1", ""), http.StatusOK)
	h.refused(h.call(key, http.MethodGet, path+"?cursor=abc", ""), http.StatusBadRequest, "api_cursor")
	h.refused(h.call(key, http.MethodGet, path+"?limit=51", ""), http.StatusBadRequest, "api_request")
	h.refused(h.call(key, http.MethodPut, path, ""), http.StatusMethodNotAllowed, "method_not_allowed")
}

func TestListsArePaged(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	key := h.deploymentKey(sso.Scopes()...)
	for _, k := range []string{"a", "b", "c", "d", "e"} {
		h.answered(h.call(key, http.MethodPost, "/api/v1/organizations", `{"key":"o`+k+`","name":"`+k+`"}`), http.StatusCreated)
		h.answered(h.call(key, http.MethodPost, "/api/v1/organizations/oa/organizations", `{"key":"s`+k+`","name":"`+k+`"}`), http.StatusCreated)
		h.answered(h.call(key, http.MethodPost, "/api/v1/organizations/oa/users", `{"email":"`+k+`@guest.example"}`), http.StatusCreated)
	}
	for path, field := range map[string]string{"/api/v1/organizations/oa/organizations": "key", "/api/v1/organizations/oa/users": "email", "/api/v1/organizations?q=o": "key"} {
		var all []string
		pages, cursor := 0, ""
		join := "?"
		if strings.Contains(path, "?") {
			join = "&"
		}
		for {
			got := h.answered(h.call(key, http.MethodGet, path+join+"limit=2&cursor="+cursor, ""), http.StatusOK)
			for _, item := range got["items"].([]any) {
				all = append(all, item.(map[string]any)[field].(string))
			}
			pages++
			next, more := got["next"].(string)
			if !more || pages > 9 {
				break
			}
			cursor = next
		}
		if len(all) != 5 || pages != 3 || all[0][:1] == all[4][:1] && field == "email" {
			t.Errorf("%s: %v on %d pages", path, all, pages)
		}
	}
}

// What a key makes is over with it at the latest: a key that was given for a day
// is not made one for ever.
func TestAKeyMakesNoneThatLastsLonger(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme := h.newTenant("acme")
	who := &authority.Who{By: acme.by, Address: acme.by.Address}
	k, short, err := h.programs.CreateKey(t.Context(), who, acme.by.Org.ID, sso.NewAPIKey{Name: "for a day", Scopes: []string{"keys:write", "users:read"}, Days: 1})
	if err != nil {
		t.Fatal(err)
	}
	_, lasting := h.apiKey(&acme, sso.ScopeKeysWrite, sso.ScopeUsersRead)
	const path = "/api/v1/organizations/acme/keys"
	for _, body := range []string{`{"name":"x","scopes":["users:read"]}`, `{"name":"x","scopes":["users:read"],"days":365}`} {
		got := h.answered(h.call(short, http.MethodPost, path, body), http.StatusCreated)
		if end, _ := time.Parse(time.RFC3339, fmt.Sprint(got["expires_at"])); !end.Equal(k.ExpiresAt.Truncate(time.Microsecond)) {
			t.Errorf("%s: lasts until %v, want %v", body, got["expires_at"], k.ExpiresAt)
		}
		if got := h.answered(h.call(lasting, http.MethodPost, path, body), http.StatusCreated); strings.Contains(body, "days") != (got["expires_at"] != nil) {
			t.Errorf("%s by a lasting one: %v", body, got)
		}
	}
}

// Keys that are over stand in nobody's way.
func TestKeysThatAreOverDoNotCount(t *testing.T) {
	t.Parallel()
	h := newTenancy(t)
	acme := h.newTenant("acme")
	h.write(func(tx *store.Writer) error {
		for range 500 {
			k := sso.APIKey{ID: sso.NewAPIKeyID(now()), Org: acme.by.Org.ID, Name: "old", CreatedAt: now(), RevokedAt: now()}
			if err := tx.InsertAPIKey(t.Context(), k, secret.NewToken().Hash()); err != nil {
				return err
			}
		}
		return nil
	})
	for range sso.MaxAPIKeys - 2 { // the tenant has some
		if _, _, err := h.programs.CreateKey(t.Context(), &authority.Who{By: acme.by}, acme.by.Org.ID, sso.NewAPIKey{Name: "x", Scopes: []string{"users:read"}}); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	for range 3 {
		_, _, err = h.programs.CreateKey(t.Context(), &authority.Who{By: acme.by}, acme.by.Org.ID, sso.NewAPIKey{Name: "x", Scopes: []string{"users:read"}})
	}
	if !fault.Is(err, "api_key_many") {
		t.Errorf("one too many: %v", err)
	}
}
